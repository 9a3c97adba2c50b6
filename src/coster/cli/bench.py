"""`coster bench`: how fast it is here, beside PostgreSQL's own benchmark."""

from __future__ import annotations

import asyncio
from typing import Annotated

from cyclopts import App, Parameter

from coster import app as house
from coster.cli import output, signals
from coster.simulation import bench

app = App(
    name="bench",
    help="How fast it is here, beside PostgreSQL's own benchmark on the same server, in one run.",
)


@app.command
def orders(
    *,
    seconds: Annotated[int, Parameter(help="How long each of the measurements takes.")] = 8,
    json: Annotated[bool, Parameter(negative="", help="Print JSON.")] = False,
) -> None:
    """Orders per second over HTTP and in process, beside pgbench. Takes about a minute; uses a database of its own.

    Example: coster bench orders --json
    """
    with signals.sigterm_interrupts():
        found = asyncio.run(
            bench.orders(house.HANDLERS, seconds=seconds, say=output.console(stderr=True).print)
        )
    if json:
        output.as_json(found)
        return
    output.table("Machine", ("what", "is"), list(found["machine"].items()))
    output.table(
        "Figures", ("what", "is"), [(name, f"{value:,.1f}") for name, value in found["figures"].items()]
    )
    output.table(
        "Ratios", ("what", "is"), [(name, f"{value:.2f}") for name, value in found["ratios"].items()]
    )
