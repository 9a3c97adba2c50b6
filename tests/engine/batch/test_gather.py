"""What arrives together is carried out together, within bounds, and whoever asked hears of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from coster.engine.batch.handler import Handler, Registry
from coster.engine.db.connect import Database
from coster.kernel.errors import Busy, Stopped
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


class Gate:
    """Holds batches up before they load, until it is opened; `reached` is set when somebody stands before it."""

    def __init__(self) -> None:
        self.opened, self.reached = asyncio.Event(), asyncio.Event()

    async def __call__(self, _: Any, __: int, ___: Any) -> None:
        """Stands and waits."""
        self.reached.set()
        await self.opened.wait()

    def before(self, handler: Handler[Any, Any]) -> Handler[Any, Any]:
        """The handler behind this gate."""
        return held_up(handler, self)


@pytest.fixture
def gate() -> Gate:
    """A closed gate."""
    return Gate()


async def _stands(gate: Gate, *sent: Any) -> list[asyncio.Task[Any]]:
    """These on their way, the first of them before the gate."""
    tasks = [asyncio.create_task(one) for one in sent]
    async with asyncio.timeout(5):
        await gate.reached.wait()
    return tasks


async def test_what_arrives_together_is_one_batch(program: Program) -> None:
    """Each caller gets the answer to its own command, in the order of arrival."""
    assert told(await program.do(*commands(*[Add(change=n) for n in (1, 10, 100)]))) == [1, 11, 111]
    assert program.batches == [("probe.add", 3)]
    assert await program.traces() == (3, 3, 3)


async def test_what_arrives_meanwhile_is_the_next_batch(probed: Database, gate: Gate) -> None:
    """No longer than `max_batch`, and in order."""
    program = Program(probed, gate.before(ADD), max_batch=3)
    first, *rest = commands(*[Add()] * 6)
    running = await _stands(gate, program.do(first))
    running += [asyncio.create_task(program.do(*rest))]
    await asyncio.sleep(0)
    gate.opened.set()
    assert [told(await task) for task in running] == [[1], [2, 3, 4, 5, 6]]
    assert [size for _, size in program.batches] == [1, 3, 2]


async def test_kinds_organisations_and_dry_runs_do_not_share_a_batch(program: Program) -> None:
    """Four lanes, four batches; the dry run leaves nothing."""
    real = program.do(*commands(Add(), Add(), Other(row=2)), command(4, Add(), org_id=2))
    tried = program.do(command(5, Add(row=3)), dry_run=True)
    answers = await asyncio.gather(real, tried)
    assert [told(some) for some in answers] == [[1, 2, 1, 1], [1]]
    assert sorted(program.batches) == [
        ("probe.add", 1),
        ("probe.add", 1),
        ("probe.add", 2),
        ("probe.other", 1),
    ]
    assert (await program.counters(), await program.counters(2)) == ({1: 2, 2: 1}, {1: 1})
    assert await program.traces() == (3, 3, 3)


async def test_a_full_queue_says_come_again(probed: Database, gate: Gate) -> None:
    """At once, with the seconds to wait; what was refused leaves no trace, and there is room again afterwards."""
    program = Program(probed, gate.before(ADD), max_waiting=2)
    waiting = await _stands(gate, program.do(*commands(Add(), Add())))
    [refused] = await program.do(command(3, Add()))
    assert isinstance(refused, Busy)
    assert (str(refused), refused.retry_after) == ("too many commands are waiting", 1)
    gate.opened.set()
    assert told(await waiting[0]) == [1, 2]
    assert await program.traces() == (2, 2, 2)
    assert told(await program.do(command(3, Add()))) == [3]


async def test_a_slow_batch_stops_no_other(probed: Database, gate: Gate) -> None:
    """Other kinds and other organisations are answered while it stands."""
    program = Program(probed, gate.before(ADD), OTHER)
    standing = await _stands(gate, program.do(command(1, Add())))
    assert told(await program.do(command(2, Other(row=2)), command(3, Other(), org_id=2))) == [1, 1]
    gate.opened.set()
    assert told(await standing[0]) == [1]


async def test_no_more_batches_than_allowed_use_the_database(probed: Database, gate: Gate) -> None:
    """The second kind waits for its turn, and gets it."""
    program = Program(probed, gate.before(ADD), OTHER, max_running=1)
    tasks = await _stands(gate, program.do(command(1, Add())), program.do(command(2, Other())))
    _, pending = await asyncio.wait(tasks, timeout=0.1)
    assert (len(pending), program.batches) == (2, [("probe.add", 1)])
    gate.opened.set()
    assert [told(await task) for task in tasks] == [[1], [2]]


@pytest.mark.parametrize("running", [True, False], ids=["running", "queued"])
async def test_a_caller_who_goes_away_changes_nothing(probed: Database, gate: Gate, *, running: bool) -> None:
    """The effect is there once, the neighbours get their answers, and the same command again is a repeat."""
    program = Program(probed, gate.before(ADD))
    sent = commands(Add(), Add(change=10), Add(change=100))
    if running:
        tasks = [asyncio.create_task(program.gatherer.submit(one)) for one in sent]
        await gate.reached.wait()
    else:
        first = await _stands(gate, program.gatherer.submit(command(9, Add(row=2))))
        tasks = [asyncio.create_task(program.gatherer.submit(one)) for one in sent]
        await asyncio.sleep(0)
    tasks[1].cancel()
    await asyncio.sleep(0)
    gate.opened.set()
    left = await asyncio.gather(*tasks, return_exceptions=True)
    assert [left[1].__class__, told([left[0], left[2]])] == [asyncio.CancelledError, [1, 111]]
    again = await program.gatherer.submit(sent[1])
    assert (again.repeated, again.outcome.value, (await program.counters())[1]) == (True, {"n": 11}, 111)
    if not running:
        assert told([await first[0]]) == [1]


async def test_callers_who_go_away_do_not_fill_the_queue(probed: Database, gate: Gate) -> None:
    """What was taken is carried out and counted off, whoever waits for it."""
    program = Program(probed, gate.before(ADD), max_waiting=2)
    tasks = await _stands(gate, *[program.gatherer.submit(one) for one in commands(Add(), Add())])
    for task in tasks:
        task.cancel()
    gate.opened.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    await program.gatherer.stop()
    assert await program.counters() == {1: 2}
    assert metric("coster_commands_waiting") == 0


async def test_stopping_answers_all_that_was_taken(probed: Database, gate: Gate) -> None:
    """And takes nothing more; nobody is left without an answer."""
    program = Program(probed, gate.before(ADD), max_batch=2)
    taken = await _stands(gate, program.do(*commands(*[Add()] * 5)))
    stopping = asyncio.create_task(program.gatherer.stop())
    await asyncio.sleep(0)
    [late] = await program.do(command(6, Add()))
    assert (type(late), stopping.done()) == (Stopped, False)
    gate.opened.set()
    await stopping
    assert (taken[0].done(), told(await taken[0])) == (True, [1, 2, 3, 4, 5])
    assert await program.traces() == (5, 5, 5)


async def test_a_batch_that_is_torn_down_leaves_nobody_waiting(probed: Database, gate: Gate) -> None:
    """As when the process must go at once: callers hear it, the queue is empty, nothing was done."""
    program = Program(probed, gate.before(ADD), max_batch=1)
    callers = await _stands(gate, *[program.gatherer.submit(one) for one in commands(Add(), Add())])
    for task in list(program.gatherer._tasks):  # noqa: SLF001 - what the end of a loop does to its tasks
        task.cancel()
    async with asyncio.timeout(5):
        answers = await asyncio.gather(*callers, return_exceptions=True)
    assert told(answers) == ["Stopped", "Stopped"]
    assert await program.traces() == (0, 0, 0)
    gate.opened.set()
    assert told(await program.do(command(3, Add()))) == [1]


async def test_batches_by_themselves_run_side_by_side(probed: Database) -> None:
    """Commands of a kind that is whole share no batch, and none waits for another's: here each waits until all have begun."""
    begun = asyncio.Barrier(3)

    async def together(*_: Any) -> None:
        await begun.wait()

    program = Program(probed, replace(held_up(ADD, together), whole=True))
    async with asyncio.timeout(5):
        answers = await program.do(*commands(*[Add(row=n) for n in range(3)]))
    assert told(answers) == [1, 1, 1]
    assert program.batches == [("probe.add", 1)] * 3


async def test_commits_ring_the_bell(program: Program) -> None:
    """For the relay and the feeds; a dry run commits nothing and rings nothing."""
    heard = program.gatherer.committed.listen()
    await program.do(command(1, Add()), dry_run=True)
    assert not heard.is_set()
    await program.do(command(1, Add()))
    assert heard.is_set()


async def test_what_nobody_handles_is_told_at_once(program: Program) -> None:
    """It is a bug of the caller; it takes no place in the queue."""
    with pytest.raises(KeyError):
        await program.gatherer.submit(command(1, "no command"))
    assert told(await program.do(command(2, Add()))) == [1]


@pytest.mark.parametrize(
    "twin", [Handler("probe.add", Other, *[None] * 3), Handler("probe.new", Add, *[None] * 3)]
)
def test_two_handlers_cannot_claim_the_same(twin: Any) -> None:
    """Neither a kind's name nor a body's type."""
    with pytest.raises(ValueError, match=f"two handlers claim {twin.kind}"):
        Registry([ADD, twin])
