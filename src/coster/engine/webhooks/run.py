"""A set of deliveries made: entities side by side, each entity's events one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence

from coster.engine.webhooks import verdict
from coster.engine.webhooks.journal import Load, Told
from coster.engine.webhooks.model import Answer, Note, Policy
from coster.kernel.clock import Clock

Tell = Callable[[Note], Awaitable[Answer]]


class Run:
    """One round of one endpoint.

    It ends early, with everything unsent kept, when `halted` says so, after a 410, and when too many failures in a
    row show that the whole receiver is down.
    """

    def __init__(
        self,
        tell: Tell,
        policy: Policy,
        clock: Clock,
        *,
        chance: Callable[[], float],
        halted: Callable[[], bool],
    ) -> None:
        self._tell = tell
        self._policy = policy
        self._clock = clock
        self._chance = chance
        self._halted = halted

    async def over(self, load: Load) -> Told:
        """Sends what the load holds and says how it ended."""
        health = verdict.Health(before=load.endpoint.failures)
        self._told = Told(ended_at=self._clock.now(), chance=self._chance(), health=health)
        work = iter([(chain, False) for chain in load.due] + [(chain, True) for chain in load.fresh])
        self._told.kept += verdict.behind(load.behind)
        async with asyncio.TaskGroup() as tasks:
            for _ in range(min(self._policy.concurrency, len(load.due) + len(load.fresh))):
                tasks.create_task(self._work(work))
        self._told.ended_at = self._clock.now()
        return self._told

    async def _work(self, work: Iterator[tuple[Sequence[Note], bool]]) -> None:
        for chain, fresh in work:
            await self._chain(chain, fresh=fresh)

    async def _chain(self, chain: Sequence[Note], *, fresh: bool) -> None:
        """One entity, in order, up to its first failure; of a chain that was kept before, the rest is still kept."""
        for index, note in enumerate(chain):
            if self._told.health.braked or self._halted():
                if fresh:
                    self._told.kept += verdict.behind(chain[index:], due=self._clock.now())
                return
            answer = await self._tell(note)
            now = self._clock.now()
            self._told.health.note(answer, now, self._policy)
            if not verdict.delivered(answer):
                self._told.kept.append(
                    verdict.after_failure(self._policy, note, answer, at=now, chance=self._chance())
                )
                if fresh:
                    self._told.kept += verdict.behind(chain[index + 1 :])
                return
            self._told.done.append(note.seq)
            self._told.freed.add(note.entity_id)
