"""Copies of one session's rows by COPY: other ids, references and instants, and numbers that go on from the last copy.

The original is read once as the text of COPY, and cut at everything in which copies differ; a copy is that text put together again.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from coster.engine.db import sql
from coster.engine.db.connect import Connection
from coster.kernel import clock
from coster.simulation.growth.life import Life

_q = sql.load(__file__)

TABLES: Final = (
    "session", "session_hub", "listing", "orders", "order_line", "held_order", "pool_line", "ledger", "command", "event",
)  # fmt: skip
# Event numbers and entries' numbers are written so by the statements that read the original: place, or position and place.
_VARIES: Final = re.compile(
    r"(?P<event>@e\d+)|(?P<entry>@p[\w-]+#\d+)"
    r"|(?P<uuid>\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b)|(?P<hex>(?<![0-9a-f-])(?:[0-9a-f]{64}|[0-9a-f]{16})(?![0-9a-f-]))"
    r"|(?P<at>\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?(?:\+00|Z))"
)


class Copies:
    """Makes copies of a life; each begins at an instant of its own. `sessions` and one of the `orders` of each, the original's first."""

    def __init__(self, life: Life, org_id: int, began: dt.datetime) -> None:
        self._life, self._org_id, self._began = life, org_id, began
        self._slots: dict[str, int] = {}
        self._makers: list[Callable[[dt.timedelta], str]] = []
        self._texts: dict[str, tuple[str, list[int | str]]] = {}
        self._events = self.last_event = 0
        self.sessions: list[str] = []
        self.orders: list[str] = []
        self._many: dict[str, int] = {}
        self._on_hand: dict[str, int] = {}
        self._last_entry: dict[str, int] = {}

    async def read(self, conn: Connection) -> None:
        """Reads the original and where its numbers stand."""
        given: dict[str, Any] = {
            "org_id": self._org_id, "session_id": self._life.session, "commands": self._life.commands, "orders": self._life.orders,
        }  # fmt: skip
        self.sessions, self.orders = [str(self._life.session)], [str(self._life.orders[0])]
        self.last_event = await _q.last_event(conn, org_id=self._org_id)
        # What reactions would do about the original has been done.
        await _q.settle_readers(conn, org_id=self._org_id, last=self.last_event)
        for row in await _q.entries_of(conn, org_id=self._org_id, commands=self._life.commands):
            self._many[str(row["position_id"])] = row["many"]
            self._on_hand[str(row["position_id"])] = row["on_hand"]
            self._last_entry[str(row["position_id"])] = row["last"]
        for table in TABLES:
            statement = getattr(_q, f"original_{table}")
            rows = await statement(conn, **{name: given[name] for name in statement.parameters})
            columns = ", ".join(rows[0].keys())
            self._texts[table] = (columns, self._cut("".join(_line(row) for row in rows)))
        self._events = sum(1 for slot in self._slots if slot.startswith("@e"))

    def _cut(self, text: str) -> list[int | str]:
        """Text and slots in turn; what is not the original's own stays text."""
        pieces: list[int | str] = []
        end = 0
        for found in _VARIES.finditer(text):
            kind, word = str(found.lastgroup), found.group()
            if kind in ("uuid", "hex") and word not in self._life.own:
                continue
            pieces += [text[end : found.start()], self._slot(kind, word)]
            end = found.end()
        return [*pieces, text[end:]]

    def _slot(self, kind: str, word: str) -> int:
        if word not in self._slots:
            self._slots[word] = len(self._makers)
            self._makers.append(self._maker(kind, word))
        return self._slots[word]

    def _maker(self, kind: str, word: str) -> Callable[[dt.timedelta], str]:
        """What a slot is in a copy that begins so much later than the original."""
        if kind == "event":
            place = int(word[2:])
            return lambda _: str(self.last_event + place)
        if kind == "entry":
            position, _, number = word[2:].partition("#")
            return lambda _: str(self._last_entry[position] + int(number))
        if kind == "hex":
            return lambda _: secrets.token_hex(len(word) // 2)
        if kind == "at":
            at = dt.datetime.fromisoformat(word.replace("+00", "+00:00"))
            iso = "T" in word
            return lambda later: clock.text(at + later) if iso else (at + later).isoformat(" ")
        return self._id_maker(word)

    def _id_maker(self, word: str) -> Callable[[dt.timedelta], str]:
        """An id of version 7 keeps its instant to the original's; any other is drawn anew."""
        if word[14] != "7":
            return lambda _: _shaped(secrets.token_hex(16))
        millis = int(word[:8] + word[9:13], 16)

        def make(later: dt.timedelta) -> str:
            chance = secrets.token_hex(9)
            return _shaped(f"{millis + later // _MILLISECOND:012x}7{chance[:3]}8{chance[3:]}")

        return make

    async def copy(self, conn: Connection, begins: Sequence[dt.datetime]) -> None:
        """Copies that begin at these instants, in one transaction."""
        texts: Mapping[str, list[str]] = {table: [] for table in TABLES}
        for begin in begins:
            made = [make(begin - self._began) for make in self._makers]
            self.sessions.append(made[self._slots[str(self._life.session)]])
            self.orders.append(made[self._slots[str(self._life.orders[0])]])
            for table in TABLES:
                texts[table].extend(
                    piece if isinstance(piece, str) else made[piece] for piece in self._texts[table][1]
                )
            self.last_event += self._events
            for position, many in self._many.items():
                self._last_entry[position] += many
        async with conn.transaction():
            await _q.quickly(conn)
            for table in TABLES:
                source = io.BytesIO("".join(texts[table]).encode())
                columns = self._texts[table][0].split(", ")
                await conn.copy_to_table(table, source=source, columns=columns, schema_name="coster")
            await _q.settle_positions(conn, org_id=self._org_id, ids=list(self._many), seqs=list(self._last_entry.values()),
                                      on_hands=list(self._on_hand.values()), copies=len(begins))  # fmt: skip
            await _q.settle_events(conn, org_id=self._org_id, last=self.last_event)
            await _q.settle_readers(conn, org_id=self._org_id, last=self.last_event)


_MILLISECOND: Final = dt.timedelta(milliseconds=1)


def _shaped(digits: str) -> str:
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:32]}"


def _line(row: Any) -> str:
    """A row as a line of COPY's text format; its columns come as text."""
    return "\t".join("\\N" if value is None else _escaped(value) for value in row.values()) + "\n"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
