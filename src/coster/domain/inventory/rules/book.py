"""The stock that a batch has locked, as it stands after the commands decided so far; pure bookkeeping in memory."""

from __future__ import annotations

import operator
import uuid
from collections.abc import Iterable
from typing import TypeAlias

from coster.domain.inventory.model import (
    Change,
    Demand,
    Entry,
    Hold,
    PoolLine,
    Position,
    StockWrites,
)

HoldKey: TypeAlias = tuple[uuid.UUID, int, uuid.UUID]
PoolKey: TypeAlias = tuple[uuid.UUID, uuid.UUID]


class _Balance:
    """A position's changing numbers."""

    __slots__ = ("committed", "counted_at", "held", "on_hand", "origin", "seq", "told")

    def __init__(self, origin: Position) -> None:
        self.origin = origin
        self.on_hand, self.held, self.committed = origin.on_hand, origin.held, origin.committed
        self.seq, self.told, self.counted_at = origin.seq, origin.told, origin.counted_at

    def free(self) -> int:
        """What may still be promised; practically endless where nobody keeps count."""
        return 10**18 if self.origin.unlimited else self.on_hand - self.held - self.committed


class Book:
    """Positions, holds and pool lines of a batch. It is made inside one `decide`, changed there, and ends there.

    Every change can be taken back to a `mark`, so that a refused command leaves nothing behind. Quantities are in
    thousandths of the item's stock unit.
    """

    def __init__(
        self, positions: Iterable[Position], holds: Iterable[Hold] = (), pool_lines: Iterable[PoolLine] = ()
    ) -> None:
        self._balances = {position.id: _Balance(position) for position in positions}
        self._known = set(self._balances)
        self._holds: dict[uuid.UUID, dict[HoldKey, Hold]] = {}
        self._stored_holds: dict[HoldKey, Hold] = {}
        for held in holds:
            key = (held.demand_id, held.demand_line, held.position_id)
            self._stored_holds[key] = held
            self._holds.setdefault(held.demand_id, {})[key] = held
        self.pools: dict[PoolKey, PoolLine] = {(line.pool_id, line.position_id): line for line in pool_lines}
        self._stored_pools = dict(self.pools)
        self.entries: list[Entry] = []
        self._committed: list[uuid.UUID] = []
        self._consumed: list[uuid.UUID] = []
        self._undo: list[tuple[str, object, object]] = []
        self._touched: dict[PoolKey, None] = {}

    # -- looking -----------------------------------------------------------------------------------------------

    def free(self, position_id: uuid.UUID, pool_id: uuid.UUID | None = None) -> int:
        """What this pool (None: anybody) could still be given from the position, its own surplus included."""
        free = self._balances[position_id].free()
        line = self.pools.get((pool_id, position_id)) if pool_id else None
        return free if line is None else line.surplus + free // line.multiple * line.multiple

    def position(self, position_id: uuid.UUID) -> Position:
        """The position as it stands now."""
        balance = self._balances[position_id]
        origin = balance.origin
        return Position(
            id=origin.id, item_id=origin.item_id, location_id=origin.location_id, lot=origin.lot,
            unlimited=origin.unlimited, on_hand=balance.on_hand, held=balance.held, committed=balance.committed,
            seq=balance.seq, told=balance.told, counted_at=balance.counted_at,
        )  # fmt: skip

    def knows(self, position_id: uuid.UUID) -> bool:
        """Whether the position was loaded or opened."""
        return position_id in self._balances

    def has_moved(self, position_id: uuid.UUID) -> bool:
        """Whether the batch has an entry of the position."""
        balance = self._balances[position_id]
        return balance.seq != balance.origin.seq

    def item_of(self, position_id: uuid.UUID) -> uuid.UUID:
        """The item that lies at a position."""
        return self._balances[position_id].origin.item_id

    def hold(self, key: HoldKey) -> Hold | None:
        """The hold of a demand's line on a position, if there is one."""
        return self._holds.get(key[0], {}).get(key)

    def of_demand(self, demand_id: uuid.UUID, line: int | None = None) -> list[Hold]:
        """The holds of a demand (of one of its lines), by line and position: the same order in whichever batch they were made."""
        mine = sorted(self._holds.get(demand_id, {}).items())
        return [held for key, held in mine if line is None or key[1] == line]

    def take_touched(self) -> list[PoolKey]:
        """The pool lines changed since the last call, in the order of their first change."""
        touched = list(self._touched)
        self._touched.clear()
        return touched

    # -- taking back -------------------------------------------------------------------------------------------

    def mark(self) -> tuple[int, int]:
        """A point to which `back_to` returns."""
        return len(self._undo), len(self.entries)

    def back_to(self, mark: tuple[int, int]) -> None:
        """Takes back every change since the mark."""
        undo, entries = mark
        while len(self._undo) > undo:
            kind, key, old = self._undo.pop()
            if kind == "balance":
                balance = self._balances[key]  # type: ignore[index]
                balance.on_hand, balance.held, balance.committed, balance.seq, balance.counted_at = old  # type: ignore[misc]
            elif kind == "told":
                self._balances[key].told = old  # type: ignore[index,assignment]
            elif kind == "open":
                del self._balances[key]  # type: ignore[arg-type]
            elif kind == "hold":
                self._set_hold(key, old)  # type: ignore[arg-type]
            elif kind == "close":
                key.pop()  # type: ignore[attr-defined]
            elif old is None:
                del self.pools[key]  # type: ignore[arg-type]
            else:
                self.pools[key] = old  # type: ignore[index,assignment]
        del self.entries[entries:]
        self._touched.clear()

    # -- changing ----------------------------------------------------------------------------------------------

    def open(self, position: Position) -> None:
        """Adds a position that is not stored yet; opening a known one changes nothing."""
        if position.id not in self._balances:
            self._balances[position.id] = _Balance(position)
            self._undo.append(("open", position.id, None))

    def move(self, change: Change, cause: Demand) -> None:
        """A change of balances together with its ledger entry; the caller has checked that it is allowed."""
        balance = self._balances[change.position_id]
        before = (balance.on_hand, balance.held, balance.committed, balance.seq, balance.counted_at)
        self._undo.append(("balance", change.position_id, before))
        balance.on_hand += change.on_hand
        balance.held += change.held
        balance.committed += change.committed
        balance.seq += 1
        if change.type == "COUNT":
            balance.counted_at = cause.at
        entry = Entry(
            position_id=change.position_id, seq=balance.seq, type=change.type, on_hand=change.on_hand, held=change.held,
            committed=change.committed, at=cause.at, command_id=cause.command_id, demand_id=change.by, pool_id=change.pool,
            reason=change.reason,
        )  # fmt: skip
        self.entries.append(entry)

    def tell(self, position_id: uuid.UUID) -> int:
        """Counts one more event about the position; its version."""
        balance = self._balances[position_id]
        self._undo.append(("told", position_id, balance.told))
        balance.told += 1
        return balance.told

    def put_hold(self, key: HoldKey, hold: Hold | None) -> None:
        """Stores or (None) forgets a hold."""
        self._undo.append(("hold", key, self.hold(key)))
        self._set_hold(key, hold)

    def _set_hold(self, key: HoldKey, hold: Hold | None) -> None:
        mine = self._holds.setdefault(key[0], {})
        if hold is None:
            mine.pop(key, None)
        else:
            mine[key] = hold

    def put_pool(self, line: PoolLine) -> None:
        """Stores a pool's line and remembers that it was touched."""
        key = (line.pool_id, line.position_id)
        self._undo.append(("pool", key, self.pools.get(key)))
        self.pools[key] = line
        self._touched[key] = None

    def close_pool(self, pool_id: uuid.UUID, *, consumed: bool) -> None:
        """Notes that every hold of the pool changes state at once (their rows need not be loaded for that)."""
        closed = self._consumed if consumed else self._committed
        closed.append(pool_id)
        self._undo.append(("close", closed, None))

    # -- result ------------------------------------------------------------------------------------------------

    def writes(self) -> StockWrites:
        """Everything that differs from what was loaded, in key order."""
        touched = {entry.position_id for entry in self.entries}
        touched |= {id_ for id_, balance in self._balances.items() if balance.told != balance.origin.told}
        opened = [id_ for id_ in self._balances if id_ not in self._known]
        changed = sorted(touched & self._known, key=_number)
        now = {key: held for mine in self._holds.values() for key, held in mine.items()}
        gone = [key for key, old in self._stored_holds.items() if key not in now or _made_anew(old, now[key])]
        kept = [held for key, held in now.items() if self._stored_holds.get(key) is not held]
        lines = [line for key, line in self.pools.items() if self._stored_pools.get(key) is not line]
        return StockWrites(
            new_positions=[self.position(id_) for id_ in sorted(opened, key=_number)],
            positions=[self.position(id_) for id_ in changed],
            seen=[self._balances[id_].origin.seq for id_ in changed],
            entries=self.entries,
            holds=kept,
            gone_holds=gone,
            pool_lines=sorted(lines, key=lambda line: (line.pool_id, line.position_id)),
            committed_pools=self._committed,
            consumed_pools=self._consumed,
        )


_number = operator.attrgetter("int")
"""By which ids are sorted as PostgreSQL sorts them; comparing whole ids costs ten times as much."""


def _made_anew(old: Hold, now: Hold) -> bool:
    """Whether a stored hold was given up and made again in this batch: its row goes and comes, as it would in two batches."""
    return (old.since, old.priority, old.pool_id) != (now.since, now.priority, now.pool_id)
