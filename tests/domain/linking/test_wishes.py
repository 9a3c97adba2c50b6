"""What somebody wants of a link is told; what the program does by itself every day is not."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest

from coster.domain.linking.model import LinkFound, ReconcileLink, RetryLink, SettleLink
from coster.domain.linking.rules import wishing
from coster.kernel.authority import SYSTEM as ALMIGHTY
from coster.kernel.authority import Authority
from coster.kernel.message import Command
from coster.kernel.outcome import Rejected

HELD, HUB, PRODUCER, SESSION, KEY = (uuid.UUID(int=n) for n in range(1, 6))
AT = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)
OF_HUB = Authority(by_enterprise={HUB: frozenset({"held_orders:write"})})


def wanted(body: Any, authority: Authority = OF_HUB, before: str = "") -> Any:
    """What a wish comes to where there may be one already."""
    link = LinkFound(
        held_order_id=HELD, hub_id=HUB, producer_id=PRODUCER, session_id=SESSION, state="open", told=4, wish=before, refused=bool(before),
        alarmed_at=None,
    )  # fmt: skip
    command = Command(uuid.UUID(int=9), 1, KEY, AT, body, reason="They rang.", authority=authority)
    return wishing.decide({HELD: link}, [command])


@pytest.mark.parametrize(
    ("body", "name", "wish"),
    [
        (RetryLink(held_order_id=HELD), "link.retry_asked", "retry"),
        (ReconcileLink(held_order_id=HELD), "link.comparison_asked", "look"),
        (ReconcileLink(held_order_id=HELD, by_itself=True), "link.comparison_asked", "look"),
    ],
)
def test_who_has_a_link_tried_or_compared_is_told(body: Any, name: str, wish: str) -> None:
    """With the reason, as the link's next event; a person cannot keep it quiet."""
    decided = wanted(body)
    [(_, event)] = decided.events
    assert (event.name, event.entity, event.entity_id, event.version) == (name, "link", HELD, 5)
    assert (event.data["cause"], event.data["enterprises"], event.data["held_order_id"]) == (
        "They rang.",
        [str(HUB)],
        str(HELD),
    )
    [link] = decided.writes.links
    assert (link.wish, link.told) == (wish, 5)


@pytest.mark.parametrize(
    ("before", "body", "wish"),
    [
        ("accept", ReconcileLink(held_order_id=HELD, by_itself=True), "accept"),
        ("accept", RetryLink(held_order_id=HELD), "accept"),
        ("close", SettleLink(held_order_id=HELD, how="accept", reason="Frost."), "close"),
        ("look", SettleLink(held_order_id=HELD, how="accept", reason="Frost."), "accept"),
        ("open", ReconcileLink(held_order_id=HELD), "look"),
    ],
)
def test_what_somebody_decided_is_not_lost_over_what_came_next(before: str, body: Any, wish: str) -> None:
    """Found by a history of three servers: a restarted server compared all links, and what people had just accepted was forgotten."""
    [link] = wanted(body, before=before).writes.links
    assert link.wish == wish


def test_what_the_program_compares_by_itself_is_not_told() -> None:
    """Every day, every link: that is no news. What is asked on the server's own command line is."""
    quiet = wanted(ReconcileLink(held_order_id=HELD, by_itself=True), ALMIGHTY)
    assert (quiet.events, quiet.writes.links[0].wish) == ([], "look")
    assert [event.name for _, event in wanted(ReconcileLink(held_order_id=HELD), ALMIGHTY).events] == [
        "link.comparison_asked"
    ]


def test_nobody_else_is_told_or_heard() -> None:
    """A key of another hub finds no such link."""
    decided = wanted(
        RetryLink(held_order_id=HELD), Authority(by_enterprise={PRODUCER: frozenset({"held_orders:write"})})
    )
    assert (isinstance(decided.outcomes[0], Rejected), decided.events, list(decided.writes.links)) == (
        True,
        [],
        [],
    )
