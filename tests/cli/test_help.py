"""What the program says of itself: every command with an example that it understands, and exit codes."""

from __future__ import annotations

import inspect
import re
import shlex
from pathlib import Path

import pytest

from coster.cli import flows, replaying
from coster.cli.main import app, main
from coster.cli.output import Exit
from coster.edges.api.operations import OPERATIONS
from tests.cli.conftest import Inside
from tests.house import reference
from tests.house.tree import PROJECT

COMMANDS = sorted(reference.commands(app))
EXAMPLE = re.compile(r"Example: (.*)")


def examples(command: str) -> list[str]:
    """The examples in a command's own words."""
    found = app
    for word in command.split()[1:]:
        found = found[word]
    told = getattr(found.default_command, "__doc__", "") or ""
    return EXAMPLE.findall(told)


def test_every_promised_command_is_there() -> None:
    """The commands that the program is announced with."""
    there = {command.split()[1] for command in COMMANDS}
    assert there >= {"init", "serve", "demo", "verify", "import", "bench", "keys", "db", "sessions"}


def test_list_of_commands(capsys: pytest.CaptureFixture[str]) -> None:
    """`coster` alone lists all commands, each with a sentence, and the exit codes."""
    assert main([]) == Exit.DONE
    told = capsys.readouterr().out
    for name in app:
        if not name.startswith("-"):
            assert re.search(rf"^│ +{name} +\S", told, re.MULTILINE), name
    assert "Exit codes" in told


def test_list_of_commands_for_flows(capsys: pytest.CaptureFixture[str]) -> None:
    """Each has its sentence, also the one that is loaded only when it is called; that has the same words itself."""
    assert main(["flows"]) == Exit.DONE
    told = capsys.readouterr().out
    for name in app["flows"]:
        if not name.startswith("-"):
            assert re.search(rf"^│ +{name} +\S", told, re.MULTILINE), name
    assert app["flows"]["replay"].help == inspect.getdoc(replaying.replay)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Help ends well, and shows how the command is called."""
    assert main([*command.split()[1:], "--help"]) == Exit.DONE
    told = " ".join(capsys.readouterr().out.split())
    assert told.startswith(f"Usage: {command}")
    assert f"{command}" in told.partition("Example: ")[2]


@pytest.mark.parametrize("command", COMMANDS)
def test_examples_are_understood(command: str) -> None:
    """Whoever copies an example is not told that it is wrong."""
    found = examples(command)
    assert found
    for example in found:
        words = shlex.split(example)
        words = words[words.index("coster") + 1 :]
        called, bound, _ = app.parse_args(words, exit_on_error=False, print_error=False)
        assert command.split()[1:] == words[: len(command.split()) - 1]
        assert called.__doc__ is not None, bound


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        ["keys", "create", "emperor"],
        ["serve", "--port", "many"],
        ["import", "orders"],
        ["db", "shake"],
    ],
)
def test_what_is_not_understood_is_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A slip of the pen ends with code 2 and says what would be right, on standard error or as help."""
    assert main(words) == Exit.USAGE
    assert "".join(capsys.readouterr())


def test_setting_that_does_not_fit_is_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The setting is named."""
    monkeypatch.setenv("COSTER_PORT", "99999")
    assert main(["verify"]) == Exit.USAGE
    assert capsys.readouterr().err.startswith("coster: COSTER_PORT: ")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """The version is one line."""
    assert main(["version"]) == Exit.DONE
    assert re.fullmatch(r"coster \d+\.\d+\.\d+\S*\n", capsys.readouterr().out)


def test_exit_codes_are_documented() -> None:
    """Every code has its row in the table of docs/reference/cli.md, and no other has."""
    text = (PROJECT / "docs" / "reference" / "cli.md").read_text("utf-8")
    rows = {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)}
    assert rows == {int(code) for code in Exit}


def test_data_directory_out_of_reach_is_told(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the data cannot be, the sentence names the option that helps, and nothing is left behind."""
    closed = place / "closed"
    closed.mkdir(mode=0o700 if (place.stat().st_uid == 0) else 0o500)
    assert main(["init", "--data-dir", str(closed / "data")]) == Exit.REFUSED
    told = capsys.readouterr().err
    assert "choose" in told
    assert "--data-dir" in told or place.stat().st_uid != 0
    assert not (closed / "data").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("bench", "replay", "--first-week", "54"),
        ("bench", "replay", "--weeks", "0"),
        ("bench", "orders", "--seconds", "0"),
        ("simulate", "--commands", "-1"),
        ("simulate", "--batch", "0"),
    ],
)
def test_numbers_that_mean_nothing_are_refused(words: tuple[str, ...], inside: Inside) -> None:
    """Before anything is done, and not by doing nothing and calling it well."""
    refused = inside(*words)
    assert refused.code == Exit.USAGE
    assert "Must be" in refused.out + refused.err


def test_what_is_no_address_of_a_database_is_refused(inside: Inside) -> None:
    """In a sentence."""
    refused = inside("db", "place", "nowhere")
    assert refused.code == Exit.REFUSED
    assert refused.err.startswith("coster: this is no address of a PostgreSQL database")


def test_every_command_on_flows_has_its_like_in_the_api() -> None:
    """The table of docs/reference/flows.md has a row for each, and every address in it is there."""
    text = (PROJECT / "docs" / "reference" / "flows.md").read_text("utf-8")
    rows = dict(re.findall(r"^  \| `([a-z]+)` \| (.*) \|$", text, re.MULTILINE))
    assert sorted(rows) == sorted(name for name in flows.app if not name.startswith("-"))
    known = {f"{one.method} {one.path}" for one in OPERATIONS}
    named = {address for row in rows.values() for address in re.findall(r"`([A-Z]+ /api/v1/[^`]+)`", row)}
    assert named <= known
    assert all("`/api/v1" in row or "/api/v1/" in row for row in rows.values())
