"""What orders do when something happens elsewhere. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from coster.domain.orders.model import (
    CopyOrder,
    ExpireSession,
    HearOrder,
    MoveCheckouts,
    MoveOrders,
    StepOrder,
)
from coster.domain.orders.rules import repeating
from coster.engine.flows import moving
from coster.kernel import ids
from coster.kernel.message import Stored


def expire_checkouts(news: Stored) -> Sequence[ExpireSession]:
    """The session is over: a checkout that is still running comes to nothing, before held orders are completed."""
    # A flow may send an event of this name, which is then about the entity that sent it.
    return [ExpireSession(session_id=news.event.entity_id)] if news.event.entity == "session" else []


def hear_shortage(news: Stored) -> Sequence[HearOrder]:
    """A producer had less than was promised, and the order got less for it: its flow may want people to look at that."""
    # A flow may send an event of this name; only what a producer's shortage told says why there is less.
    if news.event.entity != "order" or not isinstance(news.event.data.get("why"), str):
        return []
    return [HearOrder(order_id=news.event.entity_id, trigger="shorted")]


def place_copy(news: Stored) -> Sequence[CopyOrder | StepOrder]:
    """A template's time has come: a copy of it is placed, and sent in."""
    template, run = news.event.entity_id, news.event.data.get("run")
    if news.event.entity != "order" or not isinstance(run, int):
        return []
    copy = ids.derived("copy of an order", template, run)
    return [
        CopyOrder(order_id=template, copy_id=copy, run=run),
        StepOrder(order_id=copy, trigger="submit"),
    ]


def move_on(news: Stored) -> Sequence[MoveOrders]:
    """A move to another version of a flow has begun, or gone on: the next page of orders follows."""
    found = moving.follows(news, "order")
    return [MoveOrders(move_id=found.move_id, after=found.after)] if found else []


def move_checkouts_on(news: Stored) -> Sequence[MoveCheckouts]:
    """The same of checkouts, which live in the rows of their orders."""
    found = moving.follows(news, "checkout")
    return [MoveCheckouts(move_id=found.move_id, after=found.after)] if found else []


REACTIONS = {
    "order.shorted": (("orders.hear_shortage", hear_shortage),),
    "session.ended": (("orders.expire_session", expire_checkouts),),
    **dict.fromkeys(
        moving.FOLLOWED,
        (("orders.move", move_on), ("orders.move_checkouts", move_checkouts_on)),
    ),
    repeating.EVENT: (("orders.place_copy", place_copy),),
}
