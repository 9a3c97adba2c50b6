"""Share out what is missing: a producer has less than was promised, or a last case is not full. Pure.

What is free goes first, then what no shopper wants (the rest of a case), then shoppers' holds by policy: *first come* takes from
the latest, *priority* from the least important and among those the latest, *pro rata* from everyone in proportion, as near to it as
whole multiples allow. Quantities
stay sellable (whole multiples), and every order that gets less is told why. Source: ADR 0008.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from coster.domain.catalog.model import Item
from coster.domain.inventory.model import Change, Demand, Hold, HoldState, Location, PoolLine, Position
from coster.domain.inventory.rules import holding
from coster.domain.inventory.rules.book import Book
from coster.domain.orders.model import Line, Order, OrderWrites, PoolChange
from coster.domain.orders.rules import lines, shelf, telling
from coster.domain.parties.model import Relation
from coster.domain.wholesale.model import Consolidated, LowerStock, Policy
from coster.domain.wholesale.rules.projecting import Projection
from coster.domain.wholesale.rules.stepping import HeldState
from coster.kernel import money, quantity
from coster.kernel.message import Command, Decided, Event
from coster.kernel.outcome import Accepted, Outcome, Rejected


class CuttingState(msgspec.Struct, frozen=True, kw_only=True):
    """Locked orders, positions with all their holds, pools and held orders; and the terms between hubs and producers.

    `kept_back`: held orders that are not completed yet, because their supplier elsewhere has not said yes to what is in them.
    """

    held: HeldState
    orders: Mapping[uuid.UUID, Order]
    lines: Mapping[uuid.UUID, list[Line]]
    positions: list[Position]
    holds: list[Hold]
    pool_lines: list[PoolLine]
    relations: Mapping[tuple[uuid.UUID, uuid.UUID], Relation]
    items: Mapping[uuid.UUID, Item]
    locations: Mapping[uuid.UUID, Location]
    kept_back: frozenset[uuid.UUID] = frozenset()


class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """What must go from a position (None pool: from everybody), and why. `state`: of what is held, or of what is owed to a pool already;
    what shoppers lose of the latter stays with the pool as its surplus.
    """

    position_id: uuid.UUID
    pool_id: uuid.UUID | None
    amount: int
    policy: Policy
    why: str
    state: HoldState = "live"


class Fold:
    """The state of one batch while it is being decided."""

    def __init__(self, state: CuttingState) -> None:
        self.state = state
        self.book = Book(state.positions, state.holds, state.pool_lines)
        self.projection = Projection(state.held, self.book)
        self.orders = dict(state.orders)
        self.lines = {id_: {line.line_no: line for line in of_order} for id_, of_order in state.lines.items()}
        self.pool_changes: list[PoolChange] = []
        self.events: list[tuple[int, Event]] = []
        self.cuts: dict[uuid.UUID, dict[int, Line]] = {}
        self.index = 0
        self.command: Command[Any]

    def begin(self, index: int, command: Command[Any]) -> None:
        """The next command of the batch."""
        self.index, self.command, self.cuts = index, command, {}

    def demand(self, id_: uuid.UUID | None = None) -> Demand:
        """The cause of what the present command does to a demand's stock."""
        command = self.command
        return Demand(id=id_ or command.id, command_id=command.id, at=command.at, since=command.at)

    def lines_of(self, pool_id: uuid.UUID) -> list[PoolLine]:
        """The lines of a pool as they stand now, in key order."""
        return [line for key, line in sorted(self.book.pools.items()) if key[0] == pool_id]

    def follow(self) -> None:
        """Lets held orders follow what the command did to their pools."""
        shelf.note_pools(self.pool_changes, self.book, self.index, {})
        for change in self.pool_changes:
            self.projection.follow(change, self.command.at)
        self.pool_changes.clear()

    def decided(self, outcomes: Sequence[Outcome]) -> Decided[Consolidated]:
        """Everything that the batch comes to."""
        before = {
            (line.order_id, line.line_no): line for of_order in self.state.lines.values() for line in of_order
        }
        after = [line for of_order in self.lines.values() for line in of_order.values()]
        writes = OrderWrites(
            new=[], changed=[order for id_, order in self.orders.items() if self.state.orders[id_] is not order],
            lines=[line for line in after if before[line.order_id, line.line_no] is not line], comments=[],
            stock=self.book.writes(), pool_changes=[],
        )  # fmt: skip
        consolidated = Consolidated(orders=writes, held=self.projection.writes())
        events = [*self.events, *self.projection.events]
        return Decided(outcomes, consolidated, events, self.projection.timers)


# -- sharing out -----------------------------------------------------------------------------------------------


def share_out(fold: Fold, cut: Cut) -> None:
    """Takes `amount` from those who hold on the position, by policy, and tells every order what it lost and why."""
    target = _held(fold, cut) - cut.amount
    if cut.policy == "pro_rata":
        _in_proportion(fold, cut, target)
    for hold in _order_of_loss(fold, cut):
        over = _held(fold, cut) - target
        if over <= 0:
            break
        _take(fold, hold, _in_cases(fold, hold, over))
    fold.follow()
    _tell(fold, cut)


def _held(fold: Fold, cut: Cut) -> int:
    if cut.pool_id is not None:
        line = fold.book.pools[cut.pool_id, cut.position_id]
        return line.held if cut.state == "live" else line.committed - line.surplus
    return fold.book.position(cut.position_id).held


def latest_first(fold: Fold, pool_lines: Sequence[PoolLine], state: HoldState = "live") -> list[PoolLine]:
    """An account's lines of one item in the order in which they lose: the one whose shopper came last goes first."""

    def latest(line: PoolLine) -> dt.datetime:
        here = Cut(
            position_id=line.position_id, pool_id=line.pool_id, amount=0, policy="first_come", why="", state=state
        )  # fmt: skip
        return max((hold.since for hold in _wanted(fold, here)), default=_NEVER)

    return sorted(pool_lines, key=latest, reverse=True)


_NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)


def _wanted(fold: Fold, cut: Cut) -> list[Hold]:
    """Live holds of shoppers on the position, first come first."""
    holds = [
        hold
        for order_id in fold.orders
        for hold in fold.book.of_demand(order_id)
        if hold.position_id == cut.position_id
        and hold.state == cut.state
        and cut.pool_id in (None, hold.pool_id)
    ]
    return sorted(holds, key=lambda hold: (hold.since, hold.demand_id, hold.demand_line))


def _order_of_loss(fold: Fold, cut: Cut) -> list[Hold]:
    holds = _wanted(fold, cut)[::-1]
    return sorted(holds, key=lambda hold: hold.priority) if cut.policy == "priority" else holds


def _in_proportion(fold: Fold, cut: Cut, target: int) -> None:
    """From everyone by what each holds. Accounts held by the case lose whole cases, the latest first; the rest is shared out
    among all others.
    """
    holds = _wanted(fold, cut)
    by_pool: dict[uuid.UUID | None, list[tuple[Hold, int]]] = {}
    for hold, part in zip(holds, money.share(cut.amount, [hold.quantity for hold in holds]), strict=True):
        by_pool.setdefault(hold.pool_id if _by_case(fold, hold) else None, []).append((hold, part))
    loose = [hold for hold, _ in by_pool.pop(None, ())]
    for of_pool in reversed(by_pool.values()):
        mine, over = [hold for hold, _ in of_pool], sum(part for _, part in of_pool)
        if over and _held(fold, cut) > target:
            _apportion(fold, mine, _in_cases(fold, mine[0], over))
    _apportion(fold, loose, _held(fold, cut) - target)


def _apportion(fold: Fold, holds: Sequence[Hold], loss: int) -> None:
    """Takes `loss` from these holds in proportion: of each what can be sold by itself within its share, and then from whoever
    is furthest from it, the latest where several are, until it is enough (largest remainder).
    """
    whole = sum(hold.quantity for hold in holds)
    loss = min(loss, whole)
    if loss <= 0:
        return
    taken = [_take_within(fold, hold, loss * hold.quantity // whole) for hold in holds]
    missing = loss - sum(taken)
    for i in sorted(
        range(len(holds)), key=lambda i: (loss * holds[i].quantity - taken[i] * whole, i), reverse=True
    ):
        if missing <= 0:
            break
        now = fold.book.hold(_key(holds[i]))
        missing -= _take(fold, now, 1) if now else 0


def _key(hold: Hold) -> tuple[uuid.UUID, int, uuid.UUID]:
    return hold.demand_id, hold.demand_line, hold.position_id


def _by_case(fold: Fold, hold: Hold) -> bool:
    pool = fold.book.pools.get((hold.pool_id, hold.position_id)) if hold.pool_id else None
    return pool is not None and pool.multiple > 1 and hold.state == "live"


def _in_cases(fold: Fold, hold: Hold, over: int) -> int:
    """What shoppers must lose for `over` to come free of the hold's account, which is held in whole cases."""
    pool = fold.book.pools.get((hold.pool_id, hold.position_id)) if hold.pool_id else None
    if pool is None or not _by_case(fold, hold):
        return over
    whole = (pool.held - over) // pool.multiple * pool.multiple
    return pool.held - pool.surplus - whole


def _take(fold: Fold, hold: Hold, wanted: int) -> int:
    """Takes at least `wanted` from one hold (or all of it), and so much more that what is left of its line can be sold.

    Yields what the hold lost.
    """
    line = fold.lines[hold.demand_id][hold.demand_line]
    return _lower_line(fold, hold, line, _sellable(fold, hold, line, min(hold.quantity, wanted)))


def _take_within(fold: Fold, hold: Hold, most: int) -> int:
    """Takes as much as can be sold by itself, and no more than `most`; yields what the hold lost."""
    line = fold.lines[hold.demand_id][hold.demand_line]
    item = fold.state.items[line.item_id]
    step = lines.step(item, lines.unit_of(line, item))
    fewer = most * quantity.SCALE // _in_one(fold, hold, line)
    left = quantity.round_up(line.stock_quantity - fewer, step)
    least = quantity.round_up(item.min_quantity, step)
    return _lower_line(fold, hold, line, min(line.stock_quantity, max(left, least)) if left else 0)


def _lower_line(fold: Fold, hold: Hold, line: Line, left: int) -> int:
    """The hold's line comes down to `left` stock units; yields what the hold lost."""
    if left == line.stock_quantity:
        return 0
    fold.cuts.setdefault(hold.demand_id, {}).setdefault(hold.demand_line, line)
    _reduce(fold, hold, line, left)
    now = fold.book.hold(_key(hold))
    return hold.quantity - (now.quantity if now else 0)


def _in_one(fold: Fold, hold: Hold, line: Line) -> int:
    """How much of what lies at the hold's position is in one stock unit of its line, in thousandths."""
    return shelf.parts_of(fold.book, line)[fold.book.item_of(hold.position_id)]


def _sellable(fold: Fold, hold: Hold, line: Line, fewer: int) -> int:
    """The most of a line, in stock units, that can still be sold when `fewer` go from one of its holds."""
    item = fold.state.items[line.item_id]
    step = lines.step(item, lines.unit_of(line, item))
    left = line.stock_quantity - -(-fewer * quantity.SCALE // _in_one(fold, hold, line))
    whole = left // step * step
    return whole if whole >= item.min_quantity else 0


def _reduce(fold: Fold, hold: Hold, line: Line, left: int) -> None:
    """The line with `left`: first from the hold that is short, the rest from wherever the line holds as well."""
    item = fold.state.items[line.item_id]
    order = fold.orders[hold.demand_id]
    demand = fold.demand(order.id)
    gone = line.stock_quantity - left
    parts = shelf.parts_of(fold.book, line)
    losses = {item_id: gone * part // quantity.SCALE for item_id, part in parts.items()}
    if left == 0:
        losses = {item_id: sum(h.quantity for h in _holds_of(fold, line, item_id)) for item_id in parts}
    for item_id, loss in losses.items():
        here = min(loss, hold.quantity) if item_id == fold.book.item_of(hold.position_id) else 0
        if here:
            holding.give_up(fold.book, demand, hold, here)
        if loss > here:
            holding.release(fold.book, demand, line.line_no, loss - here, item_id)
    unit = lines.unit_of(line, item)
    cut = lines.scaled(line, left * unit.den // unit.num, left, order.currency, line.note)
    # What was released stays released, with less.
    fulfilment = line.fulfilment if left and lines.is_out(line) else "short"
    fold.lines[order.id][line.line_no] = msgspec.structs.replace(
        cut, stock=line.stock if left else "unavailable", fulfilment=fulfilment
    )


def _holds_of(fold: Fold, line: Line, item_id: uuid.UUID) -> list[Hold]:
    of_line = fold.book.of_demand(line.order_id, line.line_no)
    return [hold for hold in of_line if fold.book.item_of(hold.position_id) == item_id]


def _tell(fold: Fold, cut: Cut) -> None:
    """The orders that lost something: new totals, a note on each line, one event for each order."""
    for order_id, before in fold.cuts.items():
        order, of_order = fold.orders[order_id], fold.lines[order_id]
        for number, line in before.items():
            note = f"{quantity.text(of_order[number].quantity)} of {quantity.text(line.quantity)}: {cut.why}"
            of_order[number] = msgspec.structs.replace(of_order[number], note=note)
        now = list(of_order.values())
        changed = msgspec.structs.replace(
            order, gross=sum(x.gross for x in now), line_discount=sum(x.discount for x in now),
            order_discount=sum(x.order_share for x in now), total=sum(x.total for x in now), version=order.version + 1,
        )  # fmt: skip
        fold.orders[order_id] = changed
        data = telling.placed_data(changed, [lines.told(line, order.currency) for line in now])
        data["why"] = cut.why
        fold.events.append((fold.index, Event("order.shorted", "order", order_id, changed.version, data)))
    fold.cuts = {}


# -- commands --------------------------------------------------------------------------------------------------


def lower(state: CuttingState, commands: Sequence[Command[LowerStock]]) -> Decided[Consolidated]:
    """There is less than was promised: shared out, told, and the stock is what it is."""
    fold = Fold(state)
    outcomes = []
    for index, command in enumerate(commands):
        fold.begin(index, command)
        mark = fold.book.mark()
        outcome = _lower(fold, command)
        if isinstance(outcome, Rejected):
            fold.book.back_to(mark)
        outcomes.append(outcome)
    return fold.decided(outcomes)


def _lower(fold: Fold, command: Command[LowerStock]) -> Outcome:
    body = command.body
    location = fold.state.locations.get(body.location_id)
    id_ = holding.position_id(body.item_id, body.location_id, body.lot)
    known = location is not None and command.authority.allows("stock:write", location.enterprise_id)
    if not known or not fold.book.knows(id_):
        return Rejected("position_unknown", "You keep no stock of this item at a location of this id.")
    position = fold.book.position(id_)
    if not 0 <= body.quantity <= position.on_hand:
        now = quantity.text(position.on_hand)
        return Rejected("quantity_not_lower", f"There are {now} on hand; give what is left of them, from 0 to {now}.",
                        {"on_hand": now})  # fmt: skip
    if body.quantity < position.committed:
        owed = quantity.text(position.committed)
        return Rejected("stock_committed", f"{owed} are owed to held orders that are complete; these are final.",
                        {"committed": owed})  # fmt: skip
    losses = _before(fold)
    missing = position.held + position.committed - body.quantity
    if missing > 0:
        share_out(fold, _cut_for(fold, command, position, missing))
    return _answer(fold, command, id_, losses)


def _cut_for(fold: Fold, command: Command[LowerStock], position: Position, missing: int) -> Cut:
    policy = command.body.policy or _common_policy(fold, position)
    item = fold.state.items[position.item_id]
    why = (
        f"{item.name}: {quantity.text(missing)} {item.stock_unit} fewer than promised ({command.body.reason}), "
        f"shared out {WORDS[policy]}"
    )
    return Cut(position_id=position.id, pool_id=None, amount=missing, policy=policy, why=why)


WORDS: dict[str, str] = {
    "first_come": "by who came first",
    "pro_rata": "in proportion to what was ordered",
    "priority": "by priority, then by who came first",
}


def _common_policy(fold: Fold, position: Position) -> Policy:
    """The policy on which all relations agree whose shoppers hold something; first come, first served where they do not."""
    held = (
        fold.projection.held.get(line.pool_id)
        for line in fold.book.pools.values()
        if line.position_id == position.id and line.held
    )
    policies = {
        relation.shortage
        for order in held
        if order and (relation := fold.state.relations.get((order.hub_id, order.producer_id)))
    }
    return policies.pop() if len(policies) == 1 else "first_come"


def _before(fold: Fold) -> dict[uuid.UUID, tuple[int, int]]:
    return {
        id_: (held.version, sum(fold.projection.totals.get(id_, {}).values()))
        for id_, held in fold.projection.held.items()
    }


def _answer(
    fold: Fold, command: Command[LowerStock], id_: uuid.UUID, losses: Mapping[uuid.UUID, tuple[int, int]]
) -> Outcome:
    """The stock as it is now, and what each held order lost: totals, never a shopper."""
    change = command.body.quantity - fold.book.position(id_).on_hand
    if change:
        correction = Change(position_id=id_, type="CORRECTION", on_hand=change, reason=command.body.reason)
        fold.book.move(correction, fold.demand())
    position = fold.book.position(id_)
    text = quantity.text
    answer: dict[str, Any] = {
        "position_id": str(id_),
        "item_id": str(position.item_id),
        "location_id": str(position.location_id),
        "lot": position.lot,
        "on_hand": text(position.on_hand),
        "held": text(position.held),
        "committed": text(position.committed),
        "available": text(position.on_hand - position.held - position.committed),
    }
    if change:
        enterprise = fold.state.locations[position.location_id].enterprise_id
        data = {**answer, "type": "CORRECTION", "change": text(change), "enterprises": [str(enterprise)]}
        fold.events.append((fold.index, Event("stock.changed", "position", id_, fold.book.tell(id_), data)))
    answer["held_orders"] = [
        {
            "id": str(held_id),
            "hub_id": str(fold.projection.held[held_id].hub_id),
            "before": text(before),
            "after": text(after),
        }
        for held_id, (_, before) in sorted(losses.items())
        if (after := sum(fold.projection.totals.get(held_id, {}).values())) != before
    ]
    return Accepted(answer)
