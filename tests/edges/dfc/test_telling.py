"""Platforms that may read something are told when it changes: once for all of a moment, and nothing of what it is."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.edges.conftest import Server, Start
from tests.edges.scene import V1, made


class Receiver:
    """Keeps what it is sent; answers what it is told to."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, str], dict[str, str]]] = []
        self.url = ""
        self.refusing = 0
        self._came = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request, one answer."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = dict(line.lower().split(": ", 1) for line in head.splitlines()[1:] if ": " in line)
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        status = "503 Busy" if self.refusing else "200 OK"
        self.refusing -= bool(self.refusing)
        if status == "200 OK":
            self.heard.append((json.loads(body), headers))
            self._came.set()
        writer.write(f"HTTP/1.1 {status}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}".encode())
        await writer.drain()
        writer.close()

    async def until(self, count: int) -> None:
        """Returns when so much has come."""
        async with asyncio.timeout(15):
            while len(self.heard) < count:
                self._came.clear()
                await self._came.wait()


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver on a port of its own."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/dfc/events"
    try:
        yield receiver
    finally:
        server.close()


@pytest.fixture(scope="module")
async def told(start: Start) -> Server:
    """A server that may call this machine, and has a key for secrets."""
    key = base64.b64encode(bytes(range(32))).decode()
    return await start(
        federation_networks="127.0.0.1/32", webhook_keys=f"test:{key}", public_url="https://coster.example"
    )


async def farm_with(server: Server, receiver: Receiver, *scopes: str) -> str:
    """A farm, and a platform that may do this there and listens."""
    jean = {"name": "Jean", "kinds": ["producer"], "currency": "EUR"}
    farm = (await made(server.owner, "/enterprises", jean))["id"]
    hub = {"name": "Hub", "events_url": receiver.url, "events_token": "theirs"}
    platform = (await made(server.owner, "/platforms", hub))["id"]
    body = {"enterprise_id": farm, "scopes": list(scopes)}
    assert (await server.owner.put(f"{V1}/platforms/{platform}/scopes", json=body)).status_code == 200
    return str(farm)


async def test_reader_of_products_is_told_of_products(told: Server) -> None:
    """Three items in a moment are one message: enterprise, scope and nothing else; with the token that the receiver wants.

    What fails is tried again."""
    async with receiving() as receiver:
        receiver.refusing = 1
        farm = await farm_with(told, receiver, "read_products")
        for sku in "ABC":
            await made(told.owner, "/items", {"owner_id": farm, "sku": sku, "name": sku, "price": "1"})
        await receiver.until(1)
        [(body, headers)] = receiver.heard
        assert body == {
            "eventType": "refresh",
            "enterpriseUrlid": f"https://coster.example/api/dfc/Enterprises/{farm}",
            "scope": "ReadProducts",
        }
        assert headers["authorization"] == "bearer theirs"


async def test_who_may_not_read_is_not_told(told: Server) -> None:
    """A platform that may only write hears nothing, while another that reads them does."""
    async with receiving() as silent, receiving() as receiver:
        await farm_with(told, silent, "write_orders", "write_products")
        farm = await farm_with(told, receiver, "read_products")
        await made(told.owner, "/items", {"owner_id": farm, "sku": "A", "name": "A", "price": "1"})
        await receiver.until(1)
        assert silent.heard == []


async def test_token_of_a_receiver_is_never_shown(told: Server) -> None:
    """Nor is it in the database as it was given."""
    async with receiving() as receiver:
        await farm_with(told, receiver)
    assert "theirs" not in (await told.owner.get(f"{V1}/platforms")).text
    async with told.database.read(1) as conn:
        rows = await conn.fetch(
            "SELECT p.secret_box FROM coster.platform AS p WHERE p.org_id = 1 AND p.secret_key <> ''"
        )
    assert rows
    assert all(b"theirs" not in row["secret_box"] for row in rows)
