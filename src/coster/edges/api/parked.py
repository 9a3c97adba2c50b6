"""What was given up, over HTTP: reactions, timers and messages that wait for people, to be retried, or skipped with a reason."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Any, Final, cast

import msgspec

from coster.edges.http import commands, paging
from coster.edges.http.bodies import Body
from coster.edges.http.call import Answer, Call, answer
from coster.edges.http.fields import Instant
from coster.edges.http.operation import Operation
from coster.edges.http.paging import Page, PageQuery
from coster.edges.http.problems import Problem, not_found
from coster.engine.mending import reads
from coster.engine.mending.model import LONGEST_REASON, MANAGE, ParkedView, RetryParked, SkipParked
from coster.engine.outbox.model import Skipped, What

_WHATS: Final = ("message", "reaction", "timer")


_Key = Annotated[
    str, msgspec.Meta(description="The number of the event, or the id of the timer.", examples=["4711"])
]
_Name = Annotated[
    str,
    msgspec.Meta(
        description="The reaction, the kind of the timer, or the id of the webhook endpoint.",
        examples=["wholesale.complete_session"],
    ),
]


class ParkedSeen(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was given up after several attempts; nothing is done about it until somebody decides."""

    id: Annotated[
        str,
        msgspec.Meta(
            description="For retrying or skipping it.", examples=["reaction:4711:wholesale.complete_session"]
        ),
    ]
    what: Annotated[
        What, msgspec.Meta(description="A message to a webhook, what follows from an event, or a timer.")
    ]
    key: _Key
    name: _Name
    cause: Annotated[
        str,
        msgspec.Meta(
            description="What went wrong at the last attempt.", examples=["503 Service Unavailable"]
        ),
    ]
    event: Annotated[
        str, msgspec.Meta(description="The event, or what the timer triggers.", examples=["session.ended"])
    ]
    entity: Annotated[str, msgspec.Meta(description="What it is about.", examples=["session"])]
    entity_id: (
        Annotated[uuid.UUID, msgspec.Meta(description="Of the event's entity; null for timers.")] | None
    )
    at: Annotated[Instant, msgspec.Meta(description="When the event happened, or the timer was due.")]


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """About which one something was decided."""

    what: str
    key: str
    name: str


class SkipWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why it is never done."""

    reason: Annotated[
        str,
        msgspec.Meta(
            description="Why; it is kept.",
            examples=["The order was mended by hand."],
            min_length=1,
            max_length=LONGEST_REASON,
        ),
    ]


class SkippedSeen(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was given up and is never done: who decided so, when and why."""

    what: Annotated[str, msgspec.Meta(description="A message, a reaction or a timer.", examples=["timer"])]
    key: _Key
    name: _Name
    at: Instant
    cause: Annotated[
        str, msgspec.Meta(description="For which it had been given up.", examples=["503 Service Unavailable"])
    ]
    who: Annotated[
        str,
        msgspec.Meta(
            description="Who decided so: an API key by its id, or the user of the machine.", examples=["jane"]
        ),
    ]
    reason: Annotated[str, msgspec.Meta(description="Why.", examples=["The order was mended by hand."])]


_skip = Body(SkipWanted)


async def list_(call: Call) -> Answer:
    """Everything that waits for people, by what it is and its key."""
    _refuse_parts(call)
    query = call.read_query(PageQuery)
    after = paging.read("parked", query.cursor, tuple[str, str, str]) or ("", "", "")
    async with call.parts.database.read(call.org_id) as conn:
        rows = await reads.list_parked(conn, call.org_id, after=after, limit=query.limit + 1)
    return answer(paging.page("parked", rows, query.limit, _seen, lambda one: (one.what, one.key, one.name)))


async def list_skipped(call: Call) -> Answer:
    """What people have decided never to do, the latest first."""
    _refuse_parts(call)
    query = call.read_query(PageQuery)
    before = paging.read("skipped", query.cursor, tuple[dt.datetime, str, str, str])
    async with call.parts.database.read(call.org_id) as conn:
        rows = await reads.list_skipped(conn, call.org_id, before=before, limit=query.limit + 1)
    return answer(
        paging.page("skipped", rows, query.limit, _skipped, lambda one: (one.at, one.what, one.key, one.name))
    )


async def retry(call: Call) -> Answer:
    """Tries one again, as if for the first time; what fails again is parked again."""
    what, key, name = _named(call)
    return commands.reply(call, await commands.send(call, RetryParked(what=what, key=key, name=name)))


async def skip(call: Call) -> Answer:
    """Drops one for good. Who decided so, when and why is kept, and what waits behind a message goes on."""
    body = await call.read(_skip)
    what, key, name = _named(call)
    command = SkipParked(what=what, key=key, name=name, reason=body.reason)
    return commands.reply(call, await commands.send(call, command, reason=body.reason))


def _named(call: Call) -> tuple[What, str, str]:
    """What the path names; what is no id names nothing that could be found."""
    what, _, rest = call.parameters["work"].partition(":")
    key, _, name = rest.partition(":")
    if what not in _WHATS or not key or not name:
        raise not_found("parked work")
    return cast(What, what), key, name


def _refuse_parts(call: Call) -> None:
    """What was given up may be anybody's, so it is not for keys of single enterprises. Problem: not_permitted."""
    if not call.authority.allows(MANAGE):
        raise Problem(
            "not_permitted",
            "This concerns the organisation as a whole, and this API key is for single enterprises; ask an owner.",
        )


def _seen(one: ParkedView) -> ParkedSeen:
    return ParkedSeen(id=f"{one.what}:{one.key}:{one.name}", **msgspec.structs.asdict(one))


def _skipped(one: Skipped) -> SkippedSeen:
    return SkippedSeen(
        what=one.what, key=one.key, name=one.name, at=one.at, cause=one.cause, who=one.who, reason=one.reason
    )


_COMMON: dict[str, Any] = {"tag": "parked", "permission": MANAGE}
_ONE: dict[str, Any] = {
    "method": "POST",
    "answer": Decided,
    "changes": True,
    "parameters": {"work": "The id, as the list has it."},
    "problems": ("parked_not_found",),
    **_COMMON,
}
OPERATIONS = (
    Operation(
        id="listParked",
        method="GET",
        path="/api/v1/parked",
        summary="List what was given up",
        endpoint=list_,
        query=PageQuery,
        answer=Page[ParkedSeen],
        **_COMMON,
    ),
    Operation(
        id="listSkipped",
        method="GET",
        path="/api/v1/skipped",
        summary="List what was given up and skipped",
        endpoint=list_skipped,
        query=PageQuery,
        answer=Page[SkippedSeen],
        **_COMMON,
    ),
    Operation(
        id="retryParked",
        path="/api/v1/parked/{work}/retry",
        summary="Try again what was given up",
        endpoint=retry,
        **_ONE,
    ),
    Operation(
        id="skipParked",
        path="/api/v1/parked/{work}/skip",
        summary="Skip what was given up, with a reason",
        endpoint=skip,
        body=SkipWanted,
        **_ONE,
    ),
)
