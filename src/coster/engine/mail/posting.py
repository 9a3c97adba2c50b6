"""The task that carries letters: claimed in a transaction, sent outside of any, forgotten in another.

Which process carries a letter stands in the database. One that dies in between leaves it claimed for a while, after which it is
carried again with the same Message-ID, by which mail programs know it.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import asyncpg
import msgspec

from coster.engine import observe
from coster.engine.db.connect import Database
from coster.engine.mail import rules, store
from coster.engine.mail.model import CLAIMED_SECONDS, Address, Mail
from coster.engine.mail.ports import Addresses, Carrier, NotCarriedError
from coster.engine.mail.texts import Texts
from coster.engine.webhooks.model import Policy
from coster.kernel.clock import Clock
from coster.kernel.errors import Busy

_BETWEEN_SECONDS: Final = 1.0
_MOST_CLAIMED: Final = 20
_PASSING = (Busy, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What carrying needs. `domain` ends Message-IDs; `chance` gives from 0 to 1; `given` are words that
    every text may use."""

    database: Database
    carrier: Carrier
    addresses: Addresses
    texts: Texts
    clock: Clock
    chance: Callable[[], float]
    domain: str
    given: Mapping[str, str]
    policy: Policy = field(default_factory=Policy)


class Poster:
    """Carries what is due, one letter after the other."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def keep(self) -> None:
        """Goes on until it is cancelled; looks every second."""
        while True:
            try:
                while await self.once():
                    pass
            except _PASSING as fault:
                observe.log.warning("mail_not_looked_at", cause=type(fault).__name__)
            await asyncio.sleep(_BETWEEN_SECONDS)

    async def once(self) -> int:
        """Carries what is due now, of each organisation a few letters; gives how many it tried."""
        tools, tried = self._tools, 0
        for org_id in await store.organisations_with_due(tools.database, tools.clock.now(), _MOST_CLAIMED):
            now = tools.clock.now()
            until = now + dt.timedelta(seconds=CLAIMED_SECONDS)
            async with tools.database.write(org_id) as conn:
                mails = await store.claim(conn, org_id, now=now, until=until, limit=_MOST_CLAIMED)
            known = await tools.addresses(org_id, {mail.recipient for mail in mails}) if mails else {}
            for mail in mails:
                await self._carry(org_id, mail, known)
            tried += len(mails)
        return tried

    async def _carry(self, org_id: int, mail: Mail, known: Mapping[uuid.UUID, Address]) -> None:
        tools = self._tools
        kept, result = await self._tried(org_id, mail, known.get(mail.recipient))
        async with tools.database.write(org_id) as conn:
            if kept is None:
                await store.forget(conn, org_id, mail.id)
            else:
                await store.keep(conn, org_id, kept)
        observe.MAILS.labels(result).inc()

    async def _tried(self, org_id: int, mail: Mail, to: Address | None) -> tuple[rules.Kept | None, str]:
        """What is kept of a letter after it was tried, and how that is counted."""
        tools = self._tools
        if to is None:
            observe.log.info("mail_without_address", org_id=org_id, mail=str(mail.id))
            return None, "nowhere"
        filled = msgspec.structs.replace(mail, words={**tools.given, **mail.words})
        letter = tools.texts.letter(filled, to, f"<{mail.id}.{org_id}@{tools.domain}>")
        if letter is None:
            return rules.refused(mail, f"this program has no text of the kind {mail.kind}"), "parked"
        try:
            await tools.carrier.carry(letter)
        except NotCarriedError as fault:
            if fault.for_ever:
                return rules.refused(mail, str(fault)), "parked"
            now = tools.clock.now()
            kept = rules.after_failure(tools.policy, mail, str(fault), at=now, chance=tools.chance())
            return kept, "parked" if kept.parked else "failed"
        return None, "sent"
