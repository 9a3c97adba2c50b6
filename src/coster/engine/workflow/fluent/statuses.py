"""The statuses of one flow: those that the export declares for an entity type, and those that it uses without declaring."""

from __future__ import annotations

from coster.engine.workflow import records
from coster.engine.workflow.fluent import rules
from coster.engine.workflow.fluent.model import Ruleset
from coster.engine.workflow.fluent.work import Work

# Fluent begins every entity here and enforces no other status.
INITIAL = "CREATED"
_CATEGORIES = {"BOOKING": "booking", "FULFILMENT": "fulfilment", "DELIVERY": "delivery", "DONE": "done"}
_ENDS = ("COMPLETE", "CANCEL", "EXPIRED", "ESCALATED", "REJECTED", "CLOSED", "DONE")


def statuses(work: Work, entity: str, rulesets: tuple[Ruleset, ...]) -> dict[str, records.Status]:
    """The statuses by what Fluent calls them. In category done: final where no ruleset is triggered, else it rests."""
    left = {status for ruleset in rulesets for status in ruleset.statuses}
    categories = _declared(work, entity)
    for path, name in _used(work, entity, rulesets):
        if name not in categories:
            categories[name] = _guess(work, name)
            _added(work, path, entity, name, categories[name])
    if INITIAL not in categories:
        categories[INITIAL] = _guess(work, INITIAL)
        how = f"{entity} declares no {INITIAL}, where Fluent begins; it was added"
        work.report.approximated("statuses", how)
    return {
        name: records.Status(
            name=work.names.status(entity, name),
            category=category,
            initial=name == INITIAL,
            final=name != INITIAL and category == "done" and name not in left,
            rests=name != INITIAL and category == "done" and name in left,
        )
        for name, category in categories.items()
    }


def _declared(work: Work, entity: str) -> dict[str, str]:
    """Categories of the declared statuses by name."""
    found: dict[str, str] = {}
    for status in work.export.statuses:
        if status.entity != entity:
            continue
        category = _CATEGORIES.get(status.category.upper(), "")
        if not status.name:
            work.report.not_mapped(status.path, "it has no name")
        elif status.name in found:
            work.report.approximated(status.path, "it stands twice; the first is taken")
        elif category:
            found[status.name] = category
            work.report.mapped(status.path, f"status `{work.names.status(entity, status.name)}`")
        else:
            found[status.name] = _guess(work, status.name)
            how = f"category {status.category or '(none)'} is none of Fluent's four; taken as {found[status.name]}"
            work.report.approximated(status.path, how)
    return found


def _used(work: Work, entity: str, rulesets: tuple[Ruleset, ...]) -> list[tuple[str, str]]:
    """Paths and names of statuses that rulesets name."""
    found = []
    for ruleset in rulesets:
        found += [(trigger.path, trigger.status) for trigger in ruleset.triggers if trigger.status]
        for rule in ruleset.rules:
            meant = rules.meaning(rule, entity, work.export.entities)
            if isinstance(meant, rules.SetState):
                found.append((rule.path, meant.status))
    return found


def _guess(work: Work, name: str) -> str:
    """The category that the status has for another entity type, or else what its name says."""
    for status in work.export.statuses:
        if status.name == name and status.category.upper() in _CATEGORIES:
            return _CATEGORIES[status.category.upper()]
    return "done" if any(end in name.upper() for end in _ENDS) else "booking"


def _added(work: Work, path: str, entity: str, name: str, category: str) -> None:
    how = f"the export does not declare {name} for {entity}; it was added to category {category}"
    work.report.approximated(path, how)
