"""`coster approvals` over HTTP: what waits is listed, and many orders are decided at once, each with its result."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from coster.cli.output import Exit
from tests.cli.conftest import Inside, Shop
from tests.edges.scene import V1


@pytest.fixture
def desk(shop: Shop, request: pytest.FixtureRequest) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """An approver's environment, and two orders for jam that wait for them."""
    name = request.node.name
    with httpx2.Client(base_url=shop.url + V1, headers={"Authorization": f"Bearer {shop.key}"}) as api:

        def made(path: str, body: dict[str, Any]) -> dict[str, Any]:
            answer = api.post(path, json=body)
            assert answer.status_code in (200, 201), answer.text
            return dict(answer.json())

        hub = shop.scene.hub
        key = made("/keys", {"name": name, "grants": [{"role": "approver", "enterprise_id": hub}]})
        levels = [{"from_total": "0", "approvers": [key["id"]]}]
        centre = made("/cost-centres", {"enterprise_id": hub, "name": name, "levels": levels})["id"]
        jam = {"owner_id": hub, "sku": name, "name": "Jam", "price": "2.00", "tracked": False}
        item = made("/items", jam)["id"]
        orders = []
        for number in range(2):
            wanted = {"seller_id": hub, "channel": name, "reference": str(number), "type": "b2b",
                      "cost_centre_id": centre, "lines": [{"item_id": item, "quantity": "1"}]}  # fmt: skip
            order = made("/orders", wanted)
            orders.append(made(f"/orders/{order['id']}/events", {"name": "submit", "attributes": {}}))
    return {**shop.env, "COSTER_KEY": key["token"]}, orders


def test_listed_and_decided(desk: tuple[dict[str, str], list[dict[str, Any]]], inside: Inside) -> None:
    """By number or id; what waits no longer is told, and all that is left goes at once."""
    env, (first, second) = desk
    waiting = inside("approvals", "list", "--json", env=env).json
    assert {one["number"] for one in waiting} == {first["number"], second["number"]}
    assert "2 orders wait." in inside("approvals", "list", env=env).out
    denied = inside("approvals", "deny", first["number"], "--reason", "Too dear.", "--json", env=env)
    assert (denied.code, [one["came_to"] for one in denied.json]) == (Exit.DONE, ["denied"])
    again = inside("approvals", "approve", first["number"], env=env)
    assert (again.code, again.err) == (
        Exit.REFUSED,
        f"coster: no order {first['number']} waits for your approval; `coster approvals list` shows those that do\n",
    )
    rest = inside("approvals", "approve", "--all", "--json", env=env)
    assert [(one["id"], one["came_to"]) for one in rest.json] == [(second["id"], "complete")]
    assert "0 orders wait." in inside("approvals", "list", env=env).out


def test_refused_for_itself(
    desk: tuple[dict[str, str], list[dict[str, Any]]], inside: Inside, shop: Shop
) -> None:
    """Whoever sent the orders in is told for each why they cannot agree to it; naming none, or all and some, is no wish."""
    env, (first, _) = desk
    with httpx2.Client(base_url=shop.url + V1, headers={"Authorization": f"Bearer {shop.key}"}) as api:
        me = next(
            one["id"]
            for one in api.get("/keys", params={"limit": 200}).json()["items"]
            if one["grants"][0]["role"] == "owner"
        )
        event = {"name": "delegate", "attributes": {"to": me}}
        refused = api.post(f"/orders/{first['id']}/events", json=event)
    assert refused.json()["refusal"] == "approval_of_another"
    for words in ((), (first["id"], "--all")):
        done = inside("approvals", "approve", *words, env=env)
        assert (done.code, done.err) == (Exit.USAGE, "coster: name orders, or give --all\n")
