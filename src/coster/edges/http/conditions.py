"""What a request makes its change depend on: the tags of If-Match, one or several (RFC 9110, 8.8.3 and 13.1.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_TAG: Final = re.compile(rb'(?:W/)?(?:"([^"]*)"|([^\s,"]+))')
_BETWEEN: Final = re.compile(rb"[\s,]*")
_MOST: Final = 2_000


def tags(headers: Iterable[tuple[bytes, bytes]]) -> list[str] | None:
    """The tags that If-Match names, in all lines of it, without quotes and marks of weakness, which proxies add; None: it did not come.

    What stands where a tag should stand ends the list.
    """
    lines = [value for name, value in headers if name == b"if-match"]
    if not lines:
        return None
    given, found = b",".join(lines)[:_MOST], list[str]()
    place = _between(given, 0)
    while tag := _TAG.match(given, place):
        found.append((tag[2] if tag[1] is None else tag[1]).decode("latin-1"))
        place = _between(given, tag.end())
    return found


def _between(given: bytes, place: int) -> int:
    found = _BETWEEN.match(given, place)
    return found.end() if found else place
