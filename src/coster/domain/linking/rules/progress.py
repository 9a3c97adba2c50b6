"""What a link does next, from what the held order is here, what the supplier has said, and the time. Pure.

It is level-triggered: whatever happened meanwhile, what is sent is the whole state as it is now; so repeating, losing and coming late
do no harm. Source: ADR 0021.
"""

from __future__ import annotations

import datetime as dt
from typing import TypeAlias

import msgspec

from coster.domain.linking.model import Here, Link, Refusal, State
from coster.domain.linking.rules import totals


class Rest(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing is to be done now."""


class Confirm(msgspec.Struct, frozen=True, kw_only=True):
    """The supplier holds this already: the mark moves on without a word."""

    state: State
    done: bool


class Put(msgspec.Struct, frozen=True, kw_only=True):
    """This is to be sent."""

    state: State


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """The supplier is to be asked what it holds, before anything is sent."""

    state: State


class TakeBack(msgspec.Struct, frozen=True, kw_only=True):
    """What the supplier does not have is to be taken back from those who came last. `refusal` says how much there is."""

    refusal: Refusal


class Finish(msgspec.Struct, frozen=True, kw_only=True):
    """The session has ended and the supplier has said yes to all that is held: now it can be completed here, and then there."""


class Stuck(msgspec.Struct, frozen=True, kw_only=True):
    """People are needed."""

    cause: str


Step: TypeAlias = Rest | Confirm | Put | Look | TakeBack | Finish | Stuck


def next_step(link: Link, here: Here, now: dt.datetime, machine: dt.datetime) -> Step:
    """The one next step of a link whose turn it is: `now` by the clock of business, `machine` by that of waiting for peers."""
    wanted = totals.desired(here, now)
    if _waits(link, wanted, machine):
        return Rest()
    if _may_be_finished(link, here, wanted):
        return Finish()
    if here.single:
        # One order per shopper would tell the supplier of each; and the supplier knows but one order of a hub in a session.
        return Stuck(cause="per_order_not_told")
    if totals.unlinked(here.items, here.offered):
        return Stuck(cause="item_not_linked")
    # What was sent by somebody who has died since may have made an order there, of which only the supplier knows the name.
    if link.look or (link.sent is not None and not link.order) or _may_have_come_late(link, here, wanted):
        return Look(state=wanted)
    if link.sent is None and agrees(link.acked, wanted) and _knows_the_end(link.acked, wanted):
        done = wanted.standing != "held"
        known = (link.acked.version, link.acked.standing, link.acked.ends_at)
        settled = known == (wanted.version, wanted.standing, wanted.ends_at)
        return Rest() if settled and (link.state == "done") == done else Confirm(state=wanted, done=done)
    if link.refusal is not None and _beyond(link.refusal, wanted):
        return TakeBack(refusal=link.refusal)
    return Put(state=wanted)


def _may_be_finished(link: Link, here: Here, wanted: State) -> bool:
    """Whether nothing keeps the held order from being completed any more: all of it is acknowledged, or people have closed the link."""
    if not here.ended or here.holds != "live":
        return False
    acknowledged = link.sent is None and not link.look and link.acked.version == wanted.version
    return (acknowledged and agrees(link.acked, wanted)) or link.state == "done" or here.single


def _waits(link: Link, wanted: State, machine: dt.datetime) -> bool:
    """Whether it is not time yet, or only people can help and nothing has changed since they were told."""
    if link.next_at is not None and link.next_at > machine:
        return True
    return link.state == "refused" and link.refusal is not None and link.refusal.version == wanted.version


def _may_have_come_late(link: Link, here: Here, wanted: State) -> bool:
    """Whether something was sent of which no trace was found, so that it is looked for once more when the session is over."""
    if wanted.standing != "cancelled" or link.order or not link.sequence or link.state == "done":
        return False
    return link.looked_at is None or link.looked_at < here.session.ends_at


def agrees(acked: State, wanted: State) -> bool:
    """Whether the supplier holds what is wanted: nothing at all is the same as an empty order, and as a cancelled one."""
    if not totals.same_lines(acked.lines, wanted.lines):
        return False
    nothing = not any(line.quantity for line in wanted.lines)
    return acked.standing == wanted.standing or (nothing and acked.standing == "none")


def _knows_the_end(acked: State, wanted: State) -> bool:
    """Whether the supplier knows until when the session goes on, where something is held for it: it may end the order by itself then."""
    moved = acked.ends_at is not None and acked.ends_at != wanted.ends_at
    return not (moved and wanted.standing == "held" and any(line.quantity for line in wanted.lines))


def _beyond(refusal: Refusal, wanted: State) -> bool:
    """Whether what is wanted now is still more than the supplier would have taken."""
    if not refusal.answer.lines:
        return refusal.version == wanted.version
    for short in refusal.answer.lines:
        amount = totals.quantity_of(wanted.lines, short.product, short.offer)
        if amount > short.available if short.available is not None else _unsaid(refusal, wanted, amount):
            return True
    return False


def _unsaid(refusal: Refusal, wanted: State, amount: int) -> bool:
    """Where the supplier did not say how much there is, the same is not asked for again."""
    return refusal.version == wanted.version and amount > 0


def is_behind(link: Link, version: int) -> bool:
    """Whether the supplier has not acknowledged what the held order is now."""
    return link.acked.version < version or link.sent is not None
