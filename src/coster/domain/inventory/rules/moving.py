"""Receive, correct, count and transfer stock: pure folds over a `Book`.

A count says what was there at an instant; what happened after that instant still counts, and a count older than the
latest one is refused, because older news never overwrites newer (ADR 0007).
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from coster.domain.inventory.model import (
    AdjustStock,
    Change,
    CountSheet,
    CountStock,
    Demand,
    LaterChange,
    Location,
    Position,
    PutLocation,
    StockWrites,
    TransferStock,
)
from coster.domain.inventory.rules.book import Book
from coster.domain.inventory.rules.holding import place_text, position_id
from coster.kernel import clock, quantity
from coster.kernel.message import Command, Decided, Event
from coster.kernel.outcome import Accepted, Outcome, Rejected


class StockState(msgspec.Struct, frozen=True, kw_only=True):
    """What stock commands are decided on: places, the items' owners, locked positions, changes after counts."""

    locations: dict[uuid.UUID, Location]
    owners: dict[uuid.UUID, uuid.UUID]
    positions: list[Position]
    later: list[LaterChange]


_Move = Callable[["_Fold", Command[Any]], Outcome]


class _Fold:
    """The state of one batch while it is being decided."""

    def __init__(self, state: StockState) -> None:
        self.state = state
        self.book = Book(state.positions)
        self.later: dict[uuid.UUID, list[LaterChange]] = {}
        for change in state.later:
            self.later.setdefault(change.position_id, []).append(change)
        self.events: list[tuple[int, Event]] = []
        self.index = 0

    def place(self, command: Command[Any], location_id: uuid.UUID, item_id: uuid.UUID) -> Location | Rejected:
        """The location, when the actor may change stock there and of the item.

        Orders draw on all places of an item, so stock of somebody's goods is put nowhere without his word.
        """
        location = self.state.locations.get(location_id)
        if location is None or not command.authority.allows("stock:write", location.enterprise_id):
            return Rejected(
                "location_unknown", "No location of yours has this id; list them at /api/v1/locations."
            )
        owner = self.state.owners.get(item_id)
        if owner is None or not command.authority.allows("stock:write", owner):
            return Rejected("item_unknown", "No item of yours has this id; list items at /api/v1/items.")
        return location

    def open(self, item_id: uuid.UUID, location_id: uuid.UUID, lot: str) -> uuid.UUID:
        """The position's id; a position that does not exist yet begins at nothing."""
        id_ = position_id(item_id, location_id, lot)
        self.book.open(Position(id=id_, item_id=item_id, location_id=location_id, lot=lot))
        return id_

    def tell(self, change: Change, location: Location) -> _Told:
        """Notes the event and yields the position as it is after the change."""
        position = self.book.position(change.position_id)
        available = position.on_hand - position.held - position.committed
        answer = {
            "position_id": str(position.id),
            "item_id": str(position.item_id),
            "location_id": place_text(position.location_id),
            "lot": position.lot,
            "on_hand": quantity.text(position.on_hand),
            "held": quantity.text(position.held),
            "committed": quantity.text(position.committed),
            "available": quantity.text(available),
        }
        data = {
            **answer,
            "type": change.type,
            "change": quantity.text(change.on_hand),
            "enterprises": [place_text(location.enterprise_id)],
        }
        event = Event("stock.changed", "position", position.id, self.book.tell(position.id), data)
        self.events.append((self.index, event))
        return _Told(position, answer)


class _Told(NamedTuple):
    """A position after a change, and the answer that says so."""

    position: Position
    answer: dict[str, Any]


def _decide(state: StockState, commands: Sequence[Command[Any]], move: _Move) -> Decided[StockWrites]:
    fold = _Fold(state)
    outcomes = []
    for fold.index, command in enumerate(commands):
        mark = fold.book.mark()
        outcome = move(fold, command)
        if isinstance(outcome, Rejected):
            fold.book.back_to(mark)
        outcomes.append(outcome)
    return Decided(outcomes, fold.book.writes(), fold.events)


def adjust(state: StockState, commands: Sequence[Command[AdjustStock]]) -> Decided[StockWrites]:
    """More or less stock; never less than is promised."""
    return _decide(state, commands, _adjust)


def count(state: StockState, commands: Sequence[Command[CountStock]]) -> Decided[StockWrites]:
    """Stock as counted at an instant; never less than is promised (that is `wholesale.lower_stock`)."""
    return _decide(state, commands, _count)


def count_sheet(state: StockState, commands: Sequence[Command[CountSheet]]) -> Decided[StockWrites]:
    """Sheets of counts: each count as if it had come alone, so that a refused one leaves no trace but its own answer.

    A sheet is accepted, with `rows`: for each count its position and what is on hand, held and committed there, in thousandths;
    or the code, message and detail of its refusal. So little of it is what a thousand answers can be remembered by.
    """
    fold = _Fold(state)
    outcomes = []
    for fold.index, command in enumerate(commands):
        outcomes.append(Accepted({"rows": [_row(fold, command, body) for body in command.body.counts]}))
    return Decided(outcomes, fold.book.writes(), fold.events)


def _row(fold: _Fold, command: Command[CountSheet], body: CountStock) -> list[Any] | dict[str, Any]:
    mark = fold.book.mark()
    told = _counted(fold, command, body)
    if isinstance(told, Rejected):
        fold.book.back_to(mark)
        return {"code": told.code, "message": told.message, "detail": told.detail}
    position = told.position
    return [told.answer["position_id"], position.on_hand, position.held, position.committed]


def transfer(state: StockState, commands: Sequence[Command[TransferStock]]) -> Decided[StockWrites]:
    """Free stock from one place of an enterprise to another, both entries or none."""
    return _decide(state, commands, _transfer)


def _adjust(fold: _Fold, command: Command[AdjustStock]) -> Outcome:
    body = command.body
    location = fold.place(command, body.location_id, body.item_id)
    if isinstance(location, Rejected):
        return location
    if body.quantity == 0 or (
        (body.type in ("RECEIPT", "RETURN")) != (body.quantity > 0) and body.type in _SIGN
    ):
        return Rejected("quantity_sign", f"A {body.type} must be {_SIGN.get(body.type, 'other than zero')}.")
    id_ = fold.open(body.item_id, body.location_id, body.lot)
    change = Change(position_id=id_, type=body.type, on_hand=body.quantity, reason=body.reason)
    return _answered(_change(fold, location, change, _cause(command)))


_SIGN = {"RECEIPT": "more than zero", "RETURN": "more than zero", "SALE": "less than zero"}


def _change(fold: _Fold, location: Location, change: Change, cause: Demand) -> _Told | Rejected:
    if change.on_hand < 0:
        refusal = below_promised(fold.book.position(change.position_id), change.on_hand)
        if refusal is not None:
            return refusal
    fold.book.move(change, cause)
    return fold.tell(change, location)


def _answered(told: _Told | Rejected) -> Outcome:
    return told if isinstance(told, Rejected) else Accepted(told.answer)


def below_promised(position: Position, change: int) -> Rejected | None:
    """The refusal, where the change would leave less on hand than is held and committed."""
    promised = position.held + position.committed
    if position.on_hand + change >= promised:
        return None
    text = quantity.text
    return Rejected(
        "stock_promised",
        f"{text(promised)} of {text(position.on_hand)} are promised, so at most {text(position.on_hand - promised)} can go. "
        "To share a real shortage out among those who hold it, send it to /api/v1/positions:lower.",
        {
            "position_id": str(position.id),
            "on_hand": text(position.on_hand),
            "promised": text(promised),
            "available": text(position.on_hand - promised),
        },
    )


def _count(fold: _Fold, command: Command[CountStock]) -> Outcome:
    return _answered(_counted(fold, command, command.body))


def _counted(fold: _Fold, command: Command[Any], body: CountStock) -> _Told | Rejected:
    location = fold.place(command, body.location_id, body.item_id)
    if isinstance(location, Rejected):
        return location
    as_of = body.as_of or command.at
    if body.quantity < 0:
        return Rejected("quantity_sign", "A count cannot be less than zero.")
    if as_of > command.at:
        return Rejected(
            "count_in_future", "A count says what was there; its instant cannot be in the future."
        )
    id_ = fold.open(body.item_id, body.location_id, body.lot)
    position = fold.book.position(id_)
    if position.counted_at and as_of < position.counted_at:
        latest = clock.text(position.counted_at)
        return Rejected(
            "count_outdated", f"A later count, of {latest}, is known already.", {"counted_at": latest}
        )
    if body.as_of and (carried := _carried(fold, id_, as_of)):
        return Rejected(
            "count_outdated",
            f"What came and went until {carried} is in the archive, so a count of an earlier instant comes too late.",
            {"archived_until": carried},
        )
    # Without an instant of its own a count is of now: all that was decided before it has been seen by whoever counted.
    later = _since(fold, id_, body.as_of) if body.as_of else 0
    counted = body.quantity + later - position.on_hand
    change = Change(position_id=id_, type="COUNT", on_hand=counted, reason=body.reason)
    return _change(fold, location, change, _cause(command, as_of))


def _since(fold: _Fold, id_: uuid.UUID, as_of: dt.datetime) -> int:
    """What came and went after an instant, from the ledger and from this batch."""
    stored = sum(c.on_hand for c in fold.later.get(id_, ()) if c.at > as_of)
    if not fold.book.has_moved(id_):
        return stored
    return stored + sum(e.on_hand for e in fold.book.entries if e.position_id == id_ and e.at > as_of)


def _carried(fold: _Fold, id_: uuid.UUID, as_of: dt.datetime) -> str:
    """Until when the position's changes are in the archive, where that is after an instant; else nothing."""
    return next(
        (clock.text(c.at) for c in fold.later.get(id_, ()) if c.carried and c.at > as_of),
        "",
    )


def _transfer(fold: _Fold, command: Command[TransferStock]) -> Outcome:
    body = command.body
    origin = fold.place(command, body.from_location_id, body.item_id)
    target = fold.place(command, body.to_location_id, body.item_id)
    if isinstance(origin, Rejected):
        return origin
    if isinstance(target, Rejected):
        return target
    if body.quantity <= 0 or origin.id == target.id:
        return Rejected("quantity_sign", "A transfer needs more than zero, and two different places.")
    if origin.enterprise_id != target.enterprise_id:
        return Rejected(
            "not_same_enterprise", "Stock moves between places of one enterprise; otherwise it is sold."
        )
    gone = fold.open(body.item_id, origin.id, body.lot)
    come = fold.open(body.item_id, target.id, body.lot)
    cause, amount = _cause(command), body.quantity
    leave = Change(position_id=gone, type="TRANSFER_OUT", on_hand=-amount, reason=body.reason)
    out = _change(fold, origin, leave, cause)
    if isinstance(out, Rejected):
        return out
    arrive = Change(position_id=come, type="TRANSFER_IN", on_hand=amount, reason=body.reason)
    into = _change(fold, target, arrive, cause)
    return into if isinstance(into, Rejected) else Accepted({"from": out.answer, "to": into.answer})


def _cause(command: Command[Any], at: dt.datetime | None = None) -> Demand:
    """The command as the cause of an entry, as of an instant (None: its own)."""
    return Demand(id=command.id, command_id=command.id, at=at or command.at, since=command.at)


# -- locations -------------------------------------------------------------------------------------------------


class LocationState(msgspec.Struct, frozen=True, kw_only=True):
    """What location commands are decided on."""

    locations: dict[uuid.UUID, Location]
    enterprises: frozenset[uuid.UUID]


def put_location(state: LocationState, commands: Sequence[Command[PutLocation]]) -> Decided[list[Location]]:
    """Creates or replaces places; a place never changes hands."""
    now = dict(state.locations)
    outcomes: list[Outcome] = []
    events: list[tuple[int, Event]] = []
    for index, command in enumerate(commands):
        result = _put_location(now, state.enterprises, command)
        if isinstance(result, Rejected):
            outcomes.append(result)
            continue
        now[result.id] = result
        outcomes.append(Accepted({"id": str(result.id), "version": result.version}))
        events.append(
            (index, Event("location.changed", "location", result.id, result.version, _location_data(result)))
        )
    changed = [location for id_, location in now.items() if state.locations.get(id_) is not location]
    return Decided(outcomes, changed, events)


def _put_location(
    now: Mapping[uuid.UUID, Location], enterprises: frozenset[uuid.UUID], command: Command[PutLocation]
) -> Location | Rejected:
    body = command.body
    old = now.get(body.location_id)
    if body.enterprise_id not in enterprises or not command.authority.allows(
        "locations:write", body.enterprise_id
    ):
        return Rejected(
            "enterprise_unknown", "No enterprise of yours has this id; list them at /api/v1/enterprises."
        )
    if old and old.enterprise_id != body.enterprise_id:
        return Rejected(
            "location_unknown", "No location of yours has this id; list them at /api/v1/locations."
        )
    version = old.version if old else 0
    if body.expected_version is not None and body.expected_version != version:
        return Rejected("version_conflict", f"The location is at version {version} by now; read it again.",
                        {"version": version})  # fmt: skip
    return Location(
        id=body.location_id, enterprise_id=body.enterprise_id, name=body.name, priority=body.priority,
        active=body.active, version=version + 1,
    )  # fmt: skip


def _location_data(location: Location) -> dict[str, Any]:
    return {
        "name": location.name,
        "priority": location.priority,
        "active": location.active,
        "enterprises": [str(location.enterprise_id)],
    }
