"""What a record must say to be of use, as faults in the words of the standard; reading demands nothing, because stubs say nothing."""

from __future__ import annotations

from collections.abc import Iterable

from coster.edges.dfc.language import vocabulary
from coster.edges.dfc.language.faults import Fault
from coster.edges.dfc.language.records import Record


def missing(records: Iterable[Record], *names: str) -> tuple[Fault, ...]:
    """A fault for each of these fields that a record does not say, in the order of records and names; an empty text says nothing."""
    return tuple(
        _fault(record, name)
        for record in records
        for name in names
        if getattr(record, name) in (None, (), "")
    )


def _fault(record: Record, name: str) -> Fault:
    field = next(field for field in vocabulary.BY_RECORD[type(record)].fields if field.name == name)
    return Fault(
        code="value_missing",
        node=record.id,
        property_=f"dfc-b:{field.writes[0]}",
        accepted=f"a {field.kind.value} is needed there",
    )
