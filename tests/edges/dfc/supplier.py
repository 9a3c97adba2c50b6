"""A producer's platform with a real server, and other platforms that order there: short words for the tests of orders."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx2

from coster.edges.dfc.iris import Iris
from coster.edges.dfc.language.concepts import FulfilmentStatus, OrderStatus
from coster.edges.dfc.language.reading import read
from coster.edges.dfc.language.records import (
    Enterprise,
    Graph,
    Offer,
    Order,
    OrderLine,
    Price,
    Record,
    SaleSession,
)
from coster.edges.dfc.language.writing import graph, write
from tests.edges.conftest import Server
from tests.edges.scene import made

HUB_A = "https://hub-a.example/api/dfc/Enterprises/a"
HUB_B = "https://hub-b.example/api/dfc/Enterprises/b"
CONTENT = {"content-type": "application/ld+json"}


@dataclass
class Jean:
    """Jean's enterprise on a server, with goods, and platforms that may order from her."""

    server: Server
    id: str
    items: dict[str, str] = field(default_factory=dict)
    location: str = ""

    @property
    def iris(self) -> Iris:
        """The addresses of her platform."""
        return Iris(f"{self.server.url}/api/dfc")

    @property
    def home(self) -> str:
        """The address of her enterprise."""
        return f"{self.iris.base}/Enterprises/{self.id}"

    @property
    def orders(self) -> str:
        """Where orders are made."""
        return f"{self.home}/Orders"

    def offer(self, name: str) -> str:
        """The address of the offer of one of her goods."""
        return f"{self.home}/Offers/{self.items[name]}"

    async def stock(self, name: str, kilos: str, *, price: str = "2.40", **more: Any) -> str:
        """One more item, with so much of it."""
        body = {
            "owner_id": self.id,
            "sku": name.upper(),
            "name": name,
            "stock_unit": "kg",
            "price": price,
            **more,
        }
        item = await made(self.server.owner, "/items", body)
        self.items[name] = item["id"]
        if item.get("tracked", body.get("tracked", True)):
            counted = {
                "kind": "count",
                "item_id": item["id"],
                "location_id": self.location,
                "quantity": kilos,
            }
            await made(self.server.owner, "/stock-movements", counted)
        return str(item["id"])

    async def available(self, name: str) -> str:
        """How many kilos can be had."""
        found = await self.server.owner.get("/api/v1/positions", params={"item_id": self.items[name]})
        return str(found.json()["items"][0]["available"])

    async def platform(self, *roles: str) -> httpx2.AsyncClient:
        """Another platform with these scopes (all about orders, unless named) at Jean's."""
        wanted = roles or ("read_orders", "write_orders")
        grants = [{"role": role, "enterprise_id": self.id} for role in wanted]
        key = await self.server.owner.post("/api/v1/keys", json={"name": "Platform", "grants": grants})
        assert key.status_code == 201, key.text
        client = self.server.client(key.json()["token"])
        client.headers.update(CONTENT)
        return client

    def wish(self, lines: Sequence[tuple[str, Any]], **more: Any) -> bytes:
        """An order document: lines of (good, quantity), ids that keep a place, for Hub A's session unless said otherwise."""
        return wish(self, lines, **more)


async def jean(server: Server, **goods: str) -> Jean:
    """A new enterprise with a barn and goods: name=kilos."""
    made_ = await made(
        server.owner, "/enterprises", {"name": "Jean", "kinds": ["producer"], "currency": "EUR"}
    )
    barn = await made(server.owner, "/locations", {"enterprise_id": made_["id"], "name": "Barn"})
    found = Jean(server, made_["id"], location=barn["id"])
    for name, kilos in goods.items():
        await found.stock(name, kilos)
    return found


def session(number: int = 1, ends: str = "2026-11-27T18:00:00+01:00") -> SaleSession:
    """A session of Hub A, with an address of its own there."""
    begins = dt.datetime.fromisoformat("2026-11-23T06:00:00+01:00")
    return SaleSession(
        id=f"{HUB_A}/SaleSessions/{number}", starts_at=begins, ends_at=dt.datetime.fromisoformat(ends)
    )


def wish(
    shop: Jean,
    lines: Sequence[tuple[str, Any]],
    *,
    id_: str | None = None,
    buyer: str | None = HUB_A,
    when: SaleSession | None = None,
    status: OrderStatus | None = OrderStatus.HELD,
    price: Price | None = None,
    **fields: Any,
) -> bytes:
    """An order as another platform sends it."""
    order = id_ or "https://hub.example/orders/new"
    told: list[Record] = []
    numbers = []
    for number, (name, amount) in enumerate(lines, 1):
        line = f"{order}/OrderLines/{number}"
        numbers.append(line)
        offer = shop.offer(name) if name in shop.items else name
        told.append(OrderLine(id=line, order=order, offer=offer, quantity=Decimal(str(amount)), price=price))
        if all(one.id != offer for one in told):
            told.append(Offer(id=offer))
    chosen = session() if when is None else when
    if chosen.id:
        told.append(chosen)
    if buyer:
        told.append(Enterprise(id=buyer, name=f"Hub {buyer[-1].upper()}"))
    told.append(
        Order(
            id=order, order_status=status, fulfilment_status=FulfilmentStatus.HELD if status else None,
            session=chosen.id or None, buyer=buyer, seller=shop.home, lines=tuple(numbers), **fields,
        )
    )  # fmt: skip
    return write(graph(told), first=[order])


NOWHEN = SaleSession(id="")
"""No session."""


def read_graph(answer: httpx2.Response) -> Graph:
    """The records of an answer, which has no fault."""
    found = read(answer.content)
    assert found.faults == (), found.faults
    return found.graph


def told(answer: httpx2.Response) -> tuple[Order, dict[str, str]]:
    """The one order of an answer, and how much it has of which offer's item, in its order."""
    graph_ = read_graph(answer)
    (order,) = graph_.of(Order)
    lines = graph_.index(OrderLine)
    amounts = {}
    for id_ in order.lines:
        line = lines[id_]
        amounts[str(line.offer).rpartition("/")[2]] = format(line.quantity or Decimal(0), "f")
    return order, amounts


async def send(
    client: httpx2.AsyncClient, method: str, url: str, body: bytes = b"", **headers: str
) -> httpx2.Response:
    """A request with headers by name, underscores as dashes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.request(method, url, content=body, headers=named)


def in_order(answer: httpx2.Response, kind: str = "Order") -> list[str]:
    """The addresses of the objects of a class (orders) in an answer, in the order in which they stand there."""
    whole = answer.json()
    return [node["@id"] for node in whole.get("@graph", [whole]) if node.get("@type") == f"dfc-b:{kind}"]


async def move_clock(server: Server, to: str) -> None:
    """Lets business time pass; what is due until then has run."""
    moved = await server.owner.post("/api/v1/clock", json={"to": to})
    assert moved.status_code == 200, moved.text
