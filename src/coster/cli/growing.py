"""`coster bench growth`: what a million orders cost once they are history, before and after archiving."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter, validators

from coster import app as house
from coster.cli import output, place, signals, verify
from coster.cli.output import Exit, FailedError
from coster.engine.db.connect import Database
from coster.kernel.clock import SystemClock
from coster.simulation.growth.figures import Taken
from coster.simulation.growth.life import ORDERS
from coster.simulation.growth.measure import Plan, Report, Step, measure

_MILLION = 1_000_000


def growth(
    *,
    orders: Annotated[int, Parameter(validator=validators.Number(gte=ORDERS))] = _MILLION,
    every: Annotated[int | None, Parameter(validator=validators.Number(gte=ORDERS))] = None,
    keep: Annotated[int | None, Parameter(validator=validators.Number(gte=ORDERS))] = None,
    directory: Path | None = None,
    json: Annotated[bool, Parameter(negative="", help="Print JSON.")] = False,
) -> int:
    """Let a database grow by a year of orders, and take its figures: bytes, VACUUM, lists, `verify`; then once more after archiving.

    Uses a database of its own, which needs about 7 KB of disk for each order whose events, commands and ledger are kept, and 2 KB
    for each other. A million takes some minutes.

    Example: coster bench growth --orders 10000000 --keep 5000000 --directory /big/disk

    Parameters
    ----------
    orders
        How many orders; whole thousands, since they come from sessions of a thousand.
    every
        After how many the figures are taken; without it after each million, or once.
    keep
        Of how many orders events, commands and ledger may be in the database; then all but the last `every` are archived. Without it
        that is done once, at the end.
    directory
        Where the database is made, and thrown away; without it where temporary files are.
    """
    if directory is not None and not directory.is_dir():
        raise FailedError(f"there is no directory {directory}", Exit.USAGE)
    step = every or min(orders, _MILLION)
    plan = Plan(
        orders=orders,
        every=step,
        keep=keep or orders,
        directory=directory,
        bin_dir=place.programs(place.chosen()),
    )
    with signals.sigterm_interrupts():
        found = asyncio.run(measure(plan, house.HANDLERS, _broken, say=output.console(stderr=True).print))
    if json:
        output.as_json(found)
    else:
        _show(found)
    return Exit.DONE


async def _broken(database: Database) -> list[str]:
    checks = await verify.count(database, None, SystemClock().now())
    return [f"{check.name} ({check.broken}, for example {check.example})" for check in checks if check.broken]


def _show(found: Report) -> None:
    output.table("Machine", ("what", "is"), list(found.machine.items()))
    last = found.steps[-1]
    rows = [row for step in found.steps for row in _rows(step)]
    output.table(
        "Growth; VACUUM and verify in seconds",
        ("orders", "with their journals", "GB", "seconds of COPY", "VACUUM", "verify"),
        [
            (orders, journals, f"{taken.database_bytes / 1e9:.2f}", copied, f"{taken.vacuum_seconds:.1f}", f"{taken.verify:.1f}")
            for orders, journals, copied, taken in rows
        ],
    )  # fmt: skip
    output.table(
        "Reads, 99th percentiles in ms",
        ("orders", "with their journals", *(_SHORT[name] for name in last.grown.reads)),
        [
            (orders, journals, *(f"{ms:.1f}" for ms in taken.reads.values()))
            for orders, journals, _, taken in rows
        ],
    )
    output.table(
        f"Tables at {last.orders:,} orders, in bytes for each order",
        ("table", "rows", "heap", "toast", "indexes", "VACUUM s"),
        [
            (name, size.rows, *(round(part / last.orders) for part in (size.heap, size.toast, size.indexes)),
             f"{last.grown.vacuum[name]:.1f}")
            for name, size in sorted(last.grown.sizes.items(), key=lambda one: -one[1].bytes)[:10]
        ],
    )  # fmt: skip
    output.table(
        "Archived",
        ("at", "rows", "files", "MB of files", "seconds"),
        [
            (f"{step.orders:,}", sum(done.rows.values()), done.files, round(sum(done.bytes.values()) / 1e6), round(done.seconds))
            for step in found.steps
            if (done := step.archived) is not None
        ],
    )  # fmt: skip


_SHORT: Final = {
    "order list of a hub": "orders of a hub", "order list of a session": "of a session", "one order": "one order",
    "session board": "board", "events": "events", "ledger of a position": "ledger",
}  # fmt: skip


def _rows(step: Step) -> Iterator[tuple[str, str, str | None, Taken]]:
    """Orders, of how many the journals are there, seconds of COPY, and the figures: as they grew, and after archiving."""
    orders = f"{step.orders:,}"
    yield orders, f"{step.journals:,}", f"{step.copy_seconds:.0f}", step.grown
    if step.after is not None:
        yield orders, "archived", None, step.after
