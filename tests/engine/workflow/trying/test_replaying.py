"""Lives that were led are led again by another version: who would have ended differently is told, with when and why."""

from __future__ import annotations

import datetime as dt

from coster.engine.workflow import compile as compiler
from coster.engine.workflow.trying import replaying
from coster.engine.workflow.trying.life import World
from coster.engine.workflow.trying.replaying import Heard, Led
from tests.engine.workflow import cases, vocabularies

WORLD = World(vocabulary=vocabularies.PARCEL)
SAME = compiler.load(cases.GOOD, vocabularies.PARCEL)
STRICTER = compiler.load(
    cases.GOOD.replace("version: 1", "version: 2").replace("when: items > 0", "when: items > 2"),
    vocabularies.PARCEL,
)
EARLIER = compiler.load(
    cases.GOOD.replace("version: 1", "version: 2").replace(
        "after: {field: due}", "after: {field: due, before: PT2H}"
    ),
    vocabularies.PARCEL,
)
NINE = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)
EVENING = NINE.replace(hour=20)
FACTS = {"items": 2, "express": False, "due": "2026-11-23T12:00:00Z"}


def at(hour: int) -> dt.datetime:
    """An hour of the day."""
    return NINE.replace(hour=hour)


PACKED = Heard(at=at(11), trigger="pack", attributes={"boxes": 1}, rows=(0,), status="packed")
SHIPPED = Heard(at=at(13), trigger="ship", rows=(3,), status="gone")
LATE = Heard(at=at(12), trigger="after:due", timer=True, rows=(4,), status="parked")


def led(*heard: Heard) -> Led:
    """A parcel of two items that began at nine."""
    return Led(id="parcel 7", version=1, began=NINE, given=FACTS, heard=heard)


def test_the_same_version_leads_the_same_life() -> None:
    """Whatever was sent, and whatever was due, comes to what it came to."""
    lives = [led(PACKED, SHIPPED), led(LATE), led(PACKED)]
    found = replaying.replay(SAME, WORLD, lives, until=EVENING)
    assert [(one.was, one.would, one.parted, one.why) for one in found] == [
        ("gone", "gone", None, ""),
        ("parked", "parked", None, ""),
        ("packed", "packed", None, ""),
    ]


def test_another_guard_parts_two_lives_where_it_answers_differently() -> None:
    """The instant, what it led to and what it leads to now; what comes afterwards has nothing to act on."""
    [found] = replaying.replay(STRICTER, WORLD, [led(PACKED, SHIPPED)], until=EVENING)
    assert (found.was, found.would, found.same, found.parted) == ("gone", "gone", True, at(11))
    assert found.why == "'pack' led to packed; now 'pack' leads to gone (line 20)"
    [unshipped] = replaying.replay(STRICTER, WORLD, [led(PACKED)], until=EVENING)
    assert replaying.told(unshipped) == (
        "parcel 7: packed, would be gone from 2026-11-23T11:00:00Z: "
        "'pack' led to packed; now 'pack' leads to gone (line 20)"
    )


def test_timers_are_those_of_the_other_version() -> None:
    """What time sent is not sent again; a timer that is due earlier takes the goods from the next event."""
    [found] = replaying.replay(EARLIER, WORLD, [led(PACKED)], until=EVENING)
    assert (found.was, found.would, found.parted) == ("packed", "parked", at(11))
    assert "'after:due-PT2H' leads to parked" in found.why
    [late] = replaying.replay(EARLIER, WORLD, [led(LATE)], until=EVENING)
    assert (late.was, late.would) == ("parked", "parked")


def test_what_was_never_written_down_cannot_be_told() -> None:
    """A guard on a fact that no event told ends the comparison of this life, and says which."""
    unknown = Led(id="parcel 8", version=1, began=NINE, given={"due": FACTS["due"]}, heard=(PACKED,))
    [found] = replaying.replay(STRICTER, WORLD, [unknown], until=EVENING)
    assert (found.would, found.same) == ("", False)
    assert "items" in found.why
    assert replaying.told(found).startswith("parcel 8: cannot be told: ")


def test_rows_are_counted_over_real_lives_of_the_version() -> None:
    """Lives of other versions do not count: their rows are other rows."""
    other = Led(id="parcel 9", version=2, began=NINE, heard=(PACKED,))
    found = replaying.lived(SAME.flow, [led(PACKED, SHIPPED), led(PACKED), other])
    assert [row.times for row in found.rows][:4] == [2, 0, 0, 1]
    assert (found.statuses["packed"], found.statuses["gone"]) == (2, 1)


def test_facts_are_what_is_of_the_entity() -> None:
    """What a guard read of its event, of settings, children and the clock is no fact to be kept."""
    read = {
        "items": 1,
        "event.boxes": 2,
        "settings.most": 3,
        "children.boxes": {},
        "now": "2026-11-23T09:00:00Z",
    }
    assert replaying.facts_of(read) == {"items": 1}
