"""The API as its OpenAPI document tells it: operations, the places where ids may stand, bodies and examples."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@dataclass(frozen=True)
class Told:
    """An operation, as the document tells it."""

    method: str
    path: str
    spec: dict[str, Any]
    document: dict[str, Any]

    @property
    def id(self) -> str:
        """Its operationId."""
        return str(self.spec["operationId"])

    @property
    def permission(self) -> str | None:
        """What a key needs: a permission, "" for any key, None for no key at all."""
        found: str | None = self.spec["x-coster-permission"]
        return found

    @property
    def parameters(self) -> list[dict[str, Any]]:
        """Of path, query and header."""
        return [self.resolved(one) for one in self.spec.get("parameters", ())]

    def named(self, place: str) -> list[str]:
        """The names of the parameters of path, query or header."""
        return [one["name"] for one in self.parameters if one["in"] == place]

    @property
    def bodies(self) -> list[tuple[str, Any]]:
        """Every example of a body, with its media type."""
        content = self.spec.get("requestBody", {}).get("content", {})
        return [(media, value) for media, told in content.items() for value in examples_of(told)]

    def body_schema(self, media: str) -> dict[str, Any]:
        """What a body must look like."""
        found: dict[str, Any] = self.spec["requestBody"]["content"][media]["schema"]
        return found

    def resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The schema itself, where there is a reference to it."""
        while "$ref" in schema:
            found: Any = self.document
            for step in schema["$ref"].removeprefix("#/").split("/"):
                found = found[step.replace("~1", "/").replace("~0", "~")]
            schema = found
        return schema

    def is_id(self, schema: dict[str, Any]) -> bool:
        """Whether an id may stand here."""
        schema = self.resolved(schema)
        return schema.get("format") == "uuid" or any(self.is_id(one) for one in schema.get("anyOf", ()))

    def id_names(self, schema: dict[str, Any], seen: tuple[int, ...] = ()) -> set[str]:
        """The names under which ids may stand anywhere in a schema."""
        schema = self.resolved(schema)
        if id(schema) in seen:
            return set()
        seen = (*seen, id(schema))
        found: set[str] = set()
        for name, part in schema.get("properties", {}).items():
            inner = self.resolved(part)
            items = inner.get("items") or next(
                (
                    self.resolved(one)["items"]
                    for one in inner.get("anyOf", ())
                    if "items" in self.resolved(one)
                ),
                None,
            )
            if self.is_id(part) or (items and self.is_id(items)):
                found.add(name)
            found |= self.id_names(part, seen)
        for part in (*schema.get("anyOf", ()), *filter(None, (schema.get("items"),))):
            found |= self.id_names(part, seen)
        return found


def operations(document: dict[str, Any]) -> list[Told]:
    """All operations of a document, in its order."""
    return [
        Told(method.upper(), path, spec, document)
        for path, item in document["paths"].items()
        for method, spec in item.items()
        if method in METHODS
    ]


def examples_of(told: dict[str, Any]) -> list[Any]:
    """The values of the examples of a media type's content."""
    named = [one["value"] for one in told.get("examples", {}).values()]
    return [told["example"], *named] if "example" in told else named


def places(value: Any, names: set[str], at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where in a document values stand under one of the names, as paths; of a list each entry."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in names and isinstance(inner, str):
                yield (*at, name)
            elif name in names and isinstance(inner, list):
                yield from ((*at, name, number) for number, _ in enumerate(inner))
            else:
                yield from places(inner, names, (*at, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from places(inner, names, (*at, number))


def name_of(place: tuple[Any, ...]) -> str:
    """The name under which a place stands."""
    return str([step for step in place if isinstance(step, str)][-1])


def put(value: Any, found: Mapping[tuple[Any, ...], Any]) -> Any:
    """A copy of the document with something else at these places; one copy, because a document may have ten thousand."""
    made = copy.deepcopy(value)
    for place, new in found.items():
        inner = made
        for step in place[:-1]:
            inner = inner[step]
        inner[place[-1]] = new
    return made
