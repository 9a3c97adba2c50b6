"""Connections to receivers: used again where that is safe, never where an answer could be taken for another's."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from coster.engine.webhooks.addresses import Destination
from coster.engine.webhooks.guard import Guard
from coster.engine.webhooks.model import Answer
from coster.engine.webhooks.sender import Sender
from tests.engine.webhooks.world import patient

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
BROKEN = Answer(error="the connection broke before there was an answer")


class Scripted:
    """Says for each connection what its requests are answered with, byte for byte; empty: it hangs up."""

    def __init__(self, *scripts: list[bytes]) -> None:
        self._scripts = list(scripts)
        self.connections = 0

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[Scripted]:
        """Listens on a free port."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        script = self._scripts.pop(0) if self._scripts else []
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            for said in script:
                head = await reader.readuntil(b"\r\n\r\n")
                assert head.startswith(b"POST /in?x=1 HTTP/1.1\r\nhost: 127.0.0.1:")
                await reader.readexactly(2)
                writer.write(said)
                await writer.drain()
            await asyncio.sleep(0.05)
        writer.close()


async def posts(receiver: Scripted, count: int, **policy: float) -> list[Answer]:
    """So many requests, one after the other."""
    sender = Sender(Guard(["127.0.0.0/8"]), patient(**policy))
    destination = Destination(scheme="http", host="127.0.0.1", port=receiver.port, target="/in?x=1")
    answers = []
    for _ in range(count):
        answers.append(await sender.post(destination, [(b"x-y", b"z")], b"{}"))
        await asyncio.sleep(0.01)
    await sender.close()
    return answers


@pytest.mark.parametrize(
    "said",
    [
        OK,
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
        b"HTTP/1.1 200 OK\r\ncontent-length: 16000\r\n\r\n" + b"x" * 16_000,
    ],
)
async def test_connection_is_used_again(said: bytes) -> None:
    """However the answer's end is told, if it is told."""
    async with Scripted([said, said, said]).open() as receiver:
        answers = await posts(receiver, 3)
    assert ([a.status for a in answers], receiver.connections) == ([200, 200, 200], 1)


@pytest.mark.parametrize(
    "said",
    [
        OK + b"HTTP/1.1 500 Late\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 16385\r\n\r\n" + b"x" * 16_385,
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnonsense\r\n",
    ],
)
async def test_connection_is_not_used_again(said: bytes) -> None:
    """Where more came than was asked for, where the end is not known or not wanted: the status counts, the rest is gone."""
    async with Scripted([said, said], [said, said]).open() as receiver:
        answers = await posts(receiver, 2)
    assert ([a.status for a in answers], receiver.connections) == ([200, 200], 2)


async def test_answer_that_nobody_asked_for_is_nobodys() -> None:
    """What a receiver says after its answer ends the connection, and the next request hears its own answer."""
    hung_up = asyncio.Event()

    class Eager(Scripted):
        async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.connections += 1
            await reader.readuntil(b"{}")
            writer.write(OK)
            await asyncio.sleep(0.01)
            writer.write(OK.replace(b"200", b"500"))
            with contextlib.suppress(ConnectionError):
                await reader.read()
            hung_up.set()
            writer.close()

    async with Eager().open() as receiver:
        sender = Sender(Guard(["127.0.0.0/8"]), patient())
        destination = Destination(scheme="http", host="127.0.0.1", port=receiver.port, target="/")
        answers = [await sender.post(destination, [], b"{}")]
        await hung_up.wait()
        answers.append(await sender.post(destination, [], b"{}"))
        await sender.close()
    assert ([a.status for a in answers], receiver.connections) == ([200, 200], 2)


async def test_kept_connection_that_was_closed_costs_nothing() -> None:
    """The receiver hangs up on the second request; it is sent again on a new connection, at once."""
    async with Scripted([OK, b""], [OK]).open() as receiver:
        answers = await posts(receiver, 2)
    assert ([a.status for a in answers], receiver.connections) == ([200, 200], 2)


async def test_who_hangs_up_always_is_a_failure() -> None:
    """Twice at most, and then it is a failure like others."""
    async with Scripted([b""], [b""], [OK]).open() as receiver:
        assert await posts(receiver, 1) == [BROKEN]
    assert receiver.connections == 2


async def test_what_is_no_answer_is_a_failure() -> None:
    """A status that cannot be read is none."""
    async with Scripted([b"SSH-2.0-x\r\n\r\n"], [b"SSH-2.0-x\r\n\r\n"]).open() as receiver:
        assert await posts(receiver, 1) == [BROKEN]


async def test_body_that_never_ends_does_not_hold_the_answer() -> None:
    """The status has come; after a moment the connection is given up, and the answer stands."""
    endless = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"

    class Silent(Scripted):
        async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.connections += 1
            await reader.readuntil(b"{}")
            writer.write(endless)
            with contextlib.suppress(ConnectionError):
                await reader.read()
            writer.close()

    async with Silent().open() as receiver:
        [answer] = await posts(receiver, 1)
    assert answer == Answer(status=200)


async def test_many_at_once_share_few_connections() -> None:
    """As many as ask at once, and afterwards no more are kept than the policy says."""
    async with Scripted(*[[OK] * 40 for _ in range(40)]).open() as receiver:
        sender = Sender(Guard(["127.0.0.0/8"]), patient(concurrency=4))
        destination = Destination(scheme="http", host="127.0.0.1", port=receiver.port, target="/in?x=1")
        for _ in range(3):
            await asyncio.gather(*(sender.post(destination, [], b"{}") for _ in range(6)))
        await sender.close()
    assert receiver.connections == 6 + 2 + 2
