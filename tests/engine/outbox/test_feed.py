"""The feed by cursor and as a stream: filters, pages, scope, and going on where it was left."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest

from coster.engine.db.connect import Database
from coster.engine.outbox import feed
from coster.engine.outbox.feed import Filter
from coster.engine.outbox.wake import Bell
from tests.engine.outbox import probes
from tests.engine.outbox.probes import ONE, TWO, Program, note

pytestmark = pytest.mark.database


@pytest.fixture
async def program(database: Database) -> Program:
    """An organisation with five events: a1, b2 (of entity two), c3 (another name), d4 (of entity two), e5."""
    await probes.make_organisation(database)
    program = Program(database)
    await program.do(note("a1"), note("b2", TWO), note("c3", event="other"), note("d4", TWO), note("e5"))
    return program


async def read(
    program: Program, after: Any = 0, limit: int = 10, **wanted: Any
) -> tuple[list[str], int, bool]:
    """Texts of a page, and where it goes on."""
    async with program.database.read(1) as conn:
        page = await feed.read_events(conn, 1, after, limit, wanted=Filter(**wanted))
    return [event.event.data["text"] for event in page.events], page.after, page.more


async def test_pages_join_without_gap_or_overlap(program: Program) -> None:
    """Each page says where the next begins."""
    assert await read(program, limit=2) == (["a1", "b2"], 2, True)
    assert await read(program, after=2, limit=3) == (["c3", "d4", "e5"], 5, False)
    assert await read(program, after=5) == ([], 5, False)


async def test_filters_pass_over_what_is_not_wanted(program: Program) -> None:
    """And the cursor with them, so nothing is looked at twice."""
    assert await read(program, names=["other"]) == (["c3"], 5, False)
    assert await read(program, entity="nothing") == ([], 5, False)
    assert await read(program, entity_id=TWO) == (["b2", "d4"], 5, False)
    assert await read(program, entity_id=TWO, limit=1) == (["b2"], 2, True)


async def test_who_may_see_one_enterprise_sees_its_events_only(program: Program) -> None:
    """Events name the enterprises that they concern; nobody without one sees anything."""
    assert await read(program, enterprises=[TWO]) == (["b2", "d4"], 5, False)
    assert await read(program, enterprises=[]) == ([], 5, False)


async def test_an_event_that_names_no_enterprise_is_for_the_whole_organisation(program: Program) -> None:
    """A scope of one enterprise does not show it."""
    async with program.database.system() as conn:
        await conn.execute("UPDATE event SET data = data - 'enterprises' WHERE seq = 2")
    assert (await read(program, enterprises=[TWO]))[0] == ["d4"]
    assert (await read(program))[0] == ["a1", "b2", "c3", "d4", "e5"]


async def test_another_organisation_sees_nothing(program: Program) -> None:
    """Its numbers begin anew."""
    await probes.make_organisation(program.database, 2)
    async with program.database.read(2) as conn:
        page = await feed.read_events(conn, 2, 0, 10)
    assert page == feed.Page([], 0, more=False)


async def test_a_page_that_the_filter_leaves_empty_still_goes_on(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A question looks at a bounded number of events."""
    monkeypatch.setattr(feed, "_WINDOW", 2)
    assert await read(program, names=["other"]) == ([], 2, True)
    assert await read(program, after=2, names=["other"]) == (["c3"], 4, True)


async def test_a_stream_resumes_after_the_last_event_and_goes_on_with_new_ones(program: Program) -> None:
    """What was there, then what comes, rung by the bell long before the poll."""
    stream = feed.Stream(program.database, program.gatherer.committed.listen(), poll=30)
    async with contextlib.aclosing(stream.follow(1, 3)) as events:
        first = [(await anext(events)).seq for _ in range(2)]
        coming = asyncio.create_task(anext(events))
        await asyncio.sleep(0.05)
        await program.do(note("f6"))
        sixth = await asyncio.wait_for(coming, 5)
    assert (first, sixth.seq, sixth.event.data["text"]) == ([4, 5], 6, "f6")


async def test_a_stream_gives_signs_of_life_and_sees_what_others_commit(program: Program) -> None:
    """None while nothing comes; another process's commit rings no bell here."""
    stream = feed.Stream(program.database, Bell().listen(), poll=0.02)
    async with contextlib.aclosing(stream.follow(1, 5, wanted=Filter(names=["other"]))) as events:
        sign = await anext(events)
        await program.do(note("f6"), note("g7", ONE, "other"))
        async with asyncio.timeout(5):
            while (event := await anext(events)) is None:
                pass
    assert (sign, event.seq) == (None, 7)
