"""Messages of PostgreSQL's protocol for statements whose answers nobody reads, so that several go out in one piece.

asyncpg sends one statement and waits. What is written here goes to the server just before such a statement, without the Sync that ends an
exchange; the server carries it out in order, and says all that came of it together with the answer that the driver waits for. Where
one fails, it passes over everything up to that Sync, so the driver's own statement fails with what went wrong first.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

_LENGTH: Final = struct.Struct("!i")
_COUNT: Final = struct.Struct("!h")
# Of the nameless portal, all rows.
_EXECUTE: Final = b"E\x00\x00\x00\x09\x00\x00\x00\x00\x00"


def prepare(name: str, sql: str) -> bytes:
    """Parse: from then on the connection's server knows the statement by this name; the nameless one is forgotten at the next."""
    return _message(b"P", b"%s\0%s\0\0\0" % (name.encode(), sql.encode()))


def run(name: str, values: Sequence[bytes] = ()) -> bytes:
    """Bind and Execute: the statement of this name with these values as text, which stand apart from it as any bound parameters do."""
    given = b"".join([_LENGTH.pack(len(value)) + value for value in values])
    # The nameless portal; no codes of formats before the values and after them, which means text both ways.
    body = b"\0%s\0\0\0%s%s\0\0" % (name.encode(), _COUNT.pack(len(values)), given)
    return _message(b"B", body) + _EXECUTE


def once(sql: str) -> bytes:
    """A statement without values that is not kept."""
    return prepare("", sql) + run("")


def _message(kind: bytes, body: bytes) -> bytes:
    # The length counts itself.
    return kind + _LENGTH.pack(len(body) + 4) + body
