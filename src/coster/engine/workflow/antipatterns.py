"""What is allowed and seldom wise: the anti-patterns that the makers of an older product documented, found by name.

Warnings never refuse a flow; pages and the command line show them beside the faults. Linear in the rows, each with its
statuses, but for the search of circles, which is linear in rows times statuses.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

from coster.engine.workflow import faults, scope
from coster.engine.workflow.actions import Vocabulary
from coster.engine.workflow.faults import Fault
from coster.engine.workflow.paths import Graph
from coster.engine.workflow.records import ActionCall, Flow, Transition

ALONE: Mapping[str, Flow] = {}
MOST_SOURCES = 8
AT_ONCE = dt.timedelta(seconds=1)
BULK = frozenset({"bulk", "load", "import", "batch", "upload", "sync"})
STATE = frozenset({"status", "state", "to_status", "to_state"})


def warnings(flow: Flow, vocabulary: Vocabulary, library: Mapping[str, Flow] = ALONE) -> tuple[Fault, ...]:
    """Every anti-pattern of the flow in file order, by the codes of `faults.WARNINGS`.

    `library` holds other flows by name: parents in it tell which events come to many children at once. A flow that names
    statuses which it does not have is for the checker first.
    """
    names = {status.name for status in flow.statuses}
    if any(
        name not in names for row in flow.transitions for name in (*row.sources, *filter(None, (row.to,)))
    ):
        return ()
    graph = Graph(flow, frozenset(scope.triggers(flow, vocabulary)))
    found = [*_circles(graph), *_left_behind(graph)]
    mass = _told_to_many(flow, library)
    for row in flow.transitions:
        found += [*_row(row), *_sent(row, mass), *_state(row, names)]
    found += _swallowed(flow)
    return faults.in_file_order(found)


def _at(row: Transition, code: str, place: str, message: str, trail: str = "") -> Fault:
    """A warning at a place of a row."""
    path = f"{row.path}.{place}" if place else row.path
    status = row.sources[0] if row.sources else ""
    return Fault(code=code, line=row.line, path=path, status=status, message=f"{message}.", trail=trail)


def _row(row: Transition) -> Iterator[Fault]:
    """Rows from too many statuses, and timers that do not wait."""
    if len(row.sources) > MOST_SOURCES:
        message = f"'{row.on}' starts from {len(row.sources)} statuses; better: at most {MOST_SOURCES}"
        yield _at(row, "too_many_statuses", "from", f"{message}, or no `from` where it is for all")
    timer = row.after
    if timer is not None and not timer.at and timer.length is not None and timer.length <= AT_ONCE:
        message = f"the timer waits {timer.duration}, which is as good as nothing"
        yield _at(row, "timer_at_once", "after", f"{message}; better: `next` on the row before it")


def _sent(row: Transition, mass: frozenset[str]) -> Iterator[Fault]:
    """Webhooks for each of many entities at once, or again and again."""
    if all(call.name != "send" for call in row.do):
        return
    if row.on in mass or BULK & set(row.on.split("_")):
        message = f"'{row.on}' comes for many entities at once, and each would send a webhook"
        yield _at(row, "webhook_in_bulk", "do", f"{message}; better: one for all, sent by the parent")
    if row.after is not None and row.after.times > 1:
        message = f"a webhook is sent {row.after.times} times, as if to ask whether something has happened"
        yield _at(row, "polling", "do", f"{message}; better: an event that tells it, and a timer that leaves")


def _told_to_many(flow: Flow, library: Mapping[str, Flow]) -> frozenset[str]:
    """Events that parents of the flow send to all their children."""
    told: set[str] = set()
    for parent in library.values():
        kinds = {entry.kind for entry in parent.children if flow.name in entry.flows.values()}
        calls = [call for row in parent.transitions for call in row.do if call.name == "tell_children"]
        told |= {
            str(call.parameters.get("event")) for call in calls if call.parameters.get("children") in kinds
        }
    return frozenset(told)


def _state(row: Transition, names: set[str]) -> Iterator[Fault]:
    """Actions that are given a status of the flow as if they could change it."""
    for number, call in enumerate(row.do):
        if name := _given(call, names):
            message = f"'{call.name}' is given the status {name}; better: `to: {name}`, which alone changes the status"
            yield _at(row, "status_changed_by_action", f"do[{number}]", message)


def _given(call: ActionCall, names: set[str]) -> str:
    """The status that an action is given; empty: none."""
    values = [value for name, value in call.parameters.items() if name in STATE]
    return next((value for value in values if isinstance(value, str) and value in names), "")


def _swallowed(flow: Flow) -> Iterator[Fault]:
    """Rows that make a failure good by doing nothing, so that nobody ever hears of it."""
    policies = (flow.error, *(row.error for row in flow.transitions))
    made_good = {policy.then for policy in policies if policy is not None and policy.then}
    for row in flow.transitions:
        if row.on in made_good and not (row.do or row.to or row.next or row.restart):
            message = f"a failure ends in '{row.on}', which does nothing, so nobody hears of it"
            yield _at(
                row, "failure_swallowed", "", f"{message}; better: an action, another status, or no `then`"
            )


def _circles(graph: Graph) -> Iterator[Fault]:
    """Statuses that only timers and roll-ups lead through, in a circle: such an entity never comes to rest by itself."""
    told: set[str] = set()
    for begin in graph.flow.statuses:
        if begin.name in told or begin.name not in graph.reached():
            continue
        circle = _round(graph, begin.name)
        if circle:
            told |= {name for name, _, _ in circle}
            path = graph.trail(begin.name)
            for _, label, target in circle:
                path += f" -{label}-> {target[0]}"
            message = f"timers lead from {begin.name} back to it without an event from outside"
            row = circle[0][2][1]
            yield _at(
                row, "cyclic_rulesets", "", f"{message}; better: a bound, or an end after some rounds", path
            )


def _round(graph: Graph, begin: str) -> list[tuple[str, str, tuple[str, Transition]]]:
    """A shortest way by timers from a status to itself, as (status, label, (target, row)); empty: there is none."""
    before: dict[str, tuple[str, str, tuple[str, Transition]]] = {}
    waiting = [begin]
    for status in waiting:
        for event in graph.sendable(status):
            if not any(row.after is not None for row in graph.rows[status, event]):
                continue
            for label, row in graph.closure(status, event):
                target = row.to or status
                if target != status and target not in before:
                    before[target] = (status, label, (target, row))
                    waiting.append(target)
    way: list[tuple[str, str, tuple[str, Transition]]] = []
    place = begin
    while place in before and (not way or place != begin):
        way.append(before[place])
        place = way[-1][0]
    return list(reversed(way))


def _left_behind(graph: Graph) -> Iterator[Fault]:
    """Ends that say nothing of children which may still be at work: neither asked for by a roll-up nor told."""
    for row in graph.flow.transitions:
        if not row.to or not graph.statuses[row.to].final:
            continue
        told = {call.parameters.get("children") for call in row.do if call.name == "tell_children"}
        asked = {condition.children for condition in row.rollup if condition.quantifier != "any"}
        for entry in graph.flow.children:
            if entry.kind not in told | asked:
                message = f"'{row.on}' ends in {row.to} while {entry.kind} may still be at work"
                better = f"better: a roll-up over {entry.kind}, or `tell_children`"
                yield _at(row, "children_left", "", f"{message}; {better}")
