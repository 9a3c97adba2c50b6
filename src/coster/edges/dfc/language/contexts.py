"""The contexts that documents name, answered from our own table: nothing is ever fetched.

The official context file is licensed under the AGPL, so that none of it is here: prefixes and relations are facts, and the dictionaries
below are made from our tables of them. tests/edges/dfc/test_contexts.py shows that they expand documents to the same triples.
"""

from __future__ import annotations

import re
from typing import Any

from coster.edges.dfc.language import relations

Context = dict[str, Any]

_RELEASES = "https://github.com/datafoodconsortium/{}/releases/latest/download/"
_ONTOLOGY_1, _TAXONOMIES_1 = _RELEASES.format("ontology"), _RELEASES.format("taxonomies")
_ONTOLOGY_2, _TAXONOMIES_2 = (
    "http://w3id.org/dfc/ontology/v2.0.0/src/",
    "http://w3id.org/dfc/taxonomies/v2.0.0/",
)
_GENERAL = {
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    # With the second `#` that the standard has written ever since; who expands it rightly gets different triples.
    "dc": "http://purl.org/dc/elements/1.1/#",
    "ontosec": "http://www.semanticweb.org/ontologies/2008/11/OntologySecurity.owl#",
}

# What we name in documents of ours: the only one that connectors of TypeScript have with them, and the one of version 2.
URL_1 = "https://www.datafoodconsortium.org/wp-content/plugins/wordpress-context-jsonld/context_1.16.0.jsonld"
URL_2 = "https://w3id.org/dfc/ontology/context/context_2.0.0.json"

# Every address at which a context of the standard was ever published, and hence is named (dfc.md §1.1).
_KNOWN = re.compile(
    r"https?://(?:"
    r"(?:www\.)?datafoodconsortium\.org/?"
    r"|(?:www\.)?datafoodconsortium\.org/wp-content/plugins/wordpress-context-jsonld/context(?:_(?P<a>[0-9]+)(?:\.[0-9]+)*)?\.json(?:ld)?"
    r"|(?:www\.)?w3id\.org/dfc/ontology/context/context(?:_(?P<b>[0-9]+)(?:\.[0-9]+)*)?\.json(?:ld)?"
    r"|static\.datafoodconsortium\.org/ontologies/context\.json(?:ld)?"
    r")"
)
ACCEPTED = (
    f'"{URL_1}", the contexts of the versions 1.x and 2.x at www.datafoodconsortium.org, w3id.org/dfc and static.datafoodconsortium.org, '
    "and terms given in the document itself are accepted; no other context is fetched"
)


def _context(*, ontology: str, full_model: str, taxonomies: str, names: frozenset[str]) -> Context:
    prefixes = {
        "dfc": full_model,
        "dfc-b": f"{ontology}DFC_BusinessOntology.owl#",
        "dfc-t": f"{ontology}DFC_TechnicalOntology.owl#",
        "dfc-m": f"{taxonomies}measures.rdf#",
        "dfc-pt": f"{taxonomies}productTypes.rdf#",
        "dfc-f": f"{taxonomies}facets.rdf#",
        "dfc-v": f"{taxonomies}vocabulary.rdf#",
    }
    pointing = [f"dfc-b:{name}" for name in sorted(names)] + [
        f"dfc-t:{name}" for name in sorted(relations.TECHNICAL)
    ]
    return _GENERAL | prefixes | {name: {"@type": "@id"} for name in pointing}


CONTEXT_1 = _context(
    ontology=_ONTOLOGY_1,
    full_model=f"{_ONTOLOGY_1}DFC_FullModel.owl#",
    taxonomies=_TAXONOMIES_1,
    names=relations.RELATIONS,
)
CONTEXT_2 = _context(
    ontology=_ONTOLOGY_2,
    full_model="http://w3id.org/dfc/ontology/DFC_FullModel.owl#",
    taxonomies=_TAXONOMIES_2,
    names=relations.RELATIONS_OF_2,
)

# What documents about platforms and their permissions name (dfc.md §3.1). We answer with prefixes alone, which is all that they use of it.
URL_PLATFORMS = "https://cdn.startinblox.com/owl/context-bis.jsonld"
CONTEXT_PLATFORMS = {name: meaning for name, meaning in CONTEXT_1.items() if isinstance(meaning, str)} | {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "ldp": "http://www.w3.org/ns/ldp#",
}
_BY_URL = {URL_1: CONTEXT_1, URL_2: CONTEXT_2, URL_PLATFORMS: CONTEXT_PLATFORMS}


def canonical(url: str) -> str | None:
    """The one address of the context that a document names in one of many ways; None where it names none of ours."""
    if url == URL_PLATFORMS:
        return url
    match = _KNOWN.fullmatch(url)
    if match is None:
        return None
    version = int(match["a"] or match["b"] or 1)
    return {1: URL_1, 2: URL_2}.get(version)


def answer(url: str, _options: object = None) -> dict[str, Any]:
    """What pyld gets where it would fetch; raises LookupError for anything that is not ours, so that no network can be reached."""
    known = canonical(url)
    if known is None:
        raise LookupError(url)
    document = {"@context": _BY_URL[known]}
    return {
        "contentType": "application/ld+json",
        "contextUrl": None,
        "documentUrl": known,
        "document": document,
    }
