"""Reading is strict: every fault of form with its place, and plain words stay what people wrote."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coster.engine.workflow import kinds, language
from coster.engine.workflow.faults import FlowRefusedError
from coster.engine.workflow.records import ActionCall, Timer
from tests.engine.workflow import cases


def told(text: str) -> list[str]:
    """The faults of form as text."""
    with pytest.raises(FlowRefusedError) as caught:
        language.read(text)
    return [str(fault) for fault in caught.value.faults]


def test_on_is_a_key_and_not_a_truth_value() -> None:
    """YAML 1.1 would read `on` as true and `no` as false."""
    flow = language.read(cases.GOOD)
    assert [row.on for row in flow.transitions][:3] == ["pack", "give_up", "ship"]
    assert language.read(cases.GOOD.replace("event: shipped", "event: no")).transitions[2].do[
        1
    ] == ActionCall(name="notify", parameters={"event": "no", "copies": 2})


def test_every_fault_of_form_comes_with_line_path_found_and_accepted() -> None:
    """Four mistakes are told in one go."""
    text = cases.edited(
        cases.GOOD,
        (
            ("version: 1", "version: 1.5"),
            ("category: fulfilment", "category: shipping"),
            ("from: [parked]\n    do: [take]", "form: [parked]\n    do: take"),
        ),
    )
    assert told(text) == [
        "line 3 version: found 1.5; accepted: a whole number from 1. [value_wrong]",
        (
            "line 6 statuses.packed.category: found 'shipping'; "
            "accepted: one of booking, fulfilment, delivery, done. [value_wrong]"
        ),
        (
            "line 39 transitions[5].form: found the key 'form'; did you mean 'from'? "
            "accepted: after, button, do, error, from, label, next, on, otherwise, restart, rollup, to, when. [key_unknown]"
        ),
        "line 40 transitions[5].do: found 'take'; accepted: a list of actions. [value_wrong]",
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "line 0 file: found an empty file; accepted: one YAML mapping. [not_yaml]"),
        (
            "- a",
            "line 1 file: found a list; accepted: a mapping with name, title, description, entity, type, version",
        ),
        (
            "a: " + "[" * 13 + "]" * 13,
            "line 1 file: found more than 12 levels of nesting; accepted: 12. [not_plain]",
        ),
        ("#" * 262_145, "line 0 file: found 262145 characters; accepted: at most 262144. [not_plain]"),
        ("a: *b", "line 1 file: found an anchor or alias; accepted: every value written out. [not_plain]"),
        (
            "a: \x00",
            "line 0 file: found text that is not YAML (unacceptable character #x0000",
        ),
        (
            "name: a\ntitle: \ud800",
            "line 2 file: found half of a surrogate pair ('\\ud800'); accepted: Unicode characters. [not_yaml]",
        ),
    ],
    ids=["empty", "list", "deep", "long", "alias", "control", "surrogate"],
)
def test_what_is_no_plain_document_is_refused(text: str, found: str) -> None:
    """Each gets one fault that says why."""
    [fault] = told(text)
    assert fault.startswith(found)


@settings(deadline=None)
@given(st.one_of(st.text(alphabet="ab:-[]{}&*!#'\"\n ,|>?", max_size=60), st.integers(0, len(cases.GOOD))))
def test_no_text_does_anything_but_be_read_or_refused(source: str | int) -> None:
    """Random text, and the good flow cut off anywhere, raise nothing but the refusal."""
    text = source if isinstance(source, str) else cases.GOOD[:source]
    try:
        name = language.read(text).name
    except FlowRefusedError:
        return
    assert name == "parcel.test"


def test_timers_are_durations_instants_or_bounded_repeats() -> None:
    """A transition that has only a timer gets a trigger that cannot be written in a file."""
    flow = language.read(cases.GOOD.replace("on: note", "after: P1DT2H"))
    timers = {row.on: row.after for row in flow.transitions if row.after}
    assert timers == {
        "after:due": Timer(field="due"),
        "after:3600s": Timer(duration="PT1H", times=3),
        "after:93600s": Timer(duration="P1DT2H"),
    }
    assert told(cases.GOOD.replace("on: note", "on: after:due"))


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "1h", "P1M", "P1Y", "PT0S", "PT1.5H", "P99999999999D", "-PT1H", "P1DT"]
)
def test_what_is_no_length_of_time_is_none(text: str) -> None:
    """Months and years have no fixed length, and nothing waits for no time."""
    assert kinds.duration(text) is None


def test_dfc_statuses_are_those_of_the_standard() -> None:
    """An axis or a value that the DFC vocabulary does not have is refused."""
    good = cases.GOOD.replace("initial: true", "initial: true, dfc: {order: Held, fulfilment: Held}")
    assert language.read(good).status("open").dfc == {"order": "Held", "fulfilment": "Held"}
    assert (
        "accepted: one of Draft, Held, Complete, Cancelled"
        in told(good.replace("order: Held", "order: Open"))[0]
    )


def test_types_of_values() -> None:
    """A value fits its declared type exactly; true is no number and text is no number."""
    wanted = {
        "int": [1, -1],
        "bool": [True],
        "string": ["a", ""],
        "list(int)": [[], [1]],
        "map(string, int)": [{"a": 1}],
    }
    wanted |= {"timestamp": ["2026-03-01T10:00:00+01:00"], "duration": ["PT4H"], "dyn": [None, 1, "a"]}
    values = [
        1,
        -1,
        True,
        "a",
        "",
        [],
        [1],
        {"a": 1},
        "2026-03-01T10:00:00+01:00",
        "PT4H",
        "2026-03-01T10:00:00",
        [True],
    ]
    for kind in ("int", "bool", "list(int)", "map(string, int)", "timestamp", "duration"):
        assert [value for value in values if kinds.fits(value, kinds.parse(kind))] == wanted[kind]
    with pytest.raises(ValueError, match="found the type 'float'; accepted: bool, int"):
        kinds.parse("list(float)")
