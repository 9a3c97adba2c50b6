"""Orders released in parts: some lines, or a part of one, go to whoever packs them while the rest stays held or waits (ADR 0022). Pure.

A line is released whole. Where only a part of it goes, the line is cut in two: the part keeps its number, the rest gets one of its own.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec

from coster.domain.inventory.model import Hold
from coster.domain.inventory.rules import holding
from coster.domain.orders.model import Line
from coster.domain.orders.rules import dates, lines, shelf, taking
from coster.domain.orders.rules.actions import Action, Doing
from coster.domain.orders.rules.fold import Fold
from coster.domain.sourcing import rules as sourcing
from coster.kernel import quantity
from coster.kernel import refusal as refusals
from coster.kernel.outcome import Rejected

EVENT: Final = "order.part_released"


class Part(NamedTuple):
    """What is to be released of a line: so much in thousandths of its sales unit, 0: all of it."""

    line_no: int
    quantity: int = 0


class _Asked(NamedTuple):
    """What an event asks for: these parts (none: whatever is ready), of one place, of what is due."""

    parts: tuple[Part, ...]
    place: uuid.UUID | None
    due_by: dt.date | None


def newly_released(before: Iterable[Line], after: Iterable[Line]) -> list[int]:
    """The numbers of the lines that were released in between."""
    known = {line.line_no for line in before if lines.is_out(line)}
    return [line.line_no for line in after if lines.is_out(line) and line.line_no not in known]


def release_lines(fold: Fold, doing: Doing) -> list[Line] | Rejected:
    """The lines that the event asks for are released, all or none of them; what is not held yet is taken for them first."""
    asked = _asked(fold, doing)
    if isinstance(asked, Rejected):
        return asked
    now = {line.line_no: line for line in doing.lines}
    faults: list[Rejected] = []
    done = 0
    for part in asked.parts or _ready(doing.lines):
        line = now.get(part.line_no)
        if line is None or line.quantity == 0:
            text = f"The order has no line {part.line_no}."
            faults.append(Rejected("line_unknown", text, {"line": part.line_no}))
            continue
        released = _released(fold, doing, line, (part, asked, max(now) + 1))
        if isinstance(released, Rejected):
            faults.append(released)
            continue
        now.update((one.line_no, one) for one in released)
        done += bool(released)
    if faults:
        return lines.faults(faults)
    return list(now.values()) if done else _nothing()


def cancel_rest(fold: Fold, doing: Doing) -> list[Line]:
    """What is not released yet is off: it costs nothing any more, and what it held is free again."""
    currency = fold.orders[doing.demand.id].currency
    return [
        line if line.quantity == 0 or lines.is_out(line) else _given_up(fold, doing, line, currency)
        for line in doing.lines
    ]


def _given_up(fold: Fold, doing: Doing, line: Line, currency: str) -> Line:
    holding.release(fold.book, doing.demand, line.line_no)
    gone = lines.scaled(line, 0, 0, currency, "cancelled before it was released")
    return msgspec.structs.replace(gone, fulfilment="cancelled")


# -- what is asked for -------------------------------------------------------------------------------------------------


def _asked(fold: Fold, doing: Doing) -> _Asked | Rejected:
    """The attributes of the event: `line` with `quantity`, or `parts`; `location`; `due`. Whatever is wrong with them at once."""
    given: Mapping[str, Any] = getattr(doing.command.body, "attributes", {})
    faults = refusals.Faults()
    parts = list(given.get("parts") or ())
    if isinstance(given.get("line"), int):
        parts.append({"line": given["line"], "quantity": given.get("quantity") or ""})
    found = tuple(_part(faults, part) for part in parts)
    faults.distinct("parts", [part.line_no for part in found])
    if given.get("quantity") and not isinstance(given.get("line"), int):
        faults.add("quantity", "is of a line; name the line too")
    place = _place(faults, given.get("location"))
    state = fold.supply
    assert state is not None, "what releases lines is loaded with what placing needs"
    seller = state.enterprises[fold.orders[doing.demand.id].seller_id]
    due_by = dates.day_of(seller, doing.command.at) if given.get("due") else None
    return faults.rejected() or _Asked(found, place, due_by)


def _part(faults: refusals.Faults, part: Mapping[str, Any]) -> Part:
    text = str(part.get("quantity") or "")
    try:
        wanted = quantity.parse(text) if text else 0
    except ValueError as fault:
        faults.add("quantity", str(fault))
        return Part(part["line"])
    if text and wanted <= 0:
        faults.add("quantity", "must be more than zero; left out, it is all of the line")
    return Part(part["line"], wanted)


def _place(faults: refusals.Faults, given: Any) -> uuid.UUID | None:
    if not given:
        return None
    try:
        return uuid.UUID(str(given))
    except ValueError:
        faults.add("location", "is no id of a location; they are listed at /api/v1/locations")
        return None


def _ready(of_order: Sequence[Line]) -> list[Part]:
    """Every line that is held and not released."""
    return [
        Part(line.line_no)
        for line in of_order
        if line.quantity and line.stock in taking.FIRM and not lines.is_out(line)
    ]


def _nothing() -> Rejected:
    return Rejected(
        "nothing_to_release",
        "None of the lines that are asked for has goods that are held there and could go now; what waits can be tried by `allocate`.",
    )


# -- one line ----------------------------------------------------------------------------------------------------------

_Wish: TypeAlias = "tuple[Part, _Asked, int]"
"""What is to be released of a line, what the event asks for, and the number for a rest."""


def _released(fold: Fold, doing: Doing, line: Line, wish: _Wish) -> list[Line] | Rejected:
    """The line as released, with its rest where only a part of it goes; nothing where it is not among what is asked for."""
    part, asked, number = wish
    if lines.is_out(line):
        return lines.released_before(line)
    if asked.due_by is not None and line.ship_on is not None and line.ship_on > asked.due_by:
        return []
    firm = line.stock in taking.FIRM
    sized = _sized(fold, line, part)
    if isinstance(sized, Rejected):
        return sized
    if asked.place is not None:
        there = _held_there(fold, line, asked.place) if firm else 0
        sized = (there * line.quantity // line.stock_quantity, there) if part.quantity == 0 else sized
        if there < sized[1] or there == 0:
            return [] if part.quantity == 0 else _not_there(line, sized[0])
    rest: list[Line] = []
    if sized[1] < line.stock_quantity:
        line, left = lines.divided(line, sized, number)
        _divide_holds(fold, (line, left), asked.place)
        rest = [left]
    if not firm:
        took = _take(fold, doing, line)
        if isinstance(took, Rejected):
            return took
        line = took
    holding.keep_line(fold.book, msgspec.structs.replace(doing.demand, expires_at=None), line.line_no)
    return [msgspec.structs.replace(line, fulfilment="released"), *rest]


def _sized(fold: Fold, line: Line, part: Part) -> tuple[int, int] | Rejected:
    """How much of a line a part is, in sales and in stock units: what can be cut off exactly, and no more than there is of it."""
    state = fold.supply
    assert state is not None, "what releases lines is loaded with what placing needs"
    if part.quantity in (0, line.quantity):
        return line.quantity, line.stock_quantity
    if part.quantity > line.quantity:
        text = quantity.text
        return Rejected(
            "quantity_above_line",
            f"Line {line.line_no} has {text(line.quantity)} {line.unit}, so {text(part.quantity)} of it cannot go.",
            {"line": line.line_no, "wanted": text(part.quantity), "available": text(line.quantity)},
        )
    item = state.supply.items[line.item_id]
    stock, over = divmod(part.quantity * line.stock_quantity, line.quantity)
    step = lines.step(item, lines.unit_of(line, item))
    if over or stock % step:
        return Rejected(
            "quantity_not_exact",
            f"Line {line.line_no}: {item.name} goes in steps of {quantity.text(step)} {item.stock_unit}.",
            {"line": line.line_no},
        )
    return part.quantity, stock


def _held_there(fold: Fold, line: Line, place: uuid.UUID) -> int:
    """How much of a line, in its stock units, is held at a place and can go from there: of a kit all or nothing."""
    held = fold.book.of_demand(line.order_id, line.line_no)
    there = [one for one in held if fold.book.position(one.position_id).location_id == place]
    if len(there) == len(held):
        return line.stock_quantity if held else 0
    state = fold.supply
    assert state is not None
    item = state.supply.items[line.item_id]
    if item.components:
        return 0
    step = lines.step(item, lines.unit_of(line, item))
    return sum(one.quantity for one in there) // step * step


def _not_there(line: Line, sold: int) -> Rejected:
    return Rejected(
        "nothing_to_release",
        f"Line {line.line_no} does not hold {quantity.text(sold)} {line.unit} at this place.",
        {"line": line.line_no},
    )


def _divide_holds(fold: Fold, both: tuple[Line, Line], place: uuid.UUID | None) -> None:
    """What a line holds is divided among its part and its rest, item by item: the part holds at the place that is asked for, and else
    where it held first."""
    part, left = both
    state = fold.supply
    assert state is not None
    item = state.supply.items[part.item_id]
    of_one = {one.item_id: one.quantity for one in item.components} or {item.id: quantity.SCALE}
    held: dict[uuid.UUID, list[Hold]] = {}
    for one in fold.book.of_demand(part.order_id, part.line_no):
        held.setdefault(fold.book.item_of(one.position_id), []).append(one)
    leaving = {}
    for item_id, holds in held.items():
        total = sum(one.quantity for one in holds)
        whole = part.stock_quantity + left.stock_quantity
        stays = (
            total * part.stock_quantity // whole
            if part.stock in taking.FIRM
            else min(total, part.stock_quantity * of_one.get(item_id, 0) // quantity.SCALE)
        )
        here = [one for one in holds if fold.book.position(one.position_id).location_id == place]
        for one in [*here, *(one for one in holds if one not in here)]:
            keeps = min(one.quantity, stays)
            stays -= keeps
            leaving[one.demand_id, one.demand_line, one.position_id] = one.quantity - keeps
    holding.pass_on(fold.book, part.order_id, (part.line_no, left.line_no), leaving)


def _take(fold: Fold, doing: Doing, line: Line) -> Line | Rejected:
    """The goods of a part that still waits; or what is missing, as when an order is placed."""
    state = fold.supply
    assert state is not None
    taken = taking.taken(fold, doing, line, early=True)
    if taken.stock in taking.FIRM:
        return taken
    item, available = state.supply.items[line.item_id], 0
    plan = sourcing.plan(
        state.supply, lines.sale_of(fold.orders[line.order_id]), item, line.line_no, line.stock_quantity
    )
    if not isinstance(plan, Rejected):
        held = sum(one.quantity for one in fold.book.of_demand(line.order_id, line.line_no))
        mine = 0 if item.components else held
        available = min(line.stock_quantity, mine + shelf.available_for(fold.book, item, plan))
    step = lines.step(item, lines.unit_of(line, item))
    left = available // step * step * line.quantity // line.stock_quantity
    return shelf.insufficient(line.line_no, item, line.unit, line.quantity, left)


ACTIONS: Final[dict[str, Action]] = {
    **taking.ACTIONS,
    "release_lines": release_lines,
    "cancel_rest": cancel_rest,
}
"""Every action of an order's flow that touches lines."""
