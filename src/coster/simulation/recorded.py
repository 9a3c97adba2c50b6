"""Days that were recorded: the events of an organisation, put together to the lives of its entities, and led again by a draft."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import msgspec

from coster.domain.orders.rules import recorded as of_orders
from coster.domain.orders.rules import vocabulary_checkout
from coster.engine.db.connect import Database
from coster.engine.flows.library import Library
from coster.engine.outbox import feed
from coster.engine.workflow import compile as compiling
from coster.engine.workflow import plugins
from coster.engine.workflow.records import Flow
from coster.engine.workflow.tables import Tables
from coster.engine.workflow.trying import replaying
from coster.engine.workflow.trying.coverage import Coverage
from coster.engine.workflow.trying.life import World
from coster.engine.workflow.trying.replaying import Compared, Heard, Led
from coster.kernel.message import SYSTEM, Stored

_PAGE: Final = 1000
_AT_ONCE: Final = 500


class FactsOf(Protocol):
    """What the events of a kind of entity tell of the facts that guards read."""

    def __call__(
        self, entity_id: uuid.UUID, at: dt.datetime, data: Mapping[str, Any], /, *, first: bool
    ) -> dict[str, Any]:
        """By the name of the field."""


FACTS: Final[Mapping[str, FactsOf]] = {"order": of_orders.facts}
"""By entity; of others only what guards read at the time is known."""
_CHILDREN: Final = (vocabulary_checkout.KIND,)
"""Kinds of children whose part stands in the events of their parent."""
_TOLD_OF: Final = {vocabulary_checkout.CHECKOUT.entity: "order"}


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

    def told(self) -> dict[str, Any]:
        """The comparison as JSON types."""
        ways = Counter(f"{one.was} → {one.would}" for one in self.differ)
        return {
            "lives": self.lives, "same": self.same, "differ": len(self.differ), "untold": len(self.untold), "moved": self.moved,
            "ways": dict(ways.most_common()), "entities": msgspec.to_builtins([*self.differ, *self.untold]),
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Which days of which organisation; without an end until the last event."""

    org_id: int
    since: dt.datetime
    until: dt.datetime


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
    led, found.moved = await lives(database, draft, tables, days)
    for one in replaying.replay(table, world, led, until=days.until):
        found.lives += 1
        if one.same:
            found.same += 1
        else:
            (found.differ if one.would else found.untold).append(one)
    found.covered = replaying.lived(draft, led)
    return found


async def lives(database: Database, draft: Flow, tables: Tables, days: Days) -> tuple[list[Led], int]:
    """The lives on the draft's flow in the order of their beginning, and how many were moved on the way and left out."""
    gathered: dict[uuid.UUID, _Gathered] = {}
    async for news in _events(database, days, _TOLD_OF.get(draft.entity, draft.entity)):
        of_flow = _part(news.event.data, draft.name)
        if of_flow is not None:
            one = gathered.setdefault(news.event.entity_id, _Gathered(news.event.entity))
            one.hear(news, of_flow, tables)
    told = [one.led(id_) for id_, one in gathered.items() if not one.moved]
    return told, sum(one.moved for one in gathered.values())


def _part(data: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    """What an event tells of a flow: of the entity's own, or of its child's."""
    own = data.get("flow") or {}
    parts = (own, *(own.get(kind) for kind in _CHILDREN))
    return next((part for part in parts if part and part.get("name") == name), None)


class _Gathered:
    """What was heard of one entity so far."""

    def __init__(self, entity: str) -> None:
        self._facts: FactsOf | None = FACTS.get(entity)
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
                kind: (str(flow[kind]["to"]),) for kind in _CHILDREN if kind in flow
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
        for row in flow.get("rows", ()):
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
