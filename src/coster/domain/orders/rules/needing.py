"""What has to be loaded before orders go on in their flows, as the rows say that a trigger may lead to. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from coster.domain.orders.model import Firm
from coster.domain.orders.rules import approving, checkout
from coster.engine.workflow.language import ROLLUP
from coster.engine.workflow.step import Matched, Table
from coster.engine.workflow.tables import Tables

SESSION: Final = "order.session_open"
"""The one field that is not in the order itself."""


def needs(
    firm: Mapping[uuid.UUID, Firm],
    triggers: Mapping[uuid.UUID, Collection[str]],
    flows: Tables,
    checkouts: Tables,
) -> set[str]:
    """What these triggers need, whatever status the orders are in by then: sets of the vocabulary, and SESSION.

    Raises UnknownVersionError.
    """
    asked = {
        (one.flow, one.flow_version, one.type, one.checkout_version, trigger)
        for id_, one in firm.items()
        for trigger in triggers.get(id_, ())
    }
    found: set[str] = set()
    for flow, version, type_, checkout_version, trigger in asked:
        table = flows.of(flow, version)
        name = checkout.flow_name(table, type_)
        child = checkouts.of(name, checkout_version) if name and checkout_version is not None else None
        found.update(_of(table, child, trigger))
    return found


def counts_in_hours(one: Firm, flows: Tables, checkouts: Tables) -> bool:
    """Whether the flow of an order, or of its checkout, counts in a calendar of the room. Raises UnknownVersionError."""
    table = flows.of(one.flow, one.flow_version)
    name = checkout.flow_name(table, one.type) if one.checkout_version is not None else ""
    child = checkouts.of(name, one.checkout_version) if name and one.checkout_version is not None else None
    return bool(table.given or (child is not None and child.given))


def _of(table: Table, child: Table | None, trigger: str) -> Iterator[str]:
    """What every row needs to which the trigger can lead, in the order and, by way of its checkout, in the order again."""
    begin = [trigger]
    if child is not None and any((status, trigger) in child.rows for status in child.possible):
        begin += [ROLLUP, *_told(_reached(child, [trigger]), "tell_parent")]
    reached = list(_reached(table, begin))
    if child is not None and (told := list(_told(reached, "tell_children"))):
        reached += _reached(table, [ROLLUP, *_told(_reached(child, told), "tell_parent")])
    for matched in reached:
        yield from matched.needs
        if matched.row.guard is not None and SESSION in matched.row.guard.names:
            yield SESSION
        if matched.row.guard is not None and approving.LEVELS in matched.row.guard.names:
            yield approving.CENTRE


def _reached(table: Table, begin: Iterable[str]) -> Iterator[Matched]:
    """Every row to which triggers can lead in any status, by `otherwise`, `next` and `error.then`."""
    by_trigger: dict[str, list[Matched]] = {}
    for (_, name), answers in table.rows.items():
        by_trigger.setdefault(name, []).extend(answers)
    waiting = list(begin)
    seen = set(waiting)
    while waiting:
        for matched in by_trigger.get(waiting.pop(), ()):
            yield matched
            then = matched.error.then if matched.error is not None else ""
            for name in (matched.row.otherwise, matched.next, then):
                if name and name not in seen:
                    seen.add(name)
                    waiting.append(name)


def _told(rows: Iterable[Matched], action: str) -> Iterator[str]:
    """The events that rows tell parents or children."""
    for matched in rows:
        for call in matched.actions:
            if call.name == action:
                yield str(call.parameters["event"])
