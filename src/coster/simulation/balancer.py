"""A small load balancer of clients: in turn to the servers that said that they are ready, as a proxy would do it.

It never repeats a request: whatever a client would see behind a proxy is seen here.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from itertools import count
from typing import Any, Final

from coster.simulation.wire import Reply, Wire

PROBE_SECONDS: Final = 0.1


class Balancer:
    """Probes /health/ready of each port, and sends requests to the ready ones in turn over connections that are kept."""

    def __init__(self, ports: Sequence[int], key: str) -> None:
        self._ports, self._key = ports, key
        self._ready: list[int] = []
        self._probed = asyncio.Condition()
        self._turns = count()
        self._idle: dict[int, list[Wire]] = {port: [] for port in ports}

    @contextlib.asynccontextmanager
    async def probing(self) -> AsyncIterator[None]:
        """The probes go on while the block does."""
        tasks = [asyncio.create_task(self._probe(port)) for port in self._ports]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for wire in (wire for wires in self._idle.values() for wire in wires):
                wire.close()

    async def until_ready(self, servers: int) -> None:
        """Returns when so many are ready."""
        async with self._probed:
            await self._probed.wait_for(lambda: len(self._ready) >= servers)

    async def ask(self, method: str, path: str, body: Any) -> Reply:
        """The reply of the server whose turn it is. OSError, EOFError or TimeoutError where it breaks the connection."""
        port = self._ready[next(self._turns) % len(self._ready)]
        wire = self._idle[port].pop() if self._idle[port] else Wire("127.0.0.1", port, self._key)
        reply = await wire.ask(method, path, body)
        self._idle[port].append(wire)
        return reply

    async def _probe(self, port: int) -> None:
        wire = Wire("127.0.0.1", port, "", timeout=2)
        while True:
            is_ready = False
            with contextlib.suppress(OSError, EOFError, TimeoutError):
                is_ready = (await wire.ask("GET", "/health/ready")).status == 200
            if is_ready and port not in self._ready:
                self._ready.append(port)
            elif not is_ready and port in self._ready:
                self._ready.remove(port)
                # A proxy drops what it keeps of a server that is not ready.
                for idle in self._idle[port]:
                    idle.close()
                self._idle[port].clear()
            async with self._probed:
                self._probed.notify_all()
            await asyncio.sleep(PROBE_SECONDS)
