"""Nobody is named: everything that was sent, answered and logged in a scenario is searched for every shopper of it."""

from __future__ import annotations

import traceback
import uuid
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any

import msgspec

from coster.domain.federation.ports import Ask
from coster.engine.db.connect import Database
from coster.kernel import ids
from coster.simulation.federation.anonymity import forms
from coster.simulation.federation.record import Passed


class Shoppers(msgspec.Struct, frozen=True, kw_only=True):
    """What would tell of a shopper: words (names, addresses, notes, references), ids of persons, and ids of what they did."""

    words: frozenset[str]
    persons: frozenset[uuid.UUID]
    deeds: frozenset[uuid.UUID]


async def shoppers(database: Database) -> Shoppers:
    """All that a platform knows of its shoppers."""
    async with database.system() as conn:
        rows = await conn.fetch(_KNOWN)
    by_kind: dict[str, set[str]] = {"word": set(), "person": set(), "deed": set()}
    for row in rows:
        by_kind[row["kind"]].add(row["text"])
    return Shoppers(
        # A word of one or two letters is in everything.
        words=frozenset(word for word in by_kind["word"] if len(word) > 5),
        persons=frozenset(map(uuid.UUID, by_kind["person"])),
        deeds=frozenset(map(uuid.UUID, by_kind["deed"])),
    )


def sent(asks: Iterable[Ask], passed: Iterable[Passed] = ()) -> bytes:
    """Everything that was sent to suppliers and came back from them: lines, headers, bodies, errors."""
    said = [msgspec.json.encode(ask) for ask in asks]
    said += [f"{one.first}\n{one.headers}\n".encode() + one.body for one in passed]
    return b"\n".join(said)


def logged(lines: Iterable[MutableMapping[str, Any]]) -> bytes:
    """Everything that was logged, with the words of every exception."""
    told = []
    for line in lines:
        told.append(repr(dict(line)))
        fault = line.get("exc_info")
        if isinstance(fault, BaseException):
            told += traceback.format_exception(fault)
    return "\n".join(told).encode()


def search(known: Shoppers, places: Mapping[str, bytes]) -> None:
    """AssertionError with the place and what it names. What was `sent` has no id of anything that a shopper did; a log may have one, of the
    platform's own, and no person.
    """
    for place, text in places.items():
        low = text.lower()
        for word in known.words:
            for form in forms(word):
                assert form not in text, f"{place} has {word!r}, as {form!r}"
        secret = known.persons | known.deeds if place == "sent" else known.persons
        for one in secret:
            assert str(one).encode() not in low, f"{place} names {one}"
            assert one.hex.encode() not in low, f"{place} names {one} without hyphens"
            if place == "sent":
                assert ids.short(one).encode() not in text, f"{place} has the short form of {one}"


_KNOWN = """
    SELECT 'word' AS kind, unnest(ARRAY[p.name, p.email, p.phone]) AS text FROM person AS p
    UNION SELECT 'word', o.reference FROM orders AS o
    UNION SELECT 'word', c.text FROM order_comment AS c
    UNION SELECT 'person', c.id::text FROM customer AS c
    UNION SELECT 'deed', o.id::text FROM orders AS o
    UNION SELECT 'deed', c.id::text FROM order_comment AS c
    UNION SELECT 'deed', l.command_id::text FROM ledger AS l"""
