"""Place orders: one fold in arrival order over who may, what is on sale, and what stock there is. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from coster.domain.buying.model import Centre
from coster.domain.inventory.model import Demand
from coster.domain.inventory.rules import holding
from coster.domain.inventory.rules.book import Book
from coster.domain.orders.model import Line, Order, OrderWrites, PlaceOrder, PoolChange, Taken
from coster.domain.orders.rules import approving, attributes, checkout, lines, shelf, telling, way
from coster.domain.orders.rules.context import Context, Facts, session_of
from coster.domain.orders.rules.fold import ChangingState, Fold
from coster.domain.orders.rules.shelf import PlacingState
from coster.domain.parties.model import Enterprise
from coster.domain.sessions.model import Session
from coster.domain.sourcing import rules as sourcing
from coster.domain.sourcing.model import Plan, Pool, Sale
from coster.engine.flows import audit, clocks
from coster.engine.workflow import hours, records, timing
from coster.engine.workflow.language import ROLLUP
from coster.engine.workflow.step import Matched, Table
from coster.engine.workflow.tables import Tables
from coster.kernel import money, refusal
from coster.kernel.message import Command, Decided, Event, Timer
from coster.kernel.outcome import Accepted, Outcome, Rejected


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
        self.listed = shelf.listed_by_session(state)
        self.outcomes: list[Outcome] = []
        self.orders: list[Order] = []
        self.lines: list[Line] = []
        self.events: list[tuple[int, Event]] = []
        self.timers: list[tuple[int, Timer]] = []
        self.pool_changes: list[PoolChange] = []
        self.named: dict[str, str | None] = {}
        # Where all orders of a type begin, while none of them goes another way to try it.
        self.all_begin: dict[str, Beginning] = {}
        self.beginnings: dict[tuple[int, int | None], Beginning] = {}

    def place(self, index: int, command: Command[PlaceOrder]) -> Outcome:
        body = command.body
        seller = self.state.enterprises.get(body.seller_id)
        if seller is None or not command.authority.allows("orders:write", body.seller_id):
            return Rejected("seller_unknown", "You may not take orders for a shop of this id.")
        if unfit := self._unfit(command):
            return unfit
        shop = lines.Shop(
            items=self.state.supply.items,
            listed=self.listed.get(body.session_id, {}) if body.session_id and not body.whole_range else None,
            only_of=body.whole_range,
            currency=seller.currency,
            currencies=self.currencies,
        )
        checked = [lines.check(shop, number, line) for number, line in enumerate(body.lines, 1)]
        if faults := [line for line in checked if isinstance(line, Rejected)]:
            return lines.faults(faults)
        begin = self._beginning(body)
        demand = self._demand(command, seller, begin)
        sound: list[lines.Checked] = checked  # type: ignore[assignment]
        served = self._served(command, demand, sound, held=begin.held)
        if isinstance(served, Rejected):
            return served
        centre = self.state.centres.get(body.cost_centre_id) if body.cost_centre_id else None
        return self._accept(_Wish(index, command, seller, begin, demand, centre), served)

    def _unfit(self, command: Command[PlaceOrder]) -> Rejected | None:
        """Why no order of this kind can be placed now, whatever its lines."""
        body = command.body
        if refused := _unheard_of(body, command.at.date()):
            return refused
        if body.attributes and not command.authority.system and body.whole_range is None:
            faults = refusal.Faults()
            attributes.judge(faults, body.attributes)
            if refused := faults.rejected():
                return refused
        if self._named(body.type) is None:
            return Rejected("order_type_unknown", f"There is no flow for orders of type '{body.type}'; the flows are listed at "
                            "/api/v1/flows.", {"type": body.type})  # fmt: skip
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
        return self._unfit_centre(body)

    def _unfit_centre(self, body: PlaceOrder) -> Rejected | None:
        """Why the order cannot be bought in the name of the cost centre that it names."""
        if body.cost_centre_id is None:
            return None
        centre = self.state.centres.get(body.cost_centre_id)
        if centre is None or not centre.active or not centre.sold_by(body.seller_id):
            return Rejected(
                "cost_centre_unknown", "No cost centre of this id can be named in orders of this shop."
            )
        currency = self.currencies[body.seller_id]
        if centre.currency != currency:
            return Rejected(
                "currency_mismatch",
                f"The cost centre reckons in {centre.currency}, and this shop in {currency}.",
                {"currency": currency},
            )
        return None

    def _served(
        self, command: Command[PlaceOrder], demand: Demand, checked: Sequence[lines.Checked], *, held: bool
    ) -> list[tuple[lines.Checked, Plan]] | Rejected:
        """The lines with the plans by which their goods are held; where nothing is held yet, without any."""
        if held:
            return self._serve(command, demand, checked)
        if command.body.whole:
            before = self.book.mark()
            tried = self._serve(command, demand, checked)
            self.book.back_to(before)
            if isinstance(tried, Rejected):
                return tried
        return [(one, _UNPLANNED) for one in checked]

    def _serve(
        self, command: Command[PlaceOrder], demand: Demand, checked: Sequence[lines.Checked]
    ) -> list[tuple[lines.Checked, Plan]] | Rejected:
        """Holds stock for every line, or says for all lines at once what is missing."""
        body = command.body
        sale = Sale(order_id=body.order_id, seller_id=body.seller_id, session_id=body.session_id)
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
        if checked and not any(line.stock for line, _ in served):
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
        available = shelf.available_for(self.book, line.item, plan)
        if available >= line.stock:
            return line, plan
        less = lines.reduced(line, available)
        if not (command.body.allow_partial or plan.partial):
            return _short(line, less.quantity)
        if less.stock == 0:
            return less, msgspec.structs.replace(plan, wants=())
        smaller = sourcing.plan(self.state.supply, sale, line.item, line.number, less.stock)
        return smaller if isinstance(smaller, Rejected) else (less, smaller)

    def _demand(self, command: Command[PlaceOrder], seller: Enterprise, begin: Beginning) -> Demand:
        body = command.body
        running = begin.held and not body.completed
        customer = self.state.customers.get(body.customer_id) if body.customer_id else None
        done = "session" if body.session_id else "submitted"
        return Demand(
            id=body.order_id, command_id=command.id, at=command.at, since=command.at,
            expires_at=command.at + dt.timedelta(minutes=seller.cart_minutes) if running else None,
            policy="cart" if running else done,  # type: ignore[arg-type]
            priority=max(body.priority, customer.priority if customer else 0),
        )  # fmt: skip

    def _accept(self, wish: _Wish, served: list[tuple[lines.Checked, Plan]]) -> Outcome:
        body, seller, begin = wish.command.body, wish.seller, wish.begin
        priced = [
            lines.priced(
                body.order_id, line, seller.currency, _stock_state(line, plan) if begin.held else "none"
            )
            for line, plan in served
        ]
        goods = sum(line.total for line in priced)
        priced = lines.shared(priced, lines.discount_of(body.discount, goods))
        order = self._order(wish, priced)
        if order.total < seller.minimum_order:
            least = money.text(seller.minimum_order, seller.currency)
            return Rejected(
                "below_minimum_order",
                f"The order comes to {money.text(order.total, seller.currency)}; this shop takes orders from {least} "
                f"{seller.currency}.",
                {"minimum": least, "total": money.text(order.total, seller.currency)},
            )
        told = [lines.told(line, order.currency) for line in priced]
        data = telling.placed_data(order, told)
        data["flow"] = begin.told if order.status == begin.status else begin.told_completed
        placed = (wish.nth, Event("order.placed", "order", order.id, 1, data))
        if body.completed and begin.completed is None:
            return self._complete(wish, order, priced, placed)
        self._take(wish, order, priced, [placed])
        self.timers.extend((wish.nth, timer) for timer in self._timers(wish, order, priced))
        self._note_pools(wish.nth, [pool for _, plan in served for pool in plan.pools])
        return Accepted(telling.answer(order, told))

    def _take(
        self, wish: _Wish, order: Order, of_order: Sequence[Line], events: Sequence[tuple[int, Event]]
    ) -> None:
        """Notes an order that was accepted."""
        body = wish.command.body
        self.taken[body.channel, body.reference] = Taken(order_id=order.id, seller_id=order.seller_id)
        self.orders.append(order)
        self.lines.extend(of_order)
        self.events.extend(events)

    def _complete(
        self, wish: _Wish, order: Order, of_order: list[Line], placed: tuple[int, Event]
    ) -> Outcome:
        """A checkout that is over elsewhere, where the flow does more about it than to keep what is held: one step of the order."""
        state = ChangingState(
            flows=self.state.flows, checkouts=self.state.checkouts, orders={order.id: order}, lines={order.id: of_order},
            sessions=self.state.sessions, positions=[], holds=[], pools=[], pool_lines=[], placing=self.state,
            calendars={wish.seller.id: hours.of(wish.seller)} if wish.calendars else {},
        )  # fmt: skip
        fold = Fold(state, self.book)
        arrival = way.Arrival(
            order=order, trigger="complete_checkout", attributes={"payment": "none"}, begins=True
        )
        outcome = way.carry_out(fold, wish.nth, wish.command, arrival)
        if isinstance(outcome, Accepted):
            self._take(wish, fold.orders[order.id], fold.lines[order.id], [placed, *fold.events])
            self.timers.extend(fold.timers)
            self.pool_changes.extend(fold.pool_changes)
        return outcome

    def _order(self, wish: _Wish, priced: Sequence[Line]) -> Order:
        body, begin, at = wish.command.body, wish.begin, wish.command.at
        over = body.completed and begin.completed is not None
        status = begin.completed.to if over and begin.completed is not None else begin.status
        table = begin.table
        return Order(
            id=body.order_id, seller_id=body.seller_id, session_id=body.session_id, customer_id=body.customer_id,
            channel=body.channel, reference=body.reference, status=status, flow=table.flow.name,
            flow_version=table.flow.version, payment="none", currency=wish.seller.currency,
            gross=sum(line.gross for line in priced), line_discount=sum(line.discount for line in priced),
            order_discount=sum(line.order_share for line in priced), total=sum(line.total for line in priced),
            priority=wish.demand.priority, placed_at=at, expires_at=wish.demand.expires_at, version=1, type=body.type,
            holds=begin.holds_completed if over else begin.holds, attributes=wish.attributes, entered=1, entered_at=at,
            sla_at=timing.beyond(table, status, at, wish.calendars) if table.slas else None,
            checkout=begin.checkout_completed if over else begin.checkout, checkout_version=begin.checkout_version,
        )  # fmt: skip

    def _timers(self, wish: _Wish, order: Order, of_order: Sequence[Line]) -> list[Timer]:
        """The timers of the status in which the order begins, and those of its checkout."""
        begin = wish.begin
        own = begin.table.timers[order.status]
        below = begin.child.timers.get(order.checkout or "", ()) if begin.child is not None else ()
        if not own and not below:
            return []
        if not own and begin.ends and order.expires_at is not None:
            body = {"id": str(order.id), "trigger": begin.ends}
            return [Timer(clocks.timer_id(order.id, begin.ends), order.expires_at, way.TIMER, body)]
        facts = Facts(order, of_order, session_of(self.state.sessions, order), order.placed_at)
        context = Context(facts, {}, {}, {})
        found = clocks.entering(way.standing((begin.table, wish.calendars), order, context)) if own else []
        if begin.child is not None and below:
            timed = (begin.child, wish.calendars)
            found += clocks.entering(way.standing_below(timed, order, context, since=order.entered_at))
        return found

    def _beginning(self, body: PlaceOrder) -> Beginning:
        """Where the order begins, by the version of its flow; an order of an unknown type was refused before."""
        begin = self.all_begin.get(body.type)
        if begin is not None:
            return begin
        name, flows, checkouts = self._named(body.type) or "", self.state.flows, self.state.checkouts
        table = flows.begin(name, body.order_id)
        child = checkout.begun(table, checkouts, body.order_id, body.type)
        # Tables are kept by the state, so none of them can take the place of another.
        key = (id(table), id(child) if child is not None else None)
        begin = self.beginnings.get(key)
        if begin is None:
            begin = self.beginnings[key] = beginning(table, child)
        shares = [flows.published[name].share]
        shares += [checkouts.published[child.flow.name].share] if child is not None else []
        if not any(shares):
            self.all_begin[body.type] = begin
        return begin

    def _named(self, type_: str) -> str | None:
        """The flow for orders of a type; None where there is none for just that type."""
        if type_ not in self.named:
            self.named[type_] = flow_for(self.state.flows, type_)
        return self.named[type_]

    def _note_pools(self, index: int, pools: Sequence[Pool]) -> None:
        by_id = {pool.id: pool for pool in pools}
        shelf.note_pools(self.pool_changes, self.book, index, by_id)


class Beginning(msgspec.Struct, frozen=True, kw_only=True):
    """Where orders of a flow's version begin, and what is told of it.

    `completed` is what completing the checkout comes to, where that only keeps what is held; None: it needs a step of its own.
    """

    table: Table
    status: str
    holds: str
    completed: Matched | None
    holds_completed: str
    told: Mapping[str, Any]
    told_completed: Mapping[str, Any]
    child: Table | None
    checkout: str | None
    checkout_completed: str | None
    ends: str
    """The trigger of the checkout's only timer where that waits for nothing but its end; empty: there are others."""

    @property
    def checkout_version(self) -> int | None:
        """The version of its checkout's flow; None: it has none."""
        return self.child.flow.version if self.child is not None else None

    @property
    def held(self) -> bool:
        """Whether goods are held from the beginning, and a checkout runs."""
        return self.holds != "none"


class _Wish(NamedTuple):
    """An order that is to be placed, with what was found out about it."""

    nth: int
    command: Command[PlaceOrder]
    seller: Enterprise
    begin: Beginning
    demand: Demand
    centre: Centre | None

    @property
    def attributes(self) -> dict[str, Any]:
        """What is kept with the order: what came with it, and its cost centre."""
        given = self.command.body.attributes
        return given if self.centre is None else approving.with_centre(given, self.centre)

    @property
    def calendars(self) -> timing.Calendars:
        """The calendars that the room gives, where a flow of the order counts in them."""
        given = self.begin.table.given or (self.begin.child and self.begin.child.given)
        return {hours.NAME: hours.of(self.seller)} if given else timing.NONE


def beginning(table: Table, child: Table | None) -> Beginning:
    """Where orders of this table begin, with checkouts of that one."""
    status, flow = table.initial, table.flow
    done, ended = _completed(table, child)
    after = done.to if done is not None else status
    return Beginning(
        table=table,
        status=status,
        holds=flow.status(status).holds,
        completed=done,
        holds_completed=flow.status(after).holds,
        told=audit.began(table, status),
        told_completed=audit.began(table, after),
        child=child,
        checkout=child.initial if child is not None else None,
        checkout_completed=ended,
        ends=_ends(child) if child is not None else "",
    )


def _ends(child: Table) -> str:
    """The trigger of the only timer of checkouts that begin, if that comes when the checkout's time is over."""
    plain = records.Timer(field="order.checkout_expires_at")
    timers = child.timers[child.initial]
    return timers[0].trigger if len(timers) == 1 and timers[0].timer == plain else ""


def _completed(table: Table, child: Table | None) -> tuple[Matched | None, str | None]:
    """What completing a checkout at once comes to, and where that leaves the checkout; None: more than to keep what is held."""
    trigger = "complete_checkout"
    if child is None or not way.is_for_checkout(child, table, trigger):
        done, ended = table.certain.get((table.initial, trigger)), None if child is None else child.initial
    else:
        below = child.certain.get((child.initial, trigger))
        if below is None or below.next or below.actions:
            return None, None
        ended = below.to
        rows = table.rows.get((table.initial, ROLLUP), ())
        if any(row.row.guard is not None for row in rows):
            return None, None
        found = table.inner(table.initial, ROLLUP, checkout.counts(child, ended)) if rows else None
        done = found if isinstance(found, Matched) else None
    if done is None or done.next or any(call.name != "keep_holds" for call in done.actions):
        return None, None
    return done, ended


_MOST_DAYS_OFF: Final = 3660
_UNPLANNED: Final = Plan(wants=(), pools=(), opens=(), partial=False, untracked=False)


def _unheard_of(body: PlaceOrder, today: dt.date) -> Rejected | None:
    """What is wrong with the lines that are asked for, whatever the goods: there are none, or one shall go on a day far off."""
    faults = refusal.Faults()
    if not body.lines and not body.whole_range:
        faults.add("lines", "is empty; an order needs one line at least")
    for number, line in enumerate(body.lines, 1):
        if line.ship_on is not None and abs((line.ship_on - today).days) > _MOST_DAYS_OFF:
            faults.add(f"lines.{number}.ship_on", "is more than ten years away; take a nearer day")
    return faults.rejected()


def flow_for(flows: Tables, type_: str) -> str | None:
    """The flow on which orders of a type begin: the first by name for just that type; None where there is none."""
    for name in flows.for_entity("order", type_):
        if flows.of(name, flows.published[name].version).flow.type == type_:
            return name
    return None


def _stock_state(line: lines.Checked, plan: Plan) -> str:
    if line.stock == 0:
        return "unavailable"
    return "untracked" if plan.untracked else "held"


def _short(line: lines.Checked, left: int) -> Rejected:
    return shelf.insufficient(line.number, line.item, line.unit.code, line.quantity, left)


def _state(session: Session, at: dt.datetime) -> str:
    return "closed" if session.status == "open" and at >= session.closes_at else session.status
