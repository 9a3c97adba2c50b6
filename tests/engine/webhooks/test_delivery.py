"""Deliveries to a real receiver: signed, in order per entity, at least once, until they are taken."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid

import pytest
import standardwebhooks

from coster.engine.webhooks import model
from coster.kernel.clock import text
from tests.engine.webhooks.receiver import Receiver, Reply, Request
from tests.engine.webhooks.world import ORG, World, drain, patient

pytestmark = pytest.mark.database

A, B, C = (uuid.UUID(int=n) for n in (10, 11, 12))
HUB, OTHER = uuid.UUID(int=20), uuid.UUID(int=21)


def failing(*entity_ids: uuid.UUID, status: int = 500, times: int = 1_000_000) -> object:
    """Answers a status so many times to events of these entities (none: all), and 204 to everything else."""
    left = [times]

    def answer(request: Request) -> Reply:
        hit = not entity_ids or request.message["entity_id"] in map(str, entity_ids)
        left[0] -= hit
        return Reply(status) if hit and left[0] >= 0 else Reply()

    return answer


async def test_event_arrives_signed(world: World, receiver: Receiver) -> None:
    """The library of Standard Webhooks verifies it, and the body says all that the event says."""
    endpoint = await world.put(names=["order.*"])
    await world.emit(A, data={"status": "booked"})
    await drain(world.deliverer())
    [request] = receiver.requests
    body = standardwebhooks.Webhook(await world.secret(endpoint)).verify(request.body, request.headers)
    at = body.pop("timestamp")
    assert body == {
        "id": f"{ORG}.2", "type": "order.changed", "data": {"status": "booked"}, "entity": "order",
        "entity_id": str(A), "version": 1, "seq": 2,
    }  # fmt: skip
    assert at <= text(world.clock.now())
    assert request.headers["webhook-id"] == f"{ORG}.2"
    assert (await world.view(endpoint)).last_success_at is not None


async def test_changed_body_does_not_verify(world: World, receiver: Receiver) -> None:
    """The signature covers the body, so that the test above can fail."""
    endpoint = await world.put(names=["order.*"])
    await world.emit(A)
    await drain(world.deliverer())
    [request] = receiver.requests
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(await world.secret(endpoint)).verify(request.body + b" ", request.headers)


async def test_both_secrets_sign_for_a_day_after_rotation(world: World, receiver: Receiver) -> None:
    """A receiver has time to change over; after it the old secret is worth nothing."""
    endpoint = await world.put(names=["order.*"])
    old = standardwebhooks.Webhook(await world.secret(endpoint))
    await world.put(endpoint_id=endpoint, names=["order.*"], rotate=True)
    new = standardwebhooks.Webhook(await world.secret(endpoint))
    await world.emit(A)
    await drain(world.deliverer())
    [request] = receiver.requests
    assert old.verify(request.body, request.headers) == new.verify(request.body, request.headers)
    world.later(86_401)
    await world.emit(A)
    await drain(world.deliverer())
    assert [len(r.headers["webhook-signature"].split(" ")) for r in receiver.requests] == [2, 1]


async def test_only_wanted_names_are_sent(world: World, receiver: Receiver) -> None:
    """Whole names and beginnings; the cursor passes the rest."""
    endpoint = await world.put(names=["order.placed", "stock.*"])
    for name in ("order.placed", "order.changed", "stock.changed", "stocks.changed"):
        await world.emit(A, name=name)
    await drain(world.deliverer())
    assert [r.message["type"] for r in receiver.requests] == ["order.placed", "stock.changed"]
    assert (await world.view(endpoint)).unread == 0


async def test_enterprise_gets_its_own_events_only(world: World, receiver: Receiver) -> None:
    """Not those of others, not those of nobody; and who else may see one is not told."""
    await world.put(enterprise_id=HUB, names=["order.*"])
    await world.emit(A, data={"enterprises": [str(OTHER)]})
    await world.emit(A, data={"enterprises": [str(OTHER), str(HUB)]})
    await world.emit(A)
    await drain(world.deliverer())
    assert [r.message["data"] for r in receiver.requests] == [{"enterprises": [str(HUB)]}]


async def test_new_endpoint_begins_with_its_own_creation(world: World, receiver: Receiver) -> None:
    """What was before is history, which the feed has. The two are of different entities, and so come in either order."""
    await world.emit(A, A)
    await world.put()
    await world.emit(A)
    await drain(world.deliverer())
    assert sorted(r.message["type"] for r in receiver.requests) == [
        "order.changed",
        "webhook.endpoint_created",
    ]


async def test_failed_entity_waits_and_others_go_on(world: World, receiver: Receiver) -> None:
    """A's later events stay behind its failed one, B's do not; then A comes, in order."""
    endpoint = await world.put(names=["order.*"])
    receiver.answer = failing(A, times=2)
    await world.emit(A, B, A, B)
    await drain(world.deliverer())
    await world.emit(A, B)
    await drain(world.deliverer())
    assert (receiver.of(A), receiver.of(B)) == ([1], [1, 2, 3])
    assert (await world.view(endpoint)).waiting == 3
    world.later(10)
    await drain(world.deliverer())
    assert receiver.of(A) == [1, 1]
    world.later(60)
    await drain(world.deliverer())
    assert receiver.of(A) == [1, 1, 1, 2, 3]
    assert (await world.view(endpoint)).waiting == 0


async def test_attempts_are_further_and_further_apart(world: World, receiver: Receiver) -> None:
    """Nothing is sent before its time, and at its time it is."""
    await world.put(names=["order.*"])
    receiver.answer = failing()
    await world.emit(A)
    counts = []
    for seconds in (0, 9, 1, 59, 1, 299, 1):
        world.later(seconds)
        await drain(world.deliverer())
        counts.append(len(receiver.requests))
    assert counts == [1, 1, 2, 2, 3, 3, 4]


async def test_retry_after_is_honoured_up_to_a_bound(world: World, receiver: Receiver) -> None:
    """A receiver may ask for more patience than ours, but not for ever."""
    await world.put(names=["order.*"])
    receiver.answer = lambda r: Reply(503, {"retry-after": "100" if r.message["seq"] == 2 else "999999"})
    await world.emit(A, B)
    await drain(world.deliverer())
    counts = []
    for seconds in (99, 1, 3499, 2):
        world.later(seconds)
        await drain(world.deliverer())
        counts.append(receiver.of(B))
    assert (receiver.of(A)[:2], counts) == ([1, 1], [[1], [1], [1], [1, 1]])


async def test_given_up_delivery_is_parked_and_resumed_without_loss(world: World, receiver: Receiver) -> None:
    """What waits behind it waits on; resuming sends all, once, in order."""
    endpoint = await world.put(names=["order.*"])
    receiver.answer = failing(A)
    await world.emit(A, B, A)
    for seconds in (0, 10, 60, 300, 100_000):
        world.later(seconds)
        await drain(world.deliverer())
    assert receiver.of(A) == [1, 1, 1, 1]
    [parked] = await world.deliveries(endpoint, parked=True)
    assert (parked.seq, parked.attempts, parked.entity_id) == (2, 4, A)
    assert parked.parked == "given up after 4 attempts; the last one: answered with status 500"
    assert [d.seq for d in await world.deliveries(endpoint, parked=False)] == [4]
    receiver.answer = lambda _: Reply()
    await world.emit(A)
    await world.send(model.ResumeEndpoint(endpoint_id=endpoint))
    await drain(world.deliverer())
    assert receiver.of(A) == [1, 1, 1, 1, 1, 2, 3]
    view = await world.view(endpoint)
    assert (view.waiting, view.parked, view.unread) == (0, 0, 0)


async def test_killed_between_sending_and_writing_down_sends_again(world: World, receiver: Receiver) -> None:
    """The receiver had one; its process died; another takes over when the lease has run out, and nothing is missing."""
    await world.put(names=["order.*"])
    receiver.answer = lambda _: Reply(hang=True)
    await world.emit(A, A, B)
    dying = asyncio.create_task(world.deliverer().run())
    await receiver.received(2)
    for task in [t for t in asyncio.all_tasks() if "Deliverer" in repr(t.get_coro())]:
        task.cancel()
    await asyncio.wait([dying])
    receiver.answer = lambda _: Reply()
    assert await world.deliverer().serve_due() == 0
    world.later(14)
    assert await world.deliverer().serve_due() == 0
    world.later(2)
    await drain(world.deliverer())
    assert (receiver.of(A), receiver.of(B)) == ([1, 1, 2], [1, 1])


async def test_turn_that_was_broken_off_is_taken_up_by_the_same_process_at_once(
    world: World, receiver: Receiver
) -> None:
    """The database went away in the middle: the process still holds the lease, and need not wait for itself."""
    endpoint = await world.put(names=["order.*"])
    deliverer = world.deliverer()
    await world.emit(A)
    async with world.database.system() as conn:
        holder = deliverer._tools.holder  # noqa: SLF001 - which process it is, nobody else may know
        until = world.clock.now() + dt.timedelta(seconds=15)
        lease = "UPDATE relay_cursor SET holder = $1, held_until = $2 WHERE reader = $3"
        await conn.execute(lease, holder, until, str(endpoint))
    assert await world.deliverer().serve_due() == 0
    assert await deliverer.serve_due() == 1
    assert receiver.of(A) == [1]


async def test_dead_receiver_is_probed_and_not_flooded(world: World, receiver: Receiver) -> None:
    """After a few failures in a row the rest is kept; a probe that succeeds lets everything go."""
    endpoint = await world.put(names=["order.*"])
    receiver.answer = failing()
    await world.emit(*(uuid.UUID(int=100 + n) for n in range(300)))
    await drain(world.deliverer(patient(concurrency=4)))
    assert 6 <= len(receiver.requests) <= 6 + 3
    before = len(receiver.requests)
    world.later(5)
    await drain(world.deliverer(patient(concurrency=4)))
    assert len(receiver.requests) == before + 1
    receiver.answer = lambda _: Reply()
    world.later(20)
    await drain(world.deliverer(patient(concurrency=4)))
    assert (await world.view(endpoint)).failures == 0
    world.later(1000)
    await drain(world.deliverer(patient(concurrency=4)))
    assert len({r.message["seq"] for r in receiver.requests}) == 300
    assert (await world.view(endpoint)).waiting == 0


async def test_endpoint_that_fails_for_long_is_paused(world: World, receiver: Receiver) -> None:
    """It is told as an event, nothing is sent any more, and resuming loses nothing."""
    watcher = await world.put(names=["webhook.*"], url=receiver.url("/watcher"))
    endpoint = await world.put(names=["order.*"])
    receiver.answer = lambda r: Reply(500 if r.target == "/hooks" else 204)
    ids = [uuid.UUID(int=100 + n) for n in range(20)]
    await world.emit(*ids)
    for _ in range(6):
        await drain(world.deliverer())
        world.later(20)
    view = await world.view(endpoint)
    assert (view.status, view.last_error) == ("paused", "answered with status 500")
    told = [r.message for r in receiver.requests if r.target == "/watcher"]
    assert (told[-1]["type"], told[-1]["data"]) == (
        "webhook.endpoint_paused",
        {"status": "paused", "cause": "failing"},
    )
    sent = len(receiver.requests)
    await world.emit(A)
    world.later(100_000)
    await drain(world.deliverer())
    assert len(receiver.requests) == sent
    receiver.answer = lambda _: Reply()
    await world.send(model.ResumeEndpoint(endpoint_id=endpoint))
    await drain(world.deliverer())
    assert {r.message["entity_id"] for r in receiver.requests[sent:] if r.target == "/hooks"} == set(
        map(str, [*ids, A])
    )
    assert (await world.view(watcher)).status == "active"


async def test_gone_disables_and_keeps(world: World, receiver: Receiver) -> None:
    """410 is the receiver's last word until somebody resumes; what it was not told is kept."""
    endpoint = await world.put(names=["order.*"])
    receiver.answer = failing(status=410)
    await world.emit(A, A)
    await drain(world.deliverer())
    assert ((await world.view(endpoint)).status, receiver.of(A)) == ("disabled", [1])
    receiver.answer = lambda _: Reply()
    await world.send(model.ResumeEndpoint(endpoint_id=endpoint))
    await drain(world.deliverer())
    assert receiver.of(A) == [1, 1, 2]


async def test_redirect_is_a_failure_and_not_followed(world: World, receiver: Receiver) -> None:
    """Whoever moves changes the endpoint; a redirect could lead anywhere."""
    endpoint = await world.put(names=["order.*"])
    receiver.answer = lambda _: Reply(307, {"location": receiver.url("/elsewhere")})
    await world.emit(A)
    await drain(world.deliverer())
    assert [r.target for r in receiver.requests] == ["/hooks"]
    assert (await world.view(endpoint)).last_error == "answered with status 307"


async def test_silent_receiver_fails_in_time(world: World, receiver: Receiver) -> None:
    """An answer that does not come is a failure."""
    endpoint = await world.put(names=["order.*"])
    receiver.answer = lambda _: Reply(hang=True)
    await world.emit(A)
    await drain(world.deliverer(patient(total_seconds=0.2)))
    assert (await world.view(endpoint)).last_error == "no answer within 0.2 seconds"


async def test_talkative_receiver_is_cut_short(world: World, receiver: Receiver) -> None:
    """Only so much of a body is read; its status is the answer all the same."""
    endpoint = await world.put(names=["order.*"])
    receiver.answer = lambda _: Reply(200, body=b"x" * 50_000_000)
    await world.emit(A, A)
    await asyncio.wait_for(drain(world.deliverer()), 10)
    assert (receiver.of(A), receiver.connections) == ([1, 2], 2)
    assert (await world.view(endpoint)).failures == 0


async def test_connection_is_kept_alive(world: World, receiver: Receiver) -> None:
    """One entity's hundred events take one connection."""
    await world.put(names=["order.*"])
    await world.emit(*[A] * 100)
    await drain(world.deliverer())
    assert (receiver.of(A), receiver.connections) == (list(range(1, 101)), 1)


async def test_two_processes_share_and_send_nothing_twice(world: World, receiver: Receiver) -> None:
    """The lease keeps them apart: each event once, in order per entity."""
    await world.put(names=["order.*"])
    processes = [world.deliverer(patient(page=7, rounds=2, poll_seconds=0.01)) for _ in range(2)]
    tasks = [asyncio.create_task(process.run()) for process in processes]
    for _ in range(20):
        await world.emit(A, B, C)
    await receiver.received(60)
    for process in processes:
        process.stop()
    await asyncio.gather(*tasks)
    assert [receiver.of(entity) for entity in (A, B, C)] == [list(range(1, 21))] * 3


async def test_stopping_process_writes_down_what_it_sent(world: World, receiver: Receiver) -> None:
    """A server that is stopped between two events repeats none of them after its start."""
    await world.put(names=["order.*"])
    leaving = world.deliverer(patient(concurrency=1))

    def answer(request: Request) -> Reply:
        leaving.stop()
        return Reply()

    receiver.answer = answer
    await world.emit(A, A, B)
    await asyncio.wait_for(leaving.run(), 10)
    await leaving.serve_due()
    sent = receiver.seqs()
    receiver.answer = lambda _: Reply()
    await drain(world.deliverer())
    assert len(sent) == 1
    assert sorted(receiver.seqs()) == [2, 3, 4]
    assert receiver.of(A) == [1, 2]


async def test_paused_endpoint_sends_nothing_and_loses_nothing(world: World, receiver: Receiver) -> None:
    """Pausing by hand, and going on where it stood."""
    endpoint = await world.put(names=["order.*"])
    await world.send(model.PauseEndpoint(endpoint_id=endpoint))
    await world.emit(A, A)
    await drain(world.deliverer())
    assert receiver.requests == []
    await world.send(model.ResumeEndpoint(endpoint_id=endpoint))
    await drain(world.deliverer())
    assert receiver.of(A) == [1, 2]


async def test_deleted_endpoint_is_forgotten(world: World, receiver: Receiver) -> None:
    """No URL, no secret, no deliveries are left, and nothing more is sent."""
    endpoint = await world.put(names=["order.*"])
    receiver.answer = failing()
    await world.emit(A)
    await drain(world.deliverer())
    await world.send(model.DeleteEndpoint(endpoint_id=endpoint))
    await world.emit(A)
    world.later(1000)
    await drain(world.deliverer())
    assert len(receiver.requests) == 1
    async with world.database.system() as conn:
        row = await conn.fetchrow("SELECT url, seed_key, seed_salt FROM webhook_endpoint")
        left = await conn.fetchval("SELECT count(*) FROM webhook_delivery")
    assert (tuple(row), left) == (("", "", b""), 0)


async def test_resumed_while_failing_begins_again(world: World, receiver: Receiver) -> None:
    """What is given up in the moment of resuming is not parked, since the resuming came later than its attempts."""
    endpoint = await world.put(names=["order.*"])

    async def answer(request: Request) -> Reply:
        await world.send(model.ResumeEndpoint(endpoint_id=endpoint))
        receiver.answer = lambda _: Reply()
        return Reply(500)

    receiver.answer = answer
    await world.emit(A, A)
    await drain(world.deliverer(patient(schedule=())))
    assert receiver.of(A) == [1, 1, 2]
    assert (await world.view(endpoint)).parked == 0


async def test_lost_lease_writes_nothing(world: World, receiver: Receiver) -> None:
    """Whoever has lost its turn to another process neither moves the cursor nor keeps anything."""
    endpoint = await world.put(names=["order.*"])

    async def answer(request: Request) -> Reply:
        async with world.database.system() as conn:
            await conn.execute(
                "UPDATE relay_cursor SET holder = $1, held_until = $2", uuid.uuid4(), world.clock.now()
            )
        return Reply(500)

    receiver.answer = answer
    await world.emit(A)
    await world.deliverer().serve_due()
    view = await world.view(endpoint)
    assert (view.unread, view.waiting, view.failures) == (2, 0, 0)
    receiver.answer = lambda _: Reply()
    await drain(world.deliverer())
    assert (receiver.of(A), (await world.view(endpoint)).unread) == ([1, 1], 0)
