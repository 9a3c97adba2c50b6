"""examples/coster-gift-note: installed beside Coster its action is found, its flow proved and its scenarios lived through."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.packages import EXAMPLES, install

FLOW = EXAMPLES / "coster-gift-note" / "flows" / "order.gift.yaml"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the package in it."""
    return install("coster-gift-note", tmp_path_factory.mktemp("site"))


def coster(*words: str, beside: Path | None = None) -> tuple[int, str]:
    """The command line in a process of its own, with packages of that directory; its code and all that it said."""
    environment = {**os.environ, "PYTHONPATH": str(beside or "")}
    done = subprocess.run(
        [sys.executable, "-m", "coster.cli.main", *words],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_with_the_package_the_flow_is_proved(installed: Path) -> None:
    """The checker knows the action with its parameters."""
    code, told = coster("flows", "check", str(FLOW), beside=installed)
    assert (code, "order.gift version 1 is proved" in told) == (0, True), told


def test_without_it_the_flow_is_refused() -> None:
    """By the name of the action."""
    code, told = coster("flows", "check", str(FLOW))
    assert (code, "gift_note" in told) == (1, True), told


def test_the_action_is_carried_out(installed: Path) -> None:
    """In every scenario: kept, printed, or refused with its own codes."""
    code, told = coster("flows", "test", str(FLOW), beside=installed)
    assert (code, told.count("kept    order.gift: ")) == (0, 4), told


def test_attributes_and_messages_come_back(installed: Path) -> None:
    """What the order keeps, and the message with its words in order."""
    code, told = coster(
        "flows", "simulate", str(FLOW), "{event: write_note, attributes: {note: 'Happy  birthday!', sender: Ada}}",
        "--json", beside=installed,
    )  # fmt: skip
    assert code == 0, told
    assert "gift_note.to_print" in told
    assert "Happy birthday!" in told
