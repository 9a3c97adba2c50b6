"""What may be done with something now: the buttons of its flow that the caller's roles may press."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

import msgspec

from coster.domain.identity.model import ROLES
from coster.edges.http.call import Call
from coster.engine.workflow.buttons import ActionNow, actions_now
from coster.engine.workflow.records import FormField
from coster.engine.workflow.step import Context, Table
from coster.kernel.authority import Authority


class ChoiceSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One of the values that a field accepts, and what people read for it."""

    value: Any
    label: str


class FieldSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a button asks for."""

    name: str
    type: str
    label: str
    required: bool
    choices: Annotated[
        list[ChoiceSeen], msgspec.Meta(description="What it accepts; empty: anything of its type.")
    ]
    default: Any


class ActionSeen(msgspec.Struct, frozen=True, kw_only=True):
    """An event that may be sent now, with what an interface needs to draw a button for it."""

    name: Annotated[str, msgspec.Meta(description="The event's name.", examples=["cancel"])]
    label: str
    roles: list[str]
    form: list[FieldSeen]
    confirm: Annotated[str, msgspec.Meta(description="What to ask before; empty: nothing.")]


async def table_of(call: Call, entity: str, flow: str, version: int) -> Table:
    """The version of a flow on which something is."""
    library = call.parts.libraries[entity]
    async with call.parts.database.read(call.org_id) as conn:
        return (await library.tables(conn, call.org_id)).of(flow, version)


def actions(
    call: Call, table: Table, status: str, *enterprises: uuid.UUID, context: Context | None = None
) -> list[ActionSeen]:
    """The buttons of a status for somebody with the caller's roles at any of these enterprises.

    With a context only those whose guards let something happen.
    """
    roles = {role for enterprise in enterprises for role in roles_at(call.authority, enterprise)}
    return [_seen(action) for action in actions_now(table, status, roles, context)]


def _seen(action: ActionNow) -> ActionSeen:
    return ActionSeen(
        name=action.trigger,
        label=action.label,
        roles=list(action.roles),
        form=[_field(field) for field in action.form],
        confirm=action.confirm,
    )


def _field(field: FormField) -> FieldSeen:
    return FieldSeen(
        name=field.name,
        type=field.type,
        label=field.label,
        required=field.required,
        choices=[
            ChoiceSeen(value=value, label=field.labels.get(str(value), str(value))) for value in field.choices
        ],
        default=field.default,
    )


def roles_at(authority: Authority, enterprise: uuid.UUID) -> set[str]:
    """The roles of which somebody may do everything at an enterprise: who may do more, may press their buttons too."""
    return {role for role, held in ROLES.items() if all(authority.allows(one, enterprise) for one in held)}
