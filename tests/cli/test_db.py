"""`coster db`: what it does with a database that is there, and what it says about one that is not."""

from __future__ import annotations

import signal
from pathlib import Path

import asyncpg
import pytest

from coster.cli.output import Exit
from tests.cli.conftest import Inside, Shop, run, served, start


def test_status_of_a_database_that_fits(shop: Shop, inside: Inside) -> None:
    """Code 0, the version of PostgreSQL, and no password or name of a user in it."""
    told = inside("db", "status", "--json", env=shop.env)
    assert told.code == Exit.DONE
    assert (told.json["place"], told.json["running"], told.json["good"]) == (
        "COSTER_DATABASE_URL",
        True,
        True,
    )
    assert int(told.json["postgres"].partition(".")[0]) >= 15
    assert inside("db", "migrate", env=shop.env).out == "nothing to do: the database is up to date\n"


def test_backup_is_never_written_over_another(shop: Shop, inside: Inside, tmp_path: Path) -> None:
    """A new file is made, one that exists is kept, and nothing is restored into a database that holds anything."""
    file = tmp_path / "shop.dump"
    done = inside("db", "backup", str(file), env=shop.env)
    assert (done.code, done.out) == (Exit.DONE, f"{file}: {file.stat().st_size} bytes\n")
    again = inside("db", "backup", str(file), env=shop.env)
    assert (again.code, again.out) == (Exit.USAGE, "")
    assert "shop.dump" in again.err
    restored = inside("db", "restore", str(file), env=shop.env)
    assert restored.code == Exit.REFUSED
    assert restored.err.startswith("coster: the database is not empty")


def test_psql_passes_on_what_it_is_given(shop: Shop) -> None:
    """PostgreSQL's own terminal, with its own exit code."""
    asked = run("db", "psql", "-Atc", "SELECT count(*) FROM coster.org", env=shop.env)
    assert (asked.code, asked.out) == (0, "1\n")
    assert run("db", "psql", "-c", "SELECT nonsense", env=shop.env).code == 1


@pytest.mark.parametrize("command", ["start", "upgrade"])
def test_embedded_only(shop: Shop, inside: Inside, command: str) -> None:
    """What is for the embedded server is refused for another one."""
    done = inside("db", command, env=shop.env)
    assert done.code == Exit.USAGE
    assert done.err.startswith(f"coster: `coster db {command}` is for the embedded server")


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["status"], Exit.REFUSED, ""),
        (["migrate"], Exit.REFUSED, "there is no data directory"),
        (["backup", "x.dump"], Exit.REFUSED, "there is no data directory"),
        (["restore", "/nowhere/x.dump"], Exit.USAGE, "there is no backup /nowhere/x.dump"),
    ],
)
def test_no_database(inside: Inside, words: list[str], code: int, told: str) -> None:
    """A directory that is not there is told, and not made."""
    done = inside("db", *words, "--data-dir", "/nowhere/data")
    assert done.code == code
    assert told in done.err
    assert not Path("/nowhere").exists()


def test_server_that_is_away(inside: Inside) -> None:
    """A URL where nobody listens: code 4, one sentence, no secret of the URL in it."""
    env = {"COSTER_DATABASE_URL": "postgresql://me:secret@127.0.0.1:1/coster"}
    for words in (["verify"], ["db", "migrate"], ["keys", "list"], ["init"]):
        done = inside(*words, env=env)
        assert (done.code, done.out) == (Exit.REFUSED, "")
        assert len(done.err.splitlines()) == 1
        assert "secret" not in done.err


async def test_database_of_a_newer_program(shop: Shop) -> None:
    """Every command that would work on it says so and stops."""
    conn = await asyncpg.connect(shop.database_url)
    before = await conn.fetchval("SELECT version_num FROM coster.alembic_version")
    await conn.execute("UPDATE coster.alembic_version SET version_num = '9999'")
    try:
        told = [shop.run(*words) for words in (["verify"], ["db", "status"])]
    finally:
        await conn.execute("UPDATE coster.alembic_version SET version_num = $1", before)
        await conn.close()
    assert [done.code for done in told] == [Exit.REFUSED, Exit.REFUSED]
    assert "9999" in told[0].err
    assert "9999" in told[1].out


def test_embedded_database_from_first_to_last(place: Path, inside: Inside) -> None:
    """Made once; a server on it; a second one is refused; its database is restored elsewhere; all is kept."""
    data, dump, second = str(place / "data"), str(place / "x.dump"), str(place / "second")
    first = run("init", "--data-dir", data, "--name", "Valley", "--json")
    assert (first.code, first.json["organisation"]) == (Exit.DONE, 1)
    assert run("init", "--data-dir", data).out.startswith("There is an organisation 1 in ")
    with served({"COSTER_DATA_DIR": data}) as (url, process):
        listed = inside(
            "sessions", "list", "--json", env={"COSTER_URL": url, "COSTER_KEY": first.json["key"]}
        )
        assert (listed.code, listed.json) == (Exit.DONE, [])
        refused = run("serve", "--port", url.rpartition(":")[2], "--data-dir", data)
        assert (refused.code, refused.err.split(",")[0]) == (
            Exit.REFUSED,
            "coster: cannot listen on 127.0.0.1",
        )
        in_use = inside("db", "start", "--data-dir", data)
        assert in_use.code == Exit.IN_USE
        assert "in use" in in_use.err
        assert inside("db", "backup", dump, "--data-dir", data).code == Exit.DONE
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == Exit.DONE
    restored = inside("db", "restore", dump, "--data-dir", second)
    assert (restored.code, restored.err) == (Exit.DONE, "")
    kept = inside("keys", "list", "--data-dir", second, "--json")
    assert [key["name"] for key in kept.json] == ["owner"]
    assert inside("verify", "--data-dir", second).code == Exit.DONE


def test_database_alone(place: Path) -> None:
    """`coster db start` says how others reach it, and goes with Ctrl-C."""
    with start("db", "start", "--data-dir", str(place / "data")) as process:
        assert process.stdout is not None
        assert b"runs on" in process.stdout.readline()
        url = process.stdout.readline().decode().partition("='")[2].rstrip("'\n")
        assert run("init", "--json", env={"COSTER_DATABASE_URL": url}).code == Exit.DONE
        assert run("db", "status", "--data-dir", str(place / "data")).code == Exit.DONE
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == b"stopped\n"
        assert process.wait(30) == Exit.DONE
