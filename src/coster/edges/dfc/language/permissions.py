"""What enterprises let platforms do, as documents: lists of scopes of the standard (module "data permission", dfc.md §3.1).

These documents are no graphs of the ontology of business: they have a context of their own, and their lists keep an order.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from coster.edges.dfc.language import concepts, contexts, expanding, namespaces, parsing
from coster.edges.dfc.language.faults import Fault, Found

_SCOPES = "https://github.com/datafoodconsortium/taxonomies/releases/latest/download/scopes.rdf#"
_ASSIGNED = "hasAssignedScopes"


class Platform(msgspec.Struct, frozen=True, kw_only=True):
    """A platform with the scopes that it has; `local_id` is what it is called here."""

    id: str
    local_id: str
    scopes: tuple[str, ...]


def platform(told: Platform) -> dict[str, Any]:
    """The document about one platform."""
    return {"@context": contexts.URL_PLATFORMS, **_node(told)}


def platforms(iri: str, told: Iterable[Platform]) -> dict[str, Any]:
    """The document about all platforms, which has the address `iri`."""
    members = {"@type": "rdf:List", "@list": [_node(one) for one in told]}
    return {"@context": contexts.URL_PLATFORMS, "@id": iri, "dfc-t:platforms": members}


def scope_list() -> dict[str, Any]:
    """All scopes that there are, as a scheme of concepts."""
    members = [
        {"@id": f"{_SCOPES}{name}", "@type": "dfc-t:Scope", "rdfs:label": name} for name in concepts.SCOPES
    ]
    return {"@context": contexts.CONTEXT_PLATFORMS, "@graph": members}


def read(body: bytes, *, base: str = "") -> tuple[tuple[str, ...], tuple[Fault, ...]]:
    """The scopes that a document about a platform assigns, in the standard's order, and what is wrong with it.

    Of a scope only its local name counts, since every platform writes the rest differently. A document that does not speak of scopes at
    all is a fault: who means "none" says so with an empty list.
    """
    found = Found()
    statements = expanding.expand(body, base=base, limits=parsing.REQUEST, found=found)
    named: list[str] = []
    spoken = False
    for one in statements:
        for name, values in one.values.items():
            if (namespaces.term(name) or ("", ""))[1] == _ASSIGNED or name == _ASSIGNED:
                spoken = True
                named += [value.id if isinstance(value, expanding.Ref) else value.text for value in values]
    faults = found.all()
    if not faults and not (spoken or _says_none(body)):
        return (), (
            _fault(
                "value_missing",
                "",
                "the scopes that the platform shall have are told, if only by an empty list",
            ),
        )
    wrong = [text for text in named if concepts.name_of(text) not in concepts.SCOPES]
    faults += tuple(
        _fault("value_malformed", text, f"one of {', '.join(concepts.SCOPES)} is accepted") for text in wrong
    )
    names = {concepts.name_of(text) for text in named}
    return tuple(name for name in concepts.SCOPES if name in names), faults


def _says_none(body: bytes) -> bool:
    """Expansion drops an empty list of some writers, so that what stands there has to be looked at."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return isinstance(document, dict) and any(key.rpartition(":")[2] == _ASSIGNED for key in document)


def _node(told: Platform) -> dict[str, Any]:
    scopes = [{"@id": f"{_SCOPES}{name}", "@type": "dfc-t:Scope"} for name in told.scopes]
    assigned = {"@type": "rdf:List", "@list": scopes}
    return {
        "@type": "dfc-t:Platform",
        "@id": told.id,
        "localId": told.local_id,
        f"dfc-t:{_ASSIGNED}": assigned,
    }


def _fault(code: str, found: str, accepted: str) -> Fault:
    return Fault(code=code, property_=f"dfc-t:{_ASSIGNED}", found=found, accepted=accepted)
