"""What an enterprise lets other platforms do, as its managers see and change it here, and each platform sees its own part of it."""

from __future__ import annotations

import uuid
from typing import Any, Final, cast

from coster.domain.identity import reads
from coster.domain.identity.model import Permitted, Scope, SetScopes
from coster.edges.dfc import catalogue, examples, serving
from coster.edges.dfc.iris import Iris
from coster.edges.dfc.language import concepts, permissions
from coster.edges.dfc.language.permissions import Platform
from coster.edges.http import commands
from coster.edges.http.call import Answer, Call
from coster.edges.http.operation import Operation
from coster.edges.http.problems import not_found

_MANAGE: Final = "keys:manage"
_OF_STANDARD: Final = {
    "read_enterprise": "ReadEnterprise",
    "write_enterprise": "WriteEnterprise",
    "read_products": "ReadProducts",
    "write_products": "WriteProducts",
    "read_orders": "ReadOrders",
    "write_orders": "WriteOrders",
}
"""The standard's name for each scope as we keep it."""
_OURS: Final = {name: scope for scope, name in _OF_STANDARD.items()}


async def list_scopes(call: Call) -> Answer:
    """The six scopes that an enterprise can give to a platform."""
    return serving.plain(call, permissions.scope_list())


async def list_(call: Call) -> Answer:
    """Every platform with what the enterprise lets it do, which is nothing unless it says so; a platform sees itself alone."""
    enterprise = serving.place(call, _reading(call))
    found = await _permitted(call, enterprise, None)
    iris = serving.iris(call)
    shown = [_told(iris, enterprise, one) for one in found]
    return serving.plain(call, permissions.platforms(iris.below(enterprise, "Platforms"), shown))


async def get(call: Call) -> Answer:
    """What the enterprise lets one platform do."""
    enterprise = serving.place(call, _reading(call))
    return await _one(call, enterprise)


async def change(call: Call) -> Answer:
    """Says what the platform may do from now on: these scopes and no others. Takes effect at once, also on what is under way."""
    enterprise = serving.place(call, _MANAGE)
    found, faults = permissions.read(await call.data(), base=serving.address(call))
    if faults:
        raise serving.invalid(faults)
    await _permitted(call, enterprise, call.id("id", "platform"))
    scopes = [cast("Scope", _OURS[name]) for name in found]
    command = SetScopes(platform_id=call.id(), enterprise_id=enterprise, scopes=scopes)
    result = await commands.send(call, command)
    if shown := serving.preview(call, result):
        return shown
    call.parts.authenticator.forget()
    return await _one(call, enterprise)


def _reading(call: Call) -> str:
    """Who manages keys there sees all; anybody else must have at least one scope."""
    enterprise = call.id("enterprise_id", "enterprise")
    held = [one for one in (_MANAGE, *serving.SCOPES) if call.authority.allows(one, enterprise)]
    return held[0] if held else _MANAGE


async def _one(call: Call, enterprise: uuid.UUID) -> Answer:
    [found] = await _permitted(call, enterprise, call.id("id", "platform"))
    return serving.plain(call, permissions.platform(_told(serving.iris(call), enterprise, found)))


async def _permitted(call: Call, enterprise: uuid.UUID, platform: uuid.UUID | None) -> list[Permitted]:
    """Problem: not_found, for an enterprise that does not exist, and for a platform that the caller may not see."""
    own = None if call.authority.allows(_MANAGE, enterprise) else call.key_id
    if own is not None and platform not in (None, own):
        raise not_found("platform")
    async with call.parts.database.read(call.org_id) as conn:
        await catalogue.shelf_of(call, conn, enterprise)
        found = await reads.permitted(conn, call.org_id, enterprise, platform or own)
    if platform is not None and not found:
        raise not_found("platform")
    return found


def _told(iris: Iris, enterprise: uuid.UUID, one: Permitted) -> Platform:
    return Platform(
        id=one.profile or iris.platform(enterprise, one.platform_id),
        local_id=str(one.platform_id),
        scopes=tuple(name for name in concepts.SCOPES if _OURS[name] in one.scopes),
    )


_READ: dict[str, Any] = {
    "method": "GET",
    "tag": "platforms",
    "answer": dict[str, Any],
    "documents": True,
}
_PLATFORMS: Final = "/api/dfc/Enterprises/{enterprise_id}/Platforms"
OPERATIONS = (
    Operation(
        id="listScopes",
        path="/api/dfc/scopes",
        summary="List the scopes",
        endpoint=list_scopes,
        answer_example=permissions.scope_list(),
        permission=None,
        **_READ,
    ),
    Operation(
        id="listPermissions",
        path=_PLATFORMS,
        summary="List what platforms may do",
        endpoint=list_,
        answer_example=examples.PLATFORMS,
        permission="",
        problems=("insufficient_scope",),
        **_READ,
    ),
    Operation(
        id="getPermission",
        path=f"{_PLATFORMS}/{{id}}",
        summary="Show what a platform may do",
        endpoint=get,
        answer_example=examples.PLATFORM,
        permission="",
        problems=("insufficient_scope",),
        **_READ,
    ),
    Operation(
        id="changePermission",
        path=f"{_PLATFORMS}/{{id}}",
        summary="Say what a platform may do",
        endpoint=change,
        body=dict[str, Any],
        answer_example=examples.PLATFORM,
        permission="",
        problems=("document_invalid", "platform_unknown", "insufficient_scope"),
        changes=True,
        **{**_READ, "method": "PUT"},
    ),
)
