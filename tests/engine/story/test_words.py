"""What a story says of an event: the labels of rows, else a sentence; never a raw name where there is something better."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest

from coster.cli import flowfiles
from coster.engine.story import rules
from coster.engine.story.model import Facts, Happened
from coster.kernel import ids

RETAIL = flowfiles.shipped()["order.retail"]
B2B = flowfiles.shipped()["order.b2b"]


def what(name: str, flow: dict[str, Any]) -> str:
    """The words for one event of an order, on the flow that the data names."""
    event = Happened(
        seq=1, name=name, version=1, at=dt.datetime(2026, 11, 23, tzinfo=dt.UTC), actor=ids.NIL, data={"flow": flow},
        kind="orders.step", reason="",
    )  # fmt: skip
    facts = Facts(events=[event], refused=[], timers=[], whole=True)
    of = RETAIL if flow.get("name") == "order.retail" else B2B
    reader = rules.Reader(names={}, reasons=lambda _: True)
    [entry] = rules.story(facts, [of], reader).entries
    return entry.what


@pytest.mark.parametrize(
    ("name", "flow", "words"),
    [
        ("order.flow_moved", {"move": str(uuid.UUID(int=1)), "name": "order.retail", "from_version": 1, "version": 2,
                              "from": "created", "to": "created"}, "Went over to version 2 of its flow"),
        ("order.checkout_moved", {"move": "", "name": "order.retail", "version": 3, "from": "running", "to": "running"},
         "Its checkout went over to version 3 of its flow"),
        ("order.stepped", {"name": "order.b2b", "version": 1, "trigger": "plan_on", "from": "due", "to": "scheduled",
                           "rows": [{"row": 1}]}, "Came to Scheduled"),
        ("order.stepped", {"name": "order.b2b", "version": 1, "trigger": "remind_me", "from": "due", "to": "due", "rows": [{"row": 1}]},
         "Remind me"),
        ("order.shorted", {"name": "order.retail", "version": 1, "to": "created"}, "Got less, because there was less than promised"),
        ("order.cancelled", {"name": "order.retail", "version": 1, "trigger": "cancel", "from": "created", "to": "cancelled",
                             "rows": [{"row": 2, "label": "Cancelled"}]}, "Cancelled"),
    ],
)  # fmt: skip
def test_events_are_told_in_words(name: str, flow: dict[str, Any], words: str) -> None:
    """As a person would say it."""
    assert what(name, flow) == words
