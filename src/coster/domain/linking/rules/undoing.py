"""Who has to give back what the supplier does not have: who came last, and only what came after the last acknowledgement. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from fractions import Fraction

import msgspec

from coster.domain.federation.ports import RefusedByPeer, RemoteLine, Short
from coster.domain.linking.model import (
    Entry,
    Growth,
    Here,
    Holder,
    Holding,
    LineLeft,
    Offered,
    ShopperOrder,
    State,
    Step,
    Undo,
)
from coster.domain.linking.rules import totals
from coster.domain.orders.model import CancelOrder, ChangeOrder, FailCheckout, LineChange


class _Fold:
    """The items of a held order, as they come to be while orders give back; made and ended inside one `choose`."""

    def __init__(self, here: Here, holders: Sequence[Holder], *, everything: bool) -> None:
        self.offered = here.offered
        self.items = dict(here.items)
        self.by_order: dict[uuid.UUID, list[Holder]] = {}
        for holder in holders:
            self.by_order.setdefault(holder.order_id, []).append(holder)
        self.everything = everything
        self.undone: dict[uuid.UUID, Undo] = {}

    def lines(self) -> tuple[RemoteLine, ...]:
        """What the held order comes to at the supplier."""
        return totals.remote_lines(self.items, self.offered)

    def part(self, holder: Holder) -> int:
        """What a line can give back."""
        return holder.quantity if self.everything else holder.grown

    def undo(self, order_id: uuid.UUID) -> None:
        """An order gives back: whole, where it was its placing that is not acknowledged, else what it has grown by."""
        mine = self.by_order[order_id]
        whole = self.everything or any(one.placed and one.grown for one in mine)
        lines: dict[int, int] = {}
        for one in mine:
            part = one.quantity if whole else max(0, min(one.grown, one.quantity))
            self.items[one.item_id] = self.items.get(one.item_id, 0) - part
            if part:
                lines[one.line_no] = min(lines.get(one.line_no, one.quantity), one.quantity - part)
        commands = {command for one in mine if one.grown for command in one.commands}
        self.undone[order_id] = Undo(
            order_id=order_id, whole=whole, lines={} if whole else lines, version=mine[0].version, commands=tuple(sorted(commands))
        )  # fmt: skip


def growth(entries: Sequence[Entry]) -> Growth:
    """What is new since an acknowledgement, from what has happened to it since, in its order.

    A shopper who has given back and then asked for more falls back to what he had left, and not to what the supplier still holds for
    him: he was told yes to less.
    """
    level = low = 0
    since: list[Entry] = []
    for entry in entries:
        level += entry.amount
        if level <= low:
            low, since = level, []
        elif entry.amount > 0:
            since.append(entry)
    if not since:
        return Growth(seq=max((entry.seq for entry in entries), default=0))
    return Growth(
        amount=level - low, seq=entries[-1].seq, at=since[-1].at, commands=tuple(sorted({entry.command_id for entry in since})),
        placed=any(entry.placing for entry in since),
    )  # fmt: skip


def holders(holdings: Sequence[Holding]) -> list[Holder]:
    """Who holds, with what is new of it; of two lines of one item the later one has grown. In the reverse order of what was given."""
    growths = {(one.order_id, one.position_id): growth(one.entries) for one in holdings}
    left = {key: new.amount for key, new in growths.items()}
    found = []
    for one in reversed(holdings):
        key = (one.order_id, one.position_id)
        new, grown = growths[key], max(0, min(left[key], one.quantity))
        left[key] -= grown
        instant = round((new.at or one.since).timestamp() * 1_000_000)
        found.append(
            Holder(
                order_id=one.order_id, line_no=one.line_no, item_id=one.item_id, quantity=one.quantity, grown=grown,
                seq=(instant << 63) + new.seq, placed=new.placed, committed=one.committed, version=one.version, commands=new.commands,
            )
        )  # fmt: skip
    return found


def choose(
    here: Here, holders: Sequence[Holder], answer: RefusedByPeer, *, everything: bool = False
) -> list[Undo]:
    """The orders that give back so that what is left fits, the latest first; none where there is nobody to take it from.

    Where the supplier did not say how much there is, the later half of those who could gives back. With `everything` what was
    acknowledged counts too (somebody has decided that): whoever came last gives back all.
    """
    fold = _Fold(here, holders, everything=everything)
    for short in answer.lines:
        for order_id in _latest(fold, holders, short):
            if order_id in fold.undone:
                continue
            if (
                short.available is None
                or totals.quantity_of(fold.lines(), short.product, short.offer) > short.available
            ):
                fold.undo(order_id)
    return list(fold.undone.values())


def known(answer: RefusedByPeer, acked: State, wanted: State) -> RefusedByPeer:
    """What the supplier would take of what is wanted now: what it has said, line by line; where it refused the order as a whole, what it
    has there.
    """
    if answer.code == "short" and answer.lines:
        return answer
    there = () if acked.standing == "cancelled" else acked.lines
    parts = ((one, totals.quantity_of(there, one.product, one.offer)) for one in wanted.lines)
    lines = tuple(
        Short(product=one.product, offer=one.offer, wanted=one.quantity, available=got, cause=answer.code)
        for one, got in parts
        if got < one.quantity
    )
    return msgspec.structs.replace(answer, lines=lines)


def remains(here: Here, answer: RefusedByPeer) -> dict[uuid.UUID, int]:
    """What is left of each item of which the supplier has less than is owed: thousandths of its stock unit, and so little of all items of
    one product that together they fit. Where the supplier did not say how much there is, half of it.
    """
    exact = totals.exact(here.items, here.offered)
    left: dict[uuid.UUID, int] = {}
    for short in answer.lines:
        for item_id, kind in here.offered.items():
            owed, whole = here.items.get(item_id, 0), exact.get(kind.product, Fraction(0))
            if not owed or not _about(kind, short):
                continue
            most = whole / 2 if short.available is None else Fraction(short.available)
            fits = most // kind.step * kind.step
            if fits < whole:
                left[item_id] = int(owed * fits / whole)
    return left


def alone(here: Here, holders: Sequence[Holder], order_id: uuid.UUID) -> list[Undo]:
    """What one order gives back because nobody has acknowledged it: all that it has grown by; nothing, where all is acknowledged."""
    mine = [one for one in holders if one.order_id == order_id]
    if not any(one.grown for one in mine):
        return []
    fold = _Fold(here, mine, everything=False)
    fold.undo(order_id)
    return list(fold.undone.values())


def _latest(fold: _Fold, holders: Sequence[Holder], short: Short) -> list[uuid.UUID]:
    """Orders that could give back of a product, the latest first."""
    last: dict[uuid.UUID, int] = {}
    for one in holders:
        kind = fold.offered.get(one.item_id)
        if kind and not one.committed and fold.part(one) > 0 and _about(kind, short):
            last[one.order_id] = max(last.get(one.order_id, 0), one.seq)
    order = sorted(last, key=lambda id_: (-last[id_], id_))
    return order if short.available is not None else order[: -(-len(order) // 2)]


def _about(kind: Offered, short: Short) -> bool:
    return bool(
        (short.product and kind.product == short.product) or (short.offer and kind.offer == short.offer)
    )


def left(
    here: Here, undone: Sequence[Undo], holders: Sequence[Holder], answer: RefusedByPeer
) -> list[LineLeft]:
    """What can still be had of each item that was refused, after these have given back; by item, and nothing of anybody else's."""
    fold = _Fold(here, holders, everything=False)
    for undo in undone:
        fold.undo(undo.order_id)
    found: dict[uuid.UUID, LineLeft] = {}
    for item_id, kind in sorted(fold.offered.items()):
        for short in answer.lines:
            if _about(kind, short):
                some = short.available
                rest = None if some is None else totals.room(fold.items, fold.offered, item_id, some)
                found[item_id] = LineLeft(item_id=item_id, left=rest)
    return list(found.values())


def step(undo: Undo, order: ShopperOrder) -> Step:
    """How an order as it is now gives back."""
    lines = {
        number: order.lines[number][0] * stock // order.lines[number][1]
        for number, stock in sorted(undo.lines.items())
        if order.lines.get(number, (0, 0))[1]
    }
    return Step(version=order.version, running=order.running, whole=undo.whole, lines=lines)


def command(order_id: uuid.UUID, step: Step, cause: str) -> FailCheckout | CancelOrder | ChangeOrder:
    """The command by which an order gives back. A change names the version that was looked at: nothing newer is overwritten."""
    if step.whole:
        return (
            FailCheckout(order_id=order_id, reason=cause)
            if step.running
            else CancelOrder(order_id=order_id, reason=cause)
        )
    changes = [LineChange(line_no=number, quantity=amount) for number, amount in sorted(step.lines.items())]
    return ChangeOrder(order_id=order_id, lines=changes, expected_version=step.version)
