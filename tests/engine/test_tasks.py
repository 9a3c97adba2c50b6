"""A task that runs beside the work ends with it, whatever it does with a cancellation."""

from __future__ import annotations

import asyncio

from coster.engine import tasks


async def test_a_lost_cancellation_is_sent_again() -> None:
    """A loop that takes the first one for a fault of its connection is ended by the next."""
    lost = 0

    async def loop() -> None:
        nonlocal lost
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                lost += 1
                if lost == 2:
                    raise

    task = asyncio.create_task(loop())
    await asyncio.sleep(0)
    await asyncio.wait_for(tasks.end(task), 10)
    assert task.cancelled()
    assert lost == 2


async def test_what_has_ended_is_left_alone() -> None:
    """Also where it ended in a fault, which is whoever started it to ask for."""

    async def fail() -> None:
        raise RuntimeError

    task = asyncio.create_task(fail())
    await asyncio.wait([task])
    await tasks.end(task)
    assert isinstance(task.exception(), RuntimeError)
