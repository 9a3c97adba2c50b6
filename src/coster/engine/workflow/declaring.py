"""Vocabulary files: what flows of an entity may name, declared as data for entities that no room has (yet).

With one beside them flows are proved, lived through in memory and drawn before anybody has written a room that carries them out.
A room's own vocabulary is Python, beside the functions that keep its word.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coster.engine.workflow import document, effects, faults, kinds, shape_parts
from coster.engine.workflow.actions import ActionSpec, Vocabulary
from coster.engine.workflow.document import Node
from coster.engine.workflow.form import Flag, Form, Key, Keyed, ListOf, MapOf, OneOf, Schema, Text
from coster.engine.workflow.reading import Notes
from coster.engine.workflow.schema import URL


class _Type(Text, frozen=True, kw_only=True):
    """A type as contexts and parameters are declared in."""

    accepted: str = f"{kinds.ACCEPTED}; with `?` at the end where it may be null or left out"

    def fits(self, value: str) -> bool:
        """Whether it names a type."""
        try:
            kinds.parse(kinds.required(value))
        except ValueError:
            return False
        return True


def _types(about: str) -> MapOf:
    return MapOf(value=_Type(), keys=shape_parts.FIELD, accepted=f"a mapping from {about} to types")


def _words(item: Form, about: str) -> ListOf:
    return ListOf(item=item, different=True, accepted=f"a list of {about}")


def _effect(axis: effects.Axis) -> Key:
    return Key(OneOf(choices=axis.effects), f"Its effect on {axis.about}.", axis.effects[0])


ACTION = Keyed(
    name="An action",
    keys={
        "summary": Key(shape_parts.LINE, "One sentence for people who write flows.", "Gives the goods back.", required=True),
        "parameters": Key(_types("parameters"), "What it takes, name to type.", "{reason: string}"),
        "fails": Key(Flag(), "`true`: it may refuse, so that the row's `error.then` is tried.", "true"),
        "sends": Key(Flag(), "`true`: something goes out that may fail later.", "true"),
        **{name: _effect(axis) for name, axis in effects.AXES.items()},
    },
)  # fmt: skip
ENTITY = Keyed(
    name="An entity",
    keys={
        "context": Key(_types("fields"), "What guards and timers may read, name to type.", "{items: int}"),
        "triggers": Key(
            MapOf(value=_types("attributes"), keys=shape_parts.TRIGGER, accepted="a mapping from events to their attributes"),
            "Events that drive its flows, name to attributes; a flow may add its own.",
            "{pack: {boxes: int}}",
        ),
        "actions": Key(
            MapOf(value=ACTION, keys=shape_parts.NAME, accepted="a mapping from names to actions"),
            "What flows may do.",
            "see below",
        ),
        "owns": Key(
            _words(OneOf(choices=tuple(effects.AXES)), "what may be owed"),
            "What it may owe, so that every way to an end must settle it.",
            "[holds]",
        ),
        "calendars": Key(_words(shape_parts.NAME, "names"), "Calendars that every entity has.", "[opening_hours]"),
    },
)  # fmt: skip
FILE = Keyed(
    name="The vocabulary",
    keys={
        "roles": Key(_words(shape_parts.NAME, "roles"), "Roles that buttons may name.", "[store, service]"),
        "entities": Key(
            MapOf(value=ENTITY, keys=shape_parts.NAME, least=1, accepted="a mapping from names to entities"),
            "The entities.",
            "see below",
            required=True,
        ),
    },
)


def json_schema() -> Schema:
    """The schema of a vocabulary file as plain data; that a type is one only the reader knows."""
    return {"$schema": URL, "title": "Vocabulary of flows of Coster", **FILE.schema()}


def read(text: str, source: str = "vocabulary") -> dict[str, Vocabulary]:
    """The vocabularies of a file by entity. Raises FlowRefusedError with every fault, each with line and path."""
    notes = Notes()
    root = document.read(text, notes.faults)
    found: dict[str, Vocabulary] = {}
    if root is not None:
        FILE.check(root, notes)
    if root is not None and not notes.faults:
        found = _vocabularies(root, notes)
    if notes.faults:
        raise faults.FlowRefusedError(source, faults.in_file_order(notes.faults))
    return found


def _vocabularies(root: Node, notes: Notes) -> dict[str, Vocabulary]:
    """Every entity of a file whose form was accepted; what contradicts itself is noted."""
    fields: Any = root.value
    roles: Any = fields["roles"].plain if "roles" in fields else []
    found: dict[str, Vocabulary] = {}
    for name, node in fields["entities"].value.items():
        try:
            found[name] = _vocabulary(name, node.plain, frozenset(roles))
        except ValueError as wrong:
            notes.note("value_wrong", node, f"{wrong}.")
    return found


def _vocabulary(name: str, plain: Mapping[str, Any], roles: frozenset[str]) -> Vocabulary:
    """One entity. Raises ValueError where it contradicts itself."""
    return Vocabulary(
        entity=name,
        context=plain.get("context", {}),
        triggers=plain.get("triggers", {}),
        actions=tuple(ActionSpec(name=action, **said) for action, said in plain.get("actions", {}).items()),
        roles=roles,
        owns=tuple(plain.get("owns", ())),
        calendars=frozenset(plain.get("calendars", ())),
    )
