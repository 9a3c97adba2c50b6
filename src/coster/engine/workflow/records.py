"""The records of a flow file as it was read: what the pages, the checker and the compiler work on."""

from __future__ import annotations

import datetime as dt
from typing import Literal, TypeAlias

import msgspec

from coster.engine.workflow import kinds
from coster.engine.workflow.document import Plain

Quantifier: TypeAlias = Literal["all", "any", "none"]
Scalar: TypeAlias = "str | int | bool"
Setting: TypeAlias = "Scalar | tuple[str, ...] | tuple[int, ...]"


class Sla(msgspec.Struct, frozen=True, kw_only=True):
    """How long an entity should stay in a status at most."""

    duration: str
    """ISO 8601; in a calendar its days are open days and its time is open time."""
    calendar: str = ""


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
    authorisation: str = ""
    """State of the entity's authorised money, one of AUTHORISATION; empty: not declared."""
    held_lines: str = ""
    """Whether lines of held orders stand for the entity, one of HELD_LINES; empty: not declared."""
    initial: bool = False
    final: bool = False
    rests: bool = False
    """A legitimate place to stay although something may still happen."""
    sla: Sla | None = None
    line: int = 0

    def owed(self, axis: str) -> str:
        """Its state on an axis of `effects`; empty: not declared."""
        return {"holds": self.holds, "authorisation": self.authorisation, "held_lines": self.held_lines}[axis]


class Timer(msgspec.Struct, frozen=True, kw_only=True):
    """When time triggers a transition: so long after the status was entered, at an instant, or at a clock time."""

    duration: str = ""
    """ISO 8601, or the name of a context field of type duration; empty: no wait."""
    field: str = ""
    """Name of an instant in the context; while it is null the timer does not start."""
    at: str = ""
    """Clock time, such as 09:00, in the zone of the calendar."""
    before: str = ""
    """ISO 8601: so long before the instant in `field`."""
    calendar: str = ""
    """Name of a calendar of the flow or of the room; empty: time always counts."""
    times: int = 0
    """How often it may fire while the status is kept; 0: once, and it must leave the status."""

    @property
    def length(self) -> dt.timedelta | None:
        """The duration as it is written, a day with 24 hours; None when a context field says it, or nothing does."""
        return kinds.duration(self.duration)

    @property
    def length_field(self) -> str:
        """The context field that says how long; empty: none."""
        return "" if not self.duration or self.duration.startswith("P") else self.duration


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
    labels: dict[str, str] = {}
    """What people read for a choice of text; empty: the choices themselves."""
    default: Plain = None


class Button(msgspec.Struct, frozen=True, kw_only=True):
    """A user action that any interface can draw."""

    label: str
    roles: tuple[str, ...]
    form: tuple[FormField, ...] = ()
    confirm: str = ""


class Retry(msgspec.Struct, frozen=True, kw_only=True):
    """How often, and after which wait, what failed is tried again."""

    times: int
    wait: str
    """ISO 8601."""
    factor: int = 1
    """By what the wait grows from time to time."""

    def waits(self) -> tuple[dt.timedelta, ...]:
        """The waits before each further try, in order, none longer than a year."""
        first, longest = kinds.duration(self.wait) or dt.timedelta(0), dt.timedelta(days=365)
        return tuple(min(first * self.factor**number, longest) for number in range(self.times))


class ErrorPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What happens when a row cannot be carried out; without `then` the failure waits for people."""

    retry: Retry | None = None
    then: str = ""


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """Where the children of a kind must be."""

    quantifier: Quantifier
    children: str
    statuses: tuple[str, ...]

    def __str__(self) -> str:
        """The condition in words, as pages and answers tell it."""
        return f"{self.quantifier} {self.children} in {', '.join(self.statuses)}"


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """One row: when `on` happens in one of `sources` and `when` holds, `do` is done and the status becomes `to`."""

    index: int
    on: str
    """The trigger; a transition with only a timer or roll-up gets a name that nobody outside can send (`after:PT4H`)."""
    sources: tuple[str, ...]
    """Statuses that it starts from; empty: all."""
    label: str = ""
    when: str = ""
    rollup: tuple[Condition, ...] = ()
    """All of these must hold."""
    do: tuple[ActionCall, ...] = ()
    to: str = ""
    """Empty: the status stays."""
    next: str = ""
    """Trigger that is tried at once in the status afterwards."""
    restart: tuple[str, ...] = ()
    """Triggers whose timers begin again."""
    otherwise: str = ""
    error: ErrorPolicy | None = None
    after: Timer | None = None
    button: Button | None = None
    line: int = 0

    @property
    def path(self) -> str:
        """Its place in the file."""
        return f"transitions[{self.index}]"

    @property
    def conditional(self) -> bool:
        """Whether it may not fit."""
        return bool(self.when or self.rollup)


class CalendarText(msgspec.Struct, frozen=True, kw_only=True):
    """A calendar as it is written: hours by `mon` or `mon-fri`, spans such as 09:00-17:30, dates as ISO 8601."""

    name: str
    zone: str
    hours: dict[str, tuple[str, ...]] | None = None
    """None: open day and night."""
    holidays: tuple[str, ...] = ()
    special: dict[str, tuple[str, ...]] = {}
    line: int = 0


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """A message by name: the event as which it is sent, and the template of what is sent."""

    name: str
    event: str
    body: dict[str, Plain] = {}
    line: int = 0


class Children(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of sub-entities: names of their flows by type, `other` for every other type."""

    kind: str
    flows: dict[str, str]
    line: int = 0

    def flow(self, type_: str = "") -> str:
        """The flow on which a child of the type begins; empty: there is none."""
        return self.flows.get(type_, self.flows.get("other", ""))


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """A flow file as it was read; everything in file order."""

    name: str
    entity: str
    version: int
    title: str = ""
    description: str = ""
    type: str = ""
    """The type of entities that begin on it; empty: every type."""
    settings: dict[str, Setting] = {}
    events: dict[str, dict[str, str]] = {}
    calendars: tuple[CalendarText, ...] = ()
    webhooks: tuple[Webhook, ...] = ()
    children: tuple[Children, ...] = ()
    error: ErrorPolicy | None = None
    statuses: tuple[Status, ...]
    transitions: tuple[Transition, ...]

    def status(self, name: str) -> Status:
        """The status of that name. Raises KeyError."""
        for status in self.statuses:
            if status.name == name:
                return status
        raise KeyError(name)
