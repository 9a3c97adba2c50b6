"""Endpoints for deciding: read under lock, and stored. A fixed number of statements for any number of commands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from coster.engine.batch.handler import Commands
from coster.engine.db import sql
from coster.engine.db.connect import Connection
from coster.engine.webhooks.model import Endpoint, Endpoints, Seed, Writes

_q = sql.load(__file__)


async def load(conn: Connection, org_id: int, commands: Commands) -> Endpoints:
    """The endpoints that the commands name, locked in the order of their ids."""
    rows = await _q.lock_endpoints(conn, org_id=org_id, ids=list({c.body.endpoint_id for c in commands}))
    last = await _q.last_number(conn, org_id=org_id)
    return Endpoints(rows={row["id"]: endpoint(row) for row in rows}, last_number=last or 0)


async def write(conn: Connection, org_id: int, writes: Writes) -> None:
    """Stores endpoints, begins and forgets cursors, and makes everything kept due again where it was resumed."""
    if writes.made:
        created_ats = [e.created_at for e in writes.made]
        await _q.make_endpoints(conn, org_id=org_id, **_columns(writes.made), created_ats=created_ats)
        readers = [str(e.id) for e in writes.made]
        await _q.begin_cursors(conn, org_id=org_id, readers=readers, seqs=writes.start_after)
    if writes.given_up:
        # Before the endpoint forgets what it asked for.
        await _give_up(conn, org_id, writes)
    if writes.changed:
        await _q.change_endpoints(conn, org_id=org_id, **_columns(writes.changed))
    if writes.resumed:
        ids, ats = list(writes.resumed), list(writes.resumed.values())
        await _q.unpark(conn, org_id=org_id, ids=ids)
        await _q.make_heads_due(conn, org_id=org_id, ids=ids, ats=ats)
    if writes.deleted:
        await _q.forget_deliveries(conn, org_id=org_id, ids=writes.deleted)
        await _q.forget_cursors(conn, org_id=org_id, readers=[str(id_) for id_ in writes.deleted])


async def _give_up(conn: Connection, org_id: int, writes: Writes) -> None:
    """What these endpoints are owed by flows is left to the flows; of a deleted one also what nobody has tried yet."""
    for statement, ids in ((_q.give_up, list(writes.given_up)), (_q.give_up_unread, writes.deleted)):
        if ids:
            whys = [writes.given_up[id_] for id_ in ids]
            await statement(
                conn, org_id=org_id, ids=ids, ats=[at for at, _ in whys], causes=[cause for _, cause in whys]
            )


def endpoint(row: Any) -> Endpoint:
    """A row of webhook_endpoint as a record."""
    values = dict(row)
    values["seed"] = Seed(key=values.pop("seed_key"), salt=values.pop("seed_salt"))
    key, salt = values.pop("old_key"), values.pop("old_salt")
    values["old_seed"] = Seed(key=key, salt=salt) if key is not None else None
    return Endpoint(**values)


def _columns(endpoints: Sequence[Endpoint]) -> dict[str, list[Any]]:
    """The endpoints as columns for unnest."""
    return {
        "ids": [e.id for e in endpoints],
        "urls": [e.url for e in endpoints],
        "name_lists": [",".join(e.names) for e in endpoints],  # unnest would flatten an array of arrays
        "enterprise_ids": [e.enterprise_id for e in endpoints],
        "statuses": [e.status for e in endpoints],
        "seed_keys": [e.seed.key for e in endpoints],
        "seed_salts": [e.seed.salt for e in endpoints],
        "old_keys": [e.old_seed.key if e.old_seed else None for e in endpoints],
        "old_salts": [e.old_seed.salt if e.old_seed else None for e in endpoints],
        "old_untils": [e.old_until for e in endpoints],
        "failures": [e.failures for e in endpoints],
        "failing_sinces": [e.failing_since for e in endpoints],
        "retry_ats": [e.retry_at for e in endpoints],
        "versions": [e.version for e in endpoints],
    }
