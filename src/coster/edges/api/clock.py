"""The clock of a demonstration, moved by hand. With a real clock nothing here exists."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from coster.edges.http.bodies import Body
from coster.edges.http.call import Answer, Call, answer
from coster.edges.http.fields import Instant, in_utc
from coster.edges.http.operation import Operation
from coster.edges.http.problems import Problem, not_found
from coster.kernel.clock import ManualClock


class ClockMoved(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the clock shall stand."""

    to: Instant


class ClockSeen(msgspec.Struct, frozen=True, kw_only=True):
    """Where the clock stands."""

    now: Annotated[Instant, msgspec.Meta(description="The business's present instant.")]


_moved = Body(ClockMoved)


async def get(call: Call) -> Answer:
    """Where the clock stands."""
    return answer(ClockSeen(now=_clock(call).now()))


async def move(call: Call) -> Answer:
    """Moves the clock, and answers when everything that became due has happened."""
    clock = _clock(call)
    to = in_utc((await call.read(_moved)).to)
    assert to is not None, "the body has an instant"
    try:
        clock.move_to(to)
    except ValueError as error:
        told = str(error)
        raise Problem("clock_backwards", f"{told[:1].upper()}{told[1:]}.") from None
    await call.parts.settle()
    return answer(ClockSeen(now=clock.now()))


def _clock(call: Call) -> ManualClock:
    if not isinstance(call.parts.clock, ManualClock):
        raise not_found("clock that could be moved")
    return call.parts.clock


_DEMO: dict[str, Any] = {
    "tag": "server",
    "path": "/api/v1/clock",
    "permission": "org:manage",
    "answer": ClockSeen,
}
OPERATIONS = (
    Operation(
        id="getClock",
        method="GET",
        summary="Show the demonstration's clock",
        endpoint=get,
        problems=("not_found",),
        **_DEMO,
    ),
    Operation(
        id="moveClock",
        method="POST",
        summary="Move the demonstration's clock",
        endpoint=move,
        body=ClockMoved,
        problems=("not_found", "clock_backwards"),
        description="Sessions open and close, checkouts expire; it is answered when all of that is done.",
        **_DEMO,
    ),
)
