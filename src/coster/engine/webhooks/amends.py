"""Messages of flows that could not be delivered: the flow is told, and what it cannot make good waits for people.

The command's id follows from the delivery and the instant when it was given up, so it takes effect once, however often and by how many
processes it is sent; whoever has the message sent again, and it fails again, has it made good again.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from typing import Final

from coster.engine import observe
from coster.engine.db import sql
from coster.engine.db.connect import Connection, Database
from coster.engine.flows import failing
from coster.engine.outbox import react
from coster.engine.outbox.send import Pace, Sender, Submit
from coster.engine.webhooks.model import GivenUp
from coster.kernel import ids
from coster.kernel.clock import Clock
from coster.kernel.message import SYSTEM, Command
from coster.kernel.outcome import Rejected

_q = sql.load(__file__)
_PAGE: Final = 100


class Amends:
    """Sends rooms the word that a message of theirs was not delivered.

    `bodies` gives the command of the room by the kind of entity whose flow sent the message.
    """

    def __init__(
        self, database: Database, submit: Submit, clock: Clock, bodies: Mapping[str, type[failing.MakeGood]]
    ) -> None:
        self._database = database
        self._sender = Sender(submit, Pace())
        self._clock = clock
        self._bodies = bodies

    def stop(self) -> None:
        """Sends nothing more; what is not done is found again by whoever looks next."""
        self._sender.stopping = True

    async def run(self) -> int:
        """Everything that is given up now, made good or left to people; gives how many messages that were.

        Raises Stopped, and what the database raises: then what is left is found again.
        """
        count = 0
        while found := await self._found():
            async with asyncio.TaskGroup() as tasks:
                answers = [tasks.create_task(self._made_good(one)) for one in found]
            told = [(one, answer.result()) for one, answer in zip(found, answers, strict=True)]
            for place in dict.fromkeys((one.org_id, one.endpoint_id) for one in found):
                here = [entry for entry in told if (entry[0].org_id, entry[0].endpoint_id) == place]
                await self._settle(*place, here)
            count += len(found)
        return count

    async def _found(self) -> list[GivenUp]:
        async with self._database.system() as conn:
            return [GivenUp(**row) for row in await _q.given_up(conn, count=_PAGE)]

    async def _made_good(self, one: GivenUp) -> str | None:
        """None where the flow has made it good; else why it has not."""
        said = failing.of(one.data)
        body = self._bodies.get(said.entity) if said is not None else None
        if said is None or body is None:
            return "this program knows nobody who makes it good"
        command = Command(
            id=ids.derived("webhooks.make_good", one.org_id, one.endpoint_id, one.seq, one.gave_up_at),
            org_id=one.org_id,
            actor=SYSTEM,
            at=self._clock.now(),
            body=body(
                id=one.entity_id, of=said.entity, trigger=said.then, message=one.name, seq=one.seq,
                endpoint_id=one.endpoint_id, error=one.cause,
            ),
        )  # fmt: skip
        outcome = await self._sender.send(command)
        if isinstance(outcome, Exception):
            return f"'{said.then}' failed: {react.cause(outcome)}"
        if isinstance(outcome, Rejected):
            return f"'{said.then}' could not make it good: {outcome.message}"
        return None

    async def _settle(
        self, org_id: int, endpoint_id: uuid.UUID, told: Sequence[tuple[GivenUp, str | None]]
    ) -> None:
        """Writes down what was made good and what was not, unless another process has done so already."""
        good = [one for one, why in told if why is None]
        left = [(one, f"{one.cause}; {why}") for one, why in told if why is not None]
        async with self._database.write(org_id) as conn:
            # The end of a round, which keeps what is behind these, waits here.
            await _q.lock_endpoints(conn, org_id=org_id, ids=[endpoint_id])
            if good:
                await _forget(conn, org_id, endpoint_id, good)
                entities = [one.entity_id for one in good]
                await _q.promote(
                    conn, org_id=org_id, endpoint_id=endpoint_id, entity_ids=entities, now=self._clock.now()
                )
            if left:
                await _leave(conn, org_id, endpoint_id, left)
        observe.WEBHOOK_PARKED.inc(len(left))
        for one, why in left:
            observe.log.warning("webhook_not_made_good", org_id=org_id, seq=one.seq, cause=why)


async def _forget(conn: Connection, org_id: int, endpoint_id: uuid.UUID, good: Sequence[GivenUp]) -> None:
    seqs, ats = [one.seq for one in good], [one.gave_up_at for one in good]
    await _q.made_good(conn, org_id=org_id, endpoint_id=endpoint_id, seqs=seqs, ats=ats)


async def _leave(
    conn: Connection, org_id: int, endpoint_id: uuid.UUID, left: Sequence[tuple[GivenUp, str]]
) -> None:
    seqs, ats = [one.seq for one, _ in left], [one.gave_up_at for one, _ in left]
    causes = [why for _, why in left]
    await _q.leave_to_people(conn, org_id=org_id, endpoint_id=endpoint_id, seqs=seqs, ats=ats, causes=causes)
