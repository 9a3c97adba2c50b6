"""A batch sends as many statements as any other of its kind: for one entity or many, on one version of their flows or on twelve."""

from __future__ import annotations

import contextlib
import re
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, NamedTuple

import pytest

from coster.domain.identity import handlers as identity
from coster.domain.orders import handlers as orders
from coster.domain.orders import model
from coster.domain.sessions.model import CloseSession, EndSession
from coster.domain.wholesale import handlers as wholesale
from coster.domain.wholesale.model import (
    CancelHeldOrder,
    CompleteSession,
    FollowSession,
    FulfilHeldOrder,
    StepHeldOrder,
)
from coster.engine.batch.run import Runner
from coster.engine.db.connect import Connection, Database
from coster.engine.flows.model import DraftFlow, PinFlow, PublishFlow
from tests.handlers import registry
from tests.town import Town, name_id

pytestmark = pytest.mark.database

KILO, MANY, VERSIONS = 1000, 64, 12
FLOWS = {"order.retail": orders.LIBRARY, "checkout": orders.CHECKOUTS, "wholesale.held": wholesale.LIBRARY}
_NAME = re.compile(r"/\* ([\w.]+) \*/")


class Listened:
    """A database that hears every statement of its writing transactions, those included that go ahead of a commit."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.said: list[str] = []

    @contextlib.asynccontextmanager
    async def write(self, org_id: int, *, rollback: bool = False) -> AsyncIterator[Connection]:
        """As the database's, with an ear at each of its ways to say something."""
        async with self._database.write(org_id, rollback=rollback) as conn:
            for way in ("keep", "fetch", "fetchrow", "fetchval", "execute"):
                setattr(conn, way, self._heard(getattr(conn, way)))
            yield conn

    def _heard(self, inner: Callable[..., Any]) -> Callable[..., Any]:
        def say(text: str, *values: Any) -> Any:
            self.said.append(text)
            return inner(text, *values)

        return say

    def names(self) -> list[str]:
        """The statements by name, in order."""
        return [name for text in self.said for name in _NAME.findall(text)]


class Market(NamedTuple):
    """Sixty-four orders whose checkout runs, and another that are booked and whose session is over, each with a held order of its own."""

    town: Town
    listened: Listened
    carrots: uuid.UUID

    async def said(self, *bodies: Any) -> list[str]:
        """What carrying them out sends to the database; every one is accepted, and nothing of it stays."""
        self.listened.said.clear()
        commands = [self.town.command(body) for body in bodies]
        runner = Runner(self.listened, identity.authorise)  # type: ignore[arg-type]  # it only writes
        answers = await runner.run(self.town.registry.of(bodies[0]), commands, dry_run=True)
        refused = [answer for answer in answers if not hasattr(getattr(answer, "outcome", None), "value")]
        assert not refused, refused[0]
        return self.listened.names()


def order(week: str, number: int) -> uuid.UUID:
    """The id of an order of a week."""
    return name_id(f"order {number} of {week}")


async def publish(town: Town) -> None:
    """Eleven more versions of each flow that orders and held orders live by; the first is pinned as before."""
    for name, library in FLOWS.items():
        text = library.texts[name, 1]
        drafts = [
            text.replace("\nversion: 1\n", f"\nversion: {n}\ndescription: The {n}th.\n", 1)
            if "\ndescription:" not in text
            else text.replace("\nversion: 1\n", f"\nversion: {n}\n", 1)
            for n in range(2, VERSIONS + 1)
        ]
        await town.batch(*(DraftFlow(name=name, text=one, reason="We want it so.") for one in drafts))
        await town.batch(
            *(PublishFlow(name=name, version=n, reason="It is good.") for n in range(2, VERSIONS + 1))
        )


@pytest.fixture(scope="module")
async def market(module_database: Database) -> Market:
    """The market with everything on the first version."""
    town = Town(module_database, registry())
    await town.found()
    jean, hub = await town.enterprise("Jean", "producer"), await town.enterprise("Hub", "hub")
    carrots = await town.item(jean, "carrots", 10_000 * KILO)
    await town.relation(hub, jean, consolidation="per_order")
    for week, completed in (("over", True), ("open", False)):
        session = await town.session(week, [hub], [carrots])
        lines = [model.LineRequest(item_id=carrots, quantity=KILO)]
        placed = [
            model.PlaceOrder(
                order_id=order(week, n), seller_id=hub, session_id=session, channel=week, reference=str(n),
                lines=lines, completed=completed,
            )
            for n in range(MANY)
        ]  # fmt: skip
        await town.batch(*placed)
    await town.do(CloseSession(session_id=name_id("over")))
    await town.do(EndSession(session_id=name_id("over"), early=True))
    await town.do(CompleteSession(session_id=name_id("over")))
    await publish(town)
    made = Market(town, Listened(module_database), carrots)
    # The process reads the texts of the organisation's flows when it first meets them; that is two statements, once.
    await made.said(model.CompleteCheckout(order_id=order("open", 0)))
    return made


async def spread(town: Town, versions: int) -> None:
    """Orders, checkouts and held orders are on so many versions, one after the other."""
    async with town.database.system() as conn:
        await conn.execute(
            "UPDATE orders AS x SET flow_version = 1 + n % $1, checkout_version = CASE WHEN checkout IS NULL THEN NULL ELSE 1 + n % $1 END "
            "FROM (SELECT o.id, row_number() OVER (ORDER BY o.id) AS n FROM orders AS o) AS y WHERE y.id = x.id",
            versions,
        )
        await conn.execute(
            "UPDATE held_order AS x SET flow_version = 1 + n % $1 "
            "FROM (SELECT h.id, row_number() OVER (ORDER BY h.id) AS n FROM held_order AS h) AS y WHERE y.id = x.id",
            versions,
        )
        found = await conn.fetch(
            "SELECT DISTINCT flow_version FROM orders UNION ALL SELECT DISTINCT flow_version FROM held_order"
        )
    assert len(found) == 2 * versions


async def held(town: Town, week: str) -> list[uuid.UUID]:
    """The held orders of a week."""
    rows = await town.rows("SELECT id FROM held_order WHERE session_id = $1 ORDER BY id", name_id(week))
    return [row["id"] for row in rows]


OF_ORDERS: dict[str, Callable[[uuid.UUID], Any]] = {
    "orders.complete_checkout": lambda id_: model.CompleteCheckout(order_id=id_, payment="captured"),
    "orders.fail_checkout": lambda id_: model.FailCheckout(order_id=id_),
    "orders.expire_checkout": lambda id_: model.ExpireCheckout(order_id=id_),
    "orders.cancel": lambda id_: model.CancelOrder(order_id=id_, reason="Too much."),
    "orders.change": lambda id_: model.ChangeOrder(
        order_id=id_, lines=[model.LineChange(line_no=1, quantity=2 * KILO)]
    ),
    "orders.comment": lambda id_: model.AddComment(order_id=id_, text="Soon."),
    "orders.step": lambda id_: model.StepOrder(
        order_id=id_, trigger="cancel", attributes={"reason": "Too much."}
    ),
}
OF_HELD: dict[str, tuple[str, Callable[[uuid.UUID], Any]]] = {
    "wholesale.fulfil": ("over", lambda id_: FulfilHeldOrder(held_order_id=id_)),
    "wholesale.cancel": ("open", lambda id_: CancelHeldOrder(held_order_id=id_, reason="Frost.")),
    "wholesale.step": (
        "open",
        lambda id_: StepHeldOrder(held_order_id=id_, trigger="cancel", attributes={"reason": "Frost."}),
    ),
}


async def same(market: Market, bodies: Sequence[Any]) -> None:
    """The batch sends the same on one version and on twelve, and hardly less for the first entity alone."""
    await spread(market.town, 1)
    alone, on_one = await market.said(*bodies[:1]), await market.said(*bodies)
    await spread(market.town, VERSIONS)
    on_twelve = await market.said(*bodies)
    assert on_twelve == on_one
    assert sorted(alone) == sorted(on_one)
    assert len(set(on_one)) > 5


@pytest.mark.parametrize("kind", OF_ORDERS)
async def test_orders_on_twelve_versions_cost_the_statements_of_one(market: Market, kind: str) -> None:
    """Sixty-four orders, each accepted: the same statements in the same order."""
    bodies = [OF_ORDERS[kind](order("open", n)) for n in range(MANY)]
    assert market.town.registry.of(bodies[0]).kind == kind
    await same(market, bodies)


@pytest.mark.parametrize("kind", OF_HELD)
async def test_held_orders_on_twelve_versions_cost_the_statements_of_one(market: Market, kind: str) -> None:
    """Sixty-four held orders, with the orders of their shoppers where these are told."""
    week, made = OF_HELD[kind]
    bodies = [made(id_) for id_ in await held(market.town, week)]
    assert (len(bodies), market.town.registry.of(bodies[0]).kind) == (MANY, kind)
    await same(market, bodies)


@pytest.mark.parametrize("body", [CompleteSession, FollowSession, model.ExpireSession])
async def test_what_a_session_leads_to_costs_the_same(market: Market, body: type[Any]) -> None:
    """One command about everything in a session."""
    bodies = [body(session_id=name_id("over" if body is CompleteSession else "open"))]
    await spread(market.town, 1)
    on_one = await market.said(*bodies)
    await spread(market.town, VERSIONS)
    assert await market.said(*bodies) == on_one
    assert on_one


async def test_what_is_placed_costs_the_same_on_a_canary(market: Market) -> None:
    """Half of the new orders, checkouts and held orders begin on another version than the rest."""
    town = market.town
    bodies = [
        model.PlaceOrder(
            order_id=order("next", n), seller_id=name_id("Hub"), session_id=name_id("open"), channel="next", reference=str(n),
            lines=[model.LineRequest(item_id=market.carrots, quantity=KILO)],
        )
        for n in range(MANY)
    ]  # fmt: skip
    await market.said(*bodies)
    on_one = await market.said(*bodies)
    for name in FLOWS:
        await town.do(PinFlow(name=name, version=1, canary=VERSIONS, share=500, reason="We try it."))
    await market.said(*bodies)
    assert await market.said(*bodies) == on_one


async def test_the_count_would_see_one_statement_more(market: Market) -> None:
    """What is compared is every statement by name: those of reading, those of writing, and those that go with the commit."""
    said = await market.said(model.AddComment(order_id=order("open", 0), text="Again."))
    assert {"orders.lock_orders", "orders.insert_comments", "batch.remember", "outbox.insert_events"} <= set(
        said
    ), said
