"""Enterprises that platforms make: for who may make enterprises of the organisation, since whoever has one has a place in it."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Final

import msgspec

from coster.domain.parties.model import Address, Kind, Profile, PutEnterprise, PutProfile
from coster.edges.dfc import enterprises, examples, serving
from coster.edges.dfc.language import records
from coster.edges.http import commands
from coster.edges.http.call import Answer, Call
from coster.edges.http.operation import Operation
from coster.kernel import ids

_WRITE: Final = "dfc_enterprises:write"


class Founding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the standard has no word for and an enterprise needs here."""

    currency: Annotated[
        str, msgspec.Meta(pattern="^[A-Z]{3}$", description="In what it reckons; it never changes.", examples=["EUR"])
    ] = "EUR"  # fmt: skip
    kind: Annotated[Kind, msgspec.Meta(description="What it does.", examples=["producer"])] = "producer"
    timezone: Annotated[
        str, msgspec.Meta(min_length=1, max_length=64, description="By which its days begin (IANA).", examples=["Europe/Paris"])
    ] = "UTC"  # fmt: skip


async def create(call: Call) -> Answer:
    """Makes an enterprise with what the document tells of it; it lets no platform do anything, this one neither, until that is said.

    Below `Enterprises/{id}` it gets that id, which nobody may have yet.
    """
    given = call.id("enterprise_id", "enterprise") if "enterprise_id" in call.parameters else None
    if given is not None:
        serving.demand(call, _WRITE, given)
    elif call.authority.scope(_WRITE) is not None:
        raise serving.missing_scope(_WRITE)
    more = call.read_query(Founding)
    graph = await serving.read_document(call, about=records.Enterprise)
    told = serving.the_one(graph, records.Enterprise)
    if not told.name:
        raise serving.invalid([serving.fault("name", "an enterprise has a name", node=told.id)])
    enterprise_id = given or call.new_id("enterprise")
    command = PutEnterprise(
        enterprise_id=enterprise_id, name=told.name, kinds=[more.kind], currency=more.currency, timezone=more.timezone,
        address=enterprises.first_address(graph, told, Address()), expected_version=0,
    )  # fmt: skip
    result = await commands.send(call, command)
    if shown := serving.preview(call, result):
        return shown
    await _profiled(call, enterprise_id, enterprises.profile_of(graph, told, Profile()))
    iris = serving.iris(call)
    async with call.parts.database.read(call.org_id) as conn:
        found, profile = await enterprises.known(call, conn, enterprise_id)
    location = iris.enterprise(enterprise_id)
    headers = [(b"location", location.encode()), *serving.of_result(result)]
    whole = enterprises.records_of(iris, found, profile.profile)
    return serving.document(call, whole, first=[location], status=201, headers=headers)


async def _profiled(call: Call, enterprise_id: uuid.UUID, profile: Profile) -> None:
    if profile != Profile():
        command_id = ids.derived(call.command_id, "profile")
        command = PutProfile(enterprise_id=enterprise_id, profile=profile)
        serving.accepted(await commands.send_as(call, command_id, command, fingerprint=b"profile"))


_NEW: dict[str, Any] = {
    "method": "POST", "tag": "enterprises", "permission": _WRITE, "changes": True, "documents": True, "status": 201,
    "body": dict[str, Any], "answer": dict[str, Any], "answer_example": examples.ENTERPRISE, "query": Founding,
    "endpoint": create, "problems": ("document_invalid", "version_conflict"),
}  # fmt: skip
_NEW_ONE: Final[dict[str, Any]] = {"new": examples.ENTERPRISE}
BODIES: Final = {"createDfcEnterprise": _NEW_ONE, "createDfcEnterpriseAs": _NEW_ONE}
OPERATIONS: Final = (
    Operation(id="createDfcEnterprise", path="/api/dfc/Enterprises", summary="Make an enterprise", **_NEW),
    Operation(
        id="createDfcEnterpriseAs",
        path="/api/dfc/Enterprises/{enterprise_id}",
        summary="Make an enterprise with an id of its own",
        **_NEW,
    ),
)
