"""The text of a Fluent export to its records: everything unreadable is told with its path, nothing is left out.

The form is reference knowledge about Fluent's workflow JSON: workflow, statuses, rulesets, rules with props, triggers,
user actions, settings. What the form does not have is kept as an unknown part, for the report.
"""

from __future__ import annotations

import json
from typing import Any

from coster.engine.workflow.document import Plain
from coster.engine.workflow.fluent.model import (
    Asked,
    Export,
    ExportRefusedError,
    Item,
    Rule,
    Ruleset,
    Shown,
    Status,
    Trigger,
    Unreadable,
    UserAction,
    below,
)

LONGEST = 4_194_304
DEEPEST = 40
MOST = {
    "rulesets": 2_000,
    "rules": 5_000,
    "statuses": 2_000,
    "entity types": 50,
    "subtypes of one entity type": 50,
}
HEADER = (
    "id", "retailerId", "name", "version", "entityType", "entitySubtype", "description", "versionComment",
    "createdBy", "createdOn", "updatedBy", "updatedOn", "lastUpdatedBy", "lastUpdatedOn", "status", "ref",
)  # fmt: skip


class _Twice(dict[str, Any]):
    """A JSON object in which a key stood twice."""

    key = ""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; a key that stands twice is remembered, since one of its values would be lost."""
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    twice = _Twice(found)
    seen: set[str] = set()
    twice.key = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
    return twice


def _constant(text: str) -> Any:
    """NaN and infinities, which JSON does not have. Raises ValueError."""
    raise ValueError(f"found {text}, which is no JSON")


def read(text: str) -> Export:
    """The workflow that the JSON text holds. Raises ExportRefusedError with everything that is wrong with it."""
    if len(text) > LONGEST:
        message = f"found {len(text)} characters; accepted: at most {LONGEST}"
        raise ExportRefusedError((Unreadable("", message),))
    try:
        root = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=_pairs, parse_constant=_constant)
    except json.JSONDecodeError as wrong:
        message = f"found text that is not JSON in line {wrong.lineno} column {wrong.colno} ({wrong.msg})"
        raise ExportRefusedError((Unreadable("", message),)) from None
    except ValueError as wrong:
        raise ExportRefusedError((Unreadable("", str(wrong)),)) from None
    except RecursionError:
        message = f"found too many levels; accepted: at most {DEEPEST}"
        raise ExportRefusedError((Unreadable("", message),)) from None
    problems = _plain_problems(root)
    if not isinstance(root, dict):
        problems.append(
            Unreadable("", f"found {_found(root)}; accepted: one workflow, an object with `rulesets`")
        )
    if problems:
        raise ExportRefusedError(tuple(problems))
    return _Reader().export(root)


def _plain_problems(root: Any) -> list[Unreadable]:
    """What no part of an export may be: too deep, a key twice, text or numbers that nobody can write down."""
    problems: list[Unreadable] = []
    waiting = [(root, "", 1)]
    while waiting:
        value, path, depth = waiting.pop()
        if depth > DEEPEST:
            problems.append(Unreadable(path, f"found too many levels; accepted: at most {DEEPEST}"))
            continue
        if isinstance(value, _Twice):
            problems.append(
                Unreadable(below(path, value.key), "found the key twice; accepted: each key once")
            )
        if isinstance(value, dict):
            problems += [Unreadable(path, _TEXT) for key in value if not _writable(key)]
            waiting += [(part, below(path, key), depth + 1) for key, part in value.items()]
        elif isinstance(value, list):
            waiting += [(part, f"{path}[{n}]", depth + 1) for n, part in enumerate(value)]
        elif isinstance(value, str) and not _writable(value):
            problems.append(Unreadable(path, _TEXT))
        elif isinstance(value, float) and value in (float("inf"), float("-inf")):
            problems.append(Unreadable(path, "found a number without end; accepted: finite numbers"))
    return problems[::-1]


_TEXT = "found half a character (a lone surrogate); accepted: text"


def _writable(text: str) -> bool:
    return not any("\ud800" <= sign <= "\udfff" for sign in text)


def _found(value: object) -> str:
    """What stands somewhere, in words."""
    words = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "nothing"}
    return words.get(type(value), "a number")


def _told(value: Plain) -> str:
    """A value for people, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 100 else f"{text[:97]}..."


def _entities(header: dict[str, str], parts: list[Status | Ruleset]) -> tuple[str, ...]:
    """Every entity type, the root first, then as they come."""
    return tuple(dict.fromkeys([header.get("entityType", ""), *(part.entity for part in parts)]))


def _answers(rulesets: list[Ruleset]) -> dict[tuple[str, str], tuple[Ruleset, ...]]:
    """The rulesets that answer an event for an entity type, failures left aside."""
    found: dict[tuple[str, str], list[Ruleset]] = {}
    for ruleset in rulesets:
        if not ruleset.handles_errors:
            found.setdefault((ruleset.entity, ruleset.name), []).append(ruleset)
    return {key: tuple(answers) for key, answers in found.items()}


class _Reader:
    """Takes the parts in file order, and notes what is wrong and what must be accounted for."""

    def __init__(self) -> None:
        self._problems: list[Unreadable] = []
        self._items: list[Item] = []
        self._unknown: list[str] = []

    def export(self, root: dict[str, Any]) -> Export:
        """The whole workflow."""
        header = {key: self._header(root, key) for key in HEADER if root.get(key) not in (None, "")}
        if not header.get("entityType", "").strip():
            self._wrong("entityType", "found nothing; accepted: the type of the root entity, such as ORDER")
        rulesets = [
            self._ruleset(entry, path, header.get("entityType", ""))
            for entry, path in self._objects(root, "", "rulesets", required=True)
        ]
        statuses = [
            self._status(entry, path, header.get("entityType", ""))
            for entry, path in self._objects(root, "", "statuses")
        ]
        key = "setting" if "setting" in root and "settings" not in root else "settings"
        settings = self._object(root.get(key), key)
        for name, value in settings.items():
            self._item(below(key, name), f"setting {name} = {_told(value)}")
        self._rest(root, "", (*HEADER, "rulesets", "statuses", key))
        found = Export(
            header=header,
            statuses=tuple(statuses),
            rulesets=tuple(rulesets),
            settings=settings,
            settings_key=key,
            entities=_entities(header, [*statuses, *rulesets]),
            answers=_answers(rulesets),
            items=tuple(self._items),
            unknown=tuple(self._unknown),
        )
        if not self._problems:
            self._too_many(found)
        if self._problems:
            raise ExportRefusedError(tuple(self._problems))
        return found

    def _too_many(self, export: Export) -> None:
        """Exports that are larger than any that people can have meant."""
        subtypes = {e: {r.subtype for r in export.rulesets if r.entity == e} for e in export.entities[:60]}
        counts = {
            "rulesets": len(export.rulesets),
            "rules": sum(len(ruleset.rules) for ruleset in export.rulesets),
            "statuses": len(export.statuses),
            "entity types": len(export.entities),
            "subtypes of one entity type": max(map(len, subtypes.values()), default=0),
        }
        for what, count in counts.items():
            if count > MOST[what]:
                self._wrong("", f"found {count} {what}; accepted: at most {MOST[what]}")

    def _header(self, root: dict[str, Any], key: str) -> str:
        """A word at the top; numbers are taken as they are written."""
        value = root[key]
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            self._wrong(key, f"found {_found(value)}; accepted: text")
            return ""
        self._item(key, f"{key} = {_told(value)}")
        return str(value)

    def _status(self, entry: dict[str, Any], path: str, root: str) -> Status:
        name = self._text(entry, "name", path)
        entity = self._text(entry, "entityType", path) or root
        category = self._text(entry, "category", path)
        self._item(path, f"status {entity} {name or '(without a name)'} {category}".rstrip())
        self._rest(entry, path, ("name", "entityType", "category"))
        return Status(path=path, name=name, entity=entity, category=category)

    def _ruleset(self, entry: dict[str, Any], path: str, root: str) -> Ruleset:
        name = self._text(entry, "name", path, required=True)
        entity = self._text(entry, "type", path) or root
        self._item(path, f"ruleset {name} of {entity}")
        words = {key: self._text(entry, key, path) for key in ("description", "subtype", "eventType")}
        for key, value in words.items():
            if value:
                self._item(f"{path}.{key}", f"{key} = {_told(value)}")
        triggers = tuple(self._trigger(t, p) for t, p in self._objects(entry, path, "triggers"))
        rules = tuple(self._rule(r, p) for r, p in self._objects(entry, path, "rules"))
        actions = tuple(self._action(a, p) for a, p in self._objects(entry, path, "userActions"))
        self._rest(entry, path, (*words, "name", "type", "triggers", "rules", "userActions"))
        return Ruleset(
            path=path,
            name=name,
            about=words["description"],
            entity=entity,
            subtype=words["subtype"],
            kind=words["eventType"].upper() or "NORMAL",
            rules=rules,
            triggers=triggers,
            actions=actions,
        )

    def _trigger(self, entry: dict[str, Any], path: str) -> Trigger:
        status = self._text(entry, "status", path)
        self._item(path, f"trigger in {status or '(no status)'}")
        self._rest(entry, path, ("status",))
        return Trigger(path=path, status=status)

    def _rule(self, entry: dict[str, Any], path: str) -> Rule:
        name = self._text(entry, "name", path, required=True)
        self._item(path, f"rule {name}")
        props = self._object(entry.get("props"), f"{path}.props")
        rule = Rule(path=path, name=name, props=props)
        for key, value in props.items():
            self._item(rule.prop(key), f"property {key} = {_told(value)}")
        self._rest(entry, path, ("name", "props"))
        return rule

    def _action(self, entry: dict[str, Any], path: str) -> UserAction:
        event = self._text(entry, "eventName", path, required=True)
        self._item(path, f"user action {event}")
        shown = tuple(self._shown(s, p) for s, p in self._objects(entry, path, "context"))
        asked = tuple(self._asked(a, p) for a, p in self._objects(entry, path, "attributes"))
        self._rest(entry, path, ("eventName", "context", "attributes"))
        return UserAction(path=path, event=event, shown=shown, asked=asked)

    def _shown(self, entry: dict[str, Any], path: str) -> Shown:
        label = self._text(entry, "label", path)
        self._item(path, f"button {label}")
        rank = self._text(entry, "type", path)
        modules = self._list(entry.get("modules"), f"{path}.modules")
        for n, module in enumerate(modules):
            if not isinstance(module, str):
                self._wrong(f"{path}.modules[{n}]", f"found {_found(module)}; accepted: text")
        self._rest(entry, path, ("label", "type", "modules", "confirm"))
        return Shown(
            path=path,
            label=label,
            rank=rank,
            modules=tuple(module for module in modules if isinstance(module, str) and module),
            confirm=self._flag(entry, "confirm", path),
        )

    def _asked(self, entry: dict[str, Any], path: str) -> Asked:
        name = self._text(entry, "name", path, required=True)
        self._item(path, f"attribute {name}")
        words = {key: self._text(entry, key, path) for key in ("type", "label", "source")}
        self._rest(entry, path, (*words, "name", "defaultValue", "mandatory"))
        return Asked(
            path=path,
            name=name,
            kind=words["type"].upper(),
            label=words["label"],
            source=words["source"],
            default=entry.get("defaultValue"),
            mandatory=self._flag(entry, "mandatory", path),
        )

    def _item(self, path: str, what: str) -> None:
        self._items.append(Item(path, what))

    def _wrong(self, path: str, message: str) -> None:
        self._problems.append(Unreadable(path, message))

    def _rest(self, entry: dict[str, Any], path: str, known: tuple[str, ...]) -> None:
        """What the form does not have is accounted for as well."""
        for key, value in entry.items():
            if key not in known:
                self._item(below(path, key), f"{key} = {_told(value)}")
                self._unknown.append(below(path, key))

    def _text(self, entry: dict[str, Any], key: str, path: str, *, required: bool = False) -> str:
        value = entry.get(key)
        if value is None or isinstance(value, str):
            if required and not (value or "").strip():
                self._wrong(below(path, key), "found nothing; accepted: a name")
            return value or ""
        self._wrong(below(path, key), f"found {_found(value)}; accepted: text")
        return ""

    def _flag(self, entry: dict[str, Any], key: str, path: str) -> bool:
        value = entry.get(key)
        if value is None or isinstance(value, bool):
            return bool(value)
        if value in ("true", "false"):
            return bool(value == "true")
        self._wrong(below(path, key), f"found {_found(value)}; accepted: true or false")
        return False

    def _object(self, value: Any, path: str) -> dict[str, Any]:
        if value is None or isinstance(value, dict):
            return value or {}
        self._wrong(path, f"found {_found(value)}; accepted: an object")
        return {}

    def _list(self, value: Any, path: str) -> list[Any]:
        if value is None or isinstance(value, list):
            return value or []
        self._wrong(path, f"found {_found(value)}; accepted: a list")
        return []

    def _objects(
        self, entry: dict[str, Any], path: str, key: str, *, required: bool = False
    ) -> list[tuple[dict[str, Any], str]]:
        """The objects of a list, each with its path."""
        here = below(path, key)
        if required and entry.get(key) is None:
            self._wrong(here, "found nothing; accepted: a list")
        found = []
        for n, value in enumerate(self._list(entry.get(key), here)):
            if isinstance(value, dict):
                found.append((value, f"{here}[{n}]"))
            else:
                self._wrong(f"{here}[{n}]", f"found {_found(value)}; accepted: an object")
        return found
