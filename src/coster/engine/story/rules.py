"""Facts as a story, and a story as text. Pure."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from coster.engine.flows import audit
from coster.engine.story.model import (
    Asked,
    Due,
    Elsewhere,
    Entry,
    Facts,
    Happened,
    Refused,
    Step,
    Story,
    Waits,
)
from coster.engine.workflow.records import Flow
from coster.kernel import ids


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """For whom a story is told: what actors are called before him, and of which commands he may read the reasons."""

    names: Mapping[uuid.UUID, str]
    """Names of API keys; of all others nothing is said."""
    reasons: Callable[[str], bool]
    """By the kind of the command."""

    def who(self, actor: uuid.UUID) -> str:
        """The actor in words."""
        return "the server itself" if actor == ids.NIL else self.names.get(actor, "another API key")


def story(facts: Facts, flows: Sequence[Flow], reader: Reader) -> Story:
    """What happened and what was refused, in order of time, and what is due.

    `flows`: the version that the entity is on, and after it those of what is part of it (an order's checkout).
    """
    flow = flows[0]
    labels = {status.name: status.label or status.name for status in flow.statuses}
    entries = [_happened(one, labels, reader) for one in facts.events]
    entries += [_elsewhere(one, entries, reader) for one in facts.elsewhere]
    entries += [_refused(one, labels, reader) for one in facts.refused]
    # A refusal at the instant of an event came after it: what it was refused for had happened.
    entries.sort(key=lambda entry: (entry.at, entry.version == 0, entry.version))
    return Story(
        entries=entries, waits=[_waits(one, flows, labels) for one in facts.timers], whole=facts.whole
    )


def _happened(one: Happened, labels: Mapping[str, str], reader: Reader) -> Entry:
    told = one.data.get("flow") or {}
    # What an order's checkout did comes first: the order's own rows follow from it.
    below = told.get("checkout") or {}
    steps = [_step(row) for part in (below, told) for row in audit.rows(part)]
    status = told.get("to") or one.data.get("state") or one.data.get("status") or ""
    return Entry(
        at=one.at, what=_words(one, told, steps, labels) + _went(one.data), event=one.name, version=one.version, actor=one.actor,
        who=reader.who(one.actor), why=one.reason if reader.reasons(one.kind) else "",
        status=labels.get(status, status), steps=steps, guards=[], code="", detail=_because(told),
    )  # fmt: skip


def _elsewhere(one: Elsewhere, entries: Sequence[Entry], reader: Reader) -> Entry:
    """What happened elsewhere, with the version and the status that the entity had by then; these it left as they were."""
    before = [entry for entry in entries if entry.version and entry.at <= one.at]
    return Entry(
        at=one.at, what=one.what, event=one.name, version=before[-1].version if before else 0, actor=one.actor,
        who=reader.who(one.actor), why="", status=before[-1].status if before else "", steps=[], guards=[], code="", detail="",
    )  # fmt: skip


def _went(data: Mapping[str, Any]) -> str:
    """Which lines of an order were released with it, where any were."""
    numbers = data.get("released")
    if not isinstance(numbers, list) or not numbers:
        return ""
    word = "line" if len(numbers) == 1 else "lines"
    return f" ({word} {', '.join(str(number) for number in numbers)})"


def _because(told: Mapping[str, Any]) -> str:
    """What went wrong, where the step makes that good: a row that could not be carried out, or a message that was not delivered."""
    if cause := told.get("cause"):
        return (
            f"{cause['message']} was not delivered to the endpoint {cause['endpoint_id']}: {cause['error']}"
        )
    return str((told.get("failed") or {}).get("detail", ""))


_SENTENCES: Final = {
    "flow_moved": "Went over to version {version} of its flow",
    "checkout_moved": "Its checkout went over to version {version} of its flow",
    "shorted": "Got less, because there was less than promised",
    "placed": "Placed",
    "copy_placed": "Copy {run} was placed",
    "copy_delayed": "Copy {run} could not be placed; it is tried again at {again_at}",
    "copy_refused": "Copy {run} could not be placed",
}
"""What is told of events that no row of a flow has a label for, by their names without the entity."""


def _words(one: Happened, told: Mapping[str, Any], steps: list[Step], labels: Mapping[str, str]) -> str:
    """The labels of the rows where they have any; else a sentence about the event, or about where the first row that moved has led."""
    found = [step.label for step in steps if step.label]
    if found:
        return "; ".join(found)
    name = one.name
    if sentence := _SENTENCES.get(name.rpartition(".")[2]):
        fields = {field: one.data.get(field, "") for field in ("run", "again_at")}
        return sentence.format(version=told.get("version", ""), **fields)
    moved = next((step for step in steps if step.to != step.came_from), None)
    if moved is not None:
        return f"Came to {labels.get(moved.to, in_words(moved.to))}"
    return in_words(steps[0].trigger) if steps and name.endswith(".stepped") else in_words(name)


def in_words(name: str) -> str:
    """An event's name without its entity, or a trigger: `order.checkout_completed` is "Checkout completed"."""
    words = name.rpartition(".")[2].replace("_", " ")
    return words[:1].upper() + words[1:]


def _step(row: Mapping[str, Any]) -> Step:
    return Step(
        label=row["label"], trigger=row["trigger"], came_from=row["from"], to=row["to"], guards=_guards(row["guards"]),
        actions=list(row["actions"]),
    )  # fmt: skip


def _guards(found: Any) -> list[Asked]:
    return [Asked(guard=one["guard"], answer=one["answer"], values=one.get("values", {})) for one in found]


def _refused(one: Refused, labels: Mapping[str, str], reader: Reader) -> Entry:
    trigger = str(one.detail.get("trigger", one.kind.rpartition(".")[2]))
    status = str(one.detail.get("status", ""))
    return Entry(
        at=one.at, what=f"{in_words(trigger)}: refused", event=trigger, version=0, actor=one.actor,
        who=reader.who(one.actor), why=one.reason if reader.reasons(one.kind) else "", status=labels.get(status, status),
        steps=[], guards=_guards(one.detail.get("guards", ())), code=one.code, detail=one.message,
    )  # fmt: skip


def _waits(one: Due, flows: Sequence[Flow], labels: Mapping[str, str]) -> Waits:
    trigger = str(one.body.get("trigger", ""))
    rows = [row for flow in flows for row in flow.transitions if row.on == trigger]
    label = next((row.label for row in rows if row.label), "")
    to = next((row.to for row in rows if row.to), "")
    what = label or (f"To {labels.get(to, to)}" if to else in_words(trigger))
    return Waits(at=one.due_at, what=what, trigger=trigger, parked=one.parked or "")


# -- as text -----------------------------------------------------------------------------------------------------------


def text(title: str, told: Story) -> str:
    """The story with a line for each entry, and what belongs to it below; instants in UTC."""
    return "\n".join([title, "", *_lines(told)]) + "\n"


def _lines(told: Story) -> Iterator[str]:
    if not told.whole:
        yield "What came before is in the archive."
    for entry in told.entries:
        yield from _entry(entry)
    for waits in told.waits:
        given_up = f" (given up: {waits.parked})" if waits.parked else ""
        yield f"{_at(waits.at)}  is due: {waits.what}{given_up}"


def _entry(entry: Entry) -> Iterator[str]:
    status = f" -> {entry.status}" if entry.status and not entry.code else ""
    yield f"{_at(entry.at)}  {entry.what}{status}, by {entry.who}"
    if entry.why:
        yield f"    why      {entry.why}"
    for step in entry.steps:
        if len(entry.steps) > 1:
            yield f"    row      {step.label or step.trigger}: {step.came_from} -> {step.to}"
        yield from (_guard(asked) for asked in step.guards)
    if entry.detail:
        yield f"    because  {entry.detail}"
    yield from (_guard(asked) for asked in entry.guards)


def _guard(asked: Asked) -> str:
    read = ", ".join(f"{name} = {_plain(value)}" for name, value in asked.values.items())
    return f"    guard    {asked.guard} is {str(asked.answer).lower()}{f' ({read})' if read else ''}"


def _plain(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _at(instant: dt.datetime) -> str:
    return instant.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%SZ")
