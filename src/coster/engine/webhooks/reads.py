"""Questions about endpoints, their health and their deliveries."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from coster.engine.db import sql
from coster.engine.db.connect import Connection
from coster.engine.webhooks.model import DeliveryPage, DeliveryView, EndpointView, Seed

_q = sql.load(__file__)


async def list_endpoints(
    conn: Connection,
    org_id: int,
    enterprises: frozenset[uuid.UUID] | None,
    *,
    after: uuid.UUID | None = None,
    limit: int = 100,
) -> list[EndpointView]:
    """Endpoints that are not deleted, in the order of their ids, after one of them.

    `enterprises` is `authority.scope("webhooks:manage")`: None sees all, a set sees the endpoints of these enterprises.
    """
    rows = await _q.list_endpoints(
        conn,
        org_id=org_id,
        enterprises=_listed(enterprises),
        only=None,
        after=after or uuid.UUID(int=0),
        count=limit,
    )
    return [EndpointView(**row) for row in rows]


async def get_endpoint(
    conn: Connection, org_id: int, enterprises: frozenset[uuid.UUID] | None, endpoint_id: uuid.UUID
) -> EndpointView | None:
    """One endpoint, or None where there is none that the enterprises may see."""
    rows = await _q.list_endpoints(
        conn,
        org_id=org_id,
        enterprises=_listed(enterprises),
        only=endpoint_id,
        after=uuid.UUID(int=0),
        count=1,
    )
    return EndpointView(**rows[0]) if rows else None


async def get_seed(conn: Connection, org_id: int, endpoint_id: uuid.UUID) -> Seed | None:
    """What the secret follows from (`Keyring.secret`), for the answer that shows it.

    It knows of no rights: the caller has asked `get_endpoint` first.
    """
    row = await _q.get_seed(conn, org_id=org_id, id=endpoint_id)
    return Seed(key=row["seed_key"], salt=row["seed_salt"]) if row else None


async def list_deliveries(conn: Connection, org_id: int, page: DeliveryPage) -> Sequence[DeliveryView]:
    """Kept deliveries of an endpoint by event number.

    It knows of no rights: the caller has asked `get_endpoint` first.
    """
    rows = await _q.list_deliveries(
        conn,
        org_id=org_id,
        endpoint_id=page.endpoint_id,
        parked=page.parked,
        after=page.after,
        count=page.limit,
    )
    return [DeliveryView(**row) for row in rows]


def _listed(enterprises: frozenset[uuid.UUID] | None) -> list[uuid.UUID] | None:
    return None if enterprises is None else sorted(enterprises)
