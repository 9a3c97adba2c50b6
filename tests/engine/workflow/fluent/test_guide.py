"""The guide's example is what the importer makes."""

from __future__ import annotations

import re

from coster.engine.workflow.fluent.converting import convert
from tests.house.tree import PROJECT

PAGE = (PROJECT / "docs" / "guide" / "fluent.md").read_text("utf-8")


def block(language: str) -> str:
    """The first block of code in a language, or without one."""
    found = re.search(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def test_the_guides_example_is_what_is_made() -> None:
    """The flow to the letter, and the counts of the report."""
    converted = convert(block("json"))
    assert converted.texts == (block("yaml"),)
    verdicts = [line.verdict for line in converted.report]
    counts = f"{len(verdicts)} parts: {verdicts.count('mapped')} mapped, {verdicts.count('approximated')} approximated, "
    assert f"{counts}{verdicts.count('not_mapped')} not mapped." in PAGE
    for line in converted.report:
        assert (str(line) in PAGE) == (line.verdict == "not_mapped")
