"""Guards that only compare fields with constants answer as the expression library does, or leave it to the library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coster.engine.workflow.guards import Guard, GuardFailedError, GuardRefusedError, Language

KINDS = {
    "lines": "int", "stock.missing": "int", "express": "bool", "tier": "string", "facts": "map(string, dyn)",
    "settings.most": "int", "settings.zones": "list(string)", "settings.open": "bool", "settings.mixed": "dyn",
}  # fmt: skip
CONSTANTS = {
    "settings.most": 3, "settings.zones": ["NL", "BE"], "settings.open": True, "settings.mixed": [1, 2.5, "NL"],
}  # fmt: skip
LANGUAGE = Language(KINDS, CONSTANTS)


def library(guard: Guard) -> Callable[[dict[str, Any]], bool]:
    """The same guard as the library alone answers it."""
    slow = LANGUAGE.compile(guard.source)
    slow._plain = None  # noqa: SLF001 - there is no other way to ask the library about it
    return slow


def answer(guard: Callable[[dict[str, Any]], bool], context: dict[str, Any]) -> bool | str:
    """What the guard says: its answer, or the words with which it fails."""
    try:
        return guard(context)
    except GuardFailedError as failed:
        return str(failed)


NUMBERS = st.sampled_from(["0", "1", "3", "-2", "- 2", "007", "0x10", "9223372036854775807", "settings.most"])
TEXTS = st.sampled_from(["'NL'", '"BE"', "''", "r'NL'", "'N\\x4c'", "'é'", "'''NL'''", "'lines'", "' // '"])
WHOLE = st.sampled_from(
    ["lines", "stock.missing", "stock . missing", "(lines)", "lines + 1", "-lines", "facts.n"]
)
TESTS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
ATOMS = st.one_of(
    st.builds("{} {} {}".format, WHOLE, TESTS, NUMBERS | WHOLE),
    st.builds("{}{}{}".format, NUMBERS, TESTS, WHOLE),
    st.builds("tier {} {}".format, TESTS, TEXTS),
    st.builds("{} == tier".format, TEXTS),
    st.sampled_from(["express", "!express", "express == true", "express != settings.open", "!(express == false)"]),
    st.builds("{} in [{}, {}]".format, WHOLE, NUMBERS, NUMBERS),
    st.builds("tier in [{}, {}]".format, TEXTS, TEXTS),
    st.sampled_from(["tier in settings.zones", "lines in settings.mixed", "tier in settings.mixed", "lines in []"]),
    st.sampled_from(["true", "1 > 0", "settings.open", "tier.startsWith('N')", "tier.size() > 1", "1 / lines > 0"]),
)  # fmt: skip
GUARDS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds("{} && {}".format, inner, inner),
        st.builds("{} || {}".format, inner, inner),
        st.builds("({})".format, inner),
        st.builds("!({})".format, inner),
        st.builds("{} ? {} : {}".format, inner, inner, inner),
        st.builds("{} // {}\n && {}".format, inner, inner, inner),
    ),
    max_leaves=6,
)
ODD = st.sampled_from(
    [None, 1.0, "1", True, 2**63, -(2**63), 2**70, [], "\ud800", "é", "N\x00L", {}, "NL", 0]
)
CONTEXTS = st.fixed_dictionaries(
    {"lines": st.integers(-3, 4) | ODD, "express": st.booleans() | ODD, "facts": st.just({"n": 1}) | ODD},
    optional={
        "stock.missing": st.integers(-3, 4) | ODD,
        "tier": st.sampled_from(["NL", "BE", "", "x"]) | ODD,
    },
)


@settings(deadline=None, max_examples=150)
@given(GUARDS, st.lists(CONTEXTS, min_size=1, max_size=4))
def test_every_guard_answers_as_the_library_does(source: str, contexts: list[dict[str, Any]]) -> None:
    """True, false, or an error in the same words, whatever the values are."""
    try:
        guard = LANGUAGE.compile(source)
    except GuardRefusedError:
        return
    alone = library(guard)
    for context in contexts:
        assert answer(guard, context) == answer(alone, context), context


@pytest.mark.parametrize(
    ("source", "plain"),
    [
        ("lines > 0", True),
        ("lines > 0 && stock.missing == 0 && !express", True),
        ("lines <= settings.most || tier in settings.zones", True),
        ("express ? lines > 1 : 3 < lines", True),
        ("lines > stock.missing", False),
        ("tier.startsWith('N')", False),
        ("lines > 0 || facts.n == 1", False),
        ("lines in settings.mixed", False),
        ("lines > 0 // && express", False),
    ],
)
def test_which_guards_are_answered_without_the_library(source: str, plain: bool) -> None:  # noqa: FBT001 - a column of the table.
    """Comparisons with constants, however they are joined; nothing else."""
    guard = LANGUAGE.compile(source)
    assert (guard._plain is not None) is plain  # noqa: SLF001 - what is asked about


@pytest.mark.parametrize("odd", [None, True, 1.0, "1", 2**63, -(2**63) - 1])
def test_a_value_of_another_type_is_left_to_the_library(odd: object) -> None:
    """Which has no answer for it, so it is never taken for true."""
    guard = LANGUAGE.compile("lines != 0")
    assert guard._plain is not None  # noqa: SLF001 - what is asked about
    assert guard._plain([odd]) is None  # noqa: SLF001 - the same
    assert guard({"lines": 2**63 - 1}) is True
