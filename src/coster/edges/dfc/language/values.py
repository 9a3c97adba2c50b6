"""What a document says of one field of one node, to the value of the field, or to a fault."""

from __future__ import annotations

import datetime as dt
import enum
import re
from collections.abc import Callable, Hashable, Iterable
from decimal import Decimal
from typing import TypeVar

from coster.edges.dfc.language import concepts, countries, dates, identifiers, namespaces, numbers, vocabulary
from coster.edges.dfc.language.expanding import Literal, Ref, Value
from coster.edges.dfc.language.faults import Found
from coster.edges.dfc.language.records import Price, Quantity, TemperatureRange
from coster.edges.dfc.language.sorting import Node, Nodes
from coster.edges.dfc.language.vocabulary import Field

T = TypeVar("T", bound=Hashable)

_UNKEPT = re.compile("[\x00\ud800-\udfff]")
_FLAGS = {"true": True, "1": True, "false": False, "0": False}
_UNITS_ACCEPTED = (
    f"a unit of the standard, such as dfc-m:Kilogram, is accepted: {', '.join(sorted(concepts.UNITS))}"
)
_CURRENCIES_ACCEPTED = f"one of {', '.join(f'dfc-m:{name}' for name in concepts.CURRENCIES)} is accepted"

_PERCENT_ACCEPTED = 'a rate in percent, from "0" to "100", is accepted'


def wording(value: Value) -> str:
    """A value as it stood in the document, for a fault."""
    return value.text if isinstance(value, Literal) else value.id


class Values:
    """Reads values of nodes; what cannot be read is told, and counts as not said.

    `zone` is where instants without an offset count.
    """

    def __init__(self, nodes: Nodes, found: Found, zone: dt.tzinfo) -> None:
        self._nodes = nodes
        self._found = found
        self._zone = zone

    def text(self, node: Node, field: Field) -> str | None:
        """A text; of several in different languages the one without a language, else the English, else the first by name of language."""
        values = sorted(self._printable(node, field), key=_language)
        return wording(values[0]) if values else None

    def texts(self, node: Node, field: Field) -> tuple[str, ...]:
        """All texts, sorted."""
        return tuple(sorted({wording(value) for value in self._printable(node, field)}))

    def flag(self, node: Node, field: Field) -> bool | None:
        """A truth, or the word for it."""
        return self._one(
            node, field, lambda value: _FLAGS.get(wording(value).strip().lower()), "true or false is accepted"
        )

    def instant(self, node: Node, field: Field) -> dt.datetime | None:
        """An instant with its offset."""
        return self._one(node, field, lambda value: dates.instant(wording(value), self._zone), dates.ACCEPTED)

    def decimal(self, node: Node, field: Field) -> Decimal | None:
        """A decimal."""
        return self._number(node, field.writes, field.reads)

    def stock(self, node: Node, field: Field) -> tuple[Decimal | None, bool]:
        """A limit of stock and whether it says that there is none: below zero means unlimited (dfc.md §0.11)."""
        number = self.decimal(node, field)
        return (None, True) if number is not None and number < 0 else (number, False)

    def status(self, node: Node, field: Field, statuses: type[enum.Enum]) -> enum.Enum | None:
        """A status, of those that this property knows."""
        by_name = {status.value.lower(): status for status in statuses}
        accepted = f"one of {', '.join(f'dfc-v:{status.value}' for status in statuses)} is accepted"
        return self._one(
            node, field, lambda value: by_name.get(concepts.name_of(wording(value)).lower()), accepted
        )

    def concepts(self, node: Node, field: Field) -> tuple[str, ...]:
        """Local names of concepts of the standard, whole IRIs of others; sorted."""
        names = []
        for value in filter(wording, self.said(node, field)):
            if identifiers.is_malformed(wording(value)):
                self._refuse(
                    node,
                    _property(field),
                    value,
                    f"the IRI of a concept, such as one of {field.prefix}, is accepted",
                )
            else:
                names.append(_concept(self._nodes.bare(wording(value)), field.prefix))
        return tuple(sorted(set(names)))

    def country(self, node: Node, field: Field) -> str | None:
        """The code of a country where it can be known, otherwise what is said."""
        text = self.text(node, field)
        return None if text is None else countries.code(self._nodes.bare(text))

    def quantity(self, node: Node, field: Field) -> Quantity | None:
        """An amount with its unit, or a bare number, which is one without; None where no number is said."""
        bare = self._bare(node, field)
        if bare is not None:
            return Quantity(bare)
        part = self._part(node, field)
        if part is None:
            return None
        number = self._number(node, vocabulary.VALUE, (), of=part, behind=field)
        return None if number is None else Quantity(number, self._unit(node, part, field))

    def line_quantity(self, node: Node, field: Field) -> tuple[Decimal | None, Decimal | None, str | None]:
        """What a line counts under the spelling of connectors, what it counts under the other one where that differs, and in which unit."""
        (first, unit), (second, other_unit) = (
            self._counted(node, field, (name,)) for name in (*field.writes, *field.reads)
        )
        count = first if first is not None else second
        return count, second if second != count else None, unit or other_unit

    def price(self, node: Node, field: Field) -> Price | None:
        """Money for one, or a bare number, which is some without a currency; None where no number is said."""
        bare = self._bare(node, field)
        if bare is not None:
            return Price(bare)
        part = self._part(node, field)
        if part is None:
            return None
        found = self._amount(node, part, field)
        if found is None:
            return None
        currency = self._single(
            node,
            _property(field, "hasUnit"),
            _of(part, vocabulary.UNIT),
            lambda v: concepts.currency(wording(v)),
            _CURRENCIES_ACCEPTED,
        )
        vat_rate = self._single(
            node, _property(field, "VATrate"), _of(part, vocabulary.VAT_RATE), _percent, _PERCENT_ACCEPTED
        )
        return Price(found[0], currency or found[1], vat_rate)

    def temperature(self, node: Node, field: Field) -> TemperatureRange | None:
        """From how cold to how warm; None where neither is said."""
        part = self._part(node, field)
        if part is None:
            return None
        least, most = (
            self._number(node, names, (), of=part, behind=field)
            for names in (vocabulary.LEAST, vocabulary.MOST)
        )
        unit = self._single(
            node,
            _property(field, "hasUnit"),
            _of(part, vocabulary.UNIT),
            lambda value: concepts.temperature(wording(value)),
            f"one of {', '.join(concepts.TEMPERATURES)} is accepted",
        )
        return None if least is None and most is None else TemperatureRange(least, most, unit)

    def said(self, node: Node, field: Field) -> list[Value]:
        """What a node says of a field in the first spelling that says anything; of a set, what it says in all of them."""
        names = (*field.writes, *field.reads)
        if field.many:
            return list(dict.fromkeys(value for name in names for value in node.values.get(name, ())))
        return next((values for name in names if (values := node.values.get(name))), [])

    def refs(self, node: Node, field: Field) -> list[str]:
        """Ids that a field names, whole where that is possible, in the order of the document; a plain text counts where it can be an id."""
        ids = []
        for value in self.said(node, field):
            text = wording(value)
            id_ = self._nodes.id(text)
            if len(id_) > identifiers.MOST:
                self._refuse(
                    node,
                    _property(field),
                    value,
                    f"an id of at most {identifiers.MOST} characters is accepted",
                )
            elif id_ in self._nodes.by_id or identifiers.is_absolute(text):
                ids.append(id_)
            elif text and (isinstance(value, Literal) or identifiers.is_malformed(id_)):
                self._refuse(node, _property(field), value, "the id of a node is accepted")
            elif text:
                ids.append(id_)
        return list(dict.fromkeys(ids))

    def several(self, node: Node, field: Field, found: Iterable[str]) -> None:
        """Tells that a field names several nodes where it can have one."""
        self._found.add(
            "several_values",
            node=node.id,
            property_=_property(field),
            found=", ".join(found),
            accepted="one value is accepted",
        )

    def _printable(self, node: Node, field: Field) -> list[Value]:
        """What is said, without texts that no database could keep."""
        values = []
        for value in self.said(node, field):
            if _UNKEPT.search(wording(value)):
                self._refuse(
                    node,
                    _property(field),
                    value,
                    "a text of Unicode characters is accepted, without NUL and halves of surrogate pairs",
                )
            else:
                values.append(value)
        return values

    def _one(self, node: Node, field: Field, read: Callable[[Value], T | None], accepted: str) -> T | None:
        return self._single(node, _property(field), self.said(node, field), read, accepted)

    def _single(
        self, node: Node, name: str, values: Iterable[Value], read: Callable[[Value], T | None], accepted: str
    ) -> T | None:
        """The one value that all of these mean; None where they mean none or different ones, which is told."""
        meant: dict[T, Value] = {}
        for value in values:
            if not wording(value).strip():
                continue
            if (result := read(value)) is None:
                self._refuse(node, name, value, accepted)
            else:
                meant.setdefault(result, value)
        if len(meant) > 1:
            found = ", ".join(wording(value) for value in meant.values())
            self._found.add(
                "several_values", node=node.id, property_=name, found=found, accepted="one value is accepted"
            )
        return next(iter(meant)) if len(meant) == 1 else None

    def _number(
        self,
        node: Node,
        names: tuple[str, ...],
        reads: tuple[str, ...],
        *,
        of: Node | None = None,
        behind: Field | None = None,
    ) -> Decimal | None:
        name = _property(behind, names[0]) if behind else f"dfc-b:{names[0]}"
        return self._single(node, name, _of(of or node, (*names, *reads)), _decimal, numbers.ACCEPTED)

    def _counted(self, node: Node, field: Field, names: tuple[str, ...]) -> tuple[Decimal | None, str | None]:
        """A number that stands there by itself, or in a quantity, with its unit."""
        values = _of(node, names)
        if not values:
            return None, None
        parts = [part for value in values if isinstance(value, Ref) and (part := self._nodes.find(value))]
        plain = [value for value in values if isinstance(value, Literal)]
        numbers_said = [*plain, *(value for part in parts for value in _of(part, vocabulary.VALUE))]
        number = self._single(node, f"dfc-b:{names[0]}", numbers_said, _decimal, numbers.ACCEPTED)
        units = [unit for part in parts if (unit := self._unit(node, part, field))]
        return number, units[0] if units else None

    def _bare(self, node: Node, field: Field) -> Decimal | None:
        """The number that stands where a quantity or a price should: platforms write it so (OFN: an offer's price in a PUT)."""
        values = self.said(node, field)
        if not values or not all(isinstance(value, Literal) and value.is_number for value in values):
            return None
        return self._single(node, _property(field), values, _decimal, numbers.ACCEPTED)

    def _part(self, node: Node, field: Field) -> Node | None:
        """The quantity or price that a node names; None where it names none, or one somewhere else."""
        parts: dict[str, Node] = {}
        for value in self.said(node, field):
            part = self._nodes.find(value) if isinstance(value, Ref) else None
            if part:
                parts[part.id] = part
            elif wording(value) and (
                isinstance(value, Literal) or not _is_elsewhere(self._nodes.bare(value.id))
            ):
                self._refuse(
                    node,
                    _property(field),
                    value,
                    "a node with dfc-b:value and dfc-b:hasUnit, in the same document, is accepted",
                )
        if len({str(part.values) for part in parts.values()}) > 1:
            self.several(node, field, parts)
        return next(iter(parts.values()), None)

    def _unit(self, node: Node, part: Node, field: Field) -> str | None:
        values = _of(part, vocabulary.UNIT)
        return self._single(
            node, _property(field, "hasUnit"), values, lambda v: concepts.unit(wording(v)), _UNITS_ACCEPTED
        )

    def _amount(self, node: Node, part: Node, field: Field) -> tuple[Decimal, str | None] | None:
        values = _of(part, vocabulary.VALUE)
        return self._single(
            node, _property(field, "value"), values, lambda v: numbers.amount(wording(v)), numbers.ACCEPTED
        )

    def _refuse(self, node: Node, name: str, value: Value, accepted: str) -> None:
        found = self._nodes.bare(wording(value))
        self._found.add("value_malformed", node=node.id, property_=name, found=found, accepted=accepted)


def _is_elsewhere(id_: str) -> bool:
    """Yields whether a node may exist that the document says nothing of; whole ids are looked through where nodes are sorted."""
    return identifiers.is_absolute(id_) or identifiers.is_blank(id_)


def _percent(value: Value) -> Decimal | None:
    rate = _decimal(value)
    return rate if rate is not None and 0 <= rate <= 100 else None


def _decimal(value: Value) -> Decimal | None:
    return numbers.decimal(value.text) if isinstance(value, Literal) else None


def _of(node: Node, names: tuple[str, ...]) -> list[Value]:
    """What a node says under the first of these names under which it says anything."""
    return next((values for name in names if (values := node.values.get(name))), [])


def _property(field: Field, part: str = "") -> str:
    return f"dfc-b:{field.writes[0]}/dfc-b:{part}" if part else f"dfc-b:{field.writes[0]}"


def _language(value: Value) -> tuple[int, str, str]:
    language = value.language if isinstance(value, Literal) else ""
    return ("", "en").index(language) if language in ("", "en") else 2, language, wording(value)


def _concept(text: str, prefix: str) -> str:
    term = namespaces.term(text)
    if term:
        return term[1] if term[0] == prefix else f"{term[0]}:{term[1]}"
    return text
