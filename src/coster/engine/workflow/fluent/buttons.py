"""User actions to buttons: on the rows that their event fires."""

from __future__ import annotations

import json
import re

import msgspec

from coster.engine.workflow.document import Plain
from coster.engine.workflow.fluent.model import Asked, Ruleset, UserAction
from coster.engine.workflow.fluent.names import line
from coster.engine.workflow.fluent.work import Work, placeholder
from coster.engine.workflow.records import Button, FormField, Transition

# Applications to roles; an application of the account's own becomes a role of its own.
_ROLES = {"adminconsole": "hub", "oms": "hub", "servicepoint": "shop", "store": "shop"}
_TYPES = {
    "STRING": "string", "TEXT": "string", "LIST": "string", "INTEGER": "int", "INT": "int", "NUMBER": "int",
    "BOOLEAN": "bool", "DATE": "timestamp", "DATETIME": "timestamp", "DATE_TIME": "timestamp",
}  # fmt: skip
_LARGEST = 10**18


class Buttons:
    """Puts the user actions of the rulesets of one entity type onto its rows."""

    def __init__(self, work: Work, entity: str) -> None:
        self._work = work
        self._entity = entity
        self.attributes: dict[str, dict[str, str]] = {}
        """By trigger that has a button: its attributes and their types."""

    def put(self, rows: list[Transition], rulesets: tuple[Ruleset, ...]) -> list[Transition]:
        """The rows with their buttons; a row more for each user action that no row answers."""
        found = list(rows)
        for ruleset in rulesets:
            for action in ruleset.actions:
                self._put(found, ruleset, action)
        return found

    def _put(self, rows: list[Transition], ruleset: Ruleset, action: UserAction) -> None:
        """One user action onto the first row of each set of statuses in which it is shown."""
        report, trigger = self._work.report, self._work.names.trigger(action.event)
        statuses = {self._work.names.status(self._entity, status) for status in ruleset.statuses}
        button = self._button(action, trigger)
        seen: set[tuple[str, ...]] = set()
        put = 0
        for at, row in enumerate(rows):
            meets = not row.sources or not statuses or bool(statuses & set(row.sources))
            if row.on != trigger or not meets or row.sources in seen:
                continue
            seen.add(row.sources)
            put += 1
            if row.button is None:
                rows[at] = msgspec.structs.replace(row, button=button)
                self._shown(action, row, statuses)
            elif row.button != button:
                report.not_mapped(
                    action.path, f"`{trigger}` has a button in {', '.join(row.sources)} already"
                )
        if put:
            report.mapped(action.path, f"button of `{trigger}`")
            return
        report.not_mapped(
            action.path, f"no ruleset answers {action.event} in these statuses; a placeholder keeps it"
        )
        call = placeholder(f"user action {action.event}", {})
        rows.append(
            Transition(
                index=len(rows), on=trigger, sources=tuple(sorted(statuses)), do=(call,), button=button
            )
        )

    def _shown(self, action: UserAction, row: Transition, statuses: set[str]) -> None:
        """Says where the button stands in more statuses than the user action does."""
        more = [status for status in row.sources if statuses and status not in statuses]
        if more:
            self._work.report.approximated(action.path, f"shown in {', '.join(more)} too")

    def _button(self, action: UserAction, trigger: str) -> Button:
        """Label, roles and confirmation of the first context, with the roles of all."""
        report = self._work.report
        roles: dict[str, None] = {}
        label = next((line(shown.label) for shown in action.shown if line(shown.label)), "") or line(
            action.event
        )
        for number, shown in enumerate(action.shown):
            found = [self._role(module) for module in shown.modules]
            roles |= dict.fromkeys(found)
            how = f"roles {', '.join(found) or 'owner'} for {', '.join(shown.modules) or 'no application'}"
            if number and line(shown.label) != label:
                report.not_mapped(shown.path, f"a row has one button, which is called {label}; {how}")
                continue
            rank = f"; no rank for {shown.rank}" if shown.rank else ""
            report.approximated(shown.path, f"{how}{rank}")
        if not action.shown:
            report.approximated(action.path, "shown nowhere in the export; a button for owners")
        form = tuple(self._field(asked, trigger) for asked in action.asked)
        confirm = f"{label}?" if any(shown.confirm for shown in action.shown) else ""
        known = self.attributes.setdefault(trigger, {})
        known |= {field.name: field.type if field.required else f"{field.type}?" for field in form}
        return Button(label=label or trigger, roles=tuple(roles) or ("owner",), form=form, confirm=confirm)

    def _role(self, module: str) -> str:
        return _ROLES.get(module.lower()) or self._work.names.of("role", module)

    def _field(self, asked: Asked, trigger: str) -> FormField:
        """One thing that is asked for, of the nearest type that forms have."""
        report = self._work.report
        name = self._work.names.of(f"attribute {trigger}", asked.name)
        kind = _TYPES.get(asked.kind, "")
        choices = self._choices(asked)
        if not kind:
            report.approximated(
                asked.path, f"asked for as text, since forms have no {asked.kind or 'such type'}"
            )
        elif asked.source and not choices:
            report.approximated(asked.path, f"free text: write in the choices of the setting {asked.source}")
        else:
            report.mapped(asked.path, f"field `{name}` of the form")
        default = self._default(asked, kind or "string", choices)
        return FormField(
            name=name,
            type=kind or "string",
            label=line(asked.label),
            required=asked.mandatory,
            choices=choices,
            default=default,
        )

    def _choices(self, asked: Asked) -> tuple[Plain, ...]:
        """The choices of a list, where the workflow's own settings hold them as JSON."""
        value = self._work.export.settings.get(asked.source) if asked.kind == "LIST" else None
        try:
            listed = json.loads(value) if isinstance(value, str) else value
        except ValueError:
            return ()
        entries = listed if isinstance(listed, list) else []
        found = [entry.get("value") if isinstance(entry, dict) else entry for entry in entries]
        if not all(isinstance(value, str) and value for value in found):
            return ()
        return tuple(dict.fromkeys(found))

    def _default(self, asked: Asked, kind: str, choices: tuple[Plain, ...]) -> Plain:
        """What is filled in beforehand, where it is of the field's type; else the report says so."""
        value = asked.default
        if value in (None, ""):
            return None
        if kind == "int" and isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,18}", value):
            value = int(value)
        if kind == "bool" and value in ("true", "false"):
            value = value == "true"
        whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST
        fits = {"string": isinstance(value, str), "int": whole, "bool": isinstance(value, bool)}
        if fits.get(kind, False) and (not choices or value in choices):
            return value
        self._work.report.approximated(asked.path, f"its default {json.dumps(value)[:80]} was left out")
        return None
