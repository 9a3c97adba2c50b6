"""One command's way through the flow of one order: its rows are carried out, or nothing happens and the answer says why. Pure."""

from __future__ import annotations

import datetime as dt
import uuid
import zlib
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, TypeAlias

import msgspec

from coster.domain.inventory.model import Demand
from coster.domain.orders.model import Comment, Line, MakeOrderGood, Order
from coster.domain.orders.rules import approving, b2b, checkout, editing, lines, releasing, shelf, telling
from coster.domain.orders.rules.actions import Doing
from coster.domain.orders.rules.context import Context, Facts, session_of
from coster.domain.orders.rules.fold import Fold, summed
from coster.domain.orders.rules.releasing import ACTIONS
from coster.domain.orders.rules.vocabulary import VOCABULARY
from coster.domain.orders.rules.vocabulary_checkout import CHECKOUT
from coster.engine.flows import audit, clocks, outside
from coster.engine.flows.clocks import TimerBody
from coster.engine.workflow import plugins, timing
from coster.engine.workflow.driving import (
    MOST,
    Carry,
    ContextOf,
    Driven,
    DrivenTooFarError,
    Failed,
    Fired,
    drive,
)
from coster.engine.workflow.guards import GuardFailedError
from coster.engine.workflow.language import ROLLUP
from coster.engine.workflow.step import Table, UnknownStatusError, Unmatched
from coster.engine.workflow.timing import TimerFailedError
from coster.kernel.message import Command, Event, Timer
from coster.kernel.outcome import Accepted, Outcome, Rejected

TIMER: Final = "orders.timer"
EVENTS: Final[Mapping[str, str]] = {
    "complete_checkout": "order.checkout_completed",
    "fail_checkout": "order.checkout_failed",
    "expire_checkout": "order.checkout_expired",
    "cancel": "order.cancelled",
    "change": "order.changed",
    "comment": "order.commented",
    "release_part": releasing.EVENT,
    "": "order.stepped",
}
"""Under which name a trigger is told; every other one as STEPPED."""
STEPPED: Final = EVENTS[""]
_To: TypeAlias = Literal["order", "checkout"]
_TELLING: Final = frozenset({"tell_children", "tell_parent"})
FAULTS: Final = (GuardFailedError, DrivenTooFarError, TimerFailedError, UnknownStatusError)
"""What a flow may raise for one order; it is a refusal of that order's command, and nobody else's matter."""


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """What comes to an order: a trigger with its attributes; of a timer also what it carries; or a message that was not delivered."""

    order: Order
    trigger: str
    attributes: Mapping[str, Any] = {}
    timer: TimerBody | None = None
    undelivered: MakeOrderGood | None = None
    begins: bool = False
    """Whether the order is being placed with it, so that no timer of its status has been set yet."""


def carry_out(fold: Fold, index: int, command: Command[Any], arrival: Arrival) -> Outcome:
    """What comes to the order is done as its flow says, wholly or not at all; told as one event, with the flow's messages after it."""
    return Way(fold, index, command, arrival).go()


def takes(table: Table, trigger: str) -> Mapping[str, str]:
    """The attributes of a trigger that can be sent from outside, name to type; none for any other."""
    room = CHECKOUT if table.flow.entity == CHECKOUT.entity else VOCABULARY
    return room.triggers.get(trigger) or table.flow.events.get(trigger, {})


def is_for_checkout(child: Table | None, table: Table, trigger: str) -> bool:
    """Whether a trigger comes to the order's checkout and not to the order itself."""
    return child is not None and trigger in child.accepted_in and trigger not in table.accepted_in


class _Side:
    """One of the two whose flows a command may drive: the order, or its checkout."""

    def __init__(self, table: Table, status: Callable[[], str], context_of: ContextOf, carry: Carry) -> None:
        """Takes its flow, what gives its status as it is by then, its contexts, and what carries a row of it out."""
        self.table = table
        self.status = status
        self.carry = carry
        self.context_of = context_of
        self.watched = audit.Watched(table, context_of)


class Way:
    """The order on its way: as it has become so far, and what is to be told of it."""

    def __init__(self, fold: Fold, index: int, command: Command[Any], arrival: Arrival) -> None:
        """Takes the batch, the command and its place in it, and what comes to the order."""
        self.fold = fold
        self.index = index
        self.command = command
        self.arrival = arrival
        self.order = arrival.order
        self.lines = self.before = fold.lines[self.order.id]
        self.table = fold.flows.of(self.order.flow, self.order.flow_version)
        self.messages: list[tuple[str, Mapping[str, Any]]] = []
        self.restart: tuple[str, ...] = ()
        self.refusal: Rejected | None = None
        self.failed: Failed | None = None
        self.waiting: deque[tuple[_To, str]] = deque()
        self.fired: list[tuple[_To, Fired]] = []
        self.child = checkout.table_of(self.table, fold.checkouts, self.order)
        self.above = _Side(self.table, lambda: self.order.status, self.context, self.carry)
        self.below: _Side | None = None
        if self.child is not None:
            self.below = _Side(
                self.child, lambda: self.order.checkout or "", self._context_below, self._carry_below
            )
        self._told = self.order.version

    def go(self) -> Outcome:
        """Follows the trigger to its end. What was done to the stock is undone by the caller where it comes to a refusal."""
        self.waiting.append((self._begin(), self.arrival.trigger))
        trigger = self.arrival.trigger
        try:
            while self.waiting:
                if len(self.fired) > MOST:
                    raise DrivenTooFarError(
                        f"order {self.order.id}: '{trigger}' goes back and forth without end"
                    )
                refusal = self._drive(*self.waiting.popleft())
                if refusal is not None:
                    return refusal
            return self._end()
        except FAULTS as fault:
            return no_answer(self.arrival.order, trigger, fault)
        finally:
            # Both know the way: without them it is gone at once, and nobody has to look for rings of dead objects.
            del self.above, self.below

    def _begin(self) -> _To:
        """To which of the two it comes."""
        undelivered = self.arrival.undelivered
        if undelivered is None:
            below = is_for_checkout(self.child, self.table, self.arrival.trigger)
            return "checkout" if below else "order"
        below = undelivered.of == CHECKOUT.entity and self.below is not None
        return "checkout" if below else "order"

    def _drive(self, to: _To, trigger: str) -> Rejected | None:
        """One trigger of the order or of its checkout; what the other is told waits. Why all of it is refused, if it is."""
        first = not self.fired
        side = self.below if to == "checkout" else self.above
        if side is None:
            return None
        inner = first and self.arrival.undelivered is not None
        driven = drive(side.watched, (side.status(), trigger), side.carry, inner=inner)
        if driven.unmatched is not None:
            # What one tells the other may find nothing to do; what came from outside may not.
            return self._refused(side, driven.unmatched) if first else None
        if driven.failed is not None and not driven.made_good:
            assert self.refusal is not None, "a row that fails says why"
            return self.refusal
        self.fired.extend((to, fired) for fired in driven.fired)
        self.failed = self.failed or driven.failed
        return None

    def _refused(self, side: _Side, unmatched: Unmatched) -> Rejected:
        self._go_on_waiting()
        order = self.arrival.order
        possible = checkout.possible(self.table, self.child, order)
        detail = audit.refused("order", order.id, unmatched, side.watched)
        detail = {**detail, "status": order.status, "possible": list(possible)}
        if unmatched.status == order.status and len(possible) == len(unmatched.possible):
            return Rejected("order_status", unmatched.detail, detail)
        words = unmatched.detail.partition(" Possible in ")[0]
        text = f"{words} Possible in {order.status}: {', '.join(possible) or 'nothing'}."
        return Rejected("order_status", text, detail)

    # -- carrying rows out -----------------------------------------------------------------------------------------

    def carry(self, fired: Fired) -> Failed | None:
        """Does what a row says: all of it, or nothing."""
        kept, mark = (self.order, self.lines, len(self.messages)), self.fold.book.mark()
        waiting = len(self.waiting)
        refused = self._others(fired, self.above) or self._own(fired)
        if refused is not None:
            self.fold.book.back_to(mark)
            self.order, self.lines, told = kept
            del self.messages[told:]
            return self._fail(refused, waiting)
        if fired.matched.to != self.order.status:
            again = editing.goes_on(kept[0].attributes, self.order.attributes, fired.matched.to)
            self._enter(fired.matched.to, again or self.command.at)
            self.restart = ()
        self.restart += fired.matched.restart
        return None

    def _fail(self, refused: Rejected, waiting: int) -> Failed:
        """The row is not carried out, so nobody hears what it was to tell the other."""
        while len(self.waiting) > waiting:
            self.waiting.pop()
        self.refusal = refused
        return Failed(code=refused.code, detail=refused.message)

    def _others(self, fired: Fired, side: _Side) -> Rejected | None:
        """The actions of a row that belong to the language or to other packages."""
        if all(call.name in ACTIONS for call in fired.matched.actions):
            return None
        fired = self._without_telling(fired)
        asked = plugins.Asked(
            id=str(self.order.id),
            status=side.status(),
            trigger=fired.trigger,
            at=self.command.at,
            context=side.context_of(self.arrival.trigger),
            parameters={},
            event=self.arrival.attributes,
            actor=str(self.command.actor),
        )
        found = outside.outside(side.table.flow, fired, asked, own=b2b.ACTIONS, kept=VOCABULARY.kept)
        if isinstance(found, Failed):
            return Rejected(
                "action_refused", found.detail, {**self._about("action_refused"), "refusal": found.code}
            )
        if found.attributes:
            attributes = outside.with_attributes(self.order.attributes, found.attributes)
            self.order = msgspec.structs.replace(self.order, attributes=attributes)
        self.messages.extend(found.messages)
        return None

    def _carry_below(self, fired: Fired) -> Failed | None:
        """A row of the checkout: it has no goods of its own; the order hears where it has come, and what it is told."""
        waiting = len(self.waiting)
        refused = self._others(fired, self.below) if self.below is not None else None
        if refused is not None:
            return self._fail(refused, waiting)
        to = fired.matched.to
        if to != self.order.checkout and self.child is not None:
            over = to in self.child.final
            expires_at = None if over else self.order.expires_at
            self.order = msgspec.structs.replace(self.order, checkout=to, expires_at=expires_at)
            self.waiting.append(("order", ROLLUP))
        return None

    def _without_telling(self, fired: Fired) -> Fired:
        """The row without what it tells the order or the checkout, which waits until the row is carried out."""
        actions = fired.matched.actions
        told = [call for call in actions if call.name in _TELLING]
        if not told:
            return fired
        for call in told:
            to: _To = "checkout" if call.name == "tell_children" else "order"
            self.waiting.append((to, str(call.parameters["event"])))
        left = tuple(call for call in actions if call.name not in _TELLING)
        return msgspec.structs.replace(fired, matched=msgspec.structs.replace(fired.matched, actions=left))

    def _own(self, fired: Fired) -> Rejected | None:
        """The actions of a row that are the room's, in order."""
        before = self.lines
        for call in fired.matched.actions:
            action = ACTIONS.get(call.name)
            if action is None:
                continue
            result = action(self.fold, Doing(self.command, self._demand(), self.lines, call.parameters))
            if isinstance(result, Rejected):
                return result
            self.lines = result
        if self.lines is not before:
            self.order = summed(self.order, self.lines)
        return None

    def _enter(self, status: str, at: dt.datetime) -> None:
        """The order comes into another status, in which it is since an instant. A checkout without a life of its own is over with the
        status that it ran in."""
        order = self.order
        expires_at = order.expires_at if self.child is not None else None
        self.order = msgspec.structs.replace(
            order, status=status, holds=self.table.flow.status(status).holds, entered=self.arrival.order.version + 1,
            entered_at=at, sla_at=timing.beyond(self.table, status, at, self._calendars), expires_at=expires_at,
        )  # fmt: skip

    def _demand(self) -> Demand:
        order, command = self.order, self.command
        done = "session" if order.session_id else "submitted"
        return Demand(
            id=order.id, command_id=command.id, at=command.at, since=order.placed_at, priority=order.priority,
            policy="cart" if order.expires_at is not None else done, expires_at=order.expires_at,  # type: ignore[arg-type]
        )  # fmt: skip

    # -- the end ---------------------------------------------------------------------------------------------------

    def _end(self) -> Accepted:
        """Writes down what the order has become, and tells it."""
        before, attributes = self.arrival.order, self.arrival.attributes
        trigger = self.fired[0][1].matched.row.trigger
        payment = before.payment
        if self.arrival.trigger == "complete_checkout":
            payment = attributes.get("payment") or "none"
        order = self.order = msgspec.structs.replace(
            self.order, payment=payment, version=before.version + 1 + len(self.messages)
        )
        # Timers may have no answer, which is a refusal, so they are asked before anything is written down.
        timers = self._timers()
        self.fold.orders[order.id] = order
        self.fold.lines[order.id] = self.lines
        # A reason in words may name somebody, so it stays with the seller's remarks and goes into no event.
        if remark := attributes.get("text") or attributes.get("reason"):
            self.fold.comments.append(_remark(self.command, order.id, str(remark)))
        shelf.note_pools(self.fold.pool_changes, self.fold.book, self.index, self.fold.pools_of(order))
        self.fold.timers.extend((self.index, timer) for timer in timers)
        name = STEPPED if self.failed is not None else EVENTS.get(trigger, STEPPED)
        told = [lines.told(line, order.currency) for line in self.lines]
        data = telling.placed_data(order, told)
        data["flow"] = self._audit()
        if out := releasing.newly_released(self.before, self.lines):
            data["released"] = out
        self._tell(name, data)
        for event, body in self.messages:
            self._tell(event, {**body, "enterprises": [str(order.seller_id)]})
        return Accepted(telling.answer(order, told))

    def _audit(self) -> dict[str, Any]:
        """What the flow did, and under `checkout` what the checkout's did."""
        before, trigger = self.arrival.order, self.arrival.trigger
        driven = Driven(
            status=self.order.status,
            fired=tuple(fired for to, fired in self.fired if to == "order"),
            failed=self.failed,
        )
        data = audit.told(self.table, trigger, before.status, driven, self.above.watched)
        below = tuple(fired for to, fired in self.fired if to == "checkout")
        if below and self.below is not None and self.child is not None:
            of_child = Driven(status=self.order.checkout or "", fired=below)
            came_from = before.checkout or ""
            data["checkout"] = audit.told(self.child, trigger, came_from, of_child, self.below.watched)
        if self.arrival.undelivered is not None:
            data["cause"] = self.arrival.undelivered.cause()
        return data

    def _tell(self, name: str, data: Mapping[str, Any]) -> None:
        """One more event of the order, each with a version of its own."""
        self._told += 1
        self.fold.events.append((self.index, Event(name, "order", self.order.id, self._told, data)))

    def _timers(self) -> list[Timer]:
        """The clock of the status that was entered; of one that is kept, what has moved, begins again or comes once more."""
        before, order, table = self.arrival.order, self.order, self.table
        found: list[Timer] = []
        begins = self.arrival.begins
        if order.entered != before.entered or begins:
            found += [] if begins else clocks.leaving(table, before.status, order.id)
            if table.timers[order.status]:
                found += clocks.entering(self._standing(order))
        elif table.timers[order.status]:
            found += clocks.moved(self._standing(order), self._context_of(before, self.fold.lines[order.id]))
            now = msgspec.structs.replace(order, entered_at=self.command.at)
            found += clocks.restarted(self._standing(now), self.restart)
            found += self._once_more()
        if self.child is not None and (order.checkout != before.checkout or begins):
            found += [] if begins else clocks.leaving(self.child, before.checkout or "", order.id)
            if self.child.timers.get(order.checkout or ""):
                context, at = self._context_below(""), self.command.at
                found += clocks.entering(
                    standing_below((self.child, self._calendars), order, context, since=at)
                )
        return found

    def _once_more(self) -> list[Timer]:
        """The next time of a timer that came and whose status is kept, unless it was begun again."""
        timer = self.arrival.timer
        if timer is None or timer.trigger in self.restart or timer.left <= 1:
            return []
        return clocks.again(self._standing(self.order), timer)

    def _go_on_waiting(self) -> None:
        """A timer found nothing to do: it comes again, where it comes more than once."""
        if self.arrival.timer is not None and self.table.timers.get(self.order.status):
            self.fold.timers.extend((self.index, timer) for timer in self._once_more())

    def _standing(self, order: Order) -> clocks.Standing:
        return standing((self.table, self._calendars), order, self._context_of(order, self.lines))

    @property
    def _calendars(self) -> timing.Calendars:
        return self.fold.calendars(self.order)

    # -- what can be read ------------------------------------------------------------------------------------------

    def context(self, trigger: str) -> Context:
        """What guards on a trigger may read, as things are now."""
        attributes = self.arrival.attributes if trigger == self.arrival.trigger else {}
        return self._context_of(self.order, self.lines, attributes, takes(self.table, trigger))

    def _context_below(self, trigger: str) -> Context:
        """What guards of the checkout may read, as things are now."""
        assert self.child is not None, "there is a checkout"
        attributes = self.arrival.attributes if trigger == self.arrival.trigger else {}
        return self._context_of(self.order, self.lines, attributes, takes(self.child, trigger))

    def _context_of(
        self,
        order: Order,
        of_order: list[Line],
        attributes: Mapping[str, Any] = {},
        taken: Mapping[str, str] = {},
    ) -> Context:
        session = session_of(self.fold.sessions, order)
        more = checkout.counts(self.child, order.checkout) if self.child is not None else {}
        facts = Facts(order, of_order, session, self.command.at)
        if named := self.fold.state.approvers:
            may = approving.roles(self.table, order.status)
            facts.approvers = approving.able(named, may, order)
        if found := self.fold.state.centres:
            facts.centre = approving.found(order, found)
        return Context(facts, attributes, taken, more)

    def _about(self, reason: str) -> dict[str, Any]:
        return _about(self.arrival.order, self.arrival.trigger, reason)


def no_answer(order: Order, trigger: str, fault: Exception) -> Rejected:
    """The refusal of an event for which the order's flow has no answer: one of `FAULTS` was raised."""
    return Rejected("guard_failed", f"{fault}.", _about(order, trigger, "guard_failed"))


def _about(order: Order, trigger: str, reason: str) -> dict[str, Any]:
    return {
        "entity": "order", "entity_id": str(order.id), "trigger": trigger, "reason": reason, "status": order.status,
    }  # fmt: skip


def facts_of(fold: Fold, order: Order, at: dt.datetime) -> Context:
    """What timers of an order may read."""
    return Context(Facts(order, fold.lines[order.id], session_of(fold.sessions, order), at), {}, {}, {})


Timed: TypeAlias = "tuple[Table, timing.Calendars]"
"""A flow with the calendars that the room gives."""


def standing(timed: Timed, order: Order, context: Mapping[str, object]) -> clocks.Standing:
    """The order in its status, as its clock sees it."""
    return clocks.Standing(
        table=timed[0], status=order.status, kind=TIMER, id=order.id, entered=order.entered, since=order.entered_at,
        context=context, calendars=timed[1],
    )  # fmt: skip


def standing_below(
    timed: Timed, order: Order, context: Mapping[str, object], *, since: dt.datetime
) -> clocks.Standing:
    """The order's checkout in its status, which it has had since then, as its clock sees it."""
    child, calendars = timed
    return clocks.Standing(
        table=child, status=order.checkout or "", kind=TIMER, id=order.id, entered=entered_below(child, order.checkout or ""),
        since=since, context=context, calendars=calendars,
    )  # fmt: skip


def entered_below(child: Table, status: str) -> int:
    """The number by which a timer knows the status of a checkout in which it was set; 0 for the first one.

    An order's row counts no comings of its checkout, so the number follows from the status's name.
    """
    return 0 if status == child.initial else zlib.crc32(status.encode()) | 1


def _remark(command: Command[Any], order_id: uuid.UUID, text: str) -> Comment:
    return Comment(order_id=order_id, id=command.id, at=command.at, actor=command.actor, text=text)
