"""A small town over HTTP: Jean's potatoes, a hub that sells them in an open session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx2

V1 = "/api/v1"


@dataclass(frozen=True)
class Scene:
    """Ids of what there is, and the client that made it."""

    api: httpx2.AsyncClient
    hub: str
    producer: str
    item: str
    location: str
    session: str

    def order(self, reference: str, quantity: Any = "2.5", **more: Any) -> dict[str, Any]:
        """The body of an order for potatoes."""
        lines = [{"item_id": self.item, "quantity": quantity}]
        return {
            "seller_id": self.hub,
            "channel": "web",
            "reference": reference,
            "session_id": self.session,
            "lines": lines,
            **more,
        }

    async def place(self, reference: str, quantity: Any = "2.5", **more: Any) -> dict[str, Any]:
        """A placed order."""
        return await made(self.api, "/orders", self.order(reference, quantity, **more))

    async def available(self) -> str:
        """How many kilos can be had."""
        found = await self.api.get(V1 + "/positions", params={"item_id": self.item})
        return str(found.json()["items"][0]["available"])


async def made(api: httpx2.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """What a POST that must succeed answers."""
    answer = await api.post(V1 + path, json=body)
    assert answer.status_code in (200, 201), answer.text
    return dict(answer.json())


async def build(api: httpx2.AsyncClient, *, stock: Any = 1000) -> Scene:
    """Makes it all."""
    hub = await made(api, "/enterprises", {"name": "Hub A", "kinds": ["hub"], "currency": "EUR"})
    jean = await made(api, "/enterprises", {"name": "Jean", "kinds": ["producer"], "currency": "EUR"})
    await made(api, "/relations", {"hub_id": hub["id"], "producer_id": jean["id"]})
    potato = {"owner_id": jean["id"], "sku": "SPUD", "name": "Potato", "stock_unit": "kg", "price": "2.40"}
    item = await made(api, "/items", potato)
    barn = await made(api, "/locations", {"enterprise_id": jean["id"], "name": "Barn"})
    stocked = {"kind": "count", "item_id": item["id"], "location_id": barn["id"], "quantity": stock}
    await made(api, "/stock-movements", stocked)
    week = {
        "coordinator_id": hub["id"],
        "name": "Week 1",
        "opens_at": "2026-11-23T09:00:00Z",
        "closes_at": "2026-11-24T09:00:00Z",
        "hub_ids": [hub["id"]],
        "listings": [{"item_id": item["id"]}],
    }
    session = await made(api, "/sessions", week)
    return Scene(api, hub["id"], jean["id"], item["id"], barn["id"], session["id"])
