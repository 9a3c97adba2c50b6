"""The compiled flows of one kind of entity: those that are shipped, and what an organisation has published."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from coster.engine.db import sql
from coster.engine.db.ask import Question, Rows, answer, ask
from coster.engine.db.connect import Connection
from coster.engine.workflow import compile as compiling
from coster.engine.workflow import faults, language, plugins
from coster.engine.workflow.actions import Vocabulary
from coster.engine.workflow.guards import GuardRefusedError
from coster.engine.workflow.step import Table
from coster.engine.workflow.tables import Key, Published, Tables
from coster.kernel import errors

_SCENARIOS = ".scenarios.yaml"
# Before anything was ever published or pinned.
UNTOUCHED: Final = 0
# What is kept of all organisations of the process; beyond that, what was not asked for longest is made again when it is.
MOST_VERSIONS: Final = 10_000
MOST_TABLES: Final = 2_000

_q = sql.load(__file__)

V = TypeVar("V")


class _Recent(Generic[V]):
    """Values with weights that are kept up to a sum; what was not asked for longest goes first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, tuple[V, int]] = OrderedDict()
        self.weight = 0

    def get(self, key: Hashable) -> V | None:
        """What is kept, or None."""
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found[0]

    def put(self, key: Hashable, value: V, weight: int = 1) -> V:
        """Keeps it in the place of what was kept, and gives it back."""
        self.weight += weight - self._kept.pop(key, (None, 0))[1]
        self._kept[key] = (value, weight)
        while self.weight > self._most and len(self._kept) > 1:
            self.weight -= self._kept.popitem(last=False)[1][1]
        return value


@dataclass(frozen=True, slots=True)
class _State:
    """The flows of an organisation under their number, with the texts of what it has published, by digest."""

    number: int
    tables: Tables
    texts: Mapping[str, str]


class Library:
    """Gives each organisation the tables of its versions; compiled once, since nothing published is ever edited."""

    def __init__(self, vocabulary: Vocabulary, folder: Path) -> None:
        """Takes what flows of the entity may name, and the folder of those that are shipped.

        Actions of installed packages come to the vocabulary by themselves. Raises PluginRefusedError, FlowRefusedError.
        """
        self.vocabulary = plugins.extended(vocabulary, plugins.installed())
        self.shipped: dict[str, Table] = {}
        self.texts: dict[Key, str] = {}
        # One folder may hold the flows of several kinds of entities, and older versions beside the newest.
        flows = {}
        for file in sorted(folder.glob("*.yaml")):
            if not file.name.endswith(_SCENARIOS):
                text = file.read_text(encoding="utf-8")
                flow = language.read(text, file.name)
                flows[flow.name, flow.version] = flow
                if flow.entity == vocabulary.entity:
                    self.texts[flow.name, flow.version] = text
        newest = {name: flow for (name, _), flow in sorted(flows.items())}
        ours = [flow for flow in flows.values() if flow.entity == vocabulary.entity]
        tables = [compiling.compile_flow(flow, self.vocabulary, newest) for flow in ours]
        self._shipped = Tables(tables)
        for name, published in self._shipped.published.items():
            self.shipped[name] = self._shipped.of(name, published.version)
        self._all = tuple(tables)
        # By organisation, so that a new state takes the place of the old one.
        self._states: _Recent[_State] = _Recent(MOST_VERSIONS)
        # By digest: the same text is the same flow, whoever has published it.
        self._tables: _Recent[Table] = _Recent(MOST_TABLES)

    @property
    def entity(self) -> str:
        """Whose life these flows describe."""
        return self.vocabulary.entity

    def asked(self, org_id: int) -> Question[int]:
        """What is to be asked to know whether anything was published or pinned since: the state's number, see `at`."""
        return Question(_q.mark, {"org_id": org_id}, _mark)

    async def at(self, conn: Connection, org_id: int, number: int) -> Tables:
        """The tables of that state; asks the database only when they are not known yet."""
        if number == UNTOUCHED:
            return self._shipped
        known = self._states.get(org_id)
        if known is None or known.number != number:
            known = await self._load(conn, org_id, number, known.texts if known else {})
            self._states.put(org_id, known, max(1, len(known.texts)))
        return known.tables

    async def tables(self, conn: Connection, org_id: int) -> Tables:
        """The tables as they are now: `asked` and `at` together."""
        return await self.at(conn, org_id, await answer(conn, org_id, self.asked(org_id)))

    async def _load(self, conn: Connection, org_id: int, number: int, before: Mapping[str, str]) -> _State:
        """What is published and pinned now; two statements, the second only where a text is not known from `before`."""
        values = {"org_id": org_id, "entity": self.entity}
        versions, pins = await ask(
            conn, org_id, Question(_q.versions, values, list), Question(_q.pins, values, list)
        )
        digests = {row["digest"] for row in versions}
        texts = {digest: before[digest] for digest in digests & before.keys()}
        if missing := sorted(digests - texts.keys()):
            for row in await _q.texts(conn, org_id=org_id, digests=missing):
                texts[row["digest"]] = row["text"]
        late = {
            (row["name"], row["version"]): functools.partial(
                self._compiled, row["digest"], texts[row["digest"]]
            )
            for row in versions
        }
        tables = Tables(self._all, _published(pins), late)
        tables.mark = number
        return _State(number, tables, texts)

    def _compiled(self, digest: str, text: str) -> Table:
        """The table of a published text, made when an entity is first on it. Raises Broken."""
        table = self._tables.get(digest)
        if table is not None:
            return table
        try:
            # It was proved before it was published; a checker that has learnt since must not strand who is on it.
            flow = language.read(text, "a published flow")
            return self._tables.put(digest, compiling.prepare(flow, self.vocabulary))
        except (faults.FlowRefusedError, GuardRefusedError, ValueError, KeyError) as wrong:
            raise errors.Broken(f"a published flow cannot be used any more: {wrong}") from wrong


def _mark(rows: Rows) -> int:
    return int(rows[0]["mark"]) if rows else UNTOUCHED


def _published(pins: Iterable[Mapping[str, Any]]) -> dict[str, Published]:
    """Where new entities begin by name; what is pinned to nothing is left to what is shipped."""
    return {
        pin["name"]: Published(version=pin["version"], canary=pin["canary"] or 0, share=pin["share"])
        for pin in pins
        if pin["version"] is not None
    }
