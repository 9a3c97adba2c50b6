"""Forms: the description of what may stand at a place of a file, from which both reading and JSON Schema follow.

A form notes what is wrong with a node, and tells itself as a JSON Schema (draft 2020-12) that refuses the same.
What stands in a file that its form accepts can be taken without asking again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from coster.engine.workflow.document import Node
from coster.engine.workflow.reading import Notes, likely

Schema: TypeAlias = dict[str, Any]


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """What may stand at a place. `accepted` ends the sentence that says so."""

    accepted: str = "anything"

    def check(self, node: Node, notes: Notes) -> None:
        """Notes everything that is wrong at the node and below it; nothing is, unless a form says so."""

    def schema(self) -> Schema:
        """The same as JSON Schema."""
        return {}

    def parts(self) -> Iterator[Form]:
        """The forms of which this one is made."""
        return iter(())


class Anything(Form, frozen=True, kw_only=True):
    """Any plain value, nothing included."""


class Text(Form, frozen=True, kw_only=True):
    """Text that matches the pattern as a whole; without one, any that is not blank."""

    pattern: str = ""
    format: str = ""
    """A format of JSON Schema beside the pattern: `date` only, because that is what a pattern cannot say."""

    def check(self, node: Node, notes: Notes) -> None:
        """Refuses what is no text, and what does not match."""
        if not isinstance(node.value, str) or not self.fits(node.value):
            notes.wrong(node, self.accepted)

    def fits(self, value: str) -> bool:
        """Whether the text matches."""
        if self.format and not _is_date(value):
            return False
        return re.fullmatch(self.pattern, value) is not None if self.pattern else bool(value.strip())

    def schema(self) -> Schema:
        """A pattern that is bound to the whole text."""
        # The look-ahead keeps Python's `$` from accepting a line break at the end, and changes nothing elsewhere.
        found: Schema = {
            "type": "string",
            "pattern": f"^(?:{self.pattern})$(?!\\n)" if self.pattern else "\\S",
        }
        return found | ({"format": self.format} if self.format else {})


def _is_date(value: str) -> bool:
    """Whether the calendar has the day."""
    found = re.fullmatch(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", value)
    if found is None:
        return False
    year, month, day = (int(group) for group in found.groups())
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    lengths = (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    return year >= 1 and 1 <= month <= 12 and 1 <= day <= lengths[month - 1]


class OneOf(Form, frozen=True, kw_only=True):
    """One of some words."""

    choices: tuple[str, ...]

    def check(self, node: Node, notes: Notes) -> None:
        """Refuses every other word."""
        if not isinstance(node.value, str) or node.value not in self.choices:
            notes.wrong(node, f"one of {', '.join(self.choices)}")

    def schema(self) -> Schema:
        """An enumeration."""
        return {"enum": list(self.choices)}


class Flag(Form, frozen=True, kw_only=True):
    """True or false."""

    accepted: str = "true or false"

    def check(self, node: Node, notes: Notes) -> None:
        """Refuses what is neither."""
        if not isinstance(node.value, bool):
            notes.wrong(node, self.accepted)

    def schema(self) -> Schema:
        """A boolean."""
        return {"type": "boolean"}


class Whole(Form, frozen=True, kw_only=True):
    """A whole number of a range."""

    least: int = 1
    most: int = 1_000_000_000
    accepted: str = "a whole number from 1"

    def check(self, node: Node, notes: Notes) -> None:
        """Refuses parts of numbers and what is out of range; 2.0 is whole, as it is in JSON Schema."""
        value = node.value
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        if isinstance(value, bool) or not whole or not self._in_range(value):
            notes.wrong(node, self.accepted)

    def _in_range(self, value: object) -> bool:
        return isinstance(value, int | float) and self.least <= value <= self.most

    def schema(self) -> Schema:
        """An integer with its range."""
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


class Constant(Form, frozen=True, kw_only=True):
    """A text, a whole number, true or false, or a list of texts or of whole numbers."""

    accepted: str = "text, a whole number, true or false, or a list of texts or of whole numbers"

    def check(self, node: Node, notes: Notes) -> None:
        """Refuses everything else."""
        value = node.value
        if isinstance(value, list):
            kinds = {type(item.value) for item in value}
            if not (kinds <= {str} or kinds <= {int}):
                notes.wrong(node, self.accepted)
        elif not isinstance(value, str | int):
            notes.wrong(node, self.accepted)

    def schema(self) -> Schema:
        """The union of the simple types and of lists of one of them."""
        lists = [{"type": "array", "items": {"type": kind}} for kind in ("string", "integer")]
        return {"anyOf": [*({"type": kind} for kind in ("string", "integer", "boolean")), *lists]}


class ListOf(Form, frozen=True, kw_only=True):
    """A list of things of one form."""

    item: Form
    least: int = 0
    different: bool = False

    def check(self, node: Node, notes: Notes) -> None:
        """Refuses what is no list, too short a list, repeats, and everything wrong in its items."""
        if not isinstance(node.value, list):
            notes.wrong(node, self.accepted)
            return
        if len(node.value) < self.least:
            notes.wrong(node, self.accepted)
        seen = []
        for item in node.value:
            self.item.check(item, notes)
            if self.different and item.plain in seen:
                notes.wrong(item, "each once")
            seen.append(item.plain)

    def schema(self) -> Schema:
        """An array."""
        found: Schema = {"type": "array", "items": self.item.schema()}
        found |= {"minItems": self.least} if self.least else {}
        return found | ({"uniqueItems": True} if self.different else {})

    def parts(self) -> Iterator[Form]:
        """The form of the items."""
        yield self.item


class MapOf(Form, frozen=True, kw_only=True):
    """A mapping whose keys are free as long as they look right."""

    value: Form
    keys: Text
    least: int = 0
    most: int = 10_000

    def check(self, node: Node, notes: Notes) -> None:
        """Refuses what is no mapping, too few or too many entries, wrong keys, and everything wrong below."""
        if not isinstance(node.value, dict):
            notes.wrong(node, self.accepted)
            return
        if not self.least <= len(node.value) <= self.most:
            notes.wrong(node, self.accepted)
        for key, entry in node.value.items():
            if not self.keys.fits(key):
                notes.note("value_wrong", entry, f"found the name '{key}'; accepted: {self.keys.accepted}.")
            self.value.check(entry, notes)

    def schema(self) -> Schema:
        """An object with named properties of one form."""
        names = self.keys.schema()
        names.pop("type")
        found: Schema = {
            "type": "object",
            "propertyNames": names,
            "additionalProperties": self.value.schema(),
        }
        return found | {"minProperties": self.least, "maxProperties": self.most}

    def parts(self) -> Iterator[Form]:
        """The form of the values."""
        yield self.value


class Key(msgspec.Struct, frozen=True):
    """A key of a mapping: what may stand there, and a sentence and an example for people."""

    form: Form
    about: str
    example: str = ""
    required: bool = False


class Keyed(Form, frozen=True, kw_only=True):
    """A mapping with known keys, and what holds between them."""

    name: str
    """What the mapping is, as the heading of its table in the documentation."""
    keys: Mapping[str, Key]
    one_of: tuple[str, ...] = ()
    """At least one of these must be there."""
    apart: tuple[tuple[str, str], ...] = ()
    """Pairs that exclude each other."""
    needs: tuple[tuple[str, str], ...] = ()
    """Pairs of which the first is nothing without the second."""
    not_both: tuple[tuple[str, str], ...] = ()
    """Pairs of flags that must not both be true."""

    def check(self, node: Node, notes: Notes) -> None:
        """Refuses what is no mapping, unknown and missing keys, what is wrong below, and wrong company."""
        entries = node.value
        if not isinstance(entries, dict):
            notes.wrong(
                node, self.accepted if self.accepted != "anything" else f"a mapping with {self._names()}"
            )
            return
        for key, entry in entries.items():
            if key in self.keys:
                self.keys[key].form.check(entry, notes)
            else:
                notes.note("key_unknown", entry, f"found the key '{key}'{likely(key, tuple(self.keys))}.")
        for name, key_ in self.keys.items():
            if key_.required and name not in entries:
                notes.note("key_missing", node, f"found no '{name}'; it must be given.")
        self._company(node, entries, notes)

    def _company(self, node: Node, entries: Mapping[str, Node], notes: Notes) -> None:
        """Refuses keys that are wrong beside or without each other."""
        if self.one_of and not any(name in entries for name in self.one_of):
            names = " nor ".join(f"'{name}'" for name in self.one_of)
            notes.note("key_missing", node, f"found neither {names}; one of them must be given.")
        for one, other in self.apart:
            if one in entries and other in entries:
                notes.wrong(entries[other], f"'{one}' or '{other}', not both")
        for one, other in self.needs:
            if one in entries and other not in entries:
                notes.wrong(entries[one], f"'{one}' only together with '{other}'")
        for one, other in self.not_both:
            if one in entries and other in entries and entries[one].value is entries[other].value is True:
                notes.wrong(entries[other], f"{one} or {other}, not both")

    def _names(self) -> str:
        """The keys in words."""
        return ", ".join(self.keys)

    def schema(self) -> Schema:
        """An object with its properties and what holds between them."""
        found: Schema = {
            "type": "object",
            "properties": {
                name: key.form.schema() | {"description": key.about} for name, key in self.keys.items()
            },
            "additionalProperties": False,
        }
        rules: list[Schema] = [{"not": {"required": list(pair)}} for pair in self.apart]
        for pair in self.not_both:
            true = {name: {"const": True} for name in pair}
            rules.append({"not": {"properties": true, "required": list(pair)}})
        if self.one_of:
            rules.append({"anyOf": [{"required": [name]} for name in self.one_of]})
        required = [name for name, key in self.keys.items() if key.required]
        found |= {"required": required} if required else {}
        needed: dict[str, list[str]] = {}
        for one, other in self.needs:
            needed.setdefault(one, []).append(other)
        found |= {"dependentRequired": needed} if needed else {}
        return found | ({"allOf": rules} if rules else {})

    def parts(self) -> Iterator[Form]:
        """The forms of the values."""
        return (key.form for key in self.keys.values())


class Either(Form, frozen=True, kw_only=True):
    """One of several forms, chosen by whether a scalar, a list or a mapping stands there; None: not accepted."""

    scalar: Form | None = None
    listing: Form | None = None
    mapping: Form | None = None

    def check(self, node: Node, notes: Notes) -> None:
        """What the chosen form finds wrong."""
        chosen = self.scalar
        if isinstance(node.value, list):
            chosen = self.listing
        elif isinstance(node.value, dict):
            chosen = self.mapping
        if chosen is None:
            notes.wrong(node, self.accepted)
        else:
            chosen.check(node, notes)

    def schema(self) -> Schema:
        """Any of the forms; they exclude each other by their types."""
        return {"anyOf": [form.schema() for form in self._chosen()]}

    def parts(self) -> Iterator[Form]:
        """The forms that may be chosen."""
        return iter(self._chosen())

    def _chosen(self) -> Sequence[Form]:
        """Those that are not None."""
        return [form for form in (self.scalar, self.listing, self.mapping) if form is not None]


def keyed(form: Form) -> Iterator[Keyed]:
    """Every mapping with known keys in the form, itself first, each once."""
    seen: set[str] = set()
    waiting = [form]
    while waiting:
        current = waiting.pop(0)
        if isinstance(current, Keyed):
            if current.name in seen:
                continue
            seen.add(current.name)
            yield current
        waiting.extend(current.parts())
