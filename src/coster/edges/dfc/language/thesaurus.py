"""The concepts that Coster speaks as documents (SKOS), for programs that load a thesaurus before they can read an order.

The taxonomies of the standard are licensed under the AGPL, so that none of their text is here: these documents are made from our own
table of names, codes and parents, and their labels are the names.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from coster.edges.dfc.language import concepts, contexts
from coster.edges.dfc.language.product_types import PRODUCT_TYPES

_SKOS = "http://www.w3.org/2004/02/skos/core#"


def vocabulary() -> bytes:
    """Statuses, under both the parents that they have now and those that connectors look for, and kinds of transformation."""
    parents: dict[str, set[str]] = {"Status": set(), "States": set(), "transformationType": set()}
    for statuses, (now, before) in concepts.STATUS_PARENTS.items():
        parents |= {now: {"Status"}, before: {"States"}}
        for status in statuses:
            parents.setdefault(status.value, set()).update((now, before))
    parents |= {name: {"transformationType"} for name in concepts.TRANSFORMATIONS}
    return _document("dfc-v", "DFC_Vocabulary", parents)


def measures() -> bytes:
    """Units of quantity and currencies."""
    parents = {"Unit": set(), "QuantityUnit": {"Unit"}, "CurrencyUnit": {"Unit"}}
    parents |= {name: {"QuantityUnit"} for name in concepts.UNITS}
    parents |= {name: {"CurrencyUnit"} for name in concepts.CURRENCIES}
    return _document("dfc-m", "DFC_ProductGlossary_Measure", parents)


def product_types() -> bytes:
    """Types of product, side by side."""
    return _document("dfc-pt", "", {name: set() for name in PRODUCT_TYPES})


def _document(prefix: str, scheme: str, parents: dict[str, set[str]]) -> bytes:
    """An expanded document: the scheme with its top concepts, and each concept with its parents and children."""
    home = contexts.CONTEXT_1[prefix]
    children: dict[str, set[str]] = {}
    for name, above in parents.items():
        for parent in above:
            children.setdefault(parent, set()).add(name)

    def refs(names: set[str]) -> list[dict[str, str]]:
        return [{"@id": f"{home}{name}"} for name in sorted(names)]

    def concept(name: str) -> dict[str, Any]:
        links = {
            "broader": refs(parents[name]),
            "narrower": refs(children.get(name, set())),
            "inScheme": [{"@id": f"{home}{scheme}"}],
        }
        label = {f"{_SKOS}prefLabel": [{"@language": "en", "@value": _words(name)}]}
        return (
            {"@id": f"{home}{name}", "@type": [f"{_SKOS}Concept"]}
            | {f"{_SKOS}{link}": ids for link, ids in links.items() if ids}
            | label
        )

    top = {name for name, above in parents.items() if not above}
    head = {"@id": f"{home}{scheme}", "@type": [f"{_SKOS}ConceptScheme"], f"{_SKOS}hasTopConcept": refs(top)}
    return msgspec.json.encode([{"@graph": [head, *map(concept, sorted(parents))]}])


def _words(name: str) -> str:
    """A name as words: `PoundSterling` → `pound sterling`, `goat-milk` → `goat milk`."""
    return " ".join(re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+", name)).lower()
