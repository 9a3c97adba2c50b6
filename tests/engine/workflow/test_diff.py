"""What differs between two flows: by key, by name and row by row, and nothing that does not matter."""

from __future__ import annotations

import pytest

from coster.engine.workflow import diff, language
from tests.engine.workflow import cases
from tests.engine.workflow.test_reference import EVERYTHING

GOOD = language.read(cases.GOOD)


def changes(*edits: tuple[str, str]) -> list[str]:
    """What the edits of the small flow come to."""
    return [str(change) for change in diff.diff(GOOD, language.read(cases.edited(cases.GOOD, edits)))]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("version: 1", "version: 2", ["~ version: 1 -> 2"]),
        ("version: 1", "version: 1\ntitle: Parcels", ["+ title: Parcels"]),
        ("version: 1", "version: 1\nsettings: {limit: 5}", ["+ settings.limit: 5"]),
        (
            "{category: booking, holds: none, rests",
            "{label: Put by, category: booking, holds: none, rests",
            ["+ statuses.parked.label: Put by"],
        ),
        ("    to: packed\n", "    to: gone\n", ["~ row pack from open: to: packed -> gone"]),
        (
            "    when: items > 0\n",
            "    when: items > 1\n",
            ["~ row pack from open: when: items > 0 -> items > 1"],
        ),
        ("  - on: note\n", "", ['- row note from every status: {"on":"note"}']),
        (
            "  - on: note\n",
            "  - on: note\n  - {on: extend, from: open}\n",
            ['+ row extend from open: {"on":"extend","from":"open"}'],
        ),
        (
            "  - after: {field: due}\n    from: [open]\n",
            "  - after: {field: due, before: PT1H}\n    from: [open]\n",
            [
                '- row after:due from open: {"after":{"field":"due"},"from":"open","do":["release"],"to":"parked"}',
                '+ row after:due-PT1H from open: {"after":{"field":"due","before":"PT1H"},"from":"open","do":["release"],"to":"parked"}',
            ],
        ),
    ],
)
def test_a_change_is_told(old: str, new: str, told: list[str]) -> None:
    """One edit, one sentence."""
    assert changes((old, new)) == told


def test_what_does_the_same_is_no_difference() -> None:
    """Comments, spacing, the order of statuses, a list of one, and rows of other triggers in between."""
    assert (
        changes(
            ("version: 1", "version: 1   # the first"),
            ("from: [parked]\n    do: [take]", "from: parked\n    do: [take]"),
        )
        == []
    )
    assert changes(("  - on: note\n", ""), ("  - on: pack\n", "  - on: note\n  - on: pack\n")) == []
    assert diff.diff(language.read(EVERYTHING), language.read(EVERYTHING)) == ()


def test_rows_of_a_trigger_that_change_places_are_told() -> None:
    """The first that fits fires, so their order matters."""
    one = "  - {on: extend, from: [open], when: express, to: packed}\n"
    other = "  - {on: extend, from: [open], when: items > 1, to: gone}\n"
    found = diff.diff(language.read(cases.GOOD + one + other), language.read(cases.GOOD + other + one))
    assert [str(change) for change in found] == ["~ row extend from open: row 9 is now row 10"]


def test_lines_are_those_where_one_would_look() -> None:
    """In the new file, or in the old one for what is gone."""
    text = cases.edited(cases.GOOD, (("  - on: note\n", ""), ("    to: packed\n", "    to: gone\n")))
    found = diff.diff(GOOD, language.read(text))
    assert [(change.kind, change.line) for change in found] == [("removed", 45), ("changed", 10)]
