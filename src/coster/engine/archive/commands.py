"""Remembered commands into parts, by month; their ids follow no order of time, so several months are written at once."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from coster.engine.archive import parts, rules
from coster.engine.archive.files import Draft
from coster.engine.archive.parts import Keeper
from coster.engine.db import sql
from coster.engine.db.connect import Connection
from coster.kernel import ids

_q = sql.load(__file__)


class _Month:
    """A month's part as it is being filled."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.ids: list[uuid.UUID] = []
        self.latest = dt.datetime.min.replace(tzinfo=dt.UTC)

    def write(self, rows: list[Any]) -> None:
        self.draft.write([row["line"] for row in rows])
        self.ids += [row["id"] for row in rows]
        self.latest = max(self.latest, *(row["at"] for row in rows))


async def move(keeper: Keeper, before: dt.datetime) -> None:
    """Moves all commands from before an instant."""
    months: dict[str, _Month] = {}
    after = ids.NIL
    try:
        while rows := await _page(keeper, after, before):
            after = rows[-1]["id"]
            for month, group in _by_month(rows).items():
                if month not in months:
                    months[month] = _Month(keeper.draft("commands", month))
                months[month].write(group)
                if len(months[month].ids) >= keeper.rows:
                    await _keep(keeper, months.pop(month))
        for month in sorted(months):
            await _keep(keeper, months[month])
    finally:
        for one in months.values():
            one.draft.drop()


async def _page(keeper: Keeper, after: uuid.UUID, before: dt.datetime) -> list[Any]:
    async with keeper.database.system() as conn:
        rows: list[Any] = await _q.read_commands(
            conn, org_id=keeper.org_id, after=after, before=before, limit=keeper.rows
        )
    return rows


def _by_month(rows: list[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(rules.month_of(row["at"]), []).append(row)
    return found


async def _keep(keeper: Keeper, month: _Month) -> None:
    async def remove(conn: Connection, _: int) -> int:
        return parts.count_of(await _q.remove_commands(conn, org_id=keeper.org_id, ids=month.ids))

    await keeper.keep(month.draft, remove, first=month.ids[0], last=month.ids[-1], latest=month.latest)
