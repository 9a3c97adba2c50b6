"""What a flow decided, as events and refusals tell it: rows, guards with the values that they read, actions. Pure.

A row without a guard costs nothing to tell. What guards answered and read is kept by `Watched`, because the step itself keeps no values;
no guard is asked twice for that.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final

from coster.engine.workflow import templates
from coster.engine.workflow.driving import ContextOf, Driven, Fired
from coster.engine.workflow.step import Context, GuardAsked, Matched, Table, Unmatched

# Words of people may name somebody, so they go into no record.
PRIVATE: Final = frozenset({"event.reason", "event.text"})
# Events go to others, who need not know what people have written into attributes; who is refused sees what is its own.
_NOT_TOLD: Final = PRIVATE | {"attributes"}


class Watched:
    """Gives `driving.drive` its answers, and keeps what guards answered and read.

    No context is made where no guard is asked, so a flow without guards never pays for one.
    """

    def __init__(self, table: Table, context_of: ContextOf) -> None:
        """Takes the table, and what gives an entity's context for a trigger as things are by then."""
        self.table = table
        self._context_of = context_of
        self.asked: dict[tuple[str, str], tuple[GuardAsked, ...]] = {}
        """What was asked for a trigger in a status, in the order of asking; nothing for what needs no guard."""
        self.rolled: dict[tuple[str, str], Context] = {}
        """Where only roll-ups were asked: what they read, in the context."""

    def step(self, status: str, trigger: str, *, inner: bool) -> Matched | Unmatched:
        """What the trigger does; `inner`: it may be one that only rows name. Raises as `Table.step` does."""
        table, key = self.table, (status, trigger)
        rows = table.rows.get(key)
        if not rows or key in table.certain:
            return (table.inner if inner else table.step)(status, trigger)
        context = self._context_of(trigger)
        if all(row.row.guard is None and not row.row.otherwise for row in rows):
            self.rolled[key] = context
            return (table.inner if inner else table.step)(status, trigger, context)
        weighed = (table.weigh_inner if inner else table.weigh)(status, trigger, context)
        self.asked[key] = weighed.asked
        return weighed.answer


def told(table: Table, trigger: str, came_from: str, driven: Driven, watched: Watched) -> dict[str, Any]:
    """What an event did: flow and version, where from and to, and every row that was carried out, as JSON has it."""
    flow = table.flow
    data: dict[str, Any] = {
        "name": flow.name,
        "version": flow.version,
        "trigger": trigger,
        "from": came_from,
        "to": driven.status,
        "rows": _rows(driven, came_from, trigger, watched),
    }
    if driven.failed is not None:
        data["failed"] = {"code": driven.failed.code, "detail": driven.failed.detail}
    return data


def began(table: Table, status: str) -> dict[str, Any]:
    """On which flow and version something new has begun, and in which status."""
    return {"name": table.flow.name, "version": table.flow.version, "to": status}


def _rows(driven: Driven, came_from: str, trigger: str, watched: Watched) -> list[dict[str, Any]]:
    """The rows that were carried out; of each what does not follow from the rest, see `rows`."""
    found: list[dict[str, Any]] = []
    last = len(driven.fired) - 1
    for number, fired in enumerate(driven.fired):
        row = _row(fired, watched)
        if fired.trigger != trigger:
            row["trigger"] = fired.trigger
        if fired.status != came_from:
            row["from"] = fired.status
        came_from = fired.matched.to
        if number < last or came_from != driven.status:
            row["to"] = came_from
        found.append(row)
    return found


def _row(fired: Fired, watched: Watched) -> dict[str, Any]:
    """A row by its place in the file, from 0, with what there is to tell of it."""
    matched, key = fired.matched, (fired.status, fired.trigger)
    row: dict[str, Any] = {"row": matched.row.number}
    if matched.row.label:
        row["label"] = matched.row.label
    if asked := watched.asked.get(key):
        row["guards"] = guards(asked, _NOT_TOLD)
    elif rolled := watched.rolled.get(key):
        row["guards"] = _rolled(fired, rolled)
    if matched.actions:
        row["actions"] = [call.name for call in matched.actions]
    return row


def rows(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of what an event tells of a flow, each whole again: `row`, `trigger`, `label`, `from`, `to`, `guards`, `actions`.

    What is left out: the trigger that came, where the row before led (the first: where the whole began), of the last where the whole
    ended; and what is empty.
    """
    found: list[dict[str, Any]] = []
    came_from, given = told.get("from", ""), told.get("rows", ())
    for number, row in enumerate(given):
        ended = told["to"] if number == len(given) - 1 else row.get("to", came_from)
        whole = {
            "trigger": told["trigger"], "label": "", "from": came_from, "to": ended, "guards": [], "actions": [], **row,
        }  # fmt: skip
        came_from = whole["to"]
        found.append(whole)
    return found


def _rolled(fired: Fired, context: Context) -> list[dict[str, Any]]:
    """The roll-ups of a row that fired, with the counts that they read."""
    return [
        {"guard": str(one), "answer": True, "values": {name: _there(context[name])}}
        for one in fired.matched.row.rollup
        for name in [f"children.{one.children}"]
    ]


def _there(counts: object) -> dict[str, int]:
    """The statuses in which there are children; in those that are not named there is none."""
    assert isinstance(counts, Mapping), "roll-ups read how many children are in each status"
    return {status: count for status, count in counts.items() if count}


def guards(asked: tuple[GuardAsked, ...], private: frozenset[str] = PRIVATE) -> list[dict[str, Any]]:
    """Guards in the order of asking, each with its answer and the values that it read; what is private is null."""
    return [
        {"guard": one.source, "answer": one.answer, "values": _values(one.values, private)} for one in asked
    ]


def _values(read: Mapping[str, object], private: frozenset[str]) -> dict[str, Any]:
    return {name: None if name in private else templates.plain(value) for name, value in read.items()}


def refused(entity: str, entity_id: uuid.UUID, answer: Unmatched, watched: Watched) -> dict[str, Any]:
    """Why an event fired nothing, for `Rejected.detail`: the ledger of commands keeps it, so it can be asked for later."""
    return {
        "entity": entity,
        "entity_id": str(entity_id),
        "trigger": answer.trigger,
        "reason": answer.reason,
        "status": answer.status,
        "possible": list(answer.possible),
        "guards": guards(watched.asked.get((answer.status, answer.trigger), ()))
        or [{"guard": one, "answer": False, "values": {}} for one in answer.false_guards],
    }
