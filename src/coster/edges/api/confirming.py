"""Answers that wait for producers on other platforms: what a shopper is told yes to is held there, or it is taken back."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from coster.domain.linking.model import Asked, Verdict
from coster.edges.http.call import Call
from coster.edges.http.problems import Problem
from coster.engine.batch.run import Result
from coster.kernel import quantity
from coster.kernel.outcome import Accepted

WAITING = ("supplier_refused", "supplier_silent")


async def confirm(
    call: Call, result: Result, command_id: uuid.UUID, wanted: Mapping[uuid.UUID, int] | None = None
) -> None:
    """Waits until every supplier elsewhere holds what this command has made of its order. Problems: supplier_refused, supplier_silent.

    `wanted` is how much was asked for of each item (thousandths), to say so beside what is left. Where no such supplier is concerned
    this costs nothing.
    """
    links = call.parts.links
    if links is None or call.dry_run or not isinstance(result.outcome, Accepted):
        return
    order_id = uuid.UUID(str(result.outcome.value["id"]))
    repeated = result.repeated
    # A repeat is answered as the first was, or would have been.
    needs = await (
        links.needs_of(call.org_id, order_id) if repeated else links.needs(call.org_id, result.events)
    )
    asked = Asked(order_id=order_id, needs=needs, command_id=command_id)
    _tell(await links.decided(call.org_id, asked), wanted)
    if repeated and (undone := await links.undone(call.org_id, order_id, command_id)):
        _tell(undone, wanted)


async def confirm_before(call: Call, order_id: uuid.UUID) -> None:
    """Waits until every supplier elsewhere holds what an order holds now, before it is completed. Problems as above."""
    links = call.parts.links
    if links is None or call.dry_run:
        return
    needs = await links.needs_of(call.org_id, order_id)
    _tell(await links.decided(call.org_id, Asked(order_id=order_id, needs=needs)), None)


def _tell(verdict: Verdict, wanted: Mapping[uuid.UUID, int] | None) -> None:
    match verdict.kind:
        case "held":
            return
        case "refused":
            raise Problem(
                "supplier_refused",
                "A producer on another platform does not have all of this any more; nothing is held. "
                + _left(verdict),
                members={"cause": verdict.code, "lines": _lines(verdict, wanted or {})},
            )
        case "silent":
            raise Problem(
                "supplier_silent",
                "A producer on another platform has not confirmed this in time; nothing is held. Send it again later.",
                members={"cause": verdict.code},
                headers=[(b"retry-after", b"30")],
            )
        case "kept":
            raise Problem(
                "supplier_unconfirmed",
                "A producer on another platform has not confirmed this in time, and the order could not be taken back; look at it again.",
                members={"cause": verdict.code},
            )


def _left(verdict: Verdict) -> str:
    return (
        "Take what is left, or less." if any(one.left for one in verdict.left) else "Nothing of it is left."
    )


def _lines(verdict: Verdict, wanted: Mapping[uuid.UUID, int]) -> list[dict[str, Any]]:
    """What is left of each item that was asked for, in its stock unit; of items that the order did not name nothing is said."""
    return [
        {
            "item_id": str(one.item_id),
            "available": None if one.left is None else quantity.text(one.left),
            **({"wanted": quantity.text(wanted[one.item_id])} if one.item_id in wanted else {}),
        }
        for one in verdict.left
        if not wanted or one.item_id in wanted
    ]
