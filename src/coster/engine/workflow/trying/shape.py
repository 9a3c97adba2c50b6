"""The form of a scenario file, once: its reader, its JSON Schema and the tables of the docs follow from it."""

from __future__ import annotations

from coster.engine.workflow import kinds
from coster.engine.workflow import shape_parts as parts
from coster.engine.workflow.form import Anything, Either, Form, Key, Keyed, ListOf, MapOf, OneOf, Schema, Text
from coster.engine.workflow.schema import URL
from coster.engine.workflow.shape import ACTION

REFUSALS = ("unknown_trigger", "wrong_status", "guard_false", "action_refused", "parked")


class Instant(Text, frozen=True, kw_only=True):
    """An instant with its offset, as RFC 3339 writes it."""

    accepted: str = "an instant such as 2026-11-23T09:00:00Z"
    pattern: str = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}:[0-9]{2})"

    def fits(self, value: str) -> bool:
        """Whether it is one, on a day and at a time that there are."""
        return super().fits(value) and kinds.fits(value, kinds.Kind("timestamp"))

    def schema(self) -> Schema:
        """The pattern, and the format for what it cannot say."""
        return {**super().schema(), "format": "date-time"}


def _facts(about: str) -> MapOf:
    return MapOf(value=Anything(), keys=parts.FIELD, accepted=f"a mapping from {about} to values")


def _several(item: Form, what: str) -> ListOf:
    return ListOf(item=item, accepted=f"a list of {what}")


CHILDREN = MapOf(
    value=_several(parts.STATUS, "statuses, one for each child"),
    keys=parts.NAME,
    accepted="a mapping from kinds of children to lists of statuses",
)
MESSAGE = Either(
    scalar=parts.TRIGGER,
    mapping=MapOf(
        value=Anything(), keys=parts.TRIGGER, least=1, most=1, accepted="one mapping {event: what is sent}"
    ),
    accepted="an event, or {event: what is sent}",
)
TIMERS = Either(
    listing=_several(parts.LINE, "triggers"),
    mapping=MapOf(value=Instant(), keys=parts.LINE, accepted="a mapping from triggers to instants"),
    accepted="a list of triggers, or a mapping from triggers to instants",
)

EXPECT = Keyed(
    name="What is expected",
    keys={
        "status": Key(parts.STATUS, "The status then.", "cancelled"),
        "actions": Key(
            _several(ACTION, "actions"),
            "What was done, in order and nothing else; a name alone stands for any parameters.",
            "[release_holds]",
        ),
        "messages": Key(
            _several(MESSAGE, "messages"),
            "What was sent by `send`, `tell_children`, `tell_parent` or an action of another package, in order and nothing else.",
            "[parcel.requested]",
        ),
        "holds": Key(OneOf(choices=parts.HOLDS), "What its holds are then.", "none"),
        "authorisation": Key(
            OneOf(choices=parts.AUTHORISATION), "What its authorised money is then.", "none"
        ),
        "held_lines": Key(OneOf(choices=parts.HELD_LINES), "Whether held lines stand for it then.", "none"),
        "timers": Key(TIMERS, "The timers that run then, and no others.", "[expire_checkout]"),
        "refused": Key(
            OneOf(choices=REFUSALS), "Why nothing came of it, or of the last step.", "wrong_status"
        ),
    },
)
GIVEN = Keyed(
    name="How it begins",
    keys={
        "status": Key(parts.STATUS, "The status that it is in; left out: the initial one.", "booked"),
        "at": Key(Instant(), "When; left out: 2026-01-05T09:00:00Z, a Monday.", "2026-11-23T09:00:00Z"),
        "context": Key(_facts("fields of the context"), "What guards and timers read.", "{items: 3}"),
        "children": Key(CHILDREN, "The status of each child, by kind.", "{boxes: [packing, shipped]}"),
    },
)
_DOINGS = ("event", "wait", "until", "children", "failed")
STEP = Keyed(
    name="A step",
    keys={
        "event": Key(parts.TRIGGER, "This is sent.", "cancel"),
        "attributes": Key(_facts("attributes of the event"), "With these attributes.", "{reason: late}"),
        "wait": Key(parts.DURATION, "So much time passes, and what is due fires.", "PT31M"),
        "until": Key(Instant(), "Time passes until then, and what is due fires.", "2026-11-24T09:00:00Z"),
        "children": Key(
            CHILDREN, "The children of a kind are in these statuses from now on.", "{boxes: [shipped]}"
        ),
        "failed": Key(parts.TRIGGER, "What the row on this trigger sent has failed for good.", "pack"),
        "context": Key(
            _facts("fields of the context"),
            "What is different from now on, before anything else.",
            "{items: 0}",
        ),
        "then": Key(
            _facts("fields of the context"),
            "What the actions of the first row make of the context.",
            "{items: 0}",
        ),
        "fails": Key(
            MapOf(value=parts.NAME, keys=parts.NAME, accepted="a mapping from actions to codes"),
            "Actions that refuse, with the code that they give.",
            "{commit: stock_short}",
        ),
        "expect": Key(EXPECT, "What must be so after the step.", "{status: cancelled}"),
    },
    one_of=(*_DOINGS, "context"),
    apart=tuple((one, other) for n, one in enumerate(_DOINGS) for other in _DOINGS[n + 1 :]),
    needs=(("attributes", "event"),),
)
STEP_FORM = Either(
    scalar=Text(
        pattern=f"{kinds.DURATION}|{parts.DOTTED}",
        accepted="an event, an ISO 8601 duration to wait, or a mapping",
    ),
    mapping=STEP,
    accepted="an event, an ISO 8601 duration to wait, or a mapping",
)
SCENARIO = Keyed(
    name="A scenario",
    keys={
        "name": Key(parts.LINE, "What happens, as a sentence.", "A checkout expires", required=True),
        "given": Key(GIVEN, "How it begins, beside what the file says for all.", "{status: booked}"),
        "steps": Key(
            ListOf(item=STEP_FORM, least=1, accepted="at least one step"),
            "What happens, in order.",
            "[complete_checkout, PT2H, {event: cancel, attributes: {reason: late}}]",
            required=True,
        ),
        "expect": Key(
            EXPECT,
            "What must be so at the end, actions and messages of all steps together.",
            "{status: booked}",
        ),
    },
)
FILE = Keyed(
    name="The scenarios",
    keys={
        "flow": Key(parts.FLOW_NAME, "The flow that they are about.", "order.retail", required=True),
        "given": Key(GIVEN, "How each begins, unless it says otherwise.", "{at: 2026-11-23T09:00:00Z}"),
        "calendars": Key(
            MapOf(value=parts.CALENDAR, keys=parts.NAME, accepted="a mapping from names to calendars"),
            "The calendars that the room gives.",
            "{opening_hours: {zone: Europe/Amsterdam}}",
        ),
        "scenarios": Key(
            ListOf(item=SCENARIO, least=1, accepted="at least one scenario"),
            "The scenarios.",
            "see below",
            required=True,
        ),
    },
)


def json_schema() -> Schema:
    """The schema of a scenario file as plain data: it refuses what the reader refuses for its form."""
    return {"$schema": URL, "title": "Scenarios of a flow of Coster", **FILE.schema()}
