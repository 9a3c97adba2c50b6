"""Where the events of a workflow go: to the entity itself, to its parent, to its children, or out of the workflow."""

from __future__ import annotations

import difflib
from typing import Literal, TypeAlias

import msgspec

from coster.engine.workflow.fluent.model import Export

_MOST_COMPARED = 200
Way: TypeAlias = Literal["same", "child", "parent", "far", "nowhere"]

# Which entity types stand below which, in Fluent's reference workflows; every other type stands below the root.
_BELOW: dict[str, tuple[str, ...]] = {
    "ORDER": ("FULFILMENT_CHOICE", "FULFILMENT"),
    "FULFILMENT_CHOICE": ("FULFILMENT",),
    "FULFILMENT": ("ARTICLE", "CONSIGNMENT"),
    "CONSIGNMENT": ("ARTICLE",),
    "INVENTORY_CATALOGUE": ("INVENTORY_POSITION",),
    "INVENTORY_POSITION": ("INVENTORY_QUANTITY",),
    "PAYMENT": ("PAYMENT_TRANSACTION",),
}


class Destination(msgspec.Struct, frozen=True):
    """Where an event goes, to which entity type, and why, where that needs a word."""

    way: Way
    entity: str = ""
    why: str = ""


def children(export: Export, entity: str) -> tuple[str, ...]:
    """The entity types of the export that stand below one."""
    known = export.entities
    below = {child: parent for parent, found in _BELOW.items() if parent in known for child in found}
    listed = _BELOW.get(entity, ())
    loose = [e for e in known if e != entity and e not in below] if entity == export.entity else []
    return tuple(e for e in known if e not in (entity, export.entity) and (e in listed or e in loose))


def destination(export: Export, entity: str, event: str, hint: str) -> Destination:
    """Where an event goes that a ruleset of the entity type sends; `hint` is what the rule's name says."""
    targets = [e for e in export.entities if export.answering(e, event)]
    if not targets:
        known = tuple(dict.fromkeys(ruleset.name for ruleset in export.rulesets))
        near = difflib.get_close_matches(event, known, n=1) if len(known) <= _MOST_COMPARED else []
        meant = f"; the nearest name is {near[0]}" if near else ""
        why = f"no ruleset of this workflow answers {event}, so it leaves it or is lost{meant}"
        return Destination("nowhere", "", why)
    hinted = [e for e in targets if e.replace("_", "") in hint.upper()]
    if hinted:
        return _related(export, entity, max(hinted, key=len), event)
    if entity in targets:
        return Destination("same", entity)
    found = [_related(export, entity, target, event) for target in targets]
    return next((d for d in found if d.way != "far"), found[0])


def _related(export: Export, entity: str, target: str, event: str) -> Destination:
    """What the target is to the entity."""
    if target == entity:
        return Destination("same", entity)
    if target in children(export, entity):
        return Destination("child", target)
    if entity in children(export, target):
        return Destination("parent", target)
    why = f"{event} goes from {entity} to {target}, which is neither its parent nor its child; relay it"
    return Destination("far", target, why)
