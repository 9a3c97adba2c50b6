"""Records of sales sessions, the commands that move them, and what deciding and showing pass on."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec


class Recurrence(msgspec.Struct, frozen=True, kw_only=True):
    """How sessions follow one another: an RFC 5545 rule, in a time zone (12:00 stays 12:00 when clocks change)."""

    rrule: str
    timezone: str


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """An item on sale in a session, at the item's price or one of its own (millionths, per stock unit)."""

    item_id: uuid.UUID
    price_micros: int | None = None


class PutSession(msgspec.Struct, frozen=True, kw_only=True):
    """Plans a session, or changes one that has not ended; changed times move their timers.

    `hub_ids` are all hubs that sell in it; the coordinator is one of them. `listings` replaces what is listed (None:
    unchanged).
    """

    session_id: uuid.UUID
    coordinator_id: uuid.UUID
    name: str
    opens_at: dt.datetime
    closes_at: dt.datetime
    amend_until: dt.datetime | None = None
    hub_ids: list[uuid.UUID] = []
    listings: list[Listing] | None = None
    recurrence: Recurrence | None = None
    expected_version: int | None = None


class OpenSession(msgspec.Struct, frozen=True, kw_only=True):
    """Opens a planned session now. `due` is set by a timer: it does nothing when the time was changed since."""

    session_id: uuid.UUID
    due: dt.datetime | None = None


class CloseSession(msgspec.Struct, frozen=True, kw_only=True):
    """Closes an open session now; closing a closed session changes nothing and is answered the same."""

    session_id: uuid.UUID
    due: dt.datetime | None = None


class ReopenSession(msgspec.Struct, frozen=True, kw_only=True):
    """Opens a closed session again until a new time; needs a reason, which is kept."""

    session_id: uuid.UUID
    closes_at: dt.datetime
    amend_until: dt.datetime | None = None
    reason: str


class EndSession(msgspec.Struct, frozen=True, kw_only=True):
    """The amendment window is over: held orders will be completed.

    `early`: the window ends with this command, whenever it was to end; only the hub that runs the session by itself says so.
    """

    session_id: uuid.UUID
    due: dt.datetime | None = None
    early: bool = False


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A session as other rooms see it; `hubs` all that sell in it, `prices` what is listed (None: the item's price)."""

    id: uuid.UUID
    coordinator_id: uuid.UUID
    status: str
    closes_at: dt.datetime
    amend_until: dt.datetime
    hubs: frozenset[uuid.UUID]


class FullSession(msgspec.Struct, frozen=True, kw_only=True):
    """A whole session, as loaded for deciding or as it is to be stored.

    `listings` are prices by item (None: the item's own), `series_id` is shared by the sessions that follow one another,
    `version` counts the session's events.
    """

    id: uuid.UUID
    coordinator_id: uuid.UUID
    name: str
    status: str
    opens_at: dt.datetime
    closes_at: dt.datetime
    amend_until: dt.datetime
    recurrence: Recurrence | None
    series_id: uuid.UUID | None
    version: int
    hubs: frozenset[uuid.UUID]
    listings: dict[uuid.UUID, int | None]


class SessionsState(msgspec.Struct, frozen=True, kw_only=True):
    """What deciding about sessions needs.

    `sessions`: those named that exist; `enterprises`: the named hubs that exist; `owners`: the owners of the named
    items that exist; `supplied`: pairs of hub and producer with an active relation; `followers`: what follows the
    session of a command (by command id) when it closes; `last`: when the latest session of a series opens.
    """

    sessions: dict[uuid.UUID, FullSession]
    enterprises: frozenset[uuid.UUID] = frozenset()
    owners: dict[uuid.UUID, uuid.UUID] = {}
    supplied: frozenset[tuple[uuid.UUID, uuid.UUID]] = frozenset()
    followers: dict[uuid.UUID, FullSession] = {}
    last: dict[uuid.UUID, dt.datetime] = {}


class SessionsWrites(msgspec.Struct, frozen=True, kw_only=True):
    """Sessions to store, new and changed; of those in `hubs` and `listings` these sets are stored anew."""

    new: list[FullSession]
    changed: list[FullSession]
    hubs: list[FullSession]
    listings: list[FullSession]


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """A session for who asks, without what it lists."""

    id: uuid.UUID
    coordinator_id: uuid.UUID
    name: str
    status: str
    opens_at: dt.datetime
    closes_at: dt.datetime
    amend_until: dt.datetime
    recurrence: Recurrence | None
    series_id: uuid.UUID | None
    version: int
    hub_ids: list[uuid.UUID]


class ListingView(msgspec.Struct, frozen=True, kw_only=True):
    """An item on sale in a session, for who asks.

    `price_micros` is per stock unit in the owner's currency: the session's where it has one (`own_price`), else the
    item's.
    """

    session_id: uuid.UUID
    item_id: uuid.UUID
    item_name: str
    sku: str
    stock_unit: str
    producer_id: uuid.UUID
    producer_name: str
    price_micros: int
    own_price: bool
