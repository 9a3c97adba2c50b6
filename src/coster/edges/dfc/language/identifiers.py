"""Ids of nodes: whole ones, ones to be resolved, places yet to be filled, and ones that can be none."""

from __future__ import annotations

import functools
import re
from urllib.parse import urljoin

# RFC 3987 allows none of these in an IRI; pyld lets them pass.
_FORBIDDEN = re.compile(r'[\x00-\x20<>"{}|\\^`\x7f-\xa0\ud800-\udfff]')
_NUMBERS = re.compile("([0-9]{1,18})")
MOST = 2000
"""The longest id of a node: what is longer is no address that anybody can use, and cannot be looked for in a database."""
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s]")


def is_absolute(text: str) -> bool:
    """Yields whether the text begins as an IRI with a scheme does."""
    return _ABSOLUTE.match(text) is not None


def is_malformed(text: str) -> bool:
    """Yields whether a character stands in it that no IRI may hold (a space, a brace …), or brackets around what is no address."""
    return _FORBIDDEN.search(text) is not None or (("[" in text or "]" in text) and _joined("", text) is None)


def is_blank(text: str) -> bool:
    """Yields whether the node has no name outside its document."""
    return text.startswith("_:")


def is_placeholder(text: str) -> bool:
    """Yields whether the id only keeps a place until the receiver gives one: `#`, `…/Orders/#`, `#1`, `…/Orders/#/OrderLines/2`, blank,
    relative or empty. Such ids are accepted in what is sent to us and never stored.
    """
    return not text or is_blank(text) or text.endswith("#") or "/#" in text or not is_absolute(text)


def resolved(text: str, base: str) -> str:
    """A relative id made whole against the address that the document was sent to or fetched from; others as they are.

    What begins with `#` keeps a place (see above) and stays as it is; so does everything without a base.
    """
    if not base or not text or text.startswith(("#", "_:")) or is_absolute(text):
        return text
    return _joined(base, text) or text


def _joined(base: str, text: str) -> str | None:
    try:
        return urljoin(base or "https://relative.invalid/", text)
    except ValueError:  # an IPv6 address that is none
        return None


@functools.lru_cache(maxsize=16384)
def natural(text: str) -> tuple[str | int, ...]:
    """A key that sorts `…/OrderLines/9` before `…/OrderLines/10`: texts and numbers by turns, a text first."""
    parts: list[str | int] = list(_NUMBERS.split(text))
    parts[1::2] = map(int, parts[1::2])
    return tuple(parts)
