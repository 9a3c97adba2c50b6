"""`coster flows replay`: days that were recorded, led again by a draft or by the version that they were led by."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from coster import app
from coster.cli import drafting, flowfiles, output, place
from coster.cli.output import Exit, FailedError
from coster.cli.place import DataDir, Org
from coster.domain.orders.reads import TELLING
from coster.engine.db.connect import Database
from coster.engine.flows import recorded
from coster.engine.flows.library import Library
from coster.engine.workflow.records import Flow
from coster.engine.workflow.trying import replaying
from coster.kernel.clock import SystemClock

_DATE = "a date, for example 2026-11-01, or "
_MONTH = dt.timedelta(days=30)
_SHOWN = 12


def replay(  # noqa: PLR0913 - each is an option of its own on the command line
    flow: Annotated[Path, Parameter(help="A file of a flow, or the name of a flow that is shipped.")],
    *,
    since: Annotated[str, Parameter(help="The first day, or an instant; without it a month ago.")] = "",
    until: Annotated[str, Parameter(help="Until when; without it until now.")] = "",
    org: Org = 1,
    data_dir: DataDir = None,
    json: Annotated[bool, Parameter(negative="", help="Print JSON.")] = False,
) -> int:
    """Lead the lives of recorded days again by a draft, in memory: entity by entity, who would have ended differently, when and why.

    What people and programs sent is sent again at the same instants; timers are the draft's own. Stock is not held: whether there would
    have been enough, `coster simulate --flow` tells. Entities for which the draft reads what no event tells are counted apart. Which rows
    real entities carried out is told of the version that they were on, so the flow as it is shows which of its rows nobody needs.

    Example: coster flows replay order.retail.yaml --since 2026-10-21

    Example: coster flows replay order.retail
    """
    _, draft = drafting.draft_of(flow)
    days = _days(since, until, org)
    library, others = _library(draft), flowfiles.shipped()

    async def work(database: Database) -> recorded.Again:
        await place.organisations(database, org)
        return await recorded.again(database, library, draft, days, others=others)

    found = place.with_database(place.chosen(data_dir), work)
    name = f"{draft.name} version {draft.version}"
    if json:
        covered = found.covered
        rows = [] if covered is None else msgspec.to_builtins(covered.rows)
        output.as_json({"flow": name, **found.told(), "rows": rows})
    else:
        _tell(name, found)
    return Exit.DONE


def _days(since: str, until: str, org: int) -> recorded.Days:
    end = place.instant(until, "--until", also=_DATE) if until else SystemClock().now()
    begin = place.instant(since, "--since", also=_DATE) if since else end - _MONTH
    if begin >= end:
        raise FailedError("--since must be before --until", Exit.USAGE)
    return recorded.Days(org_id=org, since=begin, until=end, telling=TELLING)


def _library(draft: Flow) -> Library:
    library = app.LIBRARIES.get(draft.entity)
    if library is None:
        known = ", ".join(sorted(app.LIBRARIES))
        raise FailedError(f"{draft.name} is for '{draft.entity}'; recorded are {known}", Exit.USAGE)
    return library


def _tell(name: str, found: recorded.Again) -> None:
    output.say(
        f"{found.lives:,} lives: {found.same:,} would have ended the same by {name}, {len(found.differ):,} differently,"
        f" of {len(found.untold):,} it cannot be told; {found.moved:,} were moved to another version and are left out."
    )
    told = found.told()
    if found.differ:
        output.table(
            "Would have ended differently",
            ("as it was → by the draft", "how many"),
            list(told["ways"].items()),
        )
    for one in [*found.differ, *found.untold][:_SHOWN]:
        output.say(replaying.told(one))
    if (more := len(found.differ) + len(found.untold) - _SHOWN) > 0:
        output.say(f"… and {more:,} more; all of them with --json.")
    if found.covered is not None and any(row.times for row in found.covered.rows):
        rows = [(str(row), row.times) for row in found.covered.rows]
        output.table(f"Rows of {name} that real entities carried out", ("row", "times"), rows)
