"""What a flow decided is told as JSON: rows, guards with values, actions; and why nothing happened."""

from __future__ import annotations

import json
import uuid
from typing import Any

from coster.engine.flows import audit
from coster.engine.workflow import compile as compiling
from coster.engine.workflow.driving import Driven, drive
from coster.engine.workflow.step import Context
from tests.engine.workflow import cases
from tests.engine.workflow.vocabularies import PARCEL

TABLE = compiling.load(cases.GOOD, PARCEL)
PARCEL_ID = uuid.UUID(int=7)


def driven(status: str, trigger: str, **context: Any) -> tuple[Driven, audit.Watched, list[str]]:
    """A step of the parcel, what watched it, and for which triggers a context was made."""
    asked: list[str] = []

    def context_of(name: str) -> Context:
        asked.append(name)
        return context

    watched = audit.Watched(TABLE, context_of)
    return drive(watched, (status, trigger), lambda _: None), watched, asked


def test_a_row_without_a_guard_costs_no_context() -> None:
    """It is told with its place, its actions, and no guards."""
    done, watched, asked = driven("parked", "revive")
    assert asked == []
    told = audit.told(TABLE, "revive", "parked", done, watched)
    assert told == {
        "name": "parcel.test", "version": 1, "trigger": "revive", "from": "parked", "to": "open", "rows": [{"row": 5, "actions": ["take"]}],
    }  # fmt: skip
    assert audit.rows(told) == [
        {
            "row": 5,
            "trigger": "revive",
            "label": "",
            "from": "parked",
            "to": "open",
            "guards": [],
            "actions": ["take"],
        }
    ]


def test_what_follows_from_the_rest_is_not_told_and_read_all_the_same() -> None:
    """Rows that lead on to each other: another trigger, where each led, and one after which somebody else went on."""
    told = {
        "trigger": "a", "from": "one", "to": "four",
        "rows": [{"row": 1, "to": "two"}, {"row": 2, "trigger": "b", "label": "On"}, {"row": 3, "from": "three"}],
    }  # fmt: skip
    assert [(row["trigger"], row["from"], row["to"], row["label"]) for row in audit.rows(told)] == [
        ("a", "one", "two", ""),
        ("b", "two", "two", "On"),
        ("a", "three", "four", ""),
    ]
    assert audit.rows({"name": "parcel.test", "version": 1, "to": "open"}) == []


def test_rows_are_read_as_they_were_carried_out() -> None:
    """A row that leads out and another that leads on in the same event."""
    text = cases.edited(
        cases.GOOD, (("    do: [take]\n    to: open", "    do: [take]\n    to: open\n    next: note"),)
    )
    table = compiling.load(text, PARCEL)
    watched = audit.Watched(table, lambda _: {})
    done = drive(watched, ("parked", "revive"), lambda _: None)
    told = audit.told(table, "revive", "parked", done, watched)
    assert told["rows"] == [{"row": 5, "actions": ["take"], "to": "open"}, {"row": 7, "trigger": "note"}]
    assert [(row["trigger"], row["from"], row["to"]) for row in audit.rows(told)] == [
        ("revive", "parked", "open"),
        ("note", "open", "open"),
    ]


def test_guards_are_told_with_what_they_read() -> None:
    """Those that were false, too: the row that followed by `otherwise` says why it came."""
    done, watched, asked = driven("open", "pack", items=0)
    [row] = audit.rows(audit.told(TABLE, "pack", "open", done, watched))
    assert asked == ["pack"]
    assert (row["row"], row["to"], row["actions"]) == (1, "gone", ["release"])
    assert row["guards"] == [{"guard": "items > 0", "answer": False, "values": {"items": 0}}]


def test_a_refusal_tells_why() -> None:
    """Reason, status, what is possible; and it can be kept as JSON."""
    done, watched, _ = driven("gone", "pack")
    assert done.unmatched is not None
    detail = audit.refused("parcel", PARCEL_ID, done.unmatched, watched)
    assert json.loads(json.dumps(detail)) == {
        "entity": "parcel", "entity_id": str(PARCEL_ID), "trigger": "pack", "reason": "wrong_status", "status": "gone",
        "possible": ["note"], "guards": [],
    }  # fmt: skip
