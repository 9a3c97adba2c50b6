"""The second half of the proof, row by row: no row hides another, `otherwise` ends, timers leave."""

from __future__ import annotations

from collections.abc import Iterator

from coster.engine.workflow.faults import Fault
from coster.engine.workflow.paths import Graph
from coster.engine.workflow.questions import Questions
from coster.engine.workflow.records import Transition


def faults(graph: Graph, questions: Questions) -> Iterator[Fault]:
    """Every row that can never fire, every `otherwise` that leads nowhere or in a circle, every timer that
    may stay."""
    raised = {
        (status.name, row.index)
        for status in graph.flow.statuses
        for event in graph.events(status.name)
        for _, row in graph.closure(status.name, event)
    }
    for (status, trigger), found in graph.rows.items():
        yield from _order(graph, status, found)
        yield from _otherwise(graph, status, found)
        yield from _follows(graph, status, found)
        yield from _buttons(graph, status, found)
        if trigger in graph.inner:
            for row in found:
                if (status, row.index) not in raised:
                    message = (
                        f"the row on '{trigger}' never fires, because no other row leads to it in {status}"
                    )
                    yield _fault(graph, status, row, "row_never_tried", message)
        yield from _timers(graph, questions, status, trigger)


def _fault(graph: Graph, status: str, row: Transition, code: str, message: str) -> Fault:
    """A fault of a row in a status, with the shortest path to where it would happen."""
    trail = graph.trail_with(status, row.on, row.to)
    return Fault(
        code=code,
        line=row.line,
        path=row.path,
        status=status,
        message=f"in {status}: {message}.",
        trail=trail,
    )


def _order(graph: Graph, status: str, found: tuple[Transition, ...]) -> Iterator[Fault]:
    """Rows that come after one that always fires, or that ask the same as one before them."""
    asked: set[str] = set()
    open_row: Transition | None = None
    for row in found:
        if open_row is not None:
            message = f"the row on '{row.on}' never fires, because line {open_row.line} fires always"
            yield _fault(
                graph, status, row, "row_never_tried", f"{message}; only the last may be without `when`"
            )
        elif not row.conditional:
            open_row = row
        elif _asks(row) in asked:
            message = f"the row on '{row.on}' never fires, because an earlier one has the same guard"
            yield _fault(graph, status, row, "guard_repeated", message)
        asked.add(_asks(row))


def _asks(row: Transition) -> str:
    """What must be true for the row, so that the same question is told again."""
    return " && ".join((*(str(condition) for condition in row.rollup), " ".join(row.when.split())))


def _follows(graph: Graph, status: str, found: tuple[Transition, ...]) -> Iterator[Fault]:
    """`next`, `restart` and `error` that name triggers without what they need in the status where they are tried."""
    for row in found:
        target = row.to or status
        if row.next and (target, row.next) not in graph.rows:
            message = f"`next: {row.next}` has no row in {target}; accepted: a trigger that has one"
            yield _fault(graph, status, row, "next_unhandled", message)
        for trigger in row.restart:
            if not any(other.after for other in graph.rows.get((target, trigger), ())):
                message = f"`restart: {trigger}` has no timer in {target}; accepted: a trigger that has one"
                yield _fault(graph, status, row, "restart_unknown", message)
        then = row.error.then if row.error is not None else ""
        if then and (status, then) not in graph.rows and (target, then) not in graph.rows:
            message = f"`then: {then}` has no row in {status} or {target}; accepted: a trigger that has one"
            yield _fault(graph, status, row, "error_unhandled", message)


def _otherwise(graph: Graph, status: str, found: tuple[Transition, ...]) -> Iterator[Fault]:
    """`otherwise` where it is never read, leads to nothing, or comes back."""
    for row in found:
        if not row.otherwise:
            continue
        if not row.conditional:
            message = (
                f"the row on '{row.on}' has `otherwise: {row.otherwise}` but no `when` that could be false"
            )
            yield _fault(graph, status, row, "otherwise_without_guard", message)
        if row is not found[-1]:
            message = (
                f"the row on '{row.on}' has an `otherwise`, so line {found[-1].line} would never be tried"
            )
            yield _fault(graph, status, row, "otherwise_hides_row", f"{message}; only the last may have one")
        if (status, row.otherwise) not in graph.rows:
            message = f"`otherwise: {row.otherwise}` has no row in {status}"
            yield _fault(
                graph, status, row, "otherwise_unhandled", f"{message}; accepted: a trigger that has one"
            )
        elif _comes_back(graph, status, row):
            message = f"`otherwise: {row.otherwise}` leads back to '{row.on}' without an event in between"
            yield _fault(graph, status, row, "otherwise_cycle", message)


def _comes_back(graph: Graph, status: str, row: Transition) -> bool:
    """Whether following `otherwise` from the row meets its own trigger again."""
    seen: set[str] = set()
    current = row.otherwise
    while current and current not in seen:
        if current == row.on:
            return True
        seen.add(current)
        found = graph.rows.get((status, current), ())
        current = found[-1].otherwise if found else ""
    return False


def _buttons(graph: Graph, status: str, found: tuple[Transition, ...]) -> Iterator[Fault]:
    """A second button for what one trigger does in one status."""
    carriers = [row for row in found if row.button is not None]
    for row in carriers[1:]:
        message = f"'{row.on}' has a button here and in line {carriers[0].line}; accepted: one per trigger"
        yield _fault(graph, status, row, "button_twice", message)


def _timers(graph: Graph, questions: Questions, status: str, trigger: str) -> Iterator[Fault]:
    """Timers of the status on the trigger that differ, or that may fire and leave the entity where it is."""
    carriers = [row for row in graph.rows[status, trigger] if row.after is not None]
    for row in carriers[1:]:
        if row.after != carriers[0].after:
            message = f"'{trigger}' has two timers, here and in line {carriers[0].line}; accepted: one"
            yield _fault(graph, status, row, "timer_twice", message)
    if not carriers or (carriers[0].after is not None and carriers[0].after.times):
        return
    last = None
    for _, row in graph.closure(status, trigger):
        last = row
        if not row.to or row.to == status:
            message = f"the timer on '{trigger}' may fire and stay in {status}; accepted: another `to`"
            yield _fault(graph, status, row, "timer_stays", f"{message}, or {{duration: …, times: …}}")
    if last is not None and last.conditional and not questions.certain(graph, status, trigger):
        message = f"the timer on '{trigger}' stays in {status} when '{_asks(last)}' is false"
        yield _fault(
            graph, status, last, "timer_stays", f"{message}; accepted: a last row without `when`, or `times`"
        )
