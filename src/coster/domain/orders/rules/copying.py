"""Copies of templates, placed like any other order: what scheduled and standing orders come to. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec

from coster.domain.orders.model import CopyOrder, Line, LineRequest, Order, OrderWrites, PlaceOrder
from coster.domain.orders.rules import approving, placing, repeating
from coster.domain.orders.rules.shelf import PlacingState
from coster.kernel import clock, ids, refusal
from coster.kernel.message import Command, Decided, Event, Timer
from coster.kernel.outcome import Accepted, Outcome, Rejected

COPY: Final = "orders.copy"
"""The kind of the command that places a copy, which a timer sends where it is tried again."""


class CopyingState(PlacingState, frozen=True, kw_only=True):
    """Everything that placing the copies is decided on."""

    wishes: Mapping[uuid.UUID, PlaceOrder]
    """What is to be placed, by the command's id; nothing where there is no such template."""
    templates: Mapping[uuid.UUID, Order] = {}
    """The templates, locked."""


def wish(body: CopyOrder, template: Order, lines: Sequence[Line]) -> PlaceOrder:
    """The copy as somebody would place it who wants the same: with every line that is left, at what goods cost by then.

    Prices that were agreed, and discounts, belong to the order that they were given for and are not copied.
    """
    return PlaceOrder(
        order_id=body.copy_id,
        seller_id=template.seller_id,
        channel=template.channel,
        reference=f"{template.reference}/{body.run}",
        lines=[
            LineRequest(item_id=line.item_id, quantity=line.quantity, unit=line.unit)
            for line in lines
            if line.quantity
        ],
        session_id=template.session_id,
        customer_id=template.customer_id,
        priority=template.priority,
        type=template.type,
        attributes={"copy_of": str(template.id), "run": body.run},
        cost_centre_id=approving.named(template.attributes),
    )


def copy(state: CopyingState, commands: Sequence[Command[CopyOrder]]) -> Decided[OrderWrites]:
    """One outcome for each copy, in arrival order. Only the system makes copies, and only of what there is."""
    outcomes: list[Outcome] = [_refused(command) for command in commands]
    there = [nth for nth, command in enumerate(commands) if _is_wanted(state, command)]
    for nth, command in enumerate(commands):
        if nth not in there and command.authority.system and command.id in state.wishes:
            outcomes[nth] = _nothing(command.body, "schedule_over")
    asked: Sequence[Command[Any]] = [commands[nth] for nth in there]
    decided = placing.place(state, [replace(one, body=_wish(state, one)) for one in asked])
    told = _Telling(state)
    for nth, outcome in zip(there, decided.outcomes, strict=True):
        outcomes[nth] = told.of(nth, commands[nth], outcome)
    changes = [
        msgspec.structs.replace(change, index=there[change.index]) for change in decided.writes.pool_changes
    ]
    return Decided(
        outcomes,
        msgspec.structs.replace(
            decided.writes,
            pool_changes=changes,
            changed=[one for id_, one in told.templates.items() if state.templates[id_] is not one],
        ),
        [*((there[index], event) for index, event in decided.events), *told.events],
        [*((there[index], timer) for index, timer in decided.timers), *told.timers],
    )


def _is_wanted(state: CopyingState, command: Command[CopyOrder]) -> bool:
    """Whether there is anything to copy: a template, and of one that is tried again a plan still."""
    if not command.authority.system or command.id not in state.wishes:
        return False
    return command.body.attempt == 1 or bool(_plan(state.templates.get(command.body.order_id)))


def _plan(template: Order | None) -> dict[str, Any]:
    return dict(template.attributes.get("schedule") or {}) if template is not None else {}


def _wish(state: CopyingState, command: Command[CopyOrder]) -> PlaceOrder:
    """What is to be placed; of a plan that wants all goods or nothing the goods must be there."""
    wanted = state.wishes[command.id]
    whole = bool(_plan(state.templates.get(command.body.order_id)).get("whole"))
    return msgspec.structs.replace(wanted, whole=whole)


class _Telling:
    """What the templates of a batch are told to have become of their copies."""

    def __init__(self, state: CopyingState) -> None:
        """Takes the templates as they are."""
        self.templates = dict(state.templates)
        self.events: list[tuple[int, Event]] = []
        self.timers: list[tuple[int, Timer]] = []

    def of(self, nth: int, command: Command[CopyOrder], outcome: Outcome) -> Outcome:
        """The answer to a copy that was placed or refused; what is told of it, and the next attempt, are noted."""
        body = command.body
        if isinstance(outcome, Accepted):
            self._tell(nth, body, "order.copy_placed", {})
            return outcome
        if outcome.code == "duplicate_reference" and outcome.detail.get("order_id") == str(body.copy_id):
            return _nothing(body, "placed_before")
        why = {"code": outcome.code, "message": outcome.message}
        plan = _plan(self.templates[body.order_id])
        again = repeating.again_at(plan, body.attempt, command.at)
        if again is None:
            self._tell(nth, body, "order.copy_refused", why)
        else:
            self._tell(nth, body, "order.copy_delayed", {**why, "again_at": clock.text(again)})
            following = msgspec.structs.replace(body, attempt=body.attempt + 1)
            timer = Timer(ids.derived("copy", body.copy_id), again, COPY, msgspec.to_builtins(following))
            self.timers.append((nth, timer))
        return _nothing(body, outcome.code)

    def _tell(self, nth: int, body: CopyOrder, name: str, more: Mapping[str, Any]) -> None:
        before = self.templates[body.order_id]
        after = msgspec.structs.replace(before, version=before.version + 1)
        self.templates[after.id] = after
        data: dict[str, Any] = {
            "seller_id": str(after.seller_id),
            "run": body.run,
            "copy_id": str(body.copy_id),
            "attempt": body.attempt,
            **more,
            "enterprises": [str(after.seller_id)],
        }
        self.events.append((nth, Event(name, "order", after.id, after.version, data)))


def _nothing(body: CopyOrder, why: str) -> Accepted:
    """No copy came of it now."""
    return Accepted({"template": str(body.order_id), "copy": None, "refused": why})


def _refused(command: Command[CopyOrder]) -> Rejected:
    """Why there is no copy, where there is none."""
    if not command.authority.system:
        return refusal.not_permitted("make copies of orders")
    return Rejected("order_unknown", "No order of yours has this id; list them at /api/v1/orders.")
