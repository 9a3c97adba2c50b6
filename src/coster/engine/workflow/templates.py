"""Templates of webhooks: plain values in which text may hold fields of the context in braces."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from typing import Final

from coster.engine.workflow.document import Plain

# Two braces stand for one; {field} for a field of the context.
_PART = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
# The types of nearly all values, which are looked for first.
_ALREADY: Final = frozenset({str, int, float, bool})
FIELD = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")


class TemplateFailedError(Exception):
    """A template reads a field that the context does not hold."""


def fill(template: Plain, context: Mapping[str, object]) -> Plain:
    """The value with every field filled in.

    Text that is one field alone becomes the field's value as it is; within other text it is written out. Instants are
    ISO 8601 text, nothing is empty text. Raises TemplateFailedError.
    """
    if isinstance(template, dict):
        return {key: fill(part, context) for key, part in template.items()}
    if isinstance(template, list):
        return [fill(part, context) for part in template]
    if not isinstance(template, str):
        return template
    alone = _PART.fullmatch(template)
    if alone is not None and alone[1] is not None:
        return plain(_value(alone[1], context))
    return _PART.sub(lambda found: _written(found, context), template)


def _written(found: re.Match[str], context: Mapping[str, object]) -> str:
    """A field, or a brace, as text."""
    if found[1] is None:
        return found[0][0]
    value = plain(_value(found[1], context))
    return "" if value is None else str(value)


def _value(name: str, context: Mapping[str, object]) -> object:
    """The field of that name."""
    if name not in context:
        raise TemplateFailedError(f"a webhook reads '{name}', which the context does not hold")
    return context[name]


def plain(value: object) -> Plain:
    """A value of a context as it can be sent: instants and durations as ISO 8601 text."""
    if value is None or type(value) in _ALREADY:
        return value  # type: ignore[return-value]  # one of the types of plain values, which the checker does not see
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, dt.timedelta):
        return f"PT{int(value.total_seconds())}S"
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)


def names(template: Plain) -> Iterator[str]:
    """The fields that a template reads; what cannot be a field comes as it is written, so that it can be refused."""
    if isinstance(template, dict):
        for part in template.values():
            yield from names(part)
    elif isinstance(template, list):
        for part in template:
            yield from names(part)
    elif isinstance(template, str):
        for found in _PART.finditer(template):
            if found[1] is not None:
                yield found[1]
            elif found[0] in "{}":
                yield found[0]
