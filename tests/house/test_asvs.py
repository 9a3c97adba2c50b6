"""docs/operate/asvs.md has every requirement of OWASP ASVS 4.0.3, level 2, and every test that it names is there."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from tests.house.named_tests import missing
from tests.house.tree import PROJECT

PAGE: Final = PROJECT / "docs" / "operate" / "asvs.md"
TEST: Final = re.compile(r"`([\w/]+\.py::\w+)`")
ROW: Final = re.compile(r"^\| (V[^|]+) \|[^|]+\| (\w+) \|(.+)\|$", re.MULTILINE)
NUMBER: Final = re.compile(r"V\d+\.\d+\.\d+")
WAYS: Final = {"shown", "operator", "none", "differs"}
# The last number of each section, and the numbers in between that are deleted or of level 3 alone.
SECTIONS: Final = {
    "V1.1": 7, "V1.2": 4, "V1.4": 5, "V1.5": 4, "V1.6": 4, "V1.7": 2, "V1.8": 2, "V1.9": 2, "V1.10": 1, "V1.11": 2, "V1.12": 2,
    "V1.14": 6, "V2.1": 12, "V2.2": 3, "V2.3": 3, "V2.4": 5, "V2.5": 7, "V2.6": 3, "V2.7": 6, "V2.8": 7, "V2.9": 3, "V2.10": 4,
    "V3.1": 1, "V3.2": 4, "V3.3": 4, "V3.4": 5, "V3.5": 3, "V3.7": 1, "V4.1": 5, "V4.2": 2, "V4.3": 3, "V5.1": 5, "V5.2": 8,
    "V5.3": 10, "V5.4": 3, "V5.5": 4, "V6.1": 3, "V6.2": 6, "V6.3": 2, "V6.4": 2, "V7.1": 4, "V7.2": 2, "V7.3": 4, "V7.4": 3,
    "V8.1": 4, "V8.2": 3, "V8.3": 8, "V9.1": 3, "V9.2": 4, "V10.2": 2, "V10.3": 3, "V11.1": 8, "V12.1": 3, "V12.2": 1, "V12.3": 6,
    "V12.4": 2, "V12.5": 2, "V12.6": 1, "V13.1": 5, "V13.2": 6, "V13.3": 2, "V13.4": 2, "V14.1": 4, "V14.2": 6, "V14.3": 3,
    "V14.4": 7, "V14.5": 4,
}  # fmt: skip
LEFT_OUT: Final = {
    "V1.4.2", "V1.4.3", "V1.12.1", "V2.4.6", "V4.1.4", "V7.3.2", "V13.1.2", "V13.2.4", "V14.3.1",
}  # fmt: skip


def wanted() -> set[str]:
    """The requirements of level 2."""
    every = {f"{section}.{number}" for section, last in SECTIONS.items() for number in range(1, last + 1)}
    return every - LEFT_OUT


def told(text: str) -> list[str]:
    """The requirements of a page's rows, ranges written out."""
    found = []
    for cell, _, _ in ROW.findall(text):
        for part in cell.split(", "):
            first, *last = NUMBER.findall(part)
            section, _, number = first.rpartition(".")
            end = int(last[0].rpartition(".")[2]) if last else int(number)
            found += [f"{section}.{one}" for one in range(int(number), end + 1)]
    return found


def test_every_requirement_is_told_once() -> None:
    """None is forgotten, none is told twice, and none is made up."""
    counted = Counter(told(PAGE.read_text(encoding="utf-8")))
    assert {one for one, count in counted.items() if count > 1} == set()
    assert set(counted) == wanted()


def test_every_row_says_how() -> None:
    """Shown by a test, or a reason in words why not."""
    rows = ROW.findall(PAGE.read_text(encoding="utf-8"))
    assert {way for _, way, _ in rows} <= WAYS
    reasons = [(cell, why) for cell, way, why in rows if way == "shown" and "::" not in why]
    assert [cell for cell, why in reasons if "repository" not in why] == []
    assert [cell for cell, _, why in rows if len(why.split()) < 2 and "::" not in why] == []


def test_tests_that_are_named_exist() -> None:
    """Each `file::test` of the page, below tests/."""
    named = TEST.findall(PAGE.read_text(encoding="utf-8"))
    assert len(named) > 60
    assert missing(PROJECT / "tests", named) == []


def test_planted_name_is_missed() -> None:
    """A test that was renamed is told, and a range is its numbers."""
    assert missing(PROJECT / "tests", ["house/test_asvs.py::test_gone"]) == ["house/test_asvs.py::test_gone"]
    assert told("| V1.1.1 to V1.1.3, V2.2.2 | x | none | y |\n") == ["V1.1.1", "V1.1.2", "V1.1.3", "V2.2.2"]
