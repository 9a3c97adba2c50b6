"""Each defect is found, and only it; what comes near to a defect without being one is accepted."""

from __future__ import annotations

import collections
import re
from pathlib import Path

import pytest

from coster.engine.workflow import compile as compiler
from coster.engine.workflow import language
from coster.engine.workflow.faults import CODES, MIGRATION, WARNINGS, FlowRefusedError
from tests.engine.workflow import cases, cases_parts, cases_proofs, vocabularies

LIBRARY = {flow.name: flow for flow in map(language.read, cases_proofs.AROUND)}
PAGE = Path(__file__).parents[3] / "docs" / "reference" / "flows.md"


def load(text: str) -> compiler.Table:
    """The table of a text, with the vocabulary of its entity."""
    known = {"memo": vocabularies.MEMO, "purse": vocabularies.PURSE}
    found = re.search("^entity: '?(memo|purse)", text, flags=re.MULTILINE)
    vocabulary = known[found[1]] if found else vocabularies.PARCEL
    return compiler.load(text, vocabulary, "test.yaml", LIBRARY)


def refusal(text: str) -> FlowRefusedError:
    """Why the text is refused."""
    with pytest.raises(FlowRefusedError) as caught:
        load(text)
    return caught.value


@pytest.mark.parametrize("case", cases_parts.CASES, ids=lambda case: case.code)
def test_a_defect_is_refused_by_its_code_alone(case: cases.Case) -> None:
    """The faults of the defective flow all have the code of the defect."""
    error = refusal(cases.edited(case.base, case.bad))
    assert {fault.code for fault in error.faults} == {case.code}


@pytest.mark.parametrize("case", cases_parts.CASES, ids=lambda case: case.code)
def test_a_near_miss_is_accepted(case: cases.Case) -> None:
    """The flow beside the defect compiles and begins in the same status."""
    assert load(cases.edited(case.base, case.near)).initial == "open"


def test_every_code_has_a_case_and_a_line_in_the_docs() -> None:
    """Codes and the tables of the reference page are the same set, and each has two flows refused, with near misses."""
    table = PAGE.read_text().partition("\n## Faults\n")[2]
    documented = re.findall(r"^\| `([a-z_]+)` \|", table, flags=re.MULTILINE)
    assert sorted(documented) == sorted((*CODES, *MIGRATION, *WARNINGS))
    counted = collections.Counter(case.code for case in cases_parts.CASES)
    assert {code for code, number in counted.items() if number >= 2} == set(CODES)
    assert all(case.near != case.bad for case in cases_parts.CASES if case.near)
    assert [case.code for case in cases_parts.CASES if not case.near] == []


@pytest.mark.parametrize(
    "case", [c for c in cases_parts.CASES if c.code in CODES], ids=lambda case: case.code
)
def test_a_fault_says_where_and_what(case: cases.Case) -> None:
    """Every fault is a sentence, its line is in the file, and the error names the file or the flow."""
    text = cases.edited(case.base, case.bad)
    error = refusal(text)
    assert str(error).startswith(
        ("flow test.yaml is refused", "flow parcel.test v", "flow memo.test v", "flow purse.test v")
    )
    for fault in error.faults:
        assert fault.message.endswith(".")
        assert 0 <= fault.line <= text.count("\n") + 1


def test_all_faults_are_told_at_once_in_file_order() -> None:
    """Three mistakes in three places give three faults."""
    edits = (
        ("do: [take]", "do: [takes]"),
        ("role: picker\n", "role: packer\n"),
        ("copies: 2", "copies: two"),
    )
    error = refusal(cases.edited(cases.GOOD, edits))
    assert [fault.code for fault in error.faults] == ["role_unknown", "parameter_type", "action_unknown"]
    assert [fault.line for fault in error.faults] == [10, 24, 38]


def test_a_fault_tells_the_status_and_a_shortest_path() -> None:
    """The path leads from the initial status over events to the step that is wrong."""
    text = cases.edited(cases.GOOD, (("do: [take]", "do: [keep]"),))
    [fault] = refusal(text).faults
    assert fault.status == "parked"
    assert fault.trail == "open -after:due-> parked -revive-> open"
    assert str(fault) == (
        "line 38 transitions[5]: in parked: 'revive' arrives in open with holds none; "
        "accepted: `holds: live` as declared, by other actions in `do`. "
        "Shortest path: open -after:due-> parked -revive-> open. [holds_differ]"
    )


def test_a_path_through_otherwise_names_the_event_that_began_it() -> None:
    """Nobody can send the inner trigger, so the path shows what was sent."""
    text = cases.edited(cases.GOOD, (("do: [release]\n    to: gone", "to: gone"),))
    [fault] = refusal(text).faults
    assert fault.trail == "open -pack (otherwise give_up)-> gone"


def test_a_name_that_is_nearly_right_is_suggested() -> None:
    """The nearest accepted name is offered, then all of them."""
    [fault] = refusal(cases.edited(cases.GOOD, (("to: parked", "to: park"),))).faults
    assert fault.message == (
        "in open: found the status 'park'; did you mean 'parked'? accepted: gone, open, packed, parked."
    )
