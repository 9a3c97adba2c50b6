"""What orders are asked for and sent, sensible and foolish: goods and units, discounts, days, and events with their attributes."""

from __future__ import annotations

import datetime as dt

from hypothesis import strategies as st

from coster.domain.orders import model as orders
from tests.laws import ground
from tests.laws.ground import name_id

_UNKNOWN = name_id("nobody knows this")
DISCOUNTS = st.none() | st.builds(
    orders.Discount,
    amount=st.sampled_from([0, 150]),
    permille=st.sampled_from([0, 100, 333]),
    over=st.sampled_from([0, 900]),
)
SOLD = [
    (ground.CARROTS, ""), (ground.CARROTS, ""), (ground.CARROTS, "bunch"), (ground.CARROTS, "sack"), (ground.EGGS, ""),
    (ground.EGGS, "box"), (ground.CHEESE, "slice"), (ground.CHEESE, ""), (ground.MILK, ""), (ground.BREAD, ""),
    (ground.JAM, ""), (ground.BASKET, ""), (ground.BASKET, ""), (ground.EGGS, ""), (ground.CHEESE, "slice"),
] * 2 + [(ground.JAM, "crate"), (_UNKNOWN, "")]  # fmt: skip


DAYS = st.sampled_from([None] * 6 + [dt.date(2026, 11, 24), dt.date(2026, 12, 24), dt.date(1999, 1, 1)])

_B2B = {
    "submit": {}, "approve": {}, "deny": {"reason": "dear"}, "delegate": {"to": "boss"}, "block": {"reason": "credit"},
    "unblock": {"reason": "credit"}, "begin_edit": {}, "finish_edit": {}, "cancel_edit": {}, "allocate": {},
    "lose_stock": {"line": 1}, "release": {}, "cancel": {"reason": "rain"}, "change": {}, "schedule": {"at": "2026-12-01T09:00:00Z"},
    "release_part": {}, "cancel_rest": {"reason": "enough"},
}  # fmt: skip
_PARTS = [
    {"line": 1}, {"line": 1, "quantity": "0.5"}, {"line": 2, "quantity": "1"}, {"due": True}, {"location": "nowhere"}, {"line": 77},
    {"parts": [{"line": 1, "quantity": "0.5"}, {"line": 2, "quantity": ""}]},
]  # fmt: skip
EVENTS = [
    *_B2B.items(), ("complete_checkout", {"payment": "captured"}), ("complete_checkout", {"payment": 7}), ("fail_checkout", {}),
    ("abandon_checkout", {}), ("comment", {}), ("comment", {"text": "hello"}), ("nonsense", {"a": 1}), ("lose_stock", {"line": 99}),
    *(("release_part", part) for part in _PARTS),
    ("schedule", {"at": "2026-12-01T09:00:00Z", "every": "P1D", "attempts": 2, "delay": "PT1H", "whole": True}),
]  # fmt: skip


@st.composite
def line(draw: st.DrawFn) -> orders.LineRequest:
    """A wanted line."""
    item, unit = draw(st.sampled_from(SOLD))
    return orders.LineRequest(
        item_id=item, unit=unit, quantity=draw(st.integers(1, 8)) * draw(st.sampled_from([500, 1000, 1000, 1234])),
        price_micros=draw(st.none() | st.just(1_999_999)), discount=draw(DISCOUNTS), ship_on=draw(DAYS),
    )  # fmt: skip
