"""The dictionaries of the oracle: stock, holds, hubs' orders on producers, shoppers' orders, sessions; and how they move.

Written from the rules as they stand in words (the guide and ADRs 0006, 0007 and 0008), and not from the code: it imports nothing of the
domain, so that it shares no mistake with it. Whatever it knows is looked up or counted anew; nothing is kept in batches.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from coster.simulation.steps import NO_SESSION, Step, Terms


class Spot(NamedTuple):
    """Stock of an item at a place, in thousandths."""

    on_hand: int = 0
    held: int = 0
    committed: int = 0


class Held(NamedTuple):
    """What an order's line holds at a place, and for which account (None: no producer's)."""

    quantity: int
    committed: bool
    account: tuple[int, int, int] | None


class Account(NamedTuple):
    """What a hub's order on a producer comes to at one place; `wanted` is what shoppers hold there and is not final."""

    wanted: int = 0
    held: int = 0
    committed: int = 0
    consumed: int = 0
    surplus: int = 0


class Bought(NamedTuple):
    """A shopper's order; its lines are (item, thousandths, state)."""

    hub: int
    session: int
    status: str
    running: bool
    placed: int
    priority: int
    lines: tuple[tuple[int, int, str], ...]


class Window(NamedTuple):
    """A session."""

    hub: int
    status: str
    opens: int
    closes: int
    amend: int


class RefusedError(Exception):
    """The command is refused; the codes of all that is wrong with it."""

    def __init__(self, *codes: str) -> None:
        super().__init__(*codes)
        self.code = codes[0] if len(set(codes)) == 1 else "lines_refused"


class Reckoning:
    """The town as it must be. `touched_orders` and `touched_heads` name what changed since they were cleared."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.spots: dict[tuple[int, int], Spot] = {}
        self.counted: dict[tuple[int, int], int] = {}
        self.news: dict[tuple[int, int], list[tuple[int, int]]] = {}
        self.holds: dict[tuple[int, int, int, int], Held] = {}
        self.accounts: dict[tuple[tuple[int, int, int], int, int], Account] = {}
        self.heads: dict[tuple[int, int, int], str] = {}
        self.orders: dict[int, Bought] = {}
        self.running: dict[int, int] = {}
        self.sessions: dict[int, Window] = {}
        self.references: set[int] = set()
        self.going: dict[tuple[int, int, int], None] = {}
        self.touched_orders: set[int] = set()
        self.touched_heads: set[tuple[int, int, int]] = set()
        self.journal: list[tuple[dict[Any, Any], Any, Any]] = []
        self.now: set[tuple[int, int, int]] = set()

    def put(self, table: dict[Any, Any], key: Any, value: Any) -> None:
        """Stores (None: forgets) something, so that it can be taken back when the command is refused."""
        self.journal.append((table, key, table.get(key)))
        if value is None:
            del table[key]
        else:
            table[key] = value

    # -- stock ---------------------------------------------------------------------------------------------------

    def spot(self, item: int, place: int) -> Spot:
        """The stock of an item at a place."""
        return self.spots.get((item, place), Spot())

    def free(self, item: int, place: int) -> int:
        """What nobody has been promised."""
        spot = self.spot(item, place)
        return spot.on_hand - spot.held - spot.committed

    def move(self, item: int, place: int, *, on_hand: int = 0, held: int = 0, committed: int = 0) -> None:
        """Changes the stock of an item at a place."""
        old = self.spot(item, place)
        new = Spot(old.on_hand + on_hand, old.held + held, old.committed + committed)
        self.put(self.spots, (item, place), new)

    def happened(self, item: int, place: int, change: int, at: int) -> None:
        """Stock came or went, as of an instant; later counts reckon with it."""
        self.move(item, place, on_hand=change)
        known = self.news.get((item, place), [])
        self.put(self.news, (item, place), [*known[-_REMEMBERED:], (at, change)])

    def since(self, item: int, place: int, instant: int) -> int:
        """What came and went after an instant."""
        return sum(change for at, change in self.news.get((item, place), []) if at > instant)

    # -- promises ------------------------------------------------------------------------------------------------

    def account_of(self, bought: Bought, item: int) -> tuple[int, int, int] | None:
        """On whose account goods are held: of the hub's order on their producer in the session; own goods on none."""
        owner = self.terms.goods[item].owner
        return None if owner == bought.hub else (bought.hub, owner, bought.session)

    def room(self, account: tuple[int, int, int] | None, item: int, place: int) -> int:
        """How much could be promised here: what is free, in whole cases where the hub buys so, and what is over of its last."""
        free = self.free(item, place)
        if account is None:
            return max(0, free)
        case = self.case(account, item)
        over = self.accounts.get((account, item, place), Account()).surplus
        return max(0, over + free // case * case)

    def case(self, account: tuple[int, int, int], item: int) -> int:
        """In what a hub's order on a producer is held: whole cases, or single thousandths."""
        return (self.terms.goods[item].case or 1) if self.terms.by_case[account[0]] else 1

    def available(self, bought: Bought, item: int) -> int:
        """How much of an item the order could be given."""
        account = self.account_of(bought, item)
        return sum(self.room(account, item, place) for place in self.terms.goods[item].places)

    def promise(self, order: int, bought: Bought, number: int, item: int, quantity: int) -> None:
        """Holds a quantity for a line, place after place."""
        account = self.account_of(bought, item)
        for place in self.terms.goods[item].places:
            take = min(quantity, self.room(account, item, place))
            if take > 0:
                key = (order, number, item, place)
                old = self.holds.get(key)
                self.put(self.holds, key, Held(take + (old.quantity if old else 0), False, account))
                self._want(account, item, place, take)
                quantity -= take

    def _want(self, account: tuple[int, int, int] | None, item: int, place: int, more: int) -> None:
        if account is None:
            self.move(item, place, held=more)
            return
        case = self.case(account, item)
        old = self.accounts.get((account, item, place), Account())
        wanted = old.wanted + more
        held = -(-wanted // case) * case
        self.put(
            self.accounts,
            (account, item, place),
            old._replace(wanted=wanted, held=held, surplus=held - wanted),
        )
        self.move(item, place, held=held - old.held)
        self.now.add(account)

    def give_up(self, key: tuple[int, int, int, int], quantity: int) -> None:
        """An order gives a part of what it holds back; what is final already stays with the hub's order."""
        held = self.holds[key]
        rest = held.quantity - quantity
        self.put(self.holds, key, held._replace(quantity=rest) if rest else None)
        _, _, item, place = key
        if held.committed and held.account:
            old = self.accounts[held.account, item, place]
            self.put(self.accounts, (held.account, item, place), old._replace(surplus=old.surplus + quantity))
            self.now.add(held.account)
        else:
            self._want(held.account, item, place, -quantity)

    def release(self, order: int, number: int, item: int, quantity: int | None = None) -> None:
        """A line gives back a quantity (None: all), place after place."""
        left = quantity
        for place in self.terms.goods[item].back:
            key = (order, number, item, place)
            held = self.holds.get(key)
            take = held.quantity if held and left is None else min(left or 0, held.quantity if held else 0)
            if take > 0:
                self.give_up(key, take)
                left = None if left is None else left - take

    def accounts_of(self, head: tuple[int, int, int]) -> Iterable[tuple[int, int, Account]]:
        """All that a hub's order on a producer comes to, by item and place."""
        for item, goods in self.terms.goods.items():
            for place in goods.places:
                if account := self.accounts.get((head, item, place)):
                    yield item, place, account

    def recent_heads(self) -> list[tuple[tuple[int, int, int], str]]:
        """Hubs' orders on producers that are neither fulfilled nor called off, with their statuses."""
        return [(head, self.heads[head]) for head in self.going]

    def open_accounts(self) -> Iterable[tuple[tuple[tuple[int, int, int], int, int], Account]]:
        """The accounts of hubs' orders that are neither fulfilled nor called off."""
        return [
            ((head, item, place), account)
            for head in self.going
            for item, place, account in self.accounts_of(head)
        ]

    def follow(self) -> None:
        """A hub's order on a producer is there while somebody holds something on it, until it is final."""
        for head in self.now:
            self.touched_heads.add(head)
            if self.heads.get(head, "Held") in ("Held", "Cancelled"):
                owed = sum(a.held + a.committed + a.consumed for *_, a in self.accounts_of(head))
                self._head_is(head, "Held" if owed else "Cancelled")

    def _head_is(self, head: tuple[int, int, int], status: str) -> None:
        self.heads[head] = status
        if status in ("Held", "Complete"):
            self.going[head] = None
        else:
            self.going.pop(head, None)

    def head(self, head: tuple[int, int, int], status: str) -> None:
        """A hub's order on a producer, in another status."""
        self._head_is(head, status)
        self.touched_heads.add(head)

    # -- orders --------------------------------------------------------------------------------------------------

    def order(self, step: Step, *possible: str) -> Bought:
        """The order that the step names, in one of these statuses."""
        bought = self.orders.get(step.order)
        if bought is None:
            raise RefusedError("order_unknown")
        if bought.status not in possible:
            raise RefusedError("order_status")
        return bought

    def become(self, order: int, bought: Bought) -> None:
        """The order as it is from now on."""
        self.put(self.orders, order, bought)
        if bought.running != (order in self.running):
            self.put(self.running, order, bought.session if bought.running else None)
        self.touched_orders.add(order)

    def line(self, bought: Bought, item: int, quantity: int) -> str:
        """Why a line cannot be sold, whatever the stock; nothing where it can."""
        if bought.session != NO_SESSION and not self._sells(bought.hub, item):
            return "item_not_listed"
        return "" if quantity > 0 else "quantity_not_positive"

    def _sells(self, hub: int, item: int) -> bool:
        owner = self.terms.goods[item].owner
        return owner == hub or (hub, owner) in self.terms.supplies

    def supplied(self, bought: Bought, item: int) -> bool:
        """Whether the order may be given these goods: its hub's own, or in a session those of who supplies it."""
        owner = self.terms.goods[item].owner
        return owner == bought.hub or (bought.session != NO_SESSION and self._sells(bought.hub, item))

    def sells(self, session: int, at: int) -> bool:
        """Whether more can be ordered in the session."""
        window = self.sessions[session]
        return window.status == "open" and at < window.closes


_REMEMBERED = 400
"""How much news of a place is remembered for late counts; the town's are never that late."""
