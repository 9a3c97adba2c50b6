"""Webhooks over HTTP: endpoints made, changed, paused, resumed, deleted, and what waits for them."""

from __future__ import annotations

import os
import uuid
from typing import Annotated, Any, Literal

import msgspec

from coster.edges.http import commands, paging
from coster.edges.http.bodies import Body
from coster.edges.http.call import Answer, Call, answer, versioned
from coster.edges.http.fields import UNSET, Id, Unset, Version, given
from coster.edges.http.operation import Operation
from coster.edges.http.paging import Page, PageQuery
from coster.edges.http.parts import Webhooks
from coster.edges.http.problems import Problem, not_found
from coster.engine.webhooks import reads
from coster.engine.webhooks.model import (
    DeleteEndpoint,
    DeliveryPage,
    DeliveryView,
    EndpointView,
    PauseEndpoint,
    PutEndpoint,
    ResumeEndpoint,
)
from coster.engine.webhooks.signing import SALT_BYTES, KeyUnknownError
from coster.kernel.outcome import Accepted

PERMISSION = "webhooks:manage"
Url = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=2000,
        description="Where to send to.",
        examples=["https://shop.example/hooks"],
    ),
]
Names = Annotated[
    list[Annotated[str, msgspec.Meta(max_length=100)]],
    msgspec.Meta(
        max_length=100,
        description="Which events, for example order.placed or order.*; empty: all.",
        examples=[["order.*"]],
    ),
]


class WebhookWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Events to be sent to an address, signed after Standard Webhooks. Private addresses are refused."""

    url: Url
    names: Names = []
    enterprise_id: (
        Annotated[
            uuid.UUID,
            msgspec.Meta(
                description="Only what concerns this enterprise; without it the whole organisation."
            ),
        ]
        | None
    ) = None


class WebhookPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What shall change; the rest stays. With `rotate` there is a new secret, and the former one signs for
    a day more."""

    url: Url | Unset = UNSET
    names: Names | Unset = UNSET
    rotate: bool = False


class WebhookMade(msgspec.Struct, frozen=True, kw_only=True):
    """Where the endpoint stands. `secret` verifies signatures; it is shown when it is new."""

    id: Id
    status: str
    version: Version
    secret: Annotated[str | None, msgspec.Meta(examples=["whsec_…"])] = None


class WebhookEvent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`pause`: nothing is sent and nothing is lost. `resume`: everything that waited is sent, in order."""

    name: Literal["pause", "resume"]


class DeliveryQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which deliveries: those that wait, or those that were given up until somebody resumes the endpoint."""

    parked: Annotated[bool, msgspec.Meta(description="true: those that were given up.")] = False


_wanted, _patch, _event = Body(WebhookWanted), Body(WebhookPatch), Body(WebhookEvent)


async def create(call: Call) -> Answer:
    """Makes an endpoint and shows its secret."""
    body = await call.read(_wanted)
    tools = _tools(call)
    command = PutEndpoint(
        endpoint_id=call.new_id("webhook"),
        target=await tools.guard.judge(body.url),
        seed=tools.keyring.seed(os.urandom(SALT_BYTES)),
        names=body.names,
        enterprise_id=body.enterprise_id,
        expected_version=0,
    )
    result = await commands.send(call, command)
    show = await _shown(call, command.endpoint_id, wanted=isinstance(result.outcome, Accepted))
    return commands.reply(
        call, result, status=201, show=show, location=f"/api/v1/webhooks/{command.endpoint_id}"
    )


async def change(call: Call) -> Answer:
    """Changes an endpoint, perhaps with a new secret."""
    expected = call.expected_version
    patch = await call.read(_patch)
    now = await _find(call)
    tools = _tools(call)
    changes: dict[str, Any] = {"url": now.url, "names": now.names, **given(patch)}
    command = PutEndpoint(
        endpoint_id=now.id,
        target=await tools.guard.judge(changes["url"]),
        seed=tools.keyring.seed(os.urandom(SALT_BYTES)),
        names=changes["names"],
        enterprise_id=now.enterprise_id,
        rotate=patch.rotate,
        expected_version=expected,
    )
    result = await commands.send(call, command)
    show = await _shown(call, now.id, wanted=patch.rotate and isinstance(result.outcome, Accepted))
    return commands.reply(call, result, show=show)


async def _shown(call: Call, endpoint_id: uuid.UUID, *, wanted: bool) -> commands.Show:
    """The answer with the secret, which follows from what is stored now (of a dry run nothing is)."""
    secret = None
    if wanted and not call.dry_run:
        async with call.parts.database.read(call.org_id) as conn:
            seed = await reads.get_seed(conn, call.org_id, endpoint_id)
        if seed is not None:
            try:
                secret = _tools(call).keyring.secret(call.org_id, endpoint_id, seed)
            except KeyUnknownError:
                secret = None
    return lambda value: {**value, "secret": secret}


async def list_(call: Call) -> Answer:
    """The endpoints that the caller manages, with their health."""
    query = call.read_query(PageQuery)
    after = paging.read("webhooks", query.cursor, uuid.UUID)
    async with call.parts.database.read(call.org_id) as conn:
        rows = await reads.list_endpoints(
            conn, call.org_id, call.scope_of(PERMISSION), after=after, limit=query.limit + 1
        )
    return answer(paging.page("webhooks", rows, query.limit, lambda row: row, lambda row: row.id))


async def get(call: Call) -> Answer:
    """One endpoint with its health."""
    endpoint = await _find(call)
    return versioned(endpoint, endpoint.version)


async def list_deliveries(call: Call) -> Answer:
    """What waits to be sent to an endpoint, or was given up."""
    query = call.read_query(DeliveryQuery)
    endpoint = await _find(call)
    wanted = DeliveryPage(
        endpoint_id=endpoint.id,
        parked=query.parked,
        after=paging.read("deliveries", query.cursor, int) or 0,
        limit=query.limit + 1,
    )
    async with call.parts.database.read(call.org_id) as conn:
        rows = await reads.list_deliveries(conn, call.org_id, wanted)
    return answer(paging.page("deliveries", rows, query.limit, lambda row: row, lambda row: row.seq))


async def drive(call: Call) -> Answer:
    """Pauses or resumes an endpoint."""
    event = await call.read(_event)
    body = PauseEndpoint if event.name == "pause" else ResumeEndpoint
    return commands.reply(call, await commands.send(call, body(endpoint_id=call.id())))


async def delete(call: Call) -> Answer:
    """Forgets an endpoint."""
    return commands.reply(call, await commands.send(call, DeleteEndpoint(endpoint_id=call.id())))


async def _find(call: Call) -> EndpointView:
    async with call.parts.database.read(call.org_id) as conn:
        found = await reads.get_endpoint(conn, call.org_id, call.scope_of(PERMISSION), call.id())
    if found is None:
        raise not_found("webhook")
    return found


def _tools(call: Call) -> Webhooks:
    if call.parts.webhooks is None:
        raise Problem(
            "webhooks_not_configured",
            "This server has no key to sign webhooks with; set COSTER_WEBHOOK_KEYS first.",
        )
    return call.parts.webhooks


_READ: dict[str, Any] = {"tag": "events", "permission": PERMISSION, "method": "GET"}
_WRITE: dict[str, Any] = {"tag": "events", "permission": PERMISSION, "changes": True, "answer": WebhookMade}
_PROBLEMS = (
    "webhooks_not_configured",
    "webhook_url_refused",
    "webhook_names_invalid",
    "webhook_endpoint_deleted",
    "webhook_scope_fixed",
)
_FOUND = ("webhook_endpoint_not_found",)
OPERATIONS = (
    Operation(
        id="createWebhook",
        method="POST",
        path="/api/v1/webhooks",
        summary="Have events sent to an address",
        endpoint=create,
        body=WebhookWanted,
        status=201,
        problems=(*_PROBLEMS, "already_exists"),
        **_WRITE,
    ),
    Operation(
        id="listWebhooks",
        path="/api/v1/webhooks",
        summary="List webhooks and their health",
        endpoint=list_,
        query=PageQuery,
        answer=Page[EndpointView],
        **_READ,
    ),
    Operation(
        id="getWebhook",
        path="/api/v1/webhooks/{id}",
        summary="Show a webhook and its health",
        endpoint=get,
        answer=EndpointView,
        **_READ,
    ),
    Operation(
        id="changeWebhook",
        method="PATCH",
        path="/api/v1/webhooks/{id}",
        summary="Change a webhook",
        endpoint=change,
        body=WebhookPatch,
        needs_version=True,
        problems=(*_PROBLEMS, *_FOUND),
        **_WRITE,
    ),
    Operation(
        id="driveWebhook",
        method="POST",
        path="/api/v1/webhooks/{id}/events",
        summary="Pause or resume a webhook",
        endpoint=drive,
        body=WebhookEvent,
        problems=_FOUND,
        **_WRITE,
    ),
    Operation(
        id="deleteWebhook",
        method="DELETE",
        path="/api/v1/webhooks/{id}",
        summary="Delete a webhook",
        endpoint=delete,
        problems=_FOUND,
        **_WRITE,
    ),
    Operation(
        id="listDeliveries",
        path="/api/v1/webhooks/{id}/deliveries",
        summary="List what waits to be sent, or was given up",
        endpoint=list_deliveries,
        query=DeliveryQuery,
        answer=Page[DeliveryView],
        **_READ,
    ),
)
