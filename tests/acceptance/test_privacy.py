"""A producer reads everything that it can reach over HTTP, with one shopper in the session, and finds no trace of a person.

With one shopper (k = 1) sums hide nobody, so only what is not there cannot be found: name, e-mail, telephone, street, and
every id, number, reference and remark by which the hub knows the shopper or the order.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

from coster.edges.api.operations import OPERATIONS
from tests.edges.conftest import Server, server, start
from tests.edges.scene import V1, Scene, build, made

__all__ = ["server", "start"]

PERSON = {
    "name": "Zebedee Quill",
    "email": "zebedee@quill.example",
    "phone": "+33699887766",
    "address": {"street": "17 Marker Row", "city": "Secretville", "postal_code": "QZ9 9ZQ", "country": "FR"},
}
SPOKEN = ["Zebedee", "Quill", "quill.example", "699887766", "Marker Row", "Secretville", "QZ9 9ZQ"]
WRITTEN = [
    "REF-QUILL-4711",
    "CHANNEL-OF-SECRETS",
    "give it to the lady with the parrot",
    "his card was declined thrice",
]
STREAM = "/api/v1/events/stream"


@dataclass
class Reader:
    """A producer that asks for everything, and remembers every answer, headers included."""

    client: httpx2.AsyncClient
    known: tuple[str, ...]
    ids: set[str] = field(default_factory=set)
    answers: dict[str, str] = field(default_factory=dict)

    async def everything(self) -> None:
        """Every GET of the API, each path with every id that the producer has ever seen, in every form that there is."""
        self.ids |= set(self.known)
        for operation in OPERATIONS:
            if operation.method != "GET" or operation.path == STREAM or operation.permission is None:
                continue
            for path in self._paths(operation.path):
                for media in ("application/json", *operation.media):
                    await self.ask("GET", path, headers={"accept": media})
        await self.follow()

    async def ask(self, method: str, path: str, **more: Any) -> httpx2.Response:
        """One request; whatever ids the answer has are tried from then on."""
        answer = await self.client.request(method, path, **more)
        text = f"{dict(answer.headers)}\n{answer.text}"
        self.answers[f"{method} {path} {more} #{len(self.answers)}"] = text
        self.ids |= set(re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", answer.text))
        return answer

    async def follow(self) -> None:
        """The stream of events from its beginning, as far as the feed goes."""
        feed = (await self.ask("GET", V1 + "/events?limit=200")).json()
        told, wanted = "", len(feed["items"])
        async with self.client.stream("GET", STREAM) as answer:
            async for text in answer.aiter_text():
                told += text
                if told.count("\nid: ") >= wanted:
                    break
        self.answers["stream"] = told

    def _paths(self, path: str) -> list[str]:
        names = re.findall(r"{(\w+)}", path)
        if "name" in names:
            return [path.format(name="order.retail", number=1)]
        if len(names) == 2:
            return [path.format(hub_id=one, producer_id=other) for one in self.known for other in self.known]
        return [path.format(id=id_) for id_ in sorted(self.ids)] if names else [path]

    def found(self, markers: list[str]) -> list[str]:
        """Which markers stand where."""
        return [
            f"{mark} in {where}" for where, text in self.answers.items() for mark in markers if mark in text
        ]


async def event(api: httpx2.AsyncClient, path: str, name: str, **attributes: Any) -> httpx2.Response:
    """Drives something one step on."""
    answer = await api.post(f"{V1}{path}/events", json={"name": name, "attributes": attributes})
    assert answer.status_code == 200, answer.text
    return answer


async def order_of_one_shopper(scene: Scene) -> list[str]:
    """All that can happen to one shopper's orders; yields every marker by which the hub knows them."""
    api = scene.api
    customer = await made(api, "/customers", {"seller_id": scene.hub, **PERSON})
    wish = {"channel": WRITTEN[1], "customer_id": customer["id"]}
    reference = f"{WRITTEN[0]}-{customer['id']}"
    first = await scene.place(reference, "3", **wish, discount={"percent": "5"})
    await made(api, f"/orders/{first['id']}/comments", {"text": WRITTEN[2]})
    await event(api, f"/orders/{first['id']}", "complete_checkout")
    second = await scene.place(reference + "-second", "2", **wish)
    await event(api, f"/orders/{second['id']}", "fail_checkout", reason=WRITTEN[3])
    third = await scene.place(reference + "-third", "1", **wish, completed=True)
    await event(api, f"/orders/{third['id']}", "cancel", reason=WRITTEN[2])
    orders = [first, second, third]
    return [customer["id"], *(one["id"] for one in orders), *(one["number"] for one in orders)]


async def producers_acts(reader: Reader, scene: Scene) -> None:
    """The producer's own commands: a shortage, seen first and then done, and its answers."""
    less = {"item_id": scene.item, "location_id": scene.location, "quantity": "1.5", "reason": "frost"}
    for query in ("?dry_run=true", ""):
        assert (await reader.ask("POST", f"{V1}/positions:lower{query}", json=less)).status_code == 200
    too_much = {**less, "quantity": "99"}
    assert (await reader.ask("POST", f"{V1}/positions:lower", json=too_much)).status_code == 409
    assert (await reader.ask("POST", V1 + "/orders", json=scene.order("guessed", "1"))).status_code == 403


@pytest.fixture
async def parts(server: Server) -> Callable[[], Any]:
    """Makes a scene of its own and a reader with the producer's key."""

    async def make(**terms: Any) -> tuple[Scene, Reader]:
        scene = await build(server.owner, stock=10)
        path = f"{V1}/relations/{scene.hub}/{scene.producer}"
        changed = await server.owner.patch(path, json=terms, headers={"If-Match": "1"})
        assert changed.status_code == 200, changed.text
        client = await server.key("producer", scene.producer)
        known = (scene.hub, scene.producer, scene.item, scene.location, scene.session)
        return scene, Reader(client, known)

    return make


@pytest.mark.parametrize("consolidation", ["per_session", "per_order"])
@pytest.mark.parametrize("aggregation", ["by_item", "by_weight"])
async def test_producer_finds_no_trace_of_the_only_shopper(
    server: Server, parts: Any, consolidation: str, aggregation: str
) -> None:
    """Lists, documents, events, stream, ledger, previews, answers and refusals, before and after the session's end."""
    scene, reader = await parts(consolidation=consolidation, aggregation=aggregation)
    markers = await order_of_one_shopper(scene) + SPOKEN + WRITTEN

    await reader.everything()
    await producers_acts(reader, scene)
    await reader.everything()

    held = (await reader.client.get(V1 + "/held-orders?status=Held")).json()["items"]
    assert [line["quantity"] for one in held for line in one["lines"]] == ["1.5"]
    await reader.ask(
        "POST",
        f"{V1}/held-orders/{held[0]['id']}/events",
        json={"name": "cancel", "attributes": {"reason": "hail"}},
    )
    await reader.everything()
    assert len(reader.answers) > 100
    assert reader.found(markers) == []


async def test_the_same_search_finds_the_shopper_where_the_hub_looks(server: Server, parts: Any) -> None:
    """The markers are really there: the hub's own key finds every one of them, so the search above is not blind."""
    scene, _ = await parts()
    markers = await order_of_one_shopper(scene) + SPOKEN + WRITTEN
    hub = Reader(await server.key("hub", scene.hub), (scene.hub, scene.session))

    for _ in range(2):
        await hub.everything()

    found = {one.split(" in ")[0] for one in hub.found(markers)}
    assert set(markers) - found == set()
