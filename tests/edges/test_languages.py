"""Which languages a header asks for, by values."""

from __future__ import annotations

import pytest

from coster.edges.http import languages


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (None, []),
        (b"", []),
        (b"de", ["de"]),
        (b"fr;q=0.5, de-AT, en;q=0.8", ["de-AT", "en", "fr"]),
        (b"en;q=0, nl;q=1", ["nl"]),
        (b"*, de;q=0.3", ["de"]),
        (b"de;q=nonsense, fr;q=2, nl;level=1, en", ["en"]),
        (b"\xff\xfe;;;=,", []),
    ],
)
def test_the_most_wanted_first(header: bytes | None, found: list[str]) -> None:
    """By weight, then as they stand; what cannot be read is passed over, and zero means not at all."""
    assert languages.wanted(header) == found
