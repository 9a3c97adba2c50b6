"""Orders as another platform writes them, by hand: what is measured and tried here shall not be written by what is to read it.

Source: what connectors and platforms really send (an order, its lines, the offers that they are about, the session), JSON-LD with the
context of 1.16.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

CONTEXT: Final = "https://www.datafoodconsortium.org"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Who orders what for when: the addresses of the shop's enterprise, of the order (or what stands for it), the hub and its session."""

    shop: str
    order: str
    hub: str
    session: str
    status: str = "Held"


def order(head: Head, lines: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """A held order with (item id, quantity) as lines."""
    shop, id_, session = head.shop, head.order, head.session
    nodes: list[dict[str, Any]] = []
    numbers = []
    for number, (item, quantity) in enumerate(lines, 1):
        line, offer = f"{id_}/OrderLines/{number}", f"{shop}/Offers/{item}"
        numbers.append(line)
        nodes += [
            {"@id": line, "@type": "dfc-b:OrderLine", "dfc-b:partOf": id_, "dfc-b:quantity": quantity, "dfc-b:concerns": offer},
            {"@id": offer, "@type": "dfc-b:Offer", "dfc-b:offeredItem": f"{shop}/SuppliedProducts/{item}"},
        ]  # fmt: skip
    first = {
        "@id": id_,
        "@type": "dfc-b:Order",
        "dfc-b:belongsTo": session,
        "dfc-b:orderedBy": head.hub,
        "dfc-b:soldBy": shop,
        "dfc-b:hasPart": numbers,
        "dfc-b:hasOrderStatus": f"dfc-v:{head.status}",
    }
    window = {
        "@id": session,
        "@type": "dfc-b:SaleSession",
        "dfc-b:beginDate": "2026-11-23T06:00:00+01:00",
        "dfc-b:endDate": "2036-11-27T18:00:00+01:00",
    }
    return {"@context": CONTEXT, "@graph": [first, *nodes, window]}
