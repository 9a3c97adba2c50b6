"""A hub on one Coster, a farm on another, and a line between them that keeps all that passes: held exactly once, and nobody named."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from coster.simulation.federation import weather
from coster.simulation.federation.proxy import End, Line
from coster.simulation.federation.record import Record
from coster.simulation.federation.weather import CALM, Weather
from tests.edges.conftest import AT, Server, Start
from tests.edges.dfc.test_peers import KEYS
from tests.edges.scene import V1, Scene, build, made

SHOPPER = {
    "name": "Ottilie Zwickelhuber",
    "email": "ottilie.zwickelhuber@example.org",
    "phone": "+49 228 4711081511",
}
NOTE = "ring twice, the dog is called Brutus"


@dataclass
class Pair:
    """Both platforms, the line, what passed over it, and what the hub sells."""

    farm: Server
    scene: Scene
    hub: Server
    line: Line
    record: Record
    hub_id: str
    item: str
    session: str
    count: int = 0
    known: list[str] = field(default_factory=list)

    async def place(self, quantity: str, **more: Any) -> httpx2.Response:
        """A shopper's order at the hub."""
        self.count += 1
        reference = f"reference-{self.count}-{self.session[-6:]}"
        body = {
            "seller_id": self.hub_id, "channel": "webshop-of-hub", "reference": reference, "session_id": self.session,
            "lines": [{"item_id": self.item, "quantity": quantity}], **more,
        }  # fmt: skip
        answer = await self.hub.owner.post(
            V1 + "/orders", json=body, headers={"Idempotency-Key": f"key-of-{reference}"}
        )
        self.known += [reference, f"key-of-{reference}", "webshop-of-hub"]
        if answer.status_code == 201:
            self.known += [answer.json()["id"], answer.json()["number"]]
        return answer

    async def free(self) -> str:
        """What the farm has left."""
        return await self.scene.available()

    async def until_told(self, standing: str = "confirmed") -> list[dict[str, Any]]:
        """The links as they are when the farm has acknowledged all that the hub holds there."""
        for _ in range(1_500):
            links: list[dict[str, Any]] = (await self.hub.owner.get(V1 + "/links")).json()["items"]
            if [(link["standing"], link["behind"]) for link in links] == [(standing, False)]:
                return links
            await asyncio.sleep(0.02)
        raise AssertionError(links)

    async def until_lost(self) -> None:
        """Until an answer was lost on the line."""
        for _ in range(300):
            if self.line.met[weather.LOSE_ANSWER]:
                return
            await asyncio.sleep(0.01)
        raise AssertionError(self.line.met)

    async def until_free(self, kilos: str) -> None:
        """Until the farm has so much."""
        for _ in range(300):
            if await self.free() == kilos:
                return
            await asyncio.sleep(0.02)
        raise AssertionError(await self.free())


@pytest.fixture(scope="module")
async def pair(start: Start, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    """Ten kilos of Jean's potatoes on one platform, the hub that sells them on the other."""
    farm = await start()
    scene = await build(farm.owner, stock=10)
    record = Record(Path(tmp_path_factory.mktemp("line")) / "passed")
    end = urlsplit(farm.url)
    async with Line("farm", End(end.hostname or "", end.port or 0), record) as line:
        hub = await start(**KEYS, public_url="http://127.0.0.1:9")
        ours = await made(hub.owner, "/enterprises", {"name": "Hub B", "kinds": ["hub"], "currency": "EUR"})
        wanted = {"hub_id": ours["id"], "name": "Farm", "url": line.url + "/api/dfc", "secret": farm.token}
        peer = await made(hub.owner, "/peers", wanted)
        found = await made(hub.owner, f"/peers/{peer['id']}/discoveries", {})
        iri = next(one["iri"] for one in found["enterprises"] if one["name"] == "Jean")
        supplier = await made(
            hub.owner, "/suppliers", {"peer_id": peer["id"], "enterprise_iri": iri, "wait_seconds": 5}
        )
        await made(hub.owner, f"/suppliers/{supplier['id']}/refreshes", {})
        [item] = (await hub.owner.get(V1 + "/items", params={"owner_id": supplier["id"]})).json()["items"]
        week = {
            "coordinator_id": ours["id"], "name": "Week 1", "opens_at": AT.isoformat(), "closes_at": "2026-11-24T09:00:00Z",
            "hub_ids": [ours["id"]], "listings": [{"item_id": item["id"]}],
        }  # fmt: skip
        session = await made(hub.owner, "/sessions", week)
        yield Pair(farm, scene, hub, line, record, ours["id"], item["id"], session["id"])
    record.close()


async def test_the_whole_life_over_http_names_nobody(pair: Pair) -> None:
    """Placed, grown, refused, cut off, repeated, cancelled and completed, with one shopper: each side agrees, and nothing of him passed."""
    customer = await made(pair.hub.owner, "/customers", {"seller_id": pair.hub_id, **SHOPPER})
    first = await pair.place("6", customer_id=customer["id"])
    assert (first.status_code, await pair.free()) == (201, "4"), first.text
    await pair.hub.owner.post(f"{V1}/orders/{first.json()['id']}/comments", json={"text": NOTE})
    refused = await pair.place("5", customer_id=customer["id"])
    assert (refused.status_code, refused.json()["lines"][0]["available"]) == (409, "4"), refused.text
    pair.line.cut()
    silent = await pair.place("1", customer_id=customer["id"])
    assert silent.status_code == 503, silent.text
    pair.line.mend()
    await pair.until_told()
    assert await pair.free() == "4"
    pair.line.weather = Weather(share=1.0, kinds={weather.LOSE_ANSWER: 1})
    waiting = asyncio.create_task(pair.place("2", customer_id=customer["id"]))
    await pair.until_lost()
    pair.line.weather = CALM
    second = await waiting
    assert (second.status_code, await pair.free()) == (201, "2"), second.text
    await pair.hub.owner.post(
        f"{V1}/orders/{second.json()['id']}/events", json={"name": "cancel", "attributes": {"reason": NOTE}}
    )
    await pair.until_free("4")
    await pair.until_told()
    done = {"name": "complete_checkout", "attributes": {"payment": "captured"}}
    assert (
        await pair.hub.owner.post(f"{V1}/orders/{first.json()['id']}/events", json=done)
    ).status_code == 200
    await pair.hub.owner.post(f"{V1}/clock", json={"to": (AT + dt.timedelta(days=2)).isoformat()})
    held = await _completed(pair)
    assert (held["status"], [line["quantity"] for line in held["lines"]]) == ("Complete", ["6"])
    _nobody_is_named(pair, [customer["id"], NOTE, *SHOPPER.values()])


async def _completed(pair: Pair) -> dict[str, Any]:
    for _ in range(300):
        [held] = (await pair.farm.owner.get(V1 + "/held-orders")).json()["items"]
        if held["status"] == "Complete":
            break
        await asyncio.sleep(0.02)
    return dict(held)


def _nobody_is_named(pair: Pair, secrets: list[str]) -> None:
    """Reads every byte of every request that was sent: headers, paths and bodies."""
    sent = [one for one in pair.record.passed() if one.way == "request"]
    assert len(sent) >= 8
    everything = "\n".join(f"{one.first}\n{one.headers}\n{one.body.decode()}" for one in sent)
    for secret in [*secrets, *pair.known]:
        assert secret not in everything, secret
        assert secret.replace("-", "") not in everything, secret


async def test_a_shopper_who_is_erased_leaves_links_and_sums_as_they_are(pair: Pair) -> None:
    """What was held and confirmed stays, to the gram, and the link still agrees."""
    before = await pair.until_told("done")
    [customer] = (await pair.hub.owner.get(V1 + "/customers", params={"seller_id": pair.hub_id})).json()[
        "items"
    ]
    erased = await pair.hub.owner.delete(
        f"{V1}/customers/{customer['id']}", headers={"If-Match": f'"{customer["version"]}"'}
    )
    assert erased.status_code in (200, 204), erased.text
    links = await pair.until_told("done")
    # When people were last told that it is confirmed again, and when both were last compared, is the machine's matter.
    times = {"alarmed_at": None, "compared_at": None}
    assert [{**link, **times} for link in links] == [{**link, **times} for link in before]
