"""Where a line comes from: its own producer's places, nearest first, on the account of the held order it belongs to. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

import msgspec

from coster.domain.catalog.model import Item
from coster.domain.inventory.model import Want
from coster.domain.inventory.rules import holding
from coster.domain.parties.model import Relation
from coster.domain.sourcing.model import Plan, Pool, Sale
from coster.kernel import ids, quantity
from coster.kernel.outcome import Rejected


class Supply(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about where things can come from: items, terms, and each item's places in order."""

    items: Mapping[uuid.UUID, Item]
    relations: Mapping[tuple[uuid.UUID, uuid.UUID], Relation]
    places: Mapping[uuid.UUID, list[uuid.UUID]]


def shared_pool(hub_id: uuid.UUID, producer_id: uuid.UUID, session_id: uuid.UUID) -> uuid.UUID:
    """The id of the held order of a hub with a producer for a session."""
    return ids.derived("pool", hub_id, producer_id, session_id)


def session_pool(relation: Relation, session_id: uuid.UUID) -> uuid.UUID:
    """The same for the hub and the producer of a relation."""
    return shared_pool(relation.hub_id, relation.producer_id, session_id)


def single_pool(shared: uuid.UUID, order_id: uuid.UUID) -> uuid.UUID:
    """The id of the held order of one shopper's order; `shared` is that of the session's."""
    return ids.derived("pool", shared, order_id)


def pool_of(sale: Sale, relation: Relation, session_id: uuid.UUID) -> Pool:
    """The held order on which a sale's goods of this producer are held: one per session, or one per order."""
    single = relation.consolidation == "per_order"
    shared = session_pool(relation, session_id)
    return Pool(
        id=single_pool(shared, sale.order_id) if single else shared,
        hub_id=relation.hub_id,
        producer_id=relation.producer_id,
        session_id=session_id,
        single=single,
    )


def plan(supply: Supply, sale: Sale, item: Item, line: int, amount: int) -> Plan | Rejected:
    """The plan for `amount` thousandths of an item's stock unit; a kit wants its components instead.

    Refused (code not_supplied) where the seller may not sell the producer's goods: without a session, or without an active
    relation at this moment.
    """
    parts = _parts(supply, item, line, amount)
    if isinstance(parts, Rejected):
        return parts
    wants, pools, opens, partial = [], {}, [], False
    for part, needed in parts:
        terms = _terms(supply, sale, part, line)
        if isinstance(terms, Rejected):
            return terms
        pool = pool_of(sale, terms, sale.session_id) if terms and sale.session_id else None
        if pool:
            pools[pool.id] = pool
        partial = partial or (terms is not None and terms.grant_policy == "partial")
        places = tuple(supply.places.get(part.id, ())) if part.tracked else ()
        if not places:
            unlimited = holding.unlimited_position(part.id)
            opens.append(unlimited)
            places = (unlimited.id,)
        want = Want(
            line=line, item_id=part.id, positions=places, quantity=needed, pool_id=pool.id if pool else None,
            multiple=_case(part, terms),
        )  # fmt: skip
        wants.append(want)
    return Plan(
        wants=tuple(wants), pools=tuple(pools.values()), opens=tuple(opens), partial=partial,
        untracked=len(opens) == len(wants),
    )  # fmt: skip


def _parts(supply: Supply, item: Item, line: int, amount: int) -> list[tuple[Item, int]] | Rejected:
    if not item.components:
        return [(item, amount)]
    parts = []
    for component in item.components:
        needed, rest = divmod(amount * component.quantity, quantity.SCALE)
        if rest:
            return Rejected(
                "quantity_not_exact",
                f"{quantity.text(amount)} of {item.name} cannot be put together exactly; take whole ones.",
                {"line": line},
            )
        parts.append((supply.items[component.item_id], needed))
    return parts


def _terms(supply: Supply, sale: Sale, item: Item, line: int) -> Relation | Rejected | None:
    """The relation under which the seller sells the item; None for goods of its own."""
    if item.owner_id == sale.seller_id:
        return None
    relation = supply.relations.get((sale.seller_id, item.owner_id))
    if sale.session_id is None or relation is None or not relation.active:
        return Rejected(
            "not_supplied",
            f"{item.name} is not sold here at present: its producer does not supply this shop.",
            {"line": line, "item_id": str(item.id)},
        )
    return relation


def _case(item: Item, terms: Relation | None) -> int:
    """In which steps the account is held: whole cases where the terms fill the last one up, else loose."""
    by_case = terms is not None and terms.remainder == "round_up"
    return item.case_quantity if by_case and item.case_quantity else 1
