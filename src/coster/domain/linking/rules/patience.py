"""How long to wait after what failed, for a link and for a peer as a whole. Pure: chance is a number from 0 to 1."""

from __future__ import annotations

import datetime as dt

import msgspec

from coster.domain.linking.model import Health

_MOST_DOUBLINGS = 20


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds: `first` after one failure, twice as long after each further one, at most `most`; `blocked` where we may not.

    After `failures` in a row the circuit of a peer opens; it is asked again, once, after `circuit_first` seconds, twice as long each time,
    at most `circuit_most`. `look_hours`: how often both sides are compared. `alarm_seconds` before a session closes people are told what
    cannot be confirmed; `fail_seconds`: or when it cannot be for so long.
    """

    first: float = 0.5
    most: float = 60.0
    blocked: float = 900.0
    failures: int = 5
    circuit_first: float = 2.0
    circuit_most: float = 30.0
    look_hours: float = 24.0
    alarm_seconds: float = 3600.0
    fail_seconds: float = 900.0


def wait(attempts: int, chance: float, first: float, most: float) -> float:
    """Seconds after so many failures: doubled each time, and between half and all of that by chance, so that many do not come at once."""
    full = min(most, first * float(1 << min(max(attempts - 1, 0), _MOST_DOUBLINGS)))
    return full * (0.5 + chance / 2)


def after_failure(health: Health, now: dt.datetime, cause: str, chance: float, patience: Patience) -> Health:
    """A peer did not answer once more; its circuit opens, or stays open for longer."""
    failures = health.failures + 1
    beyond = failures - patience.failures
    pause = wait(beyond + 1, chance, patience.circuit_first, patience.circuit_most) if beyond >= 0 else 0
    until = now + dt.timedelta(seconds=pause) if pause else None
    return msgspec.structs.replace(health, failures=failures, open_until=until, cause=cause)


def is_open(health: Health | None, now: dt.datetime) -> bool:
    """Whether nothing is to be sent to the peer now."""
    return health is not None and health.open_until is not None and health.open_until > now


def is_probing(health: Health | None, patience: Patience) -> bool:
    """Whether the peer has failed so often that it is asked by one link at a time, until it answers."""
    return health is not None and health.failures >= patience.failures
