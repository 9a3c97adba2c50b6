"""The flows that are shipped are proved, and do what the design says."""

from __future__ import annotations

from importlib import resources

import pytest

from coster.engine.workflow import buttons, rollups
from coster.engine.workflow import compile as compiler
from coster.engine.workflow.faults import FlowRefusedError
from coster.engine.workflow.language import ROLLUP
from coster.engine.workflow.step import Unmatched
from tests.engine.workflow import cases, vocabularies
from tests.engine.workflow.vocabularies import HELD_ORDER


def shipped(room: str, name: str) -> str:
    """The text of a shipped flow."""
    return (resources.files("coster.domain") / room / "flows" / f"{name}.yaml").read_text()


RETAIL = shipped("orders", "order.retail")
HELD = shipped("wholesale", "wholesale.held")
CHECKOUT = shipped("orders", "checkout")
ORDER_TABLE = compiler.load(RETAIL, vocabularies.ORDER, "order.retail.yaml")
CHECKOUT_TABLE = compiler.load(CHECKOUT, vocabularies.CHECKOUT, "checkout.yaml")
HELD_TABLE = compiler.load(HELD, HELD_ORDER, "wholesale.held.yaml")


def outcome(table: compiler.Table, status: str, trigger: str, **context: object) -> tuple[str, ...]:
    """The status afterwards with the actions, or the reason why nothing happened."""
    answer = table.step(status, trigger, context)
    if isinstance(answer, Unmatched):
        return (answer.reason,)
    return (answer.to, *(call.name for call in answer.actions))


_CANCELLED = ("cancelled", "release_holds", "tell_children")


@pytest.mark.parametrize(
    ("trigger", "created", "booked", "cancelled"),
    [
        ("complete_checkout", ("unknown_trigger",), ("unknown_trigger",), ("unknown_trigger",)),
        ("cancel", _CANCELLED, _CANCELLED, ("wrong_status",)),
        ("change", ("created", "rehold"), ("booked", "rehold"), ("wrong_status",)),
        ("comment", ("created",), ("booked",), ("cancelled",)),
        ("ship", ("unknown_trigger",), ("unknown_trigger",), ("unknown_trigger",)),
    ],
)
def test_a_retail_order_moves_as_designed(
    trigger: str, created: tuple[str, ...], booked: tuple[str, ...], cancelled: tuple[str, ...]
) -> None:
    """Each trigger in each status."""
    found = [outcome(ORDER_TABLE, status, trigger) for status in ("created", "booked", "cancelled")]
    assert found == [created, booked, cancelled]


@pytest.mark.parametrize(
    ("checkout", "came_to"),
    [
        ("running", ("guard_false",)),
        ("completed", ("booked", "keep_holds")),
        ("failed", ("cancelled", "release_holds")),
        ("expired", ("cancelled", "release_holds")),
        ("abandoned", ("cancelled", "release_holds")),
    ],
)
def test_a_retail_order_follows_its_checkout(checkout: str, came_to: tuple[str, ...]) -> None:
    """Completed it is booked, and with any other end it is over; once it is booked, nothing of the checkout counts."""
    counts = {"children.checkout": rollups.counts(CHECKOUT_TABLE.possible, [checkout])}
    assert outcome(ORDER_TABLE, "created", ROLLUP, **counts) == came_to
    assert outcome(ORDER_TABLE, "booked", ROLLUP, **counts) == ("wrong_status",)


def test_a_checkout_ends_once() -> None:
    """Each of its four events has its own end, and none leads on from there."""
    ends = {
        "complete_checkout": "completed",
        "fail_checkout": "failed",
        "expire_checkout": "expired",
        "abandon_checkout": "abandoned",
    }
    for trigger, end in ends.items():
        assert outcome(CHECKOUT_TABLE, "running", trigger) == (end,)
        assert {outcome(CHECKOUT_TABLE, status, trigger) for status in ends.values()} == {("wrong_status",)}


@pytest.mark.parametrize(
    ("trigger", "held", "complete", "fulfilled", "cancelled"),
    [
        ("grow", ("Held", "project_holds"), ("wrong_status",), ("wrong_status",), ("Held", "project_holds")),
        ("shrink", ("Held", "project_holds"), ("wrong_status",), ("wrong_status",), ("wrong_status",)),
        ("complete", ("Complete", "commit_holds"), ("wrong_status",), ("wrong_status",), ("wrong_status",)),
        ("fulfil", ("wrong_status",), ("Fulfilled", "consume_holds"), ("wrong_status",), ("wrong_status",)),
        ("cancel", ("Cancelled", "release_holds"), ("wrong_status",), ("wrong_status",), ("wrong_status",)),
        (
            "cancel_empty",
            ("unknown_trigger",),
            ("unknown_trigger",),
            ("unknown_trigger",),
            ("unknown_trigger",),
        ),
    ],
)
def test_a_held_order_moves_as_designed(
    trigger: str,
    held: tuple[str, ...],
    complete: tuple[str, ...],
    fulfilled: tuple[str, ...],
    cancelled: tuple[str, ...],
) -> None:
    """Each trigger in each status, with lines and an open session."""
    statuses = ("Held", "Complete", "Fulfilled", "Cancelled")
    found = [outcome(HELD_TABLE, status, trigger, lines=3, session_open=True) for status in statuses]
    assert found == [held, complete, fulfilled, cancelled]


def test_an_empty_held_order_is_cancelled_instead_of_completed() -> None:
    """The hub owes nothing for an order without lines."""
    assert outcome(HELD_TABLE, "Held", "complete", lines=0) == ("Cancelled", "close_empty")
    assert outcome(HELD_TABLE, "Held", "shrink", lines=0) == ("Cancelled", "close_empty")


def test_a_cancelled_held_order_grows_again_only_while_its_session_is_open() -> None:
    """Afterwards the guard is what is in the way, and is named."""
    answer = HELD_TABLE.step("Cancelled", "grow", {"session_open": False})
    assert isinstance(answer, Unmatched)
    assert (answer.reason, answer.false_guards) == ("guard_false", ("session_open",))


def test_a_checkout_has_a_timer_until_it_is_left() -> None:
    """Only the running checkout expires."""
    assert not any(ORDER_TABLE.timers.values())
    found = {status: [due.trigger for due in timers] for status, timers in CHECKOUT_TABLE.timers.items()}
    assert found == {
        "running": ["expire_checkout"],
        "completed": [],
        "failed": [],
        "expired": [],
        "abandoned": [],
    }
    assert CHECKOUT_TABLE.timers["running"][0].timer.field == "order.checkout_expires_at"


def test_statuses_are_those_of_the_standard() -> None:
    """The held order's four statuses by DFC axis, and the places where an entity may stay."""
    assert {status.name: tuple(status.dfc.values()) for status in HELD_TABLE.flow.statuses} == {
        "Held": ("Held", "Held", "Unpaid"),
        "Complete": ("Complete", "Unfulfilled", "Unpaid"),
        "Fulfilled": ("Complete", "Fulfilled", "Unpaid"),
        "Cancelled": ("Cancelled", "Cancelled", "Cancelled"),
    }
    assert ORDER_TABLE.final == {"cancelled"}
    assert HELD_TABLE.final == {"Fulfilled"}


def test_buttons_are_those_of_the_status_and_the_role() -> None:
    """A shop may complete and cancel a checkout, a picker nothing; a cancelled order has no button."""
    names = [action.trigger for action in buttons.actions_now(ORDER_TABLE, "created", {"shop"})]
    assert names == ["cancel"]
    [complete] = buttons.actions_now(CHECKOUT_TABLE, "running", {"shop"})
    assert (complete.trigger, [field.name for field in complete.form]) == ("complete_checkout", ["payment"])
    assert buttons.actions_now(ORDER_TABLE, "created", {"picker"}) == []
    assert buttons.actions_now(ORDER_TABLE, "cancelled", {"shop"}) == []
    [cancel] = buttons.actions_now(HELD_TABLE, "Held", {"producer"})
    assert (cancel.trigger, cancel.label, cancel.roles) == (
        "cancel",
        "Cancel held order",
        ("hub", "producer"),
    )
    assert [(field.name, field.type, field.required) for field in cancel.form] == [("reason", "string", True)]


def test_a_button_whose_guard_is_false_is_not_offered() -> None:
    """With a context the guards are asked."""
    text = cases.edited(
        cases.GOOD, (("    otherwise: give_up\n", ""), ("  - on: give_up\n", "  - on: reopen\n"))
    )
    table = compiler.load(text, vocabularies.PARCEL)
    offered = [
        [action.trigger for action in buttons.actions_now(table, "open", ["picker"], context)]
        for context in (None, {"items": 1}, {"items": 0})
    ]
    assert offered == [["pack"], ["pack"], []]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("    do: [commit_holds]\n", "", "holds_differ"),
        ("    do: [consume_holds]\n", "", "holds_differ"),
        ("    when: lines > 0\n    do: [commit", "    when: line > 0\n    do: [commit", "guard_wrong"),
        (
            "Complete\n    otherwise: cancel_empty\n",
            "Complete\n    otherwise: cancel_emtpy\n",
            "otherwise_unhandled",
        ),
    ],
)
def test_a_damaged_held_flow_does_not_load(old: str, new: str, code: str) -> None:
    """A slip in the shipped file stops the start with the code and the file's flow."""
    with pytest.raises(FlowRefusedError, match=r"wholesale\.held version 1") as caught:
        compiler.load(cases.edited(HELD, ((old, new),)), HELD_ORDER)
    assert code in {fault.code for fault in caught.value.faults}
