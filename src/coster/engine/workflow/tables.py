"""Many flows in many versions side by side: each entity is stepped by the version that it is on."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from coster.engine.workflow.step import NOTHING, Context, Matched, Table, Unmatched

# A share is in thousandths, so that one entity in a thousand can go first.
WHOLE = 1_000


class UnknownVersionError(LookupError):
    """An entity is on a flow or version that was not loaded: a fault of the program, never a user's mistake."""


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """On which version new entities of a flow begin: `version`, and a share of them on `canary`."""

    version: int
    canary: int = 0
    share: int = 0
    """Thousandths of the new entities that begin on the canary."""

    def of(self, entity_id: uuid.UUID) -> int:
        """The version on which this entity begins: the same whenever it is asked."""
        return (
            self.canary if int.from_bytes(entity_id.bytes[-4:], "big") % WHOLE < self.share else self.version
        )


class Ask(NamedTuple):
    """One entity to be stepped."""

    flow: str
    version: int
    status: str
    trigger: str
    context: Context = NOTHING


class Tables:
    """Compiled flows by name and version; a step costs the same however many there are."""

    def __init__(self, tables: Iterable[Table], published: Mapping[str, Published] | None = None) -> None:
        """Takes tables, and for each flow the versions on which entities begin; by default the newest."""
        self._tables = {(table.flow.name, table.flow.version): table for table in tables}
        newest: dict[str, Published] = {}
        for name, version in sorted(self._tables):
            newest[name] = Published(version=version)
        self._published = {**newest, **(published or {})}

    def of(self, flow: str, version: int) -> Table:
        """The table of a version. Raises UnknownVersionError."""
        table = self._tables.get((flow, version))
        if table is None:
            raise UnknownVersionError(f"the flow {flow} version {version} is not loaded")
        return table

    def begin(self, flow: str, entity_id: uuid.UUID) -> Table:
        """The table on which a new entity begins. Raises UnknownVersionError."""
        if flow not in self._published:
            raise UnknownVersionError(f"the flow {flow} is not loaded")
        return self.of(flow, self._published[flow].of(entity_id))

    def for_entity(self, entity: str, type_: str = "") -> tuple[str, ...]:
        """Names of the flows for entities of a type, those for just this type first, then those for every type."""
        found = {table.flow.name: table.flow for table in self._tables.values()}
        fitting = [flow for flow in found.values() if flow.entity == entity and flow.type in ("", type_)]
        return tuple(flow.name for flow in sorted(fitting, key=lambda flow: (not flow.type, flow.name)))

    def step(self, ask: Ask) -> Matched | Unmatched:
        """What the trigger does to the entity. Raises as `of` and `Table.step` do."""
        return self.of(ask.flow, ask.version).step(ask.status, ask.trigger, ask.context)

    def step_many(self, asks: Iterable[Ask]) -> list[Matched | Unmatched]:
        """One answer for each, in order. Raises as `step` does, for the first that fails."""
        tables = self._tables
        answers = []
        for ask in asks:
            table = tables.get((ask.flow, ask.version))
            if table is None:
                raise UnknownVersionError(f"the flow {ask.flow} version {ask.version} is not loaded")
            answers.append(table.step(ask.status, ask.trigger, ask.context))
        return answers
