"""Blocks: reasons why an order must not go out yet. Any number of them, each opened and resolved by itself. Pure.

Kept in the order's attributes, as `blocks`: reason to `{at, by, resolved_at, resolved_by}`. The same reason again takes the
place of the older one. Source: blocks of orders in WebSphere Commerce.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coster.engine.workflow.plugins import Asked, Done, Refused
from coster.kernel import clock


def open_reasons(attributes: Mapping[str, Any]) -> list[str]:
    """Why the order is blocked now, by reason in order."""
    blocks: Mapping[str, Any] = attributes.get("blocks") or {}
    return sorted(reason for reason, block in blocks.items() if not block.get("resolved_at"))


def opened(attributes: Mapping[str, Any], reason: str, asked: Asked) -> dict[str, Any]:
    """The blocks with one more."""
    block = {"at": clock.text(asked.at), "by": asked.actor}
    return {**(attributes.get("blocks") or {}), reason: block}


def resolved(attributes: Mapping[str, Any], reason: str, asked: Asked) -> dict[str, Any] | None:
    """The blocks with this one resolved; what is not open stays as it is. None: there are none."""
    blocks: dict[str, Any] = dict(attributes.get("blocks") or {})
    if reason in open_reasons(attributes):
        blocks[reason] = {**blocks[reason], "resolved_at": clock.text(asked.at), "resolved_by": asked.actor}
    return blocks or None


def block(asked: Asked) -> Done:
    """The order must not go out, for a reason."""
    attributes: Any = asked.context["attributes"]
    return Done(attributes={"blocks": opened(attributes, str(asked.event["reason"]), asked)})


def unblock(asked: Asked) -> Done | Refused:
    """This reason is none any more; each is resolved by itself."""
    attributes: Any = asked.context["attributes"]
    reason, there = str(asked.event["reason"]), open_reasons(attributes)
    if reason not in there:
        found = ", ".join(there) or "nothing"
        return Refused(
            code="block_unknown", detail=f"The order is not blocked by '{reason}', but by {found}."
        )
    return Done(attributes={"blocks": resolved(attributes, reason, asked)})
