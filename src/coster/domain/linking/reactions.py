"""What links do when something happens to held orders. Pure.

What merely grows or shrinks is found by the version of the held order, for its link is at work. What begins, ends, or goes on after its end
is reacted to: a link that is done is looked at no more, and its mark would stay behind.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from coster.domain.linking.model import OpenLink
from coster.kernel.message import Stored


def open_link(news: Stored) -> Sequence[OpenLink]:
    """A held order has begun, has come to an end, or has gone on since: if its producer is elsewhere, its link has work."""
    if news.event.entity != "held_order":
        return []
    return [OpenLink(held_order_id=uuid.UUID(str(news.event.entity_id)))]


_NAMES = (
    "held_order.created", "held_order.completed", "held_order.cancelled", "held_order.fulfilled", "held_order.shorted",
    "held_order.stepped", "held_order.flow_moved",
)  # fmt: skip
REACTIONS = dict.fromkeys(_NAMES, (("linking.open", open_link),))
