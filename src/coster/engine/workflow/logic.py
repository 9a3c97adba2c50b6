"""Questions about guards: whether conditions can be true together, decided over finite domains.

A condition is a formula over terms, of which nothing is known but the constants that they are compared with. So a term
needs only as many values as the constants tell apart: each constant and a value on either side of it. A search over these
with three-valued evaluation answers; it has a budget, and what is not decided within it is answered with None, so the time
is bounded however the guards are written, and a flow is only ever refused for what was proved.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, TypeAlias

# Parts of formulas that may be looked at for one question, and for all questions about one flow.
A_QUESTION = 20_000
A_FLOW = 1_000_000
MOST_TERMS = 200

Value: TypeAlias = "str | float | bool"

# Stands for every text that no comparison names.
OTHER = "\0any other text"


class Atom(NamedTuple):
    """A comparison of a term with a constant; `test` is one of `== != < <= > >= in`, for `in` a tuple of constants."""

    term: str
    test: str
    value: Value | tuple[Value, ...]


class Not(NamedTuple):
    """The opposite of a formula."""

    part: Formula


class All(NamedTuple):
    """True when every part is."""

    parts: tuple[Formula, ...]


class Any(NamedTuple):
    """True when some part is."""

    parts: tuple[Formula, ...]


Formula: TypeAlias = "bool | Atom | Not | All | Any"


class _SpentError(Exception):
    """The budget of a question is used up."""


def atoms(formula: Formula) -> Iterator[Atom]:
    """Every comparison of the formula, from left to right."""
    waiting: list[Formula] = [formula]
    while waiting:
        current = waiting.pop()
        if isinstance(current, Atom):
            yield current
        elif isinstance(current, Not):
            waiting.append(current.part)
        elif isinstance(current, All | Any):
            waiting.extend(reversed(current.parts))


def compare(found: Value, test: str, value: Value | tuple[Value, ...]) -> bool:
    """What a comparison of a value gives; values of different types are different and in no order."""
    if isinstance(value, tuple):
        return any(compare(found, "==", each) for each in value)
    alike = isinstance(found, str) == isinstance(value, str) and isinstance(found, bool) == isinstance(
        value, bool
    )
    if test in ("==", "!="):
        return (alike and found == value) == (test == "==")
    if not alike or isinstance(found, str | bool) or isinstance(value, str | bool):
        return False
    return {"<": found < value, "<=": found <= value, ">": found > value, ">=": found >= value}[test]


def domain(found: Iterable[Atom], *, whole: bool) -> tuple[Value, ...]:
    """The values of a term that its comparisons tell apart; `whole`: it is a whole number, so there is none in between."""
    values: dict[tuple[type, Value], Value] = {}
    for atom in found:
        for constant in atom.value if isinstance(atom.value, tuple) else (atom.value,):
            for value in _around(constant, whole=whole):
                values[type(value), value] = value
    return tuple(values.values()) or (OTHER,)


def _around(constant: Value, *, whole: bool) -> tuple[Value, ...]:
    """A constant and what is beside it."""
    if isinstance(constant, bool):
        return (True, False)
    if isinstance(constant, str):
        return (constant, OTHER)
    return (constant - 1, constant, constant + 1) if whole else (constant - 0.5, constant, constant + 0.5)


class Solver:
    """Answers questions about one flow, which share a budget."""

    def __init__(self, budget: int = A_FLOW) -> None:
        """Takes how many parts of formulas may be looked at in all."""
        self._flow = budget
        self._question = 0

    def together(self, parts: tuple[Formula, ...], whole: frozenset[str] = frozenset()) -> bool | None:
        """Whether all parts can be true at once; None when the budget does not suffice.

        `whole` are the terms that are whole numbers.
        """
        try:
            return self._asked(parts, whole) is not None
        except _SpentError:
            return None

    def example(
        self, parts: tuple[Formula, ...], whole: frozenset[str] = frozenset()
    ) -> Mapping[str, Value] | None:
        """Values of terms with which all parts are true; None where there are none, or none were found in time."""
        try:
            return self._asked(parts, whole)
        except _SpentError:
            return None

    def _asked(self, parts: tuple[Formula, ...], whole: frozenset[str]) -> Mapping[str, Value] | None:
        """Values with which all parts are true; None: there are none. Raises _SpentError."""
        compared: dict[str, list[Atom]] = {}
        for part in parts:
            for atom in atoms(part):
                compared.setdefault(atom.term, []).append(atom)
        if self._flow <= 0 or len(compared) > MOST_TERMS:
            raise _SpentError
        domains = {term: domain(found, whole=term in whole) for term, found in compared.items()}
        self._question = min(A_QUESTION, self._flow)
        given = self._question
        try:
            return self._search(parts, domains, {})
        finally:
            self._flow -= given - max(self._question, 0)

    def _search(
        self,
        parts: tuple[Formula, ...],
        domains: Mapping[str, tuple[Value, ...]],
        given: dict[str, Value],
    ) -> Mapping[str, Value] | None:
        """Values that make all parts true, those that are given kept; None: there are none. Raises _SpentError."""
        undecided = []
        for part in parts:
            held = self._value(part, given)
            if held is False:
                return None
            if held is None:
                undecided.append(part)
        if not undecided:
            return given
        term = next(atom.term for atom in atoms(undecided[0]) if atom.term not in given)
        for value in domains[term]:
            found = self._search(tuple(undecided), domains, {**given, term: value})
            if found is not None:
                return found
        return None

    def _value(self, formula: Formula, given: Mapping[str, Value]) -> bool | None:
        """The formula's value as far as the given terms decide it. Raises _SpentError."""
        self._question -= 1
        if self._question < 0:
            raise _SpentError
        if isinstance(formula, bool):
            return formula
        if isinstance(formula, Atom):
            if formula.term not in given:
                return None
            return compare(given[formula.term], formula.test, formula.value)
        if isinstance(formula, Not):
            held = self._value(formula.part, given)
            return None if held is None else not held
        decides, open_ = isinstance(formula, Any), False
        for part in formula.parts:
            held = self._value(part, given)
            if held is decides:
                return decides
            open_ = open_ or held is None
        return None if open_ else not decides
