"""Vocabulary files beside flows: found without being named, and nothing of a room is declared again."""

from __future__ import annotations

from pathlib import Path

import pytest

from coster.cli.output import Exit
from coster.engine.workflow import declaring
from tests.cli.conftest import Inside
from tests.house.tree import PROJECT

CRATE = """\
roles: [owner]
entities:
  crate: {owns: [holds], actions: {give_back: {summary: Gives it back., holds: released}}}
"""
FLOW = """\
name: crate.plain
entity: crate
version: 1
events: {end: {}}
statuses:
  open: {category: booking, holds: live, initial: true}
  gone: {category: done, holds: none, final: true}
transitions:
  - {on: end, from: open, do: [give_back], to: gone}
"""
SCENARIOS = (
    "flow: crate.plain\nscenarios: [{name: It ends, steps: [end], expect: {status: gone, holds: none}}]\n"
)


@pytest.fixture
def crates(tmp_path: Path) -> Path:
    """A directory with a flow, its scenarios and its vocabulary."""
    (tmp_path / "crates.vocabulary.yaml").write_text(CRATE, "utf-8")
    (tmp_path / "crate.plain.yaml").write_text(FLOW, "utf-8")
    (tmp_path / "crate.plain.scenarios.yaml").write_text(SCENARIOS, "utf-8")
    return tmp_path


def test_a_flow_finds_the_vocabulary_beside_it(inside: Inside, crates: Path) -> None:
    """Named alone, by its directory, or with everything that is there."""
    alone = inside("flows", "check", str(crates / "crate.plain.yaml"))
    assert (alone.code, "crate.plain version 1 is proved" in alone.out) == (Exit.DONE, True)
    assert inside("flows", "check", str(crates)).code == Exit.DONE
    assert inside("flows", "check", *map(str, crates.iterdir())).code == Exit.DONE
    assert inside("flows", "test", str(crates), "--least", "100").code == Exit.DONE
    assert inside("flows", "simulate", str(crates / "crate.plain.yaml"), "end").code == Exit.DONE


def test_a_vocabulary_is_no_flow(inside: Inside, crates: Path) -> None:
    """Alone there is nothing to check."""
    done = inside("flows", "check", str(crates / "crates.vocabulary.yaml"))
    assert (done.code, "found no flow" in done.err) == (Exit.USAGE, True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("entities: {order: {}}", "found the entity 'order', which is declared already"),
        ("entities: {crate: {owns: [stock]}}", "accepted: one of holds, authorisation, held_lines"),
    ],
)
def test_a_vocabulary_that_cannot_be_is_refused(inside: Inside, crates: Path, text: str, said: str) -> None:
    """One that a room has, and one with a fault, by the name of the file."""
    (crates / "crates.vocabulary.yaml").write_text(text, "utf-8")
    done = inside("flows", "check", str(crates))
    assert done.code == Exit.WRONG
    assert "crates.vocabulary.yaml" in done.err
    assert said in done.err


def test_the_form_of_vocabularies_is_printed(inside: Inside) -> None:
    """As JSON Schema, and not together with that of scenarios."""
    assert inside("flows", "schema", "--vocabulary").json == declaring.json_schema()
    assert inside("flows", "schema", "--vocabulary", "--scenarios").code == Exit.USAGE


def test_the_flows_of_a_shop_are_checked_from_the_command_line(inside: Inside) -> None:
    """As the examples' page says, for every file of the directory at once."""
    done = inside("flows", "check", *sorted(map(str, (PROJECT / "examples" / "flows").glob("*.yaml"))))
    assert (done.code, done.out.count(" is proved ")) == (Exit.DONE, 26), done.out
