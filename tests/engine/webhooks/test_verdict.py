"""What follows from answers: waits, parking, health; and secrets that are stored nowhere."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from coster.engine.webhooks import verdict
from coster.engine.webhooks.model import Answer, Endpoint, Kept, Note, Policy, Seed
from coster.engine.webhooks.signing import Keyring, KeyUnknownError

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
POLICY = Policy(
    schedule=(10, 60), jitter=0.5, brake=(5, 20), brake_after=3, pause_failures=4, pause_seconds=60
)
NOTE = Note(
    seq=5, name="a", entity="e", entity_id=uuid.UUID(int=1), version=1, at=AT, data=msgspec.Raw(b"{}")
)
ENDPOINT = Endpoint(
    id=uuid.UUID(int=2),
    url="",
    names=[],
    enterprise_id=None,
    status="active",
    seed=Seed(key="k", salt=b""),
    created_at=AT,
)
FAILED, TAKEN = Answer(status=500), Answer(status=204)


def later(seconds: float) -> datetime:
    """Seconds after the beginning."""
    return AT + timedelta(seconds=seconds)


def seen(*answers: Answer, before: int = 0) -> verdict.Health:
    """The answers, a second apart."""
    health = verdict.Health(before=before)
    for index, answer in enumerate(answers):
        health.note(answer, later(index), POLICY)
    return health


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("", 0), ("120", 120), (" 7 ", 7), ("-5", 0), ("soon", 0), ("9" * 400, 999_999_999), ("١٢", 0),
        ("Mon, 23 Nov 2026 09:00:30 GMT", 30), ("Mon, 23 Nov 2026 08:00:00 GMT", 0),
    ],
)  # fmt: skip
def test_retry_after_is_read(text: str, seconds: float) -> None:
    """Seconds or a date; nonsense is none."""
    assert verdict.asked_seconds(text, AT) == seconds


@pytest.mark.parametrize(("chance", "seconds"), [(0.0, 10), (1.0, 15)])
def test_wait_is_longer_by_chance(chance: float, seconds: float) -> None:
    """Up to the jitter's share, never shorter."""
    kept = verdict.after_failure(POLICY, NOTE, FAILED, at=AT, chance=chance)
    assert kept == Kept(seq=5, entity_id=NOTE.entity_id, attempts=1, next_at=later(seconds))


def test_used_up_schedule_parks() -> None:
    """After the schedule's last wait there is one more attempt."""
    last = msgspec.structs.replace(NOTE, attempts=2)
    kept = verdict.after_failure(POLICY, last, Answer(error="no answer within 15 seconds"), at=AT, chance=0)
    assert kept.parked == "given up after 3 attempts; the last one: no answer within 15 seconds"


def message(**said: Any) -> Note:
    """A message of a flow, with what its row says about failure."""
    data = {"order": "7", "on_failure": {"entity": "order", "row": 3, **said}}
    return msgspec.structs.replace(NOTE, data=msgspec.Raw(msgspec.json.encode(data)))


@pytest.mark.parametrize("chance", [0.0, 1.0])
def test_a_rows_own_waits_count_instead_of_the_endpoints(chance: float) -> None:
    """So many further attempts, exactly then, and growing; the receiver's Retry-After still counts."""
    note = message(retry={"times": 3, "wait": "PT1M", "factor": 4})
    waits = []
    for attempts in range(4):
        kept = verdict.after_failure(
            POLICY, msgspec.structs.replace(note, attempts=attempts), FAILED, at=AT, chance=chance
        )
        waits.append(kept.next_at and (kept.next_at - AT).total_seconds())
    assert waits == [60, 240, 960, None]
    assert kept.parked == "given up after 4 attempts; the last one: answered with status 500"
    asked = verdict.after_failure(POLICY, note, Answer(status=503, retry_after="600"), at=AT, chance=0)
    assert asked.next_at == later(600)


@pytest.mark.parametrize(
    ("said", "attempts", "gave_up_at"),
    [
        ({"retry": {"times": 0, "wait": "PT1M"}, "then": "escalate"}, 0, AT),
        ({"retry": {"times": 0, "wait": "PT1M"}}, 0, None),
        ({"then": "escalate"}, 2, AT),
    ],
)
def test_a_row_that_names_what_makes_good_gives_up_for_it(
    said: dict[str, Any], attempts: int, gave_up_at: datetime | None
) -> None:
    """Without `then` it is parked for people; without `retry` the endpoint's schedule counts."""
    note = msgspec.structs.replace(message(**said), attempts=attempts)
    kept = verdict.after_failure(POLICY, note, FAILED, at=AT, chance=0)
    assert (kept.next_at, kept.gave_up_at) == (None, gave_up_at)
    assert kept.parked is not None


def test_failures_count_until_a_success() -> None:
    """The last success ends the row; what was under way when the run braked counts no more."""
    after = verdict.with_health(ENDPOINT, seen(FAILED, TAKEN, FAILED), POLICY, 0)
    assert (after.failures, after.failing_since, after.retry_at) == (1, later(2), None)
    after = verdict.with_health(ENDPOINT, seen(*[FAILED] * 9), POLICY, 0)
    assert (after.failures, after.retry_at) == (3, later(8 + 5))


def test_probe_brakes_longer_and_longer() -> None:
    """One failed probe counts as one, and the last rest goes on."""
    endpoint = msgspec.structs.replace(ENDPOINT, failures=7, failing_since=AT)
    after = verdict.with_health(endpoint, seen(FAILED, before=7), POLICY, 0)
    assert (after.failures, after.retry_at, after.failing_since) == (8, later(20), AT)


def test_pause_wants_many_failures_and_a_while() -> None:
    """A short outage under load is no reason, nor is one failure long ago."""
    many = msgspec.structs.replace(ENDPOINT, failures=4, failing_since=AT)
    few = msgspec.structs.replace(many, failures=3)
    assert [verdict.fails_too_long(many, POLICY, later(s)) for s in (59, 60)] == [False, True]
    assert not verdict.fails_too_long(few, POLICY, later(1000))


def test_secret_follows_from_key_salt_and_endpoint() -> None:
    """The same parts give the same secret, 32 bytes; any other part another; a key that is gone is said."""
    ring = Keyring({"old": b"o" * 32, "new": b"n" * 32}, "new")
    one, two = uuid.UUID(int=1), uuid.UUID(int=2)
    seed = ring.seed(b"s" * 32)
    secrets = [
        ring.secret(1, one, seed), ring.secret(2, one, seed), ring.secret(1, two, seed),
        ring.secret(1, one, ring.seed(b"t" * 32)), ring.secret(1, one, Seed(key="old", salt=seed.salt)),
    ]  # fmt: skip
    assert secrets[0] == ring.secret(1, one, seed)
    assert (len(set(secrets)), {len(secret) for secret in secrets}) == (5, {50})
    with pytest.raises(KeyUnknownError):
        Keyring({"old": b"o" * 32}, "old").secret(1, one, seed)


def test_short_key_is_refused() -> None:
    """A key that could be guessed protects nothing."""
    with pytest.raises(ValueError, match="shorter than 32 bytes"):
        Keyring({"k": b"short"}, "k")
