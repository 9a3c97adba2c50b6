"""`coster keys`: API keys, straight on the database, so that a lost key can always be replaced by whoever runs the machine."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import uuid
from typing import Annotated, Any

from cyclopts import App, Parameter

from coster.cli import output, place
from coster.cli.output import Exit, FailedError
from coster.domain.identity import handlers as identity
from coster.domain.identity import reads
from coster.domain.identity.model import SECRET_BYTES, CreateKey, Grant, KeyView, RevokeKey, Role, new_token
from coster.domain.parties import reads as parties
from coster.engine.batch.handler import Handler
from coster.engine.batch.run import Runner
from coster.engine.db.connect import Database
from coster.kernel import authority, ids
from coster.kernel.clock import Clock, SystemClock
from coster.kernel.message import SYSTEM, Command
from coster.kernel.outcome import Rejected

_PAGE = 500

app = App(
    name="keys",
    help="API keys: who may do what. Works on the database, without a key, beside a running server.",
)
AsJson = Annotated[bool, Parameter(negative="", help="Print JSON.")]


@app.command(name="list")
def list_keys(*, org: place.Org = 1, data_dir: place.DataDir = None, json: AsJson = False) -> None:
    """List the keys of an organisation, revoked and expired ones too. Secrets are never shown again.

    Example: coster keys list --json
    """
    keys = place.with_database(place.chosen(data_dir), lambda database: _all(database, org))
    if json:
        output.as_json(keys)
        return
    now = SystemClock().now()
    output.table(
        f"Keys of organisation {org}",
        ("id", "name", "ends in", "grants", "made", "state"),
        [
            (key.id, key.name, key.hint, _grants(key), f"{key.created_at:%Y-%m-%d}", _state(key, now))
            for key in keys
        ],
    )


@app.command
def create(  # noqa: PLR0913 - each is an option of its own on the command line
    role: Role,
    *,
    enterprise: Annotated[
        str | None, Parameter(help="For one enterprise (its id) only; else for all.")
    ] = None,
    name: Annotated[str | None, Parameter(help="For people; without it the role.")] = None,
    expires: Annotated[str | None, Parameter(help="When it ends, for example 2027-01-01T00:00:00Z.")] = None,
    org: place.Org = 1,
    data_dir: place.DataDir = None,
    json: AsJson = False,
) -> None:
    """Make a key and print it, once.

    Example: coster keys create shop --enterprise 0193f2a0-0000-7000-8000-000000000001 --name "Web shop"

    Parameters
    ----------
    role
        What the key may do; docs/reference/roles.md.
    """
    grant = Grant(
        role=role, enterprise_id=place.parsed(uuid.UUID, enterprise, "--enterprise") if enterprise else None
    )
    expires_at = expires and place.parsed(dt.datetime, expires, "--expires")

    async def work(database: Database) -> tuple[uuid.UUID, str]:
        await place.organisations(database, org)
        await refuse_unknown(database, org, grant.enterprise_id)
        return await make(database, org, name or role, grant, expires_at=expires_at or None)

    id_, token = place.with_database(place.chosen(data_dir), work)
    if json:
        output.as_json({"id": id_, "key": token})
    else:
        output.say(
            f"The key, which is shown this once:\n\n  {token}\n\nIt ends with: coster keys revoke {id_}"
        )


@app.command
def revoke(
    id_: Annotated[str, Parameter(name="id")], *, org: place.Org = 1, data_dir: place.DataDir = None
) -> None:
    """End a key at once, everywhere.

    Example: coster keys revoke 0193f2a0-0000-7000-8000-000000000002

    Parameters
    ----------
    id_
        The key's id, as `coster keys list` shows it.
    """
    wanted = RevokeKey(key_id=place.parsed(uuid.UUID, id_, "the id"))

    async def work(database: Database) -> None:
        await place.organisations(database, org)
        await command_on(database, org, identity.REVOKE_KEY, wanted, SystemClock().now())

    place.with_database(place.chosen(data_dir), work)
    output.say(f"Revoked {id_}.")


async def make(  # noqa: PLR0913 - what a key is made of
    database: Database,
    org_id: int,
    name: str,
    grant: Grant,
    *,
    expires_at: dt.datetime | None = None,
    clock: Clock | None = None,
) -> tuple[uuid.UUID, str]:
    """Makes a key as the system; gives its id and its token. FailedError where it is refused."""
    now = (clock or SystemClock()).now()
    token = new_token(org_id, os.urandom(SECRET_BYTES))
    key_id = ids.at_instant(now, os.urandom(10))
    wanted = CreateKey(
        key_id=key_id,
        name=name,
        secret_hash=hashlib.sha256(token.encode()).digest(),
        hint=token[-4:],
        grants=[grant],
        expires_at=expires_at,
    )
    await command_on(database, org_id, identity.CREATE_KEY, wanted, now)
    return key_id, token


async def command_on(
    database: Database, org_id: int, handler: Handler[Any, Any], body: Any, now: dt.datetime
) -> None:
    """Carries out one command as the system. FailedError where it is refused."""
    command = Command(ids.at_instant(now, os.urandom(10)), org_id, SYSTEM, now, body)
    (result,) = await Runner(database, identity.authorise).run(handler, [command])
    if isinstance(result, BaseException):
        raise result
    if isinstance(result.outcome, Rejected):
        raise FailedError(result.outcome.message, Exit.REFUSED)


async def refuse_unknown(database: Database, org_id: int, enterprise_id: uuid.UUID | None) -> None:
    """FailedError where there is no such enterprise: a key for it would be good for nothing, and nobody would know why."""
    if enterprise_id is None:
        return
    async with database.read(org_id) as conn:
        if await parties.get_enterprise(conn, org_id, authority.SYSTEM, enterprise_id) is None:
            raise FailedError(f"there is no enterprise {enterprise_id} in organisation {org_id}")


async def _all(database: Database, org_id: int) -> list[KeyView]:
    await place.organisations(database, org_id)
    keys: list[KeyView] = []
    async with database.read(org_id) as conn:
        while True:
            after = keys[-1].id if keys else None
            page = await reads.list_keys(conn, org_id, authority.SYSTEM, after=after, limit=_PAGE)
            keys += page
            if len(page) < _PAGE:
                return keys


def _grants(key: KeyView) -> str:
    return ", ".join(f"{grant.role} of {grant.enterprise_id or 'everything'}" for grant in key.grants)


def _state(key: KeyView, now: dt.datetime) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "expired" if key.expires_at is not None and key.expires_at <= now else "good"
