"""Lists: pages by cursor, filters, and what an asker may see."""

from __future__ import annotations

import pytest

from tests.edges.conftest import Server, organisation
from tests.edges.scene import V1, Scene, made
from tests.edges.test_problems import problem


async def test_pages_hold_everything_once(scene: Scene) -> None:
    """Seven orders by pages of three: all of them, newest first, none twice, and the last page ends the list."""
    placed = [(await scene.place(f"page-{n}"))["id"] for n in range(7)]
    seen, cursor, pages = [], None, 0
    while True:
        query = {"limit": 3, "seller_id": scene.hub, **({"cursor": cursor} if cursor else {})}
        page = (await scene.api.get(V1 + "/orders", params=query)).json()
        seen += [order["id"] for order in page["items"]]
        pages, cursor = pages + 1, page["next"]
        if cursor is None:
            break
    assert (pages, len(seen), set(seen)) == (3, 7, set(placed))
    assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize("cursor", ["x", "%%%", "WyJvcmRlcnMiLDFd", "WyJpdGVtcyIsIngiXQ"])
async def test_broken_cursor_is_refused(server: Server, cursor: str) -> None:
    """What no page gave out is a problem, and so is the cursor of another list."""
    answer = await server.owner.get(V1 + "/orders", params={"cursor": cursor})
    problem(answer, 422, "cursor_invalid")


async def test_limit_has_a_limit(server: Server) -> None:
    """200 rows are the most."""
    assert (await server.owner.get(V1 + "/items?limit=200")).status_code == 200
    problem(await server.owner.get(V1 + "/items?limit=201"), 422, "query_invalid")


async def test_filters_hold_together(scene: Scene) -> None:
    """A channel's reference finds one order."""
    order = await scene.place("filtered")
    found = await scene.api.get(V1 + "/orders", params={"channel": "web", "reference": "filtered"})
    assert [one["id"] for one in found.json()["items"]] == [order["id"]]
    none = await scene.api.get(V1 + "/orders", params={"channel": "app", "reference": "filtered"})
    assert none.json() == {"items": [], "next": None}


async def test_other_enterprise_is_not_seen(server: Server, scene: Scene) -> None:
    """A key for one hub sees no orders, sessions or customers of another, not even by id."""
    other = await made(server.owner, "/enterprises", {"name": "B", "kinds": ["hub"], "currency": "EUR"})
    order = await scene.place("mine")
    stranger = await server.key("hub", other["id"])
    for path in ("/orders", "/sessions", "/customers", "/held-orders"):
        assert (await stranger.get(V1 + path)).json() == {"items": [], "next": None}
    for path in (f"/orders/{order['id']}", f"/sessions/{scene.session}", f"/orders/{order['id']}/comments"):
        problem(await stranger.get(V1 + path), 404, "not_found")
    event = {"name": "cancel", "attributes": {}}
    problem(await stranger.post(f"{V1}/orders/{order['id']}/events", json=event), 404, "order_unknown")


async def test_other_organisation_is_not_there(server: Server, scene: Scene) -> None:
    """An owner of another organisation gets the same answers as for ids that never were."""
    stranger = server.client(await organisation(server.database, 7))
    order = await scene.place("ours")
    for path in (f"/orders/{order['id']}", f"/enterprises/{scene.hub}", f"/items/{scene.item}"):
        problem(await stranger.get(V1 + path), 404, "not_found")
    assert (await stranger.get(V1 + "/orders")).json() == {"items": [], "next": None}


async def test_producer_sees_the_hub_and_never_a_shopper(server: Server, scene: Scene) -> None:
    """A producer reads its held order; orders are closed to it, and what it consists of as well."""
    customer = await made(server.owner, "/customers", {"seller_id": scene.hub, "name": "Ali Shopper"})
    await scene.place("ali", customer_id=customer["id"])
    jean = await server.key("producer", scene.producer)
    page = (await jean.get(V1 + "/held-orders")).json()
    assert (page["items"][0]["hub"], page["items"][0]["lines"][0]["name"]) == ("Hub A", "Potato")
    assert customer["id"] not in str(page)
    assert "Ali" not in str(page)
    problem(await jean.get(V1 + "/orders"), 403, "not_permitted")
    problem(await jean.get(f"{V1}/held-orders/{page['items'][0]['id']}/contributions"), 403, "not_permitted")


async def test_shop_may_write_persons_and_not_read_them(server: Server, scene: Scene) -> None:
    """Personal data goes in through a shop's key and does not come back through it."""
    shop = await server.key("shop", scene.hub)
    body = {"seller_id": scene.hub, "name": "Paul", "email": "paul@example.org"}
    customer = await made(shop, "/customers", body)
    problem(await shop.get(f"{V1}/customers/{customer['id']}"), 403, "not_permitted")
    seen = await server.owner.get(f"{V1}/customers/{customer['id']}")
    assert seen.json()["person"]["email"] == "paul@example.org"


async def test_erased_person_is_gone(server: Server, scene: Scene) -> None:
    """Erasing leaves the token and deletes the person; erasing again is answered the same."""
    customer = await made(server.owner, "/customers", {"seller_id": scene.hub, "name": "David"})
    path = f"{V1}/customers/{customer['id']}"
    first, again = await server.owner.delete(path), await server.owner.delete(path)
    assert (first.status_code, first.json()) == (200, again.json())
    seen = (await server.owner.get(path)).json()
    assert (seen["erased"], seen["person"]) == (True, None)
    problem(await server.owner.delete(f"{V1}/customers/{scene.hub}"), 404, "customer_unknown")


async def test_held_order_as_a_table_holds_no_formula(server: Server, scene: Scene) -> None:
    """By Accept: text/csv; a name that a spreadsheet would calculate is text there."""
    path = f"{V1}/items/{scene.item}"
    tag = {"If-Match": (await server.owner.get(path)).headers["etag"]}
    await server.owner.patch(path, json={"name": '=HYPERLINK("http://evil")'}, headers=tag)
    await scene.place("table")
    held = (await server.owner.get(V1 + "/held-orders")).json()["items"][0]
    answer = await server.owner.get(f"{V1}/held-orders/{held['id']}", headers={"Accept": "text/csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    head, line = answer.text.splitlines()
    assert head.startswith("held_order,hub,producer,session")
    assert '"\'=HYPERLINK(""http://evil"")"' in line
