"""Records of links: what a held order shall be at the supplier, what was sent, what the supplier holds; and commands of people."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Literal, TypeAlias

import msgspec

from coster.domain.federation.ports import RefusedByPeer, RemoteLine, RemoteSession, Standing

LinkState: TypeAlias = Literal["open", "refused", "blocked", "done"]
"""open: works or waits for a while; refused, blocked: waits for people; done: complete or cancelled there, and nothing is owed to it."""


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """What a local item is at the supplier: one of its units contains `numerator / denominator` local stock units.

    `step` is in which multiples (thousandths of the supplier's unit) it can be held: 1000 whole cases, 1 loose. `name` and `price` (for
    one of its units) are those of the supplier's catalogue, as it was read last.
    """

    item_id: uuid.UUID
    product: str
    offer: str
    numerator: int = 1
    denominator: int = 1
    step: int = 1
    name: str = ""
    price: Decimal | None = None
    currency: str = ""


class Here(msgspec.Struct, frozen=True, kw_only=True):
    """A held order as it is here, in one look: its version, what its status says of its stock, and how much of each item.

    `single`: it is that of one shopper's order alone, which no supplier elsewhere is told of. `items` in thousandths of the stock unit.
    `supplier` is the producer's IRI there. `marks` are the numbers of the last ledger entry of each position of its account: what
    has a later number came afterwards.
    """

    version: int
    holds: str
    items: dict[uuid.UUID, int]
    delivered: bool
    marks: dict[str, int]
    session: RemoteSession
    closes_at: dt.datetime
    hub_id: uuid.UUID
    producer_id: uuid.UUID
    peer_id: uuid.UUID
    offered: dict[uuid.UUID, Offered]
    ended: bool = False
    single: bool = False
    supplier: str = ""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What a held order is at the supplier, or shall be: as of which version here, in which standing, with which lines.

    `version` is -1 where it fits no version: the supplier holds something that we did not ask for. `ends_at` is until when the session
    goes on, as long as the order is held: a supplier may end it by itself then. `prices` are those that the supplier told of products
    (by their IRI) when it said yes, where they are not those of its catalogue as we had it.
    """

    version: int = 0
    standing: Standing | Literal["none"] = "none"
    lines: tuple[RemoteLine, ...] = ()
    marks: dict[str, int] = {}
    ends_at: dt.datetime | None = None
    prices: dict[str, str] = {}


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """What the supplier said no to: as of which version here, under which sequence, and what it would have taken.

    `everything`: somebody has decided that what it had acknowledged is given back as well where it says so.
    """

    version: int
    sequence: int
    answer: RefusedByPeer
    everything: bool = False


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A held order's link to its supplier, as stored. `order` is its IRI there, '' as long as that is not known.

    `sent` is what was last sent as long as nobody knows what came of it. `look` says that the supplier is to be asked before
    anything is sent. `attempts` failed in a row since `failing_since`; nothing is tried before `next_at`. `looked_at`: when both sides were
    last compared; `drifts`: how often they differed. `alarmed_at`: since when people know that it cannot be confirmed.
    """

    held_order_id: uuid.UUID
    producer_id: uuid.UUID
    state: LinkState = "open"
    order: str = ""
    sequence: int = 0
    acked: State = State()
    acked_at: dt.datetime | None = None
    sent: State | None = None
    refusal: Refusal | None = None
    look: bool = False
    attempts: int = 0
    failing_since: dt.datetime | None = None
    next_at: dt.datetime | None = None
    cause: str = ""
    looked_at: dt.datetime | None = None
    drifts: int = 0
    alarmed_at: dt.datetime | None = None
    told: int = 0


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What a command has changed of what an order holds of an item at a place: by how many thousandths, as which entry of the ledger."""

    seq: int
    at: dt.datetime
    amount: int
    command_id: uuid.UUID
    placing: bool


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """A line of an order that holds on a link's account, as stored: thousandths of the item's stock unit at a place, since when, and what
    has happened to all that the order holds there since the supplier has acknowledged something. `version` is the order's in the same look.
    """

    order_id: uuid.UUID
    line_no: int
    position_id: uuid.UUID
    item_id: uuid.UUID
    quantity: int
    committed: bool
    since: dt.datetime
    version: int
    entries: tuple[Entry, ...] = ()


class Growth(msgspec.Struct, frozen=True, kw_only=True):
    """By how much an order has grown over the least that it has been since an acknowledgement: thousandths, the entry that was the last
    to make it so and when, by which commands, and whether its placing is among them.
    """

    amount: int = 0
    seq: int = 0
    at: dt.datetime | None = None
    commands: tuple[uuid.UUID, ...] = ()
    placed: bool = False


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """A line of an order that holds on a link's account: thousandths of the item's stock unit.

    `grown` is the part of `quantity` that came after what the supplier has acknowledged, and beyond the least that the order has asked for
    since. `seq` grows with when it last grew, `placed` says whether it was the placing of the order that made it grow. `commands` are those
    that made it, `version` is the order's in the same look.
    """

    order_id: uuid.UUID
    line_no: int
    item_id: uuid.UUID
    quantity: int
    grown: int
    seq: int
    placed: bool
    committed: bool = False
    version: int = 0
    commands: tuple[uuid.UUID, ...] = ()


class Undo(msgspec.Struct, frozen=True, kw_only=True):
    """What is taken back of an order of this version: all of it, or (`lines`) down to these quantities in thousandths of the stock unit,
    by line. `commands` are those whose growth goes with it.
    """

    order_id: uuid.UUID
    whole: bool
    lines: dict[int, int] = {}
    version: int = 0
    commands: tuple[uuid.UUID, ...] = ()


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """How an order gives back, such that whoever comes after a crash sends the same command once more: of which version of the order,
    whether its checkout ran then, and all of it or (`lines`) down to these quantities in thousandths of its sales units, by line.
    """

    version: int
    running: bool
    whole: bool
    lines: dict[int, int] = {}


class ShopperOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What undoing must know of an order: whether its checkout still runs, and its lines: (sales quantity, stock quantity) by number."""

    order_id: uuid.UUID
    version: int
    running: bool
    lines: dict[int, tuple[int, int]]


class LineLeft(msgspec.Struct, frozen=True, kw_only=True):
    """Of an item, how much can still be had: thousandths of its stock unit; None: the supplier did not say."""

    item_id: uuid.UUID
    left: int | None


class OrderRefused(msgspec.Struct, frozen=True, kw_only=True):
    """An order that was undone because the supplier refused what it wanted, or was silent: why, and what is left of what.

    `version` is that of the held order which was refused; `done` says that the order was taken back by now. `step` is how it is, and
    `commands` are those that had made it grow since the supplier had last acknowledged something: to them, and to nobody else, it is a no.
    """

    order_id: uuid.UUID
    held_order_id: uuid.UUID
    version: int
    code: str
    left: tuple[LineLeft, ...]
    step: Step = Step(version=0, running=False, whole=True)
    commands: tuple[uuid.UUID, ...] = ()
    done: bool = False


class OpenLink(msgspec.Struct, frozen=True, kw_only=True):
    """A held order with a producer on another platform has its link; where there is one, it is looked at again."""

    held_order_id: uuid.UUID


class RetryLink(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody wants the link to be tried at once: from the first attempt, whatever it waits for."""

    held_order_id: uuid.UUID


class ReconcileLink(msgspec.Struct, frozen=True, kw_only=True):
    """Both sides are compared at the next turn, and what differs is put right.

    `by_itself`: nobody asked for it but the program, once a day, and nobody is told of that.
    """

    held_order_id: uuid.UUID
    by_itself: bool = False


class SettleLink(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody decides, and says why: what the supplier has acknowledged is all there is (`accept`: what goes beyond is taken
    from those who came last), or both have agreed outside of this program (`close`: the link is done as things are).
    """

    held_order_id: uuid.UUID
    how: Literal["accept", "close"]
    reason: str


class ReportLink(msgspec.Struct, frozen=True, kw_only=True):
    """The machinery's own word: a link that cannot be confirmed, was refused what it had promised, or found sides or prices to differ."""

    held_order_id: uuid.UUID
    what: Literal["unconfirmed", "refused", "blocked", "drifted", "recovered", "repriced"]
    cause: str


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How a peer answers: failures in a row, and until when nothing is sent to it (its circuit is open)."""

    peer_id: uuid.UUID
    failures: int = 0
    open_until: dt.datetime | None = None
    cause: str = ""


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """A link's turn, held by one process."""

    org_id: int
    held_order_id: uuid.UUID
    peer_id: uuid.UUID
    holder: uuid.UUID


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """A link as it is now, with its held order in the same look, what people want of it ('' nothing), and how its peer answers."""

    link: Link
    here: Here
    wish: str
    health: Health | None


class StandingOfLink(msgspec.Struct, frozen=True, kw_only=True):
    """What those who wait for a link must know of it."""

    held_order_id: uuid.UUID
    acked_version: int
    state: str
    cause: str
    next_at: dt.datetime | None
    open_until: dt.datetime | None
    policy: Literal["strict", "optimistic"]
    wait_seconds: int


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """A link of which people must know that it is not confirmed (`new`), or that it is again."""

    org_id: int
    held_order_id: uuid.UUID
    new: bool
    cause: str


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody waits for: that suppliers hold these held orders (each as of a version of it), which a command has made grow.

    `command_id` None: it is about all that the order holds, whoever has made it so.
    """

    order_id: uuid.UUID
    needs: Mapping[uuid.UUID, int]
    command_id: uuid.UUID | None = None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What suppliers have said to an order.

    `held`: all that it wants is held. `refused`: one does not have it (`left` of each item), and the order was taken back. `silent`: one
    has said nothing in time, or cannot be spoken to, and the order was taken back. `kept`: nobody has said anything, and it could not
    be taken back; what becomes of it is seen in its links.
    """

    kind: Literal["held", "refused", "silent", "kept"]
    held_order_id: uuid.UUID | None = None
    code: str = ""
    left: tuple[LineLeft, ...] = ()


class LinkFound(msgspec.Struct, frozen=True, kw_only=True):
    """A link as commands find it."""

    held_order_id: uuid.UUID
    producer_id: uuid.UUID
    hub_id: uuid.UUID
    session_id: uuid.UUID
    state: str
    refused: bool
    alarmed_at: dt.datetime | None
    told: int
    wish: str = ""


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What commands write: links with a wish or another number of events, and held orders whose link is to be there."""

    links: list[LinkFound]
    opened: list[uuid.UUID]


class LinkView(msgspec.Struct, frozen=True, kw_only=True):
    """A link as hub and people read it. `standing` in one word: confirmed, waiting, retrying, refused, blocked, done.

    `behind` says that the supplier has not acknowledged what the held order is now. Nothing in it is about a shopper.
    """

    held_order_id: uuid.UUID
    hub_id: uuid.UUID
    hub: str
    producer_id: uuid.UUID
    producer: str
    session_id: uuid.UUID
    session: str
    peer_id: uuid.UUID
    state: LinkState
    standing: str
    behind: bool
    order: str
    sequence: int
    version: int
    acked_version: int
    acked_standing: str
    acked_lines: list[RemoteLine]
    acked_at: dt.datetime | None
    attempts: int
    failing_since: dt.datetime | None
    next_at: dt.datetime | None
    cause: str
    closes_at: dt.datetime
    amend_until: dt.datetime
    looked_at: dt.datetime | None
    drifts: int
    alarmed_at: dt.datetime | None
    circuit_open_until: dt.datetime | None
