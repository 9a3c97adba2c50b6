"""Those who wait for suppliers: what is taken back for one of them is what nobody can have been told yes to."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

import asyncpg
import pytest

from coster.domain.linking.handlers import InDatabase
from coster.domain.linking.handlers.waiting import Waiters
from coster.domain.linking.model import (
    Asked,
    Entry,
    Here,
    Holding,
    Link,
    OrderRefused,
    ShopperOrder,
    StandingOfLink,
    Verdict,
)
from coster.domain.linking.rules import undoing
from coster.engine.db.faults import DatabaseAway
from tests.domain.linking.supplier import Crash, Supplier
from tests.domain.linking.worlds import CARROTS, NOON, Hub


def away(hub: Hub) -> None:
    """As far as those who wait can see, the supplier answers nobody for a long time."""

    async def standings(_org_id: int, ids_: Iterable[uuid.UUID]) -> dict[uuid.UUID, StandingOfLink]:
        return {
            one: StandingOfLink(
                held_order_id=one, acked_version=0, state="open", cause="", next_at=None,
                open_until=hub.now + dt.timedelta(hours=1), policy="strict", wait_seconds=5,
            )
            for one in ids_
        }  # fmt: skip

    hub.standings = standings  # type: ignore[method-assign]


async def waited(hub: Hub, order: uuid.UUID, version: int, command: uuid.UUID | None = None) -> Verdict:
    """What one who waits is told."""
    waiters = Waiters(hub.tools, lambda: None)
    looking = asyncio.create_task(waiters.run())
    asked = Asked(
        order_id=order,
        needs={hub.link.held_order_id: version},
        command_id=command or hub.made_by(len(hub.ledger) - 1),
    )
    verdict = await asyncio.wait_for(waiters.decided(1, asked), 5)
    looking.cancel()
    return verdict


async def test_what_nobody_has_acknowledged_is_taken_back() -> None:
    """The shopper hears that the supplier is away, and nothing of his is held."""
    hub = Hub(Supplier({"carrots": 9_000}))
    order, version = hub.place(1, 1_000)
    away(hub)
    verdict = await waited(hub, order, version)
    assert (verdict.kind, verdict.code, hub.baskets) == ("silent", "supplier_away", {})


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_yes_that_comes_while_it_is_taken_back_counts(moment: str) -> None:
    """Before or after it was looked who holds what: another who asked for the same order may have been told yes to it by then."""
    hub = Hub(Supplier({"carrots": 9_000}))
    order, version = hub.place(1, 1_000)
    away(hub)
    read, done = hub.holdings, list[bool]()

    async def holdings(org_id: int, link: Link, here: Here) -> list[Holding]:
        found = await read(org_id, link, here)
        if not done:
            done.append(True)
            await hub.settle()
            assert hub.link.acked.version == version
            found = await read(org_id, link, here) if moment == "after" else found
        return found

    hub.holdings = holdings  # type: ignore[method-assign]
    verdict = await waited(hub, order, version)
    assert (verdict.kind, hub.baskets) == ("held", {order: {CARROTS: 1_000}})


async def begun(hub: Hub) -> tuple[uuid.UUID, uuid.UUID]:
    """An order whose change was refused and taken back by a process that died before it said that this is done; with the change."""
    order, _ = hub.place(1, 1_000)
    await hub.settle()
    assert hub.supplier.take("carrots", 8_000)
    hub.change(order, 2_000)
    change, said = hub.made_by(len(hub.ledger) - 1), hub.refused

    async def dies(_org_id: int, _notes: Sequence[OrderRefused], _gone: Sequence[uuid.UUID]) -> None:
        hub.refused = said  # type: ignore[method-assign]
        raise Crash

    hub.refused = dies  # type: ignore[method-assign]
    while hub.refused is dies:
        await hub.step()
    # Whoever comes after him finds nothing to be taken back any more.
    await hub.settle()
    assert (hub.baskets, [note.done for note in hub.notes.values()]) == ({order: {CARROTS: 1_000}}, [False])
    hub.supplier.take("carrots", -8_000)
    return order, change


async def test_what_was_refused_of_one_change_is_not_told_to_the_next() -> None:
    """Found by a history of three servers: a change was answered no and had been made, because an earlier one had been taken back."""
    hub = Hub(Supplier({"carrots": 9_000}))
    order, refused = await begun(hub)
    version = hub.change(order, 2_000)
    await hub.settle()
    second = hub.made_by(len(hub.ledger) - 1)
    assert (await waited(hub, order, version, second)).kind == "held"
    waiters = Waiters(hub.tools, lambda: None)
    told = [await waiters.undone(1, order, one) for one in (refused, second)]
    assert [one and one.code for one in told] == ["supplier_refused", None]
    assert hub.baskets == {order: {CARROTS: 2_000}}


async def test_a_change_of_which_nobody_hears_is_not_told_what_an_earlier_one_was() -> None:
    """The time was over just when the supplier said yes; what was refused of the order before is another matter."""
    hub = Hub(Supplier({"carrots": 9_000}))
    order, _ = await begun(hub)
    version = hub.change(order, 2_000)
    await hub.settle()
    away(hub)
    assert (await waited(hub, order, version)).kind == "held"
    assert hub.baskets == {order: {CARROTS: 2_000}}


async def test_who_gave_back_and_then_asked_for_more_falls_back_to_what_he_had_left() -> None:
    """Found by a history of three servers: told yes to one, refused a third, and left with the two that the supplier still held."""
    hub = Hub(Supplier({"carrots": 2_000}))
    order, _ = hub.place(1, 2_000)
    await hub.settle()
    hub.change(order, 1_000)
    version = hub.change(order, 3_000)
    away(hub)
    assert (await waited(hub, order, version)).kind == "silent"
    assert hub.baskets == {order: {CARROTS: 1_000}}
    await hub.settle()
    assert hub.supplier.total("carrots") == 1_000


@pytest.mark.parametrize(
    ("amounts", "grown", "made_by"),
    [([], 0, []), ([2], 2, [0]), ([-1, 2], 2, [1]), ([2, -1], 1, [0]), ([2, -3, 4], 4, [2]), ([1, 1], 2, [0, 1]), ([3, -3], 0, []),
     ([-1, 1], 1, [1]), ([2, -2, 1, 1], 2, [2, 3]), ([-2], 0, [])],
)  # fmt: skip
def test_what_is_new_is_what_goes_beyond_the_least_since(
    amounts: list[int], grown: int, made_by: list[int]
) -> None:
    """And it was made by those commands that came after that."""
    entries = [
        Entry(seq=n + 1, at=NOON, amount=amount, command_id=Hub.made_by(n), placing=False)
        for n, amount in enumerate(amounts)
    ]
    new = undoing.growth(entries)
    assert (new.amount, new.commands) == (grown, tuple(Hub.made_by(n) for n in made_by))


async def test_two_who_take_an_order_back_say_and_do_the_same() -> None:
    """Who came second follows who came first: one command, one reason, and it stays said."""
    hub = Hub(Supplier({"carrots": 9_000}))
    order, version = hub.place(1, 1_000)
    seen = await hub.read(hub.lease)
    assert seen is not None
    undone = undoing.alone(seen.here, undoing.holders(await hub.holdings(1, seen.link, seen.here)), order)
    as_it_was = await hub.orders(1, [order])

    async def orders(_org_id: int, _ids: Iterable[uuid.UUID]) -> Mapping[uuid.UUID, ShopperOrder]:
        return as_it_was

    hub.orders = orders  # type: ignore[method-assign]
    for code in ("supplier_silent", "supplier_refused"):
        note = OrderRefused(
            order_id=order, held_order_id=hub.link.held_order_id, version=version, code=code, left=()
        )
        assert await hub.turns.undo(1, seen.link, undone, [note]) is True
    assert [(note.code, note.done) for note in hub.notes.values()] == [("supplier_silent", True)]


async def test_an_order_that_was_changed_since_it_was_looked_at_is_looked_at_again() -> None:
    """What it has grown by is not known any more: the newer change is not taken back in the place of the older."""
    hub = Hub(Supplier({"carrots": 9_000}))
    order, version = hub.place(1, 1_000)
    seen = await hub.read(hub.lease)
    assert seen is not None
    undone = undoing.alone(seen.here, undoing.holders(await hub.holdings(1, seen.link, seen.here)), order)
    hub.change(order, 3_000)
    note = OrderRefused(
        order_id=order, held_order_id=hub.link.held_order_id, version=version, code="supplier_silent", left=()
    )
    assert await hub.turns.undo(1, seen.link, undone, [note]) is None
    assert (hub.notes, hub.baskets) == ({}, {order: {CARROTS: 3_000}})


class Broken:
    """A database whose connections break in the middle of a transaction, or that is asked for what is no value."""

    def __init__(self, fault: Exception) -> None:
        self.fault = fault

    @contextlib.asynccontextmanager
    async def write(self, _org_id: int) -> AsyncIterator[Any]:
        """Breaks."""
        raise self.fault
        yield


@pytest.mark.parametrize(
    ("fault", "told"),
    [(asyncpg.InterfaceError("connection is closed"), DatabaseAway), (ConnectionResetError(), DatabaseAway),
     (asyncpg.DataError("no uuid"), asyncpg.DataError)],
)  # fmt: skip
async def test_a_connection_that_breaks_while_something_is_noted_is_the_databases_absence(
    fault: Exception, told: type[Exception]
) -> None:
    """Whoever waits is told to come again, and not that something is broken here; a fault of ours stays one."""
    journal = InDatabase(Broken(fault))  # type: ignore[arg-type]
    with pytest.raises(told):
        await journal.open(1, [])
