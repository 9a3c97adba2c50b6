"""Receivers of webhooks on loopback that check what they are sent and fail on purpose, each in moods of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import standardwebhooks

from coster.simulation.storm.plan import CUTS, HANGS, SAYS_500, WELL


@dataclass(frozen=True, slots=True)
class Receipt:
    """One message as it came: the event's number, and whether it was taken (answered 2xx)."""

    seq: int
    taken: bool


@dataclass(slots=True)
class Receiver:
    """An HTTP server; `receipts` are in the order of their arrival. It may change its mood at any moment."""

    name: str
    names: Sequence[str] = ()
    mood: str = WELL
    secret: str = ""
    endpoint_id: str = ""
    receipts: list[Receipt] = field(default_factory=list)
    wrong_signatures: int = 0
    port: int = 0
    _server: asyncio.Server | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_error: object) -> None:
        assert self._server is not None, "it was opened"
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def become(self, mood: str) -> None:
        """Another mood from now on; whoever hangs is cut."""
        self.mood = mood
        self._changed.set()
        self._changed = asyncio.Event()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "a connection is served by a task"
        self._tasks.add(task)
        try:
            # Cancelled at the end, which is no news for anybody.
            with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
                while await self._exchange(reader, writer):
                    pass
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One message; False where the connection is to end."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        lines = (line.partition(":") for line in head.strip().split("\r\n")[1:])
        headers = {name.lower(): value.strip() for name, _, value in lines}
        body = await reader.readexactly(int(headers["content-length"]))
        mood, changed = self.mood, self._changed
        self._note(headers, body, taken=mood == WELL)
        if mood == HANGS:
            await changed.wait()
        if mood in (HANGS, CUTS):
            return False
        status = "500 Oh" if mood == SAYS_500 else "204 Thanks"
        length = "" if mood == WELL else "content-length: 0\r\n"
        writer.write(f"HTTP/1.1 {status}\r\n{length}\r\n".encode())
        await writer.drain()
        return True

    def _note(self, headers: Mapping[str, str], body: bytes, *, taken: bool) -> None:
        try:
            standardwebhooks.Webhook(self.secret).verify(body, dict(headers), json_parse=False)
        except standardwebhooks.WebhookVerificationError:
            self.wrong_signatures += 1
        self.receipts.append(Receipt(int(json.loads(body)["seq"]), taken))
