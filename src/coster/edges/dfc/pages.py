"""Pages of lists as the Data Food Consortium's sample API has them: `first`/`after`, `last`/`before`, and the header PageInfo.

A list that nobody asked a page of comes whole (up to `WHOLE` objects) where platforms that run read it so, or as its first page.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, TypeVar

import msgspec

from coster.edges.http import paging
from coster.edges.http.call import Call
from coster.edges.http.problems import Problem

T = TypeVar("T")

USUAL: Final = 25
MOST: Final = 255
WHOLE: Final = 5000
"""A document of so many products has 14 MB; 60 MB of memory are needed to write it."""

_Size = Annotated[int, msgspec.Meta(ge=1, le=MOST, description="How many.", examples=[25])]
_Cursor = Annotated[str, msgspec.Meta(max_length=1024, description="A cursor out of the header PageInfo.")]


class PageQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which part of a list: the `first` so many (`after` a cursor), or the `last` so many (`before` one)."""

    first: _Size | None = None
    after: _Cursor | None = None
    last: _Size | None = None
    before: _Cursor | None = None


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What to ask the database for: up to `limit` objects after or before an id, from its end where `backwards`.

    Ask for `limit + 1`: the one too many says that there are more.
    """

    list_name: str
    limit: int
    after: uuid.UUID | None = None
    before: uuid.UUID | None = None
    backwards: bool = False

    def cut(
        self, rows: Sequence[T], key: Callable[[T], uuid.UUID], *, on: uuid.UUID | None = None
    ) -> tuple[list[T], list[tuple[bytes, bytes]]]:
        """The page out of up to `limit + 1` rows (in the order of the question), in the list's own order, and its header PageInfo.

        `on`: where a search goes on that was stopped before it had found so many; there may be more, and the cursor is that place.
        """
        fewer = on is not None and len(rows) <= self.limit
        more = fewer or len(rows) > self.limit
        shown = list(rows[: self.limit])
        if self.backwards:
            shown.reverse()
        ends: list[uuid.UUID | None] = [key(shown[0]), key(shown[-1])] if shown else [None, None]
        if fewer:
            ends[0 if self.backwards else 1] = on
        start, end = (None if one is None else paging.write(self.list_name, one) for one in ends)
        told: dict[str, Any] = {
            "hasPreviousPage": more if self.backwards else self.after is not None,
            "hasNextPage": self.before is not None if self.backwards else more,
            "startCursor": start,
            "endCursor": end,
        }
        return shown, [(b"pageinfo", msgspec.json.encode(told))]


def read(
    call: Call,
    list_name: str,
    *,
    whole: bool = False,
    usual: int = USUAL,
    query_type: type[PageQuery] = PageQuery,
) -> Page:
    """The page that the query asks for; without a question `usual` objects, or (`whole`) all of them. Problem: page_invalid (400)."""
    query = _query(call, query_type)
    if query.first is not None and query.last is not None:
        raise _invalid("`first` and `last` exclude each other.")
    if query.after is not None and query.before is not None:
        raise _invalid("`after` and `before` exclude each other.")
    if query.first is not None and query.before is not None:
        raise _invalid("`before` goes with `last`, `after` with `first`.")
    if query.last is not None and query.after is not None:
        raise _invalid("`after` goes with `first`, `before` with `last`.")
    asked = any((query.first, query.after, query.last, query.before))
    unasked = USUAL if asked else WHOLE if whole else usual
    return Page(
        list_name=list_name,
        limit=query.first or query.last or unasked,
        after=_place(list_name, query.after),
        before=_place(list_name, query.before),
        backwards=query.last is not None or query.before is not None,
    )


def _query(call: Call, type_: type[PageQuery]) -> PageQuery:
    try:
        return call.read_query(type_)
    except Problem as problem:
        raise _invalid(problem.detail) from None


def _place(list_name: str, cursor: str | None) -> uuid.UUID | None:
    try:
        return paging.read(list_name, cursor, uuid.UUID)
    except Problem as problem:
        raise _invalid(problem.detail) from None


def _invalid(said: str) -> Problem:
    return Problem("page_invalid", said)
