"""What the reader refuses for its form, the schema for editors refuses too, and nothing else."""

from __future__ import annotations

import itertools
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coster.engine.workflow import document, faults, language, schema, shape, writing
from coster.engine.workflow.document import Plain
from coster.engine.workflow.reading import Notes
from tests.engine.workflow import cases, cases_parts
from tests.engine.workflow.test_reference import EVERYTHING
from tests.engine.workflow.test_shipped import HELD, RETAIL

VALIDATOR = jsonschema.Draft202012Validator(
    schema.json_schema(), format_checker=jsonschema.FormatChecker(formats=["date"])
)
GOOD = tuple(
    writing.plain(language.read(text)) for text in (cases.GOOD, cases.MEMO, EVERYTHING, RETAIL, HELD)
)


def node(value: Plain) -> document.Node:
    """The node of plain data."""
    if isinstance(value, dict):
        return document.Node({key: node(part) for key, part in value.items()}, 1, "")
    if isinstance(value, list):
        return document.Node([node(part) for part in value], 1, "")
    return document.Node(value, 1, "")


def agreed(value: Plain) -> bool:
    """Whether the reader's form and the schema both accept the value; they must be of one mind."""
    notes = Notes()
    shape.FLOW.check(node(value), notes)
    told = [error.message for error in VALIDATOR.iter_errors(value)]
    assert bool(notes.faults) == bool(told), (notes.faults, told)
    return not told


def test_the_schema_is_a_schema() -> None:
    """By its own rules."""
    jsonschema.Draft202012Validator.check_schema(schema.json_schema())


@pytest.mark.parametrize("case", cases_parts.CASES, ids=lambda case: case.code)
def test_the_corpus_is_judged_as_by_the_reader(case: cases.Case) -> None:
    """Refused are the faults of form of all cases, and no near miss."""
    found: list[faults.Fault] = []
    bad = document.read(cases.edited(case.base, case.bad), found)
    if bad is not None and not found:
        assert agreed(bad.plain) == (case.code not in ("key_unknown", "key_missing", "value_wrong"))
    near = document.read(cases.edited(case.base, case.near), found := [])
    assert near is not None
    assert agreed(near.plain)


PLACES: list[tuple[int, tuple[Any, ...]]] = []


def places(value: Plain, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value in a document."""
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    return [path, *itertools.chain.from_iterable(places(part, (*path, key)) for key, part in entries)]


def changed(value: Any, path: tuple[Any, ...], edit: tuple[str, Any]) -> Any:
    """The document with another value, a further key, or nothing at a place."""
    how, what = edit
    if path:
        copy = dict(value) if isinstance(value, dict) else list(value)
        if len(path) == 1 and how == "drop":
            del copy[path[0]]
        else:
            copy[path[0]] = changed(value[path[0]], path[1:], edit)
        return copy
    if how == "add" and isinstance(value, dict):
        return {**value, str(what): "x"}
    if how == "add" and isinstance(value, list):
        return [*value, what]
    return what


WORDS = st.sampled_from(
    (
        "", " ", "a", "A", "open", "on", "true", "PT1H", "P0D", "P1W", "PT99999999999S", "due", "09:00", "24:00", "09:00-24:00",
        "25:00-26:00", "2026-02-29", "2028-02-29", "2026-13-01", "mon", "mon-fri", "fri-", "int", "int?", "float", "P", "x\n",
        "UTC", "a/b/c", "a.b", "A.b", "order.retail", "booking", "live", "held", "Draft", "other", "all", "in", "wrong key",
    )
)  # fmt: skip
VALUES = st.one_of(
    WORDS,
    st.sampled_from(
        (None, True, False, 0, 1, 2.0, 1.5, -1, 51, [], {}, ["a"], ["a", "a"], [1], ["a", 1], [True])
    ),
    st.dictionaries(
        st.sampled_from((*(n for n in ("duration", "field", "at", "in", "all", "any", "then", "park")), "x")),
        WORDS,
    ),
)
EDITS = st.tuples(st.sampled_from(("put", "put", "add", "drop")), VALUES)
WHERE = st.sampled_from([(number, path) for number, good in enumerate(GOOD) for path in places(good)[1:]])


@settings(max_examples=200, deadline=None, database=None)
@given(WHERE, EDITS)
def test_any_change_is_judged_alike(where: tuple[int, tuple[Any, ...]], edit: tuple[str, Any]) -> None:
    """Whatever is put, added or taken away anywhere in a good flow."""
    number, path = where
    agreed(changed(GOOD[number], path, edit))


def test_good_flows_are_accepted_by_both() -> None:
    """Those that are shipped among them."""
    assert all(agreed(good) for good in GOOD)
