"""Reactions believe an event because of what it is about, not because of its name: flows send events of any name."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

import pytest

from coster.domain.orders import reactions as orders
from coster.domain.orders.model import CopyOrder, ExpireSession, HearOrder, StepOrder
from coster.domain.wholesale import reactions as wholesale
from coster.domain.wholesale.model import CompleteSession, FollowSession
from coster.kernel.message import SYSTEM, Event, Stored

ID = uuid.UUID(int=7)
AT = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)


def news(name: str, entity: str, data: Mapping[str, Any]) -> Stored:
    """An event as reactions get it."""
    return Stored(1, 1, Event(name, entity, ID, 1, data), AT, SYSTEM, ID)


def bodies(of_room: Mapping[str, Any], told: Stored) -> list[Any]:
    """What follows from it in a room."""
    return [body for _, reaction in of_room[told.event.name] for body in reaction(told)]


def test_a_session_that_ended_ends_checkouts_and_completes_held_orders() -> None:
    """The event of the session itself; an early end moves the timers that count from it, too."""
    ended = news("session.ended", "session", {})
    assert bodies(orders.REACTIONS, ended) == [ExpireSession(session_id=ID)]
    assert bodies(wholesale.REACTIONS, ended) == [
        CompleteSession(session_id=ID),
        FollowSession(session_id=ID),
    ]


@pytest.mark.parametrize("name", sorted({*orders.REACTIONS, *wholesale.REACTIONS}))
@pytest.mark.parametrize("data", [{}, {"entity": "order", "after": None}, {"run": "1"}])
def test_what_a_flow_sends_under_the_same_name_leads_to_nothing(name: str, data: dict[str, Any]) -> None:
    """It is about the order that sent it, and no reaction stumbles over it either."""
    sent = news(name, "order", data)
    for room in (orders.REACTIONS, wholesale.REACTIONS):
        assert bodies(room, sent) == [] if name in room else True


def test_an_order_that_got_less_hears_of_the_shortage() -> None:
    """What is told of a shortage says why."""
    [heard] = bodies(orders.REACTIONS, news("order.shorted", "order", {"why": "hail"}))
    assert heard == HearOrder(order_id=ID, trigger="shorted")


def test_a_template_whose_time_has_come_is_copied_and_sent_in() -> None:
    """Once for each run, under an id that follows from it; sent in when it was placed, and only then."""
    [copy] = bodies(orders.REACTIONS, news("order.copy_due", "order", {"run": 3}))
    [submit] = bodies(orders.REACTIONS, news("order.copy_placed", "order", {"run": 3}))
    assert isinstance(copy, CopyOrder)
    assert isinstance(submit, StepOrder)
    assert (copy.order_id, copy.run, copy.attempt) == (ID, 3, 1)
    assert (submit.trigger, submit.order_id) == ("submit", copy.copy_id)
    assert not {"order.copy_delayed", "order.copy_refused"} & set(orders.REACTIONS)
