"""Bytes to plain JSON: within limits, with numbers left as the texts that they are, and every `@context` looked at beforehand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from coster.edges.dfc.language import contexts
from coster.edges.dfc.language.faults import Found


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How large a document may be: bytes, objects in it, levels of nesting, terms that it defines itself."""

    size: int = 2_000_000
    nodes: int = 20_000
    depth: int = 40
    terms: int = 500


DECIMAL = "http://www.w3.org/2001/XMLSchema#decimal"
# A body of a request, and a catalogue that we fetched from a platform that we chose.
REQUEST = Limits()
CATALOGUE = Limits(size=64_000_000, nodes=600_000)


class _RefusedError(ValueError):
    """What the parser tells of itself while it is at work."""

    def __init__(self, code: str, found: str, accepted: str) -> None:
        super().__init__(code)
        self.code, self.found, self.accepted = code, found, accepted


def parse(body: bytes | str, limits: Limits, found: Found) -> Any:
    """The JSON of a document, with known contexts under their one address; None where it must not be read, and why is in `found`.

    Numbers come back as texts of the type `DECIMAL`, so that none is ever rounded.
    """
    try:
        document = _load(body, limits)
        _settle_contexts(document, limits)
    except _RefusedError as refused:
        found.add(refused.code, node="", property_="", found=refused.found, accepted=refused.accepted)
        return None
    return document


def _load(body: bytes | str, limits: Limits) -> Any:
    if len(body) > limits.size:
        raise _RefusedError("too_large", f"{len(body)} bytes", f"at most {limits.size} bytes are accepted")
    try:
        text = body if isinstance(body, str) else body.decode("utf-8-sig")
        objects = _Objects(limits)
        document = json.loads(
            text,
            parse_float=_Number,
            parse_int=_Number,
            parse_constant=_constant,
            object_pairs_hook=objects.take,
        )
    except UnicodeDecodeError as error:
        raise _RefusedError(
            "not_json", f"byte {error.start} is no UTF-8", "JSON-LD in UTF-8 is accepted"
        ) from None
    except json.JSONDecodeError as error:
        where = f"{error.msg}, line {error.lineno} column {error.colno}"
        raise _RefusedError("not_json", where, "a JSON-LD document is accepted") from None
    except RecursionError:
        raise _too_deep(limits) from None
    if not isinstance(document, dict | list):
        raise _RefusedError("not_json_ld", str(document), "an object, or an array of objects, is accepted")
    return document


def _constant(name: str) -> str:
    raise _RefusedError("not_json", name, "a number is accepted there")


def _too_deep(limits: Limits) -> _RefusedError:
    return _RefusedError("too_large", "deeply nested values", f"at most {limits.depth} levels are accepted")


class _Objects:
    """Takes the objects of a document as the parser finishes them, counts them, and refuses a name that stands there twice."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._count = 0

    def take(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """The object of these names and values."""
        self._count += 1
        if self._count > self._limits.nodes:
            raise _RefusedError(
                "too_large", "too many objects", f"at most {self._limits.nodes} objects are accepted"
            )
        made = dict(pairs)
        if len(made) != len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise _RefusedError("not_json", f"{twice} twice", "each name once in an object is accepted")
        for name, value in pairs:
            if isinstance(value, _Number):
                made[name] = str(value) if name.startswith("@") else _typed(value)
            elif isinstance(value, list):
                made[name] = [_typed(one) if isinstance(one, _Number) else one for one in value]
        return made


class _Number(str):
    """The text of a number, until the object is known that it stands in."""

    __slots__ = ()


def _typed(number: str) -> dict[str, str]:
    """A number as JSON-LD may also write it, so that it stays a text and is never taken for an id."""
    return {"@value": str(number), "@type": DECIMAL}


def _settle_contexts(document: Any, limits: Limits) -> None:
    """Puts each known context under its one address; refuses deep nesting, unknown contexts, and ones that do what nobody needs.

    Versions are taken out, because pyld wants them as numbers, and ours are texts; 1.1 is what it works by anyway.
    """
    waiting: list[tuple[Any, int]] = [(document, 1)]
    terms, has_context = 0, False
    while waiting:
        value, depth = waiting.pop()
        if depth > limits.depth:
            raise _too_deep(limits)
        inside = value
        if isinstance(value, dict):
            if "@context" in value:
                has_context = True
                given = value["@context"]
                terms += sum(_terms(context) for context in _each(given))
                value["@context"] = (
                    [_known(one) for one in given] if isinstance(given, list) else _known(given)
                )
            inside = [inner for name, inner in value.items() if name != "@context"]
        waiting += [(inner, depth + 1) for inner in inside if isinstance(inner, dict | list)]
    if terms > limits.terms:
        raise _RefusedError(
            "context_refused",
            f"{terms} terms",
            f"at most {limits.terms} terms in contexts of the document are accepted",
        )
    if not has_context and not _is_expanded(document):
        raise _RefusedError("context_missing", "", f"a document needs its @context: {contexts.ACCEPTED}")


def _terms(context: Any) -> int:
    """How many terms a context defines; raises where it is unknown, or wants to load or scope others."""
    match context:
        case str():
            if contexts.canonical(context) is None:
                raise _RefusedError("context_unknown", context, contexts.ACCEPTED)
            return 1
        case dict():
            for name, meaning in context.items():
                if name == "@import" or (isinstance(meaning, dict) and "@context" in meaning):
                    accepted = "contexts without @import and without contexts inside of terms are accepted"
                    raise _RefusedError("context_refused", name, accepted)
                if not isinstance(meaning, str | dict | bool | None):
                    raise _RefusedError(
                        "context_refused",
                        name,
                        "a term that means an IRI, or an object that says which, is accepted",
                    )
            return len(context)
        case None:
            return 0
    raise _RefusedError(
        "context_refused", str(context), "an address, an object, or an array of these is accepted as @context"
    )


def _is_expanded(document: Any) -> bool:
    """Yields whether the document needs no context: some object in it has a type or a property that is a whole IRI."""
    return any(
        name.startswith(("http://", "https://"))
        or (name == "@type" and any(str(kind).startswith("http") for kind in _each(value)))
        for node in _objects(document)
        for name, value in node.items()
    )


def _objects(document: Any) -> Iterator[dict[str, Any]]:
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield value
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def _known(context: Any) -> Any:
    if isinstance(context, str):
        return contexts.canonical(context)
    if isinstance(context, dict):
        return {name: meaning for name, meaning in context.items() if name != "@version"}
    return context


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
