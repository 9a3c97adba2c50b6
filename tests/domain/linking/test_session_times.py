"""A session that goes on until another time: its suppliers are told, since they may end the order by themselves."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import pytest

from coster.domain.federation.ports import RefusedByPeer
from tests.domain.linking.supplier import Supplier
from tests.domain.linking.worlds import Hub


async def longer(**said: Any) -> Hub:
    """A kilo is held, and the session goes on for three days more."""
    hub = Hub(Supplier({"carrots": 9_000}))
    hub.place(1, 1_000)
    await hub.settle()
    hub.session = msgspec.structs.replace(hub.session, ends_at=hub.session.ends_at + dt.timedelta(days=3))
    put = hub.supplier.put

    async def answer(ask: Any) -> Any:
        return RefusedByPeer(**said) if said else await put(ask)

    hub.supplier.put = answer  # type: ignore[method-assign]
    await hub.settle()
    hub.supplier.put = put  # type: ignore[method-assign]
    return hub


async def test_the_supplier_hears_until_when_the_session_goes_on() -> None:
    """Once, with the same lines; then all is at rest."""
    hub = await longer()
    assert [(ask.session.ends_at, len(ask.lines)) for ask in hub.supplier.asks] == [
        (hub.session.ends_at - dt.timedelta(days=3), 1),
        (hub.session.ends_at, 1),
    ]
    assert (hub.link.state, hub.link.acked.ends_at, hub.link.sent) == ("open", hub.session.ends_at, None)


@pytest.mark.parametrize("code", ["invalid", "closed"])
async def test_a_supplier_that_does_not_hear_of_it_keeps_what_it_holds(code: str) -> None:
    """Nothing is taken back from anybody over it, it is not asked for again, and what comes next goes on as ever."""
    hub = await longer(code=code, cause="too late")
    assert (hub.link.state, hub.link.refusal, hub.total()) == ("open", None, 1_000)
    hub.place(2, 2_000)
    await hub.settle()
    assert (hub.link.acked.version, hub.supplier.total("carrots")) == (hub.version, 3_000)


async def test_an_unheard_answer_leaves_it_open_whether_the_end_was_heard() -> None:
    """What is read of the order does not say it, so it is told once more."""
    hub = Hub(Supplier({"carrots": 9_000}))
    hub.place(1, 1_000)
    await hub.settle()
    hub.session = msgspec.structs.replace(hub.session, ends_at=hub.session.ends_at + dt.timedelta(days=3))
    hub.supplier.faults = ["lost"]
    await hub.step()
    hub.wish = "look"
    await hub.settle()
    assert [ask.session.ends_at for ask in hub.supplier.asks][-1] == hub.session.ends_at
    assert hub.link.acked.ends_at == hub.session.ends_at
