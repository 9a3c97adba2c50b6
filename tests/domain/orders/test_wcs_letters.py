"""Letters of orders and lines are rolled up from their axes, and every row of the mapping to other words is as the table says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from coster.domain.orders import reads
from coster.domain.orders.handlers import LIBRARY
from coster.domain.orders.rules import letters
from coster.domain.orders.rules.letters import Item, Standing
from tests.domain.orders.worlds import CARROTS, KILO, Memory, basket
from tests.domain.orders.worlds import line as line_of

B2B = LIBRARY.shipped["order.b2b"].flow
OPEN, GONE, OUT, SENT = Item(), Item(state="X"), Item(state="R", inv="FUL"), Item(state="S", inv="FUL")
BACK, FUTURE, NOTHING = Item(inv="BO"), Item(inv="FUT"), Item(inv="NALC")


@pytest.mark.parametrize(
    ("given", "letter"),
    [
        ({"phase": "draft"}, "P"),
        ({"phase": "scheduled"}, "I"),
        ({"phase": "profile"}, "Q"),
        ({"phase": "list"}, "Y"),
        ({"phase": "shared_list"}, "Z"),
        ({"phase": "trash"}, "J"),
        ({"items": (GONE, GONE)}, "X"),
        ({"items": ()}, "X"),
        ({"items": (SENT, SENT), "total": 5, "deposited": 5}, "D"),
        ({"items": (SENT, GONE), "total": 5, "deposited": 4}, "S"),
        ({"items": (OUT, SENT)}, "R"),
        ({"items": (OUT, OUT), "editing": True}, "R"),
        ({"editing": True, "approval": "pending"}, "E"),
        ({"approval": "pending", "transfer": "error"}, "W"),
        ({"approval": "denied", "items": (NOTHING,)}, "N"),
        ({"transfer": "ready"}, "F"),
        ({"transfer": "sent", "items": (BACK,)}, "G"),
        ({"transfer": "error"}, "H"),
        ({"items": (OPEN, NOTHING, BACK)}, "L"),
        ({"short": True, "items": (BACK,)}, "L"),
        ({"short": True, "editing": True}, "E"),
        ({"short": True, "items": (OUT,)}, "R"),
        ({"items": (OUT, BACK)}, "B"),
        ({"items": (FUTURE, OPEN), "payment_review": True}, "B"),
        ({"payment_review": True}, "A"),
        ({"total": 5, "authorised": 5}, "C"),
        ({"total": 5, "authorised": 4}, "M"),
        ({"approval": "granted", "items": (OPEN, OUT)}, "C"),
    ],
)
def test_roll_up(given: dict[str, Any], letter: str) -> None:
    """Asked in the order of the rule: phase, cancelled, shipped, released, edit, approval, transfer, stock, payment."""
    assert letters.letter(Standing(**given)) == letter


VIEWS = [
    ({"phase": "draft", "items": (NOTHING,)}, "draft", "", "Draft", "Held"),
    ({"phase": "draft", "items": (OPEN,)}, "draft_quoted", "", "Held", "Held"),
    ({"phase": "scheduled"}, "scheduled", "", "Draft", ""),
    ({"approval": "pending"}, "awaiting_approval", "CREATED", "Held", "Held"),
    ({"approval": "denied"}, "approval_denied", "", "Held", "Held"),
    ({"total": 1}, "awaiting_payment", "BOOKED", "Held", "Held"),
    ({"payment_review": True}, "payment_review", "ESCALATED", "Held", "Held"),
    ({"items": (BACK,)}, "backordered", "ESCALATED", "Held", "Held"),
    ({"items": (NOTHING,)}, "stock_lost", "ESCALATED", "Held", "Held"),
    ({}, "confirmed", "BOOKED", "Complete", "Unfulfilled"),
    ({"editing": True}, "in_revision", "", "Held", ""),
    ({"transfer": "ready"}, "to_transfer", "", "Complete", "Unfulfilled"),
    ({"transfer": "sent"}, "transferred", "", "Complete", "Unfulfilled"),
    ({"transfer": "error"}, "transfer_failed", "ESCALATED", "Complete", "Unfulfilled"),
    ({"items": (OUT,)}, "released", "PICK_PACK", "Complete", "Unfulfilled"),
    ({"items": (OUT, SENT)}, "part_shipped", "PICK_PACK", "Complete", "Unfulfilled"),
    ({"items": (SENT,), "total": 1}, "shipped", "PICK_PACK", "Complete", "Fulfilled"),
    ({"items": (SENT,)}, "closed", "COMPLETE", "Complete", "Fulfilled"),
    ({"items": (OUT, BACK)}, "part_released", "PICK_PACK", "Held", "Unfulfilled"),
    ({"items": (OUT, FUTURE)}, "part_released", "PICK_PACK", "Held", "Unfulfilled"),
    ({"items": (SENT, NOTHING)}, "part_released", "PICK_PACK", "Held", "Unfulfilled"),
    ({"items": (OUT, OPEN)}, "part_released", "PICK_PACK", "Complete", "Unfulfilled"),
    ({"items": (OUT, OPEN), "total": 1}, "part_released", "PICK_PACK", "Held", "Unfulfilled"),
    ({"items": (OUT, OPEN), "payment_review": True}, "part_released", "PICK_PACK", "Held", "Unfulfilled"),
    ({"items": (OUT, OPEN), "approval": "pending"}, "awaiting_approval", "CREATED", "Held", "Held"),
    ({"items": (OUT, GONE)}, "released", "PICK_PACK", "Complete", "Unfulfilled"),
    ({"items": (GONE,)}, "cancelled", "CANCELLED", "Cancelled", ""),
    ({"phase": "trash"}, "trashed", "", "", ""),
    ({"phase": "profile"}, "profile", "", "", ""),
    ({"phase": "list"}, "list", "", "", ""),
    ({"phase": "shared_list"}, "shared_list", "", "", ""),
]


@pytest.mark.parametrize(("given", "name", "fluent", "order", "fulfilment"), VIEWS)
def test_mapping(given: dict[str, Any], name: str, fluent: str, order: str, fulfilment: str) -> None:
    """Row by row of the mapping table: our name, Fluent's word, and the consortium's for order and fulfilment."""
    view = letters.view(Standing(**given))
    assert (view.name, view.fluent, view.dfc_order, view.dfc_fulfilment) == (name, fluent, order, fulfilment)


def test_every_letter_has_a_row() -> None:
    """The 21 letters of the table, each in the mapping, each reached."""
    assert set(letters.VIEWS) == set("PIWNMABLCEFGHRSDXJQYZ")
    assert {letters.letter(Standing(**row[0])) for row in VIEWS} == set(letters.VIEWS)  # type: ignore[arg-type]


def test_the_page_has_the_table() -> None:
    """docs/reference/letters.md says of each letter what the program says."""
    page = (Path(__file__).parents[3] / "docs" / "reference" / "letters.md").read_text("utf-8")
    said = {**letters.VIEWS, "P`, goods held": letters.HELD_CART, "R`, partly shipped": letters.PART_SHIPPED,
            "B`, `L`, `M` or `A`, partly released": letters.PART_RELEASED,
            "C`, partly released": msgspec.structs.replace(letters.PART_RELEASED, dfc_order="Complete")}  # fmt: skip
    for name, view in said.items():
        letter = name if "`" in name else name + "`"
        words = (view.name, *(word or "–" for word in (view.fluent, view.dfc_order, view.dfc_fulfilment)))
        assert f"| `{letter} | {' | '.join(words)} |" in page


@pytest.mark.parametrize("status", B2B.statuses, ids=lambda status: status.name)
def test_statuses_of_the_flow_speak_as_the_table_does(status: Any) -> None:
    """What a status says of itself is what its letter is mapped to; templates are drafts to others also while they are edited."""
    view, dfc = letters.VIEWS[status.code], status.dfc
    if status.name == "edited_template":
        assert dict(dfc) == {"order": "Draft"}
    elif status.name == "edited":
        assert dict(dfc) == {"order": "Held", "fulfilment": "Held"}
    else:
        assert (dfc.get("order", ""), dfc.get("fulfilment", "")) == (view.dfc_order, view.dfc_fulfilment)


@pytest.mark.parametrize(
    ("stock", "fulfilment", "quantity", "state", "inv"),
    [
        ("none", "not_started", 1, "", "NALC"),
        ("unavailable", "not_started", 1, "", "NALC"),
        ("held", "not_started", 1, "", "ALLC"),
        ("allocated", "not_started", 1, "", "ALLC"),
        ("untracked", "not_started", 1, "", "ALLC"),
        ("backordered", "not_started", 1, "", "BO"),
        ("future", "not_started", 1, "", "FUT"),
        ("consumed", "not_started", 1, "R", "FUL"),
        ("held", "released", 1, "R", "FUL"),
        ("held", "picking", 1, "R", "FUL"),
        ("held", "packed", 1, "R", "FUL"),
        ("held", "short", 1, "R", "FUL"),
        ("consumed", "shipped", 1, "S", "FUL"),
        ("consumed", "collected", 1, "S", "FUL"),
        ("consumed", "delivered", 1, "S", "FUL"),
        ("consumed", "returned", 1, "S", "FUL"),
        ("none", "cancelled", 1, "X", "NALC"),
        ("none", "not_started", 0, "X", "NALC"),
    ],
)
def test_lines(stock: str, fulfilment: str, quantity: int, state: str, inv: str) -> None:
    """Every value of a line's two axes."""
    assert letters.item(line(stock, fulfilment, quantity)) == Item(state=state, inv=inv)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("stock", "fulfilment", "order", "letter"),
    [
        ("held", "not_started", {"total": 1}, "M"),
        ("held", "not_started", {"approval": "pending"}, "W"),
        ("held", "not_started", {}, "C"),
        ("backordered", "not_started", {}, "B"),
        ("held", "released", {"editing": True}, "R"),
        ("held", "not_started", {"editing": True}, "E"),
        ("consumed", "shipped", {}, "S"),
        ("consumed", "shipped", {"items": (SENT,)}, "D"),
        ("none", "cancelled", {"approval": "pending"}, "X"),
    ],
)
def test_letter_of_a_line(stock: str, fulfilment: str, order: dict[str, Any], letter: str) -> None:
    """Released siblings stay released while the others are edited; what is neither takes the order's letter."""
    assert letters.item_letter(line(stock, fulfilment, 1), Standing(**order)) == letter


LEVELS = {"level": 0, "levels": 1}
STORED: list[tuple[dict[str, Any], dict[str, Any], str, str]] = [
    ({}, {}, "P", "draft_quoted"),
    ({"holds": "none"}, {"stock": "none"}, "P", "draft"),
    ({"payment": "pending", "expires_at": None}, {}, "M", "awaiting_payment"),
    ({"payment": "failed", "expires_at": None}, {}, "M", "awaiting_payment"),
    ({"payment": "review", "expires_at": None}, {}, "A", "payment_review"),
    ({"payment": "authorised", "expires_at": None}, {}, "C", "confirmed"),
    ({"payment": "none", "expires_at": None}, {}, "C", "confirmed"),
    ({"expires_at": None}, {"stock": "backordered"}, "B", "backordered"),
    ({"expires_at": None}, {"stock": "unavailable"}, "L", "stock_lost"),
    ({"expires_at": None, "attributes": {"approval": LEVELS}}, {}, "W", "awaiting_approval"),
    ({"expires_at": None, "attributes": {"approval": {**LEVELS, "denied_at": "2026-11-23"}}}, {}, "N", "approval_denied"),
    ({"expires_at": None, "attributes": {"approval": {**LEVELS, "level": 1}}}, {}, "C", "confirmed"),
    ({"expires_at": None, "attributes": {"edit": {"came_from": "complete"}}}, {}, "E", "in_revision"),
    ({"expires_at": None, "attributes": {"transfer": {"state": "sent"}}}, {}, "G", "transferred"),
    ({"expires_at": None, "attributes": {"transfer": {"state": "error"}}}, {}, "H", "transfer_failed"),
    ({"expires_at": None, "attributes": {"transfer": {"state": "done"}}}, {}, "C", "confirmed"),
    ({"holds": "none", "expires_at": None, "attributes": {"schedule": {"at": "2026-12-01"}}}, {"stock": "none"}, "I", "scheduled"),
    ({"expires_at": None}, {"fulfilment": "released"}, "R", "released"),
    ({"expires_at": None, "payment": "authorised"}, {"fulfilment": "shipped"}, "S", "shipped"),
    ({"expires_at": None, "payment": "captured"}, {"fulfilment": "shipped"}, "D", "closed"),
    ({"holds": "none", "expires_at": None}, {"fulfilment": "cancelled"}, "X", "cancelled"),
]  # fmt: skip


@pytest.mark.parametrize(("head", "of_line", "letter", "name"), STORED)
def test_a_stored_order_tells_its_letter(
    head: dict[str, Any], of_line: dict[str, Any], letter: str, name: str
) -> None:
    """From what is in the tables: a shopper's order, with these fields otherwise, is told as reads tell it."""
    world = Memory()
    world.one(basket("ana", line_of(CARROTS, KILO)))
    order = msgspec.structs.replace(world.order("ana"), **head)
    [first] = world.lines_by_order()[order.id]
    told, view, lines = reads.seen_by_others(order, [msgspec.structs.replace(first, **of_line)])
    assert (told, view.name, lines) == (letter, name, [letter])


def test_a_shortage_that_nobody_has_agreed_to_is_the_orders() -> None:
    """What its lines got they have, so these say what they would say alone."""
    world = Memory()
    world.one(basket("ana", line_of(CARROTS, KILO)))
    order = msgspec.structs.replace(world.order("ana"), expires_at=None, attributes={"shorted": {}})
    told, view, lines = reads.seen_by_others(order, world.lines_by_order()[order.id])
    assert (told, view.name, lines) == ("L", "stock_lost", ["C"])


def line(stock: str, fulfilment: str, quantity: int) -> Any:
    """A line with these axes."""
    fields = msgspec.defstruct("Axes", [("stock", str), ("fulfilment", str), ("quantity", int)])
    return fields(stock, fulfilment, quantity)
