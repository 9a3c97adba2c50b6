"""Four server processes on one database: what is sent to all of them at once, and one after the other restarted under load."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from coster.engine.db.connect import Database
from coster.simulation.balancer import Balancer
from coster.simulation.founding import found
from coster.simulation.serving import Server, url_of
from coster.simulation.wire import Reply, Wire
from tests.conftest import Databases

STOCK = 25
CLIENTS = 16
API = "/api/v1/"


@dataclass
class Town:
    """Four servers and one hot item of which there are 25."""

    servers: list[Server]
    database: Database
    key: str
    seller: str = ""
    item: str = ""
    answers: Counter[object] = field(default_factory=Counter)

    async def make(self, path: str, **body: object) -> str:
        """Something that must be there."""
        reply = await self.ask(0, path, body)
        assert reply.status in (200, 201), reply.body
        return str(reply.json().get("id"))

    async def ask(self, number: int, path: str, body: object, name: str = "") -> Reply:
        """One server, asked once."""
        wire = Wire("127.0.0.1", self.servers[number % 4].port, self.key)
        reply = await wire.ask("POST", API + path, body, {"idempotency-key": name} if name else {})
        wire.close()
        return reply

    def order(self, reference: str) -> dict[str, object]:
        """A whole order of one."""
        lines = [{"item_id": self.item, "quantity": "1"}]
        return {
            "seller_id": self.seller,
            "channel": "web",
            "reference": reference,
            "completed": True,
            "lines": lines,
        }


@pytest.fixture(scope="module")
async def town(databases: Databases) -> AsyncIterator[Town]:
    """The four servers, started as anybody starts them; they stay ready to go for half a second."""
    name = await databases.create(template="coster_template")
    options = databases.server.connect_options(name)
    database = await Database.open(options, min_size=1, max_size=2)
    key = await found(database)
    started = [Server(url_of(options), notice=0.5) for _ in range(4)]
    try:
        await asyncio.gather(*(server.start() for server in started))
        made = Town(started, database, key)
        made.seller = await made.make("enterprises", name="Shop", kinds=["retailer"], currency="EUR")
        place = await made.make("locations", enterprise_id=made.seller, name="Barn")
        made.item = await made.make(
            "items", owner_id=made.seller, sku="hot", name="Hot", stock_unit="kg", price="2"
        )
        receipt = {"kind": "adjust", "type": "RECEIPT", "location_id": place, "quantity": str(STOCK)}
        await made.make("stock-movements", item_id=made.item, **receipt)
        yield made
    finally:
        for server in started:
            await server.kill()
        await database.close()
        await databases.drop(name)


async def test_one_request_to_four_servers_at_once_takes_effect_once(town: Town) -> None:
    """The same Idempotency-Key: four times the same answer, one order, one kilogram held."""
    replies = await asyncio.gather(*(town.ask(n, "orders", town.order("same"), "same") for n in range(4)))
    assert [reply.status for reply in replies] == [201] * 4
    assert len({reply.json()["id"] for reply in replies}) == 1
    async with town.database.read(1) as conn:
        assert await conn.fetchval("SELECT count(*) FROM orders WHERE reference = 'same'") == 1
        held = "SELECT sum(h.quantity) FROM hold AS h JOIN orders AS o USING (org_id) WHERE o.id = h.demand_id AND o.reference = 'same'"
        assert await conn.fetchval(held) == 1000


async def test_four_servers_sell_what_there_is_and_no_more(town: Town) -> None:
    """A hundred single orders at once over four servers: as many are taken as there are kilograms left, the rest is refused."""
    async with town.database.read(1) as conn:
        left = await conn.fetchval("SELECT sum(on_hand - held) FROM position") // 1000
    assert left >= STOCK - 1
    replies = await asyncio.gather(*(town.ask(n, "orders", town.order(f"hot {n}")) for n in range(100)))
    assert Counter((reply.status, reply.json().get("code")) for reply in replies) == {
        (201, None): left,
        (409, "insufficient_stock"): 100 - left,
    }


async def test_rolling_restart_under_load_loses_no_request(town: Town) -> None:
    """Each server is told to go (SIGTERM) and started again while 16 clients work behind the ready probe: no failure."""
    balancer = Balancer([server.port for server in town.servers], town.key)
    working = True

    async def client(number: int) -> None:
        for n in range(1_000_000):
            if not working:
                return
            body = {"name": f"{number} {n}", "kinds": ["retailer"], "currency": "EUR"}
            try:
                town.answers[(await balancer.ask("POST", API + "enterprises", body)).status] += 1
            except (OSError, EOFError, TimeoutError) as lost:
                town.answers[repr(lost)] += 1

    async with balancer.probing():
        await balancer.until_ready(4)
        clients = [asyncio.create_task(client(number)) for number in range(CLIENTS)]
        for server in town.servers:
            await server.stop()
            assert await server.ended() == 0
            await server.start()
            await balancer.until_ready(4)
        working = False
        await asyncio.gather(*clients)
    assert set(town.answers) == {201}
    async with town.database.read(1) as conn:
        stored = await conn.fetchval("SELECT count(*) FROM enterprise WHERE name ~ '^[0-9]'")
    assert stored == town.answers[201] > 100
