"""The parts of a flow beside its rows: settings and events, calendars, webhooks, children, and who names them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from coster.engine.workflow import calendars, scope, templates
from coster.engine.workflow.actions import Vocabulary
from coster.engine.workflow.faults import Fault
from coster.engine.workflow.reading import likely
from coster.engine.workflow.records import Children, Flow, Transition, Webhook


def faults(flow: Flow, vocabulary: Vocabulary, library: Mapping[str, Flow]) -> Iterator[Fault]:
    """Everything wrong with the parts, and every name of one that is not there."""
    yield from _events(flow, vocabulary)
    yield from _calendars(flow, vocabulary)
    yield from _clock(flow, vocabulary)
    then = flow.error.then if flow.error is not None else ""
    if then and all(row.on != then for row in flow.transitions):
        message = f"`then: {then}` has no row in any status; accepted: a trigger that has one."
        yield Fault(code="error_unhandled", line=0, path="error.then", message=message)
    for webhook in flow.webhooks:
        yield from _webhook(flow, vocabulary, webhook)
    for children in flow.children:
        yield from _offered(flow, vocabulary, children, library)
        yield from _children(children, library)
    for row in flow.transitions:
        yield from _rollups(flow, row, library)
        yield from _built_in(flow, row)
        yield from _parent(flow, vocabulary, row)
        yield from _templates(flow, vocabulary, row)
        yield from _reserved(vocabulary, row)


def _events(flow: Flow, vocabulary: Vocabulary) -> Iterator[Fault]:
    """Events that the room has already, with attributes of its own."""
    for name in flow.events:
        if name in vocabulary.triggers:
            message = f"found the event '{name}', which {flow.entity} has already; accepted: another name."
            yield Fault(code="event_twice", line=0, path=f"events.{name}", message=message)


def _calendars(flow: Flow, vocabulary: Vocabulary) -> Iterator[Fault]:
    """Calendars that cannot be, and those that timers and service levels name but nobody gives."""
    for text in flow.calendars:
        try:
            calendars.calendar(text)
        except ValueError as wrong:
            yield Fault(
                code="calendar_wrong", line=text.line, path=f"calendars.{text.name}", message=f"{wrong}."
            )
    known = (*(text.name for text in flow.calendars), *vocabulary.calendars)
    named = [
        (row.line, f"{row.path}.after", row.after.calendar, row.after.duration)
        for row in flow.transitions
        if row.after
    ]
    named += [
        (s.line, f"statuses.{s.name}.sla", s.sla.calendar, s.sla.duration) for s in flow.statuses if s.sla
    ]
    for line, path, name, duration in named:
        if name and name not in known:
            message = f"found the calendar '{name}'{likely(name, known)}."
            yield Fault(code="calendar_unknown", line=line, path=path, message=message)
        if name and duration.startswith("P") and "W" in duration:
            message = (
                f"found weeks in '{duration}' of {name}; accepted: open days, such as P5D for a working week."
            )
            yield Fault(code="timer_weeks", line=line, path=path, message=message)


def _clock(flow: Flow, vocabulary: Vocabulary) -> Iterator[Fault]:
    """What an entity in its parent's row has no clock for."""
    if not vocabulary.in_parent:
        return
    found = [(s.line, f"statuses.{s.name}.sla", "sla", "none") for s in flow.statuses if s.sla]
    for row in flow.transitions:
        if row.after and row.after.times > 1:
            found.append(
                (row.line, f"{row.path}.after", f"times: {row.after.times}", "a timer that fires once")
            )
        if row.restart:
            found.append((row.line, f"{row.path}.restart", "restart", "a status in which the timer begins"))
    for line, path, what, accepted in found:
        message = f"found `{what}`, but {flow.entity} lives in its parent's row, which keeps no clock for it; accepted: {accepted}."
        yield Fault(code="clock_not_kept", line=line, path=path, message=message)


def _webhook(flow: Flow, vocabulary: Vocabulary, webhook: Webhook) -> Iterator[Fault]:
    """The program's own names, and fields of a template that not every context has in which it is filled.

    Of attributes there are those that all its events have.
    """
    if webhook.event in vocabulary.told:
        message = f"found the event '{webhook.event}', which the program tells itself; accepted: a name of your own."
        path = f"webhooks.{webhook.name}.event"
        yield Fault(code="event_reserved", line=webhook.line, path=path, message=message)
    call = {"webhook": webhook.name}
    sending = {
        row.on
        for row in flow.transitions
        for done in row.do
        if done.name == "send" and done.parameters == call
    }
    contexts = [scope.context_of(flow, vocabulary, trigger) for trigger in sending or {""}]
    known = set.intersection(*(set(context) for context in contexts))
    for name in templates.names(webhook.body):
        if name not in known:
            near = "two braces for one" if name in "{}" else ", ".join(sorted(known))
            message = f"found the field '{name}' in the body of {webhook.name}; accepted: {near}."
            path = f"webhooks.{webhook.name}.body"
            yield Fault(code="template_wrong", line=webhook.line, path=path, message=message)


def _children(children: Children, library: Mapping[str, Flow]) -> Iterator[Fault]:
    """Flows of children that nobody has; without a library nothing can be said."""
    for type_, name in children.flows.items() if library else ():
        if name not in library:
            message = (
                f"found the flow '{name}' for {children.kind} of type {type_}{likely(name, tuple(library))}."
            )
            path = f"children.{children.kind}.flow"
            yield Fault(code="child_flow_unknown", line=children.line, path=path, message=message)


def _offered(
    flow: Flow, vocabulary: Vocabulary, children: Children, library: Mapping[str, Flow]
) -> Iterator[Fault]:
    """Kinds of children that the room does not carry out, and flows of them for another entity."""
    if vocabulary.children is None:
        return
    entity = vocabulary.children.get(children.kind)
    path = f"children.{children.kind}"
    if entity is None:
        known = tuple(vocabulary.children)
        offered = likely(children.kind, known) if known else "; accepted: none, because there are none"
        message = f"found the children '{children.kind}' of {flow.entity}{offered}."
        yield Fault(code="children_unknown", line=children.line, path=path, message=message)
        return
    for name in children.flows.values():
        if name in library and library[name].entity != entity:
            message = (
                f"found the flow '{name}', which is for {library[name].entity}; accepted: one for {entity}."
            )
            yield Fault(code="child_flow_unknown", line=children.line, path=path, message=message)


def _parent(flow: Flow, vocabulary: Vocabulary, row: Transition) -> Iterator[Fault]:
    """An event for a parent that an entity of this kind never has."""
    for number, call in enumerate(row.do):
        if call.name == "tell_parent" and vocabulary.parents == ():
            message = f"found tell_parent, but {flow.entity} is nobody's child"
            yield _at(row, "event_never_answered", f"do[{number}]", message)


def _templates(flow: Flow, vocabulary: Vocabulary, row: Transition) -> Iterator[Fault]:
    """Fields in the templates of actions that the context of the row does not have."""
    for number, call in enumerate(row.do):
        spec = vocabulary.action(call.name)
        for parameter in sorted(spec.templates) if spec is not None else ():
            known = scope.context_of(flow, vocabulary, row.on)
            for name in templates.names(call.parameters.get(parameter)):
                if name not in known:
                    near = "two braces for one" if name in "{}" else ", ".join(sorted(known))
                    message = f"found the field '{name}' in {call.name}.{parameter}; accepted: {near}"
                    yield _at(row, "template_wrong", f"do[{number}]", message)


def _reserved(vocabulary: Vocabulary, row: Transition) -> Iterator[Fault]:
    """Attributes that the room keeps for itself."""
    for number, call in enumerate(row.do):
        given = call.parameters.get("attributes") if call.name == "set" else None
        for name in sorted(vocabulary.kept & given.keys()) if isinstance(given, Mapping) else ():
            message = f"found the attribute '{name}', in which {vocabulary.entity} itself keeps something; accepted: another name"
            yield _at(row, "attribute_reserved", f"do[{number}]", message)


def child_statuses(flow: Flow, kind: str, library: Mapping[str, Flow]) -> tuple[str, ...] | None:
    """The statuses that children of the kind can be in, over all their flows; None when not every flow is known."""
    names = {name for entry in flow.children if entry.kind == kind for name in entry.flows.values()}
    if not names or not names <= library.keys():
        return None
    return tuple(dict.fromkeys(status.name for name in sorted(names) for status in library[name].statuses))


def _rollups(flow: Flow, row: Transition, library: Mapping[str, Flow]) -> Iterator[Fault]:
    """Roll-ups over kinds that the flow does not have, and over statuses that their flows do not have."""
    kinds = tuple(entry.kind for entry in flow.children)
    for condition in row.rollup:
        if condition.children not in kinds:
            yield _at(
                row,
                "children_unknown",
                "rollup",
                f"found the children '{condition.children}'{likely(condition.children, kinds)}",
            )
            continue
        statuses = child_statuses(flow, condition.children, library)
        for status in condition.statuses if statuses is not None else ():
            if statuses is not None and status not in statuses:
                message = f"found the status '{status}' of {condition.children}{likely(status, statuses)}"
                yield _at(row, "child_status_unknown", "rollup", message)


def _built_in(flow: Flow, row: Transition) -> Iterator[Fault]:
    """What the language's own actions name: webhooks, children, and what nobody has translated."""
    for number, call in enumerate(row.do):
        place = f"do[{number}]"
        if call.name == "placeholder":
            message = (
                f"found a placeholder for '{call.parameters.get('name', '')}'; accepted: what is meant by it"
            )
            yield _at(row, "placeholder", place, message)
        for parameter, code, known in (
            ("webhook", "webhook_unknown", tuple(webhook.name for webhook in flow.webhooks)),
            ("children", "children_unknown", tuple(entry.kind for entry in flow.children)),
        ):
            name = call.parameters.get(parameter)
            if call.name in ("send", "tell_children") and isinstance(name, str) and name not in known:
                yield _at(row, code, place, f"found the {parameter} '{name}'{likely(name, known)}")


def _at(row: Transition, code: str, place: str, message: str) -> Fault:
    """A fault at a place of a row, with the first status that it starts from."""
    status = row.sources[0] if row.sources else "any status"
    return Fault(
        code=code,
        line=row.line,
        path=f"{row.path}.{place}",
        status=status,
        message=f"in {status}: {message}.",
    )
