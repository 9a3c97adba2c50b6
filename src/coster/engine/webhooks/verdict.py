"""What follows from an answer: delivered, again later, parked; and the endpoint's health. Pure."""

from __future__ import annotations

import datetime as dt
import email.utils
from collections.abc import Sequence

import msgspec

from coster.engine.flows import failing
from coster.engine.webhooks.model import Answer, Endpoint, Kept, Note, Policy

GONE = 410


class Health(msgspec.Struct, kw_only=True):
    """What a run saw of an endpoint, in the order in which the answers came."""

    before: int
    """Failures in a row before the run; 0 after its first success."""
    failures: int = 0
    """Since the last success of the run, or since its beginning; what was under way when it braked counts no more."""
    braked: bool = False
    success_at: dt.datetime | None = None
    failure_at: dt.datetime | None = None
    error: str = ""
    gone: bool = False

    def note(self, answer: Answer, at: dt.datetime, policy: Policy) -> None:
        """Takes an answer in; brakes the run after a 410, and when failures in a row show that all is down."""
        if delivered(answer):
            self.before, self.failures, self.success_at = 0, 0, at
            return
        self.failure_at, self.error = at, described(answer)
        if not self.braked:
            self.failures += 1
        self.gone = self.gone or answer.status == GONE
        self.braked = self.braked or self.gone or self.before + self.failures >= policy.brake_after


def delivered(answer: Answer) -> bool:
    """Whether the receiver has taken it: any 2xx. A redirect is not followed, so it is a failure like others."""
    return 200 <= answer.status < 300


def described(answer: Answer) -> str:
    """The failure in our own words; a receiver's words are never stored."""
    return answer.error or f"answered with status {answer.status}"


def wait_seconds(policy: Policy, attempts: int, chance: float) -> float | None:
    """Seconds until the next attempt after so many; None when it is given up. `chance` is from 0 to 1."""
    if attempts > len(policy.schedule):
        return None
    return policy.schedule[attempts - 1] * (1 + policy.jitter * chance)


def after_failure(policy: Policy, note: Note, answer: Answer, *, at: dt.datetime, chance: float) -> Kept:
    """The delivery as it is kept after a failure: due again, at the earliest when the receiver asked for, or parked.

    A message of a flow is tried as often as its row says, and exactly then; where the row also names what makes good, it is given
    up for that.
    """
    attempts, said = note.attempts + 1, failing.of(note.data)
    waits = said.waits() if said is not None else None
    seconds = wait_seconds(policy, attempts, chance) if waits is None else _row_seconds(waits, attempts)
    if seconds is None:
        tried = "1 attempt" if attempts == 1 else f"{attempts} attempts"
        cause = f"given up after {tried}; the last one: {described(answer)}"
        gave_up_at = at if said is not None and said.then else None
        return Kept(
            seq=note.seq, entity_id=note.entity_id, attempts=attempts, parked=cause, gave_up_at=gave_up_at
        )
    asked = min(asked_seconds(answer.retry_after, at), policy.retry_after_most)
    due = at + dt.timedelta(seconds=max(seconds, asked))
    return Kept(seq=note.seq, entity_id=note.entity_id, attempts=attempts, next_at=due)


def _row_seconds(waits: Sequence[dt.timedelta], attempts: int) -> float | None:
    """The same by a row's own waits, which nothing is added to."""
    return waits[attempts - 1].total_seconds() if attempts <= len(waits) else None


def asked_seconds(retry_after: str, at: dt.datetime) -> float:
    """A Retry-After header in seconds from now (RFC 9110 §10.2.3: a number or a date); 0 for none or nonsense."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        date = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return 0
    if date.tzinfo is None:
        return 0
    return max((date - at).total_seconds(), 0)


def behind(notes: Sequence[Note], *, due: dt.datetime | None = None) -> list[Kept]:
    """Deliveries that were not tried, of one entity: the first is due at an instant, the others wait behind it.

    Without an instant the first waits too: for another of its entity, that is kept already.
    """
    return [
        Kept(
            seq=note.seq,
            entity_id=note.entity_id,
            attempts=note.attempts,
            next_at=due if index == 0 else None,
        )
        for index, note in enumerate(notes)
    ]


def with_health(endpoint: Endpoint, seen: Health, policy: Policy, chance: float) -> Endpoint:
    """The endpoint with its health after a run; beyond `brake_after` failures it rests before the next probe."""
    failures = seen.failures if seen.success_at else endpoint.failures + seen.failures
    since = None
    if failures:
        since = (
            seen.failure_at if seen.success_at or endpoint.failing_since is None else endpoint.failing_since
        )
    retry_at = None
    if failures >= policy.brake_after and seen.failure_at:
        rest = policy.brake[min(failures - policy.brake_after, len(policy.brake) - 1)]
        retry_at = seen.failure_at + dt.timedelta(seconds=rest * (1 + policy.jitter * chance))
    return msgspec.structs.replace(
        endpoint,
        failures=failures,
        failing_since=since,
        retry_at=retry_at,
        last_success_at=seen.success_at or endpoint.last_success_at,
        last_failure_at=seen.failure_at or endpoint.last_failure_at,
        last_error=seen.error or endpoint.last_error,
    )


def fails_too_long(endpoint: Endpoint, policy: Policy, at: dt.datetime) -> bool:
    """Whether the endpoint is to be paused: many failures in a row, and for a while."""
    if endpoint.failing_since is None or endpoint.failures < policy.pause_failures:
        return False
    return at - endpoint.failing_since >= dt.timedelta(seconds=policy.pause_seconds)


def forgiven(kept: Kept, at: dt.datetime) -> Kept:
    """The same delivery as if it had not failed before; one that waits behind another goes on waiting."""
    if kept.parked is None and kept.next_at is None:
        return kept
    return Kept(seq=kept.seq, entity_id=kept.entity_id, attempts=0, next_at=at)
