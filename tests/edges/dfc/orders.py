"""A held order as the producer's platform tells it: two lines, offers, items, products, the hub's session, both enterprises."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from coster.edges.dfc.language.concepts import FulfilmentStatus, OrderStatus, PaymentStatus
from coster.edges.dfc.language.records import (
    CatalogItem,
    Enterprise,
    Graph,
    Offer,
    Order,
    OrderLine,
    Price,
    Quantity,
    SaleSession,
    SuppliedProduct,
)
from coster.edges.dfc.language.writing import graph

JEAN = "https://oms.example/api/dfc/Enterprises/jean"
HUB = "https://hub-a.example/api/dfc/Enterprises/hub-a"
SESSION = f"{HUB}/SaleSessions/2026-w30"
ORDER = f"{JEAN}/Orders/77"
SUMMER = dt.timezone(dt.timedelta(hours=2))


def order() -> Order:
    """The order by itself."""
    return Order(
        id=ORDER, number="JEAN-2026-000077", placed_at=dt.datetime(2026, 7, 21, 9, 30, tzinfo=SUMMER), order_status=OrderStatus.HELD,
        fulfilment_status=FulfilmentStatus.HELD, payment_status=PaymentStatus.UNPAID, session=SESSION, buyer=HUB, seller=JEAN,
        discount=Decimal(0), lines=(f"{ORDER}/OrderLines/1", f"{ORDER}/OrderLines/2"),
    )  # fmt: skip


def held_order() -> Graph:
    """The order with all that it names."""
    records = [order(), SaleSession(id=SESSION, starts_at=dt.datetime(2026, 7, 20, 6, tzinfo=SUMMER),
                                    ends_at=dt.datetime(2026, 7, 24, 18, tzinfo=SUMMER)),
               Enterprise(id=HUB, name="Hub A"), Enterprise(id=JEAN, name="Ferme de Jean")]  # fmt: skip
    for n, name, quantity, price, stock in (
        (1, "Carrots", "6", "2.40", "4"),
        (2, "Leeks", "0.5", "3.10", "0"),
    ):
        item, offer, product = (
            f"{JEAN}/{kind}/{1000 + n}" for kind in ("CatalogItems", "Offers", "SuppliedProducts")
        )
        money = Price(Decimal(price), "EUR", Decimal("5.5"))
        records += [
            OrderLine(id=f"{ORDER}/OrderLines/{n}", order=ORDER, offer=offer, quantity=Decimal(quantity), price=money),
            Offer(id=offer, item=item, product=product, price=money, sessions=(SESSION,), stock=Decimal(stock)),
            CatalogItem(id=item, product=product, managed_by=JEAN, sku=f"{name[:3].upper()}-1KG", stock=Decimal(stock)),
            SuppliedProduct(id=product, name=name, supplied_by=JEAN, quantity=Quantity(Decimal(1), "Kilogram"), product_types=("carrot",)),
        ]  # fmt: skip
    return graph(records)
