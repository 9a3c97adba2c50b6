"""Cost centres over HTTP: in whose name orders are bought, and who agrees to them from which amount on."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Annotated, Any

import msgspec

from coster.domain.buying import reads
from coster.domain.buying.model import CentresWanted, CentreView, Level, PutCentre
from coster.edges.api.currencies import currency_of
from coster.edges.http import commands, paging
from coster.edges.http.bodies import Body, Numbers
from coster.edges.http.call import Answer, Call, answer, versioned
from coster.edges.http.fields import (
    UNSET,
    Amount,
    AmountText,
    Currency,
    EnterpriseId,
    Id,
    Made,
    Name,
    OwnId,
    Unset,
    Version,
    given,
)
from coster.edges.http.operation import Operation
from coster.edges.http.paging import Page, PageQuery
from coster.edges.http.problems import not_found
from coster.kernel import money

Approvers = Annotated[
    list[Id],
    msgspec.Meta(
        min_length=1,
        max_length=50,
        description="Ids of keys that may approve for the enterprise (role approver); one of them agrees.",
    ),
]
Sellers = Annotated[
    list[Id],
    msgspec.Meta(max_length=200, description="Whose orders may name it, besides the enterprise's own."),
]
OwnOrders = Annotated[
    bool, msgspec.Meta(description="Whether an approver may agree to an order that they sent in themselves.")
]
Active = Annotated[bool, msgspec.Meta(description="Whether orders may name it.")]


class LevelGiven(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An order that comes to this amount or more needs one of these to agree."""

    from_total: Amount
    approvers: Approvers


class LevelSeen(msgspec.Struct, frozen=True, kw_only=True):
    """The same, as it is kept."""

    from_total: AmountText
    approvers: Approvers


Levels = Annotated[list[LevelGiven], msgspec.Meta(max_length=9)]


class CentreWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A cost centre of an enterprise. Levels agree one after the other, each from a higher amount on; without levels nobody is asked."""

    enterprise_id: EnterpriseId
    name: Name
    id: OwnId | None = None
    levels: Levels = []
    sellers: Sellers = []
    own_orders: OwnOrders = False
    active: Active = True


class CentrePatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What shall change; the rest stays. The enterprise is fixed."""

    name: Name | Unset = UNSET
    levels: Levels | Unset = UNSET
    sellers: Sellers | Unset = UNSET
    own_orders: OwnOrders | Unset = UNSET
    active: Active | Unset = UNSET


class CentreSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A cost centre; a seller in whose shop it may be named sees neither its levels nor its sellers (null)."""

    id: Id
    enterprise_id: EnterpriseId
    name: Name
    currency: Currency
    levels: list[LevelSeen] | None
    sellers: Sellers | None
    own_orders: OwnOrders
    active: Active
    version: Version


class CentreQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which cost centres."""

    enterprise_id: EnterpriseId | None = None


_LIST = "cost-centres"
_centre, _patch = Body(CentreWanted), Body(CentrePatch)


async def create(call: Call) -> Answer:
    """Makes a cost centre."""
    body = await call.read(_centre)
    command = await _put(call, body, body.id or call.new_id("cost centre"), expected_version=0)
    result = await commands.send(call, command)
    return commands.reply(call, result, status=201, location=f"/api/v1/cost-centres/{command.centre_id}")


async def _put(call: Call, body: CentreWanted, id_: uuid.UUID, *, expected_version: int | None) -> PutCentre:
    """The command that makes a cost centre what the body says. Problem: body_invalid."""
    numbers = Numbers()
    # Whoever may not see the enterprise is refused all the same, and learns nothing of its currency.
    seen = body.levels and call.sees(body.enterprise_id)
    currency = await currency_of(call, body.enterprise_id, "/levels") if seen else "EUR"
    levels = [
        Level(
            from_total=numbers.amount(f"/levels/{nth}/from_total", level.from_total, currency),
            approvers=list(level.approvers),
        )
        for nth, level in enumerate(body.levels)
    ]
    numbers.check()
    return PutCentre(
        centre_id=id_,
        enterprise_id=body.enterprise_id,
        name=body.name,
        levels=levels,
        sellers=list(body.sellers),
        own_orders=body.own_orders,
        active=body.active,
        expected_version=expected_version,
    )


async def list_(call: Call) -> Answer:
    """The cost centres of the caller's enterprises, and those that may be named in their shops."""
    query = call.read_query(CentreQuery)
    after = paging.read(_LIST, query.cursor, uuid.UUID)
    wanted = CentresWanted(enterprise_id=query.enterprise_id, after=after, limit=query.limit + 1)
    async with call.parts.database.read(call.org_id) as conn:
        rows = await reads.list_centres(conn, call.org_id, call.authority, wanted)
    return answer(paging.page(_LIST, rows, query.limit, _seen, lambda row: row.id))


async def get(call: Call) -> Answer:
    """One cost centre."""
    found = await _find(call)
    return versioned(_seen(found), found.version)


async def change(call: Call) -> Answer:
    """Changes a cost centre."""
    expected = call.expected_version
    patch = await call.read(_patch)
    now = await _find(call)
    if now.levels is None or now.sellers is None:
        raise not_found("cost centre")
    levels = [
        LevelGiven(
            from_total=Decimal(money.text(level.from_total, now.currency)), approvers=list(level.approvers)
        )
        for level in now.levels
    ]
    kept = {
        "name": now.name,
        "levels": levels,
        "sellers": now.sellers,
        "own_orders": now.own_orders,
        "active": now.active,
    }
    whole = CentreWanted(enterprise_id=now.enterprise_id, **{**kept, **given(patch)})
    result = await commands.send(call, await _put(call, whole, now.id, expected_version=expected))
    return commands.reply(call, result)


async def _find(call: Call) -> CentreView:
    async with call.parts.database.read(call.org_id) as conn:
        found = await reads.get_centre(conn, call.org_id, call.authority, call.id())
    if found is None:
        raise not_found("cost centre")
    return found


def _seen(centre: CentreView) -> Any:
    seen = msgspec.structs.asdict(centre)
    if centre.levels is not None:
        seen["levels"] = [
            {"from_total": money.text(level.from_total, centre.currency), "approvers": level.approvers}
            for level in centre.levels
        ]
    return seen


_READ: dict[str, Any] = {"tag": "cost centres", "permission": "parties:read", "method": "GET"}
_WRITE: dict[str, Any] = {"tag": "cost centres", "permission": "parties:write", "changes": True}
_PROBLEMS = ("enterprise_unknown", "approver_unknown", "cost_centre_taken")
OPERATIONS = (
    Operation(
        id="createCostCentre",
        method="POST",
        path="/api/v1/cost-centres",
        summary="Make a cost centre",
        endpoint=create,
        body=CentreWanted,
        answer=Made,
        status=201,
        problems=(*_PROBLEMS, "already_exists"),
        **_WRITE,
    ),
    Operation(
        id="listCostCentres",
        path="/api/v1/cost-centres",
        summary="List cost centres",
        endpoint=list_,
        query=CentreQuery,
        answer=Page[CentreSeen],
        **_READ,
    ),
    Operation(
        id="getCostCentre",
        path="/api/v1/cost-centres/{id}",
        summary="Show a cost centre",
        endpoint=get,
        answer=CentreSeen,
        **_READ,
    ),
    Operation(
        id="changeCostCentre",
        method="PATCH",
        path="/api/v1/cost-centres/{id}",
        summary="Change a cost centre",
        endpoint=change,
        body=CentrePatch,
        answer=Made,
        needs_version=True,
        problems=_PROBLEMS,
        **_WRITE,
    ),
)
