"""Lives that were really led, led again by another version of their flow: who would have ended differently, and why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

import msgspec

from coster.engine.workflow.document import Plain
from coster.engine.workflow.records import Flow
from coster.engine.workflow.step import Table
from coster.engine.workflow.trying import story
from coster.engine.workflow.trying.coverage import Coverage, covered
from coster.engine.workflow.trying.life import Life, StoppedError, World
from coster.engine.workflow.trying.scenario import Facts, Given, Step
from coster.engine.workflow.trying.story import Seen


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that an entity went through, as its events tell it."""

    at: dt.datetime
    trigger: str
    timer: bool = False
    """Whether time sent it; another version has timers of its own, so it is not sent again."""
    children: dict[str, tuple[str, ...]] = {}
    """Where its children have come with it, by kind."""
    below: bool = False
    """Whether it came to a child, and the entity only heard of it."""
    attributes: Facts = {}
    facts: Facts = {}
    """What the room's context was afterwards, as far as it was written down."""
    rows: tuple[int, ...] = ()
    """The rows that it carried out, by their place in the file of the version that the entity was on."""
    status: str = ""
    """The status afterwards."""


class Led(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an entity from its beginning, or from the first thing that is still known."""

    id: str
    version: int
    """Of its flow, at the end."""
    began: dt.datetime
    given: Facts = {}
    begun_in: str = ""
    """The status in which it began; empty: the flow's initial one."""
    heard: tuple[Heard, ...]

    @property
    def status(self) -> str:
        """Where it is."""
        return self.heard[-1].status if self.heard else self.begun_in


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One life beside the one that it would have been."""

    id: str
    was: str
    would: str
    """The status at the end; empty: it cannot be told."""
    parted: dt.datetime | None = None
    """When the two first differed."""
    why: str = ""
    """What came of the trigger then, or why it cannot be told."""

    @property
    def same(self) -> bool:
        """Whether both end in the same status."""
        return self.was == self.would


def replay(table: Table, world: World, lives: Iterable[Led], *, until: dt.datetime) -> tuple[Compared, ...]:
    """One comparison for each life, in order, with the clock taken to `until` at the end.

    What was sent by people and programs is sent again at the same instants with the facts of then; timers are those of the table.
    """
    return tuple(_compared(table, world, led, until) for led in lives)


def _compared(table: Table, world: World, led: Led, until: dt.datetime) -> Compared:
    parted: tuple[dt.datetime, str] | None = None
    try:
        life = Life(table, world, Given(status=led.begun_in, at=led.began, context=led.given))
        for heard, seen in _relived(life, led):
            if parted is None and life.status != heard.status:
                parted = (heard.at, _reason(seen, heard))
        early = life.status
        late = life.step(Step(until=until))
    except StoppedError as stopped:
        return Compared(id=led.id, was=led.status, would="", why=str(stopped))
    if parted is None and life.status != early:
        parted = (late[0].at, _reason(list(late), None))
    at, why = parted or (None, "")
    return Compared(id=led.id, was=led.status, would=life.status, parted=at, why=why)


def _relived(life: Life, led: Led) -> Iterator[tuple[Heard, list[Seen]]]:
    """Each thing that was heard, with what comes of it now: of the timers until then, and of what was sent."""
    for heard in led.heard:
        seen = list(life.step(Step(until=heard.at)))
        if heard.timer:
            seen += life.step(Step(context=heard.facts)) if heard.facts else ()
        # What came to the entity itself moved its children only by what it told them.
        told = heard.below or heard.timer
        if not told:
            # Facts of afterwards are the facts of before as well, but for what the event itself changed.
            came = life.step(Step(event=heard.trigger, attributes=heard.attributes, then=heard.facts))
            told = any(one.rows for one in came)
            seen += came
        if heard.children and told:
            seen += life.step(Step(children=heard.children, context=heard.facts))
        yield heard, seen


def _reason(seen: list[Seen], heard: Heard | None) -> str:
    """What came of it, in a sentence."""
    fired = [row for one in seen for row in one.rows]
    refused = [one for one in seen if one.refused]
    was = f"'{heard.trigger}' led to {heard.status}" if heard else "it stayed"
    if fired:
        told = "; ".join(f"'{row.trigger}' leads to {row.to} (line {row.line})" for row in fired)
        return f"{was}; now {told}"
    if refused:
        return f"{was}; now {refused[0].refused}: {refused[0].detail}"
    return f"{was}; now nothing comes of it"


def lived(flow: Flow, lives: Iterable[Led]) -> Coverage:
    """How often real entities of this version carried out each row."""
    mine = [heard for led in lives if led.version == flow.version for heard in led.heard]
    rows = [(number, heard.status) for heard in mine for number in heard.rows]
    return covered(flow, rows)


def facts_of(values: dict[str, Plain]) -> Facts:
    """What guards read, as an event tells it, without what is no fact of the entity itself."""
    ours = ("event.", "settings.", "children.")
    return {name: value for name, value in values.items() if not name.startswith(ours) and name != "now"}


def told(found: Compared) -> str:
    """A comparison as a line for people."""
    if not found.would:
        return f"{found.id}: cannot be told: {found.why}"
    at = f" from {story.moment(found.parted)}" if found.parted else ""
    return f"{found.id}: {found.was}, would be {found.would}{at}: {found.why}"
