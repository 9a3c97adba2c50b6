"""A supplier's catalogue becomes items of the enterprise that stands for it; only what is different is written, and all of it is told."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from coster.domain.catalog import rules as catalog
from coster.domain.catalog.model import PutItem, VersionedItem
from coster.domain.federation.model import (
    Candidate,
    Concerned,
    ImportCatalogue,
    ImportState,
    ImportWrites,
    JudgeMatch,
    KnownItem,
    MatchStatus,
    Offered,
    RemoteItem,
    Supplier,
)
from coster.domain.federation.rules import comparing, suppliers
from coster.domain.federation.rules.comparing import Pair
from coster.domain.federation.rules.peers import PERMISSION, may_see
from coster.kernel import authority, quantity, refusal
from coster.kernel.message import Command, Decided, Event
from coster.kernel.outcome import Accepted, Outcome, Rejected


@dataclass(slots=True)
class _Fold:
    """What a batch comes to: rows by id, the items that they want, and the news of it."""

    state: ImportState
    rows: dict[uuid.UUID, RemoteItem] = field(default_factory=dict)
    wanted: dict[uuid.UUID, tuple[int, Command[PutItem]]] = field(default_factory=dict)
    taken: set[uuid.UUID] = field(default_factory=set)
    skus: set[tuple[uuid.UUID, str]] = field(default_factory=set)
    events: list[tuple[int, Event]] = field(default_factory=list)

    def row(self, id_: uuid.UUID) -> RemoteItem | None:
        """The row as it is now."""
        return self.rows.get(id_) or self.state.remote.get(id_)

    def want(self, index: int, command: Command[Any], body: PutItem | None) -> None:
        """Has the item stored; None: it is as it should be."""
        if body is not None:
            put = Command(
                command.id, command.org_id, command.actor, command.at, body, authority=authority.SYSTEM
            )
            self.wanted[body.item_id] = (index, put)

    def decided(self, outcomes: Sequence[Outcome], read: list[Supplier]) -> Decided[ImportWrites]:
        """All of it, with the items as the catalogue's own rules have them."""
        asked = list(self.wanted.values())
        items = catalog.put_items(self.state.catalog, [command for _, command in asked])
        self.events += [(asked[at][0], event) for at, event in items.events]
        for (_, command), outcome in zip(asked, items.outcomes, strict=True):
            if isinstance(outcome, Rejected):
                self._refuse(command.body.item_id, outcome.code)
        writes = ImportWrites(remote=list(self.rows.values()), items=items.writes, suppliers=read)
        return Decided(outcomes, writes, self.events)

    def _refuse(self, item_id: uuid.UUID, code: str) -> None:
        """An item that the catalogue does not take leaves its product without one."""
        for row in list(self.rows.values()):
            if row.item_id == item_id:
                there = item_id in self.state.items
                self.rows[row.id] = msgspec.structs.replace(
                    row,
                    fault=code,
                    status="linked" if there else "refused",
                    item_id=item_id if there else None,
                )


# ------------------------------------------------------------------------------------------------------ catalogues


def import_catalogues(
    state: ImportState, commands: Sequence[Command[ImportCatalogue]]
) -> Decided[ImportWrites]:
    """Takes over what suppliers offer."""
    fold = _Fold(state)
    read: list[Supplier] = []
    outcomes: list[Outcome] = []
    for index, command in enumerate(commands):
        body = command.body
        supplier = state.suppliers.get(body.producer_id)
        if refused := _refuse(command, supplier):
            outcomes.append(refused)
            continue
        assert supplier is not None, "refused above"
        counts = _import(fold, index, command, supplier)
        new = _read(supplier, command, changed=any(counts[name] for name in _CHANGES))
        if new.version != supplier.version:
            fold.events.append((index, _told(new, counts)))
        read.append(new)
        outcomes.append(Accepted({"id": str(body.producer_id), "version": new.version, **counts}))
    return fold.decided(outcomes, read)


_CHANGES: Final = ("added", "changed", "gone", "returned", "proposed", "refused")


_MISSING: Final = frozenset({"name_missing", "price_missing", "currency_missing"})


def _refuse(command: Command[Any], supplier: Supplier | None) -> Rejected | None:
    if supplier is None or not may_see(command, supplier.hub_id):
        return suppliers.UNKNOWN
    if not command.authority.allows(PERMISSION, supplier.hub_id):
        return refusal.not_permitted("import catalogues for this hub")
    if supplier.status != "active":
        return Rejected(
            "supplier_not_active",
            f"This supplier is {supplier.status}; resume it, or take it on anew, first.",
        )
    return None


def _read(supplier: Supplier, command: Command[ImportCatalogue], *, changed: bool) -> Supplier:
    body = command.body
    new = suppliers.refreshed(supplier, command.at)
    if not body.complete:
        # What was read is good, and what is missing in it may be there; so it is not known to be whole.
        new = msgspec.structs.replace(new, refreshed_at=supplier.refreshed_at, last_error=body.warning[:500])
    new = msgspec.structs.replace(new, etag=body.etag if body.complete else "")
    if changed:
        new = msgspec.structs.replace(new, changed_at=command.at, version=new.version + 1)
    return new


def _import(fold: _Fold, index: int, command: Command[ImportCatalogue], supplier: Supplier) -> dict[str, int]:
    body = command.body
    known = fold.state.known.get(body.producer_id, [])
    found = comparing.compare(body.producer_id, known, body.offered, complete=body.complete)
    counts = dict.fromkeys(_CHANGES, 0) | {"unchanged": found.same}
    # What stood for a product that is gone may stand for the one that has taken its place, if a person says so.
    freed = {row.item_id for row in found.gone if row.item_id}
    candidates = [
        msgspec.structs.replace(one, linked=one.linked and one.id not in freed)
        for one in fold.state.candidates.get(body.producer_id, [])
    ]
    for pair in found.changed:
        if not body.complete and _half_told(pair, supplier):
            counts["unchanged"] += 1
            continue
        counts[_take(fold, index, command, (supplier, pair, candidates))] += 1
    for row in found.gone:
        _gone(fold, index, command, (supplier, row))
        counts["gone"] += 1
    return counts


def _half_told(pair: Pair, supplier: Supplier) -> bool:
    """Whether something is missing of a product that is sold, in a catalogue of which not all was understood: it may be there."""
    sold = pair.known is not None and pair.known.item_id is not None
    return sold and comparing.fault(pair.offered, supplier.currency) in _MISSING


def _take(
    fold: _Fold, index: int, command: Command[Any], case: tuple[Supplier, Pair, list[Candidate]]
) -> str:
    """One product that is new or different; yields under what it counts."""
    supplier, pair, candidates = case
    offered, known = pair.offered, pair.known
    old = fold.row(known.id) if known else None
    fault = comparing.fault(offered, supplier.currency)
    if not comparing.has_ratio(offered):
        # What is held is counted by the ratio that was, and one that cannot be reckoned with is not stored.
        num, den = (old.offered.num, old.offered.den) if old else (1, 1)
        offered = msgspec.structs.replace(offered, num=num, den=den)
    row = RemoteItem(
        id=pair.id,
        producer_id=supplier.producer_id,
        item_id=old.item_id if old else None,
        status=old.status if old else "refused",
        proposed_id=old.proposed_id if old else None,
        fault=fault,
        offered=offered,
        digest=pair.digest,
        gone_at=None,
        told=old.told if old else 0,
        version=old.version + 1 if old else 1,
    )
    if row.item_id is not None:
        return _update(fold, index, command, (supplier, row, old))
    if fault:
        return _kept(fold, row, "refused", "refused")
    if row.status == "proposed":
        return _kept(fold, row, "proposed", "changed")
    return _match(fold, index, command, (supplier, row, candidates))


def _kept(fold: _Fold, row: RemoteItem, status: MatchStatus, counts_as: str) -> str:
    proposed = row.proposed_id if status == "proposed" else None
    fold.rows[row.id] = msgspec.structs.replace(row, status=status, proposed_id=proposed)
    return counts_as


def _match(
    fold: _Fold, index: int, command: Command[Any], case: tuple[Supplier, RemoteItem, list[Candidate]]
) -> str:
    supplier, row, candidates = case
    found, certain = comparing.candidate(row.offered, (one for one in candidates if one.id not in fold.taken))
    if found is not None and not certain:
        fold.rows[row.id] = msgspec.structs.replace(row, status="proposed", proposed_id=found.id)
        return "proposed"
    _link(fold, index, command, (supplier, row, found.id if found else None))
    return "added"


def _link(
    fold: _Fold, index: int, command: Command[Any], case: tuple[Supplier, RemoteItem, uuid.UUID | None]
) -> None:
    """An item of ours stands for the product from now on, this one or a new one."""
    supplier, row, item_id = case
    chosen = item_id or comparing.item_id(row.id, row.version)
    if item_id is not None:
        _replace(fold, item_id)
    fold.taken.add(chosen)
    fold.rows[row.id] = msgspec.structs.replace(row, item_id=chosen, status="linked", proposed_id=None)
    item = fold.state.items.get(chosen)
    body = (
        _changed(item, row.offered, row.offered.name) if item else _new(fold, supplier, chosen, row.offered)
    )
    fold.want(index, command, body)


def _update(
    fold: _Fold, index: int, command: Command[Any], case: tuple[Supplier, RemoteItem, RemoteItem | None]
) -> str:
    """A product that an item stands for: the item follows, and cannot be bought while something is wrong with the product."""
    supplier, row, old = case
    item_id = row.item_id
    assert old is not None, "it was linked before"
    assert item_id is not None, "it was linked before"
    item = fold.state.items.get(item_id)
    if not row.fault and _counts_otherwise(old, row.offered, item):
        row = msgspec.structs.replace(row, fault="unit_changed")
    fold.rows[row.id] = row
    if item is not None:
        body = _stopped(item) if row.fault else _changed(item, row.offered, old.offered.name)
        fold.want(index, command, body)
    if row.fault:
        if row.fault != old.fault:
            concerned = fold.state.concerned.get(item_id, Concerned())
            _news(fold, index, "remote_item.refused", (supplier, row, concerned))
        return "refused"
    return "returned" if old.gone_at is not None or old.fault else "changed"


def _counts_otherwise(old: RemoteItem, offered: Offered, item: VersionedItem | None) -> bool:
    """Whether the product is counted in another unit than before, so that prices and quantities of the item would mean another thing."""
    same = old.offered.unit == offered.unit and old.fault != "unit_changed"
    return not same and (item is None or item.stock_unit != offered.unit)


def _gone(fold: _Fold, index: int, command: Command[Any], case: tuple[Supplier, KnownItem]) -> None:
    supplier, known = case
    old = fold.row(known.id)
    assert old is not None, "what is gone was loaded"
    row = msgspec.structs.replace(old, gone_at=command.at, version=old.version + 1)
    fold.rows[row.id] = row
    concerned = Concerned()
    if row.item_id is not None:
        item = fold.state.items.get(row.item_id)
        fold.want(index, command, _stopped(item) if item else None)
        concerned = fold.state.concerned.get(row.item_id, concerned)
    _news(fold, index, "remote_item.gone", (supplier, row, concerned))


# ------------------------------------------------------------------------------------------------------------ items


def _new(fold: _Fold, supplier: Supplier, item_id: uuid.UUID, offered: Offered) -> PutItem:
    sku = comparing.sku(offered)
    holder = fold.state.catalog.skus.get((supplier.producer_id, sku))
    if (supplier.producer_id, sku) in fold.skus or holder not in (None, item_id):
        sku = comparing.other_sku(item_id, offered)
    fold.skus.add((supplier.producer_id, sku))
    return PutItem(
        item_id=item_id,
        owner_id=supplier.producer_id,
        sku=sku,
        name=offered.name[:200],
        stock_unit=offered.unit,
        weight_mg=offered.weight_mg,
        multiple_quantity=offered.least,
        **_terms(offered),
    )


def _terms(offered: Offered) -> dict[str, Any]:
    """What the supplier decides of an item; how much there is of it is known there and not here."""
    each = offered.each
    assert each is not None, "a product without a price is refused"
    return {
        "price_micros": comparing.micros(each),
        "case_quantity": _case(offered),
        "tracked": False,
        "buyable": True,
    }


def _case(offered: Offered) -> int | None:
    """How many thousandths of the item come as one, where they are whole ones."""
    case = offered.factor * quantity.SCALE
    return int(case) if offered.factor != 1 and case.denominator == 1 else None


def _changed(item: VersionedItem, offered: Offered, name_before: str) -> PutItem | None:
    """The item as the product has it now; None where it is so already. A name that people have changed here stays."""
    name = offered.name[:200] if item.name == name_before[:200] else item.name
    return _differing(item, {"name": name, **_terms(offered)})


def _stopped(item: VersionedItem) -> PutItem | None:
    """The item as something that cannot be bought."""
    return _differing(item, {"buyable": False})


def _differing(item: VersionedItem, changes: dict[str, Any]) -> PutItem | None:
    if all(getattr(item, name) == value for name, value in changes.items()):
        return None
    same = {name: getattr(item, name) for name in PutItem.__struct_fields__ if name in item.__struct_fields__}
    units = [unit for code, unit in item.units.items() if code != item.stock_unit]
    whole = {**same, "components": list(item.components), **changes}
    return PutItem(item_id=item.id, sales_units=units, **whole)


# ---------------------------------------------------------------------------------------------------------- matches


def judge_matches(state: ImportState, commands: Sequence[Command[JudgeMatch]]) -> Decided[ImportWrites]:
    """A person says what products are that might be items of ours."""
    fold = _Fold(state)
    return fold.decided([_judge(fold, index, command) for index, command in enumerate(commands)], [])


def _judge(fold: _Fold, index: int, command: Command[JudgeMatch]) -> Outcome:
    body = command.body
    row = fold.row(body.remote_item_id)
    supplier = fold.state.suppliers.get(row.producer_id) if row else None
    if row is None or supplier is None or not may_see(command, supplier.hub_id):
        return _UNKNOWN
    if not command.authority.allows(PERMISSION, supplier.hub_id):
        return refusal.not_permitted("match products for this hub")
    conflict = refusal.version_conflict("match", expected=body.expected_version, current=row.version)
    if conflict:
        return conflict
    if row.status != "proposed" or row.gone_at is not None:
        return Rejected(
            "match_settled", "Nothing is open about this product; list what is at /api/v1/matches."
        )
    chosen = (body.item_id or row.proposed_id) if body.accept else None
    if refused := _refuse_choice(fold, supplier, chosen):
        return refused
    row = msgspec.structs.replace(row, version=row.version + 1)
    _link(fold, index, command, (supplier, row, chosen))
    row = fold.rows[row.id]
    _news(fold, index, "remote_item.matched", (supplier, row, Concerned()))
    return Accepted({"id": str(row.id), "version": row.version, "item_id": str(row.item_id)})


def _refuse_choice(fold: _Fold, supplier: Supplier, chosen: uuid.UUID | None) -> Rejected | None:
    if chosen is None:
        return None
    item = fold.state.items.get(chosen)
    if item is None or item.owner_id != supplier.producer_id:
        return Rejected(
            "item_not_of_supplier", "No item of this supplier has this id; list items at /api/v1/items.",
            {"item_id": str(chosen)},
        )  # fmt: skip
    if any(row.item_id == chosen and row.gone_at is None for row in _rows(fold)):
        return Rejected(
            "item_linked", "This item stands for another product already.", {"item_id": str(chosen)}
        )
    return None


def _replace(fold: _Fold, item_id: uuid.UUID) -> None:
    """The product that is gone and for which the item stood has no item any more."""
    for row in _rows(fold):
        if row.item_id == item_id:
            fold.rows[row.id] = msgspec.structs.replace(
                row, item_id=None, status="refused", fault="replaced", version=row.version + 1
            )


def _rows(fold: _Fold) -> list[RemoteItem]:
    return list({**fold.state.remote, **fold.rows}.values())


_UNKNOWN: Final = Rejected(
    "remote_item_unknown", "No product of your suppliers has this id; list them at /api/v1/remote-items."
)


# ------------------------------------------------------------------------------------------------------------- news


def _told(supplier: Supplier, counts: dict[str, int]) -> Event:
    data = {**counts, "enterprises": [str(supplier.hub_id), str(supplier.producer_id)]}
    return Event("supplier.refreshed", "supplier", supplier.producer_id, supplier.version, data)


def _news(fold: _Fold, index: int, name: str, about: tuple[Supplier, RemoteItem, Concerned]) -> None:
    """Tells what became of a product, with the sessions that list it and the held orders that wait for it."""
    supplier, row, concerned = about
    row = fold.rows[row.id] = msgspec.structs.replace(row, told=row.told + 1)
    data = {
        "item_id": str(row.item_id) if row.item_id else None,
        "name": row.offered.name,
        "product": row.offered.product,
        "fault": row.fault,
        "sessions": [str(id_) for id_ in concerned.sessions],
        "held_orders": [
            {"id": str(id_), "quantity": quantity.text(amount)} for id_, amount in concerned.held
        ],
        "enterprises": [str(supplier.hub_id), str(supplier.producer_id)],
    }
    if name == "remote_item.gone":
        event = Event("remote_item.gone", "remote_item", row.id, row.told, data)
    elif name == "remote_item.matched":
        event = Event("remote_item.matched", "remote_item", row.id, row.told, data)
    else:
        event = Event("remote_item.refused", "remote_item", row.id, row.told, data)
    fold.events.append((index, event))
