"""Drafts, publishing and retiring: what may become a version, and when. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from coster.engine.flows.folding import Fold, accepted, fold, key_of, not_found, refuse
from coster.engine.flows.model import (
    MOST_DRAFTS,
    MOST_VERSIONS,
    Draft,
    DraftFlow,
    DropDraft,
    Flows,
    Judged,
    Published,
    PublishFlow,
    Retired,
    RetireFlow,
    Version,
    Writes,
)
from coster.engine.workflow import check, check_migration, language
from coster.engine.workflow.actions import Vocabulary
from coster.engine.workflow.faults import FlowRefusedError
from coster.engine.workflow.records import Flow
from coster.kernel import refusal
from coster.kernel.message import Command, Decided
from coster.kernel.outcome import Accepted, Outcome, Rejected


def draft(state: Flows, commands: Sequence[Command[DraftFlow]]) -> Decided[Writes]:
    """Texts written down; one that the checker refuses is kept too, one without form is not."""
    return fold(state, commands, _draft)


def drop(state: Flows, commands: Sequence[Command[DropDraft]]) -> Decided[Writes]:
    """Drafts forgotten."""
    return fold(state, commands, _drop)


def publish(state: Flows, commands: Sequence[Command[PublishFlow]]) -> Decided[Writes]:
    """Drafts made versions, where the checker proves them and nobody would be lost on the way from what is pinned."""
    return fold(state, commands, _publish)


def retire(state: Flows, commands: Sequence[Command[RetireFlow]]) -> Decided[Writes]:
    """Versions on which nothing may begin any more."""
    return fold(state, commands, _retire)


# --------------------------------------------------------------------------------------- what is said of a text beforehand


def read(text: str) -> Judged:
    """The flow of a text, or the faults of its form."""
    try:
        return Judged(flow=language.read(text, "the text"))
    except FlowRefusedError as refused:
        return Judged(flow=None, faults=refused.faults)


def judge(
    text: str,
    known: tuple[Mapping[str, Vocabulary], Mapping[str, Flow]],
    before: Flow | None,
    mapping: Mapping[str, str],
) -> Judged:
    """Everything that stands against publishing a text.

    `known` are the vocabularies by entity and the flows in use by name, `before` is the version that is pinned.
    """
    flow = read(text).flow
    vocabularies, library = known
    if flow is None or flow.entity not in vocabularies:
        return read(text)
    others = {name: other for name, other in library.items() if name != flow.name}
    against = check_migration.migration(before, flow, mapping) if before is not None else ()
    return Judged(flow=flow, faults=check.check(flow, vocabularies[flow.entity], others), migration=against)


# ------------------------------------------------------------------------------------------------------------------- steps


def _draft(so_far: Fold, command: Command[DraftFlow]) -> Outcome:
    body, judged = command.body, so_far.judged(command)
    flow = judged.flow
    if flow is None:
        return refuse("flow_text_invalid", "This text is no flow", judged.faults)
    before = so_far.drafts.get((flow.name, flow.version))
    refused = _misnamed(so_far, flow, body.name) or _outnumbered(so_far, flow)
    refused = refused or refusal.version_conflict(
        "draft", expected=body.expected_revision, current=before.revision if before else 0
    )
    if refused:
        return refused
    written = _written(so_far, command, flow)
    if before is not None and before.digest == written.digest:
        return accepted(before)
    so_far.drafts[flow.name, flow.version] = written
    told = {"flow_version": flow.version, "revision": written.revision, "digest": written.digest}
    told |= {"based_on": written.based_on, "reason": body.reason}
    so_far.tell(flow.name, ("flow.drafted", flow.entity), told)
    return accepted(written)


def _written(so_far: Fold, command: Command[DraftFlow], flow: Flow) -> Draft:
    """The draft as the command leaves it."""
    before = so_far.drafts.get((flow.name, flow.version))
    numbers = so_far.numbers(flow.name)
    base = so_far.current(flow.name) or (numbers[-1] if numbers else None)
    return Draft(
        name=flow.name,
        version=flow.version,
        revision=before.revision + 1 if before else 1,
        type=flow.type,
        text=command.body.text,
        digest=hashlib.sha256(command.body.text.encode()).hexdigest(),
        based_on=before.based_on if before else base,
        actor=command.actor,
        at=command.at,
        reason=command.body.reason,
    )


def _misnamed(so_far: Fold, flow: Flow, name: str) -> Rejected | None:
    """A text for another flow than it was sent to, or for another kind of entity."""
    if flow.name != name:
        return Rejected("flow_name_differs", f"The text is named {flow.name}, and was sent to {name[:100]}.")
    known = sorted(so_far.state.vocabularies)
    if flow.entity not in known:
        found = f"The flow is for '{flow.entity}'; accepted: {', '.join(known)}."
        return Rejected("flow_entity_unknown", found, {"accepted": known})
    before = so_far.entity(flow.name)
    if before and before != flow.entity:
        return Rejected(
            "flow_entity_fixed",
            f"{flow.name} is for {before} and stays so; write a flow for {flow.entity} under another name.",
        )
    return None


def _outnumbered(so_far: Fold, flow: Flow) -> Rejected | None:
    """A number that is taken, or one draft too many."""
    newest = max(so_far.numbers(flow.name), default=0)
    if flow.version <= newest:
        return _taken(flow.name, flow.version, newest + 1)
    if (flow.name, flow.version) not in so_far.drafts and len(so_far.drafts) >= MOST_DRAFTS:
        return Rejected(
            "flow_drafts_full",
            f"There are {MOST_DRAFTS} drafts, which are the most; publish or drop some first.",
        )
    return None


def _taken(name: str, version: int, following: int) -> Rejected:
    return Rejected(
        "flow_version_taken",
        f"A new version of {name} has a number above all before, and {version} is none; write `version: {following}`.",
        {"next": following},
    )


def _drop(so_far: Fold, command: Command[DropDraft]) -> Outcome:
    body = command.body
    if key_of(body) not in so_far.drafts:
        return _no_draft(body.name, body.version)
    del so_far.drafts[key_of(body)]
    so_far.tell(
        body.name,
        ("flow.draft_dropped", so_far.entity(body.name)),
        {"flow_version": body.version, "reason": body.reason},
    )
    return accepted(name=body.name, flow_version=body.version)


def _no_draft(name: str, version: int) -> Rejected:
    return Rejected("flow_draft_not_found", f"There is no draft of version {version} of {name[:100]}.")


def _publish(so_far: Fold, command: Command[PublishFlow]) -> Outcome:
    body, found = command.body, so_far.drafts.get(key_of(command.body))
    if found is None:
        numbers = so_far.numbers(body.name)
        return (
            _taken(body.name, body.version, numbers[-1] + 1)
            if body.version in numbers
            else _no_draft(body.name, body.version)
        )
    refused = refusal.version_conflict("draft", expected=body.expected_revision, current=found.revision)
    refused = refused or _unfit(so_far, command, found)
    if refused:
        return refused
    del so_far.drafts[key_of(body)]
    mapping = dict(body.mapping)
    so_far.versions[key_of(body)] = Version(
        name=body.name, version=body.version, mapping=mapping, retired=False
    )
    so_far.published.append(
        Published(draft=found, mapping=mapping, actor=command.actor, at=command.at, reason=body.reason)
    )
    told = {"flow_version": body.version, "digest": found.digest, "based_on": found.based_on}
    told |= {"mapping": mapping, "author": str(found.actor), "reason": body.reason}
    so_far.tell(body.name, ("flow.published", so_far.entity(body.name)), told)
    so_far.stamp(command)
    return Accepted({"name": body.name, "flow_version": body.version, "digest": found.digest})


def _unfit(so_far: Fold, command: Command[PublishFlow], found: Draft) -> Rejected | None:
    """Why a draft cannot become a version."""
    judged = so_far.judged(command)
    newest = max(so_far.numbers(found.name), default=0)
    if found.version <= newest:
        return _taken(found.name, found.version, newest + 1)
    if len(so_far.versions) >= MOST_VERSIONS:
        return Rejected(
            "flow_versions_full",
            f"This organisation has published {MOST_VERSIONS} versions of flows, which are the most.",
            {"most": MOST_VERSIONS},
        )
    if judged.faults:
        return refuse("flow_refused", f"{found.name} version {found.version} is not proved", judged.faults)
    if judged.migration:
        said = f"Entities on version {so_far.current(found.name)} could not come to version {found.version}"
        return refuse("flow_migration_refused", said, judged.migration)
    return None


def _retire(so_far: Fold, command: Command[RetireFlow]) -> Outcome:
    body = command.body
    version = so_far.versions.get(key_of(body))
    if version is None and body.version in so_far.numbers(body.name):
        return Rejected(
            "flow_version_shipped", "This version comes with the program; pin another one instead."
        )
    if version is None:
        return not_found(body.name, body.version)
    answer = accepted(name=body.name, flow_version=body.version)
    if version.retired:
        return answer
    pin = so_far.pin(body.name)
    if body.version in (pin.version, pin.canary):
        return Rejected("flow_pinned", "New entities begin on this version; pin another one first.")
    so_far.versions[key_of(body)] = Version(
        name=body.name, version=body.version, mapping=version.mapping, retired=True
    )
    so_far.retired.append(
        Retired(name=body.name, version=body.version, actor=command.actor, at=command.at, reason=body.reason)
    )
    told: dict[str, Any] = {"flow_version": body.version, "reason": body.reason}
    so_far.tell(body.name, ("flow.retired", so_far.entity(body.name)), told)
    so_far.stamp(command)
    return answer
