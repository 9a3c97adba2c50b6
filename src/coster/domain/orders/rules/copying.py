"""Copies of templates, placed like any other order: what scheduled and standing orders come to. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from coster.domain.orders.model import CopyOrder, Line, LineRequest, Order, OrderWrites, PlaceOrder
from coster.domain.orders.rules import placing
from coster.domain.orders.rules.shelf import PlacingState
from coster.kernel import refusal
from coster.kernel.message import Command, Decided, Event
from coster.kernel.outcome import Accepted, Outcome, Rejected


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
    )


def copy(state: CopyingState, commands: Sequence[Command[CopyOrder]]) -> Decided[OrderWrites]:
    """One outcome for each copy, in arrival order. Only the system makes copies, and only of what there is."""
    outcomes: list[Outcome] = [_refused(command) for command in commands]
    there = [
        nth for nth, command in enumerate(commands) if command.authority.system and command.id in state.wishes
    ]
    asked: Sequence[Command[Any]] = [commands[nth] for nth in there]
    decided = placing.place(state, [replace(one, body=state.wishes[one.id]) for one in asked])
    templates, told = dict(state.templates), []
    for nth, outcome in zip(there, decided.outcomes, strict=True):
        outcomes[nth] = outcome
        if isinstance(outcome, Rejected):
            template = templates[commands[nth].body.order_id]
            after = msgspec.structs.replace(template, version=template.version + 1)
            templates[after.id] = after
            told.append((nth, _told(after, commands[nth].body, outcome)))
            outcomes[nth] = Accepted({"template": str(after.id), "copy": None, "refused": outcome.code})
    changes = [
        msgspec.structs.replace(change, index=there[change.index]) for change in decided.writes.pool_changes
    ]
    return Decided(
        outcomes,
        msgspec.structs.replace(
            decided.writes,
            pool_changes=changes,
            changed=[one for id_, one in templates.items() if state.templates[id_] is not one],
        ),
        [*((there[index], event) for index, event in decided.events), *told],
        [(there[index], timer) for index, timer in decided.timers],
    )


def _told(template: Order, body: CopyOrder, refused: Rejected) -> Event:
    """That there is no copy this time, and why, told of the template."""
    data: dict[str, Any] = {
        "seller_id": str(template.seller_id),
        "run": body.run,
        "copy_id": str(body.copy_id),
        "code": refused.code,
        "message": refused.message,
        "enterprises": [str(template.seller_id)],
    }
    return Event("order.copy_refused", "order", template.id, template.version, data)


def _refused(command: Command[CopyOrder]) -> Rejected:
    """Why there is no copy, where there is none."""
    if not command.authority.system:
        return refusal.not_permitted("make copies of orders")
    return Rejected("order_unknown", "No order of yours has this id; list them at /api/v1/orders.")
