"""Check, round and price the lines of an order. Pure.

Quantities are rounded up to the item's multiple, and the buyer is told (source: WCS quantity rules, ADR 0005).
"""

from __future__ import annotations

import datetime as dt
import math
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from coster.domain.catalog.model import Item, SalesUnit
from coster.domain.orders.model import Discount, Line, LineRequest, Order
from coster.domain.sourcing.model import Sale
from coster.kernel import clock, money, quantity
from coster.kernel.outcome import Rejected


class Checked(msgspec.Struct, frozen=True):
    """A line that may be sold: item, unit, quantity in sales and in stock units, and the price per sales unit."""

    number: int
    item: Item
    unit: SalesUnit
    requested: int
    quantity: int
    stock: int
    price_micros: int
    discount: Discount | None
    note: str
    ship_on: dt.date | None = None


class Shop(msgspec.Struct, frozen=True, kw_only=True):
    """What a line is checked against: items, prices listed in the session (None: no session), currencies; whose goods these all are."""

    items: Mapping[uuid.UUID, Item]
    listed: Mapping[uuid.UUID, int | None] | None
    currency: str
    currencies: Mapping[uuid.UUID, str]
    only_of: uuid.UUID | None = None


def check(shop: Shop, number: int, request: LineRequest) -> Checked | Rejected:
    """The line, rounded and priced; or why it cannot be sold."""
    item = shop.items.get(request.item_id)
    unlisted = item is not None and shop.listed is not None and item.id not in shop.listed
    if item is None or unlisted or shop.only_of not in (None, item.owner_id):
        return Rejected("item_not_listed", f"Line {number}: this item is not on sale here.", {"line": number})
    if not item.buyable:
        return Rejected(
            "item_not_buyable", f"Line {number}: {item.name} is not on sale at present.", {"line": number}
        )
    unit = item.units.get(request.unit or item.stock_unit)
    if unit is None:
        known = ", ".join(item.units)
        return Rejected("unit_unknown", f"Line {number}: {item.name} is sold by {known}.", {"line": number})
    price = _price(shop, item, unit, request)
    if price is None:
        return Rejected(
            "currency_mismatch",
            f"Line {number}: {item.name} is priced in another currency; list it with a price in {shop.currency}.",
            {"line": number},
        )
    sized = amount(item, unit, request.quantity, number)
    if isinstance(sized, Rejected):
        return sized
    sold, stock, note = sized
    return Checked(
        number, item, unit, request.quantity, sold, stock, price, request.discount, note, request.ship_on
    )


def _price(shop: Shop, item: Item, unit: SalesUnit, request: LineRequest) -> int | None:
    """Per sales unit: as agreed elsewhere, else as listed, else the item's; None where that is in another currency."""
    if request.price_micros is not None:
        return request.price_micros
    listed = shop.listed.get(item.id) if shop.listed else None
    if listed is None and shop.currencies.get(item.owner_id, shop.currency) != shop.currency:
        return None
    if listed is None and unit.price_micros is not None:
        return unit.price_micros
    return money.half_up((item.price_micros if listed is None else listed) * unit.num, unit.den)


def step(item: Item, unit: SalesUnit) -> int:
    """The smallest amount, in thousandths of the stock unit, that is a multiple of the item, exact in the unit, and exact in
    every part of a kit.
    """
    parts = (quantity.SCALE // math.gcd(quantity.SCALE, part.quantity) for part in item.components)
    return math.lcm(item.multiple_quantity, unit.num // math.gcd(unit.num, unit.den), *parts)


def unit_of(line: Line, item: Item) -> SalesUnit:
    """The unit that a line was sold in, by its own quantities: the item's units may have changed since."""
    if line.quantity == 0:
        return item.units.get(line.unit, SalesUnit(code=line.unit, num=1))
    whole = math.gcd(line.stock_quantity, line.quantity)
    return SalesUnit(code=line.unit, num=line.stock_quantity // whole, den=line.quantity // whole)


def amount(item: Item, unit: SalesUnit, wanted: int, number: int) -> tuple[int, int, str] | Rejected:
    """Quantity in sales and in stock units, rounded up to what can be sold, and what the buyer is told about it."""
    text = quantity.text
    if wanted <= 0:
        return Rejected(
            "quantity_not_positive", f"Line {number}: the quantity must be more than zero.", {"line": number}
        )
    stock = quantity.round_up(-(-wanted * unit.num // unit.den), step(item, unit))
    if stock < item.min_quantity:
        least = text(item.min_quantity)
        return Rejected("quantity_below_minimum", f"Line {number}: at least {least} {item.stock_unit} of {item.name}.",
                        {"line": number, "minimum": least})  # fmt: skip
    if item.max_quantity is not None and stock > item.max_quantity:
        most = text(item.max_quantity)
        return Rejected("quantity_above_maximum", f"Line {number}: at most {most} {item.stock_unit} of {item.name}.",
                        {"line": number, "maximum": most})  # fmt: skip
    sold = stock * unit.den // unit.num
    note = "" if sold == wanted else f"rounded up from {text(wanted)} to {text(sold)} {unit.code}"
    return sold, stock, note


def reduced(checked: Checked, stock: int) -> Checked:
    """The line with less, as much as fits into `stock` and can be sold; possibly nothing."""
    part = stock // step(checked.item, checked.unit) * step(checked.item, checked.unit)
    if part < checked.item.min_quantity:
        part = 0
    sold = part * checked.unit.den // checked.unit.num
    note = f"{quantity.text(sold)} of {quantity.text(checked.quantity)} {checked.unit.code}: no more is left"
    return msgspec.structs.replace(checked, quantity=sold, stock=part, note=note)


def faults(found: Sequence[Rejected]) -> Rejected:
    """One answer for all faulty lines at once: the common code, or `lines_refused` where there are several."""
    codes = {fault.code for fault in found}
    code = codes.pop() if len(codes) == 1 else "lines_refused"
    lines = [{"code": fault.code, "message": fault.message, **fault.detail} for fault in found]
    return Rejected(code, " ".join(fault.message for fault in found), {"lines": lines})


def discount_of(discount: Discount | None, goods: int) -> int:
    """Minor units off: an amount or a share, never more than the goods, only where they are worth more than `over`."""
    if discount is None or goods <= discount.over:
        return 0
    return min(goods, discount.amount + money.half_up(goods * discount.permille, 1000))


def priced(order_id: uuid.UUID, checked: Checked, currency: str, stock_state: str) -> Line:
    """The line with its amounts; the order's discount is shared out afterwards."""
    gross = money.line_amount(checked.price_micros, checked.quantity, currency)
    off = discount_of(checked.discount, gross)
    # Of a line that gets nothing yet, the discount is counted on what was asked for: it may still come.
    asked = gross or money.line_amount(checked.price_micros, checked.requested, currency)
    return Line(
        order_id=order_id, line_no=checked.number, item_id=checked.item.id, producer_id=checked.item.owner_id,
        unit=checked.unit.code, requested=checked.requested, quantity=checked.quantity, stock_quantity=checked.stock,
        price_micros=checked.price_micros, gross=gross, discount=off, order_share=0, basis_gross=asked,
        basis_discount=discount_of(checked.discount, asked), basis_share=0, total=gross - off,
        stock=stock_state, fulfilment="not_started", note=checked.note, ship_on=checked.ship_on,
    )  # fmt: skip


def shared(lines: list[Line], off: int) -> list[Line]:
    """The lines with the order's discount shared out by value, to the last minor unit; frozen from then on."""
    if off == 0:
        return lines
    parts = money.share(off, [line.gross - line.discount for line in lines])
    return [_with_share(line, part) for line, part in zip(lines, parts, strict=True)]


def without_share(line: Line) -> Line:
    """The line with none of the order's discount."""
    return msgspec.structs.replace(line, order_share=0, basis_share=0, total=line.gross - line.discount)


def _with_share(line: Line, share: int) -> Line:
    """The line with a share of the order's discount; from now on its discounts are counted on what it is now, if it is anything."""
    basis = (line.gross, line.discount) if line.gross else (line.basis_gross, line.basis_discount)
    return msgspec.structs.replace(
        line, order_share=share, total=line.gross - line.discount - share, basis_gross=basis[0], basis_discount=basis[1],
        basis_share=share,
    )  # fmt: skip


def scaled(line: Line, sold: int, stock: int, currency: str, note: str) -> Line:
    """The line with another quantity at its price; its discounts are the same part of it as when they were given.

    So they move to no other line, and a line that grows back to its first quantity costs what it cost first, to the cent.
    """
    gross = money.line_amount(line.price_micros, sold, currency)
    off = money.half_up(line.basis_discount * gross, line.basis_gross) if line.basis_gross else 0
    net = line.basis_gross - line.basis_discount
    share = money.half_up(line.basis_share * (gross - off), net) if net else 0
    return msgspec.structs.replace(
        line, quantity=sold, stock_quantity=stock, gross=gross, discount=off, order_share=share,
        total=gross - off - share, note=note, stock=line.stock if stock else "none",
        holds_from=line.holds_from if stock else None,
    )  # fmt: skip


OUT = ("released", "picking", "packed", "shipped", "collected", "delivered", "returned")
"""How far a line is whose goods were given to whoever packs them; nothing takes them back."""


def is_out(line: Line) -> bool:
    """Whether a line was released: no change, cancellation or edit reaches it any more."""
    return line.quantity > 0 and line.fulfilment in OUT


def open_lines(of_order: Sequence[Line]) -> int:
    """How many lines have something left that was not released."""
    return sum(line.quantity > 0 and not is_out(line) for line in of_order)


def released_lines(of_order: Sequence[Line]) -> int:
    """How many lines were released."""
    return sum(is_out(line) for line in of_order)


def released_before(line: Line) -> Rejected:
    """The refusal to change a line that was released."""
    return Rejected(
        "line_released",
        f"Line {line.line_no} was released and can be changed no more; what is not released yet can.",
        {"line": line.line_no},
    )


def divided(line: Line, part: tuple[int, int], number: int) -> tuple[Line, Line]:
    """A line cut in two: a part of it, with its number, and the rest with a number of its own.

    `part` is how much, in sales and in stock units: less than all of it. To the cent and to the thousandth the two are the whole, so
    cutting costs nobody anything; from now on the discounts of each are counted on what it is itself.
    """
    sold, stock = part
    gross = money.share(line.gross, [sold, line.quantity - sold])
    off = money.share(line.discount, gross)
    shares = money.share(line.order_share, [gross[0] - off[0], gross[1] - off[1]])
    asked = max(0, line.requested - sold)
    kept, left = (
        msgspec.structs.replace(
            line, gross=gross[nth], discount=off[nth], order_share=shares[nth], total=gross[nth] - off[nth] - shares[nth],
            basis_gross=gross[nth] or line.basis_gross, basis_discount=off[nth] if gross[nth] else line.basis_discount,
            basis_share=shares[nth] if gross[nth] else line.basis_share,
        )
        for nth in (0, 1)
    )  # fmt: skip
    kept = msgspec.structs.replace(
        kept, requested=line.requested - asked, quantity=sold, stock_quantity=stock
    )
    left = msgspec.structs.replace(
        left, line_no=number, requested=asked, quantity=line.quantity - sold, stock_quantity=line.stock_quantity - stock,
        note=f"the rest of line {line.line_no}",
    )  # fmt: skip
    return kept, left


def sale_of(order: Order) -> Sale:
    """Who sells what under which order, as sourcing sees it."""
    return Sale(order_id=order.id, seller_id=order.seller_id, session_id=order.session_id)


def told(line: Line, currency: str) -> dict[str, Any]:
    """The line as it stands in answers and events."""
    return {
        "line": line.line_no,
        "item_id": str(line.item_id),
        "unit": line.unit,
        "requested": quantity.text(line.requested),
        "quantity": quantity.text(line.quantity),
        "stock_quantity": quantity.text(line.stock_quantity),
        "price": money.price_text(line.price_micros),
        "discount": money.text(line.discount, currency),
        "order_share": money.text(line.order_share, currency),
        "total": money.text(line.total, currency),
        "stock": line.stock,
        "fulfilment": line.fulfilment,
        "note": line.note,
        **_days(line),
    }


def _days(line: Line) -> dict[str, str]:
    """The day on which a line shall go, and from when on goods are taken for it; nothing where it may go at once."""
    found = {} if line.ship_on is None else {"ship_on": line.ship_on.isoformat()}
    return found if line.holds_from is None else {**found, "holds_from": clock.text(line.holds_from)}
