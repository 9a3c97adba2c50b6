"""What people and the machinery want of links, and what becomes of it. Pure."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from coster.domain.linking.model import (
    Here,
    Link,
    LinkFound,
    OpenLink,
    ReconcileLink,
    ReportLink,
    RetryLink,
    SettleLink,
    Wishes,
)
from coster.domain.linking.rules import totals
from coster.kernel import refusal
from coster.kernel.message import Command, Decided, Event
from coster.kernel.outcome import Accepted, Outcome, Rejected

# Each does what those before it do, as far as a link needs it.
_WISHES: Final = ("", "open", "look", "retry", "accept", "close")
EVENTS: Final = {
    "unconfirmed": "link.unconfirmed",
    "refused": "link.refused",
    "blocked": "link.blocked",
    "drifted": "link.drifted",
    "recovered": "link.recovered",
    "repriced": "link.repriced",
    "accept": "link.settled",
    "close": "link.settled",
    "retry": "link.retry_asked",
    "look": "link.comparison_asked",
}


def decide(links: Mapping[uuid.UUID, LinkFound], commands: Sequence[Command[Any]]) -> Decided[Wishes]:
    """One outcome per command, in arrival order."""
    now = dict(links)
    outcomes: list[Outcome] = []
    events: list[tuple[int, Event]] = []
    for index, command in enumerate(commands):
        outcome, event = _one(now, command)
        outcomes.append(outcome)
        events += [(index, event)] if event else []
    changed = [link for id_, link in now.items() if links[id_] is not link]
    return Decided(
        outcomes, Wishes(links=sorted(changed, key=lambda one: one.held_order_id), opened=[]), events
    )


def decide_open(_state: None, commands: Sequence[Command[OpenLink]]) -> Decided[Wishes]:
    """The links of these held orders are there afterwards, where their producer is elsewhere. Only the system asks for this."""
    outcomes: list[Outcome] = [
        Accepted({"id": str(command.body.held_order_id)})
        if command.authority.system
        else refusal.not_permitted("open links")
        for command in commands
    ]
    opened = {command.body.held_order_id for command in commands if command.authority.system}
    return Decided(outcomes, Wishes(links=[], opened=sorted(opened)))


def _one(now: dict[uuid.UUID, LinkFound], command: Command[Any]) -> tuple[Outcome, Event | None]:
    body = command.body
    link = now.get(body.held_order_id)
    if link is None or not command.authority.allows("held_orders:write", link.hub_id):
        return Rejected("link_unknown", "No link of yours has this id; list them at /api/v1/links."), None
    told: str | None = None
    match body:
        case RetryLink():
            changed, told = _wanted(link, "retry"), "retry"
        case ReconcileLink(by_itself=by_itself):
            silent = by_itself and command.authority.system
            changed, told = _wanted(link, "look"), None if silent else "look"
        case SettleLink(how="accept") if not link.refused:
            return Rejected(
                "link_not_refused", "The supplier has refused nothing here; there is nothing to accept."
            ), None
        case SettleLink(how=how):
            changed, told = _wanted(link, how), how
        case ReportLink(what=what):
            if not command.authority.system:
                return refusal.not_permitted("report on links"), None
            if (what == "recovered") == (link.alarmed_at is None) and what in ("recovered", "unconfirmed"):
                return _accepted(link), None
            changed, told = _alarmed(link, what, command.at), what
    if told is None:
        now[link.held_order_id] = changed
        return _accepted(changed), None
    changed = msgspec.structs.replace(changed, told=link.told + 1)
    now[link.held_order_id] = changed
    cause = getattr(body, "cause", "") or getattr(body, "reason", "") or command.reason
    return _accepted(changed), _event(changed, told, cause)


def _wanted(link: LinkFound, wish: str) -> LinkFound:
    """What somebody has decided and nobody has heeded yet is not lost over a wish for less."""
    return msgspec.structs.replace(link, wish=max(link.wish, wish, key=_WISHES.index))


def _alarmed(link: LinkFound, what: str, at: dt.datetime) -> LinkFound:
    if what in ("recovered", "drifted", "repriced"):
        return msgspec.structs.replace(link, alarmed_at=None if what == "recovered" else link.alarmed_at)
    return msgspec.structs.replace(link, alarmed_at=link.alarmed_at or at)


def _accepted(link: LinkFound) -> Accepted:
    return Accepted({"id": str(link.held_order_id), "state": link.state})


def _event(link: LinkFound, what: str, cause: str) -> Event:
    """What hub and people are told: of the held order and its supplier, never of a shopper."""
    data = {
        "held_order_id": str(link.held_order_id), "hub_id": str(link.hub_id), "producer_id": str(link.producer_id),
        "session_id": str(link.session_id), "cause": cause, "enterprises": [str(link.hub_id)],
    }  # fmt: skip
    if what in ("accept", "close"):
        data["how"] = what
    return Event(EVENTS[what], "link", link.held_order_id, link.told, data)


def heed(link: Link, here: Here, wish: str, now: dt.datetime) -> Link:
    """The link as somebody wants it ('' leaves it as it is)."""
    if wish == "open":
        return msgspec.structs.replace(link, state="open") if link.state == "done" else link
    if wish == "retry":
        return msgspec.structs.replace(link, state="open", refusal=None, attempts=0, next_at=None)
    if wish == "look":
        return msgspec.structs.replace(link, state=_awake(link), look=link.sequence > 0, next_at=None)
    if wish == "accept" and link.refusal is not None:
        accepted = msgspec.structs.replace(link.refusal, everything=True)
        return msgspec.structs.replace(link, state="open", refusal=accepted, next_at=None)
    if wish == "close":
        agreed = totals.desired(here, now)
        return msgspec.structs.replace(
            link, state="done", acked=agreed, acked_at=now, sent=None, refusal=None, look=False, attempts=0, failing_since=None,
            next_at=None, cause="closed_by_hand",
        )  # fmt: skip
    return link


def _awake(link: Link) -> Any:
    return "open" if link.state in ("done", "blocked") else link.state
