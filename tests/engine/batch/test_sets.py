"""Many commands handed over at once: answered in order, taken together or not at all."""

from __future__ import annotations

import asyncio

import pytest

from coster.engine.db.connect import Database
from coster.kernel.errors import Busy, Stopped
from tests.engine.batch.probes import Add, Other, Program, command, commands, told


async def test_a_set_is_answered_in_its_order(program: Program) -> None:
    """Whatever kinds it mixes; each kind is a batch, and what is refused or broken stands in its place."""
    sent = [
        command(1, Add()), command(2, Other(row=2)), command(3, Add(change=-5)), command(4, Add(text="raise")),
        command(5, Add()), command(1, Add()),
    ]  # fmt: skip
    assert told(await program.gatherer.submit_many(sent)) == [1, 1, "too_little", "RuntimeError", 2, 1]
    assert await program.counters() == {1: 2, 2: 1}
    assert told(await program.gatherer.submit_many([])) == []


async def test_a_long_set_goes_in_batches_one_after_the_other(probed: Database) -> None:
    """None is larger than allowed, and each builds on the one before."""
    program = Program(probed, max_batch=4)
    assert told(await program.gatherer.submit_many(commands(*[Add()] * 10))) == list(range(1, 11))
    assert program.batches == [("probe.add", 4), ("probe.add", 4), ("probe.add", 2)]


async def test_a_set_is_taken_whole_or_not_at_all(probed: Database) -> None:
    """Where there is room for one there is room for all of it; where there is none, nothing has happened."""
    program = Program(probed, max_waiting=2)
    first = asyncio.create_task(program.gatherer.submit_many(commands(*[Add()] * 5)))
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await program.gatherer.submit_many([command(9, Add())])
    assert told(await first) == [1, 2, 3, 4, 5]
    await program.gatherer.stop()
    with pytest.raises(Stopped):
        await program.gatherer.submit_many([command(9, Add())])
    assert await program.counters() == {1: 5}
