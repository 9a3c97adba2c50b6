"""A hub over HTTP that sells what producers on other platforms have, which are fakes that can fail on purpose."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from typing import Any

import httpx2

from coster.domain.federation.ports import Answered, Ask, Seen
from tests.domain.linking.supplier import Supplier, product
from tests.edges.conftest import AT, Server
from tests.edges.scene import V1, made


class Elsewhere:
    """Several suppliers by their producer, each as slow as it is; `asks` is all that was put in a scenario, `ever` all that was
    ever asked.
    """

    def __init__(self) -> None:
        self.of: dict[uuid.UUID, Supplier] = {}
        self.seconds = 0.0
        self.asks: list[Ask] = []
        self.ever: list[Ask] = []
        self.running = self.most = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def put(self, ask: Ask) -> Answered:
        """After a while, as the supplier says."""
        self.asks.append(ask)
        self.ever.append(ask)
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await self.gate.wait()
            await asyncio.sleep(self.seconds)
            return await self.of[ask.producer_id].put(ask)
        finally:
            self.running -= 1

    async def look(self, ask: Ask) -> Seen:
        """After a while, what the supplier has."""
        self.ever.append(ask)
        await asyncio.sleep(self.seconds)
        return await self.of[ask.producer_id].look(ask)


class Market:
    """A hub with an open session, and producers elsewhere with one item each."""

    def __init__(self, server: Server, elsewhere: Elsewhere) -> None:
        self.server, self.api, self.elsewhere = server, server.owner, elsewhere
        self.hub = self.shopper = ""
        self.items: dict[str, str] = {}
        self.producers: dict[str, uuid.UUID] = {}
        self.session = ""
        self.closes = AT
        self.count = 0

    async def open(self, **stocks: int) -> Market:
        """The hub, its producers with so much (thousandths) of what is named after them, and the session."""
        name = f"Hub {uuid.uuid4().hex[:6]}"
        self.hub = (
            await made(self.api, "/enterprises", {"name": name, "kinds": ["hub"], "currency": "EUR"})
        )["id"]
        for goods, stock in stocks.items():
            await self._producer(goods, stock)
        opens = dt.datetime.fromisoformat((await self.api.get(f"{V1}/clock")).json()["now"])
        self.closes = opens + dt.timedelta(days=1)
        week = {
            "coordinator_id": self.hub, "name": "Week 1", "opens_at": opens.isoformat(), "closes_at": self.closes.isoformat(),
            "hub_ids": [self.hub], "listings": [{"item_id": item} for item in self.items.values()],
        }  # fmt: skip
        self.session = (await made(self.api, "/sessions", week))["id"]
        shopper = {
            "seller_id": self.hub,
            "name": f"Quenby Hazel of {name}",
            "email": "quenby.hazel@example.org",
            "phone": "+49 228 4711",
        }
        self.shopper = (await made(self.api, "/customers", shopper))["id"]
        # A process knows within this time which producers are elsewhere.
        await asyncio.sleep(0.3)
        return self

    async def _producer(self, goods: str, stock: int) -> None:
        farm = await made(
            self.api, "/enterprises", {"name": goods.title(), "kinds": ["producer"], "currency": "EUR"}
        )
        await made(self.api, "/relations", {"hub_id": self.hub, "producer_id": farm["id"]})
        sold = {
            "owner_id": farm["id"],
            "sku": goods,
            "name": goods,
            "stock_unit": "kg",
            "price": "2.40",
            "tracked": False,
        }
        item = await made(self.api, "/items", sold)
        self.items[goods], self.producers[goods] = item["id"], uuid.UUID(farm["id"])
        self.elsewhere.of[self.producers[goods]] = Supplier({goods: stock})
        await self.run(PEER, uuid.UUID(farm["id"]), uuid.UUID(self.hub), AT)
        await self.run(SUPPLIER, uuid.UUID(farm["id"]), uuid.UUID(self.hub), AT)
        await self.run(ITEM, uuid.UUID(farm["id"]), uuid.UUID(item["id"]), product(goods))

    def supplier(self, goods: str) -> Supplier:
        """The fake that has these goods."""
        return self.elsewhere.of[self.producers[goods]]

    def total(self, goods: str) -> int:
        """What all hold of these goods at their supplier."""
        return self.supplier(goods).total(goods)

    async def run(self, statement: str, *values: Any) -> None:
        """As the owner of the tables."""
        async with self.server.database.system() as conn:
            await conn.execute(statement, *values)

    async def value(self, statement: str, *values: Any) -> Any:
        """One value, as the owner of the tables sees it."""
        async with self.server.database.system() as conn:
            return await conn.fetchval(statement, *values)

    async def place(self, *, headers: dict[str, str] | None = None, **quantities: Any) -> httpx2.Response:
        """A shopper checks out so many kilos of goods."""
        self.count += 1
        body = {
            "seller_id": self.hub, "channel": "web", "reference": f"{self.hub}-{self.count}", "session_id": self.session,
            "customer_id": self.shopper,
            "lines": [{"item_id": self.items[goods], "quantity": amount} for goods, amount in quantities.items()],
        }  # fmt: skip
        return await self.api.post(V1 + "/orders", json=body, headers=headers or {})

    async def drive(self, order: str, name: str, **attributes: Any) -> httpx2.Response:
        """An event of an order."""
        return await self.api.post(
            f"{V1}/orders/{order}/events", json={"name": name, "attributes": attributes}
        )

    async def order(self, order: str) -> dict[str, Any]:
        """An order as it is."""
        return dict((await self.api.get(f"{V1}/orders/{order}")).json())

    async def impatient(self, goods: str) -> None:
        """Shoppers wait for this supplier for a second and no longer."""
        await self.run("UPDATE supplier SET wait_seconds = 1 WHERE producer_id = $1", self.producers[goods])

    async def over(self) -> None:
        """The session's time is over; nobody has said yet that it has ended."""
        await self.api.post(f"{V1}/clock", json={"to": (self.closes + dt.timedelta(hours=3)).isoformat()})

    async def quiet(self, seconds: float = 5.0) -> None:
        """Until nothing is behind any more."""
        for _ in range(int(seconds / 0.02)):
            if not await self.value(BEHIND):
                return
            await asyncio.sleep(0.02)
        raise AssertionError(await self.value("SELECT json_agg(l) FROM link AS l"))


PEER = """INSERT INTO peer (org_id, id, hub_id, name, url, auth, issuer, client_id, secret_key, secret_salt, secret_box, status, platform,
    protocol, ontology, enterprises, created_at, version)
    VALUES (1, $1, $2, 'Farm', 'https://farm.example', 'none', '', '', '', '', '', 'connected', '', '', '', '[]', $3, 1)"""
SUPPLIER = """INSERT INTO supplier (org_id, producer_id, peer_id, hub_id, enterprise_iri, name, status, policy, wait_seconds, currency,
    refresh_minutes, refresh_at, etag, failures, last_error, version)
    VALUES (1, $1, $1, $2, 'https://farm.example/Enterprises/1', 'Farm', 'active', 'strict', 10, 'EUR', 60, $3, '', 0, '', 1)"""
ITEM = """INSERT INTO remote_item (org_id, id, producer_id, item_id, status, fault, source, product, offer, numerator, denominator, step,
    stock_kind, offered, digest, told, version)
    VALUES (1, $2, $1, $2, 'linked', '', $3, $3, '', 1, 1, 1, 'unknown', '{}', '', 0, 1)"""
BEHIND = """SELECT count(*) FROM held_order AS h JOIN supplier AS s USING (org_id, producer_id) LEFT JOIN link AS l
    ON l.org_id = h.org_id AND l.held_order_id = h.id
    WHERE (l.held_order_id IS NULL OR l.acked_version < h.version OR l.sent IS NOT NULL) AND coalesce(l.state, '') <> 'refused'"""
