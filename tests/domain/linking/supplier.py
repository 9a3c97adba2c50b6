"""An honest supplier elsewhere that can be made to fail in every way that a network can."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec

from coster.domain.federation.ports import (
    AcceptedByPeer,
    Answered,
    Ask,
    Found,
    Missing,
    NotAllowed,
    RefusedByPeer,
    RemoteLine,
    Seen,
    Short,
    Superseded,
    Unknown,
)

_Key: TypeAlias = tuple[uuid.UUID, uuid.UUID]


def product(name: str) -> str:
    """The IRI of a product at the supplier."""
    return f"https://farm.example/SuppliedProducts/{name}"


class RemoteOrder(msgspec.Struct):
    """An order at the supplier."""

    order: str
    standing: str = "held"
    lines: dict[str, int] = {}
    sequence: int = 0


class Supplier:
    """Holds stock for orders by (hub, session), never more than there is. `fenced`: knows sequences; `keyed`: a second POST is the first.

    `faults` are taken one per request: 'lost' (the request), 'unanswered' (done, the answer lost), 'twice', 'late' (done later, by
    `deliver`), 'crash' (the asking process dies with its answer), 'forbidden', 'partly' (takes what there is without being told to).
    """

    def __init__(
        self,
        stock: Mapping[str, int],
        *,
        fenced: bool = True,
        keyed: bool = True,
        says_what_is_left: bool = True,
    ) -> None:
        self.stock = {product(name): amount for name, amount in stock.items()}
        self.orders: dict[_Key, RemoteOrder] = {}
        self.others: dict[str, int] = {}
        self.faults: list[str] = []
        self.late: list[Ask] = []
        self.fenced, self.keyed, self.says = fenced, keyed, says_what_is_left
        self.asks: list[Ask] = []
        self.made = 0
        self.closed = False

    # -- what others do --------------------------------------------------------------------------------------------

    def take(self, name: str, amount: int) -> bool:
        """Another hub takes of a product, if there is so much."""
        if self.free(product(name)) < amount:
            return False
        self.others[product(name)] = self.others.get(product(name), 0) + amount
        return True

    def free(self, name: str, but: RemoteOrder | None = None) -> int:
        """What nobody holds; `but` is not counted."""
        held = sum(
            one.lines.get(name, 0)
            for one in self.orders.values()
            if one is not but and one.standing != "cancelled"
        )
        return self.stock.get(name, 0) - self.others.get(name, 0) - held

    def backup(self) -> Any:
        """The whole state, to be restored."""
        return copy.deepcopy((self.orders, self.others, self.made))

    def restore(self, backup: Any) -> None:
        """Everything is as it was then."""
        self.orders, self.others, self.made = copy.deepcopy(backup)

    def deliver(self) -> None:
        """What was late arrives, in the wrong order."""
        for ask in reversed(self.late):
            self._do(ask)
        self.late.clear()

    # -- the port --------------------------------------------------------------------------------------------------

    async def put(self, ask: Ask) -> Answered:
        """As the port says, with the next fault."""
        self.asks.append(ask)
        fault = self.faults.pop(0) if self.faults else ""
        match fault:
            case "lost":
                return Unknown(cause="timeout")
            case "unanswered":
                self._do(ask)
                return Unknown(cause="timeout")
            case "late":
                self.late.append(ask)
                return Unknown(cause="timeout")
            case "crash":
                self._do(ask)
                raise Crash
            case "forbidden":
                return NotAllowed(cause="http_403")
            case "twice":
                self._do(ask)
        return self._do(ask, partly=fault == "partly")

    async def look(self, ask: Ask) -> Seen:
        """As the port says, with the next fault."""
        fault = self.faults.pop(0) if self.faults else ""
        if fault in ("lost", "unanswered", "late"):
            return Unknown(cause="timeout")
        if fault == "crash":
            raise Crash
        if fault == "forbidden":
            return NotAllowed(cause="http_403")
        found = self._find(ask)
        if found is None:
            return Missing()
        lines = tuple(_line(name, amount) for name, amount in found.lines.items())
        return Found(
            order=found.order,
            standing=found.standing,
            lines=lines,
            sequence=found.sequence if self.fenced else None,
        )  # type: ignore[arg-type]

    def _find(self, ask: Ask) -> RemoteOrder | None:
        found = self.orders.get((ask.hub_id, ask.session.id))
        return None if found and ask.order and found.order != ask.order else found

    def _do(self, ask: Ask, *, partly: bool = False) -> Answered:
        found = self._find(ask) if self.keyed or ask.order else None
        if found is None and ask.order:
            return Missing()
        if found and self.fenced and ask.sequence < found.sequence:
            return Superseded(sequence=found.sequence)
        wanted = {line.product: line.quantity for line in ask.lines}
        if (
            found
            and found.standing in ("complete", "cancelled")
            and (found.standing, found.lines) != (ask.standing, wanted)
        ):
            return RefusedByPeer(code="completed")
        if self.closed and found is None:
            return RefusedByPeer(code="closed")
        short = [
            Short(
                product=name, offer="", wanted=amount, available=self.free(name, found) if self.says else None
            )
            for name, amount in wanted.items()
            if amount > self.free(name, found)
        ]
        if short and not partly:
            return RefusedByPeer(code="short", lines=tuple(short))
        if found is None:
            self.made += 1
            found = self.orders[ask.hub_id, ask.session.id] = RemoteOrder(
                f"https://farm.example/Orders/{self.made}"
            )
        given = {name: min(amount, self.free(name, found)) for name, amount in wanted.items()}
        found.lines, found.standing = given, ask.standing
        found.sequence = max(found.sequence, ask.sequence)
        return AcceptedByPeer(
            order=found.order,
            standing=ask.standing,
            lines=tuple(_line(name, amount) for name, amount in given.items()),
        )

    def total(self, name: str) -> int:
        """What all orders and others hold of a product."""
        return self.stock[product(name)] - self.free(product(name))


def _line(name: str, amount: int) -> RemoteLine:
    return RemoteLine(product=name, offer=name.replace("SuppliedProducts", "Offers"), quantity=amount)


class Crash(BaseException):
    """The process that asked is no more."""
