"""Customers over HTTP. What identifies a person is shown to few, and can be erased."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec

from coster.domain.identity.model import Access
from coster.domain.parties import reads
from coster.domain.parties.model import CustomersWanted, CustomerView, EraseCustomer, PutCustomer
from coster.edges.api.parties import AddressGiven, Part, stored_address
from coster.edges.http import commands, paging
from coster.edges.http.bodies import Body
from coster.edges.http.call import Answer, Call, answer, versioned
from coster.edges.http.fields import UNSET, EnterpriseId, Made, OwnId, Unset, Whole, Word, given
from coster.edges.http.operation import Operation
from coster.edges.http.paging import Page, PageQuery
from coster.edges.http.problems import not_found
from coster.kernel import ids


class CustomerWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A shopper of one seller. What identifies a person is kept apart and can be erased."""

    seller_id: EnterpriseId
    id: OwnId | None = None
    category: Word = ""
    priority: Annotated[
        Whole, msgspec.Meta(description="Higher is served first where a shortage is shared by priority.")
    ] = 0
    name: Part = ""
    email: Annotated[str, msgspec.Meta(max_length=254)] = ""
    phone: Annotated[str, msgspec.Meta(max_length=50)] = ""
    address: AddressGiven = AddressGiven()


class CustomerPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What shall change; the rest stays. Personal data is given whole, since not everybody who may write
    it may read it."""

    category: Word | Unset = UNSET
    priority: Whole | Unset = UNSET
    name: Part
    email: Annotated[str, msgspec.Meta(max_length=254)]
    phone: Annotated[str, msgspec.Meta(max_length=50)] = ""
    address: AddressGiven = AddressGiven()


class CustomerQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which customers."""

    seller_id: EnterpriseId | None = None


_customer, _customer_patch = Body(CustomerWanted), Body(CustomerPatch)


async def create_customer(call: Call) -> Answer:
    """Makes a customer."""
    body = await call.read(_customer)
    command = put_customer(body, body.id or call.new_id("customer"), expected_version=0)
    result = await commands.send(call, command)
    return commands.reply(call, result, status=201, location=f"/api/v1/customers/{command.customer_id}")


def put_customer(body: CustomerWanted, id_: uuid.UUID, *, expected_version: int | None) -> PutCustomer:
    """The command that makes a customer what the body says."""
    return PutCustomer(
        customer_id=id_,
        seller_id=body.seller_id,
        category=body.category,
        priority=body.priority,
        name=body.name,
        email=body.email,
        phone=body.phone,
        address=stored_address(body.address),
        expected_version=expected_version,
    )


async def list_customers(call: Call) -> Answer:
    """The customers of the caller's sellers."""
    query = call.read_query(CustomerQuery)
    after = paging.read("customers", query.cursor, uuid.UUID)
    async with call.parts.database.read(call.org_id) as conn:
        wanted = CustomersWanted(seller_id=query.seller_id, after=after, limit=query.limit + 1)
        rows = await reads.list_customers(conn, call.org_id, call.authority, wanted)
    await _note(call, rows[: query.limit])
    return answer(paging.page("customers", rows, query.limit, lambda row: row, lambda row: row.id))


async def get_customer(call: Call) -> Answer:
    """One customer; personal data only where the caller may read it."""
    found = await _find_customer(call)
    await _note(call, [found])
    return versioned(found, found.version)


async def change_customer(call: Call) -> Answer:
    """Changes a customer."""
    expected = call.expected_version
    patch = await call.read(_customer_patch)
    now = await _find_customer(call)
    fields: Mapping[str, Any] = {
        "category": now.category,
        "priority": now.priority,
        "seller_id": now.seller_id,
    }
    whole = CustomerWanted(**{**fields, **given(patch)})
    result = await commands.send(call, put_customer(whole, now.id, expected_version=expected))
    return commands.reply(call, result)


async def erase_customer(call: Call) -> Answer:
    """Erases what identifies the person."""
    return commands.reply(call, await commands.send(call, EraseCustomer(customer_id=call.id())))


async def _note(call: Call, shown: Sequence[CustomerView]) -> None:
    """Keeps who is about to see whose personal data; nothing is shown that was not noted first."""
    customer_ids = [customer.id for customer in shown if customer.person is not None]
    if customer_ids:
        access = Access(
            id=ids.at_instant(call.at, os.urandom(10)),
            at=call.at,
            key_id=call.key_id,
            operation=call.operation.id,
            request_id=call.request_id,
            customer_ids=customer_ids,
        )
        await call.parts.note_access(call.org_id, access)


async def _find_customer(call: Call) -> CustomerView:
    async with call.parts.database.read(call.org_id) as conn:
        found = await reads.get_customer(conn, call.org_id, call.authority, call.id())
    if found is None:
        raise not_found("customer")
    return found


_PERSON: dict[str, Any] = {"tag": "customers", "permission": "customers:write", "changes": True}
_PERSON_PROBLEMS = ("enterprise_unknown", "customer_taken", "customer_erased")
OPERATIONS = (
    Operation(
        id="createCustomer",
        method="POST",
        path="/api/v1/customers",
        summary="Make a customer",
        endpoint=create_customer,
        body=CustomerWanted,
        answer=Made,
        status=201,
        problems=(*_PERSON_PROBLEMS, "already_exists"),
        **_PERSON,
    ),
    Operation(
        id="listCustomers",
        method="GET",
        path="/api/v1/customers",
        summary="List customers",
        endpoint=list_customers,
        query=CustomerQuery,
        answer=Page[CustomerView],
        tag="customers",
        permission="customers:read",
    ),
    Operation(
        id="getCustomer",
        method="GET",
        path="/api/v1/customers/{id}",
        summary="Show a customer",
        endpoint=get_customer,
        answer=CustomerView,
        tag="customers",
        permission="customers:read",
    ),
    Operation(
        id="changeCustomer",
        method="PATCH",
        path="/api/v1/customers/{id}",
        summary="Change a customer",
        endpoint=change_customer,
        body=CustomerPatch,
        answer=Made,
        needs_version=True,
        problems=_PERSON_PROBLEMS,
        **_PERSON,
    ),
    Operation(
        id="eraseCustomer",
        method="DELETE",
        path="/api/v1/customers/{id}",
        summary="Erase a person",
        endpoint=erase_customer,
        answer=Made,
        problems=("customer_unknown",),
        description="Deletes what identifies the person; orders and ledgers stay as they are.",
        **_PERSON,
    ),
)
