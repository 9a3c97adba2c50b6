"""A client of one platform that asks until it is answered: what may have got lost is asked again under the same Idempotency-Key."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

from coster.simulation.federation.report import Report
from coster.simulation.wire import Reply, Wire

_PATIENCE: Final = 30.0
_GIVES_UP: Final = 90.0
_PAUSE: Final = 0.1
_BORNE: Final = 5
# What is final although the server says 5xx: another platform did not answer it, or not in time.
FINAL: Final = frozenset({"supplier_silent", "peer_unreachable"})


class UnheardError(RuntimeError):
    """Nobody answered in all the time that was given; what became of the request is not known."""


class Client:
    """Asks one platform's server directly, as its own shop and its own people do; as many at once as want to."""

    def __init__(self, report: Report, host: str, port: int, key: str) -> None:
        self._report, self._host, self._port, self._key = report, host, port, key
        self._idle: list[Wire] = []

    async def ask(
        self, method: str, path: str, body: Any = None, *, name: str = "", version: int = 0
    ) -> Reply:
        """The first answer that is one. UnheardError where none comes."""
        until, faults = time.monotonic() + _GIVES_UP, 0
        headers = {"idempotency-key": name} if name else {}
        if version:
            headers["if-match"] = f'"{version}"'
        while time.monotonic() < until:
            wire = (
                self._idle.pop() if self._idle else Wire(self._host, self._port, self._key, timeout=_PATIENCE)
            )
            try:
                reply = await wire.ask(method, f"/api/v1/{path}", body, headers)
                self._idle.append(wire)
            except (OSError, EOFError, TimeoutError, ValueError) as lost:
                self._report.unheard[type(lost).__name__] += 1
            else:
                code = _code(reply)
                if reply.status < 500 or code in FINAL:
                    return reply
                self._report.unheard[f"{reply.status} {code}"] += 1
                if reply.status != 503:
                    faults += 1
                    self._report.break_(f"{method} {path} was answered {reply.status}: {reply.body[:300]!r}")
                    if faults == _BORNE:
                        return reply
            await asyncio.sleep(_PAUSE)
        raise UnheardError(f"{method} {path} was not answered in {_GIVES_UP:g} s")

    async def made(self, path: str, body: Any, *, name: str = "", method: str = "POST") -> Any:
        """What was made; RuntimeError where it is refused."""
        reply = await self.ask(method, path, body, name=name)
        if reply.status not in (200, 201, 202):
            raise RuntimeError(f"{method} {path} was answered {reply.status}: {reply.body[:500]!r}")
        return reply.json()

    async def every(self, path: str) -> list[Any]:
        """All entries of a list, page by page."""
        found: list[Any] = []
        mark = ""
        while True:
            joint = "&" if "?" in path else "?"
            page = (await self.ask("GET", f"{path}{joint}limit=200{mark}")).json()
            found += page["items"]
            if not page.get("next"):
                return found
            mark = f"&cursor={page['next']}"

    def close(self) -> None:
        """Ends the connections."""
        while self._idle:
            self._idle.pop().close()


def _code(reply: Reply) -> str:
    try:
        said = reply.json()
    except ValueError:
        return ""
    return str(said.get("code", "")) if isinstance(said, dict) else ""
