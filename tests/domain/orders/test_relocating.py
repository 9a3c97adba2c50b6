"""Orders that go to another version of their flow, in memory: version, status and clock, and nothing else; and back."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec
import pytest

from coster.domain.orders.handlers import LIBRARY
from coster.domain.orders.model import MoveOrders
from coster.domain.orders.rules import relocating
from coster.engine.flows import clocks, moving
from coster.engine.flows.moving import Move, Moved, Moving
from coster.engine.workflow import compile as compiling
from coster.engine.workflow.tables import Published, Tables
from coster.kernel.authority import SYSTEM, Authority
from coster.kernel.message import Decided
from tests.domain.orders.test_stepping import FLOW, PHONE
from tests.domain.orders.worlds import CARROTS, HOUR, KILO, Memory, basket, line, order_of

ALI, PAUL = order_of("Ali"), order_of("Paul")
MOVE, BACK = uuid.UUID(int=71), uuid.UUID(int=72)
# `new` has another name, and a clock of its own.
LATER = compiling.load(
    FLOW.replace("version: 3\n", "version: 4\n", 1)
    .replace("  new: {", "  fresh: {", 1)
    .replace("from: new", "from: fresh")
    .replace("[new,", "[fresh,")
    + "  - {on: hurry, after: PT2H, from: fresh, do: [release_holds], to: gone}\n",
    LIBRARY.vocabulary,
)


def placed() -> Memory:
    """Ali's and Paul's orders on the first version, while there are two."""
    flows = Tables([*LIBRARY.shipped.values(), PHONE, LATER], {"order.phone": Published(version=3)})
    memory = Memory({CARROTS: 20 * KILO}, flows=flows)
    for who in ("Ali", "Paul"):
        memory.one(basket(who, line(CARROTS, KILO), type="phone"))
    return memory


def forth(**more: Any) -> Move:
    """From the first version to the second."""
    given: dict[str, Any] = {"sources": (3,), "to_version": 4, "mapping": {"new": "fresh"}, **more}
    return Move(id=MOVE, name="order.phone", entity="order", **given)


def carried(memory: Memory, moves: Moving, *ids: uuid.UUID, authority: Authority = SYSTEM) -> Decided[Any]:
    """The next page of each move, for these orders; taken in."""
    state = relocating.MovingState(
        flows=memory.flows,
        checkouts=memory.checkouts,
        moves=moves,
        wanted=dict.fromkeys(moves.moves, ids),
        orders=memory.orders,
    )
    commands = [memory.command(MoveOrders(move_id=id_), authority) for id_ in moves.moves]
    decided = relocating.move(state, commands)
    memory.take(decided.writes)
    return decided


def test_an_order_goes_over_with_its_version_status_and_clock() -> None:
    """What it holds, its lines and amounts are as before; the timers of the old status end, those of the new one begin."""
    memory = placed()
    before, holds = memory.order("Ali"), dict(memory.holds)
    decided = carried(memory, Moving(moves={MOVE: forth()}, back={}), ALI)
    after = memory.order("Ali")
    assert (after.flow_version, after.status, after.version, after.entered) == (
        4,
        "fresh",
        before.version + 1,
        before.version + 1,
    )
    kept = ("holds", "total", "attributes", "flow", "checkout", "payment", "expires_at")
    assert {name: getattr(after, name) for name in kept} == {name: getattr(before, name) for name in kept}
    assert (memory.holds, memory.order("Paul").flow_version) == (holds, 3)
    set_ = {timer.id: timer.due_at for _, timer in decided.timers}
    assert set_[clocks.timer_id(ALI, "hurry")] == memory.at + 2 * HOUR
    events = [event for _, event in decided.events]
    assert [event.name for event in events] == ["order.flow_moved", moving.FINISHED]
    told = events[0].data["flow"]
    assert (told["from_version"], told["version"], told["from"], told["to"]) == (3, 4, "new", "fresh")


def test_a_move_back_takes_those_who_are_where_it_put_them() -> None:
    """Who has gone on since stays where he is, and is counted."""
    memory = placed()
    carried(memory, Moving(moves={MOVE: forth()}, back={}), ALI, PAUL)
    memory.orders[PAUL] = msgspec.structs.replace(memory.order("Paul"), status="gone", holds="none")
    rows = [
        Moved(move_id=MOVE, entity_id=id_, from_version=3, from_status="new", to_version=4, to_status="fresh")
        for id_ in (ALI, PAUL)
    ]
    back = msgspec.structs.replace(forth(sources=(3,), mapping={}), id=BACK, undoes=MOVE)
    decided = carried(memory, Moving(moves={BACK: back}, back={BACK: rows}))
    assert (memory.order("Ali").flow_version, memory.order("Ali").status) == (3, "new")
    assert (memory.order("Paul").flow_version, memory.order("Paul").status) == (4, "gone")
    assert [page.move.moved for page in decided.writes.pages] == [1]
    assert [page.move.stayed for page in decided.writes.pages] == [1]


@pytest.mark.parametrize(
    ("moves", "authority", "code"),
    [
        ({}, SYSTEM, "flow_move_not_found"),
        ({MOVE: forth(done=True)}, SYSTEM, None),
        ({MOVE: forth()}, Authority(frozenset({"orders:write", "flows:write"})), "not_permitted"),
    ],
)
def test_nobody_is_moved_by_whom_or_what_is_not_to(
    moves: dict[uuid.UUID, Move], authority: Authority, code: str | None
) -> None:
    """No move, one that is done, and somebody who is not the machinery."""
    memory = placed()
    before = dict(memory.orders)
    state = relocating.MovingState(
        flows=memory.flows,
        checkouts=memory.checkouts,
        moves=Moving(moves=moves, back={}),
        wanted={MOVE: [ALI]},
        orders=memory.orders,
    )
    decided = relocating.move(state, [memory.command(MoveOrders(move_id=MOVE), authority)])
    assert getattr(decided.outcomes[0], "code", None) == code
    assert (decided.events, decided.writes.changed, memory.orders) == ([], [], before)
