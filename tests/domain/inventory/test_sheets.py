"""Sheets of counts come to what their counts would come to one by one."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from coster.domain.inventory.model import CountSheet, CountStock
from coster.domain.inventory.rules import moving
from coster.kernel.message import Decided
from coster.kernel.outcome import Rejected
from tests.domain.asking import number
from tests.domain.inventory.stocks import BARN, CARROTS, CELLAR, LEEKS, at, position, spot, state, tell

COUNTS = st.builds(
    CountStock,
    item_id=st.sampled_from([CARROTS, CARROTS, LEEKS, number(99)]),
    location_id=st.sampled_from([BARN, BARN, CELLAR, number(98)]),
    quantity=st.integers(-1, 3000),
    as_of=st.none() | st.integers(-5, 12).map(at),
    lot=st.sampled_from(["", "", "L1"]),
    reason=st.sampled_from(["", "stocktaking"]),
)


def plain(outcome: Any) -> Any:
    """An outcome of a single count as a sheet's row says it."""
    if isinstance(outcome, Rejected):
        return {"code": outcome.code, "message": outcome.message, "detail": outcome.detail}
    value = outcome.value
    return [
        value["position_id"],
        *(round(float(value[name]) * 1000) for name in ("on_hand", "held", "committed")),
    ]


def written(decided: Decided[Any]) -> tuple[Any, ...]:
    """What is stored, apart from which command it was."""
    entries = [msgspec.structs.replace(e, command_id=number(0)) for e in decided.writes.entries]
    return decided.writes.new_positions, decided.writes.positions, decided.writes.seen, entries


@given(counts=st.lists(COUNTS, max_size=8))
def test_a_sheet_is_its_counts_one_by_one(counts: list[CountStock]) -> None:
    """The same answers and refusals, positions, entries and events, whatever is among them."""
    before = state(position(2000, held=500, seq=3, told=2), later=[(6, 1000), (8, -300)])
    one_by_one = moving.count(before, [tell(n, body, minutes=9) for n, body in enumerate(counts)])
    sheet = moving.count_sheet(before, [tell(0, CountSheet(counts=counts), minutes=9)])
    [outcome] = sheet.outcomes
    assert outcome.value["rows"] == [plain(one) for one in one_by_one.outcomes]
    assert written(sheet) == written(one_by_one)
    assert [event for _, event in sheet.events] == [event for _, event in one_by_one.events]


@given(first=st.lists(COUNTS, max_size=4), second=st.lists(COUNTS, max_size=4))
def test_where_a_file_is_cut_makes_no_difference(first: list[CountStock], second: list[CountStock]) -> None:
    """Two sheets come to what one of both would come to."""
    before = state(position(2000, held=500))
    both = moving.count_sheet(before, [tell(0, CountSheet(counts=first + second), minutes=9)])
    sheets = [CountSheet(counts=counts) for counts in (first, second)]
    cut = moving.count_sheet(before, [tell(n, body, minutes=9) for n, body in enumerate(sheets)])
    assert [row for one in cut.outcomes for row in one.value["rows"]] == both.outcomes[0].value["rows"]
    assert written(cut) == written(both)


def test_an_answer_is_a_place_and_three_numbers() -> None:
    """In thousandths; with the row that asked it is the whole answer, and a thousand of them are remembered with one command."""
    counts = [CountStock(item_id=CARROTS, location_id=BARN, quantity=quantity) for quantity in (1500, -1)]
    decided = moving.count_sheet(state(position(900, held=800)), [tell(0, CountSheet(counts=counts))])
    assert decided.outcomes[0].value == {
        "rows": [
            [str(spot()), 1500, 800, 0],
            {"code": "quantity_sign", "message": "A count cannot be less than zero.", "detail": {}},
        ]
    }
