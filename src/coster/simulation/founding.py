"""An organisation for a load: founded in process, with an owner's key to send over HTTP."""

from __future__ import annotations

import datetime as dt
import secrets
import uuid

from coster.domain.identity import handlers as identity
from coster.domain.identity import model as keys
from coster.engine.db.connect import Database


async def found(database: Database, org_id: int = 1, *, at: dt.datetime | None = None) -> str:
    """Makes the organisation and its first key, now or at an instant; yields the key's token."""
    token = keys.new_token(org_id, secrets.token_bytes(keys.SECRET_BYTES))
    parsed = keys.parse_token(token)
    assert parsed is not None, "a new token can be read"
    owner = [keys.Grant(role="owner")]
    first = keys.CreateKey(
        key_id=uuid.uuid4(), name="load", secret_hash=parsed[1], hint=token[-4:], grants=owner
    )
    await identity.create_organisation(
        database, org_id, name="Load", first_key=first, at=at or dt.datetime.now(dt.UTC)
    )
    return token
