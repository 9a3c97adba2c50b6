"""Guards that only compare fields with constants, answered in Python: most guards are such, and the library costs several times as much.

What is answered here is what the library would answer, and nothing else is: a guard of any other form, or a value that is not exactly of
its declared type, is the library's. So whatever has no answer is still found by the library, and no error is decided here.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from coster.engine.workflow import guard_forms, logic
from coster.engine.workflow.kinds import Kind

Plain: TypeAlias = Callable[[Sequence[object]], "bool | None"]
"""The answer for the values of the guard's names, in their order; None: ask the library."""
_Part: TypeAlias = Callable[[Sequence[object]], bool]

_TYPES: Final[Mapping[str, type]] = {"bool": bool, "int": int, "string": str}
_TESTS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
# Whole numbers of the library have 64 bits.
_LEAST, _MOST = -(2**63), 2**63 - 1


def plain(source: str, names: Mapping[str, Kind], constants: Mapping[str, object]) -> Plain | None:
    """What answers the guard for the values of `names`, in their order; None where it does anything but compare these with constants."""
    types = tuple(_TYPES.get(kind.name, object) for kind in names.values())
    # A comment may hide what the formula shows.
    if object in types or "//" in source:
        return None
    usable = {name: value for name, value in constants.items() if _is_usable(value)}
    part = _part(guard_forms.formula(source, usable), {name: (n, types[n]) for n, name in enumerate(names)})
    return None if part is None else _checked(part, types)


def _checked(part: _Part, types: tuple[type, ...]) -> Plain:
    """The answer, where every value is one that both Python and the library understand alike."""

    def answer(values: Sequence[object]) -> bool | None:
        for value, type_ in zip(values, types, strict=True):
            if type(value) is not type_ or not _is_usual(value):
                return None
        return part(values)

    return answer


def _is_usual(value: object) -> bool:
    """Whether a bool, number or text is within what the library takes: text may not hold halves of characters."""
    if type(value) is int:
        return _LEAST <= value <= _MOST
    return type(value) is not str or value.isascii()


def _is_usable(value: object) -> bool:
    """Whether a constant is of a type that is compared here, or a list of nothing but one such type."""
    if isinstance(value, list):
        return len({type(one) for one in value} | {bool}) <= 2 and all(_is_usable(one) for one in value)
    return type(value) in _TYPES.values() and _is_usual(value)


def _part(formula: logic.Formula, names: Mapping[str, tuple[int, type]]) -> _Part | None:
    """A part of the guard; None where it is not understood wholly."""
    if isinstance(formula, logic.Atom):
        return _compared(formula, names)
    if isinstance(formula, logic.Not):
        inner = _part(formula.part, names)
        return None if inner is None else lambda values: not inner(values)
    if isinstance(formula, bool):
        return None
    parts = [_part(one, names) for one in formula.parts]
    known = tuple(part for part in parts if part is not None)
    if len(known) < len(parts):
        return None
    if isinstance(formula, logic.All):
        return lambda values: all(part(values) for part in known)
    return lambda values: any(part(values) for part in known)


def _compared(atom: logic.Atom, names: Mapping[str, tuple[int, type]]) -> _Part | None:
    """A comparison of a name with a constant of just its type."""
    place, type_ = names.get(atom.term, (0, object))
    value = atom.value
    if isinstance(value, tuple):
        if not all(type(one) is type_ for one in value):
            return None
        among = frozenset(value)
        return lambda values: values[place] in among
    if type(value) is not type_:
        return None
    test = _TESTS[atom.test]
    return lambda values: test(values[place], value)
