"""Old rows go into files, each once, whatever happens meanwhile; and what is left still proves itself."""

from __future__ import annotations

import asyncio
import datetime as dt
import gzip
import stat
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from coster.domain.inventory.model import AdjustStock, CountStock
from coster.engine.archive import files, ledger, limits, reading
from coster.engine.archive.model import KINDS, Kind, Part, Unfit
from coster.engine.archive.parts import Job, Keeper
from coster.engine.db.connect import Database
from coster.kernel.clock import SystemClock
from tests.engine.archive.world import DECEMBER, TABLES, World, instant, world
from tests.guards.scene import broken
from tests.town import name_id

pytestmark = pytest.mark.database


@pytest.fixture
async def town(database: Database) -> World:
    """Two months of a town."""
    return await world(database)


@pytest.mark.parametrize("rows", [2, 7, 1000])
async def test_each_old_row_is_in_one_file_and_every_promise_is_kept(
    town: World, tmp_path: Path, rows: int
) -> None:
    """With parts of any size, also such that a position's ledger is spread over several; what is younger stays."""
    before = await town.everything()
    assert await town.broken() == set()
    parts = await town.archive(tmp_path, rows=rows)
    assert await town.is_whole(tmp_path, before)
    assert await town.broken() == set()
    assert {part.month for part in parts} == {"2026-11"}
    assert max(part.rows for part in parts) <= max(rows, 2 * rows - 1)
    for kind in KINDS:
        assert all(instant(line) < DECEMBER for line in town.there(tmp_path, kind))
    old = {kind: sum(instant(line) < DECEMBER for line in before[kind]) for kind in KINDS}
    assert {kind: len(town.there(tmp_path, kind)) for kind in KINDS} == old


async def test_a_position_goes_on_from_what_was_carried_forward(town: World, tmp_path: Path) -> None:
    """One entry under the last number that went, with what all of them came to; the next order is number that plus one."""
    was = await town.rows(
        "SELECT on_hand, held, committed, seq FROM position WHERE item_id = $1", town.carrots
    )
    await town.archive(tmp_path)
    entries = await town.rows(
        "SELECT g.seq, g.type, g.on_hand, g.held, g.committed FROM ledger AS g "
        "JOIN position AS p ON p.org_id = g.org_id AND p.id = g.position_id "
        "WHERE p.item_id = $1", town.carrots)  # fmt: skip
    assert entries == [{**was[0], "type": "CARRIED"}]
    await town.do(town.basket("Ida", town.carrots))
    assert await town.value("SELECT seq FROM position WHERE item_id = $1", town.carrots) == was[0]["seq"] + 1
    await town.read_all()
    assert await town.broken() == set()


async def test_run_twice_moves_nothing_twice_and_later_months_follow(town: World, tmp_path: Path) -> None:
    """The second run finds nothing; a month later the rest but the last event goes, and carried entries are carried on."""
    before = await town.everything()
    first = await town.archive(tmp_path, rows=5)
    assert await town.archive(tmp_path, rows=5) == []
    second = await town.archive(tmp_path, DECEMBER + dt.timedelta(days=31), rows=5)
    assert await town.is_whole(tmp_path, before)
    assert await town.broken() == set()
    assert [part.number for part in first + second] == list(range(1, len(first + second) + 1))
    assert {part.month for part in second} == {"2026-12"}
    assert len(await town.here("events")) == 1
    assert [row["n"] for row in await town.rows("SELECT count(*) AS n FROM ledger GROUP BY position_id")] == [
        1,
        1,
    ]


async def test_rows_can_be_made_again_from_an_archive(town: World, tmp_path: Path) -> None:
    """As docs/operate/growth.md says it: the lines into a table of text, and from there into tables like ours; every column is the same."""
    kept = {
        kind: await town.rows(f"SELECT * FROM {table} WHERE at < $1", DECEMBER)
        for kind, table in TABLES.items()
    }
    parts = await town.archive(tmp_path, rows=4)
    async with town.database.system() as conn:
        await conn.execute("CREATE SCHEMA scratch; CREATE TABLE scratch.line (kind text, line text)")
        for part in parts:
            await conn.execute("INSERT INTO scratch.line SELECT $1, unnest($2::text[])", part.kind,
                               [line.decode() for line in reading.lines(tmp_path, part)])  # fmt: skip
        for kind, table in TABLES.items():
            await conn.execute(f"CREATE TABLE scratch.{table} (LIKE coster.{table})")
            await conn.execute(
                f"INSERT INTO scratch.{table} SELECT r.* FROM scratch.line AS l, "
                f"json_populate_record(NULL::coster.{table}, l.line::json) AS r WHERE l.kind = '{kind}'"
            )
            again = [dict(row) for row in await conn.fetch(f"SELECT * FROM scratch.{table}")]
            assert sorted(map(repr, again)) == sorted(map(repr, kept[kind]))


async def test_files_are_their_owners_and_their_manifest_says_what_they_hold(
    town: World, tmp_path: Path
) -> None:
    """Gzip, one JSON a line, mode 0600; counts, keys and digests fit, and one changed byte is found."""
    parts = await town.archive(tmp_path / "deep" / "archive", rows=6)
    directory = tmp_path / "deep" / "archive"
    assert files.manifest(directory, 1) == parts
    assert [found.fault for found in reading.check(directory, 1)] == [""] * len(parts)
    paths = [directory / part.file for part in parts]
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o600}
    assert all(
        len(gzip.decompress(path.read_bytes()).splitlines()) == part.rows
        for path, part in zip(paths, parts, strict=True)
    )
    spoilt = bytearray(paths[1].read_bytes())
    spoilt[len(spoilt) // 2] ^= 1
    paths[1].write_bytes(spoilt)
    paths[2].unlink()
    faults = [found.fault for found in reading.check(directory, 1)]
    assert faults[:3] == ["", "the file is not what was written", "the file is not there"]


# -- stopped in the middle -----------------------------------------------------------------------------------------


class Crash(Exception):
    """The process is gone."""


async def test_stopped_after_any_part_the_next_run_goes_on(town: World, tmp_path: Path) -> None:
    """Each time one part further, until nothing is left: every row is in one place all along, and every promise kept."""
    before = await town.everything()
    told: list[Part] = []

    def crash(part: Part) -> None:
        told.append(part)
        raise Crash

    while True:
        try:
            await town.archive(tmp_path, rows=4, told=crash)
        except Crash:
            assert await town.is_whole(tmp_path, before)
            assert await town.broken() == set()
            continue
        break
    assert [part.number for part in told] == list(range(1, len(told) + 1))
    assert len(told) > len(KINDS)


def _names(directory: Path) -> list[str]:
    return [path.name for path in directory.glob("*.ndjson.gz")]


@pytest.mark.parametrize("kind", KINDS)
async def test_stopped_between_file_and_commit_the_rows_are_here_and_go_again(
    town: World, tmp_path: Path, kind: Kind
) -> None:
    """The file is there, and counts for nothing; the next run writes it anew."""
    before = await town.everything()
    async with town.database.system() as conn, conn.transaction():
        # Who reads goes on, and who removes waits.
        await conn.execute(f"LOCK TABLE {TABLES[kind]} IN SHARE MODE")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await town.archive(tmp_path)
    assert any(name.startswith(f"{kind}-") for name in _names(tmp_path / "org-1" / "2026-11"))
    assert await town.is_whole(tmp_path, before)
    await town.archive(tmp_path)
    assert await town.is_whole(tmp_path, before)
    assert await town.broken() == set()
    assert [found.fault for found in reading.check(tmp_path, 1)] == [""] * len(KINDS)


async def test_a_manifest_that_lacks_its_last_part_is_mended(town: World, tmp_path: Path) -> None:
    """Killed between the commit and the manifest, or while a line of it was being written."""
    before = await town.everything()
    parts = await town.archive(tmp_path, rows=9)
    path = tmp_path / "org-1" / files.MANIFEST
    whole = path.read_bytes()
    for left in (whole[: whole[:-1].rindex(b"\n") + 1], whole[:-7]):
        path.write_bytes(left)
        assert len(files.manifest(tmp_path, 1)) == len(parts) - 1
        assert await town.archive(tmp_path, rows=9) == []
        assert path.read_bytes() == whole
    assert await town.is_whole(tmp_path, before)


async def test_two_at_once_do_not_get_into_each_others_way(town: World, tmp_path: Path) -> None:
    """Into one directory the second is refused; into two, each part is written by one of them, and the other ends with a sentence.

    The file that it had written for the same part may be there as well; it is the same to the byte.
    """
    with files.locked(tmp_path, 1), pytest.raises(Unfit, match="another process is archiving organisation 1"):
        await town.archive(tmp_path)
    before = await town.everything()
    here, there = tmp_path / "here", tmp_path / "there"
    ended = await asyncio.gather(
        town.archive(here, rows=4), town.archive(there, rows=4), return_exceptions=True
    )
    assert [type(one) for one in ended if isinstance(one, BaseException)] in ([], [Unfit])
    await town.archive(here, rows=4)
    parts = {part.number: (where, part) for where in (here, there) for part in files.manifest(where, 1)}
    for kind in KINDS:
        lines = [
            line.decode()
            for where, part in parts.values()
            if part.kind == kind
            for line in reading.lines(where, part)
        ]
        assert sorted(await town.here(kind) + lines) == before[kind]
    assert await town.broken() == set()


async def test_what_another_has_taken_since_it_was_looked_for_is_not_taken_again(
    town: World, tmp_path: Path
) -> None:
    """Entries that went between looking for them and reading them: a sentence, no part without rows and no file left open."""
    position = await town.rows("SELECT id, seq FROM position WHERE item_id = $1", town.carrots)
    parcel = [(row["id"], row["seq"]) for row in position]
    await town.archive(tmp_path / "there")
    here, left = tmp_path / "here", await town.everything()
    with pytest.raises(Unfit, match="another process is archiving organisation 1; wait for it"):
        await ledger.keep(_keeper(Keeper, town, here), "2026-11", parcel)
    assert [path for path in here.rglob("*") if path.is_file()] == []
    assert await town.everything() == left
    assert await town.broken() == set()


async def test_what_another_takes_between_reading_and_removing_is_in_one_part(
    town: World, tmp_path: Path
) -> None:
    """Also where each position has one entry, in place of which one stands that carries it forward."""
    rows = await town.rows("SELECT DISTINCT position_id FROM ledger")
    parcel = [(row["position_id"], 1) for row in rows]
    before, here, there = await town.everything(), tmp_path / "here", tmp_path / "there"
    other = _keeper(Keeper, town, there)

    class Slow(Keeper):
        """Overtaken once it has read."""

        async def keep(self, *args: Any, **more: Any) -> None:
            await ledger.keep(other, "2026-11", parcel)
            await super().keep(*args, **more)

    with pytest.raises(Unfit, match="another process is archiving"):
        await ledger.keep(_keeper(Slow, town, here), "2026-11", parcel)
    assert await town.is_whole(there, before)
    assert files.manifest(here, 1) == []
    assert await town.broken() == set()


def _keeper(kind: type[Keeper], town: World, directory: Path) -> Keeper:
    files.prepare(directory)
    job = Job(before=DECEMBER, directory=directory, clock=SystemClock(), told=[].append)
    return kind(town.database, 1, job)


async def test_orders_go_on_meanwhile(town: World, tmp_path: Path) -> None:
    """Forty receipts and orders on a position whose beginning goes: each is accepted, and everything adds up."""
    before = await town.everything()

    async def sell() -> None:
        for number in range(40):
            await town.do(AdjustStock(item_id=town.leeks, location_id=place, quantity=1000, type="RECEIPT"))
            await town.do(town.basket(f"Shopper {number}", town.leeks))

    place = name_id(f"barn of {name_id('Jean')}")
    await asyncio.gather(sell(), town.archive(tmp_path, rows=2))
    await town.read_all()
    assert await town.broken() == set()
    for kind in KINDS:
        now = await town.here(kind) + town.there(tmp_path, kind)
        assert set(before[kind]) <= set(now)
        assert len(now) == len(set(now))
    assert len(await town.here("ledger")) >= 40


async def test_a_directory_of_another_database_is_refused(town: World, tmp_path: Path) -> None:
    """As where a database was restored from a backup that is older than its archive: nothing of it is overwritten."""
    await town.archive(tmp_path)
    path = tmp_path / "org-1" / files.MANIFEST
    before = path.read_bytes()
    await town.value("DELETE FROM archive_part")
    with pytest.raises(Unfit, match="which this database does not know"):
        await town.archive(tmp_path)
    assert path.read_bytes() == before


# -- what is still needed stays ------------------------------------------------------------------------------------


async def _kept_from(town: World) -> int:
    return await town.value("SELECT min(seq) FROM event")


async def test_events_that_a_reader_has_not_seen_stay_with_their_commands(
    town: World, tmp_path: Path
) -> None:
    """Reactions, a webhook endpoint that is paused, a kept delivery, a parked reaction: each is named, and holds up what it needs."""
    waiting = [
        ("UPDATE relay_cursor SET seq = 3", "reactions", 3),
        ("INSERT INTO relay_cursor (org_id, reader, seq) VALUES (1, 'somebody', 5)", "somebody", 5),
        (
            "INSERT INTO parked_reaction (org_id, seq, reaction, cause, resumed) VALUES (1, 8, 'r', 'why', false)",
            "parked reaction r",
            7,
        ),
    ]
    for statement, who, upto in waiting:
        await town.value(statement)
        survey = await limits.survey(town.database, 1, DECEMBER)
        assert [(one.who.split(" (")[0], one.upto) for one in survey.held_up] == [(who, upto)]
        assert sum(survey.rows["events"].values()) == upto + 1 - await _kept_from(town)
        await town.archive(tmp_path)
        assert await _kept_from(town) == upto + 1
        assert await town.broken() <= {"nothing_given_up", "reactions_in_time"}
        await town.value("DELETE FROM relay_cursor WHERE reader = 'somebody'")
        await town.read_all()


async def test_nothing_goes_before_the_reactions_have_ever_run(town: World, tmp_path: Path) -> None:
    """No event, and so no command."""
    await town.value("DELETE FROM relay_cursor")
    parts = await town.archive(tmp_path)
    assert {part.kind for part in parts} == {"ledger"}


async def test_a_count_of_an_archived_instant_comes_too_late(town: World, tmp_path: Path) -> None:
    """What came and went since cannot be told any more; a count from after it can."""
    await town.archive(tmp_path)
    place = name_id(f"barn of {name_id('Jean')}")
    late = CountStock(item_id=town.leeks, location_id=place, quantity=9000, as_of=town.opened)
    refused = await town.refused(late)
    carried = await town.value("SELECT max(at) FROM ledger WHERE type = 'CARRIED'")
    assert (refused.code, refused.detail["archived_until"][:19]) == (
        "count_outdated",
        carried.isoformat()[:19],
    )
    held = await town.value("SELECT on_hand FROM position WHERE item_id = $1", town.leeks)
    # All that came since then are the five kilograms of December.
    await town.do(CountStock(item_id=town.leeks, location_id=place, quantity=12_000, as_of=DECEMBER))
    assert held == 15_000
    assert await town.value("SELECT on_hand FROM position WHERE item_id = $1", town.leeks) == 17_000
    await town.read_all()
    assert await town.broken() == set()


@pytest.fixture(scope="module")
async def archived(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A town whose November is in files."""
    made = await world(module_database)
    await made.archive(tmp_path_factory.mktemp("archive"))
    return made


@pytest.mark.parametrize(
    ("breach", "promise"),
    [
        ("UPDATE ledger SET held = held + 1 WHERE type = 'CARRIED'", "position_is_sum"),
        ("DELETE FROM ledger WHERE type = 'CARRIED'", "position_is_sum"),
        ("UPDATE ledger SET type = 'CORRECTION' WHERE type = 'CARRIED'", "position_is_sum"),
        ("DELETE FROM event WHERE seq = (SELECT min(seq) FROM event)", "events_without_gap"),
        ("UPDATE event_counter SET archived = archived + 1", "events_without_gap"),
        ("DELETE FROM archive_part WHERE kind = 'events'", "events_without_gap"),
        ("DELETE FROM command WHERE id = (SELECT command_id FROM event ORDER BY seq DESC LIMIT 1)", "events_have_causes"),
        ("DELETE FROM event WHERE name = 'order.placed'", "orders_are_told"),
    ],
)  # fmt: skip
async def test_what_is_left_still_proves_itself(archived: World, breach: str, promise: str) -> None:
    """Whatever is taken away or changed behind an archive is found."""
    async with archived.database.system() as conn:
        transaction = conn.transaction()
        await transaction.start()
        assert await broken(conn, archived) == set()
        await conn.execute(breach)
        assert promise in await broken(conn, archived)
        await transaction.rollback()


@pytest.mark.parametrize("change", ["INSERT INTO archive_part SELECT * FROM archive_part", "UPDATE archive_part SET rows = 9",
                                    "DELETE FROM archive_part", "DELETE FROM ledger", "UPDATE ledger SET held = 0"])  # fmt: skip
async def test_requests_can_change_nothing_of_it(archived: World, change: str) -> None:
    """The role of requests reads which parts there are, and neither makes, changes nor removes one, or an entry."""
    async with archived.database.read(1) as conn:
        assert await conn.fetchval("SELECT count(*) FROM archive_part") == len(KINDS)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with archived.database.write(1) as conn:
            await conn.execute(change)
