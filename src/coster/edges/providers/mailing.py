"""Letters put together: what they say, whom they reach, and who carries them."""

from __future__ import annotations

import random
import uuid
from collections.abc import Collection, Mapping
from importlib import resources
from pathlib import Path

import msgspec

from coster.domain.identity import reads as identity
from coster.edges.providers.smtp import Account, Smtp
from coster.engine.db.connect import Database
from coster.engine.mail.model import Address
from coster.engine.mail.posting import Poster, Tools
from coster.engine.mail.texts import Texts
from coster.kernel.clock import Clock

_ROOMS = ("coster.domain.orders",)
_LIST = "/api/v1/approvals"


def texts() -> Texts:
    """The texts of all rooms."""
    return Texts(Path(str(resources.files(room))) / "letters" for room in _ROOMS)


class Mailing(msgspec.Struct, frozen=True, kw_only=True):
    """The server that takes letters, and how this server is called in them."""

    account: Account
    public_url: str

    @property
    def domain(self) -> str:
        """What Message-IDs end in: the domain as which we write."""
        return self.account.sender.rpartition("@")[2].rstrip("> ") or self.account.host


def poster(database: Database, clock: Clock, mailing: Mailing, carrier: Smtp | None = None) -> Poster:
    """What carries letters; `carrier` in the place of one for the account, which trusts the machine's authorities."""

    async def addresses(org_id: int, keys: Collection[uuid.UUID]) -> Mapping[uuid.UUID, Address]:
        async with database.read(org_id) as conn:
            found = await identity.addresses(conn, org_id, keys, clock.now())
        return {key: Address(email=email, language=language) for key, (email, language) in found.items()}

    return Poster(
        Tools(
            database=database,
            carrier=carrier or Smtp(mailing.account),
            addresses=addresses,
            texts=texts(),
            clock=clock,
            chance=random.random,
            domain=mailing.domain,
            given={"where": mailing.public_url.rstrip("/") + _LIST},
        )
    )
