"""From our stock units to what a supplier sells, and back: exact ratios, whole cases where it opens none.

Several items of ours may come as one product there (the can and the case of twelve): they are added up before anything is rounded, so
that nothing is ordered twice for the rest of a case.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from fractions import Fraction

import msgspec

from coster.domain.federation.model import RemoteItem
from coster.domain.parties.model import Remainder


class Ratio(msgspec.Struct, frozen=True, kw_only=True):
    """How an item of ours is ordered: one of `product` (by its `offer`) holds `num/den` of the item's stock unit, in steps of `step`
    thousandths of the product's unit.
    """

    product: str
    offer: str
    num: int
    den: int
    step: int


class RemoteTotal(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a product at the supplier, in thousandths of its unit; `rest` is what is in it beyond what was wanted, exact."""

    product: str
    offer: str
    quantity: int
    rest: Fraction


def ratio(item: RemoteItem) -> Ratio:
    """How an item that a supplier's product stands behind is ordered."""
    offered = item.offered
    return Ratio(
        product=offered.ordered, offer=offered.offer, num=offered.num, den=offered.den, step=offered.step
    )


def to_remote(
    totals: Mapping[uuid.UUID, int], ratios: Mapping[uuid.UUID, Ratio], policy: Remainder = "round_up"
) -> list[RemoteTotal]:
    """What is to be ordered for totals of items (thousandths of their stock units), by product; nothing where nothing is wanted.

    What is no whole step is filled up; with `round_down` it is left out, as it is cut from the shoppers' lines before the end.
    Raises KeyError for an item that has no ratio: nobody may order less than was sold without saying so.
    """
    wanted: dict[str, Fraction] = {}
    by_product: dict[str, Ratio] = {}
    for item_id, quantity in totals.items():
        known = ratios[item_id]
        by_product.setdefault(known.product, known)
        wanted[known.product] = wanted.get(known.product, Fraction()) + Fraction(
            quantity * known.den, known.num
        )
    lines = [_line(by_product[product], amount, policy) for product, amount in sorted(wanted.items())]
    return [line for line in lines if line.quantity]


def _line(known: Ratio, wanted: Fraction, policy: Remainder) -> RemoteTotal:
    steps = wanted / known.step
    whole = steps.numerator // steps.denominator
    if policy != "round_down" and whole != steps:
        whole += 1
    quantity = whole * known.step
    return RemoteTotal(
        product=known.product, offer=known.offer, quantity=quantity, rest=Fraction(quantity) - wanted
    )


def from_remote(available: Mapping[str, int], ratios: Mapping[uuid.UUID, Ratio]) -> dict[uuid.UUID, int]:
    """The most of each item (thousandths of its stock unit, rounded down) that these amounts of products come to, if all of a product
    went to this item alone. Items whose product is not among them are left out.
    """
    return {
        item_id: available[known.product] * known.num // known.den
        for item_id, known in ratios.items()
        if known.product in available
    }


def fits(
    totals: Mapping[uuid.UUID, int], available: Mapping[str, int], ratios: Mapping[uuid.UUID, Ratio]
) -> bool:
    """Whether totals of items can be had together from these amounts of products; a product that is not among them sets no bound."""
    return all(
        line.quantity <= available[line.product]
        for line in to_remote(totals, ratios)
        if line.product in available
    )
