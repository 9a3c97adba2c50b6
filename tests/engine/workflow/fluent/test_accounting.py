"""Nothing of an export is dropped in silence, and nothing that is wrong with one crashes the importer."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from coster.engine.workflow import language
from coster.engine.workflow.fluent import reading
from coster.engine.workflow.fluent.converting import Converted, convert
from coster.engine.workflow.fluent.model import ExportRefusedError
from tests.engine.workflow.fluent.exports import CANCEL, HD, Json, rule, ruleset, text, workflow
from tests.engine.workflow.test_writing import bare

LEAVES = ("name", "type", "entityType", "category", "triggers", "rules", "userActions", "status", "props")
WORD = re.compile(r"[A-Za-z0-9_-]+")


def parts(export: Json) -> Iterator[str]:
    """The path of every part that people know by name, found without the importer."""
    for key in export:
        if key not in ("rulesets", "statuses", "settings") and export[key] not in (None, ""):
            yield path("", key)
    for n, _ in enumerate(export.get("statuses") or ()):
        yield f"statuses[{n}]"
    for name in export.get("settings") or {}:
        yield path("settings", name)
    for n, entry in enumerate(export["rulesets"]):
        yield from ruleset_parts(entry, f"rulesets[{n}]")


def ruleset_parts(entry: Json, here: str) -> Iterator[str]:
    """A ruleset, its triggers, rules, properties and user actions, and every key that is none of these."""
    yield here
    yield from (path(here, key) for key in entry if key not in LEAVES and entry[key] not in (None, ""))
    yield from (f"{here}.triggers[{n}]" for n, _ in enumerate(entry.get("triggers") or ()))
    for n, found in enumerate(entry.get("rules") or ()):
        yield f"{here}.rules[{n}]"
        yield from (path(f"{here}.rules[{n}].props", name) for name in found.get("props") or {})
        yield from (path(f"{here}.rules[{n}]", key) for key in found if key not in ("name", "props"))
    for n, action in enumerate(entry.get("userActions") or ()):
        yield f"{here}.userActions[{n}]"
        for key in ("context", "attributes"):
            yield from (f"{here}.userActions[{n}].{key}[{k}]" for k, _ in enumerate(action.get(key) or ()))


def path(above: str, key: str) -> str:
    """The path of a key."""
    if not WORD.fullmatch(key):
        return f"{above}[{json.dumps(key, ensure_ascii=False)}]"
    return f"{above}.{key}" if above else key


def unaccounted(export: Json, converted: Converted) -> list[str]:
    """Parts without exactly one line, lines without a reason, and lines that nobody wrote."""
    lines = [line.path for line in converted.report]
    return [
        *(f"{part}: {lines.count(part)} lines" for part in parts(export) if lines.count(part) != 1),
        *(
            f"{line.path}: {line.how}"
            for line in converted.report
            if "no place for it" in line.how or not line.how
        ),
    ]


def sound(export: Json) -> Converted | None:
    """The import, with everything that must hold of any; None: it was refused with paths."""
    converted, told = None, [""]
    try:
        converted = convert(text(export))
    except ExportRefusedError as refused:
        told = [problem.message for problem in refused.problems]
    if converted is None:
        assert all(told)
        return None
    assert unaccounted(export, converted) == []
    for flow, written in zip(converted.flows, converted.texts, strict=True):
        assert bare(language.read(written)) == bare(flow)
    return converted


def test_every_part_of_an_export_has_its_line() -> None:
    """Rulesets, rules, properties, triggers, user actions, statuses, settings, and what nobody knows."""
    assert len(list(parts(HD))) > 150
    assert unaccounted(HD, convert(text(HD))) == []


def test_everything_mapped_is_in_the_flow() -> None:
    """Each status and ruleset of the export is found again by its name."""
    converted = convert(text(HD))
    statuses = {(f.entity.upper(), s.name) for f in converted.flows for s in f.statuses}
    assert {(s["entityType"], s["name"]) for s in HD["statuses"]} <= statuses
    triggers = {row.on.replace("_", "") for flow in converted.flows for row in flow.transitions}
    assert {r["name"].lower().replace("_", "") for r in HD["rulesets"]} <= {
        t.removesuffix("2") for t in triggers
    }


def test_a_missing_line_is_found() -> None:
    """The test above can fail."""
    changed = copy.deepcopy(HD)
    changed["rulesets"][3]["rules"].append(rule("Added", x=1))
    assert unaccounted(changed, convert(text(HD))) == [
        "rulesets[3].rules[1]: 0 lines",
        "rulesets[3].rules[1].props.x: 0 lines",
    ]


@pytest.mark.parametrize(
    ("given", "place", "words"),
    [
        ("{", "", "not JSON in line 1"),
        ("[]", "", "found a list; accepted: one workflow"),
        ('{"entityType": "ORDER"}', "rulesets", "accepted: a list"),
        ('{"rulesets": []}', "entityType", "such as ORDER"),
        ('{"entityType": 3.5, "entityType": "A", "rulesets": []}', "entityType", "the key twice"),
        ('{"entityType": "ORDER", "rulesets": {}}', "rulesets", "found an object; accepted: a list"),
        ('{"entityType": "ORDER", "rulesets": [{"rules": [7]}]}', "rulesets[0].name", "a name"),
        (
            '{"entityType": "A", "rulesets": [{"name": "X", "rules": [{"name": "Y", "props": []}]}]}',
            "rulesets[0].rules[0].props",
            "an object",
        ),
        (
            '{"entityType": "A", "rulesets": [{"name": "X", "triggers": [{"status": 5}]}]}',
            "rulesets[0].triggers[0].status",
            "found a number",
        ),
        (
            '{"entityType": "A", "rulesets": [{"name": "X", "rules": [{"name": "\\ud800"}]}]}',
            "rulesets[0].rules[0].name",
            "half a character",
        ),
        ('{"entityType": "A", "rulesets": [], "x": NaN}', "", "NaN"),
        ('{"entityType": "A", "rulesets": [], "x": 1e999}', "x", "without end"),
        ('{"entityType": "A", "rulesets": [], "x": ' + "9" * 5000 + "}", "", "digits"),
        ("[" * 100_000, "", "too many levels"),
        ('{"a":' * 60 + "1" + "}" * 60, ".".join("a" * 40), "too many levels"),
        (" " * (reading.LONGEST + 1), "", "at most 4194304"),
    ],
)
def test_what_is_no_workflow_is_refused_with_its_path(given: str, place: str, words: str) -> None:
    """Never by a crash, and never by half an import."""
    with pytest.raises(ExportRefusedError) as refused:
        convert(given)
    assert any(problem.path == place and words in problem.message for problem in refused.value.problems)


@pytest.mark.parametrize(
    ("export", "words"),
    [
        (workflow(*(ruleset(f"R{n}", "ORDER", []) for n in range(2001))), "2001 rulesets"),
        (workflow(*(ruleset("R", f"E{n}", []) for n in range(51))), "54 entity types"),
        (workflow(*(ruleset("R", "ORDER", [], subtype=f"S{n}") for n in range(51))), "51 subtypes"),
        (workflow(ruleset("R", "ORDER", [], *(rule(f"X{n}") for n in range(5001)))), "5001 rules"),
        (
            workflow(*(ruleset(f"R{n}", "ORDER", [], rule("X", text="x" * 3000)) for n in range(100))),
            "characters",
        ),
    ],
    ids=["rulesets", "entities", "subtypes", "rules", "text"],
)
def test_what_is_too_large_for_anybody_is_refused(export: Json, words: str) -> None:
    """Said with the bound."""
    with pytest.raises(ExportRefusedError, match=words):
        convert(text(export))


def test_many_branches_in_one_ruleset_do_not_multiply_without_end() -> None:
    """The first six are rows, the others placeholders."""
    branches = [rule(f"ForwardIfFact{n}", eventName="X") for n in range(9)]
    found = sound(workflow(ruleset("CREATE", "ORDER", ["CREATED"], *branches), ruleset("X", "ORDER", [])))
    assert found is not None
    assert len([row for row in found.flows[0].transitions if row.on == "create"]) == 64
    assert sum("too many branches" in line.how for line in found.report) == 3


NAMES = st.sampled_from(
    [
        "SetState",
        "SendEvent",
        "ForwardIfXPresent",
        "ForwardIfXNotPresent",
        "SendEventOnVerifyingItemsAll",
        "Own",
        "SendEventOnVerifyingItemsNone",
        "SendEventOnVerifyingAllFulfilments",
        "ScheduleEvent",
        "SendWebhook",
        "SendEventForAllFulfilments",
    ]
)
WORDS = st.sampled_from(
    ["CREATED", "BOOKED", "X", "Y", "HD", "ORDER", "FULFILMENT", "ARTICLE", "EXCEPTION", "", "Ä", "?"]
)
ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | WORDS,
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=6) | WORDS, part, max_size=3),
    max_leaves=6,
)
RULE = st.fixed_dictionaries(
    {"name": st.builds("A.b.{}".format, NAMES) | st.text(min_size=1, max_size=8)},
    optional={
        "props": st.dictionaries(
            st.sampled_from(["eventName", "status", "statuses", "delaySeconds", "webhookName", "url"])
            | st.text(max_size=5),
            WORDS | ANY,
            max_size=4,
        )
    },
)
RULESET = st.fixed_dictionaries(
    {"name": st.sampled_from(["X", "Y", "CREATE", "x", "X "]) | st.text(min_size=1, max_size=6)},
    optional={
        "type": WORDS,
        "subtype": WORDS,
        "eventType": WORDS,
        "description": st.text(max_size=9),
        "rules": st.lists(RULE, max_size=4),
        "triggers": st.lists(st.fixed_dictionaries({"status": WORDS | st.text(max_size=4)}), max_size=3),
        "userActions": st.lists(
            st.sampled_from(
                [
                    CANCEL,
                    {"eventName": "X"},
                    {
                        "eventName": "Q",
                        "context": [{"label": "Q"}, {"label": "R"}],
                        "attributes": [{"name": "a", "type": "LIST", "source": "s", "defaultValue": 10**30}],
                    },
                ]
            ),
            max_size=2,
        ),
    },
)
EXPORT = st.fixed_dictionaries(
    {"entityType": st.sampled_from(["ORDER", "FULFILMENT", "Ä"]), "rulesets": st.lists(RULESET, max_size=4)},
    optional={
        "entitySubtype": WORDS,
        "settings": st.dictionaries(st.text(max_size=4) | WORDS, ANY, max_size=3),
        "name": st.text(max_size=9),
    },
)
# Cases that fail are not made smaller: that takes minutes, and they are small.
QUICK = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@QUICK
@given(EXPORT)
def test_no_export_in_the_form_is_dropped_or_crashes(export: Json) -> None:
    """Whatever names and values it has: it is refused with a path, or each part has its line and each flow reads back."""
    sound(export)


def places(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The place of every value in a document."""
    yield here
    for key, part in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from places(part, (*here, key))


SMALL = workflow(*HD["rulesets"][:4], HD["rulesets"][9], HD["rulesets"][11], settings={"a": "b"})
PLACES = [place for place in places(SMALL) if place]


@QUICK
@given(st.lists(st.tuples(st.sampled_from(PLACES), ANY), min_size=1, max_size=3))
def test_no_broken_export_crashes(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    """Values of any type at any place."""
    export = copy.deepcopy(SMALL)
    for place, value in changes:
        above: Any = export
        for key in place[:-1]:
            there = key in above if isinstance(above, dict) else isinstance(above, list) and key < len(above)
            above = above[key] if there else {}
        if isinstance(above, dict) or (isinstance(above, list) and place[-1] < len(above)):
            above[place[-1]] = value
    sound(export)


@QUICK
@given(st.text(max_size=40) | ANY.map(json.dumps))
def test_no_text_crashes(given: str) -> None:
    """Whatever is in the file."""
    with pytest.raises(ExportRefusedError):
        convert(given)
