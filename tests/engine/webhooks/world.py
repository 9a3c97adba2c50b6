"""One organisation with a receiver, a pipeline and a deliverer, for the tests of this room."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from coster.engine.batch.gather import Gatherer
from coster.engine.batch.handler import Registry
from coster.engine.batch.run import Result, Runner
from coster.engine.db.ask import Question, known
from coster.engine.db.connect import Database
from coster.engine.outbox import append
from coster.engine.webhooks import model, reads
from coster.engine.webhooks.deliver import Deliverer, Tools
from coster.engine.webhooks.guard import Guard
from coster.engine.webhooks.handlers import HANDLERS
from coster.engine.webhooks.sender import Sender
from coster.engine.webhooks.signing import Keyring
from coster.kernel.authority import SYSTEM, Authority
from coster.kernel.clock import ManualClock
from coster.kernel.message import Command, Decided, Event
from coster.kernel.outcome import Accepted
from tests.engine.webhooks.receiver import Receiver

ORG = 7
POLICY = model.Policy(
    schedule=(10, 60, 300), brake=(5, 20), brake_after=6, pause_failures=8, pause_seconds=30
)
OWNER = uuid.UUID(int=1)
EPOCH = uuid.UUID(int=0)


class World:
    """What a test of webhooks needs, with a clock that stands until it is moved."""

    def __init__(self, database: Database, receiver: Receiver, guard: Guard | None = None) -> None:
        self.database = database
        self.receiver = receiver
        self.clock = ManualClock(datetime.now(UTC))
        self.guard = guard or Guard(["127.0.0.0/8"])
        self.keyring = Keyring({"k1": b"1" * 32}, "k1")
        self.authorities: dict[uuid.UUID, Authority] = {OWNER: SYSTEM, EPOCH: SYSTEM}
        self.gatherer = Gatherer(
            Runner(database, self._authorise),
            Registry(HANDLERS),
            max_batch=100,
            max_waiting=100,
            max_running=2,
        )
        self._senders: list[Sender] = []
        self._versions: dict[uuid.UUID, int] = {}

    async def open(self) -> World:
        """Makes the organisation."""
        async with self.database.system() as conn:
            await conn.execute("INSERT INTO org VALUES ($1, 'One', $2)", ORG, self.clock.now())
            await conn.execute("INSERT INTO event_counter VALUES ($1, 0)", ORG)
        return self

    async def close(self) -> None:
        """Closes all connections to receivers."""
        for sender in self._senders:
            await sender.close()

    def _authorise(self, org_id: int, commands: Any) -> Question[Mapping[Any, Authority | None]]:
        return known({command.actor: self.authorities.get(command.actor) for command in commands})

    def deliverer(self, policy: model.Policy = POLICY) -> Deliverer:
        """The delivering part of one more process."""
        sender = Sender(self.guard, policy)
        self._senders.append(sender)
        return Deliverer(
            Tools(
                database=self.database,
                sender=sender,
                keyring=self.keyring,
                submit=self.gatherer.submit,
                clock=self.clock,
                chance=lambda: 0.0,
                holder=uuid.uuid4(),
                policy=policy,
            )
        )

    async def send(self, body: Any, actor: uuid.UUID = OWNER) -> Result:
        """One command through the pipeline."""
        command = Command(id=uuid.uuid4(), org_id=ORG, actor=actor, at=self.clock.now(), body=body)
        return await self.gatherer.submit(command)

    async def put(self, **values: Any) -> uuid.UUID:
        """An endpoint on the receiver, made or changed; gives its id."""
        values.setdefault("endpoint_id", uuid.uuid4())
        target = await self.guard.judge(values.pop("url", self.receiver.url()))
        body = model.PutEndpoint(target=target, seed=self.keyring.seed(os.urandom(32)), **values)
        result = await self.send(body)
        assert isinstance(result.outcome, Accepted), result.outcome
        return body.endpoint_id

    async def emit(
        self, *entity_ids: uuid.UUID, name: str = "order.changed", data: Mapping[str, Any] | None = None
    ) -> None:
        """An event of each of these entities, in this order."""
        events = []
        for entity_id in entity_ids:
            version = self._versions[entity_id] = self._versions.get(entity_id, 0) + 1
            events.append((0, Event(name, name.partition(".")[0], entity_id, version, data or {})))
        cause = Command(id=uuid.uuid4(), org_id=ORG, actor=OWNER, at=self.clock.now(), body=None)
        async with self.database.write(ORG) as conn:
            await append.append(conn, ORG, [cause], Decided([Accepted()], None, events))

    async def view(self, endpoint_id: uuid.UUID) -> model.EndpointView:
        """The endpoint with its health."""
        async with self.database.read(ORG) as conn:
            found = await reads.get_endpoint(conn, ORG, None, endpoint_id)
        assert found is not None
        return found

    async def deliveries(self, endpoint_id: uuid.UUID, *, parked: bool) -> list[model.DeliveryView]:
        """Kept deliveries."""
        async with self.database.read(ORG) as conn:
            return list(
                await reads.list_deliveries(
                    conn, ORG, model.DeliveryPage(endpoint_id=endpoint_id, parked=parked)
                )
            )

    async def secret(self, endpoint_id: uuid.UUID) -> str:
        """What the receiver was given."""
        async with self.database.read(ORG) as conn:
            seed = await reads.get_seed(conn, ORG, endpoint_id)
        assert seed is not None
        return self.keyring.secret(ORG, endpoint_id, seed)

    def later(self, seconds: float) -> None:
        """Moves the clock."""
        self.clock.move_to(self.clock.now() + timedelta(seconds=seconds))


async def drain(deliverer: Deliverer) -> None:
    """Everything that is due now, served."""
    while await deliverer.serve_due():
        pass


def patient(**values: Any) -> model.Policy:
    """The tests' policy with some numbers changed."""
    return msgspec.structs.replace(POLICY, **values)
