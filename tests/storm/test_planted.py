"""What only a real server, receiver or database can show: each planted breach of a storm's promises is told."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import standardwebhooks

from coster.domain.inventory.model import CountStock
from coster.engine.db import connect
from coster.engine.db.connect import Database
from coster.kernel import ids
from coster.simulation.storm import proofs
from coster.simulation.storm.caller import Asked, Caller, Desk, Key, Request
from coster.simulation.storm.plan import Plan
from coster.simulation.storm.receivers import Receiver
from coster.simulation.storm.report import Report
from coster.simulation.storm.town import Town as Stormy
from tests.guards.scene import scene
from tests.town import name_id

SECRET = "whsec_" + "A" * 32


def desk(port: int = 0) -> Desk:
    """A desk of one server, for organisation 1."""
    return Desk([port], 1, Report(Plan()))


async def _post(port: int, body: bytes, headers: dict[str, str]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = [f"{name}: {value}\r\n" for name, value in {**headers, "content-length": str(len(body))}.items()]
    writer.write("".join(["POST /hooks HTTP/1.1\r\n", *lines, "\r\n"]).encode() + body)
    await reader.readuntil(b"\r\n\r\n")
    writer.close()


def _signed(body: bytes) -> dict[str, str]:
    now = dt.datetime.now(dt.UTC)
    signature = standardwebhooks.Webhook(SECRET).sign("msg_1", now, body.decode())
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }


async def test_wrong_signature_is_told() -> None:
    """A body that is not the one that was signed; the same headers with the right body are passed."""
    body = json.dumps({"seq": 1}).encode()
    async with Receiver("R", secret=SECRET) as receiver:
        await _post(receiver.port, body, _signed(body))
        assert receiver.wrong_signatures == 0
        await _post(receiver.port, body, _signed(b'{"seq": 2}'))
    report = Report(Plan())
    proofs.delivered(report, receiver, [], 0)
    assert report.broken == ["R got 1 wrong signatures"]


async def test_command_under_a_key_that_was_revoked_before_is_told() -> None:
    """A server that accepts it is found out by whoever knows that the revocation was acknowledged."""
    answer = b'{"id": "x"}'

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 201 Created\r\ncontent-length: %d\r\n\r\n" % len(answer) + answer)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    at = desk(server.sockets[0].getsockname()[1])
    caller = Caller(at, Key(uuid.uuid4(), "token", revoked_at=0.0), 0)
    await caller.ask(Request(what="place", path="/api/v1/orders", body={}, name="one"))
    caller.close()
    server.close()
    assert at.report.broken == ["place was accepted under a key whose revocation was acknowledged before"]


async def test_second_answer_that_differs_from_the_first_is_told() -> None:
    """The same request under the same name, answered twice, and each time another thing made."""
    count = 0

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        while True:
            await reader.readuntil(b"\r\n\r\n{}")
            count += 1
            writer.write(b'HTTP/1.1 201 Created\r\ncontent-length: 9\r\n\r\n{"id": %d}' % count)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    at = desk(server.sockets[0].getsockname()[1])
    caller = Caller(at, Key(uuid.uuid4(), "token"), 0)
    await caller.ask(Request(what="place", path="/api/v1/orders", body={}, name="one", twice=True))
    caller.close()
    server.close()
    assert at.report.broken == ["""place: 201 b'{"id": 1}', and again: 201 b'{"id": 2}'"""]


async def test_deadlock_is_told(database: Database) -> None:
    """Two transactions that wait for each other: the database counts it, and so does the proof."""
    async with database.system() as one, database.system() as two:
        await one.execute(
            "CREATE TABLE public.pair (n int PRIMARY KEY); INSERT INTO public.pair VALUES (1), (2)"
        )
        report = Report(Plan())
        await proofs.deadlocks(one, report)
        assert report.broken == []

        async def both(conn: connect.Connection, first: int, second: int, met: asyncio.Barrier) -> None:
            async with conn.transaction():
                await conn.execute("UPDATE public.pair SET n = n WHERE n = $1", first)
                await met.wait()
                await conn.execute("UPDATE public.pair SET n = n WHERE n = $1", second)

        met = asyncio.Barrier(2)
        ended = await asyncio.gather(both(one, 1, 2, met), both(two, 2, 1, met), return_exceptions=True)
        assert sum(isinstance(end, asyncpg.DeadlockDetectedError) for end in ended) == 1
        # A connection tells what it has counted when it has nothing to do.
        for _ in range(100):
            await proofs.deadlocks(one, report)
            if report.broken:
                break
            await asyncio.sleep(0.05)
    assert report.broken == ["1 deadlocks"]


@pytest.mark.parametrize(
    ("samples", "sentence"),
    [
        ([100.0] * 12, []),
        ([100.0] * 4 + [110.0] * 4 + [130.0] * 4, ["grew to 1.30 of what it was"]),
        ([100.0], []),
    ],
)
def test_memory_that_grows_is_told(samples: list[float], sentence: list[str]) -> None:
    """The last third of the samples beside the first; too few samples say nothing."""
    report = Report(Plan(), memory=samples)
    proofs.flat(report)
    assert [one.rpartition("spared ")[2] for one in report.broken] == sentence


def test_what_was_logged_is_told(tmp_path: Path) -> None:
    """A deadlock and a refused check in the database's log, a fault and a traceback in a server's; what a kill brings is passed."""
    said, served = tmp_path / "database.log", tmp_path / "servers.log"
    said.write_text(
        "2026-11-21 18:00:00.000 UTC [1] ERROR:  deadlock detected\n"
        '2026-11-21 18:00:00.000 UTC [1] ERROR:  new row for relation "position" violates check constraint "never_oversold"\n'
        "2026-11-21 18:00:00.000 UTC [1] FATAL:  terminating connection due to administrator command\n",
        "utf-8",
    )
    served.write_text(
        '{"level": "error", "event": "command_fault", "fault": "KeyError", "message": "x", "places": ["a.py:1"]}\n'
        '{"level": "error", "event": "library"}\n{"level": "warning", "event": "command_busy"}\nTraceback (most recent call last):\n'
        "  File x\nKeyError: 1\n",
        "utf-8",
    )
    report = Report(Plan())
    proofs.database_log(report, said)
    proofs.server_log(report, served)
    assert len(report.broken) == 4
    for sentence, words in zip(
        report.broken, ("deadlock", "check constraint", "KeyError", "a traceback: KeyError: 1"), strict=True
    ):
        assert words in sentence


@pytest.fixture
async def conn(database: Database) -> AsyncIterator[connect.Connection]:
    """The owner's connection to a database with a town in it."""
    made = await scene(database)
    await made.do(made.basket("Ann", made.carrots))
    place = name_id(f"barn of {name_id('Jean')}")
    await made.do(CountStock(item_id=made.carrots, location_id=place, quantity=9000))
    async with database.system() as conn:
        yield conn


async def _told(conn: connect.Connection, *asked: Asked) -> list[str]:
    at = desk()
    at.asked.extend(asked)
    town = Stormy(at, Key(uuid.uuid4(), "token"), placed={str(name_id("Ann")): "created"})
    await proofs.count(conn, 1, town)
    return at.report.broken + await proofs.verify(conn, 1)


async def test_sound_town_is_passed(conn: connect.Connection) -> None:
    """Counted in a real database, nothing is told of a town in which nothing went wrong."""
    assert await _told(conn) == []


@pytest.mark.parametrize(
    ("breach", "sentences"),
    [
        ("UPDATE event SET command_id = gen_random_uuid() WHERE name = 'order.placed'", ["rows of event have no accepted command"]),
        ("UPDATE ledger SET command_id = gen_random_uuid() WHERE type = 'HOLD'", ["rows of ledger have no accepted command"]),
        ("UPDATE command SET outcome = '{\"rejected\": {\"code\": \"x\"}}' WHERE kind = 'orders.place'", ["have no accepted command"]),
        ("DELETE FROM ledger WHERE type = 'HOLD'", ["the entry before it is missing", "and its ledger says"]),
        ("DELETE FROM event WHERE name = 'order.placed'", ["is out of its row", "verify: "]),
        ("UPDATE orders SET status = 'booked', expires_at = NULL", ["was acknowledged created and is booked"]),
        ("UPDATE hold SET quantity = quantity + 1", ["verify: held and committed are the sums"]),
    ],
)  # fmt: skip
async def test_breach_in_the_database_is_told(
    conn: connect.Connection, breach: str, sentences: list[str]
) -> None:
    """Effects of what was refused or never asked, a hole in the ledger or in the events, another status, a broken sum."""
    await conn.execute(breach)
    told = await _told(conn)
    for sentence in sentences:
        assert any(sentence in one for one in told), told


async def test_count_that_left_something_else_is_told(conn: connect.Connection) -> None:
    """An accepted count of nine, and nine on hand after it; noted as one of eight it is told."""
    id_ = await conn.fetchval("SELECT id FROM command WHERE kind = 'inventory.count'")
    right = Asked("count", id_, told="stock.changed", counted=9000, status=200)
    assert await _told(conn, right) == []
    wrong = Asked("count", id_, told="stock.changed", counted=8000, status=200)
    assert await _told(conn, wrong) == [f"count {id_} of 8000 left 9000 on hand"]


async def test_command_that_was_acknowledged_and_is_not_there_is_told(conn: connect.Connection) -> None:
    """What a server answered and lost."""
    lost = ids.derived("command", 999)
    assert (
        "was acknowledged and is stored as None" in (await _told(conn, Asked("place", lost, status=201)))[0]
    )
