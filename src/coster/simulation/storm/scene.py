"""What a storm needs before it can begin: a database on a small disk, server processes, a town, receivers of webhooks."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from coster.engine.db import migrate
from coster.engine.db.connect import Database
from coster.simulation import founding
from coster.simulation.serving import Server, url_of
from coster.simulation.storm import people
from coster.simulation.storm.caller import Desk, Key
from coster.simulation.storm.faults import Kept
from coster.simulation.storm.ground import Ground
from coster.simulation.storm.line import Line
from coster.simulation.storm.plan import Plan
from coster.simulation.storm.receivers import Receiver
from coster.simulation.storm.report import Report
from coster.simulation.storm.town import Town
from coster.simulation.wire import Wire

ORG: Final = 1
_WEBHOOK_KEY: Final = "storm:" + base64.b64encode(b"s" * 32).decode()


@dataclass(slots=True)
class Scene:
    """Everything that runs."""

    plan: Plan
    desk: Desk
    town: Town
    ground: Ground
    servers: list[Kept]
    lines: list[Line]
    receivers: list[Receiver]
    keepers: list[asyncio.Task[None]] = field(default_factory=list)
    heard: asyncio.Task[list[int]] | None = None
    calm: bool = False


@contextlib.asynccontextmanager
async def opened(plan: Plan, ground: Ground, log: Path) -> AsyncIterator[Scene]:
    """The scene before the storm; everything in it is ended with the block. RuntimeError where it cannot be set."""
    options = ground.options
    await migrate.upgrade(options)
    pools = await Database.open(options, max_size=2)
    token = await founding.found(pools, ORG)
    await pools.close()
    async with contextlib.AsyncExitStack() as stack:
        # A line for the last server; one for each where breaking all of them stands for what cannot be done.
        count = plan.processes if ground.instead else 1
        lines = [await stack.enter_async_context(Line(options)) for _ in range(count)]
        ends = [options] * (plan.processes - count) + [line.options for line in lines]
        processes = [_server(end, log) for end in ends]
        for server in processes:
            stack.push_async_callback(server.kill)
        await asyncio.gather(*(server.start() for server in processes))
        desk = Desk([server.port for server in processes], ORG, Report(plan))
        town = Town(desk, await _owner(desk, token))
        kept = [Kept(server, desk.report) for server in processes]
        receivers = [
            await stack.enter_async_context(receiver)
            for receiver in (
                Receiver("always well"),
                Receiver("moody", names=["order.*", "session.*"]),
                Receiver("ill until the end", names=["stock.changed", "held_order.*"]),
            )
        ]
        made = Scene(plan, desk, town, ground, kept, lines, receivers)
        await town.build()
        await _subscribe(made)
        for n in range(people.REVOCABLE):
            key = await town.new_key(desk.ports[0], f"first {n}")
            assert key is not None, "nothing goes wrong yet"
            town.keys.append(key)
        yield made


def _server(options: dict[str, Any], log: Path) -> Server:
    return Server(
        url_of(options),
        log=log,
        webhook_keys=_WEBHOOK_KEY,
        webhook_networks="127.0.0.0/8",
        # Whoever asks under revoked keys here does so on purpose.
        bad_keys=0,
        notice=0,
    )


async def _owner(desk: Desk, token: str) -> Key:
    wire = Wire("127.0.0.1", desk.ports[0], token)
    found = (await wire.ask("GET", "/api/v1/keys")).json()
    wire.close()
    return Key(uuid.UUID(found["items"][0]["id"]), token)


async def _subscribe(scene: Scene) -> None:
    wire = Wire("127.0.0.1", scene.desk.ports[0], scene.town.owner.token)
    for receiver in scene.receivers:
        body = {"url": f"http://127.0.0.1:{receiver.port}/hooks", "names": list(receiver.names)}
        reply = await wire.ask("POST", "/api/v1/webhooks", body)
        if reply.status != 201:
            raise RuntimeError(f"the storm cannot begin: {reply.status} {reply.body[:200]!r}")
        receiver.endpoint_id, receiver.secret = reply.json()["id"], reply.json()["secret"]
    wire.close()
