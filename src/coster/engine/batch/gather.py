"""Collect what arrives while a batch runs; that is the next batch. No artificial wait, and a bound on everything."""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from coster.engine import observe
from coster.engine.batch.handler import Registry
from coster.engine.batch.run import Result, Runner
from coster.engine.outbox.wake import Bell
from coster.kernel.errors import Busy, Stopped
from coster.kernel.message import Command

_Waiting: TypeAlias = tuple[Command[Any], "asyncio.Future[Result]"]
_Lane: TypeAlias = tuple[int, str, bool, uuid.UUID | None]


class Gatherer:
    """Takes commands one by one and runs them in batches per organisation and kind, in arrival order; those that are batches
    by themselves (`Handler.whole`) side by side.

    `max_batch` bounds one batch, `max_waiting` what may wait altogether (beyond it: Busy, which the edge answers with
    503 and Retry-After), `max_running` how many batches use the database at once.
    """

    def __init__(
        self, runner: Runner, registry: Registry, *, max_batch: int, max_waiting: int, max_running: int
    ) -> None:
        self._runner = runner
        self._registry = registry
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._slots = asyncio.Semaphore(max_running)
        self._lanes: dict[_Lane, deque[_Waiting]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting = 0
        self._stopping = False
        self.committed = Bell()

    async def submit(self, command: Command[Any], *, dry_run: bool = False) -> Result:
        """The command's result, after its batch has committed (or was rolled back, for a dry run).

        Raises Busy when too much is waiting, Stopped when the process is going down, and whatever fault the command itself
        caused.
        """
        self._check_open()
        future = self._take(command, dry_run=dry_run)
        observe.WAITING.set(self._waiting)
        return await future

    async def submit_many(
        self, commands: Sequence[Command[Any]], *, dry_run: bool = False
    ) -> list[Result | Exception]:
        """What `submit` gives or raises for each of these commands, in order; those of one kind are carried out in order.

        They are taken together or (Busy, Stopped) not at all, so a set may go beyond `max_waiting` by its own size.
        """
        self._check_open()
        futures = [self._take(command, dry_run=dry_run) for command in commands]
        observe.WAITING.set(self._waiting)
        return await asyncio.gather(*futures, return_exceptions=True)  # type: ignore[return-value]

    def _check_open(self) -> None:
        if self._stopping:
            raise Stopped("the server is stopping")
        if self._waiting >= self._max_waiting:
            raise Busy

    def _take(self, command: Command[Any], *, dry_run: bool) -> asyncio.Future[Result]:
        handler = self._registry.of(command.body)
        lane = (command.org_id, handler.kind, dry_run, command.id if handler.whole else None)
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        queue = self._lanes.get(lane)
        if queue is None:
            queue = self._lanes[lane] = deque()
            task = asyncio.create_task(self._drain(lane, queue))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        queue.append((command, future))
        self._waiting += 1
        return future

    async def stop(self) -> None:
        """Takes nothing more, and returns when all that was taken is answered."""
        self._stopping = True
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def _drain(self, lane: _Lane, queue: deque[_Waiting]) -> None:
        try:
            # One turn of the loop lets all that is ready now arrive, so that simultaneous requests share a batch.
            await asyncio.sleep(0)
            while queue:
                async with self._slots:
                    batch = [queue.popleft() for _ in range(min(len(queue), self._max_batch))]
                    await self._answer(lane, batch)
        finally:
            del self._lanes[lane]
            # Something is left only when this task is cancelled.
            self._answered(len(queue))
            _hand_back(queue, [Stopped("the server is stopping")] * len(queue))

    async def _answer(self, lane: _Lane, batch: list[_Waiting]) -> None:
        _, kind, dry_run, _ = lane
        handler = self._registry.by_kind[kind]
        commands = [command for command, _ in batch]
        results: Sequence[Result | Exception] = [Stopped("the server is stopping")] * len(batch)
        try:
            results = await self._runner.run(handler, commands, dry_run=dry_run)
        except Exception as fault:  # noqa: BLE001 - a bug of the runner itself: whoever waits must hear of it
            results = [fault] * len(batch)
        finally:
            # Also when this task is cancelled: nobody is left waiting for an answer that will never come.
            self._answered(len(batch))
            _hand_back(batch, results)
        if not dry_run:
            self.committed.ring(
                event.name for result in results if isinstance(result, Result) for event in result.events
            )

    def _answered(self, count: int) -> None:
        self._waiting -= count
        observe.WAITING.set(self._waiting)


def _hand_back(batch: Iterable[_Waiting], results: Sequence[Result | Exception]) -> None:
    """Each caller its answer; who has gone away meanwhile gets none."""
    for (_, future), result in zip(batch, results, strict=True):
        if future.done():
            continue
        if isinstance(result, Result):
            future.set_result(result)
        else:
            future.set_exception(result)
