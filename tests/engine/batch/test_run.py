"""One outcome per command, applied once; races are run again; nothing refused leaves a trace."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import hypothesis
import pytest
from hypothesis import strategies as st

from coster.engine.batch import proofs, run
from coster.engine.batch.run import Result
from coster.engine.db.connect import Database
from coster.kernel.errors import TryAgain
from coster.kernel.outcome import Accepted
from tests.conftest import Databases
from tests.engine.batch.probes import (
    ADD,
    NOBODY,
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


async def test_each_command_has_its_own_outcome(program: Program) -> None:
    """In arrival order, refused ones among accepted ones, each with what it caused."""
    results = await program.run(commands(Add(change=3), Add(change=-5), Add(change=-2), Add(row=2)))
    assert told(results) == [3, "too_little", 1, 1]
    assert [len(result.events) for result in results] == [1, 0, 1, 1]
    refused = results[1].outcome
    assert (refused.message, refused.detail) == ("There are 3.", {"row": 1})
    assert await program.counters() == {1: 1, 2: 1}


async def test_a_refusal_leaves_only_its_answer(program: Program) -> None:
    """No row, no event, no number; alone in its batch and among others."""
    refused = command(1, Add(change=-1))
    assert told(await program.run([refused])) == ["too_little"]
    assert (await program.counters(), await program.traces()) == ({}, (1, 0, 0))
    assert told(await program.run([command(2, Add()), command(3, Add(row=2, change=-1))])) == [
        1,
        "too_little",
    ]
    assert (await program.counters(), await program.traces()) == ({1: 1}, (3, 1, 1))


async def test_a_repeat_is_answered_the_same(program: Program) -> None:
    """Accepted or refused, later or in the same batch: applied once, and it says that it is a repeat."""
    sent = commands(Add(change=5), Add(change=-9))
    first = await program.run([sent[0], sent[1], sent[0], sent[1]])
    later = await program.run([*sent[::-1], command(3, Add())])
    assert told(first) == [5, "too_little"] * 2
    assert told(later) == ["too_little", 5, 6]
    assert [result.repeated for result in (*first, *later)] == [False, False, True, True, True, True, False]
    assert later[1].outcome == first[0].outcome
    assert later[0].outcome == first[1].outcome
    assert (await program.counters(), await program.traces()) == ({1: 6}, (3, 2, 2))


async def test_a_known_id_for_another_request_is_refused(program: Program) -> None:
    """By its code, whether the first use was long ago or in the same batch; the first one's answer stays."""
    first, other = command(1, Add()), command(1, Add(change=50))
    assert told(await program.run([first, other, first])) == [1, "idempotency_key_reused", 1]
    [again] = await program.run([other])
    assert (again.repeated, again.outcome.code) == (False, "idempotency_key_reused")
    assert again.outcome.message.startswith("This Idempotency-Key was used for a different request")
    assert (await program.counters(), await program.traces()) == ({1: 1}, (1, 1, 1))


async def test_a_repeat_is_known_to_every_process(probed: Database) -> None:
    """Two gatherers get the same command at the same moment; whoever comes second answers what the first one did."""
    left, right = Program(probed), Program(probed)
    sent = commands(*[Add()] * 20)
    answers = await asyncio.gather(left.do(*sent), right.do(*sent))
    assert [told(some) for some in answers] == [list(range(1, 21))] * 2
    assert {result.repeated for result in (*answers[0], *answers[1]) if isinstance(result, Result)} == {
        True,
        False,
    }
    assert (await left.counters(), await left.traces()) == ({1: 20}, (20, 20, 20))


async def test_an_id_belongs_to_one_organisation(program: Program) -> None:
    """The same id elsewhere is another command."""
    for org_id in (1, 2):
        assert told(await program.run([command(1, Add(), org_id=org_id)])) == [1]
    assert (await program.traces(1), await program.traces(2)) == ((1, 1, 1), (1, 1, 1))


async def test_who_is_not_known_is_refused_alone(program: Program) -> None:
    """And not even remembered, so the same command may come again with a valid key."""
    asked = [command(1, Add(), actor=NOBODY), command(2, Add())]
    assert told(await program.run(asked)) == ["key_not_valid", 1]
    assert await program.traces() == (1, 1, 1)
    assert told(await program.run([command(1, Add())])) == [2]


async def test_a_dry_run_answers_and_leaves_nothing(program: Program) -> None:
    """It tells the events that there would be; the same command counts as new afterwards."""
    sent = command(1, Add())
    [tried] = await program.runner.run(program.registry.of(sent.body), [sent], dry_run=True)
    assert isinstance(tried, Result)
    assert (tried.outcome, [event.name for event in tried.events]) == (Accepted({"n": 1}), ["probe.added"])
    assert (await program.counters(), await program.traces()) == ({}, (0, 0, 0))
    [done] = await program.run([sent])
    assert (told([done]), done.repeated) == ([1], False)


_BODIES = st.lists(st.builds(Add, row=st.integers(1, 2), change=st.integers(-4, 6)), min_size=1, max_size=12)


@hypothesis.settings(
    max_examples=25, deadline=None, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture]
)
@hypothesis.given(bodies=_BODIES, repeats=st.lists(st.integers(0, 11), max_size=4), data=st.data())
async def test_a_batch_answers_as_its_commands_one_by_one(
    program: Program, bodies: list[Add], repeats: list[int], data: Any
) -> None:
    """With repeats among them: same outcomes, same counters, same number of events."""
    orgs = [await _new_org(program.database) for _ in range(2)]
    order = [*range(len(bodies)), *(index for index in repeats if index < len(bodies))]
    runs = []
    for org_id, cut in zip(orgs, (False, True), strict=True):
        sent = [command(number, bodies[number], org_id=org_id) for number in order]
        pieces = [[one] for one in sent] if cut else [sent]
        answers = [result for piece in pieces for result in await program.run(piece)]
        runs.append(([(told([one]), one.repeated) for one in answers],
                     await program.counters(org_id), await program.traces(org_id)))  # fmt: skip
    assert runs[0] == runs[1]


async def _new_org(database: Database) -> int:
    async with database.system() as conn:
        org_id = await conn.fetchval(
            "INSERT INTO org SELECT max(org_id) + 1, 'Org', now() FROM org RETURNING org_id"
        )
        await conn.execute("INSERT INTO event_counter VALUES ($1, 0)", org_id)
    return int(org_id)


async def test_a_real_deadlock_is_run_again(probed: Database) -> None:
    """PostgreSQL kills one of two batches that lock in opposite order; both are answered, and each took effect once."""
    both = asyncio.Barrier(2)
    met = []

    def locking(*rows: int) -> Any:
        async def before(conn: Any, org_id: int, _: Any) -> None:
            await _lock(conn, org_id, rows[0])
            if len(met) < 2:
                met.append(rows)
                await both.wait()
            await _lock(conn, org_id, rows[1])

        return before

    program = Program(probed, held_up(ADD, locking(1, 2)), held_up(OTHER, locking(2, 1)))
    await Program(probed).run(commands(Add(change=10), Add(row=2, change=10), start=90))
    before = _lost("DeadlockDetectedError")
    assert told(await program.do(*commands(Add(), Other(row=2)))) == [11, 11]
    assert _lost("DeadlockDetectedError") == before + 1
    assert (await program.counters(), await program.traces()) == ({1: 11, 2: 11}, (4, 4, 4))


async def _lock(conn: Any, org_id: int, row: int) -> None:
    await conn.fetch("SELECT FROM probe WHERE org_id = $1 AND id = $2 FOR NO KEY UPDATE", org_id, row)


def _lost(cause: str) -> float:
    return sum(
        metric("coster_batch_reruns_total", kind=kind, cause=cause) for kind in ("probe.add", "probe.other")
    )


async def test_a_real_serialisation_failure_is_run_again(databases: Databases, probed: Database) -> None:
    """On a server whose default is REPEATABLE READ: two processes change one row after they have seen the same of it."""
    async with probed.system() as conn:
        name = await conn.fetchval("SELECT current_database()")
    options = databases.server.connect_options(name)
    options["server_settings"] = {"default_transaction_isolation": "repeatable read"}
    strict = await Database.open(options, min_size=1, max_size=4)
    both = asyncio.Barrier(2)
    met: list[None] = []

    async def look_together(conn: Any, org_id: int, _: Any) -> None:
        await conn.fetch("SELECT n FROM probe WHERE org_id = $1", org_id)
        if len(met) < 2:
            met.append(None)
            await both.wait()

    program = Program(strict, held_up(ADD, look_together), held_up(OTHER, look_together))
    await Program(probed).run([command(90, Add(change=10))])
    before = _lost("SerializationError")
    assert sorted(told(await program.do(*commands(Add(), Other())))) == [11, 12]
    assert _lost("SerializationError") == before + 1
    assert (await program.counters(), await program.traces()) == ({1: 12}, (3, 3, 3))
    await strict.close()


async def test_a_race_that_is_always_lost_ends(probed: Database) -> None:
    """The caller is told to come again; the neighbours are answered, and nothing of it is left."""

    async def too_late(_: Any, __: int, commands: Any) -> None:
        if any(command.body.text == "late" for command in commands):
            raise TryAgain

    program = Program(probed, held_up(ADD, too_late))
    answers = await program.run(commands(Add(), Add(text="late"), Add()))
    assert told(answers) == [1, "Busy", 2]
    assert (answers[1].retry_after, await program.traces()) == (5, (2, 2, 2))


@pytest.mark.parametrize("moment", ["load", "commit"])
async def test_a_lost_connection_is_run_again(probed: Database, moment: str) -> None:
    """Whether it broke before the commit or after it, when nobody knows what became of it: the effect is there once."""
    breaks = [moment]

    async def breaking(conn: Any, _: int, __: Any) -> None:
        if breaks.pop() if breaks else None:
            await _cut_off(probed, conn)

    class Forgetful(Database):
        """A database whose first commit goes through, and whose word of it is lost."""

        def write(self, org_id: int, *, rollback: bool = False) -> Any:
            return _forgetting(super().write(org_id, rollback=rollback), breaks)

    if moment == "load":
        program = Program(probed, held_up(ADD, breaking))
    else:
        forgetful = Forgetful(probed._app, probed._system, acquire_timeout=5)  # noqa: SLF001 - the same pools
        program = Program(forgetful, ADD)
    assert told(await program.run(commands(Add(), Add()))) == [1, 2]
    assert (breaks, await program.counters(), await program.traces()) == ([], {1: 2}, (2, 2, 2))


async def test_a_disk_that_is_full_is_waited_for(probed: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """No fault of the command: it is run again when there is room, and where there is none for long it may come again."""
    full = [asyncpg.DiskFullError("No space left on device")]

    async def filled(*_: Any) -> None:
        if full:
            raise full.pop()

    assert told(await Program(probed, held_up(ADD, filled)).run(commands(Add(), Add()))) == [1, 2]
    monkeypatch.setattr(run, "LOST_ATTEMPTS", 2)
    full += [asyncpg.DiskFullError("No space left on device")] * 2
    again = [command(3, Add()), command(4, Add())]
    assert told(await Program(probed, held_up(ADD, filled)).run(again)) == ["Busy", "Busy"]
    assert told(await Program(probed).run(again)) == [3, 4]


async def _cut_off(database: Database, conn: Any) -> None:
    pid = await conn.fetchval("SELECT pg_backend_pid()")
    async with database.system() as owner:
        await owner.execute("SELECT pg_terminate_backend($1, 5000)", pid)


class _forgetting:  # noqa: N801 - used as a function
    """The transaction, after whose commit the connection is said to be lost, once."""

    def __init__(self, inner: Any, breaks: list[str]) -> None:
        self.inner, self.breaks = inner, breaks

    async def __aenter__(self) -> Any:
        return await self.inner.__aenter__()

    async def __aexit__(self, *fault: Any) -> Any:
        done = await self.inner.__aexit__(*fault)
        if self.breaks and fault[0] is None:
            self.breaks.pop()
            raise asyncpg.ConnectionDoesNotExistError("the connection was closed in the middle of operation")
        return done


async def test_a_database_that_is_away_says_come_again(probed: Database) -> None:
    """Every command of the batch hears it, whoever asked for it."""
    program = Program(probed)
    await probed.close()
    assert told(await program.run(commands(Add(), Add()))) == ["Stopped", "Stopped"]


async def test_events_have_causes_is_found_broken(program: Program) -> None:
    """`verify` counts events whose command is not remembered, and such whose command was refused."""
    await program.run(commands(Add(), Add(), Add(change=-9)))
    assert await _broken(program) == (0, "")
    async with program.database.system() as conn:
        await conn.execute("DELETE FROM command WHERE id = $1", command(1, Add()).id)
    assert await _broken(program) == (1, "1")
    async with program.database.system() as conn:
        refused = command(3, Add()).id
        await conn.execute("UPDATE event SET command_id = $1 WHERE seq = 2", refused)
    assert await _broken(program) == (2, "1")


async def _broken(program: Program) -> tuple[int, str]:
    async with program.database.read(1) as conn:
        [check] = await proofs.verify(conn, 1)
    assert (check.name, check.promise) == ("events_have_causes", proofs.PROMISES["events_have_causes"])
    return check.broken, check.example


async def test_what_was_answered_is_never_rewritten(program: Program) -> None:
    """The server's own role may neither change nor remove a remembered command or an event."""
    await program.run(commands(Add()))
    for table in ("command", "event"):
        for change in (f"UPDATE {table} SET org_id = org_id", f"DELETE FROM {table}"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with program.database.write(1) as conn:
                    await conn.execute(change)
    assert await program.traces() == (1, 1, 1)
