"""What a supplier's answer says of prices, beside what its catalogue said when it was read last. Pure.

Between two readings of a catalogue a price may have changed there: the order is made at the supplier's price, and whoever sells the
goods on must know. A line keeps the price at which it was added, so one that differs is told once and not with every answer.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

import msgspec

from coster.domain.federation.ports import RemotePrice
from coster.domain.linking.model import Link, Offered

_MOST_NAMED: Final = 3


def noted(link: Link, offered: Mapping[uuid.UUID, Offered], told: Iterable[RemotePrice]) -> Link:
    """The link with the prices that its supplier told and that are not those of its catalogue; one of which it says nothing stays."""
    known = {one.product: one for one in offered.values()}
    prices = dict(link.acked.prices)
    for price in told:
        ours = known.get(price.product)
        prices.pop(price.product, None)
        if ours is not None and _differs(price, ours):
            prices[price.product] = _text(price.amount, price.currency or ours.currency)
    return msgspec.structs.replace(link, acked=msgspec.structs.replace(link.acked, prices=prices))


def news(before: Mapping[str, str], after: Mapping[str, str], offered: Mapping[uuid.UUID, Offered]) -> str:
    """In a sentence what is different by now and was not before; '' where nothing is."""
    known = {one.product: one for one in offered.values()}
    told = [
        f"{known[product].name or product} costs {price} there and {_ours(known[product])} in the catalogue as it was read last"
        for product, price in sorted(after.items())
        if before.get(product) != price and product in known
    ]
    more = len(told) - _MOST_NAMED
    return "; ".join(told[:_MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")


def _differs(price: RemotePrice, ours: Offered) -> bool:
    """Whether both say a price, and not the same; a currency counts where both say one."""
    if ours.price is None:
        return False
    named = price.currency and ours.currency
    return price.amount != ours.price or bool(named and price.currency != ours.currency)


def _ours(offered: Offered) -> str:
    return _text(offered.price or Decimal(0), offered.currency)


def _text(amount: Decimal, currency: str) -> str:
    """At least two digits after the point, and all that there are."""
    whole, _, part = f"{amount:f}".partition(".")
    return f"{whole}.{part.rstrip('0'):0<2} {currency}".strip()
