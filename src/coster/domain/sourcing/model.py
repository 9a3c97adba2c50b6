"""Records of sourcing: who sells what to whom, and the plan for a line."""

from __future__ import annotations

import uuid

import msgspec

from coster.domain.inventory.model import Position, Want


class Pool(msgspec.Struct, frozen=True, kw_only=True):
    """The account on which stock is held: a held order's identity, before anybody knows whether it exists."""

    id: uuid.UUID
    hub_id: uuid.UUID
    producer_id: uuid.UUID
    session_id: uuid.UUID
    single: bool


class Sale(msgspec.Struct, frozen=True, kw_only=True):
    """Who sells, in which session, under which order."""

    order_id: uuid.UUID
    seller_id: uuid.UUID
    session_id: uuid.UUID | None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How a line is to be served.

    `pools` says which account each want is held on; `opens` are the unlimited positions of items that nobody counts.
    `partial` is set where the producer's terms allow to give less than was asked for.
    """

    wants: tuple[Want, ...]
    pools: tuple[Pool, ...]
    opens: tuple[Position, ...]
    partial: bool
    untracked: bool
