"""A held order that is complete comes down to what its supplier elsewhere really has. Pure.

What is owed is final for everybody here; but a supplier on another platform may have less than it had said yes to, and then nothing here
makes the goods come. So when a person has accepted that, what is missing is shared out as every shortage is (`cutting`), the shoppers
are told, and what is owed is what there is. Source: ADR 0021.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from coster.domain.inventory.model import PoolLine
from coster.domain.inventory.rules import holding
from coster.domain.wholesale.model import Consolidated, HeldOrder, ShortHeldOrder
from coster.domain.wholesale.rules import cutting, projecting, stepping
from coster.domain.wholesale.rules.stepping import Happening
from coster.kernel import quantity, refusal
from coster.kernel.message import Command, Decided
from coster.kernel.outcome import Accepted, Outcome, Rejected


def short(state: cutting.CuttingState, commands: Sequence[Command[ShortHeldOrder]]) -> Decided[Consolidated]:
    """Each held order as its supplier has it; one that has no more than that already stays as it is."""
    fold = cutting.Fold(state)
    outcomes: list[Outcome] = []
    for index, command in enumerate(commands):
        fold.begin(index, command)
        outcomes.append(_short(fold, command))
    return fold.decided(outcomes)


def _short(fold: cutting.Fold, command: Command[ShortHeldOrder]) -> Outcome:
    held = fold.projection.held.get(command.body.held_order_id)
    if not command.authority.system:
        return refusal.not_permitted("shorten held orders")
    if held is None:
        return Rejected("held_order_unknown", "There is no held order of this id.")
    if held.holds != "committed":
        return Rejected("held_order_status", f"Only what is owed is shortened, and this one is {held.status}.",
                        {"reason": "wrong_status", "status": held.status})  # fmt: skip
    # Its lines are told at the end, all together.
    touched = fold.projection.stepped[held.id] = []
    try:
        for item_id, left in sorted(command.body.items.items()):
            _come_down(fold, held, item_id, max(left, 0))
    finally:
        del fold.projection.stepped[held.id]
    if touched:
        _tell(fold, held, touched)
    now = fold.projection.held[held.id]
    return Accepted({"id": str(held.id), "status": now.status, "version": now.version})


def _come_down(fold: cutting.Fold, held: HeldOrder, item_id: uuid.UUID, left: int) -> None:
    """Place by place, beginning where the latest shopper draws from, until no more than `left` of the item is owed."""
    mine = [line for line in fold.lines_of(held.id) if fold.book.item_of(line.position_id) == item_id]
    over = sum(line.committed for line in mine) - left
    for line in cutting.latest_first(fold, mine, "committed"):
        if over <= 0:
            break
        over -= _shorten(fold, held, line, min(over, line.committed))


def _shorten(fold: cutting.Fold, held: HeldOrder, line: PoolLine, missing: int) -> int:
    """At least so much is owed no longer at one place, in whole cases; yields how much it was."""
    most = (line.committed - missing) // line.multiple * line.multiple
    lost = line.committed - line.surplus - most
    if lost > 0:
        _share_out(fold, held, line, lost)
    now = fold.book.pools[held.id, line.position_id]
    kept = most if lost <= 0 else quantity.round_up(now.committed - now.surplus, now.multiple)
    gone = now.committed - kept
    if gone:
        holding.give_back(fold.book, fold.demand(), now, gone)
        fold.follow()
    return gone


def _share_out(fold: cutting.Fold, held: HeldOrder, line: PoolLine, lost: int) -> None:
    relation = fold.state.relations.get((held.hub_id, held.producer_id))
    policy = relation.shortage if relation else "first_come"
    item = fold.state.items[fold.book.item_of(line.position_id)]
    why = f"{item.name}: the producer has {quantity.text(lost)} {item.stock_unit} fewer than promised, shared out {cutting.WORDS[policy]}"
    cut = cutting.Cut(
        position_id=line.position_id, pool_id=held.id, amount=lost, policy=policy, why=why, state="committed"
    )
    cutting.share_out(fold, cut)


def _tell(fold: cutting.Fold, before: HeldOrder, touched: stepping.Touched) -> None:
    """The held order where what is left of it is: still owed, or over. Its flow may have a row for that, and needs none."""
    projection = fold.projection
    what = Happening(index=fold.index, trigger="shrink", at=fold.command.at)
    run = stepping.Run(projection, what, before.id, projecting.following(projection))
    run.drive()
    left = any(projection.totals.get(before.id, {}).values())
    now, wanted = projection.held[before.id], "committed" if left else "none"
    if now.holds != wanted:
        projection.held[before.id] = stepping.placed(projection.table(now), now, wanted)
    projection.tell(before, stepping.EVENTS["shorted" if left else "none"], run, touched)
