"""Entities that go from version to version, page by page, and back."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from coster.engine.flows import model, moving, store
from coster.kernel import ids
from tests.engine.flows.lodge import FIRST, RENAMED, SECOND, Lodge, MoveMemos

NAME = "memo.plain"
MOVE, BACK = ids.derived("move"), ids.derived("back")
SEEN = {"read": "seen"}


def migrate(
    move_id: uuid.UUID = MOVE, sources: tuple[int, ...] = (1,), to: int = 2, **more: Any
) -> model.MigrateFlow:
    """Begins a move."""
    return model.MigrateFlow(
        move_id=move_id,
        name=NAME,
        sources=list(sources),
        to_version=to,
        reason="The old one is over.",
        **more,
    )


def undo(move_id: uuid.UUID = BACK, undoes: uuid.UUID = MOVE) -> model.UndoMove:
    """Begins the way back."""
    return model.UndoMove(move_id=move_id, undoes=undoes, reason="It was a mistake.")


async def moved(lodge: Lodge, org: int, move_id: uuid.UUID) -> tuple[int, int, str]:
    """How far a move is."""
    async with lodge.database.read(org) as conn:
        row = await conn.fetchrow(
            "SELECT moved, stayed, state FROM flow_move WHERE org_id = $1 AND id = $2", org, move_id
        )
    return row["moved"], row["stayed"], row["state"]


async def test_a_move_takes_everybody_page_by_page(lodge: Lodge, org: int) -> None:
    """Statuses follow the mapping that was published; what has ended stays; each page is told."""
    await lodge.publish(org, RENAMED, SEEN)
    await lodge.add(org, 700)
    await lodge.add(org, 800, status="read")
    await lodge.add(org, 3, status="shut")
    await lodge.ask(org, migrate())
    events = await lodge.follow(org, MOVE)
    assert await lodge.counts(org) == {(1, "shut"): 3, (2, "open"): 700, (2, "seen"): 800}
    assert [(event.name, event.data["moved"]) for event in events] == [
        (moving.ADVANCED, 500), (moving.ADVANCED, 1000), (moving.ADVANCED, 1500), (moving.FINISHED, 1500),
    ]  # fmt: skip
    assert await moved(lodge, org, MOVE) == (1500, 0, "done")


async def test_a_move_is_undone_for_those_who_are_still_there(lodge: Lodge, org: int) -> None:
    """Who has gone on stays and is counted; everybody else is exactly where he was."""
    await lodge.publish(org, RENAMED, SEEN)
    memos = await lodge.add(org, 600, status="read")
    await lodge.ask(org, migrate())
    await lodge.follow(org, MOVE)
    async with lodge.database.system() as conn:
        await conn.execute(
            "UPDATE memo SET status = 'shut' WHERE org_id = $1 AND id = ANY($2)", org, memos[:5]
        )
    await lodge.ask(org, undo())
    await lodge.follow(org, BACK)
    assert await lodge.counts(org) == {(1, "read"): 595, (2, "shut"): 5}
    assert await moved(lodge, org, BACK) == (595, 5, "done")


async def test_a_page_that_comes_again_moves_nobody(lodge: Lodge, org: int) -> None:
    """Reactions may be repeated; a page that is over is answered, and nothing is counted twice."""
    await lodge.publish(org, SECOND)
    await lodge.add(org, 20)
    await lodge.ask(org, migrate())
    page = MoveMemos(move_id=MOVE)
    results = await lodge.send(org, page, page, actor=moving.ids.NIL)
    assert [result.outcome.value["moved"] for result in results] == [20, 0]  # type: ignore[union-attr]
    assert await moved(lodge, org, MOVE) == (20, 0, "done")
    assert await lodge.ask(org, page) == "not_permitted"


async def test_who_moved_in_between_is_left_out(lodge: Lodge, org: int) -> None:
    """What was found without a lock may be elsewhere by the time it is locked."""
    await lodge.publish(org, SECOND)
    (memo,) = await lodge.add(org, 1)
    await lodge.ask(org, migrate())
    tables = await lodge.tables(org)
    async with lodge.database.write(org) as conn:
        moves = await moving_of(conn, org)
    gone = {memo: moving.Standing(id=memo, version=2, status="open")}
    assert moving.page(moves, MOVE, gone, [memo], tables).rows == []
    assert moving.page(moves, MOVE, {}, [memo], tables).move.done


async def moving_of(conn: Any, org: int) -> moving.Moving:
    """The move, locked."""

    return await store.load_moving(conn, org, [MOVE], entity="memo")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (migrate(to=3), "flow_version_not_found"),
        (migrate(sources=(9,)), "flow_version_not_found"),
        (migrate(sources=()), "not_valid"),
        (migrate(sources=(1, 1)), "not_valid"),
        (migrate(sources=(1, 2)), "not_valid"),
        (migrate(mapping={}), "flow_migration_refused"),
        (migrate(mapping={"read": "nowhere"}), "flow_migration_refused"),
        (migrate(mapping={"red": "seen", **SEEN}), "flow_migration_refused"),
        (migrate(mapping={"read": "open"}), None),
        (undo(), "flow_move_not_found"),
    ],
)
async def test_a_move_on_which_somebody_would_be_lost_does_not_begin(
    lodge: Lodge, org: int, body: Any, code: str | None
) -> None:
    """Versions must be there, and every status must have its place."""
    await lodge.publish(org, RENAMED, SEEN)
    answer = await lodge.ask(org, body)
    assert (answer if isinstance(answer, str) else None) == code


async def test_of_a_flow_one_move_runs_at_a_time(lodge: Lodge, org: int) -> None:
    """The second waits for the first; a move is undone once, and the way back is not undone."""
    await lodge.publish(org, SECOND)
    await lodge.ask(org, migrate())
    other = ids.derived("other")
    assert [await lodge.ask(org, body) for body in (migrate(other), undo(), migrate())] == [
        "flow_move_running", "flow_move_running", "flow_move_exists",
    ]  # fmt: skip
    await lodge.follow(org, MOVE)
    await lodge.ask(org, undo())
    await lodge.follow(org, BACK)
    assert await lodge.ask(org, undo(other)) == "flow_move_undone"
    assert await lodge.ask(org, undo(other, BACK)) == "flow_move_not_undoable"


async def test_statuses_of_several_versions_are_mapped_together(lodge: Lodge, org: int) -> None:
    """A status that only one of the versions has is no mistake of the mapping."""
    await lodge.publish(org, RENAMED, SEEN)
    await lodge.publish(org, FIRST.replace("version: 1", "version: 3"), {"seen": "read"})
    await lodge.add(org, 2, status="read")
    await lodge.add(org, 3, version=2, status="seen")
    await lodge.ask(org, migrate(sources=(1, 2), to=3))
    await lodge.follow(org, MOVE)
    assert await lodge.counts(org) == {(3, "read"): 5}


async def test_a_room_follows_only_its_own_moves(lodge: Lodge, org: int) -> None:
    """Every room hears of every move."""
    await lodge.publish(org, SECOND)
    (result,) = await lodge.send(org, migrate())
    [event] = result.events
    news = moving.Stored(org, 1, event, None, moving.ids.NIL, moving.ids.NIL)  # type: ignore[arg-type]
    assert moving.follows(news, "memo") == moving.Follows(move_id=MOVE, after=None)
    assert moving.follows(news, "order") is None
