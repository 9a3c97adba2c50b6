"""The stories of orders and held orders over HTTP: what happened, what was tried in vain, and what is due; as JSON or as text."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import msgspec

from coster.domain.identity import reads as identity
from coster.domain.orders import reads as orders
from coster.domain.orders.model import OrdersWanted
from coster.domain.wholesale import reads as wholesale
from coster.domain.wholesale.model import HeldOrdersWanted
from coster.edges.http.call import Answer, Call, answer
from coster.edges.http.fields import Id, Instant
from coster.edges.http.operation import Operation
from coster.edges.http.problems import not_found
from coster.engine.db.connect import Connection
from coster.engine.flows import clocks
from coster.engine.story import reads, rules
from coster.engine.story.model import Elsewhere, Entry, Story, Waits
from coster.engine.workflow.step import Table
from coster.kernel import ids

_TEXT = b"text/plain"


class GuardSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A condition that was asked, its answer, and what it read."""

    guard: Annotated[str, msgspec.Meta(examples=["lines > 0"])]
    answer: bool
    values: Annotated[dict[str, Any], msgspec.Meta(examples=[{"lines": 3}])]


class StepSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the flow that was carried out."""

    label: str
    trigger: str
    came_from: Annotated[str, msgspec.Meta(description="The status before.", examples=["Held"])]
    to: Annotated[str, msgspec.Meta(description="The status afterwards.", examples=["Complete"])]
    guards: list[GuardSeen]
    actions: list[str]


class EntrySeen(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened; with a `code` one that was tried and refused."""

    at: Instant
    what: Annotated[str, msgspec.Meta(description="In words.", examples=["The session is over"])]
    event: Annotated[str, msgspec.Meta(description="The event; of what was refused the trigger.")]
    version: Annotated[int, msgspec.Meta(description="The object's, after it; 0: nothing happened.")]
    actor: Annotated[Id, msgspec.Meta(description="The API key; null where it is none of yours.")] | None
    who: Annotated[str, msgspec.Meta(description="The same in words.", examples=["the server itself"])]
    why: Annotated[str, msgspec.Meta(description="The reason that was given, where you may read it.")]
    status: Annotated[
        str, msgspec.Meta(description="Afterwards, for people; of what was refused the one it was in.")
    ]
    steps: Annotated[list[StepSeen], msgspec.Meta(description="The rows of its flow that were carried out.")]
    guards: Annotated[list[GuardSeen], msgspec.Meta(description="Of what was refused: what was in the way.")]
    code: Annotated[str, msgspec.Meta(description="Why it was refused; empty: it happened.")]
    detail: str


class WaitsSeen(msgspec.Struct, frozen=True, kw_only=True):
    """What will happen by itself, unless the object moves on before."""

    at: Instant
    what: str
    trigger: str
    parked: Annotated[str, msgspec.Meta(description="Why it was given up; empty: it is due.")]


class StorySeen(msgspec.Struct, frozen=True, kw_only=True):
    """The story of an object, oldest first."""

    id: Id
    entity: Annotated[str, msgspec.Meta(examples=["order"])]
    number: Annotated[str, msgspec.Meta(description="Its name for people.", examples=["7Z3K9Q0X2M"])]
    status: Annotated[str, msgspec.Meta(description="Of its flow, now.", examples=["booked"])]
    label: Annotated[str, msgspec.Meta(description="The same for people.", examples=["Booked"])]
    flow: str
    flow_version: int
    whole: Annotated[
        bool, msgspec.Meta(description="false: what came first is in the archive of whoever runs the server.")
    ]
    entries: list[EntrySeen]
    waits: list[WaitsSeen]


class _Subject(msgspec.Struct, frozen=True, kw_only=True):
    """Whose story it is."""

    entity: str
    id: uuid.UUID
    status: str
    flow: str
    flow_version: int
    title: str
    reasons: Callable[[str], bool]
    places: list[tuple[Table, str]]
    """Its flow with its status, and after it those of what is part of it."""
    elsewhere: list[Elsewhere] = []
    """What happened elsewhere to what is its own."""


async def of_order(call: Call) -> Answer:
    """The story of an order."""
    async with call.parts.database.read(call.org_id) as conn:
        found = await orders.list_orders(
            conn, call.org_id, call.authority, OrdersWanted(ids=[call.id()], limit=1)
        )
        if not found:
            raise not_found("order")
        order = found[0]
        own, below = call.parts.libraries["order"], call.parts.libraries["checkout"]
        flows = await own.tables(conn, call.org_id)
        both = (flows, await below.at(conn, call.org_id, flows.mark))
        standings = await orders.standings(conn, call.org_id, order, both, call.at)
        places = [(one.table, one.status) for one in reversed(standings)]
        subject = _Subject(
            entity="order", id=order.id, status=order.status, flow=order.flow, flow_version=order.flow_version,
            title=f"Order {ids.short(order.id)}", reasons=lambda _kind: True, places=places,
            elsewhere=[
                Elsewhere(at=turn.at, name=turn.name, actor=turn.actor, what=turn.words(numbers))
                for turn, numbers in await orders.story_of_goods(conn, call.org_id, order)
            ],
        )  # fmt: skip
        return await _told(call, conn, subject)


async def of_held_order(call: Call) -> Answer:
    """The story of a held order. Reasons that were given to shoppers' orders are none of its parties' business."""
    async with call.parts.database.read(call.org_id) as conn:
        flows = await call.parts.libraries["held_order"].tables(conn, call.org_id)
        wanted = HeldOrdersWanted(ids=[call.id()], limit=1)
        found = await wholesale.list_held_orders(conn, call.org_id, call.authority, wanted, flows)
        if not found:
            raise not_found("held order")
        held = found[0]
        subject = _Subject(
            entity="held_order", id=held.id, status=held.state, flow=held.flow, flow_version=held.flow_version,
            title=f"Held order {held.number} of {held.hub} on {held.producer}",
            reasons=lambda kind: kind.startswith("wholesale."),
            places=[(flows.of(held.flow, held.flow_version), held.state)],
        )  # fmt: skip
        return await _told(call, conn, subject)


async def _told(call: Call, conn: Connection, subject: _Subject) -> Answer:
    table = subject.places[0][0]
    timers = [
        clocks.timer_id(subject.id, entry.trigger)
        for place, status in subject.places
        for entry in place.timers.get(status, ())
    ]
    facts = await reads.facts(conn, call.org_id, subject.entity, subject.id, timers)
    facts = msgspec.structs.replace(facts, elsewhere=subject.elsewhere)
    actors = {one.actor for found in (facts.events, facts.refused, facts.elsewhere) for one in found}
    names = await identity.names_of_keys(conn, call.org_id, call.authority, actors)
    told = rules.story(
        facts, [place.flow for place, _ in subject.places], rules.Reader(names=names, reasons=subject.reasons)
    )
    if call.accepts(_TEXT):
        return Answer(
            body=rules.text(_title(subject, table), told).encode(), media=b"text/plain; charset=utf-8"
        )
    return answer(_seen(subject, table, told, names))


def _label(subject: _Subject, table: Table) -> str:
    return table.flow.status(subject.status).label or subject.status


def _title(subject: _Subject, table: Table) -> str:
    return f"{subject.title}: {_label(subject, table)}"


def _seen(subject: _Subject, table: Table, told: Story, names: Mapping[uuid.UUID, str]) -> StorySeen:
    return StorySeen(
        id=subject.id, entity=subject.entity, number=ids.short(subject.id), status=subject.status,
        label=_label(subject, table), flow=subject.flow, flow_version=subject.flow_version, whole=told.whole,
        entries=[_entry(entry, names) for entry in told.entries], waits=[_waits(one) for one in told.waits],
    )  # fmt: skip


def _entry(entry: Entry, names: Mapping[uuid.UUID, str]) -> EntrySeen:
    told = msgspec.to_builtins(entry)
    if entry.actor not in names:
        told["actor"] = None
    return msgspec.convert(told, EntrySeen)


def _waits(one: Waits) -> WaitsSeen:
    return WaitsSeen(at=one.at, what=one.what, trigger=one.trigger, parked=one.parked)


_STORY: dict[str, Any] = {
    "method": "GET",
    "answer": StorySeen,
    "media": ("text/plain",),
    "description": "What happened, by whom and why, with the conditions that decided; what was tried and refused; what is due by "
    "itself. `Accept: text/plain` gives it for people.",
}
OPERATIONS = (
    Operation(
        id="getOrderTimeline",
        path="/api/v1/orders/{id}/timeline",
        summary="Tell the story of an order",
        endpoint=of_order,
        tag="orders",
        permission="orders:read",
        **_STORY,
    ),
    Operation(
        id="getHeldOrderTimeline",
        path="/api/v1/held-orders/{id}/timeline",
        summary="Tell the story of a held order",
        endpoint=of_held_order,
        tag="held orders",
        permission="held_orders:read",
        **_STORY,
    ),
)
