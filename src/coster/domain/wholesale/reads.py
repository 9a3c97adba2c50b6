"""Questions about held orders, for the hub and the producer of each; what identifies a shopper is in none of the answers."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from coster.domain.wholesale.model import HeldLine, HeldOrdersWanted, HeldOrderView
from coster.domain.wholesale.rules import documents
from coster.engine.db import sql
from coster.engine.db.connect import Connection
from coster.kernel import proof
from coster.kernel.authority import Authority

_q = sql.load(__file__)


async def list_held_orders(
    conn: Connection, org_id: int, authority: Authority, wanted: HeldOrdersWanted
) -> list[HeldOrderView]:
    """Held orders by id, with their lines, of which the asker is the hub or the producer; three statements."""
    scope = authority.scope("held_orders:read")
    heads = await _q.list_held_orders(
        conn, org_id=org_id, scope=None if scope is None else list(scope), **msgspec.structs.asdict(wanted)
    )
    ids = [row["id"] for row in heads]
    if not ids:
        return []
    given: dict[tuple[uuid.UUID, uuid.UUID], int] = {}
    for row in await _q.discounts_of_held_orders(conn, org_id=org_id, ids=ids):
        given[row["held_order_id"], row["item_id"]] = row["discount"]
    lines: dict[uuid.UUID, list[Mapping[str, Any]]] = {id_: [] for id_ in ids}
    for row in await _q.lines_of_held_orders(conn, org_id=org_id, ids=ids):
        off = given.get((row["held_order_id"], row["item_id"]), 0)
        lines[row["held_order_id"]].append({**row, "discount": off})
    return [documents.view(head, _lines(head, lines[head["id"]])) for head in heads]


def _lines(head: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> list[HeldLine]:
    if head["aggregation"] == "by_weight":
        return documents.by_weight(rows, head["currency"])
    return documents.by_item(rows, head["currency"])


async def contributions(
    conn: Connection, org_id: int, authority: Authority, held: HeldOrderView, limit: int = 1000
) -> list[dict[str, Any]] | None:
    """Which orders a held order is made of, in order of arrival; None unless the asker may read the hub's orders."""
    if not authority.allows("orders:read", held.hub_id):
        return None
    return [dict(row) for row in await _q.contributions(conn, org_id=org_id, id=held.id, limit=limit)]


PROMISES: Final = {
    "head_for_every_pool": "every account of holds has its held order, in a status that fits its holds",
    "one_per_session": "one consolidated held order per hub, producer and session",
}


async def verify(conn: Connection, org_id: int, now: dt.datetime) -> list[proof.Check]:
    """The promises about held orders, each counted over everything that is stored."""
    checks = await proof.checked(PROMISES, lambda name: getattr(_q, f"verify_{name}")(conn, org_id=org_id))
    late = await _q.verify_ended_is_final(conn, org_id=org_id, now=now)
    promise = "a session that has ended leaves no held order open"
    return [*checks, proof.Check("ended_is_final", promise, late["broken"], late["example"] or "")]
