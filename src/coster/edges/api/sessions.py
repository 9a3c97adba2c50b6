"""Sales sessions over HTTP: planned, changed, moved along, and what they list."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Any, Literal

import msgspec

from coster.domain.sessions import reads
from coster.domain.sessions.model import (
    CloseSession,
    EndSession,
    Listing,
    ListingView,
    OpenSession,
    PutSession,
    Recurrence,
    ReopenSession,
    SessionView,
)
from coster.edges.http import commands, paging
from coster.edges.http.bodies import Body, Numbers
from coster.edges.http.call import Answer, Call, answer, versioned
from coster.edges.http.fields import (
    UNSET,
    EnterpriseId,
    Id,
    Instant,
    ItemId,
    Name,
    OwnId,
    Price,
    PriceText,
    SessionId,
    Unset,
    Version,
    given,
    in_utc,
)
from coster.edges.http.operation import Operation
from coster.edges.http.paging import Page, PageQuery
from coster.edges.http.problems import not_found
from coster.kernel import money

Status = Literal["planned", "open", "closed", "ended"]
Hubs = Annotated[list[EnterpriseId], msgspec.Meta(max_length=1000, description="All hubs that sell in it.")]


class ListingGiven(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An item on sale, at its own price or one for this session (per stock unit)."""

    item_id: ItemId
    price: Price | None = None


class RecurrenceGiven(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How sessions follow one another. 12:00 stays 12:00 when clocks change."""

    rrule: Annotated[str, msgspec.Meta(max_length=500, description="RFC 5545.", examples=["FREQ=WEEKLY"])]
    timezone: Annotated[
        str, msgspec.Meta(max_length=64, description="IANA time zone.", examples=["Europe/Paris"])
    ]


Listings = Annotated[
    list[ListingGiven],
    msgspec.Meta(max_length=20_000, description="What is on sale; replaces the whole list."),
]


class SessionWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A window of sale. Orders hold stock while it is open; they can be made smaller until `amend_until`."""

    coordinator_id: EnterpriseId
    name: Name
    opens_at: Instant
    closes_at: Instant
    id: OwnId | None = None
    amend_until: Instant | None = None
    hub_ids: Hubs = []
    listings: Listings = []
    recurrence: RecurrenceGiven | None = None


class SessionPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What shall change; the rest stays."""

    name: Name | Unset = UNSET
    opens_at: Instant | Unset = UNSET
    closes_at: Instant | Unset = UNSET
    amend_until: Instant | Unset = UNSET
    hub_ids: Hubs | Unset = UNSET
    listings: Listings | Unset = UNSET
    recurrence: RecurrenceGiven | Unset | None = UNSET


class SessionChanged(msgspec.Struct, frozen=True, kw_only=True):
    """The session as it is now, and whether the request changed it."""

    id: SessionId
    coordinator_id: EnterpriseId
    name: Name
    status: Status
    opens_at: Instant
    closes_at: Instant
    amend_until: Instant
    hub_ids: list[Id]
    version: Version
    changed: bool


class ListingSeen(msgspec.Struct, frozen=True, kw_only=True):
    """An item on sale in the session."""

    session_id: SessionId
    item_id: ItemId
    item_name: Name
    sku: str
    stock_unit: str
    producer_id: EnterpriseId
    producer_name: Name
    price: PriceText
    own_price: Annotated[bool, msgspec.Meta(description="Whether the price is the session's own.")]


class SessionQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which sessions; the latest opening comes first."""

    hub_id: EnterpriseId | None = None
    status: Annotated[Status, msgspec.Meta(description="How far they are.")] | None = None
    open_at: Instant | None = None


class Nothing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """No attributes."""


class ReopenAttributes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Until when, and why; both are kept."""

    closes_at: Instant
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=1000, examples=["The web shop was down."])]
    amend_until: Instant | None = None


class Open(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="name", tag="open"
):
    """Opens the session now."""

    attributes: Nothing = Nothing()


class Close(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="name", tag="close"
):
    """Closes the session now."""

    attributes: Nothing = Nothing()


class Reopen(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="name", tag="reopen"
):
    """Opens the closed session again."""

    attributes: ReopenAttributes


class End(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="name", tag="end"):
    """Ends the session, once its amendment window is over: its held orders are completed."""

    attributes: Nothing = Nothing()


SessionEvent = Open | Close | Reopen | End

_wanted, _patch = Body(SessionWanted), Body(SessionPatch)
_event: Body[SessionEvent] = Body(SessionEvent)


async def create(call: Call) -> Answer:
    """Plans a session."""
    body = await call.read(_wanted)
    command = _put(body, body.id or call.new_id("session"), listings=body.listings, expected_version=0)
    result = await commands.send(call, command)
    return commands.reply(call, result, status=201, location=f"/api/v1/sessions/{command.session_id}")


async def list_(call: Call) -> Answer:
    """The sessions of the caller's hubs."""
    query = call.read_query(SessionQuery)
    after = paging.read("sessions", query.cursor, tuple[dt.datetime, uuid.UUID])
    visible = call.scope_of()
    wanted = reads.SessionFilter(
        hub_id=query.hub_id,
        visible_to=None if visible is None else list(visible),
        statuses=[query.status] if query.status else None,
        open_at=in_utc(query.open_at),
    )
    async with call.parts.database.read(call.org_id) as conn:
        rows = await reads.list_sessions(conn, call.org_id, wanted, after=after, limit=query.limit + 1)
    return answer(
        paging.page("sessions", rows, query.limit, lambda row: row, lambda row: (row.opens_at, row.id))
    )


async def get(call: Call) -> Answer:
    """One session."""
    session = await _find(call)
    return versioned(session, session.version)


async def change(call: Call) -> Answer:
    """Changes a session that has not ended."""
    expected = call.expected_version
    patch = await call.read(_patch)
    now = await _find(call)
    changes = given(patch)
    listings = changes.pop("listings", None)
    recurrence = msgspec.convert(now.recurrence, RecurrenceGiven | None, from_attributes=True)
    whole = SessionWanted(
        coordinator_id=now.coordinator_id,
        **{
            "name": now.name,
            "opens_at": now.opens_at,
            "closes_at": now.closes_at,
            "amend_until": now.amend_until,
            "hub_ids": now.hub_ids,
            "recurrence": recurrence,
            **changes,
        },
    )
    result = await commands.send(call, _put(whole, now.id, listings=listings, expected_version=expected))
    return commands.reply(call, result)


def _put(
    body: SessionWanted, id_: uuid.UUID, *, listings: list[ListingGiven] | None, expected_version: int
) -> PutSession:
    numbers = Numbers()
    listed = (
        None if listings is None else [_listing(numbers, number, one) for number, one in enumerate(listings)]
    )
    numbers.check()
    return PutSession(
        session_id=id_,
        coordinator_id=body.coordinator_id,
        name=body.name,
        opens_at=body.opens_at,
        closes_at=body.closes_at,
        amend_until=body.amend_until,
        hub_ids=body.hub_ids,
        listings=listed,
        recurrence=msgspec.convert(body.recurrence, Recurrence | None, from_attributes=True),
        expected_version=expected_version,
    )


def _listing(numbers: Numbers, number: int, listing: ListingGiven) -> Listing:
    price = None if listing.price is None else numbers.price(f"/listings/{number}/price", listing.price)
    return Listing(item_id=listing.item_id, price_micros=price)


async def list_listings(call: Call) -> Answer:
    """What a session lists."""
    query = call.read_query(PageQuery)
    session = await _find(call)
    after = paging.read("listings", query.cursor, uuid.UUID)
    async with call.parts.database.read(call.org_id) as conn:
        rows = await reads.list_listings(conn, call.org_id, session.id, after=after, limit=query.limit + 1)
    return answer(paging.page("listings", rows, query.limit, _seen_listing, lambda row: row.item_id))


async def move(call: Call) -> Answer:
    """Opens, closes, reopens or ends a session."""
    event = await call.read(_event)
    session_id = call.id()
    reason = ""
    body: Any
    match event:
        case Open():
            body = OpenSession(session_id=session_id)
        case Close():
            body = CloseSession(session_id=session_id)
        case End():
            body = EndSession(session_id=session_id)
        case Reopen(attributes=wanted):
            reason = wanted.reason
            body = ReopenSession(
                session_id=session_id,
                closes_at=wanted.closes_at,
                amend_until=wanted.amend_until,
                reason=reason,
            )
    return commands.reply(call, await commands.send(call, body, reason=reason))


async def _find(call: Call) -> SessionView:
    async with call.parts.database.read(call.org_id) as conn:
        session = await reads.get_session(conn, call.org_id, call.id())
    if session is None or not call.sees(session.coordinator_id, *session.hub_ids, permission="sessions:read"):
        raise not_found("session")
    return session


def _seen_listing(listing: ListingView) -> Any:
    seen = msgspec.structs.asdict(listing)
    seen["price"] = money.price_text(seen.pop("price_micros"))
    return seen


_READ: dict[str, Any] = {"tag": "sessions", "permission": "sessions:read"}
_WRITE: dict[str, Any] = {
    "tag": "sessions",
    "permission": "sessions:write",
    "changes": True,
    "answer": SessionChanged,
}
_PROBLEMS = (
    "enterprise_unknown",
    "item_unknown",
    "not_supplied",
    "session_times_wrong",
    "session_time_past",
    "session_ended",
    "session_step_taken",
)
_MOVES = (
    "session_unknown",
    "session_not_open",
    "session_not_planned",
    "session_not_closed",
    "session_ended",
    "session_amendable",
    "session_time_past",
    "session_times_wrong",
)
OPERATIONS = (
    Operation(
        id="createSession",
        method="POST",
        path="/api/v1/sessions",
        summary="Plan a session",
        endpoint=create,
        body=SessionWanted,
        status=201,
        problems=(*_PROBLEMS, "already_exists"),
        **_WRITE,
    ),
    Operation(
        id="listSessions",
        method="GET",
        path="/api/v1/sessions",
        summary="List sessions",
        endpoint=list_,
        query=SessionQuery,
        answer=Page[SessionView],
        **_READ,
    ),
    Operation(
        id="getSession",
        method="GET",
        path="/api/v1/sessions/{id}",
        summary="Show a session",
        endpoint=get,
        answer=SessionView,
        **_READ,
    ),
    Operation(
        id="changeSession",
        method="PATCH",
        path="/api/v1/sessions/{id}",
        summary="Change a session",
        endpoint=change,
        body=SessionPatch,
        needs_version=True,
        problems=_PROBLEMS,
        **_WRITE,
    ),
    Operation(
        id="listListings",
        method="GET",
        path="/api/v1/sessions/{id}/listings",
        summary="List what a session sells",
        endpoint=list_listings,
        query=PageQuery,
        answer=Page[ListingSeen],
        **_READ,
    ),
    Operation(
        id="moveSession",
        method="POST",
        path="/api/v1/sessions/{id}/events",
        summary="Open, close, reopen or end a session",
        endpoint=move,
        body=SessionEvent,
        problems=_MOVES,
        **_WRITE,
    ),
)
