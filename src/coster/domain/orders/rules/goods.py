"""What became of the goods of a session's orders: they go with the hub's held order, whose lines are the sum of theirs. Pure.

An order's own lines are not written again when a held order is completed or handed over, of which there may be thousands for one: now it is
told by the holds themselves (`lines_shown` in queries.sql), and of the past by the events of the held order.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from coster.domain.orders.model import Line, Order
from coster.domain.sourcing import rules as sourcing

STOCK: Final = {
    "held_order.completed": ("held", "allocated"),
    "held_order.fulfilled": ("allocated", "consumed"),
}
"""Where goods that are held for a line are before an event of the held order, and after it; every other one leaves them where they were."""
WORDS: Final = {
    "held_order.completed": "The producer owes the goods",
    "held_order.fulfilled": "The producer has handed over the goods",
}
"""What an order's story says of these events."""


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """An event of a held order that says where its goods are."""

    id: uuid.UUID
    name: str
    at: dt.datetime
    actor: uuid.UUID

    def words(self, numbers: Sequence[int]) -> str:
        """What an order's story says of it; `numbers` are those of the lines that it is about."""
        lines = ", ".join(str(number) for number in numbers)
        return f"{WORDS[self.name]} ({'line' if len(numbers) == 1 else 'lines'} {lines})"


def accounts(order: Order, lines: Iterable[Line]) -> dict[uuid.UUID, list[int]]:
    """The held orders on whose account lines of an order may be held, those of the session and those of the order alone, with the numbers
    of the lines; none for an order without a session.
    """
    found: dict[uuid.UUID, list[int]] = {}
    if order.session_id is not None:
        for line in lines:
            if line.stock == "held" and line.quantity:
                shared = sourcing.shared_pool(order.seller_id, line.producer_id, order.session_id)
                for account in (shared, sourcing.single_pool(shared, order.id)):
                    found.setdefault(account, []).append(line.line_no)
    return found


def then(
    order: Order,
    lines: Sequence[Line],
    turns: Mapping[uuid.UUID, Sequence[Turn]],
    known: tuple[dt.datetime, Sequence[Line]],
) -> list[Line]:
    """The lines as they were at an instant. `turns` are those of each held order, in order; `known` is the instant, and the lines as they
    are shown now, which count where no turn is kept any more.
    """
    instant, shown = known
    where: dict[int, str] = {}
    for account, numbers in accounts(order, lines).items():
        if found := turns.get(account):
            where.update(dict.fromkeys(numbers, _at(found, instant)))
    now = {line.line_no: line.stock for line in shown if line.stock in ("allocated", "consumed")}
    return [
        msgspec.structs.replace(line, stock=where.get(line.line_no, now.get(line.line_no, line.stock)))
        if line.stock == "held"
        else line
        for line in lines
    ]


def _at(turns: Sequence[Turn], instant: dt.datetime) -> str:
    """Where the goods of a held order were at an instant."""
    before = [turn for turn in turns if turn.at <= instant]
    return STOCK[before[-1].name][1] if before else STOCK[turns[0].name][0]
