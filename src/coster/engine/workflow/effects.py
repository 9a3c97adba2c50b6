"""What must not leak: the axes on which a status declares a state, and what actions do to it.

The proof is made row by row: the actions of a row must lead from what its status declares to what the next one
declares. What holds for every row holds for every path, and final statuses declare nothing that is still open.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from coster.engine.workflow import shape_parts


class Axis(msgspec.Struct, frozen=True, kw_only=True):
    """Something that an entity may own, which must be given back before its end."""

    name: str
    """Also the key of a status, the field of an action, and the word in `Vocabulary.owns`."""
    about: str
    states: tuple[str, ...]
    after: Mapping[tuple[str, str], str]
    """(state, effect) to the state afterwards; what is not here cannot be done."""
    ends: frozenset[str]
    """States in which nothing is open any more, so that a final status may declare them."""

    @property
    def effects(self) -> tuple[str, ...]:
        """Every effect that an action may declare, in order."""
        return tuple(dict.fromkeys(effect for _, effect in self.after))


HOLDS = Axis(
    name="holds",
    about="goods that are held for the entity",
    states=shape_parts.HOLDS,
    after={
        ("none", "taken"): "live",
        ("live", "taken"): "live",
        ("none", "kept"): "none",
        ("live", "kept"): "live",
        ("committed", "kept"): "committed",
        ("live", "committed"): "committed",
        ("committed", "committed"): "committed",
        # Releasing nothing is harmless.
        ("none", "released"): "none",
        ("live", "released"): "none",
        ("committed", "released"): "none",
        ("live", "consumed"): "none",
        ("committed", "consumed"): "none",
        ("live", "handed_over"): "none",
        ("committed", "handed_over"): "none",
    },
    ends=frozenset({"none"}),
)
AUTHORISATION = Axis(
    name="authorisation",
    about="money that was authorised and is neither captured nor given back",
    states=shape_parts.AUTHORISATION,
    after={
        ("none", "authorised"): "open",
        ("open", "authorised"): "open",
        ("none", "kept"): "none",
        ("open", "kept"): "open",
        ("captured", "kept"): "captured",
        ("open", "captured"): "captured",
        ("none", "voided"): "none",
        ("open", "voided"): "none",
        ("captured", "refunded"): "none",
    },
    ends=frozenset({"none", "captured"}),
)
HELD_LINES = Axis(
    name="held_lines",
    about="lines of held orders that stand for the entity",
    states=shape_parts.HELD_LINES,
    after={
        ("none", "held"): "held",
        ("held", "held"): "held",
        ("none", "kept"): "none",
        ("held", "kept"): "held",
        ("none", "released"): "none",
        ("held", "released"): "none",
    },
    ends=frozenset({"none"}),
)
AXES: Mapping[str, Axis] = {axis.name: axis for axis in (HOLDS, AUTHORISATION, HELD_LINES)}
