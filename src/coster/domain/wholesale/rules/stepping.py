"""One event of a held order to its end: its rows are carried out, told, timed and kept. Pure.

What the rows do to goods is given by whoever steps: shoppers' orders only let it follow, a command on the held order itself may
commit, release and consume. Everything that asks what a status means asks the flow: for the state of its holds, never for its name.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import msgspec

from coster.domain.inventory.model import PoolLine
from coster.domain.inventory.rules.book import Book
from coster.domain.sessions.model import Session
from coster.domain.wholesale.model import HeldOrder, MakeHeldOrderGood
from coster.domain.wholesale.rules.vocabulary import PRODUCERS, VOCABULARY
from coster.engine.flows import audit, clocks
from coster.engine.flows.outside import outside, with_attributes
from coster.engine.workflow import dfc, driving, hours, scope, timing
from coster.engine.workflow.calendars import Calendar
from coster.engine.workflow.driving import Driven, DrivenTooFarError, Failed, Fired
from coster.engine.workflow.guards import GuardFailedError
from coster.engine.workflow.plugins import Asked
from coster.engine.workflow.step import Table, UnknownStatusError
from coster.engine.workflow.tables import Tables
from coster.engine.workflow.timing import TimerFailedError
from coster.kernel import quantity
from coster.kernel.errors import Broken
from coster.kernel.message import Event, Timer

FAULTS: Final = (GuardFailedError, DrivenTooFarError, TimerFailedError, UnknownStatusError)
"""What a flow may raise for one held order; it is that one's matter, and nobody else's."""
FLOW = "wholesale.held"
KIND = "wholesale.timer"

# By what the holds are afterwards, where they have changed; and what is told otherwise.
EVENTS: Final = {
    "live": "held_order.changed",
    "committed": "held_order.completed",
    "none": "held_order.cancelled",
    "fulfilled": "held_order.fulfilled",
    "created": "held_order.created",
    "stepped": "held_order.stepped",
    "shorted": "held_order.shorted",
}

Touched: TypeAlias = Sequence[tuple[uuid.UUID, PoolLine]]
Do: TypeAlias = Callable[[HeldOrder, Fired], Failed | None]
"""An action of the room on a held order as it stands: wholly done, or not at all and why."""


class HeldState(msgspec.Struct, frozen=True, kw_only=True):
    """Locked heads of held orders, all lines of their pools, their sessions, and the flows of the organisation."""

    flows: Tables
    held: Mapping[uuid.UUID, HeldOrder]
    lines: Sequence[PoolLine]
    sessions: Mapping[uuid.UUID, Session] = {}
    calendars: Mapping[uuid.UUID, Calendar] = {}
    """Opening hours of hubs and producers, where a flow counts in them."""
    due: clocks.Due = None
    """When the timers of the batch were due, where it is one of timers."""


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """What comes to a held order: under which command of the batch, when, and with which attributes; or a message not delivered."""

    index: int
    trigger: str
    at: dt.datetime
    attributes: Mapping[str, Any] = {}
    undelivered: MakeHeldOrderGood | None = None


class Steps:
    """The held orders of a batch, as they stand after what happened so far."""

    def __init__(self, state: HeldState, book: Book | None = None) -> None:
        """Takes what is locked, and the stock on which the room's actions work, where they do."""
        self.state = state
        self.book = book
        self.held = dict(state.held)
        self.totals: dict[uuid.UUID, dict[uuid.UUID, int]] = {}
        for line in state.lines:
            self.totals.setdefault(line.pool_id, {})[line.position_id] = owed(line)
        self.events: list[tuple[int, Event]] = []
        self.timers: list[tuple[int, Timer]] = []
        # While a held order is stepped, what happens to its lines is part of that step and is told with it.
        self.stepped: dict[uuid.UUID, list[tuple[uuid.UUID, PoolLine]]] = {}

    def table(self, held: HeldOrder) -> Table:
        """The flow that the held order is on."""
        return self.state.flows.of(held.flow, held.flow_version)

    def step(self, what: Happening, id_: uuid.UUID, actions: Mapping[str, Do]) -> Run:
        """Carries out what the event leads to, and tells it; where nothing fired, nothing is told."""
        before = self.held[id_]
        touched = self.stepped[id_] = []
        try:
            run = Run(self, what, id_, actions)
            driven = run.drive()
        finally:
            del self.stepped[id_]
        if driven.fired:
            if self.held[id_].holds == "live" and not any(self.totals.get(id_, {}).values()):
                self.held[id_] = placed(self.table(before), self.held[id_], "none")
            self.tell(before, _name(before, self.held[id_], driven), run, touched)
        return run

    def tell(self, before: HeldOrder, name: str, run: Run, touched: Touched) -> None:
        """Notes one event with the touched lines, the messages that rows sent, and what the status does to the clock.

        `before` is the held order before the event; where it is new (version 0) it was in no status.
        """
        what, now = run.what, self.held[before.id]
        version = before.version + 1
        came = before.version == 0 or now.status != before.status
        came = came or any(one.matched.to != one.status for one in run.fired)
        table = self.table(now)
        if came:
            now = msgspec.structs.replace(now, entered=version, entered_at=what.at, sla_at=None)
        restart = {trigger for one in run.fired for trigger in one.matched.restart}
        # What is due is reckoned before anything is told, because there may be no answer.
        now, timers, failed = self._timed(what, before, now, came=came, restart=restart)
        now = msgspec.structs.replace(now, version=version, changed_at=what.at)
        data = held_data(table, now, sum(self.totals.get(now.id, {}).values()))
        # A position that was touched several times is told once, as it stands now.
        data["lines"] = [
            _told(*entry) for entry in {entry[1].position_id: entry for entry in touched}.values()
        ]
        data["flow"] = {**run.audit(), **failed}
        events = [Event(name, "held_order", now.id, version, data)]
        for event, body in run.messages:
            version += 1
            told_to = {**body, "enterprises": data["enterprises"]}
            events.append(Event(event, "held_order", now.id, version, told_to))
        self.held[now.id] = msgspec.structs.replace(now, version=version)
        self.events += [(what.index, event) for event in events]
        self.timers += [(what.index, timer) for timer in timers]

    def writes(self) -> list[HeldOrder]:
        """The heads that differ from what was loaded, in key order."""
        changed = [held for id_, held in self.held.items() if self.state.held.get(id_) is not held]
        return sorted(changed, key=lambda held: held.id)

    def context(self, what: Happening, held: HeldOrder, trigger: str) -> dict[str, object]:
        """What guards, timers and messages of its flow may read, as things are now."""
        lines = [amount for amount in self.totals.get(held.id, {}).values() if amount]
        session = self.state.sessions.get(held.session_id)
        declared = scope.triggers(self.table(held).flow, VOCABULARY)
        names = {name for takes in declared.values() for name in takes}
        given = what.attributes if trigger == what.trigger else {}
        return {
            "lines": len(lines),
            "quantity": sum(lines),
            "single": held.single,
            "created_at": held.created_at,
            # Orders grow only while their session is open, so growth proves that it is.
            "session_open": what.trigger == "grow" or (session is not None and session.status == "open"),
            "session.closes_at": session.closes_at if session else None,
            "session.amend_until": session.amend_until if session else None,
            "attributes": held.attributes,
            "now": what.at,
            **{f"event.{name}": given.get(name) for name in names},
        }

    def calendars(self, held: HeldOrder) -> timing.Calendars:
        """The calendars in which its timers may count, beside those of its flow."""
        known = self.state.calendars
        sides = {hours.NAME: held.hub_id, PRODUCERS: held.producer_id}
        return {name: known[side] for name, side in sides.items() if side in known} if known else timing.NONE

    def standing(self, what: Happening, held: HeldOrder) -> clocks.Standing:
        """The held order in its status, for its timers."""
        context = self.context(what, held, what.trigger)
        return clocks.Standing(
            table=self.table(held), status=held.status, kind=KIND, id=held.id, entered=held.entered, since=what.at,
            context=context, calendars=self.calendars(held),
        )  # fmt: skip

    def _timed(
        self, what: Happening, before: HeldOrder, now: HeldOrder, *, came: bool, restart: set[str]
    ) -> tuple[HeldOrder, list[Timer], Mapping[str, Any]]:
        """The held order with its service level, and its timers: those of the status that was left end, those of the one that was entered
        begin.

        Where the flow has no answer about its clock, its goods have gone where they go all the same: it stands
        there without, and its event says so.
        """
        left = clocks.leaving(self.table(before), before.status, before.id) if came and before.version else []
        try:
            if came:
                late = timing.beyond(self.table(now), now.status, what.at, self.calendars(now))
                now = msgspec.structs.replace(now, sla_at=late)
            timed = self.table(now).timers.get(now.status)
            if not timed or not (came or restart):
                return now, left, {}
            standing = self.standing(what, now)
            begun = clocks.entering(standing) if came else clocks.restarted(standing, restart)
        except TimerFailedError as fault:
            return now, left, {"failed": {"code": "timer_failed", "detail": f"{fault}."}}
        return now, left + begun, {}


class Run:
    """One event while its rows are carried out."""

    def __init__(self, steps: Steps, what: Happening, id_: uuid.UUID, actions: Mapping[str, Do]) -> None:
        """Takes the held orders, what comes to which of them, and what the room's actions do."""
        self._steps, self._id, self._actions = steps, id_, actions
        self.what = what
        self.came_from = steps.held[id_].status
        self._table = steps.table(steps.held[id_])
        self._inner = what.undelivered is not None
        self.watched = audit.Watched(self._table, self._context)
        self.driven = Driven(status=self.came_from)
        self.fired: list[Fired] = []
        self.messages: list[tuple[str, Mapping[str, Any]]] = []

    def drive(self) -> Driven:
        """Every row that the event leads to. A guard that has no answer is a failure like that of an action."""
        start = (self.came_from, self.what.trigger)
        try:
            self.driven = driving.drive(self.watched, start, self._carry, inner=self._inner)
        except FAULTS as fault:
            failed = Failed(code="guard_failed", detail=f"The flow has no answer: {fault}.")
            self.driven = Driven(status=self._held.status, fired=tuple(self.fired), failed=failed)
        return self.driven

    def audit(self) -> dict[str, Any]:
        """What the event did by the flow, as it stands in the event's data."""
        told = audit.told(self._table, self.what.trigger, self.came_from, self.driven, self.watched)
        return told if self.what.undelivered is None else {**told, "cause": self.what.undelivered.cause()}

    def refused(self) -> dict[str, Any]:
        """Why nothing came of the event, for the detail of a refusal."""
        if self.driven.unmatched is not None:
            return audit.refused("held_order", self._id, self.driven.unmatched, self.watched)
        failed = self.driven.failed
        return {
            "entity": "held_order", "entity_id": str(self._id), "trigger": self.what.trigger, "reason": "action_refused",
            "status": self.came_from, "refusal": failed.code if failed else "",
        }  # fmt: skip

    @property
    def _held(self) -> HeldOrder:
        return self._steps.held[self._id]

    def _context(self, trigger: str) -> Mapping[str, object]:
        return self._steps.context(self.what, self._held, trigger)

    def _carry(self, fired: Fired) -> Failed | None:
        """Does what a row says: all of it, or nothing."""
        book, told = self._steps.book, len(self.messages)
        mark = book.mark() if book is not None else None
        failed = self._do(fired)
        if failed is not None:
            del self.messages[told:]
            if book is not None and mark is not None:
                book.back_to(mark)
        return failed

    def _do(self, fired: Fired) -> Failed | None:
        held, attributes = self._held, self._held.attributes
        if any(call.name not in self._actions for call in fired.matched.actions):
            context = self._context(fired.trigger)
            asked = Asked(
                id=str(held.id), status=held.status, trigger=fired.trigger, at=self.what.at, context=context,
                parameters={}, event=self.what.attributes,
            )  # fmt: skip
            found = outside(self._table.flow, fired, asked)
            if isinstance(found, Failed):
                return found
            attributes = with_attributes(attributes, found.attributes)
            self.messages += found.messages
        for call in fired.matched.actions:
            failed = self._actions[call.name](held, fired) if call.name in self._actions else None
            if failed:
                return failed
        status = fired.matched.to
        holds = held.holds if status == held.status else self._table.flow.status(status).holds
        self._steps.held[self._id] = msgspec.structs.replace(
            self._held, status=status, holds=holds, attributes=attributes
        )
        self.fired.append(fired)
        return None


def owed(line: PoolLine) -> int:
    """What a held order's line comes to: held, committed or already handed over."""
    return line.held + line.committed + line.consumed


def held_data(table: Table, held: HeldOrder, total: int) -> dict[str, Any]:
    """A held order's head as it stands in events; its statuses in the words of the Data Food Consortium, and in its flow's."""
    status = table.flow.status(held.status)
    said = dfc.words(status, owed=total > 0)
    return {
        "hub_id": str(held.hub_id),
        "producer_id": str(held.producer_id),
        "session_id": str(held.session_id),
        "status": said.order,
        "fulfilment": said.fulfilment,
        "state": held.status,
        "enterprises": [str(held.hub_id), str(held.producer_id)],
    }


def placed(table: Table, held: HeldOrder, holds: str) -> HeldOrder:
    """The held order where its goods are, in the first fitting status of its flow.

    A held order cannot be over while a shopper holds on its account, nor go on with nothing in it, even where its flow has no row
    for that.
    """
    fitting = [status for status in table.flow.statuses if status.holds == holds]
    if not fitting:
        raise Broken(f"the flow {table.flow.name} has no status in which holds are {holds}")
    best = next((status for status in fitting if status.initial or status.rests), fitting[0])
    return msgspec.structs.replace(held, status=best.name, holds=best.holds)


def _told(item: uuid.UUID, line: PoolLine) -> dict[str, str]:
    """A touched line: of which item and from which position, how much, and how much of it no shopper wants."""
    return {
        "item_id": str(item), "position_id": str(line.position_id), "quantity": quantity.text(owed(line)),
        "surplus": quantity.text(line.surplus),
    }  # fmt: skip


def _name(before: HeldOrder, now: HeldOrder, driven: Driven) -> str:
    """The event, by what became of the goods: whoever listens need not know the statuses of a flow."""
    done = {call.name for fired in driven.fired for call in fired.matched.actions}
    if now.holds != before.holds:
        if now.holds == "none" and "consume_holds" in done:
            return EVENTS["fulfilled"]
        return EVENTS[now.holds]
    return EVENTS["live" if "project_holds" in done else "stepped"]


def needs_holders(table: Table, trigger: str) -> bool:
    """Whether the trigger may come to a row that gives back what shoppers hold, in whatever status."""
    rows = [matched for found in table.rows.values() for matched in found]
    giving = {matched.row.trigger for matched in rows if "holders" in matched.needs}
    if not giving:
        return False
    # What `next` and `error` lead to may come in any status, so it is not looked for: it may be any of them.
    leads = any(
        matched.next or "holders" in matched.needs or (matched.error and matched.error.then)
        for matched in rows
        if matched.row.trigger == trigger
    )
    return leads or any("holders" in table.loads.get((status, trigger), ()) for status in table.possible)
