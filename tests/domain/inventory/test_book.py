"""Counting in memory: what was changed can be taken back, and what differs is written."""

from __future__ import annotations

import pytest

from coster.domain.inventory.model import Change, Hold, PoolLine
from coster.domain.inventory.rules import holding
from coster.domain.inventory.rules.book import Book
from tests.domain.inventory.stocks import (
    ALI,
    BARN,
    CARROTS,
    CELLAR,
    PAUL,
    POOL,
    Store,
    at,
    balances,
    demand,
    position,
    spot,
    want,
)


def test_a_change_is_an_entry() -> None:
    """Numbered on from the ledger's last, with type, cause, instant, reason and whose it is."""
    book = Book([position(1000, seq=4)])
    book.move(Change(position_id=spot(), type="DELTA", on_hand=5, by=ALI, reason="found"), demand(minutes=3))
    [entry] = book.writes().entries
    told = (entry.position_id, entry.seq, entry.type, entry.on_hand, entry.held, entry.committed)
    assert told == (spot(), 5, "DELTA", 5, 0, 0)
    assert (entry.at, entry.command_id, entry.demand_id, entry.reason) == (
        at(3),
        demand(minutes=3).command_id,
        ALI,
        "found",
    )


def test_only_a_count_sets_the_counts_instant() -> None:
    """It is the instant of the count, not that of its command."""
    book = Book([position(1000)])
    book.move(Change(position_id=spot(), type="CORRECTION"), demand(minutes=1))
    assert book.position(spot()).counted_at is None
    book.move(Change(position_id=spot(), type="COUNT"), demand(minutes=2))
    assert book.position(spot()).counted_at == at(2)


def test_what_is_taken_back_was_never_there() -> None:
    """Balances, entries, holds, pools, opened positions, closed pools: all as they were at the mark."""
    book = Book([position(9000)])
    holding.hold(book, demand(), want(2000, pool_id=POOL, multiple=500))
    before = (balances(book), book.of_demand(ALI), dict(book.pools), list(book.entries))
    mark = book.mark()
    book.open(position(place=CELLAR))
    holding.hold(book, demand(PAUL), want(1300, pool_id=POOL))
    holding.release(book, demand(), 1)
    holding.commit_pool(book, demand(POOL), POOL, list(book.pools.values()))
    book.back_to(mark)
    assert (balances(book), book.of_demand(ALI), dict(book.pools), list(book.entries)) == before
    writes = book.writes()
    assert (book.knows(spot(CELLAR)), book.of_demand(PAUL), book.of_demand(POOL)) == (False, [], [])
    assert (writes.new_positions, writes.committed_pools, book.take_touched()) == ([], [], [])


def test_nothing_done_is_nothing_written() -> None:
    """What was only looked at, and what was taken back, is not stored again."""
    store = Store(position(9000))
    book = store.book()
    holding.hold(book, demand(), want(2000))
    store.write(book.writes())
    again = store.book()
    mark = again.mark()
    holding.release(again, demand(), 1)
    again.back_to(mark)
    writes = again.writes()
    assert (writes.positions, writes.entries, writes.holds, writes.gone_holds, writes.pool_lines) == (
        [],
        [],
        [],
        [],
        [],
    )


def test_writes_come_in_key_order_with_what_was_seen() -> None:
    """Positions by id, each with the number that it was locked at; opened ones apart."""
    places = sorted(
        [position(9000, seq=3), position(9000, place=CELLAR, seq=7)], key=lambda p: p.id, reverse=True
    )
    book = Book(places)
    for one in places:
        book.move(Change(position_id=one.id, type="DELTA", on_hand=1), demand())
    book.open(position(item=ALI))
    writes = book.writes()
    assert [p.id for p in writes.positions] == sorted(p.id for p in places)
    assert writes.seen == [p.seq for p in reversed(places)]
    assert [p.seq for p in writes.positions] == [seen + 1 for seen in writes.seen]
    assert [p.item_id for p in writes.new_positions] == [ALI]


def test_opening_a_known_position_changes_nothing() -> None:
    """Neither a loaded one nor one opened before."""
    book = Book([position(9000)])
    book.open(position(0))
    book.open(position(5000, place=CELLAR))
    book.open(position(0, place=CELLAR))
    assert (book.free(spot()), book.free(spot(CELLAR))) == (9000, 5000)
    assert book.item_of(spot(CELLAR)) == CARROTS


def test_holds_come_in_key_order() -> None:
    """By line and position, in whichever order they were made: a batch gives back as its commands one by one would."""
    made = [(line, spot(place)) for line in (2, 1) for place in (CELLAR, BARN)]
    for order in (made, made[::-1]):
        book = Book([position(9000), position(9000, place=CELLAR)])
        for line, id_ in order:
            book.put_hold((ALI, line, id_), _hold(line, id_))
        assert [(h.demand_line, h.position_id) for h in book.of_demand(ALI)] == sorted(made)
        assert [h.demand_line for h in book.of_demand(ALI, 2)] == [2, 2]


def _hold(line: int, id_: object) -> Hold:
    return Hold(demand_id=ALI, demand_line=line, position_id=id_, pool_id=None, quantity=1, state="live",
                policy="submitted", expires_at=None, since=at(0), priority=0)  # fmt: skip


def test_a_hold_made_anew_is_a_new_row() -> None:
    """Given up and held again in one batch: it stands behind those who came meanwhile, as in two batches."""
    store = Store(position(9000))
    for piece in ([0], [5]):
        book = store.book()
        for minute in piece:
            holding.hold(book, demand(minutes=minute), want(1000))
        if piece == [5]:
            holding.release(book, demand(minutes=5), 1)
            holding.hold(book, demand(minutes=6), want(500))
        store.write(book.writes())
    [held] = store.holds.values()
    assert (held.quantity, held.since) == (500, at(6))


@pytest.mark.parametrize(
    ("surplus", "multiple", "free", "pools"),
    [(0, 1, 700, 700), (300, 500, 700, 800), (300, 1000, 700, 300), (300, 500, -200, 0)],
)
def test_a_pool_may_have_its_surplus_and_whole_cases(
    surplus: int, multiple: int, free: int, pools: int
) -> None:
    """The rest of its last case first, and of what is free as many cases as there are; others only what is free."""
    book = Book([position(2000 + free, held=2000)],
                pool_lines=[PoolLine(pool_id=POOL, position_id=spot(), held=2000, surplus=surplus, multiple=multiple)])  # fmt: skip
    assert book.free(spot()) == free
    assert max(0, book.free(spot(), POOL)) == pools


def test_touched_pools_are_told_once() -> None:
    """In the order of their first change, since the last time that somebody asked."""
    book = Book([position(9000), position(9000, place=CELLAR)])
    for places in ((CELLAR,), (BARN,), (CELLAR,)):
        holding.hold(book, demand(), want(100, *places, pool_id=POOL))
    assert book.take_touched() == [(POOL, spot(CELLAR)), (POOL, spot(BARN))]
    assert (book.take_touched(), balances(book)) == ([], (9000, 100, 0))
