"""Records of deciding about what was given up."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Final

import msgspec

from coster.engine.outbox.model import Decision, GivenUp, What

MANAGE: Final = "org:manage"
"""The permission: what is parked may be anybody's in the organisation."""
LONGEST_REASON: Final = 500


class RetryParked(msgspec.Struct, frozen=True, kw_only=True):
    """This one is tried again, as if for the first time."""

    what: What
    key: str
    name: str


class SkipParked(msgspec.Struct, frozen=True, kw_only=True):
    """This one is never done, for a reason that is kept."""

    what: What
    key: str
    name: str
    reason: str


class ParkedView(msgspec.Struct, frozen=True, kw_only=True):
    """One that waits for people, with what it is about: the event's name and entity, or what the timer is for."""

    what: What
    key: str
    name: str
    cause: str
    event: str
    entity: str
    entity_id: uuid.UUID | None
    at: dt.datetime
    """When the event happened, or the timer was due."""


class Parked(msgspec.Struct, frozen=True):
    """What is parked of all that commands are about, locked."""

    found: Sequence[GivenUp]


class Writes(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be tried again, and what is never done, with who says so."""

    retried: Sequence[GivenUp] = ()
    skipped: Sequence[tuple[GivenUp, Decision]] = ()
    at: dt.datetime | None = None
