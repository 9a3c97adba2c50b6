"""`coster bench replay`: real baskets as orders over HTTP, from many channels at once, on stock that does not suffice for all.

Products become items, stores become places with stock and channels with shoppers; each product has `supply` percent of what was sold of it,
on the shelf of the store that sells it first. Baskets are placed in the order of the tills, each store's one after the other. At the
end nothing may be sold that was not there: `verify`, and the stock that is left, item by item, against what was accepted.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx2
import msgspec

from coster.simulation.baskets import Basket, Product, read
from coster.simulation.wire import Wire

V1: Final = "/api/v1"
_SCALE: Final = 1000


@dataclass(frozen=True, slots=True)
class Plan:
    """What is replayed where: `supply` in percent of what was sold, `clients` connections at once."""

    path: Path
    port: int
    key: str
    clients: int = 16
    supply: int = 95


@dataclass(slots=True)
class Shelf:
    """One product: its item, the store that has it, what was sold of it, and what may be sold of it now (thousandths)."""

    product: Product
    store: int = 0
    sold: int = 0
    item_id: str = ""

    def supply(self, percent: int) -> int:
        """Thousandths on the shelf; whole pieces where it is sold by the piece."""
        amount = self.sold * percent // 100
        return amount if self.product.unit == "gal" else -(-amount // _SCALE) * _SCALE


@dataclass(slots=True)
class Report:
    """What came of it."""

    baskets: int = 0
    lines: int = 0
    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    wrong_totals: int = 0
    oversold: int = 0
    seconds: float = 0.0
    loaded_seconds: float = 0.0
    products: int = 0
    stores: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """The report for people and machines."""
        return {
            "baskets": self.baskets, "lines": self.lines, "accepted": self.accepted, "refused": dict(self.refused),
            "orders_per_second": round(self.baskets / self.seconds, 1), "lines_per_second": round(self.lines / self.seconds, 1),
            "seconds": round(self.seconds, 1), "products": self.products, "stores": self.stores,
            "loading_seconds": round(self.loaded_seconds, 1), "left_out": dict(self.left_out),
            "wrong_totals": self.wrong_totals, "oversold": self.oversold,
        }  # fmt: skip


class Town:
    """A chain of stores on a server, and its shelves by product."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.shelves: dict[int, Shelf] = {}
        self.stores: dict[int, str] = {}
        self.seller = ""
        self.report = Report()
        self.taken: Counter[int] = Counter()
        self._http = httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{plan.port}",
            headers={"Authorization": f"Bearer {plan.key}"},
            timeout=600,
        )

    async def close(self) -> None:
        """Drops the connections."""
        await self._http.aclose()

    # ---------------------------------------------------------------------------------------------------------- loading

    async def load(self) -> None:
        """Products, stores and stock. RuntimeError where the server refuses any of them."""
        begin = time.perf_counter()
        self._look_through()
        made = await self._post(
            "/enterprises", {"name": "The Complete Journey", "kinds": ["retailer"], "currency": "USD"}
        )
        self.seller = made["id"]
        for store in sorted({shelf.store for shelf in self.shelves.values()}):
            place = await self._post("/locations", {"enterprise_id": self.seller, "name": f"Store {store}"})
            self.stores[store] = place["id"]
        items = [
            {
                "owner_id": self.seller,
                "sku": str(number),
                "name": shelf.product.name[:200],
                "stock_unit": shelf.product.unit,
            }
            for number, shelf in self.shelves.items()
        ]
        for shelf, value in zip(self.shelves.values(), await self._file("/items:batch", items), strict=True):
            shelf.item_id = value["id"]
        await self._file("/positions:batch", [self._receipt(shelf) for shelf in self.shelves.values()])
        self.report.products, self.report.stores = len(self.shelves), len(self.stores)
        self.report.loaded_seconds = time.perf_counter() - begin

    def _look_through(self) -> None:
        for told in read(self.plan.path):
            if told.product:
                self.shelves[told.product.number] = Shelf(told.product)
            elif told.basket:
                for line in told.basket.lines:
                    shelf = self.shelves[line.product]
                    shelf.store = shelf.store or told.basket.store
                    shelf.sold += _thousandths(line.quantity)
            else:
                self.report.left_out = told.left_out or {}
        self.shelves = {number: shelf for number, shelf in self.shelves.items() if shelf.sold}

    def _receipt(self, shelf: Shelf) -> dict[str, Any]:
        return {
            "kind": "count", "key": f"first-{shelf.item_id}", "item_id": shelf.item_id,
            "location_id": self.stores[shelf.store], "quantity": _text(shelf.supply(self.plan.supply)),
        }  # fmt: skip

    async def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        answer = await self._http.post(V1 + path, json=dict(body))
        if answer.status_code != 201:
            raise RuntimeError(f"{path} answered {answer.status_code}: {answer.text[:300]}")
        return answer.json()

    async def _file(self, path: str, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
        """The rows' values, in order."""

        async def lines() -> AsyncIterator[bytes]:
            for start in range(0, len(rows), 500):
                yield b"".join(msgspec.json.encode(row) + b"\n" for row in rows[start : start + 500])

        values = []
        request = self._http.build_request(
            "POST", V1 + path, content=lines(), headers={"Content-Type": "application/x-ndjson"}
        )
        answer = await self._http.send(request, stream=True)
        async for line in answer.aiter_lines():
            told = msgspec.json.decode(line)
            if told.get("done"):
                break
            if told["status"] == "rejected":
                raise RuntimeError(f"{path} refused a row: {told['problem']}")
            values.append(told["value"])
        await answer.aclose()
        return values

    # -------------------------------------------------------------------------------------------------------- replaying

    async def replay(self) -> Report:
        """Places every basket; each store's baskets go over one connection, in their order."""
        queues: list[deque[Basket]] = [deque() for _ in range(self.plan.clients)]
        for told in read(self.plan.path):
            if told.basket:
                queues[told.basket.store % len(queues)].append(told.basket)
        begin = time.perf_counter()
        await asyncio.gather(*(self._till(queue) for queue in queues))
        self.report.seconds = time.perf_counter() - begin
        self.report.oversold = await self._oversold()
        return self.report

    async def _till(self, baskets: Iterable[Basket]) -> None:
        wire = Wire("127.0.0.1", self.plan.port, self.plan.key)
        for basket in baskets:
            reply = await wire.ask("POST", V1 + "/orders", self._order(basket))
            self._note(basket, reply.status, reply.json())
        wire.close()

    def _order(self, basket: Basket) -> dict[str, Any]:
        return {
            "seller_id": self.seller, "channel": f"store-{basket.store}", "reference": str(basket.number), "completed": True,
            "lines": [
                {"item_id": self.shelves[line.product].item_id, "quantity": line.quantity, "price": line.price}
                for line in basket.lines
            ],
        }  # fmt: skip

    def _note(self, basket: Basket, status: int, answer: Any) -> None:
        report = self.report
        report.baskets += 1
        report.lines += len(basket.lines)
        if status != 201:
            report.refused[answer.get("code", str(status))] += 1
            return
        report.accepted += 1
        for line in basket.lines:
            self.taken[line.product] += _thousandths(line.quantity)
        paid = sum(line.paid for line in basket.lines)
        report.wrong_totals += answer["total"] != f"{paid // 100}.{paid % 100:02d}"

    async def _oversold(self) -> int:
        """Items of which more was accepted than there was, or whose stock is not what must be left."""
        left: dict[str, str] = {}
        cursor: str | None = ""
        while cursor is not None:
            page = (
                await self._http.get(
                    V1 + "/positions", params={"limit": 200, **({"cursor": cursor} if cursor else {})}
                )
            ).json()
            left |= {position["item_id"]: position["available"] for position in page["items"]}
            cursor = page["next"]
        return sum(
            _thousandths(left[shelf.item_id]) != shelf.supply(self.plan.supply) - self.taken[number]
            for number, shelf in self.shelves.items()
        )


async def run(plan: Plan) -> Report:
    """Loads the town and replays it."""
    town = Town(plan)
    try:
        await town.load()
        return await town.replay()
    finally:
        await town.close()


def _thousandths(text: str) -> int:
    whole, _, rest = text.partition(".")
    return int(whole) * _SCALE + int((rest + "000")[:3])


def _text(thousandths: int) -> str:
    return f"{thousandths // _SCALE}.{thousandths % _SCALE:03d}"
