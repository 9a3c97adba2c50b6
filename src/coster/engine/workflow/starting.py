"""A flow to begin with: small and proved, with everything in comments that a flow of its entity may name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from coster.engine.workflow import effects, kinds
from coster.engine.workflow.actions import BUILT_IN, ActionSpec, Vocabulary


def text(name: str, vocabulary: Vocabulary) -> str:
    """The text of a file with one row: an entity begins owing nothing, and ends by the simplest trigger of its room."""
    owed = "".join(f", {axis}: none" for axis in vocabulary.owns)
    lines = [
        "# The language: docs/reference/flows.md. `coster flows schema` prints a JSON Schema for editors.",
        *_may_name(vocabulary),
        f"name: {name}",
        "title: What people call it",
        f"entity: {vocabulary.entity}",
        "version: 1",
        "",
        "statuses:",
        f"  open: {{label: Open, category: booking{owed}, initial: true}}",
        f"  done: {{label: Done, category: done{owed}, final: true}}",
        "",
        "transitions:",
        f"  - {{on: {_simplest(vocabulary)}, from: [open], to: done}}",
    ]
    return "\n".join(lines) + "\n"


def _simplest(vocabulary: Vocabulary) -> str:
    """The trigger that needs fewest attributes, the first of those."""
    needed = {
        trigger: sum(not kinds.optional(kind) for kind in takes.values())
        for trigger, takes in vocabulary.triggers.items()
    }
    return min(needed, key=lambda trigger: needed[trigger])


def _may_name(vocabulary: Vocabulary) -> Iterator[str]:
    """What flows of the entity may name, as comments."""
    yield f"# What flows of {vocabulary.entity} may name:"
    for name, kind in vocabulary.context.items():
        yield f"#   context  {name}: {kind}"
    for trigger, takes in vocabulary.triggers.items():
        yield f"#   trigger  {trigger}{_taken(takes)}"
    for spec in (*vocabulary.actions, *BUILT_IN):
        if spec.name != "placeholder":
            yield f"#   action   {spec.name}{_taken(spec.parameters)}: {spec.summary}{_effect(spec)}"
    yield f"#   roles    {', '.join(sorted(vocabulary.roles))}"
    for name in sorted(vocabulary.calendars):
        yield f"#   calendar {name}"
    for axis in vocabulary.owns:
        yield f"#   owns     {axis} ({effects.AXES[axis].about}): each status says {' or '.join(effects.AXES[axis].states)}"


def _taken(takes: Mapping[str, str]) -> str:
    """Attributes or parameters with their types."""
    return f" {{{', '.join(f'{name}: {kind}' for name, kind in takes.items())}}}" if takes else ""


def _effect(spec: ActionSpec) -> str:
    """What an action does to what the entity owns."""
    found = [f"{axis}: {spec.effect(axis)}" for axis in effects.AXES if spec.effect(axis)]
    return f" ({', '.join(found)})" if found else ""
