"""The town in which the laws are tried: who there is, what is sold, and where it lies. Names and ids only."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid

from coster.domain.federation.rules.suppliers import counterpart_id
from coster.domain.inventory.rules.holding import position_id
from coster.domain.parties.model import Relation
from coster.domain.sourcing.model import Sale
from coster.domain.sourcing.rules import pool_of
from coster.kernel import ids

START = dt.datetime(2026, 11, 23, 8, 0, tzinfo=dt.UTC)


def name_id(*name: object) -> uuid.UUID:
    """The id of a thing by its name."""
    return ids.derived("law", *name)


HUB_A, HUB_B = name_id("hub A"), name_id("hub B")
JEAN, QUINN = name_id("Jean"), name_id("Quinn")
HUBS = (HUB_A, HUB_B)
# Hub A makes jam and baskets, which Hub B may sell.
PRODUCERS = (JEAN, QUINN, HUB_A)
ENTERPRISES = (HUB_A, HUB_B, JEAN, QUINN)
# Hubs on another platform, that are enterprises here as soon as they order.
AWAY = (name_id("hub on another platform"), name_id("another of them"))
# Producers on other platforms, and who stands for them here as soon as a hub takes them on.
IRIS = ("https://farm.example/quinn", "https://farm.example/rosa")
ELSEWHERE = tuple(counterpart_id(hub, iri) for hub in HUBS for iri in IRIS)
PAIRS = ((HUB_A, JEAN), (HUB_A, QUINN), (HUB_B, JEAN), (HUB_B, QUINN), (HUB_B, HUB_A))

CARROTS, EGGS = name_id("carrots"), name_id("eggs")
MILK, CHEESE, BREAD = name_id("milk"), name_id("cheese"), name_id("bread")
JAM, BASKET = name_id("jam"), name_id("basket")
OWNERS = {CARROTS: JEAN, EGGS: JEAN, MILK: QUINN, CHEESE: QUINN, BREAD: QUINN, JAM: HUB_A, BASKET: HUB_A}
ITEMS = tuple(OWNERS)

BARN, FIELD, DAIRY, SHED = name_id("barn"), name_id("field"), name_id("dairy"), name_id("shed")
KEEPERS = {BARN: JEAN, FIELD: JEAN, DAIRY: QUINN, SHED: HUB_A}
LOCATIONS = tuple(KEEPERS)
# Where what lies at first, in thousandths.
STOCK = {
    (CARROTS, BARN): 27_000,
    (CARROTS, FIELD): 16_000,
    (EGGS, BARN): 33_000,
    (CHEESE, DAIRY): 7_500,
    (JAM, SHED): 12_000,
}
TRACKED = tuple(STOCK)

REGULARS = {name_id("Ali"): HUB_A, name_id("Paul"): HUB_A, name_id("David"): HUB_B}
CUSTOMERS = tuple(REGULARS)

NETWORK, LATE, NEXT = name_id("network"), name_id("late"), name_id("next")
SESSIONS = (NETWORK, LATE, NEXT)
CLOSES = {NETWORK: START + dt.timedelta(days=2), LATE: START + dt.timedelta(days=4)}
AMENDED = {NETWORK: CLOSES[NETWORK] + dt.timedelta(hours=2), LATE: CLOSES[LATE] + dt.timedelta(days=1)}

OWNER_KEY, HUB_KEY, PRODUCER_KEY, REVOKED_KEY = (
    name_id("key", n) for n in ("owner", "hub", "producer", "revoked")
)
ENDPOINT = name_id("endpoint")
CENTRE = name_id("cost centre")
# Moves of orders between versions of their flow: one that is done, and one that runs while orders are placed.
DONE_MOVE, MOVE = name_id("move", 0), name_id("move", 1)

EARLIER_ORDERS = 8


def order_id(number: int) -> uuid.UUID:
    """The id of the order of this number; the first ones are placed before a law is tried."""
    return name_id("order", number)


def position(item: uuid.UUID, location: uuid.UUID, lot: str = "") -> uuid.UUID:
    """The id of a position."""
    return position_id(item, location, lot)


def held_order_ids(*, single: bool) -> list[uuid.UUID]:
    """The held orders that may come to be: one a session, or (single) one for each of the earlier orders."""
    found: dict[uuid.UUID, None] = {}
    for (hub, producer), session in itertools.product(PAIRS, (NETWORK, LATE)):
        for number in range(EARLIER_ORDERS if single else 1):
            sale = Sale(order_id=order_id(number), seller_id=hub, session_id=session)
            found[
                pool_of(sale, _terms(hub, producer, "per_order" if single else "per_session"), session).id
            ] = None
    return list(found)


def _terms(hub: uuid.UUID, producer: uuid.UUID, consolidation: str) -> Relation:
    return Relation(
        hub_id=hub, producer_id=producer, active=True, consolidation=consolidation, aggregation="by_item",  # type: ignore[arg-type]
        grant_policy="refuse", remainder="loose", shortage="first_come", discount_over=0, discount_permille=0,
    )  # fmt: skip
