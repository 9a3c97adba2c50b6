"""Identifiers that sort by time, follow from others, and can be read out."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import uuid

from hypothesis import given
from hypothesis import strategies as st

from coster.kernel import ids

INSTANT = st.datetimes(dt.datetime(1970, 1, 2), dt.datetime(2600, 1, 1), timezones=st.just(dt.UTC))  # noqa: DTZ001 - bounds
ENTROPY = st.binary(min_size=10, max_size=10)
PLAIN = st.text(st.characters(exclude_characters="\x1f", exclude_categories=["Cs"]), max_size=8)


def test_example_of_the_standard() -> None:
    """RFC 9562, appendix A.6: 22 February 2022, 14:22:22 in New York."""
    entropy = (0xCC3 << 68 | 0x18C4DC0C0C07398F).to_bytes(10, "big")
    made = ids.at_instant(dt.datetime(2022, 2, 22, 19, 22, 22, tzinfo=dt.UTC), entropy)
    assert made == uuid.UUID("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")


@given(INSTANT, ENTROPY)
def test_every_id_is_of_version_7_and_keeps_its_millisecond(instant: dt.datetime, entropy: bytes) -> None:
    """Version, variant and time stand where the standard says."""
    made = ids.at_instant(instant, entropy)
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == int(instant.timestamp() * 1000)


@given(INSTANT, INSTANT, ENTROPY, ENTROPY)
def test_ids_sort_by_time(one: dt.datetime, other: dt.datetime, first: bytes, second: bytes) -> None:
    """A later millisecond is a larger id, whatever the entropy."""
    early, late = sorted((one, other))
    if int(early.timestamp() * 1000) < int(late.timestamp() * 1000):
        assert ids.at_instant(early, first) < ids.at_instant(late, second)


@given(INSTANT, ENTROPY, ENTROPY)
def test_entropy_tells_ids_of_one_moment_apart(instant: dt.datetime, one: bytes, other: bytes) -> None:
    """All but the six bits that the standard takes for itself are in the id."""
    kept = ~(0b111111 << 62)
    same = int.from_bytes(one, "big") & kept == int.from_bytes(other, "big") & kept
    assert (ids.at_instant(instant, one) == ids.at_instant(instant, other)) == same


@given(st.lists(PLAIN, max_size=4), st.lists(PLAIN, max_size=4))
def test_derived_ids_follow_from_their_parts_and_from_nothing_else(one: list[str], other: list[str]) -> None:
    """Equal parts give the same id; parts that are cut differently give another."""
    if one or other:
        assert (ids.derived(*one) == ids.derived(*other)) == ("\x1f".join(one) == "\x1f".join(other))


def test_derived_ids_are_the_same_in_every_process() -> None:
    """Stored ids depend on it; so does this value, for good."""
    expected = "5fbdbbed-e6a8-574b-91b2-2ad98189fbde"
    code = "from coster.kernel import ids; print(ids.derived('pool', 1, 'x'))"
    other = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert other == str(ids.derived("pool", 1, "x")) == expected
    assert uuid.UUID(other).version == 5


@given(st.uuids())
def test_short_forms_are_ten_signs_that_nobody_mixes_up(identifier: uuid.UUID) -> None:
    """No I, L, O or U; the value is the id's last 50 bits in base 32."""
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    made = ids.short(identifier)
    assert len(made) == 10
    assert (
        sum(alphabet.index(sign) << 5 * place for place, sign in enumerate(reversed(made)))
        == identifier.int % 2**50
    )


def test_the_nil_id_is_all_zeros() -> None:
    """The standard's own."""
    assert (str(ids.NIL), ids.short(ids.NIL)) == ("00000000-0000-0000-0000-000000000000", "0000000000")
