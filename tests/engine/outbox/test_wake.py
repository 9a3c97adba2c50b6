"""Who waits for a commit is woken by what concerns him."""

from __future__ import annotations

import gc

from coster.engine.outbox.wake import Bell


def test_a_listener_is_woken_by_the_names_that_it_waits_for() -> None:
    """Whoever named nothing is woken by every commit, also by one in which nothing happened."""
    bell = Bell()
    ended, anything = bell.listen(["session.ended"]), bell.listen()
    bell.ring(["order.placed"])
    assert (ended.is_set(), anything.is_set()) == (False, True)
    anything.clear()
    bell.ring([])
    assert (ended.is_set(), anything.is_set()) == (False, True)
    bell.ring(["order.placed", "session.ended"])
    assert ended.is_set()


def test_a_listener_that_is_forgotten_is_gone() -> None:
    """Nobody has to say that he has stopped listening."""
    bell = Bell()
    bell.listen()
    gc.collect()
    kept = bell.listen()
    bell.ring([])
    assert kept.is_set()
    assert len(bell._listeners) == 1  # noqa: SLF001 - what is to be gone can be seen nowhere else
