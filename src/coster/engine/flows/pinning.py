"""On which version new entities begin: what may be pinned. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from coster.engine.flows.folding import Fold, accepted, fold, not_found, refuse
from coster.engine.flows.model import NEVER_PINNED, Flows, Pin, PinFlow, Pinned, Writes
from coster.engine.workflow import check
from coster.engine.workflow.faults import Fault
from coster.engine.workflow.records import Flow
from coster.engine.workflow.tables import WHOLE
from coster.kernel import refusal
from coster.kernel.message import Command, Decided
from coster.kernel.outcome import Outcome, Rejected


def pin(state: Flows, commands: Sequence[Command[PinFlow]]) -> Decided[Writes]:
    """Versions pinned, with a canary or without."""
    return fold(state, commands, _pin)


def _pin(so_far: Fold, command: Command[PinFlow]) -> Outcome:
    body = command.body
    before = so_far.pin(body.name)
    refused = (
        _malformed(body)
        or _unknown(so_far, body)
        or _nothing_before(body)
        or refusal.version_conflict("pin", expected=body.expected, current=before.n)
        or _taken_back(body, before)
        or _unfit(so_far, body)
    )
    if refused:
        return refused
    same = (before.version, before.canary, before.share) == (body.version, body.canary, body.share)
    if same and not body.back:
        return _answer(before, body)
    entity = so_far.entity(body.name)
    after = Pin(
        name=body.name,
        n=before.n + 1,
        version=body.version,
        canary=body.canary,
        share=body.share,
        back=body.back,
    )
    so_far.pins[body.name] = after
    so_far.pinned.append(Pinned(pin=after, actor=command.actor, at=command.at, reason=body.reason))
    told: dict[str, Any] = {
        **_told(after),
        "before": _told(before) if before.n else None,
        "reason": body.reason,
    }
    so_far.tell(body.name, ("flow.pinned", entity), told)
    so_far.stamp(command)
    return _answer(after, body)


def _told(pinned: Pin) -> dict[str, Any]:
    return {"flow_version": pinned.version, "canary": pinned.canary, "share": pinned.share}


def _answer(pinned: Pin, body: PinFlow) -> Outcome:
    return accepted(name=body.name, pin=pinned.n, **_told(pinned))


def _malformed(body: PinFlow) -> Rejected | None:
    faults = refusal.Faults()
    if body.canary is None:
        if body.share:
            faults.add("share", "is of a canary, and there is none; name one")
    else:
        faults.number("share", body.share, least=1, most=WHOLE)
        if body.canary == body.version:
            faults.add("canary", "is the version itself; name another one, or none")
        if body.version is None:
            faults.add("canary", "needs a version on which the others begin")
    return faults.rejected()


def _nothing_before(body: PinFlow) -> Rejected | None:
    if body.expected != NEVER_PINNED:
        return None
    return Rejected("flow_not_pinned", f"{body.name} was never pinned, so there is nothing to go back to.")


def _taken_back(body: PinFlow, before: Pin) -> Rejected | None:
    """Whoever presses twice must not come back to what was rolled back."""
    if not (body.back and before.back):
        return None
    return Rejected(
        "flow_rolled_back",
        f"{body.name} was rolled back before, and nothing was pinned since; to go further back, pin the version by its number.",
        {"pin": before.n, "flow_version": before.version},
    )


def _unknown(so_far: Fold, body: PinFlow) -> Rejected | None:
    """A flow or version that is not there, or on which nothing may begin any more."""
    if not so_far.entity(body.name):
        return not_found(body.name)
    for version in (body.version, body.canary):
        if version is None:
            continue
        if so_far.flow(body.name, version) is None:
            return not_found(body.name, version)
        known = so_far.versions.get((body.name, version))
        if known is not None and known.retired:
            return Rejected(
                "flow_version_retired", f"Version {version} was retired, so nothing begins on it any more."
            )
    return None


def _unfit(so_far: Fold, body: PinFlow) -> Rejected | None:
    """What would not go together with the other flows in use."""
    version = so_far.state.shipped.get(body.name) if body.version is None else body.version
    chosen = None if version is None else so_far.flow(body.name, version)
    if chosen is None:
        return None
    canary = so_far.flow(body.name, body.canary) if body.canary is not None else None
    if canary is not None and canary.type != chosen.type:
        return Rejected(
            "flow_type_differs",
            f"Version {version} is for the type '{chosen.type}', the canary for '{canary.type}'; both must be for one type.",
        )
    others = {name: flow for name, flow in so_far.in_use().items() if name != body.name}
    for other in others.values():
        if (other.entity, other.type) == (chosen.entity, chosen.type):
            kind = (
                f"{chosen.entity} of the type '{chosen.type}'"
                if chosen.type
                else f"{chosen.entity} of no type"
            )
            said = f"{other.name} is what every {kind} begins on; give this flow a type of its own, or write a version of {other.name}."
            return Rejected("flow_type_taken", said, {"flow": other.name})
    for flow in filter(None, (chosen, canary)):
        if found := tuple(_breaks(so_far, others, flow)):
            return refuse(
                "flow_pin_refused",
                f"{flow.name} version {flow.version} does not go with the flows in use",
                found,
            )
    return None


def _breaks(so_far: Fold, others: Mapping[str, Flow], flow: Flow) -> Iterator[Fault]:
    """What the checker says of a flow and its parents as soon as the flow is in use, and did not say before."""
    known = so_far.state.vocabularies
    if flow.children:
        alone = set(check.check(flow, known[flow.entity]))
        yield from (found for found in check.check(flow, known[flow.entity], others) if found not in alone)
    before, after = so_far.in_use(), {**others, flow.name: flow}
    for parent in others.values():
        if any(flow.name in entry.flows.values() for entry in parent.children):
            said = set(check.check(parent, known[parent.entity], before))
            yield from (one for one in check.check(parent, known[parent.entity], after) if one not in said)
