"""Records inside contexts: which fields a guard reads of them, so that these can be checked when a flow is saved.

The expression library knows maps without declared keys only. So each `i.picked` of a macro such as `items.all(i, ...)`
is written as one declared variable for the library's own check of types; the guard that runs is what people wrote.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from coster.engine.workflow.kinds import Kind
from coster.engine.workflow.reading import likely

_QUOTED = re.compile(r"""[rR]?("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')""")
_PATH = r"[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*)*"
_MACRO = re.compile(
    rf"(?P<of>{_PATH}|[)\]])\s*\.\s*(?:all|exists|exists_one|filter|map)\s*\(\s*(?P<as>[A-Za-z_]\w*)\s*,"
)
_INDEX = re.compile(rf"(?<![\w.])(?P<of>{_PATH})\s*\[[^\[\]]*\]\s*\.\s*(?P<field>[A-Za-z_]\w*)")


class UnknownFieldError(Exception):
    """The expression reads a field that the record does not have, or one that cannot be told."""


class Readable(msgspec.Struct, frozen=True):
    """An expression in which fields of records are variables, and what these are."""

    source: str
    variables: Mapping[str, Kind]


def readable(source: str, context: Mapping[str, Kind]) -> Readable:
    """The expression with each field of a record as a variable of its own, for checking only.

    Raises UnknownFieldError. An expression without records is returned as it is.
    """
    records = {name: fields for name, kind in context.items() if (fields := _record(kind)) is not None}
    if not records:
        return Readable(source, {})
    bare = _QUOTED.sub(lambda found: '"' + "x" * (len(found[0]) - 2) + '"', source)
    variables: dict[str, Kind] = {}
    for name, of in _bound(bare, context).items():
        if of in records:
            bare = _written(
                bare, rf"(?<![\w.]){name}\s*\.\s*([A-Za-z_]\w*)(?!\s*\()", (of, records[of]), variables
            )
    for of, fields in records.items():
        place = rf"(?<![\w.]){re.escape(of)}\s*\[[^\[\]]*\]\s*\.\s*([A-Za-z_]\w*)(?!\s*\()"
        bare = _written(bare, place, (of, fields), variables)
    return Readable(bare, variables)


def _record(kind: Kind) -> Mapping[str, Kind] | None:
    """The fields of the record of which the type is a list or map, if it is one."""
    part = kind.part
    return dict(part.fields) if part is not None and part.name == "record" else None


def _bound(bare: str, context: Mapping[str, Kind]) -> dict[str, str]:
    """The variables of macros with the field that each goes through. Raises UnknownFieldError."""
    bound: dict[str, str] = {}
    for found in _MACRO.finditer(bare):
        of, name = re.sub(r"\s", "", found["of"]), found["as"]
        if of in (")", "]"):
            raise UnknownFieldError(
                f"goes through something calculated as '{name}'; accepted: a field of the context"
            )
        if bound.get(name, of) != of:
            raise UnknownFieldError(f"calls parts of two lists '{name}'; accepted: a name for each")
        if name in context:
            raise UnknownFieldError(f"calls a part '{name}' like a field; accepted: another name")
        bound[name] = of
    return bound


def _written(
    bare: str, place: str, record: tuple[str, Mapping[str, Kind]], variables: dict[str, Kind]
) -> str:
    """The text with a variable at each place where a field is read. Raises UnknownFieldError."""
    of, fields = record

    def variable(found: re.Match[str]) -> str:
        field = found[1]
        if field not in fields:
            raise UnknownFieldError(f"reads '{field}' of {of}{likely(field, tuple(fields))}")
        name = f"{of.replace('.', '_')}__{field}"
        variables[name] = fields[field]
        return name

    return re.sub(place, variable, bare)
