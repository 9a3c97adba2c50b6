"""Every row of the mapping to the statuses of the Data Food Consortium: order, fulfilment and payment, as views of what is stored."""

from __future__ import annotations

from typing import Any

import pytest

from coster.engine.workflow import dfc, shape_parts
from coster.engine.workflow.records import Status


def status(holds: str = "none", **more: Any) -> Status:
    """A status of a flow."""
    return Status(**{"name": "x", "category": "booking", "holds": holds, **more})


def words(*given: Any, owed: bool = False, **more: Any) -> tuple[str, str, str]:
    """The three words."""
    said = dfc.words(*given, owed=owed, **more)
    return said.order, said.fulfilment, said.payment


@pytest.mark.parametrize(
    ("holds", "final", "owed", "expected"),
    [
        ("none", False, False, ("Draft", "Held", "Unpaid")),  # still being written: stock is not reserved
        ("live", False, True, ("Held", "Held", "Unpaid")),  # reserved, and may still be amended
        ("committed", False, True, ("Complete", "Unfulfilled", "Unpaid")),  # final, to be fulfilled
        ("none", True, True, ("Complete", "Fulfilled", "Unpaid")),  # handed over
        ("none", True, False, ("Cancelled", "Cancelled", "Cancelled")),  # no more activity
    ],
)
def test_what_a_status_says_of_its_goods_is_a_status_of_the_standard(
    *, holds: str, final: bool, owed: bool, expected: tuple[str, str, str]
) -> None:
    """hasOrderStatus Draft, Held, Complete, Cancelled; hasFulfilmentStatus Held, Unfulfilled, Fulfilled, Cancelled."""
    assert words(status(holds, final=final), owed=owed) == expected


def test_an_end_at_which_something_may_still_happen_is_an_end() -> None:
    """A held order that nothing is left of rests in a status that is done, and lives again with the next order."""
    assert words(status("none", category="done", rests=True)) == ("Cancelled", "Cancelled", "Cancelled")


@pytest.mark.parametrize("axis", ["order", "fulfilment", "payment"])
@pytest.mark.parametrize("holds", ["none", "live", "committed"])
def test_what_a_flow_says_itself_counts_more(axis: str, holds: str) -> None:
    """Every word of every property can be said, and changes no other property, but for what follows from a cancelled order."""
    plain = words(status(holds), owed=True)
    for word in shape_parts.DFC[axis]:
        said = dict(
            zip(
                ("order", "fulfilment", "payment"),
                words(status(holds, dfc={axis: word}), owed=True),
                strict=True,
            )
        )
        assert said.pop(axis) == word
        others = {k: v for k, v in zip(("order", "fulfilment", "payment"), plain, strict=True) if k != axis}
        if (axis, word) == ("order", "Cancelled"):
            others["payment"] = "Cancelled"
        assert said == others


@pytest.mark.parametrize(
    ("payment", "word"),
    [
        ("none", "Unpaid"), ("pending", "Unpaid"), ("review", "Unpaid"), ("authorised", "Unpaid"), ("part_captured", "Unpaid"),
        ("captured", "Paid"), ("refunding", "Paid"), ("refunded", "Cancelled"), ("failed", "Cancelled"),
    ],
)  # fmt: skip
def test_payments_are_unpaid_until_they_are_paid_whole(payment: str, word: str) -> None:
    """hasPaymentStatus Unpaid, Paid, Cancelled; what is paid in part is Unpaid, what failed or went back is Cancelled."""
    assert words(status("live"), owed=True, payment=payment)[2] == word


def test_money_that_was_taken_for_a_cancelled_order_is_still_paid() -> None:
    """Until it is given back."""
    over = status("none", final=True)
    assert words(over, payment="captured") == ("Cancelled", "Cancelled", "Paid")
    assert words(over, payment="refunded") == ("Cancelled", "Cancelled", "Cancelled")


@pytest.mark.parametrize(
    ("fulfilment", "word"),
    [
        ("not_started", "Unfulfilled"), ("released", "Unfulfilled"), ("picking", "Unfulfilled"), ("packed", "Unfulfilled"),
        ("short", "Unfulfilled"), ("shipped", "Fulfilled"), ("collected", "Fulfilled"), ("delivered", "Fulfilled"),
        ("returned", "Fulfilled"), ("cancelled", "Cancelled"),
    ],
)  # fmt: skip
def test_a_line_is_fulfilled_when_it_has_left(fulfilment: str, word: str) -> None:
    """Every fulfilment that a line can have."""
    assert dfc.FULFILMENT[fulfilment] == word
    assert dfc.of_lines([fulfilment]) == word


@pytest.mark.parametrize(
    ("lines", "word"),
    [
        ([], "Cancelled"), (["shipped", "cancelled"], "Fulfilled"), (["shipped", "packed"], "Unfulfilled"),
        (["cancelled", "cancelled"], "Cancelled"), (["cancelled", "not_started"], "Unfulfilled"),
    ],
)  # fmt: skip
def test_an_order_is_fulfilled_when_everything_has_left_that_was_not_cancelled(
    lines: list[str], word: str
) -> None:
    """What is cancelled counts only where everything is."""
    assert dfc.of_lines(lines) == word


def test_every_word_of_the_standard_can_be_had() -> None:
    """Four order statuses, four of fulfilment, three of payment; nothing else is ever told."""
    said = [
        words(status(holds, final=final), owed=owed, payment=payment)
        for holds in ("none", "live", "committed") for final in (False, True) for owed in (False, True)
        for payment in dfc.PAYMENT
    ]  # fmt: skip
    for n, axis in enumerate(("order", "fulfilment", "payment")):
        assert {one[n] for one in said} == set(shape_parts.DFC[axis])
