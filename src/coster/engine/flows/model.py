"""Records of flows as an organisation has them: drafts, published versions, pins, and the commands that change them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from coster.engine.flows.moving import Move
from coster.engine.workflow.actions import Vocabulary
from coster.engine.workflow.faults import Fault
from coster.engine.workflow.records import Flow
from coster.engine.workflow.tables import Key, Tables

READ: Final = "flows:read"
WRITE: Final = "flows:write"
NEVER_PINNED: Final = -1
"""What a pin follows that shall go back although there is nothing to go back to."""
MOST_VERSIONS: Final = 500
"""So many versions may an organisation have published; each process that serves it keeps their texts."""
MOST_DRAFTS: Final = 100
LONGEST_REASON: Final = 500

# ------------------------------------------------------------------------------------------------------------- commands


class DraftFlow(msgspec.Struct, frozen=True, kw_only=True):
    """Writes a text down as the draft of the version that it names, or writes that draft anew.

    `expected_revision` is the draft's (0: there is none yet); None: whatever is there.
    """

    name: str
    text: str
    reason: str
    expected_revision: int | None = None


class DropDraft(msgspec.Struct, frozen=True, kw_only=True):
    """Forgets a draft."""

    name: str
    version: int
    reason: str


class PublishFlow(msgspec.Struct, frozen=True, kw_only=True):
    """Makes a draft a version that is never edited again. Nothing begins on it before it is pinned.

    `mapping` gives statuses of the version that is pinned those of this one, for entities that shall be moved some day.
    """

    name: str
    version: int
    reason: str
    mapping: dict[str, str] = {}
    expected_revision: int | None = None


class PinFlow(msgspec.Struct, frozen=True, kw_only=True):
    """New entities begin on this version, and a share of them, in thousandths, on the canary.

    Without a version: on what is shipped under the name, or nothing begins on it. `expected` is the number of the pin that
    this one follows (0: none). `back`: it takes that pin back, which can be done once.
    """

    name: str
    version: int | None
    reason: str
    canary: int | None = None
    share: int = 0
    expected: int | None = None
    back: bool = False


class RetireFlow(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing may begin on the version any more; entities that are on it stay."""

    name: str
    version: int
    reason: str


class MigrateFlow(msgspec.Struct, frozen=True, kw_only=True):
    """Entities leave the versions for another one; `mapping` None: as it was said when that one was published."""

    move_id: uuid.UUID
    name: str
    sources: list[int]
    to_version: int
    reason: str
    mapping: dict[str, str] | None = None


class UndoMove(msgspec.Struct, frozen=True, kw_only=True):
    """Entities that a move has moved go back, where they are still where it put them. `move_id` is that of the way back."""

    move_id: uuid.UUID
    undoes: uuid.UUID
    reason: str


# ------------------------------------------------------------------------------------------------------------- what there is


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """A flow of which the organisation has written something; `version` counts its events."""

    name: str
    entity: str
    version: int


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What is written and not yet published."""

    name: str
    version: int
    revision: int
    type: str
    text: str
    digest: str
    based_on: int | None
    actor: uuid.UUID
    at: dt.datetime
    reason: str


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A published version, without its text."""

    name: str
    version: int
    mapping: Mapping[str, str]
    retired: bool


class Pin(msgspec.Struct, frozen=True, kw_only=True):
    """On which version new entities begin; `n` counts the pins of the name; `back`: it took the one before it back."""

    name: str
    n: int
    version: int | None
    canary: int | None
    share: int
    back: bool = False


NO_PIN: Final = Pin(name="", n=0, version=None, canary=None, share=0)


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What a text comes to: its flow (None: it has no form), and what is wrong with it."""

    flow: Flow | None
    faults: tuple[Fault, ...] = ()
    """Of its form, or else those of the checker."""
    migration: tuple[Fault, ...] = ()
    """What stands against moving entities from the version that is pinned."""


class Flows(msgspec.Struct, frozen=True, kw_only=True):
    """What deciding needs. `tables` are the flows of each kind of entity as they were published and pinned so far."""

    mark: int
    heads: Mapping[str, Head]
    drafts: Mapping[Key, Draft]
    versions: Mapping[Key, Version]
    pins: Mapping[str, Pin]
    moves: Sequence[Move]
    """Those that run, those that commands name, and those that undo these."""
    shipped: Mapping[str, int]
    """The version that comes with the program, by name."""
    vocabularies: Mapping[str, Vocabulary]
    tables: Mapping[str, Tables]
    judged: Mapping[uuid.UUID, Judged] = {}
    """By the command: what was said of its text before it is decided on."""


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """A draft that becomes a version, with what is said of it then."""

    draft: Draft
    mapping: Mapping[str, str]
    actor: uuid.UUID
    at: dt.datetime
    reason: str


class Retired(msgspec.Struct, frozen=True, kw_only=True):
    """A version on which nothing may begin any more."""

    name: str
    version: int
    actor: uuid.UUID
    at: dt.datetime
    reason: str


class Pinned(msgspec.Struct, frozen=True, kw_only=True):
    """A pin with who set it, and why."""

    pin: Pin
    actor: uuid.UUID
    at: dt.datetime
    reason: str


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """A move that begins."""

    move: Move
    actor: uuid.UUID
    at: dt.datetime
    reason: str


class Writes(msgspec.Struct, frozen=True, kw_only=True):
    """What commands come to. A draft that is dropped or published is gone."""

    mark: int | None = None
    heads: Sequence[Head] = ()
    drafts: Sequence[Draft] = ()
    gone: Sequence[Key] = ()
    published: Sequence[Published] = ()
    retired: Sequence[Retired] = ()
    pinned: Sequence[Pinned] = ()
    begun: Sequence[Begun] = ()


# ------------------------------------------------------------------------------------------------------------- for reading


class FlowCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many entities are in a status of a version; `more`: there are more than were counted."""

    name: str
    version: int
    status: str
    count: int
    more: bool = False


class VersionView(msgspec.Struct, frozen=True, kw_only=True):
    """A draft or a published version, with its text only where one is asked for."""

    name: str
    version: int
    state: str
    """draft, published or retired; what comes with the program is shipped."""
    entity: str
    type: str
    digest: str
    based_on: int | None
    mapping: Mapping[str, str]
    revision: int
    author: uuid.UUID | None
    """None, as with all that follows: it comes with the program."""
    written_at: dt.datetime | None
    intent: str
    """Why it was written."""
    actor: uuid.UUID | None
    at: dt.datetime | None
    reason: str
    """Why it was published; empty for a draft."""
    text: str = ""


class PinView(msgspec.Struct, frozen=True, kw_only=True):
    """One pin of the history of a name."""

    n: int
    version: int | None
    canary: int | None
    share: int
    back: bool
    actor: uuid.UUID
    at: dt.datetime
    reason: str


class MoveView(msgspec.Struct, frozen=True, kw_only=True):
    """A move with how far it is."""

    id: uuid.UUID
    name: str
    entity: str
    sources: list[int]
    to_version: int
    mapping: Mapping[str, str]
    undoes: uuid.UUID | None
    undone_by: uuid.UUID | None
    state: str
    moved: int
    stayed: int
    actor: uuid.UUID
    at: dt.datetime
    reason: str


class MovedView(msgspec.Struct, frozen=True, kw_only=True):
    """What a move did to one entity."""

    entity_id: uuid.UUID
    from_version: int
    from_status: str
    to_version: int
    to_status: str
    outcome: str
