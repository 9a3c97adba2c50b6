"""A poisonous or slow command stands alone in the end; its neighbours are answered, in the batch and beside it."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from coster.engine.batch.run import Patience
from coster.engine.db.connect import Database
from coster.kernel.errors import Busy
from tests.engine.batch.probes import (
    ADD,
    OTHER,
    Add,
    Other,
    Program,
    command,
    commands,
    held_up,
    metric,
    told,
)

POISONS = {
    "the rule raises": (Add(text="raise"), RuntimeError),
    "text that PostgreSQL refuses": (Add(row=7, text="a\x00b"), asyncpg.CharacterNotInRepertoireError),
    "text that cannot be encoded": (Add(row=7, text="\ud800"), asyncpg.DataError),
    "a number out of range": (Add(row=7, change=2**63), asyncpg.DataError),
    "a constraint": (Add(row=7, change=-1, text="forget"), asyncpg.CheckViolationError),
}


@pytest.mark.parametrize("place", [0, 3, 7], ids=["first", "in the middle", "last"])
@pytest.mark.parametrize(("poison", "fault"), POISONS.values(), ids=POISONS)
async def test_poison_is_alone_in_the_end(program: Program, poison: Add, fault: type, place: int) -> None:
    """Seven neighbours are answered as if it had never been there; it hears its own fault and leaves nothing."""
    bodies = [Add()] * 7
    sent = [command(number, body) for number, body in enumerate(bodies, 1)]
    sent.insert(place, _numbered(poison))
    results = await program.run(sent)
    assert type(results.pop(place)) is fault
    assert told(results) == [1, 2, 3, 4, 5, 6, 7]
    assert (await program.counters(), await program.traces()) == ({1: 7}, (7, 7, 7))


def _numbered(poison: Add) -> Any:
    good = command(99, Add())
    return type(good)(good.id, good.org_id, good.actor, good.at, poison, b"poison")


async def test_several_poisons_are_each_alone(program: Program) -> None:
    """Order is kept among those that are left; each fault is counted."""
    before = metric("coster_batch_faults_total", kind="probe.add")
    bodies = [Add(), Add(text="raise"), Add(), Add(row=2, change=-1, text="forget"), Add()]
    assert told(await program.run(commands(*bodies))) == [1, "RuntimeError", 2, "CheckViolationError", 3]
    assert metric("coster_batch_faults_total", kind="probe.add") - before >= 3
    assert await program.counters() == {1: 3}


async def test_poison_can_be_sent_again(program: Program) -> None:
    """Nothing of it was remembered, so it is tried anew: it is no answer that it failed."""
    assert told(await program.run([command(1, Add(text="raise"))])) == ["RuntimeError"]
    assert told(await program.run([command(1, Add())])) == [1]


async def test_poison_stops_no_other_batch(program: Program) -> None:
    """Other kinds and organisations do not notice; the gatherer goes on with what comes next."""
    sent = [command(1, Add(text="raise")), command(2, Other(row=2)), command(3, Add(), org_id=2)]
    assert told(await program.do(*sent)) == ["RuntimeError", 1, 1]
    assert told(await program.do(command(4, Add()))) == [1]


async def test_half_a_batch_keeps_its_answers_when_the_database_goes(probed: Database) -> None:
    """Those that were committed hear what became of them; only the others are told to come again."""
    seen: list[int] = []

    async def away(_: Any, __: int, commands: Any) -> None:
        seen.append(len(commands))
        if len(seen) == 3:
            raise Busy("away")

    program = Program(probed, held_up(ADD, away))
    assert told(await program.run(commands(Add(), Add(), Add(text="raise"), Add()))) == [1, 2, "Busy", "Busy"]
    assert (seen, await program.counters()) == ([4, 2, 2], {1: 2})


async def test_a_rule_that_forgets_an_answer_is_a_fault(probed: Database) -> None:
    """Outcomes that do not match the commands one to one never reach the database."""

    def silent(state: Any, commands: Any) -> Any:
        decided = ADD.decide(state, commands)
        decided.outcomes = decided.outcomes[:-1]
        return decided

    program = Program(probed, type(ADD)(ADD.kind, ADD.body, ADD.load, silent, ADD.write))
    assert told(await program.run(commands(Add(), Add()))) == ["ValueError", "ValueError"]
    assert (await program.counters(), await program.traces()) == ({}, (0, 0, 0))


async def test_a_slow_command_is_alone_in_the_end(probed: Database) -> None:
    """It is stopped on the server; its neighbours are answered; it may come again."""

    async def slow(conn: Any, _: int, commands: Any) -> None:
        if any(command.body.text == "slow" for command in commands):
            await conn.execute("SELECT pg_sleep(30)")

    program = Program(probed, held_up(ADD, slow), patience=Patience(batch=0.1, alone=0.2))
    results = await program.run(commands(Add(), Add(text="slow"), Add(), Add()))
    assert told(results) == [1, "Busy", 2, 3]
    assert await program.traces() == (3, 3, 3)
    async with probed.system() as conn:
        assert (
            await conn.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(30)' AND state = 'active'"
            )
            == 0
        )


async def test_a_slow_command_alone_has_more_time(probed: Database) -> None:
    """What takes longer than a batch may, but not too long by itself, is done."""

    async def slow(conn: Any, _: int, __: Any) -> None:
        await conn.execute("SELECT pg_sleep(0.3)")

    program = Program(probed, held_up(ADD, slow), patience=Patience(batch=0.1, alone=20))
    assert told(await program.run(commands(Add(), Add()))) == [1, 2]


async def test_a_row_that_somebody_keeps_locked_stops_only_who_wants_it(probed: Database) -> None:
    """Another session holds the counter of one command; the rest of the batch goes through, and then it may come again."""
    program = Program(probed, patience=Patience(batch=0.2, alone=0.4))
    await program.run(commands(Add(), Add(row=2), start=90))
    async with probed.write(1) as conn:
        await conn.execute("SELECT FROM probe WHERE org_id = 1 AND id = 2 FOR UPDATE")
        assert told(await program.run(commands(Add(), Add(row=2), Add()))) == [2, "Busy", 3]
    assert told(await program.run([command(2, Add(row=2))])) == [2]


async def test_a_slow_lane_and_a_poisonous_lane_stop_no_third(probed: Database) -> None:
    """All at once through one gatherer."""

    async def slow(conn: Any, org_id: int, _: Any) -> None:
        if org_id == 2:
            await conn.execute("SELECT pg_sleep(0.5)")

    program = Program(probed, held_up(ADD, slow), OTHER)
    crawling = asyncio.create_task(program.do(command(1, Add(), org_id=2)))
    sent = [command(2, Add(text="raise")), command(3, Add()), command(4, Other(row=2))]
    assert told(await program.do(*sent)) == ["RuntimeError", 1, 1]
    assert not crawling.done()
    assert told(await crawling) == [1]
