"""Every path and method that platforms and their descriptions have: it works, or it is 405 and says what works there."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import pytest

from coster.edges.dfc.operations import OPERATIONS
from tests.edges.conftest import Server
from tests.edges.dfc.bodies import named
from tests.edges.dfc.suite import Fred, fred
from tests.edges.dfc.supplier import Jean, jean
from tests.house.tree import PROJECT

METHODS: Final = ("GET", "POST", "PUT", "DELETE")
E = "Enterprises/{enterprise_id}"
WORKS: Final = {
    "Enterprises": "GET POST",
    E: "GET POST PUT",
    "Organizations": "GET",
    "Organizations/{enterprise_id}": "GET",
    "Addresses/{id}": "GET PUT DELETE",
    "Persons/{id}": "GET PUT DELETE",
    "PhoneNumbers/{id}": "GET PUT DELETE",
    f"{E}/SocialMedias/{{name}}": "GET PUT DELETE",
    "SuppliedProducts": "GET",
    f"{E}/SuppliedProducts": "GET POST",
    f"{E}/SuppliedProducts/{{id}}": "GET PUT",
    f"{E}/CatalogItems": "GET POST",
    f"{E}/CatalogItems/{{id}}": "GET POST PUT DELETE",
    f"{E}/Offers": "GET POST",
    f"{E}/Offers/{{id}}": "GET PUT DELETE",
    f"{E}/Catalogs/{{id}}": "GET",
    f"{E}/ProductGroups/{{group}}": "GET",
    f"{E}/CustomerCategories": "GET POST",
    f"{E}/CustomerCategories/{{category}}": "GET PUT DELETE",
    f"{E}/Orders": "GET POST",
    f"{E}/Orders/{{id}}": "GET PUT DELETE",
    f"{E}/Orders/{{id}}/orderLines": "GET POST",
    f"{E}/Orders/{{id}}/orderLines/{{line_id}}": "GET PUT DELETE",
    f"{E}/SaleSessions": "GET POST",
    f"{E}/SaleSessions/{{id}}": "GET PUT",
    f"{E}/Platforms": "GET",
    f"{E}/Platforms/{{id}}": "GET PUT",
    "Persons/{id}/webid": "GET",
    "Persons/{id}/prefs": "GET",
    "Persons/{id}/private_type_index": "GET",
    "webid": "GET",
    "scopes": "GET",
    "me": "GET",
    "events": "POST",
    "openapi.json": "GET",
}
"""What works, by path below /api/dfc; every other method there is 405."""


@pytest.fixture(scope="module")
async def farm(server: Server) -> Fred:
    """A farm."""
    return await fred(server)


def test_the_table_is_what_is_offered() -> None:
    """Neither more nor less than the operations."""
    offered: dict[str, set[str]] = {}
    for one in OPERATIONS:
        offered.setdefault(one.path.removeprefix("/api/dfc/"), set()).add(one.method)
    assert offered == {path: set(methods.split()) for path, methods in WORKS.items()}


@pytest.mark.parametrize("path", WORKS)
async def test_what_is_not_offered_is_405_and_says_what_is(farm: Fred, path: str) -> None:
    """With Allow, for each of the other methods."""
    url = "/api/dfc/" + re.sub(r"\{enterprise_id\}", farm.id, path)
    url = re.sub(r"\{\w+\}", farm.item, url)
    for method in set(METHODS) - set(WORKS[path].split()):
        heard = await farm.server.owner.request(method, url, content=b"{}")
        assert heard.status_code == 405, (method, path)
        assert set(heard.headers["allow"].split(", ")) == set(WORKS[path].split())
        assert heard.json()["code"] == "method_not_allowed"


def test_each_refused_change_of_an_object_has_its_reason() -> None:
    """What cannot be replaced or deleted stands in the documentation with why, and nothing stands there that can."""
    page = (PROJECT / "docs" / "reference" / "dfc-api.md").read_text("utf-8")
    rows = re.findall(r"^\| ((?:`(?:PUT|DELETE) \S+`(?:, )?)+) \| (.{40,}) \|$", page, re.MULTILINE)
    told = {one for names, _ in rows for one in re.findall(r"`(.*?)`", names)}
    refused = {
        f"{method} {path.removeprefix(f'{E}/').replace('{enterprise_id}', '{id}')}"
        for path, methods in WORKS.items() if path.endswith("}")
        for method in {"PUT", "DELETE"} - set(methods.split())
    }  # fmt: skip
    assert told == refused


# ------------------------------------------------------------------------------------------- what the new methods do


async def sent(farm: Fred, method: str, path: str, *nodes: dict[str, Any]) -> Any:
    """A document of nodes with short names."""
    body = json.dumps(
        {"@context": "https://www.datafoodconsortium.org", "@graph": [named(node) for node in nodes]}
    )
    return await farm.send(method, path, body)


async def test_a_product_is_put_on_sale_and_taken_off_it(farm: Fred) -> None:
    """Made without a price it is in no catalogue; an offer puts it there, DELETE takes it away, and the product stays."""
    made = await sent(
        farm, "POST", "/SuppliedProducts", {"@id": "#", "@type": "SuppliedProduct", "name": "Jam"}
    )
    product = made.headers["location"]
    id_ = product.rpartition("/")[2]
    assert (await farm.server.owner.get(f"{farm.home}/Offers/{id_}")).status_code == 404
    price = {"@type": "Price", "value": "3.20", "hasUnit": "dfc-m:Euro", "VATrate": "5.5"}
    offer = {"@id": "#", "@type": "Offer", "offeredItem": {"@id": product}, "hasPrice": price}
    first, again = [await sent(farm, "POST", "/Offers", offer) for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.headers["location"] == f"{farm.home}/Offers/{id_}"
    assert '"dfc-b:VATrate":"5.5"' in first.text
    assert (await farm.server.owner.delete(f"{farm.home}/CatalogItems/{id_}")).status_code == 204
    assert (await farm.server.owner.delete(f"{farm.home}/Offers/{id_}")).status_code == 404
    item = {"@id": "#", "@type": "CatalogItem", "references": product, "sku": "JAM", "stockLimitation": "7"}
    back = await sent(farm, "POST", "/CatalogItems", item)
    assert (back.status_code, '"dfc-b:stockLimitation":"7"' in back.text) == (201, True)
    assert (await farm.server.owner.get(product)).status_code == 200


async def test_what_has_no_price_or_no_product_is_not_put_on_sale(farm: Fred) -> None:
    """A catalogue item needs a product of this enterprise, and a price in the document or at the product."""
    made = await sent(
        farm, "POST", "/SuppliedProducts", {"@id": "#", "@type": "SuppliedProduct", "name": "Tea"}
    )
    told = [
        {"@id": "#", "@type": "CatalogItem", "references": made.headers["location"], "sku": "T"},
        {"@id": "#", "@type": "CatalogItem", "references": "https://elsewhere.example/p/1", "sku": "T"},
    ]
    faults = [
        (await sent(farm, "POST", "/CatalogItems", one)).json()["faults"][0]["property"] for one in told
    ]
    assert [one.removeprefix("dfc-b:") for one in faults] == ["hasPrice", "references"]


async def test_an_enterprise_is_made_with_what_is_told_of_it(server: Server) -> None:
    """With an id of ours or one of its own; the same id a second time, or by who may not make any, is refused."""
    enterprise = {
        "@id": "#",
        "@type": "Enterprise",
        "name": "New Farm",
        "hasDescription": "Roots",
        "hasAddress": "#a",
    }
    address = {"@id": "#a", "@type": "Address", "hasCity": "Valence"}
    body = json.dumps(
        {"@context": "https://www.datafoodconsortium.org", "@graph": [named(enterprise), named(address)]}
    )
    headers = {"content-type": "application/ld+json"}
    own = "/api/dfc/Enterprises/0192f0c1-2f3a-7bcd-8e9f-0123456789ff"
    first = await server.owner.post("/api/dfc/Enterprises?currency=GBP", content=body, headers=headers)
    second = await server.owner.post(own, content=body, headers=headers)
    third = await server.owner.post(own, content=body, headers=headers)
    assert (first.status_code, second.status_code, third.status_code) == (201, 201, 412)
    assert second.headers["location"].endswith(own)
    for place in (first.headers["location"], second.headers["location"]):
        text = (await server.owner.get(place)).text
        assert all(word in text for word in ("New Farm", "Roots", "Valence"))
    shop = await jean(server)
    client = await shop.platform("write_enterprise")
    refused = await client.post("/api/dfc/Enterprises", content=body, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope")


async def test_parts_of_an_enterprise_are_said_and_taken_away_by_themselves(farm: Fred) -> None:
    """Address, contact, telephone, account: PUT says it, GET shows it, DELETE takes it away, and twice is 404."""
    api = f"{farm.server.url}/api/dfc"
    parts = {
        f"{api}/Addresses/{farm.id}": {"@type": "Address", "hasCity": "Valence"},
        f"{api}/Persons/{farm.id}": {"@type": "Person", "firstName": "Jean"},
        f"{api}/PhoneNumbers/{farm.id}": {"@type": "PhoneNumber", "phoneNumber": "+33 4 75"},
        f"{farm.home}/SocialMedias/mastodon": {"@type": "SocialMedia", "URL": "https://social.example/@jean"},
    }
    owner = farm.server.owner
    for place, told in parts.items():
        body = {"@context": "https://www.datafoodconsortium.org", **named(told)}
        heard = [
            (await owner.put(place, json=body)).status_code,
            (await owner.get(place)).status_code,
            (await owner.delete(place)).status_code,
            (await owner.get(place)).status_code,
            (await owner.delete(place)).status_code,
        ]
        assert heard == [204, 200, 204, 404, 404], place


async def test_a_category_is_described_anew(farm: Fred) -> None:
    """By its address; that of everybody is not the farm's to word."""
    made = await sent(
        farm, "POST", "/CustomerCategories", {"@id": "#", "@type": "CustomerCategory", "description": "Chefs"}
    )
    place = made.headers["location"]
    body = {
        "@context": "https://www.datafoodconsortium.org",
        **named({"@type": "CustomerCategory", "description": "Cooks"}),
    }
    assert (await farm.server.owner.put(place, json=body)).status_code == 204
    assert "Cooks" in (await farm.server.owner.get(place)).text
    everybody = f"{farm.home}/CustomerCategories/everybody"
    assert (await farm.server.owner.put(everybody, json=body)).status_code == 404


async def lines_of(shop: Jean, client: Any) -> tuple[str, str]:
    """An order of six carrots and two beets, and the address of the carrots' line."""
    order = (await client.post(shop.orders, content=shop.wish([("carrots", 6), ("beets", 2)]))).headers[
        "location"
    ]
    return order, f"{order}/orderLines/{shop.items['carrots']}"


async def test_a_line_is_taken_out_by_delete_and_its_goods_are_free(server: Server) -> None:
    """204, then 404; the other line stays."""
    shop = await jean(server, carrots="10", beets="10")
    client = await shop.platform()
    _, line = await lines_of(shop, client)
    assert await shop.available("carrots") == "4"
    assert [(await client.delete(line)).status_code for _ in range(2)] == [204, 404]
    assert (await shop.available("carrots"), await shop.available("beets")) == ("10", "8")


async def test_a_session_is_moved_by_put_by_its_own_platform_alone(server: Server) -> None:
    """The end that it is told is the end that it has; another platform and who only reads do not find it."""
    shop = await jean(server, carrots="10")
    client, other = await shop.platform(), await shop.platform()
    began = {"@id": "#", "@type": "SaleSession", "beginDate": "2026-11-23T06:00:00+01:00"}
    told = {**began, "endDate": "2026-11-27T18:00:00+01:00"}
    context = {"@context": "https://www.datafoodconsortium.org"}
    place = (await client.post(f"{shop.home}/SaleSessions", json={**context, **named(told)})).headers[
        "location"
    ]
    later = {**context, **named({**told, "endDate": "2026-11-29T18:00:00+01:00"})}
    assert (await other.put(place, json=later)).status_code == 404
    assert (await client.put(place, json=later)).status_code == 204
    assert "2026-11-29" in (await client.get(place)).text


async def test_who_reads_all_held_orders_changes_none_of_another_platform(server: Server) -> None:
    """With held_orders:read and dfc_orders:write an order of another platform is seen, and neither changed nor cancelled."""
    shop = await jean(server, carrots="10", beets="10")
    client = await shop.platform()
    order, line = await lines_of(shop, client)
    reader = await shop.platform("producer", "write_orders")
    assert (await reader.get(order)).status_code == 200
    body = shop.wish([("carrots", 1)], id_=order)
    heard = [
        (await reader.put(order, content=body)).status_code,
        (await reader.delete(order)).status_code,
        (
            await reader.put(
                line,
                content=json.dumps({"@context": "https://www.datafoodconsortium.org", "dfc-b:quantity": "1"}),
            )
        ).status_code,
        (await reader.delete(line)).status_code,
        (await server.owner.delete(order)).status_code,
    ]
    assert heard == [404] * 5
    assert (await shop.available("carrots"), (await client.get(order)).status_code) == ("4", 200)
