"""Flows over HTTP: the life cycles that things follow, as data and as a picture, in all their versions."""

from __future__ import annotations

from typing import Any, Final

from coster.edges.api import flow_shelf
from coster.edges.api.flow_records import (
    CountSeen,
    Differences,
    DiffQuery,
    DraftNamed,
    Flows,
    FlowSeen,
    FlowsQuery,
    PinSeen,
    StatusSeen,
    Versions,
    VersionTold,
)
from coster.edges.api.flow_shelf import Shelf, refuse_parts
from coster.edges.http import paging
from coster.edges.http.call import Answer, Call, answer
from coster.edges.http.operation import Operation
from coster.edges.http.paging import Page, PageQuery
from coster.edges.http.problems import not_found
from coster.engine.flows import counting, reads
from coster.engine.flows.model import READ, FlowCount, PinView, VersionView
from coster.engine.workflow import check_migration, schema
from coster.engine.workflow.draw import mermaid, svg
from coster.engine.workflow.records import Flow
from coster.engine.workflow.step import Table
from coster.engine.workflow.tables import Published

_SVG: Final = b"image/svg+xml"
_YAML: Final = b"application/yaml"
_NOT_PINNED: Final = Published(version=0)


async def list_(call: Call) -> Answer:
    """All flows of the organisation, each in the version on which new entities begin, with the drafts that there are."""
    query = call.read_query(FlowsQuery)
    whole = call.authority.allows(READ)
    async with call.parts.database.read(call.org_id) as conn:
        shown = await flow_shelf.shelf(call, conn)
        counts = await _counted(shown, call, conn) if query.counts and whole else None
        drafts = await reads.all_drafts(conn, call.org_id) if whole else []
        pins = await reads.pin_numbers(conn, call.org_id)
    names = sorted({name for tables in shown.tables.values() for name, _ in tables.versions})
    named = [DraftNamed(name=name, version=version) for name, version in drafts]
    return answer(
        Flows(items=[_seen(shown, name, pins.get(name, 0), counts) for name in names], drafts=named)
    )


async def get(call: Call) -> Answer:
    """One flow by name, in the version on which new entities begin."""
    query, name = call.read_query(FlowsQuery), call.parameters["name"]
    async with call.parts.database.read(call.org_id) as conn:
        shown = await flow_shelf.shelf(call, conn)
        counts = await _counted(shown, call, conn) if query.counts and call.authority.allows(READ) else None
        pins = await reads.pin_numbers(conn, call.org_id)
    if shown.of(name) is None:
        raise not_found("flow")
    return answer(_seen(shown, name, pins.get(name, 0), counts))


async def _counted(shown: Shelf, call: Call, conn: Any) -> list[FlowCount]:
    """How many entities of every kind are in each status of each version."""
    return [
        count
        for entity in call.parts.libraries
        for count in await flow_shelf.counted(shown, conn, call.org_id, entity)
    ]


def _seen(shown: Shelf, name: str, pin: int, counts: list[FlowCount] | None) -> FlowSeen:
    tables = shown.of(name)
    if tables is None:
        raise not_found("flow")
    numbers = [version for known, version in tables.versions if known == name]
    published = tables.published.get(name, _NOT_PINNED)
    table = tables.of(name, published.version or numbers[-1])
    flow = table.flow
    ours = [one for one in counts or [] if one.name == name]
    now = {one.status: counting.number(one) for one in ours if one.version == flow.version}
    return FlowSeen(
        name=name,
        title=flow.title,
        entity=flow.entity,
        type=flow.type,
        version=flow.version,
        in_use=published.version > 0,
        canary=published.canary or None,
        share=published.share,
        pin=pin,
        shipped=next(
            (
                library.shipped[name].flow.version
                for library in shown.libraries.values()
                if name in library.shipped
            ),
            None,
        ),
        hidden=[version for known, version in tables.hidden if known == name],
        versions=numbers,
        statuses=_statuses(table),
        counts=None if counts is None else [_count(one) for one in ours],
        picture=mermaid(flow, now),
    )


def _count(one: FlowCount) -> CountSeen:
    return CountSeen(version=one.version, status=one.status, count=one.count, more=one.more)


def _statuses(table: Table) -> list[StatusSeen]:
    return [
        StatusSeen(
            name=status.name,
            label=status.label or status.name,
            category=status.category,
            code=status.code,
            dfc=status.dfc,
            initial=status.initial,
            final=status.final,
            events=list(table.possible.get(status.name, ())),
        )
        for status in table.flow.statuses
    ]


async def list_versions(call: Call) -> Answer:
    """Every version of a flow and every draft, the newest first: shipped, published, retired, draft."""
    refuse_parts(call)
    name = call.parameters["name"]
    async with call.parts.database.read(call.org_id) as conn:
        own = await reads.list_versions(conn, call.org_id, name)
    taken = {view.version for view in own}
    shipped = [
        flow_shelf.shipped(library, known, version)
        for library in call.parts.libraries.values()
        for known, version in library.texts
        if known == name and version not in taken
    ]
    views = sorted([*own, *shipped], key=lambda view: -view.version)
    if not views:
        raise not_found("flow")
    return answer(Versions(items=[flow_shelf.seen(view) for view in views]))


async def get_version(call: Call) -> Answer:
    """One version or draft: text, faults, warnings, what differs from the version that it follows, picture.

    With `Accept: application/yaml` only the text, with `Accept: image/svg+xml` only the picture, with how many are where.
    """
    refuse_parts(call)
    name, number = call.parameters["name"], flow_shelf.number_of(call)
    drawn = call.accepts(_SVG)
    async with call.parts.database.read(call.org_id) as conn:
        shown = await flow_shelf.shelf(call, conn)
        view = await flow_shelf.version_of(call, conn, shown, name, number)
        counts = await _counted(shown, call, conn) if drawn else []
    if call.accepts(_YAML):
        return Answer(body=view.text.encode(), media=_YAML)
    flow = flow_shelf.read(view.text)
    if drawn and flow is not None:
        now = {
            one.status: counting.number(one) for one in counts if (one.name, one.version) == (name, number)
        }
        return Answer(body=svg(flow, now).encode(), media=_SVG)
    return answer(await _told(shown, view, flow))


async def _told(shown: Shelf, view: VersionView, flow: Flow | None) -> VersionTold:
    before = shown.table(view.name, view.based_on) if view.based_on else None
    said = flow_shelf.seen(view)
    return VersionTold(
        **{field: getattr(said, field) for field in said.__struct_fields__},
        text=view.text,
        checked=await flow_shelf.checked(shown, view.text, view.mapping),
        changes=flow_shelf.changes(before.flow if before else None, flow),
        picture=mermaid(flow) if flow else "",
    )


async def compare(call: Call) -> Answer:
    """What differs between a version or draft and another one, comments and spacing aside; a text without form differs in nothing."""
    refuse_parts(call)
    query, name, number = call.read_query(DiffQuery), call.parameters["name"], flow_shelf.number_of(call)
    async with call.parts.database.read(call.org_id) as conn:
        shown = await flow_shelf.shelf(call, conn)
        after = await flow_shelf.version_of(call, conn, shown, name, number)
        before = await flow_shelf.version_of(call, conn, shown, name, query.against)
    one, other = flow_shelf.read(before.text), flow_shelf.read(after.text)
    against = check_migration.migration(one, other, after.mapping) if one and other else ()
    return answer(Differences(changes=flow_shelf.changes(one, other), migration=flow_shelf.told(against)))


async def list_pins(call: Call) -> Answer:
    """On which versions new entities began, the present pin first."""
    refuse_parts(call)
    query, name = call.read_query(PageQuery), call.parameters["name"]
    before = paging.read("flow-pins", query.cursor, int)
    async with call.parts.database.read(call.org_id) as conn:
        rows = await reads.list_pins(conn, call.org_id, name, before=before, limit=query.limit + 1)
    return answer(paging.page("flow-pins", rows, query.limit, _pin, lambda row: row.n))


def _pin(view: PinView) -> PinSeen:
    return PinSeen(
        n=view.n, version=view.version, canary=view.canary, share=view.share, back=view.back, actor=view.actor, at=view.at,
        reason=view.reason,
    )  # fmt: skip


async def get_schema(_call: Call) -> Answer:
    """The JSON Schema of flows, with which editors complete and check them while they are written."""
    return answer(schema.json_schema())


NAME: Final = {"name": "The flow's name, for example order.retail."}
NUMBER: Final = {**NAME, "number": "The number of the version, for example 2."}
_ANYBODY: dict[str, Any] = {"tag": "flows", "method": "GET", "permission": ""}
_READ: dict[str, Any] = {"tag": "flows", "method": "GET", "permission": READ}
OPERATIONS = (
    Operation(
        id="listFlows",
        path="/api/v1/flows",
        summary="List flows",
        endpoint=list_,
        query=FlowsQuery,
        answer=Flows,
        **_ANYBODY,
    ),
    Operation(
        id="getFlowSchema",
        path="/api/v1/flows/schema",
        summary="Show the JSON Schema of flows",
        endpoint=get_schema,
        answer=dict[str, Any],
        answer_example={"title": "A flow of Coster"},
        **_ANYBODY,
    ),
    Operation(
        id="getFlow",
        path="/api/v1/flows/{name}",
        summary="Show a flow",
        endpoint=get,
        query=FlowsQuery,
        answer=FlowSeen,
        parameters=NAME,
        **_ANYBODY,
    ),
    Operation(
        id="listFlowVersions",
        path="/api/v1/flows/{name}/versions",
        summary="List the versions of a flow",
        endpoint=list_versions,
        answer=Versions,
        parameters=NAME,
        **_READ,
    ),
    Operation(
        id="getFlowVersion",
        path="/api/v1/flows/{name}/versions/{number}",
        summary="Show a version of a flow",
        endpoint=get_version,
        answer=VersionTold,
        media=("application/yaml", "image/svg+xml"),
        parameters=NUMBER,
        **_READ,
    ),
    Operation(
        id="compareFlowVersions",
        path="/api/v1/flows/{name}/versions/{number}/diff",
        summary="Show what differs between two versions",
        endpoint=compare,
        query=DiffQuery,
        answer=Differences,
        parameters=NUMBER,
        **_READ,
    ),
    Operation(
        id="listFlowPins",
        path="/api/v1/flows/{name}/pins",
        summary="List on which versions new entities began",
        endpoint=list_pins,
        query=PageQuery,
        answer=Page[PinSeen],
        parameters=NAME,
        **_READ,
    ),
)
