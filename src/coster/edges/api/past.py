"""What was known at an instant: the parameter `as_of` of reads, and the refusals of instants that cannot be asked for."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import AsyncIterator
from typing import Annotated

import msgspec

from coster.edges.http.call import Call
from coster.edges.http.problems import Fault, Problem, of_faults
from coster.kernel import clock
from coster.kernel.errors import NotKept

AsOfInstant = Annotated[
    dt.datetime,
    msgspec.Meta(
        tz=True,
        description="What was known at this instant (RFC 3339); left out: now. Who may see it is as it is now.",
        examples=["2026-11-23T09:00:00Z"],
    ),
]


class AsOf(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Now, or as it was known at an instant."""

    as_of: AsOfInstant | None = None


def instant(call: Call, as_of: dt.datetime) -> dt.datetime:
    """The instant, in UTC. Problem: query_invalid where it has not come yet."""
    found = clock.in_utc(as_of)
    if found > call.at:
        raise refused("/as_of", f"lies ahead; it is {clock.text(call.at)} now.")
    return found


def refused(pointer: str, message: str) -> Problem:
    """A parameter that cannot be together with as_of, or not like this."""
    return of_faults("query_invalid", "query", [Fault(pointer=pointer, message=message)])


@contextlib.asynccontextmanager
async def kept() -> AsyncIterator[None]:
    """What is asked for within is kept here. Problem: as_of_archived."""
    try:
        yield
    except NotKept as gone:
        since = clock.text(gone.since)
        raise Problem(
            "as_of_archived",
            f"What was known then is in the archive of whoever runs this server; ask for {since} or later.",
            members={"since": since},
        ) from None
