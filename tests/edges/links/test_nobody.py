"""The search after every scenario finds what is there to be found."""

from __future__ import annotations

import base64
import uuid

import pytest

from coster.kernel import ids
from tests.edges.links import nobody

HIM, HIS = uuid.UUID(int=77), uuid.UUID(int=88 << 64)
KNOWN = nobody.Shoppers(words=frozenset({"Quenby Hazel"}), persons=frozenset({HIM}), deeds=frozenset({HIS}))


@pytest.mark.parametrize(
    "text",
    ["x Quenby Hazel y", "QUENBY HAZEL", b"Quenby Hazel".hex(), base64.b64encode(b"ab Quenby Hazel").decode(), f"/{HIM}", HIM.hex,
     str(HIS).upper(), ids.short(HIS)],
)  # fmt: skip
def test_who_is_named_in_what_was_sent_is_found(text: str) -> None:
    """By his name in any of its forms, by his id, and by that of what he did."""
    with pytest.raises(AssertionError, match="sent"):
        nobody.search(KNOWN, {"sent": text.encode()})


def test_a_log_may_name_an_order_and_no_person() -> None:
    """Also in the words of an exception."""
    nobody.search(KNOWN, {"the log": nobody.logged([{"event": "x", "order": str(HIS)}])})
    with pytest.raises(AssertionError, match="the log"):
        nobody.search(
            KNOWN, {"the log": nobody.logged([{"event": "x", "exc_info": ValueError("no Quenby Hazel")}])}
        )
