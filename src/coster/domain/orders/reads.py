"""Questions about orders. Whoever asks sees the orders of the sellers that its grants cover."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec

from coster.domain.buying import model as buyers
from coster.domain.buying import reads as buying
from coster.domain.orders.model import ApprovalsWanted, LateOrder, Line, Order, OrdersWanted, PastEvent
from coster.domain.orders.rules import approving, block_words, checkout, goods, letters, past
from coster.domain.orders.rules import recorded as told
from coster.domain.orders.rules.context import Context, Facts
from coster.domain.orders.rules.vocabulary_checkout import CHECKOUT, KIND
from coster.domain.parties import reads as parties
from coster.domain.sessions.model import Session
from coster.engine.db import promises, sql
from coster.engine.db.connect import Connection
from coster.engine.flows import counting, moving, recorded
from coster.engine.flows.model import FlowCount
from coster.engine.workflow import hours
from coster.engine.workflow.calendars import Calendar
from coster.engine.workflow.step import Table
from coster.engine.workflow.tables import Tables
from coster.engine.workflow.timing import Calendars
from coster.kernel import ids, proof
from coster.kernel.authority import Authority
from coster.kernel.errors import NotKept

TELLING: Final = recorded.Telling(
    facts={"order": told.facts}, children=(KIND,), parents={CHECKOUT.entity: "order"}
)
"""How the events of the program tell of lives; of held orders only what guards read."""
_q = sql.load(__file__)


async def list_orders(
    conn: Connection, org_id: int, authority: Authority, wanted: OrdersWanted
) -> list[Order]:
    """Heads of orders, newest first. However many orders there are, about as many are read as are given (ADR 0015), unless one
    asks for a status or a channel that hardly any has.
    """
    sellers = _sellers(authority.scope("orders:read"), wanted.seller_id)
    if sellers == []:
        return []
    statement = _narrowest(wanted, sellers)
    given = {**msgspec.structs.asdict(wanted), "org_id": org_id, "sellers": sellers}
    rows = await statement(conn, **{name: given[name] for name in statement.parameters})
    return [Order(**row) for row in rows]


async def list_approvals(
    conn: Connection, org_id: int, authority: Authority, wanted: ApprovalsWanted
) -> list[Order]:
    """Heads of the orders that wait for a key by name, newest first, where it may approve still."""
    scope = authority.scope(buyers.APPROVE)
    given = msgspec.structs.asdict(wanted)
    rows = await _q.list_approvals(
        conn, org_id=org_id, scope=None if scope is None else [str(one) for one in scope], **given
    )
    return [Order(**row) for row in rows]


def _sellers(scope: frozenset[uuid.UUID] | None, asked: uuid.UUID | None) -> list[uuid.UUID] | None:
    """Whose orders may be and are to be seen; None: everybody's."""
    if asked is None:
        return None if scope is None else list(scope)
    return [asked] if scope is None or asked in scope else []


def _narrowest(wanted: OrdersWanted, sellers: list[uuid.UUID] | None) -> sql.Statement:
    """The statement whose index leads to the fewest orders that are not wanted."""
    if wanted.ids is not None or wanted.reference is not None:
        return _q.list_orders
    if wanted.session_id is not None:
        return _q.list_orders_of_session
    if wanted.customer_id is not None:
        return _q.list_orders_of_customer
    return _q.list_orders if sellers is None else _q.list_orders_of_sellers


async def lines_of(conn: Connection, org_id: int, ids: list[uuid.UUID]) -> dict[uuid.UUID, list[Line]]:
    """The lines of orders that the asker has been shown, by order, in the order of their numbers.

    `stock` of a line that is part of a held order says where that has come: held, owed by its producer, or gone.
    """
    return _by_order(ids, await _q.lines_shown(conn, org_id=org_id, ids=ids))


async def _stored_lines(conn: Connection, org_id: int, ids: list[uuid.UUID]) -> dict[uuid.UUID, list[Line]]:
    """The same as flows see them, and as events tell them."""
    return _by_order(ids, await _q.lines_of(conn, org_id=org_id, ids=ids))


def _by_order(ids: list[uuid.UUID], rows: Sequence[Any]) -> dict[uuid.UUID, list[Line]]:
    lines: dict[uuid.UUID, list[Line]] = {id_: [] for id_ in ids}
    for row in rows:
        lines[row["order_id"]].append(Line(**row))
    return lines


async def _turns_of_goods(
    conn: Connection, org_id: int, accounts: Iterable[uuid.UUID]
) -> dict[uuid.UUID, list[goods.Turn]]:
    """What was told of where the goods of these held orders have gone, in order."""
    found: dict[uuid.UUID, list[goods.Turn]] = {}
    if wanted := list(accounts):
        for row in await _q.turns_of_held_orders(conn, org_id=org_id, ids=wanted, names=list(goods.STOCK)):
            found.setdefault(row["id"], []).append(goods.Turn(**row))
    return found


async def story_of_goods(conn: Connection, org_id: int, order: Order) -> list[tuple[goods.Turn, list[int]]]:
    """What held orders did with the goods of an order that the asker has been shown, with the numbers of its lines, in order."""
    stored = (await _stored_lines(conn, org_id, [order.id]))[order.id]
    accounts = goods.accounts(order, stored)
    turns = await _turns_of_goods(conn, org_id, accounts)
    told = [turn for of_one in turns.values() for turn in of_one]
    return [(turn, accounts[turn.id]) for turn in sorted(told, key=lambda turn: (turn.at, turn.id))]


async def list_as_of(
    conn: Connection,
    org_id: int,
    authority: Authority,
    wanted: OrdersWanted,
    past_: tuple[dt.datetime, Tables],
) -> list[tuple[Order, list[Line]]]:
    """Orders with their lines as they were known at an instant, newest first; `past_` is the instant, and the organisation's flows.

    Who may see them, and what never changes of an order, is as it is now. A status cannot be asked for. Raises NotKept, and
    UnknownVersionError.
    """
    instant = past_[0]
    sellers = _sellers(authority.scope("orders:read"), wanted.seller_id)
    if sellers == []:
        return []
    await check_kept(conn, org_id, instant)
    given = {**msgspec.structs.asdict(wanted), "org_id": org_id, "sellers": sellers, "instant": instant}
    statement = _q.list_orders_placed_by
    rows = await statement(conn, **{name: given[name] for name in statement.parameters})
    orders = [Order(**row) for row in rows]
    lines = await _stored_lines(conn, org_id, [order.id for order in orders])
    events: dict[uuid.UUID, list[Any]] = {order.id: [] for order in orders}
    for row in await _q.events_by(conn, org_id=org_id, ids=list(events), instant=instant):
        events[row["entity_id"]].append(row)
    calendars = await _calendars(conn, org_id, orders, (events, past_[1]))
    found = [_as_of(order, lines[order.id], events[order.id], (*past_, calendars)) for order in orders]
    accounts = {account for one in found for account in goods.accounts(*one)}
    if not accounts:
        return found
    turns = await _turns_of_goods(conn, org_id, accounts)
    shown = await lines_of(conn, org_id, list(lines))
    return [
        (order, goods.then(order, of_order, turns, (instant, shown[order.id]))) for order, of_order in found
    ]


async def check_kept(conn: Connection, org_id: int, instant: dt.datetime) -> None:
    """Returns where all events since an instant are here. Raises NotKept where some are in the archive."""
    [row] = await _q.events_kept_since(conn, org_id=org_id)
    kept_since = row["latest"]
    if kept_since is not None and instant < kept_since:
        raise NotKept(kept_since)


async def _calendars(
    conn: Connection, org_id: int, orders: Sequence[Order], told: tuple[dict[uuid.UUID, list[Any]], Tables]
) -> dict[uuid.UUID, Calendar]:
    """The opening hours of sellers, where a version counts in them on which one of their orders has been; as they are now."""
    events, flows = told
    wanted = {
        order.seller_id
        for order in orders
        for version in {order.flow_version, *past.versions(events[order.id])}
        if flows.of(order.flow, version).given
    }
    return await parties.opening_hours(conn, org_id, wanted) if wanted else {}


def _as_of(
    order: Order,
    lines: list[Line],
    events: Sequence[Any],
    past_: tuple[dt.datetime, Tables, dict[uuid.UUID, Calendar]],
) -> tuple[Order, list[Line]]:
    """One of them; what has not changed since is as it is now."""
    instant, flows, calendars = past_
    if all(row["at"] <= instant for row in events):
        return order, lines
    until = [
        PastEvent(**{name: row[name] for name in PastEvent.__struct_fields__})
        for row in events
        if row["at"] <= instant
    ]
    found = past.at(order, lines, until, (flows, _given(calendars, order)))
    if found is None:
        raise NotKept(min(row["at"] for row in events if row["at"] > instant))
    return found


def _given(calendars: dict[uuid.UUID, Calendar], order: Order) -> Calendars:
    found = calendars.get(order.seller_id)
    return {} if found is None else {hours.NAME: found}


class Standing(NamedTuple):
    """An order, or its checkout, in the status of its flow, with what guards would read; attributes of events are unknown."""

    table: Table
    status: str
    context: Context


async def standings(
    conn: Connection, org_id: int, order: Order, flows: tuple[Tables, Tables], at: dt.datetime
) -> list[Standing]:
    """An order that the asker has been shown, and its checkout; `flows` are the organisation's flows of both."""
    lines = await _stored_lines(conn, org_id, [order.id])
    row = await _q.session_of_order(conn, org_id=org_id, id=order.session_id) if order.session_id else None
    session = Session(**row, hubs=frozenset()) if row else None
    facts = Facts(order, lines[order.id], session, at)
    if centre := approving.named(order.attributes):
        facts.centre = approving.found(order, await buying.load(conn, org_id, [centre]))
    table = flows[0].of(order.flow, order.flow_version)
    child = checkout.table_of(table, flows[1], order)
    if child is None or order.checkout is None:
        return [Standing(table, order.status, Context(facts, {}, {}, {}))]
    context = Context(facts, {}, {}, checkout.counts(child, order.checkout))
    return [Standing(child, order.checkout, context), Standing(table, order.status, context)]


def seen_by_others(order: Order, lines: Sequence[Line]) -> tuple[str, letters.View, list[str]]:
    """An order in the words of others, derived from its axes: its letter, what that means, and the letter of each line."""
    standing = letters.standing(order, lines)
    return (
        letters.letter(standing),
        letters.view(standing),
        [letters.item_letter(line, standing) for line in lines],
    )


def blocks_of(order: Order, flows: Tables, languages: Sequence[str]) -> list[block_words.Block]:
    """The blocks of an order that the asker has been shown, open ones first, in the first of these languages that we know.

    Raises UnknownVersionError.
    """
    return block_words.blocks(order.attributes, flows.of(order.flow, order.flow_version), languages)


async def list_comments(conn: Connection, org_id: int, order_id: uuid.UUID) -> list[dict[str, Any]]:
    """The remarks on an order that the asker has been shown, oldest first."""
    return [dict(row) for row in await _q.list_comments(conn, org_id=org_id, order_id=order_id)]


async def flow_counts(conn: Connection, org_id: int) -> list[FlowCount]:
    """How many orders are in each status of each version of their flows, in that order, each counted up to `MOST_COUNTED`."""
    return [counting.count(row) for row in await _q.flow_counts(conn, org_id=org_id, most=counting.ASKED)]


async def flow_page(
    conn: Connection,
    org_id: int,
    name: str,
    places: Sequence[moving.Place],
    page: tuple[uuid.UUID | None, int],
) -> list[moving.Standing]:
    """Orders of a flow in these places, by id, after one and at most so many (`page`); what a move would take next."""
    after, limit = page
    rows = await _q.flow_page(
        conn,
        org_id=org_id,
        name=name,
        after=after or ids.NIL,
        versions=[place.version for place in places],
        statuses=[place.status for place in places],
        limit=limit,
    )
    return [moving.Standing(**row) for row in rows]


async def checkout_counts(conn: Connection, org_id: int, flows: Tables) -> list[FlowCount]:
    """How many checkouts are in each status of each version of their flows, each counted up to `MOST_COUNTED`.

    `flows` are those of orders. Raises UnknownVersionError.
    """
    found: dict[tuple[str, int, str], int] = {}
    for row in await _q.checkout_counts(conn, org_id=org_id, most=counting.ASKED):
        name = checkout.flow_name(flows.of(row["flow"], row["flow_version"]), row["type"])
        if name:
            key = (name, row["version"], row["status"])
            found[key] = found.get(key, 0) + row["count"]
    return [
        counting.count({"name": name, "version": version, "status": status, "count": count})
        for (name, version, status), count in sorted(found.items())
    ]


async def checkout_page(
    conn: Connection,
    org_id: int,
    about: tuple[str, Tables],
    places: Sequence[moving.Place],
    page: tuple[uuid.UUID | None, int],
) -> list[moving.Standing]:
    """Checkouts of a flow in these places (`about` is its name, and the flows of orders), by their orders' ids, as `flow_page` does.

    Raises UnknownVersionError.
    """
    (name, flows), (after, limit) = about, page
    wanted = {(place.version, place.status) for place in places}
    having = [
        row
        for row in await _q.checkout_counts(conn, org_id=org_id, most=1)
        if (row["version"], row["status"]) in wanted
        and checkout.flow_name(flows.of(row["flow"], row["flow_version"]), row["type"]) == name
    ]
    rows = await _q.checkout_page(
        conn, org_id=org_id, after=after or ids.NIL, limit=limit, flows=[row["flow"] for row in having],
        flow_versions=[row["flow_version"] for row in having], types=[row["type"] for row in having],
        versions=[row["version"] for row in having], statuses=[row["status"] for row in having],
    )  # fmt: skip
    return [moving.Standing(**row) for row in rows]


async def list_late(
    conn: Connection, org_id: int, authority: Authority, now: dt.datetime, page: tuple[Late | None, int]
) -> list[LateOrder]:
    """Orders beyond the service level of their status, the longest first; after one, and at most so many (`page`)."""
    sellers = _sellers(authority.scope("orders:read"), None)
    if sellers == []:
        return []
    after, limit = page
    rows = await _q.list_late(
        conn, org_id=org_id, now=now, after_at=after[0] if after else None, after_id=after[1] if after else None,
        sellers=sellers, limit=limit,
    )  # fmt: skip
    return [LateOrder(**row) for row in rows]


Late: TypeAlias = "tuple[dt.datetime, uuid.UUID]"
"""A place in the list of what is late: since when, and which."""

PROMISES: Final = {
    "total_is_sum": "an order's amounts are the sums of its lines'",
    "none_is_held": "an order that owes nothing, a cancelled one for example, holds no stock",
    "lines_are_held": "a line that says held holds exactly its quantity",
    "orders_are_told": "every order that there is has been told as an event",
}


async def verify(conn: Connection, org_id: int) -> list[proof.Check]:
    """The promises about orders, each counted over everything that is stored."""
    return await promises.checked(PROMISES, lambda name: getattr(_q, f"verify_{name}")(conn, org_id=org_id))
