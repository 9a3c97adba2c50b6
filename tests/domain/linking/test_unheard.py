"""Answers that were lost, and what came after them."""

from __future__ import annotations

import datetime as dt

from tests.domain.linking.supplier import Supplier
from tests.domain.linking.worlds import Hub


async def test_a_refusal_after_an_unheard_answer_leaves_nothing_said_yes_to_that_is_not_there() -> None:
    """What was given back without an answer may be free there: after a refusal it is looked at before anybody is told yes."""
    hub = Hub(Supplier({"carrots": 10_000}))
    order, _ = hub.place(1, 5_000)
    await hub.settle()
    hub.change(order, 4_000)
    hub.supplier.faults = ["unanswered"]
    await hub.step()
    assert hub.supplier.take("carrots", 5_000)
    hub.now += dt.timedelta(minutes=1)
    hub.place(2, 1_000)
    hub.place(3, 1_000)
    while hub.link.acked.version < hub.version:
        await hub.step()
    assert (hub.total(), hub.supplier.total("carrots")) == (5_000, 10_000)
    assert hub.link.drifts == 0
