"""What a held order comes to in the supplier's own units: exact, and in whole steps of what it sells. Pure."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from fractions import Fraction

from coster.domain.federation.ports import RemoteLine, Standing
from coster.domain.linking.model import Here, Offered, State


def remote_lines(
    items: Mapping[uuid.UUID, int], offered: Mapping[uuid.UUID, Offered]
) -> tuple[RemoteLine, ...]:
    """One line per product of the supplier, by product: several local items of one product are added up before the last case is
    filled. Items without a product of the supplier are left out (`unlinked` names them); nothing of nothing is no line.
    """
    sums = exact(items, offered)
    kinds = {
        offered[item].product: offered[item] for item, amount in items.items() if amount and item in offered
    }
    return tuple(
        RemoteLine(
            product=product, offer=kinds[product].offer, quantity=_up(sums[product], kinds[product].step)
        )
        for product in sorted(sums)
    )


def exact(items: Mapping[uuid.UUID, int], offered: Mapping[uuid.UUID, Offered]) -> dict[str, Fraction]:
    """What is wanted of each product of the supplier, in thousandths of its unit, before any case is filled."""
    sums: dict[str, Fraction] = {}
    for item_id, amount in items.items():
        if amount and (kind := offered.get(item_id)):
            part = Fraction(amount * kind.denominator, kind.numerator)
            sums[kind.product] = sums.get(kind.product, Fraction(0)) + part
    return sums


def _up(amount: Fraction, step: int) -> int:
    steps = amount / step
    return -(-steps.numerator // steps.denominator) * step


def unlinked(items: Mapping[uuid.UUID, int], offered: Mapping[uuid.UUID, Offered]) -> list[uuid.UUID]:
    """Items that something is held of, and that are nothing at the supplier (any more)."""
    return sorted(item for item, amount in items.items() if amount and item not in offered)


def room(
    items: Mapping[uuid.UUID, int], offered: Mapping[uuid.UUID, Offered], item_id: uuid.UUID, available: int
) -> int:
    """How much more of an item fits into what the supplier has of its product: thousandths of the item's stock unit, rounded down."""
    kind = offered[item_id]
    free = available // kind.step * kind.step - exact(items, offered).get(kind.product, Fraction(0))
    return max(0, free * kind.numerator // kind.denominator)


def standing(here: Here, now: dt.datetime) -> Standing:
    """What the held order is to the supplier. An empty one stays open as long as its session can still be changed."""
    if here.holds == "live":
        return "held"
    if here.holds == "committed" or here.delivered:
        return "complete"
    return "held" if now < here.session.ends_at else "cancelled"


def desired(here: Here, now: dt.datetime) -> State:
    """The state that the supplier shall have."""
    said = standing(here, now)
    lines = () if said == "cancelled" else remote_lines(here.items, here.offered)
    ends_at = here.session.ends_at if said == "held" else None
    return State(version=here.version, standing=said, lines=lines, marks=here.marks, ends_at=ends_at)


def quantity_of(lines: Iterable[RemoteLine], product: str, offer: str) -> int:
    """How much of a product these lines come to; lines are known by their product, or by their offer."""
    return sum(line.quantity for line in lines if is_of(line, product, offer))


def is_of(line: RemoteLine, product: str, offer: str) -> bool:
    """Whether a line is about this product, or this offer."""
    return bool((product and line.product == product) or (offer and line.offer == offer))


def same_lines(mine: Iterable[RemoteLine], theirs: Iterable[RemoteLine]) -> bool:
    """Whether both come to the same of every product; what there is nothing of does not count."""
    ours, others = [one for one in mine if one.quantity], [one for one in theirs if one.quantity]
    return len(ours) == len(others) and all(
        quantity_of(others, one.product, one.offer) == one.quantity for one in ours
    )
