"""Which operation a path means.

Litestar's bare ASGI handlers take no parameters in their paths, and its full handlers do much that we do not need for
each request; so it hands a whole prefix over to this table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, TypeAlias, TypeVar

T = TypeVar("T")
Spelling: TypeAlias = Callable[[str], str]
"""What words of a path are compared by."""


def exactly(word: str) -> str:
    """A word is itself."""
    return word


def loosely(word: str) -> str:
    """`SuppliedProducts`, `supplied_products`, `supplied-products` and `suppliedproducts` are one word."""
    return word.replace("_", "").replace("-", "").lower()


class Paths(Generic[T]):
    """Patterns such as `orders/{id}/events` with what stands behind each; plain words win over parameters."""

    def __init__(self, entries: Iterable[tuple[str, T]], spelled: Spelling = exactly) -> None:
        self._spelled = spelled
        self._plain: dict[str, T] = {}
        self._patterns: dict[tuple[str, int], list[tuple[tuple[str, ...], T]]] = {}
        for pattern, behind in entries:
            segments = tuple(one if one[:1] == "{" else spelled(one) for one in pattern.split("/"))
            if "{" not in pattern:
                self._plain["/".join(segments)] = behind
            else:
                self._patterns.setdefault((segments[0], len(segments)), []).append((segments, behind))
        for found in self._patterns.values():
            found.sort(key=lambda entry: [segment.startswith("{") for segment in entry[0]])

    def find(self, path: str) -> tuple[T, dict[str, str]] | None:
        """What stands behind a path, and its parameters; None where nothing does."""
        segments = path.split("/")
        words = [self._spelled(segment) for segment in segments]
        plain = self._plain.get("/".join(words))
        if plain is not None:
            return plain, {}
        for pattern, behind in self._patterns.get((words[0], len(words)), ()):
            found = _matched(pattern, segments, words)
            if found is not None:
                return behind, found
        return None


def _matched(pattern: tuple[str, ...], segments: list[str], words: list[str]) -> dict[str, str] | None:
    found: dict[str, str] = {}
    for wanted, given, word in zip(pattern, segments, words, strict=True):
        if wanted[:1] == "{":
            if not given:
                return None
            found[wanted[1:-1]] = given
        elif wanted != word:
            return None
    return found
