"""The flow language: the records of a flow file and their strict reading from YAML text.

Reading knows the form of the language only; whether names are known and the flow is safe is the work of
`check`. The language is documented in docs/reference/flows.md.
"""

from __future__ import annotations

import datetime as dt
import re

import msgspec

from coster.engine.workflow import document, faults, kinds
from coster.engine.workflow.document import Node, Plain
from coster.engine.workflow.reading import NOTHING, Reader

CATEGORIES = ("booking", "fulfilment", "delivery", "done")
HOLDS = ("live", "committed", "none")
DFC = {
    "order": ("Draft", "Held", "Complete", "Cancelled"),
    "fulfilment": ("Held", "Unfulfilled", "Fulfilled", "Cancelled"),
    "payment": ("Unpaid", "Paid", "Cancelled"),
}
FORM_KINDS = ("string", "int", "bool", "timestamp", "duration", "list(string)", "list(int)")

_FLOW_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_STATUS = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_LETTER = re.compile(r"[A-Z]")
_TRIGGER = _FLOW_NAME
_WORD = "a word of small letters, digits and _"


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """One place in the life of an entity."""

    name: str
    category: str
    code: str = ""
    """One-letter code of the status for people who know those codes; empty: none."""
    label: str = ""
    dfc: dict[str, str] = {}
    """What the status is in the DFC vocabulary, by axis: order, fulfilment, payment."""
    holds: str = ""
    """State of the entity's holds in this status, one of HOLDS; empty: not declared."""
    initial: bool = False
    final: bool = False
    rests: bool = False
    """A legitimate place to stay although something may still happen."""
    line: int = 0


class Timer(msgspec.Struct, frozen=True, kw_only=True):
    """When a transition is triggered by time: so long after the status was entered, or at the instant in a
    context field."""

    length: dt.timedelta | None = None
    field: str = ""
    """Name in the context; while the field is null the timer does not start."""
    times: int = 0
    """How often it may fire while the status is kept; 0: once, and it must leave the status."""


class ActionCall(msgspec.Struct, frozen=True, kw_only=True):
    """An action by name with the parameters written in the file."""

    name: str
    parameters: dict[str, Plain] = {}


class FormField(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a button asks for; `type` is one of FORM_KINDS, choices and default are values of it."""

    name: str
    type: str
    label: str = ""
    required: bool = False
    choices: tuple[Plain, ...] = ()
    default: Plain = None


class Button(msgspec.Struct, frozen=True, kw_only=True):
    """A user action that any interface can draw."""

    label: str
    roles: tuple[str, ...]
    form: tuple[FormField, ...] = ()
    confirm: str = ""


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """One row: when `on` happens in one of `sources` and `when` holds, `do` is done and the status becomes
    `to`."""

    index: int
    on: str
    """The trigger; a transition with only a timer gets a name that nobody outside can send, such as
    `after:PT4H`."""
    sources: tuple[str, ...]
    """Statuses that it starts from; empty: all."""
    when: str = ""
    do: tuple[ActionCall, ...] = ()
    to: str = ""
    """Empty: the status stays."""
    otherwise: str = ""
    after: Timer | None = None
    button: Button | None = None
    line: int = 0

    @property
    def path(self) -> str:
        """Its place in the file."""
        return f"transitions[{self.index}]"


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """A flow file as it was read; statuses and transitions in file order."""

    name: str
    entity: str
    version: int
    title: str = ""
    statuses: tuple[Status, ...]
    transitions: tuple[Transition, ...]

    def status(self, name: str) -> Status:
        """The status of that name. Raises KeyError."""
        for status in self.statuses:
            if status.name == name:
                return status
        raise KeyError(name)


def read(text: str, source: str = "flow") -> Flow:
    """The flow that the YAML text describes.

    Raises FlowRefusedError with every fault of form, each with line and path.
    """
    reader = Reader()
    root = document.read(text, reader.faults)
    flow = _flow(reader, root) if root is not None else None
    if flow is None or reader.faults:
        raise faults.FlowRefusedError(source, faults.in_file_order(reader.faults))
    return flow


def _flow(reader: Reader, root: Node) -> Flow:
    """The whole file."""
    needed = ("name", "entity", "version", "statuses", "transitions")
    fields = reader.fields(root, needed, ("title",))
    statuses = reader.entries(fields.get("statuses"), "a mapping from status names to their fields")
    transitions = reader.items(fields.get("transitions"), "a list of transitions")
    if "statuses" in fields and not statuses:
        reader.wrong(fields["statuses"], "at least one status")
    return Flow(
        name=reader.text(fields.get("name"), "a name such as order.retail", _FLOW_NAME),
        entity=reader.text(fields.get("entity"), _WORD, _NAME),
        version=reader.count(fields.get("version"), 1),
        title=reader.text(fields.get("title"), "a line of text"),
        statuses=tuple(_status(reader, name, node) for name, node in statuses.items()),
        transitions=tuple(_transition(reader, n, node) for n, node in enumerate(transitions)),
    )


def _status(reader: Reader, name: str, node: Node) -> Status:
    """One entry of `statuses`."""
    if not _STATUS.fullmatch(name):
        reader.note("value_wrong", node, f"found the status name '{name}'; accepted: letters, digits and _.")
    allowed = ("code", "label", "dfc", "holds", "initial", "final", "rests")
    fields = reader.fields(node, ("category",), allowed)
    status = Status(
        name=name,
        category=reader.one_of(fields.get("category"), CATEGORIES),
        code=reader.text(fields.get("code"), "one capital letter", _LETTER),
        label=reader.text(fields.get("label"), "a line of text"),
        dfc=_dfc(reader, fields.get("dfc")),
        holds=reader.one_of(fields.get("holds"), HOLDS),
        initial=reader.flag(fields.get("initial")),
        final=reader.flag(fields.get("final")),
        rests=reader.flag(fields.get("rests")),
        line=node.line,
    )
    if status.final and status.rests:
        reader.wrong(fields["rests"], "final or rests, not both")
    return status


def _dfc(reader: Reader, node: Node | None) -> dict[str, str]:
    """The DFC mapping of a status, by axis."""
    if node is None:
        return {}
    fields = reader.fields(node, (), tuple(DFC))
    return {axis: reader.one_of(value, DFC[axis]) for axis, value in fields.items()}


def _transition(reader: Reader, index: int, node: Node) -> Transition:
    """One entry of `transitions`."""
    fields = reader.fields(node, (), ("on", "after", "from", "when", "do", "to", "otherwise", "button"))
    after = _timer(reader, fields["after"]) if "after" in fields else None
    if "on" not in fields and after is None:
        reader.note("key_missing", node, "found neither 'on' nor 'after'; one of them must be given.")
    on = reader.text(fields.get("on"), "a trigger such as pick_confirmed", _TRIGGER)
    return Transition(
        index=index,
        on=on or _timer_name(after),
        sources=reader.names(fields.get("from"), "a list of status names", _STATUS),
        when=reader.text(fields.get("when"), "a CEL expression as text"),
        do=tuple(_action(reader, item) for item in reader.items(fields.get("do"), "a list of actions")),
        to=reader.text(fields.get("to"), "a status name", _STATUS),
        otherwise=reader.text(fields.get("otherwise"), "a trigger", _TRIGGER),
        after=after,
        button=_button(reader, fields["button"]) if "button" in fields else None,
        line=node.line,
    )


def _timer_name(timer: Timer | None) -> str:
    """The trigger of a transition that has only a timer; the colon keeps it apart from what can be written in
    `on`."""
    if timer is None:
        return ""
    return f"after:{timer.field or f'{int((timer.length or dt.timedelta()).total_seconds())}s'}"


def _timer(reader: Reader, node: Node) -> Timer:
    """`after`: a duration, `{duration, times}` or `{field}`."""
    if not isinstance(node.value, dict):
        return Timer(length=_length(reader, node))
    fields = reader.fields(node, (), ("duration", "times", "field"))
    if ("duration" in fields) == ("field" in fields):
        reader.wrong(node, "a duration such as PT30M, {duration: PT30M, times: 3}, or {field: name}")
    if "field" in fields and "times" in fields:
        reader.wrong(fields["times"], "times only together with duration, because an instant comes once")
    return Timer(
        length=_length(reader, fields["duration"]) if "duration" in fields else None,
        field=reader.text(fields.get("field"), "a field of the context", _FLOW_NAME),
        times=reader.count(fields.get("times"), 0),
    )


def _length(reader: Reader, node: Node) -> dt.timedelta | None:
    """An ISO 8601 duration."""
    length = kinds.duration(node.value) if isinstance(node.value, str) else None
    if length is None:
        reader.wrong(
            node, "an ISO 8601 duration of weeks, days, hours, minutes, seconds, such as PT30M or P2D"
        )
    return length


def _action(reader: Reader, node: Node) -> ActionCall:
    """`name`, or `name: {parameter: value}`."""
    if isinstance(node.value, dict) and len(node.value) == 1:
        [(name, parameters)] = node.value.items()
        given = reader.entries(parameters, "a mapping from parameters to values")
        if not _NAME.fullmatch(name):
            reader.note("value_wrong", parameters, f"found the action '{name}'; accepted: {_WORD}.")
        return ActionCall(name=name, parameters={key: value.plain for key, value in given.items()})
    if isinstance(node.value, dict):
        reader.wrong(node, "an action by name, or one mapping {name: {parameter: value}}")
        return ActionCall(name="")
    return ActionCall(name=reader.text(node, "an action by name, or {name: {parameter: value}}", _NAME))


def _button(reader: Reader, node: Node) -> Button:
    """The user action of a transition."""
    fields = reader.fields(node, ("label", "role"), ("form", "confirm"))
    form = reader.entries(fields.get("form"), "a mapping from field names to their types")
    roles = reader.names(fields.get("role"), "a role or a list of roles", _NAME)
    if "role" in fields and fields["role"].value == []:
        reader.wrong(fields["role"], "at least one role")
    return Button(
        label=reader.text(fields.get("label"), "a line of text"),
        roles=roles,
        form=tuple(_form_field(reader, name, field) for name, field in form.items()),
        confirm=reader.text(fields.get("confirm"), "a question as text"),
    )


def _form_field(reader: Reader, name: str, node: Node) -> FormField:
    """One entry of a form."""
    if not _NAME.fullmatch(name):
        reader.note("value_wrong", node, f"found the field '{name}'; accepted: {_WORD}.")
    fields = reader.fields(node, ("type",), ("label", "required", "choices", "default"))
    choices = reader.items(fields.get("choices"), "a list of choices")
    return FormField(
        name=name,
        type=reader.one_of(fields.get("type"), FORM_KINDS, "string"),
        label=reader.text(fields.get("label"), "a line of text"),
        required=reader.flag(fields.get("required")),
        choices=tuple(choice.plain for choice in choices),
        default=fields.get("default", NOTHING).plain,
    )
