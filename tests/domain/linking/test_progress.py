"""When a held order whose session has ended may be completed: once its supplier has said yes to all that is in it."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import msgspec
import pytest

from coster.domain.federation.ports import RemoteLine, RemoteSession
from coster.domain.linking.model import Here, Link, Offered, State
from coster.domain.linking.rules import progress

NOW = dt.datetime(2026, 11, 27, 18, tzinfo=dt.UTC)
ITEM = uuid.UUID(int=1)
SESSION = RemoteSession(
    id=uuid.UUID(int=2), begins_at=NOW - dt.timedelta(days=4), ends_at=NOW - dt.timedelta(hours=1)
)
LONGER = msgspec.structs.replace(SESSION, ends_at=SESSION.ends_at + dt.timedelta(days=3))
HERE = Here(
    version=3, holds="live", items={ITEM: 2_000}, delivered=False, marks={}, session=SESSION, closes_at=SESSION.ends_at,
    hub_id=uuid.UUID(int=3), producer_id=uuid.UUID(int=4), peer_id=uuid.UUID(int=5),
    offered={ITEM: Offered(item_id=ITEM, product="carrots", offer="")}, ended=True,
)  # fmt: skip


def held(version: int, quantity: int) -> State:
    """What the supplier has acknowledged."""
    lines = (RemoteLine(product="carrots", offer="", quantity=quantity),)
    return State(version=version, standing="held", lines=lines, ends_at=SESSION.ends_at)


@pytest.mark.parametrize(
    ("acked", "here", "state", "step"),
    [
        (held(3, 2_000), {}, "open", progress.Finish),
        (held(3, 2_000), {"ended": False}, "open", progress.Rest),
        (held(2, 2_000), {}, "open", progress.Confirm),
        (held(2, 1_000), {}, "open", progress.Put),
        (held(2, 1_000), {}, "done", progress.Finish),
        (held(3, 2_000), {"ended": False, "session": LONGER}, "open", progress.Put),
        (held(3, 0), {"ended": False, "session": LONGER, "items": {}}, "open", progress.Confirm),
        (held(3, 2_000), {"holds": "committed"}, "open", progress.Put),
    ],
    ids=[
        "all said yes to",
        "not ended",
        "the mark first",
        "not all",
        "closed by people",
        "longer",
        "longer and empty",
        "completed already",
    ],
)
def test_next_step_at_the_end(acked: State, here: dict[str, Any], state: Any, step: type) -> None:
    """Each standing of the two sides has one next step."""
    link = Link(
        held_order_id=uuid.UUID(int=6),
        producer_id=HERE.producer_id,
        state=state,
        order="there",
        sequence=2,
        acked=acked,
    )
    found = progress.next_step(link, msgspec.structs.replace(HERE, **here), NOW, NOW)
    assert type(found) is step
