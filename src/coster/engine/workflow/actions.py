"""What a room declares so that its flows can be proved: context, triggers, actions with needs and effects, roles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from coster.engine.workflow import effects, guards, kinds

# What every context has besides the fields of its room; the room must not use these words for its own.
OURS = ("now", "event", "settings", "children")


class ActionSpec(msgspec.Struct, frozen=True, kw_only=True):
    """An action that flows of an entity may name.

    The room carries it out; here is what can be proved about it.
    """

    name: str
    summary: str
    """One sentence for people who write flows."""
    parameters: Mapping[str, str] = {}
    """Name to type (see `kinds`); a type that ends in `?` may be left out."""
    templates: frozenset[str] = frozenset()
    """Parameters whose text may hold fields of the context in braces, as the bodies of webhooks do."""
    needs: frozenset[str] = frozenset()
    """What must be loaded before it can be carried out: fields of the context, or sets of `Vocabulary.data`."""
    fails: bool = False
    """Whether it may reject, so that the row's `error.then` is tried in the status that the entity is in."""
    sends: bool = False
    """Whether something goes out that may fail later, when the row is already carried out."""
    holds: str = ""
    """Its effect on all holds of the entity (`effects.HOLDS`); empty: it does not touch them. So with the others."""
    authorisation: str = ""
    held_lines: str = ""

    def effect(self, axis: str) -> str:
        """Its effect on an axis; empty: none."""
        return {"holds": self.holds, "authorisation": self.authorisation, "held_lines": self.held_lines}[axis]


BUILT_IN = (
    ActionSpec(
        name="send",
        summary="Sends a webhook of the flow to every endpoint that asks for its event.",
        parameters={"webhook": "string"},
        sends=True,
    ),
    ActionSpec(
        name="tell_children",
        summary="Sends an event to every child of a kind.",
        parameters={"children": "string", "event": "string"},
        sends=True,
    ),
    ActionSpec(
        name="tell_parent",
        summary="Sends an event to the entity of which this one is a child.",
        parameters={"event": "string"},
        sends=True,
    ),
    ActionSpec(
        name="set",
        summary="Sets attributes of the entity; text may hold fields of the context in braces, null removes one.",
        parameters={"attributes": "map(string, dyn)"},
        templates=frozenset({"attributes"}),
    ),
    ActionSpec(
        name="placeholder",
        summary="Stands for something that nobody has translated yet; such a flow cannot be published.",
        parameters={"name": "string", "properties": "map(string, dyn)?"},
    ),
)


class Vocabulary(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a flow of one entity may name.

    Raises ValueError when a declaration contradicts itself: a type that does not exist, an action that stands twice.
    """

    entity: str
    context: Mapping[str, str]
    """What guards and timers may read: name (dots allowed) to type. A step needs every field that a guard names.

    A type that ends in `?` may be null: only timers read such a field, and do not start while it is null.
    """
    triggers: Mapping[str, Mapping[str, str]]
    """Commands and events that drive the flow, with the attributes that they take: name to type as above."""
    actions: tuple[ActionSpec, ...]
    roles: frozenset[str]
    owns: tuple[str, ...] = ()
    """The axes (`effects.AXES`) on which an entity may owe something, so that every way to an end must settle it."""
    data: Mapping[str, str] = {}
    """Sets that the room can load for its actions, besides the context: name to a sentence."""
    children: Mapping[str, str] | None = None
    """What the room carries out as sub-entities: kind to entity; None: nothing is said, and a flow may have any."""
    parents: tuple[str, ...] | None = None
    """The entities that have this one as a child; None: nothing is said."""
    calendars: frozenset[str] = frozenset()
    """Calendars that the room gives for each entity, such as the opening hours of its place."""
    kept: frozenset[str] = frozenset()
    """Attributes in which the room itself keeps something: only its own actions write them."""
    told: frozenset[str] = frozenset()
    """Events that the program tells itself, and may act by: no webhook of a flow may have their names."""
    in_parent: bool = False
    """Whether an entity lives in its parent's row, which keeps no clock for it: each timer fires once in a status."""

    fixed: bool = False
    """Whether the program is bound to the flows that it ships for the entity, so that nobody writes or pins others."""

    def __post_init__(self) -> None:
        """Refuses contradictions: mistakes of a room, or of an action from outside."""
        guards.Language(self.context)
        for parameters in (*self.triggers.values(), *(spec.parameters for spec in self.actions)):
            for kind in parameters.values():
                kinds.parse(kinds.required(kind))
        for name in self.context:
            if name.partition(".")[0] in OURS:
                raise ValueError(
                    f"the vocabulary of {self.entity} calls a field {name}, which is the language's word"
                )
        if unknown := [axis for axis in self.owns if axis not in effects.AXES]:
            raise ValueError(
                f"the vocabulary of {self.entity} owns {unknown[0]}; accepted: {', '.join(effects.AXES)}"
            )
        names = [spec.name for spec in (*BUILT_IN, *self.actions)]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"the vocabulary of {self.entity} declares the action {twice[0]} twice")
        for spec in self.actions:
            self._refuse(spec)

    def _refuse(self, spec: ActionSpec) -> None:
        """Raises ValueError when an action needs or does what the entity does not have."""
        for need in sorted(spec.needs):
            if need not in self.context and need not in self.data:
                raise ValueError(
                    f"the action {spec.name} of {self.entity} needs {need}, which the room does not load"
                )
        for name, axis in effects.AXES.items():
            effect = spec.effect(name)
            if effect and effect not in axis.effects:
                accepted = ", ".join(axis.effects)
                raise ValueError(f"the action {spec.name} leaves {name} {effect}; accepted: {accepted}")
            if effect and name not in self.owns:
                raise ValueError(f"the action {spec.name} touches {name}, which {self.entity} does not own")

    def action(self, name: str) -> ActionSpec | None:
        """The action of that name, if the room or the language declares it."""
        return next((spec for spec in (*self.actions, *BUILT_IN) if spec.name == name), None)

    def extended(self, actions: Iterable[ActionSpec]) -> Vocabulary:
        """The vocabulary with actions from outside. Raises ValueError when one contradicts what is there."""
        return msgspec.structs.replace(self, actions=(*self.actions, *actions))
