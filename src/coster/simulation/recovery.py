"""How long it takes after `kill -9` of server and database until an order is accepted again.

The program is `coster serve` with the database in it, as one machine runs it; whoever keeps it (systemd) starts it again at
once. Its orders are whole ones, durably committed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from coster.engine.db import datadir, migrate
from coster.engine.db.connect import Database
from coster.engine.db.embedded import EmbeddedServer
from coster.simulation import founding
from coster.simulation.serving import Server
from coster.simulation.wire import Reply, Wire

_AGAIN: Final = 0.01
_PATIENCE: Final = 60.0
_CLIENTS: Final = 16


async def recovery(*, load_seconds: float = 3.0, bin_dir: Path | None = None) -> float:
    """Seconds from the kill of server and database, under load, to the first order that is accepted afterwards.

    RuntimeError where the server does not come back within a minute.
    """
    with tempfile.TemporaryDirectory(prefix="coster-recovery-") as name:
        directory = Path(name)
        # PostgreSQL may run as another user, who must be able to pass.
        directory.chmod(0o755)  # noqa: ASYNC240 - once, before anything is measured
        place = directory / "data"
        key = await _founded(place, bin_dir)
        programs = {"pg_bin": bin_dir} if bin_dir else {}
        server = Server("", data_dir=place, **programs)
        await server.start()
        try:
            order = await _shop(server.port, key)
            await _load(server.port, key, order, load_seconds)
            return await _killed(server, place, key, order)
        finally:
            await server.stop()


async def _founded(place: Path, bin_dir: Path | None) -> str:
    async with EmbeddedServer(place, bin_dir=bin_dir) as postgres:
        options = postgres.connect_options()
        await migrate.upgrade(options)
        database = await Database.open(options, max_size=2)
        try:
            return await founding.found(database)
        finally:
            await database.close()


async def _shop(port: int, key: str) -> dict[str, Any]:
    """A shop with plenty of one item; gives the body of an order but for its reference."""
    wire = Wire("127.0.0.1", port, key)

    async def make(path: str, **body: Any) -> str:
        reply = await wire.ask("POST", f"/api/v1/{path}", body)
        if reply.status not in (200, 201):
            raise RuntimeError(f"{path} was answered {reply.status}: {reply.body[:300]!r}")
        return str(reply.json().get("id"))

    seller = await make("enterprises", name="Shop", kinds=["retailer"], currency="EUR")
    place = await make("locations", enterprise_id=seller, name="Barn")
    item = await make("items", owner_id=seller, sku="hot", name="Hot", stock_unit="kg", price="2")
    stock = {"item_id": item, "location_id": place, "quantity": "1000000"}
    await make("stock-movements", kind="adjust", type="RECEIPT", **stock)
    wire.close()
    return {
        "seller_id": seller,
        "channel": "recovery",
        "completed": True,
        "lines": [{"item_id": item, "quantity": "1"}],
    }


async def _load(port: int, key: str, order: dict[str, Any], seconds: float) -> None:
    """Orders of several clients, so that there is something to recover."""
    end = time.monotonic() + seconds

    async def client() -> None:
        wire = Wire("127.0.0.1", port, key)
        while time.monotonic() < end:
            await _place(wire, order)
        wire.close()

    await asyncio.gather(*(client() for _ in range(_CLIENTS)))


async def _killed(server: Server, place: Path, key: str, order: dict[str, Any]) -> float:
    postmaster = int((datadir.data(place) / "postmaster.pid").read_text("utf-8").splitlines()[0])
    began = time.monotonic()
    os.kill(postmaster, signal.SIGKILL)
    await server.kill()
    coming = asyncio.create_task(server.start(patience=_PATIENCE))
    wire = Wire("127.0.0.1", server.port, key, timeout=_PATIENCE)
    try:
        while time.monotonic() < began + _PATIENCE:
            with contextlib.suppress(OSError, EOFError, TimeoutError):
                if (await _place(wire, order)).status == 201:
                    return time.monotonic() - began
            await asyncio.sleep(_AGAIN)
    finally:
        wire.close()
        await coming
    raise RuntimeError(f"no order was accepted within {_PATIENCE:g} seconds")


async def _place(wire: Wire, order: dict[str, Any]) -> Reply:
    return await wire.ask("POST", "/api/v1/orders", {**order, "reference": secrets.token_hex(8)})
