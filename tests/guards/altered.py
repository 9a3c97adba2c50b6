"""Guards in statements: which there are, and how one is taken out for a test; and two batches that meet at the worst moment."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import coster
from coster.domain.buying import store as buying
from coster.domain.catalog import store as catalog
from coster.domain.federation import store as federation
from coster.domain.identity import store as identity
from coster.domain.inventory import store as inventory
from coster.domain.linking import store as linking
from coster.domain.orders import store as orders
from coster.domain.parties import store as parties
from coster.domain.sessions import store as sessions
from coster.domain.wholesale import store as wholesale
from coster.engine.batch.run import Result
from coster.engine.db import sql
from coster.engine.mail import store as mail
from coster.engine.mending import store as mending
from coster.kernel.message import Command
from coster.kernel.outcome import Outcome
from tests.guards.scene import Scene

_STORES = {"buying": buying, "catalog": catalog, "federation": federation, "identity": identity, "inventory": inventory, "linking": linking,
           "mail": mail, "mending": mending, "orders": orders, "parties": parties, "sessions": sessions,
           "wholesale": wholesale}  # fmt: skip
_GUARD = re.compile(r"\s+FOR (?:NO KEY UPDATE|SHARE|UPDATE)(?: OF \w+)?(?: SKIP LOCKED)?|CASE WHEN p\.seq = u\.seen THEN (u\.seq) END"
                    r"|\s+WHERE h\.version < EXCLUDED\.version")  # fmt: skip
FREE, KEPT_APART = 10.0, 0.1
"""Seconds that each waits for the other: where nothing keeps them apart, and where a guard may."""


def guards() -> set[str]:
    """Every statement of the program that has a lock or a comparison with what was seen, as room.statement."""
    root = Path(coster.__file__).parent
    files = sorted([*root.glob("domain/*/queries.sql"), *root.glob("engine/*/queries.sql")])
    return {statement.name for file in files for statement in sql.read(file) if _GUARD.search(statement.sql)}


def take_out(patch: pytest.MonkeyPatch, name: str) -> None:
    """The statement without its guard, for the test."""
    room, _, statement = name.partition(".")
    queries = _STORES[room]._q  # noqa: SLF001 - a test of just these statements
    old = getattr(queries, statement)
    # Of a comparison that chooses a value, the value stays.
    new, taken = _GUARD.subn(lambda found: found[1] or " ", old.sql)
    assert taken == 1
    altered = sql.Statement(old.name, new, old.parameters, old._method)  # noqa: SLF001 - the same way to run
    patch.setitem(queries._statements, statement, altered)  # noqa: SLF001 - put back by the patch


class Meeting:
    """Two batches that both load before either writes, where nothing keeps them apart; the second writes when the first is done.

    Where a guard makes one wait for the other, the other goes on after `patience` seconds. `loads` counts how often each was begun.
    """

    def __init__(self, town: Scene, patience: float) -> None:
        self.town = town
        self._patience = patience
        self._done = asyncio.Event()
        self.loads = [0, 0]
        self._loaded = asyncio.Event()
        self._count = 0

    async def of(self, first: Command[Any], second: Command[Any]) -> tuple[Outcome, Outcome]:
        """The outcomes of the two commands."""
        results: Sequence[list[Result | Exception]] = await asyncio.gather(
            self._run(0, first), self._run(1, second)
        )
        outcomes = []
        for [result] in results:
            if not isinstance(result, Result):
                raise result
            outcomes.append(result.outcome)
        return outcomes[0], outcomes[1]

    async def _run(self, number: int, command: Command[Any]) -> list[Result | Exception]:
        handler = self.town.registry.of(command.body)

        async def load(*args: Any) -> Any:
            state = await handler.load(*args)
            self.loads[number] += 1
            if self.loads[number] == 1:
                self._count += 1
                if self._count == 2:
                    self._loaded.set()
                await self._wait(self._loaded)
                if number == 1:
                    await self._wait(self._done)
            return state

        results = await self.town.runner.run(dataclasses.replace(handler, load=load), [command])
        if number == 0:
            self._done.set()
        return results

    async def _wait(self, event: asyncio.Event) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(event.wait(), self._patience)
