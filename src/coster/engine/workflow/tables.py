"""Many flows in many versions side by side: each entity is stepped by the version that it is on."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, TypeAlias

import msgspec

from coster.engine.workflow.step import NOTHING, Context, Matched, Table, Unmatched
from coster.kernel import errors

# A share is in thousandths, so that one entity in a thousand can go first.
WHOLE = 1_000

Key: TypeAlias = "tuple[str, int]"
Late: TypeAlias = Mapping[Key, Callable[[], Table]]
"""Versions by name and number that are compiled when they are first asked for."""


class UnknownVersionError(errors.TryAgain):
    """An entity is on a flow or version that was not loaded: it was published in between, so what was read before is old."""


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

    def __init__(
        self,
        tables: Iterable[Table],
        published: Mapping[str, Published] | None = None,
        late: Late | None = None,
    ) -> None:
        """Takes tables, and for each flow the versions on which entities begin; by default the newest of these tables.

        What is `late` is part of it too, and hides a table of the same name and number.
        """
        self.mark = 0
        """The number of the organisation's flows when these were loaded; 0: what is shipped."""
        self._late = late or {}
        made = {(table.flow.name, table.flow.version): table for table in tables}
        self._tables = {key: table for key, table in made.items() if key not in self._late}
        self.hidden: tuple[Key, ...] = tuple(sorted(made.keys() & self._late.keys()))
        """Tables that a late version of the same name and number stands in front of."""
        # Nobody begins on what hides a table before it is pinned: it only came to have the same number.
        self.unpinned: dict[str, int] = {}
        """The version on which entities begin of a flow for which nothing else is said, by name."""
        for name, version in (*self.hidden, *sorted(self._tables)):
            self.unpinned[name] = version
        newest = {name: Published(version=version) for name, version in self.unpinned.items()}
        self._published = {**newest, **(published or {})}
        self._for: dict[tuple[str, str], tuple[str, ...]] = {}

    @property
    def published(self) -> Mapping[str, Published]:
        """On which versions entities begin, by the name of the flow."""
        return self._published

    @property
    def versions(self) -> tuple[Key, ...]:
        """Every version that is known, by name and number."""
        return tuple(sorted((*self._tables, *self._late)))

    def of(self, flow: str, version: int) -> Table:
        """The table of a version. Raises UnknownVersionError."""
        table = self._tables.get((flow, version))
        return table if table is not None else self._found(flow, version)

    def _found(self, flow: str, version: int) -> Table:
        """The same for a version that is compiled when it is asked for. Raises UnknownVersionError."""
        late = self._late.get((flow, version))
        if late is None:
            raise UnknownVersionError(f"the flow {flow} version {version} is not loaded")
        return late()

    def begin(self, flow: str, entity_id: uuid.UUID) -> Table:
        """The table on which a new entity begins. Raises UnknownVersionError."""
        if flow not in self._published:
            raise UnknownVersionError(f"the flow {flow} is not loaded")
        return self.of(flow, self._published[flow].of(entity_id))

    def for_entity(self, entity: str, type_: str = "") -> tuple[str, ...]:
        """Names of the flows on which entities of a type begin, those for just this type first, then those for every type."""
        names = self._for.get((entity, type_))
        if names is None:
            flows = [self.of(name, published.version).flow for name, published in self._published.items()]
            fitting = [flow for flow in flows if flow.entity == entity and flow.type in ("", type_)]
            ordered = sorted(fitting, key=lambda flow: (not flow.type, flow.name))
            names = self._for[entity, type_] = tuple(flow.name for flow in ordered)
        return names

    def step(self, ask: Ask) -> Matched | Unmatched:
        """What the trigger does to the entity. Raises as `of` and `Table.step` do."""
        return self.of(ask.flow, ask.version).step(ask.status, ask.trigger, ask.context)

    def step_many(self, asks: Iterable[Ask]) -> list[Matched | Unmatched]:
        """One answer for each, in order. Raises as `step` does, for the first that fails."""
        tables = self._tables
        answers = []
        for ask in asks:
            table = tables.get((ask.flow, ask.version)) or self._found(ask.flow, ask.version)
            answers.append(table.step(ask.status, ask.trigger, ask.context))
        return answers
