"""What is sent and told about flows over HTTP."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Any

import msgspec

from coster.edges.http.fields import Id
from coster.edges.http.paging import Cursor, PageQuery
from coster.engine.flows.model import LONGEST_REASON, MOST_VERSIONS
from coster.engine.workflow.document import LONGEST
from coster.engine.workflow.tables import WHOLE

_YAML = "name: order.phone\nentity: order\nversion: 1\nstatuses: …\ntransitions: …\n"
Name = Annotated[str, msgspec.Meta(description="The flow's name.", examples=["order.retail"], max_length=200)]
Number = Annotated[
    int, msgspec.Meta(description="The number of a version.", examples=[2], ge=1, le=1_000_000_000)
]
Text = Annotated[
    str, msgspec.Meta(description="The flow as YAML.", examples=[_YAML], min_length=1, max_length=LONGEST)
]
Reason = Annotated[
    str,
    msgspec.Meta(
        description="Why; it is kept.", examples=["Phone orders are confirmed by hand."], min_length=1,
        max_length=LONGEST_REASON,
    ),
]  # fmt: skip
Statuses = Annotated[
    dict[str, str],
    msgspec.Meta(
        description="Statuses of the old version and those that take their place; what is left out keeps its own.",
        examples=[{"booked": "confirmed"}],
        max_length=1000,
    ),
]
Share = Annotated[
    int, msgspec.Meta(description="Thousandths of the new entities.", examples=[100], ge=0, le=WHOLE)
]


class FlowsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether to count."""

    counts: Annotated[
        bool,
        msgspec.Meta(
            description="true: how many are in each status now; for keys of the whole organisation."
        ),
    ] = False


class MovesQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of which flow."""

    name: Annotated[str | None, msgspec.Meta(description="Only of this flow.")] = None


class DropQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why."""

    reason: Reason


# -------------------------------------------------------------------------------------------------------------------- told


class StatusSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A place in the life of something."""

    name: str
    label: str
    category: str
    code: Annotated[str, msgspec.Meta(description="A letter, for people who know these codes.")]
    dfc: Annotated[dict[str, str], msgspec.Meta(description="The same in the words of the DFC standard.")]
    initial: bool
    final: bool
    events: Annotated[list[str], msgspec.Meta(description="What can happen in it, by the event's name.")]


class CountSeen(msgspec.Struct, frozen=True, kw_only=True):
    """How many are in a status of a version; at most 10,000 are counted, and `more` says that there are more."""

    version: int
    status: str
    count: int
    more: bool


class PinSeen(msgspec.Struct, frozen=True, kw_only=True):
    """On which version new entities begin, since when and why. `n` counts the pins of a flow."""

    n: int
    version: int | None
    canary: int | None
    share: int
    back: Annotated[bool, msgspec.Meta(description="It took the pin before it back.")]
    actor: uuid.UUID
    at: dt.datetime
    reason: str


class FlowSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A life cycle, in the version on which new entities begin; where none do, in its newest."""

    name: Annotated[str, msgspec.Meta(examples=["order.retail"])]
    title: str
    entity: str
    type: Annotated[
        str, msgspec.Meta(description="The type of entities that begin on it; empty: every type.")
    ]
    version: int
    in_use: Annotated[bool, msgspec.Meta(description="Whether new entities begin on it.")]
    canary: Annotated[int | None, msgspec.Meta(description="The version on which a share of them begins.")]
    share: Share
    pin: Annotated[int, msgspec.Meta(description="The number of the pin; 0: as it is shipped.")]
    shipped: Annotated[int | None, msgspec.Meta(description="The version that comes with the program.")]
    hidden: Annotated[
        list[int],
        msgspec.Meta(
            description="Versions that come with the program and have the number of one of yours, which counts."
        ),
    ]
    versions: Annotated[list[int], msgspec.Meta(description="Every version on which something may be.")]
    statuses: list[StatusSeen]
    counts: list[CountSeen] | None
    picture: Annotated[str, msgspec.Meta(description="A Mermaid state diagram.")]


class DraftNamed(msgspec.Struct, frozen=True, kw_only=True):
    """A draft, by what it is called."""

    name: str
    version: int


class Flows(msgspec.Struct, frozen=True, kw_only=True):
    """All life cycles; drafts for who may read them."""

    items: list[FlowSeen]
    drafts: list[DraftNamed]


class FaultSeen(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a text, or seldom wise: where, and the shortest way of events that leads there."""

    code: str
    line: int
    path: str
    message: str
    status: str
    trail: str


class ChangeSeen(msgspec.Struct, frozen=True, kw_only=True):
    """What differs from the version before, in the form of a file."""

    kind: str
    path: str
    before: Any
    after: Any
    line: int


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What the checker says. Without faults a flow is proved, and without those of migration nobody would be lost on the way."""

    proved: bool
    faults: list[FaultSeen]
    warnings: list[FaultSeen]
    migration: Annotated[
        list[FaultSeen],
        msgspec.Meta(description="What stands against moving entities from the version that is pinned."),
    ]
    against: Annotated[int | None, msgspec.Meta(description="The version that is pinned.")]


class VersionSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A version, or the draft of one."""

    name: str
    version: int
    state: Annotated[
        str, msgspec.Meta(description="shipped, draft, published or retired.", examples=["published"])
    ]
    entity: str
    type: str
    digest: Annotated[str, msgspec.Meta(description="SHA-256 of the text.")]
    based_on: int | None
    mapping: Statuses
    revision: Annotated[int, msgspec.Meta(description="How often a draft was written; 0: it is none.")]
    author: uuid.UUID | None
    written_at: dt.datetime | None
    intent: Annotated[str, msgspec.Meta(description="Why it was written.")]
    published_by: uuid.UUID | None
    published_at: dt.datetime | None
    reason: Annotated[str, msgspec.Meta(description="Why it was published.")]


class Versions(msgspec.Struct, frozen=True, kw_only=True):
    """All versions of a flow, the newest first."""

    items: list[VersionSeen]


class VersionTold(VersionSeen, frozen=True, kw_only=True):
    """A version with its text, what the checker says of it, and what differs from the version that it follows."""

    text: str
    checked: Checked
    changes: list[ChangeSeen]
    picture: Annotated[
        str, msgspec.Meta(description="A Mermaid state diagram; empty where the text has none.")
    ]


# -------------------------------------------------------------------------------------------------------------------- sent


class DraftWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text to be kept as a draft of the version that it names; faults of the checker do not matter yet."""

    text: Text
    reason: Reason
    expected_revision: Annotated[
        int | None,
        msgspec.Meta(description="The draft's revision; 0: there is none yet; null: whatever is there."),
    ] = None


class DraftKept(msgspec.Struct, frozen=True, kw_only=True):
    """Where the draft stands."""

    name: str
    flow_version: Number
    revision: int


class BeginWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text to begin with."""

    name: Name
    entity: Annotated[str, msgspec.Meta(description="What it is for.", examples=["order"], max_length=100)]


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """A small flow that is proved, with everything in comments that a flow of its entity may name."""

    text: str


class Differences(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between two versions, row by row, and what stands against moving entities from one to the other."""

    changes: list[ChangeSeen]
    migration: list[FaultSeen]


class DiffQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """With which other version."""

    against: Annotated[Number, msgspec.Meta(description="The number of the other version, the older one.")]


class CheckWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text to be checked and not kept."""

    text: Text
    mapping: Statuses = {}


class MappingWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How statuses of the version that is pinned are called in this one."""

    mapping: Statuses = {}


class PublishWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A draft shall become a version that is never edited again."""

    reason: Reason
    mapping: Statuses = {}
    expected_revision: int | None = None


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """The version that there is now."""

    name: str
    flow_version: Number
    digest: str


class RetireWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing shall begin on the version any more."""

    reason: Reason


class VersionNamed(msgspec.Struct, frozen=True, kw_only=True):
    """Which version it was about."""

    name: str
    flow_version: Number


class PinWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """On which version new entities begin from now on, and a share of them on a canary. To go back, pin what was pinned before."""

    version: Annotated[
        Number | None,
        msgspec.Meta(
            description="null: what is shipped under the name; where nothing is, nothing begins on it."
        ),
    ]
    reason: Reason
    canary: Number | None = None
    share: Share = 0
    expected: (
        Annotated[
            int,
            msgspec.Meta(
                ge=0, description="The number of the pin that this one follows; 0: none; null: any."
            ),
        ]
        | None
    ) = None


class RollbackWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was pinned before shall be pinned again."""

    reason: Reason


class PinKept(msgspec.Struct, frozen=True, kw_only=True):
    """The pin that there is now."""

    name: str
    pin: Annotated[int, msgspec.Meta(description="Its number.")]
    flow_version: Number | None
    canary: int | None
    share: Share


# --------------------------------------------------------------------------------------------------------------- migrations


class MoveWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Entities shall leave versions of a flow for another one; what has ended stays where it ended."""

    name: Name
    sources: Annotated[
        list[Number],
        msgspec.Meta(description="The versions to leave.", examples=[[1]], max_length=MOST_VERSIONS),
    ]
    to_version: Number
    reason: Reason
    mapping: Annotated[
        Statuses | None, msgspec.Meta(description="null: as it was said when the version was published.")
    ] = None


class PreviewWanted(MoveWanted, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same, to be looked at first."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=500, description="How many entities to tell of.")] = 50
    cursor: Cursor | None = None


class MoveBegun(msgspec.Struct, frozen=True, kw_only=True):
    """The move that has begun; it goes on by itself."""

    id: Id
    name: str
    state: str


class UndoWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everybody whom the move has moved, and who is still where it put him, shall go back."""

    reason: Reason


class PlaceCounted(msgspec.Struct, frozen=True, kw_only=True):
    """How many would leave a status of a version, and for which; at most 10,000 are counted, and `more` says that there are more."""

    version: int
    status: str
    to: str
    count: int
    more: bool


class EntityMoved(msgspec.Struct, frozen=True, kw_only=True):
    """What a move does to one entity; `gone_on`: it stays, because it is no longer where the move to be undone had put it."""

    entity_id: Id
    from_version: int
    from_status: str
    to_version: int
    to_status: str
    outcome: Annotated[str, msgspec.Meta(examples=["moved"])]


class Previewed(msgspec.Struct, frozen=True, kw_only=True):
    """What a move would do: `faults` stand against it; `next` is the cursor of the following entities; null: these were the last.

    `total` is the sum of the counts, so where `more` is true of a place there are more.
    """

    faults: list[FaultSeen]
    places: list[PlaceCounted]
    total: int
    entities: list[EntityMoved]
    next: str | None


class MoveSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A move with how far it is. `stayed`: those that were to go back and had gone on."""

    id: Id
    name: str
    entity: str
    sources: list[int]
    to_version: int
    mapping: Statuses
    undoes: Id | None
    undone_by: Id | None
    state: Annotated[str, msgspec.Meta(description="running or done.", examples=["done"])]
    moved: int
    stayed: int
    actor: uuid.UUID
    at: dt.datetime
    reason: str
