"""What may be said about items, and by whom."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from typing import Final

from coster.domain.catalog.model import (
    CatalogState,
    CatalogWrites,
    Details,
    DetailsState,
    ItemKey,
    PutDetails,
    PutItem,
    VersionedDetails,
    VersionedItem,
)
from coster.kernel import ids, quantity, refusal
from coster.kernel.message import Command, Decided, Event
from coster.kernel.outcome import Accepted, Outcome, Rejected

_MOST_UNITS: Final = 50
_MOST_COMPONENTS: Final = 200
_MOST_RATIO: Final = 1_000_000_000
_MOST_NAMED: Final = 20
_PERCENT: Final = re.compile(r"(?:100(?:\.0{1,6})?|[0-9]{1,2}(?:\.[0-9]{1,6})?)?", re.ASCII)
_LINK: Final = re.compile(r"https?://[!#-;=?-\[\]_a-z~]+", re.ASCII)
_CONCEPT: Final = re.compile(r"[!#-;=?-\[\]_a-z~]+", re.ASCII)


class _Shelf:
    """What is known of the items while a batch is decided: each accepted command changes it for the next."""

    def __init__(self, state: CatalogState) -> None:
        self.items = dict(state.items)
        self.skus = dict(state.skus)
        self.made_of: dict[uuid.UUID, set[uuid.UUID]] = {}
        self.used_in: dict[uuid.UUID, set[uuid.UUID]] = {}
        for kit, item in state.parts:
            self.made_of.setdefault(kit, set()).add(item)
            self.used_in.setdefault(item, set()).add(kit)
        self.owners = state.owners
        self.suppliers = state.suppliers

    def put(self, body: PutItem, *, version: int) -> None:
        """What is known after the command."""
        old = self.items.get(body.item_id)
        if old is not None:
            self.skus.pop((old.owner_id, old.sku), None)
        self.skus[body.owner_id, body.sku] = body.item_id
        for item in self.made_of.pop(body.item_id, ()):
            self.used_in[item].discard(body.item_id)
        for part in body.components:
            self.made_of.setdefault(body.item_id, set()).add(part.item_id)
            self.used_in.setdefault(part.item_id, set()).add(body.item_id)
        self.items[body.item_id] = ItemKey(
            id=body.item_id, owner_id=body.owner_id, sku=body.sku, kit=bool(body.components), version=version
        )


def put_items(state: CatalogState, commands: Sequence[Command[PutItem]]) -> Decided[CatalogWrites]:
    """Makes or replaces items, each whole: with its sales units and components."""
    shelf = _Shelf(state)
    written: dict[uuid.UUID, VersionedItem] = {}
    outcomes: list[Outcome] = []
    events: list[tuple[int, Event]] = []
    for index, command in enumerate(commands):
        body = command.body
        refused = _refuse_item(shelf, command) or _refuse_components(shelf, body)
        if refused:
            outcomes.append(refused)
            continue
        old = shelf.items.get(body.item_id)
        version = old.version + 1 if old else 1
        shelf.put(body, version=version)
        written[body.item_id] = _item(body, version=version)
        events.append((index, _event(body, version=version)))
        outcomes.append(Accepted({"id": str(body.item_id), "version": version}))
    renamed = [
        id_ for id_, item in written.items() if id_ in state.items and state.items[id_].sku != item.sku
    ]
    return Decided(outcomes, CatalogWrites(items=list(written.values()), renamed=renamed), events)


def _refuse_item(shelf: _Shelf, command: Command[PutItem]) -> Rejected | None:
    body = command.body
    if not command.authority.allows("items:write", body.owner_id):
        return refusal.not_permitted("change items of this enterprise")
    if body.owner_id not in shelf.owners:
        return Rejected(
            "enterprise_unknown",
            "No enterprise has this id; list them at /api/v1/enterprises.",
            {"enterprise_id": str(body.owner_id)},
        )
    old = shelf.items.get(body.item_id)
    if old and old.owner_id != body.owner_id:
        # The same words whether or not the asker may see the other enterprise's items.
        return Rejected("item_taken", "This item id cannot be used for this enterprise; take a new one.")
    conflict = refusal.version_conflict(
        "item", expected=body.expected_version, current=old.version if old else 0
    )
    if conflict:
        return conflict
    if found := _faults(body).rejected():
        return found
    holder = shelf.skus.get((body.owner_id, body.sku))
    if holder is not None and holder != body.item_id:
        return Rejected(
            "sku_taken",
            f"Another item of this enterprise has the SKU {body.sku}; change that item, or take another SKU.",
            {"sku": body.sku, "item_id": str(holder)},
        )
    return None


def _faults(body: PutItem) -> refusal.Faults:
    faults = refusal.Faults()
    faults.text("sku", body.sku, most=100, needed=True)
    faults.text("name", body.name, most=200, needed=True)
    faults.text("product", body.product, most=200)
    faults.text("stock_unit", body.stock_unit, most=40, needed=True)
    faults.number("weight_mg", body.weight_mg, least=1)
    faults.number("price_micros", body.price_micros)
    _judge_quantities(faults, body)
    _judge_units(faults, body)
    faults.number("components", len(body.components), most=_MOST_COMPONENTS)
    faults.distinct("components", [part.item_id for part in body.components])
    for number, part in enumerate(body.components):
        faults.number(f"components[{number}].quantity", part.quantity, least=1)
        if part.item_id == body.item_id:
            faults.add(f"components[{number}].item_id", "is the kit itself")
    return faults


def _judge_quantities(faults: refusal.Faults, body: PutItem) -> None:
    faults.number("min_quantity", body.min_quantity)
    faults.number("max_quantity", body.max_quantity, least=1)
    faults.number("multiple_quantity", body.multiple_quantity, least=1)
    faults.number("case_quantity", body.case_quantity, least=1)
    if body.max_quantity is None or body.multiple_quantity < 1:
        return
    fewest = quantity.round_up(max(body.min_quantity, 1), body.multiple_quantity)
    if fewest > body.max_quantity:
        least = quantity.text(fewest)
        faults.add(
            "max_quantity", f"lets nobody buy: the least that can be ordered is {least} {body.stock_unit}"
        )


def _judge_units(faults: refusal.Faults, body: PutItem) -> None:
    faults.number("sales_units", len(body.sales_units), most=_MOST_UNITS)
    faults.distinct("sales_units", [body.stock_unit, *(unit.code for unit in body.sales_units)])
    for number, unit in enumerate(body.sales_units):
        faults.text(f"sales_units[{number}].code", unit.code, most=40, needed=True)
        faults.number(f"sales_units[{number}].num", unit.num, least=1, most=_MOST_RATIO)
        faults.number(f"sales_units[{number}].den", unit.den, least=1, most=_MOST_RATIO)
        faults.number(f"sales_units[{number}].price_micros", unit.price_micros)


def _refuse_components(shelf: _Shelf, body: PutItem) -> Rejected | None:
    """A kit is made of the owner's own items, or of those of who supplies it; one level deep."""
    if not body.components:
        return None
    for part in body.components:
        item = shelf.items.get(part.item_id)
        if item is None or not _may_use(shelf, body.owner_id, item.owner_id):
            return Rejected(
                "item_unknown",
                "No item that this enterprise can use has this id; list items at /api/v1/items.",
                {"item_id": str(part.item_id)},
            )
        if item.kit:
            return Rejected(
                "component_is_kit",
                f"The item {item.sku} is a kit itself; name what it is made of instead.",
                {"item_id": str(item.id)},
            )
    if shelf.used_in.get(body.item_id):
        return Rejected(
            "item_in_kit",
            "This item is part of a kit and cannot be one itself; take it out of that kit first.",
        )
    return None


def _may_use(shelf: _Shelf, owner_id: uuid.UUID, other_id: uuid.UUID) -> bool:
    return owner_id == other_id or (owner_id, other_id) in shelf.suppliers


def _item(body: PutItem, *, version: int) -> VersionedItem:
    return VersionedItem(
        id=body.item_id,
        owner_id=body.owner_id,
        sku=body.sku,
        name=body.name,
        product=body.product,
        stock_unit=body.stock_unit,
        weight_mg=body.weight_mg,
        price_micros=body.price_micros,
        min_quantity=body.min_quantity,
        max_quantity=body.max_quantity,
        multiple_quantity=body.multiple_quantity,
        case_quantity=body.case_quantity,
        tracked=body.tracked,
        buyable=body.buyable,
        units={unit.code: unit for unit in body.sales_units},
        components=tuple(body.components),
        version=version,
    )


def _event(body: PutItem, *, version: int) -> Event:
    data = {
        "owner_id": str(body.owner_id),
        "sku": body.sku,
        "buyable": body.buyable,
        "tracked": body.tracked,
        "price_micros": body.price_micros,
        "kit": bool(body.components),
        "enterprises": [str(body.owner_id)],
    }
    return Event("item.created" if version == 1 else "item.changed", "item", body.item_id, version, data)


# -------------------------------------------------------------------------------------------------------- details


def put_details(
    state: DetailsState, commands: Sequence[Command[PutDetails]]
) -> Decided[list[VersionedDetails]]:
    """Keeps what producers tell the public of their items; the event tells that, and not what."""
    now, written = dict(state.details), dict[uuid.UUID, VersionedDetails]()
    outcomes: list[Outcome] = []
    events: list[tuple[int, Event]] = []
    for index, command in enumerate(commands):
        item_id = command.body.item_id
        old = now.get(item_id)
        refused = _refuse_details(state, old, command)
        if refused:
            outcomes.append(refused)
            continue
        version = old.version + 1 if old else 1
        new = VersionedDetails(item_id=item_id, details=command.body.details, version=version)
        now[item_id] = written[item_id] = new
        told = Event(
            "item.details_changed",
            "item_details",
            ids.derived("details", item_id),
            version,
            {"item_id": str(item_id), "enterprises": [str(state.owners[item_id])]},
        )
        events.append((index, told))
        outcomes.append(Accepted({"id": str(item_id), "version": version}))
    return Decided(outcomes, list(written.values()), events)


def _refuse_details(
    state: DetailsState, old: VersionedDetails | None, command: Command[PutDetails]
) -> Rejected | None:
    body = command.body
    owner = state.owners.get(body.item_id)
    if owner is None or not command.authority.allows("items:write", owner):
        # Whose an item is nobody learns by asking.
        return refusal.not_permitted("change this item")
    conflict = refusal.version_conflict(
        "details", expected=body.expected_version, current=old.version if old else 0
    )
    return conflict or _judged(body.details).rejected()


def _judged(details: Details) -> refusal.Faults:
    faults = refusal.Faults()
    faults.text("description", details.description, most=4000)
    faults.text("lifetime", details.lifetime, most=100)
    for field in ("alcohol", "vat_rate"):
        if not _PERCENT.fullmatch(getattr(details, field)):
            faults.add(field, "is no rate in percent from 0 to 100 with at most six decimals")
    for field, form, what in (
        ("types", _CONCEPT, "is no name or address of a concept"),
        ("certifications", _CONCEPT, "is no name or address of a concept"),
        ("images", _LINK, "is no address of the form https://host/path"),
    ):
        named: tuple[str, ...] = getattr(details, field)
        faults.number(field, len(named), most=_MOST_NAMED)
        for one in named:
            if len(one) > 500 or not form.fullmatch(one):
                faults.add(f"{field}.{one[:40]!r}", what)
    return faults
