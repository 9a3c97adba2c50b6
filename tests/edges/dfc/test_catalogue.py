"""The catalogue of an enterprise as other platforms read and change it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from coster.edges.dfc import examples
from coster.edges.dfc.language import reading
from coster.edges.dfc.language.records import CatalogItem, Offer, SuppliedProduct
from tests.edges.conftest import Server
from tests.edges.scene import made


@pytest.fixture(scope="module")
async def farm(server: Server) -> dict[str, Any]:
    """A farm with counted, sold out and untracked goods."""
    owner = server.owner
    farm = await made(
        owner, "/enterprises", {"name": "Ferme de Jean", "kinds": ["producer"], "currency": "EUR"}
    )
    place = await made(owner, "/locations", {"enterprise_id": farm["id"], "name": "Barn"})
    ids = {"id": farm["id"]}
    for sku, more in {"CARROT": {"stock_unit": "kg"}, "BEET": {}, "HONEY": {"tracked": False}}.items():
        item = {"owner_id": farm["id"], "sku": sku, "name": sku.title(), "price": "2.40", **more}
        ids[sku] = (await made(owner, "/items", item))["id"]
    counted = {"kind": "count", "item_id": ids["CARROT"], "location_id": place["id"], "quantity": "10"}
    await made(owner, "/stock-movements", counted)
    return ids


def base(server: Server, farm: dict[str, Any]) -> str:
    """Where the farm is."""
    return f"{server.url}/api/dfc/Enterprises/{farm['id']}"


async def test_catalogue_tells_counted_sold_out_and_unlimited_apart(
    server: Server, farm: dict[str, Any]
) -> None:
    """Ten, zero, and nothing at all; each with its product and its price."""
    answer = await server.owner.get(f"{base(server, farm)}/CatalogItems")
    found = reading.read(answer.content)
    assert (answer.status_code, found.faults) == (200, ())
    stock = {one.sku: str(one.stock) for one in found.graph.of(CatalogItem)}
    assert stock == {"CARROT": "10", "BEET": "0", "HONEY": "None"}
    assert {str(one.price.value) for one in found.graph.of(Offer) if one.price} == {"2.4"}
    assert {one.name for one in found.graph.of(SuppliedProduct)} == {"Carrot", "Beet", "Honey"}


async def test_stock_that_a_platform_sets_is_free_from_then_on(server: Server, farm: dict[str, Any]) -> None:
    """A PUT with nothing but the stock sets it, whatever the spelling of the address."""
    path = f"{server.url}/api/dfc/enterprises/{farm['id']}/catalog_items/{farm['CARROT']}"
    told = {
        "@context": "https://www.datafoodconsortium.org",
        "dfc-b:stockLimitation": "12.5",
        "dfc-b:sku": "C-1",
    }
    assert (await server.owner.put(path, json=told)).status_code == 204
    found = reading.read((await server.owner.get(path)).content).graph.of(CatalogItem)
    assert [(one.sku, str(one.stock)) for one in found] == [("C-1", "12.5")]


async def test_stock_below_zero_is_unlimited(server: Server, farm: dict[str, Any]) -> None:
    """Minus one is read as unlimited and never written; a number makes it counted again."""
    path = f"{base(server, farm)}/CatalogItems/{farm['BEET']}"
    shown = []
    for stock in ("-1", "3"):
        told = {"@context": "https://www.datafoodconsortium.org", "dfc-b:stockLimitation": stock}
        assert (await server.owner.put(path, json=told)).status_code == 204
        text = (await server.owner.get(path)).text
        shown.append([one.stock for one in reading.read(text).graph.of(CatalogItem)])
        assert '"-1"' not in text
    assert [str(one) for [one] in shown] == ["None", "3"]


async def test_price_that_a_platform_sets_is_the_items(server: Server, farm: dict[str, Any]) -> None:
    """The price is set; the stock that the same offer says is old and not looked at; another currency is refused."""
    path = f"{base(server, farm)}/Offers/{farm['HONEY']}"
    price = {"@type": "dfc-b:Price", "dfc-b:value": "7.95", "dfc-b:hasUnit": "dfc-m:Euro"}
    told = {
        "@context": "https://www.datafoodconsortium.org",
        "dfc-b:hasPrice": price,
        "dfc-b:stockLimitation": 2,
    }
    assert (await server.owner.put(path, json=told)).status_code == 204
    [offer] = reading.read((await server.owner.get(path)).content).graph.of(Offer)
    assert (str(offer.price and offer.price.value), offer.stock) == ("7.95", None)
    told["dfc-b:hasPrice"] = {**price, "dfc-b:hasUnit": "dfc-m:PoundSterling"}
    refused = await server.owner.put(path, json=told)
    assert (refused.status_code, refused.json()["code"]) == (409, "currency_fixed")


async def test_product_is_made_with_its_price_and_found_again(server: Server, farm: dict[str, Any]) -> None:
    """201 with its address; a repeat of the request makes no second one."""
    told = examples.BODIES["createSuppliedProduct"]["product_with_price"]
    headers = {"Idempotency-Key": "make carrots"}
    path = f"{base(server, farm)}/SuppliedProducts"
    first = await server.owner.post(path, json=told, headers=headers)
    again = await server.owner.post(path, json=told, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201), first.text
    assert first.headers["location"] == again.headers["location"]
    shown = await server.owner.get(first.headers["location"])
    [product] = reading.read(shown.content).graph.of(SuppliedProduct)
    assert (product.id, product.name) == (first.headers["location"], "Carrots")


async def test_lists_come_in_pages_both_ways(server: Server, farm: dict[str, Any]) -> None:
    """first and after, last and before; the header tells truly whether there is more; bad combinations are 400."""
    path, seen = f"{base(server, farm)}/SuppliedProducts", []
    params: dict[str, str] = {"first": "2"}
    while True:
        answer = await server.owner.get(path, params=params)
        info = answer.json() and json.loads(answer.headers["pageinfo"])
        seen += [one.id for one in reading.read(answer.content).graph.of(SuppliedProduct)]
        if not info["hasNextPage"]:
            break
        params = {"first": "2", "after": info["endCursor"]}
    whole = await server.owner.get(path)
    assert sorted(seen) == sorted(one.id for one in reading.read(whole.content).graph.of(SuppliedProduct))
    last = await server.owner.get(path, params={"last": "1"})
    told = json.loads(last.headers["pageinfo"])
    assert (told["hasPreviousPage"], told["hasNextPage"], told["endCursor"]) == (
        True,
        False,
        info["endCursor"],
    )
    for bad in ({"first": "1", "last": "1"}, {"first": "0"}, {"first": "256"}, {"after": "x"}, {"page": "1"}):
        refused = await server.owner.get(path, params=bad)
        assert (refused.status_code, refused.json()["code"]) == (400, "page_invalid"), bad


async def test_version_two_is_answered_to_who_asks_for_it(server: Server, farm: dict[str, Any]) -> None:
    """A container of organizations, under the context and the Content-Type of 2.0.0."""
    accept = {"Accept": 'application/ld+json; profile="dfc-v2"'}
    answer = await server.owner.get(f"{server.url}/api/dfc/organizations/", headers=accept)
    assert answer.headers["content-type"] == 'application/ld+json; profile="dfc-v2"'
    container = answer.json()["@graph"][0]
    assert "ldp:Container" in container["@type"]
    assert {"@id": base(server, farm)} in container["ldp:contains"]
    assert '"dfc-b:Organization"' in answer.text
    plain = await server.owner.get(
        f"{server.url}/api/dfc/Enterprises", headers={"Accept": "application/json"}
    )
    assert plain.headers["content-type"] == "application/json"


async def test_malformed_document_is_told_with_all_its_faults(server: Server, farm: dict[str, Any]) -> None:
    """400 with node, property, what was found and what is accepted."""
    path = f"{base(server, farm)}/CatalogItems/{farm['CARROT']}"
    told = {"@context": "https://www.datafoodconsortium.org", "dfc-b:stockLimitation": "many"}
    refused = await server.owner.put(path, json=told)
    [fault] = refused.json()["faults"]
    assert (refused.status_code, fault["code"], fault["property"]) == (
        400,
        "value_malformed",
        "dfc-b:stockLimitation",
    )
    assert "many" in fault["found"]
