"""The Mermaid text says what the picture says, in signs that Mermaid does not take for its own."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
from hypothesis import Phase, given, settings

from coster.engine.workflow import draw, language
from coster.engine.workflow.records import Flow, Status, Transition
from tests.engine.workflow import cases
from tests.engine.workflow.drawing import drawn

EVERYTHING = language.read((Path(__file__).parents[1] / "data" / "everything.yaml").read_text("utf-8"))
LINE = re.compile(
    r"stateDiagram-v2|    accTitle: [^:;#{}<>]*|    \w+: .*|    (?:\w+|\[\*\]) --> (?:\w+|\[\*\])(?:: .*)?"
    r"|    note right of \w+: .*|    classDef \w+ fill:#[0-9a-f]{6},color:#111827|    class [\w,]+ \w+"
)


def test_a_diagram_shows_rows_guards_actions_timers_and_ends() -> None:
    """Text that Mermaid would take for its own signs is written as codes."""
    lines = draw.mermaid(language.read(cases.GOOD)).splitlines()
    assert lines[0] == "stateDiagram-v2"
    assert (
        "    open --> packed: button Pack [items #62; 0, otherwise give_up] / commit "
        "(for picker#59; form boxes (needed, one of 1, 2, begins as 1))" in lines
    )
    assert "    open --> parked: at due / release" in lines
    assert "    parked --> parked: after 1 h, 3 times / notify(event#58; reminder)" in lines
    assert "    [*] --> open" in lines
    assert "    gone --> [*]" in lines
    assert "    note right of open: in every status note" in lines
    assert "    class open,parked booking" in lines


def test_a_diagram_has_all_that_the_language_can_say() -> None:
    """The long example: codes, service levels, failures, consequences, restarts, roll-ups, and how many are where."""
    text = draw.mermaid(EVERYTHING, {"open": 3})
    for line in (
        "open: P Open (open), holds#58; live, at most 4 h while office is open, DFC#58; order Held, fulfilment Held, 3 now",
        "packed --> escalated: failure request_failed / tell_children(children#58; boxes, event#58; stop) (by where pack fails)",
        "packed --> packed: extend (again the timer of remind begins anew)",
        "packed --> gone: all boxes in shipped, cancelled / consume (then thank)",
        "gone --> gone: thank / notify(event#58; thanks) (by after all boxes in shipped, cancelled)",
        "waiting --> parked: 2 h before due / release",
    ):
        assert f"    {line}\n" in text


def test_names_that_mermaid_keeps_for_itself_get_others() -> None:
    """A status may be called `end` or `state`; two statuses never share a name."""
    statuses = tuple(
        Status(name=name, category="booking", initial=name == "end") for name in ("end", "end_", "state")
    )
    rows = (Transition(index=0, on="go", sources=("end",), to="state"),)
    lines = draw.mermaid(
        Flow(name="x", entity="y", version=1, statuses=statuses, transitions=rows)
    ).splitlines()
    assert "    end_: end" in lines
    assert "    end__: end_" in lines
    assert "    end_ --> state_: go" in lines


@settings(max_examples=15, deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate))
@given(drawn.flows(12))
def test_hostile_text_cannot_leave_its_line(flow: Flow) -> None:
    """Every line is one that we write, whatever people call things."""
    found = draw.mermaid(
        msgspec.structs.replace(flow, title=flow.title + "\n    click open href x")
    ).splitlines()
    assert [line for line in found if not LINE.fullmatch(line)] == []
    texts = [line.split(": ", 1)[1] for line in found if ": " in line and "accTitle" not in line]
    assert not [text for text in texts if re.search(r"[:{}<>\"%`\\]", re.sub(r"#\d+;", "", text))]
