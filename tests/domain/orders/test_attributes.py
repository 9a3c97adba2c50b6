"""What may be written into an order's attributes when it is placed."""

from __future__ import annotations

from typing import Any

import pytest

from coster.domain.identity.model import ROLES
from coster.kernel.authority import SYSTEM, Authority
from tests.domain.orders.worlds import CARROTS, HUB, KILO, Memory, basket, line, order_of

SHOP = Authority(by_enterprise={HUB: ROLES["shop"]})
FOUR: Any = {"a": [{"b": 1}]}


def placed(given: Any, authority: Authority = SHOP) -> tuple[str, Memory]:
    """What becomes of an order with these attributes: the code of its refusal, or nothing; and the world afterwards."""
    world = Memory()
    outcome = world.one(basket("Ali", line(CARROTS, KILO), attributes=given), authority)
    return getattr(outcome, "code", ""), world


@pytest.mark.parametrize(
    "given",
    [
        {f"name_{n}": n for n in range(50)},
        {"deep": [[[1]]], "four": FOUR["a"]},
        {"text": "x" * 16_000, "yes": True, "whole": -(10**15), "list": [], "object": {}},
    ],
)
def test_small_values_are_kept(given: dict[str, Any]) -> None:
    """Up to the bounds, just as they are."""
    code, world = placed(given)
    assert (code, world.orders[order_of("Ali")].attributes) == ("", given)


@pytest.mark.parametrize(
    "given",
    [
        {f"name_{n}": n for n in range(51)},
        {"deep": [[[[1]]]]},
        {"text": "x" * 16_385},
        {"list": ["x" * 100] * 170},
        {"many": [0] * 20_000},
        {"Name": 1},
        {"": 1},
        {"x" * 51: 1},
        {"approval": {"level": 9, "levels": 0}},
        {"blocks": {}},
        {"supplied": {}},
        {"share": 0.5},
        {"none": None},
        {"large": 10**19},
        {"text": "a\x00b"},
        {"object": {"a\x00": 1}},
    ],
)
def test_whatever_is_larger_or_stranger_is_refused(given: dict[str, Any]) -> None:
    """Nothing is placed then; what orders keep themselves nobody can bring along."""
    code, world = placed(given)
    assert (code, world.orders) == ("not_valid", {})


def test_the_machinery_writes_what_orders_keep() -> None:
    """A copy says of which template it is."""
    assert placed({"copy_of": "x", "run": 1}, SYSTEM)[0] == ""
