"""What orders do when something happens elsewhere. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

from coster.domain.orders.model import (
    CopyOrder,
    ExpireSession,
    HearOrder,
    MoveCheckouts,
    MoveOrders,
    StepOrder,
)
from coster.domain.orders.rules import approving, repeating
from coster.engine.flows import moving
from coster.engine.mail.model import WriteMail
from coster.kernel import ids
from coster.kernel.message import SYSTEM, Stored


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


def place_copy(news: Stored) -> Sequence[CopyOrder]:
    """A template's time has come: a copy of it is placed."""
    template, run = news.event.entity_id, news.event.data.get("run")
    if news.event.entity != "order" or not isinstance(run, int):
        return []
    copy = ids.derived("copy of an order", template, run)
    return [CopyOrder(order_id=template, copy_id=copy, run=run)]


def submit_copy(news: Stored) -> Sequence[StepOrder]:
    """A copy of a template was placed: it is sent in."""
    template, run = news.event.entity_id, news.event.data.get("run")
    if news.event.entity != "order" or not isinstance(run, int):
        return []
    return [StepOrder(order_id=ids.derived("copy of an order", template, run), trigger="submit")]


def move_on(news: Stored) -> Sequence[MoveOrders]:
    """A move to another version of a flow has begun, or gone on: the next page of orders follows."""
    found = moving.follows(news, "order")
    return [MoveOrders(move_id=found.move_id, after=found.after)] if found else []


def move_checkouts_on(news: Stored) -> Sequence[MoveCheckouts]:
    """The same of checkouts, which live in the rows of their orders."""
    found = moving.follows(news, "checkout")
    return [MoveCheckouts(move_id=found.move_id, after=found.after)] if found else []


def write_to_approvers(news: Stored) -> Sequence[WriteMail]:
    """Those whose turn it is to agree to an order are written to."""
    data = news.event.data
    keys = [uuid.UUID(key) for key in data.get("approvers", ())]
    words = {name: str(data[name]) for name in ("level", "levels")}
    return (
        [WriteMail(kind="approval_asked", recipients=keys, words={**words, **_words(data)})] if keys else []
    )


def write_to_buyer(news: Stored) -> Sequence[WriteMail]:
    """Whoever sent the order in is written to about what came of it; what the system sent in is nobody's."""
    data = news.event.data
    buyer = uuid.UUID(data["asked_by"])
    if buyer == SYSTEM:
        return []
    return [WriteMail(kind=f"approval_{data['decision']}", recipients=[buyer], words=_words(data))]


def _words(data: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(data[name]) for name in ("number", "reference", "total", "currency")}


LETTERS: Final = {
    approving.ASKED_EVENT: (("orders.write_to_approvers", write_to_approvers),),
    approving.DECIDED_EVENT: (("orders.write_to_buyer", write_to_buyer),),
}
"""What follows where there is a server that takes letters."""
REACTIONS = {
    "order.shorted": (("orders.hear_shortage", hear_shortage),),
    "session.ended": (("orders.expire_session", expire_checkouts),),
    **dict.fromkeys(
        moving.FOLLOWED,
        (("orders.move", move_on), ("orders.move_checkouts", move_checkouts_on)),
    ),
    repeating.EVENT: (("orders.place_copy", place_copy),),
    repeating.PLACED: (("orders.submit_copy", submit_copy),),
}
