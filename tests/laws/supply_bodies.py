"""What hubs on other platforms can ask for: an order is opened, placed, given other totals, and its session ended."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from hypothesis import strategies as st

from coster.domain.orders.model import ReplaceLines, Total
from coster.domain.sourcing.rules import shared_pool
from coster.domain.supplying import model as supplying
from tests.laws import ground
from tests.laws.ground import START, name_id

_SESSIONS = {hub: tuple(name_id("supply", hub, n) for n in range(2)) for hub in ground.AWAY}
_PRODUCERS = st.sampled_from([ground.JEAN] * 5 + [ground.QUINN, name_id("nobody knows this")])
_CLOSES = START + dt.timedelta(days=3)


def held_order_id(hub: uuid.UUID, session: uuid.UUID) -> uuid.UUID:
    """The held order of one of these hubs with Jean."""
    return shared_pool(hub, ground.JEAN, session)


def order_id(hub: uuid.UUID, session: uuid.UUID) -> uuid.UUID:
    """The order behind it."""
    return name_id("supplied", hub, session)


def opened(
    hub: uuid.UUID, session: uuid.UUID, producer: uuid.UUID = ground.JEAN, *, ends: dt.datetime = _CLOSES
) -> supplying.OpenSupply:
    """Everything that such an order needs."""
    return supplying.OpenSupply(
        hub_id=hub, hub_iri="https://hub.example/a", hub_name="Hub", producer_id=producer, session_id=session,
        session_iri="https://hub.example/s", session_name="Week", closes_at=ends, held_order_id=held_order_id(hub, session),
        order_id=order_id(hub, session),
    )  # fmt: skip


def placed(hub: uuid.UUID, session: uuid.UUID, lines: list[Total], **more: Any) -> supplying.PlaceSupplied:
    """The first totals."""
    return supplying.PlaceSupplied(
        order_id=order_id(hub, session), hub_id=hub, producer_id=ground.JEAN, session_id=session,
        reference=str(held_order_id(hub, session)), lines=lines, **more,
    )  # fmt: skip


FIRST = (ground.AWAY[0], _SESSIONS[ground.AWAY[0]][0])
"""The order that is there from the beginning of busy stages."""
WANTED = [Total(item_id=ground.CARROTS, quantity=2000)]
"""What it wants then."""
_WHICH = st.sampled_from(
    [FIRST, FIRST, *((hub, session) for hub in ground.AWAY for session in _SESSIONS[hub])]
)
_TOTALS = st.lists(
    st.builds(
        Total,
        item_id=st.sampled_from(
            [ground.CARROTS, ground.CARROTS, ground.EGGS, ground.MILK, name_id("nothing")]
        ),
        quantity=st.sampled_from([0, 1000, 2500, 6000, 40_000, -1000]),
        unit=st.sampled_from(["", "", "", "bunch"]),
    ),
    max_size=3,
    unique_by=lambda total: total.item_id,
)


@st.composite
def _open(draw: st.DrawFn) -> supplying.OpenSupply:
    ends = draw(st.sampled_from([_CLOSES, _CLOSES + dt.timedelta(days=1), START - dt.timedelta(days=1)]))
    return opened(*draw(_WHICH), draw(_PRODUCERS), ends=ends)


@st.composite
def _place(draw: st.DrawFn) -> supplying.PlaceSupplied:
    more = {
        "allow_partial": draw(st.booleans()),
        "sequence": draw(st.sampled_from([None, 1])),
        "notes": {"lines": []},
    }
    return placed(*draw(_WHICH), draw(_TOTALS), **more)


@st.composite
def _replace(draw: st.DrawFn) -> ReplaceLines:
    return ReplaceLines(
        order_id=draw(st.sampled_from([order_id(*FIRST)] * 4 + [ground.order_id(0)])),
        producer_id=draw(_PRODUCERS), lines=draw(_TOTALS), sequence=draw(st.sampled_from([None, None, 1, 2, 3])),
        cancelled=draw(st.sampled_from([None, None, None, True, False])), allow_partial=draw(st.booleans()),
        currency=draw(st.sampled_from([None, "EUR", "GBP"])), expected_version=draw(st.sampled_from([None, None, None, 1, 2])),
        notes=draw(st.sampled_from([{}, {"discount": "1.5"}])),
    )  # fmt: skip


_SESSION = st.sampled_from([FIRST[1], *_SESSIONS[ground.AWAY[0]], ground.LATE, name_id("no session")])
STRATEGIES: dict[str, st.SearchStrategy[Any]] = {
    "supplying.open": _open(),
    "supplying.place": _place(),
    "supplying.replace": _replace(),
    "supplying.end": st.builds(supplying.EndSupply, session_id=_SESSION, producer_id=_PRODUCERS),
    "supplying.complete": st.builds(supplying.CompleteSupply, session_id=_SESSION, producer_id=_PRODUCERS),
}
