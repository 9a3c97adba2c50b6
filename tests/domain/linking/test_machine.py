"""Random histories of one link under every fault: when they end, both sides agree, and nothing was promised that is not held."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.domain.linking.worlds import CARROTS, Hub, Supplier, product

_STOCK = 20
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
        self.yes: dict[Any, int] = {}
        self.waiting: dict[Any, tuple[int, int]] = {}
        self.backups = [self.supplier.backup()]
        self.restored = False

    def teardown(self) -> None:
        """The faults end: then everything is as it should be."""
        if not hasattr(self, "hub"):
            return
        hub, supplier = self.hub, self.supplier
        supplier.faults.clear()
        supplier.deliver()
        for wish in ("retry", "look", "accept", "look", "accept"):
            hub.wish = wish if wish != "accept" or hub.link.state == "refused" else "retry"
            self.run(hub.settle(400))
        self.answer()
        assert hub.link.state == "open", hub.link
        assert supplier.total("carrots") - supplier.others.get(product("carrots"), 0) == hub.total()
        assert hub.link.acked.version == hub.version
        assert not self.waiting
        self.loop.close()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """To its end."""
        return self.loop.run_until_complete(work)

    def answer(self) -> None:
        """Those who wait are answered as the edge would: no where their order was refused, yes where its version is acknowledged."""
        hub = self.hub
        for order, (version, amount) in list(self.waiting.items()):
            refused = hub.told_no.get(order)
            if refused is not None and refused.version >= version:
                del self.waiting[order]
            elif hub.link.acked.version >= version:
                del self.waiting[order]
                self.yes[order] = amount

    @rule(amount=st.integers(1, 9))
    def place(self, amount: int) -> None:
        """A shopper checks out, and waits."""
        self.count += 1
        order, version = self.hub.place(self.count, amount)
        self.waiting[order] = (version, amount)

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
            self.waiting[order] = (version, amount)

    @precondition(lambda self: self.hub.baskets)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """A shopper does not want it any more."""
        order = data.draw(st.sampled_from(sorted(self.hub.baskets)))
        self.hub.cancel(order)
        self.yes.pop(order, None)
        self.waiting.pop(order, None)

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
