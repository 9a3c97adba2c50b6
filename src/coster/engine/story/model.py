"""Records of a story: the facts as they are read, and the entries that a person reads."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """An event of the entity, with the command that caused it: of which kind, by whom, and the reason that was given."""

    seq: int
    name: str
    version: int
    at: dt.datetime
    actor: uuid.UUID
    data: Mapping[str, Any]
    kind: str
    reason: str


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A command that the entity's flow refused; `detail` says why."""

    id: uuid.UUID
    kind: str
    at: dt.datetime
    actor: uuid.UUID
    reason: str
    code: str
    message: str
    detail: Mapping[str, Any]


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A timer that runs; `parked` says why it was given up, None: it was not."""

    id: uuid.UUID
    due_at: dt.datetime
    body: Mapping[str, Any]
    parked: str | None


class Elsewhere(msgspec.Struct, frozen=True, kw_only=True):
    """An event of something else that concerns the entity, in words."""

    at: dt.datetime
    name: str
    actor: uuid.UUID
    what: str


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is known of an entity, each in order of time. `whole`: nothing of it is in the archive."""

    events: Sequence[Happened]
    refused: Sequence[Refused]
    timers: Sequence[Due]
    whole: bool
    elsewhere: Sequence[Elsewhere] = ()


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A guard that was asked, what it answered, and what it read."""

    guard: str
    answer: bool
    values: dict[str, Any]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the flow that was carried out."""

    label: str
    trigger: str
    came_from: str
    to: str
    guards: list[Asked]
    actions: list[str]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened (or, with a code, was tried and refused): when, what, by whom and why."""

    at: dt.datetime
    what: str
    """In words."""
    event: str
    """The event's name; of what was refused the trigger."""
    version: int
    """The entity's, of an event; 0: nothing happened."""
    actor: uuid.UUID
    who: str
    why: str
    status: str
    """Afterwards, as its flow calls it for people; of what was refused the status that it was in."""
    steps: list[Step]
    guards: list[Asked]
    """Of what was refused: those that were in the way."""
    code: str
    """Why it was refused; empty: it happened."""
    detail: str


class Waits(msgspec.Struct, frozen=True, kw_only=True):
    """What will happen by itself, unless the status is left before."""

    at: dt.datetime
    what: str
    trigger: str
    parked: str
    """Why it was given up; empty: it is due."""


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """The whole story, oldest first. Where it is not whole, what came before is in the archive of whoever runs the server."""

    entries: list[Entry]
    waits: list[Waits]
    whole: bool
