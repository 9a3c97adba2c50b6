"""The form of a flow file, once: reader, JSON Schema for editors and tables of the docs follow from it."""

from __future__ import annotations

from coster.engine.workflow import shape_parts as parts
from coster.engine.workflow.form import (
    Anything,
    Constant,
    Either,
    Flag,
    Key,
    Keyed,
    ListOf,
    MapOf,
    OneOf,
    Text,
    Whole,
)

STATUS_KEYS = Keyed(
    name="A status",
    keys={
        "category": Key(
            OneOf(choices=parts.CATEGORIES),
            "Where in the life of the entity it is.",
            "booking",
            required=True,
        ),
        "label": Key(parts.LINE, "Name for people.", "Checkout running"),
        "code": Key(Text(pattern="[A-Z]", accepted="one capital letter"), "One capital letter.", "X"),
        "dfc": Key(
            Keyed(
                name="DFC words",
                keys={
                    axis: Key(OneOf(choices=words), f"The {axis} status of the DFC vocabulary.")
                    for axis, words in parts.DFC.items()
                },
            ),
            "What it is in DFC terms, by axis.",
            "{order: Held, fulfilment: Held}",
        ),
        "holds": Key(
            OneOf(choices=parts.HOLDS),
            "What the entity's holds are here: goods are held (live), they are owed (committed), or none.",
            "live",
        ),
        "authorisation": Key(
            OneOf(choices=parts.AUTHORISATION),
            "What the entity's authorised money is here: authorised (open), captured, or none.",
            "open",
        ),
        "held_lines": Key(
            OneOf(choices=parts.HELD_LINES),
            "Whether lines of held orders stand for the entity here.",
            "held",
        ),
        "initial": Key(Flag(), "`true` on exactly one status: where life begins.", "true"),
        "final": Key(Flag(), "`true`: the end; no transition leaves it.", "true"),
        "rests": Key(
            Flag(),
            "`true`: an entity may stay here for good although something may still happen.",
            "true",
        ),
        "sla": Key(
            Either(
                scalar=parts.DURATION,
                mapping=parts.SLA,
                accepted=f"{parts.ISO}, or {{duration: PT4H, in: office}}",
            ),
            "How long an entity should stay here at most; beyond that it is listed and counted.",
            "{duration: PT4H, in: office}",
        ),
    },
    not_both=(("final", "rests"),),
)

PARAMETERS = MapOf(
    value=Anything(), keys=Text(accepted="a name"), accepted="a mapping from parameters to values"
)
ACTION = Either(
    scalar=Text(pattern=parts.WORD, accepted="an action by name, or {name: {parameter: value}}"),
    mapping=MapOf(
        value=PARAMETERS,
        keys=parts.NAME,
        least=1,
        most=1,
        accepted="an action by name, or one mapping {name: {parameter: value}}",
    ),
    accepted="an action by name, or {name: {parameter: value}}",
)

TRANSITION = Keyed(
    name="A transition",
    keys={
        "on": Key(parts.TRIGGER, "The trigger: a command or an event.", "pick_confirmed"),
        "label": Key(parts.LINE, "What people read about it afterwards.", "Packed"),
        "after": Key(
            Either(
                scalar=parts.DURATION,
                mapping=parts.TIMER,
                accepted=f"{parts.ISO}, or a mapping such as {{field: due}}",
            ),
            "Durable timer that sends the trigger; starts when the status is entered, void when it is left.",
            "PT30M",
        ),
        "rollup": Key(
            Either(
                mapping=parts.CONDITION,
                listing=ListOf(item=parts.CONDITION, least=1, accepted="at least one roll-up"),
                accepted="a roll-up such as {all: boxes, in: [shipped]}, or a list of such",
            ),
            "Where the children must be. Without `on` and `after` their coming there is the trigger.",
            "{all: boxes, in: [shipped, cancelled]}",
        ),
        "from": Key(
            parts.names(parts.STATUS),
            "Statuses, as a list or a single name; left out or empty: every status.",
            "[created, booked]",
        ),
        "when": Key(
            Text(accepted="a CEL expression as text"),
            "Guard: a CEL expression that gives true or false.",
            "lines > 0",
        ),
        "do": Key(
            ListOf(item=ACTION, accepted="a list of actions"),
            "Actions in order.",
            "[release_holds, {notify: {event: gone}}]",
        ),
        "to": Key(parts.STATUS, "The status afterwards; left out: it stays.", "cancelled"),
        "next": Key(parts.TRIGGER, "Trigger that is tried at once in the status afterwards.", "thank"),
        "restart": Key(
            parts.names(parts.TRIGGER), "Triggers of this status whose timers begin again.", "[remind]"
        ),
        "otherwise": Key(
            parts.TRIGGER,
            "Trigger that is tried in the same status when the row does not fit.",
            "cancel_empty",
        ),
        "error": Key(
            parts.ERROR, "What happens when the row cannot be carried out.", "{then: request_failed}"
        ),
        "button": Key(parts.BUTTON, "User action that any interface can draw.", "{label: Pack, role: hub}"),
    },
    one_of=("on", "after", "rollup"),
)

ATTRIBUTE = OneOf(choices=(*parts.FORM_KINDS, *(f"{kind}?" for kind in parts.FORM_KINDS)))
FLOW = Keyed(
    name="The file",
    keys={
        "name": Key(
            parts.FLOW_NAME,
            "Name of the flow: small letters, digits, `_`, parts joined by `.`.",
            "order.retail",
            required=True,
        ),
        "title": Key(parts.LINE, "A line for people.", "A shopper's order"),
        "description": Key(parts.LINE, "What the flow is for, and whatever else people should know."),
        "entity": Key(
            parts.NAME, "The entity whose vocabulary the flow is proved against.", "order", required=True
        ),
        "type": Key(parts.NAME, "The type of entity that begins on it; left out: every type.", "express"),
        "version": Key(Whole(), "Whole number from 1.", "1", required=True),
        "settings": Key(
            MapOf(value=Constant(), keys=parts.NAME, accepted="a mapping from names to values"),
            "Values with a name; guards read `settings.<name>`.",
            "{approval_limit: 50000}",
        ),
        "events": Key(
            MapOf(
                value=MapOf(value=ATTRIBUTE, keys=parts.NAME, accepted="a mapping from attributes to types"),
                keys=parts.TRIGGER,
                accepted="a mapping from events to their attributes",
            ),
            "Events beside those that the room declares: name to attributes, name to type (`?`: may be left out).",
            "{customs_cleared: {reference: string}}",
        ),
        "calendars": Key(
            MapOf(value=parts.CALENDAR, keys=parts.NAME, accepted="a mapping from names to calendars"),
            "Business calendars by name.",
            "see below",
        ),
        "webhooks": Key(
            MapOf(value=parts.WEBHOOK, keys=parts.NAME, accepted="a mapping from names to webhooks"),
            "Messages that the action `send` sends, by name.",
            "see below",
        ),
        "children": Key(
            MapOf(
                value=parts.CHILD, keys=parts.NAME, accepted="a mapping from kinds of children to their flows"
            ),
            "Sub-entities by kind.",
            "{boxes: {flow: box.standard}}",
        ),
        "error": Key(
            parts.ERROR,
            "What happens on failure of rows that do not say it themselves.",
            "{retry: {times: 5, wait: PT1M}}",
        ),
        "statuses": Key(
            MapOf(
                value=STATUS_KEYS,
                keys=parts.STATUS,
                least=1,
                accepted="a mapping from status names to their fields, with at least one status",
            ),
            "Status name (letters, digits, `_`) to its fields.",
            "see below",
            required=True,
        ),
        "transitions": Key(
            ListOf(item=TRANSITION, accepted="a list of transitions"),
            "The rows.",
            "see below",
            required=True,
        ),
    },
)
