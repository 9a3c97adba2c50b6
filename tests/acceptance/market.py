"""What acceptance tests say about a town: baskets, held orders as either side reads them, keys, time that passes."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from typing import Any

from coster.domain.identity.model import ROLES, CreateKey, Grant, Role
from coster.domain.orders import reactions as orders
from coster.domain.orders.model import LineRequest, PlaceOrder
from coster.domain.wholesale import reactions as wholesale
from coster.domain.wholesale import reads
from coster.domain.wholesale.handlers import LIBRARY
from coster.domain.wholesale.model import HeldOrdersWanted, HeldOrderView
from coster.engine.batch.run import Result
from coster.engine.outbox.relay import Relay, Wiring
from coster.engine.outbox.send import Pace
from coster.engine.workflow.tables import Tables
from coster.kernel import authority, quantity
from coster.kernel.message import Command, Event
from tests.town import Town, name_id

KILO = 1000
FLOWS = Tables(LIBRARY.shipped.values())


def line(item: uuid.UUID, amount: int, unit: str = "", **more: Any) -> LineRequest:
    """A wanted line, in thousandths of the unit."""
    return LineRequest(item_id=item, quantity=amount, unit=unit, **more)


def basket(
    who: str, seller: uuid.UUID, session: uuid.UUID | None, *lines: LineRequest, **more: Any
) -> PlaceOrder:
    """A shopper's whole order, booked at once unless `completed` says otherwise."""
    given: dict[str, Any] = {"completed": True, "channel": "shop", "reference": who, **more}
    return PlaceOrder(
        order_id=order_of(who), seller_id=seller, session_id=session, lines=list(lines), **given
    )


def order_of(who: str) -> uuid.UUID:
    """The id of somebody's order."""
    return name_id(f"order of {who}")


async def held_orders(town: Town, party: uuid.UUID | None = None, **wanted: Any) -> list[HeldOrderView]:
    """Held orders as their producer or hub reads them (None: as the system does)."""
    who = authority.SYSTEM if party is None else authority.Authority(by_enterprise={party: ROLES["producer"]})
    async with town.database.read(town.org_id) as conn:
        return await reads.list_held_orders(conn, town.org_id, who, HeldOrdersWanted(**wanted), FLOWS)


async def held(
    town: Town, party: uuid.UUID | None = None, **wanted: Any
) -> list[tuple[str, str, str, dict[str, str]]]:
    """Hub, producer, status and quantities by name of each held order, sorted."""
    found = await held_orders(town, party, **wanted)
    return sorted(
        (
            (
                one.hub,
                one.producer,
                one.status,
                {line.name: quantity.text(line.quantity) for line in one.lines},
            )
            for one in found
        ),
        key=repr,
    )


async def stock(town: Town, item: uuid.UUID) -> tuple[int, int, int]:
    """On hand, held and committed of an item, over all places."""
    rows = await town.rows("SELECT on_hand, held, committed FROM position WHERE item_id = $1", item)
    return sum(r["on_hand"] for r in rows), sum(r["held"] for r in rows), sum(r["committed"] for r in rows)


async def lines_of(town: Town, who: str) -> list[dict[str, Any]]:
    """The lines of somebody's order, as they are stored."""
    return await town.rows("SELECT * FROM order_line WHERE order_id = $1 ORDER BY line_no", order_of(who))


async def order(town: Town, who: str) -> dict[str, Any]:
    """The head of somebody's order, as it is stored."""
    [row] = await town.rows("SELECT * FROM orders WHERE id = $1", order_of(who))
    return row


async def told(town: Town, name: str) -> list[dict[str, Any]]:
    """The data of all events of a name, in order, each with its entity's id."""
    rows = await town.rows("SELECT entity_id, version, data FROM event WHERE name = $1 ORDER BY seq", name)
    return [{**row["data"], "entity_id": row["entity_id"], "version": row["version"]} for row in rows]


async def preview(town: Town, body: Any) -> Result:
    """What a command would come to, without any trace of it."""
    [result] = await town.batch(body, dry_run=True)
    return result


def caused(result: Result, name: str) -> list[Event]:
    """The events of a name that a command caused, or would cause."""
    return [event for event in result.events if event.name == name]


# -- keys --------------------------------------------------------------------------------------------------------------


async def key(town: Town, name: str, role: Role, enterprise: uuid.UUID | None) -> uuid.UUID:
    """The id of a new API key with one grant."""
    id_ = name_id(f"key of {name}")
    secret = hashlib.sha256(name.encode()).digest()
    grant = Grant(role=role, enterprise_id=enterprise)
    await town.do(CreateKey(key_id=id_, name=name, secret_hash=secret, hint="....", grants=[grant]))
    return id_


async def with_key(town: Town, actor: uuid.UUID, body: Any, *, dry_run: bool = False) -> Result:
    """What becomes of a command that the holder of a key sends."""
    return await send(town, town.command(body, actor), dry_run=dry_run)


async def send(town: Town, command: Command[Any], *, dry_run: bool = False) -> Result:
    """What becomes of exactly this command, id and all."""
    [result] = await town.runner.run(town.registry.of(command.body), [command], dry_run=dry_run)
    assert isinstance(result, Result), result
    return result


# -- time --------------------------------------------------------------------------------------------------------------


class _TownClock:
    """The town's own time, a microsecond on with every question."""

    def __init__(self, town: Town) -> None:
        self._town = town

    def now(self) -> dt.datetime:
        self._town.now += dt.timedelta(microseconds=1)
        return self._town.now


async def until(town: Town, instant: dt.datetime) -> None:
    """Time passes: the real relay fires every timer that is due by then, and runs every reaction."""
    town.now = instant
    reactions: dict[str, tuple[Any, ...]] = {}
    for room in (orders, wholesale):
        for name, entries in room.REACTIONS.items():
            reactions[name] = (*reactions.get(name, ()), *entries)
    bodies = {kind: handler.body for kind, handler in town.registry.by_kind.items()}

    async def submit(command: Command[Any]) -> Result:
        return await send(town, command)

    relay = Relay(town.database, Wiring(submit, reactions, bodies, _TownClock(town)), pace=Pace(pause=0.001))
    await relay.settle()
    await relay.stop()


async def end_of(town: Town, session: uuid.UUID) -> None:
    """The session's close and the end of its amendment window come and go."""
    last = await town.value("SELECT amend_until FROM session WHERE id = $1", session)
    await until(town, last + dt.timedelta(seconds=1))
