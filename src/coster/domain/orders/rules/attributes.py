"""What may be written into an order's attributes when it is placed: small values for guards of its flow. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from coster.domain.orders.rules import b2b
from coster.kernel import quantity, refusal

MOST_NAMES: Final = 50
MOST_DEPTH: Final = 4
"""So far lists and objects may lie in each other; a plain value is 1."""
MOST_BYTES: Final = 16 * 1024
"""All of them as JSON."""

_NAME: Final = re.compile("[a-z][a-z0-9_]{0,49}", re.ASCII)
_FIELD: Final = "attributes"


def judge(faults: refusal.Faults, given: Mapping[str, Any]) -> None:
    """Notes what is wrong with attributes that somebody brings."""
    faults.number(_FIELD, len(given), most=MOST_NAMES)
    for name in list(given)[:MOST_NAMES]:
        if not _NAME.fullmatch(name):
            faults.add(
                _FIELD, f"has the name '{name[:60]}'; a name has small letters, digits and _, 50 at most"
            )
        elif name in b2b.KEPT:
            faults.add(
                _FIELD, f"has the name '{name}', in which orders keep something themselves; take another"
            )
        else:
            _judge_value(faults, f"{_FIELD}.{name}", given[name])
    if faults.rejected() is None:
        faults.number(_FIELD, len(msgspec.json.encode(given)), most=MOST_BYTES)


def _judge_value(faults: refusal.Faults, field: str, value: Any) -> None:
    """A value with all that is in it, nearest first: nothing of it is looked at beyond the bounds."""
    waiting, seen = [(value, 1)], 0
    while waiting and seen < MOST_BYTES:
        part, depth = waiting.pop()
        seen += 1
        if depth > MOST_DEPTH:
            faults.add(field, f"lies deeper than {MOST_DEPTH} lists or objects in each other")
            return
        if isinstance(part, str):
            faults.text(field, part, most=MOST_BYTES)
        elif isinstance(part, dict):
            for name, inner in part.items():
                faults.text(field, name, most=200)
                waiting.append((inner, depth + 1))
        elif isinstance(part, list):
            waiting += [(inner, depth + 1) for inner in part]
        elif not isinstance(part, bool) and not _is_whole(part):
            faults.add(field, "has a value that is no text, whole number, true, false, list or object")


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and -quantity.LIMIT <= value <= quantity.LIMIT
