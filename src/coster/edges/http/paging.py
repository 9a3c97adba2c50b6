"""Keyset cursors: opaque to the caller, signed by nothing, trusted in nothing but their shape."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

import msgspec

from coster.edges.http.problems import Problem

T = TypeVar("T")
K = TypeVar("K")

LARGEST = 200

Limit = Annotated[int, msgspec.Meta(ge=1, le=LARGEST, description="How many at most.", examples=[50])]
Cursor = Annotated[
    str,
    msgspec.Meta(
        max_length=1024, description="`next` of the page before; without it the list begins at its start."
    ),
]


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A part of a list. `next` is the cursor of the following page; null: this was the last."""

    items: Sequence[T]
    next: str | None


class PageQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The parameters that every list has."""

    limit: Limit = 50
    cursor: Cursor | None = None


def write(list_name: str, key: object) -> str:
    """A cursor for a place in a list."""
    return base64.urlsafe_b64encode(msgspec.json.encode([list_name, key])).rstrip(b"=").decode()


def read(list_name: str, cursor: str | None, type_: type[K]) -> K | None:
    """The place that a cursor names; None without a cursor. Problem: cursor_invalid."""
    if cursor is None:
        return None
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        name, key = msgspec.json.decode(raw, type=tuple[str, msgspec.Raw])
        if name == list_name:
            return msgspec.json.decode(key, type=type_)
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        pass
    raise Problem(
        "cursor_invalid",
        "Take the cursor from `next` of the same list, or leave it out to begin at the start.",
    )


def page(
    list_name: str, rows: Sequence[Any], limit: int, show: Callable[[Any], Any], key: Callable[[Any], object]
) -> Page[Any]:
    """A page out of up to `limit` + 1 rows: the one too many says that there are more."""
    shown = rows[:limit]
    following = write(list_name, key(shown[-1])) if len(rows) > limit else None
    return Page(items=[show(row) for row in shown], next=following)
