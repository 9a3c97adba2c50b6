"""After any sequence: on hand is the sum of the ledger, held the sum of the live holds, and nothing is below zero."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from coster.domain.inventory.model import AdjustStock, CountStock, TransferStock
from coster.domain.inventory.rules import holding, moving
from coster.domain.inventory.rules.book import Book
from coster.kernel import ids
from coster.kernel.outcome import Rejected
from tests.domain.asking import number
from tests.domain.inventory.stocks import (
    BARN,
    CARROTS,
    CELLAR,
    LEEKS,
    POOL,
    Store,
    at,
    demand,
    position,
    spot,
    state,
    tell,
    want,
)

# Drawn from against the order of keys, so that the one cannot be taken for the other.
PLACES = tuple(sorted((BARN, CELLAR), key=spot, reverse=True))
ITEMS = (CARROTS, LEEKS)
_amounts = st.integers(1, 9) | st.sampled_from([500, 1000, 2500])
_who = st.integers(1, 3).map(number)
_line = st.integers(1, 2)
_pool = st.sampled_from([None, None, POOL, number(32)])
STEPS = st.one_of(
    st.tuples(st.just("hold"), _who, _line, st.sampled_from(ITEMS), _pool, _amounts),
    st.tuples(st.just("untracked"), _who, _line, _amounts),
    st.tuples(st.just("release"), _who, _line, st.none() | _amounts),
    st.tuples(st.just("keep"), _who),
    st.tuples(st.just("commit"), st.sampled_from([POOL, number(32)])),
    st.tuples(st.just("consume"), st.sampled_from([POOL, number(32)])),
    st.tuples(st.just("adjust"), st.sampled_from(PLACES), st.integers(-3000, 3000)),
    st.tuples(
        st.just("count"), st.sampled_from(PLACES), st.integers(0, 6000), st.none() | st.integers(0, 20)
    ),
    st.tuples(st.just("transfer"), st.integers(1, 3000)),
)


class World:
    """Stock, and steps on it; each step is decided on what is stored, and written."""

    def __init__(self) -> None:
        self.store = Store(*(position(4000, place=place, item=item) for place in PLACES for item in ITEMS))
        self.first = {id_: one.on_hand for id_, one in self.store.positions.items()}
        self.minute = 0
        self.closed: set[Any] = set()

    def step(self, kind: str, *how: Any) -> None:
        """One step, a minute after the one before."""
        self.minute += 1
        if kind in ("adjust", "count", "transfer"):
            self._move(kind, *how)
            return
        book = self.store.book()
        getattr(self, f"_{kind}")(book, *how)
        self.store.write(book.writes())

    def decide(self, book: Book, kind: str, *how: Any) -> None:
        """One step of a batch on its book: carrots are held from both places."""
        if kind == "hold":
            who, line, *what = how
            self._hold(book, who, line, CARROTS, *what)
        else:
            self._release(book, *how)

    def _hold(self, book: Book, who: Any, line: int, *what: Any) -> None:
        item, pool, amount = what
        holding_already = {held.pool_id for held in book.of_demand(who, line)}
        if pool in self.closed or (holding_already and holding_already != {pool}):
            return
        asked = want(amount, *PLACES, line=line, item=item, pool_id=pool, multiple=500 if pool == POOL else 1)
        could = holding.grantable(book, asked)
        assert holding.hold(book, demand(who, self.minute), asked) == min(amount, could)

    def _untracked(self, book: Book, who: Any, line: int, amount: int) -> None:
        book.open(holding.unlimited_position(number(29)))
        asked = want(amount, ids.NIL, line=line + 2, item=number(29))
        assert holding.hold(book, demand(who, self.minute), asked) == amount

    def _release(self, book: Book, who: Any, line: int, amount: int | None) -> None:
        there = sum(held.quantity for held in book.of_demand(who, line))
        live = sum(held.quantity for held in book.of_demand(who, line) if held.state == "live")
        freed = holding.release(book, demand(who, self.minute), line, amount)
        left = sum(held.quantity for held in book.of_demand(who, line))
        assert (there - left, freed <= live) == (min(there, there if amount is None else amount), True)

    def _keep(self, book: Book, who: Any) -> None:
        holding.keep(book, demand(who, self.minute, policy="session"))

    def _commit(self, book: Book, pool: Any) -> None:
        if pool not in self.closed:
            self.closed.add(pool)
            holding.commit_pool(book, demand(pool, self.minute), pool, _lines(book, pool))

    def _consume(self, book: Book, pool: Any) -> None:
        if pool in self.closed:
            holding.consume_pool(book, demand(pool, self.minute), pool, _lines(book, pool))

    def _move(self, kind: str, *how: Any) -> None:
        body, decide = _body(kind, *how)
        stored = self.store.positions.values()
        later = [
            (int((e.at - at(0)).total_seconds() // 60), e.on_hand)
            for e in self.store.entries
            if e.position_id == spot()
        ]
        before = state(*stored, later=later)
        decided = decide(before, [tell(self.minute, body, minutes=self.minute)])
        if isinstance(decided.outcomes[0], Rejected):
            assert decided.writes.entries == []
        self.store.write(decided.writes)

    def check(self) -> None:
        """What must hold at any instant."""
        sums: dict[Any, Counter[str]] = defaultdict(Counter)
        for id_, on_hand in self.first.items():
            sums[id_]["on_hand"] = on_hand
        for entry in self.store.entries:
            now = sums[entry.position_id]
            for name in ("on_hand", "held", "committed"):
                now[name] += getattr(entry, name)
            now["seq"] += 1
            assert entry.seq == now["seq"]
            tracked = not self.store.positions[entry.position_id].unlimited
            assert min(now["on_hand"], now["held"], now["committed"]) >= 0, entry
            assert not tracked or now["held"] + now["committed"] <= now["on_hand"], entry
        for id_, one in self.store.positions.items():
            told = {name: getattr(one, name) for name in ("on_hand", "held", "committed", "seq")}
            assert told == {name: sums[id_][name] for name in told}
            assert (one.held, one.committed) == (self._holds(id_, "live"), self._holds(id_, "committed"))
        self._check_pools()

    def _holds(self, id_: Any, state_: str, pool: Any = None) -> int:
        """What is held at a position, or there on one pool's account."""
        holds = self.store.holds.values()
        return sum(h.quantity for h in holds
                   if h.position_id == id_ and h.state == state_ and pool in (None, h.pool_id))  # fmt: skip

    def _check_pools(self) -> None:
        for (pool, id_), line in self.store.pool_lines.items():
            assert (line.held, line.committed) == (
                self._holds(id_, "live", pool),
                self._holds(id_, "committed", pool),
            )
            assert line.held % line.multiple == 0
            remainder = self.store.holds.get((pool, 0, id_))
            if not line.consumed:
                assert line.surplus == (remainder.quantity if remainder else 0)


def _lines(book: Book, pool: Any) -> list[Any]:
    return [line for (id_, _), line in book.pools.items() if id_ == pool]


def _body(kind: str, *how: Any) -> tuple[Any, Any]:
    if kind == "adjust":
        return AdjustStock(item_id=CARROTS, location_id=how[0], quantity=how[1], type="DELTA"), moving.adjust
    if kind == "count":
        as_of = None if how[2] is None else at(how[2])
        return CountStock(item_id=CARROTS, location_id=how[0], quantity=how[1], as_of=as_of), moving.count
    body = TransferStock(item_id=CARROTS, from_location_id=BARN, to_location_id=CELLAR, quantity=how[0])
    return body, moving.transfer


@settings(max_examples=200, deadline=None)
@given(steps=st.lists(STEPS, max_size=25))
def test_any_sequence_adds_up(steps: list[tuple[Any, ...]]) -> None:
    """Holds for orders and pools, in cases and loose, untracked ones; releases, closings, counts early and late."""
    world = World()
    for step in steps:
        world.step(*step)
        world.check()


@settings(max_examples=100, deadline=None)
@given(steps=st.lists(STEPS, max_size=12), undone=st.lists(STEPS, max_size=6))
def test_what_is_taken_back_leaves_nothing(
    steps: list[tuple[Any, ...]], undone: list[tuple[Any, ...]]
) -> None:
    """A refused command's holds, whatever they were, are as if they had never been."""
    world = World()
    for step in steps:
        world.step(*step)
    book, closed = world.store.book(), set(world.closed)
    mark = book.mark()
    for kind, *how in undone:
        if kind not in ("adjust", "count", "transfer"):
            getattr(world, f"_{kind}")(book, *how)
    book.back_to(mark)
    writes = book.writes()
    world.closed = closed
    assert (writes.positions, writes.new_positions, writes.entries) == ([], [], [])
    assert (writes.holds, writes.gone_holds, writes.pool_lines) == ([], [], [])
    assert (writes.committed_pools, writes.consumed_pools) == ([], [])


# Few shoppers and few amounts, so that holds are given up whole and made again, and cases fill and empty.
_TIGHT = st.one_of(
    st.tuples(
        st.just("hold"), _who, st.just(1), st.sampled_from([None, POOL]), st.sampled_from([300, 500, 3900])
    ),
    st.tuples(st.just("release"), _who, st.just(1), st.none() | st.sampled_from([300, 4000])),
)


@settings(max_examples=400, deadline=None)
@given(steps=st.lists(_TIGHT, min_size=3, max_size=9), cut=st.integers(1, 8))
def test_one_batch_comes_to_what_two_come_to(steps: list[Any], cut: int) -> None:
    """Holds and releases decided on one book, and cut in two with a database in between: the same rows."""
    stores = []
    for pieces in ([steps], [steps[:cut], steps[cut:]]):
        world = World()
        for piece in pieces:
            book = world.store.book()
            for step in piece:
                world.minute += 1
                world.decide(book, *step)
            world.store.write(book.writes())
        stores.append(world.store)
    one, two = stores
    assert one.entries == two.entries
    assert (one.positions, one.holds, one.pool_lines) == (two.positions, two.holds, two.pool_lines)
