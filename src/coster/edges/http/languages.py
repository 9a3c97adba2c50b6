"""Which languages a caller wants to read (RFC 9110 §12.5.4, `Accept-Language`)."""

from __future__ import annotations

from typing import Final

_MOST: Final = 20


def wanted(header: bytes | None) -> list[str]:
    """The languages of the header, the most wanted first, as they stand; what cannot be read is passed over. None: none are named."""
    found: list[tuple[float, int, str]] = []
    for place, entry in enumerate((header or b"").decode("latin-1").split(",")[:_MOST]):
        name, _, weight = entry.partition(";")
        quality = _quality(weight)
        if name.strip() and name.strip() != "*" and quality > 0:
            found.append((-quality, place, name.strip()))
    return [name for _, _, name in sorted(found)]


def _quality(weight: str) -> float:
    name, _, value = weight.strip().partition("=")
    if not name:
        return 1.0
    try:
        quality = float(value) if name.strip().lower() == "q" else 0.0
    except ValueError:
        return 0.0
    return quality if 0 <= quality <= 1 else 0.0
