"""What orders between businesses add to the vocabulary of flows: fields that guards and timers read, and actions. Pure.

Everything is kept in the order's attributes; the parts are `approving`, `blocking`, `editing` and `repeating`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from coster.domain.orders.model import Line, Order
from coster.domain.orders.rules import approving, blocking, editing, lines, repeating
from coster.engine.workflow.actions import ActionSpec
from coster.engine.workflow.plugins import Action, Asked, Done, Refused
from coster.kernel import clock

FIELDS: Final[Mapping[str, str]] = {
    "stock.missing": "int",
    "stock.lost": "int",
    "stock.short": "bool",
    "stock.future": "int",
    "stock.opens_at": "timestamp?",
    "lines.released": "int",
    "lines.all_released": "bool",
    "approval.level": "int",
    "approval.levels": "int",
    "cost_centre.named": "bool",
    approving.LEVELS: "int",
    "blocks.open": "int",
    "edit.came_from": "string",
    "edit.touched": "bool",
    "schedule.more": "bool",
    "schedule.next_at": "timestamp?",
}
"""Fields of the context by name with their types: counts of lines that wait and that nobody can supply, of people, of blocks; and whether a
producer had less (`stock.short`), and nobody has agreed to that. How many lines wait for their day (`stock.future`), and when goods are
taken for the first of them. Of lines with something left, how many were released, and whether all were."""


def _opens_at(of_order: Sequence[Line]) -> dt.datetime | None:
    """When goods are taken for the first of the lines that wait for their day."""
    return min(
        (line.holds_from for line in of_order if line.stock == "future" and line.holds_from), default=None
    )


VALUES: Final[Mapping[str, Callable[[Order, Sequence[Line]], object]]] = {
    "stock.missing": lambda _, lines: sum(line.stock == "backordered" for line in lines),
    "stock.lost": lambda _, lines: sum(line.stock == "unavailable" and line.quantity > 0 for line in lines),
    "stock.short": lambda order, _: "shorted" in order.attributes,
    "stock.future": lambda _, of_order: sum(line.stock == "future" for line in of_order),
    "stock.opens_at": lambda _, of_order: _opens_at(of_order),
    "lines.released": lambda _, of_order: lines.released_lines(of_order),
    "lines.all_released": lambda _, of_order: (
        lines.released_lines(of_order) > 0 and not lines.open_lines(of_order)
    ),
    "approval.level": lambda order, _: approving.standing(order.attributes)["level"],
    "approval.levels": lambda order, _: approving.standing(order.attributes)["levels"],
    "cost_centre.named": lambda order, _: approving.named(order.attributes) is not None,
    "blocks.open": lambda order, _: len(blocking.open_reasons(order.attributes)),
    "edit.came_from": lambda order, _: editing.standing(order.attributes)["came_from"],
    "edit.touched": lambda order, _: editing.standing(order.attributes)["touched"],
    "schedule.more": lambda order, _: repeating.next_at(order.attributes) is not None,
    "schedule.next_at": lambda order, _: repeating.next_at(order.attributes),
}
"""The fields of an order with its lines, each looked up only when something reads it."""


KEPT: Final = frozenset(
    {
        "approval",
        "blocks",
        "copy_of",
        "cost_centre",
        "edit",
        "run",
        "schedule",
        "shorted",
        "submit_at",
        "supplied",
        "transfer",
    },
)
"""The attributes of an order in which these parts keep something; flows and other packages must leave them alone."""


def submitted(asked: Asked) -> Done | Refused:
    """The order is sent in: its edit is over, and an older request for approval too."""
    attributes: Any = asked.context["attributes"]
    closed = editing.close(asked)
    if isinstance(closed, Refused):
        return closed
    return Done(attributes={**closed.attributes, **approving.withdraw(attributes, asked), "shorted": None})


def note_shortage(asked: Asked) -> Done:
    """The order got less than it was promised, and nobody has agreed to that yet."""
    return Done(attributes={"shorted": clock.text(asked.at)})


def accept_shortage(_: Asked) -> Done:
    """Whoever ordered takes what there is."""
    return Done(attributes={"shorted": None})


def withdraw(asked: Asked) -> Done:
    """The order is off, with its request for approval, its edit and its plan."""
    attributes: Any = asked.context["attributes"]
    return Done(
        attributes={
            **approving.withdraw(attributes, asked),
            "edit": None,
            "schedule": None,
            "submit_at": None,
        }
    )


def note_transfer(asked: Asked) -> Done:
    """Another system has the order (`sent`), does not want it (`error`, with its code), or has nothing open with it (`done`)."""
    state = asked.parameters["state"]
    if state == "done":
        return Done(attributes={"transfer": None})
    noted = {"state": state, "at": clock.text(asked.at), "error": str(asked.event.get("error") or "")}
    return Done(attributes={"transfer": noted})


def _action(name: str, run: Callable[[Asked], Done | Refused], summary: str, **more: Any) -> Action:
    spec = ActionSpec(name=name, summary=summary, **{"needs": frozenset({"attributes"}), **more})
    return Action(entity="order", spec=spec, run=run)


_ALL = (
    _action(
        "submitted",
        submitted,
        "Only the one who has the edit lock sends the order in; the edit is over.",
        fails=True,
    ),
    _action("ask_approval", approving.ask, "So many people must agree.", parameters={"levels": "int"}),
    _action(
        "ask_cost_centre",
        approving.ask_centre,
        "As many people must agree as the order's cost centre says, of those whom it names.",
        needs=approving.TELLING,
        fails=True,
        sends=True,
    ),
    _action(
        "approve_level",
        approving.approve,
        "One more has agreed.",
        needs=approving.TELLING,
        fails=True,
        sends=True,
    ),
    _action(
        "deny_approval",
        approving.deny,
        "The order is not agreed to.",
        needs=approving.TELLING,
        fails=True,
        sends=True,
    ),
    _action(
        "delegate_approval",
        approving.delegate,
        "Somebody else decides this level, whose key may approve the order.",
        needs=approving.TELLING | {approving.APPROVERS},
        fails=True,
        sends=True,
    ),
    _action(
        "pass_on_approval",
        approving.pass_on,
        "Whoever may can decide, since the one who was asked did not; on a cost centre also those above.",
        needs=approving.TELLING,
        sends=True,
    ),
    _action("withdraw", withdraw, "Request for approval, edit and plan are given up."),
    _action(
        "note_transfer",
        note_transfer,
        "Where the order stands with another system: sent, error or done.",
        parameters={"state": "string"},
    ),
    _action("note_shortage", note_shortage, "The order got less than it was promised."),
    _action("accept_shortage", accept_shortage, "What there is will do."),
    _action("block", blocking.block, "The order must not go out, for the event's `reason`."),
    _action("unblock", blocking.unblock, "The event's `reason` is none any more.", fails=True),
    _action(
        "begin_edit",
        editing.begin,
        "Takes the edit lock, from another only with `take_over`.",
        needs=frozenset({"attributes", "order.entered_at"}),
        fails=True,
    ),
    _action("touch_edit", editing.touch, "Only the one who has the edit lock changes the order.", fails=True),
    _action("end_edit", editing.end, "Gives the edit lock back.", fails=True),
    _action("close_edit", editing.close, "Gives the edit lock back; the edit has never been.", fails=True),
    _action(
        "plan_copies",
        repeating.schedule,
        "The order is a template: a copy `at`, then `every`, `times`.",
        fails=True,
    ),
    _action("place_copy", repeating.place_copy, "A copy is placed, and the next time reckoned.", sends=True),
)
ACTIONS: Mapping[str, Action] = {action.spec.name: action for action in _ALL}
RELEASE_PART: Final = {
    "line": "int?",
    "quantity": "string?",
    "parts": "list({line: int, quantity: string})?",
    "location": "string?",
    "due": "bool?",
}
"""What says which part of an order is released: a line, or `parts` of several, so much of each (as decimals, empty: all), what lies at a
location, what shall go by today."""
STOCK: Final = (
    ActionSpec(
        name="take_holds",
        summary="Every line that is not held is held whole, or it waits, or nobody can supply it.",
        needs=frozenset({"supply"}),
        holds="taken",
    ),
    ActionSpec(
        name="resize",
        summary="Lines have their new quantities; what they need more is not held yet.",
        needs=frozenset({"supply"}),
        fails=True,
        holds="kept",
    ),
    ActionSpec(
        name="lose_line",
        summary="The goods of the event's `line` are lost.",
        needs=frozenset({"holds"}),
        fails=True,
        holds="kept",
    ),
    ActionSpec(
        name="commit_holds",
        summary="The goods are the order's for good; its lines are released.",
        needs=frozenset({"holds"}),
        holds="committed",
    ),
    ActionSpec(
        name="release_lines",
        summary="The event's `parts` are released (or its `line`, with its `quantity`), or whatever is held; all of it or nothing.",
        needs=frozenset({"supply"}),
        fails=True,
        holds="taken",
    ),
    ActionSpec(
        name="cancel_rest",
        summary="What is not released is off, costs nothing, and what it held is free again.",
        needs=frozenset({"holds"}),
        holds="kept",
    ),
)
"""Declarations of the actions in `taking` and `releasing`, which touch what is held."""
