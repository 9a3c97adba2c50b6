"""What a rule of an export means, by the last part of its name and by its properties.

Accounts and plug-ins rename and extend Fluent's rules, so names are read as patterns; what fits none, or is given
properties that its pattern cannot have, is unknown and becomes a placeholder.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from coster.engine.workflow import kinds
from coster.engine.workflow.document import Plain
from coster.engine.workflow.fluent import names
from coster.engine.workflow.fluent.model import Rule
from coster.engine.workflow.records import Timer


class SetState(msgspec.Struct, frozen=True, kw_only=True):
    """The status becomes another."""

    status: str
    prop: str


class Send(msgspec.Struct, frozen=True, kw_only=True):
    """An event is sent; `hint` is what the rule's name says about the receiver."""

    event: str
    prop: str
    hint: str = ""
    note: str = ""
    """Why this is only nearly the same; empty: it is the same."""


class Branch(msgspec.Struct, frozen=True, kw_only=True):
    """An event is sent when a fact holds, which a field of the context will say."""

    send: Send
    fact: str
    """The fact with all its words, which tells it from every other."""
    field: str
    """The word for it."""
    arm: str
    """`true`, `false`, or a word such as ALL."""
    read: tuple[str, ...] = ()
    """Properties that are part of the fact."""


class Rollup(msgspec.Struct, frozen=True, kw_only=True):
    """An event is sent when all (or any, or none) of the entities of another type are in some statuses."""

    send: Send
    quantifier: str
    entity: str
    statuses: tuple[str, ...]
    prop: str


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """An event is sent later. `timer` is None where nothing says when: then the room must know the instant."""

    event: str
    prop: str
    """Empty: the rule itself says which."""
    timer: Timer | None
    waits: str = ""
    """The property that says how long; empty: none."""


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """A message is sent to an address."""

    name: str
    prop: str
    endpoint: str = ""


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """Nobody knows what it does."""

    why: str


Meaning: TypeAlias = "SetState | Send | Branch | Rollup | Schedule | Webhook | Unknown"

_SUFFIX = re.compile(r"(?:FO|GQL|V\d+|v\d+)$")
_STATE = re.compile(r"(?:Set|Change|Update)(?P<entity>\w*?)(?:State|Status)")
_SEND = re.compile(
    r"(?:Send|Forward|Raise)(?:Inline)?Event(?:(?:To|For|ForAll|ToAll|ForEach)(?P<hint>[A-Z]\w*))?"
)
_IF = re.compile(r"(?:Forward|SendEvent)(?:If|OnVerifyingIf|OnVerifying|WhenVerifying)(?P<fact>[A-Z]\w*)")
_ARM = re.compile(r"(?P<fact>\w+?)(?P<arm>All|Partial|None|ALL|PARTIAL|NONE)")
_ROLLUP = re.compile(r"(?:All|Any|No)(?=[A-Z])")
_SCHEDULE = re.compile(r"Schedule|Delayed")
_LATER = re.compile(r"delay|schedul|wait", re.IGNORECASE)
_EVENT = re.compile(r"(?:\w*event_?name|event)", re.IGNORECASE)
_STATUSES = re.compile(r"\w*(?:status(?:es)?|states?)", re.IGNORECASE)
_UNITS = (("milli", 0.001), ("sec", 1), ("min", 60), ("hour", 3600), ("hrs", 3600), ("day", 86_400))
_FULFILMENT_EXPIRY = "FulfilmentExpiry"


def meaning(rule: Rule, entity: str, others: tuple[str, ...]) -> Meaning:
    """What the rule means in a ruleset of the entity type; `others` are all entity types of the export."""
    name = _SUFFIX.sub("", rule.last) or rule.last
    state = _STATE.fullmatch(name)
    if state is not None and state["entity"].upper() in ("", *_spellings(entity)):
        return _state(rule)
    if "webhook" in name.lower():
        return _webhook(rule)
    if _SCHEDULE.search(name):
        return _schedule(rule, name)
    events = _events(rule)
    if len(events) != 1:
        return Unknown(why=f"nobody has translated the rule {rule.last}")
    [(prop, event)] = events.items()
    send = Send(event=event, prop=prop)
    sent = _SEND.fullmatch(name)
    if sent is not None and any(_LATER.search(key) for key in rule.props):
        return _schedule(rule, name)
    if sent is not None:
        return msgspec.structs.replace(send, hint=sent["hint"] or "")
    return _rollup(rule, name, send, others) or _branch(rule, name, send)


def _spellings(entity: str) -> tuple[str, ...]:
    """An entity type as it stands within names: FULFILMENT_CHOICE as FULFILMENTCHOICE."""
    return (entity.upper(), entity.upper().replace("_", ""))


def _events(rule: Rule) -> dict[str, str]:
    """The properties that name events."""
    return {
        key: value
        for key, value in rule.props.items()
        if _EVENT.fullmatch(key) and isinstance(value, str) and value.strip()
    }


def _state(rule: Rule) -> Meaning:
    """Exactly one property says the status."""
    for key, value in rule.props.items():
        if _STATUSES.fullmatch(key) and isinstance(value, str) and value.strip():
            return SetState(status=value, prop=key)
    return Unknown(why=f"{rule.last} does not say which status")


def _webhook(rule: Rule) -> Meaning:
    """The name is that of the message, or of the event, or of the rule; the address is somebody else's business."""
    found = {
        key.lower(): key for key, value in rule.props.items() if isinstance(value, str) and value.strip()
    }
    prop = next((found[key] for key in ("webhookname", "name", "eventname") if key in found), "")
    ends = [
        key for low, key in found.items() if any(w in low for w in ("url", "uri", "endpoint")) and key != prop
    ]
    name = str(rule.props[prop]) if prop else rule.last
    return Webhook(name=name, prop=prop, endpoint=ends[0] if ends else "")


def _schedule(rule: Rule, name: str) -> Meaning:
    """When, from a property with a duration or a number with a unit."""
    events = _events(rule)
    if not events and _FULFILMENT_EXPIRY in name:
        # The reference rule counts hours of a setting of the place within its opening hours.
        timer = Timer(duration="pick_n_pack_time_limit", calendar="opening_hours")
        return Schedule(event=_FULFILMENT_EXPIRY, prop="", timer=timer)
    if len(events) != 1:
        return Unknown(why=f"{rule.last} does not say which event")
    [(prop, event)] = events.items()
    waits = {key: wait for key, value in rule.props.items() if (wait := _wait(key, value)) is not None}
    if len(waits) > 1:
        return Unknown(why=f"{rule.last} says twice when: {', '.join(waits)}")
    for key, wait in waits.items():
        if not wait:
            note = "at once instead of scheduled for now (Fluent lists immediately scheduled events as an anti-pattern)"
            return Send(event=event, prop=prop, note=note)
        return Schedule(event=event, prop=prop, timer=Timer(duration=wait), waits=key)
    if _FULFILMENT_EXPIRY in name:
        timer = Timer(duration="pick_n_pack_time_limit", calendar="opening_hours")
        return Schedule(event=event, prop=prop, timer=timer)
    return Schedule(event=event, prop=prop, timer=None)


def _wait(key: str, value: Plain) -> str | None:
    """How long, as ISO 8601; empty: no time at all; None: the property does not say."""
    if isinstance(value, str) and kinds.duration(value) is not None:
        return value
    number = value if isinstance(value, int) and not isinstance(value, bool) else None
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,12}", value):
        number = int(value)
    unit = next((seconds for word, seconds in _UNITS if word in key.lower()), None)
    if number is None or unit is None or number < 0:
        return None
    seconds = int(number * unit)
    return _iso(seconds) if seconds < 10**8 else None


def _iso(seconds: int) -> str:
    """Seconds in the largest unit that needs no other."""
    if not seconds:
        return ""
    for unit, sign in ((86_400, "D"), (3_600, "H"), (60, "M")):
        if seconds % unit == 0:
            return f"P{seconds // unit}D" if sign == "D" else f"PT{seconds // unit}{sign}"
    return f"PT{seconds}S"


def _rollup(rule: Rule, name: str, send: Send, others: tuple[str, ...]) -> Rollup | None:
    """`…AllFulfilments…` with a property of statuses."""
    found = _ROLLUP.search(name)
    statuses = {
        key: got for key, value in rule.props.items() if _STATUSES.fullmatch(key) and (got := _texts(value))
    }
    if found is None or len(statuses) != 1:
        return None
    rest = name[found.end() :].upper()
    entity = max((e for e in others if any(rest.startswith(s) for s in _spellings(e))), key=len, default="")
    if not entity:
        return None
    [(prop, listed)] = statuses.items()
    quantifier = {"All": "all", "Any": "any", "No": "none"}[found.group()]
    return Rollup(send=send, quantifier=quantifier, entity=entity, statuses=listed, prop=prop)


def _texts(value: Plain) -> tuple[str, ...]:
    """A list of names, each once; empty where it is none."""
    listed = value if isinstance(value, list) else [value]
    found = [part for part in listed if isinstance(part, str) and part.strip()]
    return tuple(dict.fromkeys(found)) if len(found) == len(listed) else ()


def _branch(rule: Rule, name: str, send: Send) -> Meaning:
    """`ForwardIf…Present` and its like: a fact by its name, with the plain properties that make it another fact."""
    found = _IF.fullmatch(name)
    if found is None:
        return Unknown(why=f"nobody has translated the rule {rule.last}")
    more: Mapping[str, Plain] = {key: value for key, value in rule.props.items() if key != send.prop}
    if any(not isinstance(value, str | int | bool) for value in more.values()):
        return Unknown(why=f"{rule.last} is given what cannot be part of a fact's name")
    arms = _ARM.fullmatch(found["fact"])
    fact = (
        arms["fact"]
        if arms is not None
        else re.sub(r"Not(?=[A-Z])|(?<=\w)Un(?=available)", "", found["fact"])
    )
    negative = fact != found["fact"] and arms is None
    words = [
        fact,
        *(f"{value}".lower() if isinstance(value, bool) else f"{value}" for value in more.values()),
    ]
    return Branch(
        send=send,
        fact="\n".join(words),
        field=names.word("_".join(words)),
        arm=arms["arm"].upper() if arms is not None else ("false" if negative else "true"),
        read=tuple(more),
    )
