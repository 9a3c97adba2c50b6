"""`coster bench orders`: orders per second over HTTP and in process, beside pgbench on the same server, in one run.

Every order has three lines on three hot items and is complete: idempotency row, holds, ledger, event, durable commit. The ratio is
what counts; figures alone say more about the machine.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import platform
import secrets
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

from coster.domain.catalog.model import PutItem
from coster.domain.identity import handlers as identity
from coster.domain.inventory.model import AdjustStock, PutLocation
from coster.domain.orders.model import LineRequest, PlaceOrder
from coster.domain.parties.model import PutEnterprise
from coster.engine.batch.handler import Registry
from coster.engine.batch.run import Result, Runner
from coster.engine.db import binaries, migrate
from coster.engine.db.connect import Database
from coster.engine.db.embedded import EmbeddedServer
from coster.kernel import authority, ids
from coster.kernel.message import SYSTEM, Command
from coster.kernel.outcome import Accepted
from coster.simulation import baseline, founding, serving
from coster.simulation.wire import Wire

ORG = 1
HOT_ITEMS = 3
PLENTY = 10**13


TURNS: Final = 3
"""How often the rates of orders and pgbench are taken in turn."""


class Ratio(NamedTuple):
    """A figure divided by another of the same turn."""

    name: str
    title: str
    of: str
    by: str


RATIOS: Final = (
    Ratio("http_to_five", "HTTP, 64 clients ÷ pgbench, five statements, 8 clients", "http_64_orders", "pgbench_five_8_tps"),
    Ratio("http_to_one", "HTTP, 64 clients ÷ pgbench, one statement, 8 clients", "http_64_orders", "pgbench_one_8_tps"),
    Ratio("process_to_five", "in process, batches of 256 ÷ pgbench, five statements", "process_256_orders", "pgbench_five_8_tps"),
    Ratio("process_to_one", "in process, batches of 256 ÷ pgbench, one statement", "process_256_orders", "pgbench_one_8_tps"),
    Ratio("latency_to_five", "latency over HTTP at 1 client ÷ pgbench's, five statements", "http_1_ms", "pgbench_five_1_ms"),
)  # fmt: skip


class Shop:
    """A shop with three hot items, and a way to send commands in process."""

    def __init__(self, database: Database, registry: Registry) -> None:
        self._runner = Runner(database, identity.authorise)
        self._registry = registry
        self.database = database
        self.seller = uuid.uuid4()
        self.items = [uuid.uuid4() for _ in range(HOT_ITEMS)]

    async def batch(self, bodies: Sequence[Any]) -> list[uuid.UUID]:
        """One batch of one kind; yields the commands' ids. RuntimeError unless all are accepted."""
        now = dt.datetime.now(dt.UTC)
        commands = [Command(ids.at_instant(now, os.urandom(10)), ORG, SYSTEM, now, body) for body in bodies]
        for result in await self._runner.run(self._registry.of(bodies[0]), commands):
            if not (isinstance(result, Result) and isinstance(result.outcome, Accepted)):
                raise RuntimeError(f"the benchmark's command was not accepted: {result}")  # noqa: TRY004 - it may be either
        return [command.id for command in commands]

    async def decided_per_second(self, size: int, seconds: float) -> float:
        """How many orders a second are decided in batches of this size, by the rules alone: nothing is loaded or stored again."""
        handler = self._registry.of(self.order())
        now = dt.datetime.now(dt.UTC)
        done, spent = 0, 0.0
        while spent < seconds:
            commands = [
                Command(
                    ids.at_instant(now, os.urandom(10)),
                    ORG,
                    SYSTEM,
                    now,
                    self.order(),
                    authority=authority.SYSTEM,
                )
                for _ in range(size)
            ]
            async with self.database.write(ORG, rollback=True) as conn:
                state = await handler.load(conn, ORG, commands)
            begin = time.perf_counter()
            handler.decide(state, commands)
            spent += time.perf_counter() - begin
            done += size
        return done / spent

    async def open(self) -> str:
        """Makes the organisation, its goods and a key; yields the key."""
        token = await founding.found(self.database, ORG)
        place = uuid.uuid4()
        await self.batch(
            [PutEnterprise(enterprise_id=self.seller, name="Shop", kinds=["retailer"], currency="EUR")]
        )
        await self.batch([
            PutItem(item_id=id_, owner_id=self.seller, sku=f"hot-{n}", name=f"Hot {n}", price_micros=1_500_000)
            for n, id_ in enumerate(self.items)
        ])  # fmt: skip
        await self.batch([PutLocation(location_id=place, enterprise_id=self.seller, name="Barn")])
        await self.batch(
            [
                AdjustStock(item_id=id_, location_id=place, quantity=PLENTY, type="RECEIPT")
                for id_ in self.items
            ]
        )
        return token

    def order(self) -> PlaceOrder:
        """One order of three lines, complete."""
        now = dt.datetime.now(dt.UTC)
        return PlaceOrder(
            order_id=ids.at_instant(now, os.urandom(10)), seller_id=self.seller, channel="bench",
            reference=secrets.token_hex(8), completed=True,
            lines=[LineRequest(item_id=id_, quantity=1000) for id_ in self.items],
        )  # fmt: skip


@asynccontextmanager
async def embedded(bin_dir: Path | None = None) -> AsyncIterator[EmbeddedServer]:
    """A database server of our own, of the programs in `bin_dir`, on a directory that is gone at the end."""
    with tempfile.TemporaryDirectory(prefix="coster-bench-") as directory:
        Path(directory).chmod(0o755)  # noqa: ASYNC240
        with EmbeddedServer(Path(directory) / "pg", bin_dir=bin_dir) as server:
            yield server


@asynccontextmanager
async def ground(bin_dir: Path | None = None) -> AsyncIterator[tuple[dict[str, Any], Database, str]]:
    """A new database with one organisation: how to connect to it, its pools, and an owner's key. It is gone at the end."""
    async with embedded(bin_dir) as server:
        options = server.connect_options()
        await migrate.upgrade(options)
        database = await Database.open(options, max_size=4)
        try:
            yield options, database, await founding.found(database, ORG)
        finally:
            await database.close()


async def orders(
    handlers: Sequence[Any], *, seconds: int = 8, say: Any = print, bin_dir: Path | None = None
) -> dict[str, Any]:
    """The whole benchmark of orders: machine, figures, ratios. `say` is told each step."""
    async with embedded(bin_dir) as server:
        options = server.connect_options()
        await migrate.upgrade(options)
        database = await Database.open(options, max_size=10)
        try:
            shop = Shop(database, Registry(handlers))
            key = await shop.open()
            await baseline.prepare(options)
            return await measure(shop, key, options, seconds=seconds, say=say)
        finally:
            await database.close()


async def measure(shop: Shop, key: str, options: dict[str, Any], *, seconds: int, say: Any) -> dict[str, Any]:
    """Orders beside pgbench on one server: machine, figures, ratios. The tables of pgbench are there already.

    All are taken in turn, several times for a part of the seconds, because a machine that others use too is not equally fast all the
    time. A figure is the median of its turns, and a ratio that of the ratios in each turn, so they do not divide to the last digit.
    """
    part = max(1, round(seconds / TURNS))
    async with serving.servers(serving.url_of(options)) as [server]:
        await http(server.port, key, shop, clients=16, seconds=2)  # warm
        turns = []
        for turn in range(TURNS):
            say(f"orders and pgbench in turn, {turn + 1} of {TURNS}")
            turns.append(await _turn(shop, (server.port, key), options, part))
        figures = {name: median(one[name] for one in turns) for name in turns[0]}
        figures["server_resident_mb"] = server.resident_mb()
    say("orders decided, batches of 256, nothing stored")
    figures["decided_256_orders"] = await shop.decided_per_second(256, seconds)
    ratios = {one.name: median(turn[one.of] / turn[one.by] for turn in turns) for one in RATIOS}
    return {"machine": machine(), "figures": figures, "ratios": ratios}


async def _turn(
    shop: Shop, server: tuple[int, str], options: dict[str, Any], seconds: int
) -> dict[str, float]:
    """Every rate for so many seconds, each next to what it is divided by."""
    program = binaries.find().path / "pgbench"
    figures: dict[str, float] = {}

    async def pgbench(form: str, clients: int) -> None:
        found = await baseline.pgbench(program, options, form, clients=clients, seconds=seconds)
        figures[f"pgbench_{form}_{clients}_tps"] = found["tps"]
        figures[f"pgbench_{form}_{clients}_ms"] = found["latency_ms"]

    async def over_http(clients: int) -> None:
        rate, latency = await http(*server, shop, clients=clients, seconds=seconds)
        figures[f"http_{clients}_orders"] = rate
        figures[f"http_{clients}_ms"] = latency

    await pgbench("five", 1)
    await over_http(1)
    await pgbench("one", 1)
    await pgbench("five", 8)
    await over_http(64)
    await pgbench("one", 8)
    for size in (256, 1):
        figures[f"process_{size}_orders"] = await _in_process(shop, size, seconds)
    return figures


async def http(port: int, key: str, shop: Shop, *, clients: int, seconds: float) -> tuple[float, float]:
    """Orders per second and median latency in milliseconds; RuntimeError when an order is not accepted."""
    body = {
        "seller_id": str(shop.seller), "channel": "bench", "completed": True,
        "lines": [{"item_id": str(id_), "quantity": "1"} for id_ in shop.items],
    }  # fmt: skip
    latencies: list[float] = []
    end = time.perf_counter() + seconds

    async def shopper() -> None:
        wire = Wire("127.0.0.1", port, key)
        while (begin := time.perf_counter()) < end:
            reply = await wire.ask("POST", "/api/v1/orders", {**body, "reference": secrets.token_hex(8)})
            if reply.status != 201:
                raise RuntimeError(f"an order was answered {reply.status}: {reply.body[:300]!r}")
            latencies.append(time.perf_counter() - begin)
        wire.close()

    begin = time.perf_counter()
    await asyncio.gather(*(shopper() for _ in range(clients)))
    return len(latencies) / (time.perf_counter() - begin), median(latencies) * 1000


async def _in_process(shop: Shop, size: int, seconds: float) -> float:
    done, begin = 0, time.perf_counter()
    while (spent := time.perf_counter() - begin) < seconds:
        await shop.batch([shop.order() for _ in range(size)])
        done += size
    return done / spent


def machine() -> dict[str, Any]:
    """Where the figures were taken."""
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load": os.getloadavg()[0],
    }


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor()
    return next(
        (line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")), ""
    )
