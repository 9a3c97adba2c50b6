"""Secrets of others that must be stored, because they are shown to whom they belong: encrypted under a key of the settings.

AES-256-GCM (NIST SP 800-38D) under a key that follows from one of the keyring (HKDF-SHA256, RFC 5869) for this purpose and this owner:
a secret copied to another row opens nothing. Whoever has the database alone, or a copy of it, reads none.
"""

from __future__ import annotations

import uuid
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from coster.engine.webhooks.model import Seed
from coster.engine.webhooks.signing import Keyring

_NONCE_BYTES: Final = 12


class UnsealableError(LookupError):
    """The secret cannot be opened: with another key, for another owner, or changed on the way."""


def seal(keyring: Keyring, owner: tuple[int, uuid.UUID], secret: str, entropy: bytes) -> tuple[Seed, bytes]:
    """The secret for nobody but its owner (organisation and id); the edge brings 32 random bytes."""
    seed = keyring.seed(entropy)
    cipher = AESGCM(keyring.derived(seed, _purpose(owner)))
    return seed, cipher.encrypt(seed.salt[:_NONCE_BYTES], secret.encode(), None)


def unseal(keyring: Keyring, owner: tuple[int, uuid.UUID], seed: Seed, box: bytes) -> str:
    """The secret again. Raises UnsealableError, and KeyUnknownError where the settings do not have the key (any more)."""
    cipher = AESGCM(keyring.derived(seed, _purpose(owner)))
    try:
        return cipher.decrypt(seed.salt[:_NONCE_BYTES], box, None).decode()
    except InvalidTag:
        raise UnsealableError("the secret cannot be opened with the key that it was stored under") from None


def _purpose(owner: tuple[int, uuid.UUID]) -> str:
    return f"coster secret of a peer {owner[0]} {owner[1]}"
