"""A held order as hub and producer read it: lines by item or by weight, amounts, the discount for much, no shopper."""

from __future__ import annotations

import csv
import datetime as dt
import io
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coster.domain.wholesale import reads
from coster.domain.wholesale.handlers import LIBRARY
from coster.domain.wholesale.model import HeldLine, HeldOrderView
from coster.edges.http import tables
from coster.kernel import money

BEANS = uuid.UUID(int=11)
NOW = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)


def row(**changes: Any) -> dict[str, Any]:
    """Two tins of beans at 2.00 as the database gives them."""
    given_ = {"item_id": BEANS, "sku": "B1", "name": "Beans", "product": "Beans", "stock_unit": "tin", "weight_mg": 400_000,
              "price_micros": 2_000_000, "case_quantity": None, "quantity": 2000, "surplus": 0, "discount": 0}  # fmt: skip
    return {**given_, **changes}


def head(**changes: Any) -> dict[str, Any]:
    """The head of a held order as the database gives it."""
    given_ = {
        "id": uuid.UUID(int=7), "hub_id": uuid.UUID(int=1), "hub": "Hub", "producer_id": uuid.UUID(int=2),
        "producer": "Jean", "session_id": uuid.UUID(int=3), "session": "Week 48", "amend_until": NOW, "status": "Held",
        "holds": "live", "flow": "wholesale.held", "flow_version": 1, "entered_at": NOW, "sla_at": None,
        "currency": "EUR", "discount_over": 0, "discount_permille": 0, "created_at": NOW, "changed_at": NOW, "version": 4,
    }  # fmt: skip
    return {**given_, **changes}


def seen(*lines: HeldLine, **changes: Any) -> HeldOrderView:
    """The document of these lines."""
    row_ = head(**changes)
    return reads.view(row_, list(lines), LIBRARY.shipped["wholesale.held"].flow.status(row_["status"]))


# -- lines -------------------------------------------------------------------------------------------------------------


def test_by_item_each_item_is_a_line_at_its_price() -> None:
    """In its own unit, with the discount that the hub gave its shoppers."""
    [line] = reads.by_item([row(quantity=2500, discount=40)], "EUR")
    assert (line.item_id, line.sku, line.unit, line.quantity, line.amount, line.discount) == (
        BEANS,
        "B1",
        "tin",
        2500,
        500,
        40,
    )


@pytest.mark.parametrize(("quantity", "cases"), [(12_000, 2), (6000, 1), (8000, None), (500, None)])
def test_cases_are_told_where_there_are_whole_ones(quantity: int, cases: int | None) -> None:
    """Eight tins in sixes are eight tins."""
    [line] = reads.by_item([row(quantity=quantity, case_quantity=6000)], "EUR")
    assert line.cases == cases


def test_by_weight_each_product_is_a_line_in_kilograms() -> None:
    """Five small tins and two large ones: 3.6 kg at an average price; what has no weight stays by item."""
    rows = [row(quantity=5000, surplus=1000, discount=10), row(quantity=2000, weight_mg=800_000, price_micros=3_500_000, discount=5),
            row(name="Voucher", sku="V", weight_mg=None), row(name="Loose", sku="L", product="")]  # fmt: skip
    bulk, *rest = reads.by_weight(rows, "EUR")
    assert (bulk.name, bulk.unit, bulk.quantity, bulk.surplus, bulk.item_id, bulk.sku) == (
        "Beans",
        "kg",
        3600,
        400,
        None,
        "",
    )
    assert (bulk.amount, bulk.discount, bulk.price_micros) == (1700, 15, 4_722_222)
    assert [(one.name, one.unit) for one in rest] == [("Voucher", "tin"), ("Loose", "tin")]


PACKS = st.lists(
    st.builds(row, quantity=st.integers(1, 10**6), weight_mg=st.integers(1, 10**7), price_micros=st.integers(0, 10**8),
              product=st.sampled_from(["Beans", "Peas"])),
    min_size=1, max_size=8,
)  # fmt: skip


@given(PACKS, st.sampled_from(["EUR", "JPY", "KWD"]))
def test_both_ways_of_reading_come_to_the_same_money_and_weight(
    rows: list[dict[str, Any]], currency: str
) -> None:
    """Amounts to the last minor unit; weights to half a gram a line."""
    items, bulk = reads.by_item(rows, currency), reads.by_weight(rows, currency)
    assert sum(one.amount for one in items) == sum(one.amount for one in bulk)
    exact = sum(one["quantity"] * one["weight_mg"] for one in rows)
    assert abs(sum(one.quantity for one in bulk) * 1_000_000 - exact) <= len(bulk) * 500_000
    for one in bulk:
        if one.quantity >= 1000:
            there = money.line_amount(one.price_micros, one.quantity, currency)
            assert abs(there - one.amount) <= 1 + one.amount // 1000 + one.quantity // 1000


# -- the whole document ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("over", "permille", "amount", "off", "reason"),
    [
        (10_000, 50, 10_000, 0, ""),  # not more than 100.00
        (10_000, 50, 10_010, 501, "5 % off, because the order is worth more than 100.00 EUR"),
        (0, 125, 1000, 125, "12.5 % off, because the order is worth more than 0.00 EUR"),
        (0, 0, 1000, 0, ""),
    ],
)
def test_discount_for_much_explains_itself(
    over: int, permille: int, amount: int, off: int, reason: str
) -> None:
    """Gross less discount is the total."""
    [line] = reads.by_item([row(quantity=1000, price_micros=amount * 10_000)], "EUR")
    view = seen(line, discount_over=over, discount_permille=permille)
    assert (view.gross, view.discount, view.total, view.discount_reason) == (
        amount,
        off,
        amount - off,
        reason,
    )


@pytest.mark.parametrize(
    ("status", "words"),
    [("Held", ("Held", "Held")), ("Complete", ("Complete", "Unfulfilled")), ("Fulfilled", ("Complete", "Fulfilled")),
     ("Cancelled", ("Cancelled", "Cancelled"))],
)  # fmt: skip
def test_statuses_stand_in_the_words_of_the_standard(status: str, words: tuple[str, str]) -> None:
    """As in events."""
    view = seen(status=status)
    assert (view.status, view.fulfilment) == words


def test_a_document_has_no_field_for_a_shopper() -> None:
    """Exactly these, so that whoever adds one must think of it: hub, producer, session, goods, money, times."""
    assert set(HeldOrderView.__struct_fields__) == {
        "id", "number", "hub_id", "hub", "producer_id", "producer", "session_id", "session", "amend_until", "status",
        "fulfilment", "payment", "state", "label", "holds", "flow", "flow_version", "entered_at", "sla_at", "currency",
        "lines", "gross", "discount", "discount_reason", "total", "created_at", "changed_at", "version",
    }  # fmt: skip
    assert set(HeldLine.__struct_fields__) == {
        "item_id", "sku", "name", "unit", "quantity", "surplus", "cases", "price_micros", "amount", "discount",
    }  # fmt: skip


# -- CSV ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1", "\n=1", "=cmd|' /C calc'!A0", "-2+3+cmd", "+", "-", "\0=1",
     "＝1+1", "＋1", "－1", "＠x", " =1+1"],
)  # fmt: skip
def test_no_cell_begins_a_formula(cell: str) -> None:
    """Whatever somebody called an item: a spreadsheet shows it and calculates nothing."""
    assert tables.guarded(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["Beans", "-1.50", "+3", "12.5", "0", "a=b", "", "O'Neill", "-5"])
def test_plain_text_and_numbers_stay_as_they_are(cell: str) -> None:
    """A negative amount is a number and not a formula."""
    assert tables.guarded(cell) == cell


@given(st.lists(st.lists(st.text(max_size=12), min_size=3, max_size=3), max_size=5))
def test_a_table_is_read_back_cell_by_cell(rows: list[list[str]]) -> None:
    """Commas, quotes and line breaks stay inside their cells; only the apostrophe is added."""
    body = tables.table("x", ("a", "b", "c"), rows).body
    read = list(csv.reader(io.StringIO(body.decode(errors="surrogatepass"), newline="")))
    assert read == [["a", "b", "c"], *([tables.guarded(cell) for cell in one] for one in rows)]
    dangerous = [cell for one in read[1:] for cell in one if cell.lstrip()[:1] in {"=", "@"}]
    assert dangerous == []
