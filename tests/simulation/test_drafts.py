"""Two towns live through the same days, one by a draft: whoever ends differently is told, with the reason."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from coster.cli.main import main
from coster.domain.orders.handlers import LIBRARY
from coster.engine.db.connect import Database
from coster.engine.workflow import language, writing
from coster.engine.workflow.records import Flow
from coster.simulation import drafts, simulate
from coster.simulation.steps import NO_SESSION, Step
from tests.handlers import registry

SHIPPED = language.read(LIBRARY.texts["order.retail", LIBRARY.shipped["order.retail"].flow.version])
FULL = Step(kind="adjust", id=1, at=1, item=4, place=3, quantity=100_000)
DEAR, CHEAP = ((0, 4, 20_000),), ((0, 4, 2_000),)
"""Forty euros' worth, and four."""


def draft(*, cancel_when: str = "") -> tuple[str, Flow]:
    """The shipped flow as its next version, perhaps with a guard on what cancels."""
    rows = [
        msgspec.structs.replace(row, when=cancel_when) if row.on == "cancel" and cancel_when else row
        for row in SHIPPED.transitions
    ]
    flow = msgspec.structs.replace(SHIPPED, version=SHIPPED.version + 1, transitions=tuple(rows))
    text = writing.write(flow)
    return text, language.read(text)


def placed(number: int, lines: tuple[tuple[int, int, int], ...], at: int) -> Step:
    """An order of the first hub, in no session."""
    return Step(
        kind="place", id=number, at=at, order=number, reference=number, session=NO_SESSION, lines=lines
    )


def of_order(kind: str, id_: int, number: int, at: int) -> Step:
    """Something that happens to an order."""
    return Step(kind=kind, id=id_, at=at, order=number)


DAY = (
    (FULL,),
    (placed(2, DEAR, 1_000), placed(3, CHEAP, 1_001), placed(4, CHEAP, 1_002)),
    (of_order("complete", 5, 2, 2_000), of_order("complete", 6, 3, 2_001)),
    (of_order("cancel", 7, 2, 3_000), of_order("cancel", 8, 3, 3_001)),
)
"""Four orders, of which two are completed and cancelled; the last is left to its timer."""


async def test_a_draft_that_changes_nothing_ends_nothing_differently(database: Database) -> None:
    """All three orders begin on it, and end as without it; what nobody completes is ended by its timer in both towns."""
    found = await drafts.beside(database, registry(), draft(), DAY)
    assert (found.commands, found.on_draft, found.same, found.differ) == (8, 3, found.same, [])
    async with database.read(1) as conn:
        statuses = await conn.fetch("SELECT status FROM orders WHERE org_id = 1")
    assert {row["status"] for row in statuses} == {"cancelled"}


async def test_whoever_ends_differently_is_told_with_the_reason(database: Database) -> None:
    """Only the dear order may not be cancelled any more: where it is, what came of it, and which guard was false."""
    found = await drafts.beside(database, registry(), draft(cancel_when="order.total < 2000"), DAY)
    [one] = [one for one in found.differ if one.what.startswith("order ")]
    assert (one.what, one.was, one.would) == ("order 2", "cancelled", "booked")
    assert one.went == ("order.cancelled → cancelled",)
    assert one.would_go == ("cancel refused in booked (not order.total < 2000)",)
    assert found.told()["ways"]["cancelled → booked"] == 1


async def test_a_version_that_is_there_already_is_refused(database: Database) -> None:
    """In the words of whoever publishes."""
    text = writing.write(SHIPPED)
    with pytest.raises(drafts.DraftRefusedError, match=r"order\.retail"):
        await drafts.beside(database, registry(), (text, SHIPPED), DAY)


def test_days_follow_from_the_seed_at_the_pace_of_people() -> None:
    """The same choices as a simulation's, a thousand times slower; as many as were asked for."""
    plan = simulate.Plan(commands=300, batch=32, seed=4)
    one, two = list(drafts.days(plan)), list(drafts.days(plan))
    assert one == two
    assert sum(map(len, one)) == 300
    assert {step.at % drafts.SLOWER for batch in one for step in batch} == {0}


def test_command_tells_whom_a_draft_would_have_changed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], pg_bin: Path | None
) -> None:
    """From a file, with words and as JSON; a file that the checker refuses ends before any town is founded."""
    file = tmp_path / "order.retail.yaml"
    file.write_text(draft(cancel_when="order.total < 2000")[0], encoding="utf-8")
    given = ["simulate", "--flow", str(file), "--commands", "1200", "--seed", "1"]
    assert main([*given, "--json"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert found["commands"] == 1200
    assert found["on_draft"] > 20
    assert found["differ"] == len(found["entities"]) > 0
    assert main(given) == 0
    said = capfd.readouterr().out
    assert "cancelled; by the draft booked" in said
    assert "(not order.total < 2000)" in said
    file.write_text(draft(cancel_when="order.nothing")[0], encoding="utf-8")
    assert main(given) == 1
    assert "order.nothing" in capfd.readouterr().err
