"""The checkout of an order: a child with a flow of its own, whose state lives in the order's row. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Final

from coster.domain.orders.model import Order
from coster.domain.orders.rules.vocabulary_checkout import KIND
from coster.engine.workflow import rollups
from coster.engine.workflow.step import Table
from coster.engine.workflow.tables import Tables

COUNTED: Final = f"children.{KIND}"
INNER: Final = frozenset({"expire_checkout", "abandon_checkout", "shorted"})
"""Triggers of the room that nobody sends: the clock does, the end of a session, the order's own cancellation, or a shortage."""


def flow_name(table: Table, type_: str) -> str:
    """The flow of the checkouts of a flow's orders of a type; empty: they have none."""
    return next((entry.flow(type_) for entry in table.flow.children if entry.kind == KIND), "")


def begun(table: Table, checkouts: Tables, order_id: uuid.UUID, type_: str) -> Table | None:
    """The version on which the checkout of a new order begins; None: it has none. Raises UnknownVersionError."""
    name = flow_name(table, type_)
    return checkouts.begin(name, order_id) if name else None


def table_of(table: Table, checkouts: Tables, order: Order) -> Table | None:
    """The version on which the order's checkout is; None: it has none. Raises UnknownVersionError."""
    if order.checkout_version is None:
        return None
    name = flow_name(table, order.type)
    return checkouts.of(name, order.checkout_version) if name else None


def counts(child: Table, status: str | None) -> Mapping[str, object]:
    """The field that roll-ups read: how many checkouts are in each status."""
    statuses = [one.name for one in child.flow.statuses]
    return {COUNTED: rollups.counts(statuses, [status] if status is not None else [])}


def possible(table: Table, child: Table | None, order: Order) -> Sequence[str]:
    """What can be sent to the order now, to its checkout included."""
    found = list(table.possible.get(order.status, ()))
    if child is not None and order.checkout is not None:
        found += [name for name in child.possible.get(order.checkout, ()) if name not in found]
    return [name for name in found if name not in INNER]
