"""What happened, in order: by cursor, and as a stream (SSE) that goes on."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec

from coster.edges.http import sight
from coster.edges.http.call import Answer, Call, answer
from coster.edges.http.fields import Id, Instant
from coster.edges.http.operation import Operation
from coster.edges.http.paging import LARGEST
from coster.edges.http.problems import Problem
from coster.engine.outbox import feed
from coster.kernel.message import Stored

PERMISSION = "events:read"
EventName = Annotated[
    str, msgspec.Meta(max_length=100, description="An event's name.", examples=["order.placed"])
]
_encode = msgspec.json.Encoder(decimal_format="string").encode
_SIGN_OF_LIFE = b": alive\n\n"
_POLL = 1.0


class EventTold(msgspec.Struct, frozen=True, kw_only=True):
    """A business fact. Whoever has seen number n will never see a smaller one appear."""

    seq: Annotated[int, msgspec.Meta(description="1, 2, 3 … within the organisation.", examples=[17])]
    name: EventName
    entity: Annotated[str, msgspec.Meta(examples=["order"])]
    entity_id: Id
    version: Annotated[int, msgspec.Meta(description="1, 2, 3 … within the entity.", examples=[1])]
    at: Instant
    command_id: Id
    data: dict[str, Any]


class EventPage(msgspec.Struct, frozen=True, kw_only=True):
    """Events after a number. Ask again with `after`; with `more` there is more already, even where this
    page is empty."""

    items: list[EventTold]
    after: int
    more: bool


class EventQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which events."""

    after: (
        Annotated[
            int,
            msgspec.Meta(
                ge=0,
                le=2**62,
                description="The last number that you have seen. Without it: from the first event that is kept.",
            ),
        ]
        | None
    ) = None
    name: EventName | None = None
    entity: (
        Annotated[str, msgspec.Meta(max_length=50, description="What they are about.", examples=["order"])]
        | None
    ) = None
    entity_id: Annotated[uuid.UUID, msgspec.Meta(description="Which one they are about.")] | None = None


class FeedQuery(EventQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which events, and how many at most."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=LARGEST, description="How many at most.")] = 100


async def list_(call: Call) -> Answer:
    """Events after a number."""
    query = call.read_query(FeedQuery)
    try:
        async with call.parts.database.read(call.org_id) as conn:
            page = await feed.read_events(
                conn, call.org_id, query.after, query.limit, wanted=_wanted(call, query)
            )
    except feed.Archived as gone:
        raise _gone(gone) from None
    told = (_told(call, stored) for stored in page.events)
    return answer(EventPage(items=[one for one in told if one is not None], after=page.after, more=page.more))


async def stream(call: Call) -> Answer:
    """Events after a number, and then every event as it happens. A client that comes back says Last-Event-ID."""
    query = call.read_query(EventQuery)
    last = call.headers.get(b"last-event-id", b"")
    after = int(last) if last.isdigit() and len(last) < 19 else query.after
    if after is not None:
        try:
            async with call.parts.database.read(call.org_id) as conn:
                await feed.check_kept(conn, call.org_id, after)
        except feed.Archived as gone:
            raise _gone(gone) from None
    if call.parts.streams >= call.parts.limits.max_streams:
        raise Problem(
            "too_many_streams",
            "Too many event streams are open; read /api/v1/events by cursor, or come back later.",
            headers=[(b"retry-after", b"5")],
        )
    return Answer(
        body=_pieces(call, after, _wanted(call, query)),
        media=b"text/event-stream",
        headers=[(b"x-accel-buffering", b"no")],
    )


def _gone(gone: feed.Archived) -> Problem:
    return Problem(
        "events_archived",
        f"Events up to number {gone.upto} have been moved to the archive of whoever runs this server; those after it are here"
        f" (after={gone.upto}). What changed before, read from the resources themselves.",
        members={"archived": gone.upto},
    )


async def _pieces(call: Call, after: int | None, wanted: feed.Filter) -> AsyncIterator[bytes]:
    """The stream, until the client goes, its key is revoked, or the server stops; each is seen within a second."""
    call.parts.streams += 1
    rung = call.parts.bell.listen()
    left = asyncio.create_task(call.left())
    events = feed.Stream(call.parts.database, rung, poll=_POLL).follow(call.org_id, after, wanted=wanted)
    asked = time.monotonic()
    try:
        yield b"retry: 2000\n\n"
        async for stored in events:
            if call.parts.stopping or call.parts.leaving or left.done():
                return
            if time.monotonic() - asked >= _POLL:
                # Also where there is news all the time, a key that was revoked is told no more.
                token = call.headers.get(b"authorization")
                await call.parts.authenticator.caller(token, call.parts.clock.now())
                asked = time.monotonic()
            if stored is None:
                yield _SIGN_OF_LIFE
            elif told := _told(call, stored):
                yield b"id: %d\nevent: %s\ndata: %s\n\n" % (told.seq, told.name.encode(), _encode(told))
    except (Problem, feed.Archived):
        # Who comes back is told why.
        return
    finally:
        left.cancel()
        await events.aclose()
        call.parts.streams -= 1


def _wanted(call: Call, query: EventQuery) -> feed.Filter:
    return feed.Filter(
        names=None if query.name is None else [query.name],
        entity=query.entity,
        entity_id=query.entity_id,
        enterprises=call.scope_of(),
    )


def _told(call: Call, stored: Stored) -> EventTold | None:
    """The event as the caller may see it; None where it does not concern it."""
    event = stored.event
    data = sight.shown(call.authority, event, PERMISSION)
    if data is None:
        return None
    return EventTold(
        seq=stored.seq,
        name=event.name,
        entity=event.entity,
        entity_id=event.entity_id,
        version=event.version,
        at=stored.at,
        command_id=stored.command_id,
        data=data,
    )


_READ: dict[str, Any] = {"tag": "events", "method": "GET", "permission": PERMISSION}
OPERATIONS = (
    Operation(
        id="listEvents",
        path="/api/v1/events",
        summary="Read events by cursor",
        endpoint=list_,
        query=FeedQuery,
        answer=EventPage,
        problems=("events_archived",),
        **_READ,
    ),
    Operation(
        id="streamEvents",
        path="/api/v1/events/stream",
        summary="Follow events as a stream",
        endpoint=stream,
        query=EventQuery,
        media=("text/event-stream",),
        problems=("too_many_streams", "events_archived"),
        **_READ,
    ),
)
