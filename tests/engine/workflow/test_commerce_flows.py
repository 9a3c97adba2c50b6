"""examples/flows: every flow is proved, every row of each is carried out by a scenario, and the page that maps them says what is there."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from coster.cli import flowfiles
from coster.engine.workflow import antipatterns, check, draw, language, writing
from coster.engine.workflow import compile as compiling
from coster.engine.workflow.records import Flow
from coster.engine.workflow.trying import facts, judging, scenario
from coster.engine.workflow.trying.coverage import coverage
from coster.engine.workflow.trying.life import World

PROJECT = Path(__file__).parents[3]
SOURCES = [one for one in flowfiles.named([str(PROJECT / "examples" / "flows")]) if not one.scenarios]
FLOWS = {flow.name: flow for flow in (language.read(one.text, one.place) for one in SOURCES)}
KNOWN = flowfiles.vocabularies(SOURCES)
PAGE = (PROJECT / "docs" / "reference" / "commerce-flows.md").read_text("utf-8")
PICTURES = PROJECT / "docs" / "reference" / "commerce-flows"
README = (PROJECT / "examples" / "flows" / "README.md").read_text("utf-8")
SECTIONS = {
    "Home delivery": 43, "Click and collect": 10, "Mixed baskets": 4, "Waves and the store app": 12, "Options and plans": 5,
    "Cancellation and edits": 3, "Payments and billing": 12, "Returns and exchange": 10, "Escalation": 4,
}  # fmt: skip
"""The parts of a retail operation, with how much of each the page must account for at least."""


def rows(section: str) -> list[list[str]]:
    """The cells of the table of a section of the page."""
    text = PAGE.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("| ")][1:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


TABLE = [(section, *cells) for section in SECTIONS for cells in rows(section)]


@pytest.mark.parametrize("name", FLOWS)
def test_a_flow_is_proved(name: str) -> None:
    """Without a fault; the only warning is of children that an end says nothing of, where none can have been made."""
    flow, vocabulary = FLOWS[name], KNOWN[FLOWS[name].entity]
    assert check.check(flow, vocabulary, FLOWS) == ()
    assert {one.code for one in antipatterns.warnings(flow, vocabulary, FLOWS)} <= {"children_left"}
    assert language.read(writing.write(flow)).transitions != ()
    assert (PICTURES / f"{name}.svg").read_text("utf-8") == draw.svg(flow), "run make pictures"


@pytest.mark.parametrize("name", FLOWS)
def test_every_row_is_carried_out_by_its_scenarios(name: str) -> None:
    """And every scenario comes as it says."""
    flow, vocabulary = FLOWS[name], KNOWN[FLOWS[name].entity]
    text = (PROJECT / "examples" / "flows" / f"{name}{flowfiles.SCENARIOS}").read_text("utf-8")
    book, table = scenario.read(text, name), compiling.prepare(flow, vocabulary)
    facts.refuse(book, flow, vocabulary, FLOWS)
    world = World(vocabulary=vocabulary, library=FLOWS, calendars=judging.calendars_of(book))
    verdicts = [judging.judge(one, table, world) for one in book.scenarios]
    assert {one.name: one.broken for one in verdicts if one.broken} == {}
    assert coverage(flow, [seen for one in verdicts for seen in one.seen]).missing == ()


def leads(flow: Flow, written: str) -> bool:
    """Whether the flow has a row as the page writes it: `on`, `on → STATUS`, or `rollup → STATUS`."""
    on, _, to = (part.strip() for part in written.partition("→"))
    trigger = language.ROLLUP if on == "rollup" else on
    return any(row.on == trigger and (not to or row.to == to) for row in flow.transitions)


@pytest.mark.parametrize("entry", TABLE, ids=lambda entry: f"{entry[0]}: {entry[1]}")
def test_a_row_of_the_page_is_in_the_flow(entry: tuple[str, str, str, str, str]) -> None:
    """Each names a flow and rows of it, or says why nothing moves."""
    _, _, flow, written, why = entry
    names = re.findall(r"`([^`]+)`", written)
    if flow == "none":
        assert (names, why != "") == ([], True)
        return
    assert names
    assert [name for name in names if not leads(FLOWS[flow.strip("`")], name)] == []


def test_the_page_accounts_for_everything() -> None:
    """All 43 rulesets of home delivery by number, each part of the others, and each flow somewhere; the list of flows too."""
    numbers = {int(cells[1].split()[0]) for cells in TABLE if cells[0] == "Home delivery"}
    assert numbers == set(range(1, 44))
    counted = Counter(cells[0] for cells in TABLE)
    assert [section for section, least in SECTIONS.items() if counted[section] < least] == []
    assert {cells[2].strip("`") for cells in TABLE} - {"none"} == set(FLOWS)
    assert set(re.findall(r"`([a-z_]+\.[a-z_]+)`", README)) - {"commerce.vocabulary"} == set(FLOWS)
    assert {path.stem for path in PICTURES.iterdir()} == set(FLOWS)
    assert set(re.findall(r"\(commerce-flows/([a-z_.]+)\.svg\)", PAGE)) == set(FLOWS)


def test_what_the_page_leaves_out_would_be_found() -> None:
    """A row that no flow has is not taken for one."""
    order = FLOWS["order.hd"]
    assert leads(order, "cancel → CANCELLED")
    assert not leads(order, "cancel → COMPLETE")
    assert not leads(order, "annul")
