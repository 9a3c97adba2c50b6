"""Short histories of two hubs and one producer, and what befalls their servers meanwhile, from a seed alone: the same seed gives the same
choices, whatever is answered. Only the interleaving is the machine's.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from typing import Final

HUBS: Final = ("Hub A", "Hub B")
JEAN: Final = "Jean"
PLATFORMS: Final = (JEAN, *HUBS)

KILL_SERVER: Final = "kill -9 of a server"
KILL_DATABASE: Final = "kill -9 of a database"
CUT_LINE: Final = "a line is cut for a while"
STRIKES: Final = (KILL_SERVER, CUT_LINE, KILL_DATABASE)

_BUYING: Final = (("buy", 56), ("cancel", 24), ("change", 14), ("refresh", 1), ("close", 5))
_GROWING: Final = (("sell", 40), ("unsell", 20), ("correct", 20), ("count", 12), ("lower", 8))
_ENDS: Final = (("whole", 45), ("complete", 30), ("fail", 18), ("leave", 7))


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something that a shopper, a hub or Jean does: `lines` are items by their place in the history, with whole units; `end` what
    becomes of a checkout; `which` (0 to 1) chooses among the orders that are there by then; `twice`: asked again although it was answered.
    """

    act: str
    lines: tuple[tuple[int, int], ...]
    end: str
    which: float
    amount: int
    twice: bool
    pause: float


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Some items of Jean's, a session at each hub that lists them, and what everybody does until the sessions end.

    `stocks` in whole units; `shoppers` the deeds of each shopper, by hub; `seconds` how long each hub's session is open, and how long
    its amendment window.
    """

    number: int
    stocks: tuple[int, ...]
    shoppers: tuple[tuple[tuple[Deed, ...], ...], ...]
    jean: tuple[Deed, ...]
    seconds: tuple[tuple[float, float], ...]

    @classmethod
    def chosen(cls, seed: int, number: int, *, length: float) -> History:
        """The n-th history of a seed; its sessions are open for about `length` seconds."""
        choose = random.Random(f"{seed} history {number}")
        items = choose.randint(1, 3)
        shoppers = tuple(
            tuple(_deeds(choose, items, _BUYING, choose.randint(1, 4)) for _ in range(choose.randint(1, 3)))
            for _ in HUBS
        )
        return cls(
            number=number,
            stocks=tuple(choose.randint(3, 14) for _ in range(items)),
            shoppers=shoppers,
            jean=_deeds(choose, items, _GROWING, choose.randint(0, 3)),
            seconds=tuple((length * (0.7 + 0.6 * choose.random()), 2 * choose.random()) for _ in HUBS),
        )


def _deeds(
    choose: random.Random, items: int, acts: tuple[tuple[str, int], ...], count: int
) -> tuple[Deed, ...]:
    return tuple(_deed(choose, items, acts) for _ in range(count))


def _deed(choose: random.Random, items: int, acts: tuple[tuple[str, int], ...]) -> Deed:
    wanted = choose.sample(range(items), choose.randint(1, items))
    return Deed(
        act=_of(choose, acts),
        lines=tuple((item, choose.randint(1, 5)) for item in wanted),
        end=_of(choose, _ENDS),
        which=choose.random(),
        amount=choose.choice((-4, -2, -1, 1, 2, 5)),
        twice=choose.random() < 0.05,
        pause=choose.random(),
    )


def _of(choose: random.Random, weights: tuple[tuple[str, int], ...]) -> str:
    return choose.choices([name for name, _ in weights], [weight for _, weight in weights])[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """What befalls a platform, and for how many seconds at which second of the run."""

    at: float
    kind: str
    platform: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much, and the seed of all choices.

    `seconds` after which no history begins any more (0: as long as they take), `at_once` how many histories at a time, `length` how many
    seconds a session is open, `strike_every` seconds between what befalls servers, `share` of requests that meet a fault on the line,
    `story`: whether the story is told first, `by_commands`: whether everybody is connected by commands.
    """

    seed: int = 1
    histories: int = 100
    seconds: float = 0.0
    at_once: int = 20
    length: float = 10.0
    strike_every: float = 6.0
    share: float = 0.12
    story: bool = True
    by_commands: bool = False

    def history(self, number: int) -> History:
        """The n-th history."""
        return History.chosen(self.seed, number, length=self.length)

    def strikes(self, seconds: float) -> list[Strike]:
        """What befalls whom within so many seconds: every kind and platform in turn, at uneven times."""
        choose = random.Random(f"{self.seed} strikes")
        bag: list[tuple[str, str]] = []
        found: list[Strike] = []
        at = self.strike_every / 2
        while at < seconds:
            bag = bag or choose.sample(_ALL, len(_ALL))
            kind, platform = bag.pop()
            found.append(Strike(at=at, kind=kind, platform=platform, seconds=0.5 + 2.5 * choose.random()))
            at += self.strike_every * (0.7 + 0.6 * choose.random())
        return found

    def digest(self) -> str:
        """One word for all of the plan: equal plans have equal digests."""
        told = [repr(self.strikes(600)), *(repr(self.history(n)) for n in range(min(self.histories, 2000)))]
        return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]


_ALL: Final = [(kind, platform) for kind in STRIKES for platform in PLATFORMS]
