"""Vocabulary files: what they declare, and what is refused of them with line and path."""

from __future__ import annotations

import jsonschema
import pytest

from coster.engine.workflow import declaring, document
from coster.engine.workflow.faults import Fault, FlowRefusedError

GOOD = """\
roles: [owner]
entities:
  crate:
    context: {pieces: int, "content.due": "timestamp?"}
    owns: [holds]
    actions:
      take: {summary: Holds it., holds: taken, parameters: {note: "string?"}}
"""


def refused(old: str, new: str) -> Fault:
    """The one fault of the text with an edit."""
    assert GOOD.count(old) == 1, old
    with pytest.raises(FlowRefusedError) as caught:
        declaring.read(GOOD.replace(old, new))
    [fault] = caught.value.faults
    return fault


def test_what_is_declared_is_there() -> None:
    """Context, roles, what it owns, and actions with their parameters and effects."""
    crate = declaring.read(GOOD)["crate"]
    assert crate.context == {"pieces": "int", "content.due": "timestamp?"}
    assert (crate.roles, crate.owns) == (frozenset({"owner"}), ("holds",))
    spec = crate.action("take")
    assert spec is not None
    assert (spec.holds, spec.parameters, spec.fails) == ("taken", {"note": "string?"}, False)


@pytest.mark.parametrize(
    ("old", "new", "path", "said"),
    [
        ("pieces: int", "pieces: float", "entities.crate.context.pieces", "accepted: bool, int, string"),
        ("owns: [holds]", "owns: [stock]", "entities.crate.owns[0]", "one of holds, authorisation, held_lines"),
        ("holds: taken", "holds: gone", "entities.crate.actions.take.holds", "one of taken, kept"),
        ("summary: Holds it., ", "", "entities.crate.actions.take", "found no 'summary'"),
        ("owns: [holds]", "own: [holds]", "entities.crate.own", "did you mean 'owns'?"),
        ("owns: [holds]", "owns: []", "entities.crate", "touches holds, which crate does not own"),
        ("pieces: int", "now: int", "entities.crate", "which is the language's word"),
        ("take: {", "send: {", "entities.crate", "declares the action send twice"),
    ],
)  # fmt: skip
def test_a_wrong_declaration_is_refused_where_it_stands(old: str, new: str, path: str, said: str) -> None:
    """Of its form as of what contradicts itself, with what is accepted."""
    fault = refused(old, new)
    assert (fault.path, fault.line > 1) == (path, True)
    assert said in fault.message


def test_what_is_no_file_is_refused() -> None:
    """An empty text, and one without entities."""
    for text in ("", "roles: [owner]", "entities: {}"):
        with pytest.raises(FlowRefusedError):
            declaring.read(text)


def test_the_schema_takes_what_the_reader_takes() -> None:
    """And refuses a key that nobody knows."""
    validator = jsonschema.Draft202012Validator(declaring.json_schema())
    node = document.read(GOOD, [])
    assert node is not None
    plain = node.plain
    assert validator.is_valid(plain)
    assert not validator.is_valid({"roles": [], "entities": {"crate": {"colour": "red"}}})
