"""Everything that an organisation, or one enterprise of it, can have: an object of each kind, with texts of its own."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from typing import Any, Final

import httpx2

from tests.edges import elsewhere
from tests.edges.scene import V1, made

OF_RESOURCE: Final = {
    "orders": "order",
    "cost-centres": "cost_centre",
    "sessions": "session",
    "held-orders": "held_order",
    "positions": "position",
    "locations": "location",
    "items": "item",
    "enterprises": "hub",
    "customers": "customer",
    "keys": "key",
    "platforms": "platform",
    "webhooks": "webhook",
    "flow-migrations": "migration",
    "peers": "peer",
    "suppliers": "supplier",
    "remote-items": "remote_item",
    "matches": "match",
    "links": "link",
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
    "order_id": "order",
    "cost_centre_id": "cost_centre",
    "approvers": "approver",
    "sellers": "hub",
    "entity_id": "order",
    "key_id": "key",
    "peer_id": "peer",
    "supplier_id": "supplier",
}
"""What the id under a name is the id of; `id` in a body is a name for something new."""


@dataclass(frozen=True)
class Estate:
    """The ids by kind, the texts that stand nowhere else, and the IRI of an enterprise elsewhere that could be taken on."""

    ids: dict[str, str]
    mark: str
    iri: str = ""

    def of_path(self, path: str, name: str) -> str:
        """The id for a parameter of a path."""
        return self.ids[OF_NAME[name]] if name in OF_NAME else self.ids[OF_RESOURCE[path.split("/")[3]]]

    def of_name(self, name: str) -> str:
        """The id for a name in a body or a query."""
        return str(uuid.uuid4()) if name == "id" else self.ids[OF_NAME[name]]

    def of_query(self, path: str, name: str) -> str:
        """The id for a parameter of a query: links lead to producers elsewhere, and to no others."""
        elsewhere_ = (path.split("/")[3], name) == ("links", "producer_id")
        return self.ids["supplier"] if elsewhere_ else self.of_name(name)

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
    await _elsewhere(api, mark, ids)
    await _sale(api, mark, ids)
    await _link(api, mark, ids)
    grants = [{"role": "hub", "enterprise_id": ids["hub"]}]
    key = await made(api, "/keys", {"name": f"{mark} desk", "grants": grants})
    ids["key"] = key["id"]
    # A look with that key, which is written down.
    approves = [{"role": "approver", "enterprise_id": ids["hub"]}]
    ids["approver"] = (await made(api, "/keys", {"name": f"{mark} lead", "grants": approves}))["id"]
    levels = [{"from_total": "100.00", "approvers": [ids["approver"]]}]
    centre = {"enterprise_id": ids["hub"], "name": f"{mark} kitchen", "levels": levels}
    ids["cost_centre"] = (await made(api, "/cost-centres", centre))["id"]
    looks = {"Authorization": f"Bearer {key['token']}"}
    assert (await api.get(f"{V1}/customers/{ids['customer']}", headers=looks)).status_code == 200
    client = {"issuer": "https://login.example", "kind": "client", "value": mark}
    told = {"name": f"{mark} platform", "identities": [client]}
    ids["platform"] = (await made(api, "/platforms", told))["id"]
    # It waits for what never happens, so that nothing is ever sent.
    hook = {"url": f"https://93.184.215.14/{mark}", "names": ["never.told"], "enterprise_id": ids["hub"]}
    ids["webhook"] = (await made(api, "/webhooks", hook))["id"]
    ids["migration"] = await _move(api, mark)
    return Estate(ids, mark, await elsewhere.another(mark))


async def _elsewhere(api: httpx2.AsyncClient, mark: str, ids: dict[str, str]) -> None:
    """A producer on another platform, with a product that is sold here and one that might be an item of ours."""
    farm = await elsewhere.place(mark)
    wanted = {"hub_id": ids["hub"], "name": f"{mark} platform", "url": farm, "secret": elsewhere.TOKEN}
    ids["peer"] = (await made(api, "/peers", wanted))["id"]
    found = await made(api, f"/peers/{ids['peer']}/discoveries", {})
    stands = {"name": f"{mark} counterpart", "kinds": ["producer"], "currency": "EUR"}
    ids["supplier"] = (await made(api, "/enterprises", stands))["id"]
    plums = {"owner_id": ids["supplier"], "sku": f"{mark}-PLUM", "name": f"{mark} plums"}
    ids["plums"] = (await made(api, "/items", plums))["id"]
    terms = {
        "peer_id": ids["peer"],
        "enterprise_iri": found["enterprises"][0]["iri"],
        "producer_id": ids["supplier"],
    }
    await made(api, "/suppliers", terms)
    await made(api, f"/suppliers/{ids['supplier']}/refreshes", {})
    products = (await api.get(V1 + "/remote-items", params={"supplier_id": ids["supplier"]})).json()["items"]
    by_status = {product["status"]: product["id"] for product in products}
    ids["remote_item"], ids["match"] = by_status["linked"], by_status["proposed"]
    [ids["pears"]] = [product["item_id"] for product in products if product["item_id"]]


async def _link(api: httpx2.AsyncClient, mark: str, ids: dict[str, str]) -> None:
    """Pears that are ordered here, and held there."""
    order = {
        "seller_id": ids["hub"],
        "channel": f"{mark} web",
        "reference": f"{mark} pears",
        "session_id": ids["session"],
    }
    await made(api, "/orders", {**order, "lines": [{"item_id": ids["pears"], "quantity": "2"}]})
    [link] = (await api.get(V1 + "/links", params={"producer_id": ids["supplier"]})).json()["items"]
    ids["link"] = link["id"]


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
        "listings": [{"item_id": ids["item"]}, {"item_id": ids["pears"]}],
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
