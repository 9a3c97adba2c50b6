"""What is written down, and what follows where a letter was not taken. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec

from coster.engine.mail.model import Mail, WriteMail
from coster.engine.webhooks import verdict
from coster.engine.webhooks.model import Policy
from coster.kernel import ids, refusal
from coster.kernel.message import Command, Decided
from coster.kernel.outcome import Accepted, Outcome


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A letter that was not taken: tried again at `next_at`, or given up for the cause in `parked`."""

    id: str
    attempts: int
    next_at: dt.datetime | None = None
    parked: str | None = None


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A letter as it is to be stored."""

    id: str
    recipient: str
    kind: str
    words: dict[str, str]
    written_at: dt.datetime


def write(_: None, commands: Sequence[Command[WriteMail]]) -> Decided[list[Written]]:
    """A letter to each recipient; its id follows from the command, so that a command that comes twice writes it once."""
    outcomes: list[Outcome] = []
    written: dict[str, Written] = {}
    for command in commands:
        if not command.authority.system:
            outcomes.append(refusal.not_permitted("write letters"))
            continue
        body = command.body
        for key in dict.fromkeys(body.recipients):
            id_ = str(ids.derived("mail", command.id, key))
            written[id_] = Written(
                id=id_, recipient=str(key), kind=body.kind, words=body.words, written_at=command.at
            )
        outcomes.append(Accepted({"letters": len(set(body.recipients))}))
    return Decided(outcomes, list(written.values()))


def after_failure(policy: Policy, mail: Mail, cause: str, *, at: dt.datetime, chance: float) -> Kept:
    """A letter that was not taken for now waits as a webhook would, and is given up when it has been tried as often."""
    attempts = mail.attempts + 1
    seconds = verdict.wait_seconds(policy, attempts, chance)
    if seconds is None:
        return refused(mail, f"given up after {attempts} attempts; the last one: {cause}")
    return Kept(id=str(mail.id), attempts=attempts, next_at=at + dt.timedelta(seconds=seconds))


def refused(mail: Mail, cause: str) -> Kept:
    """A letter that nobody tries again until somebody says so."""
    return Kept(id=str(mail.id), attempts=mail.attempts + 1, parked=cause)
