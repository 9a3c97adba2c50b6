"""Records of what was given up after several attempts, and of what people decide about it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal, TypeAlias

What: TypeAlias = Literal["reaction", "timer", "message", "mail"]


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A reaction (`key` is the event's number) or a timer (`key` is its id), by name or kind, and what went wrong.

    A message that an endpoint did not get (`key` is the event's number, `name` the endpoint's id) is given up by engine/webhooks; a letter
    (`key` is its id, `name` its kind) by engine/mail.
    """

    what: What
    key: str
    name: str
    cause: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """What was given up and shall not be run: who decided so, when and why."""

    what: What
    key: str
    name: str
    at: dt.datetime
    cause: str
    who: str
    reason: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Why something is not run, who says so, and when."""

    reason: str
    who: str
    at: dt.datetime
