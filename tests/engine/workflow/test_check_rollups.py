"""Roll-ups starve exactly where trying every mix of children tells that they do."""

from __future__ import annotations

import itertools
import random

import pytest

from coster.engine.workflow import check, language, rollups
from coster.engine.workflow.actions import Vocabulary
from coster.engine.workflow.records import Condition

ENDS = ("sent", "lost", "burnt")
CHILD = "name: box.any\nentity: box\nversion: 1\nstatuses:\n  begun: {category: booking, initial: true}\n" + "".join(
    f"  {end}: {{category: done, final: true}}\n" for end in ENDS
) + "transitions:\n" + "".join(f"  - {{on: to_{end}, from: begun, to: {end}}}\n" for end in ENDS)  # fmt: skip
PARENT = """\
name: pile.any
entity: pile
version: 1
children: {boxes: {flow: box.any}, crates: {flow: box.any}}
statuses:
  waiting: {category: booking, initial: true}
  between: {category: booking}
  gone: {category: done, final: true}
transitions:
  - {on: step, from: waiting, to: between}
"""
PILE = Vocabulary(entity="pile", context={}, triggers={"step": {}}, actions=(), roles=frozenset({"owner"}))
SOME = tuple(itertools.chain.from_iterable(itertools.combinations(ENDS, size) for size in (1, 2, 3)))


def condition(some: random.Random, kinds: tuple[str, ...]) -> Condition:
    """A roll-up by chance; `none` seldom, for it is true of every mix but few."""
    quantifier = some.choice(("all", "all", "any", "none"))
    return Condition(quantifier=quantifier, children=some.choice(kinds), statuses=some.choice(SOME))


def starves(rows: list[list[Condition]], kinds: tuple[str, ...]) -> bool:
    """Whether some mix of children that are at their ends makes no row true."""
    for chosen in itertools.product(SOME, repeat=len(kinds)):
        counts = {kind: rollups.counts(ENDS, ends) for kind, ends in zip(kinds, chosen, strict=True)}
        if not any(all(rollups.holds(c, counts[c.children]) for c in row) for row in rows):
            return True
    return False


@pytest.mark.parametrize("number", range(40))
@pytest.mark.parametrize("kinds", [("boxes",), ("boxes", "crates")], ids=len)
def test_a_roll_up_starves_when_some_mix_makes_none_true(number: int, kinds: tuple[str, ...]) -> None:
    """One to four rows of one or two conditions, from either of two statuses of which one leads to the other."""
    some = random.Random(number)
    rows = [
        [condition(some, kinds) for _ in range(some.choice((1, 1, 2)))]
        for _ in range(some.choice((1, 2, 3, 4)))
    ]
    text = PARENT
    for row in rows:
        asked = ", ".join(f"{{{c.quantifier}: {c.children}, in: [{', '.join(c.statuses)}]}}" for c in row)
        text += f"  - {{rollup: [{asked}], from: between, to: gone}}\n"
    library = {"box.any": language.read(CHILD)}
    found = {fault.code for fault in check.check(language.read(text), PILE, library)}
    assert ("rollup_starves" in found) is starves(rows, kinds)


def test_children_that_a_roll_up_held_back_are_not_thought_of() -> None:
    """Only what was sent comes to where everything that was sent is waited for."""
    text = PARENT.replace("  - {on: step, from: waiting, to: between}\n", "")
    text += "  - {rollup: {any: boxes, in: [lost, burnt]}, from: waiting, to: gone}\n"
    text += "  - {rollup: {all: boxes, in: sent}, from: waiting, to: between}\n"
    text += "  - {rollup: {all: boxes, in: sent}, from: between, to: gone}\n"
    library = {"box.any": language.read(CHILD)}
    assert check.check(language.read(text), PILE, library) == ()
    [fault] = check.check(
        language.read(text.replace("any: boxes, in: [lost, burnt]", "any: boxes, in: lost")), PILE, library
    )
    assert (fault.code, fault.trail) == ("rollup_starves", "waiting; boxes: begun -to_burnt-> burnt")


def test_without_the_flow_of_the_children_nothing_is_said() -> None:
    """A kind of which any flow is unknown, or is itself to be refused, starves nothing."""
    text = PARENT + "  - {rollup: {all: boxes, in: sent}, from: between, to: gone}\n"
    assert check.check(language.read(text), PILE) == ()
    broken = language.read(CHILD.replace("to: lost}", "to: list}"))
    assert check.check(language.read(text), PILE, {"box.any": broken}) == ()
