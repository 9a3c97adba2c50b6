"""`coster db parked`: what the server gave up after several attempts is looked at, tried again, or skipped with a reason."""

from __future__ import annotations

import dataclasses
import datetime as dt
import getpass
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

from coster.cli import output, place
from coster.cli.output import FailedError
from coster.engine.db.connect import Database
from coster.engine.mail import parked as letters
from coster.engine.outbox import model as asked
from coster.engine.outbox import parked as given_up
from coster.engine.webhooks import parked as messages


class _Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done with what is parked: all of it again, or this one never."""

    resume: bool
    skip: str | None
    name: str | None
    reason: str
    organisation: int | None


def parked(  # noqa: PLR0913 - each is an option of its own on the command line
    *,
    resume: Annotated[bool, Parameter(negative="", help="Have the server try all of it again.")] = False,
    skip: Annotated[
        str | None, Parameter(help="Never run this one: the event's number, or the timer's or letter's id, as the list has it.")
    ] = None,
    name: Annotated[str | None, Parameter(help="With --skip: the reaction or endpoint, where an event has several.")] = None,
    reason: Annotated[str, Parameter(help="With --skip: why; it is kept with your name.")] = "",
    organisation: Annotated[int | None, Parameter(help="Only of this organisation.")] = None,
    skipped: Annotated[bool, Parameter(negative="", help="List what was skipped, by whom and why.")] = False,
    data_dir: place.DataDir = None,
    json: Annotated[bool, Parameter(negative="", help="Print JSON.")] = False,
) -> None:  # fmt: skip
    """List reactions, timers, letters and messages to webhooks that were given up after several attempts, with their causes; --resume tries
    them again, --skip drops one of them for good and keeps why.

    Example: coster db parked --resume

    Example: coster db parked --skip 4711 --reason "The order was mended by hand."
    """
    given = place.chosen(data_dir)
    if skip is not None and (resume or skipped):
        raise FailedError("--skip cannot be together with --resume or --skipped; do one after the other")
    if skip is not None and not reason.strip():
        raise FailedError("--skip needs --reason: it is kept, and says why this was never done")
    if skipped:
        _show_skipped(
            place.with_database(given, lambda database: _list_skipped(database, organisation)), json=json
        )
        return
    wish = _Wish(resume=resume, skip=skip, name=name, reason=reason, organisation=organisation)
    found = place.with_database(given, lambda database: _parked(database, wish))
    if json:
        output.as_json([{"organisation": org_id, **dataclasses.asdict(one)} for org_id, one in found])
        return
    if found:
        rows = [(org_id, one.what, one.name, one.key, one.cause) for org_id, one in found]
        output.table("", ("organisation", "what", "name", "event or timer", "cause"), rows)
    if skip is not None:
        output.say(f"skipped: it will not be run, and {getpass.getuser()} is kept as who decided so.")
    else:
        output.say(f"{len(found)} parked{'; the server tries them again' if resume and found else ''}.")


async def _parked(database: Database, wish: _Wish) -> list[tuple[int, asked.GivenUp]]:
    """What is parked, and, where one is to be skipped, just that one."""
    found: list[tuple[int, asked.GivenUp]] = []
    for org_id in await place.organisations(database, wish.organisation):
        async with database.write(org_id) as conn:
            found += [(org_id, one) for one in await given_up.list_parked(conn, org_id)]
            found += [(org_id, one) for one in await messages.list_parked(conn, org_id)]
            found += [(org_id, one) for one in await letters.list_parked(conn, org_id)]
            if wish.resume:
                await given_up.resume(conn, org_id)
                await messages.resume(conn, org_id, dt.datetime.now(dt.UTC))
                await letters.resume(conn, org_id, dt.datetime.now(dt.UTC))
    if wish.skip is None:
        return found
    org_id, chosen = _chosen(found, wish)
    decision = asked.Decision(wish.reason, getpass.getuser(), dt.datetime.now(dt.UTC))
    async with database.write(org_id) as conn:
        room = {"message": messages.skip, "mail": letters.skip}.get(chosen.what, given_up.skip)
        gone = await room(conn, org_id, [chosen], decision)
    if not gone:
        raise FailedError(f"{wish.skip} is not parked any more: somebody has resumed or skipped it just now")
    return [(org_id, one) for one in gone]


def _chosen(found: list[tuple[int, asked.GivenUp]], wish: _Wish) -> tuple[int, asked.GivenUp]:
    """The one that is meant. FailedError: there is none, or there are several."""
    meant = [one for one in found if one[1].key == wish.skip and wish.name in (None, one[1].name)]
    if not meant:
        raise FailedError(
            f"nothing of the number or id {wish.skip} is parked; `coster db parked` lists what is"
        )
    if len(meant) > 1:
        which = ", ".join(f"--organisation {org_id} --name {one.name}" for org_id, one in meant)
        raise FailedError(f"several are parked under {wish.skip}; say which: {which}")
    return meant[0]


async def _list_skipped(database: Database, organisation: int | None) -> list[tuple[int, asked.Skipped]]:
    found = []
    for org_id in await place.organisations(database, organisation):
        async with database.write(org_id) as conn:
            found += [(org_id, one) for one in await given_up.list_skipped(conn, org_id)]
    return found


def _show_skipped(found: list[tuple[int, asked.Skipped]], *, json: bool) -> None:
    if json:
        told: list[dict[str, Any]] = [
            {"organisation": org_id, **dataclasses.asdict(one)} for org_id, one in found
        ]
        output.as_json(told)
        return
    if found:
        rows = [
            (org_id, one.what, one.name, one.key, one.at.isoformat(), one.who, one.reason, one.cause)
            for org_id, one in found
        ]
        columns = ("organisation", "what", "name", "event or timer", "at", "who", "reason", "cause")
        output.table("", columns, rows)
    output.say(f"{len(found)} skipped.")
