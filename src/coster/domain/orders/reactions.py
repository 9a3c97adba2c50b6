"""What orders do when something happens elsewhere. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from coster.domain.orders.model import ExpireSession
from coster.kernel.message import Stored


def expire_checkouts(news: Stored) -> Sequence[ExpireSession]:
    """The session is over: a checkout that is still running comes to nothing, before held orders are completed."""
    return [ExpireSession(session_id=news.event.entity_id)]


REACTIONS = {"session.ended": (("orders.expire_session", expire_checkouts),)}
