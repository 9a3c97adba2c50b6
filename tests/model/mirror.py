"""The model's world in the product's own records: the real rules carry the same commands out, and the result is looked at as a state."""

from __future__ import annotations

import copy
import datetime as dt
from typing import Any

import msgspec

from coster.domain.inventory.model import Entry
from coster.domain.inventory.rules.holding import position_id
from coster.domain.orders.model import (
    CancelOrder,
    ChangeOrder,
    CompleteCheckout,
    ExpireCheckout,
    ExpireSession,
    FailCheckout,
    LineChange,
)
from coster.domain.sessions.model import (
    CloseSession,
    EndSession,
    FullSession,
    ReopenSession,
    Session,
    SessionsState,
)
from coster.domain.sessions.rules import life
from coster.domain.wholesale.model import CancelHeldOrder, CompleteSession, FulfilHeldOrder, LowerStock
from coster.kernel.outcome import Rejected
from tests.domain.orders.worlds import (
    BARN,
    CARROTS,
    HOUR,
    HUB,
    JEAN,
    KILO,
    LEEKS,
    NOW,
    SESSION,
    basket,
    item,
    line,
    order_of,
    relation,
)
from tests.domain.wholesale.worlds import POOL, Market
from tests.model.market import Account, Move, Order, Scope, State, Stock

ITEMS = (CARROTS, LEEKS)
_ON_ORDERS: dict[str, type] = {
    "complete": CompleteCheckout, "fail": FailCheckout, "expire": ExpireCheckout, "cancel": CancelOrder,
}  # fmt: skip


class Mirror:
    """A market of the real rules in the scope of the model."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.told: list[Entry] = []
        goods = ITEMS[: len(scope.stock)]
        self.market = Market(
            {id_: units * KILO for id_, units in zip(goods, scope.stock, strict=True)},
            items=[item(id_, JEAN, f"item {n}", case_quantity=case * KILO)
                   for n, (id_, case) in enumerate(zip(goods, scope.cases, strict=True))],
            relations=[relation(HUB, JEAN, remainder="round_up")],
        )  # fmt: skip

    def copy(self) -> Mirror:
        """Another of the same; records are never changed, so only the tables are copied."""
        other = copy.copy(self)
        other.market = copy.copy(self.market)
        for name in ("positions", "holds", "pool_lines", "orders", "lines", "held_orders"):
            setattr(other.market, name, dict(getattr(self.market, name)))
        return other

    def carry_out(self, move: Move) -> str:
        """What the real rules answer: nothing for accepted, or the code."""
        self.told = []
        if move.name in ("close", "reopen", "end"):
            outcome = self._session(move)
        else:
            decided = self.market.decide(self._body(move))
            outcome = decided.outcomes[0]
            self.told = decided.writes.orders.stock.entries
        return outcome.code if isinstance(outcome, Rejected) else ""

    def _body(self, move: Move) -> Any:
        who = str(move.shopper)
        if move.name in _ON_ORDERS:
            return _ON_ORDERS[move.name](order_id=order_of(who))
        if move.name == "place":
            wanted = [line(ITEMS[n], amount * KILO) for n, amount in enumerate(move.quantities) if amount]
            return basket(who, *wanted)
        if move.name == "change":
            number = next((n for n, id_ in enumerate(self._items(who), 1) if id_ == ITEMS[move.item]), 99)
            change = LineChange(line_no=number, quantity=move.quantities[0] * KILO)
            return ChangeOrder(order_id=order_of(who), lines=[change])
        if move.name == "lower":
            left = move.quantities[0] * KILO
            return LowerStock(
                item_id=ITEMS[move.item], location_id=BARN, quantity=left, policy="first_come", reason="frost"
            )
        return {
            "expire_session": ExpireSession(session_id=SESSION), "complete_session": CompleteSession(session_id=SESSION),
            "fulfil": FulfilHeldOrder(held_order_id=POOL), "call_off": CancelHeldOrder(held_order_id=POOL, reason="hail"),
        }[move.name]  # fmt: skip

    def _items(self, who: str) -> list[Any]:
        return [one.item_id for one in self.market.lines_by_order()[order_of(who)]]

    def _session(self, move: Move) -> Any:
        market, old = self.market, self.market.session
        full = FullSession(
            **msgspec.structs.asdict(old), name="", opens_at=NOW, recurrence=None, series_id=None, version=1, listings={},
        )  # fmt: skip
        state = SessionsState(sessions={SESSION: full})
        if move.name == "end" and old.status != "ended":
            market.at = old.amend_until
        until = market.at + 10 * HOUR
        bodies: dict[str, Any] = {
            "close": CloseSession(session_id=SESSION), "end": EndSession(session_id=SESSION),
            "reopen": ReopenSession(session_id=SESSION, closes_at=until, amend_until=until + dt.timedelta(hours=2), reason="rain"),
        }  # fmt: skip
        decided = getattr(life, move.name)(state, [market.command(bodies[move.name])])
        for one in decided.writes.changed:
            kept = {field: getattr(one, field) for field in Session.__struct_fields__}
            market.session = Session(**kept)
        return decided.outcomes[0]

    def sums(self, before: State) -> tuple[Stock, ...]:
        """The ledger entries of the last command on top of the stock before it; AssertionError where one of them oversells."""
        sums = list(before.stock)
        for entry in self.told:
            n = ITEMS.index(self.market.positions[entry.position_id].item_id)
            on_hand, held, committed = sums[n]
            sums[n] = Stock(
                on_hand + entry.on_hand // KILO,
                held + entry.held // KILO,
                committed + entry.committed // KILO,
            )
            assert min(sums[n]) >= 0, (before, entry)
            assert sums[n].held + sums[n].committed <= sums[n].on_hand, (before, entry)
        return tuple(sums)

    # -- looking -------------------------------------------------------------------------------------------------

    def state(self) -> State:
        """What the records come to, as the model sees it."""
        market = self.market
        head = market.held_orders.get(POOL)
        goods = range(len(self.scope.stock))
        return State(
            market.session.status,
            tuple(Stock(*(number // KILO for number in market.stock(ITEMS[n]))) for n in goods),
            tuple(self._order(str(shopper)) for shopper in range(self.scope.shoppers)),
            tuple(self._account(n) for n in goods),
            head.status if head else "",
        )

    def _account(self, number: int) -> Account | None:
        account = self.market.pool_lines.get((POOL, position_id(ITEMS[number], BARN)))
        if account is None:
            return None
        return Account(
            *(n // KILO for n in (account.held, account.committed, account.consumed, account.surplus))
        )

    def _order(self, who: str) -> Order | None:
        order = self.market.orders.get(order_of(who))
        if order is None:
            return None
        of_item = {one.item_id: one for one in self.market.lines_by_order()[order.id]}
        holds = {
            self.market.positions[h.position_id].item_id: h
            for h in self.market.holds.values()
            if h.demand_id == order.id
        }
        goods = ITEMS[: len(self.scope.stock)]
        return Order(
            order.status,
            order.expires_at is not None,
            tuple(of_item[id_].quantity // KILO if id_ in of_item else 0 for id_ in goods),
            tuple(of_item[id_].stock if id_ in of_item else "" for id_ in goods),
            tuple(holds[id_].quantity // KILO if id_ in holds else 0 for id_ in goods),
            any(hold.state == "committed" for hold in holds.values()),
        )
