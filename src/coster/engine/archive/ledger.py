"""The beginnings of positions' ledgers into parts, with what they came to carried forward in one entry each."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from coster.engine.archive import parts, rules
from coster.engine.archive.parts import Keeper
from coster.engine.db import sql
from coster.engine.db.connect import Connection
from coster.kernel import clock, ids

_q = sql.load(__file__)

CARRIED = "CARRIED"
"""The type of an entry that stands for all before it."""


async def move(keeper: Keeper, months: Iterable[str], before: dt.datetime) -> None:
    """Moves, month by month, what stands at the beginning of each position's ledger and is from before an instant."""
    for month, cut in rules.cuts(months, before):
        async for page in _pages(keeper, cut):
            for parcel in rules.parcels(page, keeper.rows):
                await keep(keeper, month, parcel)


async def _pages(keeper: Keeper, before: dt.datetime) -> AsyncIterator[list[rules.Beginning]]:
    after = ids.NIL
    while True:
        async with keeper.database.system() as conn:
            rows = await _q.read_beginnings(
                conn, org_id=keeper.org_id, before=before, after=after, limit=keeper.rows
            )
        if not rows:
            return
        after = rows[-1]["id"]
        yield [(row["id"], row["first"], row["upto"]) for row in rows if row["first"] is not None]


async def keep(keeper: Keeper, month: str, parcel: Sequence[tuple[uuid.UUID, int]]) -> None:
    """Moves the entries of these positions, each up to a number, as one part. Unfit where somebody else has taken them all meanwhile."""
    span = {"org_id": keeper.org_id, "ids": [id_ for id_, _ in parcel], "uptos": [upto for _, upto in parcel]}
    async with keeper.database.system() as conn:
        rows = await _q.read_entries(conn, **span)
    moved = [row for row in rows if row["type"] != CARRIED]
    if not moved:
        raise parts.overtaken(keeper.org_id)
    draft = keeper.draft("ledger", month)

    async def remove(conn: Connection, number: int) -> int:
        removed = await _q.remove_entries(conn, **span)
        await _q.carry_forward(conn, org_id=keeper.org_id, rows=_sums(rows, number))
        # What somebody else has carried forward since is there in place of what is in this part, often in the same number.
        return sum(row["type"] != CARRIED for row in removed)

    try:
        draft.write([row["line"] for row in moved])
        first, last = moved[0], moved[-1]
        await keeper.keep(
            draft,
            remove,
            first=f"{first['position_id']} {first['seq']}",
            last=f"{last['position_id']} {last['seq']}",
            latest=max(row["at"] for row in moved),
        )
    finally:
        draft.drop()


def _sums(rows: Sequence[Any], number: int) -> list[dict[str, Any]]:
    """What the entries of each position come to, as the entry that takes their place; its instant is the latest of theirs."""
    sums: dict[uuid.UUID, dict[str, Any]] = {}
    for row in rows:
        one = sums.setdefault(
            row["position_id"],
            {"position_id": row["position_id"], "on_hand": 0, "held": 0, "committed": 0, "at": row["at"], "command_id": ids.NIL},
        )  # fmt: skip
        for name in ("on_hand", "held", "committed"):
            one[name] += row[name]
        one["seq"] = row["seq"]
        one["at"] = max(one["at"], row["at"])
        one["reason"] = f"entries 1 to {row['seq']} are in the archive, the last of them in part {number}"
    return [{**one, "at": clock.text(one["at"])} for one in sums.values()]
