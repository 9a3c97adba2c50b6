"""Clients that repeat what was not answered, under the same Idempotency-Key, at another server; and a note of all they asked."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from coster.kernel import ids
from coster.simulation.storm.report import Report
from coster.simulation.wire import Reply, Wire

_PATIENCE: Final = 10.0
_PAUSE: Final = 0.1
_FAULTS_BORNE: Final = 5


@dataclass(slots=True)
class Key:
    """An API key, and the instant (monotonic) since when its revocation is acknowledged."""

    id: uuid.UUID
    token: str
    revoked_at: float | None = None


@dataclass(slots=True)
class Asked:
    """One command: what was asked, and what was answered. `status` 0: nobody knows what became of it.

    `told` names the event that it must have caused exactly once where it was accepted, `quantity` what a correction was to
    change and `counted` what a count found, in thousandths.
    """

    what: str
    command_id: uuid.UUID
    told: str = ""
    quantity: int = 0
    counted: int | None = None
    reference: str = ""
    status: int = 0
    code: str = ""
    entity_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A command as it goes over the wire, under the name that makes its repeats harmless."""

    what: str
    path: str
    body: Any
    name: str
    told: str = ""
    method: str = "POST"
    quantity: int = 0
    counted: int | None = None
    reference: str = ""
    twice: bool = False
    hang_up: bool = False


@dataclass(slots=True)
class Desk:
    """What all clients share: the servers, the report, the notes, and who waits for the first order after a kill."""

    ports: Sequence[int]
    org_id: int
    report: Report
    asked: list[Asked] = field(default_factory=list)
    waiting: list[tuple[str, float]] = field(default_factory=list)
    gives_up_at: float = float("inf")

    def order_accepted(self, sent_at: float) -> None:
        """An order that was sent after a kill was accepted: the kill is over."""
        over = [(kind, at) for kind, at in self.waiting if at <= sent_at]
        for kind, at in over:
            self.report.recoveries.setdefault(kind, []).append(time.monotonic() - at)
            self.waiting.remove((kind, at))


class Caller:
    """One client: it asks until it is answered."""

    def __init__(self, desk: Desk, key: Key, number: int) -> None:
        self._desk, self.key, self._at = desk, key, number
        self._wire: Wire | None = None

    def use(self, key: Key) -> None:
        """Asks under another key from now on."""
        self.key = key
        self._move(0)

    async def ask(self, request: Request) -> Asked:
        """The command with its answer, noted."""
        desk = self._desk
        command = ids.derived("idempotency", desk.org_id, self.key.id, request.name)
        asked = Asked(
            request.what, command, told=request.told, quantity=request.quantity, counted=request.counted,
            reference=request.reference,
        )  # fmt: skip
        desk.asked.append(asked)
        first = time.monotonic()
        reply, unheard, sent_at = await self._answered(request)
        if reply is None:
            desk.report.break_(f"{request.what} was never answered, after {time.monotonic() - first:.0f} s")
            return asked
        said = reply.json() or {}
        asked.code = "" if reply.status < 300 else str(said.get("code", ""))
        desk.report.answers[f"{reply.status} {request.what if reply.status < 300 else asked.code}"] += 1
        revoked_at = self.key.revoked_at
        if asked.code == "key_not_valid" and unheard:
            # It may have taken effect before its key was revoked, and nobody can ask any more.
            return asked
        asked.status = reply.status
        asked.entity_id = str(said.get("id", ""))
        if reply.status < 300 and revoked_at is not None and first > revoked_at:
            desk.report.break_(
                f"{request.what} was accepted under a key whose revocation was acknowledged before"
            )
        if reply.status < 300:
            desk.report.accepted()
        if request.what == "place" and reply.status == 201:
            desk.order_accepted(sent_at)
        if request.twice and asked.code != "key_not_valid":
            await self._again(request, reply)
        return asked

    async def read(self, path: str) -> Any:
        """What is to be read, as JSON types; None where nobody answers any more."""
        reply, _, _ = await self._answered(Request(what=path, method="GET", path=path, body=None, name=""))
        if reply is None or reply.status != 200:
            self._desk.report.break_(f"{path} was answered {reply and (reply.status, reply.body[:300])}")
            return None
        return reply.json()

    def close(self) -> None:
        """Drops the connection."""
        self._move(0)

    async def _again(self, request: Request, before: Reply) -> None:
        again, _, _ = await self._answered(request)
        if again is None or (again.status == 401 and before.status != 401):
            return
        if (again.status, _said(again)) != (before.status, _said(before)):
            self._desk.report.break_(
                f"{request.what}: {before.status} {before.body[:200]!r}, and again: {again.status} {again.body[:200]!r}"
            )

    async def _answered(self, request: Request) -> tuple[Reply | None, bool, float]:
        """The answer, whether an earlier one may have been lost, and when the answered request was sent."""
        report, faults, unheard = self._desk.report, 0, False
        headers = {"idempotency-key": request.name} if request.name else {}
        if request.hang_up:
            await self._hang_up(request, headers)
            unheard = True
        while time.monotonic() < self._desk.gives_up_at:
            sent_at = time.monotonic()
            try:
                reply = await self._connection().ask(request.method, request.path, request.body, headers)
            except (OSError, EOFError, TimeoutError, ValueError) as lost:
                report.unheard[type(lost).__name__] += 1
                unheard = True
            else:
                if reply.status < 500 or faults == _FAULTS_BORNE:
                    return reply, unheard, sent_at
                if reply.status == 503:
                    report.unheard[f"503 {(reply.json() or {}).get('code', '')}"] += 1
                else:
                    faults += 1
                    report.break_(f"{request.what} was answered {reply.status}: {reply.body[:300]!r}")
                # Also a 503 may stand for something that was committed while the answer of the database got lost.
                unheard = True
            self._move(1)
            await asyncio.sleep(_PAUSE)
        return None, unheard, 0.0

    async def _hang_up(self, request: Request, headers: dict[str, str]) -> None:
        try:
            await self._connection().hang_up(request.method, request.path, request.body, headers)
        except (OSError, TimeoutError) as lost:
            self._desk.report.unheard[type(lost).__name__] += 1
        self._desk.report.unheard["hung up"] += 1

    def _connection(self) -> Wire:
        if self._wire is None:
            port = self._desk.ports[self._at % len(self._desk.ports)]
            self._wire = Wire("127.0.0.1", port, self.key.token, timeout=_PATIENCE)
        return self._wire

    def _move(self, by: int) -> None:
        if self._wire is not None:
            self._wire.close()
        self._wire = None
        self._at += by


def _said(reply: Reply) -> Any:
    """What a reply says, without the name of the request."""
    said = reply.json()
    return (
        {key: value for key, value in said.items() if key not in ("request_id", "instance")} if said else said
    )
