"""Whether the server lives, whether it can serve, and what it measures: for machines."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from coster.edges.http.call import Answer, Call, answer
from coster.edges.http.operation import Operation
from coster.edges.http.problems import Problem

_READY_SECONDS: Final = 3.0


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How it is."""

    status: Annotated[str, msgspec.Meta(examples=["ok"])]


async def live(_call: Call) -> Answer:
    """The process answers; nothing else is asked."""
    return answer(Health(status="ok"))


async def ready(call: Call) -> Answer:
    """The database answers and the server takes requests; a load balancer asks this."""
    if call.parts.stopping or call.parts.leaving:
        raise Problem("stopping", "This server is going down.", headers=[(b"retry-after", b"1")])
    try:
        async with asyncio.timeout(_READY_SECONDS), call.parts.database.read(0):
            return answer(Health(status="ok"))
    except Exception:  # noqa: BLE001 - whatever keeps the database from answering, this server cannot serve
        raise Problem(
            "busy", "The database does not answer just now.", headers=[(b"retry-after", b"2")]
        ) from None


async def metrics(_call: Call) -> Answer:
    """Everything that is measured, as Prometheus reads it. Nothing in it is about a person or an organisation."""
    return Answer(body=generate_latest(), media=CONTENT_TYPE_LATEST.encode())


_PUBLIC: dict[str, Any] = {"tag": "server", "permission": None, "method": "GET"}
OPERATIONS = (
    Operation(
        id="isLive",
        path="/health/live",
        summary="Whether the process lives",
        endpoint=live,
        answer=Health,
        **_PUBLIC,
    ),
    Operation(
        id="isReady",
        path="/health/ready",
        summary="Whether requests can be served",
        endpoint=ready,
        answer=Health,
        problems=("busy",),
        **_PUBLIC,
    ),
    Operation(
        id="getMetrics",
        path="/metrics",
        summary="What is measured",
        endpoint=metrics,
        media=("text/plain",),
        **_PUBLIC,
    ),
)
