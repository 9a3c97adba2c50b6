"""What the flows of one import share: the export, the report, the names, and who tells whom what."""

from __future__ import annotations

import json

from coster.engine.workflow.document import Plain
from coster.engine.workflow.fluent.model import Export, Rule
from coster.engine.workflow.fluent.names import Names
from coster.engine.workflow.fluent.report import Report
from coster.engine.workflow.records import ActionCall

# The text of a flow is read back with at most 18 digits and 12 levels, of which a placeholder's properties have the last.
_LARGEST = 10**18
_LEVELS = 3
# Four parts of a name make a file name that every file system takes.
_PART = 40


class Work:
    """One import under way."""

    def __init__(self, export: Export) -> None:
        self.export = export
        self.report = Report(export.items)
        self.names = Names()
        self.told: set[tuple[str, str]] = set()
        """Entity types and the triggers that other entities send them."""

    def subtypes(self, entity: str) -> tuple[str, ...]:
        """The types of an entity type that have a flow of their own; empty text: every other type."""
        found = dict.fromkeys(r.subtype for r in self.export.rulesets if r.entity == entity)
        if entity == self.export.entity:
            named = [name for name in (self.export.subtype, *found) if name]
            return tuple(dict.fromkeys(named)) or ("",)
        return tuple(found) or ("",)

    def flow(self, entity: str, subtype: str) -> str:
        """The name of a flow, such as order.hd.fulfilment."""
        export = self.export
        parts = [export.entity, export.subtype]
        parts += [subtype] if entity == export.entity else [entity, subtype]
        if entity == export.entity and subtype == export.subtype:
            parts.pop()
        words = ".".join(self.names.of("flow part", part)[:_PART] for part in parts if part)
        return self.names.unique("flow", f"{entity}\n{subtype}", words)

    def entity(self, entity: str) -> str:
        """The word for an entity type."""
        return self.names.of("entity", entity)

    def kind(self, entity: str) -> str:
        """What the children of an entity type are called by their parent."""
        word = self.entity(entity)
        return self.names.of("kind", f"{word[:-1]}ies" if word.endswith("y") else f"{word}s")

    def placeholder(self, rule: Rule, why: str) -> ActionCall:
        """What stands in the flow for a rule that is not translated; the report says why."""
        self.report.not_mapped(rule.path, f"{why}; a placeholder keeps its place")
        for name in rule.props:
            self.report.not_mapped(rule.prop(name), "kept in the placeholder")
        return placeholder(rule.name, rule.props)

    def leave(self, rule: Rule, *known: str) -> None:
        """Says of every other property that its rule does not have it."""
        for name in rule.props:
            if not name or name not in known:
                self.report.not_mapped(rule.prop(name), f"the importer does not know it of {rule.last}")


def placeholder(name: str, properties: dict[str, Plain]) -> ActionCall:
    """The action that the checker always refuses."""
    kept: dict[str, Plain] = {key: _short(value, _LEVELS) for key, value in properties.items()}
    parameters: dict[str, Plain] = {"name": name}
    return ActionCall(name="placeholder", parameters=parameters | ({"properties": kept} if kept else {}))


def _short(value: Plain, levels: int) -> Plain:
    """A value in which nothing is too deep or too large for the text of a flow; such parts are kept as JSON text."""
    if isinstance(value, dict | list) and not levels:
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        return {key: _short(part, levels - 1) for key, part in value.items()}
    if isinstance(value, list):
        return [_short(part, levels - 1) for part in value]
    too_large = isinstance(value, int) and not isinstance(value, bool) and abs(value) >= _LARGEST
    return str(value) if too_large else value
