"""Links in the database: thin functions over named statements."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from coster.domain.federation.ports import RemoteSession
from coster.domain.linking.model import (
    Alarm,
    Entry,
    Health,
    Here,
    Holding,
    Lease,
    LineLeft,
    Link,
    LinkFound,
    Offered,
    OrderRefused,
    Refusal,
    ShopperOrder,
    StandingOfLink,
    State,
    Step,
    Turn,
    Wishes,
)
from coster.engine.batch.handler import Commands
from coster.engine.db import sql
from coster.engine.db.connect import Connection

_q = sql.load(__file__)
_NOTHING = State()

# -- commands --------------------------------------------------------------------------------------------------


async def load(conn: Connection, org_id: int, commands: Commands) -> dict[uuid.UUID, LinkFound]:
    """The links that the commands name, locked in key order."""
    ids = list({command.body.held_order_id for command in commands})
    return {
        row["held_order_id"]: LinkFound(**row) for row in await _q.lock_links(conn, org_id=org_id, ids=ids)
    }


async def unconfirmed(conn: Connection, org_id: int, ids: Iterable[uuid.UUID]) -> frozenset[uuid.UUID]:
    """Those of these held orders whose supplier elsewhere has not said yes to all that is in them."""
    return frozenset(row["id"] for row in await _q.unconfirmed(conn, org_id=org_id, ids=list(ids)))


async def load_nothing(_conn: Connection, _org_id: int, _commands: Commands) -> None:
    """Nothing has to be known."""


async def write(conn: Connection, org_id: int, writes: Wishes) -> None:
    """Stores what is wanted of links, and opens those that are missing."""
    if writes.opened:
        await open_links(conn, org_id, writes.opened)
    if writes.links:
        rows = [
            {"id": one.held_order_id, "wish": one.wish, "told": one.told, "alarmed_at": one.alarmed_at}
            for one in writes.links
        ]
        await _q.put_wishes(conn, org_id=org_id, rows=rows)


async def open_links(conn: Connection, org_id: int, ids: Iterable[uuid.UUID]) -> None:
    """These held orders have their link, where their producer is elsewhere."""
    await _q.open_links(conn, org_id=org_id, ids=list(ids), nothing=_NOTHING)


# -- turns -----------------------------------------------------------------------------------------------------


async def due(
    conn: Connection, holder: uuid.UUID, now: tuple[dt.datetime, dt.datetime], count: int
) -> list[tuple[int, uuid.UUID, uuid.UUID]]:
    """Organisation, held order and peer of links with something to do, of all organisations."""
    rows = await _q.due_links(conn, holder=holder, now=now[0], business=now[1], count=count)
    return [(row["org_id"], row["held_order_id"], row["peer_id"]) for row in rows]


async def claim(conn: Connection, lease: Lease, now: dt.datetime, until: dt.datetime) -> bool:
    """Whether the turn is ours now."""
    claimed = await _q.claim_link(
        conn, org_id=lease.org_id, id=lease.held_order_id, holder=lease.holder, now=now, until=until
    )
    return claimed is not None


async def extend(conn: Connection, lease: Lease, until: dt.datetime) -> bool:
    """Whether the turn is still ours."""
    kept = await _q.extend_link(
        conn, org_id=lease.org_id, id=lease.held_order_id, holder=lease.holder, until=until
    )
    return kept is not None


async def release(conn: Connection, lease: Lease, now: dt.datetime) -> None:
    """Gives the turn back."""
    await _q.release_link(conn, org_id=lease.org_id, id=lease.held_order_id, holder=lease.holder, now=now)


async def read(conn: Connection, lease: Lease) -> Turn | None:
    """The link with its held order, in one look."""
    row = await _q.read_link(conn, org_id=lease.org_id, id=lease.held_order_id)
    if row is None:
        return None
    health = None
    if row["failures"] is not None:
        health = Health(
            peer_id=row["peer_id"],
            failures=row["failures"],
            open_until=row["open_until"],
            cause=row["peer_cause"],
        )
    return Turn(link=_link(row), here=_here(row), wish=row["wish"], health=health)


def _link(row: Mapping[str, Any]) -> Link:
    return Link(
        held_order_id=row["held_order_id"], producer_id=row["producer_id"], state=row["state"], order=row["remote"],
        sequence=row["sequence"], acked=msgspec.convert(row["acked"], State), acked_at=row["acked_at"],
        sent=row["sent"] and msgspec.convert(row["sent"], State),
        refusal=row["refusal"] and msgspec.convert(row["refusal"], Refusal), look=row["look"], attempts=row["attempts"],
        failing_since=row["failing_since"], next_at=row["next_at"], cause=row["cause"], looked_at=row["looked_at"],
        drifts=row["drifts"], alarmed_at=row["alarmed_at"], told=row["told"],
    )  # fmt: skip


def _here(row: Mapping[str, Any]) -> Here:
    lines = row["lines"] or []
    items: dict[uuid.UUID, int] = {}
    for line in lines:
        item = uuid.UUID(line["item_id"])
        items[item] = items.get(item, 0) + line["quantity"]
    offered = [msgspec.convert(one, Offered) for one in row["offered"] or []]
    session = RemoteSession(id=row["session_id"], begins_at=row["opens_at"], ends_at=row["amend_until"])
    return Here(
        version=row["version"], holds=row["holds"], items=items, delivered=any(line["consumed"] for line in lines),
        marks={line["position_id"]: line["seq"] for line in lines}, session=session, closes_at=row["closes_at"],
        hub_id=row["hub_id"], producer_id=row["producer_id"], peer_id=row["peer_id"],
        offered={one.item_id: one for one in offered}, single=row["single"], ended=row["ended"],
        supplier=row["enterprise_iri"],
    )  # fmt: skip


async def keep(conn: Connection, lease: Lease, link: Link, wish: str, until: dt.datetime) -> bool:
    """Whether the link could be stored: the turn is still ours."""
    stored = await _q.store_link(
        conn, org_id=lease.org_id, id=lease.held_order_id, holder=lease.holder, until=until, wish=wish, state=link.state,
        remote=link.order, sequence=link.sequence, acked_version=link.acked.version, acked_standing=link.acked.standing,
        acked=link.acked, acked_at=link.acked_at, sent=link.sent,
        refused_version=link.refusal and link.refusal.version, refusal=link.refusal, look=link.look, attempts=link.attempts,
        failing_since=link.failing_since, next_at=link.next_at, cause=link.cause, looked_at=link.looked_at, drifts=link.drifts,
    )  # fmt: skip
    return stored is not None


async def holdings(conn: Connection, org_id: int, link: Link, here: Here) -> list[Holding]:
    """Who holds on the account, with what has happened to it after the last acknowledgement; by order, line and position."""
    positions = list(here.marks)
    rows = await _q.holders(
        conn, org_id=org_id, id=link.held_order_id, position_ids=[uuid.UUID(one) for one in positions],
        seqs=[link.acked.marks.get(one, 0) for one in positions],
    )  # fmt: skip
    return [
        Holding(**{**row, "entries": msgspec.convert(row["entries"] or [], tuple[Entry, ...])})
        for row in rows
    ]


async def orders(conn: Connection, org_id: int, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, ShopperOrder]:
    """What undoing must know of these orders."""
    rows = await _q.shoppers_orders(conn, org_id=org_id, ids=list(ids))
    return {
        row["id"]: ShopperOrder(
            order_id=row["id"],
            version=row["version"],
            running=row["running"],
            lines={number: (sold, stock) for number, sold, stock in row["lines"] or []},
        )
        for row in rows
    }


async def acknowledged(conn: Connection, org_id: int, held_order_id: uuid.UUID) -> int | None:
    """As of which version the supplier has acknowledged a held order; nothing more is, until the transaction ends."""
    row = await _q.lock_acknowledged(conn, org_id=org_id, id=held_order_id)
    return int(row["acked_version"]) if row else None


async def refuse(
    conn: Connection, org_id: int, refused: Sequence[OrderRefused], now: dt.datetime
) -> list[OrderRefused]:
    """Keeps what whoever waits for these orders is told; gives what is kept, which is what was said first of a version of an order."""
    rows = [
        {
            "order_id": one.order_id, "held_order_id": one.held_order_id, "version": one.version, "code": one.code,
            "remaining": one.left, "order_version": one.step.version, "step": one.step, "commands": one.commands,
        }
        for one in refused
    ]  # fmt: skip
    return [_order_refused(row) for row in await _q.note_refusals(conn, org_id=org_id, at=now, rows=rows)]


async def refused(
    conn: Connection, org_id: int, notes: Sequence[OrderRefused], gone: Iterable[uuid.UUID]
) -> None:
    """Those orders among all of these, which are of one held order, are taken back by now; of the others nothing was refused after all."""
    taken = set(gone)
    for statement, some in (
        (_q.refusals_done, [note for note in notes if note.order_id in taken]),
        (_q.forget_these, [note for note in notes if note.order_id not in taken]),
    ):
        if some:
            await statement(
                conn, org_id=org_id, id=some[0].held_order_id, order_ids=[note.order_id for note in some],
                versions=[note.step.version for note in some],
            )  # fmt: skip


async def health(conn: Connection, org_id: int, told: Health) -> None:
    """Keeps how a peer answers; of one that does, nothing."""
    if told.failures == 0:
        await _q.forget_health(conn, org_id=org_id, peer_id=told.peer_id)
        return
    await _q.note_health(
        conn,
        org_id=org_id,
        peer_id=told.peer_id,
        failures=told.failures,
        open_until=told.open_until,
        cause=told.cause,
    )


# -- looking across organisations, and waiting -----------------------------------------------------------------


async def alarms(conn: Connection, closing: dt.datetime, failing: dt.datetime, count: int) -> list[Alarm]:
    """Links of which people must know."""
    rows = await _q.to_be_alarmed(conn, closing=closing, failing=failing, count=count)
    return [Alarm(**row) for row in rows]


async def uncompared(
    conn: Connection, before: dt.datetime, since: dt.datetime, count: int
) -> list[tuple[int, uuid.UUID]]:
    """Links that were last compared before an instant."""
    rows = await _q.to_be_compared(conn, before=before, since=since, count=count)
    return [(row["org_id"], row["held_order_id"]) for row in rows]


async def forget_refusals(conn: Connection, before: dt.datetime) -> None:
    """Drops what nobody waits for any more."""
    await _q.forget_refusals(conn, before=before)


async def standings(
    conn: Connection, org_id: int, ids: Iterable[uuid.UUID]
) -> dict[uuid.UUID, StandingOfLink]:
    """How links stand for those who wait."""
    rows = await _q.standing_of_links(conn, org_id=org_id, ids=list(ids))
    return {row["held_order_id"]: StandingOfLink(**row) for row in rows}


async def refusals(conn: Connection, org_id: int, ids: Iterable[uuid.UUID]) -> list[OrderRefused]:
    """What was refused of these orders."""
    rows = await _q.refusals_of_orders(conn, org_id=org_id, ids=list(ids))
    return [_order_refused(row) for row in rows]


def _order_refused(row: Mapping[str, Any]) -> OrderRefused:
    return OrderRefused(
        order_id=row["order_id"], held_order_id=row["held_order_id"], version=row["version"], code=row["code"],
        left=tuple(msgspec.convert(row["remaining"], list[LineLeft])), step=msgspec.convert(row["step"], Step, strict=False),
        commands=tuple(row["commands"]), done=row["done"],
    )  # fmt: skip


async def accounts(
    conn: Connection, org_id: int, ids: Iterable[uuid.UUID]
) -> list[tuple[uuid.UUID, uuid.UUID, int]]:
    """Order, held order and its version, of what these orders hold with suppliers elsewhere."""
    rows = await _q.accounts_of_orders(conn, org_id=org_id, ids=list(ids))
    return [(row["order_id"], row["held_order_id"], row["version"]) for row in rows]


async def remote_producers(conn: Connection, org_id: int) -> frozenset[uuid.UUID]:
    """The producers that are elsewhere."""
    return frozenset(row["producer_id"] for row in await _q.remote_producers(conn, org_id=org_id))
