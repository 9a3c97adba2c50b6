"""A slow supplier costs its own time once, and not once for each shopper."""

from __future__ import annotations

import asyncio
import time

from tests.edges.links.town import Market

_CHECKOUTS = 200


async def test_checkouts_share_the_time_that_a_supplier_takes(market: Market) -> None:
    """Two hundred at once at a supplier that answers after a tenth of a second: a handful of requests, not twenty seconds."""
    market.elsewhere.seconds = 0.1
    begun = time.monotonic()
    answers = await asyncio.gather(*(market.place(carrots="0.01") for _ in range(_CHECKOUTS)))
    seconds = time.monotonic() - begun
    assert {answer.status_code for answer in answers} == {201}
    assert (market.total("carrots"), market.elsewhere.most) == (_CHECKOUTS * 10, 1)
    assert len(market.elsewhere.asks) <= _CHECKOUTS / 5, seconds
