"""Approval on a cost centre over HTTP: who sees what waits, who decides, and many decisions at once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from tests.edges.conftest import Server, Start
from tests.edges.scene import V1, made


@dataclass
class Trade:
    """A hub with jam at 2.00, an enterprise that buys there on a cost centre, its buyer, and two who approve."""

    server: Server
    hub: str
    item: str
    centre: str
    shop: httpx2.AsyncClient
    lead: httpx2.AsyncClient
    head: httpx2.AsyncClient

    async def waiting(self, reference: str, quantity: int) -> dict[str, Any]:
        """An order that was sent in."""
        wanted = {"seller_id": self.hub, "channel": "desk", "reference": reference, "type": "b2b",
                  "cost_centre_id": self.centre, "lines": [{"item_id": self.item, "quantity": str(quantity)}]}  # fmt: skip
        order = await made(self.shop, "/orders", wanted)
        return await self.send(self.shop, order["id"], "submit")

    @staticmethod
    async def send(who: httpx2.AsyncClient, order: str, name: str) -> dict[str, Any]:
        """An event of somebody for an order."""
        return dict(
            (await who.post(f"{V1}/orders/{order}/events", json={"name": name, "attributes": {}})).json()
        )

    async def decide(
        self, who: httpx2.AsyncClient, *rows: dict[str, Any], **headers: str
    ) -> list[dict[str, Any]]:
        """Many decisions; what became of each, and the sums."""
        file = "".join(json.dumps(row) + "\n" for row in rows)
        given = {"Content-Type": "application/x-ndjson", **headers}
        answered = await who.post(f"{V1}/approvals:batch", content=file, headers=given)
        return [json.loads(one) for one in answered.text.splitlines()]


async def approver(server: Server, buyer: str) -> tuple[str, httpx2.AsyncClient]:
    """A key that may approve for an enterprise and nothing else."""
    key = await made(
        server.owner, "/keys", {"name": "lead", "grants": [{"role": "approver", "enterprise_id": buyer}]}
    )
    return key["id"], server.client(key["token"])


@pytest.fixture(scope="module")
async def trade(start: Start) -> Trade:
    """One for all tests here; each has orders of its own."""
    server = await start()
    euro = {"kinds": ["hub"], "currency": "EUR"}
    hub = (await made(server.owner, "/enterprises", {"name": "Hub", **euro}))["id"]
    buyer = (await made(server.owner, "/enterprises", {"name": "School", **euro}))["id"]
    jam = {"owner_id": hub, "sku": "JAM", "name": "Jam", "stock_unit": "kg", "price": "2.00"}
    item = (await made(server.owner, "/items", jam))["id"]
    place = (await made(server.owner, "/locations", {"enterprise_id": hub, "name": "Cellar"}))["id"]
    stock = {"kind": "count", "item_id": item, "location_id": place, "quantity": "9000"}
    await made(server.owner, "/stock-movements", stock)
    (lead_id, lead), (head_id, head) = await approver(server, buyer), await approver(server, buyer)
    levels = [{"from_total": "100", "approvers": [lead_id]}, {"from_total": "500", "approvers": [head_id]}]
    wanted = {"enterprise_id": buyer, "name": "Kitchen", "levels": levels, "sellers": [hub]}
    centre = (await made(server.owner, "/cost-centres", wanted))["id"]
    return Trade(server, hub, item, centre, await server.key("shop", hub), lead, head)


async def _listed(who: httpx2.AsyncClient) -> dict[str, dict[str, Any]]:
    return {one["reference"]: one for one in (await who.get(f"{V1}/approvals")).json()["items"]}


async def test_waits_for_one_after_the_other(trade: Trade) -> None:
    """Each sees the order while it is their turn, and nothing else of the shop; nobody else sees it waiting."""
    order = await trade.waiting("two levels", 300)
    assert order["status"] == "waiting"
    seen = (await _listed(trade.lead))["two levels"]
    assert (seen["total"], seen["level"], seen["levels"], seen["cost_centre_id"]) == (
        "600.00",
        1,
        2,
        trade.centre,
    )
    assert [(one["quantity"], one["total"]) for one in seen["lines"]] == [("300", "600.00")]
    assert "two levels" not in await _listed(trade.head)
    assert (await trade.lead.get(f"{V1}/orders/{order['id']}")).status_code == 403
    assert (await trade.shop.get(f"{V1}/approvals")).status_code == 403
    row = {"order_id": order["id"], "version": seen["version"], "decision": "approve"}
    [done, _] = await trade.decide(trade.lead, row)
    assert (done["status"], done["value"]["status"]) == ("accepted", "waiting")
    assert "two levels" not in await _listed(trade.lead)
    last = (await _listed(trade.head))["two levels"]
    [done, _] = await trade.decide(trade.head, {**row, "version": last["version"]})
    assert done["value"]["status"] == "complete"


async def test_many_at_once_each_with_its_result(trade: Trade) -> None:
    """As one by one: what cannot be decided is refused for itself, and keeps none of the others back; a repeat takes effect once."""
    first, second, third = [await trade.waiting(f"bulk {n}", 60) for n in range(3)]
    small = await trade.waiting("bulk small", 1)
    rows = [
        {"order_id": first["id"], "version": first["version"], "decision": "approve"},
        {"order_id": second["id"], "version": second["version"] - 1, "decision": "approve"},
        {"order_id": third["id"], "version": third["version"], "decision": "deny", "reason": "Too dear."},
        {"order_id": small["id"], "version": small["version"], "decision": "approve"},
        {"order_id": trade.centre, "version": 1, "decision": "approve"},
        {"order_id": first["id"], "version": 1, "decision": "burn"},
    ]
    answered = await trade.decide(trade.lead, *rows)
    came = [one["problem"]["code"] if "problem" in one else one["value"]["status"] for one in answered[:-1]]
    assert came == [
        "complete",
        "version_conflict",
        "denied",
        "order_unknown",
        "order_unknown",
        "body_invalid",
    ]
    assert answered[-1] == {"done": True, "rows": 6, "accepted": 2, "rejected": 4}
    again = await trade.decide(trade.lead, rows[0])
    assert (again[0]["status"], again[0]["repeated"]) == ("accepted", True)
    remarks = (await trade.shop.get(f"{V1}/orders/{third['id']}/comments")).json()["items"]
    assert [one["text"] for one in remarks] == ["Too dear."]


async def test_as_csv_and_tried(trade: Trade) -> None:
    """A table does as well; tried, nothing is decided."""
    order = await trade.waiting("table", 60)
    table = f"order_id,version,decision,reason\n{order['id']},{order['version']},approve,\n"
    csv = {"Content-Type": "text/csv"}
    tried = await trade.lead.post(f"{V1}/approvals:batch?dry_run=true", content=table, headers=csv)
    assert json.loads(tried.text.splitlines()[-1])["accepted"] == 1
    assert "table" in await _listed(trade.lead)
    await trade.lead.post(f"{V1}/approvals:batch", content=table, headers=csv)
    assert "table" not in await _listed(trade.lead)


async def test_sellers_see_little_of_a_centre(trade: Trade) -> None:
    """The shop may name it and sees neither who approves from when on, nor where else it is named; it cannot change it."""
    path = f"{V1}/cost-centres/{trade.centre}"
    seen = await trade.shop.get(path)
    assert (seen.json()["name"], seen.json()["levels"], seen.json()["sellers"]) == ("Kitchen", None, None)
    whole = await trade.server.owner.get(path)
    assert [one["from_total"] for one in whole.json()["levels"]] == ["100.00", "500.00"]
    hub = await trade.server.key("hub", trade.hub)
    refused = await hub.patch(path, json={"active": False}, headers={"If-Match": seen.headers["etag"]})
    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")


async def test_a_key_that_is_revoked_decides_no_more(trade: Trade) -> None:
    """Whoever loses the role sees nothing and decides nothing, although the centre names them still; the centre can be mended."""
    key = (await trade.server.owner.get(f"{V1}/cost-centres/{trade.centre}")).json()["levels"][0][
        "approvers"
    ][0]
    buyer = (await trade.server.owner.get(f"{V1}/cost-centres/{trade.centre}")).json()["enterprise_id"]
    other_id, other = await approver(trade.server, buyer)
    order = await trade.waiting("revoked", 60)
    await trade.server.owner.delete(f"{V1}/keys/{key}")
    assert (await trade.lead.get(f"{V1}/approvals")).status_code == 401
    path = f"{V1}/cost-centres/{trade.centre}"
    tag = (await trade.server.owner.get(path)).headers["etag"]
    levels = {"levels": [{"from_total": "100", "approvers": [key]}]}
    refused = await trade.server.owner.patch(path, json=levels, headers={"If-Match": tag})
    assert refused.json()["code"] == "approver_unknown"
    levels["levels"][0]["approvers"] = [other_id]
    assert (await trade.server.owner.patch(path, json=levels, headers={"If-Match": tag})).status_code == 200
    row = {"order_id": order["id"], "version": order["version"], "decision": "approve"}
    assert (await trade.decide(other, row))[0]["problem"]["code"] == "order_unknown"
