"""What a command on a held order itself may do to its goods: the actions that its flow's rows name. Pure.

What is owed is final for everybody, so goods are committed and handed over only when nothing can be ordered or amended any more,
and are not given back once they are owed.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

from coster.domain.inventory.rules import holding
from coster.domain.wholesale.model import HeldOrder
from coster.domain.wholesale.rules import cutting, projecting
from coster.domain.wholesale.rules.stepping import Do
from coster.engine.workflow.driving import Failed, Fired
from coster.kernel import clock


def actions(fold: cutting.Fold, reason: str = "") -> Mapping[str, Do]:
    """The room's actions by name, on the stock of a batch; `reason` is told to whoever loses something."""
    return {
        "project_holds": _nothing,
        "commit_holds": functools.partial(_commit, fold),
        "consume_holds": functools.partial(_consume, fold),
        "release_holds": functools.partial(_release, fold, reason),
        "close_empty": functools.partial(projecting.close_empty, fold.projection),
    }


def _nothing(_held: HeldOrder, _fired: Fired) -> None:
    """The lines are what is held, whatever the flow says."""


def _commit(fold: cutting.Fold, held: HeldOrder, _fired: Fired) -> Failed | None:
    """What is held is owed from now on."""
    if early := _too_early(fold, held):
        return early
    if not any(line.held for line in fold.lines_of(held.id)):
        return Failed(code="nothing_held", detail="Nothing is held, so nothing can be owed.")
    holding.commit_pool(fold.book, fold.demand(), held.id, fold.lines_of(held.id))
    fold.book.take_touched()
    return None


def _consume(fold: cutting.Fold, held: HeldOrder, _fired: Fired) -> Failed | None:
    """The goods have left; what was only held is owed first, so that the ledger tells both."""
    if early := _too_early(fold, held):
        return early
    if any(line.held for line in fold.lines_of(held.id)):
        holding.commit_pool(fold.book, fold.demand(), held.id, fold.lines_of(held.id))
    holding.consume_pool(fold.book, fold.demand(), held.id, fold.lines_of(held.id))
    fold.book.take_touched()
    return None


def _release(fold: cutting.Fold, reason: str, held: HeldOrder, _fired: Fired) -> Failed | None:
    """Everything is given back, and every shopper's line in it is told why."""
    pool = fold.lines_of(held.id)
    if any(line.committed for line in pool):
        return Failed(code="owed_already", detail="What a held order owes is final and cannot be given back.")
    why = "the producer's order was called off" + (f" ({reason})" if reason else "")
    for line in pool:
        if line.held:
            cut = cutting.Cut(
                position_id=line.position_id, pool_id=held.id, amount=line.held, policy="first_come", why=why
            )
            cutting.share_out(fold, cut)
    return None


def _too_early(fold: cutting.Fold, held: HeldOrder) -> Failed | None:
    """While something may still be ordered or amended, nothing is final."""
    session = fold.projection.state.sessions.get(held.session_id)
    if session is not None and session.status == "ended":
        return None
    until = f", at {clock.text(session.amend_until)}" if session else ""
    return Failed(
        code="session_not_ended",
        detail=f"That is possible when the session's amendment window is over{until}.",
    )
