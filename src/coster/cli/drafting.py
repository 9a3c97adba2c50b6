"""`coster simulate --flow`: the same days by the flows as they are and by a draft, and who ends differently."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from coster.cli import flowfiles, output
from coster.cli.output import Exit, FailedError
from coster.engine.workflow.faults import FlowRefusedError
from coster.engine.workflow.records import Flow

_SHOWN = 12


def draft_of(file: Path) -> tuple[str, Flow]:
    """A draft's text and what it reads as. FailedError: it is none, or the checker refuses it."""
    source, flow = flowfiles.flow_of(str(file))
    [judged] = flowfiles.judge([source])
    if judged.faults:
        raise FailedError(str(FlowRefusedError(judged.place, judged.faults)), Exit.WRONG)
    return source.text, flow


def tell(found: dict[str, Any]) -> None:
    """A comparison for people."""
    if not found["on_draft"]:
        output.say(f"Nothing began on {found['flow']}, so nothing could end differently.")
    output.say(
        f"{found['commands']:,} commands (seed {found['seed']}): {found['on_draft']:,} began on {found['flow']};"
        f" {found['same']:,} ended the same, {found['differ']:,} differently."
    )
    if found["differ"]:
        output.table(
            "Ended differently", ("as it is → by the draft", "how many"), list(found["ways"].items())
        )
    for one in found["entities"][:_SHOWN]:
        output.say(f"{one['what']}: {one['was']}; by the draft {one['would']}")
        output.say(f"    as it is      {'; '.join(one['went']) or 'nothing more'}")
        output.say(f"    by the draft  {'; '.join(one['would_go']) or 'nothing more'}")
    if found["differ"] > _SHOWN:
        output.say(f"… and {found['differ'] - _SHOWN:,} more; all of them with --json.")
