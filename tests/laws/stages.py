"""Where the laws begin: organisations that are made once, by commands, and copied for each example."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from coster.domain.buying.model import Level, PutCentre
from coster.domain.identity import handlers as identity
from coster.domain.identity.model import CreateKey, Grant, RevokeKey
from coster.domain.inventory.model import AdjustStock, PutLocation
from coster.domain.orders.model import CancelOrder, ExpireSession, LineRequest, MoveOrders, PlaceOrder
from coster.domain.parties.model import PutCustomer, PutEnterprise, PutRelation
from coster.domain.sessions.model import EndSession, Listing, PutSession
from coster.domain.wholesale.model import CompleteSession, FulfilHeldOrder
from coster.engine.batch.handler import Registry
from coster.engine.batch.run import Result, Runner
from coster.engine.flows.model import DraftFlow, MigrateFlow, PublishFlow
from coster.engine.webhooks.model import PutEndpoint, Seed, Target
from coster.kernel import ids
from coster.kernel.message import SYSTEM, Command
from coster.kernel.outcome import Rejected
from tests.laws import ground, peer_bodies, supply_bodies
from tests.laws.bodies import item_as_it_was
from tests.laws.flow_bodies import flow_text
from tests.laws.organisations import Organisations

TERMS: dict[str, dict[str, Any]] = {
    "loose": {},
    "up": {"remainder": "round_up", "shortage": "pro_rata", "aggregation": "by_weight"},
    "down": {"remainder": "round_down", "shortage": "priority", "grant_policy": "partial"},
    "single": {"consolidation": "per_order", "remainder": "round_up", "grant_policy": "partial"},
}
MOMENTS = ("fresh", "busy", "ended")


@dataclass(frozen=True)
class Stage:
    """An organisation to copy, with the instant and the numbers of commands and orders that it has come to."""

    org_id: int
    now: dt.datetime
    commands: int = 0
    orders: int = 0


class Script:
    """Makes commands out of bodies: each has an id of its own and comes a millisecond after the one before."""

    def __init__(self, stage: Stage) -> None:
        self.now = stage.now
        self.count = stage.commands
        self.orders = stage.orders

    def command(self, body: Any, actor: uuid.UUID = SYSTEM) -> Command[Any]:
        """The next command, of no organisation yet. Each order that is placed is given the next order's id."""
        self.count += 1
        self.now += dt.timedelta(milliseconds=1)
        if isinstance(body, PlaceOrder):
            body = msgspec.structs.replace(body, order_id=ground.order_id(self.orders))
            self.orders += 1
        id_ = ids.derived("command of a law", self.count)
        return Command(id_, 0, actor, self.now, body, fingerprint=b"%d" % self.count)


class Stages:
    """All stages by terms and moment, made when they are first asked for."""

    def __init__(self, organisations: Organisations, registry: Registry) -> None:
        self.organisations = organisations
        self.registry = registry
        self.runner = Runner(organisations.database, identity.authorise)
        self._made: dict[tuple[str, str], Stage] = {}

    async def get(self, terms: str, moment: str) -> Stage:
        """The stage of these terms at this moment."""
        if (terms, moment) not in self._made:
            self._made[terms, moment] = await self._make(terms, moment)
        return self._made[terms, moment]

    async def run(
        self, org_id: int, commands: Sequence[Command[Any]], *, dry_run: bool = False
    ) -> list[Result]:
        """One batch in an organisation; a fault of any command is raised."""
        here = [replace(command, org_id=org_id) for command in commands]
        handler = self.registry.of(here[0].body)
        # What is whole never has company, see `Handler`.
        batches = [[command] for command in here] if handler.whole else [here]
        results = []
        for batch in batches:
            for result in await self.runner.run(handler, batch, dry_run=dry_run):
                if isinstance(result, BaseException):
                    raise result
                results.append(result)
        return results

    async def _make(self, terms: str, moment: str) -> Stage:
        if moment == "fresh":
            org_id = self.organisations.new()
            async with self.organisations.database.system() as conn:
                await conn.execute(
                    "INSERT INTO org (org_id, name, created_at) VALUES ($1, 'Law', $2)", org_id, ground.START
                )
                await conn.execute("INSERT INTO event_counter (org_id, n) VALUES ($1, 0)", org_id)
            made = await self._play(
                Stage(org_id, ground.START), [*_town(TERMS[terms]), *_flows(), *_elsewhere(TERMS[terms])]
            )
            async with self.organisations.database.system() as conn:
                for given_up in _GIVEN_UP:
                    await conn.execute(given_up, org_id)
            return made
        before = await self.get(terms, "fresh" if moment == "busy" else "busy")
        [org_id] = await self.organisations.copy(before.org_id, 1)
        if moment == "busy":
            moving = [_move(ground.MOVE, 1, 2)]
            supply = [
                [supply_bodies.opened(*supply_bodies.FIRST)],
                [supply_bodies.placed(*supply_bodies.FIRST, supply_bodies.WANTED)],
            ]
            history = [_orders(), _cancelled(), *supply, moving, *peer_bodies.LINKS]
            made = await self._play(replace(before, org_id=org_id), history)
            async with self.organisations.database.system() as conn:
                await conn.execute(peer_bodies.REFUSED, org_id)
            return made
        later = replace(before, org_id=org_id, now=ground.AMENDED[ground.NETWORK])
        ended = await self._play(later, [[EndSession(session_id=ground.NETWORK)], [ExpireSession(session_id=ground.NETWORK)],
                                         [CompleteSession(session_id=ground.NETWORK)]])  # fmt: skip
        complete = await self.organisations.fetch(
            "SELECT id FROM held_order WHERE org_id = $1 AND status = 'Complete' ORDER BY id LIMIT 1", org_id
        )
        return await self._play(ended, [[FulfilHeldOrder(held_order_id=complete[0]["id"])]])

    async def _play(self, stage: Stage, batches: Sequence[Sequence[Any]]) -> Stage:
        script = Script(stage)
        for bodies in batches:
            for result in await self.run(stage.org_id, [script.command(body) for body in bodies]):
                assert not isinstance(result.outcome, Rejected), result.outcome
        return Stage(stage.org_id, script.now, script.count, script.orders)


_REACTIONS = """
INSERT INTO parked_reaction (org_id, seq, reaction, cause, resumed)
SELECT $1, n, 'laws.nothing', 'planted', false FROM generate_series(1, 3) AS n
"""
_TIMERS = """
INSERT INTO timer (org_id, id, due_at, kind, body, attempts, parked)
SELECT $1, ('00000000-0000-7000-8000-00000000000' || n)::uuid, '2099-01-01T00:00:00Z', 'laws.timer', '{}', 5, 'planted'
FROM generate_series(1, 3) AS n
"""
_MESSAGES = """
INSERT INTO webhook_delivery (org_id, endpoint_id, seq, entity_id, attempts, parked)
SELECT w.org_id, w.id, e.seq, e.entity_id, 8, 'planted'
FROM webhook_endpoint AS w
JOIN event AS e ON e.org_id = w.org_id AND e.seq <= 3
WHERE w.org_id = $1
"""
_GIVEN_UP = (_REACTIONS, _TIMERS, _MESSAGES)
"""What nobody asks for by a command: of each kind three that were given up."""


def _town(terms: dict[str, Any]) -> list[list[Any]]:
    """Everybody and everything, before anybody orders."""
    enterprises = [
        PutEnterprise(enterprise_id=ground.HUB_A, name="Hub A", kinds=["hub", "producer"], currency="EUR"),
        PutEnterprise(
            enterprise_id=ground.HUB_B, name="Hub B", kinds=["hub"], currency="EUR", minimum_order=200
        ),
        PutEnterprise(enterprise_id=ground.JEAN, name="Jean", kinds=["producer"], currency="EUR"),
        PutEnterprise(enterprise_id=ground.QUINN, name="Quinn", kinds=["producer"], currency="EUR"),
    ]
    customers = [
        PutCustomer(customer_id=id_, seller_id=seller, priority=number, name=f"shopper {number}")
        for number, (id_, seller) in enumerate(ground.REGULARS.items())
    ]
    endpoint = PutEndpoint(
        endpoint_id=ground.ENDPOINT, target=Target(url="https://example.org/", refusal=None), seed=Seed(key="k", salt=bytes(16))
    )  # fmt: skip
    return [
        enterprises,
        [_key(ground.OWNER_KEY, "owner", None), _key(ground.HUB_KEY, "hub", ground.HUB_A),
         _key(ground.PRODUCER_KEY, "producer", ground.JEAN), _key(ground.REVOKED_KEY, "owner", None)],
        [RevokeKey(key_id=ground.REVOKED_KEY)],
        [_centre()],
        [PutRelation(hub_id=hub, producer_id=producer, **_agreed(producer, terms)) for hub, producer in ground.PAIRS],
        customers,
        [item_as_it_was(item) for item in ground.ITEMS],
        [PutLocation(location_id=id_, enterprise_id=keeper, name="place", priority=number % 2)
         for number, (id_, keeper) in enumerate(ground.KEEPERS.items())],
        [AdjustStock(item_id=item, location_id=place, quantity=quantity, type="RECEIPT")
         for (item, place), quantity in ground.STOCK.items()],
        _sessions(),
        [endpoint],
    ]  # fmt: skip


def _flows() -> list[list[Any]]:
    """Versions of the flow of orders: 2 is published, 3 a draft that fits, 4 one that lacks a status; a move that is done."""
    name, why = "order.retail", "To have something."
    drafts = [flow_text(2), flow_text(3), flow_text(4, ("booked", "confirmed"))]
    return [
        [DraftFlow(name=name, text=text, reason=why) for text in drafts],
        [PublishFlow(name=name, version=2, reason=why)],
        [_move(ground.DONE_MOVE, 2, 1)],
        [MoveOrders(move_id=ground.DONE_MOVE)],
    ]


def _agreed(producer: uuid.UUID, terms: dict[str, Any]) -> dict[str, Any]:
    """The terms with a producer; who is on another platform is told of no single order of a shopper's."""
    return {**terms, "consolidation": "per_session"} if producer == ground.QUINN else terms


def _elsewhere(terms: dict[str, Any]) -> list[list[Any]]:
    """Who supplies from another platform."""
    return [*peer_bodies.TOWN, *peer_bodies.supply(terms.get("remainder", "loose"))]


def _move(move_id: uuid.UUID, source: int, to: int) -> MigrateFlow:
    return MigrateFlow(
        move_id=move_id, name="order.retail", sources=[source], to_version=to, mapping={}, reason="To have something."
    )  # fmt: skip


def _centre() -> PutCentre:
    """A cost centre on which little needs nobody, and more first a key of the hub and then the owner."""
    levels = [
        Level(from_total=500, approvers=[ground.HUB_KEY, ground.OWNER_KEY]),
        Level(from_total=2000, approvers=[ground.OWNER_KEY]),
    ]
    return PutCentre(
        centre_id=ground.CENTRE,
        enterprise_id=ground.HUB_A,
        name="Kitchen",
        levels=levels,
        sellers=[ground.HUB_B],
        own_orders=True,
    )


def _key(key_id: uuid.UUID, role: Any, enterprise_id: uuid.UUID | None) -> CreateKey:
    grants = [Grant(role=role, enterprise_id=enterprise_id)]
    return CreateKey(key_id=key_id, name=role, secret_hash=bytes(32), hint="1234", grants=grants)


def _sessions() -> list[PutSession]:
    everything = [Listing(item_id=item) for item in ground.ITEMS]
    return [
        PutSession(
            session_id=ground.NETWORK, coordinator_id=ground.HUB_A, name="Network", opens_at=ground.START,
            closes_at=ground.CLOSES[ground.NETWORK], amend_until=ground.AMENDED[ground.NETWORK],
            hub_ids=list(ground.HUBS), listings=everything,
        ),
        PutSession(
            session_id=ground.LATE, coordinator_id=ground.HUB_A, name="Late", opens_at=ground.START,
            closes_at=ground.CLOSES[ground.LATE], amend_until=ground.AMENDED[ground.LATE], hub_ids=list(ground.HUBS),
            listings=[*everything[1:], Listing(item_id=ground.CARROTS, price_micros=2_750_000)],
        ),
        PutSession(
            session_id=ground.NEXT, coordinator_id=ground.HUB_B, name="Next", opens_at=ground.START + dt.timedelta(hours=30),
            closes_at=ground.START + dt.timedelta(days=6), hub_ids=[ground.HUB_B], listings=everything,
        ),
    ]  # fmt: skip


def _orders() -> list[PlaceOrder]:
    """Carts and booked orders of both hubs in both sessions, and one beside any session."""
    ali, paul, david = ground.CUSTOMERS
    carrots, eggs, basket, jam = ground.CARROTS, ground.EGGS, ground.BASKET, ground.JAM
    return [
        _order(ground.HUB_A, ground.NETWORK, [(carrots, "", 6000), (eggs, "", 7000)], customer_id=ali, completed=True),
        _order(ground.HUB_A, ground.NETWORK, [(carrots, "", 3000), (basket, "", 1000)], customer_id=paul, priority=2),
        _order(ground.HUB_B, ground.NETWORK, [(carrots, "", 4500), (ground.CHEESE, "slice", 6000)], customer_id=david,
               completed=True),
        _order(ground.HUB_B, ground.NETWORK, [(carrots, "bunch", 5000), (ground.MILK, "", 1000)]),
        _order(ground.HUB_A, ground.LATE, [(carrots, "", 2000), (carrots, "", 1000), (eggs, "box", 1000)], completed=True),
        _order(ground.HUB_A, None, [(jam, "", 3000)]),
        _order(ground.HUB_A, ground.LATE, [(basket, "", 1500), (jam, "", 1000)], completed=True, priority=1),
        _order(ground.HUB_B, ground.LATE, [(jam, "", 2000), (ground.BREAD, "", 3000)], completed=True),
    ]  # fmt: skip


def _order(
    seller: uuid.UUID, session: uuid.UUID | None, wanted: list[tuple[uuid.UUID, str, int]], **more: Any
) -> PlaceOrder:
    lines = [LineRequest(item_id=item, unit=unit, quantity=quantity) for item, unit, quantity in wanted]
    reference = str(ids.derived(seller, session, wanted))
    return PlaceOrder(
        order_id=ids.NIL, seller_id=seller, session_id=session, channel="shop", lines=lines, reference=reference, **more
    )  # fmt: skip


def _cancelled() -> list[CancelOrder]:
    return [CancelOrder(order_id=ground.order_id(7))]
