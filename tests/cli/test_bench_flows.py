"""`coster bench flows`: figures beside their goals, without a database."""

from __future__ import annotations

from coster.cli.output import Exit
from tests.cli.conftest import Inside


def test_figures_are_told_beside_their_goals(inside: Inside) -> None:
    """For programs: six of them, and the code says whether all are reached."""
    done = inside("bench", "flows", "--seconds", "0.01", "--json")
    figures = done.json["figures"]
    goals = {(one["what"], one["goal"]) for one in figures}
    assert goals == {("transitions with a guard, told", 20_000), ("pure steps", 100_000)}
    assert len(figures) == 6
    assert (done.code == Exit.DONE) == all(one["per_second"] >= one["goal"] for one in figures)


def test_figures_for_people(inside: Inside) -> None:
    """The machine, and a row for each."""
    done = inside("bench", "flows", "--seconds", "0.01")
    assert "processor" in done.out
    assert "200 versions" in done.out
