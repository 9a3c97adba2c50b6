"""A real HTTP receiver on loopback that keeps what it is sent and fails on purpose."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    """What came in."""

    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def message(self) -> dict[str, Any]:
        """The body, read."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """What goes out; `hang` waits for ever instead."""

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    hang: bool = False


Answering = Callable[[Request], Reply | Awaitable[Reply]]


class Receiver:
    """Answers each request as `answer` says; `requests` are in the order of their arrival."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self.answer: Answering = lambda _: Reply()
        self._tls = tls
        self._came = asyncio.Condition()
        self._tasks: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Receiver:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def received(self, count: int) -> None:
        """Returns when so many requests have come; TimeoutError after 20 seconds."""
        async with asyncio.timeout(20), self._came:
            await self._came.wait_for(lambda: len(self.requests) >= count)

    def url(self, target: str = "/hooks") -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}{target}"

    def seqs(self) -> list[int]:
        """Event numbers in the order of their arrival."""
        return [request.message["seq"] for request in self.requests]

    def of(self, entity_id: object) -> list[int]:
        """Versions of one entity in the order of their arrival."""
        messages = [request.message for request in self.requests]
        return [message["version"] for message in messages if message["entity_id"] == str(entity_id)]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.current_task())
        self.connections += 1
        try:
            while True:
                await self._exchange(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        request = Request(first.split(" ")[1], headers, body)
        async with self._came:
            self.requests.append(request)
            self._came.notify_all()
        reply = self.answer(request)
        if not isinstance(reply, Reply):
            reply = await reply
        if reply.hang:
            await asyncio.Event().wait()
        told = {"content-length": str(len(reply.body)), **reply.headers}
        text = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        writer.write(f"HTTP/1.1 {reply.status} X\r\n{text}\r\n".encode() + reply.body)
        await writer.drain()
