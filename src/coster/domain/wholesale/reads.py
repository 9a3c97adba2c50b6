"""Questions about held orders, for the hub and the producer of each; what identifies a shopper is in none of the answers.

A held order as a document (lines by item or by total weight per product, amounts, the discount for much) is made here, by
plain functions of rows. Source: seed 002, use cases 4, 6 and 9; ADR 0009.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

import msgspec

from coster.domain.orders import reads as orders
from coster.domain.parties import reads as parties
from coster.domain.sourcing import rules as sourcing
from coster.domain.wholesale.model import HeldLine, HeldOrdersWanted, HeldOrderView, LateHeldOrder
from coster.domain.wholesale.rules import past
from coster.domain.wholesale.rules.vocabulary import PRODUCERS
from coster.engine.db import promises, sql
from coster.engine.db.connect import Connection
from coster.engine.flows import counting
from coster.engine.flows.model import FlowCount
from coster.engine.flows.moving import Place, Standing
from coster.engine.workflow import dfc, hours, timing
from coster.engine.workflow.calendars import Calendar
from coster.engine.workflow.records import Status
from coster.engine.workflow.tables import Tables
from coster.kernel import ids as identifiers
from coster.kernel import money, proof, quantity
from coster.kernel.authority import Authority
from coster.kernel.errors import NotKept

_q = sql.load(__file__)


async def list_held_orders(
    conn: Connection, org_id: int, authority: Authority, wanted: HeldOrdersWanted, flows: Tables
) -> list[HeldOrderView]:
    """Held orders by id, with their lines, of which the asker is the hub or the producer; at most four statements.

    `flows` say what their statuses are called. Raises UnknownVersionError where one was published just now.
    """
    heads = await _heads(conn, org_id, authority, wanted, None)
    ids = [row["id"] for row in heads]
    if not ids:
        return []
    given = await _discounts(conn, org_id, heads)
    lines: dict[uuid.UUID, list[Mapping[str, Any]]] = {id_: [] for id_ in ids}
    for row in await _q.lines_of_held_orders(conn, org_id=org_id, ids=ids):
        off = given.get((row["held_order_id"], row["item_id"]), 0)
        lines[row["held_order_id"]].append({**row, "discount": off})
    return [
        view(
            head,
            _lines(head, lines[head["id"]]),
            flows.of(head["flow"], head["flow_version"]).flow.status(head["status"]),
        )
        for head in heads
    ]


async def list_as_of(
    conn: Connection,
    org_id: int,
    authority: Authority,
    wanted: HeldOrdersWanted,
    past_: tuple[dt.datetime, Tables],
) -> list[HeldOrderView]:
    """The same as it was known at an instant; `past_` is that, and the organisation's flows.

    Who may see them, what is called what, prices, terms and discounts are as they are now. A status cannot be asked for. Raises
    NotKept, and UnknownVersionError.
    """
    instant, flows = past_
    await orders.check_kept(conn, org_id, instant)
    heads = await _heads(conn, org_id, authority, wanted, instant)
    ids = [row["id"] for row in heads]
    if not ids:
        return []
    events: dict[uuid.UUID, list[Any]] = {id_: [] for id_ in ids}
    for row in await _q.events_by(conn, org_id=org_id, ids=ids, instant=instant):
        events[row["entity_id"]].append(row)
    told = {id_: _past(of_one, instant) for id_, of_one in events.items()}
    items = await _items(conn, org_id, {item for was in told.values() for item in was.by_item()})
    given = await _discounts(conn, org_id, heads)
    calendars = await _calendars(conn, org_id, heads, (told, flows))
    return [_view_as_of(head, told[head["id"]], (items, given), (flows, calendars)) for head in heads]


async def _heads(
    conn: Connection, org_id: int, authority: Authority, wanted: HeldOrdersWanted, by: dt.datetime | None
) -> list[Mapping[str, Any]]:
    scope = authority.scope("held_orders:read")
    found: list[Mapping[str, Any]] = await _q.list_held_orders(
        conn,
        org_id=org_id,
        scope=None if scope is None else list(scope),
        by=by,
        **msgspec.structs.asdict(wanted),
    )
    return found


def _past(events: Sequence[Mapping[str, Any]], instant: dt.datetime) -> past.PastHeld:
    """What one was. Raises NotKept."""
    until = [
        past.PastHeldEvent(version=row["version"], at=row["at"], data=row["data"])
        for row in events
        if row["at"] <= instant
    ]
    found = past.at(until)
    if found is None:
        raise NotKept(min((row["at"] for row in events if row["at"] > instant), default=instant))
    return found


async def _items(conn: Connection, org_id: int, ids: set[uuid.UUID]) -> dict[uuid.UUID, Mapping[str, Any]]:
    """What lines say of items, in the order of lines."""
    rows = await _q.items_of_lines(conn, org_id=org_id, ids=list(ids)) if ids else []
    return {row["item_id"]: row for row in rows}


async def _calendars(
    conn: Connection,
    org_id: int,
    heads: Sequence[Mapping[str, Any]],
    told: tuple[Mapping[uuid.UUID, past.PastHeld], Tables],
) -> Mapping[uuid.UUID, Calendar]:
    """The opening hours of both sides, where the version counts in them on which one was; as they are now."""
    was, flows = told
    wanted = {
        side
        for head in heads
        if flows.of(head["flow"], was[head["id"]].flow_version).given
        for side in (head["hub_id"], head["producer_id"])
    }
    return await parties.opening_hours(conn, org_id, wanted) if wanted else {}


def _view_as_of(
    head: Mapping[str, Any],
    was: past.PastHeld,
    of_items: tuple[Mapping[uuid.UUID, Mapping[str, Any]], Mapping[tuple[uuid.UUID, uuid.UUID], int]],
    of_flows: tuple[Tables, Mapping[uuid.UUID, Calendar]],
) -> HeldOrderView:
    """The document of what one was."""
    (items, given), (flows, calendars) = of_items, of_flows
    table = flows.of(head["flow"], was.flow_version)
    sides = {hours.NAME: head["hub_id"], PRODUCERS: head["producer_id"]}
    opened = {name: calendars[side] for name, side in sides.items() if side in calendars}
    same = (was.status, was.entered_at, was.flow_version) == (
        head["status"],
        head["entered_at"],
        head["flow_version"],
    )
    late = head["sla_at"] if same else timing.beyond(table, was.status, was.entered_at, opened)
    then = {
        **head,
        "flow_version": was.flow_version,
        "holds": table.flow.status(was.status).holds,
        "entered_at": was.entered_at,
        "changed_at": was.changed_at,
        "status": was.status,
        "sla_at": late,
        "version": was.version,
    }
    amounts = was.by_item()
    rows = [
        {
            **row,
            "quantity": amounts[id_][0],
            "surplus": amounts[id_][1],
            "discount": given.get((head["id"], id_), 0),
        }
        for id_, row in items.items()
        if id_ in amounts
    ]
    return view(then, _lines(head, rows), table.flow.status(was.status))


async def _discounts(
    conn: Connection, org_id: int, heads: Sequence[Mapping[str, Any]]
) -> dict[tuple[uuid.UUID, uuid.UUID], int]:
    """What the hub gave its shoppers off each item of each held order."""
    ids = [row["id"] for row in heads]
    given: dict[tuple[uuid.UUID, uuid.UUID], int] = {}
    for row in await _q.discounts_of_held_orders(conn, org_id=org_id, ids=ids):
        given[row["held_order_id"], row["item_id"]] = row["discount"]
    if any(row["single"] for row in heads):
        for row in await _q.discounts_of_single_orders(conn, org_id=org_id, ids=ids):
            shared = sourcing.shared_pool(row["hub_id"], row["producer_id"], row["session_id"])
            given[sourcing.single_pool(shared, row["order_id"]), row["item_id"]] = row["discount"]
    return given


def _lines(head: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> list[HeldLine]:
    if head["aggregation"] == "by_weight":
        return by_weight(rows, head["currency"])
    return by_item(rows, head["currency"])


async def contributions(
    conn: Connection, org_id: int, authority: Authority, held: HeldOrderView, limit: int = 1000
) -> list[dict[str, Any]] | None:
    """Which orders a held order is made of, in order of arrival; None unless the asker may read the hub's orders."""
    if not authority.allows("orders:read", held.hub_id):
        return None
    return [dict(row) for row in await _q.contributions(conn, org_id=org_id, id=held.id, limit=limit)]


async def list_late(
    conn: Connection, org_id: int, authority: Authority, now: dt.datetime, page: tuple[Late | None, int]
) -> list[LateHeldOrder]:
    """Held orders beyond the service level of their status, the longest first; after one, and at most so many (`page`)."""
    scope = authority.scope("held_orders:read")
    if scope is not None and not scope:
        return []
    after, limit = page
    rows = await _q.list_late(
        conn, org_id=org_id, now=now, after_at=after[0] if after else None, after_id=after[1] if after else None,
        scope=None if scope is None else list(scope), limit=limit,
    )  # fmt: skip
    return [LateHeldOrder(**row) for row in rows]


Late: TypeAlias = "tuple[dt.datetime, uuid.UUID]"
"""A place in the list of what is late: since when, and which."""


async def flow_counts(conn: Connection, org_id: int) -> list[FlowCount]:
    """How many held orders are in each status of each version of their flows, in that order, each counted up to `MOST_COUNTED`."""
    return [counting.count(row) for row in await _q.flow_counts(conn, org_id=org_id, most=counting.ASKED)]


async def flow_page(
    conn: Connection, org_id: int, name: str, places: Sequence[Place], page: tuple[uuid.UUID | None, int]
) -> list[Standing]:
    """Held orders of a flow in these places, by id, after one and at most so many (`page`); what a move would take next."""
    after, limit = page
    rows = await _q.flow_page(
        conn,
        org_id=org_id,
        name=name,
        after=after or identifiers.NIL,
        versions=[place.version for place in places],
        statuses=[place.status for place in places],
        limit=limit,
    )
    return [Standing(**row) for row in rows]


PROMISES: Final = {
    "head_for_every_pool": "every account of holds has its held order, in a status that fits its holds",
    "one_per_session": "one consolidated held order per hub, producer and session",
}


async def verify(conn: Connection, org_id: int, now: dt.datetime) -> list[proof.Check]:
    """The promises about held orders, each counted over everything that is stored."""
    checks = await promises.checked(PROMISES, lambda name: getattr(_q, f"verify_{name}")(conn, org_id=org_id))
    late = await _q.verify_ended_is_final(conn, org_id=org_id, now=now)
    promise = "a session that has ended leaves no held order open"
    return [*checks, proof.Check("ended_is_final", promise, late["broken"], late["example"] or "")]


# -- documents -------------------------------------------------------------------------------------------------

_KILOGRAM_MG = 1_000_000


def by_item(rows: Sequence[Mapping[str, Any]], currency: str) -> list[HeldLine]:
    """One line per item, in the item's stock unit, with the number of whole cases where it is held by the case."""
    return [
        HeldLine(
            item_id=row["item_id"],
            sku=row["sku"],
            name=row["name"],
            unit=row["stock_unit"],
            quantity=row["quantity"],
            surplus=row["surplus"],
            cases=row["quantity"] // row["case_quantity"] if _by_case(row) else None,
            price_micros=row["price_micros"],
            discount=row["discount"],
            amount=money.line_amount(row["price_micros"], row["quantity"], currency),
        )
        for row in rows
    ]


def _by_case(row: Mapping[str, Any]) -> bool:
    return bool(row["case_quantity"]) and row["quantity"] % row["case_quantity"] == 0


def by_weight(rows: Sequence[Mapping[str, Any]], currency: str) -> list[HeldLine]:
    """One line per product with its total weight in kilograms; what has no weight or no product stays a line by item."""
    heavy: dict[str, list[Mapping[str, Any]]] = {}
    rest = []
    for row in rows:
        if row["product"] and row["weight_mg"]:
            heavy.setdefault(row["product"], []).append(row)
        else:
            rest.append(row)
    return [_bulk(product, of_product, currency) for product, of_product in heavy.items()] + by_item(
        rest, currency
    )


def _bulk(product: str, rows: Sequence[Mapping[str, Any]], currency: str) -> HeldLine:
    amount = sum(money.line_amount(row["price_micros"], row["quantity"], currency) for row in rows)
    weight = sum(row["quantity"] * row["weight_mg"] for row in rows)
    micros = 10 ** (6 - money.digits(currency))
    return HeldLine(
        item_id=None, sku="", name=product, unit="kg", quantity=money.half_up(weight, _KILOGRAM_MG),
        surplus=money.half_up(sum(row["surplus"] * row["weight_mg"] for row in rows), _KILOGRAM_MG), cases=None,
        price_micros=money.half_up(amount * micros * quantity.SCALE * _KILOGRAM_MG, weight) if weight else 0,
        amount=amount, discount=sum(row["discount"] for row in rows),
    )  # fmt: skip


def view(head: Mapping[str, Any], lines: list[HeldLine], status: Status) -> HeldOrderView:
    """The whole document. The discount is the relation's, for an order worth more than agreed; it explains itself.

    `status` is the flow's for the status of the head: what it is in the words of the standard follows from it.
    """
    said = dfc.words(status, owed=any(line.quantity for line in lines))
    currency = head["currency"]
    gross = sum(line.amount for line in lines)
    over, permille = head["discount_over"], head["discount_permille"]
    off = money.half_up(gross * permille, 1000) if permille and gross > over else 0
    share = f"{permille // 10}.{permille % 10}" if permille % 10 else str(permille // 10)
    reason = (
        f"{share} % off, because the order is worth more than {money.text(over, currency)} {currency}"
        if off
        else ""
    )
    return HeldOrderView(
        id=head["id"], number=identifiers.short(head["id"]), hub_id=head["hub_id"], hub=head["hub"],
        producer_id=head["producer_id"], producer=head["producer"], session_id=head["session_id"],
        session=head["session"], amend_until=head["amend_until"], status=said.order,
        fulfilment=said.fulfilment, payment=said.payment, state=status.name, label=status.label or status.name,
        holds=head["holds"], flow=head["flow"], flow_version=head["flow_version"], entered_at=head["entered_at"],
        sla_at=head["sla_at"], currency=currency, lines=lines, gross=gross, discount=off,
        discount_reason=reason, total=gross - off, created_at=head["created_at"], changed_at=head["changed_at"],
        version=head["version"],
    )  # fmt: skip
