"""Which operation a path means.

Litestar's bare ASGI handlers take no parameters in their paths, and its full handlers do much that we do not need for
each request; so it hands a whole prefix over to this table.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


class Paths(Generic[T]):
    """Patterns such as `orders/{id}/events` with what stands behind each; plain words win over parameters."""

    def __init__(self, entries: Iterable[tuple[str, T]]) -> None:
        self._plain: dict[str, T] = {}
        self._patterns: dict[tuple[str, int], list[tuple[tuple[str, ...], T]]] = {}
        for pattern, behind in entries:
            segments = tuple(pattern.split("/"))
            if "{" not in pattern:
                self._plain[pattern] = behind
            else:
                self._patterns.setdefault((segments[0], len(segments)), []).append((segments, behind))
        for found in self._patterns.values():
            found.sort(key=lambda entry: [segment.startswith("{") for segment in entry[0]])

    def find(self, path: str) -> tuple[T, dict[str, str]] | None:
        """What stands behind a path, and its parameters; None where nothing does."""
        plain = self._plain.get(path)
        if plain is not None:
            return plain, {}
        segments = path.split("/")
        for pattern, behind in self._patterns.get((segments[0], len(segments)), ()):
            found = _matched(pattern, segments)
            if found is not None:
                return behind, found
        return None


def _matched(pattern: tuple[str, ...], segments: list[str]) -> dict[str, str] | None:
    found: dict[str, str] = {}
    for wanted, given in zip(pattern, segments, strict=True):
        if wanted[:1] == "{":
            if not given:
                return None
            found[wanted[1:-1]] = given
        elif wanted != given:
            return None
    return found
