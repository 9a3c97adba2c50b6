"""What is seen while a flow is lived through: rows with their guards, actions, messages and timers; and how it is told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias

import msgspec

from coster.engine.workflow.document import Plain
from coster.engine.workflow.records import ActionCall
from coster.engine.workflow.templates import plain
from coster.engine.workflow.timing import Moment

Happening: TypeAlias = Literal["event", "timer", "children", "failed", "context", "wait"]


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A message: to whom (`endpoints`, `parent`, `children.<kind>`), as which event, with what."""

    to: str
    event: str
    body: Mapping[str, Plain] = {}

    def __str__(self) -> str:
        """The message as a line."""
        body = f" {msgspec.json.encode(self.body).decode()}" if self.body else ""
        return f"{self.event} to {self.to}{body}"


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A guard or roll-up that was asked, with what it answered and what it read."""

    source: str
    answer: bool
    values: Mapping[str, Plain]

    def __str__(self) -> str:
        """The question as a line."""
        values = ", ".join(f"{name} = {_word(value)}" for name, value in self.values.items())
        return f"{self.source} is {_word(self.answer)}" + (f" ({values})" if values else "")


class RowSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A row that was carried out."""

    number: int
    """Its place in the file, from 0."""
    line: int
    trigger: str
    """What it was asked for by; the row itself may be that of its `otherwise`."""
    on: str
    status: str
    to: str
    guards: tuple[Question, ...] = ()
    actions: tuple[ActionCall, ...] = ()
    attributes: Mapping[str, Plain] = {}
    """What actions of other packages set."""
    messages: tuple[Sent, ...] = ()


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened, and everything that came of it."""

    step: int
    """Number of the step in which it happened, from 1."""
    at: dt.datetime
    what: Happening
    trigger: str = ""
    before: str
    status: str
    rows: tuple[RowSeen, ...] = ()
    refused: str = ""
    """Why nothing came of it: a reason of the step, `action_refused`, or `parked`; empty: something did, or nothing had to."""
    detail: str = ""
    guards: tuple[Question, ...] = ()
    """What was asked where nothing fired."""
    timers: tuple[Moment, ...] = ()
    """Those that run now, the next first."""


def question(source: str, answer: bool, values: Mapping[str, object]) -> Question:  # noqa: FBT001 - it is the answer
    """A question with plain values."""
    return Question(
        source=source, answer=answer, values={name: plain(value) for name, value in values.items()}
    )


def told(seen: Seen) -> Iterator[str]:
    """What was seen, as lines for people."""
    yield f"{moment(seen.at)}  {_happened(seen)}"
    for row in seen.rows:
        for asked in row.guards:
            yield f"    guard    {asked}"
        way = f"{row.status} -> {row.to}" if row.to != row.status else f"stays {row.to}"
        yield f"    row      {row.on} (line {row.line}): {way}"
        for call in row.actions:
            parameters = f" {msgspec.json.encode(call.parameters).decode()}" if call.parameters else ""
            yield f"    action   {call.name}{parameters}"
        for message in row.messages:
            yield f"    message  {message}"
    for asked in seen.guards:
        yield f"    guard    {asked}"
    if seen.refused:
        yield f"    refused  {seen.refused}: {seen.detail}"
    for timer in seen.timers:
        times = f", {timer.left} times" if timer.left > 1 else ""
        yield f"    timer    {timer.trigger} at {moment(timer.due)}{times}"


def _happened(seen: Seen) -> str:
    words = {
        "event": seen.trigger,
        "timer": f"the timer {seen.trigger}",
        "children": "children moved",
        "failed": f"what {seen.trigger} sent has failed",
        "context": "facts have changed",
        "wait": "nothing is due until then",
    }
    return (
        f"{seen.status}: {words[seen.what]}"
        if seen.before == seen.status
        else f"{seen.before}: {words[seen.what]}"
    )


def moment(instant: dt.datetime) -> str:
    """An instant as people read it, in UTC."""
    return f"{plain(instant)}"


def _word(value: Plain) -> str:
    return msgspec.json.encode(value).decode()
