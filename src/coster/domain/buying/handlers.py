"""Which command of buying is loaded for, decided and written by what."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from coster.domain.buying import rules, store
from coster.domain.buying.model import CentresState, PutCentre
from coster.domain.identity import store as identity
from coster.domain.parties import store as parties
from coster.engine.batch.handler import Commands, Handler
from coster.engine.db.ask import answer, known
from coster.engine.db.connect import Connection
from coster.kernel.authority import Authority


async def load_centres(conn: Connection, org_id: int, commands: Commands) -> CentresState:
    """The centres that are named, locked; their enterprises and sellers; and what the keys may do that shall approve."""
    named, keys = set[uuid.UUID](), dict[uuid.UUID, dt.datetime]()
    for command in commands:
        named |= {command.body.enterprise_id, *command.body.sellers}
        keys |= {key: command.at for level in command.body.levels for key in level.approvers}
    centres = await store.lock_centres(conn, org_id, {command.body.centre_id for command in commands})
    enterprises = await parties.load_enterprises(conn, org_id, named)
    asked = identity.authorities_asked(org_id, keys) if keys else known(dict[uuid.UUID, Authority]())
    authorities: dict[uuid.UUID, Authority] = await answer(conn, org_id, asked)
    return CentresState(
        currencies={id_: enterprise.currency for id_, enterprise in enterprises.items()},
        centres=centres,
        keys=authorities,
    )


HANDLERS: tuple[Handler[Any, Any], ...] = (
    Handler("buying.put_centre", PutCentre, load_centres, rules.put_centres, store.put_centres),
)
