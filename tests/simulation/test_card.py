"""Two cards are compared figure by figure, and noise is no news."""

from __future__ import annotations

from typing import Any

from coster.simulation import card


def of(**figures: float) -> dict[str, Any]:
    """A card with these figures."""
    return {"figures": figures}


def test_only_what_is_beyond_noise_is_better_or_worse() -> None:
    """More is better where a goal says at least, worse where it says at most; other figures are only other."""
    before = of(http_to_five=1.0, list_growth=1.0, recovery_seconds=2.0, http_64_orders=100.0, gone=1.0)
    after = of(http_to_five=1.1, list_growth=1.5, recovery_seconds=1.0, http_64_orders=200.0, new=1.0)
    found = {change.name: change.verdict for change in card.compare(before, after)}
    assert found == {
        "http_to_five": "same", "list_growth": "worse", "recovery_seconds": "better", "http_64_orders": "other",
    }  # fmt: skip


def test_card_says_what_is_reached() -> None:
    """Every goal has its line, in order."""
    figures = {goal.name: goal.value for goal in card.GOALS} | {
        "http_to_five": 0.99,
        "recovery_seconds": 3.01,
    }
    told = card.lines({"figures": figures})
    assert [line.title for line in told if not line.reached] == [card.GOALS[0].title, card.GOALS[-1].title]
    assert (told[0].figure, told[0].goal) == ("0.99", "at least 1")
    assert (told[8].figure, told[8].goal) == ("50,000 /s", "at least 50,000 /s")
