"""`coster flows new|check|diff|draw|schema|simulate|test` on files: what is told, and with which exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from coster.cli import flowfiles
from coster.cli.output import Exit
from coster.engine.workflow import draw, language, schema
from coster.engine.workflow.trying import shape
from tests.cli.conftest import Inside
from tests.engine.workflow.cases import edited

RETAIL = flowfiles.shipped_texts()["order.retail"]
SCENARIOS = """flow: order.retail
scenarios:
  - {name: It is booked, steps: [{children: {checkout: [completed]}}], expect: {status: STATUS}}
"""


@pytest.fixture
def flows(tmp_path: Path) -> Path:
    """A directory with a copy of a shipped flow."""
    (tmp_path / "order.retail.yaml").write_text(RETAIL, "utf-8")
    return tmp_path


def changed(directory: Path, *edits: tuple[str, str]) -> str:
    """The copy with edits, as a word for the command line."""
    place = directory / "order.retail.yaml"
    place.write_text(edited(RETAIL, edits), "utf-8")
    return str(place)


def test_what_is_shipped_is_proved(inside: Inside) -> None:
    """By name, without a file."""
    done = inside("flows", "check", *flowfiles.shipped_texts())
    assert (done.code, done.err) == (Exit.DONE, "")
    assert "order.retail: order.retail version 1 is proved (3 statuses, 5 rows)\n" in done.out


def test_a_refused_flow_is_1_and_the_others_are_told(inside: Inside, flows: Path) -> None:
    """With line, path and shortest path of events."""
    place = changed(
        flows, ("    do: [keep_holds]\n    to: booked", "    do: [release_holds]\n    to: booked")
    )
    done = inside("flows", "check", place, "wholesale.held")
    assert done.code == Exit.WRONG
    assert f"{place}: line 34 transitions[0]: in created: 'rollup:children'" in done.out
    assert "wholesale.held version 1 is proved" in done.out
    assert done.err == "coster: 1 of 2 flows refused, 0 warnings\n"


def test_check_for_programs(inside: Inside, flows: Path) -> None:
    """One document, with codes; a file without form has no name."""
    (flows / "broken.yaml").write_text("name: [", "utf-8")
    done = inside("flows", "check", str(flows), "--json")
    assert done.code == Exit.WRONG
    broken, proved = done.json["flows"]
    assert (broken["proved"], [fault["code"] for fault in broken["faults"]], "name" in broken) == (
        False,
        ["not_yaml"],
        False,
    )
    assert (proved["name"], proved["version"], proved["entity"], proved["faults"]) == (
        "order.retail",
        1,
        "order",
        [],
    )


def test_warnings_refuse_only_where_that_is_asked_for(inside: Inside, flows: Path) -> None:
    """A timer of a second is told, and is 1 with --strict."""
    timer = "  - {after: PT1S, from: [booked], do: [release_holds], to: cancelled}\n"
    place = changed(flows, ("transitions:\n", f"transitions:\n{timer}"))
    assert inside("flows", "check", place).code == Exit.DONE
    strict = inside("flows", "check", place, "--strict")
    assert (strict.code, strict.err) == (Exit.WRONG, "coster: 0 of 1 flows refused, 2 warnings\n")
    assert "warning: line 34 transitions[0].after: the timer waits PT1S" in strict.out


def test_flows_that_are_named_together_may_be_each_others_children(inside: Inside, flows: Path) -> None:
    """Alone, the flow of the children is unknown."""
    place = changed(flows, ("{flow: checkout}", "{flow: checkout.phone}"))
    alone = inside("flows", "check", place)
    assert (alone.code, "[child_flow_unknown]" in alone.out) == (Exit.WRONG, True)
    inside("flows", "new", "checkout.phone", "--like", "checkout", "--into", str(flows))
    together = inside("flows", "check", str(flows))
    assert together.code == Exit.DONE, together.out


@pytest.mark.parametrize(
    "words", [("nothing.yaml",), ("order.retail.yaml",), (".",), ("order.retail.scenarios",)]
)
def test_what_is_no_flow_is_2(
    inside: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """A file that is not there, also with a name that is shipped; a directory without flows; scenarios alone."""
    monkeypatch.chdir(tmp_path)
    done = inside("flows", "check", *words)
    assert done.code == Exit.USAGE
    assert done.err.startswith("coster: ")


def test_an_entity_of_no_room_is_refused(inside: Inside, flows: Path) -> None:
    """With the entities that there are."""
    done = inside("flows", "check", changed(flows, ("entity: order", "entity: parcel")))
    assert done.code == Exit.WRONG
    assert "found the entity 'parcel'; accepted: checkout, held_order, order" in done.out


@pytest.mark.parametrize("entity", sorted(flowfiles.vocabularies()))
def test_a_new_flow_is_proved(inside: Inside, tmp_path: Path, entity: str) -> None:
    """For every entity, and it is not overwritten."""
    words = ("flows", "new", "some.thing", "--entity", entity, "--into", str(tmp_path / "flows"))
    assert inside(*words).code == Exit.DONE
    assert inside("flows", "check", str(tmp_path / "flows")).code == Exit.DONE
    again = inside(*words)
    assert (again.code, "is not overwritten" in again.err) == (Exit.USAGE, True)


def test_a_copy_keeps_comments_and_has_the_next_version(inside: Inside, tmp_path: Path) -> None:
    """Under another name it is the first version of that."""
    told = inside(
        "flows", "new", "order.retail", "--like", "order.retail", "--into", str(tmp_path), "--json"
    ).json
    assert (told["name"], told["version"]) == ("order.retail", 2)
    assert Path(told["file"]).read_text("utf-8") == RETAIL.replace("version: 1", "version: 2")
    inside("flows", "new", "order.phone", "--like", "order.retail", "--into", str(tmp_path))
    copy = language.read((tmp_path / "order.phone.yaml").read_text("utf-8"))
    assert (copy.name, copy.version, len(copy.transitions)) == ("order.phone", 1, 5)


def test_an_entity_that_nobody_has_is_2(inside: Inside) -> None:
    """The accepted ones are named."""
    done = inside("flows", "new", "some.thing", "--entity", "parcel")
    assert (done.code, "accepted: checkout, held_order, order" in done.err) == (Exit.USAGE, True)


def test_diff_tells_changes_and_what_is_against_moving(inside: Inside, flows: Path) -> None:
    """A status that is gone is 1, unless it is mapped."""
    edits = [
        (
            f"    label: {label}\n    from: [created, booked]",
            f"    label: {label}\n    from: [created, confirmed]",
        )
        for label in ("Cancelled", "Lines changed")
    ]
    place = changed(flows, ("  booked:\n", "  confirmed:\n"), ("to: booked", "to: confirmed"), *edits)
    done = inside("flows", "diff", "order.retail", place)
    assert done.code == Exit.WRONG
    assert "~ row rollup:children from created: to: booked -> confirmed\n" in done.out
    assert "migration: line 19 statuses.booked" in done.out
    mapped = inside("flows", "diff", "order.retail", place, "--map", "booked=confirmed", "--json")
    assert (mapped.code, mapped.json["migration"]) == (Exit.DONE, [])
    assert {change["kind"] for change in mapped.json["changes"]} == {"added", "removed", "changed"}


def test_no_difference_is_said(inside: Inside) -> None:
    """And what is no mapping is 2."""
    assert inside("flows", "diff", "order.retail", "order.retail").out == "No difference.\n"
    assert inside("flows", "diff", "order.retail", "order.retail", "--map", "booked").code == Exit.USAGE


def test_pictures_go_to_output_or_into_a_directory(inside: Inside, tmp_path: Path) -> None:
    """One by itself; several need a place."""
    flow = language.read(RETAIL)
    assert inside("flows", "draw", "order.retail", "--form", "mermaid").out == draw.mermaid(flow)
    both = ("flows", "draw", "order.retail", "wholesale.held")
    assert inside(*both).code == Exit.USAGE
    assert inside(*both, "--into", str(tmp_path / "p")).code == Exit.DONE
    assert (tmp_path / "p" / "order.retail.svg").read_text("utf-8") == draw.svg(flow)
    assert sorted(inside(*both, "--json").json) == ["order.retail", "wholesale.held"]


def test_schemas_are_printed(inside: Inside) -> None:
    """Of flows and of scenarios."""
    assert inside("flows", "schema").json == schema.json_schema()
    assert inside("flows", "schema", "--scenarios").json == json.loads(json.dumps(shape.json_schema()))


def test_shipped_scenarios_carry_out_every_row(inside: Inside) -> None:
    """Every flow that is shipped has scenarios, which come as expected and leave no row untried."""
    done = inside("flows", "test", *flowfiles.shipped_texts(), "--least", "100", "--json")
    assert done.code == Exit.DONE, done.err
    assert sorted(done.json["coverage"]) == sorted(flowfiles.shipped_texts())
    assert all(scenario["kept"] for scenario in done.json["scenarios"])


def test_a_broken_scenario_is_1(inside: Inside, flows: Path) -> None:
    """It is told with file, line and step; the flow beside it is the one that is tried."""
    (flows / "order.retail.scenarios.yaml").write_text(SCENARIOS.replace("STATUS", "cancelled"), "utf-8")
    done = inside("flows", "test", str(flows / "order.retail.scenarios.yaml"))
    assert done.code == Exit.WRONG
    assert (
        "order.retail.scenarios.yaml line 3 at the end: status: expected cancelled; found booked" in done.out
    )
    assert done.err == "coster: 1 of 1 scenarios did not come as expected\n"


def test_too_little_coverage_is_1_where_that_is_asked_for(inside: Inside, flows: Path) -> None:
    """The rows that nothing carries out are named."""
    (flows / "order.retail.scenarios.yaml").write_text(SCENARIOS.replace("STATUS", "booked"), "utf-8")
    place = str(flows / "order.retail.yaml")
    done = inside("flows", "test", place)
    assert (done.code, "1 of 5 rows carried out, 20 %" in done.out) == (Exit.DONE, True)
    assert "never: line 40 transitions[1]: rollup:children from created" in done.out
    assert inside("flows", "test", place, "--least", "21").code == Exit.WRONG


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (SCENARIOS.replace("order.retail", "order.nowhere"), "found the flow 'order.nowhere'"),
        (SCENARIOS.replace("STATUS", "lost"), "found the status 'lost'"),
        ("flow: order.retail\n", "found no 'scenarios'"),
    ],
)
def test_scenarios_that_are_not_understood_are_1(inside: Inside, flows: Path, text: str, words: str) -> None:
    """Nothing is lived through."""
    (flows / "order.retail.scenarios.yaml").write_text(text, "utf-8")
    done = inside("flows", "test", str(flows))
    assert (done.code, words in done.err) == (Exit.WRONG, True)


def test_flows_without_scenarios_are_2(inside: Inside, flows: Path) -> None:
    """There is nothing to test."""
    done = inside("flows", "test", str(flows))
    assert (done.code, "found no scenarios" in done.err) == (Exit.USAGE, True)


def test_simulate_tells_each_step(inside: Inside) -> None:
    """Events, waits, and how it begins."""
    done = inside(
        "flows", "simulate", "wholesale.held", "complete", "PT1H", "--given", "{context: {lines: 0}}"
    )
    assert done.code == Exit.DONE
    assert done.out.splitlines() == [
        "2026-01-05T09:00:00Z  Held: complete",
        "    guard    lines > 0 is false (lines = 0)",
        "    row      cancel_empty (line 65): Held -> Cancelled",
        "    action   close_empty",
        "2026-01-05T10:00:00Z  Cancelled: nothing is due until then",
    ]


def test_a_life_that_cannot_go_on_is_1(inside: Inside) -> None:
    """What a guard reads must be given."""
    done = inside("flows", "simulate", "wholesale.held", "complete", "--json")
    assert (done.code, done.json[0]["seen"]) == (Exit.WRONG, [])
    assert "reads 'lines', which the context does not hold" in done.err


def test_what_must_be_given_is_shown_by_an_example_that_works(inside: Inside) -> None:
    """With every field that guards of the flow read and nobody gave; what is copied from the message is enough."""
    done = inside("flows", "simulate", "order.b2b", "submit")
    assert done.code == Exit.WRONG
    example = done.err.partition("--given '")[2].partition("'\n")[0]
    assert '"order.total": 0' in example
    again = inside("flows", "simulate", "order.b2b", "submit", "--given", example)
    assert (again.code, again.err) == (Exit.DONE, "")


def test_scenarios_can_be_watched(inside: Inside) -> None:
    """Those with a word in their name."""
    done = inside("flows", "simulate", "order.retail.scenarios", "--named", "fails")
    assert done.out.startswith(
        "A checkout that fails gives the goods back:\n2026-11-23T09:00:00Z  created: children moved\n"
    )
    assert inside("flows", "simulate", "order.retail.scenarios", "--named", "nobody knows").code == Exit.USAGE


@pytest.mark.parametrize(
    "words",
    [
        ("order.retail",),
        ("order.retail", "Two words"),
        ("order.retail.scenarios", "cancel"),
        ("order.retail", "cancel", "--given", "{stat: x}"),
    ],
)
def test_steps_that_are_not_understood_are_2(inside: Inside, words: tuple[str, ...]) -> None:
    """No steps, no step, steps beside scenarios, a wrong beginning."""
    assert inside("flows", "simulate", *words).code == Exit.USAGE
