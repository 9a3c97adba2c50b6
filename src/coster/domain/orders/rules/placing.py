"""Place orders: one fold in arrival order over who may, what is on sale, and what stock there is. Pure."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from coster.domain.catalog.model import Item
from coster.domain.inventory.model import Demand, Hold, PoolLine, Position
from coster.domain.inventory.rules import holding
from coster.domain.inventory.rules.book import Book
from coster.domain.orders.model import Line, Order, OrderWrites, PlaceOrder, PoolChange, Taken
from coster.domain.orders.rules import lines
from coster.domain.parties.model import CustomerRow, Enterprise
from coster.domain.sessions.model import Session
from coster.domain.sourcing import rules as sourcing
from coster.domain.sourcing.model import Plan, Pool, Sale
from coster.engine.workflow.step import Matched, Table
from coster.kernel import clock, ids, money, quantity, refusal
from coster.kernel.message import Command, Decided, Event, Timer
from coster.kernel.outcome import Accepted, Outcome, Rejected


class PlacingState(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that placing is decided on; positions are locked, and pool lines with them."""

    flow: Table
    sessions: Mapping[uuid.UUID, Session]
    listings: Mapping[tuple[uuid.UUID, uuid.UUID], int | None]
    enterprises: Mapping[uuid.UUID, Enterprise]
    customers: Mapping[uuid.UUID, CustomerRow]
    taken: Mapping[tuple[str, str], Taken]
    supply: sourcing.Supply
    positions: list[Position]
    pools: list[uuid.UUID]
    pool_lines: list[PoolLine]
    remainders: list[Hold]


def place(state: PlacingState, commands: Sequence[Command[PlaceOrder]]) -> Decided[OrderWrites]:
    """One outcome per order, in arrival order: all of its stock is held, or the order is refused and leaves nothing."""
    fold = _Placing(state)
    for index, command in enumerate(commands):
        mark = fold.book.mark()
        outcome = fold.place(index, command)
        if isinstance(outcome, Rejected):
            fold.book.back_to(mark)
        fold.outcomes.append(outcome)
    writes = OrderWrites(
        new=fold.orders, changed=[], lines=fold.lines, comments=[], stock=fold.book.writes(),
        pool_changes=fold.pool_changes,
    )  # fmt: skip
    return Decided(fold.outcomes, writes, fold.events, fold.timers)


class _Placing:
    """The fold: the stock as it stands, and what was decided so far."""

    def __init__(self, state: PlacingState) -> None:
        self.state = state
        self.book = Book(state.positions, state.remainders, state.pool_lines)
        self.taken = dict(state.taken)
        self.currencies = {id_: enterprise.currency for id_, enterprise in state.enterprises.items()}
        self.listed = listed_by_session(state)
        self.outcomes: list[Outcome] = []
        self.orders: list[Order] = []
        self.lines: list[Line] = []
        self.events: list[tuple[int, Event]] = []
        self.timers: list[tuple[int, Timer]] = []
        self.pool_changes: list[PoolChange] = []

    def place(self, index: int, command: Command[PlaceOrder]) -> Outcome:
        body = command.body
        seller = self.state.enterprises.get(body.seller_id)
        if seller is None or not command.authority.allows("orders:write", body.seller_id):
            return Rejected("seller_unknown", "You may not take orders for a shop of this id.")
        if unfit := self._unfit(command):
            return unfit
        shop = lines.Shop(
            items=self.state.supply.items,
            listed=self.listed.get(body.session_id, {}) if body.session_id else None,
            currency=seller.currency,
            currencies=self.currencies,
        )
        checked = [lines.check(shop, number, line) for number, line in enumerate(body.lines, 1)]
        if faults := [line for line in checked if isinstance(line, Rejected)]:
            return lines.faults(faults)
        served = self._serve(command, seller, checked)  # type: ignore[arg-type]
        if isinstance(served, Rejected):
            return served
        return self._accept(index, command, seller, served)

    def _unfit(self, command: Command[PlaceOrder]) -> Rejected | None:
        """Why no order of this kind can be placed now, whatever its lines."""
        body = command.body
        if not body.lines:
            faults = refusal.Faults()
            faults.add("lines", "is empty; an order needs one line at least")
            return faults.rejected()
        if known := self.taken.get((body.channel, body.reference)):
            mine = command.authority.allows("orders:write", known.seller_id)
            return Rejected(
                "duplicate_reference",
                f"The order {body.reference} of channel {body.channel} was taken before; it was not taken twice.",
                {"order_id": str(known.order_id)} if mine else {},
            )
        if body.session_id is not None:
            session = self.state.sessions.get(body.session_id)
            if session is None or body.seller_id not in session.hubs:
                return Rejected("session_unknown", "This shop sells in no session of this id.")
            if session.status != "open" or command.at >= session.closes_at:
                return Rejected("session_not_open", f"The session is {_state(session, command.at)}; orders are taken "
                                "while it is open.", {"status": session.status})  # fmt: skip
        if body.customer_id is not None:
            customer = self.state.customers.get(body.customer_id)
            if customer is None or customer.seller_id != body.seller_id or customer.erased:
                return Rejected("customer_unknown", "This shop has no customer of this id.")
        return None

    def _serve(
        self, command: Command[PlaceOrder], seller: Enterprise, checked: Sequence[lines.Checked]
    ) -> list[tuple[lines.Checked, Plan]] | Rejected:
        """Holds stock for every line, or says for all lines at once what is missing."""
        sale = Sale(order_id=command.body.order_id, seller_id=seller.id, session_id=command.body.session_id)
        demand = self._demand(command, seller)
        served, refused = [], []
        before = self.book.mark()
        for line in checked:
            plan = sourcing.plan(self.state.supply, sale, line.item, line.number, line.stock)
            fitted = plan if isinstance(plan, Rejected) else self._fit(command, sale, line, plan)
            if isinstance(fitted, Rejected):
                refused.append(fitted)
                continue
            for want in fitted[1].wants:
                holding.hold(self.book, demand, want)
            served.append(fitted)
        if refused:
            return self._refuse(refused, before)
        if not any(line.stock for line, _ in served):
            self.book.back_to(before)
            return lines.faults([_short(line, 0) for line in checked])
        return served

    def _refuse(self, refused: list[Rejected], before: tuple[int, int]) -> Rejected:
        self.book.back_to(before)
        return lines.faults(refused)

    def _fit(
        self, command: Command[PlaceOrder], sale: Sale, line: lines.Checked, plan: Plan
    ) -> tuple[lines.Checked, Plan] | Rejected:
        """The line and its plan as they are where there is enough; less where that is allowed; or what is missing."""
        for opened in plan.opens:
            self.book.open(opened)
        available = available_for(self.book, line.item, plan)
        if available >= line.stock:
            return line, plan
        less = lines.reduced(line, available)
        if not (command.body.allow_partial or plan.partial):
            return _short(line, less.quantity)
        if less.stock == 0:
            return less, msgspec.structs.replace(plan, wants=())
        smaller = sourcing.plan(self.state.supply, sale, line.item, line.number, less.stock)
        return smaller if isinstance(smaller, Rejected) else (less, smaller)

    def _demand(self, command: Command[PlaceOrder], seller: Enterprise) -> Demand:
        body = command.body
        expires = None if body.completed else command.at + dt.timedelta(minutes=seller.cart_minutes)
        customer = self.state.customers.get(body.customer_id) if body.customer_id else None
        done = "session" if body.session_id else "submitted"
        return Demand(
            id=body.order_id, command_id=command.id, at=command.at, since=command.at, expires_at=expires,
            policy=done if body.completed else "cart",  # type: ignore[arg-type]
            priority=max(body.priority, customer.priority if customer else 0),
        )  # fmt: skip

    def _accept(
        self, index: int, command: Command[PlaceOrder], seller: Enterprise, served: list[tuple[lines.Checked, Plan]]
    ) -> Outcome:  # fmt: skip
        body = command.body
        priced = [
            lines.priced(body.order_id, line, seller.currency, _stock_state(line, plan))
            for line, plan in served
        ]
        goods = sum(line.total for line in priced)
        priced = lines.shared(priced, lines.discount_of(body.discount, goods))
        order = self._order(command, seller, priced)
        if order.total < seller.minimum_order:
            least = money.text(seller.minimum_order, seller.currency)
            return Rejected(
                "below_minimum_order",
                f"The order comes to {money.text(order.total, seller.currency)}; this shop takes orders from {least} "
                f"{seller.currency}.",
                {"minimum": least, "total": money.text(order.total, seller.currency)},
            )
        self.taken[body.channel, body.reference] = Taken(order_id=order.id, seller_id=order.seller_id)
        self.orders.append(order)
        self.lines.extend(priced)
        self._note_pools(index, [pool for _, plan in served for pool in plan.pools])
        told = [lines.told(line, order.currency) for line in priced]
        self.events.append((index, Event("order.placed", "order", order.id, 1, placed_data(order, told))))
        if order.expires_at:
            timer = Timer(
                expiry_id(order.id), order.expires_at, "orders.expire_checkout", {"order_id": str(order.id)}
            )
            self.timers.append((index, timer))
        return Accepted(answer(order, told))

    def _order(self, command: Command[PlaceOrder], seller: Enterprise, priced: Sequence[Line]) -> Order:
        body, table = command.body, self.state.flow
        status = table.initial
        if body.completed:
            done = table.step(status, "complete_checkout", {"order.checkout_expires_at": None})
            assert isinstance(done, Matched), "a flow of orders lets a checkout be completed"
            status = done.to
        share = sum(line.order_share for line in priced)
        demand = self._demand(command, seller)
        return Order(
            id=body.order_id, seller_id=seller.id, session_id=body.session_id, customer_id=body.customer_id,
            channel=body.channel, reference=body.reference, status=status, flow=table.flow.name,
            flow_version=table.flow.version, payment="none", currency=seller.currency,
            gross=sum(line.gross for line in priced), line_discount=sum(line.discount for line in priced),
            order_discount=share, total=sum(line.total for line in priced), priority=demand.priority,
            placed_at=command.at, expires_at=demand.expires_at, version=1,
        )  # fmt: skip

    def _note_pools(self, index: int, pools: Sequence[Pool]) -> None:
        by_id = {pool.id: pool for pool in pools}
        note_pools(self.pool_changes, self.book, index, by_id)


def available_for(book: Book, item: Item, plan: Plan) -> int:
    """How much of the item could be had now, in thousandths of its stock unit; of a kit, as many as its parts allow."""
    if not item.components:
        return sum(holding.grantable(book, want) for want in plan.wants)
    parts = zip(item.components, plan.wants, strict=True)
    return min(holding.grantable(book, want) * quantity.SCALE // part.quantity for part, want in parts)


def parts_of(book: Book, line: Line) -> dict[uuid.UUID, int]:
    """What one stock unit of a line is made of, in thousandths by item, by its own holds: a kit may have changed since."""
    held: dict[uuid.UUID, int] = {}
    for hold in book.of_demand(line.order_id, line.line_no):
        item_id = book.item_of(hold.position_id)
        held[item_id] = held.get(item_id, 0) + hold.quantity
    return {
        item_id: max(1, amount * quantity.SCALE // line.stock_quantity) for item_id, amount in held.items()
    }


def note_pools(changes: list[PoolChange], book: Book, index: int, pools: Mapping[uuid.UUID, Pool]) -> None:
    """Notes, pool by pool, how the lines that a command touched stand after it."""
    touched: dict[uuid.UUID, list[tuple[uuid.UUID, PoolLine]]] = {}
    for pool_id, position_id in book.take_touched():
        line = (book.item_of(position_id), book.pools[pool_id, position_id])
        touched.setdefault(pool_id, []).append(line)
    for pool_id, pool_lines in touched.items():
        change = PoolChange(index=index, pool_id=pool_id, pool=pools.get(pool_id), lines=tuple(pool_lines))
        changes.append(change)


def listed_by_session(state: PlacingState) -> dict[uuid.UUID, dict[uuid.UUID, int | None]]:
    """For each session what is listed, with its price there (None: the item's)."""
    listed: dict[uuid.UUID, dict[uuid.UUID, int | None]] = {}
    for (session_id, item_id), price in state.listings.items():
        listed.setdefault(session_id, {})[item_id] = price
    return listed


def shop_of(state: PlacingState, order: Order) -> lines.Shop:
    """What a line that is added to an order is checked against."""
    return lines.Shop(
        items=state.supply.items,
        listed=listed_by_session(state).get(order.session_id, {}) if order.session_id else None,
        currency=order.currency,
        currencies={id_: enterprise.currency for id_, enterprise in state.enterprises.items()},
    )


def expiry_id(order_id: uuid.UUID) -> uuid.UUID:
    """The timer that ends an order's checkout."""
    return ids.derived("checkout", order_id)


def answer(order: Order, told: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The order as a caller is answered."""
    return {
        "id": str(order.id),
        "number": ids.short(order.id),
        "version": order.version,
        "status": order.status,
        "currency": order.currency,
        "gross": money.text(order.gross, order.currency),
        "discount": money.text(order.line_discount + order.order_discount, order.currency),
        "total": money.text(order.total, order.currency),
        "expires_at": clock.text(order.expires_at) if order.expires_at else None,
        "lines": told,
    }


def placed_data(order: Order, told: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the event says: the order without any trace of a person."""
    return {
        "seller_id": str(order.seller_id),
        "session_id": str(order.session_id) if order.session_id else None,
        "channel": order.channel,
        "reference": order.reference,
        "status": order.status,
        "currency": order.currency,
        "total": money.text(order.total, order.currency),
        "lines": told,
        "enterprises": [str(order.seller_id)],
    }


def _stock_state(line: lines.Checked, plan: Plan) -> str:
    if line.stock == 0:
        return "unavailable"
    return "untracked" if plan.untracked else "held"


def _short(line: lines.Checked, left: int) -> Rejected:
    return _insufficient(line.number, line.item, line.unit.code, line.quantity, left)


def short_by(line: Line, item: Item, available: int, wanted: int) -> Rejected:
    """What is missing for a line that is to become larger; `wanted` in sales units, `available` in stock units on top."""
    unit = item.units[line.unit]
    part = (line.stock_quantity + available) // lines.step(item, unit) * lines.step(item, unit)
    return _insufficient(line.line_no, item, line.unit, wanted, part * unit.den // unit.num)


def _insufficient(number: int, item: Item, unit: str, wanted: int, left: int) -> Rejected:
    text = quantity.text
    possible = f"take {text(left)} {unit}, or less" if left else "nothing of it is left"
    return Rejected(
        "insufficient_stock",
        f"Line {number}: {text(wanted)} {unit} of {item.name} are wanted, {text(left)} {unit} can be had; {possible}.",
        {
            "line": number,
            "item_id": str(item.id),
            "unit": unit,
            "wanted": text(wanted),
            "available": text(left),
        },
    )


def _state(session: Session, at: dt.datetime) -> str:
    return "closed" if session.status == "open" and at >= session.closes_at else session.status
