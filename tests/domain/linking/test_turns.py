"""One hub, one supplier, link by link: what is sent, what is acknowledged, and who gives back."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import uuid
from collections.abc import Iterable

import msgspec

from coster.domain.federation.ports import AcceptedByPeer, Answered, Ask, Found, Seen
from coster.domain.linking.handlers.starting import NoWay
from coster.domain.linking.handlers.turn import Turns
from coster.domain.linking.handlers.waiting import Waiters
from coster.domain.linking.model import Asked, Here, Holding, Link, OrderRefused, StandingOfLink
from coster.domain.linking.rules import undoing
from coster.kernel import ids
from coster.kernel.message import Event
from tests.domain.linking.supplier import Supplier, product
from tests.domain.linking.worlds import CARROTS, NOON, PRODUCER, Hub, loose


async def linked(stock: int = 10_000, **more: bool) -> Hub:
    """A hub with nothing yet."""
    return Hub(Supplier({"carrots": stock}, **more))


async def test_the_first_order_is_held_at_the_supplier() -> None:
    """What a shopper orders is what the supplier holds, as of the held order's version."""
    hub = await linked()
    _, version = hub.place(1, 1_000)
    await hub.settle()
    assert hub.supplier.total("carrots") == 1_000
    assert (hub.link.acked.version, hub.link.state, hub.link.order) == (
        version,
        "open",
        "https://farm.example/Orders/1",
    )


async def test_what_arrives_meanwhile_goes_with_the_next() -> None:
    """Ten orders between two turns are one request, with absolute totals."""
    hub = await linked()
    for number in range(10):
        hub.place(number, 100)
    await hub.settle()
    assert [sum(line.quantity for line in ask.lines) for ask in hub.supplier.asks] == [1_000]


async def test_the_last_is_refused_and_told_what_is_left() -> None:
    """The seed: ten kilos, A holds 6, B asks 3 and 2: B's last hears of one kilo, and nobody else is touched."""
    hub = await linked()
    hub.supplier.take("carrots", 6_000)
    three, _ = hub.place(1, 3_000)
    await hub.settle()
    two, _ = hub.place(2, 2_000)
    await hub.settle()
    assert (list(hub.baskets), hub.supplier.total("carrots")) == ([three], 9_000)
    assert [(one.left, one.item_id) for one in hub.told_no[two].left] == [(1_000, CARROTS)]
    assert (hub.link.acked.version, hub.link.state) == (hub.version, "open")


async def test_who_comes_while_another_is_taken_back_is_told_of_a_version_with_his_part() -> None:
    """An order that came after the held order was read, and before its holders were: it is refused as of its own version or not at all."""
    hub = await linked(4_000)
    hub.place(1, 5_000)
    read, late = hub.holdings, list[tuple[object, int]]()

    async def holdings(org_id: int, link: Link, here: Here) -> list[Holding]:
        if not late:
            late.append(hub.place(2, 1_000))
        return await read(org_id, link, here)

    hub.holdings = holdings  # type: ignore[method-assign,assignment]
    await hub.settle()
    [(two, version)] = late
    assert two in hub.baskets or hub.told_no[two].version >= version  # type: ignore[index]
    assert hub.total() == hub.supplier.total("carrots") <= 4_000


async def test_only_what_is_not_acknowledged_is_taken_back() -> None:
    """An acknowledged order that wants more keeps what it had."""
    hub = await linked(5_000)
    order, _ = hub.place(1, 4_000)
    await hub.settle()
    hub.change(order, 6_000)
    await hub.settle()
    assert (hub.total(), hub.supplier.total("carrots"), hub.link.state) == (4_000, 4_000, "open")


async def test_a_supplier_that_does_not_say_what_is_left_ends_with_fewer_orders() -> None:
    """Of those who came last half gives back, until the rest is taken."""
    hub = await linked(2_000, says_what_is_left=False)
    for number in range(4):
        hub.place(number, 1_000)
    await hub.settle()
    assert (hub.total(), hub.supplier.total("carrots")) == (2_000, 2_000)


async def test_a_lost_answer_makes_no_second_order() -> None:
    """After a POST without an answer the supplier is asked first, and what is found is taken over."""
    hub = await linked(keyed=False)
    hub.supplier.faults = ["unanswered"]
    hub.place(1, 1_000)
    await hub.settle()
    assert (hub.supplier.made, hub.link.acked.version, hub.link.order) == (
        1,
        hub.version,
        "https://farm.example/Orders/1",
    )


async def test_a_request_that_comes_late_changes_nothing() -> None:
    """What is older than the last is superseded at the supplier."""
    hub = await linked()
    hub.place(1, 1_000)
    await hub.settle()
    hub.supplier.faults = ["late"]
    hub.place(2, 1_000)
    await hub.step()
    hub.cancel(ids.derived("order", 1))
    await hub.settle()
    hub.supplier.deliver()
    assert hub.supplier.total("carrots") == hub.total() == 1_000


async def test_a_first_request_that_comes_after_all_was_cancelled_is_found_at_the_end() -> None:
    """No trace of it was found; when the session is over it is looked for once more, and cancelled."""
    hub = await linked()
    hub.supplier.faults = ["late"]
    order, _ = hub.place(1, 1_000)
    await hub.step()
    hub.cancel(order)
    await hub.settle()
    hub.supplier.deliver()
    assert hub.supplier.total("carrots") == 1_000
    hub.pass_time(days=5)
    await hub.settle()
    assert (hub.supplier.total("carrots"), hub.link.state, hub.link.drifts) == (0, "done", 1)


async def test_a_supplier_restored_from_a_backup_is_brought_up_to_date() -> None:
    """Comparing finds that it holds less, and puts it right."""
    hub = await linked()
    hub.place(1, 1_000)
    await hub.settle()
    backup = hub.supplier.backup()
    hub.place(2, 2_000)
    await hub.settle()
    hub.supplier.restore(backup)
    hub.wish = "look"
    await hub.settle()
    assert (hub.supplier.total("carrots"), hub.link.drifts, hub.link.state) == (3_000, 1, "open")
    assert [one.what for one in hub.reports] == ["drifted"]


async def test_a_supplier_that_forgot_gets_the_order_again() -> None:
    """What it does not know any more is made anew."""
    hub = await linked()
    empty = hub.supplier.backup()
    hub.place(1, 1_000)
    await hub.settle()
    hub.supplier.restore(empty)
    hub.wish = "look"
    await hub.settle()
    assert (hub.supplier.total("carrots"), hub.link.drifts) == (1_000, 1)


async def test_our_own_restored_backup_goes_beyond_the_suppliers_sequence() -> None:
    """A link that has forgotten what it sent is superseded once, and then heard."""
    hub = await linked()
    order, _ = hub.place(1, 1_000)
    await hub.settle()
    old = hub.link
    hub.change(order, 2_000)
    await hub.settle()
    hub.change(order, 3_000)
    await hub.settle()
    hub.link = old
    hub.change(order, 500)
    await hub.settle()
    assert (hub.supplier.total("carrots"), hub.link.acked.version) == (500, hub.version)


async def test_what_was_promised_is_not_taken_back_without_people() -> None:
    """A restored supplier that has given the goods away is a matter for people; when they accept, who came last gives back."""
    hub = await linked(3_000)
    empty = hub.supplier.backup()
    hub.place(1, 1_000)
    await hub.settle()
    last, _ = hub.place(2, 2_000)
    await hub.settle()
    hub.supplier.restore(empty)
    hub.supplier.take("carrots", 2_000)
    hub.wish = "look"
    await hub.settle()
    assert (hub.link.state, hub.total(), [one.what for one in hub.reports]) == (
        "refused",
        3_000,
        ["drifted", "refused"],
    )
    hub.wish = "accept"
    await hub.settle()
    assert (hub.link.state, hub.total(), hub.supplier.total("carrots")) == ("open", 1_000, 3_000)
    assert last not in hub.baskets


async def test_the_end_is_told_until_it_is_heard() -> None:
    """Complete is sent with the last totals, again and again, and then the link is done."""
    hub = await linked()
    hub.place(1, 1_000)
    await hub.settle()
    hub.holds = "committed"
    hub.version += 1
    hub.supplier.faults = ["lost", "lost", "unanswered", "lost"]
    await hub.settle()
    [order] = hub.supplier.orders.values()
    assert (order.standing, order.lines[product("carrots")], hub.link.state) == ("complete", 1_000, "done")


async def test_an_empty_order_stays_open_until_its_session_ends_and_is_cancelled_then() -> None:
    """Nothing is held meanwhile, and another order needs no second one there."""
    hub = await linked()
    order, _ = hub.place(1, 1_000)
    await hub.settle()
    hub.cancel(order)
    await hub.settle()
    [there] = hub.supplier.orders.values()
    assert (there.standing, hub.supplier.total("carrots"), hub.link.state) == ("held", 0, "open")
    hub.pass_time(days=5)
    await hub.settle()
    assert (there.standing, hub.link.state, hub.supplier.made) == ("cancelled", "done", 1)


async def test_nothing_is_sent_while_a_circuit_is_open() -> None:
    """After five failures in a row the peer is left alone for a while."""
    hub = await linked()
    hub.supplier.faults = ["lost"] * 50
    hub.place(1, 1_000)
    for _ in range(20):
        await hub.step()
        hub.pass_time(seconds=0.1)
    assert len(hub.supplier.asks) <= 3
    assert hub.link.attempts < 10


async def test_who_may_not_is_told_to_people_and_tried_again_later() -> None:
    """A 403 stops the link for a quarter of an hour, and is reported once."""
    hub = await linked()
    hub.supplier.faults = ["forbidden", "forbidden"]
    hub.place(1, 1_000)
    await hub.step()
    assert (hub.link.state, [one.what for one in hub.reports]) == ("blocked", ["blocked"])
    await hub.settle()
    assert (hub.link.state, hub.supplier.total("carrots"), len(hub.reports)) == ("open", 1_000, 1)


async def test_an_item_that_is_nothing_there_stops_the_link() -> None:
    """What cannot be said to the supplier is told to people and never left out."""
    hub = await linked()
    unknown = ids.derived("linking", "unknown")
    hub.place(1, 1_000, unknown)
    hub.place(2, 1_000)
    await hub.step()
    assert (hub.link.state, hub.link.cause, hub.supplier.asks) == ("blocked", "item_not_linked", [])
    hub.offered[unknown] = loose(unknown, "carrots", denominator=2)
    hub.wish = "retry"
    await hub.settle()
    assert (hub.link.state, hub.supplier.total("carrots")) == ("open", 3_000)


async def test_a_crash_after_the_answer_loses_nothing() -> None:
    """Whoever comes after it finds the request in the link, asks, and goes on."""
    hub = await linked()
    hub.supplier.faults = ["crash"]
    hub.place(1, 1_000)
    assert await hub.step() is False
    assert hub.link.sent is not None
    await hub.settle()
    assert (hub.supplier.made, hub.link.acked.version, hub.link.sent) == (1, hub.version, None)


async def test_taking_less_than_was_asked_for_counts_as_a_refusal() -> None:
    """A peer that grants a part by itself: what it gave counts, who came last gives back."""
    hub = await linked(1_500)
    hub.supplier.faults = ["partly"]
    first, _ = hub.place(1, 1_000)
    second, _ = hub.place(2, 1_000)
    await hub.settle()
    assert (list(hub.baskets), hub.supplier.total("carrots"), second in hub.told_no) == ([first], 1_000, True)


async def test_cases_are_ordered_whole_and_what_is_left_is_told_in_cans() -> None:
    """Twelve cans are a case: thirteen need two; where there is but one, eleven could still be had after the one."""
    cans = ids.derived("linking", "cans")
    hub = Hub(Supplier({"case": 1_000}), [loose(cans, "case", numerator=12, step=1_000)])
    hub.place(1, 1_000, cans)
    await hub.settle()
    many, _ = hub.place(2, 12_000, cans)
    await hub.settle()
    assert hub.supplier.total("case") == 1_000
    assert [one.left for one in hub.told_no[many].left] == [11_000]


async def test_an_ask_has_nothing_of_a_shopper() -> None:
    """All that is ever sent of a held order is what this record has."""
    assert Ask.__struct_fields__ == (
        "org_id", "producer_id", "hub_id", "held_order_id", "order", "sequence", "standing", "session", "lines",
    )  # fmt: skip
    hub = await linked()
    order, _ = hub.place(1, 1_000)
    await hub.settle()
    assert str(order) not in str(hub.supplier.asks)


async def test_a_link_that_was_done_goes_on_when_its_order_changes_late() -> None:
    """What is taken back after the end is tried, and where the supplier refuses, people decide."""
    hub = await linked()
    order, _ = hub.place(1, 1_000)
    hub.holds = "committed"
    await hub.settle()
    assert hub.link.state == "done"
    hub.change(order, 400)
    hub.wish = "open"
    await hub.settle()
    assert (hub.link.state, hub.link.cause) == ("refused", "completed")
    hub.wish = "close"
    await hub.settle()
    assert (hub.link.state, hub.link.cause) == ("done", "closed_by_hand")
    assert hub.now - hub.session.begins_at < dt.timedelta(hours=1)


async def test_an_order_that_is_off_there_is_no_yes() -> None:
    """Answered with success, and cancelled: nobody is told that his goods are held."""
    hub = await linked()
    put = hub.supplier.put

    async def off(ask: Ask) -> Answered:
        answered = await put(ask)
        assert isinstance(answered, AcceptedByPeer)
        hub.supplier.orders[ask.hub_id, ask.session.id].standing = "cancelled"
        return AcceptedByPeer(order=answered.order, standing="cancelled", lines=answered.lines)

    hub.supplier.put = off  # type: ignore[method-assign]
    order, _ = hub.place(1, 1_000)
    await hub.settle()
    assert (order in hub.baskets, hub.told_no[order].code) == (False, "supplier_cancelled")


async def test_a_peer_is_left_alone_by_the_machines_clock() -> None:
    """A clock of business that is a month ahead closes no circuit for a month."""
    hub = await linked()
    hub.supplier.faults = ["lost"] * 9
    hub.turns = Turns(dataclasses.replace(hub.tools, instant=lambda: hub.now + dt.timedelta(days=30)))
    hub.place(1, 1_000)
    await hub.settle(12)
    assert hub.now - NOON < dt.timedelta(minutes=10)


async def test_who_waits_is_answered_after_a_look_that_went_wrong() -> None:
    """Whatever a look stumbles over, the next one is taken."""
    hub = await linked()
    order, version = hub.place(1, 1_000)
    await hub.settle()
    looks: list[int] = []

    async def standings(_org_id: int, ids_: Iterable[uuid.UUID]) -> dict[uuid.UUID, StandingOfLink]:
        looks.append(1)
        if len(looks) == 1:
            raise ValueError
        return {
            one: StandingOfLink(
                held_order_id=one, acked_version=version, state="open", cause="", next_at=None, open_until=None,
                policy="strict", wait_seconds=5,
            )
            for one in ids_
        }  # fmt: skip

    hub.standings = standings  # type: ignore[method-assign]
    waiters = Waiters(hub.tools, lambda: None)
    looking = asyncio.create_task(waiters.run())
    needs = {hub.link.held_order_id: version}
    verdict = await asyncio.wait_for(waiters.decided(1, Asked(order_id=order, needs=needs)), 5)
    looking.cancel()
    assert (verdict.kind, len(looks)) == ("held", 2)


async def test_what_is_acknowledged_meanwhile_is_not_taken_back() -> None:
    """Somebody may have been told yes to it: whoever wanted to take it back has to look again."""
    hub = await linked()
    order, version = hub.place(1, 1_000)
    seen = await hub.read(hub.lease)
    assert seen is not None
    undone = undoing.alone(seen.here, undoing.holders(await hub.holdings(1, seen.link, seen.here)), order)
    await hub.settle()
    note = OrderRefused(
        order_id=order, held_order_id=hub.link.held_order_id, version=version, code="supplier_silent", left=()
    )
    assert await hub.turns.undo(1, seen.link, undone, [note]) is None
    assert (hub.baskets, hub.told_no) == ({order: {CARROTS: 1_000}}, {})


async def test_where_there_are_no_keys_nobody_can_be_spoken_to_and_that_is_said() -> None:
    """The link waits for people, who are told why; nothing is taken for held."""
    hub = await linked()
    hub.turns = Turns(dataclasses.replace(hub.tools, suppliers=NoWay()))
    hub.place(1, 1_000)
    await hub.settle(3)
    assert (hub.link.state, hub.link.cause, hub.link.acked.version) == ("blocked", "keys_missing", 0)
    assert {(one.what, one.cause) for one in hub.reports} == {("blocked", "keys_missing")}
    hub.link = msgspec.structs.replace(hub.link, look=True, next_at=None)
    await hub.step()
    assert (hub.link.state, hub.link.cause, hub.supplier.asks) == ("blocked", "keys_missing", [])


async def test_a_producer_connected_just_now_is_waited_for() -> None:
    """Who is elsewhere is remembered for a moment, and asked anew when somebody is connected."""
    hub, here = await linked(), list[frozenset[uuid.UUID]]([frozenset()])

    async def producers(_org_id: int) -> frozenset[uuid.UUID]:
        return here[-1]

    hub.remote_producers = producers  # type: ignore[method-assign]
    waiters = Waiters(hub.tools, lambda: None)
    grown = Event(
        "held_order.changed", "held_order", hub.link.held_order_id, 1, {"producer_id": str(PRODUCER)}
    )
    assert await waiters.needs(1, [grown]) == {}
    here.append(frozenset({PRODUCER}))
    waiters.forget()
    assert await waiters.needs(1, [grown]) == {hub.link.held_order_id: 1}


async def held_there(answer: str, seen: str) -> Hub:
    """An order that is complete here, of which the supplier answers and shows these words."""
    hub = await linked()
    hub.place(1, 1_000)
    await hub.settle()
    put, look = hub.supplier.put, hub.supplier.look

    async def said(ask: Ask) -> Answered:
        answered = await put(ask)
        return (
            msgspec.structs.replace(answered, standing=answer)
            if isinstance(answered, AcceptedByPeer)
            else answered
        )

    async def shown(ask: Ask) -> Seen:
        found = await look(ask)
        return msgspec.structs.replace(found, standing=seen) if isinstance(found, Found) else found

    hub.supplier.put, hub.supplier.look = said, shown  # type: ignore[method-assign]
    hub.complete()
    await hub.settle()
    return hub


async def test_a_completion_that_is_answered_as_held_is_looked_at_before_it_is_believed() -> None:
    """Where it is complete there after all, nothing is left to be said."""
    hub = await held_there("held", "complete")
    assert (hub.link.state, hub.link.cause, hub.link.acked.standing, hub.link.drifts) == (
        "done",
        "",
        "complete",
        0,
    )


async def test_a_platform_that_knows_no_other_word_than_held_is_told_once() -> None:
    """It has all of it: the link is done and says how it stands there; the daily comparison finds no difference in that."""
    hub = await held_there("held", "held")
    asked = len(hub.supplier.asks)
    assert (hub.link.state, hub.link.cause, hub.link.looked_at) == ("done", "held_there", hub.now)
    hub.wish = "look"
    await hub.settle()
    assert (hub.link.state, hub.link.drifts, len(hub.supplier.asks)) == ("done", 0, asked)


async def test_less_than_was_asked_for_under_the_word_held_is_a_difference() -> None:
    """The word is forgiven, a quantity is not: what is missing is asked for again."""
    hub = await held_there("held", "held")
    [there] = hub.supplier.orders.values()
    there.lines = {product("carrots"): 400}
    there.standing = "held"
    hub.wish = "look"
    await hub.settle()
    assert (hub.link.drifts, there.lines[product("carrots")]) == (1, 1_000)
