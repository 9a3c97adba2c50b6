"""The letters of WebSphere Commerce for orders and their lines, and the words of Fluent and of the food consortium: derived. Pure.

The order's own state is on its axes: its lines, its attributes (approval, edit, schedule), its payment. A letter is rolled up from
these and stored nowhere. Source: state model of HCL Commerce order management; status words of Fluent's workflows; the ontology of the
Data Food Consortium.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from coster.domain.orders.model import Line, Order
from coster.domain.orders.rules import approving, editing

Inventory: TypeAlias = Literal["NALC", "ALLC", "BO", "FUT", "FUL"]
Phase: TypeAlias = Literal["draft", "scheduled", "profile", "list", "shared_list", "trash", "submitted"]

_PHASES: Final = {
    "draft": "P",
    "scheduled": "I",
    "profile": "Q",
    "list": "Y",
    "shared_list": "Z",
    "trash": "J",
}
_TRANSFERS: Final = {"ready": "F", "sent": "G", "error": "H"}


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A line as the roll-up sees it: X cancelled, R released, S shipped, '' none of these; and what it has in stock."""

    state: Literal["X", "R", "S", ""] = ""
    inv: Inventory = "ALLC"


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """An order's axes, as the roll-up reads them; amounts in minor units."""

    phase: Phase = "submitted"
    items: tuple[Item, ...] = (Item(),)
    editing: bool = False
    short: bool = False
    """It got less than it was promised, and nobody has agreed to that."""
    approval: Literal["not_needed", "pending", "granted", "denied"] = "not_needed"
    transfer: Literal["", "ready", "sent", "error"] = ""
    payment_review: bool = False
    authorised: int = 0
    deposited: int = 0
    total: int = 0


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A state in plain words and in the words of others; empty where they have none."""

    name: str
    fluent: str = ""
    dfc_order: str = ""
    dfc_fulfilment: str = ""


VIEWS: Final[Mapping[str, View]] = {
    "P": View(name="draft", dfc_order="Draft", dfc_fulfilment="Held"),
    "I": View(name="scheduled", dfc_order="Draft"),
    "W": View(name="awaiting_approval", fluent="CREATED", dfc_order="Held", dfc_fulfilment="Held"),
    "N": View(name="approval_denied", dfc_order="Held", dfc_fulfilment="Held"),
    "M": View(name="awaiting_payment", fluent="BOOKED", dfc_order="Held", dfc_fulfilment="Held"),
    "A": View(name="payment_review", fluent="ESCALATED", dfc_order="Held", dfc_fulfilment="Held"),
    "B": View(name="backordered", fluent="ESCALATED", dfc_order="Held", dfc_fulfilment="Held"),
    "L": View(name="stock_lost", fluent="ESCALATED", dfc_order="Held", dfc_fulfilment="Held"),
    "C": View(name="confirmed", fluent="BOOKED", dfc_order="Complete", dfc_fulfilment="Unfulfilled"),
    "E": View(name="in_revision", dfc_order="Held"),
    "F": View(name="to_transfer", dfc_order="Complete", dfc_fulfilment="Unfulfilled"),
    "G": View(name="transferred", dfc_order="Complete", dfc_fulfilment="Unfulfilled"),
    "H": View(name="transfer_failed", fluent="ESCALATED", dfc_order="Complete", dfc_fulfilment="Unfulfilled"),
    "R": View(name="released", fluent="PICK_PACK", dfc_order="Complete", dfc_fulfilment="Unfulfilled"),
    "S": View(name="shipped", fluent="PICK_PACK", dfc_order="Complete", dfc_fulfilment="Fulfilled"),
    "D": View(name="closed", fluent="COMPLETE", dfc_order="Complete", dfc_fulfilment="Fulfilled"),
    "X": View(name="cancelled", fluent="CANCELLED", dfc_order="Cancelled"),
    "J": View(name="trashed"),
    "Q": View(name="profile"),
    "Y": View(name="list"),
    "Z": View(name="shared_list"),
}
"""What each letter means. A revision leaves the fulfilment as it was, so E has no word for it."""

PART_SHIPPED: Final = View(
    name="part_shipped", fluent="PICK_PACK", dfc_order="Complete", dfc_fulfilment="Unfulfilled"
)
PART_RELEASED: Final = View(
    name="part_released", fluent="PICK_PACK", dfc_order="Held", dfc_fulfilment="Unfulfilled"
)
"""Some of it is released while the rest waits for goods or a payment: what the rest comes to is still open, so the order is held, but
goods of it are on their way. Where the rest is confirmed too, the order is complete to the consortium.
"""
HELD_CART: Final = View(name="draft_quoted", dfc_order="Held", dfc_fulfilment="Held")
"""A draft that holds its goods already: the checkout has begun."""


def letter(order: Standing) -> str:
    """The letter of an order: the truth are its lines, gates and amounts, asked in this order."""
    if order.phase in _PHASES:
        return _PHASES[order.phase]
    live = [item for item in order.items if item.state != "X"]
    if not live:
        return "X"
    if all(item.state == "S" for item in live):
        return "D" if order.deposited >= order.total else "S"
    if all(item.state in ("R", "S") for item in live):
        return "R"
    short = "L" if order.short else ""
    waiting = [item for item in live if item.state not in ("R", "S")]
    return _gate(order) or short or _stock(waiting) or _paid(order)


def _gate(order: Standing) -> str:
    """What keeps an order that is not released as a whole, people first; '' nothing."""
    if order.editing:
        return "E"
    if order.approval in ("pending", "denied"):
        return "W" if order.approval == "pending" else "N"
    return _TRANSFERS.get(order.transfer, "")


def _stock(waiting: Sequence[Item]) -> str:
    """What its lines lack; '' nothing."""
    if any(item.inv == "NALC" for item in waiting):
        return "L"
    return "B" if any(item.inv in ("BO", "FUT") for item in waiting) else ""


def _paid(order: Standing) -> str:
    if order.payment_review:
        return "A"
    return "C" if order.authorised >= order.total else "M"


def view(order: Standing) -> View:
    """The state in the words of others; of what is partly shipped, and of a draft that holds goods, more than the letter says;
    of what is released in part too."""
    found = letter(order)
    if found == "R" and any(item.state == "S" for item in order.items):
        return PART_SHIPPED
    if found == "P" and any(item.state != "X" and item.inv == "ALLC" for item in order.items):
        return HELD_CART
    if found in ("B", "L", "M", "A", "C") and any(item.state in ("R", "S") for item in order.items):
        return msgspec.structs.replace(PART_RELEASED, dfc_order=VIEWS[found].dfc_order)
    return VIEWS[found]


# -- from what is stored -------------------------------------------------------------------------------------------

_INVENTORY: Final[Mapping[str, Inventory]] = {
    "none": "NALC", "unavailable": "NALC", "held": "ALLC", "allocated": "ALLC", "untracked": "ALLC",
    "backordered": "BO", "future": "FUT", "consumed": "FUL",
}  # fmt: skip
_RELEASED: Final = ("released", "picking", "packed", "short")
_SHIPPED: Final = ("shipped", "collected", "delivered", "returned")


def item(line: Line) -> Item:
    """A line on its two axes. One with nothing left was taken out; what left the shelf unpacked is released."""
    inv = _INVENTORY[line.stock]
    if line.fulfilment == "cancelled" or line.quantity == 0:
        return Item(state="X", inv=inv)
    if line.fulfilment in _SHIPPED:
        return Item(state="S", inv="FUL")
    if line.fulfilment in _RELEASED or line.stock == "consumed":
        return Item(state="R", inv="FUL")
    return Item(inv=inv)


def item_letter(line: Line, order: Standing) -> str:
    """The letter of a line: its own where it is cancelled, released or out of stock, and the order's otherwise; paid with the order."""
    found = item(line)
    if found.state == "S" and letter(order) == "D":
        return "D"
    if found.state:
        return found.state
    return letter(msgspec.structs.replace(order, items=(found,), short=False))


def standing(order: Order, of_order: Sequence[Line]) -> Standing:
    """The axes of a stored order.

    A draft is what was not sent in: its checkout runs, or it holds nothing yet. An order without a payment of its own (on account,
    or paid elsewhere) waits for none.
    """
    edited = editing.standing(order.attributes)["came_from"]
    items = tuple(item(line) for line in of_order)
    paid = order.payment in ("none", "authorised", "part_captured", "captured")
    return Standing(
        phase=_phase(order, items, edited=bool(edited)),
        items=items,
        editing=bool(edited),
        short="shorted" in order.attributes,
        approval=_approval(order),
        transfer=(order.attributes.get("transfer") or {}).get("state", ""),
        payment_review=order.payment == "review",
        authorised=order.total if paid else -1,
        deposited=order.total if order.payment == "captured" else -1,
        total=order.total,
    )


def _phase(order: Order, items: Sequence[Item], *, edited: bool) -> Phase:
    live = [one for one in items if one.state != "X"]
    if not live:
        return "submitted"
    if order.attributes.get("schedule"):
        return "submitted" if edited else "scheduled"
    untouched = order.holds == "none" and all(one == Item(inv="NALC") for one in live)
    return "draft" if untouched or order.expires_at is not None else "submitted"


def _approval(order: Order) -> Literal["not_needed", "pending", "granted", "denied"]:
    if "approval" not in order.attributes:
        return "not_needed"
    approval = approving.standing(order.attributes)
    if approval.get("denied_at"):
        return "denied"
    return "granted" if approval["level"] >= approval["levels"] else "pending"
