"""The flows of an organisation for those who look at them: every version with its text, and what the checker says."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from coster.domain.orders import reads as orders
from coster.domain.wholesale import reads as wholesale
from coster.edges.api.flow_records import ChangeSeen, Checked, FaultSeen, VersionSeen
from coster.edges.http.call import Call
from coster.edges.http.problems import Problem, not_found
from coster.engine.flows import reads
from coster.engine.flows.library import Library
from coster.engine.flows.model import FlowCount, VersionView
from coster.engine.flows.moving import Place, Standing
from coster.engine.workflow import antipatterns, check, check_migration, diff, language
from coster.engine.workflow.faults import Fault, FlowRefusedError
from coster.engine.workflow.records import Flow
from coster.engine.workflow.step import Table
from coster.engine.workflow.tables import Tables

ROOMS: Final[Mapping[str, Any]] = {"order": orders, "held_order": wholesale}
"""Whose entities live by flows, by the kind of entity: `flow_counts` and `flow_page` of their reads."""


CHECKOUT: Final = "checkout"
"""Lives in the rows of orders, so its room is asked with their flows."""
MOVABLE: Final = frozenset({*ROOMS, CHECKOUT})
"""The kinds of entities that can be moved to another version."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """All flows as they are now: those of each kind of entity, and where each name belongs."""

    libraries: Mapping[str, Library]
    tables: Mapping[str, Tables]

    def of(self, name: str) -> Tables | None:
        """The flows among which a name is; None: nothing is published under it."""
        for tables in self.tables.values():
            if any(known == name for known, _ in tables.versions):
                return tables
        return None

    def table(self, name: str, version: int) -> Table | None:
        """A version that is shipped or published; None: there is none."""
        tables = self.of(name)
        return tables.of(name, version) if tables and (name, version) in tables.versions else None

    def pinned(self, name: str) -> Flow | None:
        """The version on which new entities begin, a canary left aside."""
        tables = self.of(name)
        published = tables.published.get(name) if tables else None
        return tables.of(name, published.version).flow if tables and published else None

    @property
    def in_use(self) -> dict[str, Flow]:
        """Every flow on which new entities begin, by name."""
        found: dict[str, Flow] = {}
        for tables in self.tables.values():
            for name, published in tables.published.items():
                found[name] = tables.of(name, published.version).flow
        return found


async def counted(shown: Shelf, conn: Any, org_id: int, entity: str) -> list[FlowCount]:
    """How many entities of a kind are in each status of each version; nothing for what is not counted."""
    if entity == CHECKOUT:
        return await orders.checkout_counts(conn, org_id, shown.tables["order"])
    found: list[FlowCount] = await ROOMS[entity].flow_counts(conn, org_id) if entity in ROOMS else []
    return found


async def page_of(
    shown: Shelf, conn: Any, org_id: int, about: tuple[str, Table, list[Place]], page: tuple[Any, int]
) -> list[Standing]:
    """The entities on a flow (`about`: its name, a version of it, and places) that a move would take next."""
    name, target, places = about
    if target.flow.entity == CHECKOUT:
        return await orders.checkout_page(conn, org_id, (name, shown.tables["order"]), places, page)
    found: list[Standing] = await ROOMS[target.flow.entity].flow_page(conn, org_id, name, places, page)
    return found


async def shelf(call: Call, conn: Any) -> Shelf:
    """The flows of the caller's organisation."""
    libraries = call.parts.libraries
    return Shelf(
        libraries, {entity: await library.tables(conn, call.org_id) for entity, library in libraries.items()}
    )


def refuse_parts(call: Call) -> None:
    """Flows concern everybody in an organisation, so they are not for keys of single enterprises. Problem: not_permitted."""
    if not call.authority.allows(call.operation.permission or ""):
        raise Problem(
            "not_permitted",
            "Flows concern the organisation as a whole, and this API key is for single enterprises; ask an owner.",
        )


def number_of(call: Call) -> int:
    """The number of a version out of the path; what is none names nothing that could be found."""
    given = call.parameters["number"]
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise not_found("version")
    return int(given)


async def version_of(call: Call, conn: Any, shown: Shelf, name: str, number: int) -> VersionView:
    """A draft, a published version or a shipped one, with its text. Problem: not_found."""
    found = await reads.get_version(conn, call.org_id, name, number)
    if found is not None:
        return found
    for library in shown.libraries.values():
        if (name, number) in library.texts:
            return shipped(library, name, number)
    raise not_found("version")


def shipped(library: Library, name: str, number: int) -> VersionView:
    """A version that comes with the program; nobody of the organisation has written it."""
    text = library.texts[name, number]
    return VersionView(
        name=name,
        version=number,
        state="shipped",
        entity=library.entity,
        type=language.read(text, name).type,
        digest=hashlib.sha256(text.encode()).hexdigest(),
        based_on=None,
        mapping={},
        revision=0,
        author=None,
        written_at=None,
        intent="",
        actor=None,
        at=None,
        reason="",
        text=text,
    )


def seen(view: VersionView) -> VersionSeen:
    """A version without its text."""
    return VersionSeen(
        name=view.name,
        version=view.version,
        state=view.state,
        entity=view.entity,
        type=view.type,
        digest=view.digest,
        based_on=view.based_on,
        mapping=dict(view.mapping),
        revision=view.revision,
        author=view.author,
        written_at=view.written_at,
        intent=view.intent,
        published_by=view.actor,
        published_at=view.at,
        reason=view.reason,
    )


def read(text: str) -> Flow | None:
    """The flow of a text; None: it has no form."""
    try:
        return language.read(text)
    except FlowRefusedError:
        return None


async def checked(shown: Shelf, text: str, mapping: Mapping[str, str]) -> Checked:
    """What the checker says of a text, in a thread, so that nobody waits for it."""
    return await asyncio.to_thread(_checked, shown, text, mapping)


def _checked(shown: Shelf, text: str, mapping: Mapping[str, str]) -> Checked:
    try:
        flow = language.read(text, "the text")
    except FlowRefusedError as refused:
        return Checked(proved=False, faults=told(refused.faults), warnings=[], migration=[], against=None)
    library = shown.libraries.get(flow.entity)
    if library is None:
        accepted = ", ".join(sorted(shown.libraries))
        message = f"found the entity '{flow.entity}'; accepted: {accepted}."
        fault = Fault(code="entity_differs", line=0, path="entity", message=message)
        return Checked(proved=False, faults=told((fault,)), warnings=[], migration=[], against=None)
    others = {name: other for name, other in shown.in_use.items() if name != flow.name}
    faults = check.check(flow, library.vocabulary, others)
    before = shown.pinned(flow.name)
    # What is pinned itself, or was before it, is not moved to.
    later = before is not None and before.version < flow.version
    against = check_migration.migration(before, flow, mapping) if before is not None and later else ()
    return Checked(
        proved=not faults,
        faults=told(faults),
        warnings=told(antipatterns.warnings(flow, library.vocabulary, others)),
        migration=told(against),
        against=before.version if before is not None and later else None,
    )


def told(faults: tuple[Fault, ...]) -> list[FaultSeen]:
    """Faults as they are told."""
    return [FaultSeen(**msgspec.structs.asdict(fault)) for fault in faults]


def changes(before: Flow | None, after: Flow | None) -> list[ChangeSeen]:
    """What differs between two versions; nothing, where there are no two."""
    if before is None or after is None:
        return []
    return [ChangeSeen(**msgspec.structs.asdict(change)) for change in diff.diff(before, after)]
