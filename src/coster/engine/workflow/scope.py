"""What guards of a row may read: the room's context, and what the language and the flow add to it."""

from __future__ import annotations

from coster.engine.workflow import guards
from coster.engine.workflow.actions import Vocabulary
from coster.engine.workflow.records import Flow, Setting, Transition


def context_of(flow: Flow, vocabulary: Vocabulary, trigger: str) -> dict[str, str]:
    """Every field that a guard of a row on this trigger may read: name to type as in `kinds`.

    Beside the room's context: `now`, the instant of the command; `event.<attribute>` of the trigger; `settings.<name>`;
    `children.<kind>`, how many children there are in each status.
    """
    settings = {f"settings.{name}": setting_kind(value) for name, value in flow.settings.items()}
    children = {f"children.{entry.kind}": "map(string, int)" for entry in flow.children}
    attributes = triggers(flow, vocabulary).get(trigger, {})
    event = {f"event.{name}": kind for name, kind in attributes.items()}
    return {**vocabulary.context, "now": "timestamp", **settings, **children, **event}


def triggers(flow: Flow, vocabulary: Vocabulary) -> dict[str, dict[str, str]]:
    """Everything that can be sent from outside: the room's triggers and the flow's own events, with their attributes."""
    return {name: dict(takes) for name, takes in (*flow.events.items(), *vocabulary.triggers.items())}


def constants(flow: Flow) -> dict[str, object]:
    """The values that the context of every step holds: the flow's settings."""
    return {f"settings.{name}": _plain(value) for name, value in flow.settings.items()}


def _plain(value: Setting) -> object:
    return list(value) if isinstance(value, tuple) else value


def setting_kind(value: Setting) -> str:
    """The type of a setting, as its value shows it."""
    if isinstance(value, tuple):
        return "list(int)" if value and isinstance(value[0], int) else "list(string)"
    if isinstance(value, bool):
        return "bool"
    return "int" if isinstance(value, int) else "string"


class Languages:
    """The expression languages of a flow's rows; rows that do not read their event share one."""

    def __init__(self, flow: Flow, vocabulary: Vocabulary) -> None:
        """Takes the flow and what its room declares."""
        self._flow = flow
        self._vocabulary = vocabulary
        self._languages: dict[str, guards.Language] = {}
        self._guards: dict[tuple[str, str], guards.Guard] = {}

    def guard(self, row: Transition) -> guards.Guard:
        """The guard of a row that has one, each different one compiled once. Raises GuardRefusedError."""
        trigger = row.on if "event" in row.when else ""
        if (row.when, trigger) not in self._guards:
            if trigger not in self._languages:
                context = context_of(self._flow, self._vocabulary, trigger)
                self._languages[trigger] = guards.Language(context, constants(self._flow))
            self._guards[row.when, trigger] = self._languages[trigger].compile(row.when)
        return self._guards[row.when, trigger]
