"""What is told about guards is what the expression library answers when every value is tried."""

from __future__ import annotations

import itertools
import random

import pytest

from coster.engine.workflow import guard_forms, guards, logic
from coster.engine.workflow.logic import Atom, Not, Solver

CONTEXT = {"items": "int", "express": "bool", "buyer.tier": "string", "settings.most": "int"}
CONSTANTS = {"settings.most": 3}
WHOLE = frozenset({"items"})
ATOMS = (
    "items > 2", "items <= 2", "3 > items", "items == 4", "items != 4", "items in [1, 2]", "items >= settings.most",
    "express", "express == false", "!express", "buyer.tier == 'a'", "'b' != buyer.tier", "buyer . tier in ['a', 'b']",
)  # fmt: skip
TRIED = tuple(itertools.product(range(-1, 8), (True, False), ("a", "b", "c")))


def guard(some: random.Random, depth: int = 3) -> str:
    """A guard by chance."""
    if depth == 0 or some.random() < 0.3:
        return some.choice(ATOMS)
    one, other, third = (guard(some, depth - 1) for _ in range(3))
    return some.choice(
        (f"({one}) && ({other})", f"({one}) || ({other})", f"!({one})", f"(({one}) ? ({other}) : ({third}))")
    )


def truth(source: str) -> tuple[bool, ...]:
    """What the library answers for each context that is tried."""
    ask = guards.Language(CONTEXT, CONSTANTS).compile(source)
    return tuple(ask({"items": i, "express": e, "buyer.tier": t}) for i, e, t in TRIED)


@pytest.mark.parametrize("number", range(60))
def test_together_is_what_trying_every_value_tells(number: int) -> None:
    """Whether one guard can hold, and whether it can where another does not."""
    some = random.Random(number)
    first, second = guard(some), guard(some)
    held, other = truth(f"{first} || items > 99"), truth(f"{second} || items > 99")
    one, two = (guard_forms.formula(text, CONSTANTS) for text in (first, second))
    assert Solver().together((one,), WHOLE) is any(held)
    assert Solver().together((one, Not(two)), WHOLE) is any(
        h and not o for h, o in zip(held, other, strict=True)
    )


@pytest.mark.parametrize(
    ("one", "other", "possible"),
    [
        ("size(facts) > 2", "size( facts ) <= 2", False),
        ("items > total", "items > total", True),
        ("items > total", "items <= total", True),
        ("facts.weight > 2", "facts.weight < 3", True),
        ("now > due", "!(now > due)", False),
        ("f('a . b')", "!f('a.b')", True),
        ("items.all(i, i > 0 && i < 9)", "!(items.all(i, i > 0 && i < 9))", False),
        ("name == 'it''s'", "name == 'x'", True),
        ("price > 1.5", "price < 1.5", True),
        ("items in []", "items == 1", False),
        ("1 == 1", "'a' != 'b'", True),
        ("((items == -1))", "items > -2", True),
        ("items == -1", "items > - 1", False),
    ],
)
def test_what_is_not_understood_is_a_term_of_its_own(one: str, other: str, *, possible: bool) -> None:
    """Equal texts are equal, spaces aside; nothing else is concluded."""
    parts = tuple(guard_forms.formula(text, {}) for text in (one, other))
    assert Solver().together(parts, WHOLE) is possible


def test_deep_brackets_and_nonsense_are_read_without_an_error() -> None:
    """The library refuses them with its own words."""
    for text in ("(" * 2_000, "!" * 2_000 + "a", "a ? b", "&& ||", "", "a ? b ? c : d : e", "x in [1, y]"):
        assert Solver().together((guard_forms.formula(text, {}),)) in (True, False)


def test_a_question_that_costs_too_much_is_not_answered() -> None:
    """Each of so many pairs of terms differs in one, which only trying everything would tell."""
    pairs = tuple(
        logic.Any((Atom(f"a{one}", "==", True), Atom(f"a{other}", "==", True)))
        for one in range(16) for other in range(one)
    )  # fmt: skip
    most = tuple(
        Not(logic.All(tuple(Atom(f"a{number}", "==", True) for number in chosen)))
        for chosen in itertools.combinations(range(16), 3)
    )
    assert Solver().together((*pairs, *most)) is None
    assert Solver().together(tuple(Atom(f"t{number}", "==", 1) for number in range(201))) is None


def test_all_questions_of_a_flow_share_a_budget() -> None:
    """When it is used up nothing more is answered."""
    solver = Solver(1_000)
    wide = tuple(Atom(f"t{number}", "==", 1) for number in range(9))
    answers = [solver.together(wide) for _ in range(100)]
    assert (answers[0], answers[-1]) == (True, None)
