"""The relay on a real database: order, exactly once in effect, two at once, faults, waking, settling."""

from __future__ import annotations

import asyncio
from typing import Any, Never

import pytest

from coster.engine.db.connect import Database
from coster.engine.outbox import parked
from coster.engine.outbox.react import Reaction
from coster.kernel.clock import ManualClock
from coster.kernel.errors import Busy
from coster.kernel.message import Stored
from tests.engine.outbox import probes
from tests.engine.outbox.probes import NOON, ONE, TWO, Program, echo, note

pytestmark = pytest.mark.database

ECHO = {"note.written": [("probe.echo", echo)]}


@pytest.fixture
async def database_with_organisation(database: Database) -> Database:
    """Organisation 1, empty."""
    await probes.make_organisation(database)
    return database


@pytest.fixture
def program(database_with_organisation: Database) -> Program:
    """A process whose relay echoes what is written."""
    return Program(database_with_organisation, ECHO)


async def cursor(program: Program, org_id: int = 1) -> tuple[int, bool] | None:
    """How far the reactions have come, and whether somebody holds the lease."""
    async with program.database.read(org_id) as conn:
        row = await conn.fetchrow("SELECT seq, holder FROM relay_cursor WHERE org_id = $1", org_id)
    return (row["seq"], row["holder"] is not None) if row else None


async def test_a_reaction_follows_each_event_once(program: Program) -> None:
    """However often it is settled."""
    await program.do(note("a"), note("b"))
    await program.relay.settle()
    await program.relay.settle()
    assert await program.texts() == ["a", "b", "a!", "b!"]
    assert program.sent == ["a!", "b!"]


async def test_nothing_follows_from_what_a_flow_sent(program: Program) -> None:
    """Whatever its name: whoever writes a flow chooses that."""
    await program.do(note("sent", TWO), note("a"))
    await program.relay.settle()
    assert program.sent == ["a!"]


async def test_reactions_of_an_entity_come_in_the_order_of_its_events(program: Program) -> None:
    """Ten events in slices of three, for two entities at once."""
    for n in range(10):
        await program.do(note(f"one {n}", ONE), note(f"two {n}", TWO))
    await program.relay.settle()
    assert [t for t in program.sent if t.startswith("one")] == [f"one {n}!" for n in range(10)]
    assert [t for t in program.sent if t.startswith("two")] == [f"two {n}!" for n in range(10)]


async def test_reactions_to_one_event_run_in_the_order_of_their_list(
    database_with_organisation: Database,
) -> None:
    """Orders before held orders, for example; the second is sent after the first is answered."""

    def reaction(mark: str) -> Reaction:
        return lambda news: [note(f"{mark}{n}", event="x") for n in range(2)]

    both = {"note.written": [("first", reaction("first")), ("second", reaction("second"))]}
    program = Program(database_with_organisation, both)
    await program.do(note("a"))
    await program.relay.settle()
    assert await program.texts() == ["a", "first0", "first1", "second0", "second1"]


async def test_reactions_to_reactions_are_settled_too(database_with_organisation: Database) -> None:
    """Settling ends when nothing is left, not after one round."""

    def count(news: Stored) -> list[Any]:
        n = int(news.event.data["text"])
        return [note(str(n - 1))] if n else []

    program = Program(database_with_organisation, {"note.written": [("count", count)]})
    await program.do(note("5"))
    await program.relay.settle()
    assert await program.texts() == ["5", "4", "3", "2", "1", "0"]


async def test_events_without_reactions_are_passed_by(program: Program) -> None:
    """The cursor goes on, and nothing is sent."""
    await program.do(*(note(str(n), event="other") for n in range(5)))
    await program.relay.settle()
    assert program.sent == []
    assert await cursor(program) == (5, True)


async def test_a_relay_that_dies_between_sending_and_noting_repeats_without_effect(
    database_with_organisation: Database,
) -> None:
    """Another takes over when the lease has run out; the command's id makes the repeat harmless."""
    wall = ManualClock(NOON)
    dying = Program(database_with_organisation, ECHO, wall=wall)
    await dying.do(note("a"))
    dying.hang_after.set()
    task = asyncio.create_task(dying.relay.run())
    await dying.hung.wait()
    task.cancel()
    await asyncio.wait([task])
    assert await cursor(dying) == (0, True)

    wall.move_to(NOON + probes.dt.timedelta(seconds=1))
    heir = Program(database_with_organisation, ECHO, wall=wall)
    await heir.relay.settle()
    assert heir.sent == ["a!"]
    assert await heir.texts() == ["a", "a!"]
    assert (await cursor(heir))[0] == 2


async def test_nobody_takes_over_before_the_lease_has_run_out(database_with_organisation: Database) -> None:
    """The heir finds work, and leaves it to the holder."""
    wall = ManualClock(NOON)
    holder = Program(database_with_organisation, ECHO, wall=wall)
    await holder.do(note("a"))
    holder.hang_after.set()
    task = asyncio.create_task(holder.relay.run())
    await holder.hung.wait()
    heir = Program(database_with_organisation, ECHO, wall=wall)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(heir.relay.settle(), 0.2)
    task.cancel()
    assert heir.sent == []


async def test_two_relays_at_once_do_nothing_twice(database_with_organisation: Database) -> None:
    """In effect: each note is echoed once, and in order, whoever did it."""
    programs = [Program(database_with_organisation, ECHO) for _ in range(2)]
    tasks = [asyncio.create_task(program.relay.run()) for program in programs]
    for n in range(20):
        await programs[n % 2].do(note(str(n)))
    await asyncio.gather(*(program.relay.settle() for program in programs))
    for program in programs:
        await program.relay.stop()
    await asyncio.wait(tasks)
    texts = await programs[0].texts()
    assert [t for t in texts if t.endswith("!")] == [f"{n}!" for n in range(20)]


async def test_a_refused_reaction_is_passed_by(database_with_organisation: Database) -> None:
    """A refusal is an answer; nothing is parked."""
    refused = {"note.written": [("probe.refuse", lambda news: [note("refuse")])]}
    program = Program(database_with_organisation, refused)
    await program.do(note("a"))
    await program.relay.settle()
    async with program.database.read(1) as conn:
        assert await parked.list_parked(conn, 1) == []
    assert await cursor(program) == (1, True)


async def test_a_fault_that_passes_is_tried_again(program: Program) -> None:
    """Two faults, and the third attempt is answered."""
    await program.do(note("a"))
    program.faults = [RuntimeError("once"), RuntimeError("twice")]
    await program.relay.settle()
    assert await program.texts() == ["a", "a!"]


async def test_a_full_queue_is_waited_for_however_long_it_takes(program: Program) -> None:
    """It is nobody's fault and does not count as an attempt."""
    await program.do(note("a"))
    program.faults = [Busy() for _ in range(6)]
    await program.relay.settle()
    assert await program.texts() == ["a", "a!"]


async def test_a_reaction_that_keeps_failing_is_parked_and_the_stream_goes_on(program: Program) -> None:
    """It is kept with its cause, and done when it is resumed and the reason is gone."""
    await program.do(note("a"))
    program.faults = [RuntimeError("no luck")] * 3
    await program.relay.settle()
    await program.do(note("b"))
    await program.relay.settle()
    async with program.database.read(1) as conn:
        kept = await parked.list_parked(conn, 1)
    assert kept == [parked.GivenUp("reaction", "1", "probe.echo", "RuntimeError: no luck")]
    assert await program.texts() == ["a", "b", "b!"]

    async with program.database.write(1) as conn:
        assert await parked.resume(conn, 1) == 1
    await program.relay.settle()
    async with program.database.read(1) as conn:
        assert await parked.list_parked(conn, 1) == []
    assert await program.texts() == ["a", "b", "b!", "a!"]


async def test_what_fails_once_more_after_resuming_is_parked_again(
    database_with_organisation: Database,
) -> None:
    """A bug in the reaction itself is parked at once, and again until it is mended."""

    def bug(news: Stored) -> Never:
        raise KeyError("forgotten")

    program = Program(database_with_organisation, {"note.written": [("probe.bug", bug)]})
    await program.do(note("a"))
    await program.relay.settle()
    async with program.database.write(1) as conn:
        await parked.resume(conn, 1)
    await program.relay.settle()
    mended = Program(database_with_organisation, {"note.written": [("probe.bug", echo)]})
    await program.relay.stop()
    async with program.database.write(1) as conn:
        assert [p.cause for p in await parked.list_parked(conn, 1)] == ["KeyError: 'forgotten'"]
        await parked.resume(conn, 1)
    await mended.relay.settle()
    assert await program.texts() == ["a", "a!"]


async def test_organisations_are_carried_side_by_side(program: Program) -> None:
    """One whose reaction waits does not hold up another."""
    await probes.make_organisation(program.database, 2)
    await program.do(note("a"))
    program.hang_after.set()
    task = asyncio.create_task(program.relay.run())
    await program.hung.wait()
    program.hang_after.clear()
    await program.do(note("b"), org_id=2)
    await program.until(["b", "b!"], org_id=2)
    task.cancel()


async def test_a_commit_rings_the_relay(database_with_organisation: Database) -> None:
    """Long before it would look by itself."""
    program = Program(database_with_organisation, ECHO, pace=probes.Pace(poll=60, pause=0.001))
    task = asyncio.create_task(program.relay.run())
    await asyncio.sleep(0.1)
    await program.do(note("a"))
    await program.until(["a", "a!"])
    await program.relay.stop()
    await asyncio.wait_for(task, 5)


async def test_news_that_comes_while_the_relay_works_is_not_left_for_the_next_poll(
    database_with_organisation: Database,
) -> None:
    """The ring during work on an organisation counts, although that work may have looked already."""
    program = Program(database_with_organisation, ECHO, pace=probes.Pace(poll=60, pause=0.001))
    program.relay._tasks[1] = asyncio.create_task(asyncio.sleep(0.1))  # noqa: SLF001 - work that has looked already
    program.relay._tasks[1].add_done_callback(lambda task: program.relay._done(1, task))  # noqa: SLF001 - see above
    await program.do(note("a"))
    task = asyncio.create_task(program.relay.run())
    await program.until(["a", "a!"])
    await program.relay.stop()
    await asyncio.wait_for(task, 5)


async def test_stopping_gives_the_lease_back(program: Program) -> None:
    """Another process need not wait for it to run out."""
    await program.do(note("a"))
    await program.relay.settle()
    await program.relay.stop()
    assert await cursor(program) == (2, False)
    await program.do(note("b"))
    heir = Program(program.database, ECHO)
    await heir.relay.settle()
    assert heir.sent == ["b!"]
