"""Commands of the machinery itself: sent until they are answered, or until they have failed often enough."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from coster.engine import observe
from coster.kernel.errors import Busy, Stopped
from coster.kernel.message import Command
from coster.kernel.outcome import Outcome

LONGEST_BACK_OFF = 5.0


class Answer(Protocol):
    """What comes back for a command."""

    @property
    def outcome(self) -> Outcome:
        """Accepted or rejected."""


Submit: TypeAlias = Callable[[Command[Any]], Awaitable[Answer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast and how patiently the relay works; times in seconds.

    `poll`: between looks when nothing rings; `pause`: at least, between two looks; `lease`: how long a process that
    died keeps others out; `slice`: events or timers read at once; `at_once`: entities of one organisation in work at
    once; `organisations`: in work at once; `attempts`: before a command that fails is parked; `back_off`: after the
    first failure, then twice as long each time; `note`: how long what needs no reaction may stay unnoted.
    """

    poll: float = 1.0
    pause: float = 0.02
    lease: float = 15.0
    slice: int = 500
    at_once: int = 64
    organisations: int = 8
    attempts: int = 5
    back_off: float = 0.05
    note: float = 1.0


class Sender:
    """Submits commands and has the patience that nobody waits for."""

    def __init__(self, submit: Submit, pace: Pace) -> None:
        self._submit = submit
        self._pace = pace
        self.stopping = False

    async def send(self, command: Command[Any]) -> Outcome | Exception:
        """The outcome, or the fault of the last of several attempts.

        A full queue or a database that is away is nobody's fault: it is waited for, without counting. Stopped is raised
        when the process goes down.
        """
        failed = 0
        waited = self._pace.back_off
        while True:
            if self.stopping:
                raise Stopped("the relay is stopping")
            try:
                return (await self._submit(command)).outcome
            except Stopped:
                raise
            except Busy:
                await asyncio.sleep(waited)
                waited = min(2 * waited, LONGEST_BACK_OFF)
            except Exception as fault:  # noqa: BLE001 - whatever a command stumbles over is parked with its cause
                failed += 1
                if failed >= self._pace.attempts:
                    return fault
                observe.log.warning(
                    "relay_retry", command=str(command.id), cause=type(fault).__name__, failed=failed
                )
                await asyncio.sleep(min(self._pace.back_off * 2 ** (failed - 1), LONGEST_BACK_OFF))
