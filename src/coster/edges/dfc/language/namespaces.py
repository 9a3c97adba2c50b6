"""Four generations of DFC namespaces become one, by rule: the file and the name behind its `#` count, the host only says whose it is."""

from __future__ import annotations

import functools
import re

# Where the standard has lived: before 1.8, since then, and (with and without a version) from 2.0 on.
_HOMES = re.compile(
    r"https?://(?:static\.datafoodconsortium\.org/(?:ontologies|data)"
    r"|github\.com/datafoodconsortium/(?:ontology|taxonomies)"
    r"|(?:www\.)?w3id\.org/dfc/(?:ontology|taxonomies))/"
    r"(?:[\w.-]+/)*(?P<file>\w+)\.(?:owl|rdf)#(?P<name>[^#\s]*)"
)
_COMPACT = re.compile(r"(?P<prefix>dfc(?:-[a-z]+)?):(?P<name>[^/:#\s]+)")

# File to prefix. The ontologies of products (before 1.8) were taken up by the one of business.
PREFIXES = {
    "DFC_BusinessOntology": "dfc-b",
    "DFC_ProductOntology": "dfc-b",
    "DFC_ProductGlossary": "dfc-b",
    "DFC_TechnicalOntology": "dfc-t",
    "DFC_FullModel": "dfc",
    "measures": "dfc-m",
    "productTypes": "dfc-pt",
    "facets": "dfc-f",
    "vocabulary": "dfc-v",
    "scopes": "dfc-s",
}
_KNOWN_PREFIXES = frozenset(PREFIXES.values())


@functools.lru_cache(maxsize=8192)
def term(iri: str) -> tuple[str, str] | None:
    """Prefix and local name of a term of the standard, however it is written; None where it is none.

    A compact name that no context has expanded (`dfc-v:Held` as a plain text) counts as the term.
    """
    if match := _HOMES.fullmatch(iri):
        prefix = PREFIXES.get(match["file"])
        return (prefix, match["name"]) if prefix and match["name"] else None
    match = _COMPACT.fullmatch(iri)
    return (match["prefix"], match["name"]) if match and match["prefix"] in _KNOWN_PREFIXES else None


def local(iri: str, prefix: str) -> str | None:
    """The local name of a term under this prefix; None where it is another's."""
    found = term(iri)
    return found[1] if found and found[0] == prefix else None
