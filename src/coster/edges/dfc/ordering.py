"""What a request for an order comes to: commands of the rooms, and their refusals in words that another platform can use."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import uuid
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from coster.domain.catalog import reads as catalog
from coster.domain.catalog.model import ItemsWanted, VersionedItem
from coster.domain.orders.model import ReplaceLines, Total
from coster.domain.parties import reads as parties
from coster.domain.supplying import reads
from coster.domain.supplying.model import (
    Bound,
    CompleteSupply,
    EndSupply,
    OpenSupply,
    PlaceSupplied,
    SuppliedOrder,
    SuppliedWanted,
)
from coster.edges.dfc import order_documents, serving, wanted
from coster.edges.dfc.language import concepts
from coster.edges.dfc.language.concepts import OrderStatus
from coster.edges.dfc.wanted import WantedLine, WantedOrder, WantedSession
from coster.edges.http import commands
from coster.edges.http.call import Call
from coster.edges.http.problems import Problem, detail_of, not_found
from coster.engine.batch.run import Result
from coster.kernel import money, quantity
from coster.kernel.outcome import Accepted, Rejected

SEES_ALL: Final = "held_orders:read"
_LINE: Final = re.compile(r"^Line \d+: ")
_LINES: Final = re.compile(r"(?:(?<= )|^)Line \d+: ")
OPEN: Final = "open"


class Preferences(msgspec.Struct, frozen=True, kw_only=True):
    """What Prefer (RFC 7240) asks for: what there is instead of nothing; a refusal where a price differs from ours."""

    partial: bool = False
    strict: bool = False


def preferences(call: Call) -> Preferences:
    """The preferences of a request; unknown ones are left alone."""
    words = {one.strip().lower() for one in re.split(rb"[,;]", call.headers.get(b"prefer", b""))}
    return Preferences(partial=b"allow-partial" in words, strict=b"handling=strict" in words)


def sequence(call: Call) -> int | None:
    """The number of what is wanted, where the platform counts it. Problem: header_invalid."""
    given = call.headers.get(b"coster-sequence")
    if given is None:
        return None
    if not given.strip().isdigit() or len(given.strip()) > 18:
        raise Problem("header_invalid", "Coster-Sequence must be a whole number of at most 18 digits.")
    return int(given)


def platform_of(call: Call, producer_id: uuid.UUID) -> uuid.UUID | None:
    """Whose orders the caller sees: its own; all (None) where it may read the producer's held orders anyway."""
    return None if call.authority.allows(SEES_ALL, producer_id) else call.key_id


async def bound(call: Call, producer_id: uuid.UUID) -> Bound:
    """The order of the path, to be changed: only by the platform whose it is, whoever else may read it. Problem: not_found."""
    id_ = call.id(what="order")
    async with call.parts.database.read(call.org_id, by_key=True) as conn:
        found = await reads.find_binding(conn, call.org_id, producer_id, id_, platform_id=call.key_id)
    if found is None:
        raise not_found("order")
    return found


async def find(call: Call, producer_id: uuid.UUID, id_: uuid.UUID) -> Bound | None:
    """An order of this producer that the caller may see, where it was placed."""
    async with call.parts.database.read(call.org_id, by_key=True) as conn:
        return await reads.find_binding(
            conn, call.org_id, producer_id, id_, platform_id=platform_of(call, producer_id)
        )


async def look(call: Call, which: SuppliedWanted) -> reads.Looked:
    """Orders as they are now."""
    library = call.parts.libraries["held_order"]
    async with call.parts.database.read(call.org_id) as conn:
        flows = await library.tables(conn, call.org_id)
        return await reads.list_supplied(conn, call.org_id, which, flows)


async def now(call: Call, producer_id: uuid.UUID, id_: uuid.UUID) -> SuppliedOrder:
    """One order as it is now. Problem: not_found."""
    which = SuppliedWanted(producer_id=producer_id, platform_id=platform_of(call, producer_id))
    library = call.parts.libraries["held_order"]
    async with call.parts.database.read(call.org_id, by_key=True) as conn:
        found = await reads.find_supplied(conn, call.org_id, which, id_, library)
    if found is None:
        raise not_found("order")
    return found


# ------------------------------------------------------------------------------------------------------------ commands


async def send(call: Call, what: str, body: Any) -> Result:
    """One of the commands of a request; `what` tells it from the others, and a repeat of the request sends the same."""
    data = call.path.encode() if call.method == "DELETE" else await call.data()
    print_ = hashlib.sha256(
        b"%s %s %s\n%s" % (what.encode(), call.method.encode(), call.path.encode(), data)
    ).digest()
    id_ = commands.made(call.command_id, what)
    return await commands.send_as(call, id_, body, fingerprint=print_)


def _accepted(result: Result) -> Mapping[str, Any]:
    """The answer of a command that has nothing to do with single lines. Problem: its refusal."""
    if isinstance(result.outcome, Rejected):
        raise _problem(result.outcome, {})
    return result.outcome.value


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where an order has its place: hub, producer and session, and the ids that follow from them."""

    producer_id: uuid.UUID
    hub_id: uuid.UUID
    session_id: uuid.UUID
    id: uuid.UUID


async def place_of(call: Call, producer_id: uuid.UUID, order: WantedOrder) -> tuple[Place, Bound | None]:
    """The place of an order that is to be made, and the order that has it already (dfc.md §0.9).

    An order without a session has a place of its own as soon as the one before it is complete. Problem: session_unknown.
    """
    hub = reads.hub_id(call.key_id, order.buyer_iri or "")
    session = order.session or WantedSession()
    ours = serving.iris(call).read(session.iri) if session.iri else None
    if ours is not None and ours.collection == "SaleSessions" and ours.id is not None:
        return await _in_session(call, producer_id, hub, ours.id)
    key = _key(session)
    place, known = await _generation(call, producer_id, hub, key)
    if key != OPEN or known is None or known.session_status != "ended":
        return place, known
    # Each of them was made when the one before it was complete, so the last is found by doubling and halving.
    low, high = 0, 1
    while (found := await _generation(call, producer_id, hub, f"{key}#{high}"))[1] and _over(found[1]):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        tried = await _generation(call, producer_id, hub, f"{key}#{middle}")
        low, high, found = (middle, high, found) if _over(tried[1]) else (low, middle, tried)
    return found


def _over(known: Bound | None) -> bool:
    return known is not None and known.session_status == "ended"


async def _generation(
    call: Call, producer_id: uuid.UUID, hub: uuid.UUID, key: str
) -> tuple[Place, Bound | None]:
    place = _placed(producer_id, hub, reads.session_id(hub, producer_id, key))
    return place, await find(call, producer_id, place.id)


async def _in_session(
    call: Call, producer_id: uuid.UUID, hub: uuid.UUID, session_id: uuid.UUID
) -> tuple[Place, Bound | None]:
    """The place in a session that was made here before."""
    async with call.parts.database.read(call.org_id) as conn:
        found = await reads.find_session(
            conn, call.org_id, producer_id, session_id, platform_id=platform_of(call, producer_id)
        )
    if found is None:
        raise Problem("session_unknown", "No sale session of yours has this address.")
    # Orders of several hubs in one session have one each: completing one leaves the others as they are.
    of_hub = (
        session_id if found.coordinator_id == hub else reads.session_id(hub, producer_id, str(session_id))
    )
    place = _placed(producer_id, hub, of_hub)
    return place, await find(call, producer_id, place.id)


def _placed(producer_id: uuid.UUID, hub: uuid.UUID, session_id: uuid.UUID) -> Place:
    id_ = reads.held_order_id(hub, producer_id, session_id)
    return Place(producer_id=producer_id, hub_id=hub, session_id=session_id, id=id_)


def _key(session: WantedSession) -> str:
    """By what a session is known again: its IRI, else its dates, else nothing."""
    if session.iri:
        return session.iri
    if session.begins is None and session.ends is None:
        return OPEN
    return "/".join(
        one.astimezone(dt.UTC).isoformat() if one else "" for one in (session.begins, session.ends)
    )


async def open_place(
    call: Call, place: Place, order: WantedOrder | None, order_id: uuid.UUID | None
) -> Mapping[str, Any]:
    """Everything that must be there before something can be held. Problems: not_permitted and others."""
    session = (order.session if order else None) or WantedSession()
    # Whoever orders after the end that it tells has a day from now on: clocks differ, and hubs have windows of amendments.
    ends = (
        max(session.ends, call.at) + order_documents.GRACE
        if session.ends
        else call.at + order_documents.OPEN_ENDED * 2
    )
    iri = session.iri if session.iri and serving.iris(call).read(session.iri) is None else ""
    body = OpenSupply(
        hub_id=place.hub_id, hub_iri=(order.buyer_iri if order else None) or "", hub_name=_name(order), producer_id=place.producer_id,
        session_id=place.session_id, session_iri=iri, session_name=_session_name(session), closes_at=ends.astimezone(dt.UTC),
        held_order_id=place.id if order_id else None, order_id=order_id,
    )  # fmt: skip
    return _accepted(await send(call, "open", body))


def _name(order: WantedOrder | None) -> str:
    if order is not None and order.buyer_name.strip():
        return " ".join(order.buyer_name.split())
    host = urlsplit((order.buyer_iri if order else "") or "").hostname
    return host or "Another platform"


def _session_name(session: WantedSession) -> str:
    days = [one.date().isoformat() for one in (session.begins, session.ends) if one]
    return f"Session {' to '.join(days)}" if days else "Orders of another platform"


async def move_session(call: Call, known: Bound, order: WantedOrder) -> None:
    """The hub has moved the end of its session: ours moves with it. Problem: session_differs."""
    session = order.session
    if session is None or known.session_status == "ended":
        return
    ours = serving.iris(call).session(known.producer_id, known.session_id)
    if session.iri and known.session_iri and session.iri not in (known.session_iri, ours):
        raise Problem(
            "session_differs",
            "This order is in another session; an order stays in the session that it was made in.",
        )
    if session.ends is None or (known.ends and dt.datetime.fromisoformat(known.ends) == session.ends):
        return
    place = Place(
        producer_id=known.producer_id, hub_id=known.hub_id, session_id=known.session_id, id=known.id
    )
    await open_place(call, place, order, known.order_id)


async def place(call: Call, where: Place, order: WantedOrder, order_id: uuid.UUID) -> Result:
    """The first totals of an order; the result may say that it was placed meanwhile. Problems: the refusal, line by line."""
    prefers = preferences(call)
    currency = await _currency(call, where.producer_id)
    totals = await totals_of(call, where.producer_id, order.lines, prefers)
    body = PlaceSupplied(
        order_id=order_id, hub_id=where.hub_id, producer_id=where.producer_id, session_id=where.session_id,
        reference=str(where.id), lines=totals, sequence=sequence(call), allow_partial=prefers.partial,
        notes=wanted.notes(order, {}),
    )  # fmt: skip
    check_currency(order.lines, currency)
    result = await send(call, "place", body)
    outcome = result.outcome
    if isinstance(outcome, Rejected) and outcome.code != "duplicate_reference":
        there = [total.item_id for total in totals if total.quantity]
        raise _problem(outcome, _by_item(order.lines, where.producer_id, call), there)
    return result


async def _currency(call: Call, producer_id: uuid.UUID) -> str:
    async with call.parts.database.read(call.org_id, by_key=True) as conn:
        found = await parties.currencies(conn, call.org_id, [producer_id])
    if producer_id not in found:
        raise not_found("enterprise")
    return found[producer_id]


async def replace(call: Call, known: Bound, order: WantedOrder, body: ReplaceLines) -> Result:
    """New totals for an order. Problems: the refusal, line by line."""
    check_currency(order.lines, known.currency)
    result = await send(call, f"replace {body.expected_version}", body)
    if isinstance(result.outcome, Rejected):
        raise _problem(result.outcome, _by_item(order.lines, known.producer_id, call))
    return result


async def totals(call: Call, known: Bound, order: WantedOrder, kept: Mapping[str, Any]) -> ReplaceLines:
    """The command for an order as it is wanted; `kept` is what was noted of it before. Problems: those of its lines."""
    prefers = preferences(call)
    off = {OrderStatus.CANCELLED: True, None: None}.get(order.status, False)
    lines = () if off else order.lines
    return ReplaceLines(
        order_id=known.order_id, producer_id=known.producer_id, lines=await totals_of(call, known.producer_id, lines, prefers),
        sequence=sequence(call), cancelled=off, allow_partial=prefers.partial,
        notes=wanted.notes(msgspec.structs.replace(order, lines=lines), kept),
    )  # fmt: skip


async def complete(call: Call, producer_id: uuid.UUID, session_id: uuid.UUID) -> None:
    """The hub has finished its order: its session with this producer ends, and what is held is owed. Can be said again."""
    _accepted(await send(call, "end", EndSupply(session_id=session_id, producer_id=producer_id)))
    _accepted(await send(call, "complete", CompleteSupply(session_id=session_id, producer_id=producer_id)))


# --------------------------------------------------------------------------------------------------------------- lines


async def totals_of(
    call: Call, producer_id: uuid.UUID, lines: Sequence[WantedLine], prefers: Preferences
) -> list[Total]:
    """The lines as totals in the items' own units. Items are looked up only where a unit or (strictly) a price is to be compared.

    Problems: unit_differs, price_differs.
    """
    items: dict[uuid.UUID, VersionedItem] = {}
    if prefers.strict or any(line.unit for line in lines):
        items = await _items(call, producer_id, [line.item_id for line in lines])
    found = [Total(item_id=line.item_id, quantity=_counted(line, items.get(line.item_id))) for line in lines]
    if prefers.strict:
        _check_prices(lines, items)
    return found


async def _items(call: Call, producer_id: uuid.UUID, ids: list[uuid.UUID]) -> dict[uuid.UUID, VersionedItem]:
    asker = serving.alone(producer_id, "items:read")
    async with call.parts.database.read(call.org_id) as conn:
        rows = await catalog.list_items(
            conn, call.org_id, asker, ItemsWanted(ids=ids, owner_id=producer_id, limit=len(ids))
        )
    return {row.id: row for row in rows}


def _counted(line: WantedLine, item: VersionedItem | None) -> int:
    """The quantity in the item's unit, where the line says that it counts another of the same kind. Problem: unit_differs."""
    said = concepts.UNITS.get(line.unit or "")
    own = concepts.UNITS.get(concepts.unit_of_word(item.stock_unit) or "") if item else None
    if said is None or item is None or own is None or said.measures in ("count", "pieces"):
        return line.quantity
    exact = Fraction(line.quantity) * said.factor / own.factor
    if said.measures != own.measures or exact.denominator != 1:
        raise Problem(
            "unit_differs",
            f"{item.name} is counted in {item.stock_unit}; {quantity.text(line.quantity)} {line.unit} cannot be said in it.",
            members={"lines": [{"line": line.ids[0], "code": "unit_differs", "unit": item.stock_unit}]},
        )
    return int(exact)


def check_currency(lines: Sequence[WantedLine], currency: str) -> None:
    """A price in another currency was never ours. Problem: currency_mismatch."""
    said = {line.price.currency for line in lines if line.price and line.price.currency} - {currency}
    if said:
        raise Problem(
            "currency_mismatch",
            f"Goods are priced in {currency} here, and not in {', '.join(sorted(said))}.",
            members={"currency": currency},
        )


def _check_prices(lines: Sequence[WantedLine], items: Mapping[uuid.UUID, VersionedItem]) -> None:
    told = []
    for line in lines:
        item = items.get(line.item_id)
        if item is None or line.price is None or money.parse_price(line.price.value) == item.price_micros:
            continue
        ours, theirs = money.price_text(item.price_micros), str(line.price.value)
        told.append({"line": line.ids[0], "code": "price_differs", "price": ours, "wanted": theirs})
    if told:
        raise Problem(
            "price_differs",
            "A price is not ours by now; read the catalogue again, or leave out handling=strict and take ours.",
            members={"lines": told},
        )


def _by_item(
    lines: Sequence[WantedLine], producer_id: uuid.UUID, call: Call
) -> dict[uuid.UUID, dict[str, str]]:
    """How the platform calls each line, and how we call what it counts."""
    iris = serving.iris(call)
    return {
        line.item_id: {
            "line": line.ids[0] if line.ids else "",
            "item": iris.product(producer_id, line.item_id),
            "offer": iris.offer(producer_id, line.item_id),
        }
        for line in lines
    }


def _problem(
    rejected: Rejected, names: Mapping[uuid.UUID, dict[str, str]], order: Sequence[uuid.UUID] = ()
) -> Problem:
    """A refusal of the rooms for another platform: its own names for lines, ours for goods, and how much is left (dfc.md §7.2)."""
    detail = detail_of(rejected)
    detail.pop("order_id", None)
    if isinstance(detail.get("lines"), list):
        detail["lines"] = [_told(line, names, order) for line in detail["lines"]]
    return Problem(rejected.code, _LINES.sub("", rejected.message), members=detail)


def _told(
    line: Mapping[str, Any], names: Mapping[uuid.UUID, dict[str, str]], order: Sequence[uuid.UUID]
) -> dict[str, Any]:
    number = line.get("line")
    item = uuid.UUID(line["item_id"]) if "item_id" in line else None
    if item is None and isinstance(number, int) and 0 < number <= len(order):
        item = order[number - 1]
    told = {name: value for name, value in line.items() if name not in ("line", "item_id")}
    told["message"] = _LINE.sub("", str(line.get("message", "")))
    return {**told, **names.get(item, {})} if item else told


def granted_less(result: Result, order: WantedOrder) -> bool:
    """Whether less was granted than wanted, which only who prefers it so gets."""
    if not isinstance(result.outcome, Accepted):
        return False
    by_item = {line["item_id"]: quantity.parse(line["quantity"]) for line in result.outcome.value["lines"]}
    return any(by_item.get(str(line.item_id), 0) < line.quantity for line in order.lines)
