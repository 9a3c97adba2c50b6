"""Moves of entities between versions: which may begin, and which may be undone. Pure; `moving` says who goes where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from coster.engine.flows import moving
from coster.engine.flows.folding import Fold, accepted, fold, not_found, refuse
from coster.engine.flows.model import Begun, Flows, Head, MigrateFlow, UndoMove, Writes
from coster.engine.flows.moving import Move
from coster.engine.workflow import check_migration
from coster.engine.workflow.faults import Fault
from coster.engine.workflow.records import Flow
from coster.kernel import refusal
from coster.kernel.message import Command, Decided
from coster.kernel.outcome import Outcome, Rejected

MOST_SOURCES = 100


def migrate(state: Flows, commands: Sequence[Command[MigrateFlow]]) -> Decided[Writes]:
    """Moves that begin, where nobody would be lost on the way."""
    return fold(state, commands, _migrate)


def undo(state: Flows, commands: Sequence[Command[UndoMove]]) -> Decided[Writes]:
    """Moves back."""
    return fold(state, commands, _undo)


def against(
    sources: Sequence[Flow], target: Flow, mapping: Mapping[str, str], *, in_parent: bool = False
) -> tuple[Fault, ...]:
    """Everything that stands against moving entities of several versions to one; each names its version.

    `in_parent`: they live in the rows of others, which hear of an end by an event, and of a move not at all.
    """
    ended = (fault for flow in sources for fault in _ended(flow, target, mapping)) if in_parent else ()
    return (*_against(sources, target, mapping), *ended)


def _ended(flow: Flow, target: Flow, mapping: Mapping[str, str]) -> Iterator[Fault]:
    """Children that would come to their end by being moved."""
    final = {status.name for status in target.statuses if status.final}
    for status in flow.statuses:
        to = mapping.get(status.name, status.name)
        if not status.final and to in final:
            message = f"{status.name}: {to} is final, and its parent would not hear of it; accepted: one that is not."
            path = f"statuses.{status.name}"
            yield Fault(
                code="migration_final", line=status.line, path=path, status=status.name, message=message
            )


def _against(sources: Sequence[Flow], target: Flow, mapping: Mapping[str, str]) -> Iterator[Fault]:
    names = {status.name for flow in sources for status in flow.statuses}
    for flow in sources:
        own = {status.name for status in flow.statuses}
        # A status that another of the versions has is no mistake; one that none has is told once.
        usable = {old: new for old, new in mapping.items() if old in own or old not in names}
        yield from check_migration.migration(flow, target, usable)


def _migrate(so_far: Fold, command: Command[MigrateFlow]) -> Outcome:
    body = command.body
    target = so_far.flow(body.name, body.to_version)
    if target is None:
        return not_found(body.name, body.to_version) if so_far.entity(body.name) else not_found(body.name)
    refused = _malformed(body) or _busy(so_far, command, body.name)
    if refused:
        return refused
    known = so_far.versions.get((body.name, body.to_version))
    mapping = dict(known.mapping if known and body.mapping is None else body.mapping or {})
    sources = {version: so_far.flow(body.name, version) for version in sorted(body.sources)}
    if missing := [version for version, flow in sources.items() if flow is None]:
        return not_found(body.name, missing[0])
    in_parent = so_far.state.vocabularies[target.entity].in_parent
    leaving = [flow for flow in sources.values() if flow is not None]
    found = against(leaving, target, mapping, in_parent=in_parent)
    if found:
        return refuse(
            "flow_migration_refused", f"Entities could not come to version {body.to_version}", found
        )
    move = Move(
        id=body.move_id,
        name=body.name,
        entity=target.entity,
        sources=tuple(sources),
        to_version=body.to_version,
        mapping=mapping,
    )
    return _begin(so_far, command, move)


def _malformed(body: MigrateFlow) -> Rejected | None:
    faults = refusal.Faults()
    faults.number("sources", len(body.sources), least=1, most=MOST_SOURCES)
    faults.distinct("sources", body.sources)
    if body.to_version in body.sources:
        faults.add("sources", f"names version {body.to_version}, to which they shall go")
    return faults.rejected()


def _busy(so_far: Fold, command: Command[Any], name: str) -> Rejected | None:
    """One move of a flow after the other, and each under an id of its own."""
    if any(move.id == command.body.move_id for move in so_far.moves):
        return Rejected(
            "flow_move_exists", "There is a move with this id; leave the id out to be given a new one."
        )
    for move in so_far.moves:
        if move.name == name and not move.done:
            said = f"Entities of {name} are being moved at this moment; wait until that is done."
            return Rejected("flow_move_running", said, {"move": str(move.id)})
    return None


def _begin(so_far: Fold, command: Command[Any], move: Move) -> Outcome:
    so_far.moves.append(move)
    # The move refers to the flow, which has no row yet where everything is as it is shipped.
    so_far.heads.setdefault(move.name, Head(name=move.name, entity=move.entity, version=0))
    so_far.begun.append(Begun(move=move, actor=command.actor, at=command.at, reason=command.body.reason))
    so_far.events.append((so_far.index, moving.told(move, moving.STARTED)))
    return accepted(id=str(move.id), name=move.name, state="running")


def _undo(so_far: Fold, command: Command[UndoMove]) -> Outcome:
    body = command.body
    before = next((move for move in so_far.moves if move.id == body.undoes), None)
    if before is None:
        return Rejected("flow_move_not_found", "There is no move with this id.")
    refused = _busy(so_far, command, before.name)
    if refused:
        return refused
    if before.undoes is not None:
        return Rejected(
            "flow_move_not_undoable", "This move went back itself; begin a new one with a mapping."
        )
    if any(move.undoes == before.id for move in so_far.moves):
        return Rejected("flow_move_undone", "This move was undone before.")
    back = Move(
        id=body.move_id,
        name=before.name,
        entity=before.entity,
        sources=before.sources,
        to_version=before.to_version,
        mapping=before.mapping,
        undoes=before.id,
    )
    return _begin(so_far, command, back)
