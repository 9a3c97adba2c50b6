"""What guards make of the order of rows: a row that those before it never let fire, a choice that nothing answers.

The guards of one status and trigger are asked in file order, so a row fires only where all before it are false. Whether
that can be is decided by `logic`, within its budget: what it cannot decide is not refused.
"""

from __future__ import annotations

from collections.abc import Iterator

from coster.engine.workflow.document import Plain
from coster.engine.workflow.faults import Fault
from coster.engine.workflow.logic import Any, Atom
from coster.engine.workflow.paths import Graph
from coster.engine.workflow.questions import Questions
from coster.engine.workflow.records import FormField, Transition


def faults(graph: Graph, questions: Questions) -> Iterator[Fault]:
    """Rows that never fire, `otherwise` that is never reached, and choices of a form with which nothing happens."""
    told: set[tuple[int, ...]] = set()
    for (status, trigger), found in graph.rows.items():
        key = tuple(row.index for row in found)
        if key not in told:
            told.add(key)
            yield from _order(graph, questions, status, found)
        for row in found:
            if row.button is not None:
                yield from _choices(graph, questions, (status, trigger), row)


def _order(graph: Graph, questions: Questions, status: str, found: tuple[Transition, ...]) -> Iterator[Fault]:
    """Rows that cannot fire after those before them; repeated guards and rows after a certain one are told elsewhere."""
    asked: set[tuple[object, ...]] = set()
    for place, row in enumerate(found):
        if not row.conditional:
            return
        text = (row.rollup, " ".join(row.when.split()))
        if text not in asked and not questions.fires_after(row, found[:place]):
            yield _at(graph, status, row, _never(questions, row, found[:place]))
        asked.add(text)
    last = found[-1]
    if last.otherwise and questions.exhaustive(found):
        message = f"`otherwise: {last.otherwise}` never happens, because one of the guards on '{last.on}' always holds"
        yield _at(graph, status, last, f"{message}; accepted: no `otherwise`, or other guards")


def _never(questions: Questions, row: Transition, before: tuple[Transition, ...]) -> str:
    """Why a row never fires: by itself, by one row before it, or by several together."""
    asks = " && ".join((*(str(condition) for condition in row.rollup), *([row.when] if row.when else ())))
    begin = f"the row on '{row.on}' never fires"
    if not questions.possible((questions.of(row),), row.on):
        return f"{begin}, because '{asks}' is never true; accepted: what can be true"
    for earlier in before:
        if not questions.fires_after(row, (earlier,)):
            line = f"because line {earlier.line} holds whenever '{asks}' does"
            return f"{begin}, {line}; accepted: the narrower guard first"
    return (
        f"{begin}, because whenever '{asks}' holds one of the rows before it does; accepted: an earlier place"
    )


def _choices(
    graph: Graph, questions: Questions, where: tuple[str, str], carrier: Transition
) -> Iterator[Fault]:
    """Choices that a button offers and no row can answer."""
    rows = [row for _, row in graph.closure(*where)]
    if carrier.button is None or any(not row.conditional for row in rows):
        return
    answered = Any(tuple(questions.of(row) for row in rows))
    for field in carrier.button.form:
        for value in _values(field):
            chosen = Atom(f"event.{field.name}", "==", value)
            if not questions.possible((chosen, answered), where[1]):
                message = f"no row fires when '{value}' is chosen as '{field.name}'"
                accepted = "a choice that a guard lets through, or a last row without `when`"
                yield _at(graph, where[0], carrier, f"{message}; accepted: {accepted}", "choice_unanswered")


def _values(field: FormField) -> Iterator[str | int | bool]:
    """The choices of a field that are simple values."""
    plain: tuple[Plain, ...] = field.choices
    yield from (value for value in plain if isinstance(value, str | int))


def _at(graph: Graph, status: str, row: Transition, message: str, code: str = "never_fires") -> Fault:
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
