"""What people see of links, and what they can do about those that do not go on by themselves."""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import Any

from tests.edges.links.town import Market
from tests.edges.scene import V1, made


async def the_link(market: Market) -> dict[str, Any]:
    """The only link of the market's hub."""
    found = (await market.api.get(f"{V1}/links", params={"limit": 200})).json()["items"]
    [mine] = [link for link in found if link["hub_id"] == market.hub]
    return dict(mine)


async def until(market: Market, **wanted: Any) -> dict[str, Any]:
    """The link, once it is so."""
    for _ in range(200):
        link = await the_link(market)
        if all(link[name] == value for name, value in wanted.items()):
            return link
        await asyncio.sleep(0.02)
    raise AssertionError((wanted, link))


async def wish(market: Market, link: dict[str, Any], **event: str) -> int:
    """Sends an event to a link."""
    return (await market.api.post(f"{V1}/links/{link['id']}/events", json=event)).status_code


async def test_a_link_says_what_the_supplier_holds(market: Market) -> None:
    """Version by version, in the supplier's own lines."""
    order = (await market.place(carrots="2.5")).json()
    link = await the_link(market)
    assert (link["standing"], link["behind"], link["confirmed_lines"][0]["quantity"]) == (
        "confirmed",
        False,
        "2.5",
    )
    seen = (await market.api.get(f"{V1}/orders/{order['id']}/suppliers")).json()["items"]
    assert [(one["producer"], one["confirmed"], one["held_order_id"]) for one in seen] == [
        ("Carrots", True, link["id"])
    ]


async def test_nothing_of_the_queue_is_about_a_shopper(market: Market) -> None:
    """Neither the order nor its reference nor anything that follows from them, with one shopper only."""
    order = (await market.place(carrots="2.5")).json()
    told = json.dumps(await the_link(market))
    assert order["id"] not in told
    assert order["number"] not in told


async def test_what_a_restored_supplier_lost_is_put_right_when_somebody_asks(market: Market) -> None:
    """Compare, find it gone, and say it again."""
    backup = market.supplier("carrots").backup()
    await market.place(carrots="2")
    market.supplier("carrots").restore(backup)
    assert await wish(market, await the_link(market), name="reconcile") == 200
    link = await until(market, drifts=1, behind=False)
    assert (market.total("carrots"), link["standing"]) == (2_000, "confirmed")


async def test_a_broken_promise_waits_for_people_and_is_settled_by_them(market: Market) -> None:
    """Who came last gives back when somebody accepts it, with a reason."""
    backup = market.supplier("carrots").backup()
    first = (await market.place(carrots="4")).json()["id"]
    second = (await market.place(carrots="5")).json()["id"]
    market.supplier("carrots").restore(backup)
    market.supplier("carrots").take("carrots", 5_000)
    await wish(market, await the_link(market), name="reconcile")
    link = await until(market, standing="refused")
    assert await wish(market, link, name="settle", how="accept", reason="Agreed by telephone.") == 200
    await until(market, standing="confirmed")
    assert [(await market.order(one))["status"] for one in (first, second)] == ["created", "cancelled"]
    assert market.total("carrots") == 9_000


async def test_there_is_nothing_to_accept_where_nothing_was_refused(market: Market) -> None:
    """And no link of anybody else's can be asked for."""
    await market.place(carrots="4")
    answer = await market.api.post(
        f"{V1}/links/{(await the_link(market))['id']}/events", json={"name": "settle", "reason": "x"}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "link_not_refused")
    missing = await market.api.post(f"{V1}/links/{market.hub}/events", json={"name": "retry"})
    assert (missing.status_code, missing.json()["code"]) == (404, "link_unknown")


async def test_who_runs_another_hub_sees_nothing(market: Market) -> None:
    """Links are their hub's."""
    await market.place(carrots="4")
    other = await market.server.key("hub", str(market.producers["leeks"]))
    assert (await other.get(f"{V1}/links")).json()["items"] == []
    assert (await other.get(f"{V1}/links/{(await the_link(market))['id']}")).status_code == 404


async def test_a_link_that_may_not_is_reported_and_goes_on_when_somebody_says_so(market: Market) -> None:
    """A 403 is a matter for people; the shopper is told at once."""
    market.supplier("carrots").faults = ["forbidden"]
    answer = await market.place(carrots="4")
    assert (answer.status_code, answer.json()["cause"]) == (503, "supplier_away")
    link = await until(market, standing="blocked")
    named = {"name": "link.blocked", "limit": 200}
    found = (await market.api.get(f"{V1}/events", params=named)).json()["items"]
    assert link["id"] in {event["entity_id"] for event in found}
    assert await wish(market, link, name="retry") == 200
    await until(market, standing="confirmed")


async def test_rows_of_a_file_wait_too(market: Market) -> None:
    """Each row is answered with what its supplier said."""
    market.supplier("carrots").take("carrots", 7_000)
    rows = [
        {
            "seller_id": market.hub, "channel": "file", "reference": f"{market.hub} {number}", "session_id": market.session,
            "lines": [{"item_id": market.items["carrots"], "quantity": "2"}],
        }
        for number in range(2)
    ]  # fmt: skip
    body = "\n".join(json.dumps(row) for row in rows)
    answer = await market.api.post(
        f"{V1}/orders:batch", content=body, headers={"Content-Type": "application/x-ndjson"}
    )
    told = [json.loads(line) for line in answer.text.splitlines()]
    assert [(row.get("status"), (row.get("problem") or {}).get("code")) for row in told[:2]] == [
        ("accepted", None), ("rejected", "supplier_refused"),
    ]  # fmt: skip
    await market.quiet()
    assert market.total("carrots") == 9_000


async def test_what_cannot_be_confirmed_is_escalated_before_the_session_closes(market: Market) -> None:
    """People are told in time, and again when it is over."""
    await market.place(carrots="1")
    market.supplier("carrots").faults = ["lost"] * 4
    await market.run(
        "UPDATE session SET closes_at = opens_at + interval '30 minutes' WHERE id = $1",
        uuid.UUID(market.session),
    )
    order = await market.place(carrots="1")
    assert order.status_code in (201, 503)
    for _ in range(400):
        found = (
            await market.api.get(f"{V1}/events", params={"name": "link.unconfirmed", "limit": 200})
        ).json()["items"]
        if any(event["data"]["hub_id"] == market.hub for event in found):
            break
        await asyncio.sleep(0.02)
    else:
        raise AssertionError("nobody was told")
    link = await until(market, alarmed_at=None, behind=False)
    assert link["standing"] == "confirmed"


async def test_what_is_done_stays_confirmed_when_the_held_order_goes_on_here(market: Market) -> None:
    """It is complete here and there, and is moved to a new version of its flow: the supplier owes no word to that, and `verify` says so."""
    order = (await market.place(carrots="2.5")).json()["id"]
    await market.drive(order, "complete_checkout", payment="captured")
    await market.over()
    link = await until(market, standing="done")
    flow, why = f"{V1}/flows/wholesale.held", {"reason": "A better word."}
    text = (await market.api.get(f"{flow}/versions/1", headers={"Accept": "application/yaml"})).text
    text = text.replace("version: 1\n", "version: 2\n").replace("Owed by the producer", "To be handed over")
    assert (await market.api.post(f"{flow}/drafts", json={"text": text, **why})).status_code == 200
    assert (await market.api.post(f"{flow}/versions/2/publish", json=why)).status_code == 200
    moving = {"name": "wholesale.held", "sources": [1], "to_version": 2, **why}
    await made(market.api, "/flow-migrations", moving)
    moved = await until(market, version=link["version"] + 1)
    done = await until(market, confirmed_version=moved["version"])
    assert (done["standing"], done["behind"]) == ("done", False)
