"""What guards, timers and templates of an order's flow may read: each field is looked up only when something reads it. Pure."""

from __future__ import annotations

import datetime as dt
import functools
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from coster.domain.orders.model import Line, Order
from coster.domain.orders.rules import approving, b2b
from coster.domain.sessions.model import Session
from coster.kernel import ids

FIELDS: Final[Mapping[str, str]] = {
    "order.number": "string",
    "order.type": "string",
    "order.channel": "string",
    "order.reference": "string",
    "order.currency": "string",
    "order.gross": "int",
    "order.discount": "int",
    "order.total": "int",
    "order.priority": "int",
    "order.payment": "string",
    "order.known_customer": "bool",
    "order.in_session": "bool",
    "order.session_open": "bool",
    "order.placed_at": "timestamp",
    "order.entered_at": "timestamp",
    "order.checkout_running": "bool",
    "order.checkout_expires_at": "timestamp?",
    "order.lines": "list({line: int, item: string, requested: int, quantity: int, total: int, stock: string, fulfilment: string})",
    "attributes": "map(string, dyn)",
}
"""Amounts are in minor units of the currency, quantities in thousandths of the line's sales unit."""


class Facts:
    """An order as it is at one moment of a batch."""

    __slots__ = ("approvers", "at", "centre", "lines", "order", "session")

    def __init__(self, order: Order, lines: Sequence[Line], session: Session | None, at: dt.datetime) -> None:
        """Takes the order with its lines, the session that it belongs to, and the instant of the command."""
        self.order = order
        self.lines = lines
        self.session = session
        self.at = at
        self.approvers: frozenset[str] = frozenset()
        self.centre = approving.Named()


def _lines(facts: Facts) -> list[dict[str, Any]]:
    return [
        {
            "line": line.line_no, "item": str(line.item_id), "requested": line.requested, "quantity": line.quantity,
            "total": line.total, "stock": line.stock, "fulfilment": line.fulfilment,
        }
        for line in facts.lines
    ]  # fmt: skip


def _of_b2b(value: Callable[[Order, Sequence[Line]], object], facts: Facts) -> object:
    return value(facts.order, facts.lines)


_VALUES: Final[dict[str, Callable[[Facts], object]]] = {
    "now": lambda facts: facts.at,
    "order.number": lambda facts: ids.short(facts.order.id),
    "order.type": lambda facts: facts.order.type,
    "order.channel": lambda facts: facts.order.channel,
    "order.reference": lambda facts: facts.order.reference,
    "order.currency": lambda facts: facts.order.currency,
    "order.gross": lambda facts: facts.order.gross,
    "order.discount": lambda facts: facts.order.line_discount + facts.order.order_discount,
    "order.total": lambda facts: facts.order.total,
    "order.priority": lambda facts: facts.order.priority,
    "order.payment": lambda facts: facts.order.payment,
    "order.known_customer": lambda facts: facts.order.customer_id is not None,
    "order.in_session": lambda facts: facts.order.session_id is not None,
    "order.session_open": lambda facts: (
        facts.session is not None and facts.session.status == "open" and facts.at < facts.session.closes_at
    ),
    "order.placed_at": lambda facts: facts.order.placed_at,
    "order.entered_at": lambda facts: facts.order.entered_at,
    "order.checkout_running": lambda facts: facts.order.expires_at is not None,
    "order.checkout_expires_at": lambda facts: facts.order.expires_at,
    "order.lines": _lines,
    "attributes": lambda facts: facts.order.attributes,
    approving.APPROVERS: lambda facts: facts.approvers,
    approving.CENTRE: lambda facts: facts.centre,
    approving.LEVELS: lambda facts: approving.levels(facts.order, facts.centre),
    **{name: functools.partial(_of_b2b, value) for name, value in b2b.VALUES.items()},
}


class Context(Mapping[str, object]):
    """The fields of an order, and the attributes of the event that comes (`event.<attribute>`, null where left out)."""

    def __init__(
        self,
        facts: Facts,
        attributes: Mapping[str, Any],
        takes: Mapping[str, str],
        more: Mapping[str, object],
    ) -> None:
        """Takes the order, what the event brought, what it may bring, and fields that others give (`children.<kind>`)."""
        self._facts = facts
        self._attributes = attributes
        self._takes = takes
        self._more = more

    def __getitem__(self, name: str) -> object:
        """The value of a field. KeyError: there is none of that name."""
        if found := _VALUES.get(name):
            return found(self._facts)
        if name in self._more:
            return self._more[name]
        if name.startswith("event.") and name[6:] in self._takes:
            return self._attributes.get(name[6:])
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        """The names of all fields."""
        yield from _VALUES
        yield from self._more
        yield from (f"event.{name}" for name in self._takes)

    def __len__(self) -> int:
        """How many fields there are."""
        return len(_VALUES) + len(self._more) + len(self._takes)


def session_of(sessions: Mapping[uuid.UUID, Session], order: Order) -> Session | None:
    """The session of an order, if it has one and it was loaded."""
    return sessions.get(order.session_id) if order.session_id else None
