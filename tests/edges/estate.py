"""Everything that an organisation, or one enterprise of it, can have: an object of each kind, with texts of its own."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from typing import Any, Final

import httpx2

from tests.edges.scene import V1, made

OF_RESOURCE: Final = {
    "orders": "order",
    "sessions": "session",
    "held-orders": "held_order",
    "positions": "position",
    "locations": "location",
    "items": "item",
    "enterprises": "hub",
    "customers": "customer",
    "keys": "key",
    "webhooks": "webhook",
    "flow-migrations": "migration",
}
"""What the `{id}` below a resource is the id of."""

OF_NAME: Final = {
    "hub_id": "hub",
    "hub_ids": "hub",
    "seller_id": "hub",
    "coordinator_id": "hub",
    "enterprise_id": "hub",
    "producer_id": "producer",
    "owner_id": "producer",
    "item_id": "item",
    "location_id": "location",
    "from_location_id": "location",
    "to_location_id": "cellar",
    "session_id": "session",
    "customer_id": "customer",
    "entity_id": "order",
    "key_id": "key",
}
"""What the id under a name is the id of; `id` in a body is a name for something new."""


@dataclass(frozen=True)
class Estate:
    """The ids by kind, and the texts that stand nowhere else."""

    ids: dict[str, str]
    mark: str

    def of_path(self, path: str, name: str) -> str:
        """The id for a parameter of a path."""
        return self.ids[OF_NAME[name]] if name in OF_NAME else self.ids[OF_RESOURCE[path.split("/")[3]]]

    def of_name(self, name: str) -> str:
        """The id for a name in a body or a query."""
        return str(uuid.uuid4()) if name == "id" else self.ids[OF_NAME[name]]

    def secrets(self) -> list[str]:
        """What nobody else may read: ids, and the texts."""
        return [*self.ids.values(), self.mark]


async def settle(api: httpx2.AsyncClient, mark: str) -> Estate:
    """Makes it all; every text in it holds the mark."""
    ids: dict[str, str] = {}
    euro = {"currency": "EUR"}
    kinds = ["hub", "producer"]
    ids["hub"] = (await made(api, "/enterprises", {"name": f"{mark} hub", "kinds": kinds, **euro}))["id"]
    farm = {"name": f"{mark} farm", "kinds": ["producer"], **euro}
    ids["producer"] = (await made(api, "/enterprises", farm))["id"]
    ids["relation"] = (await made(api, "/relations", {"hub_id": ids["hub"], "producer_id": ids["producer"]}))[
        "id"
    ]
    await _goods(api, mark, ids)
    await _sale(api, mark, ids)
    grants = [{"role": "hub", "enterprise_id": ids["hub"]}]
    key = await made(api, "/keys", {"name": f"{mark} desk", "grants": grants})
    ids["key"] = key["id"]
    # A look with that key, which is written down.
    looks = {"Authorization": f"Bearer {key['token']}"}
    assert (await api.get(f"{V1}/customers/{ids['customer']}", headers=looks)).status_code == 200
    # It waits for what never happens, so that nothing is ever sent.
    hook = {"url": f"https://93.184.215.14/{mark}", "names": ["never.told"], "enterprise_id": ids["hub"]}
    ids["webhook"] = (await made(api, "/webhooks", hook))["id"]
    ids["migration"] = await _move(api, mark)
    return Estate(ids, mark)


async def _goods(api: httpx2.AsyncClient, mark: str, ids: dict[str, str]) -> None:
    potato = {
        "owner_id": ids["producer"],
        "sku": f"{mark}-SPUD",
        "name": f"{mark} potato",
        "stock_unit": "kg",
        "price": "2.40",
    }
    ids["item"] = (await made(api, "/items", potato))["id"]
    for kind, whose in (("location", "producer"), ("cellar", "producer"), ("shelf", "hub")):
        place = {"enterprise_id": ids[whose], "name": f"{mark} {kind}"}
        ids[kind] = (await made(api, "/locations", place))["id"]
    stocked = {
        "kind": "count",
        "item_id": ids["item"],
        "location_id": ids["location"],
        "quantity": "98765.4",
        "reason": f"{mark} count",
    }
    ids["position"] = (await made(api, "/stock-movements", stocked))["positions"][0]["position_id"]


async def _sale(api: httpx2.AsyncClient, mark: str, ids: dict[str, str]) -> None:
    week = {
        "coordinator_id": ids["hub"],
        "name": f"{mark} week",
        "opens_at": "2026-11-23T09:00:00Z",
        "closes_at": "2026-11-24T09:00:00Z",
        "amend_until": "2026-11-24T12:00:00Z",
        "hub_ids": [ids["hub"]],
        "listings": [{"item_id": ids["item"]}],
    }
    ids["session"] = (await made(api, "/sessions", week))["id"]
    shopper = {"seller_id": ids["hub"], "name": f"{mark} person", "email": f"{mark}@example.org"}
    ids["customer"] = (await made(api, "/customers", shopper))["id"]
    order: dict[str, Any] = {
        "seller_id": ids["hub"],
        "channel": f"{mark} web",
        "reference": f"{mark} 1",
        "session_id": ids["session"],
        "customer_id": ids["customer"],
        "lines": [{"item_id": ids["item"], "quantity": "2.5"}],
    }
    ids["order"] = (await made(api, "/orders", order))["id"]
    await made(api, f"/orders/{ids['order']}/comments", {"text": f"{mark} remark"})
    for _ in range(100):
        held = (await api.get(V1 + "/held-orders", params={"hub_id": ids["hub"]})).json()["items"]
        if held:
            ids["held_order"] = held[0]["id"]
            return
        await asyncio.sleep(0.02)
    raise AssertionError("there is no held order")


async def _move(api: httpx2.AsyncClient, mark: str) -> str:
    """A version of the flow of orders that nobody is on, and a move from it, which is done."""
    flow = V1 + "/flows/order.retail"
    numbers = (await api.get(flow)).json()["versions"]
    text = (await api.get(f"{flow}/versions/1", headers={"Accept": "application/yaml"})).text
    number = numbers[-1] + 1
    text = text.replace("version: 1\n", f"version: {number}\ndescription: {mark} flow\n", 1)
    why = {"reason": f"{mark} reason"}
    await made(api, "/flows/order.retail/drafts", {"text": text, **why})
    await made(api, f"/flows/order.retail/versions/{number}/publish", why)
    body = {"name": "order.retail", "sources": [number], "to_version": 1, **why}
    move = (await made(api, "/flow-migrations", body))["id"]
    for _ in range(200):
        if (await api.get(f"{V1}/flow-migrations/{move}")).json()["state"] == "done":
            return str(move)
        await asyncio.sleep(0.02)
    raise AssertionError("the move is not done")
