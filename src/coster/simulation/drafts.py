"""Two towns live through the same days, one by the flows as they are and one by a draft: who ends differently, and why.

Nothing of this is told by the oracle, which knows the flows that are shipped only: it is what the choices of the days follow from.
Timers fire in both towns, by a clock that only the days move.
"""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec

from coster.engine.batch.handler import Registry
from coster.engine.batch.run import Result
from coster.engine.db import sql
from coster.engine.db.connect import Database
from coster.engine.flows.model import DraftFlow, PinFlow, PublishFlow
from coster.engine.outbox.send import Pace, Sender
from coster.engine.outbox.timers import Timers
from coster.engine.workflow.records import Flow
from coster.kernel import ids
from coster.kernel.clock import ManualClock
from coster.kernel.outcome import Accepted, Rejected
from coster.simulation import town
from coster.simulation.choices import Chooser
from coster.simulation.oracle import Oracle
from coster.simulation.simulate import Heard, Plan
from coster.simulation.steps import Batch, Step
from coster.simulation.town import Town

# A simulated town does in milliseconds what people do in seconds; timers are about people.
SLOWER: Final = 1000
_ENDS: Final = dt.timedelta(days=2)
NEVER: Final = "never began"
_ONE_BY_ONE: Final = Pace(at_once=1)
_Key: TypeAlias = tuple[str, uuid.UUID]
_q = sql.read(Path(__file__).parent / "sql" / "drafts.sql")


class DraftRefusedError(Exception):
    """The draft cannot be tried: why, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """An order or held order that ends differently: where, and by which events from the first that differs."""

    what: str
    was: str
    would: str
    went: tuple[str, ...]
    would_go: tuple[str, ...]

    @property
    def way(self) -> str:
        """Both ends in words; the same status may have come with other quantities."""
        return (
            f"{self.was} → {self.would}" if self.was != self.would else f"{self.was}, with other quantities"
        )


@dataclass(slots=True)
class Beside:
    """What two towns came to: how many ended the same, who did not, and on how many the draft had a say at all."""

    commands: int = 0
    same: int = 0
    on_draft: int = 0
    differ: list[Ended] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """The comparison as JSON types."""
        ways = Counter(one.way for one in self.differ)
        return {
            "commands": self.commands, "same": self.same, "on_draft": self.on_draft, "differ": len(self.differ),
            "ways": dict(ways.most_common()), "entities": [msgspec.to_builtins(one) for one in self.differ],
        }  # fmt: skip


class _Place:
    """One of the two towns, with its timers."""

    def __init__(self, database: Database, registry: Registry, org_id: int) -> None:
        self.town = Town(database, registry, org_id)
        self._clock = ManualClock(town.START)
        bodies = {kind: handler.body for kind, handler in registry.by_kind.items()}
        sender = Sender(self.town.carry_out, _ONE_BY_ONE)
        self._timers = Timers(database, bodies, sender, self._clock, _ONE_BY_ONE)

    async def live(self, batch: Batch) -> None:
        """Timers that are due until then, and the batch."""
        await self.pass_to(town.instant(batch[0].at))
        await self.town.live(batch)

    async def pass_to(self, instant: dt.datetime) -> None:
        """Whatever is due until the instant, in its order."""
        if instant > self._clock.now():
            self._clock.move_to(instant)
        while await self._timers.fire(self.town.org_id):
            pass


async def beside(
    database: Database,
    registry: Registry,
    draft: tuple[str, Flow],
    history: Iterable[Batch],
    *,
    heard: Heard | None = None,
) -> Beside:
    """Lives through the days in both towns; `draft` is a flow's text and what it reads as. Raises DraftRefusedError."""
    text, flow = draft
    first, second = _Place(database, registry, 1), _Place(database, registry, 2)
    for place in (first, second):
        await place.town.found()
    await _publish(second.town, text, flow)
    found, last = Beside(), 0
    for batch in history:
        await first.live(batch)
        await second.live(batch)
        found.commands += len(batch)
        last = batch[-1].at
        if heard:
            heard(found.commands)
    for place in (first, second):
        await place.pass_to(town.instant(last) + _ENDS)
    await _compare(found, (first.town, second.town), flow)
    return found


def days(plan: Plan) -> Iterator[Batch]:
    """Batches as planned, at the pace of people."""
    oracle = Oracle(town.terms())
    chooser = Chooser(plan.seed, oracle, plan.batch)
    done = 0
    while done < plan.commands:
        batch = chooser.batch()[: plan.commands - done]
        for step in batch:
            oracle.answer(step)
        done += len(batch)
        yield tuple(slower(step) for step in batch)


def slower(step: Step) -> Step:
    """The same at the pace of people."""
    as_of = None if step.as_of is None else step.as_of * SLOWER
    return msgspec.structs.replace(
        step, at=step.at * SLOWER, until=step.until * SLOWER, amend=step.amend * SLOWER, as_of=as_of
    )


async def _publish(place: Town, text: str, flow: Flow) -> None:
    """Has new entities of the town begin on the draft. Raises DraftRefusedError with the first refusal."""
    reason = "tried beside what is shipped"
    bodies = (
        DraftFlow(name=flow.name, text=text, reason=reason),
        PublishFlow(name=flow.name, version=flow.version, reason=reason),
        PinFlow(name=flow.name, version=flow.version, reason=reason),
    )
    for body in bodies:
        [result] = await place.ask([body])
        outcome = result.outcome if isinstance(result, Result) else result
        if isinstance(outcome, Rejected):
            raise DraftRefusedError(outcome.message)
        if not isinstance(outcome, Accepted):
            raise outcome


async def _compare(found: Beside, towns: tuple[Town, Town], flow: Flow) -> None:
    """Order by order and held order by held order."""
    was, would = [await _ends(one) for one in towns]
    differing = [key for key in {**was, **would} if was.get(key) != would.get(key)]
    found.same = len({**was, **would}) - len(differing)
    found.on_draft = await _begun_on(towns[1], flow)
    went, goes = [await _ways(one, differing) for one in towns]
    for key in differing:
        mine, other = went.get(key, []), goes.get(key, [])
        ended = Ended(
            what=_name(*key),
            was=was[key][0] if key in was else NEVER,
            would=would[key][0] if key in would else NEVER,
            went=_since_parted(mine, other),
            would_go=_since_parted(other, mine),
        )
        found.differ.append(ended)


async def _ends(one: Town) -> dict[_Key, tuple[str, str]]:
    """Status and lines of everything, by kind and id."""
    async with one.database.read(one.org_id) as conn:
        rows = await _q.ends(conn, org_id=one.org_id)
    return {(row["entity"], row["id"]): (row["status"], row["lines"]) for row in rows}


async def _begun_on(one: Town, flow: Flow) -> int:
    async with one.database.read(one.org_id) as conn:
        return int(await _q.begun_on(conn, org_id=one.org_id, flow=flow.name, version=flow.version))


async def _ways(one: Town, keys: Sequence[_Key]) -> dict[_Key, list[str]]:
    """What each went through, an event and where it led to after the other."""
    kinds = {id_: entity for entity, id_ in keys}
    found: dict[_Key, list[str]] = {}
    async with one.database.read(one.org_id) as conn:
        for row in await _q.ways(conn, org_id=one.org_id, ids=list(kinds)):
            key = (kinds[row["entity_id"]], row["entity_id"])
            led = f"{row['name']} → {row['status']}"
            found.setdefault(key, []).append(_in_vain(row["refused"]) if row["refused"] else led)
    return found


def _in_vain(refused: Mapping[str, Any]) -> str:
    """What was tried and refused, with the guards that were false."""
    guards = [one["guard"] for one in refused.get("guards", ()) if not one["answer"]]
    why = f"not {' or '.join(guards)}" if guards else str(refused.get("reason", "")).replace("_", " ")
    return f"{refused.get('trigger')} refused in {refused.get('status')} ({why})"


def _name(entity: str, id_: uuid.UUID) -> str:
    return f"order {town.number_of(id_)}" if entity == "order" else f"held order {ids.short(id_)}"


def _since_parted(mine: Sequence[str], other: Sequence[str]) -> tuple[str, ...]:
    """What one went through from where the two part."""
    shared = sum(
        1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(mine, other, strict=False))
    )
    return tuple(mine[shared:])
