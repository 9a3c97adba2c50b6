"""The laws are red when somebody breaks them: a handler with a planted breach is found by the law that it breaks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from coster.domain.inventory.model import AdjustStock
from coster.engine.batch.handler import Registry
from coster.kernel.message import SYSTEM, Command, Decided
from coster.kernel.outcome import Rejected
from tests.handlers import registry
from tests.laws import ground
from tests.laws.obey import Run, Trial
from tests.laws.stages import TERMS, Stages

Decide = Callable[[Any, Sequence[Command[Any]]], Decided[Any]]
SOUND: Decide = registry().by_body[AdjustStock].decide
NO = Rejected("planted", "Planted.")
RECEIVED = AdjustStock(location_id=ground.BARN, item_id=ground.CARROTS, type="RECEIPT", quantity=5000)
TWO = Run(((RECEIVED, SYSTEM), (RECEIVED, SYSTEM)), cuts=frozenset({1}))


def only_the_first(state: Any, commands: Sequence[Command[Any]]) -> Decided[Any]:
    """Whoever comes second in a batch is refused."""
    decided = SOUND(state, commands[:1])
    return replace(decided, outcomes=[*decided.outcomes, *[NO] * (len(commands) - 1)])


def refused_and_done(state: Any, commands: Sequence[Command[Any]]) -> Decided[Any]:
    """What is refused is written all the same."""
    return replace(SOUND(state, commands), outcomes=[NO] * len(commands), events=[])


def done_and_not_told(state: Any, commands: Sequence[Command[Any]]) -> Decided[Any]:
    """Nobody hears of it."""
    return replace(SOUND(state, commands), events=[])


def doubled(state: Any, commands: Sequence[Command[Any]]) -> Decided[Any]:
    """Goods come from nowhere: twice as much is booked as was received."""
    bodies = [msgspec.structs.replace(one.body, quantity=2 * one.body.quantity) for one in commands]
    return SOUND(state, [replace(one, body=body) for one, body in zip(commands, bodies, strict=True)])


async def cut_up(trial: Trial) -> None:
    """The batch law and the conservation of goods."""
    await trial.play(TWO)
    await trial.end()


async def one_by_one(trial: Trial) -> None:
    """No effect on refusal, and every change told."""
    await trial.one_by_one(TWO)


async def begun(stages: Stages, decide: Decide) -> Trial:
    """A trial of the program in which stock is adjusted by this decision."""
    handlers = [
        replace(one, decide=decide) if one.body is AdjustStock else one for one in registry().by_kind.values()
    ]
    broken = Stages(stages.organisations, Registry(handlers))
    return await Trial.begin(broken, await stages.get(next(iter(TERMS)), "busy"))


@pytest.mark.parametrize(
    ("law", "decide"),
    [
        (cut_up, only_the_first),
        (cut_up, doubled),
        (one_by_one, refused_and_done),
        (one_by_one, done_and_not_told),
    ],
)
async def test_planted_breach_is_found(
    stages: Stages, law: Callable[[Trial], Awaitable[None]], decide: Decide
) -> None:
    """The law fails for the handler with the breach."""
    with pytest.raises(AssertionError):
        await law(await begun(stages, decide))


@pytest.mark.parametrize("law", [cut_up, one_by_one])
async def test_sound_handler_is_left_alone(stages: Stages, law: Callable[[Trial], Awaitable[None]]) -> None:
    """The same commands on the program as it is break no law."""
    await law(await begun(stages, SOUND))
