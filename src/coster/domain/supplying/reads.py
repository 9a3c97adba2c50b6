"""Questions about orders from other platforms, for the platform and for the producer of each."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from coster.domain.sourcing import rules as sourcing
from coster.domain.supplying.model import (
    Bound,
    SessionsWanted,
    SuppliedOrder,
    SuppliedSession,
    SuppliedWanted,
)
from coster.engine.db import promises, sql
from coster.engine.db.ask import Question, Rows, answer, ask
from coster.engine.db.connect import Connection
from coster.engine.flows.library import Library
from coster.engine.workflow import dfc
from coster.engine.workflow.tables import Tables
from coster.kernel import ids as identifiers
from coster.kernel import proof

_q = sql.load(__file__)
_MOST_LOOKED_AT: Final = 2000
"""Statuses are words for what flows say, so they are looked for among so many orders, and whoever asks on goes on from there."""


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """Orders that were found. `on`: the last one that was looked at, where there are more to look at than one question does."""

    orders: list[SuppliedOrder]
    on: uuid.UUID | None = None


_CANCELLED: Final = dfc.Words(order=dfc.CANCELLED, fulfilment=dfc.CANCELLED, payment=dfc.CANCELLED)
_HELD: Final = dfc.Words(order=dfc.HELD, fulfilment=dfc.HELD, payment=dfc.UNPAID)


def hub_id(platform_id: uuid.UUID, iri: str) -> uuid.UUID:
    """Under which id a platform's hub is an enterprise here."""
    return identifiers.derived("dfc-hub", platform_id, iri)


def session_id(hub: uuid.UUID, producer_id: uuid.UUID, key: str) -> uuid.UUID:
    """The session of a hub with one producer that the platform means by a key."""
    return identifiers.derived("dfc-session", hub, producer_id, key)


def held_order_id(hub: uuid.UUID, producer_id: uuid.UUID, session: uuid.UUID) -> uuid.UUID:
    """The held order of a hub with a producer in a session."""
    return sourcing.shared_pool(hub, producer_id, session)


async def find_binding(
    conn: Connection, org_id: int, producer_id: uuid.UUID, id_: uuid.UUID, *, platform_id: uuid.UUID | None
) -> Bound | None:
    """An order of this producer and (None: any) platform, where it was placed."""
    row = await _q.find_binding(conn, org_id=org_id, id=id_, producer_id=producer_id, platform_id=platform_id)
    return Bound(**row) if row else None


async def list_supplied(conn: Connection, org_id: int, wanted: SuppliedWanted, flows: Tables) -> Looked:
    """Orders by id (from the end of the list where `backwards`), with their lines. Raises UnknownVersionError."""
    statement = _q.list_supplied_backwards if wanted.backwards else _q.list_supplied
    filtered = any((wanted.order_status, wanted.fulfilment_status, wanted.payment_status))
    size = _MOST_LOOKED_AT if filtered else wanted.limit
    given = {**msgspec.structs.asdict(wanted), "org_id": org_id, "limit": size}
    listed = await statement(conn, **{name: given[name] for name in statement.parameters})
    ids = [row["id"] for row in listed]
    rows, lines = await ask(conn, org_id, _rows(org_id, wanted, ids), _lines(org_id, [] if filtered else ids))
    found = [row for row in rows if _fits(_words(row, flows), wanted)][: wanted.limit]
    whole = filtered and len(ids) == size and len(found) < wanted.limit
    if filtered:
        lines = await answer(conn, org_id, _lines(org_id, [row["id"] for row in found]))
    return Looked(orders=_orders(found, lines, flows), on=ids[-1] if whole else None)


async def find_supplied(
    conn: Connection, org_id: int, wanted: SuppliedWanted, id_: uuid.UUID, library: Library
) -> SuppliedOrder | None:
    """One order of the wanted producer and platform, with its lines. Raises UnknownVersionError."""
    mark, rows, lines = await ask(
        conn, org_id, library.asked(org_id), _rows(org_id, wanted, [id_]), _lines(org_id, [id_])
    )
    found = _orders(rows, lines, await library.at(conn, org_id, mark))
    return found[0] if found else None


def _rows(org_id: int, wanted: SuppliedWanted, ids: Sequence[uuid.UUID]) -> Question[Rows]:
    """These orders, in this order, with everything but their lines."""
    places = {str(id_): place for place, id_ in enumerate(ids)}
    values = {
        "org_id": org_id, "ids": list(ids), "producer_id": wanted.producer_id, "platform_id": wanted.platform_id
    }  # fmt: skip
    return Question(
        _q.supplied if ids else None, values, lambda rows: sorted(rows, key=lambda row: places[row["id"]])
    )


def _lines(org_id: int, ids: Sequence[object]) -> Question[Rows]:
    return Question(_q.lines_of_supplied if ids else None, {"org_id": org_id, "ids": list(ids)}, list)


def _words(row: Mapping[str, Any], flows: Tables) -> dfc.Words:
    """What the order is in the standard's words, as its held order's flow says; one that its hub emptied is held until it is over.

    With nothing in it though its hub wants something, it was called off here.
    """
    notes, over = row["attributes"].get("supplied", {}), row["session_status"] == "ended"
    if notes.get("cancelled"):
        return _CANCELLED
    if row["status"] is not None and (row["holds"] != "none" or over or notes.get("lines")):
        table = flows.of(row["flow"], row["flow_version"])
        return dfc.words(table.flow.status(row["status"]), owed=True)
    return _CANCELLED if over else _HELD


def _fits(said: dfc.Words, wanted: SuppliedWanted) -> bool:
    pairs = (
        (wanted.order_status, said.order),
        (wanted.fulfilment_status, said.fulfilment),
        (wanted.payment_status, said.payment),
    )
    return all(asked is None or asked == is_ for asked, is_ in pairs)


def _orders(rows: Rows, lines: Rows, flows: Tables) -> list[SuppliedOrder]:
    of: dict[str, Rows] = {row["id"]: [] for row in rows}
    for line in lines:
        of.get(line["id"], []).append(line)
    return [_order(row, of[row["id"]], _words(row, flows)) for row in rows]


def _order(row: Mapping[str, Any], lines: Rows, said: dfc.Words) -> SuppliedOrder:
    notes = row["attributes"].get("supplied", {})
    words = {
        "order_status": said.order, "fulfilment_status": said.fulfilment, "payment_status": said.payment
    }  # fmt: skip
    lines = _in_order(lines, notes.get("lines", ()))
    return msgspec.convert({**row, **words, "lines": lines, "notes": notes}, SuppliedOrder)


def _in_order(lines: Rows, noted: Sequence[Mapping[str, Any]]) -> Rows:
    """The lines in the order in which the platform named them last, with its discounts; what it did not name comes after."""
    places = {one["item"]: nth for nth, one in enumerate(noted)}
    discounts = {one["item"]: one.get("discount") for one in noted}
    ordered = sorted(lines, key=lambda line: places.get(line["item_id"], len(places)))
    return [{**line, "discount": discounts.get(line["item_id"])} for line in ordered]


async def list_sessions(conn: Connection, org_id: int, wanted: SessionsWanted) -> list[SuppliedSession]:
    """The sessions in which hubs of other platforms order from a producer, the latest first (the first of all where `backwards`)."""
    statement = _q.list_supplied_sessions_backwards if wanted.backwards else _q.list_supplied_sessions
    given = {**msgspec.structs.asdict(wanted), "org_id": org_id}
    rows = await statement(conn, **{name: given[name] for name in statement.parameters})
    return [SuppliedSession(**row) for row in rows]


async def find_session(
    conn: Connection, org_id: int, producer_id: uuid.UUID, id_: uuid.UUID, *, platform_id: uuid.UUID | None
) -> SuppliedSession | None:
    """One of those sessions, of a hub of this platform (None: of any)."""
    row = await _q.find_supplied_session(
        conn, org_id=org_id, producer_id=producer_id, id=id_, platform_id=platform_id
    )
    return SuppliedSession(**row) if row else None


PROMISES: Final = {
    "one_order": "an order from another platform holds as one order and nobody else does on its account"
}


async def verify(conn: Connection, org_id: int) -> list[proof.Check]:
    """The promises about orders from other platforms, counted over everything that is stored."""
    return await promises.checked(PROMISES, lambda name: getattr(_q, f"verify_{name}")(conn, org_id=org_id))
