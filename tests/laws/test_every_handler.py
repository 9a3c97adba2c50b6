"""Every handler obeys the laws: a batch is the same as its commands one by one, and nobody's refusal leaves a trace."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coster import app
from coster.kernel.message import SYSTEM
from tests.handlers import registry
from tests.laws import ground
from tests.laws.bodies import STRATEGIES
from tests.laws.obey import Run, Trial
from tests.laws.stages import MOMENTS, TERMS, Stages

HANDLERS = registry().by_kind
KINDS = sorted(HANDLERS)
ACTORS = st.sampled_from(
    [SYSTEM] * 5 + [ground.OWNER_KEY, ground.HUB_KEY, ground.PRODUCER_KEY, ground.REVOKED_KEY]
)
STAGES = st.tuples(st.sampled_from(list(TERMS)), st.sampled_from([*MOMENTS[1:], *MOMENTS]))


NOW_OR_LATER = (0, 0, 45, 60 * 24 * 2, 60 * 24 * 5)


def runs(kind: str, *, most: int = 5, waits: Sequence[int] = NOW_OR_LATER) -> st.SearchStrategy[Run]:
    """Runs of a kind: one to so many commands, cut anywhere (as often as not one by one), after a wait in minutes. One
    at a time where the kind is whole: it has no company."""
    most = 1 if HANDLERS[kind].whole else most
    asked: st.SearchStrategy[tuple[Any, uuid.UUID]] = st.tuples(STRATEGIES[kind], ACTORS)
    return st.builds(
        Run,
        bodies=st.lists(asked, min_size=1, max_size=most).map(tuple),
        cuts=st.just(frozenset(range(1, most))) | st.frozensets(st.integers(1, most)),
        wait_minutes=st.sampled_from(waits),
    )


def test_every_kind_has_a_strategy() -> None:
    """A handler that is registered, in the program or in the tests, is tried by the laws."""
    assert set(STRATEGIES) == set(KINDS)
    assert {handler.kind for handler in app.HANDLERS} <= set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
async def test_cutting_a_batch_changes_nothing(stages: Stages, kind: str, data: st.DataObject) -> None:
    """Outcomes, events and the end state are the same for a batch and for its pieces; a dry run answers the same and leaves
    nothing; sent again, nothing changes."""
    trial = await Trial.begin(stages, await stages.get(*data.draw(STAGES)))
    run = data.draw(runs(kind))
    foretold = await trial.dry_run(run)
    answers = await trial.play(run)
    assert trial.told(trial.whole, answers) == foretold
    await trial.end()
    await trial.repeat(trial.done, answers)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
async def test_a_refusal_leaves_nothing_and_a_change_is_told(
    stages: Stages, kind: str, data: st.DataObject
) -> None:
    """A refused command leaves no row but its answer, and an accepted one that changed anything has its event."""
    trial = await Trial.begin(stages, await stages.get(*data.draw(STAGES)))
    await trial.one_by_one(data.draw(runs(kind, most=3)))
