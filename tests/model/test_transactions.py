"""Transactions that meet in every possible order: with the guards nothing goes wrong, and without them exactly what they are there for."""

from __future__ import annotations

import pytest

from tests.model import transactions
from tests.model.transactions import CHECK, GUARDS, LOCK, SEEN, SHARE

TASKS = ("buy", "buy", "close")
RULES = frozenset({"rules"})

# The guards that are away, the rules that are wrong (none: right), and the promises that can be broken then.
WITHOUT: dict[str, tuple[frozenset[str], set[str]]] = {
    "nothing": (GUARDS | RULES, set()),
    "the lock": (GUARDS - {LOCK} | RULES, set()),
    "the comparison": (GUARDS - {SEEN} | RULES, set()),
    "lock and comparison": (GUARDS - {LOCK, SEEN} | RULES, {"held_is_holds"}),
    "the session's lock": (GUARDS - {SHARE} | RULES, {"sold_after_closing"}),
    "right rules": (GUARDS, set()),
    "right rules and the check": (GUARDS - {CHECK}, {"never_oversold"}),
}
STATES = 31


@pytest.mark.parametrize("on_hand", [1, 2])
@pytest.mark.parametrize("name", WITHOUT)
def test_what_goes_wrong_without(name: str, on_hand: int) -> None:
    """Just the promises are broken in some order of steps that the missing guards stand for."""
    guards, promises = WITHOUT[name]
    found: set[str] = set()
    for store in transactions.explore(transactions.start(on_hand, TASKS), guards):
        found |= transactions.broken(store)
    assert found == (promises - {"never_oversold"} if on_hand == 2 else promises)


def test_nobody_waits_for_ever() -> None:
    """From every state some transaction can go on until all are done: the locks make no deadlock."""
    for store in transactions.explore(transactions.start(2, TASKS), GUARDS | RULES):
        steps = [transactions.after(store, n, GUARDS | RULES) for n in range(len(TASKS))]
        assert any(steps) or all(one.step == "done" for one in store.transactions)


def test_states_are_counted() -> None:
    """So many states there are with all guards; another number means that the model was changed."""
    assert len(transactions.explore(transactions.start(2, TASKS), GUARDS | RULES)) == STATES
