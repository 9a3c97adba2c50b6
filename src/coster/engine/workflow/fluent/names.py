"""Names of an export as names of our language: small letters and underscores, each different name another word."""

from __future__ import annotations

import re
import unicodedata

_LONGEST = 80
_STATUS = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def word(text: str) -> str:
    """`OrderCancel` and `ORDER_CANCEL` as `order_cancel`; whatever cannot be part of a word is left out."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    plain = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", plain)
    plain = re.sub(r"([A-Z])([A-Z][a-z])", r"\1_\2", plain)
    found = re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")[:_LONGEST].strip("_")
    return found if found[:1].isalpha() else f"n_{found}".rstrip("_")


def line(text: str) -> str:
    """Text on one line."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


class Names:
    """Gives each name of a kind (`space`) a word of its own, the same one whenever it is asked for."""

    def __init__(self) -> None:
        self._given: dict[tuple[str, str], str] = {}
        self._taken: set[tuple[str, str]] = set()
        self._next: dict[tuple[str, str], int] = {}

    def of(self, space: str, text: str) -> str:
        """The word for a name."""
        return self.unique(space, text, word(text))

    def trigger(self, event: str) -> str:
        """The trigger for an event."""
        return self.of("trigger", event)

    def failure(self, event: str) -> str:
        """The trigger for the failure of what an event began; no event can have the same name with its line break."""
        return self.unique("trigger", f"{event}\nfailed", f"{word(event)}_failed")

    def status(self, entity: str, name: str) -> str:
        """The status as it is, where our language can have it."""
        kept = name if _STATUS.fullmatch(name) and len(name) <= _LONGEST else word(name)
        return self.unique(f"status {entity}", name, kept)

    def unique(self, space: str, text: str, wanted: str) -> str:
        """The wanted word, or the next one with a number behind it."""
        if (space, text) not in self._given:
            found = wanted
            while (space, found) in self._taken:
                self._next[space, wanted] = self._next.get((space, wanted), 1) + 1
                found = f"{wanted}_{self._next[space, wanted]}"
            self._taken.add((space, found))
            self._given[space, text] = found
        return self._given[space, text]
