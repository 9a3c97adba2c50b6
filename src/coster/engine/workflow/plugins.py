"""Actions from other packages: pure functions by entry point, with a declaration that the checker can use.

A package says in its pyproject.toml:

    [project.entry-points."coster.flow_actions"]
    gift_note = "coster_gift_note:ACTION"

and `ACTION` is an `Action`. It may read what it declares, set attributes, send messages and refuse; it cannot touch
holds or money, so nothing that is proved about a flow depends on it.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Iterable, Mapping
from importlib import metadata
from typing import Protocol

import msgspec

from coster.engine.workflow import effects, kinds
from coster.engine.workflow.actions import ActionSpec, Vocabulary
from coster.engine.workflow.document import Plain

GROUP = "coster.flow_actions"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What an action is asked to do, and everything that it may look at."""

    id: str
    """The entity's id."""
    status: str
    trigger: str
    at: dt.datetime
    """The instant of the command; an action has no other clock."""
    context: Mapping[str, object]
    """The fields that it needs (`ActionSpec.needs`)."""
    parameters: Mapping[str, Plain]
    event: Mapping[str, object] = {}
    """The attributes of the event that came in, checked by its declaration; what may be left out may be missing or null."""
    actor: str = ""
    """Who sent it, by id; of the system, which sends what timers are due for, the nil id."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """An event for whoever listens, webhooks included."""

    event: str
    body: Mapping[str, Plain] = {}


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What an action comes to: attributes of the entity to set (null: to remove), and messages."""

    attributes: Mapping[str, Plain] = {}
    messages: tuple[Message, ...] = ()


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """Why an action could not be done: a stable snake_case code, and a sentence for people."""

    code: str
    detail: str


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """An action from outside. The function must be pure: no network, no clock, no randomness."""

    entity: str
    """The entity whose flows may name it."""
    spec: ActionSpec
    run: Callable[[Asked], Done | Refused]

    def __call__(self, asked: Asked) -> Done | Refused:
        """What it does, with nothing in the context but what it declared. A fault in it refuses, and is named."""
        given = {name: asked.context[name] for name in self.spec.needs}
        try:
            found: object = self.run(msgspec.structs.replace(asked, context=given))
        except Exception as fault:  # noqa: BLE001 - somebody else's code: whatever it raises must not end a batch.
            return Refused(code="action_failed", detail=f"The action {self.spec.name} failed: {fault!r}.")
        if not isinstance(found, Done | Refused):
            return Refused(code="action_failed", detail=f"The action {self.spec.name} gave {found!r}.")
        return found


class PluginRefusedError(Exception):
    """A package offers what is no action, or one that cannot be had."""


class EntryPoint(Protocol):
    """What `importlib.metadata.entry_points(group=GROUP)` gives."""

    @property
    def name(self) -> str:
        """The name in the package's pyproject.toml."""

    def load(self) -> object:
        """What it stands for."""


def load(points: Iterable[EntryPoint]) -> tuple[Action, ...]:
    """The actions of the entry points, by name. Raises PluginRefusedError that says which is wrong and why."""
    return tuple(_loaded(point) for point in sorted(points, key=lambda point: point.name))


@functools.cache
def installed() -> tuple[Action, ...]:
    """The actions of the packages that are installed here, by name; looked for once. Raises as `load` does."""
    return load(metadata.entry_points(group=GROUP))


def _loaded(point: EntryPoint) -> Action:
    """One action."""
    try:
        found = point.load()
    except Exception as fault:
        raise PluginRefusedError(
            f"the entry point {point.name} of {GROUP} cannot be loaded: {fault!r}"
        ) from fault
    if not isinstance(found, Action):
        raise PluginRefusedError(f"the entry point {point.name} of {GROUP} is {found!r}; accepted: an Action")
    if touched := [axis for axis in effects.AXES if found.spec.effect(axis)]:
        raise PluginRefusedError(f"the action {found.spec.name} touches {touched[0]}, which only rooms may")
    try:
        for kind in found.spec.parameters.values():
            kinds.parse(kinds.required(kind))
    except ValueError as wrong:
        raise PluginRefusedError(f"the action {found.spec.name}: {wrong}") from None
    return found


def extended(vocabulary: Vocabulary, actions: Iterable[Action]) -> Vocabulary:
    """The vocabulary with the actions that are for its entity.

    Raises PluginRefusedError when one takes a name that is taken, or needs what the room does not load.
    """
    specs = [action.spec for action in actions if action.entity == vocabulary.entity]
    try:
        return vocabulary.extended(specs)
    except ValueError as wrong:
        raise PluginRefusedError(str(wrong)) from None
