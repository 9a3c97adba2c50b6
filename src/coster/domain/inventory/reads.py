"""Questions about stock. Whoever asks sees what its grants cover; a buyer sees what is available and no more."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from coster.domain.inventory.model import (
    AccountView,
    ItemStock,
    LocationsWanted,
    PositionsWanted,
    PositionView,
)
from coster.engine.db import promises, sql
from coster.engine.db.ask import Question, Rows, ask
from coster.engine.db.connect import Connection
from coster.kernel import proof
from coster.kernel.authority import Authority
from coster.kernel.errors import NotKept

_q = sql.load(__file__)


async def list_positions(
    conn: Connection, org_id: int, authority: Authority, wanted: PositionsWanted
) -> list[PositionView]:
    """Positions by id: one's own whole, and of one's active suppliers what is available."""
    rows = await _q.list_positions(
        conn, org_id=org_id, scope=scope_of(authority, "stock:read"), **msgspec.structs.asdict(wanted)
    )
    return [_view(row) for row in rows]


async def list_positions_as_of(
    conn: Connection, org_id: int, authority: Authority, wanted: PositionsWanted, instant: dt.datetime
) -> list[PositionView]:
    """The same as it was known at an instant; what is called what, and who may see it, is as it is now. Raises NotKept."""
    [row] = await _q.ledger_kept_since(conn, org_id=org_id)
    kept_since = row["latest"]
    if kept_since is not None and instant < kept_since:
        raise NotKept(kept_since)
    scope = scope_of(authority, "stock:read")
    given = msgspec.structs.asdict(wanted)
    rows = await _q.list_positions_as_of(conn, org_id=org_id, scope=scope, instant=instant, **given)
    return [_view(row) for row in rows]


async def accounts(
    conn: Connection, org_id: int, position: PositionView, *, past: bool = False
) -> list[AccountView]:
    """Who holds how much of a position that the asker has been shown, by id; with `past` as it was when it was as shown.

    What a held order holds is one, whoever of its shoppers wants it. The caller has made sure that the stock is the asker's.
    """
    known = {"org_id": org_id, "position_id": position.id}
    since = Question(_q.accounts_since if past else None, {**known, "until": position.version}, _accounts)
    # Both in one statement, so that they are of one moment.
    now, later = await ask(conn, org_id, Question(_q.accounts_of, known, _accounts), since)
    for account_id, change in later.items():
        one = now.get(account_id, msgspec.structs.replace(change, held=0, committed=0))
        now[account_id] = msgspec.structs.replace(
            one, held=one.held - change.held, committed=one.committed - change.committed
        )
    return [now[id_] for id_ in sorted(now) if now[id_].held or now[id_].committed]


def _accounts(rows: Rows) -> dict[uuid.UUID, AccountView]:
    found = [msgspec.convert(row, AccountView) for row in rows]
    return {one.account_id: one for one in found}


def scope_of(authority: Authority, permission: str) -> list[uuid.UUID] | None:
    """The enterprises for which a permission holds, as a parameter; None: all."""
    scope = authority.scope(permission)
    return None if scope is None else list(scope)


def _view(row: Mapping[str, Any]) -> PositionView:
    mine = row["mine"]
    available = None if row["unlimited"] else row["on_hand"] - row["held"] - row["committed"]
    return PositionView(
        id=row["id"], item_id=row["item_id"], sku=row["sku"], name=row["name"], unit=row["stock_unit"],
        owner_id=row["owner_id"], location_id=row["location_id"], location=row["location"] if mine else None,
        lot=row["lot"], unlimited=row["unlimited"], available=available, on_hand=row["on_hand"] if mine else None,
        held=row["held"] if mine else None, committed=row["committed"] if mine else None,
        version=row["seq"] if mine else None,
    )  # fmt: skip


_MOST_POSITIONS: Final = 200_000
"""Two hundred items at two hundred places, in five lots each."""


async def availability(
    conn: Connection,
    org_id: int,
    authority: Authority,
    *,
    item_ids: list[uuid.UUID],
    location_ids: list[uuid.UUID] | None,
) -> list[ItemStock]:
    """What can be had by item and place, both in the order of ids; only what the asker may see.

    Thousands of places are usual, so they come as text in one row for each item: an object for each would cost more than the
    question itself.
    """
    rows = await _q.availability(
        conn, org_id=org_id, scope=scope_of(authority, "stock:read"), item_ids=item_ids, location_ids=location_ids,
        limit=_MOST_POSITIONS,
    )  # fmt: skip
    return [_stock(item_id, places.split(","), available) for item_id, places, available in rows]


def _stock(item_id: uuid.UUID, places: list[str], available: list[int | None]) -> ItemStock:
    """The lots of a place are one; where nobody keeps count of one of them, there is no count."""
    if len(set(places)) == len(places):
        return ItemStock(item_id=item_id, location_ids=places, available=available)
    sums: dict[str, int | None] = {}
    for place, amount in zip(places, available, strict=True):
        before = sums.get(place, 0)
        sums[place] = None if amount is None or before is None else before + amount
    return ItemStock(item_id=item_id, location_ids=list(sums), available=list(sums.values()))


async def list_entries(
    conn: Connection, org_id: int, position_id: uuid.UUID, *, before: int | None = None, limit: int = 50
) -> list[dict[str, Any]]:
    """A position's ledger, newest first: seq, type, changes, instant, cause. The caller has made sure that it is his."""
    rows = await _q.list_entries(conn, org_id=org_id, position_id=position_id, before=before, limit=limit)
    return [dict(row) for row in rows]


async def list_locations(
    conn: Connection, org_id: int, authority: Authority, wanted: LocationsWanted
) -> list[dict[str, Any]]:
    """Places by id, of the enterprises whose stock the asker may read."""
    rows = await _q.list_locations(
        conn, org_id=org_id, scope=scope_of(authority, "stock:read"), **msgspec.structs.asdict(wanted)
    )
    return [dict(row) for row in rows]


PROMISES: Final = {
    "never_oversold": "held + committed <= on hand, at every position",
    "position_is_sum": "a position is the sum of its ledger, and the ledger has no gap",
    "never_below_zero": "after no entry of the ledger was less on hand than promised, or anything below zero",
    "held_is_holds": "held and committed are the sums of the live and the committed holds",
    "pool_is_holds": "a held order's line is the sum of its holds, in whole cases",
    "holds_have_pools": "every hold on account of a held order is counted in it",
}


async def verify(conn: Connection, org_id: int) -> list[proof.Check]:
    """The promises about stock, each counted over everything that is stored."""
    return await promises.checked(PROMISES, lambda name: getattr(_q, f"verify_{name}")(conn, org_id=org_id))
