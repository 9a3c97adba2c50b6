"""`coster flows`: flows as files and on a server. Here `import`, which brings over the workflows of another system; the others are
registered."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import App, Parameter

from coster.cli import flowing, flowmoves, flowstories, flowversions, output, trying
from coster.cli.output import Exit, FailedError
from coster.engine.workflow.fluent import converting, reading
from coster.engine.workflow.fluent.converting import Converted
from coster.engine.workflow.fluent.model import ExportRefusedError
from coster.engine.workflow.fluent.report import VERDICTS
from coster.engine.workflow.records import Flow

# The words of `replaying.replay`, which stand here too because the list of commands must not wait for the whole program.
_REPLAY: Final = """\
Lead the lives of recorded days again by a draft, in memory: entity by entity, who would have ended differently, when and why.

What people and programs sent is sent again at the same instants; timers are the draft's own. Stock is not held: whether there would
have been enough, `coster simulate --flow` tells. Entities for which the draft reads what no event tells are counted apart. Which rows
real entities carried out is told of the version that they were on, so the flow as it is shows which of its rows nobody needs.

Example: coster flows replay order.retail.yaml --since 2026-10-21

Example: coster flows replay order.retail"""

app = App(name="flows", help="Flows: how orders and other things live, as files and as versions on a server.")
app.command(flowing.new)
app.command(flowing.check)
app.command(flowing.diff)
app.command(flowing.draw_, name="draw")
app.command(flowing.schema_, name="schema")
app.command(trying.simulate)
app.command(trying.run_scenarios, name="test")
# It needs the whole program, which the others do not wait for.
app.command("coster.cli.replaying:replay", name="replay", help=_REPLAY)

# These speak to a server.
app.command(flowversions.publish)
app.command(flowversions.pin)
app.command(flowmoves.migrate)
app.command(flowmoves.undo)
app.command(flowversions.rollback)
app.command(flowversions.export)
app.command(flowstories.overdue)
app.command(flowstories.timeline)

# A character has at most four bytes.
_MOST_BYTES: Final = 4 * reading.LONGEST


@app.command(name="import")
def import_flows(
    file: Annotated[
        Path, Parameter(help="Fluent workflow as JSON; - is standard input.", allow_leading_hyphen=True)
    ],
    *,
    into: Annotated[
        Path, Parameter(help="Directory for the flows and the report; made where it is not there.")
    ] = Path(),
    json: Annotated[bool, Parameter(negative="", help="Print flows and report as JSON.")] = False,
) -> int:
    """Make flows of a Fluent workflow, and a report on every part of it: mapped, approximated or not mapped.

    What nobody has translated stands in a flow as a placeholder, with which it cannot be published.

    Example: coster flows import order-hd.json --into flows
    """
    try:
        converted = converting.convert(_text(file))
    except ExportRefusedError as refused:
        raise FailedError(f"{file}: {refused}", Exit.WRONG) from None
    names = [flow.name for flow in converted.flows]
    report = into / f"{names[0]}.report.txt"
    places = [into / f"{name}.yaml" for name in names]
    _write(dict(zip([*places, report], [*converted.texts, _told(converted)], strict=True)), into)
    if json:
        output.as_json(_as_data(converted, places, report))
    else:
        _say(converted, places, report)
    if converted.whole:
        return Exit.DONE
    output.complain("not everything was mapped: see the report, and write what the placeholders stand for")
    return Exit.ROWS_FAILED


def _text(file: Path) -> str:
    """The export's text. FailedError: it is too large, or no text."""
    if str(file) == "-":
        found = sys.stdin.buffer.read(_MOST_BYTES + 1)
    else:
        if not file.exists():
            raise FileNotFoundError(
                f"{file} is no file; accepted: a Fluent workflow as JSON, or - for standard input"
            )
        with file.open("rb") as opened:
            found = opened.read(_MOST_BYTES + 1)
    if len(found) > _MOST_BYTES:
        raise FailedError(f"{file}: found more than {_MOST_BYTES} bytes; accepted: one workflow", Exit.WRONG)
    try:
        return found.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise FailedError(f"{file}: found no UTF-8 at byte {wrong.start}", Exit.WRONG) from None


def _write(texts: dict[Path, str], into: Path) -> None:
    """All of the files or, where one of them is there already, none. FileExistsError."""
    there = [place for place in texts if place.exists()]
    if there:
        raise FileExistsError(f"{there[0]} is there already, and is not overwritten; choose another --into")
    into.mkdir(parents=True, exist_ok=True)
    for place, text in texts.items():
        place.write_text(text, encoding="utf-8")


def _told(converted: Converted) -> str:
    """The report as text, a line for each part."""
    return "".join(f"{entry}\n" for entry in converted.report)


def _placeholders(flow: Flow) -> int:
    return sum(call.name == "placeholder" for row in flow.transitions for call in row.do)


def _counts(converted: Converted) -> dict[str, int]:
    found = Counter(entry.verdict for entry in converted.report)
    return {verdict: found[verdict] for verdict in VERDICTS}


def _as_data(converted: Converted, places: list[Path], report: Path) -> dict[str, Any]:
    """What was made, for programs."""
    flows = [
        {
            "name": flow.name,
            "file": str(place),
            "statuses": len(flow.statuses),
            "rows": len(flow.transitions),
            "placeholders": _placeholders(flow),
        }
        for flow, place in zip(converted.flows, places, strict=True)
    ]
    return {"flows": flows, **_counts(converted), "report_file": str(report), "report": converted.report}


def _say(converted: Converted, places: list[Path], report: Path) -> None:
    """What was made, and what was not, for people."""
    header = ("flow", "statuses", "rows", "placeholders", "file")
    rows = [
        (flow.name, len(flow.statuses), len(flow.transitions), _placeholders(flow), place)
        for flow, place in zip(converted.flows, places, strict=True)
    ]
    output.table("", header, rows)
    counts = _counts(converted)
    output.say(
        f"{sum(counts.values())} parts: {counts['mapped']} mapped, {counts['approximated']} approximated, "
        f"{counts['not_mapped']} not mapped. What became of each is in {report}."
    )
    for entry in converted.report:
        if entry.verdict == "not_mapped":
            output.say(str(entry))
