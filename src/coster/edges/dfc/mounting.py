"""Everything below /api/dfc as one handler: its paths in any spelling, its own door, its operations."""

from __future__ import annotations

import datetime as dt

from litestar.handlers import ASGIRouteHandler

from coster.domain.identity import reads
from coster.domain.identity.model import Caller
from coster.edges.dfc import oidc
from coster.edges.dfc.client.transport import Wire
from coster.edges.dfc.door import Door
from coster.edges.dfc.iris import PREFIX
from coster.edges.dfc.oidc import Bearer, Issuers
from coster.edges.dfc.operations import OPERATIONS
from coster.edges.http import routes
from coster.edges.http.paths import loosely


def mounted(seat: routes.Seat, issuers: str, wire: Wire) -> ASGIRouteHandler:
    """The handler; `issuers` is the setting that names whose tokens are taken. Raises oidc.NotUnderstoodError for one that does not fit."""

    async def find(bearer: Bearer, at: dt.datetime) -> Caller | None:
        if seat.parts is None:
            return None
        async with seat.parts.database.read(bearer.org_id) as conn:
            return await reads.find_identity(conn, bearer.org_id, bearer.issuer, bearer.identities, at)

    door = Door(Issuers(oidc.issuers_of(issuers), wire), find)
    return routes.mounted(routes.Prefix(seat, PREFIX, OPERATIONS, admit=door.admit, spelled=loosely), PREFIX)
