"""A small formal model of hold, held order, close and cancel: plain values, one function a step, nothing of the product.

One producer, one hub, one session, a few shoppers with one order each, and items of which there is little. Everything is counted in
whole units. `MODEL` names the invariants as `coster verify` does.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

Quantities = tuple[int, ...]


class Scope(NamedTuple):
    """How small the world is: shoppers, stock of each item, the case in which each is held, and the quantities ordered."""

    shoppers: int
    stock: Quantities
    cases: Quantities
    quantities: tuple[Quantities, ...]


class Order(NamedTuple):
    """A shopper's order: status, and for each item what it comes to, the state of its line, what is held, and whether finally."""

    status: str
    running: bool
    quantity: Quantities
    state: tuple[str, ...]
    held: Quantities
    final: bool


class Account(NamedTuple):
    """What the hub's order comes to, of one item."""

    held: int = 0
    committed: int = 0
    consumed: int = 0
    surplus: int = 0


class Stock(NamedTuple):
    """A position."""

    on_hand: int
    held: int = 0
    committed: int = 0


class State(NamedTuple):
    """The world. `head` is the status of the hub's order, or nothing where there is none."""

    session: str
    stock: tuple[Stock, ...]
    orders: tuple[Order | None, ...]
    accounts: tuple[Account | None, ...]
    head: str


class Move(NamedTuple):
    """A command: its name, whose it is, and its numbers."""

    name: str
    shopper: int = -1
    item: int = -1
    quantities: Quantities = ()


def beginning(scope: Scope) -> State:
    """Nothing has happened."""
    return State(
        "open", tuple(map(Stock, scope.stock)), (None,) * scope.shoppers, (None,) * len(scope.stock), ""
    )


def moves(scope: Scope, state: State) -> Iterator[Move]:
    """Every command that anybody could send, sensible or not. Shoppers are alike, so they come in the order of their numbers."""
    for shopper in range(scope.shoppers):
        if state.orders[shopper] is None:
            yield from (Move("place", shopper, quantities=wanted) for wanted in scope.quantities)
            break
        yield from (Move(name, shopper) for name in ("complete", "fail", "expire", "cancel"))
        for item, most in enumerate(scope.stock):
            yield from (Move("change", shopper, item, (wanted,)) for wanted in range(most + 1))
    yield from map(
        Move, ("close", "reopen", "end", "expire_session", "complete_session", "fulfil", "call_off")
    )
    for item, stock in enumerate(state.stock):
        yield from (Move("lower", -1, item, (left,)) for left in range(stock.on_hand + 1))


class RefusedError(Exception):
    """The command is refused; its code."""


class World:
    """A state while a command is carried out in it."""

    def __init__(self, scope: Scope, state: State) -> None:
        self.scope = scope
        self.session, self.head = state.session, state.head
        self.stock, self.orders, self.accounts = list(state.stock), list(state.orders), list(state.accounts)
        self.touched = False

    def state(self) -> State:
        """As it is now."""
        return State(self.session, tuple(self.stock), tuple(self.orders), tuple(self.accounts), self.head)

    def order(self, shopper: int, *possible: str) -> Order:
        """The shopper's order, in one of these statuses."""
        order = self.orders[shopper]
        assert order is not None
        if order.status not in possible:
            raise RefusedError("order_status")
        return order

    def room(self, item: int) -> int:
        """How much could be promised: whole cases that are free, and what is over of the last one."""
        on_hand, held, committed = self.stock[item]
        case, account = self.scope.cases[item], self.accounts[item] or Account()
        return max(0, account.surplus + (on_hand - held - committed) // case * case)

    def want(self, item: int, more: int) -> None:
        """Shoppers want more or less; the hub's order follows in whole cases."""
        old = self.accounts[item] or Account()
        wanted = old.held - old.surplus + more
        held = -(-wanted // self.scope.cases[item]) * self.scope.cases[item]
        self.accounts[item] = old._replace(held=held, surplus=held - wanted)
        stock = self.stock[item]
        self.stock[item] = stock._replace(held=stock.held + held - old.held)
        self.touched = True

    def give_back(self, shopper: int, item: int, amount: int) -> None:
        """A shopper gives back; what is final stays with the hub."""
        order = self.orders[shopper]
        assert order is not None
        amount = min(amount, order.held[item])
        if amount == 0:
            return
        account = self.accounts[item]
        assert account is not None
        if order.final:
            self.accounts[item] = account._replace(surplus=account.surplus + amount)
            self.touched = True
        else:
            self.want(item, -amount)
        left = _at(order.held, item, order.held[item] - amount)
        self.orders[shopper] = order._replace(held=left, final=order.final and any(left))

    def line(self, shopper: int, item: int, quantity: int, state: str) -> None:
        """A line is now so much, in this state."""
        order = self.orders[shopper]
        assert order is not None
        self.orders[shopper] = order._replace(
            quantity=_at(order.quantity, item, quantity), state=_at(order.state, item, state)
        )

    def follow(self) -> None:
        """The hub's order is there while anything is on its account, until it is final."""
        if self.touched and self.head in ("", "Held", "Cancelled"):
            owed = sum(a.held + a.committed + a.consumed for a in self.accounts if a)
            self.head = "Held" if owed else "Cancelled"


def _at(values: tuple, index: int, value: object) -> tuple:  # type: ignore[type-arg]
    return (*values[:index], value, *values[index + 1 :])


def step(scope: Scope, state: State, move: Move) -> tuple[str, State]:
    """What a command is answered (nothing: accepted), and the state after it; unchanged where it is refused."""
    world = World(scope, state)
    try:
        STEPS[move.name](world, move)
    except RefusedError as refused:
        return str(refused), state
    world.follow()
    return "", world.state()


def _place(world: World, move: Move) -> None:
    if world.session != "open":
        raise RefusedError("session_not_open")
    wanted = move.quantities
    if any(amount > world.room(item) for item, amount in enumerate(wanted)):
        raise RefusedError("insufficient_stock")
    states = tuple("held" if amount else "" for amount in wanted)
    world.orders[move.shopper] = Order("created", True, wanted, states, wanted, False)
    for item, amount in enumerate(wanted):
        if amount:
            world.want(item, amount)


def _complete(world: World, move: Move) -> None:
    world.orders[move.shopper] = world.order(move.shopper, "created")._replace(status="booked", running=False)


def _off(world: World, shopper: int) -> None:
    order = world.orders[shopper]
    assert order is not None
    for item, held in enumerate(order.held):
        world.give_back(shopper, item, held)
    order = world.orders[shopper]
    assert order is not None
    none = tuple("none" if state else "" for state in order.state)
    world.orders[shopper] = order._replace(status="cancelled", running=False, state=none)


def _fail(world: World, move: Move) -> None:
    world.order(move.shopper, "created")
    _off(world, move.shopper)


def _expire(world: World, move: Move) -> None:
    if world.order(move.shopper, "created", "booked", "cancelled").running:
        _off(world, move.shopper)


def _cancel(world: World, move: Move) -> None:
    world.order(move.shopper, "created", "booked")
    _off(world, move.shopper)


def _change(world: World, move: Move) -> None:
    order = world.order(move.shopper, "created", "booked")
    item, wanted = move.item, move.quantities[0]
    if not order.state[item]:
        raise RefusedError("line_unknown")
    old = order.quantity[item]
    if wanted > old:
        if world.session != "open":
            raise RefusedError("session_not_open")
        if wanted - old > world.room(item):
            raise RefusedError("insufficient_stock")
        world.want(item, wanted - old)
        world.orders[move.shopper] = order._replace(
            held=_at(order.held, item, order.held[item] + wanted - old)
        )
        world.line(move.shopper, item, wanted, "held")
    else:
        world.give_back(move.shopper, item, old - wanted if wanted else order.held[item])
        world.line(move.shopper, item, wanted, order.state[item] if wanted else "none")


def _close(world: World, move: Move) -> None:
    if world.session == "open":
        world.session = "closed"


def _reopen(world: World, move: Move) -> None:
    if world.session != "closed":
        raise RefusedError("session_ended" if world.session == "ended" else "session_not_closed")
    world.session = "open"


def _end(world: World, move: Move) -> None:
    world.session = "ended"


def _expire_session(world: World, move: Move) -> None:
    for shopper, order in enumerate(world.orders):
        if order and order.running:
            _off(world, shopper)


def _complete_session(world: World, move: Move) -> None:
    if world.session != "ended":
        raise RefusedError("session_not_ended")
    if world.head != "Held":
        return
    for item, account in enumerate(world.accounts):
        if account:
            world.accounts[item] = account._replace(held=0, committed=account.committed + account.held)
            on_hand, held, committed = world.stock[item]
            world.stock[item] = Stock(on_hand, held - account.held, committed + account.held)
    world.orders = [order._replace(final=any(order.held)) if order else None for order in world.orders]
    world.head = "Complete"


def _fulfil(world: World, move: Move) -> None:
    _head(world, "Complete")
    for item, account in enumerate(world.accounts):
        if account:
            world.accounts[item] = account._replace(committed=0, consumed=account.committed)
            on_hand, held, committed = world.stock[item]
            world.stock[item] = Stock(on_hand - account.committed, held, committed - account.committed)
    nothing = (0,) * len(world.stock)
    world.orders = [order._replace(held=nothing, final=False) if order else None for order in world.orders]
    world.head = "Fulfilled"


def _head(world: World, status: str) -> None:
    if world.head != status:
        raise RefusedError("held_order_status" if world.head else "held_order_unknown")


def _lose(world: World, shopper: int, item: int, amount: int) -> None:
    order = world.orders[shopper]
    assert order is not None
    left = order.quantity[item] - amount
    world.give_back(shopper, item, amount)
    world.line(shopper, item, left, order.state[item] if left else "unavailable")


def _call_off(world: World, move: Move) -> None:
    _head(world, "Held")
    for shopper, order in enumerate(world.orders):
        for item, held in enumerate(order.held if order else ()):
            if held:
                _lose(world, shopper, item, held)


def _lower(world: World, move: Move) -> None:
    item, left = move.item, move.quantities[0]
    stock = world.stock[item]
    if left < stock.committed:
        raise RefusedError("stock_committed")
    # Who came last loses first.
    for shopper in reversed(range(len(world.orders))):
        order, account = world.orders[shopper], world.accounts[item]
        missing = world.stock[item].held + stock.committed - left
        if missing <= 0:
            break
        if order and account and order.held[item] and not order.final:
            case = world.scope.cases[item]
            enough = account.held - account.surplus - (account.held - missing) // case * case
            _lose(world, shopper, item, min(order.held[item], enough))
    world.stock[item] = world.stock[item]._replace(on_hand=left)


STEPS: Final[dict[str, Callable[[World, Move], None]]] = {
    "place": _place, "complete": _complete, "fail": _fail, "expire": _expire, "cancel": _cancel, "change": _change,
    "close": _close, "reopen": _reopen, "end": _end, "expire_session": _expire_session,
    "complete_session": _complete_session, "fulfil": _fulfil, "call_off": _call_off, "lower": _lower,
}  # fmt: skip


# -- what must hold ----------------------------------------------------------------------------------------------


def _never_oversold(scope: Scope, state: State) -> bool:
    return all(stock.held + stock.committed <= stock.on_hand for stock in state.stock)


def _never_below_zero(scope: Scope, state: State) -> bool:
    return min(itertools.chain(*state.stock)) >= 0 and _never_oversold(scope, state)


class Sums(NamedTuple):
    """What is held of an item: by shoppers and not final, by them finally, and what is over of the last case (a hold of its own)."""

    live: int
    final: int
    over_live: int
    over_final: int


def sums(state: State, item: int) -> Sums:
    """All holds of an item. What is over is held like the account that it is over from, and is gone with the goods."""
    orders = [order for order in state.orders if order]
    account = state.accounts[item] or Account()
    is_open = state.head in ("Held", "Cancelled", "")
    return Sums(
        sum(o.held[item] for o in orders if not o.final),
        sum(o.held[item] for o in orders if o.final),
        account.surplus if is_open else 0,
        account.surplus if not is_open and account.committed else 0,
    )


def _held_is_holds(scope: Scope, state: State) -> bool:
    held = [sums(state, item) for item in range(len(state.stock))]
    return all(
        (stock.held, stock.committed) == (one.live + one.over_live, one.final + one.over_final)
        for stock, one in zip(state.stock, held, strict=True)
    )


def _pool_is_holds(scope: Scope, state: State) -> bool:
    for item, account in enumerate(state.accounts):
        if account is None:
            continue
        live, final, *over = sums(state, item)
        if (account.held, account.committed) != (live + over[0], final + over[1]):
            return False
        if (not account.consumed and account.surplus != sum(over)) or account.held % scope.cases[item]:
            return False
    return True


def _holds_have_pools(scope: Scope, state: State) -> bool:
    held = (item for order in state.orders if order for item, amount in enumerate(order.held) if amount)
    return all(state.accounts[item] is not None for item in held)


def _none_is_held(scope: Scope, state: State) -> bool:
    return not any(order and order.status == "cancelled" and any(order.held) for order in state.orders)


def _has_left(state: State, item: int) -> bool:
    account = state.accounts[item]
    return account is not None and account.consumed > 0


def _lines_are_held(scope: Scope, state: State) -> bool:
    return all(
        order.held[item] == order.quantity[item] > 0 or (not order.held[item] and _has_left(state, item))
        for order in state.orders
        if order
        for item, line in enumerate(order.state)
        if line == "held"
    )


def _head_for_every_pool(scope: Scope, state: State) -> bool:
    accounts = [account for account in state.accounts if account]
    held, committed = sum(a.held for a in accounts), sum(a.committed for a in accounts)
    fits = {
        "": not accounts, "Held": held != 0 and committed <= 0, "Complete": committed != 0 and held <= 0,
        "Cancelled": held + committed <= 0, "Fulfilled": held + committed <= 0,
    }  # fmt: skip
    return fits[state.head]


def account_is_possible(scope: Scope, state: State) -> bool:
    """What the CHECKs of pool_line say (tests/guards): nothing below zero, and no more over than there is."""
    return all(min(a) >= 0 and a.surplus <= a.held + a.committed + a.consumed for a in state.accounts if a)


MODEL: Final[dict[str, Callable[[Scope, State], bool]]] = {
    "never_oversold": _never_oversold,
    "never_below_zero": _never_below_zero,
    "held_is_holds": _held_is_holds,
    "pool_is_holds": _pool_is_holds,
    "holds_have_pools": _holds_have_pools,
    "none_is_held": _none_is_held,
    "lines_are_held": _lines_are_held,
    "head_for_every_pool": _head_for_every_pool,
}
"""What must hold in every state, under the names that `coster verify` gives it."""


def explore(scope: Scope) -> tuple[dict[State, tuple[State, Move] | None], int]:
    """Every state that can be reached, with where it was reached from first (breadth first), and how many steps lead on."""
    start = beginning(scope)
    reached: dict[State, tuple[State, Move] | None] = {start: None}
    waiting, steps = [start], 0
    for state in waiting:
        for move in moves(scope, state):
            _, after = step(scope, state, move)
            steps += 1
            if after not in reached:
                reached[after] = (state, move)
                waiting.append(after)
    return reached, steps
