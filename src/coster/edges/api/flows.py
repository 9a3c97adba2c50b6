"""Flows over HTTP: the life cycles that things follow, as data and as a picture."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from coster.edges.http.call import Answer, Call, answer
from coster.edges.http.operation import Operation
from coster.edges.http.problems import not_found
from coster.engine.workflow.draw import mermaid
from coster.engine.workflow.step import Table


class StatusSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A place in the life of something."""

    name: str
    label: str
    category: str
    code: Annotated[str, msgspec.Meta(description="A letter, for people who know these codes.")]
    dfc: Annotated[dict[str, str], msgspec.Meta(description="The same in the words of the DFC standard.")]
    initial: bool
    final: bool
    events: Annotated[list[str], msgspec.Meta(description="What can happen in it, by the event's name.")]


class FlowSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A life cycle."""

    name: Annotated[str, msgspec.Meta(examples=["order.retail"])]
    title: str
    entity: str
    version: int
    statuses: list[StatusSeen]
    picture: Annotated[str, msgspec.Meta(description="A Mermaid state diagram.")]


class Flows(msgspec.Struct, frozen=True, kw_only=True):
    """All life cycles."""

    items: list[FlowSeen]


async def list_(call: Call) -> Answer:
    """All flows."""
    return answer(Flows(items=[_seen(table) for _, table in sorted(call.parts.flows.items())]))


async def get(call: Call) -> Answer:
    """One flow by name."""
    table = call.parts.flows.get(call.parameters["name"])
    if table is None:
        raise not_found("flow")
    return answer(_seen(table))


def _seen(table: Table) -> FlowSeen:
    flow = table.flow
    return FlowSeen(
        name=flow.name,
        title=flow.title,
        entity=flow.entity,
        version=flow.version,
        statuses=[
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
            for status in flow.statuses
        ],
        picture=mermaid(flow),
    )


_READ: dict[str, Any] = {"tag": "flows", "method": "GET", "permission": ""}
OPERATIONS = (
    Operation(
        id="listFlows", path="/api/v1/flows", summary="List flows", endpoint=list_, answer=Flows, **_READ
    ),
    Operation(
        id="getFlow",
        path="/api/v1/flows/{name}",
        summary="Show a flow",
        endpoint=get,
        answer=FlowSeen,
        parameters={"name": "The flow's name, for example order.retail."},
        **_READ,
    ),
)
