"""Whether entities can be moved from one version of a flow to the next without being lost or owing what nobody settles.

Linear in the statuses of both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from coster.engine.workflow import effects, faults
from coster.engine.workflow.families import free
from coster.engine.workflow.faults import Fault
from coster.engine.workflow.paths import Graph
from coster.engine.workflow.reading import likely
from coster.engine.workflow.records import Flow, Status


def migration(old: Flow, new: Flow, mapping: Mapping[str, str]) -> tuple[Fault, ...]:
    """Everything that stands against moving entities of `old` to `new`; none means that all can be moved.

    `mapping` gives statuses of `old` those of `new`; the others keep theirs. Lines are those of the old file; the path of
    events is how an entity comes into the status that it would be lost in.
    """
    found = [*_names(old, new, mapping), *_children(old, new)]
    graph = free(old)
    for status in old.statuses:
        found += _status(graph, status, new, mapping.get(status.name, status.name))
    return faults.in_file_order(found)


def _names(old: Flow, new: Flow, mapping: Mapping[str, str]) -> Iterator[Fault]:
    """Flows for different entities, and names in the mapping that a flow does not have."""
    if old.entity != new.entity:
        message = (
            f"{old.name} is for {old.entity}, {new.name} for {new.entity}; accepted: flows for one entity."
        )
        yield Fault(code="migration_entity", line=0, path="entity", message=message)
    before = tuple(status.name for status in old.statuses)
    after = tuple(status.name for status in new.statuses)
    for name, target in mapping.items():
        for version, known, word in ((old, before, name), (new, after, target)):
            if word not in known:
                message = f"found the status '{word}' of version {version.version}{likely(word, known)}."
                path = f"mapping.{name}"
                yield Fault(code="migration_unknown", line=0, path=path, status=name, message=message)


def _children(old: Flow, new: Flow) -> Iterator[Fault]:
    """Kinds of children that begin on other flows: those that live already know only the statuses of theirs."""
    before = {entry.kind: entry for entry in old.children}
    after = {entry.kind: entry.flows for entry in new.children}
    for kind in dict.fromkeys((*before, *after)):
        was, will = before[kind].flows if kind in before else {}, after.get(kind, {})
        if was != will:
            line = before[kind].line if kind in before else 0
            message = (
                f"the children '{kind}' live by {_flows(was)} in version {old.version}, by {_flows(will)} in version "
                f"{new.version}, and those that there are would be lost; accepted: the same flow for them in both."
            )
            yield Fault(code="migration_children", line=line, path=f"children.{kind}", message=message)


def _flows(flows: Mapping[str, str]) -> str:
    """The flows of a kind of children by type, for people."""
    if set(flows) == {"other"}:
        return flows["other"]
    return ", ".join(f"{name} ({type_})" for type_, name in sorted(flows.items())) or "no flow"


def _status(graph: Graph, status: Status, new: Flow, target: str) -> Iterator[Fault]:
    """What becomes of entities in one status."""
    known = {found.name: found for found in new.statuses}
    if target not in known:
        if target == status.name:
            message = f"version {new.version} has no status {target}, so entities in it would be nowhere"
            yield _fault(graph, status, "migration_status_gone", f"{message}; accepted: a mapping")
        return
    if status.final and not known[target].final:
        message = f"it is final, and {target} is not, so that ended entities would live again; accepted: a final one"
        yield _fault(graph, status, "migration_final", message)
    for axis in effects.AXES:
        before, after = status.owed(axis), known[target].owed(axis)
        if before != after:
            message = (
                f"its {axis} are {before or 'not declared'}, those of {target} {after or 'not declared'}"
            )
            accepted = "a status with the same, because nothing is done when an entity is moved"
            yield _fault(graph, status, "migration_axis", f"{message}; accepted: {accepted}")


def _fault(graph: Graph, status: Status, code: str, message: str) -> Fault:
    """A fault of a status of the old version."""
    return Fault(
        code=code,
        line=status.line,
        path=f"statuses.{status.name}",
        status=status.name,
        message=f"{status.name}: {message}.",
        trail=graph.trail(status.name),
    )
