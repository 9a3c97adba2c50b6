"""Releasing an order in parts over HTTP: the same by its event and by an address of its own; refused with reasons; told as a story."""

from __future__ import annotations

import pytest

from tests.edges.conftest import Server, Start
from tests.edges.scene import V1, made
from tests.edges.test_b2b import Trade
from tests.edges.test_b2b import trade as trade


@pytest.fixture(scope="module")
async def server(start: Start) -> Server:
    """A server for all tests here."""
    return await start()


async def approved(trade: Trade) -> str:
    """The order of 600 kilos is confirmed; its address for releases."""
    await trade.send(trade.buyer, "submit")
    assert (await trade.send(trade.boss, "approve")).json()["status"] == "complete"
    return f"{V1}/orders/{trade.order['id']}/releases"


async def test_so_much_of_a_line_goes(trade: Trade) -> None:
    """By the address; a key without the button's role may not; the rest goes by the event; the timeline tells both."""
    path = await approved(trade)
    part = {"lines": [{"line": 1, "quantity": "599.5"}]}
    refused = await trade.buyer.post(path, json=part)
    assert (refused.status_code, refused.json()["code"]) == (403, "role_needed")
    seen = await trade.seen()
    version = {"If-Match": f'"{seen["version"] - 1}"'}
    assert (await trade.boss.post(path, json=part, headers=version)).json()["code"] == "version_conflict"
    done = (await trade.boss.post(path, json=part)).json()
    assert (done["status"], [one["quantity"] for one in done["lines"]]) == ("complete", ["599.5", "0.5"])
    seen = await trade.seen()
    assert (seen["letter"], seen["views"]["name"], [one["letter"] for one in seen["lines"]]) == (
        "C", "part_released", ["R", "C"])  # fmt: skip
    assert (seen["total"], {"cancel_rest", "release_part"} <= await trade.actions(trade.boss)) == (
        "1200.00",
        True,
    )
    assert (await trade.send(trade.boss, "release_part", line=2)).json()["status"] == "released"
    story = (await trade.boss.get(f"{V1}/orders/{trade.order['id']}/timeline")).json()
    assert [one["what"] for one in story["entries"] if one["event"] == "order.part_released"] == [
        "Released in part (line 1)",
        "Released in part; The last of it is released (line 2)",
    ]


async def test_what_cannot_go_says_why(trade: Trade) -> None:
    """Each with a code of its own."""
    path = await approved(trade)
    for body, status, code in (
        ({"lines": [{"line": 9}]}, 404, "line_unknown"),
        ({"lines": [{"line": 1, "quantity": "601"}]}, 422, "quantity_above_line"),
        ({"lines": [{"line": 1, "quantity": "0"}]}, 422, "body_invalid"),
        ({"lines": [{"line": 1}, {"line": 1}]}, 422, "not_valid"),
        ({"location_id": trade.item}, 409, "nothing_to_release"),
    ):
        answer = await trade.boss.post(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    await trade.send(trade.boss, "block", reason="customer_hold")
    assert (await trade.boss.post(path, json={})).json()["reason"] == "guard_false"
    await trade.send(trade.boss, "unblock", reason="customer_hold")
    assert (await trade.boss.post(path, json={})).json()["status"] == "released"
    assert (await trade.boss.post(path, json={})).json()["code"] == "order_status"


async def test_an_order_whose_flow_knows_no_parts(trade: Trade) -> None:
    """Is told so, with what is possible."""
    lines = [{"item_id": trade.item, "quantity": "1"}]
    plain = {"seller_id": trade.hub, "channel": "web", "reference": "plain", "lines": lines}
    order = await made(trade.buyer, "/orders", plain)
    refused = (await trade.boss.post(f"{V1}/orders/{order['id']}/releases", json={})).json()
    assert (refused["code"], "cancel" in refused["possible"]) == ("order_status", True)


async def test_lines_for_a_later_day(trade: Trade) -> None:
    """The order's day is that of all lines that name none; the seller says how far ahead goods are taken."""
    path = f"{V1}/enterprises/{trade.hub}"
    known = (await trade.server.owner.get(path)).json()
    assert known["hold_days_ahead"] is None
    headers = {"If-Match": f'"{known["version"]}"'}
    await trade.server.owner.patch(path, json={"hold_days_ahead": 3}, headers=headers)
    line = {"item_id": trade.item, "quantity": "1"}
    order = await made(trade.buyer, "/orders", {
        "seller_id": trade.hub, "channel": "web", "reference": "later", "type": "b2b", "ship_on": "2026-12-24",
        "lines": [line, {**line, "ship_on": "2026-11-24"}],
    })  # fmt: skip
    sent = (await trade.buyer.post(f"{V1}/orders/{order['id']}/events", json={"name": "submit"})).json()
    assert (sent["status"], [one["stock"] for one in sent["lines"]]) == ("future", ["future", "held"])
    assert sent["lines"][0]["holds_from"] == "2026-12-21T00:00:00Z"
    seen = (await trade.buyer.get(f"{V1}/orders/{order['id']}")).json()
    assert [one["ship_on"] for one in seen["lines"]] == ["2026-12-24", "2026-11-24"]
    assert seen["lines"][1]["holds_from"] is None
