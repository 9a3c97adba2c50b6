"""What is asked, what happened, what is due: commands, events and timers as values, and what deciding yields."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from coster.kernel import ids
from coster.kernel.authority import NOBODY, Authority
from coster.kernel.outcome import Outcome

B = TypeVar("B")
W = TypeVar("W")
SYSTEM = ids.NIL


@dataclass(frozen=True, slots=True)
class Command(Generic[B]):
    """A wish, as it came in: who asks what, when, and under which id.

    The same id is applied once however often it arrives. `authority` is filled in from the database inside the
    batch's transaction, so a grant that was taken away a moment ago counts no longer.
    """

    id: uuid.UUID
    org_id: int
    actor: uuid.UUID
    at: datetime
    body: B
    fingerprint: bytes = b""
    reason: str = ""
    authority: Authority = NOBODY

    def as_(self, authority: Authority) -> Command[B]:
        """The same command with what its actor may do (by name, since `dataclasses.replace` looks every field up)."""
        return Command(
            self.id, self.org_id, self.actor, self.at, self.body, self.fingerprint, self.reason, authority
        )


SENT_BY: Final = "sent_by"
"""Under which name the data of an event says which flow sent it: such an event is a message to the world, and no reaction follows."""


@dataclass(frozen=True, slots=True)
class Event:
    """A business fact. `version` counts the entity's events from 1, so that nobody takes older news for newer.

    What a flow sends, under a name of its author's choice, is marked in `data` by SENT_BY.
    """

    name: str
    entity: str
    entity_id: uuid.UUID
    version: int
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Timer:
    """A command that is due later; without a `due_at`, the word that the timer of this id is wanted no longer."""

    id: uuid.UUID
    due_at: datetime | None = None
    kind: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Decided(Generic[W]):
    """What a set of commands comes to: an outcome for each, in arrival order, and everything to write.

    `events` and `timers` carry the index of the command that caused them; the last word about a timer counts.
    """

    outcomes: Sequence[Outcome]
    writes: W
    events: Sequence[tuple[int, Event]] = ()
    timers: Sequence[tuple[int, Timer]] = ()


@dataclass(frozen=True, slots=True)
class Stored:
    """An event as the outbox keeps it: with its place in the organisation's sequence and its cause."""

    org_id: int
    seq: int
    event: Event
    at: datetime
    actor: uuid.UUID
    command_id: uuid.UUID
    extra: Mapping[str, Any] = field(default_factory=dict)
