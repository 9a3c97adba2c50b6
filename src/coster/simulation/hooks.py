"""How many events a second reach a webhook receiver, each once answered, in order for each entity."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import re
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final, cast

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
_LENGTH: Final = re.compile(rb"(?i)\ncontent-length: *([0-9]+)\r")
_ANSWER: Final = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


class _Told(msgspec.Struct):
    """What of an event is looked at."""

    entity_id: str
    version: int


_read = msgspec.json.Decoder(_Told).decode


@dataclass(slots=True)
class Receiver:
    """Answers 200 to everything, and remembers what came when."""

    port: int
    times: list[float] = field(default_factory=list)
    seen: dict[str, int] = field(default_factory=dict)
    out_of_order: int = 0
    wanted: int = 0
    complete: asyncio.Event = field(default_factory=asyncio.Event)

    def expect(self, more: int) -> None:
        """From now on so many more entities are waited for, and their instants kept."""
        self.wanted += more
        self.times.clear()
        self.complete.clear()

    def take(self, body: bytes) -> None:
        """Notes an event; a repeat of an older one is no disorder, a gap is."""
        event = _read(body)
        last = self.seen.get(event.entity_id, 0)
        if event.version > last + 1:
            self.out_of_order += 1
        self.seen[event.entity_id] = max(event.version, last)
        self.times.append(time.perf_counter())
        if len(self.seen) >= self.wanted:
            self.complete.set()


class _Taking(asyncio.Protocol):
    """One connection: takes one request after the other, with little effort, so that it does not become what is measured."""

    def __init__(self, sink: Receiver) -> None:
        self._sink = sink
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is there."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Takes every request that is complete, and answers it."""
        self._data += data
        while (head := self._data.find(b"\r\n\r\n") + 4) > 3:
            length = _LENGTH.search(self._data, 0, head)
            end = head + int(length[1] if length else 0)
            if len(self._data) < end:
                return
            self._sink.take(self._data[head:end])
            self._data = self._data[end:]
            self._transport.write(_ANSWER)


@contextlib.asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver on a free port of loopback."""
    made = Receiver(free_port())
    server = await asyncio.get_running_loop().create_server(lambda: _Taking(made), "127.0.0.1", made.port)
    async with server:
        yield made


async def delivered_per_second(shop: Shop, port: int, key: str, *, events: int) -> dict[str, float]:
    """Events per second from the first to the last delivered, twice: `per_second` while their orders are placed as fast as they can
    be, which takes most of two cores; `backlog_per_second` of as many that waited for a paused endpoint. RuntimeError where the
    server answers otherwise than it should.
    """
    async with receiver() as sink:
        wire = Wire("127.0.0.1", port, key)
        made = await _ask(
            wire, "POST", "", {"url": f"http://127.0.0.1:{sink.port}/", "names": ["order.*"]}, status=201
        )
        endpoint = f"/{made['id']}"
        await _place(shop, sink, events)
        meanwhile = await _rate(sink)
        await _ask(wire, "POST", f"{endpoint}/events", {"name": "pause"})
        await _place(shop, sink, events)
        await _ask(wire, "POST", f"{endpoint}/events", {"name": "resume"})
        waited = await _rate(sink)
        await _ask(wire, "DELETE", endpoint)
        wire.close()
    return {
        "per_second": meanwhile, "backlog_per_second": waited,
        "out_of_order": sink.out_of_order, "missing": sink.wanted - len(sink.seen),
    }  # fmt: skip


async def _ask(wire: Wire, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
    reply = await wire.ask(method, f"/api/v1/webhooks{path}", body)
    if reply.status not in (status, 204):
        raise RuntimeError(f"{method} {path} of a webhook was answered {reply.status}: {reply.body[:300]!r}")
    return reply.json()


async def _place(shop: Shop, sink: Receiver, events: int) -> None:
    """Orders whose events are from now on wanted, as fast as they can be placed."""
    batches = events // _BATCH
    sink.expect(batches * _BATCH)
    for _ in range(batches):
        await shop.batch([shop.order() for _ in range(_BATCH)])


async def _rate(sink: Receiver) -> float:
    """Events per second of those that were wanted last, when all have come or patience has ended."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE):
            await sink.complete.wait()
    spent = sink.times[-1] - sink.times[0] if len(sink.times) > 1 else _PATIENCE
    return len(sink.times) / spent
