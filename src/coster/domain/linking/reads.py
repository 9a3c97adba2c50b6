"""Questions about links, for hubs; nothing of any shopper is in the answers."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from coster.domain.federation.ports import RemoteLine
from coster.domain.linking.model import LinkView
from coster.engine.db import promises, sql
from coster.engine.db.connect import Connection
from coster.kernel import proof
from coster.kernel.authority import Authority

_q = sql.load(__file__)


class LinksWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which links: all filters that are given hold together; after an id, at most `limit`."""

    ids: list[uuid.UUID] | None = None
    session_id: uuid.UUID | None = None
    producer_id: uuid.UUID | None = None
    state: str | None = None
    behind: bool | None = None
    after: uuid.UUID | None = None
    limit: int = 50


async def list_links(
    conn: Connection, org_id: int, authority: Authority, wanted: LinksWanted
) -> list[LinkView]:
    """Links by the id of their held order, of the asker's hubs."""
    scope = authority.scope("held_orders:read")
    rows = await _q.list_links(
        conn, org_id=org_id, scope=None if scope is None else list(scope), **msgspec.structs.asdict(wanted)
    )
    return [_view(row) for row in rows]


def _view(row: Mapping[str, Any]) -> LinkView:
    values = dict(row)
    lines = msgspec.convert(values.pop("acked")["lines"], list[RemoteLine])
    said = standing(row["state"], row["behind"], row["attempts"])
    return LinkView(**values, acked_lines=lines, standing=said)


def standing(state: str, behind: bool, attempts: int) -> str:  # noqa: FBT001 - three facts of one row
    """How a link stands, in one word: confirmed, waiting, retrying, refused, blocked, done."""
    if state in ("refused", "blocked"):
        return state
    if behind:
        return "retrying" if attempts else "waiting"
    return "done" if state == "done" else "confirmed"


PROMISES: Final = {
    "done_is_confirmed": "a link is done only when the supplier has acknowledged what its held order is",
}
_IN_TIME: Final = {
    "link_for_every_held_order": "every held order with a supplier on another platform has its link",
    "ended_is_confirmed": "what a session came to is confirmed by suppliers elsewhere within an hour of its end",
}


async def verify(conn: Connection, org_id: int, now: dt.datetime) -> list[proof.Check]:
    """The promises about links, each counted over everything that is stored."""
    firm = await promises.checked(PROMISES, lambda name: getattr(_q, f"verify_{name}")(conn, org_id=org_id))
    timely = await promises.checked(
        _IN_TIME, lambda name: getattr(_q, f"verify_{name}")(conn, org_id=org_id, now=now)
    )
    return [*firm, *timely]
