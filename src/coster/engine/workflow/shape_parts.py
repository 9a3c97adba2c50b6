"""The smaller forms of a flow file: words, calendars, webhooks, children, failure, timers, roll-ups, buttons."""

from __future__ import annotations

from coster.engine.workflow import kinds
from coster.engine.workflow.form import Anything, Either, Flag, Key, Keyed, ListOf, MapOf, OneOf, Text, Whole

CATEGORIES = ("booking", "fulfilment", "delivery", "done")
HOLDS = ("live", "committed", "none")
AUTHORISATION = ("open", "captured", "none")
HELD_LINES = ("held", "none")
DFC = {
    "order": ("Draft", "Held", "Complete", "Cancelled"),
    "fulfilment": ("Held", "Unfulfilled", "Fulfilled", "Cancelled"),
    "payment": ("Unpaid", "Paid", "Cancelled"),
}
FORM_KINDS = ("string", "int", "bool", "timestamp", "duration", "list(string)", "list(int)")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

WORD = "[a-z][a-z0-9_]*"
DOTTED = rf"{WORD}(?:\.{WORD})*"
DAY = f"(?:{'|'.join(DAYS)})"
CLOCK = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
SPAN = f"{CLOCK}-(?:{CLOCK}|24:00)"

LINE = Text(accepted="a line of text")
NAME = Text(pattern=WORD, accepted="a word of small letters, digits and _")
FLOW_NAME = Text(pattern=DOTTED, accepted="a name such as order.retail")
TRIGGER = Text(pattern=DOTTED, accepted="a trigger such as pick_confirmed")
STATUS = Text(pattern="[A-Za-z][A-Za-z0-9_]*", accepted="a status name of letters, digits and _")
FIELD = Text(pattern=DOTTED, accepted="a field of the context")
ISO = "an ISO 8601 duration of weeks, days, hours, minutes, seconds, such as PT30M or P2D"
DURATION = Text(pattern=kinds.DURATION, accepted=ISO)
LENGTH = Text(pattern=f"{kinds.DURATION}|{DOTTED}", accepted=f"{ISO}, or a field of the context")
DATE = Text(pattern="[0-9]{4}-[0-9]{2}-[0-9]{2}", format="date", accepted="a date such as 2026-12-25")

SPANS = Either(
    scalar=Text(pattern=SPAN, accepted="opening hours such as 09:00-17:30"),
    listing=ListOf(
        item=Text(pattern=SPAN, accepted="opening hours such as 09:00-17:30"),
        least=1,
        accepted="at least one such as 09:00-17:30",
    ),
    accepted="opening hours such as 09:00-17:30, or a list of such",
)


def names(item: Text, *, least: int = 0) -> Either:
    """One name, or a list of different ones."""
    listing = ListOf(item=item, least=least, different=True, accepted=f"a list of at least {least}")
    return Either(scalar=item, listing=listing, accepted=f"{item.accepted}, or a list of such")


CALENDAR = Keyed(
    name="A calendar",
    keys={
        "zone": Key(
            Text(pattern="[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+)*", accepted="a zone such as Europe/Berlin"),
            "Time zone in which its clock times are meant, by its IANA name.",
            "Europe/Amsterdam",
            required=True,
        ),
        "hours": Key(
            MapOf(
                value=SPANS,
                least=1,
                accepted="a mapping such as {mon-fri: 09:00-17:30}",
                keys=Text(pattern=f"{DAY}(?:-{DAY})?", accepted="a day or days such as mon or mon-fri"),
            ),
            "Opening hours by day or days; a day that is not named is closed. Hours that end before they "
            "begin go over midnight. Left out: open day and night.",
            "{mon-fri: 09:00-17:30, sat: [09:00-12:00, 13:00-15:00]}",
        ),
        "holidays": Key(
            ListOf(item=DATE, different=True, accepted="a list of dates"),
            "Days on which it is closed.",
            "[2026-12-25]",
        ),
        "special": Key(
            MapOf(value=SPANS, keys=DATE, accepted="a mapping from dates to opening hours"),
            "Days with other hours than their day of the week has.",
            "{2026-12-24: 09:00-13:00}",
        ),
    },
)

WEBHOOK = Keyed(
    name="A webhook",
    keys={
        "event": Key(
            Text(pattern=DOTTED, accepted="an event such as order.requested"),
            "Name of the event as which it is sent to the endpoints that ask for it.",
            "parcel.requested",
            required=True,
        ),
        "body": Key(
            MapOf(value=Anything(), keys=LINE, accepted="a mapping from names to values"),
            "What is sent. Text may hold fields of the context in braces; a field alone keeps its type.",
            '{parcel: "{parcel.reference}"}',
        ),
    },
)

CHILD = Keyed(
    name="A kind of children",
    keys={
        "flow": Key(
            Either(
                scalar=FLOW_NAME,
                mapping=MapOf(
                    value=FLOW_NAME, keys=NAME, least=1, accepted="a mapping from types to names of flows"
                ),
                accepted="the name of a flow, or a mapping from types to such",
            ),
            "The flow of these sub-entities, or a flow for each type of them; `other` is every other type.",
            "{road: leg.road, other: leg.any}",
            required=True,
        ),
    },
)

RETRY = Keyed(
    name="A retry policy",
    keys={
        "times": Key(
            Whole(most=50, accepted="a whole number from 1 to 50"),
            "How often it is tried again.",
            "5",
            required=True,
        ),
        "wait": Key(DURATION, "How long before the first time.", "PT1M", required=True),
        "factor": Key(
            Whole(most=10, accepted="a whole number from 1 to 10"),
            "By what the wait grows from time to time; left out: 1.",
            "4",
        ),
    },
)

ERROR = Keyed(
    name="What happens on failure",
    keys={
        "retry": Key(RETRY, "Tries again what goes out (webhooks, reactions).", "{times: 5, wait: PT1M}"),
        "then": Key(
            TRIGGER,
            "Trigger of the row that makes good, tried in whatever status the entity is in.",
            "request_failed",
        ),
        "park": Key(
            Flag(),
            "Says that people decide: the failure waits for retry or skip. So it is without `then`.",
            "true",
        ),
    },
    one_of=("retry", "then", "park"),
    apart=(("then", "park"),),
)

SLA = Keyed(
    name="A service level",
    keys={
        "duration": Key(DURATION, "How long an entity should stay at most.", "PT4H", required=True),
        "in": Key(NAME, "Calendar in which that is counted.", "office"),
    },
)

TIMER = Keyed(
    name="A timer",
    accepted="a duration such as PT30M, or a mapping with duration, field, at, before, in, times",
    keys={
        "duration": Key(
            LENGTH,
            "So long after the status was entered; a field of the context of type `duration` may say how long.",
            "PT4H",
        ),
        "field": Key(FIELD, "At the instant in this field of the context, of type `timestamp`.", "due"),
        "at": Key(
            Text(pattern=CLOCK, accepted="a clock time such as 09:00"),
            "When the clock next shows this time on an open day of the calendar; with `duration`, after that.",
            '"09:00"',
        ),
        "before": Key(DURATION, "So long before the instant in `field`.", "PT2H"),
        "in": Key(
            FIELD,
            "Calendar of the flow or of the room: time counts only while it is open.",
            "office",
        ),
        "times": Key(Whole(), "It fires again and again while the status is kept, at most so often.", "3"),
    },
    one_of=("duration", "field", "at"),
    apart=(("field", "duration"), ("field", "at"), ("field", "times")),
    needs=(("before", "field"), ("at", "in")),
)

CONDITION = Keyed(
    name="A roll-up",
    keys={
        "all": Key(NAME, "There are children of this kind, and all are in one of the statuses.", "boxes"),
        "any": Key(NAME, "At least one child of this kind is in one of the statuses.", "boxes"),
        "none": Key(NAME, "No child of this kind is in one of the statuses.", "boxes"),
        "in": Key(
            names(STATUS, least=1),
            "The statuses of the children's flow.",
            "[shipped, cancelled]",
            required=True,
        ),
    },
    one_of=("all", "any", "none"),
    apart=(("all", "any"), ("all", "none"), ("any", "none")),
)

FORM_FIELD = Keyed(
    name="A field of a form",
    keys={
        "type": Key(OneOf(choices=FORM_KINDS), "What is asked for.", "string", required=True),
        "label": Key(LINE, "What stands beside it.", "Reason"),
        "required": Key(Flag(), "`true`: it must be filled in.", "true"),
        "choices": Key(
            Either(
                listing=ListOf(item=Anything(), accepted="a list of choices"),
                mapping=MapOf(value=LINE, keys=LINE, accepted="a mapping from values to what people read"),
                accepted="a list of choices, or a mapping from values to what people read",
            ),
            "What may be chosen: values, or for text a mapping from values to what people read.",
            "{late: Too late}",
        ),
        "default": Key(Anything(), "What is filled in beforehand.", "1"),
    },
)

BUTTON = Keyed(
    name="A button",
    keys={
        "label": Key(LINE, "What stands on it.", "Cancel order", required=True),
        "role": Key(
            names(NAME, least=1),
            "Who may press it: a role or a list of roles.",
            "[shop, hub]",
            required=True,
        ),
        "form": Key(
            MapOf(value=FORM_FIELD, keys=NAME, accepted="a mapping from field names to their types"),
            "What it asks for; the names are attributes of the trigger.",
            "{reason: {type: string}}",
        ),
        "confirm": Key(LINE, "A question to answer first.", "Cancel the order?"),
    },
)
