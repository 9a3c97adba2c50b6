"""How wide a text will be at most in the usual fonts, and where its lines break.

Nobody knows the font of whoever reads a picture. Widths are those of DejaVu Sans, which is wider than Helvetica, Arial, Roboto, Segoe
and the other fonts that a picture asks for, so a line that fits here fits there.
"""

from __future__ import annotations

import functools
import unicodedata

import msgspec

# Thousandths of the size of the font, by the signs that are at most so wide; signs that do not stand here are estimated by their kind.
_PLAIN = {
    300: "IJijl' ",
    350: ",./:;\\|",
    400: "()-[]ft!r·‘’",
    520: '"*_`?cszFLkvxy“”–',
    640: "$0123456789EPSTYabdeghnopqu{}é",
    700: "ABCKRVXZ",
    790: "NU&DGHOQ",
    840: "#+<=>^w~→×",
    1000: "M%@Wm…—",
}
_BOLD = {
    380: "'ijl ,./:;IJ\\|·‘’",
    460: "-f()[]!_`rt",
    600: '"*?csz–',
    660: "Lx“”",
    700: "$0123456789EFTaekovy",
    750: "CPSYZbdghnpqu{}",
    860: "ABKRVX#+<=>DGHNOQU^~→×&",
    1000: "@MW%mw…—",
}
_BOLDER = 1.1
_MONOSPACED = 0.61
_FEW_ARE_WIDER = {"\ufdfd": 12.0, "\U0001242b": 10.0, "\ua9c5": 5.0, "\u2e3b": 3.0, "\u2e3a": 2.0}
_BREAKS_AFTER = "_./,|&-:"
_JOINERS = "\u200c\u200d"


class Style(msgspec.Struct, frozen=True, kw_only=True):
    """How a text is set."""

    name: str
    size: float
    """Pixels."""
    bold: bool = False
    mono: bool = False

    @property
    def line(self) -> float:
        """From one line to the next, in pixels."""
        return round(self.size * 1.35)


TITLE = Style(name="title", size=19, bold=True)
LANE = Style(name="lane", size=12, bold=True)
STATUS = Style(name="status", size=15, bold=True)
HEAD = Style(name="head", size=13, bold=True)
TARGET = Style(name="target", size=13, bold=True)
TEXT = Style(name="text", size=12)
CODE = Style(name="code", size=12, mono=True)
BADGE = Style(name="chip", size=12, bold=True)


def clean(text: str) -> str:
    """The text on one line without signs that XML refuses, or that turn the direction of what is read."""
    shown = (
        sign
        if sign in _JOINERS or unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
        else " "
        if sign in "\n\r\t\u2028\u2029"
        else "\ufffd"
        for sign in text
    )
    return " ".join("".join(shown).split())


def width(text: str, style: Style) -> float:
    """At most how wide the text is, in pixels."""
    return sum(_sign(sign, bold=style.bold, mono=style.mono) for sign in text) * style.size


def wrapped(text: str, style: Style, room: float, *, most: int = 4) -> tuple[str, ...]:
    """The lines of the text in so much room, at most so many; what does not fit ends in an ellipsis. An empty text has none."""
    lines, rest = [], clean(text)
    while rest:
        end = _fitting(rest, style, room)
        lines.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    if len(lines) > most:
        last = lines[most - 1]
        while last and width(last + "…", style) > room:
            last = last[:-1]
        lines = [*lines[: most - 1], last.rstrip() + "…"]
    return tuple(lines)


def widest(lines: tuple[str, ...], style: Style) -> float:
    """The width of the widest line; 0 without lines."""
    return max((width(line, style) for line in lines), default=0.0)


def _fitting(text: str, style: Style, room: float) -> int:
    """How many signs of the text, one at least, go on its first line."""
    used, end = 0.0, 0
    while end < len(text):
        used += _sign(text[end], bold=style.bold, mono=style.mono) * style.size
        if used > room:
            break
        end += 1
    if end == len(text):
        return end
    space = text.rfind(" ", 0, end + 1)
    if space > 0:
        return space
    soft = max(text.rfind(sign, 0, end) for sign in _BREAKS_AFTER) + 1
    return soft if soft > end // 3 else max(end, 1)


@functools.lru_cache(maxsize=4096)
def _sign(sign: str, *, bold: bool, mono: bool) -> float:
    """At most how wide one sign is, as a part of the size of the font."""
    found = _KNOWN[bold].get(sign)
    if found is not None:
        return _MONOSPACED if mono else found
    if unicodedata.combining(sign) or sign in _JOINERS:
        return 0.0
    parts = unicodedata.normalize("NFKD", sign)
    if parts != sign:
        return sum(_sign(part, bold=bold, mono=mono) for part in parts)
    if sign in _FEW_ARE_WIDER:
        return _FEW_ARE_WIDER[sign]
    if unicodedata.category(sign) == "So":
        return 1.4
    return 1.05 * (_BOLDER if bold else 1.0)


_KNOWN = [
    {sign: thousandths / 1000 for thousandths, signs in table.items() for sign in signs}
    for table in (_PLAIN, _BOLD)
]
