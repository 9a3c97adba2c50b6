"""Guards: CEL expressions over a declared, typed context; the only module that knows the CEL library.

The library answers a failed evaluation with a value that is true in Python (the error text), so nothing here
trusts truthiness: only the objects True and False are answers, everything else raises.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from cel_expr_python import cel

from coster.engine.workflow import kinds

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

    __slots__ = ("_expression", "names", "source")

    def __init__(self, source: str, names: tuple[str, ...], expression: cel.Expression) -> None:
        """Made by Language.compile only."""
        self.source = source
        self.names = names
        """The context fields that it reads."""
        self._expression = expression

    def __call__(self, context: Mapping[str, object]) -> bool:
        """The answer.

        Raises GuardFailedError, also for a field that short-circuiting would not have needed.
        """
        try:
            # Only what the guard reads goes in, because the library's cost grows with every value given.
            data = {name: context[name] for name in self.names}
        except KeyError as missing:
            raise GuardFailedError(
                f"the guard '{self.source}' reads {missing}, which the context does not hold"
            ) from None
        try:
            value = self._expression.eval(data=data).value()
        except (RuntimeError, TypeError, ValueError, OverflowError) as error:
            raise GuardFailedError(f"the guard '{self.source}' has no answer: {error}") from None
        if value is True:
            return True
        if value is False:
            return False
        raise GuardFailedError(f"the guard '{self.source}' has no answer: {value}")


class Language:
    """The expressions that a context allows. Raises ValueError when a declared type does not exist."""

    def __init__(self, context: Mapping[str, str]) -> None:
        """Takes the context: field name (dots allowed) to type as in `kinds`.

        Fields that may be null are left out, because the library knows no null instants and a comparison with null
        would fail when it is too late; a room declares a boolean field beside such a one.
        """
        declared = {name: kinds.parse(kinds.required(kind)) for name, kind in context.items()}
        readable = {name: kind for name, kind in declared.items() if not kinds.optional(context[name])}
        self._names = tuple(readable)
        self._environment = cel.NewEnv(variables={name: _cel(kind) for name, kind in readable.items()})

    def compile(self, source: str) -> Guard:
        """The guard of an expression. Raises GuardRefusedError."""
        if len(source) > LONGEST:
            raise GuardRefusedError(
                "guard_wrong", f"found {len(source)} characters; accepted: at most {LONGEST}"
            )
        try:
            expression = self._environment.compile(source)
        except RuntimeError as error:
            known = ", ".join(sorted(self._names)) or "none"
            message = (
                f"found '{source}', which is not a guard ({_first(str(error))}); accepted fields: {known}"
            )
            raise GuardRefusedError("guard_wrong", message) from None
        if expression.return_type() != cel.Type.BOOL:
            result = expression.return_type().name().lower()
            raise GuardRefusedError(
                "guard_not_boolean", f"found '{source}', which gives {result}; accepted: true or false"
            )
        names = tuple(name for name in self._names if _mentions(source, name))
        if not names:
            raise GuardRefusedError(
                "guard_constant",
                f"found '{source}', which reads nothing; accepted: a question to the context",
            )
        return Guard(source, names, expression)


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
    return getattr(cel.Type, kind.name.upper())
