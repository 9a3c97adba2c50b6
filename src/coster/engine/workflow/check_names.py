"""The first half of the proof: every name is known and every value has the type that was declared for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from coster.engine.workflow import guards, kinds, paths, scope
from coster.engine.workflow.actions import ActionSpec, Vocabulary
from coster.engine.workflow.faults import Fault
from coster.engine.workflow.reading import likely
from coster.engine.workflow.records import ActionCall, Button, Flow, FormField, Timer, Transition


def faults(flow: Flow, vocabulary: Vocabulary) -> Iterator[Fault]:
    """Every name and type that does not fit the vocabulary."""
    if flow.entity != vocabulary.entity:
        message = f"found the entity '{flow.entity}'; accepted: {vocabulary.entity}."
        yield Fault(code="entity_differs", line=0, path="entity", message=message)
    triggers = scope.triggers(flow, vocabulary)
    inner = paths.inner_triggers(flow, frozenset(triggers))
    languages = scope.Languages(flow, vocabulary)
    for transition in flow.transitions:
        yield from _statuses(flow, transition)
        yield from _trigger(transition, tuple(triggers), inner)
        yield from _guard(transition, languages)
        yield from _actions(transition, vocabulary)
        if transition.after is not None:
            yield from _timer(transition, transition.after, vocabulary)
        if transition.button is not None:
            yield from _button(transition, transition.button, vocabulary, triggers.get(transition.on))


def _fault(transition: Transition, code: str, place: str, message: str) -> Fault:
    """A fault at a place of a transition, with the first status that it starts from."""
    status = transition.sources[0] if transition.sources else "any status"
    where = f"{transition.path}.{place}" if place else transition.path
    return Fault(
        code=code, line=transition.line, path=where, status=status, message=f"in {status}: {message}."
    )


def _statuses(flow: Flow, transition: Transition) -> Iterator[Fault]:
    """Statuses that a transition names but the flow does not have."""
    known = tuple(status.name for status in flow.statuses)
    named = [("from", name) for name in transition.sources] + (
        [("to", transition.to)] if transition.to else []
    )
    for place, name in named:
        if name not in known:
            yield _fault(
                transition, "status_unknown", place, f"found the status '{name}'{likely(name, known)}"
            )


def _trigger(transition: Transition, known: tuple[str, ...], inner: frozenset[str]) -> Iterator[Fault]:
    """A trigger that nothing raises: not the room, not the flow's events, no row; a timer alone raises its own."""
    on = transition.on
    if on not in known and on not in inner and ":" not in on and transition.after is None:
        message = f"found the trigger '{on}'{likely(on, known)}"
        yield _fault(transition, "trigger_unknown", "on", message)


def _guard(transition: Transition, languages: scope.Languages) -> Iterator[Fault]:
    """A guard that does not compile."""
    if transition.when:
        try:
            languages.guard(transition)
        except guards.GuardRefusedError as refusal:
            yield _fault(transition, refusal.code, "when", str(refusal))


def _actions(transition: Transition, vocabulary: Vocabulary) -> Iterator[Fault]:
    """Actions that are not declared, and parameters that do not fit."""
    names = tuple(spec.name for spec in vocabulary.actions)
    for number, call in enumerate(transition.do):
        place = f"do[{number}]"
        spec = vocabulary.action(call.name)
        if spec is None:
            message = f"found the action '{call.name}'{likely(call.name, names)}"
            yield _fault(transition, "action_unknown", place, message)
        else:
            yield from _parameters(transition, place, call, spec)


def _parameters(transition: Transition, place: str, call: ActionCall, spec: ActionSpec) -> Iterator[Fault]:
    """Parameters that are unknown, missing or of another type."""
    for name, value in call.parameters.items():
        declared = spec.parameters.get(name)
        if declared is None:
            message = f"found the parameter '{name}' of {call.name}{likely(name, tuple(spec.parameters))}"
            yield _fault(transition, "parameter_unknown", place, message)
        elif not kinds.fits(value, kinds.parse(kinds.required(declared))):
            message = f"found {value!r} for {call.name}.{name}; accepted: {kinds.required(declared)}"
            yield _fault(transition, "parameter_type", place, message)
    for name, declared in spec.parameters.items():
        if name not in call.parameters and not kinds.optional(declared):
            message = f"found {call.name} without '{name}'; it takes {name}: {declared}"
            yield _fault(transition, "parameter_missing", place, message)


def _timer(transition: Transition, timer: Timer, vocabulary: Vocabulary) -> Iterator[Fault]:
    """A timer on a field that is no instant, or as long as a field that is no length of time."""
    for name, wanted in ((timer.field, "timestamp"), (timer.length_field, "duration")):
        known = tuple(name for name, kind in vocabulary.context.items() if kinds.required(kind) == wanted)
        if name and name not in known:
            message = f"found '{name}', which is no {wanted} of the context"
            yield _fault(transition, "timer_field_unknown", "after", message + likely(name, known))


def _button(
    transition: Transition, button: Button, vocabulary: Vocabulary, takes: Mapping[str, str] | None
) -> Iterator[Fault]:
    """A button for nobody, for nothing, or with a form that does not fit what its trigger takes."""
    for role in button.roles:
        if role not in vocabulary.roles:
            message = f"found the role '{role}'{likely(role, tuple(vocabulary.roles))}"
            yield _fault(transition, "role_unknown", "button.role", message)
    if takes is None:
        message = (
            f"found a button on '{transition.on}', which no person can send; accepted: a trigger of the room"
        )
        yield _fault(transition, "button_without_trigger", "button", message)
        return
    for field in button.form:
        yield from _form_field(transition, field, takes)
    for name, declared in takes.items():
        asked = next((field for field in button.form if field.name == name), None)
        given = asked is not None and (asked.required or asked.default is not None)
        if not kinds.optional(declared) and not given:
            message = f"found no required field '{name}'; '{transition.on}' needs {name}: {declared}"
            yield _fault(transition, "form_field_missing", "button.form", message)


def _form_field(transition: Transition, field: FormField, takes: Mapping[str, str]) -> Iterator[Fault]:
    """A form field that its trigger does not take, or takes as another type."""
    place = f"button.form.{field.name}"
    declared = takes.get(field.name)
    if declared is None:
        message = f"found the form field '{field.name}'{likely(field.name, tuple(takes))}"
        yield _fault(transition, "form_field_unknown", place, message)
    elif field.type != kinds.required(declared):
        message = f"found the type {field.type} for '{field.name}'; accepted: {kinds.required(declared)}"
        yield _fault(transition, "form_type", place, message)
    values = field.choices if field.default is None else (*field.choices, field.default)
    wrong = [value for value in values if not kinds.fits(value, kinds.parse(field.type))]
    if wrong:
        message = f"found the choice or default {wrong[0]!r} of '{field.name}'; accepted: {field.type}"
        yield _fault(transition, "form_type", place, message)
    elif field.choices and field.default is not None and field.default not in field.choices:
        message = f"found the default {field.default!r} of '{field.name}'; accepted: one of its choices"
        yield _fault(transition, "form_type", place, message)
