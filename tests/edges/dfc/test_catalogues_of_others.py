"""A hub reads catalogues of other platforms over HTTP: what becomes of them here, and of their changes."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.edges.conftest import Server, Start
from tests.edges.dfc.fake_platforms import Asked, Platform, Reply, document, plain
from tests.edges.dfc.shared import PLATFORMS
from tests.edges.dfc.test_peers import KEYS
from tests.edges.scene import V1, made

CASE = "urn:case"


class Farm:
    """A platform with one enterprise, whose catalogue is whatever a test makes it."""

    def __init__(self) -> None:
        self.goods: dict[str, dict[str, Any]] = {}
        self.raw: bytes | None = None
        self.platform = Platform(self)
        self.etag = ""
        self.status = 200

    @property
    def iri(self) -> str:
        """The enterprise."""
        return f"{self.platform.url}/api/dfc/enterprises/1"

    def __call__(self, asked: Asked) -> Reply:
        """Enterprises and the catalogue; everything else is not there."""
        path = asked.path.partition("?")[0].removeprefix("/api/dfc")
        if path in ("/Enterprises", "/enterprises/1"):
            return document({"@id": self.iri, "@type": "dfc-b:Enterprise", "dfc-b:name": "Farm"})
        if path != "/enterprises/1/CatalogItems":
            return plain(404)
        if self.status != 200:
            return plain(self.status)
        if self.raw is not None:
            return 200, {}, self.raw
        if self.etag and asked.headers.get("if-none-match") == self.etag:
            return plain(304)
        nodes = [node for name, told in self.goods.items() for node in self._told(name, told)]
        return document(*nodes, **({"etag": self.etag} if self.etag else {}))

    def sell(
        self, name: str, price: str = "2.00", *, currency: str = "Euro", case: str = "", **more: Any
    ) -> None:
        """Puts a product into the catalogue; `case` says how many of it come as one, and what that is called."""
        self.goods[name] = {"price": price, "currency": currency, "case": case, **more}

    def _told(self, name: str, told: dict[str, Any]) -> list[dict[str, Any]]:
        product, item = f"{self.iri}/SuppliedProducts/{name}", f"{self.iri}/CatalogItems/{name}"
        unit = {
            "@type": "dfc-b:QuantitativeValue",
            "dfc-b:value": told.get("size", "1"),
            "dfc-b:hasUnit": told.get("unit", "dfc-m:Piece"),
        }
        price = {
            "@type": "dfc-b:Price",
            "dfc-b:value": told["price"],
            "dfc-b:hasUnit": f"dfc-m:{told['currency']}",
            "dfc-b:VATrate": "5.5",
        }
        entry = {
            "@id": item,
            "@type": "dfc-b:CatalogItem",
            "dfc-b:references": product,
            "dfc-b:offeredThrough": f"{product}/Offer",
        }
        nodes = [
            {"@id": product, "@type": "dfc-b:SuppliedProduct", "dfc-b:name": told.get("called", name), "dfc-b:hasQuantity": unit,
             "dfc-b:referencedBy": item},
            entry | {f"dfc-b:{n}": told[key] for key, n in (("sku", "sku"), ("stock", "stockLimitation")) if key in told},
            {"@id": f"{product}/Offer", "@type": "dfc-b:Offer", "dfc-b:offeredItem": {"@id": product}, "dfc-b:hasPrice": price},
        ]  # fmt: skip
        if told["case"]:
            packs, cases, of = told["case"].split(" ")
            nodes += self._case(product, packs, cases, f"{self.iri}/SuppliedProducts/{of}")
        return nodes

    def _case(self, pack: str, packs: str, cases: str, case: str) -> list[dict[str, Any]]:
        def flow(end: str, kind: str, name: str, product: str, count: str) -> dict[str, Any]:
            amount = {
                "@type": "dfc-b:QuantitativeValue",
                "dfc-b:value": count,
                "dfc-b:hasUnit": "dfc-m:Piece",
            }
            return {
                "@id": f"{pack}/{end}",
                "@type": f"dfc-b:AsPlanned{kind}Flow",
                f"dfc-b:{name}": product,
                "dfc-b:hasQuantity": amount,
            }

        return [
            flow("in", "Consumption", "consumes", pack, packs),
            flow("out", "Production", "produces", case, cases),
            {"@id": f"{pack}/t", "@type": "dfc-b:AsPlannedTransformation", "dfc-b:hasIncome": f"{pack}/in",
             "dfc-b:hasOutcome": f"{pack}/out"},
        ]  # fmt: skip


class World:
    """A hub of ours, a farm elsewhere, and short words for what happens between them."""

    def __init__(self, server: Server, hub_id: str, farm: Farm) -> None:
        self.server, self.hub_id, self.farm, self.supplier = server, hub_id, farm, ""

    async def connect(self, **more: Any) -> Any:
        """From the address to consent; the answer to the consent."""
        api = self.server.owner
        url = f"{self.farm.platform.url}/api/dfc"
        wanted = {"hub_id": self.hub_id, "name": "Farm", "url": url, "auth": "none"}
        peer = await made(api, "/peers", wanted)
        await made(api, f"/peers/{peer['id']}/discoveries", {})
        body = {"peer_id": peer["id"], "enterprise_iri": self.farm.iri, **more}
        answered = await api.post(V1 + "/suppliers", json=body)
        if answered.status_code == 201:
            self.supplier = answered.json()["id"]
        return answered

    async def refresh(self, **params: str) -> dict[str, int]:
        """Reads the catalogue; what is not zero of what it changed."""
        answered = await self.server.owner.post(f"{V1}/suppliers/{self.supplier}/refreshes", params=params)
        assert answered.status_code == 200, answered.text
        return {n: v for n, v in answered.json().items() if n not in ("id", "version") and v}

    async def items(self) -> dict[str, dict[str, Any]]:
        """The items of the supplier here, by name."""
        found = await self.server.owner.get(V1 + "/items", params={"owner_id": self.supplier, "limit": 200})
        return {item["name"]: item for item in found.json()["items"]}

    async def products(self, place: str = "remote-items") -> dict[str, dict[str, Any]]:
        """The products of the supplier, by name."""
        found = await self.server.owner.get(
            f"{V1}/{place}", params={"supplier_id": self.supplier, "limit": 200}
        )
        return {one["name"]: one for one in found.json()["items"]}

    async def news(self, name: str) -> list[dict[str, Any]]:
        """Events of a name that concern the supplier."""
        found = await self.server.owner.get(V1 + "/events", params={"name": name, "limit": 200})
        return [e for e in found.json()["items"] if self.supplier in e["data"]["enterprises"]]


@pytest.fixture(scope="module")
async def server(start: Start) -> Server:
    """The trader's platform."""
    return await start(**KEYS)


@pytest.fixture
async def world(server: Server) -> AsyncIterator[World]:
    """A hub and a farm of its own for each test."""
    farm = Farm()
    await farm.platform.start()
    hub = await made(server.owner, "/enterprises", {"name": "Hub", "kinds": ["hub"], "currency": "EUR"})
    yield World(server, hub["id"], farm)
    await farm.platform.stop()


async def test_case_and_can_are_converted_exactly(world: World) -> None:
    """Twelve cans for 18.85: each costs 1.570833, two cases are 24 cans, and without end stays without end."""
    world.farm.sell("case", "18.85", stock="2")
    world.farm.sell("can", "2.10", case="12 1 case")
    world.farm.sell("crate", "7.00", case="2 3 bottle")
    world.farm.sell("bottle", "1.40", stock="-1")
    await world.connect()
    assert await world.refresh() == {"added": 4}
    items, products = await world.items(), await world.products()
    assert (items["can"]["price"], items["can"]["case_quantity"]) == ("1.570833", "12")
    assert (products["can"]["factor"], products["can"]["price"], products["can"]["vat_rate"]) == (
        "12",
        "18.85",
        "5.5",
    )
    assert products["can"]["ordered"].endswith("/case")
    assert (products["can"]["stock"], products["can"]["available"]) == ("limited", "24")
    assert (products["crate"]["factor"], items["crate"]["price"], items["crate"]["case_quantity"]) == (
        "2/3",
        "2.10",
        None,
    )
    assert (products["crate"]["stock"], products["crate"]["available"]) == ("unlimited", None)


async def test_what_there_is_elsewhere_is_shown_with_its_instant(world: World) -> None:
    """Sold out, so many, without end and unknown are four things."""
    for name, stock in (("none", "0"), ("some", "3"), ("endless", "-1")):
        world.farm.sell(name, stock=stock)
    world.farm.sell("untold")
    await world.connect()
    await world.refresh()
    items = await world.items()
    ids = ",".join(item["id"] for item in items.values())
    found = (await world.server.owner.get(V1 + "/availability", params={"item_ids": ids})).json()["items"]
    shown = {one["item_id"]: one["elsewhere"] for one in found}
    told = {name: (shown[i["id"]]["stock"], shown[i["id"]]["available"]) for name, i in items.items()}
    assert told == {
        "none": ("limited", "0"), "some": ("limited", "3"), "endless": ("unlimited", None), "untold": ("unknown", None),
    }  # fmt: skip
    assert {one["refreshed_at"][:10] for one in shown.values()} == {"2026-11-23"}


async def test_only_what_is_different_is_written(world: World) -> None:
    """A second reading changes nothing; a new price changes one item; new stock changes none."""
    for name in ("a", "b", "c"):
        world.farm.sell(name, stock="5")
    await world.connect()
    assert await world.refresh() == {"added": 3}
    before = await world.items()
    assert await world.refresh() == {"unchanged": 3}
    assert await world.items() == before
    world.farm.sell("a", "3.00", stock="5")
    world.farm.sell("b", stock="4")
    assert await world.refresh() == {"changed": 2, "unchanged": 1}
    after = await world.items()
    assert (after["a"]["price"], after["a"]["version"]) == ("3.00", 2)
    assert (after["b"], after["c"]) == (before["b"], before["c"])


async def test_a_catalogue_that_says_that_it_is_the_same_is_not_read(world: World) -> None:
    """ETag and 304; `anew` reads it nevertheless."""
    world.farm.sell("a")
    world.farm.etag = '"one"'
    await world.connect()
    assert await world.refresh() == {"added": 1}
    world.farm.sell("b")
    assert await world.refresh() == {}
    assert await world.refresh(anew="true") == {"added": 1, "unchanged": 1}


async def test_what_is_gone_is_not_sold_and_is_told(world: World) -> None:
    """With the sessions that list it and the held orders that wait for it; when it comes back it is sold again."""
    world.farm.sell("here")
    world.farm.sell("gone", stock="9")
    await world.connect()
    await world.refresh()
    item = (await world.items())["gone"]["id"]
    api = world.server.owner
    session = await made(api, "/sessions", {
        "coordinator_id": world.hub_id, "name": "Week", "opens_at": "2026-11-23T09:00:00Z", "closes_at": "2026-11-24T09:00:00Z",
        "hub_ids": [world.hub_id], "listings": [{"item_id": item}],
    })  # fmt: skip
    del world.farm.goods["gone"]
    assert await world.refresh() == {"gone": 1, "unchanged": 1}
    assert (await world.items())["gone"]["buyable"] is False
    [told] = await world.news("remote_item.gone")
    assert (told["data"]["item_id"], told["data"]["sessions"]) == (item, [session["id"]])
    # The events of every entity are numbered from 1, however often the catalogue changed it without a word.
    assert told["version"] == 1
    assert await world.refresh() == {"unchanged": 1}
    world.farm.sell("gone", stock="9")
    assert await world.refresh() == {"returned": 1, "unchanged": 1}
    assert (await world.items())["gone"]["buyable"] is True


async def test_a_catalogue_with_faults_lets_nothing_go(world: World) -> None:
    """What cannot be read might be there; it is sold on, and people are told."""
    world.farm.sell("a")
    world.farm.sell("b")
    await world.connect()
    await world.refresh()
    world.farm.sell("b", "not a price")
    await world.refresh()
    assert (await world.items())["b"]["buyable"] is True
    told = (await world.server.owner.get(f"{V1}/suppliers/{world.supplier}")).json()
    assert "not understood" in told["last_error"]


async def test_numbers_beyond_all_counting_spoil_nothing_else(world: World) -> None:
    """A stock is as much as can be counted; a case of so many is refused, and what is held of one keeps the ratio that it had."""
    world.farm.sell("case", stock="1e25")
    world.farm.sell("can", case="12 1 case")
    world.farm.sell("heavy", size="1e25", unit="dfc-m:Tonne")
    await world.connect()
    assert await world.refresh() == {"added": 3}
    assert (await world.products())["case"]["available"] == "999999999999.999"
    world.farm.sell("can", case="1e25 1 case")
    world.farm.sell("jar", case="1 1e25 case")
    assert await world.refresh() == {"refused": 2, "unchanged": 2}
    products = await world.products()
    told = [(products[name]["factor"], products[name]["fault"]) for name in ("can", "jar")]
    assert told == [("12", "factor_not_usable"), ("1", "factor_not_usable")]
    assert (await world.items())["can"]["buyable"] is False


async def test_another_currency_is_refused(world: World) -> None:
    """A producer whose prices are in pounds is not taken on; of one with both, what is in pounds is not sold."""
    world.farm.sell("a", currency="PoundSterling")
    refused = await world.connect()
    assert (refused.status_code, refused.json()["code"]) == (409, "currency_differs")
    world.farm.sell("b")
    await world.connect()
    assert await world.refresh() == {"added": 1, "refused": 1}
    assert list(await world.items()) == ["b"]
    assert (await world.products())["a"]["fault"] == "currency_differs"


async def test_items_that_were_here_before_are_matched(world: World) -> None:
    """By SKU at once; by name only when a person says so; what a person rejects becomes an item of its own."""
    api = world.server.owner
    jean = await made(api, "/enterprises", {"name": "Jean", "kinds": ["producer"], "currency": "EUR"})
    ids = {}
    for name, sku in (("Our apples", "AP"), ("Green-pears", "PE"), ("plums", "PL")):
        item = {"owner_id": jean["id"], "sku": sku, "name": name, "price": "9.00"}
        ids[name] = (await made(api, "/items", item))["id"]
    world.farm.sell("apples", "1.00", sku="AP")
    world.farm.sell("pears", "2.00", called="green pears")
    world.farm.sell("plums", "3.00")
    await world.connect(producer_id=jean["id"])
    assert await world.refresh() == {"added": 1, "proposed": 2}
    items = await world.items()
    assert (items["Our apples"]["price"], items["Our apples"]["tracked"]) == ("1.00", False)
    assert items["plums"]["price"] == "9.00"
    matches = await world.products("matches")
    assert matches["plums"]["proposed_item_id"] == ids["plums"]
    accepted = await made(api, f"/matches/{matches['plums']['id']}/events", {"name": "accept"})
    assert accepted["item_id"] == ids["plums"]
    rejected = await made(api, f"/matches/{matches['green pears']['id']}/events", {"name": "reject"})
    assert rejected["item_id"] not in ids.values()
    items = await world.items()
    assert (items["plums"]["price"], items["Green-pears"]["price"], items["green pears"]["price"]) == (
        "3.00",
        "9.00",
        "2.00",
    )
    again = await api.post(f"{V1}/matches/{matches['plums']['id']}/events", json={"name": "accept"})
    assert again.json()["code"] == "match_settled"
    assert await world.products("matches") == {}


async def test_a_product_that_was_made_anew_keeps_its_item(world: World) -> None:
    """Another IRI with the same SKU is the same thing; with the same name it is a proposal, and accepting it moves the item."""
    world.farm.sell("1", sku="AP", called="apples")
    world.farm.sell("2", called="pears")
    await world.connect()
    await world.refresh()
    before = await world.items()
    world.farm.goods.clear()
    world.farm.sell("11", "4.00", sku="AP", called="apples")
    world.farm.sell("12", "5.00", called="pears")
    assert await world.refresh() == {"changed": 1, "proposed": 1, "gone": 1}
    [match] = (await world.products("matches")).values()
    await made(world.server.owner, f"/matches/{match['id']}/events", {"name": "accept"})
    after = await world.items()
    assert {name: item["id"] for name, item in after.items()} == {n: i["id"] for n, i in before.items()}
    assert (after["apples"]["price"], after["pears"]["price"], after["pears"]["buyable"]) == (
        "4.00",
        "5.00",
        True,
    )


async def test_a_product_that_comes_back_takes_nothing_from_its_successor(world: World) -> None:
    """Its old IRI is another thing by now, with an item of its own; what shoppers ordered is what it was, and so is its price."""
    world.farm.sell("1", sku="AP", called="apples")
    world.farm.sell("2", called="pears")
    await world.connect()
    await world.refresh()
    before = await world.items()
    world.farm.goods.clear()
    world.farm.sell("11", "4.00", sku="AP", called="apples")
    world.farm.sell("12", "5.00", called="pears")
    await world.refresh()
    [match] = (await world.products("matches")).values()
    await made(world.server.owner, f"/matches/{match['id']}/events", {"name": "accept"})
    world.farm.sell("1", "8.00", sku="QU", called="quinces")
    world.farm.sell("2", "9.00", called="old pears")
    assert await world.refresh() == {"added": 2, "unchanged": 2}
    after, products = await world.items(), await world.products()
    assert [(after[name]["id"], after[name]["price"]) for name in ("apples", "pears")] == [
        (before["apples"]["id"], "4.00"), (before["pears"]["id"], "5.00"),
    ]  # fmt: skip
    told = {name: (one["product"].rpartition("/")[2], one["item_id"]) for name, one in products.items()}
    places = {"apples": "11", "pears": "12", "quinces": "1", "old pears": "2"}
    assert told == {name: (end, after[name]["id"]) for name, end in places.items()}
    assert await world.refresh() == {"unchanged": 4}


async def test_a_unit_that_changes_stops_the_sale(world: World) -> None:
    """A price per kilogram is none per piece: people look at it first."""
    world.farm.sell("cheese", unit="dfc-m:Kilogram")
    await world.connect()
    await world.refresh()
    assert (await world.items())["cheese"]["stock_unit"] == "kg"
    world.farm.sell("cheese", unit="dfc-m:Piece")
    assert await world.refresh() == {"refused": 1}
    assert (await world.items())["cheese"]["buyable"] is False
    assert (await world.products())["cheese"]["fault"] == "unit_changed"
    world.farm.sell("cheese", unit="dfc-m:Kilogram")
    assert await world.refresh() == {"returned": 1}


async def test_a_suspended_supplier_sells_nothing(world: World) -> None:
    """Its relation is inactive at once; resumed, it is active again; a removed one stays removed."""
    world.farm.sell("a")
    await world.connect()
    api = world.server.owner

    async def active() -> bool:
        found = await api.get(V1 + "/relations", params={"hub_id": world.hub_id})
        return bool(found.json()["items"][0]["active"])

    for event, expected in (("suspend", False), ("resume", True), ("remove", False)):
        await made(api, f"/suppliers/{world.supplier}/events", {"name": event})
        assert await active() is expected
    gone = await api.post(f"{V1}/suppliers/{world.supplier}/events", json={"name": "resume"})
    assert gone.json()["code"] == "supplier_removed"
    refused = await api.post(f"{V1}/suppliers/{world.supplier}/refreshes")
    assert refused.json()["code"] == "supplier_not_active"


async def test_a_platform_that_fails_is_asked_again_and_told_once(world: World) -> None:
    """502 for who asks; the supplier keeps why, and its items as they were."""
    world.farm.sell("a")
    await world.connect()
    await world.refresh()
    world.farm.status = 503
    for _ in range(2):
        answered = await world.server.owner.post(f"{V1}/suppliers/{world.supplier}/refreshes")
        assert (answered.status_code, answered.json()["code"]) == (502, "peer_unreachable")
    told = (await world.server.owner.get(f"{V1}/suppliers/{world.supplier}")).json()
    assert (told["failures"], told["last_error"]) == (2, "the platform answered 503")
    assert len(await world.news("supplier.refresh_failed")) == 1
    assert (await world.items())["a"]["buyable"] is True


def files(name: str) -> list[Path]:
    """Documents that lie beside the project on some machines."""
    return [file for file in PLATFORMS if file.name.startswith(name)]


async def test_a_real_catalogue_has_its_factors_and_prices_here(world: World) -> None:
    """Check 7 of dfc.md §6: vinegar 6, beans 12 for 18.85, dulse 10 of which there are two cases, chia as it is."""
    for file in files("fdc-catalog.json"):
        world.farm.raw = file.read_bytes()
        hub = await made(
            world.server.owner, "/enterprises", {"name": "UK", "kinds": ["hub"], "currency": "GBP"}
        )
        world.hub_id = hub["id"]
        await world.connect()
        await world.refresh()
        found = {one["product"].rpartition("/")[2]: one for one in (await world.products()).values()}
        packs = {"44519466238259": "6", "44519466467635": "12", "44519470924083": "10", "44519468400947": "1"}
        assert {id_: found[id_]["factor"] for id_ in packs} == packs
        beans, dulse = found["44519466467635"], found["44519470924083"]
        assert (beans["price"], beans["each"], beans["stock"]) == ("18.85", "1.570833", "unlimited")
        assert (dulse["stock"], dulse["available"]) == ("limited", "20")
        items = {item["id"]: item for item in (await world.items()).values()}
        assert items[beans["item_id"]]["price"] == "1.570833"
        assert items[beans["item_id"]]["case_quantity"] == "12"


async def test_documents_of_another_kind_are_a_clear_answer(world: World) -> None:
    """Check 22: properties without a context make no half catalogue."""
    await world.connect()
    world.farm.raw = json.dumps({"dfc-b:Order:order_number": "1", "dfc-b:Order:lines": []}).encode()
    answered = await world.server.owner.post(f"{V1}/suppliers/{world.supplier}/refreshes")
    assert answered.status_code == 502
    assert "context" in answered.json()["detail"]
    assert await world.items() == {}


@pytest.mark.parametrize("hint", ["heard", "lost"])
async def test_a_catalogue_is_read_again_by_itself(world: World, hint: str) -> None:
    """When its platform says that it has changed, at most once in a minute; and within the hour where that hint never came."""
    world.farm.sell("a")
    await world.connect()
    await world.refresh()
    world.farm.sell("b")
    api = world.server.owner
    if hint == "heard":
        said = {"enterpriseUrlid": world.farm.iri, "eventType": "refresh", "scope": "ReadProducts"}
        answered = await api.post(f"{world.server.url}/api/dfc/events", json=said)
        assert answered.status_code == 200, answered.text
    told = (await api.get(f"{V1}/suppliers/{world.supplier}")).json()
    soon = dt.datetime.fromisoformat(told["refresh_at"]) - dt.datetime.fromisoformat(told["refreshed_at"])
    assert soon == dt.timedelta(minutes=1 if hint == "heard" else 60)
    now = dt.datetime.fromisoformat((await api.get(V1 + "/clock")).json()["now"])
    await made(api, "/clock", {"to": (now + soon + dt.timedelta(seconds=30)).isoformat()})
    for _ in range(150):
        if "b" in await world.items():
            break
        await asyncio.sleep(0.1)
    assert sorted(await world.items()) == ["a", "b"]
