"""What may be done with something now: the buttons of its flow that the caller's roles may press."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

import msgspec

from coster.domain.identity.model import ROLES
from coster.edges.http.call import Call
from coster.engine.workflow.buttons import actions_now
from coster.kernel.authority import Authority


class FieldSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a button asks for."""

    name: str
    type: str
    label: str
    required: bool
    choices: list[Any]
    default: Any


class ActionSeen(msgspec.Struct, frozen=True, kw_only=True):
    """An event that may be sent now, with what an interface needs to draw a button for it."""

    name: Annotated[str, msgspec.Meta(description="The event's name.", examples=["cancel"])]
    label: str
    roles: list[str]
    form: list[FieldSeen]
    confirm: Annotated[str, msgspec.Meta(description="What to ask before; empty: nothing.")]


def actions(call: Call, flow: str, status: str, *enterprises: uuid.UUID) -> list[ActionSeen]:
    """The buttons of a status for somebody with the caller's roles at any of these enterprises."""
    roles = {role for enterprise in enterprises for role in roles_at(call.authority, enterprise)}
    return [
        ActionSeen(
            name=action.trigger,
            label=action.label,
            roles=list(action.roles),
            form=[
                FieldSeen(
                    name=field.name,
                    type=field.type,
                    label=field.label,
                    required=field.required,
                    choices=list(field.choices),
                    default=field.default,
                )
                for field in action.form
            ],
            confirm=action.confirm,
        )
        for action in actions_now(call.parts.flows[flow], status, roles)
    ]


def roles_at(authority: Authority, enterprise: uuid.UUID) -> set[str]:
    """The roles of which somebody may do everything at an enterprise: who may do more, may press their buttons too."""
    return {role for role, held in ROLES.items() if all(authority.allows(one, enterprise) for one in held)}
