"""What held orders do when something happens elsewhere. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from coster.domain.wholesale.model import CompleteSession, FollowSession, MoveHeldOrders
from coster.engine.flows import moving
from coster.kernel.message import Stored


def complete_ended_session(news: Stored) -> Sequence[CompleteSession]:
    """The amendment window is over: the session's held orders are completed."""
    # A flow may send an event of this name, which is then about the entity that sent it.
    return [CompleteSession(session_id=news.event.entity_id)] if news.event.entity == "session" else []


def follow_session(news: Stored) -> Sequence[FollowSession]:
    """The times of a session were changed: timers of its held orders move with them."""
    return [FollowSession(session_id=news.event.entity_id)] if news.event.entity == "session" else []


def move_on(news: Stored) -> Sequence[MoveHeldOrders]:
    """A move to another version of a flow has begun, or gone on: the next page of held orders follows."""
    found = moving.follows(news, "held_order")
    return [MoveHeldOrders(move_id=found.move_id, after=found.after)] if found else []


REACTIONS = {
    **dict.fromkeys(("session.changed", "session.reopened"), (("wholesale.follow_session", follow_session),)),
    # A session that ends early has another end by that.
    "session.ended": (
        ("wholesale.complete_session", complete_ended_session),
        ("wholesale.follow_session", follow_session),
    ),
    **dict.fromkeys(moving.FOLLOWED, (("wholesale.move", move_on),)),
}
