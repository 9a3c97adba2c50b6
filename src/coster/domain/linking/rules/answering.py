"""What a link is after the supplier has answered, or has not. Pure."""

from __future__ import annotations

import datetime as dt
from typing import assert_never

import msgspec

from coster.domain.federation.ports import (
    AcceptedByPeer,
    Answered,
    Found,
    Missing,
    NotAllowed,
    RefusedByPeer,
    RemoteLine,
    Seen,
    Short,
    Superseded,
    Unknown,
)
from coster.domain.linking.model import Link, Refusal, State
from coster.domain.linking.rules import patience as waiting
from coster.domain.linking.rules import totals
from coster.domain.linking.rules.patience import Patience

_FINAL = ("complete", "cancelled")
HELD_THERE = "held_there"
"""What a done link says whose supplier has all of it and goes on calling it held: some platforms know no other status."""


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """When something was heard, by the clock of business and by the machine's, and what chance says of the next time."""

    now: dt.datetime
    machine: dt.datetime
    chance: float
    patience: Patience


def sending(link: Link, state: State) -> Link:
    """The link as it is stored before anything is sent: whoever comes after a crash sees what may be there.

    Where what was sent before has had no answer, it may have been done, and then a refusal of this leaves the supplier with that, not
    with what it has acknowledged. So it is looked at unless this is taken.
    """
    unheard = link.sent is not None
    return msgspec.structs.replace(link, sent=state, sequence=link.sequence + 1, look=link.look or unheard)


def confirmed(link: Link, state: State, now: dt.datetime, *, done: bool) -> Link:
    """The supplier holds this, at the prices that it told last."""
    held = msgspec.structs.replace(state, prices=link.acked.prices)
    return msgspec.structs.replace(
        link, acked=held, acked_at=now, sent=None, look=False, refusal=None, attempts=0, failing_since=None, next_at=None, cause="",
        state="done" if done else "open",
    )  # fmt: skip


def after_put(link: Link, answered: Answered, moment: Moment) -> Link:
    """The link after what was sent (`link.sent`) was answered."""
    sent = link.sent or State()
    match answered:
        case AcceptedByPeer():
            return _accepted(link, sent, answered, moment)
        case RefusedByPeer():
            return _refused(link, sent, answered, moment.now)
        case Superseded(sequence=known):
            # Somebody was ahead of us, most likely ourselves before a backup was restored: go beyond it.
            beyond = link.sequence + (1 << min(link.attempts, 20)) if known is None else known
            later = msgspec.structs.replace(link, sequence=max(link.sequence, beyond), look=known is None)
            return _again(later, "superseded", None, moment)
        case Missing():
            return _forgotten(link, moment.now)
        case Unknown(cause=cause, retry_after=seconds):
            # Whether it was made is not known, so it is looked for before it is made a second time.
            return _again(
                msgspec.structs.replace(link, look=link.look or not link.order), cause, seconds, moment
            )
        case NotAllowed(cause=cause):
            return blocked(link, cause, moment)
        case _:
            assert_never(answered)


def after_look(link: Link, wanted: State, seen: Seen, moment: Moment) -> Link:
    """The link after both sides were compared: what the supplier holds is what it has acknowledged."""
    match seen:
        case Unknown(cause=cause, retry_after=seconds):
            return _again(link, cause, seconds, moment)
        case NotAllowed(cause=cause):
            return blocked(link, cause, moment)
        case Missing():
            return _forgotten(link, moment.now)
        case Found():
            return _compared(link, wanted, seen, moment.now)
        case _:
            assert_never(seen)


def _accepted(link: Link, sent: State, answer: AcceptedByPeer, moment: Moment) -> Link:
    link = msgspec.structs.replace(link, order=answer.order or link.order)
    lines = answer.lines
    if answer.standing == "cancelled" and sent.standing != "cancelled" and sent.lines:
        # It says that the order is off, whatever status it was answered with: nothing is held.
        off = State(version=-1, standing="cancelled", marks=link.acked.marks)
        return _refused(
            msgspec.structs.replace(link, acked=off), sent, RefusedByPeer(code="cancelled"), moment.now
        )
    if lines is not None and sent.standing != "cancelled" and (less := _less(sent, lines)):
        # It took less than was asked for without being told that it may: for us that is a refusal of the rest.
        held = State(version=-1, standing=answer.standing, lines=lines, marks=link.acked.marks)
        return _refused(
            msgspec.structs.replace(link, acked=held),
            sent,
            RefusedByPeer(code="short", lines=less),
            moment.now,
        )
    done = confirmed(link, sent, moment.now, done=sent.standing in _FINAL)
    if sent.standing == "complete" and answer.standing == "held":
        # It took what was asked for, and does not say that it is complete: it is looked at once more before that is believed.
        return msgspec.structs.replace(done, state="open", look=True, cause=HELD_THERE)
    return done


def _less(sent: State, lines: tuple[RemoteLine, ...]) -> tuple[Short, ...]:
    found = ((one, totals.quantity_of(lines, one.product, one.offer)) for one in sent.lines)
    return tuple(
        Short(
            product=one.product, offer=one.offer, wanted=one.quantity, available=got, cause="partly_granted"
        )
        for one, got in found
        if got < one.quantity
    )


def _refused(link: Link, sent: State, answer: RefusedByPeer, now: dt.datetime) -> Link:
    """Nothing was changed there. What is about the order as a whole leaves what is acknowledged, and no more, and is looked into."""
    if answer.code != "short" and _is_only_the_end(link.acked, sent):
        # It holds what it held, and does not hear of the session's new end: that is not asked for again.
        look = answer.code != "invalid"
        acked = msgspec.structs.replace(link.acked, version=sent.version, ends_at=sent.ends_at)
        told = confirmed(link, acked, link.acked_at or now, done=False)
        return msgspec.structs.replace(told, look=look, cause=answer.cause or answer.code)
    if answer.code != "short":
        answer = msgspec.structs.replace(answer, lines=_growth(link, sent, answer))
    refusal = Refusal(version=sent.version, sequence=link.sequence, answer=answer)
    look = answer.code in ("completed", "cancelled", "closed")
    return msgspec.structs.replace(
        link, sent=None, refusal=refusal, look=link.look or look, attempts=0, failing_since=None, next_at=None,
        cause=answer.cause or answer.code, state="open" if link.state == "blocked" else link.state,
    )  # fmt: skip


def _is_only_the_end(acked: State, sent: State) -> bool:
    """Whether nothing more was asked for than that the session goes on until another time."""
    held = acked.standing == sent.standing == "held" and acked.version >= 0
    return held and acked.ends_at != sent.ends_at and totals.same_lines(acked.lines, sent.lines)


def _growth(link: Link, sent: State, answer: RefusedByPeer) -> tuple[Short, ...]:
    known = ((one, totals.quantity_of(link.acked.lines, one.product, one.offer)) for one in sent.lines)
    return tuple(
        Short(product=one.product, offer=one.offer, wanted=one.quantity, available=got, cause=answer.code)
        for one, got in known
        if got < one.quantity
    )


def _forgotten(link: Link, now: dt.datetime) -> Link:
    """The supplier has no such order: nothing is acknowledged there, and what is wanted is made anew."""
    lost = any(line.quantity for line in link.acked.lines)
    return msgspec.structs.replace(
        link, order="", acked=State(version=-1, marks=link.acked.marks) if lost else State(marks=link.acked.marks),
        sent=None, look=False, looked_at=now, drifts=link.drifts + lost, attempts=0, failing_since=None, next_at=None,
        cause="forgotten" if lost else "", state="open",
    )  # fmt: skip


def _compared(link: Link, wanted: State, found: Found, now: dt.datetime) -> Link:
    if link.cause == HELD_THERE and link.sent is None and _stays_held(found, link.acked):
        return msgspec.structs.replace(
            link, order=found.order, state="done", look=False, looked_at=now, attempts=0, failing_since=None, next_at=None,
            sequence=max(link.sequence, found.sequence or 0),
        )  # fmt: skip
    candidates = [one for one in (link.sent, link.acked, wanted) if one is not None]
    match = next((one for one in candidates if _is(found, one)), None)
    # After a refusal for want of goods it is looked at where the answer before that was not heard: what that left there is no drift.
    unheard = link.refusal is not None and link.refusal.answer.code == "short"
    drifted = match is None and link.sent is None and not unheard
    acked = match or State(version=-1, standing=found.standing, lines=found.lines, marks=link.acked.marks)
    if _is(found, link.acked):
        # What it has told does not say whether it has heard of a new end of the session.
        acked = msgspec.structs.replace(acked, ends_at=link.acked.ends_at)
    cause = "drifted" if drifted else link.cause if link.refusal else ""
    return msgspec.structs.replace(
        link, order=found.order, acked=acked, acked_at=now if match else link.acked_at, sent=None, look=False, looked_at=now,
        drifts=link.drifts + drifted, sequence=max(link.sequence, found.sequence or 0), attempts=0, failing_since=None,
        next_at=None, cause=cause, state="open" if link.state == "blocked" else link.state,
    )  # fmt: skip


def _stays_held(found: Found, acked: State) -> bool:
    """Whether it is what it had said yes to, but for the word."""
    return (
        found.standing == "held"
        and acked.standing == "complete"
        and totals.same_lines(found.lines, acked.lines)
    )


def _is(found: Found, state: State) -> bool:
    return found.standing == state.standing and totals.same_lines(found.lines, state.lines)


def _again(link: Link, cause: str, seconds: float | None, moment: Moment) -> Link:
    attempts = link.attempts + 1
    pause = waiting.wait(attempts, moment.chance, moment.patience.first, moment.patience.most)
    pause = max(pause, min(seconds or 0.0, moment.patience.most))
    return msgspec.structs.replace(
        link, attempts=attempts, failing_since=link.failing_since or moment.machine, cause=cause,
        next_at=moment.machine + dt.timedelta(seconds=pause),
    )  # fmt: skip


def blocked(link: Link, cause: str, moment: Moment) -> Link:
    """We may not, or cannot say it: people are told, and it is tried again now and then."""
    pause = dt.timedelta(seconds=moment.patience.blocked)
    return msgspec.structs.replace(
        link, state="blocked", cause=cause, attempts=link.attempts + 1, failing_since=link.failing_since or moment.machine,
        next_at=moment.machine + pause,
    )  # fmt: skip


def stuck(link: Link, version: int) -> Link:
    """What was refused cannot be taken back by us: it waits for people until something changes."""
    refusal = link.refusal and msgspec.structs.replace(link.refusal, version=version)
    return msgspec.structs.replace(link, state="refused", refusal=refusal)
