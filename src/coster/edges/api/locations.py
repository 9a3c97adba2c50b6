"""Locations over HTTP: the places where enterprises keep stock."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

import msgspec

from coster.domain.inventory import reads
from coster.domain.inventory.model import LocationsWanted, PutLocation
from coster.edges.http import commands, paging
from coster.edges.http.bodies import Body
from coster.edges.http.call import Answer, Call, answer, versioned
from coster.edges.http.fields import UNSET, EnterpriseId, Id, Made, Name, OwnId, Unset, Version, given
from coster.edges.http.operation import Operation
from coster.edges.http.paging import Page, PageQuery
from coster.edges.http.problems import not_found

Order = Annotated[
    int, msgspec.Meta(ge=-1_000_000, le=1_000_000, description="Lower is drawn from first.", examples=[0])
]


class LocationWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place where an enterprise keeps stock."""

    enterprise_id: EnterpriseId
    name: Name
    id: OwnId | None = None
    priority: Order = 0
    active: bool = True


class LocationPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What shall change; the rest stays."""

    name: Name | Unset = UNSET
    priority: Order | Unset = UNSET
    active: bool | Unset = UNSET


class LocationSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A place where an enterprise keeps stock."""

    id: Id
    enterprise_id: EnterpriseId
    name: Name
    priority: Order
    active: bool
    version: Version


class LocationQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which locations."""

    enterprise_id: EnterpriseId | None = None


_location, _location_patch = Body(LocationWanted), Body(LocationPatch)


async def create_location(call: Call) -> Answer:
    """Makes a location."""
    body = await call.read(_location)
    command = _put(body, body.id or call.new_id("location"), expected_version=0)
    result = await commands.send(call, command)
    return commands.reply(call, result, status=201, location=f"/api/v1/locations/{command.location_id}")


async def list_locations(call: Call) -> Answer:
    """The locations of the caller's enterprises."""
    query = call.read_query(LocationQuery)
    wanted = LocationsWanted(
        enterprise_id=query.enterprise_id,
        after=paging.read("locations", query.cursor, uuid.UUID),
        limit=query.limit + 1,
    )
    async with call.parts.database.read(call.org_id) as conn:
        rows = await reads.list_locations(conn, call.org_id, call.authority, wanted)
    return answer(paging.page("locations", rows, query.limit, lambda row: row, lambda row: row["id"]))


async def get_location(call: Call) -> Answer:
    """One location."""
    found = await _find_location(call)
    return versioned(found, found["version"])


async def change_location(call: Call) -> Answer:
    """Changes a location."""
    expected = call.expected_version
    patch = await call.read(_location_patch)
    now = await _find_location(call)
    fields = {name: now[name] for name in ("enterprise_id", "name", "priority", "active")}
    whole = LocationWanted(**{**fields, **given(patch)})
    result = await commands.send(call, _put(whole, now["id"], expected_version=expected))
    return commands.reply(call, result)


async def _find_location(call: Call) -> dict[str, Any]:
    async with call.parts.database.read(call.org_id) as conn:
        rows = await reads.list_locations(
            conn, call.org_id, call.authority, LocationsWanted(ids=[call.id()], limit=1)
        )
    if not rows:
        raise not_found("location")
    return rows[0]


def _put(body: LocationWanted, id_: uuid.UUID, *, expected_version: int | None) -> PutLocation:
    return PutLocation(
        location_id=id_,
        enterprise_id=body.enterprise_id,
        name=body.name,
        priority=body.priority,
        active=body.active,
        expected_version=expected_version,
    )


_READ: dict[str, Any] = {"tag": "stock", "permission": "stock:read"}
_PLACE: dict[str, Any] = {"tag": "stock", "permission": "locations:write", "changes": True}
_PLACE_PROBLEMS = ("enterprise_unknown", "location_unknown")
OPERATIONS = (
    Operation(
        id="createLocation",
        method="POST",
        path="/api/v1/locations",
        summary="Make a location",
        endpoint=create_location,
        body=LocationWanted,
        answer=Made,
        status=201,
        problems=(*_PLACE_PROBLEMS, "already_exists"),
        **_PLACE,
    ),
    Operation(
        id="listLocations",
        method="GET",
        path="/api/v1/locations",
        summary="List locations",
        endpoint=list_locations,
        query=LocationQuery,
        answer=Page[LocationSeen],
        **_READ,
    ),
    Operation(
        id="getLocation",
        method="GET",
        path="/api/v1/locations/{id}",
        summary="Show a location",
        endpoint=get_location,
        answer=LocationSeen,
        **_READ,
    ),
    Operation(
        id="changeLocation",
        method="PATCH",
        path="/api/v1/locations/{id}",
        summary="Change a location",
        endpoint=change_location,
        body=LocationPatch,
        answer=Made,
        needs_version=True,
        problems=_PLACE_PROBLEMS,
        **_PLACE,
    ),
)
