"""Events to commands: each event through the reactions to it, in order within an entity, entities side by side."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from coster.engine import observe
from coster.engine.outbox.send import Pace, Sender
from coster.kernel import ids
from coster.kernel.clock import Clock
from coster.kernel.message import SENT_BY, SYSTEM, Command, Stored
from coster.kernel.outcome import Rejected

Reaction: TypeAlias = Callable[[Stored], Sequence[Any]]
"""Pure: an event to the bodies of the commands that follow from it."""
Reactions: TypeAlias = Mapping[str, Sequence[tuple[str, Reaction]]]
"""By the event's name: the reactions with their names, in the order in which they run."""

_LONGEST_CAUSE = 500


@dataclass(frozen=True, slots=True)
class Parked:
    """A reaction to an event that failed, and why."""

    seq: int
    reaction: str
    cause: str


class Reactor:
    """Runs reactions; it remembers nothing. To what flows sent (`message.SENT_BY`) there is none, whatever its name is."""

    def __init__(self, reactions: Reactions, sender: Sender, clock: Clock, pace: Pace) -> None:
        self._reactions = reactions
        self._sender = sender
        self._clock = clock
        self._pace = pace
        self.names = [name for name, entries in reactions.items() if entries]

    async def run(self, events: Iterable[Stored]) -> list[Parked]:
        """Sends what follows from the events and returns when all is answered; gives what failed.

        The events are of one organisation and in order.
        """
        return await self._each(
            [(event, name) for event in events for name, _ in self._reactions[event.event.name]]
        )

    async def again(self, wanted: Iterable[tuple[Stored, str]]) -> list[Parked]:
        """The same for single reactions, by name, that failed before."""
        return await self._each(list(wanted))

    async def _each(self, wanted: Sequence[tuple[Stored, str]]) -> list[Parked]:
        by_entity: dict[uuid.UUID, list[tuple[Stored, str]]] = {}
        for event, name in wanted:
            by_entity.setdefault(event.event.entity_id, []).append((event, name))
        slots = asyncio.Semaphore(self._pace.at_once)

        async def entity(entries: list[tuple[Stored, str]]) -> list[Parked]:
            async with slots:
                return [parked for event, name in entries if (parked := await self._react(event, name))]

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(entity(entries)) for entries in by_entity.values()]
        return [parked for task in tasks for parked in task.result()]

    async def _react(self, event: Stored, name: str) -> Parked | None:
        """The commands of one reaction, one after the other; the first that fails ends it, the rest waits with it."""
        if SENT_BY in event.event.data:
            # Whoever writes flows chooses the names of their messages, and must not have the program act by them.
            return None
        reaction = dict(self._reactions.get(event.event.name, ())).get(name)
        if reaction is None:
            return Parked(event.seq, name, "this program has no such reaction")
        try:
            bodies = reaction(event)
        except Exception as fault:  # noqa: BLE001 - a bug in one reaction must not stop the stream
            return self._parked(event, name, fault)
        for index, body in enumerate(bodies):
            id_ = ids.derived("reaction", event.org_id, event.seq, name, index)
            command = Command(id_, event.org_id, SYSTEM, self._clock.now(), body)
            outcome = await self._sender.send(command)
            if isinstance(outcome, Exception):
                return self._parked(event, name, outcome)
            if isinstance(outcome, Rejected):
                observe.log.warning("reaction_rejected", reaction=name, seq=event.seq, code=outcome.code)
            observe.REACTIONS.labels(name, type(outcome).__name__.lower()).inc()
        return None

    def _parked(self, event: Stored, name: str, fault: Exception) -> Parked:
        observe.PARKED.labels("reaction").inc()
        observe.log.error("reaction_parked", reaction=name, seq=event.seq, exc_info=fault)
        return Parked(event.seq, name, cause(fault))


def cause(fault: Exception) -> str:
    """The fault in a line, for the table of what was given up."""
    return f"{type(fault).__name__}: {fault}".replace("\x00", "")[:_LONGEST_CAUSE]
