"""`coster platforms`: other platforms, straight on the database: registered, listed, and given scopes by enterprises."""

from __future__ import annotations

import hashlib
import os
import uuid
from typing import Annotated, Any

from cyclopts import App, Parameter

from coster.cli import output, place
from coster.cli.keys import AsJson, command_on, refuse_unknown
from coster.cli.output import Exit, FailedError
from coster.domain.identity import handlers as identity
from coster.domain.identity import reads
from coster.domain.identity.model import (
    SCOPES,
    SECRET_BYTES,
    Identity,
    IdentityKind,
    PlatformView,
    PutPlatform,
    Scope,
    SetScopes,
    new_token,
)
from coster.engine.db.connect import Database
from coster.kernel import ids
from coster.kernel.clock import SystemClock

_PAGE = 500

app = App(
    name="platforms",
    help="Other platforms that speak the DFC standard: who they are, and what enterprises let them do.",
)


@app.command(name="list")
def list_platforms(*, org: place.Org = 1, data_dir: place.DataDir = None, json: AsJson = False) -> None:
    """List the platforms of an organisation, revoked ones too.

    Example: coster platforms list --json
    """
    found = place.with_database(place.chosen(data_dir), lambda database: _all(database, org))
    if json:
        output.as_json(found)
        return
    output.table(
        f"Platforms of organisation {org}",
        ("id", "name", "profile", "known as", "state"),
        [
            (one.id, one.name, one.profile, _known_as(one), "revoked" if one.revoked_at else "good")
            for one in found
        ],
    )


@app.command
def add(  # noqa: PLR0913 - each is an option of its own on the command line
    name: str,
    *,
    profile: Annotated[str, Parameter(help="The address under which it describes itself.")] = "",
    events: Annotated[str, Parameter(help="Where it is told that something has changed.")] = "",
    issuer: Annotated[str, Parameter(help="Who issues its tokens; with --client.")] = "",
    client: Annotated[str, Parameter(help="What the issuer calls it.")] = "",
    token: Annotated[bool, Parameter(negative="", help="Make a token of ours, and print it once.")] = False,
    org: place.Org = 1,
    data_dir: place.DataDir = None,
    json: AsJson = False,
) -> None:
    """Register a platform. It may do nothing until an enterprise lets it: coster platforms allow.

    Example: coster platforms add "Hub A" --issuer https://login.example/realms/food --client hub-a

    Parameters
    ----------
    name
        For people.
    """
    if bool(issuer) != bool(client):
        raise FailedError("--issuer and --client go together", Exit.USAGE)
    known = [Identity(issuer=issuer, kind=_CLIENT, value=client)] if client else []
    secret = new_token(org, os.urandom(SECRET_BYTES))
    now = SystemClock().now()
    wanted = PutPlatform(
        platform_id=ids.at_instant(now, os.urandom(10)),
        name=name,
        profile=profile,
        events_url=events,
        identities=known,
        secret_hash=hashlib.sha256(secret.encode()).digest(),
        hint=secret[-4:] if token else "",
        expected_version=0,
    )

    async def work(database: Database) -> None:
        await place.organisations(database, org)
        await command_on(database, org, identity.PUT_PLATFORM, wanted, now)

    place.with_database(place.chosen(data_dir), work)
    if json:
        output.as_json({"id": wanted.platform_id, "token": secret if token else None})
        return
    output.say(f"Registered {wanted.platform_id}.")
    if token:
        output.say(f"Its token, which is shown this once:\n\n  {secret}\n")


@app.command
def allow(
    id_: Annotated[str, Parameter(name="id")],
    *scopes: Scope,
    enterprise: Annotated[str, Parameter(help="Whose goods or orders it is about (its id).")],
    org: place.Org = 1,
    data_dir: place.DataDir = None,
) -> None:
    """Say what a platform may do for an enterprise: these scopes and no others; none takes all away.

    Example: coster platforms allow 0193f2a0-0000-7000-8000-000000000002 read_products --enterprise 0193f2a0-0000-7000-8000-000000000001

    Parameters
    ----------
    id_
        The platform's id, as `coster platforms list` shows it.
    scopes
        read_enterprise, write_enterprise, read_products, write_products, read_orders, write_orders.
    """
    enterprise_id = place.parsed(uuid.UUID, enterprise, "--enterprise")
    wanted = SetScopes(
        platform_id=place.parsed(uuid.UUID, id_, "the id"),
        enterprise_id=enterprise_id,
        scopes=[scope for scope in SCOPES if scope in scopes],
    )

    async def work(database: Database) -> None:
        await place.organisations(database, org)
        await refuse_unknown(database, org, enterprise_id)
        await command_on(database, org, identity.SET_SCOPES, wanted, SystemClock().now())

    place.with_database(place.chosen(data_dir), work)
    output.say(f"It may: {', '.join(wanted.scopes) or 'nothing'}.")


_CLIENT: IdentityKind = "client"


async def _all(database: Database, org_id: int) -> list[PlatformView]:
    await place.organisations(database, org_id)
    found: list[PlatformView] = []
    async with database.read(org_id) as conn:
        while True:
            after = found[-1].id if found else None
            page = await reads.list_platforms(conn, org_id, after=after, limit=_PAGE)
            found += page
            if len(page) < _PAGE:
                return found


def _known_as(platform: PlatformView) -> Any:
    return ", ".join(f"{one.kind} {one.value} of {one.issuer}" for one in platform.identities) or "its token"
