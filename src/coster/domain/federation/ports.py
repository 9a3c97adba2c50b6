"""What a trader's platform asks of a producer's: one held order, put, looked at and found, with what came of it as values.

Nothing in here names a shopper, an order of a shopper's or a customer: what is sent is made of the held order alone. Whoever
implements `Suppliers` does not raise for anything that a peer or a network does; it tells it. Source: ADR 0021.
"""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Literal, Protocol, TypeAlias

import msgspec

Standing: TypeAlias = Literal["held", "complete", "cancelled"]
"""What a held order shall be at the supplier: in the words of the standard Held, Complete or Cancelled."""


class RemoteLine(msgspec.Struct, frozen=True, kw_only=True):
    """How much of one remote product: thousandths of the unit in which the supplier sells it (cases, kilograms).

    `product` is the IRI of the SuppliedProduct, `offer` that of the Offer; an answer may know only one of them ('' otherwise).
    """

    product: str
    offer: str
    quantity: int


class RemotePrice(msgspec.Struct, frozen=True, kw_only=True):
    """What one of a remote product costs in an order, as the supplier tells it; `currency` is '' where it does not say."""

    product: str
    amount: Decimal
    currency: str = ""


class RemoteSession(msgspec.Struct, frozen=True, kw_only=True):
    """The sale session for which the goods are held, as the hub names it; `ends_at` is when nothing can be changed any more."""

    id: uuid.UUID
    begins_at: dt.datetime
    ends_at: dt.datetime


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """The whole state that a held order shall have at the supplier: absolute totals, never differences.

    `order` is its IRI there ('' where none is known: it is created, under the key hub, producer and session). `sequence` grows
    with every request for this held order; a supplier that knows it refuses one that comes late. The same ask sent twice has the
    same effect as once: `held_order_id` and `sequence` together are its idempotency key.
    """

    org_id: int
    producer_id: uuid.UUID
    hub_id: uuid.UUID
    held_order_id: uuid.UUID
    order: str
    sequence: int
    standing: Standing
    session: RemoteSession
    lines: tuple[RemoteLine, ...]


class AcceptedByPeer(msgspec.Struct, frozen=True, kw_only=True):
    """The supplier holds this now. `lines` are the totals as it told them; None where it told none and just said yes. `prices` are those
    of the products that were asked for, where it told them.
    """

    order: str
    standing: Standing
    lines: tuple[RemoteLine, ...] | None = None
    prices: tuple[RemotePrice, ...] = ()


class Short(msgspec.Struct, frozen=True, kw_only=True):
    """A line that was refused: `available` is the most that this held order could have of it, what it holds already included; None:
    the supplier did not say. `cause` is the supplier's code or ours: 'insufficient_stock', 'unknown_product', 'not_offered' …
    """

    product: str
    offer: str
    wanted: int
    available: int | None = None
    cause: str = "insufficient_stock"


class RefusedByPeer(msgspec.Struct, frozen=True, kw_only=True):
    """The supplier said no, and changed nothing. Without lines it is about the order as a whole.

    `code` is one of: short (lines say which), completed (what is complete there is not changed), cancelled (it was cancelled
    there), closed (the session is over there), invalid (it does not understand us: a fault for people).
    """

    code: Literal["short", "completed", "cancelled", "closed", "invalid"]
    cause: str = ""
    lines: tuple[Short, ...] = ()


class Superseded(msgspec.Struct, frozen=True, kw_only=True):
    """The supplier has seen a later sequence than this: the largest that it knows, None where it does not say."""

    sequence: int | None = None


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """Nobody knows whether it was done: no answer, half an answer, a time-out, 5xx, 429. `retry_after` in seconds, as asked for."""

    cause: str
    retry_after: float | None = None


class NotAllowed(msgspec.Struct, frozen=True, kw_only=True):
    """We may not (401, 403, 404 on the enterprise), even with a fresh token: a matter for people."""

    cause: str


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """There is no such order at the supplier (404, 410), or none for the key that was looked for."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What the supplier holds. `sequence`: the largest it has seen, where it tells."""

    order: str
    standing: Standing
    lines: tuple[RemoteLine, ...]
    sequence: int | None = None


Answered: TypeAlias = AcceptedByPeer | RefusedByPeer | Superseded | Unknown | NotAllowed | Missing
"""What came of putting. Missing: the order that was named is not there (any more)."""
Seen: TypeAlias = Found | Missing | Unknown | NotAllowed
"""What came of looking."""


class Suppliers(Protocol):
    """Producers on other platforms, each behind its peer. One request in flight per held order is the caller's business."""

    async def put(self, ask: Ask) -> Answered:
        """Makes the held order be so at the supplier: creates it (`order` ''), changes it, completes or cancels it (then `lines` are the
        last totals, or none). Returns within the peer's time-out.
        """
        ...

    async def look(self, ask: Ask) -> Seen:
        """What the supplier holds: by `order` where that is known, else looked for by hub, producer and session of the ask."""
        ...
