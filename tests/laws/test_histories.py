"""Mixed histories: whatever is asked in whatever order, goods and promises are kept, and batches could be cut anywhere."""

from __future__ import annotations

import uuid

from hypothesis import given, settings
from hypothesis import strategies as st

from coster.domain.orders.model import ExpireSession
from coster.domain.sessions.model import EndSession
from coster.domain.wholesale.model import CompleteSession
from coster.kernel.message import SYSTEM
from tests.laws import ground
from tests.laws.bodies import KINDS_OF_HISTORIES
from tests.laws.obey import Run, Trial
from tests.laws.stages import MOMENTS, TERMS, Stages
from tests.laws.test_every_handler import runs

# Mostly at once, and now and then a cart runs out.
WAITS = (0,) * 12 + (45,)
SOMETHING = (
    st.sampled_from(KINDS_OF_HISTORIES)
    .flatmap(lambda kind: runs(kind, most=4, waits=WAITS))
    .map(lambda run: [run])
)


def ending(session: uuid.UUID) -> list[Run]:
    """A session ends, and what reacts to it."""
    bodies = (
        EndSession(session_id=session),
        ExpireSession(session_id=session),
        CompleteSession(session_id=session),
    )
    after = int((ground.AMENDED[session] - ground.START).total_seconds() // 60)
    return [Run(((body, SYSTEM),), wait_minutes=after * (body is bodies[0])) for body in bodies]


HISTORIES = st.lists(
    st.integers(0, 9).flatmap(
        lambda n: st.sampled_from([ending(ground.NETWORK), ending(ground.LATE)]) if n == 9 else SOMETHING
    ),
    min_size=4,
    max_size=16,
).map(lambda parts: [run for part in parts for run in part])


@settings(max_examples=settings().max_examples * 4)
@given(
    terms=st.sampled_from(list(TERMS)),
    moment=st.sampled_from(["busy", "busy", "busy", *MOMENTS]),
    history=HISTORIES,
)
async def test_histories_keep_every_promise(
    stages: Stages, terms: str, moment: str, history: list[Run]
) -> None:
    """After any history goods are conserved, held orders are the sum of live holds, every check of `coster verify` is clean,
    and it does not matter how the batches were cut."""
    trial = await Trial.begin(stages, await stages.get(terms, moment))
    for run in history:
        await trial.play(run)
    await trial.end()
