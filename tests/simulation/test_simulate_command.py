"""`coster simulate` as it is typed: it ends with 0 where all is well, and otherwise with 1 and a history to live through again."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from coster.cli.main import main
from coster.domain.inventory.rules import holding
from coster.simulation import town


def test_disagreement_is_printed_kept_and_lived_through_again(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, pg_bin: Path | None
) -> None:
    """A wrong rule: code 1 and the short history, on the terminal and in the file; once the rule is right, the file is code 0."""
    failing = tmp_path / "failing.json"
    real = holding.give_up

    def forgetful(book: Any, demand: Any, held: Any, take: int) -> int:
        return real(book, demand, held, max(1, take - 1))

    with monkeypatch.context() as planted:
        planted.setattr(holding, "give_up", forgetful)
        given = ["simulate", "--commands", "700", "--batch", "8", "--seed", "5", "--failing", str(failing)]
        assert main(given) == 1
    said = capfd.readouterr().out
    assert "The shortest history that was found" in said
    assert '"kind":"place"' in said
    assert main(["simulate", "--history", str(failing), "--json"]) == 0
    assert json.loads(capfd.readouterr().out) == {"disagreements": [], "promises_broken": []}


def test_no_promise_is_broken_however_long_the_town_lives(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, pg_bin: Path | None
) -> None:
    """A million commands are more than an hour of the town's, which has no relay that could be late."""
    instant = town.instant
    monkeypatch.setattr(town, "instant", lambda at: instant(at) + dt.timedelta(days=2))
    assert main(["simulate", "--commands", "300", "--seed", "5", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["promises_broken"] == []


def test_file_without_a_history_is_not_understood(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """What is no history is told by the file's name, and nothing is started."""
    (tmp_path / "other.json").write_text("[1]", encoding="utf-8")
    assert main(["simulate", "--history", str(tmp_path / "other.json")]) == 2
    assert "other.json holds no history of a simulation" in capfd.readouterr().err
