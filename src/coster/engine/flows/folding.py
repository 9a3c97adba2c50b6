"""The fold over commands on flows: what is so after each of them, and what is to be written and told in the end. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import msgspec

from coster.engine.flows.model import (
    LONGEST_REASON,
    NO_PIN,
    WRITE,
    Begun,
    Draft,
    Flows,
    Head,
    Judged,
    Pin,
    Pinned,
    Published,
    Retired,
    Writes,
)
from coster.engine.workflow.faults import Fault
from coster.engine.workflow.records import Flow
from coster.engine.workflow.tables import Key
from coster.kernel import ids, refusal
from coster.kernel.message import Command, Decided, Event
from coster.kernel.outcome import Accepted, Outcome, Rejected

ENTITY: Final = "flow"
MOST_TOLD: Final = 100
"""So many faults of a text a refusal names."""

_NOTHING_SAID: Final = Judged(flow=None)


class Fold:
    """Flows as the commands so far leave them."""

    def __init__(self, state: Flows) -> None:
        self.state = state
        self.heads = dict(state.heads)
        self.drafts = dict(state.drafts)
        self.versions = dict(state.versions)
        self.pins = dict(state.pins)
        self.moves = list(state.moves)
        self.mark = state.mark
        self.events: list[tuple[int, Event]] = []
        self.published: list[Published] = []
        self.retired: list[Retired] = []
        self.pinned: list[Pinned] = []
        self.begun: list[Begun] = []
        self.index = 0

    # ---- what is so

    def judged(self, command: Command[Any]) -> Judged:
        """What was said of the command's text beforehand."""
        return self.state.judged.get(command.id, _NOTHING_SAID)

    def entity(self, name: str) -> str:
        """The kind of entity that a flow is for; empty: nobody has one of this name."""
        if name in self.heads:
            return self.heads[name].entity
        for entity, tables in self.state.tables.items():
            if name in self.state.shipped and any(known == name for known, _ in tables.versions):
                return entity
        return ""

    def numbers(self, name: str) -> list[int]:
        """The numbers of every version that may be used, in order."""
        tables = self.state.tables.get(self.entity(name))
        found = {version for known, version in tables.versions if known == name} if tables else set()
        return sorted(found | {version for known, version in self.versions if known == name})

    def flow(self, name: str, version: int) -> Flow | None:
        """A version that was usable before the batch; None: there is none."""
        tables = self.state.tables.get(self.entity(name))
        if tables is None or (name, version) not in tables.versions:
            return None
        return tables.of(name, version).flow

    def pin(self, name: str) -> Pin:
        """The pin of a name, or that there is none."""
        return self.pins.get(name, NO_PIN)

    def current(self, name: str) -> int | None:
        """The version on which new entities begin, the canary left aside."""
        pinned = self.pin(name).version
        return self.state.shipped.get(name) if pinned is None else pinned

    def in_use(self) -> dict[str, Flow]:
        """Every flow on which new entities begin, by name."""
        names = dict.fromkeys((*self.state.shipped, *self.pins))
        found = {
            name: self.flow(name, version) for name in names if (version := self.current(name)) is not None
        }
        return {name: flow for name, flow in found.items() if flow is not None}

    # ---- what happens

    def tell(self, name: str, what: tuple[str, str], data: Mapping[str, Any]) -> None:
        """An event of a flow; `what` is its name and the kind of entity that the flow is for."""
        event, entity = what
        head = self.heads.get(name, Head(name=name, entity=entity, version=0))
        self.heads[name] = head = msgspec.structs.replace(head, version=head.version + 1)
        told = {"name": name, "entity": entity, **data}
        self.events.append((self.index, Event(event, ENTITY, flow_id(name), head.version, told)))

    def stamp(self, command: Command[Any]) -> None:
        """From here on the flows are others than before, so whoever has compiled them has to look again."""
        event = self.events[-1][1]
        self.mark = ids.derived("flows", self.mark, command.id, event.name, dict(event.data)).int >> 65

    def decided(self, outcomes: Sequence[Outcome]) -> Decided[Writes]:
        """What all of it comes to."""
        before = self.state
        writes = Writes(
            mark=self.mark if self.mark != before.mark else None,
            heads=[head for name, head in self.heads.items() if before.heads.get(name) != head],
            drafts=[draft for key, draft in self.drafts.items() if before.drafts.get(key) != draft],
            gone=[key for key in before.drafts if key not in self.drafts],
            published=self.published,
            retired=self.retired,
            pinned=self.pinned,
            begun=self.begun,
        )
        return Decided(outcomes, writes, self.events)


Step: TypeAlias = Callable[[Fold, Command[Any]], Outcome]


def fold(state: Flows, commands: Sequence[Command[Any]], step: Step) -> Decided[Writes]:
    """Each command in turn, where whoever sends it may, and says why."""
    folded = Fold(state)
    outcomes: list[Outcome] = []
    for index, command in enumerate(commands):
        folded.index = index
        outcomes.append(_refused(command) or _fixed(folded, command) or step(folded, command))
    return folded.decided(outcomes)


def _refused(command: Command[Any]) -> Rejected | None:
    if not command.authority.allows(WRITE):
        return refusal.not_permitted("change flows")
    faults = refusal.Faults()
    faults.text("reason", command.body.reason, most=LONGEST_REASON, needed=True)
    return faults.rejected()


def _fixed(so_far: Fold, command: Command[Any]) -> Rejected | None:
    """Of some entities nobody changes the flows."""
    flow = so_far.judged(command).flow
    entity = flow.entity if flow is not None else so_far.entity(getattr(command.body, "name", ""))
    vocabulary = so_far.state.vocabularies.get(entity)
    if vocabulary is None or not vocabulary.fixed:
        return None
    said = (
        f"Nobody changes the flows of {entity}: they come with the program, whose machinery is bound to them."
    )
    return Rejected("flow_fixed", said, {"entity": entity})


def flow_id(name: str) -> uuid.UUID:
    """The id under which events of a flow are told."""
    return ids.derived("flow by name", name)


def described(faults: Sequence[Fault]) -> list[dict[str, Any]]:
    """Faults as JSON has them, the first ones."""
    return [msgspec.to_builtins(fault) for fault in faults[:MOST_TOLD]]


def refuse(code: str, what: str, faults: Sequence[Fault]) -> Rejected:
    """A refusal that names faults; `what` is a sentence's beginning."""
    more = f" and {len(faults) - 1} more" if len(faults) > 1 else ""
    return Rejected(code, f"{what}: {faults[0]}{more}", {"count": len(faults), "defects": described(faults)})


def not_found(name: str, version: int | None = None) -> Rejected:
    """There is no such flow, or no such version of it."""
    if version is None:
        return Rejected("flow_not_found", f"There is no flow named {name[:100]}; list them at /api/v1/flows.")
    return Rejected(
        "flow_version_not_found",
        f"There is no published version {version} of {name[:100]}; list them at /api/v1/flows/{name[:100]}/versions.",
    )


def accepted(draft: Draft | None = None, **more: Any) -> Accepted:
    """An answer; of a draft with where it stands."""
    if draft is None:
        return Accepted(more)
    told = {"name": draft.name, "flow_version": draft.version, "revision": draft.revision}
    return Accepted({**told, **more})


def key_of(body: Any) -> Key:
    """The name and number that a command names."""
    return body.name, body.version
