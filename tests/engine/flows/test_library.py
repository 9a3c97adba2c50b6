"""The compiled flows of organisations: what is asked of the database, what is compiled, and what is kept."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest

from coster.engine.db import ask
from coster.engine.db.connect import Database
from coster.engine.flows import library as libraries
from coster.engine.flows import model, reads
from coster.engine.flows.library import Library
from coster.engine.workflow import compile as compiling
from coster.engine.workflow.tables import UnknownVersionError
from coster.kernel.errors import Broken, TryAgain
from tests.engine.flows.lodge import FIRST, SECOND, Lodge
from tests.engine.workflow import vocabularies

NAME = "memo.plain"


class Counting:
    """A connection that counts what is asked."""

    def __init__(self, conn: Any) -> None:
        self.conn = conn
        self.asked = 0

    def __getattr__(self, name: str) -> Any:
        self.asked += name.startswith("fetch")
        return getattr(self.conn, name)


async def asked(lodge: Lodge, org: int, library: Library, number: int) -> int:
    """How many statements it takes to have the tables of that state."""
    async with lodge.database.read(org) as conn:
        counting = Counting(conn)
        await library.at(counting, org, number)
    return counting.asked


async def mark(lodge: Lodge, org: int) -> int:
    """The number of the organisation's flows."""
    async with lodge.database.read(org) as conn:
        return await ask.answer(conn, org, lodge.library.asked(org))


async def test_what_is_shipped_costs_nothing(lodge: Lodge, org: int) -> None:
    """An organisation that has published nothing has the number 0, and nothing is asked for that."""
    assert await mark(lodge, org) == 0
    assert await asked(lodge, org, lodge.library, 0) == 0


async def test_nothing_is_asked_while_nothing_was_published(lodge: Lodge, org: int, tmp_path: Path) -> None:
    """A process that has just begun asks twice; the same state costs nothing then, a new pin one statement."""
    await lodge.publish(org, SECOND)
    (tmp_path / "memo.plain.yaml").write_text(FIRST, encoding="utf-8")
    fresh = Library(vocabularies.MEMO, tmp_path)
    number = await mark(lodge, org)
    assert [await asked(lodge, org, fresh, number) for _ in range(3)] == [2, 0, 0]
    await lodge.ask(org, model.PinFlow(name=NAME, version=1, reason="Back."))
    assert await mark(lodge, org) != number
    assert await asked(lodge, org, fresh, await mark(lodge, org)) == 1


async def test_only_versions_that_are_used_are_compiled(
    lodge: Lodge, org: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many an organisation has, a batch compiles the one on which its entity is, once."""
    for version in range(2, 22):
        await lodge.publish(
            org,
            SECOND.replace("version: 2", f"version: {version}\ntitle: The {version}th of {org}"),
            pin=False,
        )
    compiled: list[int] = []
    prepare = compiling.prepare

    def counted(flow: Any, vocabulary: Any) -> Any:
        compiled.append(flow.version)
        return prepare(flow, vocabulary)

    monkeypatch.setattr(compiling, "prepare", counted)
    tables = await lodge.tables(org)
    assert compiled == []
    for _ in range(3):
        tables.of(NAME, 7)
    assert (compiled, len(tables.versions)) == ([7], 21)


async def test_what_was_not_asked_for_longest_is_forgotten(
    lodge: Lodge, org: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The texts of organisations are kept up to a number of versions; what was forgotten is asked for again."""
    monkeypatch.setattr(libraries, "MOST_VERSIONS", 2)
    (tmp_path / "memo.plain.yaml").write_text(FIRST, encoding="utf-8")
    fresh, orgs = Library(vocabularies.MEMO, tmp_path), [org, org + 2000, org + 3000]
    for other in orgs[1:]:
        await lodge.begin(other)
    for one in orgs:
        await lodge.publish(one, SECOND)
    numbers = [await mark(lodge, one) for one in orgs]
    costs = [
        await asked(lodge, one, fresh, number) for one, number in zip(orgs * 2, numbers * 2, strict=True)
    ]
    assert costs == [2, 2, 2, 2, 2, 2]
    assert await asked(lodge, orgs[2], fresh, numbers[2]) == 0


async def test_a_version_that_is_not_known_is_a_lost_race(lodge: Lodge, org: int) -> None:
    """It was published after the state was read, so the batch is run again."""
    tables = await lodge.tables(org)
    with pytest.raises(UnknownVersionError):
        tables.of(NAME, 2)
    assert issubclass(UnknownVersionError, TryAgain)
    assert tables.begin(NAME, uuid.uuid4()).flow.version == 1


async def test_a_published_flow_that_fits_no_more_is_told(lodge: Lodge, org: int, tmp_path: Path) -> None:
    """A trigger's guard that reads what the room no longer has is a broken thing, told by name, and no crash of others."""
    parcels = tmp_path / "parcels"
    parcels.mkdir()
    text = FIRST.replace("from: [open], to", "from: [open], when: lines > 0, to")
    await lodge.publish(org, SECOND)
    async with lodge.database.system() as conn:
        await conn.execute("UPDATE flow_version SET text = $2, digest = 'x' WHERE org_id = $1", org, text)
    (parcels / "memo.plain.yaml").write_text(FIRST, encoding="utf-8")
    fresh = Library(vocabularies.MEMO, parcels)
    async with lodge.database.read(org) as conn:
        tables = await fresh.tables(conn, org)
    with pytest.raises(Broken, match="lines"):
        tables.of(NAME, 2)
    assert tables.of(NAME, 1).flow.version == 1


async def test_older_versions_that_are_shipped_stay_usable(tmp_path: Path) -> None:
    """New entities begin on the newest."""
    (tmp_path / "memo.plain.yaml").write_text(SECOND, encoding="utf-8")
    (tmp_path / "memo.plain.1.yaml").write_text(FIRST, encoding="utf-8")
    library = Library(vocabularies.MEMO, tmp_path)
    assert library.shipped[NAME].flow.version == 2
    assert sorted(library.texts) == [(NAME, 1), (NAME, 2)]


async def test_nobody_begins_on_a_version_that_only_came_to_have_the_number_of_one_that_is_shipped(
    lodge: Lodge, org: int, tmp_path: Path
) -> None:
    """A later release ships a second version, and the organisation has one of its own: known as hidden, begun on when it is pinned."""
    await lodge.publish(org, SECOND, pin=False)
    (tmp_path / "memo.plain.1.yaml").write_text(FIRST, encoding="utf-8")
    (tmp_path / "memo.plain.yaml").write_text(SECOND.replace("read", "seen"), encoding="utf-8")
    later = Library(vocabularies.MEMO, tmp_path)
    async with lodge.database.read(org) as conn:
        tables = await later.tables(conn, org)
    assert (tables.hidden, tables.unpinned[NAME]) == (((NAME, 2),), 1)
    assert tables.begin(NAME, uuid.uuid4()).flow.version == 1
    assert [status.name for status in tables.of(NAME, 2).flow.statuses] == ["open", "read", "shut"]
    async with lodge.database.system() as conn:
        assert (org, NAME, 2) in await reads.hidden(conn, later.texts)
    await lodge.ask(org, model.PinFlow(name=NAME, version=2, reason="Ours is meant."))
    async with lodge.database.read(org) as conn:
        assert (await later.tables(conn, org)).begin(NAME, uuid.uuid4()).flow.version == 2


async def test_a_process_sees_what_another_has_published(
    lodge: Lodge, module_database: Database, org: int, tmp_path: Path
) -> None:
    """Without being told: by the number that it asks for anyway."""
    other = Lodge(module_database, tmp_path)
    await other.publish(org, SECOND)
    assert (await lodge.tables(org)).begin(NAME, uuid.uuid4()).flow.version == 2
