"""Timers on a real database: once, at their time, moved, taken away, in order, parked."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from typing import Any

import pytest

from coster.engine.batch.run import Result
from coster.engine.db.connect import Database
from coster.engine.outbox import parked
from coster.kernel.clock import ManualClock
from tests.engine.outbox import probes
from tests.engine.outbox.probes import NOON, ONE, TWO, Program, SetTimer, echo, note

pytestmark = pytest.mark.database

HOUR = probes.dt.timedelta(hours=1)


@pytest.fixture
async def program(database: Database) -> Program:
    """A process of an empty organisation."""
    await probes.make_organisation(database)
    return Program(database)


def timer(
    due_at: dt.datetime | None, text: str = "ring", entity_id: uuid.UUID = ONE, **more: Any
) -> SetTimer:
    """A timer as a command's body."""
    return SetTimer(entity_id=entity_id, due_at=due_at, text=text, **more)


async def test_a_timer_fires_once_when_its_time_has_come(program: Program) -> None:
    """Not before, and never again."""
    await program.do(timer(NOON + HOUR))
    await program.relay.settle()
    before = await program.texts()
    program.clock.move_to(NOON + HOUR)
    await program.relay.settle()
    await program.relay.settle()
    assert (before, await program.texts(), await program.timers()) == ([], ["ring"], [])


async def test_a_moved_timer_fires_at_its_new_time_only(program: Program) -> None:
    """The old time is forgotten."""
    await program.do(timer(NOON + HOUR), timer(NOON + 3 * HOUR, "later"))
    program.clock.move_to(NOON + 2 * HOUR)
    await program.relay.settle()
    before = await program.texts()
    program.clock.move_to(NOON + 3 * HOUR)
    await program.relay.settle()
    assert (before, await program.texts()) == ([], ["later"])


async def test_a_cancelled_timer_never_fires(program: Program) -> None:
    """The last word counts."""
    await program.do(timer(NOON + HOUR), timer(None))
    program.clock.move_to(NOON + 2 * HOUR)
    await program.relay.settle()
    assert (await program.texts(), program.sent) == ([], [])


async def test_a_timer_that_is_moved_while_it_is_sent_is_kept(program: Program) -> None:
    """The row with the new time is not deleted with the old one's answer."""
    await program.do(timer(NOON + HOUR))
    program.clock.move_to(NOON + HOUR)
    real = program.relay._sender._submit  # noqa: SLF001 - the moment between sending and noting

    async def submit(command: Any) -> Result:
        result = await real(command)
        await program.do(timer(NOON + 5 * HOUR, "again"))
        return result

    program.relay._sender._submit = submit  # noqa: SLF001 - put in its place
    await program.relay.settle()
    assert await program.timers() == [("again", NOON + 5 * HOUR, None)]
    assert await program.texts() == ["ring"]


async def test_timers_fire_in_the_order_of_their_times_across_kinds(program: Program) -> None:
    """After a standstill, a note that was due first is made before a timer that was due later is set."""
    three = probes.uuid.UUID(int=3)
    await program.do(
        timer(NOON + 2 * HOUR, "second", TWO), timer(NOON + HOUR, "first", ONE), timer(NOON, "zero", three)
    )
    program.clock.move_to(NOON + 3 * HOUR)
    await program.relay.settle()
    assert program.sent == ["zero", "first", "second"]


async def test_reactions_come_before_the_timers_that_are_due_after_them(database: Database) -> None:
    """A reaction may take such a timer away."""
    await probes.make_organisation(database)
    away = {"note.written": [("probe.away", lambda news: [timer(None, "away", news.event.entity_id)])]}
    program = Program(database, away)
    await program.do(timer(NOON + HOUR), note("a"))
    program.clock.move_to(NOON + 2 * HOUR)
    await program.relay.settle()
    assert (await program.texts(), await program.timers()) == (["a"], [])


async def test_a_relay_that_dies_after_a_timers_command_repeats_it_without_effect(program: Program) -> None:
    """Its id follows from the timer and its time."""
    wall = ManualClock(NOON)
    dying = Program(program.database, clock=program.clock, wall=wall)
    await dying.do(timer(NOON))
    dying.hang_after.set()
    task = asyncio.create_task(dying.relay.run())
    await dying.hung.wait()
    task.cancel()
    await asyncio.wait([task])
    wall.move_to(NOON + HOUR)
    heir = Program(program.database, clock=program.clock, wall=wall)
    await heir.relay.settle()
    assert (heir.sent, await heir.texts(), await heir.timers()) == (["ring"], ["ring"], [])


async def test_a_refused_timer_is_parked(program: Program) -> None:
    """What it was for was not done, and nobody waits for the answer; resumed, it is tried by another command."""
    await program.do(timer(NOON, "refuse"))
    await program.relay.settle()
    await again(program)
    assert await program.timers() == [("refuse", NOON, "RefusedError: refused: No.")]
    async with program.database.write(1) as conn:
        await conn.execute("UPDATE timer SET body = jsonb_set(body, '{text}', '\"mended\"')")
    await again(program)
    assert (await program.texts(), await program.timers()) == (["mended"], [])


async def again(program: Program) -> None:
    """What is parked is due again."""
    async with program.database.write(1) as conn:
        assert await parked.resume(conn, 1) == 1
    await program.relay.settle()


async def test_a_timer_that_finds_nothing_to_do_is_done(program: Program) -> None:
    """That an event fires nothing is an answer."""
    await program.do(timer(NOON, "ignore"))
    await program.relay.settle()
    assert await program.timers() == []


async def test_a_timer_that_keeps_failing_is_parked_and_others_go_on(program: Program) -> None:
    """Its cause is kept; it fires when it is resumed and the reason is gone."""
    await program.do(timer(NOON, "break"), timer(NOON, "fine", TWO))
    await program.relay.settle()
    assert await program.texts() == ["fine"]
    assert await program.timers() == [("break", NOON, "RuntimeError: this text breaks the handler")]
    async with program.database.write(1) as conn:
        await conn.execute("UPDATE timer SET body = jsonb_set(body, '{text}', '\"mended\"')")
        assert await parked.resume(conn, 1) == 1
    await program.relay.settle()
    assert (await program.texts(), await program.timers()) == (["fine", "mended"], [])


async def test_a_parked_timer_that_is_set_again_is_due_again(program: Program) -> None:
    """A new time is a new start."""
    await program.do(timer(NOON, "break"))
    await program.relay.settle()
    await program.do(timer(NOON + HOUR, "fine"))
    program.clock.move_to(NOON + HOUR)
    await program.relay.settle()
    assert (await program.texts(), await program.timers()) == (["fine"], [])


@pytest.mark.parametrize("kind", ["probe.unknown", "probe.timer"])
async def test_a_timer_that_this_program_cannot_read_is_parked_at_once(program: Program, kind: str) -> None:
    """An unknown kind, or a body that does not fit: a newer program may have set it."""
    await program.do(timer(NOON, kind=kind))
    await program.relay.settle()
    [(_, _, cause)] = await program.timers()
    assert cause.startswith(("KeyError", "ValidationError"))
    assert program.sent == []


async def test_two_relays_fire_a_timer_once(program: Program) -> None:
    """In effect, whoever was first."""
    other = Program(program.database, {"x": [("x", echo)]}, clock=program.clock)
    await program.do(*(timer(NOON, f"ring {n}", probes.uuid.UUID(int=n)) for n in range(1, 9)))
    await asyncio.gather(program.relay.settle(), other.relay.settle())
    assert sorted(await program.texts()) == [f"ring {n}" for n in range(1, 9)]
