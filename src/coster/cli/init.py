"""`coster init`: a database, an organisation, and the first key of its owner."""

from __future__ import annotations

import asyncio
import hashlib
import os
from typing import Annotated

from cyclopts import Parameter

from coster.cli import output, place
from coster.cli.output import FailedError
from coster.domain.identity import handlers as identity
from coster.domain.identity.model import SECRET_BYTES, CreateKey, Grant, new_token
from coster.engine.db import migrate
from coster.engine.db.connect import Target
from coster.kernel import ids
from coster.kernel.clock import Clock, SystemClock
from coster.kernel.outcome import Rejected


def init(
    *,
    org: place.Org = 1,
    name: Annotated[str, Parameter(help="Name of the organisation, for people.")] = "Coster",
    data_dir: place.DataDir = None,
    json: Annotated[bool, Parameter(negative="", help="Print JSON.")] = False,
) -> None:
    """Make the database and an organisation, and print the key of its owner, once.

    Run it again at will: what is there already stays as it is, and no second key is made.

    Example: coster init --name "Valley Hub"

    Example: COSTER_DATABASE_URL=postgresql://coster@db/coster coster init --org 2 --json
    """
    given = place.chosen(data_dir)
    with place.reached(given, create=True) as target:
        key = asyncio.run(found(target, org, name, SystemClock()))
    where = "the database of COSTER_DATABASE_URL" if given.database_url else given.data_dir
    if json:
        output.as_json({"organisation": org, "name": name, "key": key, "place": where})
    elif key is None:
        output.say(f"There is an organisation {org} in {where} already; nothing was changed.")
        output.say(f"A key is lost? coster keys create owner --org {org}")
    else:
        output.say(f"Made organisation {org}, {name}, in {where}.")
        output.say(f"The key of its owner, which is shown this once:\n\n  {key}\n")
        output.say("Go on with: coster serve")


async def found(target: Target, org_id: int, name: str, clock: Clock) -> str | None:
    """Brings the database up to date and makes the organisation; gives its first key, None where it was there already."""
    if org_id < 1:
        raise FailedError("the number of an organisation is 1 or more", output.Exit.USAGE)
    await migrate.upgrade(target)
    now = clock.now()
    token = new_token(org_id, os.urandom(SECRET_BYTES))
    first = CreateKey(
        key_id=ids.at_instant(now, os.urandom(10)),
        name="owner",
        secret_hash=hashlib.sha256(token.encode()).digest(),
        hint=token[-4:],
        grants=[Grant(role="owner")],
    )
    async with place.opened(target) as database:
        outcome = await identity.create_organisation(database, org_id, name=name, first_key=first, at=now)
    return None if isinstance(outcome, Rejected) else token
