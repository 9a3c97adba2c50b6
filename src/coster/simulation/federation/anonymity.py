"""Nothing personal crossed: everything that passed is searched for what was planted, and every id in it must be one that may be there.

Planted words are searched as they are, in hexadecimal and in base 64, at whatever place they begin. Ids are searched as UUIDs with and
without hyphens, in base 64, and in the short form that people read.
"""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Iterable, Set
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_to_bytes

from coster.kernel import ids
from coster.simulation.federation.record import Passed
from coster.simulation.federation.report import Report

MARK: Final = "Quenbyhazel"
"""Stands in every name, address, note and reference of every shopper."""

_UUID: Final = re.compile(rb"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")
_BASE64: Final = (
    re.compile(rb"(?<![\w-])[\w-]{22}(?:==)?(?![\w=-])"),
    re.compile(rb"(?<![0-9A-Za-z+])[0-9A-Za-z+/]{22}(?:==)?(?![0-9A-Za-z+/=])"),
)
_SHORT: Final = re.compile(rb"(?<![0-9A-Za-z])[0-9A-HJKMNP-TV-Z]{10}(?![0-9A-Za-z])")
# What a client of a machine's may send; whatever else it sends might tell of a person.
HEADERS: Final = frozenset({
    "host", "accept", "accept-encoding", "authorization", "x-api-token", "connection", "content-length", "content-type",
    "coster-sequence", "idempotency-key", "if-match", "if-none-match", "prefer", "user-agent",
})  # fmt: skip
_PERSONAL: Final = (b"dfc-b:Person", b"familyName", b"firstName", b"hasPhoneNumber")


def forms(mark: str) -> tuple[bytes, ...]:
    """A word as it may be hidden in a text: itself in both cases, in hexadecimal, in base 64 from each of three places."""
    plain = mark.encode()
    hidden = [plain, plain.lower(), plain.upper(), plain.hex().encode()]
    for before in range(3):
        # Without the characters at either end, which depend on what stands beside it.
        coded = base64.b64encode(b"\0" * before + plain)
        hidden.append(coded[(8 * before + 5) // 6 : (8 * (before + len(plain))) // 6])
    return tuple(hidden)


def uuids(text: bytes) -> set[uuid.UUID]:
    """Every UUID in a text, with hyphens or without."""
    return {uuid.UUID(found.decode().replace("-", "")) for found in _UUID.findall(text)}


def coded_uuids(text: bytes) -> set[uuid.UUID]:
    """Whatever in a text could be a UUID in base 64; most of it is none."""
    return {
        uuid.UUID(bytes=base64.urlsafe_b64decode(found.rstrip(b"=").translate(_URL_SAFE) + b"=="))
        for pattern in _BASE64
        for found in pattern.findall(text)
    }


_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")


@dataclass(slots=True)
class Watch:
    """Looks at message after message. `secret` are ids that must not cross whoever sends them, `own` what each asker may name of its own
    (by its name); what a server has told an asker, the asker may name too.
    """

    report: Report
    secret: Set[uuid.UUID]
    own: dict[str, Set[uuid.UUID]]
    heard: dict[str, set[uuid.UUID]] = field(default_factory=dict)
    marks: tuple[bytes, ...] = field(default_factory=lambda: forms(MARK))

    def all(self, passed: Iterable[Passed]) -> None:
        """Every message in turn."""
        short = {ids.short(one).encode() for one in self.secret}
        for one in passed:
            self.report.checked["messages read for anything personal"] += 1
            self._look(one, short)

    def _look(self, one: Passed, short: Set[bytes]) -> None:
        heads = "\r\n".join(f"{name}: {value}" for name, value in _told(one.headers))
        first = one.first.encode("latin-1")
        text = b"\r\n".join((first, unquote_to_bytes(first), heads.encode("latin-1"), one.body))
        where = f"{one.way} {one.exchange} on {one.line}'s line ({one.first[:120]})"
        for mark in self.marks:
            if mark in text:
                self.report.break_(f"{where} has {mark!r} in it")
        if coded := {name: value for name, value in one.headers if name == "content-encoding"}:
            self.report.break_(f"{where} cannot be read: {coded}")
        found = uuids(text)
        if crossed := (found | coded_uuids(text)) & self.secret:
            self.report.break_(f"{where} names {min(crossed)}, which is a shopper's")
        if crossed_short := set(_SHORT.findall(text)) & short:
            self.report.break_(f"{where} names {min(crossed_short)!r}, the number of a shopper's order")
        if one.way == "answer":
            self.heard.setdefault(one.asker, set()).update(found)
            return
        self._asked(one, where, found, text)

    def _asked(self, one: Passed, where: str, found: set[uuid.UUID], text: bytes) -> None:
        """What a platform sends of itself has only ids of its own that may be known, and no header but those of a machine."""
        if one.asker not in self.own:
            self.report.break_(f"{where} was sent by nobody who is known")
            return
        for strange in found - self.own[one.asker] - self.heard.get(one.asker, set()):
            self.report.break_(f"{where} names {strange}, and nobody knows of what")
        for name, value in one.headers:
            if name not in HEADERS:
                self.report.break_(f"{where} has a header {name}: {value[:80]}")
        for word in _PERSONAL:
            if word in text:
                self.report.break_(f"{where} has {word.decode()} in it")


def _told(headers: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    """Without what proves who asks, which is chance itself and could look like anything."""
    return ((name, value) for name, value in headers if name not in ("authorization", "x-api-token"))


def in_log(said: bytes, others: Set[uuid.UUID]) -> Iterable[str]:
    """What a server's log has of shoppers, in half a sentence each: any planted word, and any id that is of another platform's shopper.
    Its own orders it may name by their ids, to those who run it.
    """
    yield from (f"has {mark!r} in it" for mark in forms(MARK) if mark in said)
    yield from (
        f"names {one}, which is a shopper's of another platform" for one in sorted(uuids(said) & others)
    )
