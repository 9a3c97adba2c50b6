"""What a Fluent export holds, each part with its path in the JSON, and why an export is refused."""

from __future__ import annotations

import json
import re

import msgspec

from coster.engine.workflow.document import Plain

_WORD = re.compile(r"[A-Za-z0-9_-]+")


def below(path: str, key: str) -> str:
    """The path of a key; a key that could be taken for a path itself stands in brackets."""
    if not _WORD.fullmatch(key):
        return f"{path}[{json.dumps(key, ensure_ascii=False)}]"
    return f"{path}.{key}" if path else key


class Unreadable(msgspec.Struct, frozen=True):
    """One thing that makes an export unreadable: where, and what is accepted instead."""

    path: str
    message: str

    def __str__(self) -> str:
        """The problem as one sentence with its place."""
        return f"{self.path or 'file'}: {self.message}"


class ExportRefusedError(Exception):
    """What was given is no Fluent workflow; `problems` holds everything that is wrong with it, in file order."""

    def __init__(self, problems: tuple[Unreadable, ...]) -> None:
        """Takes at least one problem."""
        self.problems = problems
        told = "".join(f"\n  - {problem}" for problem in problems[:20])
        more = f"\n  - and {len(problems) - 20} more" if len(problems) > 20 else ""
        super().__init__(f"this is no Fluent workflow that can be read:{told}{more}")


class Item(msgspec.Struct, frozen=True):
    """A part of the export of which the report must say what became of it."""

    path: str
    what: str


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of `statuses`."""

    path: str
    name: str
    entity: str
    category: str


class Trigger(msgspec.Struct, frozen=True, kw_only=True):
    """A status in which a ruleset runs."""

    path: str
    status: str


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule with its properties, in file order."""

    path: str
    name: str
    props: dict[str, Plain]

    @property
    def last(self) -> str:
        """The name without account and plug-in."""
        return self.name.replace(":", ".").rpartition(".")[2] or self.name

    def prop(self, name: str) -> str:
        """The path of a property."""
        return below(f"{self.path}.props", name)


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a user action's `context`: a button in some applications."""

    path: str
    label: str
    rank: str
    modules: tuple[str, ...]
    confirm: bool


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a user action's `attributes`: what the drawer asks for."""

    path: str
    name: str
    kind: str
    label: str
    source: str
    default: Plain
    mandatory: bool


class UserAction(msgspec.Struct, frozen=True, kw_only=True):
    """A user action of a ruleset."""

    path: str
    event: str
    shown: tuple[Shown, ...]
    asked: tuple[Asked, ...]


class Ruleset(msgspec.Struct, frozen=True, kw_only=True):
    """What runs when an event of its name meets an entity of its type in one of its statuses."""

    path: str
    name: str
    about: str
    entity: str
    subtype: str
    kind: str
    """NORMAL, EXCEPTION or GENERATED."""
    rules: tuple[Rule, ...]
    triggers: tuple[Trigger, ...]
    """Empty: every status."""
    actions: tuple[UserAction, ...]

    @property
    def statuses(self) -> tuple[str, ...]:
        """The statuses in which it runs, each once; empty: every status."""
        return tuple(dict.fromkeys(trigger.status for trigger in self.triggers if trigger.status))

    @property
    def handles_errors(self) -> bool:
        """Whether it answers the failure of the ruleset of the same name."""
        return self.kind == "EXCEPTION"


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """One workflow; `header` holds the plain words at its top by key."""

    header: dict[str, str]
    statuses: tuple[Status, ...]
    rulesets: tuple[Ruleset, ...]
    settings: dict[str, Plain]
    settings_key: str
    entities: tuple[str, ...]
    """Every entity type, the root first, then as they come."""
    answers: dict[tuple[str, str], tuple[Ruleset, ...]]
    items: tuple[Item, ...]
    """Everything that the report must account for, in file order."""
    unknown: tuple[str, ...]
    """Paths of what Fluent's form does not have."""

    @property
    def entity(self) -> str:
        """The entity type at the root."""
        return self.header["entityType"]

    @property
    def subtype(self) -> str:
        """The type of the entities at the root, such as HD."""
        return self.header.get("entitySubtype", "")

    def answering(self, entity: str, event: str, subtype: str | None = None) -> tuple[Ruleset, ...]:
        """The rulesets that answer an event for an entity type (and subtype), failures left aside."""
        found = self.answers.get((entity, event), ())
        return tuple(r for r in found if subtype is None or r.subtype in ("", subtype))
