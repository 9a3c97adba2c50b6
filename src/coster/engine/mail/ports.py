"""What mail needs of the outside: who carries a letter, and who knows where somebody is written to."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Protocol

from coster.engine.mail.model import Address, Letter


class NotCarriedError(Exception):
    """A letter was not taken, in our own words: never an address, never what the other side said.

    `for_ever`: trying again is of no use.
    """

    def __init__(self, cause: str, *, for_ever: bool) -> None:
        super().__init__(cause)
        self.for_ever = for_ever


class Carrier(Protocol):
    """Carries letters to the one server that is configured."""

    async def carry(self, letter: Letter) -> None:
        """Returns once the letter was taken. Raises NotCarriedError."""


Addresses = Callable[[int, Collection[uuid.UUID]], Awaitable[Mapping[uuid.UUID, Address]]]
"""Of an organisation and keys: where those are written to that have an address and are valid still."""
