"""Secrets that are stored nowhere, and signatures after Standard Webhooks 1.0.

An endpoint's secret is HKDF-SHA256 (RFC 5869) of a key of the settings, with the endpoint's salt, for the organisation
and endpoint. The database alone, or a copy of it, therefore signs nothing; and losing the key loses no data, only
signatures, until the endpoints are rotated to another key.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import uuid
from collections.abc import Mapping, Sequence
from typing import Final

import standardwebhooks

from coster.engine.webhooks.model import Endpoint, Seed

SALT_BYTES: Final = 32
_FEWEST_KEY_BYTES: Final = 32
OVERLAP: Final = dt.timedelta(days=1)


class KeyUnknownError(LookupError):
    """An endpoint's seed names a key that the settings do not have (any more)."""


class Keyring:
    """The keys of the settings by name; new seeds take the current one, old ones stay readable under theirs."""

    def __init__(self, keys: Mapping[str, bytes], current: str) -> None:
        short = sorted(name for name, key in keys.items() if len(key) < _FEWEST_KEY_BYTES)
        if short:
            raise ValueError(f"webhook key {short[0]} is shorter than {_FEWEST_KEY_BYTES} bytes")
        if current not in keys:
            raise ValueError(f"the current webhook key {current} is not among the keys")
        self._keys = dict(keys)
        self._current = current

    def seed(self, entropy: bytes) -> Seed:
        """A seed of the current key for an endpoint that is made or rotated; the edge brings 32 random bytes."""
        if len(entropy) < SALT_BYTES:
            raise ValueError(f"a seed needs {SALT_BYTES} bytes of entropy")
        return Seed(key=self._current, salt=entropy[:SALT_BYTES])

    def secret(self, org_id: int, endpoint_id: uuid.UUID, seed: Seed) -> str:
        """The secret as the receiver is given it: whsec_ and 32 bytes in base64. Raises KeyUnknownError."""
        derived = self.derived(seed, f"coster webhook {org_id} {endpoint_id}")
        return "whsec_" + base64.b64encode(derived).decode()

    def derived(self, seed: Seed, purpose: str) -> bytes:
        """The 32 bytes that follow from a seed for a purpose, and for no other. Raises KeyUnknownError."""
        key = self._keys.get(seed.key)
        if key is None:
            raise KeyUnknownError(f"no webhook key is named {seed.key}")
        extracted = hmac.digest(seed.salt, key, hashlib.sha256)
        return hmac.digest(extracted, purpose.encode() + b"\x01", hashlib.sha256)

    def signers(self, org_id: int, endpoint: Endpoint, at: dt.datetime) -> Sequence[standardwebhooks.Webhook]:
        """What signs for an endpoint at an instant: its secret, and for a day after a rotation the former one too."""
        seeds = [endpoint.seed]
        if endpoint.old_seed is not None and endpoint.old_until is not None and at < endpoint.old_until:
            seeds.append(endpoint.old_seed)
        return [standardwebhooks.Webhook(self.secret(org_id, endpoint.id, seed)) for seed in seeds]


def signature(
    signers: Sequence[standardwebhooks.Webhook], message_id: str, at: dt.datetime, body: str
) -> str:
    """The header webhook-signature: one v1 signature per secret, with a space between them."""
    return " ".join(signer.sign(message_id, at, body) for signer in signers)
