"""Orders as the OpenAPI document of /api/dfc shows them."""

from __future__ import annotations

from typing import Any, Final

_JEAN: Final = "https://coster.example/api/dfc/Enterprises/0d4ff3a4-6a2c-4d6f-8c39-3f3c6e3f1a01"
_HUB: Final = "https://hub.example/api/dfc/Enterprises/7"
_ITEM: Final = "5b1f4f3e-9d39-4a3e-9b56-0a52c5a7a001"
_CONTEXT: Final = (
    "https://www.datafoodconsortium.org/wp-content/plugins/wordpress-context-jsonld/context_1.16.0.jsonld"
)

WANTED: Final[dict[str, Any]] = {
    "@context": _CONTEXT,
    "@graph": [
        {
            "@id": f"{_JEAN}/Orders/#", "@type": "dfc-b:Order", "dfc-b:orderedBy": _HUB, "dfc-b:soldBy": _JEAN,
            "dfc-b:belongsTo": f"{_HUB}/SaleSessions/31", "dfc-b:hasOrderStatus": "dfc-v:Held",
            "dfc-b:hasPart": f"{_JEAN}/Orders/#/orderLines/1",
        },
        {
            "@id": f"{_JEAN}/Orders/#/orderLines/1", "@type": "dfc-b:OrderLine", "dfc-b:quantity": "6",
            "dfc-b:concerns": f"{_JEAN}/Offers/{_ITEM}",
        },
        {
            "@id": f"{_HUB}/SaleSessions/31", "@type": "dfc-b:SaleSession", "dfc-b:beginDate": "2026-11-23T06:00:00+01:00",
            "dfc-b:endDate": "2026-11-27T18:00:00+01:00",
        },
        {"@id": _HUB, "@type": "dfc-b:Enterprise", "dfc-b:name": "Hub A"},
    ],
}  # fmt: skip
_ORDER: Final = f"{_JEAN}/Orders/2f8d9a5e-0a55-5a1c-9a4e-6f3f5f1f2b01"
ORDER: Final[dict[str, Any]] = {
    "@context": _CONTEXT,
    "@graph": [
        {
            "@id": _ORDER, "@type": "dfc-b:Order", "dfc-b:orderNumber": "7K3F9QW2ZD", "dfc-b:hasOrderStatus": "dfc-v:Held",
            "dfc-b:hasFulfilmentStatus": "dfc-v:Held", "dfc-b:hasPaymentStatus": "dfc-v:Unpaid",
            "dfc-b:belongsTo": f"{_HUB}/SaleSessions/31", "dfc-b:orderedBy": _HUB, "dfc-b:soldBy": _JEAN,
            "dfc-b:hasPart": f"{_ORDER}/orderLines/{_ITEM}",
        },
        {
            "@id": f"{_ORDER}/orderLines/{_ITEM}", "@type": "dfc-b:OrderLine", "dfc-b:partOf": _ORDER,
            "dfc-b:concerns": f"{_JEAN}/Offers/{_ITEM}", "dfc-b:quantity": "6",
            "dfc-b:hasPrice": {"@type": "dfc-b:Price", "dfc-b:value": "2.4", "dfc-b:hasUnit": "dfc-m:Euro"},
        },
    ],
}  # fmt: skip
LINE: Final[dict[str, Any]] = {
    "@context": _CONTEXT, "@id": f"{_ORDER}/orderLines/#", "@type": "dfc-b:OrderLine", "dfc-b:quantity": "2",
    "dfc-b:concerns": f"{_JEAN}/Offers/{_ITEM}",
}  # fmt: skip
SESSION: Final[dict[str, Any]] = {
    "@context": _CONTEXT, "@id": f"{_JEAN}/SaleSessions/#", "@type": "dfc-b:SaleSession",
    "dfc-b:beginDate": "2026-11-23T06:00:00+01:00", "dfc-b:endDate": "2026-11-27T18:00:00+01:00",
}  # fmt: skip
BODIES: Final[dict[str, dict[str, Any]]] = {
    "postDfcOrder": {"six_of_one_thing": WANTED},
    "putDfcOrder": {"six_of_one_thing": WANTED},
    "postDfcOrderLine": {"six": LINE},
    "putDfcOrderLine": {"six": LINE},
    "postDfcSaleSession": {"a_week": SESSION},
    "putDfcSaleSession": {"later": SESSION},
}
"""What is sent, by operation and name."""
