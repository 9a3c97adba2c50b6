"""Days that were recorded: the events of an organisation, put together to the lives of its entities, and led again by a draft."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import msgspec

from coster.engine.db.connect import Database
from coster.engine.flows import audit
from coster.engine.flows.library import Library
from coster.engine.outbox import feed
from coster.engine.workflow import compile as compiling
from coster.engine.workflow import plugins
from coster.engine.workflow.records import Flow
from coster.engine.workflow.step import Table
from coster.engine.workflow.tables import Tables
from coster.engine.workflow.trying import replaying
from coster.engine.workflow.trying.coverage import Coverage
from coster.engine.workflow.trying.life import World
from coster.engine.workflow.trying.replaying import Compared, Heard, Led
from coster.kernel.message import SYSTEM, Stored

_PAGE: Final = 1000
_EVERYTHING: Final = 1 << 60
_AT_ONCE: Final = 500


class FactsOf(Protocol):
    """What the events of a kind of entity tell of the facts that guards read."""

    def __call__(
        self, entity_id: uuid.UUID, at: dt.datetime, data: Mapping[str, Any], /, *, first: bool
    ) -> dict[str, Any]:
        """By the name of the field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """How events tell of lives: facts by entity (of others only what guards read at the time is known), the kinds of children
    whose part stands in the events of their parent, and in whose events an entity is told that has none of its own."""

    facts: Mapping[str, FactsOf]
    children: tuple[str, ...] = ()
    parents: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Most:
    """Bounds on what is read and led again: events, and the entities that began or were met first."""

    events: int = _EVERYTHING
    lives: int = _EVERYTHING


@dataclass(slots=True)
class Again:
    """Recorded lives beside those that a draft would have given them."""

    lives: int = 0
    same: int = 0
    differ: list[Compared] = field(default_factory=list)
    untold: list[Compared] = field(default_factory=list)
    moved: int = 0
    """Entities that were moved to another version on the way; they are not compared."""
    covered: Coverage | None = None
    """How often the rows of the draft's own version were carried out, where entities were on it."""
    until: dt.datetime | None = None
    """Until when events were read; before the days end where there were more than were to be read."""
    left_out: int = 0
    """Entities beyond the bound, which were not led again."""

    def told(self) -> dict[str, Any]:
        """The comparison as JSON types."""
        ways = Counter(f"{one.was} → {one.would}" for one in self.differ)
        return {
            "lives": self.lives, "same": self.same, "differ": len(self.differ), "untold": len(self.untold), "moved": self.moved,
            "left_out": self.left_out, "ways": dict(ways.most_common()), "entities": msgspec.to_builtins([*self.differ, *self.untold]),
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Which days of which organisation, and how its events tell of them."""

    org_id: int
    since: dt.datetime
    until: dt.datetime
    telling: Telling
    most: Most = Most()


async def again(
    database: Database, library: Library, draft: Flow, days: Days, *, others: Mapping[str, Flow]
) -> Again:
    """Leads every life again that the days know of, by the draft; `others` are the flows that it may name, for its children.

    Raises FlowRefusedError where the draft is not proved.
    """
    actions = {one.spec.name: one for one in plugins.installed() if one.entity == draft.entity}
    world = World(vocabulary=library.vocabulary, library=others, actions=actions)
    table = compiling.compile_flow(draft, library.vocabulary, others)
    async with database.read(days.org_id) as conn:
        tables = await library.tables(conn, days.org_id)
    found = Again()
    led = await lives(database, draft, tables, days)
    found.moved, found.until, found.left_out = led.moved, led.until, led.left_out
    # It takes as long as it takes, and a server has others to answer meanwhile.
    await asyncio.to_thread(_lead, found, (table, world), led)
    found.covered = replaying.lived(draft, led.told)
    return found


def _lead(found: Again, by: tuple[Table, World], led: Lives) -> None:
    """Each life again by a table, beside what it was."""
    for one in replaying.replay(*by, led.told, until=led.until):
        found.lives += 1
        if one.same:
            found.same += 1
        else:
            (found.differ if one.would else found.untold).append(one)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lives:
    """The lives that were told, in the order of their beginning; how many were moved on the way or were too many, and are left out;
    and until when events were read."""

    told: list[Led]
    moved: int
    left_out: int
    until: dt.datetime


async def lives(database: Database, draft: Flow, tables: Tables, days: Days) -> Lives:
    """The lives on the draft's flow, within the bounds."""
    gathered: dict[uuid.UUID, _Gathered] = {}
    left_out: set[uuid.UUID] = set()
    seen, until = 0, days.until
    telling = days.telling
    async for news in _events(database, days, telling.parents.get(draft.entity, draft.entity)):
        seen += 1
        if seen > days.most.events:
            until = news.at
            break
        id_, of_flow = news.event.entity_id, _part(news.event.data, draft.name, telling.children)
        if of_flow is None:
            continue
        if id_ not in gathered and len(gathered) >= days.most.lives:
            left_out.add(id_)
            continue
        one = gathered.setdefault(id_, _Gathered(news.event.entity, telling))
        one.hear(news, of_flow, tables)
    told = [one.led(id_) for id_, one in gathered.items() if not one.moved]
    moved = sum(one.moved for one in gathered.values())
    return Lives(told=told, moved=moved, left_out=len(left_out), until=until)


def _part(data: Mapping[str, Any], name: str, children: Sequence[str]) -> Mapping[str, Any] | None:
    """What an event tells of a flow: of the entity's own, or of its child's."""
    own = data.get("flow") or {}
    parts = (own, *(own.get(kind) for kind in children))
    return next((part for part in parts if part and part.get("name") == name), None)


class _Gathered:
    """What was heard of one entity so far."""

    def __init__(self, entity: str, telling: Telling) -> None:
        self._facts: FactsOf | None = telling.facts.get(entity)
        self._children = telling.children
        self._first: tuple[Stored, Mapping[str, Any]] | None = None
        self._given: dict[str, Any] = {}
        self._heard: list[Heard] = []
        self._version = 0
        self.moved = False

    def hear(self, news: Stored, flow: Mapping[str, Any], tables: Tables) -> None:
        """One event more."""
        facts = self._told(news, flow)
        if self._first is None:
            self._first, self._given = (news, flow), facts
        elif flow["version"] != self._version:
            self.moved = True
        self._version = int(flow["version"])
        if "trigger" in flow:
            table = tables.of(str(flow["name"]), self._version)
            timers = table.timers.get(str(flow["from"]), ())
            by_time = news.actor == SYSTEM and any(timer.trigger == flow["trigger"] for timer in timers)
            below: dict[str, tuple[str, ...]] = {
                kind: (str(flow[kind]["to"]),) for kind in self._children if kind in flow
            }
            rows = tuple(int(row["row"]) for row in flow["rows"])
            heard = Heard(
                at=news.at,
                trigger=str(flow["trigger"]),
                timer=by_time,
                children=below,
                below=bool(below) and flow["trigger"] not in table.accepted_in,
                facts=facts,
                rows=rows,
                status=str(flow["to"]),
            )
            self._heard.append(heard)

    def _told(self, news: Stored, flow: Mapping[str, Any]) -> dict[str, Any]:
        facts: dict[str, Any] = {}
        for row in audit.rows(flow):
            for guard in row["guards"]:
                facts |= replaying.facts_of(guard["values"])
        if self._facts is not None:
            facts |= self._facts(
                news.event.entity_id, news.at, news.event.data, first=news.event.version == 1
            )
        return facts

    def led(self, id_: uuid.UUID) -> Led:
        """The life, from the first thing that is known of it."""
        assert self._first is not None, "something was heard of it"
        news, flow = self._first
        return Led(
            id=str(id_),
            version=self._version,
            began=news.at,
            given=self._given,
            begun_in=str(flow["from"] if "trigger" in flow else flow["to"]),
            heard=tuple(self._heard),
        )


async def _events(database: Database, days: Days, entity: str) -> AsyncIterator[Stored]:
    """The events of these days about a kind of entity, in their order."""
    after = await _before(database, days)
    more = True
    while more:
        async with database.read(days.org_id) as conn:
            page = await feed.read_events(conn, days.org_id, after, _PAGE, wanted=feed.Filter(entity=entity))
        for news in page.events:
            if news.at >= days.until:
                return
            if news.at >= days.since:
                yield news
        after, more = page.after, page.more


async def _before(database: Database, days: Days) -> int:
    """A number after which all events of the days come that are kept. A few looks, however many there are."""
    async with database.read(days.org_id) as conn:
        high, first = await feed.numbers(conn, days.org_id)
        low = first
        while high - low > _AT_ONCE:
            middle = (low + high) // 2
            page = await feed.read_events(conn, days.org_id, middle, 1)
            if page.events and page.events[0].at >= days.since:
                high = middle
            else:
                low = middle
    # Events are numbered as they are committed, and are of the instants of their commands: a little before, for who took longer.
    return max(first, low - _AT_ONCE)
