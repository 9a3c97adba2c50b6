"""Every document that an enterprise shows to platforms, with something in each."""

from __future__ import annotations

from typing import Final

import httpx2

from tests.edges.conftest import Server
from tests.edges.dfc.bodies import document
from tests.edges.dfc.supplier import CONTENT, Jean, jean

V2: Final = {"accept": 'application/ld+json; profile="dfc-v2"'}


async def full(server: Server) -> tuple[Jean, httpx2.AsyncClient, list[str]]:
    """A farm with all that can be told of it, a platform with all scopes and an order, and the addresses of all that it can read."""
    shop = await jean(server, carrots="10", leeks="5")
    await shop.stock("cress", "3", stock_unit="piece", product="Herbs", weight_grams="50")
    client = await shop.platform(
        "read_enterprise",
        "write_enterprise",
        "read_products",
        "write_products",
        "read_orders",
        "write_orders",
    )
    carrots, base = shop.items["carrots"], shop.iris.base
    parts: list[tuple[str, dict[str, object]]] = [
        (
            f"{base}/Addresses/{shop.id}",
            {"@type": "Address", "hasStreet": "1 rue du Champ", "hasCity": "Valence"},
        ),
        (f"{base}/Persons/{shop.id}", {"@type": "Person", "firstName": "Jean"}),
        (f"{base}/PhoneNumbers/{shop.id}", {"@type": "PhoneNumber", "phoneNumber": "+33 4 75"}),
        (
            f"{shop.home}/SocialMedias/mastodon",
            {"@type": "SocialMedia", "URL": "https://social.example/@jean"},
        ),
    ]
    told = {
        "@type": "SuppliedProduct", "description": "Grown in sand.", "image": "https://farm.example/c.png", "lifetime": "9 days",
        "hasType": "dfc-pt:carrot", "hasCertification": "dfc-f:Organic-AB", "frozen": "false", "alcoholPercentage": "0",
    }  # fmt: skip
    price = {"@type": "Price", "value": "2.40", "hasUnit": "dfc-m:Euro", "VATrate": "5.5"}
    for place, node in (
        *parts,
        (f"{shop.home}/SuppliedProducts/{carrots}", told),
        (shop.offer("carrots"), {"@type": "Offer", "hasPrice": price}),
    ):
        answer = await client.put(place, content=document({"@id": place, **node}), headers=CONTENT)
        assert answer.status_code == 204, answer.text
    category = document({"@id": "#", "@type": "CustomerCategory", "description": "Restaurants"})
    made = await client.post(f"{shop.home}/CustomerCategories", content=category)
    order = await client.post(shop.orders, content=shop.wish([("carrots", 6), ("leeks", "0.5")]))
    group = await client.get(f"{shop.home}/SuppliedProducts/{shop.items['cress']}")
    variant = next(
        node["dfc-b:isVariantOf"] for node in group.json()["@graph"] if "dfc-b:isVariantOf" in node
    )
    places = [
        f"{base}/Enterprises", f"{base}/SuppliedProducts", shop.home, *(place for place, _ in parts),
        *(f"{shop.home}/{name}" for name in ("SuppliedProducts", "CatalogItems", "Offers", "CustomerCategories", "Orders", "SaleSessions")),
        *(f"{shop.home}/{name}/{carrots}" for name in ("SuppliedProducts", "CatalogItems", "Offers")),
        f"{shop.home}/Catalogs/{shop.id}", variant, made.headers["location"],
        order.headers["location"], f"{order.headers['location']}/orderLines", f"{order.headers['location']}/orderLines/{carrots}",
    ]  # fmt: skip
    return shop, client, places
