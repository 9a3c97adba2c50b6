"""`coster simulate`: a town lives by the real pipeline and by the oracle, and after every batch both must be the same.

Where they are not, the history is cut down to a short one that still shows it (see `shrink`).
"""

from __future__ import annotations

import tempfile
import time
import uuid
from array import array
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import msgspec

from coster.engine.batch.handler import Registry
from coster.engine.db.connect import Database
from coster.simulation import town
from coster.simulation.choices import Chooser
from coster.simulation.oracle import Oracle
from coster.simulation.steps import Batch, History
from coster.simulation.town import Look, Town

Found: TypeAlias = list[str]
Heard: TypeAlias = Callable[[int], None]

_AT_ONCE: Final = 2000
_PACKED: Final = msgspec.msgpack.Encoder()
_UNPACKED: Final = msgspec.msgpack.Decoder(Batch)
_TOLD: Final = 5
_LAST: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much of a life: commands, the largest batch, and the seed of all choices."""

    commands: int = 20_000
    batch: int = 256
    seed: int = 1


class Kept:
    """The batches that were lived through, packed in a file that is gone with the process: a million commands are many."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - as long as this lives
        self._sizes = array("L")

    def add(self, batch: Batch) -> None:
        """One more."""
        self._sizes.append(self._file.write(_PACKED.encode(batch)))

    def batches(self) -> list[Batch]:
        """All of them; only for who needs them, as they fill the memory."""
        self._file.seek(0)
        found = [_UNPACKED.decode(self._file.read(size)) for size in self._sizes]
        self._file.seek(0, 2)
        return found


@dataclass(slots=True)
class Report:
    """What was lived through: answers by kind, when the last step was taken, and (where the two disagree) how."""

    commands: int = 0
    batches: int = 0
    seconds: float = 0.0
    last: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    disagreements: Found = field(default_factory=list)
    kept: Kept = field(default_factory=Kept)

    @property
    def history(self) -> list[Batch]:
        """The batches until then."""
        return self.kept.batches()

    def told(self) -> dict[str, Any]:
        """The report as JSON types."""
        return {
            "commands": self.commands, "batches": self.batches, "seconds": round(self.seconds, 1),
            "commands_per_second": round(self.commands / self.seconds) if self.seconds else 0,
            "answers": dict(sorted(self.answers.items())), "disagreements": self.disagreements,
        }  # fmt: skip


class Life:
    """A town and its oracle, side by side."""

    def __init__(self, real: Town) -> None:
        self.real = real
        self.oracle = Oracle(town.terms())
        self._seen = 0

    async def live(self, batch: Batch) -> tuple[list[str], Found]:
        """The answers to a batch, and what the two disagree about after it; nothing where all is well."""
        said = await self.real.live(batch)
        self.oracle.touched_orders.clear()
        self.oracle.touched_heads.clear()
        found = []
        for step, real in zip(batch, said, strict=True):
            expected = self.oracle.answer(step)
            if real != expected:
                found.append(
                    f"{step.kind} {step.id} was answered {real or 'accepted'}, not {expected or 'accepted'}"
                )
        if not found:
            async with self.real.look() as look:
                found = await self._compare(look)
        return said, found

    async def _compare(self, look: Look) -> Found:
        orders, heads, self._seen = await look.moved(self._seen)
        found = _differences("stock of item, place", await look.stock(), dict(self.oracle.spots))
        found += _differences("hold of order, line, item, place", await look.holds(), self._holds())
        found += await self._orders(look, orders | self.oracle.touched_orders)
        return found + await self._heads(look, heads)

    def _holds(self) -> dict[tuple[Any, ...], tuple[int, bool]]:
        """What shoppers hold, and what is over of the cases of hubs' orders (line 0 of theirs)."""
        oracle = self.oracle
        expected: dict[tuple[Any, ...], tuple[int, bool]] = {
            key: (held.quantity, held.committed) for key, held in oracle.holds.items()
        }
        for (head, item, place), account in oracle.open_accounts():
            if account.surplus:
                key = (town.head_id(*head), 0, item, place)
                expected[key] = (account.surplus, account.committed > 0)
        return expected

    async def _orders(self, look: Look, numbers: set[int]) -> Found:
        if not numbers:
            return []
        expected = {
            number: (bought.status, tuple((quantity, state) for _, quantity, state in bought.lines))
            for number in numbers
            if (bought := self.oracle.orders.get(number))
        }
        return _differences("order", await look.orders(numbers), expected)

    async def _heads(self, look: Look, moved: set[uuid.UUID]) -> Found:
        known = {town.head_id(*head): head for head in self.oracle.touched_heads}
        if not known and not moved:
            return []
        expected = {}
        for id_, head in known.items():
            lines = {
                (item, place): (account.held, account.committed, account.consumed, account.surplus)
                for item, place, account in self.oracle.accounts_of(head)
            }
            expected[id_] = (self.oracle.heads[head], lines)
        return _differences("held order", await look.heads({*known, *moved}), expected)

    async def everything(self) -> Found:
        """What the two disagree about over everything that ever was."""
        numbers = list(self.oracle.orders)
        async with self.real.look() as look:
            if (stored := await look.count_orders()) != len(numbers):
                return [f"{stored} orders are stored, not {len(numbers)}"]
            for first in range(0, len(numbers), _AT_ONCE):
                if found := await self._orders(look, set(numbers[first : first + _AT_ONCE])):
                    return found
            self.oracle.touched_heads = set(self.oracle.heads)
            return await self._heads(look, set())


def _differences(what: str, real: dict[Any, Any], expected: dict[Any, Any]) -> Found:
    """Sentences about what is not the same, the first few."""
    if real == expected:
        return []
    keys = [key for key in {**expected, **real} if real.get(key) != expected.get(key)]
    return [f"{what} {_name(key)}: {real.get(key)}, not {expected.get(key)}" for key in keys[:_TOLD]]


def _name(key: Any) -> str:
    return ", ".join(map(str, key)) if isinstance(key, tuple) else str(key)


class Ground:
    """Where towns live: a database in which each has an organisation of its own."""

    def __init__(self, database: Database, registry: Registry) -> None:
        self._database = database
        self._registry = registry
        self._towns = 0

    async def settle(self) -> Life:
        """A new town with its oracle."""
        self._towns += 1
        real = Town(self._database, self._registry, self._towns)
        await real.found()
        return Life(real)

    async def disagrees(self, history: History) -> Found:
        """What is found first when a history is lived through again; nothing where the two agree."""
        life = await self.settle()
        for batch in history:
            _, found = await life.live(batch)
            if found:
                return found
        return await life.everything()


async def run(ground: Ground, plan: Plan, *, heard: Heard | None = None) -> Report:
    """Lives as planned, until the end or the first disagreement; `heard` is told how many commands are done."""
    life = await ground.settle()
    chooser = Chooser(plan.seed, life.oracle, plan.batch)
    report = Report()
    begin = time.perf_counter()
    while report.commands < plan.commands and not report.disagreements:
        batch = chooser.batch()
        report.kept.add(batch)
        said, report.disagreements = await life.live(batch)
        report.batches, report.last = report.batches + 1, batch[-1].at
        report.commands += len(batch)
        report.answers.update(
            f"{step.kind} {answer or 'accepted'}" for step, answer in zip(batch, said, strict=True)
        )
        report.seconds = time.perf_counter() - begin
        if heard:
            heard(report.commands)
    if not report.disagreements:
        report.disagreements = await life.everything()
    return report


Shows: TypeAlias = Callable[[History], Awaitable[bool]]


async def shortest(history: History, shows: Shows, *, seconds: float = 120.0) -> tuple[Batch, ...]:
    """A history from which nothing can be left out any more without the fault going away; less thorough when time runs out.

    Of a long one the end is tried first, which may be enough by itself and takes no time to live through. Then delta debugging: first
    whole batches are dropped, then commands, ever smaller parts at a time (Zeller and Hildebrandt 2002).
    """
    until = time.monotonic() + seconds
    batches = await _reduced(await _end(list(history), shows), shows, until)
    flat = [(n, step) for n, batch in enumerate(batches) for step in batch]

    async def shows_steps(steps: list[Any]) -> bool:
        return await shows(_together(steps))

    return _together(await _reduced(flat, shows_steps, until))


async def _end(history: list[Batch], shows: Shows) -> list[Batch]:
    """The shortest of some ends of a history that shows the fault; all of it where none does."""
    size = _LAST
    while size < len(history):
        if await shows(history[-size:]):
            return history[-size:]
        size *= 4
    return history


def _together(steps: Iterable[tuple[int, Any]]) -> tuple[Batch, ...]:
    batches: dict[int, list[Any]] = {}
    for number, step in steps:
        batches.setdefault(number, []).append(step)
    return tuple(tuple(batch) for batch in batches.values())


async def _reduced(
    parts: list[Any], shows: Callable[[list[Any]], Awaitable[bool]], until: float
) -> list[Any]:
    size = max(1, len(parts) // 2)
    while parts and time.monotonic() < until:
        dropped = False
        first = len(parts) - size
        # From the end, because what happened last before the fault is the likeliest to be needed, and is tried once.
        while first > -size and time.monotonic() < until:
            rest = parts[: max(0, first)] + parts[first + size :]
            if len(rest) < len(parts) and await shows(rest):
                parts, dropped = rest, True
            first -= size
        if size == 1 and not dropped:
            break
        size = max(1, size // 2)
    return parts
