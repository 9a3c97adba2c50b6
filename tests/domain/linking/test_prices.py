"""What a supplier's answer says of prices: told where it is not what the catalogue said, and once."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal

import msgspec

from coster.domain.federation.ports import RemotePrice
from coster.domain.linking.model import Link, Offered, State
from coster.domain.linking.rules import answering, pricing

CANS, EGGS, CASE, EGG = (
    uuid.UUID(int=1),
    uuid.UUID(int=2),
    "https://farm.example/case",
    "https://farm.example/egg",
)
OFFERED = {
    CANS: Offered(item_id=CANS, product=CASE, offer="", name="Beans", price=Decimal("18.85"), currency="GBP"),
    EGGS: Offered(item_id=EGGS, product=EGG, offer="", name="Egg"),
}
AT = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)
LINK = Link(held_order_id=uuid.UUID(int=9), producer_id=uuid.UUID(int=8))


def told(link: Link, amount: str, currency: str = "GBP", product: str = CASE) -> tuple[Link, str]:
    """The link after such a price was told, and the news of it."""
    after = pricing.noted(
        link, OFFERED, [RemotePrice(product=product, amount=Decimal(amount), currency=currency)]
    )
    return after, pricing.news(link.acked.prices, after.acked.prices, OFFERED)


def test_a_price_that_differs_is_told_once() -> None:
    """And again only when it is yet another; that it is as in the catalogue again is no news, and stands for a fresh start."""
    risen, news = told(LINK, "19.5")
    assert news == "Beans costs 19.50 GBP there and 18.85 GBP in the catalogue as it was read last"
    assert told(risen, "19.50")[1] == ""
    assert told(risen, "20.125")[1].startswith("Beans costs 20.125 GBP there")
    equal, news = told(risen, "18.850")
    assert (equal.acked.prices, news) == ({}, "")
    assert told(equal, "19.5")[1] != ""


def test_what_is_not_told_is_not_compared() -> None:
    """No price in our copy, no word of a currency, a product that is not ours, an answer without prices."""
    assert told(LINK, "3", product=EGG)[1] == ""
    assert told(LINK, "18.85", currency="")[1] == ""
    assert told(LINK, "3", product="https://farm.example/other")[1] == ""
    assert told(LINK, "18.85", currency="EUR")[1].startswith("Beans costs 18.85 EUR there and 18.85 GBP")
    risen, _ = told(LINK, "19.5")
    assert pricing.noted(risen, OFFERED, []).acked.prices == risen.acked.prices


def test_what_was_told_outlives_what_is_acknowledged_next() -> None:
    """A mark that moves on without a word, and an answer that says nothing of prices, forget none."""
    risen, _ = told(LINK, "19.5")
    after = answering.confirmed(risen, State(version=3, standing="held"), AT, done=False)
    assert (after.acked.version, after.acked.prices) == (3, {CASE: "19.50 GBP"})


def test_many_prices_are_one_sentence() -> None:
    """Three are named, the others counted."""
    many = {
        uuid.UUID(int=n): msgspec.structs.replace(OFFERED[CANS], product=f"{CASE}/{n}", name=f"Beans {n}")
        for n in range(1, 6)
    }
    prices = [RemotePrice(product=one.product, amount=Decimal(20)) for one in many.values()]
    after = pricing.noted(LINK, many, prices)
    sentence = pricing.news({}, after.acked.prices, many)
    assert sentence.count("costs 20.00 GBP there") == 3
    assert sentence.endswith("; and 2 more")
