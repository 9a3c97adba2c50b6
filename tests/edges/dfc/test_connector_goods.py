"""The npm connector reads everything else that we show, and what it writes of products and prices is taken (dfc.md §6, checks 1 to 3)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.edges.conftest import Server
from tests.edges.dfc.answers import full
from tests.edges.dfc.connector.speaking import asked
from tests.edges.dfc.suite import graph_of

pytestmark = pytest.mark.node
ALIASES = ("rdf:List",)


async def test_the_connector_finds_every_node_of_every_answer(server: Server, connector: Path) -> None:
    """Check 1: no node is dropped, no getter looks for a node elsewhere, and every good has its price, stock and product."""
    shop, client, places = await full(server)
    for place in places:
        answer = await client.get(place)
        seen = await asyncio.to_thread(asked, connector, answer.content, goods=True)
        assert seen["fetched"] == [], place
        missing = {record.id for record in graph_of(answer.text).records} - {
            node["id"] for node in seen["nodes"]
        }
        assert missing == set(), place
        if place.endswith("/Offers"):
            by_id = {offer["id"]: offer for offer in seen["goods"]["offers"]}
            carrots = by_id[shop.offer("carrots")]
            assert (carrots["price"]["value"], carrots["price"]["vat"], carrots["stock"]) == (2.4, 5.5, 4)
            assert carrots["product"].endswith(shop.items["carrots"])
            told = {one["id"]: one for one in seen["goods"]["products"]}[carrots["product"]]
            assert (told["description"], told["lifetime"]) == ("Grown in sand.", "9 days")


@pytest.mark.parametrize(
    ("kind", "change"), [("SuppliedProducts", {"name": "Carrots, washed"}), ("Offers", {"price": 2.5})]
)
async def test_what_the_connector_changes_of_goods_is_all_that_changes(
    server: Server, connector: Path, kind: str, change: dict[str, Any]
) -> None:
    """Check 3 for goods: read, set, written, twice; the second time nothing more has changed, and no other word of the product ever."""
    shop, client, _ = await full(server)
    place = f"{shop.home}/{kind}/{shop.items['carrots']}"
    before = graph_of((await client.get(place)).text)
    shown = []
    for _ in range(2):
        answer = await client.get(place)
        sent = await asyncio.to_thread(asked, connector, answer.content, describe={"of": place, **change})
        assert sent["fetched"] == []
        assert (await client.put(place, content=sent["exported"])).status_code == 204
        shown.append(graph_of((await client.get(place)).text))
    assert shown[0] == shown[1] != before
    differing = [one.id for one, old in zip(shown[0].records, before.records, strict=True) if one != old]
    assert differing == [place]
