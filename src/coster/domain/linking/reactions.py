"""What links do when something happens to held orders. Pure.

Only what begins and ends is reacted to: what merely grows or shrinks is found by the version of the held order.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from coster.domain.linking.model import OpenLink
from coster.kernel.message import Stored


def open_link(news: Stored) -> Sequence[OpenLink]:
    """A held order has begun, or has come to an end: if its producer is elsewhere, its link has work."""
    if news.event.entity != "held_order":
        return []
    return [OpenLink(held_order_id=uuid.UUID(str(news.event.entity_id)))]


_NAMES = ("held_order.created", "held_order.completed", "held_order.cancelled", "held_order.fulfilled")
REACTIONS = dict.fromkeys(_NAMES, (("linking.open", open_link),))
