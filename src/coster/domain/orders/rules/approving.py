"""Approval of orders: asked for, given level by level, passed on, denied. Pure: attributes in, attributes out.

What is kept in the order's attributes, as `approval`: `level` (how many have agreed), `levels` (how many must), `by` (who has),
`approver` (to whom it was given; null: whoever may), `asked_by`, `asked_at`. While it is open, so is the block `approval_pending`.

An order may name a cost centre, kept as `cost_centre` (its id and enterprise). Then the centre says how many must agree and who they
are: `approvers` are those who may decide the level that is open, `anybody` that nobody did in time, so that those of the levels above
may as well. Whoever decides must be named by the centre as it is then, and may approve for its enterprise.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from coster.domain.buying.model import APPROVE, Centre
from coster.domain.identity.model import ROLES
from coster.domain.orders.model import Order
from coster.domain.orders.rules import blocking
from coster.engine.workflow.plugins import Asked, Done, Message, Refused
from coster.engine.workflow.step import Table
from coster.kernel import clock, money
from coster.kernel.authority import Authority

BLOCK = "approval_pending"
ROLE: Final = "approver"
ASKED_EVENT: Final = "order.approval_asked"
DECIDED_EVENT: Final = "order.approval_decided"
APPROVERS: Final = "approvers"
"""What is loaded for passing an approval on: the keys that are named and may approve the order as it stands, by their ids as text."""
CENTRE: Final = "centre"
"""What is loaded for orders on cost centres: the centre as it is now (`Named`)."""
LEVELS: Final = "cost_centre.levels"
TELLING: Final = frozenset(
    {"attributes", CENTRE, "order.total", "order.number", "order.reference", "order.currency"}
)
"""What deciding needs of an order, and what those are told of it whose turn it is."""


class Named(NamedTuple):
    """The cost centre that an order names (None: it names none, or one that is gone), and whether orders of its seller may name it now."""

    centre: Centre | None = None
    open: bool = False


def named(attributes: Mapping[str, Any]) -> uuid.UUID | None:
    """The cost centre that the order names."""
    found = attributes.get("cost_centre")
    return uuid.UUID(found["id"]) if found else None


def with_centre(attributes: Mapping[str, Any], centre: Centre | None) -> dict[str, Any]:
    """The attributes of an order that is bought in a centre's name."""
    if centre is None:
        return dict(attributes)
    return {**attributes, "cost_centre": {"id": str(centre.id), "enterprise_id": str(centre.enterprise_id)}}


def found(order: Order, centres: Mapping[uuid.UUID, Centre]) -> Named:
    """The cost centre of an order among these, as it is now."""
    id_ = named(order.attributes)
    centre = centres.get(id_) if id_ else None
    return Named(centre, centre is not None and centre.active and centre.sold_by(order.seller_id))


def levels(order: Order, now: Named) -> int:
    """How many must agree to the order by its cost centre; one at least where that is closed, since asking for it refuses."""
    if "cost_centre" not in order.attributes:
        return 0
    return len(now.centre.wanted(order.total)) if now.centre and now.open else 1


def open_to(attributes: Mapping[str, Any]) -> tuple[str, ...]:
    """The keys by name that may decide what is open, as text; none where whoever has the role may."""
    return tuple(standing(attributes)["approvers"])


def may_decide(order: Order, actor: uuid.UUID, authority: Authority) -> bool:
    """Whether somebody is asked for this order by name, and may approve where it is bought (without a cost centre: sold)."""
    if str(actor) not in open_to(order.attributes):
        return False
    return authority.allows(APPROVE, bought_by(order))


def bought_by(order: Order) -> uuid.UUID:
    """The enterprise for which approvers of the order must be able to approve."""
    centre = order.attributes.get("cost_centre")
    return uuid.UUID(centre["enterprise_id"]) if centre else order.seller_id


def standing(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The approval as it stands; without one, nothing is wanted and nothing given."""
    return {
        "level": 0,
        "levels": 0,
        "by": [],
        "approver": None,
        "asked_by": "",
        "approvers": [],
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


def ask_centre(asked: Asked) -> Done | Refused:
    """The levels of the order's cost centre must agree; those of the first are told."""
    attributes, now = _attributes(asked), _named(asked)
    if now.centre is None or not now.open:
        return Refused(
            code="cost_centre_closed", detail="The order's cost centre takes no orders of this shop any more."
        )
    begun: dict[str, Any] = {
        "level": 0,
        "levels": max(1, len(now.centre.wanted(_total(asked)))),
        "by": [],
        "approver": None,
        "asked_by": asked.actor,
        "asked_at": clock.text(asked.at),
        "own": now.centre.own_orders,
        "anybody": False,
    }
    wanted: dict[str, Any] = {**begun, "approvers": _deciders(asked, begun)}
    blocks = blocking.opened(attributes, BLOCK, asked)
    return Done(attributes={"approval": wanted, "blocks": blocks}, messages=_turn(asked, wanted))


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
    if asked.actor == approval["asked_by"] and not approval.get("own"):
        return Refused(code="approval_of_own", detail="Whoever sent the order in cannot approve it.")
    approval |= {"level": approval["level"] + 1, "by": [*approval["by"], asked.actor], "approver": None}
    done = approval["level"] >= approval["levels"]
    if _of_centre(attributes):
        approval |= {"anybody": False}
        approval |= {"approvers": [] if done else _deciders(asked, approval)}
    else:
        approval |= {"approvers": []}
    blocks = blocking.resolved(attributes, BLOCK, asked) if done else attributes.get("blocks")
    told = _decided(asked, approval, "approved") if done else _turn(asked, approval)
    return Done(attributes={"approval": approval, "blocks": blocks}, messages=told)


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
        "approvers": [],
        "denied_by": asked.actor,
        "denied_at": clock.text(asked.at),
    }
    return Done(
        attributes={"approval": approval, "blocks": blocking.resolved(attributes, BLOCK, asked)},
        messages=_decided(asked, approval, "denied"),
    )


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
    if (to == approval["asked_by"] and not approval.get("own")) or to in approval["by"]:
        return Refused(
            code="approver_not_free", detail="Whoever sent the order in, or agreed already, cannot decide it."
        )
    given = {**approval, "approver": to, "approvers": [to]}
    return Done(attributes={"approval": given}, messages=_turn(asked, given))


def pass_on(asked: Asked) -> Done:
    """Nobody has decided in time: the one to whom it was given has it no longer, and whoever may can decide."""
    attributes = _attributes(asked)
    approval = {**standing(attributes), "approver": None, "approvers": []}
    if _of_centre(attributes):
        approval |= {"anybody": True}
        approval |= {"approvers": _deciders(asked, approval)}
    return Done(attributes={"approval": approval}, messages=_turn(asked, approval))


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


def able(known: Mapping[uuid.UUID, Authority], roles_: frozenset[str], order: Order) -> frozenset[str]:
    """Those of these keys that have one of the roles with the seller, or where there are none, may write its orders.

    For an order on a cost centre: those that may approve for its enterprise.
    """
    if _of_centre(order.attributes):
        return frozenset(str(key) for key, held in known.items() if held.allows(APPROVE, bought_by(order)))
    seller_id = order.seller_id
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
    if approval["approver"] == asked.actor:
        return None
    if approval["approver"] is None:
        if not _of_centre(_attributes(asked)) or asked.actor in _deciders(asked, approval):
            return None
        return Refused(
            code="approval_of_another",
            detail="This level is for the approvers whom the order's cost centre names.",
        )
    return Refused(
        code="approval_of_another", detail="This level was given to somebody else, who may give it on."
    )


def _attributes(asked: Asked) -> dict[str, Any]:
    found: Any = asked.context["attributes"]
    return dict(found)


def _named(asked: Asked) -> Named:
    now: Any = asked.context[CENTRE]
    return Named(*now)


def _total(asked: Asked) -> int:
    total: Any = asked.context["order.total"]
    return int(total)


def _of_centre(attributes: Mapping[str, Any]) -> bool:
    return "cost_centre" in attributes


def _deciders(asked: Asked, approval: Mapping[str, Any]) -> list[str]:
    """Whom the centre names now for the level that is open; since nobody of it decided in time, also those of the levels above."""
    centre = _named(asked).centre
    if centre is None:
        return []
    wanted = centre.wanted(_total(asked)) or centre.levels
    # A centre may have lost levels since the order was sent in: then its highest is asked.
    first = min(int(approval["level"]), len(wanted) - 1)
    chosen = centre.levels[first:] if approval.get("anybody") else wanted[first : first + 1]
    return list(dict.fromkeys(str(key) for level in chosen for key in level.approvers))


def _turn(asked: Asked, approval: Mapping[str, Any]) -> tuple[Message, ...]:
    """Tells those whose turn it is, by the ids of their keys; where whoever has the role may decide, nobody is told by name."""
    if not approval["approvers"]:
        return ()
    turn = {"approvers": approval["approvers"], "level": approval["level"] + 1, "levels": approval["levels"]}
    return (Message(event=ASKED_EVENT, body={**turn, **_about(asked)}),)


def _decided(asked: Asked, approval: Mapping[str, Any], decision: str) -> tuple[Message, ...]:
    """Tells whoever sent in an order on a cost centre what came of it."""
    if not _of_centre(_attributes(asked)):
        return ()
    body = {"decision": decision, "asked_by": approval["asked_by"], **_about(asked)}
    return (Message(event=DECIDED_EVENT, body=body),)


def _about(asked: Asked) -> dict[str, Any]:
    context: Mapping[str, Any] = asked.context
    return {
        "number": context["order.number"],
        "reference": context["order.reference"],
        "total": money.text(_total(asked), context["order.currency"]),
        "currency": context["order.currency"],
        "cost_centre_id": (_attributes(asked).get("cost_centre") or {}).get("id"),
    }
