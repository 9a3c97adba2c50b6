"""The SVG says everything of a flow, to eyes and ears, in any light, and does nothing but be looked at."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import msgspec
from hypothesis import Phase, given, settings

from coster.engine.workflow import language
from coster.engine.workflow.drawing import style
from coster.engine.workflow.drawing.svg import SIGNS, svg
from coster.engine.workflow.records import Flow
from tests.engine.workflow import cases
from tests.engine.workflow.drawing import drawn

EVERYTHING = language.read((Path(__file__).parents[1] / "data" / "everything.yaml").read_text("utf-8"))
SVG = "{http://www.w3.org/2000/svg}"
KNOWN = {"svg", "title", "desc", "style", "rect", "g", "text", "path", "circle"}
HARMLESS = {
    *("class", "role", "lang", "width", "height", "viewBox", "aria-labelledby", "aria-describedby", "id"),
    *("x", "y", "rx", "r", "cx", "cy", "d", "transform", "text-anchor"),
}


def texts(root: ET.Element) -> list[str]:
    """What can be read in the picture, line by line."""
    return [element.text or "" for element in root.iter(f"{SVG}text")]


@settings(max_examples=10, deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate))
@given(drawn.flows(12))
def test_a_picture_is_well_formed_and_does_nothing(flow: Flow) -> None:
    """Hostile text stays text: no elements but shapes and text, no attributes that act or load, no address but that of SVG."""
    text = svg(flow, {"status_0": 3, "<b>": 2})
    root = ET.fromstring(text)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= KNOWN
    assert {name for element in root.iter() for name in element.attrib} <= HARMLESS
    assert not re.search(r"url\(|@import|@font-face|href|javascript:", style.STYLE)
    assert text.replace('xmlns="http://www.w3.org/2000/svg"', "").count("://") == 0


def test_names_of_whoever_wrote_the_flow_are_text() -> None:
    """Markup in every text of a flow comes out escaped, also in what only ears meet, and ids are plain."""
    evil = '"><script>alert(1)</script>'
    flow = msgspec.structs.replace(
        EVERYTHING,
        name=evil,
        title=evil,
        description=evil,
        statuses=tuple(msgspec.structs.replace(s, label=evil, code="<") for s in EVERYTHING.statuses),
        transitions=tuple(
            msgspec.structs.replace(
                row,
                label=evil,
                when=evil,
                button=row.button and msgspec.structs.replace(row.button, label=evil),
            )
            for row in EVERYTHING.transitions
        ),
    )
    text = svg(flow, {evil: 1})
    assert "<script" not in text
    assert text.count("&lt;script&gt;") > 20
    assert ET.fromstring(text)[0].attrib["id"] == "flow-script-alert-1-script-3-title"


def test_the_same_flow_gives_the_same_bytes() -> None:
    """Also when it was read anew, and whatever the order of the counts."""
    flow = language.read(cases.GOOD)
    assert svg(flow, {"open": 1, "gone": 2}) == svg(language.read(cases.GOOD), {"gone": 2, "open": 1})


def test_a_picture_shows_statuses_rows_and_what_is_said_of_them() -> None:
    """The long example: codes, service levels, guards, buttons with roles and forms, timers, roll-ups, failures, consequences."""
    shown = " ".join(texts(ET.fromstring(svg(EVERYTHING))))
    for part in (
        "A parcel, with every feature of the language",
        "parcel.everything version 3, for each parcel of type express",
        "BOOKING FULFILMENT DONE ANYWHERE",
        "P Open open begins here · holds: live · at most 4 h while office is open · DFC:",
        "Pack → packed for picker, owner asks Pack now? form How many boxes",
        "if items > 0 && event.boxes <= settings.approval_limit else give_up does commit, send(webhook: warehouse_request)",
        "tried 8 times more after 30 s, each wait 2 times as long, then request_failed told Packed",
        "give_up → gone does release by where pack does not fit",
        "after 2 days while office is open → waiting",
        "2 h before due → parked",
        "after 1 day while office is open, then at 09:00 → Open",
        "remind stays time after 1 h while opening_hours is open, 3 times",
        "again the timer of remind begins anew",
        "all boxes in shipped, cancelled → gone does consume then thank",
        "gone the end · holds: none thank stays does notify(event: thanks) by after all boxes in shipped,",
        "In every status note stays",
        "What fails, where nothing else is said: tried 5 times more after 1 min, each wait 4 times as long,",
    ):
        assert part in shown


def test_a_picture_tells_the_same_to_those_who_hear_it() -> None:
    """It is an image with a title and a description of each status and each row."""
    root = ET.fromstring(svg(EVERYTHING, {"open": 4}))
    title, desc = root[0], root[1]
    assert (root.attrib["role"], title.text) == ("img", EVERYTHING.title)
    assert root.attrib["aria-labelledby"] == title.attrib["id"]
    assert root.attrib["aria-describedby"] == desc.attrib["id"]
    lines = (desc.text or "").splitlines()
    assert (
        "Status Open (open): Booking, code P, begins here, holds: live, at most 4 h while office is open, "
        "DFC: order Held, fulfilment Held, 4 here now." in lines
    )
    assert "Only as a consequence: give_up, leads to gone; does release; by where pack does not fit." in lines
    assert len(lines) == 2 + 6 + 14 + 2


def test_a_picture_shows_how_many_are_where() -> None:
    """With counts every status has its number, and what this version does not know is told below; without, none has."""
    flow = language.read(cases.GOOD)
    shown = texts(ET.fromstring(svg(flow, {"open": 1234, "lost": 2})))
    assert [text for text in shown if text.endswith(" now")] == ["1,234 now", "0 now", "0 now", "0 now"]
    assert "In statuses that this version does not have: 2 in lost." in shown
    assert not [text for text in texts(ET.fromstring(svg(flow))) if text.endswith(" now")]


def test_lines_begin_at_rows_and_end_at_statuses() -> None:
    """One line for each row that leads elsewhere, one loop for each that stays; what follows a failure is broken."""
    root = ET.fromstring(svg(EVERYTHING))
    kinds = [element.attrib["class"].split() for element in root.iter(f"{SVG}path")]
    assert sum(kind[0] == "line" for kind in kinds) == 11
    assert sum("broken" in kind for kind in kinds) == 1
    assert sum(kind == ["loop"] for kind in kinds) == 4
    assert sum(kind[0] == "tip" for kind in kinds) == 6
    assert sum(kind == ["rim"] for kind in [e.attrib["class"].split() for e in root.iter(f"{SVG}rect")]) == 8


def test_the_legend_explains_the_signs_that_are_used() -> None:
    """And no others."""
    assert set(texts(ET.fromstring(svg(language.read(cases.MEMO))))) >= {"Event from outside"}
    assert "Timer" not in texts(ET.fromstring(svg(language.read(cases.MEMO))))
    assert all(ET.fromstring(f"<g>{sign}</g>") is not None for sign in SIGNS.values())


def contrast(first: str, second: str) -> float:
    """How well one colour can be read on another, by WCAG 2: from 1 to 21."""

    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((light(first), light(second)))
    return (high + 0.05) / (low + 0.05)


def test_text_can_be_read_in_light_and_dark() -> None:
    """By WCAG 2 AA: text 4.5 to 1 on whatever it stands on, lines 3 to 1 on every lane."""
    for theme in (style.LIGHT, style.DARK):
        grounds = [theme.page, theme.card, *(lane.head for lane in theme.lanes.values())]
        assert min(contrast(theme.text, ground) for ground in grounds) >= 4.5
        assert min(contrast(theme.quiet, ground) for ground in grounds) >= 4.5
        assert min(contrast(line, theme.card) for line in theme.lines) >= 4.5
        assert min(contrast(lane.name, lane.ground) for lane in theme.lanes.values()) >= 4.5
        lanes = [lane.ground for lane in theme.lanes.values()]
        assert min(contrast(line, ground) for line in theme.lines for ground in lanes) >= 3
    assert style.STYLE.count("prefers-color-scheme:dark") == 1
