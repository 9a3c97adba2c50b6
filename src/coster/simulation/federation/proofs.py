"""What must be true while it goes wrong and afterwards: counted from what is stored on each side, and from what shoppers were told."""

from __future__ import annotations

import asyncio
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg

from coster.engine.db import connect, sql
from coster.engine.db.connect import Connection
from coster.engine.db.faults import DatabaseAway
from coster.kernel import ids
from coster.simulation.federation import anonymity
from coster.simulation.federation.anonymity import Watch
from coster.simulation.federation.people import Spot, Sure
from coster.simulation.federation.platforms import ORG, Platform
from coster.simulation.federation.record import Record
from coster.simulation.federation.report import Report
from coster.simulation.federation.world import Hub, World
from coster.simulation.storm import proofs as ledgers
from coster.simulation.storm.plan import Plan as StormPlan
from coster.simulation.storm.report import Report as StormReport

_q = sql.load(__file__)
_AWAY: Final = (
    DatabaseAway, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError,
)  # fmt: skip
_EVERY: Final = 0.2
_REQUEST: Final = "request about a held order"


@dataclass(slots=True)
class Held:
    """A held order on one side: its status, and thousandths by Jean's item."""

    status: str
    session: str
    items: dict[str, int] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)


async def supplied(conn: Connection) -> dict[str, Held]:
    """What hubs hold at Jean's, by the held order's id there."""
    found: dict[str, Held] = {}
    for row in await _q.supplied(conn, org_id=ORG):
        one = found.setdefault(
            str(row["id"]), Held(row["status"] or "", row["session_iri"].rpartition("/")[2])
        )
        if row["quantity"]:
            one.items[str(row["item_id"])] = row["quantity"]
    return found


async def linked(conn: Connection) -> dict[str, Held]:
    """What a hub holds of Jean's, by the held order's id at the hub."""
    found: dict[str, Held] = {}
    for row in await _q.linked(conn, org_id=ORG):
        one = found.setdefault(str(row["id"]), Held(row["status"], str(row["session_id"]), about=row))
        if row["quantity"]:
            item = (row["source"] or "").rpartition("/")[2]
            one.items[item] = one.items.get(item, 0) + row["quantity"]
    return found


async def watch(world: World, sure: Sure, goes_on: Callable[[], bool]) -> None:
    """Looks at Jean's stock again and again: never more promised than there is, and never less held than shoppers were told."""
    conn = None
    while goes_on():
        try:
            conn = conn or await connect.connect(world.jean.options)
            await _look(conn, world.report, sure)
        except _AWAY:
            if conn is not None:
                conn.terminate()
            conn = None
        await asyncio.sleep(_EVERY)
    if conn is not None:
        conn.terminate()


async def _look(conn: Connection, report: Report, sure: Sure) -> None:
    before, given_back = sure.promised.copy(), sure.given_back.copy()
    excused = {one.scene.history.number for one in sure.orders.values() if one.scene.lowered}
    by_session = {session: one.scene for one in sure.orders.values() for session in one.scene.sessions}
    for row in await _q.oversold(conn, org_id=ORG):
        report.break_(f"position {row['id']} promised {row['promised']} of {row['on_hand']}")
    held: dict[Spot, int] = defaultdict(int)
    for one in (await supplied(conn)).values():
        for item, quantity in one.items.items():
            held[one.session, item] += quantity
    for spot, quantity in before.items():
        scene = by_session[spot[0]]
        if scene.history.number in excused or scene.lowered or sure.given_back[spot] != given_back[spot]:
            continue
        report.checked["promises found held at Jean's, while it went on"] += 1
        if held[spot] < quantity and spot not in sure.missed:
            sure.missed.add(spot)
            report.break_(
                f"shoppers of history {scene.history.number} were told yes to {quantity} and {held[spot]} are held at Jean's "
                f"(session {spot[0]}, item {spot[1]})"
            )


async def settled(hub: Hub) -> str:
    """Why a hub's links are not at rest yet; '' where they are, or its database does not say."""
    try:
        conn = await connect.connect(hub.platform.options)
    except _AWAY:
        return "its database is away"
    try:
        row = await _q.unsettled(conn, org_id=ORG)
    except _AWAY:
        return "its database is away"
    finally:
        conn.terminate()
    if row["links"] or row["unlinked"] or row["waiting_for_people"]:
        return f"{dict(row)}"
    return ""


async def agree(world: World) -> None:
    """Both sides hold the same, link by link: status, and every total; and Jean holds nothing for hubs that no hub knows of."""
    report = world.report
    jean = await connect.connect(world.jean.options)
    theirs = await supplied(jean)
    await jean.close()
    known: set[str] = set()
    for hub in world.hubs:
        conn = await connect.connect(hub.platform.options)
        for id_, ours in (await linked(conn)).items():
            report.checked["held orders compared on both sides"] += 1
            there = str(ours.about["remote"] or "").rpartition("/")[2]
            known.add(there)
            other = theirs.get(there, Held("Cancelled", ""))
            where = f"{hub.platform.name}'s held order {id_} ({ours.status}, link {ours.about['state']} {ours.about['cause']})"
            if ours.items != other.items:
                report.break_(f"{where} has {ours.items}, and at Jean's {other.items} ({other.status})")
            if _ended(ours.status) != _ended(other.status):
                report.break_(f"{where} is {other.status} at Jean's")
        await conn.close()
    for id_, held in theirs.items():
        if id_ not in known and held.items:
            report.break_(f"Jean holds {held.items} in {id_} ({held.status}), which no hub knows of")


def _ended(status: str) -> str:
    return "Complete" if status in ("Complete", "Fulfilled") else status or "Cancelled"


async def as_told(world: World, sure: Sure) -> None:
    """Every order is as its shopper was told last, unless Jean had less than she thought."""
    for hub in world.hubs:
        conn = await connect.connect(hub.platform.options)
        stored: dict[str, tuple[str, dict[str, int]]] = {}
        for row in await _q.orders(conn, org_id=ORG):
            order = stored.setdefault(str(row["id"]), (row["status"], {}))
            if row["quantity"]:
                order[1][str(row["item_id"])] = row["quantity"]
        await conn.close()
        for (name, id_), told in sure.orders.items():
            if name != hub.platform.name or told.scene.lowered or not told.status:
                continue
            world.report.checked["orders compared with what was told"] += 1
            status, lines = stored.get(id_, ("", {}))
            wanted = {hub.items[item]: quantity for item, quantity in told.lines.items() if quantity}
            if status != told.status or (status == "booked" and lines != wanted):
                world.report.break_(
                    f"an order of {name} was told {told.status} {wanted} and is {status} {lines} ({id_})"
                )


async def ledger(platform: Platform, report: Report) -> None:
    """From the first entry to the last no position promises more than there is."""
    conn = await connect.connect(platform.options)
    told = StormReport(StormPlan())
    ledgers.replay(told, await _q.ledger(conn, org_id=ORG), await _q.positions(conn, org_id=ORG))
    await ledgers.deadlocks(conn, told)
    ledgers.server_log(told, platform.log)
    await conn.close()
    report.checked["ledger entries replayed"] += told.checked.get("ledger entries replayed", 0)
    for sentence in told.broken:
        report.break_(f"{platform.name}: {sentence}")


async def verify(platform: Platform, report: Report, *, at: str = "") -> None:
    """`coster verify`, the program itself, finds every promise kept."""
    said = await platform.command("verify", "--json", *(("--at", at) if at else ()))
    report.checked["promises that coster verify counted"] += len(said["checks"])
    for check in said["checks"]:
        if check["broken"]:
            report.break_(
                f"coster verify of {platform.name}: {check['promise']}: {check['broken']}, for example {check['example']}"
            )


async def anonymous(world: World, record: Record) -> None:
    """Nothing personal crossed, and no server's log tells of it."""
    report = world.report
    secret: set[uuid.UUID] = set()
    own: dict[str, set[uuid.UUID]] = {}
    of_shoppers: dict[str, set[uuid.UUID]] = {}
    for platform in (world.jean, *(hub.platform for hub in world.hubs)):
        conn = await connect.connect(platform.options)
        of_shoppers[platform.name] = {row["id"] for row in await _q.secrets(conn, org_id=ORG)}
        secret |= of_shoppers[platform.name]
        own[platform.name] = {row["id"] for row in await _q.own(conn, org_id=ORG)}
        # The name of a request, under which it is sent again, follows from the held order and how often was asked about it.
        for row in await _q.sequences(conn, org_id=ORG):
            own[platform.name] |= {
                ids.derived(_REQUEST, row["held_order_id"], number, *method)
                for number in range(row["sequence"] + 1)
                for method in ((), ("DELETE",))
            }
        own[f"owner of {platform.name}"] = own[platform.name]
        await conn.close()
    for platform in (world.jean, *(hub.platform for hub in world.hubs)):
        others = secret - of_shoppers[platform.name]
        said = platform.log.read_bytes() if platform.log.exists() else b""
        report.checked["bytes of logs read for anything personal"] += len(said)
        for sentence in anonymity.in_log(said, others):
            report.break_(f"the log of {platform.name}'s server {sentence}")
    Watch(report, secret, dict(own)).all(record.passed())
