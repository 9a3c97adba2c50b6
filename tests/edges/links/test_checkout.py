"""Checkouts at a hub whose producers are elsewhere: answered when the suppliers have answered."""

from __future__ import annotations

import asyncio
import datetime as dt

from tests.edges.links.town import Market
from tests.edges.scene import V1


async def test_a_checkout_is_answered_when_the_supplier_holds_it(market: Market) -> None:
    """What the shopper is told yes to is held there at that moment."""
    answer = await market.place(carrots="2.5")
    assert (answer.status_code, market.total("carrots")) == (201, 2_500)


async def test_what_is_not_there_is_refused_with_what_is_left(market: Market) -> None:
    """Nothing of the refused order stays, here or there, and the shopper hears how much he could have."""
    market.supplier("carrots").take("carrots", 9_000)
    refused = await market.place(carrots="2")
    assert (refused.status_code, refused.json().get("code")) == (409, "supplier_refused"), refused.text
    assert refused.json()["lines"] == [{"item_id": market.items["carrots"], "available": "1", "wanted": "2"}]
    await market.quiet()
    assert market.total("carrots") == 9_000
    assert (await market.place(carrots="1")).status_code == 201


async def test_several_suppliers_hold_all_or_nothing(market: Market) -> None:
    """Where one refuses, what the other has taken already is given back at once."""
    refused = await market.place(carrots="1", leeks="6")
    assert refused.status_code == 409
    assert refused.json()["lines"] == [{"item_id": market.items["leeks"], "available": "5", "wanted": "6"}]
    await market.quiet()
    assert (market.total("carrots"), market.total("leeks")) == (0, 0)
    assert (await market.place(carrots="1", leeks="5")).status_code == 201


async def test_what_arrives_meanwhile_goes_with_the_next(market: Market) -> None:
    """One request is in flight; twenty checkouts that come meanwhile are one more."""
    market.elsewhere.seconds = 0.2
    first = asyncio.create_task(market.place(carrots="0.1"))
    await asyncio.sleep(0.1)
    others = [asyncio.create_task(market.place(carrots="0.1")) for _ in range(20)]
    answers = await asyncio.gather(first, *others)
    assert {answer.status_code for answer in answers} == {201}
    assert (len(market.elsewhere.asks) <= 4, market.total("carrots")) == (True, 2_100)


async def test_a_cancelled_order_shrinks_the_remote_one_at_once(market: Market) -> None:
    """Nobody has to wait for the session's end."""
    order = (await market.place(carrots="2")).json()["id"]
    assert (await market.drive(order, "fail_checkout")).status_code == 200
    await market.quiet()
    assert market.total("carrots") == 0


async def test_a_silent_supplier_is_waited_for_no_longer_than_agreed(market: Market) -> None:
    """The order is taken back, the shopper hears so, and what comes late only shrinks."""
    await market.impatient("carrots")
    market.elsewhere.gate.clear()
    answer = await market.place(carrots="2")
    assert (answer.status_code, answer.json()["code"]) == (503, "supplier_silent")
    market.elsewhere.gate.set()
    await market.quiet()
    assert market.total("carrots") == 0


async def test_an_order_that_grows_waits_too_and_keeps_what_it_had_where_it_is_refused(
    market: Market,
) -> None:
    """The change alone is taken back; sent once more under its Idempotency-Key it is refused as before."""
    order = (await market.place(carrots="4")).json()
    market.supplier("carrots").take("carrots", 5_000)
    patch = {"lines": [{"line": 1, "quantity": "6"}]}
    headers = {"If-Match": f'"{order["version"]}"', "Idempotency-Key": f"more {order['id']}"}
    refused = await market.api.patch(f"{V1}/orders/{order['id']}", json=patch, headers=headers)
    assert (refused.status_code, refused.json()["lines"][0]["available"]) == (409, "1")
    again = await market.api.patch(f"{V1}/orders/{order['id']}", json=patch, headers=headers)
    assert (again.status_code, again.json().get("code")) == (409, "supplier_refused"), again.text
    kept = await market.order(order["id"])
    assert (kept["status"], kept["lines"][0]["quantity"]) == ("created", "4")
    await market.quiet()
    assert market.total("carrots") == 9_000


async def test_a_repeat_is_answered_like_the_first(market: Market) -> None:
    """A refusal stays one under its Idempotency-Key, and so does a yes."""
    market.supplier("carrots").take("carrots", 9_000)
    key = {"Idempotency-Key": f"once {market.hub}"}
    body = {
        "seller_id": market.hub, "channel": "web", "reference": f"r {market.hub}", "session_id": market.session,
        "lines": [{"item_id": market.items["carrots"], "quantity": "2"}],
    }  # fmt: skip
    answers = [await market.api.post(V1 + "/orders", json=body, headers=key) for _ in range(2)]
    assert [answer.json()["code"] for answer in answers] == ["supplier_refused"] * 2


async def test_an_optimistic_supplier_is_not_waited_for(market: Market) -> None:
    """By policy the shopper is answered before; a refusal takes the order back afterwards."""
    await market.run(
        "UPDATE supplier SET policy = 'optimistic' WHERE producer_id = $1", market.producers["carrots"]
    )
    market.elsewhere.gate.clear()
    order = await market.place(carrots="11")
    assert order.status_code == 201
    market.elsewhere.gate.set()
    await market.quiet()
    assert (await market.order(order.json()["id"]))["status"] == "cancelled"


async def test_completing_waits_for_what_is_not_confirmed(market: Market) -> None:
    """A checkout is not completed while the supplier has not said yes."""
    order = (await market.place(carrots="2")).json()["id"]
    done = await market.drive(order, "complete_checkout", payment="captured")
    assert (done.status_code, (await market.order(order))["status"]) == (200, "booked")


async def test_the_end_of_the_session_completes_the_remote_order(market: Market) -> None:
    """With the last totals."""
    order = (await market.place(carrots="2")).json()["id"]
    await market.drive(order, "complete_checkout", payment="captured")
    await market.over()
    for _ in range(100):
        [there] = market.supplier("carrots").orders.values()
        if there.standing == "complete":
            break
        await asyncio.sleep(0.05)
    assert (there.standing, list(there.lines.values())) == ("complete", [2_000])


async def status_of(market: Market, goods: str) -> str:
    """What the held order of these goods is here."""
    found = await market.value(
        "SELECT status FROM held_order WHERE producer_id = $1", market.producers[goods]
    )
    return str(found)


async def ended(market: Market) -> None:
    """The session's time is over, and the relay has gone through that."""
    await market.over()
    for _ in range(200):
        if await market.value("SELECT status FROM session WHERE id = $1", market.session) == "ended":
            break
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.3)


async def test_what_no_supplier_has_confirmed_is_completed_when_it_has(market: Market) -> None:
    """The session ends while the supplier says nothing: the held order waits, and is completed on both sides after its yes."""
    await market.run(
        "UPDATE supplier SET policy = 'optimistic' WHERE producer_id = $1", market.producers["carrots"]
    )
    market.elsewhere.gate.clear()
    order = (await market.place(carrots="2")).json()["id"]
    await market.drive(order, "complete_checkout", payment="captured")
    await ended(market)
    assert await status_of(market, "carrots") == "Held"
    market.elsewhere.gate.set()
    for _ in range(200):
        if [one.standing for one in market.supplier("carrots").orders.values()] == ["complete"]:
            break
        await asyncio.sleep(0.05)
    assert (await status_of(market, "carrots"), market.total("carrots")) == ("Complete", 2_000)


async def test_what_a_supplier_refuses_after_the_session_is_taken_back(market: Market) -> None:
    """The no comes when the session is over: the order is cancelled, and nothing of it is completed anywhere."""
    await market.run(
        "UPDATE supplier SET policy = 'optimistic' WHERE producer_id = $1", market.producers["carrots"]
    )
    market.elsewhere.gate.clear()
    order = (await market.place(carrots="11")).json()["id"]
    await market.drive(order, "complete_checkout", payment="captured")
    await ended(market)
    market.elsewhere.gate.set()
    for _ in range(200):
        if (await market.order(order))["status"] == "cancelled":
            break
        await asyncio.sleep(0.05)
    assert ((await market.order(order))["status"], market.total("carrots")) == ("cancelled", 0)
    assert await status_of(market, "carrots") == "Cancelled"


async def test_a_session_that_goes_on_is_told_to_the_producer(market: Market) -> None:
    """Nothing else has changed; the platform there might end the order by itself."""
    await market.place(carrots="4")
    await market.quiet()
    [before] = market.elsewhere.asks
    session = await market.api.get(f"{V1}/sessions/{market.session}")
    later = market.closes + dt.timedelta(days=3)
    moved = await market.api.patch(
        f"{V1}/sessions/{market.session}", json={"closes_at": later.isoformat(), "amend_until": later.isoformat()},
        headers={"If-Match": session.headers["etag"]},
    )  # fmt: skip
    assert moved.status_code == 200, moved.text
    for _ in range(250):
        if len(market.elsewhere.asks) > 1:
            break
        await asyncio.sleep(0.02)
    asked = market.elsewhere.asks[1]
    ends = dt.datetime.fromisoformat(moved.json()["amend_until"])
    assert (asked.lines, asked.standing, asked.session.ends_at) == (before.lines, "held", ends)
    assert before.session.ends_at < ends
