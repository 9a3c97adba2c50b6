"""Guards: CEL expressions over a declared, typed context; the only module that knows the CEL library.

The library answers a failed evaluation with a value that is true in Python (the error text), so nothing here
trusts truthiness: only the objects True and False are answers, everything else raises.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from cel_expr_python import cel

from coster.engine.workflow import fields, guard_plain, kinds

LONGEST = 2_000


class GuardRefusedError(Exception):
    """The expression cannot be a guard in this context; `code` is the fault code."""

    def __init__(self, code: str, message: str) -> None:
        """Takes a code of faults.CODES and a sentence."""
        self.code = code
        super().__init__(message)


class GuardFailedError(Exception):
    """A guard had no answer for a context: a value is missing or of the wrong type, or the work was too
    much."""


class Guard:
    """A compiled guard.

    Calling it with a context gives True or False, and raises GuardFailedError otherwise.
    """

    __slots__ = ("_constants", "_expression", "_plain", "names", "source")

    def __init__(self, source: str, reads: _Reads, expression: cel.Expression) -> None:
        """Made by Language.compile only."""
        self.source = source
        self.names = reads.names
        """The context fields that it reads."""
        self._constants = reads.constants
        self._plain = reads.plain
        self._expression = expression

    def __str__(self) -> str:
        """The expression as it was written."""
        return self.source

    def values(self, context: Mapping[str, object]) -> dict[str, object]:
        """What it read, for the record of what was decided: name to value, constants included."""
        return {**self._constants, **{name: context.get(name) for name in self.names}}

    def __call__(self, context: Mapping[str, object]) -> bool:
        """The answer.

        Raises GuardFailedError, also for a field that short-circuiting would not have needed.
        """
        try:
            values = [context[name] for name in self.names]
        except KeyError as missing:
            raise GuardFailedError(
                f"the guard '{self.source}' reads {missing}, which the context does not hold"
            ) from None
        answer = self._plain(values) if self._plain is not None else None
        return self._ask(values) if answer is None else answer

    def _ask(self, values: Sequence[object]) -> bool:
        """The library's answer for the values of the names. Raises GuardFailedError."""
        # Only what the guard reads goes in, because the library's cost grows with every value given.
        data = {**dict(zip(self.names, values, strict=True)), **self._constants}
        try:
            value = self._expression.eval(data=data).value()
        except (RuntimeError, TypeError, ValueError, OverflowError) as error:
            raise GuardFailedError(f"the guard '{self.source}' has no answer: {error}") from None
        if value is True:
            return True
        if value is False:
            return False
        raise GuardFailedError(f"the guard '{self.source}' has no answer: {value}")


class _Reads(NamedTuple):
    """What an expression reads: fields of the context, and constants with their values."""

    names: tuple[str, ...]
    constants: Mapping[str, object]
    plain: guard_plain.Plain | None


class Language:
    """The expressions that a context allows. Raises ValueError when a declared type does not exist."""

    def __init__(
        self, context: Mapping[str, str], constants: Mapping[str, object] = MappingProxyType({})
    ) -> None:
        """Takes the context: field name (dots allowed) to type as in `kinds`, and the values of those that never change.

        Fields that may be null are left out, because the library knows no null instants and a comparison with null
        would fail when it is too late; a room declares a boolean field beside such a one.
        """
        declared = {name: kinds.parse(kinds.required(kind)) for name, kind in context.items()}
        readable = {name: kind for name, kind in declared.items() if not kinds.optional(context[name])}
        self._kinds = readable
        self._constants = constants
        self._environment = _environment(readable)

    def compile(self, source: str) -> Guard:
        """The guard of an expression. Raises GuardRefusedError."""
        if len(source) > LONGEST:
            raise GuardRefusedError(
                "guard_wrong", f"found {len(source)} characters; accepted: at most {LONGEST}"
            )
        try:
            expression = self._environment.compile(source)
        except RuntimeError as error:
            known = ", ".join(sorted(self._kinds)) or "none"
            message = (
                f"found '{source}', which is not a guard ({_first(str(error))}); accepted fields: {known}"
            )
            raise GuardRefusedError("guard_wrong", message) from None
        if expression.return_type() != cel.Type.BOOL:
            result = expression.return_type().name().lower()
            raise GuardRefusedError(
                "guard_not_boolean", f"found '{source}', which gives {result}; accepted: true or false"
            )
        self._check_records(source)
        names = tuple(name for name in self._kinds if _mentions(source, name))
        if all(name in self._constants for name in names):
            raise GuardRefusedError(
                "guard_constant",
                f"found '{source}', which reads nothing; accepted: a question to the context",
            )
        given = {name: self._constants[name] for name in names if name in self._constants}
        free = {name: self._kinds[name] for name in names if name not in given}
        return Guard(source, _Reads(tuple(free), given, guard_plain.plain(source, free, given)), expression)

    def _check_records(self, source: str) -> None:
        """Refuses fields that records do not have, and operands of wrong types among those that they have."""
        try:
            found = fields.readable(source, self._kinds)
            if found.variables:
                _environment({**self._kinds, **found.variables}).compile(found.source)
        except fields.UnknownFieldError as error:
            raise GuardRefusedError("guard_wrong", f"found '{source}', which {error}") from None
        except RuntimeError as error:
            message = f"found '{source}', which is not a guard ({_first(str(error))})"
            raise GuardRefusedError(
                "guard_wrong", f"{message}; accepted: parts of the declared types"
            ) from None


def _environment(variables: Mapping[str, kinds.Kind]) -> cel.Env:
    """What the library compiles in."""
    return cel.NewEnv(variables={name: _cel(kind) for name, kind in variables.items()})


def _mentions(source: str, name: str) -> bool:
    """Whether the expression may read the field: rather once too often than too seldom, so quotes are not
    looked at."""
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", re.sub(r"\s*\.\s*", ".", source)) is not None


def _first(error: str) -> str:
    """What the library says is wrong, without its drawings and error classes."""
    lines = [line.partition("ERROR: <input>:")[2] for line in error.splitlines() if "ERROR: <input>:" in line]
    return "; ".join(lines) or error.removesuffix("]").rpartition(" [")[0] or error


def _cel(kind: kinds.Kind) -> cel.Type:
    """The library's type for one of ours."""
    if kind.name == "list" and kind.part is not None:
        return cel.Type.List(_cel(kind.part))
    if kind.name == "map" and kind.part is not None:
        return cel.Type.Map(cel.Type.STRING, _cel(kind.part))
    if kind.name == "record":
        return cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
    return getattr(cel.Type, kind.name.upper())
