"""Complete the held orders of an ended session. Pure.

Where the relation says `round_down`, what does not fill a whole case is cut first (see `cutting`).
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from coster.domain.catalog.model import Item
from coster.domain.inventory.model import PoolLine
from coster.domain.parties.model import Relation
from coster.domain.wholesale.model import CompleteSession, Consolidated, HeldOrder, Policy
from coster.domain.wholesale.rules import acting, cutting
from coster.domain.wholesale.rules.stepping import Happening
from coster.kernel import clock, quantity
from coster.kernel.message import Command, Decided
from coster.kernel.outcome import Accepted, Outcome, Rejected


def complete(
    state: cutting.CuttingState, commands: Sequence[Command[CompleteSession]]
) -> Decided[Consolidated]:
    """Every held order of the session in which something is still held, and that is not kept back, gets its flow's `complete`; once."""
    fold = cutting.Fold(state)
    outcomes: list[Outcome] = []
    for index, command in enumerate(commands):
        fold.begin(index, command)
        outcomes.append(_complete(fold, command))
    return fold.decided(outcomes)


def _complete(fold: cutting.Fold, command: Command[CompleteSession]) -> Outcome:
    session = fold.state.held.sessions.get(command.body.session_id)
    if session is None or not command.authority.allows("sessions:write", session.coordinator_id):
        return Rejected("session_unknown", "No session of yours has this id; list them at /api/v1/sessions.")
    if session.status != "ended":
        until = clock.text(session.amend_until)
        return Rejected("session_not_ended", f"Held orders are completed when the amendment window is over, at {until}.",
                        {"status": session.status, "amend_until": until})  # fmt: skip
    mine = [
        held
        for held in fold.projection.held.values()
        if held.session_id == session.id and held.holds == "live" and held.id not in fold.state.kept_back
    ]
    mine.sort(key=lambda held: held.id)
    _drop_last_cases(fold, mine)
    completed = [_finish(fold, command, fold.projection.held[held.id]) for held in mine]
    return Accepted({"session_id": str(session.id), "held_orders": completed})


def _finish(fold: cutting.Fold, command: Command[CompleteSession], held: HeldOrder) -> dict[str, str]:
    """The held order as its flow leaves it; one that came to nothing meanwhile is over already."""
    if held.holds == "live":
        what = Happening(index=fold.index, trigger="complete", at=command.at)
        fold.projection.step(what, held.id, acting.actions(fold))
    return {"id": str(held.id), "status": fold.projection.held[held.id].status}


def _drop_last_cases(fold: cutting.Fold, mine: Sequence[HeldOrder]) -> None:
    """Cuts what fills no case, before any of the session's held orders becomes final.

    More may go than was over, where quantities are sold in steps, and from another producer's order too, where a kit is made of
    both; so it goes on until every last case is full.
    """
    terms = [(held, fold.state.relations.get((held.hub_id, held.producer_id))) for held in mine]
    down = [(held, relation) for held, relation in terms if relation and relation.remainder == "round_down"]
    while any(_drop_last_case(fold, held, relation) for held, relation in down):
        pass


def _drop_last_case(fold: cutting.Fold, held: HeldOrder, relation: Relation) -> bool:
    """Cases are counted over all places of an item; what does not fill one goes where the latest shopper draws from."""
    items = {fold.book.item_of(line.position_id) for line in fold.lines_of(held.id)}
    dropped = False
    for item_id in sorted(items):
        item = fold.state.items[item_id]
        if over := _over(fold, held, item):
            why = f"{quantity.text(over)} {item.stock_unit} did not fill a case of {quantity.text(item.case_quantity or 0)}"
            dropped |= _cut(fold, over, _lines_of(fold, held, item_id), (relation.shortage, why))
    return dropped


def _lines_of(fold: cutting.Fold, held: HeldOrder, item_id: uuid.UUID) -> list[PoolLine]:
    return [line for line in fold.lines_of(held.id) if fold.book.item_of(line.position_id) == item_id]


def _over(fold: cutting.Fold, held: HeldOrder, item: Item) -> int:
    """What the held order has of an item beyond whole cases."""
    return (
        sum(line.held for line in _lines_of(fold, held, item.id)) % item.case_quantity
        if item.case_quantity
        else 0
    )


def _cut(fold: cutting.Fold, over: int, pool_lines: Sequence[PoolLine], how: tuple[Policy, str]) -> bool:
    """Takes what is over, place by place; yields whether anything could be taken."""
    before = over
    for line in cutting.latest_first(fold, pool_lines):
        amount = min(over, line.held)
        if amount <= 0:
            continue
        cut = cutting.Cut(
            position_id=line.position_id, pool_id=line.pool_id, amount=amount, policy=how[0], why=how[1]
        )
        cutting.share_out(fold, cut)
        over -= line.held - fold.book.pools[line.pool_id, line.position_id].held
    return over < before
