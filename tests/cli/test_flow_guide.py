"""The guide on changing flows: what it has people type gives what it says, word by word."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.cli.conftest import Inside
from tests.house.tree import PROJECT

GUIDE = (PROJECT / "docs" / "guide" / "changing-flows.md").read_text(encoding="utf-8")
YAML = re.findall(r"^```yaml\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
# A command with its answer, up to the next command or the end of the block.
TYPED = re.findall(r"^\$ (coster flows [^\n]*)\n(.*?)(?=^\$ |^```)", GUIDE, re.MULTILINE | re.DOTALL)
FLOW = Path("flows") / "order.retail.yaml"


def change(*edits: tuple[str, str]) -> None:
    """Edits the file, each in one place."""
    text = FLOW.read_text(encoding="utf-8")
    for before, after in edits:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    FLOW.write_text(text, encoding="utf-8")


def test_guide_is_true(inside: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command on files, in order, with the changes that stand between them."""
    settings, status, rows, booked, mended, scenarios = YAML
    monkeypatch.chdir(tmp_path)
    seen = []

    def type_in(start: str) -> None:
        command, told = TYPED[len(seen)]
        assert command.startswith(start)
        done = inside(*shlex.split(command)[1:])
        assert done.out + done.err == told
        seen.append(command)

    type_in("coster flows new")
    change(("statuses:\n  created:", f"{settings}\nstatuses:\n  created:"))
    change((booked.replace("    when: order.total <= settings.review_above\n", ""), booked))
    change(("  cancelled:\n", f"{status}  cancelled:\n"), ("transitions:\n", f"{rows}\n"))
    type_in("coster flows check")
    change((rows.splitlines()[-1] + "\n", mended))
    proved = inside("flows", "check", str(FLOW))
    assert TYPED[len(seen)][1] in proved.out
    seen.append("coster flows check")
    type_in("coster flows diff")
    type_in("coster flows simulate")
    FLOW.with_suffix(".scenarios.yaml").write_text(scenarios, encoding="utf-8")
    type_in("coster flows test")
