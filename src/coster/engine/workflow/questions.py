"""What the rows of a flow ask, as formulas: guards by `guard_forms`, roll-ups over which child statuses have a child.

Of the children only matters in which statuses there is one; a status that no roll-up names is as good as any other that none
names, so all of these together are one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from coster.engine.workflow import guard_forms, kinds, scope
from coster.engine.workflow.actions import Vocabulary
from coster.engine.workflow.logic import All, Any, Atom, Formula, Not, Solver, Value, atoms
from coster.engine.workflow.paths import Graph
from coster.engine.workflow.records import Condition, Flow, Transition

ELSEWHERE = "*"
# For so many rows before one it is asked whether they let anything through at all.
LOOKED_BACK = 50


class Questions:
    """The conditions of one flow's rows, each read once, and what can be proved about them within one budget."""

    def __init__(self, flow: Flow, vocabulary: Vocabulary | None = None) -> None:
        """Takes the flow; without a vocabulary less is known of its terms, so less can be proved."""
        self._flow = flow
        self._vocabulary = vocabulary
        self._constants = scope.constants(flow)
        self._named = _named(flow)
        self._forms: dict[int, Formula] = {}
        self._asked: dict[int, frozenset[str]] = {}
        self._whole: dict[str, frozenset[str]] = {}
        self._answers: dict[tuple[int, ...], bool] = {}
        self._solver = Solver()
        self._beside = Solver()

    def of(self, row: Transition) -> Formula:
        """What must be true for the row to fire when it is tried."""
        if row.index not in self._forms:
            parts = [self._rolled(condition) for condition in row.rollup]
            if row.when:
                parts.append(guard_forms.formula(row.when, self._constants))
            self._forms[row.index] = All(tuple(parts))
        return self._forms[row.index]

    def possible(self, parts: tuple[Formula, ...], trigger: str) -> bool:
        """Whether all can be true at once for an event; also where that could not be decided."""
        return self._solver.together(parts, self._numbers(trigger)) is not False

    def fires_after(self, row: Transition, before: tuple[Transition, ...]) -> bool:
        """Whether the row can fire although those before it are tried first; also where that was not decided.

        Rows that ask about nothing that this one asks about cannot hinder it, unless they always fire.
        """
        if len(before) <= LOOKED_BACK and self.exhaustive(before):
            return False
        near = [self.of(other) for other in before if not self._terms(row).isdisjoint(self._terms(other))]
        return self.possible((self.of(row), *(Not(asked) for asked in near)), row.on)

    def both(self, one: Transition, other: Transition) -> Mapping[str, Value] | None:
        """Values of fields with which both rows fit; None: there are none, or it is not certain.

        Certain is it where the rows ask for fields and children against constants only, since nothing is known of other terms.
        Such questions have a budget of their own, so that they take nothing from the proofs.
        """
        known = self._fields(one.on) & self._fields(other.on)
        rolled = {f"{kind} in {status}" for kind, statuses in self._named.items() for status in statuses}
        if not (self._terms(one) | self._terms(other)) <= (known | rolled):
            return None
        return self._beside.example((self.of(one), self.of(other)), self._numbers(one.on))

    def exhaustive(self, rows: tuple[Transition, ...]) -> bool:
        """Whether it is proved that one of the rows always fires."""
        key = tuple(row.index for row in rows)
        if key not in self._answers:
            certain = any(not row.conditional for row in rows)
            self._answers[key] = certain or (
                bool(rows) and not self.possible(tuple(Not(self.of(row)) for row in rows), rows[0].on)
            )
        return self._answers[key]

    def certain(self, graph: Graph, status: str, trigger: str) -> bool:
        """Whether it is proved that some row fires for the trigger in the status, `otherwise` followed."""
        tried = {row.index: row for _, row in graph.closure(status, trigger)}
        return self.exhaustive(tuple(tried.values()))

    def _terms(self, row: Transition) -> frozenset[str]:
        """What the row asks about."""
        if row.index not in self._asked:
            self._asked[row.index] = frozenset(atom.term for atom in atoms(self.of(row)))
        return self._asked[row.index]

    def _rolled(self, condition: Condition) -> Formula:
        """A roll-up over terms that say whether there is a child in a status."""
        kind = condition.children
        inside = tuple(Atom(f"{kind} in {status}", "==", True) for status in condition.statuses)
        if condition.quantifier == "any":
            return Any(inside)
        if condition.quantifier == "none":
            return Not(Any(inside))
        outside = self._named.get(kind, frozenset()) - set(condition.statuses)
        return All((Any(inside), *(Not(Atom(f"{kind} in {name}", "==", True)) for name in sorted(outside))))

    def _numbers(self, trigger: str) -> frozenset[str]:
        """The fields that are whole numbers in the context of a trigger."""
        if trigger not in self._whole:
            self._whole[trigger] = frozenset(
                name for name, kind in self._context(trigger).items() if kinds.required(kind) == "int"
            )
        return self._whole[trigger]

    def _fields(self, trigger: str) -> frozenset[str]:
        """Every field of the context of a trigger whose values are free of each other."""
        return frozenset(
            name
            for name, kind in self._context(trigger).items()
            if kinds.required(kind) in ("bool", "int", "string")
        )

    def _context(self, trigger: str) -> Mapping[str, str]:
        """What a guard on the trigger may read; nothing where no vocabulary is known."""
        return {} if self._vocabulary is None else scope.context_of(self._flow, self._vocabulary, trigger)


def _named(flow: Flow) -> Mapping[str, frozenset[str]]:
    """For each kind of children the statuses that roll-ups name, and one for all others."""
    found: dict[str, set[str]] = {}
    for condition in _conditions(flow):
        found.setdefault(condition.children, {ELSEWHERE}).update(condition.statuses)
    return {kind: frozenset(statuses) for kind, statuses in found.items()}


def _conditions(flow: Flow) -> Iterator[Condition]:
    """Every roll-up of the flow."""
    for row in flow.transitions:
        yield from row.rollup
