"""What totals come to, and who may send them: by values alone."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest

from coster.domain.orders.model import Line, LineChange, Order, ReplaceLines, Total
from coster.domain.orders.rules import replacing
from coster.domain.sessions.model import EndSession, FullSession, Session, SessionsState
from coster.domain.sessions.rules import life
from coster.domain.supplying.model import WRITE
from coster.domain.supplying.rules import permitting
from coster.kernel import ids
from coster.kernel.authority import SYSTEM, Authority
from coster.kernel.message import Command, Decided
from coster.kernel.outcome import Accepted, Rejected

AT = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)
CARROTS, LEEKS, BEANS = (ids.derived("item", name) for name in ("carrots", "leeks", "beans"))
JEAN, HUB = ids.derived("jean"), ids.derived("hub")


def line(number: int, item: uuid.UUID, quantity: int) -> Line:
    """A line that holds so much."""
    return Line(
        order_id=HUB, line_no=number, item_id=item, producer_id=JEAN, unit="kg", requested=quantity, quantity=quantity,
        stock_quantity=quantity, price_micros=1, gross=0, discount=0, order_share=0, basis_gross=0, basis_discount=0, basis_share=0,
        total=0, stock="held", fulfilment="not_started", note="",
    )  # fmt: skip


def order(**supplied: Any) -> Order:
    """A hub's order with what was kept of its requests."""
    return Order(
        id=HUB, seller_id=HUB, session_id=HUB, customer_id=None, channel="dfc", reference="r", status="booked", flow="order.retail",
        flow_version=1, payment="none", currency="EUR", gross=0, line_discount=0, order_discount=0, total=0, priority=0, placed_at=AT,
        expires_at=None, version=3, holds="live", entered=1, entered_at=AT,
        attributes={"supplied": {"producer": str(JEAN), **supplied}},
    )  # fmt: skip


def session(status: str = "open") -> Session:
    """The hub's session."""
    return Session(
        id=HUB, coordinator_id=HUB, status=status, closes_at=AT, amend_until=AT, hubs=frozenset({HUB})
    )


def wish(*totals: tuple[uuid.UUID, int], **more: Any) -> ReplaceLines:
    """Totals that a platform sends."""
    lines = [Total(item_id=item, quantity=quantity) for item, quantity in totals]
    return ReplaceLines(order_id=HUB, producer_id=JEAN, lines=lines, **more)


def test_totals_become_the_changes_that_lead_to_them() -> None:
    """What is not named goes, what differs is set, what is new is added, what is equal is left alone."""
    before = [line(1, CARROTS, 5000), line(2, LEEKS, 2000), line(3, BEANS, 0)]
    found = replacing.changes(before, wish((LEEKS, 2000), (BEANS, 1000), (JEAN, 4000), (HUB, 0)).lines)
    assert found == [
        LineChange(line_no=1, quantity=0, item_id=CARROTS),
        LineChange(line_no=3, quantity=1000, item_id=BEANS),
        LineChange(line_no=0, quantity=4000, item_id=JEAN),
    ]


def test_totals_that_are_there_change_nothing() -> None:
    """The same totals twice: the second time there is nothing to do."""
    before = [line(1, CARROTS, 5000), line(2, LEEKS, 0)]
    assert replacing.changes(before, wish((CARROTS, 5000)).lines) == []


@pytest.mark.parametrize(
    ("known", "status", "more", "code"),
    [
        ({}, "open", {}, None),
        ({"sequence": 4}, "open", {"sequence": 4}, None),
        ({"sequence": 4}, "open", {}, None),
        ({"sequence": 4}, "open", {"sequence": 3}, "superseded"),
        ({"cancelled": True}, "open", {}, "order_cancelled"),
        ({"cancelled": True}, "open", {"cancelled": False}, None),
        ({}, "open", {"currency": "GBP"}, "currency_mismatch"),
        ({}, "ended", {}, "order_final"),
        ({"producer": "somebody else"}, "open", {}, "order_unknown"),
    ],
)
def test_totals_are_refused_for_what_was_said_before(
    known: dict[str, Any], status: str, more: dict[str, Any], code: str | None
) -> None:
    """Older numbers, cancelled and complete orders, another currency, another producer; whatever the stock."""
    body = wish((CARROTS, 1000), **more)
    refused = replacing.refused(order(**known), session(status), body, replacing.changes([], body.lines))
    assert (refused.code if refused else None) == code


def test_the_newest_number_and_the_last_word_are_kept() -> None:
    """A request without a number leaves the known one; notes are those of the last request; nobody's say goes beyond that."""
    first = replacing.noted(order(), wish(sequence=7, notes={"discount": "1"}))
    second = replacing.noted(first, wish(cancelled=True, notes={"producer": "x", "sequence": 99}))
    assert replacing.standing(second) == {"producer": str(JEAN), "sequence": 7, "cancelled": True}


def test_only_who_may_order_there_is_asked_for() -> None:
    """For each command by itself: who holds the right is decided for as the system, who does not is told so."""
    may = Authority(by_enterprise={JEAN: frozenset({WRITE})})
    asked: list[bool] = []

    def decide(_state: SessionsState, commands: Any) -> Decided[None]:
        asked.extend(command.authority.system for command in commands)
        return Decided([Accepted()] * len(commands), None)

    commands = [
        Command(ids.derived(n), 1, HUB, AT, wish(), authority=authority)
        for n, authority in enumerate((may, Authority(), Authority(by_enterprise={HUB: frozenset({WRITE})})))
    ]
    outcomes = permitting.only_permitted(decide)(SessionsState(sessions={}), commands).outcomes
    assert asked == [True, False, False]
    assert [isinstance(one, Rejected) and one.code for one in outcomes] == [
        False,
        "not_permitted",
        "not_permitted",
    ]


def test_a_session_is_ended_early_only_by_who_says_so() -> None:
    """`early` moves its times to now, and closes and ends it; without the word nothing can end before its time."""
    later = AT + dt.timedelta(days=2)
    open_ = FullSession(
        id=HUB, coordinator_id=HUB, name="Week", status="open", opens_at=AT - dt.timedelta(days=1), closes_at=later, amend_until=later,
        recurrence=None, series_id=None, version=1, hubs=frozenset({HUB}), listings={},
    )  # fmt: skip
    outcomes = {}
    for early in (False, True):
        command = Command(HUB, 1, HUB, AT, EndSession(session_id=HUB, early=early), authority=SYSTEM)
        decided = life.end(SessionsState(sessions={HUB: open_}), [command])
        outcomes[early] = decided.outcomes[0]
    assert isinstance(outcomes[False], Rejected)
    assert outcomes[False].code == "session_amendable"
    (ended,) = decided.writes.changed
    assert (ended.status, ended.closes_at, ended.amend_until) == ("ended", AT, AT)
