"""Everything that a hub on another platform needs before it can order here, made at once, by the rules of the rooms that own it. Pure."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

import msgspec

from coster.domain.parties import rules as parties
from coster.domain.parties.model import Enterprise, PutEnterprise, PutRelation, VersionedRelation
from coster.domain.sessions.model import FullSession, PutSession, SessionsState, SessionsWrites
from coster.domain.sessions.rules import planning
from coster.domain.supplying.model import (
    WRITE,
    Binding,
    Counterpart,
    OpenSupply,
    SupplyState,
    SupplyWrites,
)
from coster.kernel import ids, refusal
from coster.kernel.authority import SYSTEM
from coster.kernel.message import Command, Decided, Event, Timer
from coster.kernel.outcome import Accepted, Outcome, Rejected

_SINCE = dt.timedelta(minutes=1)
"""So that a session which opens now is open already."""


def open_supply(state: SupplyState, commands: Sequence[Command[OpenSupply]]) -> Decided[SupplyWrites]:
    """One outcome per command, in arrival order; each finds what those before it made."""
    fold = _Opening(state)
    outcomes = [fold.open(index, command) for index, command in enumerate(commands)]
    return Decided(outcomes, fold.writes(), fold.events, fold.timers)


class _Opening:
    """What there is by now, and what was told."""

    def __init__(self, state: SupplyState) -> None:
        self.state = state
        self.enterprises = dict(state.relations.enterprises)
        self.relations = dict(state.relations.relations)
        self.sessions = dict(state.sessions.sessions)
        self.counterparts = dict(state.counterparts)
        self.bindings = dict(state.bindings)
        self.events: list[tuple[int, Event]] = []
        self.timers: list[tuple[int, Timer]] = []

    def open(self, index: int, command: Command[OpenSupply]) -> Outcome:
        """All that is missing, or nothing and why."""
        body = command.body
        if not command.authority.allows(WRITE, body.producer_id) or body.producer_id not in self.enterprises:
            return refusal.not_permitted("order from this producer")
        known = self.counterparts.get(body.hub_id)
        if known is not None and known.platform_id != command.actor:
            return refusal.not_permitted("order for this hub")
        bound = self.bindings.get(body.held_order_id) if body.held_order_id else None
        if bound is None and any(producer == body.producer_id for _, producer in self.state.elsewhere):
            # The answer would promise what nobody here counts, before its keeper has been asked.
            return Rejected(
                "not_supplied", "What this producer has is kept on another platform; order it from there."
            )
        kept = (
            dict(self.enterprises),
            dict(self.relations),
            dict(self.sessions),
            len(self.events),
            len(self.timers),
        )
        for part in (self._hub, self._relation, self._session):
            if refused := part(index, command):
                self.enterprises, self.relations, self.sessions, events, timers = kept
                del self.events[events:], self.timers[timers:]
                return refused
        self.counterparts.setdefault(
            body.hub_id,
            Counterpart(id=body.hub_id, platform_id=command.actor, iri=body.hub_iri, name=body.hub_name),
        )
        if bound is None and body.held_order_id and body.order_id:
            bound = self.bindings[body.held_order_id] = Binding(
                id=body.held_order_id, order_id=body.order_id, platform_id=command.actor, hub_id=body.hub_id,
                producer_id=body.producer_id, session_id=body.session_id, session_iri=body.session_iri, created_at=command.at,
            )  # fmt: skip
            data = {
                "held_order_id": str(bound.id), "order_id": str(bound.order_id), "hub_id": str(bound.hub_id),
                "producer_id": str(bound.producer_id), "session_id": str(bound.session_id),
                "enterprises": [str(bound.hub_id), str(bound.producer_id)],
            }  # fmt: skip
            self.events.append(
                (index, Event("supply.opened", "supply", ids.derived("supply", bound.id), 1, data))
            )
        session = self.sessions[body.session_id]
        return Accepted({
            "id": str(body.session_id), "status": session.status, "order_id": str(bound.order_id) if bound else None,
        })  # fmt: skip

    def _hub(self, index: int, command: Command[OpenSupply]) -> Rejected | None:
        body = command.body
        if body.hub_id in self.enterprises:
            return None
        producer = self.enterprises[body.producer_id]
        wanted = PutEnterprise(
            enterprise_id=body.hub_id, name=body.hub_name, kinds=["hub"], currency=producer.currency,
            timezone=producer.timezone,
        )  # fmt: skip
        decided = parties.put_enterprises(self.enterprises, [_as_system(command, wanted)])
        self.enterprises |= {one.id: one for one in decided.writes}
        return self._told(index, decided)

    def _relation(self, index: int, command: Command[OpenSupply]) -> Rejected | None:
        body = command.body
        if (body.hub_id, body.producer_id) in self.relations:
            return None
        wanted = PutRelation(hub_id=body.hub_id, producer_id=body.producer_id)
        state = msgspec.structs.replace(
            self.state.relations, enterprises=self.enterprises, relations=self.relations
        )
        decided = parties.put_relations(state, [_as_system(command, wanted)])
        self.relations |= {(one.hub_id, one.producer_id): one for one in decided.writes}
        return self._told(index, decided)

    def _session(self, index: int, command: Command[OpenSupply]) -> Rejected | None:
        body, current = command.body, self.sessions.get(command.body.session_id)
        if current is not None and (current.status != "open" or current.closes_at == body.closes_at):
            return None
        wanted = PutSession(
            session_id=body.session_id, coordinator_id=body.hub_id, name=body.session_name,
            opens_at=current.opens_at if current else command.at - _SINCE, closes_at=body.closes_at,
            amend_until=body.closes_at,
        )  # fmt: skip
        state = SessionsState(sessions=self.sessions, enterprises=frozenset(self.enterprises))
        decided = planning.put(state, [_as_system(command, wanted)])
        self.sessions |= {one.id: one for one in (*decided.writes.new, *decided.writes.changed)}
        return self._told(index, decided)

    def _told(self, index: int, decided: Decided[Any]) -> Rejected | None:
        self.events += [(index, event) for _, event in decided.events]
        self.timers += [(index, timer) for _, timer in decided.timers]
        outcome = decided.outcomes[0]
        return outcome if isinstance(outcome, Rejected) else None

    def writes(self) -> SupplyWrites:
        """What differs from what was loaded."""
        state = self.state
        sessions = _new(self.sessions, state.sessions.sessions)
        made: list[FullSession] = [one for one in sessions if one.id not in state.sessions.sessions]
        enterprises: list[Enterprise] = _new(self.enterprises, state.relations.enterprises)
        relations: list[VersionedRelation] = _new(self.relations, state.relations.relations)
        return SupplyWrites(
            enterprises=enterprises,
            relations=relations,
            sessions=SessionsWrites(
                new=made, changed=[one for one in sessions if one not in made], hubs=made, listings=[]
            ),
            counterparts=_new(self.counterparts, state.counterparts),
            bindings=_new(self.bindings, state.bindings),
        )


def _new(now: dict[Any, Any], before: dict[Any, Any]) -> list[Any]:
    return [one for key, one in now.items() if before.get(key) is not one]


def _as_system(command: Command[OpenSupply], body: Any) -> Command[Any]:
    """What a right to order brings with it nobody needs a right of its own for."""
    return Command(
        command.id,
        command.org_id,
        command.actor,
        command.at,
        body,
        command.fingerprint,
        command.reason,
        SYSTEM,
    )


def producers(commands: Sequence[Command[OpenSupply]]) -> set[uuid.UUID]:
    """The producers that commands are about."""
    return {command.body.producer_id for command in commands}
