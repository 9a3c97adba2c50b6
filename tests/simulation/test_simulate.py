"""The simulated town: the pipeline agrees with the oracle, and where a rule is wrong that is found and cut short."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from coster.domain.inventory.rules import book, holding
from coster.domain.wholesale.rules import cutting
from coster.engine.db.connect import Database
from coster.simulation import oracle, reckoning, simulate, steps
from coster.simulation.steps import Step
from tests.handlers import registry

PLAN = simulate.Plan(commands=6000, batch=96, seed=3)


@pytest.fixture
async def ground(database: Database) -> simulate.Ground:
    """A database in which towns can live."""
    return simulate.Ground(database, registry())


async def test_pipeline_and_oracle_agree(ground: simulate.Ground) -> None:
    """Thousands of commands of every kind, in batches of any size: not one answer and not one thousandth is different."""
    report = await simulate.run(ground, PLAN)
    assert report.disagreements == []
    assert report.commands >= PLAN.commands
    accepted = {answer.split()[0] for answer in report.answers if answer.endswith("accepted")}
    assert accepted == oracle.TAKEN.keys()


async def test_same_seed_same_history(ground: simulate.Ground) -> None:
    """A seed decides everything that happens, so that a failure can be had again."""
    plan = simulate.Plan(commands=400, batch=32, seed=9)
    one, two = await simulate.run(ground, plan), await simulate.run(ground, plan)
    assert one.history == two.history
    assert one.answers == two.answers


def test_oracle_knows_nothing_of_the_domain() -> None:
    """The oracle shares no code with what it judges: it imports the steps and the standard library, and nothing else."""
    imported = set()
    for module in (oracle, reckoning, steps):
        tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
        imported |= {
            node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module
        }
    assert {name for name in imported if name.startswith("coster")} == {
        "coster.simulation.reckoning",
        "coster.simulation.steps",
    }


def _one_too_much(real: Callable[..., int]) -> Callable[..., int]:
    return lambda *args, **more: real(*args, **more) + 1


def _one_too_few(real: Callable[..., int]) -> Callable[..., int]:
    """A release that forgets one thousandth of what it gives back."""

    def give_up(where: book.Book, demand: Any, held: Any, take: int) -> int:
        return real(where, demand, held, max(1, take - 1))

    return give_up


def _earliest(real: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    return lambda fold, cut: real(fold, cut)[::-1]


def _forgetful(real: Callable[..., None]) -> Callable[..., None]:
    """Taking back a refused command leaves its last change."""

    def back_to(where: book.Book, mark: tuple[int, int]) -> None:
        real(where, (min(mark[0] + 1, len(where._undo)), mark[1]))  # noqa: SLF001 - the planted fault is inside

    return back_to


# Where the fault is planted, and a seed with which it shows early.
PLANTED: dict[str, tuple[Any, str, Callable[[Any], Any], int]] = {
    "one unit too much is granted": (holding, "_room", _one_too_much, 8),
    "one unit stays held for ever": (holding, "give_up", _one_too_few, 5),
    "the first who came loses": (cutting, "_order_of_loss", _earliest, 8),
    "a refusal leaves something": (book.Book, "back_to", _forgetful, 8),
}
SHORT = 8


@pytest.mark.parametrize("name", PLANTED)
async def test_planted_fault_is_found_and_cut_short(
    ground: simulate.Ground, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    """A wrong rule shows as a disagreement; the short history that is left shows it still, from a file too."""
    where, what, wrong, seed = PLANTED[name]
    # What breaks is told in the log with all of its places; that takes longer than everything else here.
    with monkeypatch.context() as planted, capture_logs():
        planted.setattr(where, what, wrong(getattr(where, what)))
        report = await simulate.run(ground, simulate.Plan(commands=700, batch=8, seed=seed))
        assert report.disagreements

        async def shows(history: steps.History) -> bool:
            return bool(await ground.disagrees(history))

        short = await simulate.shortest(report.history, shows)
        steps.stored(short, tmp_path / "history.json")
        again = steps.read(tmp_path / "history.json")
        assert again == short
        assert await ground.disagrees(again)
        assert sum(map(len, short)) <= SHORT
    assert await ground.disagrees(again) == []


async def test_shortest_history_is_minimal() -> None:
    """Of many batches only the commands remain that are needed, in their order."""
    history = [tuple(Step(kind="place", id=10 * n + m, at=n) for m in range(4)) for n in range(20)]

    async def shows(some: steps.History) -> bool:
        ids = [step.id for batch in some for step in batch]
        return {31, 112, 113} <= set(ids)

    short = await simulate.shortest(history, shows)
    assert [[step.id for step in batch] for batch in short] == [[31], [112, 113]]


async def test_end_of_a_long_history_is_tried_first() -> None:
    """A fault that the last batches show is not looked for in all of the years before: no attempt lives through them."""
    history = [(Step(kind="place", id=n, at=n),) for n in range(5000)]
    lived = []

    async def shows(some: steps.History) -> bool:
        lived.append(len(some))
        return {4900, 4999} <= {step.id for batch in some for step in batch}

    short = await simulate.shortest(history, shows)
    assert [step.id for batch in short for step in batch] == [4900, 4999]
    assert max(lived) == 256


async def test_repeated_step_is_answered_as_before() -> None:
    """The oracle knows every answer that it gave, and nothing of steps that have not come."""
    answers = oracle.Answers()
    for id_, code in ((1, ""), (2, "order_unknown"), (900_000, "order_status"), (3, "order_unknown")):
        answers.keep(id_, code)
    found = [answers.get(id_) for id_ in (1, 2, 3, 4, 900_000, 900_001)]
    assert found == ["", "order_unknown", "order_unknown", None, "order_status", None]


def test_history_file_must_hold_a_history(tmp_path: Path) -> None:
    """Anything else in the file is refused by name and not lived through."""
    (tmp_path / "other.json").write_text('[[{"kind": "place"}]]', encoding="utf-8")
    with pytest.raises(msgspec.ValidationError, match="missing required field"):
        steps.read(tmp_path / "other.json")
