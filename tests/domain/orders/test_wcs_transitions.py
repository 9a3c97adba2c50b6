"""`order.b2b` against the transition table of WebSphere Commerce: every row that concerns it, and every command in every status.

Rows are named by their number in the table of order transitions. Not concerned, because they are about prices (4, the prepared lock),
payments (6, 9, 15, 16, 17, 31, and M and A wherever they stand), shipping (21, 22), or rows that are deleted (2, 32): issues to come.
F never stands, because another system is told in the moment in which an order is given to it.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from coster.domain.orders.handlers import LIBRARY
from coster.engine.workflow import driving, scope
from coster.engine.workflow.driving import Driven

TABLE = LIBRARY.shipped["order.b2b"]
LETTERS = {status.name: status.code for status in TABLE.flow.statuses}
CALM: dict[str, Any] = {
    "order.total": 0, "stock.missing": 0, "stock.lost": 0, "stock.short": False, "approval.level": 0, "approval.levels": 0,
    "stock.future": 0, "stock.opens_at": None, "lines.released": 0, "lines.all_released": False,
    "blocks.open": 0, "cost_centre.named": False, "cost_centre.levels": 0,
    "edit.came_from": "", "edit.touched": False, "schedule.more": False, "now": dt.datetime(2026, 11, 23, tzinfo=dt.UTC),
    **scope.constants(TABLE.flow),
}  # fmt: skip
"""An order of little worth that nothing keeps."""
ONE, TWO = {"order.total": 100_000}, {"order.total": 1_000_000}
SHORT, LOST, CUT = {"stock.missing": 1}, {"stock.lost": 1}, {"stock.short": True}
LATER = {"stock.future": 1}
"""A line that shall go on a day that is still far."""
PART, ALL = {"lines.released": 1}, {"lines.released": 2, "lines.all_released": True}
"""Some of it is released; all of it is."""


def drive(status: str, trigger: str, facts: dict[str, Any]) -> Driven:
    """What an event leads to, for an order with these facts; its actions succeed and change none of them."""
    context = {**CALM, **facts}
    return driving.drive(driving.Plain(TABLE, lambda _: context), (status, trigger), lambda _: None)


def came(name: str) -> dict[str, Any]:
    """An edit that began in a status, and changed nothing."""
    return {"edit.came_from": name}


ROWS: list[tuple[int, str, str, dict[str, Any], str]] = [
    (3, "draft", "change", {}, "draft"),
    (3, "scheduled", "begin_edit", {}, "edited_template"),
    (3, "edited_template", "change", {}, "edited_template"),
    (3, "edited", "change", {}, "edited"),
    (3, "denied", "change", {}, "denied"),
    (5, "draft", "submit", ONE, "waiting"),
    (5, "draft", "submit", TWO, "waiting"),
    (5, "draft", "submit", {**ONE, **SHORT}, "waiting"),
    (7, "draft", "submit", SHORT, "backordered"),
    (8, "draft", "submit", LOST, "low"),
    (8, "draft", "submit", {**SHORT, **LOST}, "low"),
    (8, "complete", "lose_stock", LOST, "low"),
    (8, "backordered", "lose_stock", LOST, "low"),
    *((8, name, "shorted", CUT, "low") for name in ("complete", "backordered", "low")),
    (8, "waiting", "shorted", CUT, "waiting"),
    (12, "waiting", "approve", {"approval.levels": 1, **CUT}, "low"),
    (18, "low", "allocate", CUT, "low"),
    (18, "low", "accept_shortage", {}, "complete"),
    (18, "low", "accept_shortage", SHORT, "backordered"),
    (10, "draft", "schedule", {}, "scheduled"),
    (11, "scheduled", "copy_due", {"schedule.more": True}, "scheduled"),
    (11, "scheduled", "copy_due", {}, "ended"),
    (12, "waiting", "approve", {"approval.levels": 1}, "complete"),
    (12, "waiting", "approve", {"approval.levels": 2}, "waiting"),
    (12, "waiting", "approve", {"approval.level": 1, "approval.levels": 2}, "complete"),
    (12, "overdue", "approve", {"approval.levels": 1}, "complete"),
    (12, "waiting", "approve", {"approval.levels": 1, **SHORT}, "backordered"),
    (12, "waiting", "approve", {"approval.levels": 1, **LOST}, "low"),
    (13, "waiting", "deny", {}, "denied"),
    (13, "overdue", "deny", {}, "denied"),
    (14, "denied", "submit", ONE, "waiting"),
    (14, "denied", "submit", {}, "complete"),
    (14, "denied", "submit", SHORT, "backordered"),
    (18, "backordered", "allocate", {}, "complete"),
    (18, "backordered", "allocate", SHORT, "backordered"),
    (18, "low", "allocate", {}, "complete"),
    (18, "low", "allocate", SHORT, "backordered"),
    (18, "low", "allocate", LOST, "low"),
    (18, "backordered", "allocate", {**PART, **SHORT}, "backordered"),
    (18, "backordered", "allocate", PART, "complete"),
    (18, "backordered", "allocate", LATER, "future"),
    (18, "low", "allocate", LATER, "future"),
    (18, "backordered", "allocate", {**LATER, **SHORT}, "backordered"),
    (19, "backordered", "allocate", LOST, "low"),
    *((19, name, "submit", LATER, "future") for name in ("draft", "denied", "edited")),
    (19, "draft", "submit", {**LATER, **SHORT}, "backordered"),
    (19, "draft", "submit", {**LATER, **LOST}, "low"),
    (19, "waiting", "approve", {"approval.levels": 1, **LATER}, "future"),
    *((19, name, "window_opens", {}, "complete") for name in ("future", "backordered", "low")),
    *((19, name, "window_opens", SHORT, "backordered") for name in ("future", "backordered", "low")),
    *((19, name, "window_opens", LOST, "low") for name in ("future", "backordered", "low")),
    *((19, name, "window_opens", LATER, "future") for name in ("future", "backordered", "low")),
    (19, "future", "lose_stock", LOST, "low"),
    (19, "future", "shorted", CUT, "low"),
    (20, "complete", "release", {}, "released"),
    (20, "complete", "release", PART, "released"),
    (20, "complete", "release_part", PART, "complete"),
    (20, "backordered", "release_part", {**PART, **SHORT}, "backordered"),
    (20, "future", "release_part", {**PART, **LATER}, "future"),
    (20, "low", "release_part", {**PART, **LOST}, "low"),
    *((20, name, "release_part", ALL, "released") for name in ("complete", "backordered", "future", "low")),
    *((20, name, "cancel_rest", PART, "released") for name in (
        "waiting", "overdue", "denied", "edited", "backordered", "future", "low", "complete")),
    *((24, name, "submit", ALL, "released") for name in ("denied", "edited")),
    (24, "edited", "submit", {**PART, **SHORT}, "backordered"),
    *((23, name, "begin_edit", {}, "edited") for name in ("waiting", "overdue", "denied", "complete", "backordered", "future", "low")),
    (23, "draft", "begin_edit", {}, "draft"),
    (23, "edited", "begin_edit", {}, "edited"),
    (24, "edited", "submit", TWO, "waiting"),
    (24, "edited", "submit", SHORT, "backordered"),
    (24, "edited", "submit", LOST, "low"),
    (24, "edited", "submit", {}, "complete"),
    *((25, "edited", "cancel_edit", came(name), name) for name in ("waiting", "overdue", "denied", "complete")),
    (25, "edited", "cancel_edit", {**came("backordered"), **SHORT}, "backordered"),
    (25, "edited", "cancel_edit", {**came("low"), **LOST}, "low"),
    (25, "edited", "cancel_edit", {**came("future"), **LATER}, "future"),
    (25, "edited", "cancel_edit", {**came("complete"), **CUT}, "low"),
    (25, "edited_template", "cancel_edit", {}, "scheduled"),
    (26, "complete", "transfer", {}, "transferred"),
    (27, "transferred", "refuse_transfer", {}, "transfer_failed"),
    (28, "transfer_failed", "submit", {}, "complete"),
    (28, "transfer_failed", "submit", SHORT, "backordered"),
    (28, "transfer_failed", "submit", LOST, "low"),
    (28, "transfer_failed", "transfer", {}, "transferred"),
    (29, "transferred", "confirm_transfer", {}, "released"),
    *((30, name, "cancel", {}, "cancelled") for name in (
        "draft", "scheduled", "edited_template", "waiting", "overdue", "denied", "edited", "backordered", "future", "low", "complete")),
]  # fmt: skip


@pytest.mark.parametrize(("number", "status", "trigger", "facts", "to"), ROWS)
def test_allowed_transition(number: int, status: str, trigger: str, facts: dict[str, Any], to: str) -> None:
    """Row by row of the table, once for each status on its left that we have."""
    driven = drive(status, trigger, facts)
    assert (driven.status, driven.unmatched) == (to, None), f"row {number}"


@pytest.mark.parametrize(
    ("status", "trigger", "facts"),
    [
        ("complete", "release", {"blocks.open": 1}),
        ("complete", "transfer", {"blocks.open": 1}),
        *(
            (name, "release_part", {"blocks.open": 1})
            for name in ("complete", "backordered", "future", "low")
        ),
        *(
            (name, "cancel", PART)
            for name in ("waiting", "overdue", "denied", "edited", "backordered", "future", "low", "complete")
        ),
        *(
            (name, "cancel_rest", {})
            for name in ("waiting", "overdue", "denied", "edited", "backordered", "future", "low", "complete")
        ),
        ("complete", "transfer", PART),
        ("transfer_failed", "transfer", PART),
        ("edited", "cancel_edit", {"edit.came_from": "complete", "edit.touched": True}),
        ("edited_template", "cancel_edit", {"edit.touched": True}),
        ("edited", "cancel_edit", {}),
    ],
)
def test_a_guard_refuses(status: str, trigger: str, facts: dict[str, Any]) -> None:
    """A blocked order is not released, whole or in part (20); an edit that has changed something cannot be undone (25); what is released
    in part is neither given to another system (26) nor cancelled whole (30)."""
    unmatched = drive(status, trigger, facts).unmatched
    assert unmatched is not None
    assert unmatched.reason == "guard_false"


COMMANDS = {
    "OrderPrepare, changes (P E N; I and W are edited first)": ("change", "draft edited edited_template denied"),
    "OrderProcess (P E N H)": ("submit", "draft edited denied transfer_failed"),
    "post-approval (W)": ("approve", "waiting overdue"),
    "denial (W)": ("deny", "waiting overdue"),
    "delegation (W)": ("delegate", "waiting overdue"),
    "ProcessBackorders, ProcessFutureOrders (B L)": ("allocate", "backordered low"),
    "stock that is lost (submitted, not released)": (
        "lose_stock", "waiting overdue denied backordered future low complete"),
    "a producer has less (submitted, not released)": (
        "shorted", "waiting overdue denied edited backordered future low complete"),
    "what there is is taken (L)": ("accept_shortage", "low"),
    "AdvancedOrderEditBegin (P E stay; I W N C B L)": (
        "begin_edit", "draft edited edited_template scheduled waiting overdue denied backordered future low complete"),
    "AdvancedOrderEditEnd (P E)": ("finish_edit", "draft edited edited_template"),
    "edit cancel (E)": ("cancel_edit", "edited edited_template"),
    "OrderCancel (P I W N E B L C, no item in R)": (
        "cancel", "draft scheduled edited_template waiting overdue denied edited backordered future low complete"),
    "OrderCancel of what is not in R": ("cancel_rest", "waiting overdue denied edited backordered future low complete"),
    "OrderSchedule (P, I again)": ("schedule", "draft scheduled"),
    "ReleaseToFulfillment (C; whole)": ("release", "complete"),
    "ReleaseToFulfillment (C B L, what is allocated of it)": ("release_part", "backordered future low complete"),
    "TransferOrder (C, H again)": ("transfer", "complete transfer_failed"),
    "negative transfer confirmation (G)": ("refuse_transfer", "transferred"),
    "order status of the other system (G)": ("confirm_transfer", "transferred"),
    "order blocks (every status)": ("block", " ".join(LETTERS)),
    "order blocks resolved (every status)": ("unblock", " ".join(LETTERS)),
    "comments (every status)": ("comment", " ".join(LETTERS)),
}  # fmt: skip
PAIRS = [(command, status) for command in COMMANDS for status in LETTERS]


@pytest.mark.parametrize(("command", "status"), PAIRS)
def test_command_in_status(command: str, status: str) -> None:
    """Each command in each status is accepted or refused as the table of commands says; refused by the status, with what is possible."""
    trigger, accepted = COMMANDS[command]
    answer = TABLE.weigh(status, trigger, CALM).answer
    if status in accepted.split():
        assert getattr(answer, "reason", "guard_false") == "guard_false"
    else:
        assert getattr(answer, "reason", "") == "wrong_status"


def test_every_event_from_outside_is_one_of_the_commands() -> None:
    """Nothing else can be sent to such an order that does anything: what a shopper's checkout sends is refused everywhere."""
    ours = {trigger for trigger, _ in COMMANDS.values()}
    assert {trigger for possible in TABLE.possible.values() for trigger in possible} <= ours
    assert not set(TABLE.accepted_in) & {"complete_checkout", "fail_checkout", "expire_checkout"}


def test_only_the_system_sends_what_timers_send() -> None:
    """Approval that nobody decides, a denied order that nobody sends in again, a copy that is due."""
    timers = {entry.trigger for entries in TABLE.timers.values() for entry in entries}
    assert timers == {
        "allocate",
        "approval_overdue",
        "approval_expired",
        "denied_for_long",
        "window_opens",
        "copy_due",
    }
    assert drive("waiting", "approval_overdue", {}).status == "overdue"
    assert drive("overdue", "approval_expired", {}).status == "denied"
    assert drive("denied", "denied_for_long", {}).status == "cancelled"
    assert drive("denied", "denied_for_long", PART).status == "released"


def test_no_row_of_the_table_is_forgotten() -> None:
    """32 rows: one a test above, order 1 that an order begins as a draft, and those that the page's head leaves out by number."""
    out = {2, 4, 6, 9, 15, 16, 17, 21, 22, 31, 32}
    assert {row[0] for row in ROWS} | {1} | out == set(range(1, 33))
    assert not {row[0] for row in ROWS} & out
    assert TABLE.initial == "draft"


def test_letters_are_those_of_the_table() -> None:
    """P I W N E B L C G H R X; M, A, S and D come with payments and shipping."""
    assert set(LETTERS.values()) == set("PIWNEBLCGHRX")
