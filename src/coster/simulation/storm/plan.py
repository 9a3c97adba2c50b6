"""What will be done and what will go wrong, from a seed alone: the same seed gives the same plan, whatever is answered.

What cannot be repeated is the interleaving: which of two requests comes first, where in its work a kill meets a process.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from typing import Final

KILL_SERVER: Final = "kill -9 a server process"
KILL_DATABASE: Final = "kill -9 the database"
KILL_BACKEND: Final = "kill -9 one connection's database process"
KILL_ALL: Final = "kill -9 a server process and the database"
CUT_BACKENDS: Final = "the database ends half of its connections"
CUT_LINE: Final = "one server's line to the database breaks"
FREEZE_LINE: Final = "one server's line to the database is silent for seconds, then breaks"
FILL_DISK: Final = "the database's disk is full for seconds"
FAULTS: Final = (
    KILL_ALL,
    CUT_LINE,
    KILL_DATABASE,
    FILL_DISK,
    KILL_SERVER,
    FREEZE_LINE,
    CUT_BACKENDS,
    KILL_BACKEND,
)

WELL: Final = "answers"
SAYS_500: Final = "says 500"
HANGS: Final = "hangs"
CUTS: Final = "cuts the connection"
MOODS: Final = (SAYS_500, HANGS, CUTS)

ITEMS: Final = 3
HUBS: Final = 2
_DIGEST_STEPS: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much of a storm: seconds, server processes, clients, seconds between faults, and the seed of all choices."""

    seconds: float = 45.0
    processes: int = 3
    clients: int = 200
    kill_every: float = 3.0
    seed: int = 1

    def faults(self) -> list[Fault]:
        """What goes wrong and when. Every kind comes before any comes again; the last seconds are quiet."""
        choose = random.Random(f"{self.seed} faults")
        found: list[Fault] = []
        bag: list[str] = []
        at = min(3.0, self.kill_every)
        while at < self.seconds - 2:
            bag = bag or (list(FAULTS) if not found else choose.sample(FAULTS, len(FAULTS)))
            found.append(Fault(at=at, kind=bag.pop(0), target=choose.random(), seconds=1 + choose.random()))
            at += self.kill_every * (0.8 + 0.4 * choose.random())
        return found

    def moods(self) -> list[tuple[float, str]]:
        """How the moody receiver of webhooks behaves from which second on; at the end it is well."""
        choose = random.Random(f"{self.seed} moods")
        found, at = [(0.0, WELL)], 2.0
        while at < self.seconds:
            found += [(at, choose.choice(MOODS)), (at + 1 + 2 * choose.random(), WELL)]
            at += 5 + choose.random()
        return [*found, (self.seconds, WELL)]

    def step(self, client: int, number: int) -> Step:
        """What a client does as its n-th deed."""
        return Step.chosen(random.Random(f"{self.seed} {client} {number}"))

    def digest(self) -> str:
        """One word for all of the plan: equal plans have equal digests."""
        told = [repr(self.faults()), repr(self.moods())]
        told += [
            repr(self.step(client, number))
            for client in range(self.clients)
            for number in range(_DIGEST_STEPS // 10)
        ]
        return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that goes wrong: at which second, what, to whom (a number from 0 to 1 that chooses), for how long."""

    at: float
    kind: str
    target: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One deed of a shopper. `which` (0 to 1) chooses among the orders that it has by then; `hang_up`: it goes away without
    reading the answer, and asks again; `twice`: it asks again although it was answered.
    """

    act: str
    hub: int
    lines: tuple[tuple[int, int], ...]
    partial: bool
    end: str
    which: float
    hang_up: bool
    twice: bool
    pause: float

    @classmethod
    def chosen(cls, choose: random.Random) -> Step:
        """A step by chance."""
        items = choose.sample(range(ITEMS), choose.randint(1, ITEMS))
        return cls(
            act=choose.choices(("checkout", "change", "cancel"), (60, 12, 28))[0],
            hub=choose.randrange(HUBS),
            lines=tuple((item, choose.randint(1, 4)) for item in items),
            partial=choose.random() < 0.1,
            end=choose.choices(("complete_checkout", "fail_checkout", ""), (70, 25, 5))[0],
            which=choose.random(),
            hang_up=choose.random() < 0.03,
            twice=choose.random() < 0.05,
            pause=choose.random(),
        )
