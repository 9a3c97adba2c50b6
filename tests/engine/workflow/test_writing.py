"""What is written is read back as the same flow."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from coster.engine.workflow import language, writing
from coster.engine.workflow.records import Flow
from tests.engine.workflow import cases, cases_parts
from tests.engine.workflow.test_reference import EVERYTHING
from tests.engine.workflow.test_shipped import HELD, RETAIL

NEAR = {cases.edited(case.base, case.near) for case in cases_parts.CASES}
TEXTS = (RETAIL, HELD, EVERYTHING, cases.MEMO, *sorted(NEAR))


def bare(flow: Flow) -> Any:
    """The flow as plain data without the lines of its file."""

    def without(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: without(part) for key, part in value.items() if key != "line"}
        return [without(part) for part in value] if isinstance(value, list | tuple) else value

    return without(msgspec.to_builtins(flow))


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_a_flow_is_read_back_as_it_was_written(text: str) -> None:
    """Twice, so that the text settles."""
    flow = language.read(text)
    written = writing.write(flow)
    assert bare(language.read(written)) == bare(flow)
    assert writing.write(language.read(written)) == written


def test_a_written_flow_reads_well() -> None:
    """Words that YAML 1.1 takes for truth values need no quotes, numbers that are text do."""
    flow = language.read(cases.edited(cases.GOOD, (("{event: reminder}", "{event: 'no', copies: 2}"),)))
    text = writing.write(msgspec.structs.replace(flow, title="12", settings={"limit": 0, "on": False}))
    assert "- on: pack\n  from: open\n" in text
    assert "title: '12'" in text
    assert "notify: {event: no, copies: 2}" in text
    assert language.read(text).settings == {"limit": 0, "on": False}


@pytest.mark.parametrize("sign", ["\x85", "\u2028", "\ufeff", "\x00", "\t", "\n", "'", '"', "é"])
def test_every_sign_is_read_back(sign: str) -> None:
    """Line breaks that only Unicode knows too, in the middle and at the ends."""
    flow = msgspec.structs.replace(
        language.read(cases.GOOD), settings={"a": f"x{sign}y", "b": f"{sign}x{sign}"}
    )
    assert language.read(writing.write(flow)).settings == flow.settings


def test_empty_text_stays_text() -> None:
    """Also where a block is written, in which nothing at all would be null."""
    flow = language.read(cases.edited(cases.GOOD, (("{event: reminder}", "{event: ''}"),)))
    long = msgspec.structs.replace(flow, settings={"blank": "", "long": ("x" * 80, "y" * 80)})
    assert language.read(writing.write(long)).settings == long.settings
