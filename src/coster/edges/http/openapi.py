"""Operations to an OpenAPI 3.1 document: complete, with examples, and every answer that there is, refusals included."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from coster.edges.http import schemas
from coster.edges.http.call import Answer, Call, encode
from coster.edges.http.commands import Preview
from coster.edges.http.operation import Operation
from coster.edges.http.problems import DEFAULT_STATUS, SENTENCES, STATUS, Fault, title

_REF: Final = "#/components/schemas/{name}"
_PROBLEM: Final = {
    "type": "object",
    "title": "Problem",
    "description": "A refusal (RFC 9457). `code` is stable; programs decide by it and never by the sentences.",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:coster:problem:body_invalid"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {
            "type": "string",
            "description": "What was wrong and what is possible instead, for a person.",
        },
        "code": {
            "type": "string",
            "description": "docs/reference/rejections.md and problems.md explain each.",
        },
        "request_id": {
            "type": "string",
            "description": "The same as in X-Request-Id; it finds the request in the log.",
        },
        "faults": {"type": "array", "items": {"$ref": "#/components/schemas/Fault"}},
    },
    "additionalProperties": True,
}
_REPLAYED: Final = {"description": "true: the answer of an earlier request.", "schema": {"const": "true"}}
_HEADERS: Final[dict[str, Any]] = {
    "X-Request-Id": {"description": "Names this request in the log.", "schema": {"type": "string"}}
}


_KEY: Final = {
    "type": "http",
    "scheme": "bearer",
    "description": "An API key: coster_<organisation>_<secret>.",
}


@dataclass(frozen=True, slots=True)
class Examples:
    """What is shown beyond what the types show by themselves.

    `bodies`: documents by operation and name; `files`: CSV files by operation; `media`: answers that are no JSON. `schemes`: the ways to
    say who one is, any of which will do.
    """

    bodies: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    media: Mapping[str, str] = field(default_factory=dict)
    schemes: Mapping[str, Any] = field(default_factory=lambda: {"key": _KEY})


_NONE: Final = Examples()


class Shown:
    """The endpoint that shows a document, which is made when it is first asked for."""

    def __init__(self, make: Callable[[], dict[str, Any]]) -> None:
        self._make = make
        self._bytes = b""

    async def __call__(self, _call: Call) -> Answer:
        """The document as JSON."""
        if not self._bytes:
            self._bytes = encode(self._make())
        return Answer(body=self._bytes)


def document(
    operations: Sequence[Operation],
    *,
    version: str,
    tags: dict[str, str],
    examples: Examples = _NONE,
    title: str = "Coster",
) -> dict[str, Any]:
    """The document for these operations; `tags` gives a sentence for each tag, in order."""
    types = _Types(operations, examples)
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, types)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": version,
            "summary": "Orders of many shops on one stock, held at once, never oversold.",
            "description": _INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": text} for name, text in tags.items()],
        "paths": paths,
        "components": {
            "securitySchemes": dict(examples.schemes),
            "schemas": _referred({**types.parts, "Problem": _PROBLEM}, paths),
        },
    }


def _referred(parts: dict[str, Any], paths: dict[str, Any]) -> dict[str, Any]:
    """Those parts to which the paths lead: records of queries are told parameter by parameter."""
    found: set[str] = set()
    ahead = set(_references(paths))
    while ahead:
        found |= ahead
        ahead = set(_references([parts[name] for name in ahead])) - found
    return {name: part for name, part in parts.items() if name in found}


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "$ref":
                yield inner.rsplit("/", 1)[1]
            else:
                yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


_INTRODUCTION: Final = (
    "Quantities and amounts are decimal strings in answers; strings or numbers are taken. Every refusal "
    "is a problem document with a "
    "stable `code`, and all faults of a body are told at once. "
    "What shows an `Idempotency-Key` and `dry_run` takes them: the same key and request are answered the same, and take "
    "effect once; `?dry_run=true` says what would happen, without it happening."
)


class _Types:
    """The schemas of all records that operations name."""

    def __init__(self, operations: Sequence[Operation], examples: Examples) -> None:
        self.examples = examples
        named: dict[Any, None] = {Fault: None, Preview: None}
        for operation in operations:
            for type_ in (operation.body, operation.rows, operation.query, operation.answer):
                if type_ is not None:
                    named[type_] = None
        found, self.parts = schemas.components(list(named), _REF)
        self._of: dict[Any, dict[str, Any]] = dict(zip(named, found, strict=True))

    def of(self, type_: Any) -> dict[str, Any]:
        """The schema of a record that an operation names."""
        return self._of[type_]

    def resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The schema itself, where there is a reference to it."""
        while "$ref" in schema:
            schema = self.parts[schema["$ref"].rsplit("/", 1)[1]]
        return schema

    def example(self, schema: dict[str, Any]) -> Any:
        """A document that fits, out of the examples that the fields carry."""
        if schema.get("examples"):
            return schema["examples"][0]
        schema = self.resolved(schema)
        if schema.get("examples"):
            return schema["examples"][0]
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return schema["enum"][0]
        for branch in schema.get("anyOf", ()):
            if branch.get("type") != "null":
                return self.example(branch)
        return self._of_kind(schema)

    def _of_kind(self, schema: dict[str, Any]) -> Any:
        kind = schema.get("type")
        kind = kind[0] if isinstance(kind, list) else kind
        match kind:
            case "object":
                needed = schema.get("required", ())
                return {
                    name: self.example(part)
                    for name, part in schema.get("properties", {}).items()
                    if name in needed or "default" not in part or self._tells(part)
                }
            case "array":
                return [self.example(schema["items"])] if isinstance(schema.get("items"), dict) else []
            case "string":
                return {
                    "uuid": _ID,
                    "date-time": "2026-11-23T09:00:00Z",
                }.get(schema.get("format", ""), "text")
            case "integer" | "number":
                return schema.get("minimum", 1)
            case "boolean":
                return False
        return None

    def _tells(self, part: dict[str, Any]) -> bool:
        return bool(part.get("examples"))


def _operation(operation: Operation, types: _Types) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "x-coster-permission": operation.permission,
    }
    told["description"] = operation.description or inspect.getdoc(operation.endpoint) or ""
    told["security"] = [] if operation.permission is None else [{name: []} for name in types.examples.schemes]
    if parameters := _parameters(operation, types):
        told["parameters"] = parameters
    if operation.body is not None:
        body = _body(operation, operation.body, types)
        told["requestBody"] = {"required": True, "content": dict.fromkeys(_media(operation), body)}
    if operation.rows is not None:
        file = {"schema": {"type": "string"}, "example": types.examples.files.get(operation.id, "")}
        content = {"application/x-ndjson": _body(operation, operation.rows, types), "text/csv": file}
        told["requestBody"] = {"required": True, "content": content}
    told["responses"] = {**_success(operation, types), **_refusals(operation)}
    return told


def _media(operation: Operation) -> tuple[str, ...]:
    """Under which names a body may come, and an answer may be asked for."""
    return ("application/ld+json", "application/json") if operation.documents else ("application/json",)


def _body(operation: Operation, type_: Any, types: _Types) -> dict[str, Any]:
    """A body's schema, with its examples by name; where there are none, one out of the types."""
    named = types.examples.bodies.get(operation.id)
    if named is None:
        return _content(type_, types)
    return {"schema": types.of(type_), "examples": _named(named)}


def _named(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: {"summary": title(name), "value": value} for name, value in values.items()}


def _content(type_: Any, types: _Types, example: Any = None) -> dict[str, Any]:
    schema = types.of(type_)
    return {"schema": schema, "example": types.example(schema) if example is None else example}


def _parameters(operation: Operation, types: _Types) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name in re.findall(r"\{(\w+)\}", operation.path):
        text = (operation.parameters or {}).get(name, "The object's id.")
        found.append(
            {
                "name": name,
                "in": "path",
                "required": True,
                "description": text,
                "schema": {"type": "string", "format": "uuid"}
                if name == "id" or name.endswith("_id")
                else {"type": "string"},
            }
        )
    if operation.query is not None:
        schema = types.resolved(types.of(operation.query))
        needed = schema.get("required", ())
        for name, part in schema.get("properties", {}).items():
            plain = {key: value for key, value in part.items() if value is not None or key != "default"}
            parameter = {"name": name, "in": "query", "required": name in needed, "schema": plain}
            if told := plain.get("description") or _inner(plain).get("description"):
                parameter["description"] = told
            found.append(parameter)
    if operation.changes:
        found.append(_DRY_RUN)
    if operation.changes or operation.keyed:
        found.append(_IDEMPOTENCY_KEY)
    if operation.needs_version:
        found.append(_IF_MATCH)
    return found


def _inner(part: dict[str, Any]) -> dict[str, Any]:
    return next((branch for branch in part.get("anyOf", ()) if branch.get("type") != "null"), {})


_DRY_RUN: Final = {
    "name": "dry_run",
    "in": "query",
    "required": False,
    "description": "true: answer 200 with what would happen (outcome and events), and let nothing happen.",
    "schema": {"type": "boolean", "default": False},
}
_IDEMPOTENCY_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Your name for this request. Sent again, the request is answered the same and takes effect once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "example": "cart-4711",
}
_IF_MATCH: Final = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The ETag of the object that the change is based on; of several, one must be the object's.",
    "schema": {"type": "string", "pattern": '^(W/)?"[0-9]{1,9}"(, *(W/)?"[0-9]{1,9}")*$'},
    "example": '"3"',
}


def _success(operation: Operation, types: _Types) -> dict[str, Any]:
    headers = dict(_HEADERS)
    if operation.changes:
        headers["Idempotent-Replayed"] = _REPLAYED
    if operation.changes or operation.needs_version:
        headers["ETag"] = {"description": "The object's version.", "schema": {"type": "string"}}
    if operation.status == 201:
        headers["Location"] = {"description": "Where the object is.", "schema": {"type": "string"}}
    content = _answers(operation, types)
    done = {"description": operation.summary, "headers": headers, **({"content": content} if content else {})}
    answers: dict[str, Any] = {str(operation.status): done}
    if _previews(operation) and operation.status != 200:
        accepted = content["application/json"]["example"] if content else {"id": _ID, "version": 1}
        shown = {"schema": types.of(Preview), "example": _preview_of(accepted)}
        answers["200"] = {
            "description": "With dry_run: what would happen.",
            "headers": _HEADERS,
            "content": {"application/json": shown},
        }
    return answers


def _previews(operation: Operation) -> bool:
    return operation.changes and operation.rows is None


def _answers(operation: Operation, types: _Types) -> dict[str, Any]:
    """What comes back when all went well, by media type."""
    content: dict[str, Any] = {}
    if operation.rows is not None:
        lines = {"row": {"row": 1, "status": "accepted", "value": {"id": _ID, "version": 1}}, "last": _SUMS}
        content["application/x-ndjson"] = {"schema": types.of(operation.answer), "examples": _named(lines)}
    elif operation.answer is not None:
        content["application/json"] = _content(operation.answer, types, operation.answer_example)
    if _previews(operation) and operation.status == 200:
        done = content["application/json"]
        named = _named({"done": done["example"], "dry_run": _preview_of(done["example"])})
        schema = {"anyOf": [done["schema"], types.of(Preview)]}
        content["application/json"] = {"schema": schema, "examples": named}
    if operation.documents and content:
        content = {"application/ld+json": content["application/json"], **content}
    for media in operation.media:
        content[media] = {"schema": {"type": "string"}, "example": types.examples.media.get(media, "")}
    return content


_ID: Final = "0192f0c1-2f3a-7bcd-8e9f-0123456789ab"
_SUMS: Final = {"done": True, "rows": 1, "accepted": 1}


def _preview_of(accepted: Any) -> dict[str, Any]:
    return {"dry_run": True, "outcome": {"accepted": accepted}, "events": []}


def implied(operation: Operation) -> list[str]:
    """The codes of all refusals of an operation: those that its fields imply, and its own."""
    codes = ["internal_fault", "stopping"]
    if operation.permission is not None:
        codes += ["key_missing", "key_not_valid", "not_permitted", "too_many_requests"]
    if "{" in operation.path:
        codes += ["not_found"]
    if operation.body is not None and operation.documents:
        codes += ["body_too_large", "media_type_not_supported"]
    elif operation.body is not None:
        codes += ["body_malformed", "body_invalid", "body_too_large", "media_type_not_supported"]
    if operation.rows is not None:
        codes += ["body_malformed", "media_type_not_supported"]
    if operation.query is not None or operation.changes:
        codes += ["query_invalid"]
    if operation.permission and operation.permission.startswith("dfc_"):
        codes += ["insufficient_scope"]
    if operation.query is not None and "cursor" in getattr(operation.query, "__struct_fields__", ()):
        codes += ["cursor_invalid"]
    if operation.changes:
        codes += ["idempotency_key_reused", "header_invalid", "busy", "not_valid"]
    if operation.keyed:
        codes += ["idempotency_key_reused", "header_invalid", "busy"]
    if operation.needs_version:
        codes += ["precondition_required", "version_conflict"]
    return list(dict.fromkeys([*codes, *operation.problems]))


def _refusals(operation: Operation) -> dict[str, Any]:
    by_status: dict[int, list[str]] = {}
    for code in implied(operation):
        by_status.setdefault(STATUS.get(code, DEFAULT_STATUS), []).append(code)
    return {
        str(status): {
            "description": ", ".join(title(code) for code in codes) + ".",
            "headers": _HEADERS,
            "content": {
                "application/problem+json": {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "examples": {code: {"value": _example_of(code, status)} for code in codes},
                }
            },
        }
        for status, codes in sorted(by_status.items())
    }


def _example_of(code: str, status: int) -> dict[str, Any]:
    example: dict[str, Any] = {
        "type": f"urn:coster:problem:{code}",
        "title": title(code),
        "status": status,
        "detail": SENTENCES.get(code, f"{title(code)}."),
        "code": code,
        "request_id": "5f0c1d2e3b4a5968",
    }
    if code == "body_invalid":
        example["faults"] = [
            {
                "pointer": "/lines/0/quantity",
                "message": "must be a decimal number, for example 1.5.",
                "found": "two",
            }
        ]
    return example
