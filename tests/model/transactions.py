"""A model of the pipeline's transactions: lock, read, write, commit, in every order in which two or three of them can meet.

Each places an order of one unit on one position (or closes the session in which that is done). What is read is what is committed then;
a row that another has locked or written is waited for; a comparison or a key that fails has the transaction run again.
"""

from __future__ import annotations

from typing import NamedTuple

LOCK, SEEN, CHECK, SHARE = "lock_positions_of_items", "update_positions", "never_oversold", "share_sessions"
GUARDS = frozenset({LOCK, SEEN, CHECK, SHARE})


class Transaction(NamedTuple):
    """Where a transaction is: its task, its next step, and what it has read."""

    task: str
    step: str = "begin"
    held: int = 0
    seq: int = 0


class Store(NamedTuple):
    """What is committed (held, seq, holds, open), who has which row, and the transactions. `late` counts holds after closing."""

    on_hand: int
    held: int
    seq: int
    holds: int
    open: bool
    late: int
    position: int
    sharing: frozenset[int]
    transactions: tuple[Transaction, ...]


def start(on_hand: int, tasks: tuple[str, ...]) -> Store:
    """Nothing has begun."""
    return Store(on_hand, 0, 0, 0, True, 0, -1, frozenset(), tuple(map(Transaction, tasks)))


def after(store: Store, n: int, guards: frozenset[str]) -> Store | None:
    """The store after the next step of a transaction; None where it waits or is done."""
    mine = store.transactions[n]
    return {"buy": _buy, "close": _close}[mine.task](store, n, guards) if mine.step != "done" else None


def _become(store: Store, n: int, **changes: object) -> Store:
    mine = store.transactions[n]._replace(**changes)
    return store._replace(transactions=(*store.transactions[:n], mine, *store.transactions[n + 1 :]))


def _close(store: Store, n: int, guards: frozenset[str]) -> Store | None:
    if store.sharing:
        return None
    return _become(store._replace(open=False), n, step="done")


def _buy(store: Store, n: int, guards: frozenset[str]) -> Store | None:
    mine = store.transactions[n]
    if mine.step == "begin":
        if not store.open:
            return _become(store, n, step="done")
        shared = store.sharing | {n} if SHARE in guards else store.sharing
        return _become(store._replace(sharing=shared), n, step="read")
    if mine.step == "read":
        if LOCK in guards and store.position not in (-1, n):
            return None
        locked = store._replace(position=n) if LOCK in guards else store
        return _become(locked, n, step="write", held=store.held, seq=store.seq)
    if mine.step == "write":
        return _write(store, n, guards)
    free = store._replace(
        held=mine.held + 1, seq=mine.seq + 1, holds=store.holds + 1, late=store.late + (not store.open), position=-1,
        sharing=store.sharing - {n},
    )  # fmt: skip
    return _become(free, n, step="done")


def _write(store: Store, n: int, guards: frozenset[str]) -> Store | None:
    mine = store.transactions[n]
    if store.position not in (-1, n):
        return None
    given_up = store._replace(position=-1, sharing=store.sharing - {n})
    if SEEN in guards and mine.seq != store.seq:
        return _become(given_up, n, step="begin")
    if mine.held + 1 > store.on_hand and ("rules" in guards or CHECK in guards):
        return _become(given_up, n, step="done")
    return _become(store._replace(position=n), n, step="commit")


def explore(begin: Store, guards: frozenset[str]) -> set[Store]:
    """Every state that can be reached."""
    reached, waiting = {begin}, [begin]
    for store in waiting:
        for n in range(len(store.transactions)):
            following = after(store, n, guards)
            if following is not None and following not in reached:
                reached.add(following)
                waiting.append(following)
    return reached


def broken(store: Store) -> set[str]:
    """The promises of `coster verify` that a state is against; `sold_after_closing` is what ended_is_final rests on."""
    found = set()
    if store.held > store.on_hand:
        found.add("never_oversold")
    if store.held != store.holds:
        found.add("held_is_holds")
    if store.late:
        found.add("sold_after_closing")
    return found
