"""Refusals that every room gives in the same words, and the faults of values that came from outside, all at once."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from coster.kernel import quantity
from coster.kernel.outcome import Rejected

LIMIT = quantity.LIMIT
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def not_permitted(doing: str) -> Rejected:
    """The refusal of something that the asker may know of, but not do; `doing` completes "may not"."""
    return Rejected(
        "not_permitted",
        f"This API key may not {doing}; ask an owner of the organisation for a role that may.",
    )


def version_conflict(what: str, *, expected: int | None, current: int) -> Rejected | None:
    """The refusal of a change to something that has changed since it was read; None where it has not, or anything goes.

    What does not exist yet has version 0.
    """
    if expected is None or expected == current:
        return None
    return Rejected(
        "version_conflict",
        f"The {what} is at version {current} and not {expected}; read it again and decide anew.",
        {"version": current},
    )


class Faults:
    """Collects what is wrong with a command, field by field, so that all is told at once."""

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: list[dict[str, Any]] = []

    def add(self, field: str, message: str) -> None:
        """One more fault; the message says what is possible instead."""
        self._found.append({"field": field, "message": message})

    def text(self, field: str, value: str, *, most: int, needed: bool = False) -> None:
        """A text of at most so many characters that a database can keep and a person can read."""
        if needed and not value.strip():
            self.add(field, "is empty")
        if len(value) > most:
            self.add(field, f"has {len(value)} characters; {most} are the most")
        if _UNPRINTABLE.search(value):
            self.add(field, "has characters that cannot be printed")

    def number(self, field: str, value: int | None, *, least: int = 0, most: int = LIMIT) -> None:
        """An integer within bounds, both of them allowed; None passes."""
        if value is not None and not least <= value <= most:
            self.add(field, f"is {value}; {least} to {most} is possible")

    def distinct(self, field: str, values: Collection[object]) -> None:
        """Values of which none stands there twice."""
        if len(set(values)) != len(values):
            self.add(field, "names something twice")

    def take(self, others: Faults) -> None:
        """The faults that were collected elsewhere, after these."""
        self._found += others._found

    def rejected(self) -> Rejected | None:
        """The refusal that names all faults; None where there is none."""
        if not self._found:
            return None
        words = "; ".join(f"{fault['field']} {fault['message']}" for fault in self._found)
        return Rejected("not_valid", f"{words[0].upper()}{words[1:]}.", {"faults": self._found})
