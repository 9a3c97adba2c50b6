"""Plain documents, which is nearly all that peers send, expanded as pyld does it, several times faster.

A document is plain where its one context is one of ours, by its address, and it uses nothing of JSON-LD but ids, types, values and a graph.
Whatever is not plain goes to pyld; tests/edges/dfc/test_plain.py holds both against each other.
"""

from __future__ import annotations

import functools
import re
from typing import Any

from pyld import iri_resolver

from coster.edges.dfc.language import contexts

Json = dict[str, Any]

_PREFIXED = re.compile(r"(?P<prefix>[A-Za-z][A-Za-z0-9+.-]*):(?P<rest>[^\s]*)")
_KEYWORD = re.compile(r"@[A-Za-z]+")
_VALUE_PARTS = frozenset({"@value", "@type", "@language"})
_CONTEXTS = {contexts.URL_1: contexts.CONTEXT_1, contexts.URL_2: contexts.CONTEXT_2}


class _NotPlainError(ValueError):
    """Something that is left to pyld."""


def expanded(document: Any, base: str) -> list[Any] | None:
    """What pyld would make of the document; None where it is not plain. `base` is what relative ids count from."""
    if not isinstance(document, dict) or document.get("@context") not in (contexts.URL_1, contexts.URL_2):
        return None
    body = {name: value for name, value in document.items() if name != "@context"}
    plain = _Plain(document["@context"], base)
    try:
        listed = body["@graph"] if body.keys() == {"@graph"} else [body]
        nodes = [plain.node(one) for one in (listed if isinstance(listed, list) else [listed])]
    except _NotPlainError:
        return None
    return [node for node in nodes if node.keys() != {"@id"}]


class _Plain:
    """Expands what stands under one of our contexts."""

    def __init__(self, url: str, base: str) -> None:
        self._url = url
        self._base = base

    def node(self, node: Any) -> Json:
        """A node with its properties; raises where there is more to it."""
        if not isinstance(node, dict) or not node or "@value" in node:
            raise _NotPlainError
        made: Json = {}
        for name, value in node.items():
            if name == "@id":
                made["@id"] = self._id(value)
            elif name == "@type":
                made["@type"] = [self._type(kind) for kind in (value if isinstance(value, list) else [value])]
                if not value:
                    raise _NotPlainError
            else:
                iri, points = _name(self._url, name)
                if iri in made:
                    raise _NotPlainError
                made[iri] = [
                    self._value(one, points=points) for one in (value if isinstance(value, list) else [value])
                ]
        return made

    def _value(self, value: Any, *, points: bool) -> Json:
        if isinstance(value, str):
            return {"@id": self._id(value)} if points else {"@value": value}
        if isinstance(value, bool) and not points:
            return {"@value": value}
        if isinstance(value, dict) and "@value" in value:
            return self._literal(value)
        return self.node(value)

    def _literal(self, value: Json) -> Json:
        text, kind, language = value["@value"], value.get("@type"), value.get("@language")
        if not (value.keys() <= _VALUE_PARTS and isinstance(text, str | bool)) or len(value) > 2:
            raise _NotPlainError
        if "@type" in value:
            return {"@value": text, "@type": self._type(kind)}
        if "@language" in value:
            if not (isinstance(text, str) and isinstance(language, str) and language.isalpha()):
                raise _NotPlainError
            return {"@value": text, "@language": language.lower()}
        return {"@value": text}

    def _type(self, kind: Any) -> str:
        if not isinstance(kind, str):
            raise _NotPlainError
        return _name(self._url, kind)[0]

    def _id(self, given: Any) -> str:
        if not isinstance(given, str) or given.startswith("@"):
            raise _NotPlainError
        if given.startswith(("https://", "http://", "_:")):
            return given
        if ":" in given:
            return _name(self._url, given)[0]
        return str(iri_resolver.resolve(given, self._base))


@functools.lru_cache(maxsize=4096)
def _name(url: str, name: str) -> tuple[str, bool]:
    """A name under the context, and whether texts behind it are ids; raises where it is no prefix and name, and no IRI."""
    context = _CONTEXTS[url]
    match = _PREFIXED.fullmatch(name)
    if match is None or _KEYWORD.match(match["rest"]):
        raise _NotPlainError
    meaning = context.get(match["prefix"])
    iri = (
        f"{meaning}{match['rest']}"
        if isinstance(meaning, str) and not match["rest"].startswith("//")
        else name
    )
    return iri, isinstance(context.get(name), dict)
