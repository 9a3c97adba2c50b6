"""The simulated town as the real pipeline sees it: ids for its numbers, commands for its steps, and what is stored of it.

Jean has carrots and leeks loose and eggs in cases, each in a barn and a cellar; Quinn has cheese in cases; the first hub buys loose and
sells jam of its own, the second buys whole cases.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import uuid
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from coster.domain.catalog.model import PutItem
from coster.domain.identity import handlers as identity
from coster.domain.inventory.model import AdjustStock, CountStock, PutLocation, TransferStock
from coster.domain.orders import model as orders
from coster.domain.parties.model import PutEnterprise, PutRelation
from coster.domain.sessions import model as sessions
from coster.domain.wholesale import model as wholesale
from coster.engine.batch.handler import Registry
from coster.engine.batch.run import Result, Runner
from coster.engine.db import sql
from coster.engine.db.connect import Connection, Database
from coster.kernel import ids
from coster.kernel.message import SYSTEM, Command
from coster.kernel.outcome import Accepted
from coster.simulation.steps import FIRST_PRODUCER, NO_SESSION, Batch, Goods, Step, Terms

_q = sql.read(Path(__file__).parent / "sql" / "town.sql")

START: Final = dt.datetime(2026, 11, 23, 8, tzinfo=dt.UTC)
JEAN, QUINN = FIRST_PRODUCER, FIRST_PRODUCER + 1
HUBS: Final = (0, 1)
OWNERS: Final = {0: JEAN, 1: JEAN, 2: JEAN, 3: QUINN, 4: 0}
CASES: Final = {2: 6000, 3: 4000}
PLACES: Final = {JEAN: (0, 1), QUINN: (2,), 0: (3,)}
BY_CASE: Final = {0: False, 1: True}
FULL: Final = 300_000


def _id(what: str, number: int) -> uuid.UUID:
    return ids.derived("simulated", what, number)


ITEMS: Final = {n: _id("item", n) for n in OWNERS}
ENTERPRISES: Final = {n: _id("enterprise", n) for n in (*HUBS, JEAN, QUINN)}
LOCATIONS: Final = {n: _id("place", n) for places in PLACES.values() for n in places}
POSITIONS: Final = {
    (item, place): ids.derived("position", ITEMS[item], LOCATIONS[place], "")
    for item, owner in OWNERS.items()
    for place in PLACES[owner]
}
SPOTS: Final = {id_: spot for spot, id_ in POSITIONS.items()}
_ORDERS: Final = 0x5EED << 96


def order_id(number: int) -> uuid.UUID:
    """The id of an order; `number_of` is the way back."""
    return uuid.UUID(int=_ORDERS | number)


def number_of(id_: uuid.UUID) -> int:
    """The number of an order."""
    return id_.int & 0xFFFFFFFFFFFF


def session_id(number: int) -> uuid.UUID:
    """The id of a session."""
    return _id("session", number)


def head_id(hub: int, producer: int, session: int) -> uuid.UUID:
    """The id of a hub's held order on a producer, as every shop could reckon it."""
    return ids.derived("pool", ENTERPRISES[hub], ENTERPRISES[producer], session_id(session))


def terms() -> Terms:
    """What the oracle is told of the town."""
    goods = {}
    for item, owner in OWNERS.items():
        # What is given back goes to the place with the greatest id first; ids follow from names, so this is chance.
        back = sorted(PLACES[owner], key=lambda place, item=item: POSITIONS[item, place], reverse=True)  # type: ignore[misc]
        goods[item] = Goods(owner=owner, case=CASES.get(item, 0), places=PLACES[owner], back=tuple(back))
    supplies = frozenset((hub, producer) for hub in HUBS for producer in (JEAN, QUINN))
    return Terms(by_case=BY_CASE, goods=goods, supplies=supplies)


def instant(at: int) -> dt.datetime:
    """The instant of so many milliseconds from the beginning."""
    return START + dt.timedelta(milliseconds=at)


# -- steps as commands -------------------------------------------------------------------------------------------


def _place(step: Step) -> Any:
    return orders.PlaceOrder(
        order_id=order_id(step.order), seller_id=ENTERPRISES[step.hub], channel="town", reference=str(step.reference),
        session_id=None if step.session == NO_SESSION else session_id(step.session),
        lines=[orders.LineRequest(item_id=ITEMS[item], quantity=quantity) for _, item, quantity in step.lines],
        completed=step.completed, allow_partial=step.partial, priority=step.priority,
    )  # fmt: skip


def _change(step: Step) -> Any:
    lines = [
        orders.LineChange(line_no=number, quantity=quantity, item_id=None if number else ITEMS[item])
        for number, item, quantity in step.lines
    ]
    return orders.ChangeOrder(order_id=order_id(step.order), lines=lines)


def _adjust(step: Step) -> Any:
    return AdjustStock(item_id=ITEMS[step.item], location_id=LOCATIONS[step.place], quantity=step.quantity,
                       type="RECEIPT" if step.receipt else "CORRECTION")  # fmt: skip


def _count(step: Step) -> Any:
    return CountStock(item_id=ITEMS[step.item], location_id=LOCATIONS[step.place], quantity=step.quantity,
                      as_of=None if step.as_of is None else instant(step.as_of))  # fmt: skip


def _transfer(step: Step) -> Any:
    return TransferStock(item_id=ITEMS[step.item], from_location_id=LOCATIONS[step.place],
                         to_location_id=LOCATIONS[step.to], quantity=step.quantity)  # fmt: skip


def _lower(step: Step) -> Any:
    return wholesale.LowerStock(item_id=ITEMS[step.item], location_id=LOCATIONS[step.place], quantity=step.quantity,
                                policy="priority" if step.by_priority else "first_come", reason="less than was thought")  # fmt: skip


def _open(step: Step) -> Any:
    listed = [item for item, owner in OWNERS.items() if owner >= FIRST_PRODUCER or owner == step.hub]
    return sessions.PutSession(
        session_id=session_id(step.session), coordinator_id=ENTERPRISES[step.hub], name="Market", opens_at=instant(step.at),
        closes_at=instant(step.until), amend_until=instant(step.amend), hub_ids=[ENTERPRISES[step.hub]],
        listings=[sessions.Listing(item_id=ITEMS[item]) for item in listed],
    )  # fmt: skip


def _reopen(step: Step) -> Any:
    return sessions.ReopenSession(session_id=session_id(step.session), closes_at=instant(step.until),
                                  amend_until=instant(step.amend), reason="more came")  # fmt: skip


def _fulfil(step: Step) -> Any:
    return wholesale.FulfilHeldOrder(held_order_id=head_id(step.hub, step.producer, step.session))


def _call_off(step: Step) -> Any:
    head = head_id(step.hub, step.producer, step.session)
    return wholesale.CancelHeldOrder(held_order_id=head, reason="hail")


BODIES: Final[dict[str, Callable[[Step], Any]]] = {
    "place": _place,
    "complete": lambda step: orders.CompleteCheckout(order_id=order_id(step.order)),
    "fail": lambda step: orders.FailCheckout(order_id=order_id(step.order)),
    "expire": lambda step: orders.ExpireCheckout(order_id=order_id(step.order)),
    "cancel": lambda step: orders.CancelOrder(order_id=order_id(step.order)),
    "change": _change,
    "adjust": _adjust,
    "count": _count,
    "transfer": _transfer,
    "lower": _lower,
    "open": _open,
    "close": lambda step: sessions.CloseSession(session_id=session_id(step.session)),
    "reopen": _reopen,
    "end": lambda step: sessions.EndSession(session_id=session_id(step.session)),
    "expire_session": lambda step: orders.ExpireSession(session_id=session_id(step.session)),
    "complete_session": lambda step: wholesale.CompleteSession(session_id=session_id(step.session)),
    "fulfil": _fulfil,
    "call_off": _call_off,
}
"""The command behind each kind of step."""


# -- what is stored --------------------------------------------------------------------------------------------


class Look:
    """One look at what is stored of a town, all as of one instant."""

    def __init__(self, conn: Connection, org_id: int) -> None:
        self._conn = conn
        self._org_id = org_id

    async def stock(self) -> dict[tuple[int, int], tuple[int, int, int]]:
        """On hand, held and committed by item and place."""
        rows = await _q.town_positions(self._conn, org_id=self._org_id)
        return {SPOTS[row["id"]]: (row["on_hand"], row["held"], row["committed"]) for row in rows}

    async def holds(self) -> dict[tuple[Any, ...], tuple[int, bool]]:
        """Quantity and whether it is final, by order (or held order's id), line, item and place."""
        rows = await _q.town_holds(self._conn, org_id=self._org_id)
        return {
            (number_of(row["demand_id"]) if row["demand_line"] else row["demand_id"], row["demand_line"],
             *SPOTS[row["position_id"]]): (row["quantity"], row["state"] == "committed")
            for row in rows
        }  # fmt: skip

    async def moved(self, after: int) -> tuple[set[int], set[uuid.UUID], int]:
        """Orders and held orders of which anything was told after an event's number, and the number of the last."""
        rows = await _q.town_news(self._conn, org_id=self._org_id, after=after)
        return (
            {number_of(row["entity_id"]) for row in rows if row["entity"] == "order"},
            {row["entity_id"] for row in rows if row["entity"] == "held_order"},
            max((row["last"] for row in rows), default=after),
        )

    async def orders(self, numbers: Collection[int]) -> dict[int, tuple[str, tuple[tuple[int, str], ...]]]:
        """Status and lines (quantity, state) of orders by number."""
        wanted = [order_id(number) for number in numbers]
        heads = await _q.town_orders(self._conn, org_id=self._org_id, ids=wanted)
        rows = await _q.town_lines(self._conn, org_id=self._org_id, ids=wanted)
        lines: dict[uuid.UUID, list[tuple[int, str]]] = {}
        for row in rows:
            lines.setdefault(row["order_id"], []).append((row["quantity"], row["stock"]))
        return {number_of(row["id"]): (row["status"], tuple(lines.get(row["id"], ()))) for row in heads}

    async def count_orders(self) -> int:
        """How many orders are stored."""
        return int(await _q.town_order_count(self._conn, org_id=self._org_id))

    async def heads(
        self, wanted: Iterable[uuid.UUID]
    ) -> dict[uuid.UUID, tuple[str, dict[tuple[int, int], Sequence[int]]]]:
        """Status of held orders by id; and held, committed, consumed and surplus of their lines by item and place."""
        found = list(wanted)
        heads = await _q.town_heads(self._conn, org_id=self._org_id, ids=found)
        rows = await _q.town_accounts(self._conn, org_id=self._org_id, ids=found)
        lines: dict[uuid.UUID, dict[tuple[int, int], Sequence[int]]] = {row["id"]: {} for row in heads}
        for row in rows:
            lines.setdefault(row["pool_id"], {})[SPOTS[row["position_id"]]] = (
                row["held"], row["committed"], row["consumed"], row["surplus"],
            )  # fmt: skip
        statuses = {row["id"]: row["status"] for row in heads}
        return {id_: (statuses.get(id_, ""), of_head) for id_, of_head in lines.items()}


# -- the town in the real pipeline -------------------------------------------------------------------------------


class Town:
    """One organisation that lives through steps by the real pipeline, with a clock that only steps move."""

    def __init__(self, database: Database, registry: Registry, org_id: int) -> None:
        self.database = database
        self.org_id = org_id
        self._registry = registry
        self._runner = Runner(database, identity.authorise)
        self._asked = 0

    async def found(self) -> None:
        """The people, the goods and the places, without any stock."""
        async with self.database.system() as conn:
            await _q.found(conn, org_id=self.org_id, name="Town", at=START)
        for bodies in _foundation():
            for result in await self.ask(bodies):
                if not (isinstance(result, Result) and isinstance(result.outcome, Accepted)):
                    raise RuntimeError(f"the town cannot be founded: {result}")  # noqa: TRY004 - it is no matter of types

    async def ask(self, bodies: Sequence[Any]) -> list[Result | Exception]:
        """The answers to commands of the town's founders, all of one kind, in order."""
        commands = []
        for body in bodies:
            self._asked += 1
            commands.append(Command(_id("founding", self._asked), self.org_id, SYSTEM, START, body))
        return await self._runner.run(self._registry.of(bodies[0]), commands)

    async def carry_out(self, command: Command[Any]) -> Result:
        """The answer to one command, whoever made it; raises what broke it."""
        [result] = await self._runner.run(self._registry.of(command.body), [command])
        if isinstance(result, Exception):
            raise result
        return result

    async def live(self, batch: Batch) -> list[str]:
        """The answers to a batch in order: nothing for accepted, the code of a refusal, or what broke."""
        commands = [self._command(step) for step in batch]
        results = await self._runner.run(self._registry.of(commands[0].body), commands)
        return [_said(result) for result in results]

    def _command(self, step: Step) -> Command[Any]:
        print_ = hashlib.sha256(msgspec.msgpack.encode(step)).digest()
        id_ = uuid.UUID(int=(0xC0FFEE << 96) | step.id)
        return Command(id_, self.org_id, SYSTEM, instant(step.at), BODIES[step.kind](step), print_)

    @contextlib.asynccontextmanager
    async def look(self) -> AsyncIterator[Look]:
        """A look at what is stored."""
        async with self.database.read(self.org_id) as conn:
            yield Look(conn, self.org_id)


def _said(result: Result | Exception) -> str:
    if not isinstance(result, Result):
        return f"broke: {type(result).__name__}"
    return "" if isinstance(result.outcome, Accepted) else result.outcome.code


def _foundation() -> list[list[Any]]:
    """What there is before anything happens; everything has been counted, and nothing is there."""
    return [
        [PutEnterprise(enterprise_id=id_, name=f"Enterprise {n}", kinds=["hub" if n in HUBS else "producer"],
                       currency="EUR") for n, id_ in ENTERPRISES.items()],
        [PutRelation(hub_id=ENTERPRISES[hub], producer_id=ENTERPRISES[producer],
                     remainder="round_up" if BY_CASE[hub] else "loose")
         for hub in HUBS for producer in (JEAN, QUINN)],
        [PutItem(item_id=id_, owner_id=ENTERPRISES[OWNERS[n]], sku=f"item-{n}", name=f"Item {n}", stock_unit="kg",
                 price_micros=2_000_000, case_quantity=CASES.get(n)) for n, id_ in ITEMS.items()],
        [PutLocation(location_id=LOCATIONS[place], enterprise_id=ENTERPRISES[owner], name=f"Place {place}", priority=n)
         for owner, places in PLACES.items() for n, place in enumerate(places)],
        [CountStock(item_id=ITEMS[item], location_id=LOCATIONS[place], quantity=0) for item, place in POSITIONS],
    ]  # fmt: skip
