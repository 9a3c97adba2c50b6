"""What held orders do when something happens elsewhere. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from coster.domain.wholesale.model import CompleteSession
from coster.kernel.message import Stored


def complete_ended_session(news: Stored) -> Sequence[CompleteSession]:
    """The amendment window is over: the session's held orders are completed."""
    return [CompleteSession(session_id=news.event.entity_id)]


REACTIONS = {"session.ended": (("wholesale.complete_session", complete_ended_session),)}
