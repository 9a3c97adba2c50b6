"""The flow of webhook endpoints is what their rules go by."""

from __future__ import annotations

from typing import get_args

import pytest

from coster.cli import flowfiles
from coster.engine.webhooks import life, rules
from coster.engine.webhooks.model import Status


def test_the_flows_statuses_are_those_of_the_record_and_of_the_table() -> None:
    """The machinery is bound to them, so the file cannot have others."""
    assert tuple(status.name for status in life.TABLE.flow.statuses) == get_args(Status)


def test_every_action_of_the_flow_has_its_function() -> None:
    """All but `replace`, which is the command's own."""
    named = {call.name for row in life.TABLE.flow.transitions for call in row.do}
    assert named == {*rules._ACTIONS, "replace"}  # noqa: SLF001 - the test is about this table


@pytest.mark.parametrize(
    ("trigger", "active", "paused", "disabled", "deleted"),
    [
        ("change", "active", "paused", "disabled", None),
        ("pause", "paused", "paused", "disabled", None),
        ("resume", "active", "active", "active", None),
        ("fail", "paused", None, None, None),
        ("gone", "disabled", None, None, None),
        ("delete", "deleted", "deleted", "deleted", None),
    ],
)
def test_an_endpoint_moves_as_designed(
    trigger: str, active: str | None, paused: str | None, disabled: str | None, deleted: str | None
) -> None:
    """Each trigger in each status; None: not possible there."""
    found = [life.step(status, trigger) for status in ("active", "paused", "disabled", "deleted")]
    assert [row.to if row else None for row in found] == [active, paused, disabled, deleted]


def test_the_flow_is_shipped_like_those_of_the_rooms() -> None:
    """`coster flows` finds it, with its scenarios and with what it may name."""
    assert "webhook.endpoint" in flowfiles.shipped_texts()
    assert "webhook.endpoint" in flowfiles.shipped_texts(flowfiles.SCENARIOS)
    assert "webhook_endpoint" in flowfiles.vocabularies()
