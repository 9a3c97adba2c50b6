"""Promise stock and give it back: holds, the pools that they count for, and whole cases. Pure; works on a `Book`.

Source: ADR 0006 (pools, cases, and the surplus of the last case).
"""

from __future__ import annotations

import functools
import uuid
from collections.abc import Iterable, Mapping

import msgspec

from coster.domain.inventory.model import Change, Demand, EntryType, Hold, PoolLine, Position, Want
from coster.domain.inventory.rules.book import Book, HoldKey
from coster.kernel import ids, quantity


@functools.lru_cache(maxsize=8192)
def position_id(item_id: uuid.UUID, location_id: uuid.UUID, lot: str = "") -> uuid.UUID:
    """The id of a position; it follows from what the position is of."""
    return ids.derived("position", item_id, place_text(location_id), lot)


place_text = functools.lru_cache(maxsize=4096)(str)
"""A place's id, or an enterprise's, as text: they are few, and written again and again."""


def unlimited_position(item_id: uuid.UUID) -> Position:
    """Where the holds of an item go of which nobody keeps count."""
    return Position(id=position_id(item_id, ids.NIL), item_id=item_id, location_id=ids.NIL, unlimited=True)


def grantable(book: Book, want: Want) -> int:
    """How much of a want could be had now, whole cases and the pool's own surplus considered."""
    return sum(_room(book, want, position) for position in want.positions)


def _room(book: Book, want: Want, position: uuid.UUID) -> int:
    if want.pool_id is None or (want.pool_id, position) in book.pools:
        return max(0, book.free(position, want.pool_id))
    return max(0, book.free(position) // want.multiple * want.multiple)


def hold(book: Book, demand: Demand, want: Want) -> int:
    """Holds as much of the want as there is, place after place; yields what was held (the caller may take it back)."""
    left = want.quantity
    for position in want.positions:
        take = min(left, _room(book, want, position))
        if take > 0:
            _change_demand(book, demand, want, position, take)
            left -= take
        if left == 0:
            break
    return want.quantity - left


def _change_demand(book: Book, demand: Demand, want: Want, position: uuid.UUID, more: int) -> None:
    key = (demand.id, want.line, position)
    old = book.hold(key)
    if want.pool_id is not None:
        line = book.pools.get((want.pool_id, position)) or PoolLine(
            pool_id=want.pool_id, position_id=position, multiple=want.multiple
        )
        _settle(book, demand, line, more)
    else:
        book.move(Change(position_id=position, type="HOLD", held=more, by=demand.id), demand)
    # Who holds more keeps his place among those who came first.
    quantity_now, since = (more + old.quantity, old.since) if old else (more, demand.since)
    new = Hold(
        demand_id=demand.id, demand_line=want.line, position_id=position, pool_id=want.pool_id,
        quantity=quantity_now, state="live", policy=demand.policy, expires_at=demand.expires_at,
        since=since, priority=old.priority if old else demand.priority,
    )  # fmt: skip
    book.put_hold(key, new)


def _settle(book: Book, demand: Demand, line: PoolLine, change: int) -> None:
    """A demand's part of a pool changes; the pool is held in whole cases, what is over is its surplus."""
    wanted = line.held - line.surplus + change
    surplus = quantity.round_up(wanted, line.multiple) - wanted
    position, more = line.position_id, surplus - line.surplus
    if more < 0:
        # First what nobody wanted is given up, so that no entry of the ledger promises more than there is.
        _move_remainder(book, demand, line, more)
    book.move(_held(position, change, demand.id, pool=line.pool_id), demand)
    if more > 0:
        _move_remainder(book, demand, line, more)
    book.put_pool(msgspec.structs.replace(line, held=wanted + surplus, surplus=surplus))


def _move_remainder(book: Book, demand: Demand, line: PoolLine, more: int) -> None:
    book.move(_held(line.position_id, more, line.pool_id, "rest of the last case"), demand)
    key, surplus = (line.pool_id, 0, line.position_id), line.surplus + more
    old = book.hold(key)
    remainder = Hold(
        demand_id=line.pool_id, demand_line=0, position_id=line.position_id, pool_id=line.pool_id,
        quantity=surplus, state="live", policy="remainder", expires_at=None, since=old.since if old else demand.since,
        priority=0,
    )  # fmt: skip
    book.put_hold(key, remainder if surplus else None)


def _held(
    position: uuid.UUID, more: int, by: uuid.UUID, reason: str = "", *, pool: uuid.UUID | None = None
) -> Change:
    kind: EntryType = "HOLD" if more > 0 else "RELEASE"
    return Change(position_id=position, type=kind, held=more, by=by, pool=pool, reason=reason)


def release(
    book: Book, demand: Demand, line: int, amount: int | None = None, item_id: uuid.UUID | None = None
) -> int:  # fmt: skip
    """Gives up `amount` of a line's holds (None: all) of one item (None: of any), the last position first.

    Yields what is free again.

    What was already committed to a producer stays committed: it becomes the pool's surplus and is not free again.
    """
    left = amount
    freed = 0
    for held in reversed(book.of_demand(demand.id, line)):
        take = held.quantity if left is None else min(left, held.quantity)
        if take == 0 or item_id not in (None, book.item_of(held.position_id)):
            continue
        freed += give_up(book, demand, held, take)
        left = None if left is None else left - take
    return freed


def pass_on(book: Book, demand_id: uuid.UUID, lines: tuple[int, int], leaving: Mapping[HoldKey, int]) -> None:
    """A part of what one line of a demand holds is another line's from now on: as much of each of its holds as `leaving` says.

    `lines` are the line that gives and the one that gets. Nothing is promised or free by it, so no balance, account or entry changes.
    """
    giver, taker = lines
    for held in book.of_demand(demand_id, giver):
        here = (demand_id, giver, held.position_id)
        take = leaving.get(here, 0)
        if take == 0:
            continue
        there = (demand_id, taker, held.position_id)
        rest, old = held.quantity - take, book.hold(there)
        book.put_hold(here, msgspec.structs.replace(held, quantity=rest) if rest else None)
        passed = msgspec.structs.replace(
            held, demand_line=taker, quantity=take + (old.quantity if old else 0)
        )
        book.put_hold(there, passed)


def give_up(book: Book, demand: Demand, held: Hold, take: int) -> int:
    """Gives up a part of just this hold, and yields what is free again (see `release`)."""
    rest = held.quantity - take
    key = (held.demand_id, held.demand_line, held.position_id)
    book.put_hold(key, msgspec.structs.replace(held, quantity=rest) if rest else None)
    if held.pool_id is None:
        book.move(_held(held.position_id, -take, demand.id), demand)
        return take
    line = book.pools[held.pool_id, held.position_id]
    if held.state == "committed":
        _leave_with_pool(book, line, held, take)
        return 0
    _settle(book, demand, line, -take)
    return take


def _leave_with_pool(book: Book, line: PoolLine, held: Hold, take: int) -> None:
    key = (line.pool_id, 0, line.position_id)
    old = book.hold(key)
    remainder = msgspec.structs.replace(
        held, demand_id=line.pool_id, demand_line=0, quantity=take + (old.quantity if old else 0),
        policy="remainder", expires_at=None,
    )  # fmt: skip
    book.put_hold(key, remainder)
    book.put_pool(msgspec.structs.replace(line, surplus=line.surplus + take))


def give_back(book: Book, demand: Demand, line: PoolLine, amount: int) -> None:
    """A part of what is owed to a pool, and that no demand wants (any more), is owed no longer: there is less of it than was promised."""
    owed = Change(
        position_id=line.position_id, type="RELEASE", committed=-amount, by=line.pool_id, pool=line.pool_id,
        reason="less than was owed",
    )  # fmt: skip
    book.move(owed, demand)
    key = (line.pool_id, 0, line.position_id)
    rest = book.hold(key)
    left = (rest.quantity if rest else 0) - amount
    book.put_hold(key, msgspec.structs.replace(rest, quantity=left) if rest and left > 0 else None)
    fewer = msgspec.structs.replace(line, committed=line.committed - amount, surplus=line.surplus - amount)
    book.put_pool(fewer)


def keep(book: Book, demand: Demand) -> None:
    """The checkout is over: the demand's holds no longer expire."""
    keep_line(book, demand, None)


def keep_line(book: Book, demand: Demand, line: int | None) -> None:
    """The same for what one line of the demand holds; None: for all of it."""
    for held in book.of_demand(demand.id, line):
        kept = msgspec.structs.replace(held, policy=demand.policy, expires_at=demand.expires_at)
        book.put_hold((held.demand_id, held.demand_line, held.position_id), kept)


def commit_pool(book: Book, demand: Demand, pool_id: uuid.UUID, lines: Iterable[PoolLine]) -> None:
    """What the pool holds is now owed to it: held becomes committed, position by position."""
    for line in lines:
        if line.held:
            owed = Change(
                position_id=line.position_id, type="COMMIT", held=-line.held, committed=line.held, by=pool_id
            )
            book.move(owed, demand)
            done = msgspec.structs.replace(line, held=0, committed=line.committed + line.held)
            book.put_pool(done)
    book.close_pool(pool_id, consumed=False)


def consume_pool(book: Book, demand: Demand, pool_id: uuid.UUID, lines: Iterable[PoolLine]) -> None:
    """What was committed has left: on hand and committed shrink together."""
    for line in lines:
        if line.committed:
            gone = -line.committed if not book.position(line.position_id).unlimited else 0
            sold = Change(
                position_id=line.position_id, type="SALE", on_hand=gone, committed=-line.committed, by=pool_id
            )
            book.move(sold, demand)
            done = msgspec.structs.replace(line, committed=0, consumed=line.consumed + line.committed)
            book.put_pool(done)
    book.close_pool(pool_id, consumed=True)
