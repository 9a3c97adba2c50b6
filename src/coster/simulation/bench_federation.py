"""`coster bench dfc`: held orders of other platforms over HTTP, a large catalogue, and checkouts that wait for a producer elsewhere.

Each figure stands beside one of the same run on the same machine: a line of a held order beside a line of a plain order, checkouts that are
sent on together beside one after the other, memory at the end beside memory when it was warm.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
import secrets
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any, Final, TypeAlias

import msgspec

from coster.engine.batch.handler import Registry
from coster.engine.db import migrate
from coster.engine.db.connect import Database
from coster.simulation import bench, serving
from coster.simulation.federation import documents
from coster.simulation.federation.histories import PLATFORMS
from coster.simulation.federation.platforms import Askers, Ground
from coster.simulation.federation.record import Record
from coster.simulation.federation.report import Report
from coster.simulation.federation.world import Hub, World
from coster.simulation.positions import Loader
from coster.simulation.wire import Wire

LINES: Final = 20
CLIENTS: Final = 64
SHOPPERS: Final = 512
PRODUCER_SECONDS: Final = 0.1
FLAT: Final = 1.1
"""Resident memory may still grow by this share after the first tenth, while caches fill; what leaks grows on."""
_TURNS: Final = 3
_WRITERS: Final = 16
_SAMPLES: Final = 20
_PLENTY: Final = "1000000000"
Figures: TypeAlias = dict[str, float]
Say: TypeAlias = Callable[[str], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is measured: seconds for each rate, products of the catalogue, updates while memory is watched."""

    seconds: float = 9.0
    products: int = 5000
    updates: int = 5000


@dataclass(slots=True)
class Shelf:
    """A producer with hot items on a server, and the token of a platform that may order there."""

    port: int
    token: str
    enterprise: str
    items: list[str]

    @property
    def home(self) -> str:
        """The address of the producer's enterprise."""
        return f"http://127.0.0.1:{self.port}/api/dfc/Enterprises/{self.enterprise}"

    def document(self, client: int, round_: int, lines: int = LINES) -> dict[str, Any]:
        """A client's held order in a round: every line has another quantity than in the round before."""
        hub = f"http://hub-{client}.example/api/dfc/Enterprises/hub"
        wanted = [(item, str(1 + (round_ + n) % 9)) for n, item in enumerate(self.items[:lines])]
        head = documents.Head(
            shop=self.home, order=f"{self.home}/Orders/new", hub=hub, session=f"{hub}/SaleSessions/{client}"
        )
        return documents.order(head, wanted)


async def shelf(port: int, key: str, *, items: int = LINES) -> Shelf:
    """A producer with so many items, each with plenty of stock, and a platform that may order from it."""
    wire = Wire("127.0.0.1", port, key)

    async def make(path: str, **body: Any) -> Any:
        reply = await wire.ask("POST", f"/api/v1/{path}", body)
        if reply.status not in (200, 201):
            raise RuntimeError(f"{path} was answered {reply.status}: {reply.body[:300]!r}")
        return reply.json()

    jean = (await make("enterprises", name="Jean", kinds=["producer"], currency="EUR"))["id"]
    barn = (await make("locations", enterprise_id=jean, name="Barn"))["id"]
    made = []
    for n in range(items):
        item = (
            await make("items", owner_id=jean, sku=f"dfc-{n}", name=f"Good {n}", stock_unit="kg", price="2")
        )["id"]
        await make(
            "stock-movements", kind="adjust", type="RECEIPT", item_id=item, location_id=barn, quantity=_PLENTY
        )
        made.append(item)
    platform = await make("platforms", name="Hubs", token=True)
    scopes = ["read_enterprise", "read_products", "read_orders", "write_orders"]
    reply = await wire.ask(
        "PUT", f"/api/v1/platforms/{platform['id']}/scopes", {"enterprise_id": jean, "scopes": scopes}
    )
    if reply.status != 200:
        raise RuntimeError(f"scopes were answered {reply.status}: {reply.body[:300]!r}")
    wire.close()
    return Shelf(port, platform["token"], jean, made)


async def puts(shop: Shelf, *, clients: int, seconds: float) -> tuple[float, float]:
    """Held-order PUTs a second of so many clients, each with a held order of its own, and their median latency in milliseconds."""
    latencies: list[float] = []
    orders = await asyncio.gather(*(_created(shop, client) for client in range(clients)))
    begin = time.perf_counter()
    end = begin + seconds

    async def hub(client: int, wire: Wire, path: str) -> None:
        for round_ in count(1):
            since = time.perf_counter()
            if since >= end:
                break
            reply = await wire.ask("PUT", path, shop.document(client, round_))
            if reply.status != 200:
                raise RuntimeError(f"a held order was answered {reply.status}: {reply.body[:500]!r}")
            latencies.append(time.perf_counter() - since)
        wire.close()

    await asyncio.gather(*(hub(client, *one) for client, one in enumerate(orders)))
    return len(latencies) / (time.perf_counter() - begin), median(latencies) * 1000


async def _created(shop: Shelf, client: int, lines: int = LINES) -> tuple[Wire, str]:
    """A connection, and the path of the client's held order."""
    wire = Wire("127.0.0.1", shop.port, shop.token)
    path = f"/api/dfc/Enterprises/{shop.enterprise}/Orders"
    reply = await wire.ask("POST", path, shop.document(client, 0, lines))
    if reply.status not in (200, 201):
        raise RuntimeError(f"a held order was answered {reply.status}: {reply.body[:500]!r}")
    graph = reply.json()["@graph"]
    [head] = [node for node in graph if node["@type"] == "dfc-b:Order"]
    return wire, "/" + head["@id"].split("/", 3)[3]


async def held_orders(handlers: Sequence[Any], *, seconds: float, say: Say, bin_dir: Path | None) -> Figures:
    """PUTs of held orders with twenty lines beside plain orders with three, in turn on one server."""
    async with bench.embedded(bin_dir) as server:
        options = server.connect_options()
        await migrate.upgrade(options)
        database = await Database.open(options, max_size=10)
        try:
            shop = bench.Shop(database, Registry(handlers))
            key = await shop.open()
            async with serving.servers(serving.url_of(options)) as [program]:
                made = await shelf(program.port, key)
                return await _in_turn(program.port, key, shop, made, (seconds, say))
        finally:
            await database.close()


async def _in_turn(port: int, key: str, shop: bench.Shop, made: Shelf, how: tuple[float, Say]) -> Figures:
    seconds, say = how
    found: dict[str, list[float]] = {}

    def note(**figures: float) -> None:
        for name, value in figures.items():
            found.setdefault(name, []).append(value)

    await bench.http(port, key, shop, clients=16, seconds=2)  # warm
    await puts(made, clients=16, seconds=2)
    for turn in range(_TURNS):
        say(f"plain orders and held orders in turn, {turn + 1} of {_TURNS}")
        rate, _ = await bench.http(port, key, shop, clients=CLIENTS, seconds=seconds / _TURNS)
        note(orders_per_second=rate)
        rate, latency = await puts(made, clients=CLIENTS, seconds=seconds / _TURNS)
        note(puts_per_second=rate, put_ms=latency)
        rate, latency = await puts(made, clients=1, seconds=seconds / _TURNS / 2)
        note(puts_per_second_1=rate, put_1_ms=latency)
    return {name: median(values) for name, values in found.items()}


# ------------------------------------------------------------------------------------------------ two platforms


async def two_platforms(*, products: int, seconds: float, say: Say, bin_dir: Path | None) -> Figures:
    """A catalogue that one platform exports and another imports, and checkouts at a hub whose producer answers late."""
    async with _pair(bin_dir) as (world, askers):
        hub = world.hubs[0]
        items = await _catalogue(world, products, say)
        found = await _moved(world, hub, products, say)
        session = await _session(hub, [hub.items[item] for item in items[:3]])
        world.jean.line.latency = PRODUCER_SECONDS
        say(
            f"checkouts at a hub whose producer answers after {1000 * PRODUCER_SECONDS:g} ms, one after the other"
        )
        found["checkouts_per_second_1"], found["checkout_1_ms"] = await _checkouts(
            hub, session, items, 1, seconds
        )
        say(f"the same with {SHOPPERS} shoppers at once")
        found["checkouts_per_second"], found["checkout_ms"] = await _checkouts(
            hub, session, items, SHOPPERS, seconds
        )
        askers.names.clear()
        return found


@contextlib.asynccontextmanager
async def _pair(bin_dir: Path | None) -> AsyncIterator[tuple[World, Askers]]:
    """Jean's platform and a hub's, connected."""
    with tempfile.TemporaryDirectory(prefix="coster-bench-") as directory:
        place = Path(directory)
        place.chmod(0o755)  # noqa: ASYNC240
        report, record, askers = Report(), Record(Path(os.devnull)), Askers()
        ground = Ground(directory=place, report=report, record=record, askers=askers, bin_dir=bin_dir)
        async with ground.opened(PLATFORMS[:2]) as platforms:
            world = World.of(platforms, report)
            await world.build(askers)
            yield world, askers
            world.close()


async def _catalogue(world: World, products: int, say: Say) -> list[str]:
    """So many products of Jean's, with stock."""
    say(f"{products:,} products")
    loader = Loader(world.jean.server, world.jean.key)
    rows = (
        {
            "owner_id": world.producer,
            "sku": f"P{n}",
            "name": f"Product {n}",
            "stock_unit": "kg",
            "price": "2.40",
        }
        for n in range(products)
    )
    told, _ = await loader.send("/items:batch", rows)
    ids = [str(msgspec.json.decode(line)["value"]["id"]) for line in told]
    counts = (
        {"kind": "count", "item_id": id_, "location_id": world.barn, "quantity": "100000000"} for id_ in ids
    )
    await loader.send("/positions:batch", counts)
    await loader.close()
    return ids


async def _moved(world: World, hub: Hub, products: int, say: Say) -> Figures:
    """Seconds to export the catalogue, to import it, and to read it again without a change and with one."""
    say("exporting and importing")
    wire = Wire("127.0.0.1", world.jean.server.port, world.jean.key, timeout=300)
    begin = time.perf_counter()
    reply = await wire.ask("GET", "/" + world.home.split("/", 3)[3] + "/CatalogItems")
    exported = time.perf_counter() - begin
    wire.close()
    if reply.status != 200 or reply.body.count(b'"dfc-b:CatalogItem"') < products:
        raise RuntimeError(f"the catalogue was answered {reply.status} with {len(reply.body)} bytes")
    begin = time.perf_counter()
    told = await hub.api.made(f"suppliers/{hub.supplier}/refreshes", {})
    imported = time.perf_counter() - begin
    if told["added"] != products:
        raise RuntimeError(f"of {products} products were imported: {told}")
    begin = time.perf_counter()
    await hub.api.made(f"suppliers/{hub.supplier}/refreshes", {})
    again = time.perf_counter() - begin
    await world.refresh(hub)
    return {
        "export_seconds": exported, "export_products_per_second": products / exported, "export_mb": len(reply.body) / 1e6,
        "import_seconds": imported, "import_products_per_second": products / imported, "import_again_seconds": again,
    }  # fmt: skip


async def _session(hub: Hub, items: Sequence[str]) -> str:
    now = dt.datetime.now(dt.UTC)
    wanted = {
        "coordinator_id": hub.id, "hub_ids": [hub.id], "name": "Bench", "opens_at": now.isoformat(),
        "closes_at": (now + dt.timedelta(days=2)).isoformat(), "listings": [{"item_id": item} for item in items],
    }  # fmt: skip
    return str((await hub.api.made("sessions", wanted))["id"])


async def _checkouts(
    hub: Hub, session: str, items: Sequence[str], clients: int, seconds: float
) -> tuple[float, float]:
    """Checkouts a second that the producer has confirmed, and their median latency in milliseconds."""
    latencies: list[float] = []
    server = hub.platform.server
    lines = [{"item_id": hub.items[item], "quantity": "1"} for item in items[:3]]
    body = {"seller_id": hub.id, "session_id": session, "channel": "bench", "completed": True, "lines": lines}
    begin = time.perf_counter()
    end = begin + seconds

    async def shopper() -> None:
        wire = Wire(server.host, server.port, hub.platform.key)
        while (since := time.perf_counter()) < end:
            reply = await wire.ask("POST", "/api/v1/orders", {**body, "reference": secrets.token_hex(8)})
            if reply.status != 201:
                raise RuntimeError(f"a checkout was answered {reply.status}: {reply.body[:300]!r}")
            latencies.append(time.perf_counter() - since)
        wire.close()

    await asyncio.gather(*(shopper() for _ in range(clients)))
    return len(latencies) / (time.perf_counter() - begin), median(latencies) * 1000


# ------------------------------------------------------------------------------------------------ memory


async def memory(*, updates: int, say: Say, bin_dir: Path | None) -> Figures:
    """Resident memory of a server, warm (after a tenth) and after so many changes of held orders with three lines."""
    async with (
        bench.ground(bin_dir) as (options, _, key),
        serving.servers(serving.url_of(options)) as [program],
    ):
        made = await shelf(program.port, key, items=3)
        orders = await asyncio.gather(*(_created(made, client, lines=3) for client in range(_WRITERS)))
        done, samples = count(1), list[float]()
        begin = time.perf_counter()

        async def write(client: int, wire: Wire, path: str) -> None:
            while (number := next(done)) <= updates:
                reply = await wire.ask("PUT", path, made.document(client, number, lines=3))
                if reply.status != 200:
                    raise RuntimeError(f"a held order was answered {reply.status}: {reply.body[:300]!r}")
                if number % max(1, updates // _SAMPLES) == 0:
                    samples.append(program.resident_mb())
                    say(f"{number:,} of {updates:,} updates, {samples[-1]:.0f} MB")
            wire.close()

        await asyncio.gather(*(write(client, *one) for client, one in enumerate(orders)))
        spent = time.perf_counter() - begin
    warm = samples[max(0, len(samples) // 10 - 1)]
    return {
        "updates": updates, "updates_per_second": updates / spent, "memory_warm_mb": warm, "memory_end_mb": samples[-1],
        "memory_end_by_warm": samples[-1] / warm,
    }  # fmt: skip


# ------------------------------------------------------------------------------------------------ all of it


async def measure(handlers: Sequence[Any], size: Size, *, say: Say, bin_dir: Path | None) -> dict[str, Any]:
    """Machine, figures, and each ratio beside its goal."""
    figures = await held_orders(handlers, seconds=size.seconds, say=say, bin_dir=bin_dir)
    figures |= await two_platforms(products=size.products, seconds=size.seconds, say=say, bin_dir=bin_dir)
    figures |= await memory(updates=size.updates, say=say, bin_dir=bin_dir)
    ratios = {
        "a line of a held order ÷ a line of a plain order": (
            figures["puts_per_second"] * LINES / (figures["orders_per_second"] * bench.HOT_ITEMS), 0.5
        ),
        f"checkouts of {SHOPPERS} shoppers ÷ one after the other": (
            figures["checkouts_per_second"] / figures["checkouts_per_second_1"], 50.0
        ),
        "memory at the end ÷ warm, at most": (figures["memory_end_by_warm"], FLAT),
    }  # fmt: skip
    return {
        "machine": bench.machine(),
        "figures": figures,
        "ratios": {
            name: {
                "is": value,
                "goal": goal,
                "reached": value <= goal if name.endswith("most") else value >= goal,
            }
            for name, (value, goal) in ratios.items()
        },
    }
