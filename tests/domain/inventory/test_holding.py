"""Promising stock and giving it back: never more than there is, whole cases for pools, and nothing lost on the way."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from coster.domain.inventory.model import Hold
from coster.domain.inventory.rules import holding
from coster.domain.inventory.rules.book import Book
from coster.kernel import ids
from tests.domain.inventory.stocks import (
    ALI,
    BARN,
    CARROTS,
    CELLAR,
    LEEKS,
    PAUL,
    POOL,
    at,
    balances,
    demand,
    entries,
    position,
    spot,
    want,
)

CASES: Any = {"pool_id": POOL, "multiple": 1000}


def pool(book: Book) -> tuple[int, int, int, int]:
    """What the pool has in the barn: held, committed, consumed, and of it the surplus."""
    line = book.pools[POOL, spot()]
    return line.held, line.committed, line.consumed, line.surplus


def rest(book: Book) -> int:
    """The pool's own hold in the barn: the rest of the last case."""
    held = book.hold((POOL, 0, spot()))
    return held.quantity if held else 0


def test_a_hold_tells_owner_and_expiry() -> None:
    """Whose it is, since when, until when, how important; the ledger names the owner."""
    book = Book([position(5000)])
    cart = demand(ALI, 3, policy="cart", expires_at=at(33), priority=2)
    assert holding.hold(book, cart, want(2000)) == 2000
    assert book.of_demand(ALI) == [
        Hold(demand_id=ALI, demand_line=1, position_id=spot(), pool_id=None, quantity=2000, state="live",
             policy="cart", expires_at=at(33), since=at(3), priority=2)
    ]  # fmt: skip
    assert entries(book) == [("HOLD", 0, 2000, 0, ALI)]
    assert balances(book) == (5000, 2000, 0)


def test_only_what_is_there_is_held() -> None:
    """The caller hears how much, and what is asked first is served first."""
    book = Book([position(5000)])
    assert [holding.hold(book, demand(who), want(3000)) for who in (ALI, PAUL, ids.NIL)] == [3000, 2000, 0]
    assert (balances(book), book.of_demand(ids.NIL)) == ((5000, 5000, 0), [])
    assert holding.grantable(book, want(1)) == 0


@pytest.mark.parametrize("quantity", [0, -1000])
def test_nothing_wanted_is_nothing_held(quantity: int) -> None:
    """No hold, no entry."""
    book = Book([position(5000)])
    assert holding.hold(book, demand(), want(quantity)) == 0
    assert (book.entries, book.of_demand(ALI)) == ([], [])


def test_places_are_drawn_from_in_order() -> None:
    """The next one only for what the one before cannot give."""
    book = Book([position(1000), position(5000, place=CELLAR)])
    asked = want(2500, BARN, CELLAR)
    assert holding.grantable(book, asked) == 6000
    assert holding.hold(book, demand(), asked) == 2500
    assert (balances(book), balances(book, CELLAR)) == ((1000, 1000, 0), (5000, 1500, 0))


def test_what_is_repeated_is_added_up_by_position() -> None:
    """An item on two lines, and in a kit beside, is one stock: the third wish finds what the first two left."""
    book = Book([position(5000), position(5000, item=LEEKS)])
    lines = [want(2000, line=1), want(2000, line=2), want(2000, line=3), want(2000, line=3, item=LEEKS)]
    assert [holding.hold(book, demand(), line) for line in lines] == [2000, 2000, 1000, 2000]
    assert balances(book) == (5000, 5000, 0)
    assert [held.quantity for held in book.of_demand(ALI, 3)] == [
        {CARROTS: 1000, LEEKS: 2000}[book.item_of(held.position_id)] for held in book.of_demand(ALI, 3)
    ]


def test_a_line_that_holds_more_has_one_hold() -> None:
    """It keeps its place among those who came first, and its importance; policy and expiry are the latest."""
    book = Book([position(5000)])
    holding.hold(book, demand(policy="cart", expires_at=at(30), priority=1), want(1000))
    holding.hold(book, demand(minutes=9, priority=5), want(500))
    [held] = book.of_demand(ALI)
    assert (held.quantity, held.since, held.priority, held.policy, held.expires_at) == (
        1500,
        at(0),
        1,
        "submitted",
        None,
    )


def test_where_nobody_counts_everything_is_held() -> None:
    """It is recorded and never refused; the position is one for the item, at no place."""
    unlimited = holding.unlimited_position(CARROTS)
    book = Book([])
    book.open(unlimited)
    asked = want(7_000_000, ids.NIL)
    assert (holding.hold(book, demand(), asked), unlimited.location_id) == (7_000_000, ids.NIL)
    now = book.position(unlimited.id)
    assert (now.on_hand, now.held, now.unlimited) == (0, 7_000_000, True)
    assert book.of_demand(ALI)[0].position_id == holding.position_id(CARROTS, ids.NIL)


def test_a_position_is_known_by_item_place_and_lot() -> None:
    """The same always, another for each of the three."""
    assert spot() == holding.position_id(CARROTS, BARN) == holding.position_id(CARROTS, BARN, "")
    assert len({spot(), spot(CELLAR), spot(BARN, LEEKS), spot(lot="L1")}) == 4


@pytest.mark.parametrize(
    ("amount", "freed", "left"),
    [(None, 3500, []), (500, 500, [3000]), (3500, 3500, []), (9000, 3500, []), (0, 0, [3500])],
)
def test_giving_back(amount: int | None, freed: int, left: list[int]) -> None:
    """All or a part, never more than there is; the ledger tells it."""
    book = Book([position(5000)])
    holding.hold(book, demand(), want(3500))
    assert holding.release(book, demand(), 1, amount) == freed
    assert [held.quantity for held in book.of_demand(ALI)] == left
    assert balances(book) == (5000, sum(left), 0)
    assert entries(book)[1:] == ([("RELEASE", 0, -freed, 0, ALI)] if freed else [])


def test_giving_back_one_item_of_a_kit() -> None:
    """The other parts, other lines and other demands stay."""
    book = Book([position(9000), position(9000, item=LEEKS)])
    for who, line in ((ALI, 1), (ALI, 2), (PAUL, 1)):
        holding.hold(book, demand(who), want(1000, line=line))
        holding.hold(book, demand(who), want(2000, line=line, item=LEEKS))
    assert holding.release(book, demand(), 1, 1500, LEEKS) == 1500
    left = {(h.demand_line, book.item_of(h.position_id)): h.quantity for h in book.of_demand(ALI)}
    assert left == {(1, CARROTS): 1000, (1, LEEKS): 500, (2, CARROTS): 1000, (2, LEEKS): 2000}
    assert sum(h.quantity for h in book.of_demand(PAUL)) == 3000


def test_a_part_is_given_back_from_the_last_position() -> None:
    """Last by id, whichever was drawn from first."""
    book = Book([position(1000), position(1000, place=CELLAR)])
    holding.hold(book, demand(), want(2000, BARN, CELLAR))
    holding.release(book, demand(), 1, 1500)
    [held] = book.of_demand(ALI)
    assert (held.position_id, held.quantity) == (min(spot(), spot(CELLAR)), 500)


def test_a_finished_checkout_no_longer_expires() -> None:
    """Policy and expiry change, quantity and place among the others do not, and the ledger has nothing to tell."""
    book = Book([position(5000)])
    holding.hold(book, demand(policy="cart", expires_at=at(30)), want(1000))
    holding.keep(book, demand(minutes=9, policy="session"))
    [held] = book.of_demand(ALI)
    assert (held.policy, held.expires_at, held.quantity, held.since) == ("session", None, 1000, at(0))
    assert len(book.entries) == 1


# -- pools -----------------------------------------------------------------------------------------------------


def test_a_pool_is_held_in_whole_cases() -> None:
    """What no shopper wants is the pool's own hold, with a reason in the ledger; the next shopper is given it first."""
    book = Book([position(5000)])
    holding.hold(book, demand(ALI), want(1300, **CASES))
    assert (pool(book), rest(book), balances(book)) == ((2000, 0, 0, 700), 700, (5000, 2000, 0))
    assert entries(book) == [("HOLD", 0, 1300, 0, ALI), ("HOLD", 0, 700, 0, POOL)]
    assert [e.reason for e in book.entries] == ["", "rest of the last case"]
    holding.hold(book, demand(PAUL), want(700, **CASES))
    assert (pool(book), rest(book), balances(book)) == ((2000, 0, 0, 0), 0, (5000, 2000, 0))


def test_no_entry_promises_more_than_there_is() -> None:
    """Where the last case fills up, its rest is given up before somebody holds it."""
    book = Book([position(1000)])
    holding.hold(book, demand(ALI), want(400, **CASES))
    holding.hold(book, demand(PAUL), want(600, **CASES))
    assert entries(book)[2:] == [("RELEASE", 0, -600, 0, POOL), ("HOLD", 0, 600, 0, PAUL)]
    held = 0
    for entry in book.entries:
        held += entry.held
        assert 0 <= held <= 1000


@pytest.mark.parametrize(
    ("there", "asked", "got"), [(1999, 1500, 1000), (999, 1, 0), (2000, 1500, 1500), (2999, 9000, 2000)]
)
def test_a_case_that_is_not_there_is_not_begun(there: int, asked: int, got: int) -> None:
    """Only whole cases can be had, however little is wanted."""
    book = Book([position(there)])
    assert (holding.hold(book, demand(), want(asked, **CASES)), balances(book)[1] % 1000) == (got, 0)
    assert balances(book)[1] <= there


def test_a_pool_keeps_the_case_that_it_began_with() -> None:
    """Another multiple asked later does not change how the pool is held."""
    book = Book([position(9000)])
    holding.hold(book, demand(ALI), want(1300, **CASES))
    holding.hold(book, demand(PAUL), want(1300, pool_id=POOL, multiple=250))
    assert (pool(book), book.pools[POOL, spot()].multiple) == ((3000, 0, 0, 400), 1000)


def test_a_shopper_who_leaves_a_pool_frees_whole_cases() -> None:
    """The pool shrinks at once; what is left of a case becomes its surplus."""
    book = Book([position(5000)])
    holding.hold(book, demand(ALI), want(1300, **CASES))
    holding.hold(book, demand(PAUL), want(900, **CASES))
    assert pool(book) == (3000, 0, 0, 800)
    assert holding.release(book, demand(PAUL), 1) == 900
    assert (pool(book), rest(book), balances(book)) == ((2000, 0, 0, 700), 700, (5000, 2000, 0))
    holding.release(book, demand(ALI), 1)
    assert (pool(book), rest(book), balances(book)) == ((0, 0, 0, 0), 0, (5000, 0, 0))


def test_the_rest_keeps_its_first_instant_until_it_is_gone() -> None:
    """So that the row says the same however the batches were cut."""
    book = Book([position(9000)])
    for minute in (0, 5):
        holding.hold(book, demand(number(minute), minute), want(100, **CASES))
    held = book.hold((POOL, 0, spot()))
    assert held
    assert (held.since, held.quantity, held.policy, held.priority) == (at(0), 800, "remainder", 0)


def number(n: int) -> uuid.UUID:
    """Somebody."""
    return uuid.UUID(int=500 + n)


def test_a_completed_pool_is_owed() -> None:
    """Held becomes committed, the rest of the case with it; what leaves then is not free again but the pool's."""
    book = Book([position(5000)])
    holding.hold(book, demand(ALI), want(1300, **CASES))
    holding.commit_pool(book, demand(POOL), POOL, list(book.pools.values()))
    assert (pool(book), balances(book)) == ((0, 2000, 0, 700), (5000, 0, 2000))
    assert entries(book)[-1] == ("COMMIT", 0, -2000, 2000, POOL)
    assert book.writes().committed_pools == [POOL]


def test_what_leaves_a_completed_pool_stays_with_it() -> None:
    """The producer was told; the goods become the pool's surplus, and no balance moves."""
    committed = Hold(demand_id=ALI, demand_line=1, position_id=spot(), pool_id=POOL, quantity=1300, state="committed",
                     policy="submitted", expires_at=None, since=at(0), priority=3)  # fmt: skip
    first = Book([position(5000)])
    holding.hold(first, demand(ALI), want(1300, **CASES))
    holding.commit_pool(first, demand(POOL), POOL, list(first.pools.values()))
    book = Book([first.position(spot())], [committed], first.pools.values())
    assert holding.release(book, demand(ALI), 1, 500) == 0
    assert (pool(book), rest(book), balances(book)) == ((0, 2000, 0, 1200), 500, (5000, 0, 2000))
    assert (book.entries, book.of_demand(ALI)[0].quantity) == ([], 800)


@pytest.mark.parametrize(("unlimited", "left"), [(False, 3000), (True, 0)])
def test_a_handed_over_pool_is_sold(*, unlimited: bool, left: int) -> None:
    """On hand and committed shrink together; where nobody counts, there is nothing on hand to shrink."""
    book = Book([position(0 if unlimited else 5000, unlimited=unlimited)])
    holding.hold(book, demand(ALI), want(2000, **CASES))
    for step in (holding.commit_pool, holding.consume_pool):
        step(book, demand(POOL), POOL, list(book.pools.values()))
    assert (pool(book), balances(book)) == ((0, 0, 2000, 0), (left, 0, 0))
    assert entries(book)[-1] == ("SALE", 0 if unlimited else -2000, 0, -2000, POOL)
    assert book.writes().consumed_pools == [POOL]


def test_closing_an_empty_pool_moves_nothing() -> None:
    """No entry; the pool is closed all the same."""
    book = Book([position(5000)])
    holding.hold(book, demand(ALI), want(1000, **CASES))
    holding.release(book, demand(ALI), 1)
    before = len(book.entries)
    holding.commit_pool(book, demand(POOL), POOL, list(book.pools.values()))
    assert (len(book.entries), book.writes().committed_pools) == (before, [POOL])
