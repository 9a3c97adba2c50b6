"""What a room declares so that its flows can be proved: context, triggers, actions with effects, roles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec

from coster.engine.workflow import guards, kinds

HoldsEffect: TypeAlias = Literal["", "taken", "kept", "committed", "released", "consumed", "handed_over"]

# The state of holds after an effect; what is not here cannot be done. Releasing nothing is harmless.
AFTER: dict[tuple[str, HoldsEffect], str] = {
    ("none", "taken"): "live",
    ("live", "taken"): "live",
    ("none", "kept"): "none",
    ("live", "kept"): "live",
    ("committed", "kept"): "committed",
    ("live", "committed"): "committed",
    ("committed", "committed"): "committed",
    ("none", "released"): "none",
    ("live", "released"): "none",
    ("committed", "released"): "none",
    ("live", "consumed"): "none",
    ("committed", "consumed"): "none",
    ("live", "handed_over"): "none",
    ("committed", "handed_over"): "none",
}


class ActionSpec(msgspec.Struct, frozen=True, kw_only=True):
    """An action that flows of an entity may name.

    The room carries it out; here is what can be proved about it.
    """

    name: str
    summary: str
    """One sentence for people who write flows."""
    parameters: Mapping[str, str] = {}
    """Name to type (see `kinds`); a type that ends in `?` may be left out."""
    holds: HoldsEffect = ""
    """What becomes of all holds of the entity; empty: the action does not touch them."""


class Vocabulary(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a flow of one entity may name.

    Raises ValueError when a declared type does not exist.
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
    holds_stock: bool
    """Whether the entity owns holds, so that every way to an end must release, consume or hand them over."""

    def __post_init__(self) -> None:
        """Refuses types that do not exist and actions that stand twice: mistakes of a room."""
        guards.Language(self.context)
        for parameters in (*self.triggers.values(), *(spec.parameters for spec in self.actions)):
            for kind in parameters.values():
                kinds.parse(kinds.required(kind))
        if len({spec.name for spec in self.actions}) != len(self.actions):
            raise ValueError(f"the vocabulary of {self.entity} declares an action twice")

    def action(self, name: str) -> ActionSpec | None:
        """The action of that name, if it is declared."""
        return next((spec for spec in self.actions if spec.name == name), None)
