"""CSV out, for people with spreadsheets: no cell can become a formula there."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from coster.edges.http.call import Answer

MEDIA: Final = b"text/csv; charset=utf-8"
# What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection), the wide forms of East Asia included.
_FORMULA: Final = ("=", "+", "-", "@", "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}", "\N{FULLWIDTH HYPHEN-MINUS}",
                   "\N{FULLWIDTH COMMERCIAL AT}")  # fmt: skip
# What it may strip, and then find one.
_STRIPPED: Final = " \t\r\n\v\f\0\xa0\ufeff"
_BREAKING: Final = ("\t", "\r", "\n", "\0")


def guarded(cell: object) -> str:
    """A cell as text; what a spreadsheet would calculate gets an apostrophe in front. Plain numbers stay numbers."""
    text = "" if cell is None else str(cell)
    calculates = text.startswith(_BREAKING) or text.lstrip(_STRIPPED).startswith(_FORMULA)
    if calculates and not _is_number(text):
        return "'" + text
    return text


def table(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Answer:
    """A CSV file (RFC 4180, UTF-8) as an answer that is saved under `name`.csv."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows([guarded(cell) for cell in row] for row in rows)
    disposition = f'attachment; filename="{name}.csv"'.encode()
    return Answer(body=out.getvalue().encode(), media=MEDIA, headers=[(b"content-disposition", disposition)])


def _is_number(text: str) -> bool:
    """Whether the text is digits with a sign and at most one point, which no spreadsheet calculates."""
    digits = text[1:].replace(".", "", 1)
    return text[0] in "+-" and digits.isascii() and digits.isdigit()
