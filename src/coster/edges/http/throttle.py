"""How often somebody may ask: one pure rule, what this process remembers for it, and from whom a request really comes.

The rule is the generic cell rate algorithm: of each subject one number is kept, the instant from which on it has its whole
burst again. Nothing is counted in windows, so nobody gains by asking at the turn of a minute.
"""

from __future__ import annotations

import ipaddress
import math
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import msgspec

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_MOST_SUBJECTS: Final = 10_000
_LONGEST_FORWARDED: Final = 2048


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """So many a second in the long run, and so many at once after a rest."""

    per_second: float
    burst: int


def wait(whole_at: float, now: float, rate: Rate) -> float:
    """Seconds until one more is allowed to who has its whole burst again at `whole_at`; 0: it is allowed now."""
    return max(0.0, whole_at - now - (rate.burst - 1) / rate.per_second)


def spent(whole_at: float, now: float, rate: Rate) -> float:
    """When the whole burst is there again, once one more was taken at `now`."""
    return max(whole_at, now) + 1 / rate.per_second


class Meter:
    """What subjects have taken in this process; the 10,000 latest are remembered. Without a rate nothing is measured."""

    def __init__(self, rate: Rate | None) -> None:
        self._rate = rate
        self._whole_at: OrderedDict[Any, float] = OrderedDict()

    def wait(self, subject: Any, now: float) -> float:
        """Seconds until the subject may take one more; takes nothing."""
        return wait(self._whole_at.get(subject, 0.0), now, self._rate) if self._rate else 0.0

    def take(self, subject: Any, now: float) -> None:
        """Notes that the subject has taken one."""
        if self._rate is None:
            return
        self._whole_at[subject] = spent(self._whole_at.get(subject, 0.0), now, self._rate)
        self._whole_at.move_to_end(subject)
        if len(self._whole_at) > _MOST_SUBJECTS:
            self._whole_at.popitem(last=False)


def retry_after(seconds: float) -> bytes:
    """A wait as the header Retry-After says it: whole seconds, at least one (RFC 9110)."""
    return b"%d" % max(1, math.ceil(seconds))


def networks(text: str) -> tuple[Network, ...]:
    """Networks separated by commas, as a setting gives them. Raises ValueError for what is none."""
    return tuple(ipaddress.ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip())


def address(peer: str, forwarded: bytes, proxies: Sequence[Network]) -> str:
    """From where a request comes: the peer, or, where the peer is a proxy of ours, what the proxies say before it.

    `forwarded` is X-Forwarded-For. It is read from its end, and only as far as it was written by proxies of ours: what stands
    before that anybody may have made up.
    """
    found = peer
    for part in reversed(forwarded[-_LONGEST_FORWARDED:].decode("latin-1").split(",")):
        if not _is_among(found, proxies) or not _parsed(part.strip()):
            break
        found = part.strip()
    return found


def _is_among(text: str, proxies: Sequence[Network]) -> bool:
    found = _parsed(text)
    return found is not None and any(found in network for network in proxies)


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
