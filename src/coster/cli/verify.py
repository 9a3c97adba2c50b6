"""`coster verify`: every promise of the program, counted over everything that is stored."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

from coster import app as application
from coster.cli import output, place
from coster.cli.output import Exit
from coster.domain.inventory import reads as inventory
from coster.domain.linking import reads as linking
from coster.domain.orders import reads as orders
from coster.domain.supplying import reads as supplying
from coster.domain.wholesale import reads as wholesale
from coster.engine.batch import proofs as causes
from coster.engine.db.connect import Connection, Database
from coster.engine.flows import proofs as flows
from coster.engine.outbox import proofs
from coster.kernel.clock import SystemClock
from coster.kernel.proof import Check


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """A promise and how often it is broken in an organisation; `example` names one such case."""

    organisation: int
    area: str
    name: str
    promise: str
    broken: int
    example: str


def verify(
    *,
    org: Annotated[int | None, Parameter(help="Only this organisation; else all.")] = None,
    at: Annotated[
        str | None,
        Parameter(help="As if it were this instant, for data of a demonstration (2026-11-27T20:00:00Z)."),
    ] = None,
    data_dir: place.DataDir = None,
    json: Annotated[bool, Parameter(negative="", help="Print JSON.")] = False,
) -> int:
    """Count every promise over everything that is stored: stock, holds, orders, held orders, events, timers.

    It reads only, and may run beside a server. Exit code 1 where any promise is broken.

    Example: coster verify

    Example: coster verify --org 1 --json
    """
    now = place.parsed(dt.datetime, at, "--at") if at else SystemClock().now()
    checks = place.with_database(place.chosen(data_dir), lambda database: count(database, org, now))
    broken = sum(1 for check in checks if check.broken)
    if json:
        output.as_json({"broken": broken, "checks": checks})
    else:
        show(checks)
    return Exit.WRONG if broken else Exit.DONE


async def count(database: Database, org_id: int | None, now: dt.datetime) -> list[Checked]:
    """Every promise for one organisation, or (None) for all, as of an instant. FailedError where there is none."""
    wanted = await place.organisations(database, org_id)
    return [check for one in wanted for check in await _of(database, one, now)]


async def _of(database: Database, org_id: int, now: dt.datetime) -> list[Checked]:
    async with database.read(org_id) as conn:
        areas = {
            "stock": await inventory.verify(conn, org_id),
            "orders": await orders.verify(conn, org_id),
            "held orders": await wholesale.verify(conn, org_id, now),
            "other platforms": [
                *await supplying.verify(conn, org_id),
                *await linking.verify(conn, org_id, now),
            ],
            "flows": await _flows(conn, org_id),
            "engine": [*await causes.verify(conn, org_id), *await proofs.verify(conn, org_id, now)],
        }
    return [_checked(org_id, area, check) for area, checks in areas.items() for check in checks]


async def _flows(conn: Connection, org_id: int) -> list[Check]:
    """Whether everybody is on a version that there is."""
    tables = {entity: await library.tables(conn, org_id) for entity, library in application.LIBRARIES.items()}
    counts = await orders.flow_counts(conn, org_id) + await wholesale.flow_counts(conn, org_id)
    counts += await orders.checkout_counts(conn, org_id, tables["order"])
    return flows.checked(counts, tables.values())


def _checked(org_id: int, area: str, check: Any) -> Checked:
    return Checked(
        organisation=org_id,
        area=area,
        name=check.name,
        promise=check.promise,
        broken=check.broken,
        example=check.example if check.broken else "",
    )


def show(checks: list[Checked]) -> None:
    """All promises as a table, and the sum in a sentence."""
    several = len({check.organisation for check in checks}) > 1
    output.table(
        "",
        (*(("organisation",) if several else ()), "area", "promise", "broken", "for example"),
        [
            (
                *((check.organisation,) if several else ()),
                check.area,
                check.promise,
                check.broken or "0",
                check.example,
            )
            for check in checks
        ],
    )
    broken = sum(1 for check in checks if check.broken)
    output.say(f"{len(checks)} promises, {f'{broken} broken' if broken else 'all kept'}.")
