"""`coster links`: how held orders stand at producers on other platforms, straight on the database; tried again, compared, settled."""

from __future__ import annotations

import getpass
import uuid
from typing import Annotated, Literal

from cyclopts import App, Parameter

from coster.cli import output, place
from coster.cli.keys import AsJson, command_on
from coster.cli.output import Exit, FailedError
from coster.domain.linking import handlers, reads
from coster.domain.linking.model import LinkView, ReconcileLink, RetryLink, SettleLink
from coster.domain.linking.reads import LinksWanted
from coster.engine.db.connect import Database
from coster.kernel import authority
from coster.kernel.clock import SystemClock

_PAGE = 500
_BY_BODY = {handler.body: handler for handler in handlers.HANDLERS}

app = App(
    name="links",
    help="Held orders at producers on other platforms: what is not confirmed there, and what to do about it. A running server acts on it.",
)


@app.command(name="list")
def list_links(
    *,
    behind: Annotated[bool, Parameter(negative="", help="Only what is not confirmed: the queue.")] = False,
    org: place.Org = 1,
    data_dir: place.DataDir = None,
    json: AsJson = False,
) -> None:
    """List links with how they stand.

    Example: coster links list --behind
    """
    found = place.with_database(
        place.chosen(data_dir), lambda database: _all(database, org, behind=True if behind else None)
    )
    if json:
        output.as_json(found)
        return
    rows = [
        (one.held_order_id, one.hub, one.producer, one.session, one.standing, one.cause or "-", one.attempts, one.next_at or "-")
        for one in found
    ]  # fmt: skip
    output.table(
        "", ("held order", "hub", "producer", "session", "stands", "cause", "attempts", "next"), rows
    )
    output.say(f"{len(found)} links{'' if not behind else ' behind'}.")


@app.command
def retry(
    id_: Annotated[str, Parameter(name="id")], *, org: place.Org = 1, data_dir: place.DataDir = None
) -> None:
    """Have a link tried at once, from the first attempt.

    Example: coster links retry 0193f2a0-0000-7000-8000-000000000002

    Parameters
    ----------
    id_
        The held order's id, as `coster links list` shows it.
    """
    held = place.parsed(uuid.UUID, id_, "the id")
    _send(RetryLink(held_order_id=held), org, data_dir)
    output.say("It is tried at once.")


@app.command
def reconcile(
    id_: Annotated[str | None, Parameter(name="id")] = None,
    *,
    all_: Annotated[bool, Parameter(name="--all", negative="", help="Every link that is not done.")] = False,
    org: place.Org = 1,
    data_dir: place.DataDir = None,
) -> None:
    """Have both sides compared, and put right what differs: after a restored backup, for example.

    Example: coster links reconcile --all

    Parameters
    ----------
    id_
        The held order's id, as `coster links list` shows it.
    """
    if (id_ is None) != all_:
        raise FailedError("give either the id of one link, or --all", Exit.USAGE)
    if id_ is not None:
        _send(ReconcileLink(held_order_id=place.parsed(uuid.UUID, id_, "the id")), org, data_dir)
        output.say("It is compared.")
        return

    async def work(database: Database) -> int:
        found = [one for one in await _all(database, org, behind=None) if one.state != "done"]
        for one in found:
            await _carry_out(database, org, ReconcileLink(held_order_id=one.held_order_id))
        return len(found)

    output.say(f"{place.with_database(place.chosen(data_dir), work)} links are compared.")


@app.command
def settle(
    id_: Annotated[str, Parameter(name="id")],
    how: Literal["accept", "close"],
    *,
    reason: Annotated[str, Parameter(help="Why; it is kept with your name.")],
    org: place.Org = 1,
    data_dir: place.DataDir = None,
) -> None:
    """Decide about a link: accept what the supplier has (who came last gives back), or close it as things are.

    Example: coster links settle 0193f2a0-0000-7000-8000-000000000002 accept --reason "Agreed by telephone."

    Parameters
    ----------
    id_
        The held order's id, as `coster links list` shows it.
    how
        accept, or close.
    """
    if not reason.strip():
        raise FailedError("--reason must say why", Exit.USAGE)
    held = place.parsed(uuid.UUID, id_, "the id")
    _send(SettleLink(held_order_id=held, how=how, reason=f"{getpass.getuser()}: {reason}"), org, data_dir)
    output.say("Settled: the server acts on it.")


def _send(body: RetryLink | ReconcileLink | SettleLink, org: int, data_dir: place.DataDir) -> None:
    place.with_database(place.chosen(data_dir), lambda database: _carry_out(database, org, body))


async def _carry_out(database: Database, org: int, body: RetryLink | ReconcileLink | SettleLink) -> None:
    await place.organisations(database, org)
    await command_on(database, org, _BY_BODY[type(body)], body, SystemClock().now())


async def _all(database: Database, org_id: int, *, behind: bool | None) -> list[LinkView]:
    await place.organisations(database, org_id)
    found: list[LinkView] = []
    async with database.read(org_id) as conn:
        while True:
            after = found[-1].held_order_id if found else None
            wanted = LinksWanted(behind=behind, after=after, limit=_PAGE)
            page = await reads.list_links(conn, org_id, authority.SYSTEM, wanted)
            found += page
            if len(page) < _PAGE:
                return found
