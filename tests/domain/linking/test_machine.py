"""Random histories of one link under every fault: when they end, both sides agree, and nothing was promised that is not held."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from coster.domain.linking.handlers.waiting import Waiters
from coster.domain.linking.model import Asked, OrderRefused, Verdict
from coster.domain.linking.rules import hearing
from tests.domain.linking.supplier import Supplier, product
from tests.domain.linking.worlds import CARROTS, Hub

_STOCK = 20


@dataclass
class Wish:
    """What a shopper waits for: how much his order is with it, and was before."""

    asked: Asked
    amount: int
    before: int


def command_of(asked: Asked) -> uuid.UUID:
    """Every wish is that of a command."""
    assert asked.command_id is not None
    return asked.command_id


_FAULTS = st.sampled_from(["lost", "unanswered", "twice", "late", "crash", "forbidden", "partly"])


class OneLink(RuleBasedStateMachine):
    """A hub's shoppers, another hub, a supplier that fails, and time."""

    @initialize(says=st.booleans())
    def begin(self, *, says: bool) -> None:
        """Nothing is ordered yet. The supplier says what is left, or does not."""
        self.loop = asyncio.new_event_loop()
        self.supplier = Supplier({"carrots": _STOCK}, says_what_is_left=says)
        self.hub = Hub(self.supplier)
        self.count = 0
        # What a shopper was told yes to, with how much; and what was wanted since and is not answered.
        self.yes: dict[uuid.UUID, int] = {}
        self.waiting: dict[uuid.UUID, Wish] = {}
        self.answered: list[tuple[Asked, str]] = []
        self.waiters = Waiters(self.hub.tools, lambda: None)
        self.backups = [self.supplier.backup()]
        self.restored = False

    def teardown(self) -> None:
        """The faults end: then everything is as it should be."""
        if not hasattr(self, "hub"):
            return
        hub, supplier = self.hub, self.supplier
        supplier.faults.clear()
        supplier.deliver()
        hub.dies = False
        for wish in ("retry", "look", "accept", "look", "accept"):
            hub.wish = wish if wish != "accept" or hub.link.state == "refused" else "retry"
            self.run(hub.settle(400))
        self.answer()
        for asked, told in self.answered:
            again = self.run(self.waiters.undone(1, asked.order_id, command_of(asked)))
            assert (again is None) == (told == "held"), (asked, told, again)
        assert hub.link.state == "open", hub.link
        assert supplier.total("carrots") - supplier.others.get(product("carrots"), 0) == hub.total()
        assert hub.link.acked.version == hub.version
        assert not self.waiting
        self.loop.close()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """To its end."""
        return self.loop.run_until_complete(work)

    def answer(self) -> None:
        """Those who wait are answered as the edge answers them."""
        for wish in list(self.waiting.values()):
            asked = wish.asked
            notes = self.run(self.hub.refusals(1, [asked.order_id]))
            links = {self.hub.link.held_order_id: self.hub.standing()}
            said = hearing.verdict(asked, links, notes, (self.hub.now, self.hub.now))
            if isinstance(said, OrderRefused):
                said = (
                    hearing.no(said) if self.run(self.hub.alive(self.hub.turns.carry_out(1, said))) else None
                )
            if said is not None:
                self.tell(wish, said.kind)

    def tell(self, wish: Wish, kind: str) -> None:
        """A yes is to what was asked for; a no leaves the order as it was before that was asked for."""
        order = wish.asked.order_id
        del self.waiting[order]
        self.answered.append((wish.asked, kind))
        has = self.hub.baskets.get(order, {}).get(CARROTS, 0)
        if kind == "held":
            self.yes[order] = wish.amount
            assert has == wish.amount, "told yes, and it is not so"
        else:
            # Where the supplier has lost what it had said yes to, people may have accepted that nothing is left.
            assert has == wish.before or (self.restored and has < wish.before), f"told {kind}, and has {has}"

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        """Somebody has waited for too long: what nobody has acknowledged is taken back, and he is told what has become of it."""
        wish = self.waiting[data.draw(st.sampled_from(sorted(self.waiting)))]
        silent = Verdict(kind="silent", held_order_id=self.hub.link.held_order_id, code="supplier_silent")
        said = self.run(self.hub.alive(self.waiters.taken_back(1, wish.asked, silent)))
        if said is not None and said.kind != "kept":
            self.tell(wish, said.kind)

    @rule()
    def mortal(self) -> None:
        """Whoever takes something back next dies before he has said that it is done."""
        self.hub.dies = True

    @rule(amount=st.integers(1, 9))
    def place(self, amount: int) -> None:
        """A shopper checks out, and waits."""
        self.count += 1
        order, version = self.hub.place(self.count, amount)
        self.wait(order, version, 0)

    def wait(self, order: uuid.UUID, version: int, before: int) -> None:
        """Somebody waits for what he has just asked for."""
        held, command = self.hub.link.held_order_id, self.hub.made_by(len(self.hub.ledger) - 1)
        asked = Asked(order_id=order, needs={held: version}, command_id=command)
        self.waiting[order] = Wish(asked, self.hub.baskets[order][CARROTS], before)

    @precondition(lambda self: self.hub.baskets)
    @rule(data=st.data(), amount=st.integers(1, 9))
    def change(self, data: st.DataObject, amount: int) -> None:
        """A shopper who was told yes wants another quantity, and waits if it is more."""
        order = data.draw(st.sampled_from(sorted(self.hub.baskets)))
        before = self.hub.baskets[order][CARROTS]
        if order in self.waiting or amount == before:
            return
        version = self.hub.change(order, amount)
        self.yes[order] = min(self.yes.get(order, 0), amount)
        if amount > before:
            self.wait(order, version, before)

    @precondition(lambda self: self.hub.baskets)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """A shopper does not want it any more."""
        order = data.draw(st.sampled_from(sorted(self.hub.baskets)))
        if order in self.waiting:
            return
        self.hub.cancel(order)
        self.yes.pop(order, None)

    @rule(faults=st.lists(_FAULTS, max_size=3), steps=st.integers(1, 4))
    def turn(self, faults: list[str], steps: int) -> None:
        """Some steps of the link, with these faults."""
        self.supplier.faults = list(faults)
        for _ in range(steps):
            self.run(self.hub.step())
        self.supplier.faults.clear()
        self.answer()

    @rule()
    def quiet(self) -> None:
        """The link comes to rest."""
        self.run(self.hub.settle())
        self.answer()

    @rule(seconds=st.floats(0.1, 1000))
    def later(self, seconds: float) -> None:
        """Time passes."""
        self.hub.pass_time(seconds=seconds)

    @rule()
    def arrive(self) -> None:
        """What was under way arrives."""
        self.supplier.deliver()

    @rule(amount=st.integers(1, 9))
    def elsewhere(self, amount: int) -> None:
        """Another hub takes."""
        self.supplier.take("carrots", amount)

    @rule()
    def keep_backup(self) -> None:
        """The supplier's data is kept."""
        self.backups = [self.supplier.backup()]

    @rule(wish=st.sampled_from(["look", "retry"]))
    def somebody(self, wish: str) -> None:
        """A person at the queue."""
        self.hub.wish = wish

    @rule()
    def restore(self) -> None:
        """The supplier loses what came after its backup, and what was under way."""
        self.supplier.restore(self.backups[0])
        self.supplier.late.clear()
        self.restored = True

    @invariant()
    def nothing_is_promised_twice(self) -> None:
        """The supplier never holds more than it has."""
        if hasattr(self, "hub"):
            assert self.supplier.total("carrots") <= _STOCK

    @invariant()
    def no_yes_without_a_hold(self) -> None:
        """Who was told yes has his goods here and, unless the supplier lost its data, there."""
        if not hasattr(self, "hub") or self.restored:
            return
        for order, amount in self.yes.items():
            assert self.hub.baskets.get(order, {}).get(CARROTS, 0) >= amount, "taken back after a yes"
        [held] = [one.lines.get(product("carrots"), 0) for one in self.supplier.orders.values()] or [0]
        assert sum(self.yes.values()) <= held


TestOneLink = OneLink.TestCase
TestOneLink.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
