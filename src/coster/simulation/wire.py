"""An HTTP/1.1 client for loads: keep-alive, nothing parsed that is not needed, so that it does not become what is measured."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec


@dataclass(frozen=True, slots=True)
class Reply:
    """A status and the bytes of a body."""

    status: int
    body: bytes

    def json(self) -> Any:
        """The body, decoded."""
        return msgspec.json.decode(self.body) if self.body else None


class Wire:
    """One connection that is opened when first used, and again when it was lost. One request at a time.

    `ask` raises OSError or asyncio.IncompleteReadError when the connection breaks; whether the request took effect is then
    unknown, and sending it again under the same Idempotency-Key settles it.
    """

    def __init__(self, host: str, port: int, key: str, *, timeout: float = 30.0) -> None:
        self._host, self._port, self._key, self._timeout = host, port, key, timeout
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """The reply to one request; `body` goes as JSON."""
        request = self._request(method, path, body, headers or {})
        try:
            async with asyncio.timeout(self._timeout):
                return await self._exchange(request)
        except BaseException:
            self.close()
            raise

    async def hang_up(self, method: str, path: str, body: Any, headers: Mapping[str, str]) -> None:
        """Sends one request and goes away without the answer."""
        try:
            async with asyncio.timeout(self._timeout):
                _, writer = await self._connected()
                writer.write(self._request(method, path, body, headers))
                await writer.drain()
        finally:
            self.close()

    def _request(self, method: str, path: str, body: Any, headers: Mapping[str, str]) -> bytes:
        data = b"" if body is None else msgspec.json.encode(body)
        lines = [
            f"{method} {path} HTTP/1.1\r\n",
            f"host: {self._host}:{self._port}\r\n",
            f"authorization: Bearer {self._key}\r\n",
            f"content-type: application/json\r\ncontent-length: {len(data)}\r\n",
            *(f"{name}: {value}\r\n" for name, value in headers.items()),
        ]
        return "".join(lines).encode() + b"\r\n" + data

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        return self._streams

    async def _exchange(self, request: bytes) -> Reply:
        reader, writer = await self._connected()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        lowered = head.lower()
        if b"transfer-encoding: chunked" in lowered:
            reply = Reply(status, await _chunks(reader))
        else:
            start = lowered.find(b"content-length:")
            length = int(head[start + 15 : head.index(b"\r\n", start)]) if start >= 0 else 0
            reply = Reply(status, await reader.readexactly(length))
        if b"connection: close" in lowered:
            self.close()
        return reply

    def close(self) -> None:
        """Drops the connection."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts = []
    while size := int(await reader.readline(), 16):
        parts.append(await reader.readexactly(size))
        await reader.readline()
    await reader.readline()
    return b"".join(parts)
