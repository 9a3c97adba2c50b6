"""Months, and how positions are put together to parts."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coster.engine.archive import rules
from coster.engine.archive.model import Obstacle

NOW = dt.datetime(2026, 12, 31, 23, 59, tzinfo=dt.UTC)


def test_a_month_ends_where_the_next_begins() -> None:
    """Over the end of a year, in UTC whatever zone the instant is told in; the last month ends with what was asked for."""
    assert rules.month_of(NOW.astimezone(dt.timezone(dt.timedelta(hours=1)))) == "2026-12"
    assert rules.end_of("2026-12") == dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
    assert rules.cuts(["2026-12", "2026-11"], NOW) == [
        ("2026-11", dt.datetime(2026, 12, 1, tzinfo=dt.UTC)),
        ("2026-12", NOW),
    ]


def test_one_part_holds_one_month() -> None:
    """And what came out of turn from before; nothing behind the first that is too young."""
    days = [NOW - dt.timedelta(days=days) for days in (40, 70, 39, 10, 50)]
    assert rules.in_one_month(days, NOW) == 3
    assert rules.in_one_month(days, days[2]) == 2
    assert rules.in_one_month([], NOW) == 0


def test_the_last_event_stays() -> None:
    """Of an organisation where everybody has read everything, and of one where somebody has read less."""
    assert (rules.events_upto(9, []), rules.events_upto(0, [])) == (8, 0)
    assert rules.events_upto(9, [Obstacle(who="a", upto=7), Obstacle(who="b", upto=4)]) == 4


@pytest.mark.parametrize(("parked", "hours"), [(False, 5), (True, 6)])
def test_commands_follow_their_events(*, parked: bool, hours: int) -> None:
    """No younger than the earliest event that is left; an hour older while a reaction is parked."""
    before = NOW
    assert rules.commands_before(before, NOW - dt.timedelta(hours=5), parked=parked) == NOW - dt.timedelta(
        hours=hours
    )
    assert rules.commands_before(before, None, parked=parked) == before


@given(
    spans=st.lists(st.tuples(st.integers(1, 5), st.integers(-1, 60)), max_size=20),
    size=st.integers(2, 30),
)
def test_parcels_take_every_beginning_and_no_more_than_they_may(
    spans: list[tuple[int, int]], size: int
) -> None:
    """Carried out one after the other they leave one entry of each position, and a position of one entry alone."""
    beginnings = [(uuid.UUID(int=number), first, first + more) for number, (first, more) in enumerate(spans)]
    there = {id_: list(range(first, upto + 1)) for id_, first, upto in beginnings}
    for parcel in rules.parcels(beginnings, size):
        taken = 0
        for id_, upto in parcel:
            gone = [seq for seq in there[id_] if seq <= upto]
            assert len(gone) >= 2
            taken += len(gone)
            there[id_] = [upto, *(seq for seq in there[id_] if seq > upto)]
        assert 2 <= taken <= size
    assert all(there[id_] == ([upto] if upto >= first else []) for id_, first, upto in beginnings)
