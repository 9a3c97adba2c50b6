"""The supplier has less than it had said yes to, when here everything is complete: people decide, and then both sides agree."""

from __future__ import annotations

import msgspec
import pytest

from coster.domain.federation.ports import RefusedByPeer, RemoteLine, Short
from coster.domain.linking.model import Here, State
from coster.domain.linking.rules import undoing
from coster.kernel import ids
from tests.domain.linking.supplier import Supplier, product
from tests.domain.linking.worlds import CARROTS, NOON, PEER, PRODUCER, Hub, loose

CANS = ids.derived("linking", "cans")


async def complete(*amounts: int, **more: bool) -> Hub:
    """Orders 0, 1, 2 … that the supplier has said yes to, and here the session is over; the supplier knows nothing of that yet."""
    hub = Hub(Supplier({"carrots": 10_000}, **more))
    for number, amount in enumerate(amounts):
        hub.place(number, amount)
    await hub.settle()
    hub.complete()
    return hub


def less(hub: Hub, left: int) -> None:
    """There is less of it at the supplier than it holds for us: its own order comes down to that."""
    [order] = hub.supplier.orders.values()
    hub.supplier.stock[product("carrots")] = order.lines[product("carrots")] = left


async def test_what_is_owed_waits_for_people_and_comes_down_when_they_accept() -> None:
    """Nothing is taken back by itself after a yes; then who came last loses, and both sides have the same."""
    hub = await complete(4_000, 5_000)
    less(hub, 6_000)
    await hub.settle()
    assert (hub.link.state, hub.total(), [one.what for one in hub.reports]) == ("refused", 9_000, ["refused"])
    hub.wish = "accept"
    await hub.settle()
    [there] = hub.supplier.orders.values()
    assert (there.standing, there.lines[product("carrots")], hub.total()) == ("complete", 6_000, 6_000)
    assert (hub.link.state, hub.link.acked.version, hub.link.refusal) == ("done", hub.version, None)
    assert sorted(amount for basket in hub.baskets.values() for amount in basket.values()) == [2_000, 4_000]


async def test_nothing_left_ends_as_cancelled_on_both_sides() -> None:
    """Also where the order there was cancelled by the supplier."""
    hub = await complete(4_000)
    less(hub, 0)
    [there] = hub.supplier.orders.values()
    there.standing, there.lines = "cancelled", {}
    await hub.settle()
    assert hub.link.state == "refused"
    hub.wish = "accept"
    await hub.settle()
    assert (hub.total(), hub.link.state, there.standing) == (0, "done", "cancelled")


async def test_an_order_that_is_final_there_with_less_is_taken_as_it_is() -> None:
    """The supplier completed it by itself: it refuses every change, and what it has is all there is."""
    hub = await complete(4_000, 5_000)
    less(hub, 6_000)
    [there] = hub.supplier.orders.values()
    there.standing = "complete"
    await hub.settle()
    assert (hub.link.state, hub.link.acked.standing) == ("refused", "complete")
    hub.wish = "accept"
    await hub.settle()
    assert (hub.total(), hub.link.state, hub.link.drifts) == (6_000, "done", 1)


async def test_a_supplier_that_does_not_say_how_much_is_left_is_asked_for_half() -> None:
    """Once for every time that somebody accepts, until it says yes."""
    hub = await complete(4_000, 5_000, says_what_is_left=False)
    less(hub, 3_000)
    for _ in range(3):
        await hub.settle()
        hub.wish = "accept" if hub.link.state == "refused" else ""
    await hub.settle()
    assert (hub.total(), hub.link.state) == (2_250, "done")


def here(**items: int) -> Here:
    """Carrots loose and cans of which twelve make a case, both of them one product of the supplier."""
    by_id = {CARROTS: items.get("carrots", 0), CANS: items.get("cans", 0)}
    hub = Hub(Supplier({}), [loose(CARROTS, "beans"), loose(CANS, "beans", 12, step=1_000)])
    kinds = {**hub.offered, CARROTS: loose(CARROTS, "beans", step=1_000)}
    return Here(
        version=1, holds="committed", items=by_id, delivered=False, marks={}, session=hub.session, closes_at=NOON,
        hub_id=PEER, producer_id=PRODUCER, peer_id=PEER, offered=kinds,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("available", "left"),
    [(5_000, {}), (4_000, {}), (3_999, {CARROTS: 1_500, CANS: 18_000}), (2_000, {CARROTS: 1_000, CANS: 12_000}),
     (0, {CARROTS: 0, CANS: 0}), (None, {CARROTS: 1_000, CANS: 12_000})],
)  # fmt: skip
def test_items_of_one_product_share_what_is_left(available: int | None, left: dict[object, int]) -> None:
    """In proportion, in the supplier's whole units, and never more than fits."""
    state = here(carrots=2_000, cans=24_000)
    answer = RefusedByPeer(
        code="short", lines=(Short(product=product("beans"), offer="", wanted=4_000, available=available),)
    )
    assert undoing.remains(state, answer) == left


def test_a_refusal_of_the_whole_order_is_held_against_what_is_there() -> None:
    """What was said line by line counts; otherwise what the supplier has now, of a cancelled order nothing."""
    line = RemoteLine(product=product("beans"), offer="", quantity=3_000)
    wanted = State(lines=(msgspec.structs.replace(line, quantity=4_000),), standing="complete")
    final = RefusedByPeer(code="completed")
    assert [one.available for one in undoing.known(final, State(lines=(line,)), wanted).lines] == [3_000]
    off = State(lines=(line,), standing="cancelled")
    assert [one.available for one in undoing.known(final, off, wanted).lines] == [0]
    said = RefusedByPeer(code="short", lines=(Short(product=product("beans"), offer="", wanted=1),))
    assert undoing.known(said, off, wanted) is said
