"""Requests to commands, and their results to answers."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from coster.edges.http import sight
from coster.edges.http.call import Answer, Call, Headers, encode
from coster.edges.http.problems import Problem, detail_of, of_rejection
from coster.engine.batch.run import Result
from coster.kernel import ids
from coster.kernel.errors import Busy, Stopped
from coster.kernel.message import Command, Event
from coster.kernel.outcome import Accepted, Outcome, Rejected

CREATED = 201

Show = Callable[[Any], Any]


class EventSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A business fact that the command causes."""

    name: str
    entity: str
    entity_id: uuid.UUID
    version: int
    data: dict[str, Any]


class OutcomeSeen(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What would become of the command: `accepted` with the answer, or `rejected` with the problem."""

    accepted: dict[str, Any] | None = None
    rejected: dict[str, Any] | None = None


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What would happen, from a transaction that was rolled back."""

    dry_run: bool
    outcome: OutcomeSeen
    events: list[EventSeen]


async def send(call: Call, body: Any, *, reason: str = "") -> Result:
    """Sends the request's command and waits for its batch. Problems: busy, stopping, internal_fault."""
    data = call.path.encode() if call.method == "DELETE" else await call.data()
    fingerprint = hashlib.sha256(b"%s %s\n%s" % (call.method.encode(), call.path.encode(), data)).digest()
    return await send_as(call, call.command_id, body, fingerprint=fingerprint, reason=reason)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a command shall be of which the request has many: its id, its body, and what it looked like when it came."""

    command_id: uuid.UUID
    body: Any
    fingerprint: bytes


async def send_as(
    call: Call, command_id: uuid.UUID, body: Any, *, fingerprint: bytes, reason: str = ""
) -> Result:
    """Sends a command under an id of its own."""
    command = Command(
        id=command_id,
        org_id=call.org_id,
        actor=call.key_id,
        at=call.at,
        body=body,
        fingerprint=fingerprint,
        reason=reason,
    )
    call.sent.append(command_id)
    try:
        return await call.parts.gatherer.submit(command, dry_run=call.dry_run)
    except (Busy, Stopped) as passing:
        raise _passing(passing) from passing


async def send_set(call: Call, wanted: Sequence[Wanted]) -> list[Result | Problem]:
    """Sends many commands at once; what came of each, in order. Problems among them: busy, stopping, internal_fault."""
    commands = [
        Command(one.command_id, call.org_id, call.key_id, call.at, one.body, one.fingerprint)
        for one in wanted
    ]
    # The log of a request names its first commands.
    call.sent.extend(one.command_id for one in wanted[:8])
    try:
        results = await call.parts.gatherer.submit_many(commands, dry_run=call.dry_run)
    except (Busy, Stopped) as passing:
        return [_passing(passing)] * len(commands)
    return [_told(result) for result in results]


def _told(result: Result | Exception) -> Result | Problem:
    if isinstance(result, Result):
        return result
    if isinstance(result, Busy | Stopped):
        return _passing(result)
    # The pipeline has written into the log what it stumbled over.
    return Problem("internal_fault", "Something is broken on this side; nothing was done.")


def _passing(fault: Busy | Stopped) -> Problem:
    if isinstance(fault, Stopped):
        return Problem(
            "stopping", "This server is going down; nothing was done.", headers=[(b"retry-after", b"1")]
        )
    return Problem(
        "busy",
        f"{fault}; send the same request again, under the same Idempotency-Key where it has one.",
        headers=[(b"retry-after", str(fault.retry_after).encode())],
    )


def reply(
    call: Call, result: Result, *, status: int = 200, show: Show | None = None, location: str | None = None
) -> Answer:
    """The answer for a result: the accepted value (as `show` tells it), or the rejection as a problem.

    A value with a `version` carries it as its ETag; a repeat says so; a dry run answers with the preview,
    whatever the outcome.
    """
    outcome = result.outcome
    if isinstance(outcome, Rejected) and status == CREATED:
        outcome = _of_making(outcome)
    if call.dry_run:
        return Answer(body=encode(preview(call, outcome, result.events, show)))
    headers: list[tuple[bytes, bytes]] = [(b"idempotent-replayed", b"true")] if result.repeated else []
    if isinstance(outcome, Rejected):
        problem = of_rejection(outcome)
        problem.headers = headers
        raise problem
    if location is not None:
        headers.append((b"location", location.encode()))
    return Answer(status=status, body=encode(_shown(outcome, show)), headers=[*headers, *_etag(outcome)])


def _of_making(rejected: Rejected) -> Rejected:
    """What is to be made must not be there; that is no matter of versions to whoever asks."""
    if rejected.code != "version_conflict":
        return rejected
    return Rejected("already_exists", "There is one of this id already; change that one, or take another id.")


def made(command_id: uuid.UUID, what: str) -> uuid.UUID:
    """The id of something that a command makes; a repeat of the command makes the same."""
    return ids.derived(command_id, what)


def preview(call: Call, outcome: Outcome, events: Sequence[Event], show: Show | None) -> Preview:
    """An outcome as the answer of a dry run, with those of its events that concern the caller.

    What a producer does to its stock happens to shoppers of hubs, whose orders it may not see in a preview either.
    """
    if isinstance(outcome, Accepted):
        seen = OutcomeSeen(accepted=_shown(outcome, show))
    else:
        seen = OutcomeSeen(rejected={"code": outcome.code, "detail": outcome.message, **detail_of(outcome)})
    told = ((event, sight.shown(call.authority, event)) for event in events)
    return Preview(
        dry_run=True,
        outcome=seen,
        events=[_seen(event, data) for event, data in told if data is not None],
    )


def _shown(outcome: Accepted, show: Show | None) -> Any:
    return outcome.value if show is None else show(outcome.value)


def _etag(outcome: Accepted) -> Headers:
    version = outcome.value.get("version")
    return [(b"etag", b'"%d"' % version)] if isinstance(version, int) else []


def _seen(event: Event, data: dict[str, Any]) -> EventSeen:
    return EventSeen(
        name=event.name,
        entity=event.entity,
        entity_id=event.entity_id,
        version=event.version,
        data=data,
    )
