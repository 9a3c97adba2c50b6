"""How many events a second reach a webhook receiver, each once answered, in order for each entity."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from coster.simulation.bench import Shop
from coster.simulation.serving import free_port
from coster.simulation.wire import Wire

SETTINGS: Final[dict[str, Any]] = {
    "webhook_keys": "bench:" + base64.b64encode(secrets.token_bytes(32)).decode(),
    "webhook_networks": "127.0.0.0/8",
}
"""What a server needs to send to a receiver on this machine."""
_BATCH: Final = 250
_PATIENCE: Final = 120.0
_ANSWER: Final = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


@dataclass(slots=True)
class Receiver:
    """Answers 200 to everything, and remembers what came when."""

    port: int
    times: list[float] = field(default_factory=list)
    seen: dict[str, int] = field(default_factory=dict)
    out_of_order: int = 0
    wanted: int = 0
    complete: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, body: bytes) -> None:
        """Notes an event; a repeat of an older one is no disorder, a gap is."""
        event = msgspec.json.decode(body)
        entity, version = str(event["entity_id"]), int(event["version"])
        if version > self.seen.get(entity, 0) + 1:
            self.out_of_order += 1
        self.seen[entity] = max(version, self.seen.get(entity, 0))
        self.times.append(time.perf_counter())
        if len(self.seen) >= self.wanted:
            self.complete.set()


@contextlib.asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver on a free port of loopback."""
    made = Receiver(free_port())

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                start = head.index(b"content-length:") + 15
                made.take(await reader.readexactly(int(head[start : head.index(b"\r\n", start)])))
                writer.write(_ANSWER)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", made.port)
    async with server:
        yield made


async def delivered_per_second(shop: Shop, port: int, key: str, *, events: int) -> dict[str, float]:
    """Orders are placed as fast as they can be, and their events delivered meanwhile: rate from the first to the last."""
    async with receiver() as sink:
        wire = Wire("127.0.0.1", port, key)
        made = await wire.ask(
            "POST", "/api/v1/webhooks", {"url": f"http://127.0.0.1:{sink.port}/", "names": ["order.*"]}
        )
        if made.status != 201:
            raise RuntimeError(f"the endpoint was answered {made.status}: {made.body[:300]!r}")
        sink.wanted = events // _BATCH * _BATCH
        for _ in range(events // _BATCH):
            await shop.batch([shop.order() for _ in range(_BATCH)])
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                await sink.complete.wait()
        gone = await wire.ask("DELETE", f"/api/v1/webhooks/{made.json()['id']}")
        wire.close()
        if gone.status not in (200, 204):
            raise RuntimeError(f"the endpoint could not be removed: {gone.status}")
    spent = sink.times[-1] - sink.times[0]
    return {
        "per_second": len(sink.seen) / spent,
        "out_of_order": sink.out_of_order,
        "missing": sink.wanted - len(sink.seen),
    }
