"""The line to a server: a proxy that understands requests well enough to lose them, to repeat them and to swap them."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from itertools import count
from typing import Any, Final, Literal, Self

from coster.simulation.federation import messages, weather
from coster.simulation.federation.messages import Message, NotHttpError
from coster.simulation.federation.record import Record
from coster.simulation.federation.weather import CALM, Fault, Weather

_LARGEST_HEAD: Final = 65_536
_LOOK: Final = 0.02
_BROKEN: Final = (OSError, EOFError, TimeoutError, NotHttpError)


@dataclass(frozen=True, slots=True)
class End:
    """Where a line leads to."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request on its way: the how-manieth on its line, and who asks."""

    number: int
    asker: str
    request: Message


class Line:
    """Carries requests to a server and answers back, from an address of its own; what goes wrong is the weather's choice.

    `cut` breaks the line for everybody, or for one asker, until `mend`; `asker` tells by a request who asks. `met` counts faults.
    `latency` is how many seconds every answer takes longer, in any weather; `coming` are faults that the next requests meet instead of it.
    """

    def __init__(
        self,
        name: str,
        to: End,
        record: Record,
        *,
        host: str = "127.0.0.1",
        asker: Callable[[Message], str] = lambda _request: "",
    ) -> None:
        self.name, self.host, self.port = name, host, 0
        self.weather: Weather = CALM
        self.latency = 0.0
        self.coming: list[Fault] = []
        self.met: Counter[str] = Counter()
        self._to, self._record, self._asker = to, record, asker
        self._numbers = count(1)
        self._cut: set[str] = set()
        self._passed = asyncio.Condition()
        self._answered: Counter[str] = Counter()
        self._open: set[asyncio.StreamWriter] = set()
        self._later: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._attend, self.host, 0, limit=_LARGEST_HEAD)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_error: object) -> None:
        assert self._server is not None, "the line was opened"
        self._server.close()
        for task in self._later:
            task.cancel()
        await asyncio.gather(*self._later, return_exceptions=True)
        self._break()

    @property
    def url(self) -> str:
        """The address that others know the server by."""
        return f"http://{self.host}:{self.port}"

    def cut(self, asker: str = "") -> None:
        """The line is broken for one who asks, or ('') for everybody, and everything under way is lost."""
        self._cut.add(asker)
        self._break()

    def mend(self) -> None:
        """The line carries again."""
        self._cut.clear()

    async def settled(self) -> None:
        """Returns when nothing is on the line any more that arrives late or again."""
        while self._later:
            await asyncio.gather(*self._later, return_exceptions=True)

    def _break(self) -> None:
        for writer in list(self._open):
            writer.transport.abort()

    # ------------------------------------------------------------------------------------------------ what comes in

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, request by request."""
        self._open.add(writer)
        beyond = _Beyond(self._to)
        try:
            while (request := await messages.request(reader)) is not None:
                exchange = Exchange(next(self._numbers), self._asker(request), request)
                self._note(exchange, request, "request")
                if (answer := await self._meet(exchange, reader, beyond)) is None:
                    # Without a word, as a line breaks.
                    writer.transport.abort()
                    break
                writer.write(answer.raw)
                await writer.drain()
                if answer.closes:
                    # What was cut short has arrived before the break does.
                    await asyncio.sleep(_LOOK if answer.until_closed else 0)
                    break
        except _BROKEN:
            # Either end went away, or the line was cut: whoever is left sees the end of the connection.
            writer.transport.abort()
        finally:
            self._open.discard(writer)
            beyond.close()
            writer.close()

    async def _meet(
        self, exchange: Exchange, reader: asyncio.StreamReader, beyond: _Beyond
    ) -> Message | None:
        """What comes back for a request in this weather; None: the connection breaks."""
        if self._cut & {"", exchange.asker}:
            self.met["line cut"] += 1
            return None
        if self.latency:
            await asyncio.sleep(self.latency)
        fault = self.coming.pop(0) if self.coming else self.weather.fault(self.name, exchange.number)
        if fault is None:
            return await self._through(exchange, beyond)
        self.met[fault.kind] += 1
        match fault.kind:
            case weather.DELAY:
                await asyncio.sleep(fault.seconds)
            case weather.DUPLICATE:
                self._afterwards(self._again(exchange, fault.seconds))
            case weather.LATE:
                self._afterwards(self._overtaken(exchange, fault.seconds))
                return None
            case weather.LOSE_REQUEST:
                return None
            case weather.HALF_OPEN:
                await self._fall_silent(exchange, fault, reader, beyond)
                return None
        answer = await self._through(exchange, beyond)
        if fault.kind == weather.CUT:
            piece = answer.raw[: max(1, int(fault.chance * (len(answer.raw) - 1)))]
            return Message(answer.first, answer.headers, b"", piece, until_closed=True)
        return None if fault.kind == weather.LOSE_ANSWER else answer

    async def _fall_silent(
        self, exchange: Exchange, fault: Fault, reader: asyncio.StreamReader, beyond: _Beyond
    ) -> None:
        """Returns when whoever asked has given up, or after so many seconds."""
        if fault.chance < 0.5:
            await self._through(exchange, beyond)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(fault.seconds):
                await reader.read(1)

    # ------------------------------------------------------------------------------------------------ late and again

    def _afterwards(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def _again(self, exchange: Exchange, seconds: float) -> None:
        """The same bytes once more, on a connection of their own."""
        await asyncio.sleep(seconds)
        await self._alone(exchange)

    async def _overtaken(self, exchange: Exchange, seconds: float) -> None:
        """The request arrives when a later one for the same thing was answered, or after so many seconds."""
        path = exchange.request.path
        seen = self._answered[path]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._passed:
                await self._passed.wait_for(lambda: self._answered[path] > seen)
        await self._alone(exchange)

    async def _alone(self, exchange: Exchange) -> None:
        beyond = _Beyond(self._to)
        with contextlib.suppress(*_BROKEN):
            await self._through(exchange, beyond)
        beyond.close()

    # ------------------------------------------------------------------------------------------------ what passes

    async def _through(self, exchange: Exchange, beyond: _Beyond) -> Message:
        """The server's answer to a request."""
        answer = await beyond.ask(exchange.request)
        self._note(exchange, answer, "answer")
        async with self._passed:
            self._answered[exchange.request.path] += 1
            self._passed.notify_all()
        return answer

    def _note(self, exchange: Exchange, message: Message, way: Literal["request", "answer"]) -> None:
        self._record.note(message, line=self.name, asker=exchange.asker, exchange=exchange.number, way=way)


class _Beyond:
    """The connection from the line to its server, opened when first used."""

    def __init__(self, to: End) -> None:
        self._to = to
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: Message) -> Message:
        """The server's answer. OSError, EOFError or NotHttpError where the server breaks the connection."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._to.host, self._to.port, limit=_LARGEST_HEAD)
        reader, writer = self._streams
        writer.write(request.raw)
        await writer.drain()
        answer = await messages.answer(reader, request.method)
        if answer.closes:
            self.close()
        return answer

    def close(self) -> None:
        """Ends it."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None
