"""A real server on a loopback port over the test database, and clients that speak HTTP to it."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
import uvicorn

from coster import settings as configuration
from coster.app import create
from coster.domain.identity import handlers as identity
from coster.domain.identity.model import SECRET_BYTES, CreateKey, Grant, new_token
from coster.engine.db.connect import Database
from coster.kernel.outcome import Accepted
from tests.conftest import Databases
from tests.edges.scene import Scene, build

AT = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)


@dataclass
class Server:
    """Where the server listens, its database, and a client with the key of an owner of organisation 1."""

    url: str
    database: Database
    owner: httpx2.AsyncClient
    token: str
    clients: list[httpx2.AsyncClient] = field(default_factory=list)

    def client(self, token: str | None) -> httpx2.AsyncClient:
        """A client with this key, or with none."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        made = httpx2.AsyncClient(base_url=self.url, headers=headers, timeout=30)
        self.clients.append(made)
        return made

    async def key(self, role: str, enterprise: str | None = None) -> httpx2.AsyncClient:
        """A client with a new key of a role, for one enterprise or everywhere."""
        wanted = {"name": role, "grants": [{"role": role, "enterprise_id": enterprise}]}
        made = await self.owner.post("/api/v1/keys", json=wanted)
        assert made.status_code == 201, made.text
        return self.client(made.json()["token"])


async def organisation(database: Database, org_id: int) -> str:
    """A new organisation; gives the token of its first owner."""
    token = new_token(org_id, os.urandom(SECRET_BYTES))
    first = CreateKey(
        key_id=uuid.uuid4(),
        name="first",
        secret_hash=hashlib.sha256(token.encode()).digest(),
        hint=token[-4:],
        grants=[Grant(role="owner")],
    )
    outcome = await identity.create_organisation(
        database, org_id, name=f"Org {org_id}", first_key=first, at=AT
    )
    assert isinstance(outcome, Accepted), outcome
    return token


Start = Callable[..., Awaitable[Server]]


@pytest.fixture(scope="module")
async def start(databases: Databases) -> AsyncIterator[Start]:
    """Starts servers with settings of one's own, each over a new database; all stop at the end of the module."""
    undo: list[Callable[[], Awaitable[Any]]] = []

    async def begin(**overrides: Any) -> Server:
        name = await databases.create(template="coster_template")
        suppliers = overrides.pop("suppliers", None)
        target = databases.server.connect_options(name)
        database = await Database.open(target, min_size=1, max_size=4)
        token = await organisation(database, 1)
        chosen = {
            "log_requests": False,
            "log_level": "error",
            "clock": "manual",
            "clock_start": AT.isoformat(),
            "federation_networks": "127.0.0.1/32",  # where the platforms are that tests bring
            "bad_keys": 0,  # tests send many from one address; tests/edges/test_throttle.py is about the limit
            **overrides,
        }
        app = create(configuration.read({}, **chosen), target=target, suppliers=suppliers)
        config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="on", ws="none")
        listener = uvicorn.Server(config)
        task = asyncio.create_task(listener.serve())
        while not listener.started:
            assert not task.done(), "the server did not start"
            await asyncio.sleep(0.01)
        port = listener.servers[0].sockets[0].getsockname()[1]
        server = Server(f"http://127.0.0.1:{port}", database, httpx2.AsyncClient(), token)
        server.owner = server.client(token)

        async def end() -> None:
            for client in server.clients:
                await client.aclose()
            listener.should_exit = True
            await task
            await database.close()
            await databases.drop(name)

        undo.append(end)
        return server

    yield begin
    for end in reversed(undo):
        await end()


@pytest.fixture(scope="module")
async def server(start: Start) -> Server:
    """One server for the tests of a module."""
    return await start()


@pytest.fixture(scope="module")
async def scene(server: Server) -> Scene:
    """The town on that server."""
    return await build(server.owner)
