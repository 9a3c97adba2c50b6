"""Scenario files: what is refused for its form or its names, and what a broken expectation says."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import msgspec
import pytest

from coster.engine.workflow import compile as compiler
from coster.engine.workflow import document
from coster.engine.workflow.faults import FlowRefusedError
from coster.engine.workflow.trying import facts, judging, scenario, shape
from coster.engine.workflow.trying.life import World
from tests.engine.workflow import cases, vocabularies

TABLE = compiler.load(cases.GOOD, vocabularies.PARCEL)
WORLD = World(vocabulary=vocabularies.PARCEL)
HEAD = "flow: parcel.test\nscenarios:\n  - name: It is packed\n"
GIVEN = "    given: {context: {items: 1, due: 2026-01-06T09:00:00Z}}\n"
PACK = "    steps: [{event: pack, attributes: {boxes: 1}}]\n"


def broken(text: str) -> list[str]:
    """What did not come as expected in the scenarios of a text."""
    book = scenario.read(text)
    facts.refuse(book, TABLE.flow, WORLD.vocabulary, {})
    return [str(one) for scene in book.scenarios for one in judging.judge(scene, TABLE, WORLD).broken]


WRONG = [
    ("flow: parcel.test\n", "line 1 file: found no 'scenarios'; it must be given. [key_missing]"),
    (HEAD + "    steps: []\n", "line 4 scenarios[0].steps: found a list; accepted: at least one step."),
    (HEAD + "    steps: [Pack it]\n", "accepted: an event, an ISO 8601 duration to wait, or a mapping."),
    (
        HEAD + "    steps: [{evnt: pack}]\n",
        "scenarios[0].steps[0].evnt: found the key 'evnt'; did you mean 'event'?",
    ),
    (HEAD + "    steps: [{event: pack, wait: PT1H}]\n", "accepted: 'event' or 'wait', not both."),
    (HEAD + "    steps: [{attributes: {boxes: 1}}]\n", "accepted: 'attributes' only together with 'event'."),
    (HEAD + "    steps: [{until: 2026-01-06}]\n", "accepted: an instant such as 2026-11-23T09:00:00Z."),
    (HEAD + PACK + "    expect: {refused: no}\n", "accepted: one of unknown_trigger, wrong_status"),
]
VALIDATOR = jsonschema.Draft202012Validator(shape.json_schema())


@pytest.mark.parametrize(("text", "fault"), WRONG)
def test_a_wrong_form_is_refused_with_its_place(text: str, fault: str) -> None:
    """Line, path, what was found and what is accepted, as in flows."""
    with pytest.raises(FlowRefusedError) as caught:
        scenario.read(text)
    assert fault in str(caught.value)


@pytest.mark.parametrize("text", [text for text, _ in WRONG])
def test_the_schema_for_editors_refuses_the_same(text: str) -> None:
    """An editor says so while it is written."""
    root = document.read(text, [])
    assert root is not None
    assert not VALIDATOR.is_valid(root.plain)


def test_the_schema_for_editors_accepts_what_is_read() -> None:
    """The longest file that there is, with every feature."""
    text = (Path(__file__).parents[1] / "data" / "everything.scenarios.yaml").read_text("utf-8")
    root = document.read(text, [])
    assert root is not None
    VALIDATOR.validate(root.plain)


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        (
            "    given: {status: opened}\n" + PACK,
            "line 4 scenarios[0].given: found the status 'opened'; did you mean 'open'?",
        ),
        ("    given: {context: {item: 1}}\n" + PACK, "found the field 'item'; did you mean 'items'?"),
        (
            "    given: {context: {items: one}}\n" + PACK,
            "found 'one' for items; accepted: int. [value_wrong]",
        ),
        ("    given: {context: {due: null}}\n" + PACK, "found None for due; accepted: timestamp."),
        (
            "    steps: [pack]\n",
            "line 4 scenarios[0].steps[0]: 'pack' needs 'boxes', int. [parameter_missing]",
        ),
        ("    steps: [{event: ship, attributes: {boxes: 1}}]\n", "'ship' takes no 'boxes'"),
        (
            "    steps: [{event: pack, attributes: {boxes: two}}]\n",
            "found 'two' for boxes of 'pack'; accepted: int.",
        ),
        ("    steps: [{children: {boxes: []}}]\n", "found the children 'boxes'"),
        ("    steps: [{event: note, fails: {burn: no_fire}}]\n", "found the action 'burn'"),
        (PACK + "    expect: {status: closed}\n", "line 5 scenarios[0].expect: found the status 'closed'"),
    ],
)
def test_a_name_that_the_flow_does_not_have_is_refused(lines: str, fault: str) -> None:
    """Before anything is lived through."""
    with pytest.raises(FlowRefusedError) as caught:
        broken(HEAD + lines)
    assert fault in str(caught.value)


@pytest.mark.parametrize(
    ("expect", "told"),
    [
        ("status: gone", "status: expected gone; found packed"),
        ("holds: live", "holds: expected live; found committed"),
        ("authorisation: none", "authorisation: expected none; found not declared"),
        ("actions: []", "actions: expected none; found commit"),
        ("actions: [commit, take]", "actions: expected commit, take; found commit"),
        ("messages: [parcel.packed]", "messages: expected parcel.packed; found none"),
        ("timers: [after:due]", "timers: expected after:due; found none"),
        ("refused: wrong_status", "refused: expected wrong_status; found no refusal"),
    ],
)
def test_a_broken_expectation_says_what_was_found(expect: str, told: str) -> None:
    """Of the step, with its line and number; what comes as expected says nothing."""
    step = f"    steps: [{{event: pack, attributes: {{boxes: 1}}, expect: {{{expect}}}}}]\n"
    assert broken(HEAD + GIVEN + step) == [f"line 5 step 1: {told}"]


def test_a_kept_expectation_says_nothing() -> None:
    """The same with what is so."""
    step = "expect: {status: packed, holds: committed, actions: [commit], messages: [], timers: []}"
    assert broken(HEAD + GIVEN + f"    steps: [{{event: pack, attributes: {{boxes: 1}}, {step}}}]\n") == []


def test_a_refusal_that_nobody_expects_is_broken() -> None:
    """With the sentence of the answer; one that is expected is not, also when it is said at the end."""
    [told] = broken(HEAD + GIVEN + "    steps: [ship]\n")
    assert told.startswith(
        "line 5 step 1: refused: expected no refusal; found wrong_status ('ship' is possible in packed"
    )
    assert (
        broken(HEAD + GIVEN + "    steps: [ship]\n    expect: {status: open, refused: wrong_status}\n") == []
    )


def test_the_end_counts_all_steps() -> None:
    """Actions of all steps together, and the line of the expectation."""
    steps = "    steps: [{event: pack, attributes: {boxes: 1}}, {event: ship, context: {express: false}}]\n"
    assert broken(HEAD + GIVEN + steps + "    expect: {actions: [commit]}\n") == [
        "line 6 at the end: actions: expected commit; found commit, consume"
    ]


def test_a_timer_is_expected_at_its_instant_or_just_so() -> None:
    """A list does not look at the instants, a mapping does."""
    steps = "    steps: [note]\n"
    assert broken(HEAD + GIVEN + steps + "    expect: {timers: [after:due]}\n") == []
    assert (
        broken(HEAD + GIVEN + steps + "    expect: {timers: {after:due: 2026-01-06T10:00:00+01:00}}\n") == []
    )
    assert broken(HEAD + GIVEN + steps + "    expect: {timers: {after:due: 2026-01-06T10:00:00Z}}\n") == [
        "line 6 at the end: timers: expected after:due at 2026-01-06T10:00:00Z; found after:due at 2026-01-06T09:00:00Z"
    ]


def test_a_life_that_cannot_go_on_is_broken() -> None:
    """The step says what was not given."""
    [told] = broken(HEAD + "    given: {context: {due: 2026-01-06T09:00:00Z}}\n" + PACK)
    assert told.startswith("line 5 step 1: life: expected to go on; found")
    assert "'items'" in told


def test_what_a_file_gives_is_for_all_unless_they_say_otherwise() -> None:
    """Context is laid over field by field."""
    text = "flow: parcel.test\ngiven: {status: packed, context: {items: 1, express: true}}\nscenarios:\n"
    text += "  - {name: one, given: {context: {items: 2}}, steps: [note]}\n"
    given = scenario.read(text).scenarios[0].given
    assert (given.status, given.context) == ("packed", {"items": 2, "express": True})


def test_a_calendar_that_does_not_exist_is_refused() -> None:
    """With its line."""
    text = (
        "flow: parcel.test\ncalendars: {opening_hours: {zone: Mars}}\nscenarios: [{name: a, steps: [note]}]\n"
    )
    with pytest.raises(
        FlowRefusedError, match=r"line 2 calendars\.opening_hours: found the time zone 'Mars'"
    ):
        judging.calendars_of(scenario.read(text))


def test_what_is_seen_can_be_sent_to_programs() -> None:
    """JSON of everything, instants and values included."""
    book = scenario.read(HEAD + GIVEN + PACK)
    seen = msgspec.json.decode(msgspec.json.encode(judging.judge(book.scenarios[0], TABLE, WORLD).seen))
    assert (seen[0]["status"], seen[0]["rows"][0]["guards"][0]["values"]) == ("packed", {"items": 1})
