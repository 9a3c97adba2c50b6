"""What is taken back of orders: once, for good, told the same to whoever asks again; and after the session's end when people say so."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from typing import Any

import httpx2

from coster.cli import verify
from tests.edges.links.test_checkout import ended, status_of
from tests.edges.links.test_queue import the_link, until, wish
from tests.edges.links.town import Market
from tests.edges.scene import V1


async def broken(market: Market) -> list[str]:
    """The promises of which `coster verify` finds one broken; suppliers were put here by hand, so nobody was told of them."""
    now = dt.datetime.fromisoformat((await market.api.get(f"{V1}/clock")).json()["now"])
    checked = await verify.count(market.server.database, 1, now)
    return [
        f"{one.name}: {one.example}"
        for one in checked
        if one.broken and not one.example.startswith("supplier ")
    ]


async def change(market: Market, order: str, kilos: str, key: str) -> httpx2.Response:
    """An order of one line comes to another quantity."""
    body = {"name": "change", "attributes": {"lines": [{"line": 1, "quantity": kilos}]}}
    return await market.api.post(f"{V1}/orders/{order}/events", json=body, headers={"Idempotency-Key": key})


async def test_two_changes_that_are_taken_back_together_are_both_told_so_again(market: Market) -> None:
    """One undoing covers both; each repeat is answered as the first was, and what was confirmed before stays a yes."""
    order = (await market.place(carrots="4")).json()["id"]
    first = await change(market, order, "5", f"{order} to 5")
    market.supplier("carrots").take("carrots", 5_000)
    market.elsewhere.gate.clear()
    waiting = []
    for kilos in ("6", "7"):
        waiting.append(asyncio.create_task(change(market, order, kilos, f"{order} to {kilos}")))
        await asyncio.sleep(0.2)
    market.elsewhere.gate.set()
    answers = [first, *await asyncio.gather(*waiting)]
    again = [await change(market, order, kilos, f"{order} to {kilos}") for kilos in ("5", "6", "7")]
    assert [one.status_code for one in answers] == [one.status_code for one in again] == [200, 409, 409]
    assert [line["quantity"] for line in (await market.order(order))["lines"]] == ["5"]


async def test_what_somebody_began_to_take_back_and_died_over_is_ended_by_who_asks_again(
    market: Market,
) -> None:
    """He was perhaps told no by the one who died: so it is a no, and nothing is held."""
    key = {"Idempotency-Key": f"began {market.hub}"}
    market.count = 0
    order = (await market.place(headers=key, carrots="4")).json()["id"]
    link = await the_link(market)
    await market.run(BEGUN, uuid.UUID(order), uuid.UUID(link["id"]), link["version"])
    market.count = 0
    answer = await market.place(headers=key, carrots="4")
    assert (answer.status_code, answer.json()["cause"]) == (503, "supplier_silent"), answer.text
    await market.quiet()
    assert ((await market.order(order))["status"], market.total("carrots")) == ("cancelled", 0)


def less(market: Market, left: int) -> None:
    """The supplier has less than it had said, and its own order comes down to that."""
    supplier = market.supplier("carrots")
    [there] = supplier.orders.values()
    [name] = there.lines
    supplier.stock[name] = there.lines[name] = left


async def test_a_shortage_after_a_yes_ends_when_people_accept_it(market: Market) -> None:
    """Complete here and less there: who came last loses, everybody is told, both sides have the same, and every sum is right."""
    orders = [await held_and_paid(market, amount) for amount in ("4", "5")]
    # The supplier hears of the end when it has no longer what it had said yes to.
    market.elsewhere.gate.clear()
    await ended(market)
    less(market, 6_000)
    market.elsewhere.gate.set()
    link = await until(market, standing="refused")
    assert await status_of(market, "carrots") == "Complete"
    assert await wish(market, link, name="settle", how="accept", reason="The barn was wet.") == 200
    link = await until(market, standing="done", behind=False)
    [there] = market.supplier("carrots").orders.values()
    assert (there.standing, list(there.lines.values()), link["confirmed_lines"][0]["quantity"]) == (
        "complete",
        [6_000],
        "6",
    )
    lines = [(await market.order(one))["lines"][0] for one in orders]
    assert [(line["quantity"], line["fulfilment"]) for line in lines] == [
        ("4", lines[0]["fulfilment"]),
        ("2", "short"),
    ]
    assert "the producer has 3 kg fewer than promised" in lines[1]["note"]
    assert await told(market, "held_order.shorted", link["id"]) == 1
    assert await told(market, "order.shorted", orders[1]) == 1
    assert await broken(market) == []


async def test_nothing_left_after_a_yes_ends_the_held_order(market: Market) -> None:
    """It is cancelled on both sides, and nothing is owed."""
    order = await held_and_paid(market, "4")
    market.elsewhere.gate.clear()
    await ended(market)
    less(market, 0)
    market.elsewhere.gate.set()
    link = await until(market, standing="refused")
    await wish(market, link, name="settle", how="accept", reason="Frost.")
    await until(market, standing="done", behind=False)
    assert (await status_of(market, "carrots"), (await market.order(order))["total"]) == ("Cancelled", "0.00")
    assert [one.standing for one in market.supplier("carrots").orders.values()] == ["cancelled"]
    assert await broken(market) == []


async def test_a_link_that_was_opened_again_by_whoever_died_is_done_again(market: Market) -> None:
    """Everything is complete on both sides, and only the link does not know: it is looked at, and comes to rest."""
    await held_and_paid(market, "4")
    await ended(market)
    link = await until(market, standing="done", behind=False)
    asked = len(market.elsewhere.asks)
    await market.run("UPDATE link SET state = 'open' WHERE held_order_id = $1", uuid.UUID(link["id"]))
    await until(market, standing="done")
    assert len(market.elsewhere.asks) == asked


async def held_and_paid(market: Market, kilos: str) -> str:
    """An order that the supplier has said yes to."""
    order: str = (await market.place(carrots=kilos)).json()["id"]
    await market.drive(order, "complete_checkout", payment="captured")
    return order


async def told(market: Market, name: str, entity: str) -> int:
    """How many events of this name there are about it."""
    found: list[Any] = (await market.api.get(f"{V1}/events", params={"name": name, "limit": 200})).json()[
        "items"
    ]
    return sum(event["entity_id"] == entity for event in found)


BEGUN = """INSERT INTO link_refusal (org_id, order_id, held_order_id, version, at, code, remaining, order_version, step, commands, done)
    SELECT 1, o.id, $2, $3, now(), 'supplier_silent', '[]', o.version,
           json_build_object('version', o.version, 'running', o.expires_at IS NOT NULL, 'whole', true, 'lines', '{}'::json),
           (SELECT array_agg(e.command_id) FROM ledger AS e WHERE e.org_id = 1 AND e.demand_id = o.id), false
    FROM orders AS o WHERE o.org_id = 1 AND o.id = $1"""
