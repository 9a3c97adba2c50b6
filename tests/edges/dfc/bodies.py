"""Small documents for tests, written with short names, and faults in short."""

from __future__ import annotations

import json
from typing import Any

from coster.edges.dfc.language import contexts
from coster.edges.dfc.language.reading import Reading

A = "https://a.example/"


def document(*nodes: dict[str, Any], context: Any = contexts.URL_1) -> str:
    """A document of nodes, whose names are those of the ontology of business."""
    return json.dumps({"@context": context, "@graph": [named(node) for node in nodes]})


def named(value: Any) -> Any:
    """Names without a prefix get that of the ontology of business, also of classes."""
    if isinstance(value, list):
        return [named(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name if name[0] == "@" or ":" in name else f"dfc-b:{name}": f"dfc-b:{one}"
        if name == "@type" and ":" not in one
        else named(one)
        for name, one in value.items()
    }


def told(reading: Reading) -> list[tuple[str, str, str]]:
    """Faults by code, property and what was found."""
    return [(fault.code, fault.property_, fault.found) for fault in reading.faults]


def line(**values: Any) -> dict[str, Any]:
    """An order line."""
    return {"@id": f"{A}lines/1", "@type": "OrderLine", **values}
