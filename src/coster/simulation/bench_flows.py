"""How many transitions flows do in process: with a guard each, and as the pure step.

Beside few rows in one version stand two hundred versions and five hundred rows, which must cost no more. Nothing is
stored and nothing is loaded: this is what deciding costs, and it must be small beside what storing costs.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from coster.engine import collecting
from coster.engine.flows import audit
from coster.engine.workflow import compile as compiling
from coster.engine.workflow import driving
from coster.engine.workflow.actions import Vocabulary
from coster.engine.workflow.driving import Failed, Fired
from coster.engine.workflow.records import Flow, Status, Transition
from coster.engine.workflow.step import Context
from coster.engine.workflow.tables import Ask, Tables
from coster.simulation import bench

GUARDED: Final = 20_000
"""Transitions with a guard each that a second must have (issue 4)."""
PURE: Final = 100_000
"""Pure steps that a second must have."""
_ENTITIES: Final = 5_000
_NAME: Final = "thing.standard"
_VOCABULARY: Final = Vocabulary(
    entity="thing", context={"count": "int"}, triggers={"go": {}, "stay": {}}, actions=(), roles=frozenset()
)


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """How many versions are stepped side by side, and how many statuses each has; two rows a status."""

    versions: int
    statuses: int


SMALL: Final = "1 version of 10 rows"
SIZES: Final = {
    SMALL: Size(versions=1, statuses=6),
    "200 versions of 10 rows": Size(versions=200, statuses=6),
    "1 version of 500 rows": Size(versions=1, statuses=251),
}


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """What one size comes to, the median of its rounds."""

    size: str
    what: str
    per_second: float
    """By the clock."""
    per_processor_second: float
    """By processor time, which others on the machine change little."""
    of_small: float
    """Its processor time for a transition beside that of the small size, in the same rounds."""
    goal: int

    @property
    def reached(self) -> bool:
        """Whether the clock says what was asked for."""
        return self.per_second >= self.goal


class _Work(NamedTuple):
    """One kind of work."""

    what: str
    goal: int
    trigger: str
    do: Callable[[Tables, Sequence[Ask]], int]


def measure(*, seconds: float, say: Callable[[str], Any]) -> dict[str, Any]:
    """Machine and figures; each figure is taken for about so many seconds. `say` is told each step.

    The sizes take turns, round by round, so that what else the machine does meets all of them alike.
    """
    tables = {name: tables_of(size) for name, size in SIZES.items()}
    figures: list[Figure] = []
    before = collecting.seldom()
    try:
        for work in (
            _Work("transitions with a guard, told", GUARDED, "go", _guarded),
            _Work("pure steps", PURE, "stay", _pure),
        ):
            say(f"Counting {work.what}")
            figures += _figures(work, tables, seconds)
    finally:
        gc.set_threshold(*before)
    return {"machine": bench.machine(), "figures": figures}


def _figures(work: _Work, tables: dict[str, Tables], seconds: float) -> list[Figure]:
    """One figure for each size."""
    asks = {name: asks_of(size, work.trigger) for name, size in SIZES.items()}
    rounds: dict[str, list[tuple[float, float]]] = {name: [] for name in SIZES}
    end = time.perf_counter() + seconds * len(SIZES)
    while time.perf_counter() < end or not rounds[SMALL]:
        for name in SIZES:
            clock, processor = time.perf_counter(), time.process_time()
            done = work.do(tables[name], asks[name])
            assert done == _ENTITIES, "every entity has a row that fires"
            rounds[name].append((time.perf_counter() - clock, max(time.process_time() - processor, 1e-9)))
    medians = {
        name: tuple(statistics.median(times) for times in zip(*taken, strict=True))
        for name, taken in rounds.items()
    }
    return [
        Figure(
            size=name,
            what=work.what,
            per_second=_ENTITIES / clock,
            per_processor_second=_ENTITIES / processor,
            of_small=processor / medians[SMALL][1],
            goal=work.goal,
        )
        for name, (clock, processor) in medians.items()
    ]


def tables_of(size: Size) -> Tables:
    """The versions, each compiled for itself as if it had been published."""
    return Tables(
        compiling.compile_flow(_flow(version, size.statuses), _VOCABULARY)
        for version in range(1, size.versions + 1)
    )


def asks_of(size: Size, trigger: str) -> list[Ask]:
    """Entities spread over versions and statuses, none of them at the end, with a trigger: `go` or `stay`."""
    context: Context = {"count": size.statuses}
    return [
        Ask(
            flow=_NAME,
            version=number % size.versions + 1,
            status=f"s{number % (size.statuses - 1)}",
            trigger=trigger,
            context=context,
        )
        for number in range(_ENTITIES)
    ]


def _flow(version: int, statuses: int) -> Flow:
    """A chain of statuses: in each a row with a guard of its own leads on, and one without stays."""
    rows: list[Transition] = []
    for number in range(statuses - 1):
        at = (f"s{number}",)
        rows.append(
            Transition(index=len(rows), on="go", sources=at, when=f"count > {number}", to=f"s{number + 1}")
        )
        rows.append(Transition(index=len(rows), on="stay", sources=at))
    return Flow(
        name=_NAME,
        entity="thing",
        version=version,
        statuses=tuple(
            Status(name=f"s{number}", category="booking", initial=number == 0, final=number == statuses - 1)
            for number in range(statuses)
        ),
        transitions=tuple(rows),
    )


def _guarded(tables: Tables, asks: Sequence[Ask]) -> int:
    """Leads every entity on as the rooms do it: rows are driven, and told with guards and what these read. Counts what moved."""
    told = []
    for ask in asks:
        table = tables.of(ask.flow, ask.version)
        watched = audit.Watched(table, _Facts(ask).context)
        driven = driving.drive(watched, (ask.status, ask.trigger), _carry)
        told.append(audit.told(table, ask.trigger, ask.status, driven, watched))
    return sum(one["to"] != one["from"] for one in told)


class _Facts:
    """An entity as a room knows it."""

    __slots__ = ("_ask",)

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def context(self, _: str) -> Context:
        """What guards read, whatever the trigger."""
        return self._ask.context


def _carry(_: Fired) -> Failed | None:
    """A row without actions."""
    return None


def _pure(tables: Tables, asks: Sequence[Ask]) -> int:
    """Steps every entity; gives how many answers there were."""
    return len(tables.step_many(asks))
