"""Records of orders from other platforms, and the commands that make and change them."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Final

import msgspec

from coster.domain.orders.model import ReplaceLines
from coster.domain.parties.model import Enterprise, RelationsState, VersionedRelation
from coster.domain.sessions.model import EndSession, SessionsState, SessionsWrites
from coster.domain.wholesale.model import CompleteSession

WRITE: Final = "dfc_orders:write"
READ: Final = "dfc_orders:read"
CHANNEL: Final = "dfc"
"""The channel of the orders behind; their reference is the held order's id."""


class OpenSupply(msgspec.Struct, frozen=True, kw_only=True):
    """A hub on the actor's platform is about to order from a producer in a session: whatever of that is missing is made.

    The hub as an enterprise in the producer's currency, the relation, the session with only this hub in it, and which order this will
    be. An open session is given other times. Without `held_order_id` only the session is wanted. What is there stays as it is.
    """

    hub_id: uuid.UUID
    hub_iri: str
    hub_name: str
    producer_id: uuid.UUID
    session_id: uuid.UUID
    session_iri: str = ""
    session_name: str
    closes_at: dt.datetime
    held_order_id: uuid.UUID | None = None
    order_id: uuid.UUID | None = None


class PlaceSupplied(ReplaceLines, frozen=True, kw_only=True):
    """The first totals of such an order: it is placed with all of them, or not at all."""

    hub_id: uuid.UUID
    session_id: uuid.UUID
    reference: str


class EndSupply(EndSession, frozen=True, kw_only=True):
    """The hub orders no more in its session with this producer, which ends with this command."""

    producer_id: uuid.UUID
    early: bool = True


class CompleteSupply(CompleteSession, frozen=True, kw_only=True):
    """What is left to be done once that session has ended: its held order is completed, if nobody has done so yet."""

    producer_id: uuid.UUID


class Counterpart(msgspec.Struct, frozen=True, kw_only=True):
    """A hub on another platform, under the id that it has here as an enterprise, and the IRI that it has there."""

    id: uuid.UUID
    platform_id: uuid.UUID
    iri: str
    name: str


class Binding(msgspec.Struct, frozen=True, kw_only=True):
    """Which order (`order_id`) stands behind a held order (`id`), and whose it is; `session_iri` as the platform calls the session."""

    id: uuid.UUID
    order_id: uuid.UUID
    platform_id: uuid.UUID
    hub_id: uuid.UUID
    producer_id: uuid.UUID
    session_id: uuid.UUID
    session_iri: str
    created_at: dt.datetime


class Bound(Binding, frozen=True, kw_only=True):
    """The same, with how far its session is, the currency of the order, and when the hub told last that its session ends."""

    session_status: str
    currency: str
    ends: str | None


class SupplyState(msgspec.Struct, frozen=True, kw_only=True):
    """What opening is decided on; enterprises of producers are locked, so that two who open for one come one by one.

    `elsewhere` are those of the producers whose stock is kept on another platform, with the hub that they supply; the room of those
    platforms tells (`federation.handlers.knowing_who_is_elsewhere`).
    """

    relations: RelationsState
    sessions: SessionsState
    counterparts: dict[uuid.UUID, Counterpart]
    bindings: dict[uuid.UUID, Binding]
    elsewhere: frozenset[tuple[uuid.UUID, uuid.UUID]] = frozenset()


class SupplyWrites(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that opening makes."""

    enterprises: list[Enterprise]
    relations: list[VersionedRelation]
    sessions: SessionsWrites
    counterparts: list[Counterpart]
    bindings: list[Binding]


class SuppliedWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which of these orders: all filters that are given hold together; by id, after or before one, at most `limit`.

    `platform_id`: only those of this platform (None: of all). Statuses are the standard's words.
    """

    producer_id: uuid.UUID
    platform_id: uuid.UUID | None = None
    session_id: uuid.UUID | None = None
    session_iri: str | None = None
    order_status: str | None = None
    fulfilment_status: str | None = None
    payment_status: str | None = None
    after: uuid.UUID | None = None
    before: uuid.UUID | None = None
    backwards: bool = False
    limit: int = 25


class SessionsWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which sessions of hubs on other platforms: the latest first, after or before one of them (from the end where `backwards`), at most
    `limit`. `platform_id`: only those of this platform (None: of all).
    """

    producer_id: uuid.UUID
    platform_id: uuid.UUID | None = None
    after: uuid.UUID | None = None
    before: uuid.UUID | None = None
    backwards: bool = False
    limit: int = 25


class SuppliedLine(msgspec.Struct, frozen=True, kw_only=True):
    """What such an order has of an item, in thousandths of its unit; `discount` is the platform's, and not reckoned with."""

    item_id: uuid.UUID
    name: str
    unit: str
    quantity: int
    price_micros: int
    discount: str | None


class SuppliedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Such an order as its platform and the producer read it, lines in the order of the request; statuses in the standard's words.

    `notes` is what was kept of the request (see orders.rules.replacing); the versions are those of the order behind and the held order.
    """

    id: uuid.UUID
    order_id: uuid.UUID
    hub_id: uuid.UUID
    hub_iri: str
    hub_name: str
    platform_id: uuid.UUID
    producer_id: uuid.UUID
    producer_name: str
    session_id: uuid.UUID
    session_iri: str
    session_status: str
    opens_at: dt.datetime
    closes_at: dt.datetime
    currency: str
    order_status: str
    fulfilment_status: str
    payment_status: str
    lines: list[SuppliedLine]
    notes: dict[str, Any]
    placed_at: dt.datetime
    order_version: int
    held_version: int


class SuppliedSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session in which a hub on another platform orders from a producer; `held_order_id` and `notes` where it has ordered."""

    id: uuid.UUID
    coordinator_id: uuid.UUID
    status: str
    opens_at: dt.datetime
    closes_at: dt.datetime
    session_iri: str | None
    held_order_id: uuid.UUID | None
    notes: dict[str, Any]
