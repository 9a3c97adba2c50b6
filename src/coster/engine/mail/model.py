"""Records of mail, and the command that writes it down."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import msgspec

CLAIMED_SECONDS: Final = 300.0
"""For how long a letter is one process's: longer than carrying one takes."""


class WriteMail(msgspec.Struct, frozen=True, kw_only=True):
    """A letter of a kind to each of these keys; `words` fill its text. Only the machinery writes letters."""

    kind: str
    recipients: list[uuid.UUID]
    words: dict[str, str] = {}


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """A letter that is to be carried; `recipient` is the key of whoever gets it."""

    id: uuid.UUID
    recipient: uuid.UUID
    kind: str
    words: dict[str, str]
    written_at: dt.datetime
    attempts: int = 0


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where somebody is written to, and in which language (BCP 47, such as `de`)."""

    email: str
    language: str


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A letter as it goes out. `message_id` is the same whenever it is tried."""

    message_id: str
    written_at: dt.datetime
    to: str
    subject: str
    text: str
    language: str
