"""The failing line: each fault does what it is called, requests are carried byte for byte, and everything that passes is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from coster.simulation.federation import messages, weather
from coster.simulation.federation.proxy import End, Line
from coster.simulation.federation.record import Record
from coster.simulation.federation.weather import Weather
from coster.simulation.wire import Wire


@dataclass
class Far:
    """A server that notes what arrives and answers with how many there were; `chunked` answers come in pieces."""

    heard: list[str] = field(default_factory=list)
    chunked: bool = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        while (request := await messages.request(reader)) is not None:
            self.heard.append(f"{request.method} {request.path} {request.body.decode()}")
            body = b'{"n": %d, "filling": "%s"}' % (len(self.heard), b"x" * 300)
            if self.chunked:
                sent = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
                writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + sent)
            else:
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
        writer.close()


@dataclass
class Scene:
    """A far server, the line to it, and what passed."""

    far: Far
    line: Line
    record: Record

    def only(self, kind: str, *, seconds: float = 0.0) -> None:
        """Every request meets this fault from now on."""
        self.line.weather = Weather(share=1.0, kinds={kind: 1}, longest=seconds, silent=seconds)

    async def ask(self, n: int = 1, path: str = "/a") -> int | None:
        """Asks on a connection of its own; the far server's count, None where the connection broke."""
        wire = Wire("127.0.0.1", self.line.port, "key", timeout=5)
        try:
            said = (await wire.ask("PUT", path, {"ask": n})).json()
        except (OSError, EOFError):
            return None
        finally:
            wire.close()
        return int(said["n"])


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """All of it, in calm weather."""
    far, record = Far(), Record(tmp_path / "passed")
    server = await asyncio.start_server(far.serve, "127.0.0.1", 0)
    async with Line("far", End("127.0.0.1", server.sockets[0].getsockname()[1]), record) as line:
        yield Scene(far, line, record)
    server.close()
    record.close()


@pytest.mark.parametrize("chunked", [False, True])
async def test_in_calm_weather_everything_passes_and_is_kept(scene: Scene, *, chunked: bool) -> None:
    """Three requests on one connection are answered in turn, and the record has the six messages with their bodies."""
    scene.far.chunked = chunked
    wire = Wire("127.0.0.1", scene.line.port, "key")
    assert [(await wire.ask("PUT", "/a", n)).json()["n"] for n in (7, 8, 9)] == [1, 2, 3]
    wire.close()
    passed = list(scene.record.passed())
    assert [one.way for one in passed] == ["request", "answer"] * 3
    assert [one.body for one in passed if one.way == "request"] == [b"7", b"8", b"9"]
    assert ("authorization", "Bearer key") in passed[0].headers
    assert passed[1].body.startswith(b'{"n": 1')


async def test_lost_request_never_arrives(scene: Scene) -> None:
    """The caller sees a broken connection, the far server nothing; but the record knows what was sent."""
    scene.only(weather.LOSE_REQUEST)
    assert await scene.ask() is None
    assert scene.far.heard == []
    assert [one.way for one in scene.record.passed()] == ["request"]


async def test_lost_answer_has_its_effect(scene: Scene) -> None:
    """The caller sees a broken connection, and the far server has had the request once."""
    scene.only(weather.LOSE_ANSWER)
    assert await scene.ask() is None
    assert scene.far.heard == ['PUT /a {"ask":1}']


async def test_duplicate_arrives_twice(scene: Scene) -> None:
    """The caller is answered once, and the far server has had the very same request twice."""
    scene.only(weather.DUPLICATE)
    assert await scene.ask() is not None
    await scene.line.settled()
    assert scene.far.heard == ['PUT /a {"ask":1}'] * 2


async def test_reordered_request_arrives_after_the_next(scene: Scene) -> None:
    """What was sent first arrives second, after the later request for the same thing was answered."""
    scene.only(weather.LATE, seconds=5)
    assert await scene.ask(1) is None
    scene.line.weather = weather.CALM
    assert await scene.ask(5, "/b") == 1
    assert await scene.ask(2) == 2
    await scene.line.settled()
    assert scene.far.heard == ['PUT /b {"ask":5}', 'PUT /a {"ask":2}', 'PUT /a {"ask":1}']


async def test_reordered_request_arrives_even_where_no_other_does(scene: Scene) -> None:
    """After its seconds it arrives by itself."""
    scene.only(weather.LATE, seconds=0.05)
    assert await scene.ask() is None
    await scene.line.settled()
    assert scene.far.heard == ['PUT /a {"ask":1}']


async def test_cut_answer_is_begun_and_not_ended(scene: Scene) -> None:
    """The caller reads a piece of the answer and then the end of the connection; the record has all of it."""
    scene.only(weather.CUT)
    reader, writer = await asyncio.open_connection("127.0.0.1", scene.line.port)
    writer.write(b"PUT /a HTTP/1.1\r\nhost: far\r\ncontent-length: 0\r\n\r\n")
    got = await reader.read()
    writer.close()
    [_, answer] = scene.record.passed()
    assert got.startswith(b"H")
    assert len(got) < len(answer.body)


async def test_half_open_line_says_nothing(scene: Scene) -> None:
    """The caller waits in vain until it gives up; nothing is said to it before."""
    scene.only(weather.HALF_OPEN, seconds=30)
    wire = Wire("127.0.0.1", scene.line.port, "key", timeout=0.1)
    with pytest.raises(TimeoutError):
        await wire.ask("PUT", "/a", 1)


async def test_delayed_request_is_answered_all_the_same(scene: Scene) -> None:
    """It takes longer, and that is all."""
    scene.only(weather.DELAY, seconds=0.02)
    assert await scene.ask() == 1


async def test_line_is_cut_for_one_asker_and_mended(scene: Scene) -> None:
    """Whom it is cut for gets nothing through, others do; after the mending everybody does."""
    scene.line._asker = lambda request: request.path  # noqa: SLF001 - the fixture cannot know who will ask
    scene.line.cut("/a")
    assert (await scene.ask(1, "/a"), await scene.ask(2, "/b")) == (None, 1)
    scene.line.mend()
    assert await scene.ask(3, "/a") == 2


def test_weather_follows_from_the_seed() -> None:
    """The n-th request on a line meets the same fault under the same seed, another under another, and every kind comes."""

    def of(seed: int) -> list[weather.Fault | None]:
        return [Weather(seed=seed, share=0.5).fault("Jean", n) for n in range(300)]

    assert of(1) == of(1) != of(2)
    assert {fault.kind for fault in of(1) if fault} == set(weather.FAULTS)


@pytest.mark.parametrize(
    "junk", [b"GET\r\n\r\n", b"SSH-2.0\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n", b"x" * 70_000]
)
async def test_what_is_no_request_ends_the_connection(scene: Scene, junk: bytes) -> None:
    """It is not carried on, and the line goes on for others."""
    reader, writer = await asyncio.open_connection("127.0.0.1", scene.line.port)
    writer.write(junk)
    with pytest.raises((OSError, EOFError)):
        await reader.readexactly(1)
    writer.close()
    assert scene.far.heard == []
    assert await scene.ask() == 1
