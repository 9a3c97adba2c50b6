"""The colours and fonts of pictures, for light and dark screens; on paper they are light."""

from __future__ import annotations

import msgspec

from coster.engine.workflow.drawing import measure

_SANS = "system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,'DejaVu Sans',sans-serif"
_MONO = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"


class LaneColours(msgspec.Struct, frozen=True):
    """The colours of a lane: its ground, its rim and that of its cards, the heads of its cards, and its name."""

    ground: str
    rim: str
    head: str
    name: str


class Theme(msgspec.Struct, frozen=True, kw_only=True):
    """All colours for one light. Lines are in the order in which statuses get them."""

    page: str
    card: str
    text: str
    quiet: str
    rule: str
    bad: str
    lanes: dict[str, LaneColours]
    lines: tuple[str, ...]


LIGHT = Theme(
    page="#ffffff",
    card="#ffffff",
    text="#111827",
    quiet="#4b5563",
    rule="#e5e7eb",
    bad="#b91c1c",
    lanes={
        "booking": LaneColours("#f1f6fe", "#3b82f6", "#dbeafe", "#1d4ed8"),
        "fulfilment": LaneColours("#fdf8ea", "#d08a0b", "#fdf0c7", "#92400e"),
        "delivery": LaneColours("#faf5fe", "#a855f7", "#f0e4fe", "#7e22ce"),
        "done": LaneColours("#eefbf3", "#22a355", "#d5f5e1", "#166534"),
        "none": LaneColours("#fdf2f2", "#dc2626", "#fee2e2", "#b91c1c"),
        "every": LaneColours("#f4f5f7", "#6b7280", "#e5e7eb", "#374151"),
    },
    lines=("#1d4ed8", "#b45309", "#15803d", "#be185d", "#6d28d9", "#0e7490", "#475569", "#4d7c0f"),
)
DARK = Theme(
    page="#0b1220",
    card="#151e2e",
    text="#e5e7eb",
    quiet="#b3bcc9",
    rule="#2b3648",
    bad="#fca5a5",
    lanes={
        "booking": LaneColours("#0f1c33", "#3b82f6", "#1b3358", "#93c5fd"),
        "fulfilment": LaneColours("#1f1a0e", "#c98a14", "#43340f", "#fcd34d"),
        "delivery": LaneColours("#1b1329", "#a855f7", "#3a2459", "#d8b4fe"),
        "done": LaneColours("#0d1f17", "#22a355", "#14402a", "#86efac"),
        "none": LaneColours("#261416", "#ef4444", "#4a1d20", "#fca5a5"),
        "every": LaneColours("#131a26", "#7b8698", "#2a3445", "#cbd5e1"),
    },
    lines=("#7db0ff", "#fbbf24", "#4ade80", "#f472b6", "#b49bff", "#22d3ee", "#cbd5e1", "#a3e635"),
)


def _colours(theme: Theme) -> str:
    """All rules that say a colour, each for one selector within a picture."""
    rules = [
        f".page{{fill:{theme.page}}}",
        *(f"{place}{{fill:{theme.text}}}" for place in ("text", ".start", ".ink.fill", ".badge.count")),
        f".muted{{fill:{theme.quiet}}}",
        f".body{{fill:{theme.card}}}",
        f".rule{{stroke:{theme.rule}}}",
        *(f"{place}{{stroke:{theme.text}}}" for place in (".ink", ".start.line")),
        f".bad{{stroke:{theme.bad}}}",
        f".loop{{stroke:{theme.quiet}}}",
        f".loop.tip{{fill:{theme.quiet}}}",
        f".badge.button{{fill:{theme.page};stroke:{theme.text}}}",
        *(f"{place}{{fill:{theme.page}}}" for place in ("text.count", ".badge.code")),
    ]
    for name, lane in theme.lanes.items():
        rules += [
            f".lane.{name}{{fill:{lane.ground};stroke:{lane.rim}}}",
            f"text.lane.{name}{{fill:{lane.name};stroke:none}}",
            *(f".{name} {place}{{stroke:{lane.rim}}}" for place in (".rim", ".edge", ".badge.code")),
            f".{name} .top{{fill:{lane.head}}}",
        ]
    for number, line in enumerate(theme.lines):
        rules.append(f".line.t{number}{{stroke:{line}}}")
        rules += [f"{place}.t{number}{{fill:{line}}}" for place in (".tip", "text")]
    return "\n".join(f".coster-flow {rule}" for rule in rules)


def _fonts() -> str:
    """How each style of text is set."""
    styles = (
        *(measure.TITLE, measure.LANE, measure.STATUS, measure.HEAD),
        *(measure.TARGET, measure.TEXT, measure.CODE, measure.BADGE),
    )
    rules = [
        f".coster-flow text.{style.name}{{font-size:{style.size}px"
        + (";font-weight:600" if style.bold else "")
        + (f";font-family:{_MONO}" if style.mono else "")
        + "}"
        for style in styles
    ]
    return "\n".join(rules)


STYLE = f"""
.coster-flow{{font-family:{_SANS};max-width:100%;height:auto}}
{_fonts()}
.coster-flow .ink{{fill:none;stroke-width:1.4;stroke-linejoin:round;stroke-linecap:round}}
.coster-flow .bad{{fill:none;stroke-width:1.4;stroke-linejoin:round;stroke-linecap:round}}
.coster-flow .lane{{stroke-opacity:.35}}
.coster-flow .rim{{fill:none;stroke-width:1.5}}
.coster-flow .edge{{fill:none;stroke-width:1}}
.coster-flow .rule{{fill:none;stroke-width:1}}
.coster-flow .badge{{stroke-width:1.2}}
.coster-flow .line{{fill:none;stroke-width:1.7}}
.coster-flow .loop{{fill:none;stroke-width:1.7}}
.coster-flow .broken{{stroke-dasharray:5 4}}
.coster-flow .tip.loop{{stroke:none}}
{_colours(LIGHT)}
@media screen and (prefers-color-scheme:dark){{
{_colours(DARK)}
}}
"""
