"""Approval of orders: asked for, given level by level, passed on, denied. Pure: attributes in, attributes out.

What is kept in the order's attributes, as `approval`: `level` (how many have agreed), `levels` (how many must), `by` (who has),
`approver` (to whom it was given; null: whoever may), `asked_by`, `asked_at`. While it is open, so is the block `approval_pending`.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final

from coster.domain.identity.model import ROLES
from coster.domain.orders.rules import blocking
from coster.engine.workflow.plugins import Asked, Done, Refused
from coster.engine.workflow.step import Table
from coster.kernel import clock
from coster.kernel.authority import Authority

BLOCK = "approval_pending"
APPROVERS: Final = "approvers"
"""What is loaded for passing an approval on: the keys that are named and may approve the order as it stands, by their ids as text."""


def standing(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The approval as it stands; without one, nothing is wanted and nothing given."""
    return {
        "level": 0,
        "levels": 0,
        "by": [],
        "approver": None,
        "asked_by": "",
        **attributes.get("approval", {}),
    }


def ask(asked: Asked) -> Done:
    """Agreement of so many people is wanted; what was agreed to before counts no longer."""
    attributes = _attributes(asked)
    wanted = {
        "level": 0,
        "levels": asked.parameters["levels"],
        "by": [],
        "approver": None,
        "asked_by": asked.actor,
        "asked_at": clock.text(asked.at),
    }
    return Done(attributes={"approval": wanted, "blocks": blocking.opened(attributes, BLOCK, asked)})


def approve(asked: Asked) -> Done | Refused:
    """One more has agreed; the next level is anybody's again. Nobody agrees twice, nor to an order of their own."""
    attributes = _attributes(asked)
    approval = standing(attributes)
    if refused := _not_yours(approval, asked):
        return refused
    if asked.actor in approval["by"]:
        return Refused(
            code="approved_already", detail="You agreed to this order; the next level is for somebody else."
        )
    if asked.actor == approval["asked_by"]:
        return Refused(code="approval_of_own", detail="Whoever sent the order in cannot approve it.")
    approval |= {"level": approval["level"] + 1, "by": [*approval["by"], asked.actor], "approver": None}
    done = approval["level"] >= approval["levels"]
    blocks = blocking.resolved(attributes, BLOCK, asked) if done else attributes.get("blocks")
    return Done(attributes={"approval": approval, "blocks": blocks})


def deny(asked: Asked) -> Done | Refused:
    """It is not agreed to. When the time is over, the system says so and needs nobody's leave."""
    attributes = _attributes(asked)
    approval = standing(attributes)
    if asked.trigger == "deny" and (refused := _not_yours(approval, asked)):
        return refused
    approval |= {
        "level": 0,
        "by": [],
        "approver": None,
        "denied_by": asked.actor,
        "denied_at": clock.text(asked.at),
    }
    return Done(attributes={"approval": approval, "blocks": blocking.resolved(attributes, BLOCK, asked)})


def delegate(asked: Asked) -> Done | Refused:
    """Another decides this level: given away by the one who has it, or where nobody has it by whoever may decide."""
    attributes = _attributes(asked)
    approval = standing(attributes)
    if refused := _not_yours(approval, asked):
        return refused
    try:
        to = str(uuid.UUID(str(asked.event.get("to"))))
    except ValueError:
        return Refused(
            code="approver_unknown", detail="`to` must be the id of a key, as `coster keys list` shows it."
        )
    approvers: Any = asked.context[APPROVERS]
    if to not in approvers:
        return Refused(
            code="approver_unknown",
            detail="`to` must be the id of a key that is valid and may approve this order.",
        )
    if to in (approval["asked_by"], *approval["by"]):
        return Refused(
            code="approver_not_free", detail="Whoever sent the order in, or agreed already, cannot decide it."
        )
    return Done(attributes={"approval": {**approval, "approver": to}})


def pass_on(asked: Asked) -> Done:
    """Nobody has decided in time: the one to whom it was given has it no longer, and whoever may can decide."""
    attributes = _attributes(asked)
    return Done(attributes={"approval": {**standing(attributes), "approver": None}})


def roles(table: Table, status: str) -> frozenset[str]:
    """The roles that may approve in a status, by the buttons of the rows that do so; none: no button says it."""
    return frozenset(
        role
        for offer in table.offers.get(status, ())
        if any(
            call.name == "approve_level"
            for matched in table.rows.get((status, offer.trigger), ())
            for call in matched.actions
        )
        for role in offer.button.roles
    )


def able(
    known: Mapping[uuid.UUID, Authority], roles_: frozenset[str], seller_id: uuid.UUID
) -> frozenset[str]:
    """Those of these keys that have one of the roles with the seller, or where there are none, may write its orders."""
    needed = [ROLES.get(role, frozenset()) for role in roles_] or [frozenset({"orders:write"})]
    return frozenset(
        str(key)
        for key, authority in known.items()
        if any(held and all(authority.allows(one, seller_id) for one in held) for held in needed)
    )


def withdraw(attributes: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    """The attributes that a request which is not wanted any more leaves behind."""
    if "approval" not in attributes:
        return {}
    return {"approval": None, "blocks": blocking.resolved(attributes, BLOCK, asked)}


def _not_yours(approval: Mapping[str, Any], asked: Asked) -> Refused | None:
    if approval["approver"] in (None, asked.actor):
        return None
    return Refused(
        code="approval_of_another", detail="This level was given to somebody else, who may give it on."
    )


def _attributes(asked: Asked) -> dict[str, Any]:
    found: Any = asked.context["attributes"]
    return dict(found)
