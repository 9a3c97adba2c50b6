"""Instants at the ends of the calendar, in bodies and rows: refused at their place, however they are written."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import msgspec
import pytest

from coster.edges.http.bodies import Body
from coster.edges.http.problems import Problem


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """What begins when, in a list as bodies have it."""

    name: str
    begins: list[Annotated[dt.datetime, msgspec.Meta(tz=True)]]


BODY: Body[Planned] = Body(Planned)


@pytest.mark.parametrize(
    "text", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "\\u0039999-12-31T23:59:59-01:00"]
)
def test_an_instant_that_utc_does_not_have_is_refused(text: str) -> None:
    """With where it stands."""
    with pytest.raises(
        Problem, match=r"at '/begins/1'.* is no instant of the years 1 to 9999 in UTC"
    ) as caught:
        BODY.read(b'{"name": "a", "begins": ["2026-11-23T09:00:00Z", "%s"]}' % text.encode())
    assert caught.value.code == "body_invalid"


def test_the_same_in_a_row_of_a_file() -> None:
    """Rows are parsed already."""
    with pytest.raises(Problem, match="is no instant"):
        BODY.convert({"name": "a", "begins": ["9999-12-31T23:59:59-14:00"]})


def test_the_last_instant_that_there_is_and_text_like_one_are_taken() -> None:
    """A name may be anything, as long as it names no such instant."""
    read = BODY.read(b'{"name": "9999-12-31, or later", "begins": ["9999-12-31T23:59:59Z"]}')
    assert read.begins == [dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC)]
