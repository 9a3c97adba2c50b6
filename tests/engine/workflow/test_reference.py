"""The reference page and the schema for editors are those of the code, table by table."""

from __future__ import annotations

import json
import re
from importlib import resources
from pathlib import Path

import pytest

from coster.engine.workflow import actions, declaring, effects, form, schema, shape
from coster.engine.workflow import compile as compiler
from coster.engine.workflow.step import Matched
from coster.engine.workflow.trying import judging, scenario
from coster.engine.workflow.trying import shape as scenarios
from coster.engine.workflow.trying.life import World
from tests.engine.workflow import cases, vocabularies

DOCS = Path(__file__).parents[3] / "docs" / "reference"
PAGE = (DOCS / "flows.md").read_text("utf-8")
EVERYTHING = (Path(__file__).parent / "data" / "everything.yaml").read_text("utf-8")
MAPPINGS = {mapping.name: mapping for mapping in form.keyed(shape.FLOW)}


def table(mapping: form.Keyed) -> str:
    """The table of a mapping's keys as the page has it."""
    rows = ["| key | what it is | example |", "|---|---|---|"]
    for name, key in mapping.keys.items():
        example = f"`{key.example}`" if key.example not in ("", "see below") else key.example
        rows.append(f"| `{name}` | {key.about}{' Required.' if key.required else ''} | {example} |")
    return "\n".join(rows)


@pytest.mark.parametrize("name", [name for name in MAPPINGS if name != "DFC words"])
def test_every_key_of_the_language_is_in_the_docs(name: str) -> None:
    """The tables of the page are made from the form that the reader goes by."""
    assert table(MAPPINGS[name]) in PAGE


def test_the_words_of_the_standard_are_in_the_docs() -> None:
    """The DFC axes with their words stand below the table of statuses."""
    prose = " ".join(PAGE.split())
    for axis, key in MAPPINGS["DFC words"].keys.items():
        assert isinstance(key.form, form.OneOf)
        assert f"`{axis}` ({', '.join(key.form.choices)})" in prose


def test_the_schema_for_editors_is_current() -> None:
    """The file beside the page is what the code makes."""
    assert json.loads((DOCS / "flows.schema.json").read_text("utf-8")) == schema.json_schema()


@pytest.mark.parametrize("axis", effects.AXES.values(), ids=lambda axis: axis.name)
def test_the_effects_are_those_of_the_docs(axis: effects.Axis) -> None:
    """The page's table of each axis is the checker's, cell by cell."""
    heading = (
        f"| effect on `{axis.name}` | " + " | ".join(f"from `{state}`" for state in axis.states) + " |\n"
    )
    body = PAGE.partition(heading)[2].partition("\n\n")[0]
    rows = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in body.splitlines()[1:]]
    documented = {
        (state, row[0]): after
        for row in rows
        for state, after in zip(axis.states, row[1:], strict=True)
        if after != "impossible"
    }
    assert documented == axis.after


def test_the_actions_of_the_language_are_in_the_docs() -> None:
    """Each with its sentence and its parameters."""
    for spec in actions.BUILT_IN:
        takes = ", ".join(f"`{name}: {kind}`" for name, kind in spec.parameters.items())
        assert f"| `{spec.name}` | {spec.summary} | {takes} |" in PAGE


def test_the_examples_of_the_docs_are_proved_flows() -> None:
    """What people copy from the page works, and the long example is the one that is tested elsewhere."""
    short, long = re.findall(r"```yaml\n(name: parcel.*?)```", PAGE, flags=re.DOTALL)
    assert (short, long) == (cases.GOOD, EVERYTHING)
    answer = compiler.load(long, vocabularies.PARCEL).step("open", "pack", {"items": 1, "event.boxes": 2})
    assert isinstance(answer, Matched)
    assert answer.to == "packed"


def test_the_long_example_uses_every_key() -> None:
    """Nothing of the language is without an example, but what PARCEL does not own."""
    used = set(re.findall(r"[a-z_]+(?=:)", re.sub(r"#.*", "", EVERYTHING)))
    keys = {name for mapping in MAPPINGS.values() for name in mapping.keys}
    assert keys - used == {"authorisation", "held_lines", "payment", "park"}


@pytest.mark.parametrize("mapping", list(form.keyed(scenarios.FILE)), ids=lambda mapping: mapping.name)
def test_every_key_of_scenarios_is_in_the_docs(mapping: form.Keyed) -> None:
    """Calendars are those of flows; the tables are made from the form that the reader goes by."""
    assert table(mapping) in PAGE


@pytest.mark.parametrize("mapping", list(form.keyed(declaring.FILE)), ids=lambda mapping: mapping.name)
def test_every_key_of_vocabulary_files_is_in_the_docs(mapping: form.Keyed) -> None:
    """The tables are made from the form that the reader goes by."""
    assert table(mapping) in PAGE


def test_the_vocabulary_of_the_docs_is_one() -> None:
    """What people copy from the page works."""
    [text] = re.findall(r"```yaml\n(roles:.*?)```", PAGE, flags=re.DOTALL)
    crate = declaring.read(text)["crate"]
    assert (crate.owns, crate.roles, crate.calendars) == (
        ("holds",), frozenset({"packer", "owner"}), frozenset({"opening_hours"})
    )  # fmt: skip
    assert [(spec.name, spec.holds, spec.fails) for spec in crate.actions] == [
        ("take", "taken", True), ("give_back", "released", False)
    ]  # fmt: skip


def test_the_scenarios_of_the_docs_come_as_they_say() -> None:
    """What people copy from the page works."""
    [text] = re.findall(r"```yaml\n(flow: order.retail.*?)```", PAGE, flags=re.DOTALL)
    book = scenario.read(text)
    flow = resources.files("coster.domain") / "orders" / "flows" / "order.retail.yaml"
    shipped = compiler.load(flow.read_text(), vocabularies.ORDER)
    world = World(vocabulary=vocabularies.ORDER)
    assert [judging.judge(one, shipped, world).broken for one in book.scenarios] == [(), ()]
