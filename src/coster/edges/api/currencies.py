"""In which currency an enterprise reckons: amounts cannot be read or shown without. It never changes, so
it is remembered."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from coster.domain.parties import reads
from coster.edges.http.call import Call
from coster.edges.http.problems import Fault, of_faults


async def currency_of(call: Call, enterprise_id: uuid.UUID, pointer: str) -> str:
    """The currency for the amount at `pointer`. Problem: body_invalid where there is no such enterprise."""
    known = await currencies_of(call, [enterprise_id])
    if enterprise_id not in known:
        fault = Fault(
            pointer=pointer, message="cannot be read: there is no such enterprise to tell its currency."
        )
        raise of_faults("body_invalid", "body", [fault])
    return known[enterprise_id]


async def currencies_of(call: Call, enterprise_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The currencies of those of these enterprises that exist; at most one read."""
    remembered = call.parts.currencies
    missing = [id_ for id_ in enterprise_ids if (call.org_id, id_) not in remembered]
    if missing:
        async with call.parts.database.read(call.org_id) as conn:
            found = await reads.currencies(conn, call.org_id, missing)
        remembered.update({(call.org_id, id_): currency for id_, currency in found.items()})
    return {id_: remembered[call.org_id, id_] for id_ in enterprise_ids if (call.org_id, id_) in remembered}
