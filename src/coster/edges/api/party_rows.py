"""Enterprises, relations and customers as files: a row says what something shall be from now on."""

from __future__ import annotations

from typing import Any

from coster.edges.api.customers import CustomerWanted, put_customer
from coster.edges.api.parties import EnterpriseWanted, RelationWanted, put_enterprise, put_relation
from coster.edges.http.batches import Batch, RowResult, Wish, each
from coster.edges.http.call import Call
from coster.edges.http.fields import Word
from coster.edges.http.operation import Operation
from coster.kernel import ids


class EnterpriseRow(
    EnterpriseWanted,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="type",
    tag="enterprise",
):
    """An enterprise; the row says what it shall be from now on. `key` stands for an id where you have none."""

    key: Word = ""


class RelationRow(
    RelationWanted, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="relation"
):
    """A relation; the row says what it shall be from now on."""


class CustomerRow(
    CustomerWanted, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="customer"
):
    """A customer; the row says what it shall be from now on. `key` stands for an id where you have none."""

    key: Word = ""


PartyRow = EnterpriseRow | RelationRow | CustomerRow


async def _wish(call: Call, row: PartyRow) -> Wish:
    """A row says what something shall be, so repeating it is harmless."""
    if isinstance(row, RelationRow):
        relation = await put_relation(call, row, expected_version=None)
        return Wish(make=lambda _: relation, harmless=True)
    if isinstance(row, EnterpriseRow):
        id_ = row.id or (ids.derived("enterprise", call.org_id, row.key) if row.key else None)
        make: Any = put_enterprise
    else:
        id_ = row.id or (ids.derived("customer", call.org_id, row.seller_id, row.key) if row.key else None)
        make = put_customer
    known = make(row, id_, expected_version=None) if id_ else None
    return Wish(
        make=lambda command_id: known or make(row, ids.derived(command_id, "party"), expected_version=None),
        harmless=id_ is not None,
        needs="an id or a key",
    )


OPERATIONS = (
    Operation(
        id="putParties",
        method="POST",
        path="/api/v1/parties:batch",
        summary="Send many enterprises, relations, customers",
        endpoint=Batch(PartyRow, each(_wish)),
        rows=PartyRow,
        answer=RowResult,
        tag="parties",
        permission="customers:write",
        changes=True,
        description="A row says what something shall be from now on; sending a file again changes nothing more. "
        "Enterprises and relations need the permissions parties:write and relations:write.",
    ),
)
