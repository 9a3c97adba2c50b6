"""A message of an order's flow that nobody takes: tried again as its row says, made good by the flow, or left to people."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from coster import app
from coster.domain.orders import handlers as orders
from coster.domain.orders.model import CancelOrder, StepOrder
from coster.engine.batch.run import Result
from coster.engine.flows.model import DraftFlow, PinFlow, PublishFlow
from coster.engine.outbox import parked as given_up
from coster.engine.story import reads as stories
from coster.engine.story import rules as telling
from coster.engine.webhooks import amends, model, parked
from coster.engine.webhooks.deliver import Deliverer, Tools
from coster.engine.webhooks.guard import Guard
from coster.engine.webhooks.sender import Sender
from coster.engine.webhooks.signing import Keyring
from coster.engine.workflow import compile as compiling
from coster.kernel.message import Command
from tests.acceptance.market import KILO, basket, line, order, order_of, send, told
from tests.acceptance.verify import broken
from tests.engine.webhooks.receiver import Receiver, Reply
from tests.town import Town, name_id

pytestmark = pytest.mark.database

FLOW = """\
name: order.pickup
title: An order that a picker has to confirm
entity: order
type: pickup
version: 1
events: {ask: {}}
webhooks: {asked: {event: order.asked, body: {order: "{order.number}"}}}
statuses:
  new: {category: booking, holds: live, initial: true}
  asked: {category: booking, holds: live, rests: true}
  escalated: {category: booking, holds: live, rests: true}
  off: {category: done, holds: none, final: true}
transitions:
  - on: ask
    from: new
    do: [{send: {webhook: asked}}]
    to: asked
    error: ERROR
  - {on: nobody_answers, label: Nobody answers, from: [asked], do: [{set: {attributes: {late: true}}}], to: escalated}
  - {on: cancel, from: [new, asked, escalated], do: [release_holds], to: off}
  - {on: comment}
"""
RETRIED = "{retry: {times: 2, wait: PT1M, factor: 3}, then: nobody_answers}"
ENDPOINT = name_id("endpoint")
ALI = order_of("Ali")


class Post:
    """A town with one endpoint, which is told of the flow's messages and of remarks, and what delivers to it."""

    def __init__(self, town: Town, receiver: Receiver) -> None:
        self.town, self.receiver = town, receiver
        self.senders: list[Sender] = []
        self.keyring = Keyring({"k1": b"1" * 32}, "k1")
        self.guard = Guard(["127.0.0.0/8"])
        self.sent: list[Command[Any]] = []
        self.losing = False
        self.gate: asyncio.Barrier | None = None

    def now(self) -> dt.datetime:
        """The town's clock."""
        return self.town.now

    async def submit(self, command: Command[Any]) -> Result:
        """The pipeline; while `losing`, the answer to what was carried out is lost, once for each command.

        With a gate, commands wait there for each other.
        """
        self.sent.append(command)
        if self.gate is not None:
            await self.gate.wait()
        result = await send(self.town, command)
        if self.losing and self.sent.count(command) == 1:
            raise ConnectionResetError("the answer is lost")
        return result

    def deliverer(self, policy: model.Policy | None = None) -> Deliverer:
        """The delivering part of a process."""
        chosen = policy or model.Policy()
        self.senders.append(Sender(self.guard, chosen))
        return Deliverer(
            Tools(
                database=self.town.database,
                sender=self.senders[-1],
                keyring=self.keyring,
                submit=self.submit,
                clock=self,
                chance=lambda: 1.0,
                holder=uuid.uuid4(),
                policy=chosen,
                make_good=app.MAKE_GOOD,
            )
        )

    async def begin(self, error: str = RETRIED) -> None:
        """The flow is published and pinned, the endpoint made, and Ali's order asked for."""
        text = FLOW.replace("ERROR", error)
        if "then" not in error:
            # What nothing names any more has to be an event of its own.
            text = text.replace("events: {ask: {}}", "events: {ask: {}, nobody_answers: {}}")
        await self.town.do(DraftFlow(name="order.pickup", text=text, reason="For pickers."))
        await self.town.do(PublishFlow(name="order.pickup", version=1, reason="For pickers."))
        await self.town.do(PinFlow(name="order.pickup", version=1, reason="For pickers."))
        hub = await self.town.enterprise("Hub", "hub")
        jam = await self.town.item(hub, "jam", 10 * KILO)
        await self.town.do(
            model.PutEndpoint(
                endpoint_id=ENDPOINT,
                target=await self.guard.judge(self.receiver.url()),
                seed=self.keyring.seed(os.urandom(32)),
                names=["order.asked", "order.cancelled"],
            )
        )
        placed = basket("Ali", hub, None, line(jam, KILO), completed=False, type="pickup")
        await self.town.do(placed)
        await self.town.do(StepOrder(order_id=ALI, trigger="ask"))

    async def after(self, seconds: float, policy: model.Policy | None = None) -> tuple[int, str]:
        """After a while, when all that is due is done: how often the receiver was asked, and the order's status."""
        self.town.now += dt.timedelta(seconds=seconds)
        deliverer = self.deliverer(policy)
        while await deliverer.serve_due():
            pass
        return len(self.receiver.requests), (await order(self.town, "Ali"))["status"]

    async def waiting(self) -> list[given_up.GivenUp]:
        """What people are to look at."""
        async with self.town.database.read(self.town.org_id) as conn:
            return await parked.list_parked(conn, self.town.org_id)

    async def story(self) -> list[str]:
        """What the order's story says beside what was done, entry by entry."""
        async with self.town.database.read(self.town.org_id) as conn:
            facts = await stories.facts(conn, self.town.org_id, "order", ALI, [])
        flow = compiling.load(FLOW.replace("ERROR", RETRIED), orders.LIBRARY.vocabulary).flow
        reader = telling.Reader(names={}, reasons=lambda _: False)
        return [entry.detail for entry in telling.story(facts, [flow], reader).entries]

    async def close(self) -> None:
        """Closes all connections to receivers."""
        for sender in self.senders:
            await sender.close()


@pytest.fixture
async def post(town: Town) -> AsyncIterator[Post]:
    """A receiver that refuses; afterwards, everything that the program promises holds."""
    async with Receiver() as receiver:
        receiver.answer = lambda _: Reply(500)
        made = Post(town, receiver)
        yield made
        await made.close()
    assert await broken(town) == []


async def test_a_message_is_tried_as_its_row_says_and_then_the_flow_makes_good(post: Post) -> None:
    """After a minute and after three more, exactly; then the order is escalated, and its event says why."""
    await post.begin()
    seen = [await post.after(seconds) for seconds in (0, 59, 1, 179, 1)]
    assert seen == [(1, "asked"), (1, "asked"), (2, "asked"), (2, "asked"), (3, "escalated")]
    [message] = await told(post.town, "order.asked")
    [stepped] = [one for one in await told(post.town, "order.stepped") if one["flow"]["to"] == "escalated"]
    assert message["on_failure"] == {
        "entity": "order", "row": 0, "retry": {"times": 2, "wait": "PT1M", "factor": 3}, "then": "nobody_answers",
    }  # fmt: skip
    cause = stepped["flow"]["cause"]
    assert (stepped["flow"]["trigger"], stepped["flow"]["rows"][0]["actions"]) == ("nobody_answers", ["set"])
    assert {**cause, "seq": 0} == {
        "message": "order.asked", "seq": 0, "endpoint_id": str(ENDPOINT),
        "error": "given up after 3 attempts; the last one: answered with status 500",
    }  # fmt: skip
    assert await post.waiting() == []
    assert await post.after(86_400) == (3, "escalated")
    assert (await post.story())[
        -1
    ] == f"order.asked was not delivered to the endpoint {ENDPOINT}: {cause['error']}"


async def test_an_answer_that_is_lost_makes_good_once(post: Post) -> None:
    """The command is sent again under its id, and takes effect once."""
    await post.begin("{retry: {times: 1, wait: PT1S}, then: nobody_answers}")
    post.losing = True
    assert [await post.after(0), await post.after(1)] == [(1, "asked"), (2, "escalated")]
    assert [command.body.trigger for command in post.sent] == ["nobody_answers"] * 2
    assert len({command.id for command in post.sent}) == 1
    assert len(await told(post.town, "order.stepped")) == 2


async def test_two_processes_make_good_once(post: Post) -> None:
    """Each finds the message and sends the command; the order takes one step."""
    await post.begin("{retry: {times: 1, wait: PT1S}, then: nobody_answers}")
    await post.after(0)
    post.town.now += dt.timedelta(seconds=1)
    await post.deliverer().serve_due()
    post.gate = asyncio.Barrier(2)
    both = [amends.Amends(post.town.database, post.submit, post, app.MAKE_GOOD) for _ in range(2)]
    assert await asyncio.gather(*(one.run() for one in both)) == [1, 1]
    assert await post.after(0) == (2, "escalated")
    assert len(post.sent) == 2
    assert len(await told(post.town, "order.stepped")) == 2


async def test_a_process_makes_good_by_itself(post: Post) -> None:
    """While it runs, and until it is stopped, nobody has to ask."""
    await post.begin("{retry: {times: 1, wait: PT1S}, then: nobody_answers}")
    deliverer = post.deliverer(model.Policy(poll_seconds=0.02))
    running = asyncio.create_task(deliverer.run())
    for _ in range(200):
        if (await order(post.town, "Ali"))["status"] == "escalated":
            break
        post.town.now += dt.timedelta(seconds=1)
        await asyncio.sleep(0.05)
    deliverer.stop()
    await running
    assert (await order(post.town, "Ali"))["status"] == "escalated"
    assert len(post.receiver.requests) == 2


async def test_where_no_row_makes_good_it_waits_for_people_who_skip_it(post: Post) -> None:
    """The order was cancelled meanwhile: the failure is parked and says so; skipped, what waited behind it goes out."""
    await post.begin()
    await post.after(0)
    await post.town.do(CancelOrder(order_id=ALI, reason="ill"))
    await post.after(60)
    assert await post.after(180) == (3, "off")
    [one] = await post.waiting()
    assert (one.what, one.name) == ("message", str(ENDPOINT))
    assert one.cause.startswith(
        "order.asked: given up after 3 attempts; the last one: answered with status 500; "
    )
    assert (
        "'nobody_answers' could not make it good: 'nobody_answers' is possible in asked, not in off."
        in one.cause
    )
    post.receiver.answer = lambda _: Reply(204)
    assert await post.after(86_400) == (3, "off")
    decision = given_up.Decision("It was called off anyway.", "ada", post.town.now)
    async with post.town.database.write(post.town.org_id) as conn:
        assert len(await parked.skip(conn, post.town.org_id, [one], decision)) == 1
        [kept] = await given_up.list_skipped(conn, post.town.org_id)
    assert (kept.what, kept.who, kept.reason) == ("message", "ada", "It was called off anyway.")
    await post.after(0)
    assert [request.message["type"] for request in post.receiver.requests[3:]] == ["order.cancelled"]
    assert await post.waiting() == []


async def test_without_a_row_that_makes_good_people_have_it_sent_again(post: Post) -> None:
    """Parked after the row's attempts; sent again from the first, and taken."""
    await post.begin("{retry: {times: 1, wait: PT1M}}")
    assert [await post.after(seconds) for seconds in (0, 60, 86_400)] == [
        (1, "asked"),
        (2, "asked"),
        (2, "asked"),
    ]
    [one] = await post.waiting()
    assert one.cause == "order.asked: given up after 2 attempts; the last one: answered with status 500"
    post.receiver.answer = lambda _: Reply(204)
    async with post.town.database.write(post.town.org_id) as conn:
        assert await parked.resume(conn, post.town.org_id, post.town.now) == 1
    assert await post.after(0) == (3, "asked")
    assert await post.waiting() == []


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (model.DeleteEndpoint(endpoint_id=ENDPOINT), "the endpoint was deleted"),
        (
            model.StopEndpoint(endpoint_id=ENDPOINT, version=1, cause="gone"),
            "the endpoint was disabled because its receiver is gone",
        ),
    ],
)
async def test_an_endpoint_that_is_gone_is_no_longer_waited_for(post: Post, body: Any, why: str) -> None:
    """What it was owed by a flow that knows what to do is made good at once."""
    await post.begin()
    assert await post.after(0) == (1, "asked")
    await post.town.do(body)
    assert await post.after(0) == (1, "escalated")
    [stepped] = [one for one in await told(post.town, "order.stepped") if one["flow"]["to"] == "escalated"]
    assert stepped["flow"]["cause"]["error"] == why


async def test_a_message_that_was_never_tried_is_made_good_when_its_endpoint_is_deleted(post: Post) -> None:
    """It waited for an endpoint that was paused, and nobody will ever try it; one that is only disabled may be resumed."""
    await post.begin()
    await post.town.do(model.PauseEndpoint(endpoint_id=ENDPOINT))
    assert await post.after(3600) == (0, "asked")
    await post.town.do(model.DeleteEndpoint(endpoint_id=ENDPOINT))
    assert await post.after(0) == (0, "escalated")


async def test_a_receiver_that_says_it_is_gone_ends_the_waiting(post: Post) -> None:
    """410 disables the endpoint, and the flow makes good at once."""
    post.receiver.answer = lambda _: Reply(410)
    await post.begin()
    assert await post.after(0) == (1, "escalated")


async def test_a_paused_endpoint_makes_a_message_wait(post: Post) -> None:
    """Nothing is tried, so nothing has failed; resumed, it begins again with the first attempt."""
    await post.begin()
    await post.after(0)
    await post.town.do(model.PauseEndpoint(endpoint_id=ENDPOINT))
    assert await post.after(86_400) == (1, "asked")
    await post.town.do(model.ResumeEndpoint(endpoint_id=ENDPOINT))
    assert [await post.after(seconds) for seconds in (0, 60, 180)] == [
        (2, "asked"),
        (3, "asked"),
        (4, "escalated"),
    ]


async def test_what_was_for_a_deleted_endpoint_can_be_made_good_once_more(post: Post) -> None:
    """People who try again have the flow try again, under a new id; it finds no row still, and is listed still."""
    await post.begin()
    await post.after(0)
    await post.town.do(CancelOrder(order_id=ALI, reason="ill"))
    await post.town.do(model.DeleteEndpoint(endpoint_id=ENDPOINT))
    await post.after(0)
    before = await post.waiting()
    post.town.now += dt.timedelta(seconds=1)
    async with post.town.database.write(post.town.org_id) as conn:
        assert await parked.resume(conn, post.town.org_id, post.town.now) == 1
    assert await post.after(0) == (1, "off")
    assert len({command.id for command in post.sent}) == 2
    assert await post.waiting() == before
