"""JSON Schemas of our records (2020-12, as OpenAPI 3.1 wants them), and every fault of a document against one.

The decoder of msgspec is fast and stops at the first fault; so the schema is asked only when it has refused.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import jsonschema
import msgspec

from coster.edges.http.problems import Fault

MOST_FAULTS: Final = 100
DECIMAL: Final = r"^-?[0-9]{1,18}(\.[0-9]{1,18})?$"
_LONGEST_FOUND: Final = 80
_FORMATS = jsonschema.FormatChecker(formats=())


@_FORMATS.checks("uuid", raises=ValueError)  # type: ignore[untyped-decorator]  # jsonschema carries no types
def _is_uuid(value: object) -> bool:
    return not isinstance(value, str) or bool(uuid.UUID(value))


@_FORMATS.checks("date-time", raises=ValueError)  # type: ignore[untyped-decorator]  # as above
def _is_instant(value: object) -> bool:
    if not isinstance(value, str):
        return True
    return msgspec.convert(value, dt.datetime).tzinfo is not None


def components(types: Iterable[Any], ref: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The schemas of types and of all that they refer to; decimals may come in as numbers too."""
    found, parts = msgspec.json.schema_components(types, ref_template=ref)
    return [_widened(schema) for schema in found], {name: _widened(part) for name, part in parts.items()}


class Schema:
    """The JSON Schema of one type, made when it is first needed."""

    def __init__(self, type_: Any) -> None:
        self._type = type_
        self._validator: Any = None

    def faults(self, document: Any) -> list[Fault]:
        """What is wrong with a document, in the order of its places; empty where the schema finds nothing."""
        if self._validator is None:
            [root], parts = components([self._type], "#/$defs/{name}")
            self._validator = jsonschema.Draft202012Validator(
                {**root, "$defs": parts}, format_checker=_FORMATS
            )
        found: list[Fault] = []
        for error in self._validator.iter_errors(document):
            found.extend(_faults(error))
            if len(found) >= MOST_FAULTS:
                break
        return sorted(found, key=lambda fault: _places(fault.pointer))[:MOST_FAULTS]


def pointer(path: Iterable[object]) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def shown(value: Any) -> Any:
    """What was found, cut so that an answer stays small."""
    if isinstance(value, dict):
        return f"an object with {len(value)} members"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, str) and len(value) > _LONGEST_FOUND:
        return value[:_LONGEST_FOUND] + "…"
    return value


def _places(text: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (0, part) for part in text.split("/")]


def _widened(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_widened(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("format") == "decimal":
        return {**schema, "type": ["string", "number"], "pattern": DECIMAL}
    return {key: _widened(value) for key, value in schema.items()}


def _faults(error: Any) -> Iterator[Fault]:
    """One fault an error; of alternatives those of the branch that was meant."""
    if error.validator == "anyOf":
        yield from _of_alternatives(error)
        return
    here = list(error.absolute_path)
    match error.validator:
        case "required":
            # One error is told for each name that is missing; only its sentence says which.
            name = next(name for name in error.validator_value if error.message.startswith(repr(name)))
            yield Fault(
                pointer=pointer([*here, name]), message=f"'{name}' is missing.", accepted=_wanted(error, name)
            )
        case "additionalProperties":
            known = sorted(error.schema.get("properties", ()))
            for name in error.instance:
                if name not in known:
                    yield Fault(
                        pointer=pointer([*here, name]),
                        message=f"'{shown(name)}' is not known here.",
                        found=shown(name),
                        accepted=known,
                    )
        case _:
            message, accepted = _told(error)
            yield Fault(
                pointer=pointer(here), message=message, found=shown(error.instance), accepted=accepted
            )


def _of_alternatives(error: Any) -> Iterator[Fault]:
    """The faults of the branch that a tag names, else of one that fits by type; where none does, that none does."""
    tag = error.schema.get("discriminator", {}).get("propertyName")
    tags = [*error.schema.get("discriminator", {}).get("mapping", ())]
    given = error.instance.get(tag) if tag and isinstance(error.instance, dict) else None
    if given is not None and given not in tags:
        yield Fault(
            pointer=pointer([*error.absolute_path, tag]),
            message=f"must be one of: {', '.join(tags)}.",
            found=shown(given),
            accepted=tags,
        )
        return
    branches: dict[int, list[Any]] = {}
    for inner in error.context:
        branches.setdefault(inner.schema_path[0], []).append(inner)
    meant = [
        errors
        for errors in branches.values()
        if not any(inner.validator == "type" and list(inner.path) == [] for inner in errors)
    ]
    tagged = [errors for errors in meant if not any(list(inner.path) == [tag] for inner in errors)]
    if meant := tagged or meant:
        for inner in min(meant, key=len):
            yield from _faults(inner)
        return
    kinds = sorted({kind for errors in branches.values() for inner in errors for kind in _kinds(inner)})
    yield Fault(
        pointer=pointer(error.absolute_path),
        message=f"must be one of: {', '.join(kinds)}.",
        found=shown(error.instance),
        accepted=kinds,
    )


def _kinds(error: Any) -> list[str]:
    if error.validator != "type":
        return []
    kinds = error.validator_value
    return [kinds] if isinstance(kinds, str) else list(kinds)


def _wanted(error: Any, name: str) -> Any:
    """What the schema says of a missing member, in a word."""
    wanted = error.schema.get("properties", {}).get(name, {})
    return wanted.get("enum") or wanted.get("format") or wanted.get("type") or wanted.get("description")


def _told(error: Any) -> tuple[str, Any]:
    """The message of a fault and what is accepted."""
    wanted = error.validator_value
    sentences: Mapping[str, str] = {
        "type": f"must be of type {' or '.join(_kinds(error)) or wanted}.",
        "enum": f"must be one of: {', '.join(map(str, wanted))}." if isinstance(wanted, list) else "",
        "const": f"must be {wanted}.",
        "minimum": f"must be at least {wanted}.",
        "maximum": f"must be at most {wanted}.",
        "exclusiveMinimum": f"must be more than {wanted}.",
        "exclusiveMaximum": f"must be less than {wanted}.",
        "minLength": f"must have at least {wanted} characters.",
        "maxLength": f"must have at most {wanted} characters.",
        "minItems": f"must have at least {wanted} entries.",
        "maxItems": f"must have at most {wanted} entries.",
        "pattern": "must be a decimal number, for example 1.5."
        if wanted == DECIMAL
        else f"must match {wanted}.",
        "format": _OF_FORMAT.get(str(wanted), f"must be a {wanted}."),
    }
    return sentences.get(error.validator, "does not fit."), wanted


_OF_FORMAT: Final = {
    "uuid": "must be a UUID, for example 0192f0c1-2f3a-7bcd-8e9f-0123456789ab.",
    "date-time": "must be an instant with a time zone, for example 2026-11-23T09:00:00Z.",
}
