"""What goes wrong on a line, from a seed alone: the n-th request on a line of this name always meets the same fault.

Which request is the n-th is the machine's choice and cannot be repeated.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

DELAY: Final = "delay"
LOSE_REQUEST: Final = "loss of the request"
LOSE_ANSWER: Final = "loss of the answer"
DUPLICATE: Final = "duplicate"
LATE: Final = "reorder"
CUT: Final = "cut in mid-answer"
HALF_OPEN: Final = "half-open"

FAULTS: Final[Mapping[str, str]] = {
    DELAY: "a request waits on the line",
    LOSE_REQUEST: "the connection breaks before the request has arrived",
    LOSE_ANSWER: "the request has its effect, and the connection breaks before the answer",
    DUPLICATE: "the request arrives again, while or after the next one does",
    LATE: "the connection breaks, and the request arrives after one that was sent later",
    CUT: "the connection breaks in the middle of the answer",
    HALF_OPEN: "nothing comes any more, and nobody is told; whether the request has arrived is chance",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What happens to one request: the kind, for how many seconds, and a number from 0 to 1 that chooses what else is open."""

    kind: str
    seconds: float = 0.0
    chance: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """How often what goes wrong: `share` of all requests meets a fault; `kinds` are the faults by weight.

    A delay lasts up to `longest` seconds, and so does what arrives late or again; a line is half-open for up to `silent` seconds.
    """

    seed: int = 1
    share: float = 0.15
    longest: float = 2.0
    silent: float = 8.0
    kinds: Mapping[str, int] = field(
        default_factory=lambda: {DELAY: 4, LOSE_REQUEST: 2, LOSE_ANSWER: 3, DUPLICATE: 3, LATE: 2, CUT: 2, HALF_OPEN: 1}
    )  # fmt: skip

    def fault(self, line: str, number: int) -> Fault | None:
        """What the n-th request on a line meets; None for most."""
        choose = random.Random(f"{self.seed} {line} {number}")
        if choose.random() >= self.share:
            return None
        kind = choose.choices(list(self.kinds), list(self.kinds.values()))[0]
        most = self.silent if kind == HALF_OPEN else self.longest
        return Fault(kind=kind, seconds=most * choose.random(), chance=choose.random())


CALM: Final = Weather(share=0.0)
