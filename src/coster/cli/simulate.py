"""`coster simulate`: a town in process, by the real pipeline and by an oracle that must agree after every batch."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter, validators
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from structlog.testing import capture_logs

from coster import app as house
from coster.cli import drafting, output, place, signals
from coster.cli import verify as promises
from coster.cli.output import Exit, FailedError
from coster.engine.batch.handler import Registry
from coster.engine.db import migrate, statistics
from coster.engine.db.connect import Database
from coster.engine.db.embedded import EmbeddedServer
from coster.engine.outbox import proofs
from coster.settings import Settings
from coster.simulation import drafts, steps, town
from coster.simulation import simulate as living


def simulate(  # noqa: PLR0913 - each is an option of its own on the command line
    *,
    commands: Annotated[
        int,
        Parameter(validator=validators.Number(gte=1), help="How many commands; a million take some minutes."),
    ] = 20_000,
    seed: Annotated[int, Parameter(help="What all chance follows from.")] = 1,
    batch: Annotated[
        int, Parameter(validator=validators.Number(gte=1), help="The most commands in one batch.")
    ] = 256,
    history: Annotated[Path | None, Parameter(help="Live through this file's history again instead.")] = None,
    flow: Annotated[
        Path | None,
        Parameter(
            help="Live through the same days by this draft of a flow too, and tell who ends differently."
        ),
    ] = None,
    failing: Annotated[Path, Parameter(help="Where the history goes that shows a disagreement.")] = Path(
        "simulate-failing.json"
    ),
    json: Annotated[bool, Parameter(negative="", help="Print JSON.")] = False,
) -> int:
    """Let a town live in process: random commands in batches through the real pipeline, beside a slow and obvious oracle.

    Both must agree after every batch: stock, holds, orders, held orders, and every answer. The clock is the simulation's own, the
    database is made for it and thrown away. Where the two disagree the history is cut short, printed and kept; exit code 1.

    With --flow a second town lives through the same days, at the pace of people and with its timers, by a draft that was not published
    yet: order by order it is told what would have ended differently. `coster flows replay` does the same with days that were recorded.

    Example: coster simulate --commands 1000000 --seed 7

    Example: coster simulate --flow order.retail.yaml --commands 5000

    Example: coster simulate --history simulate-failing.json
    """
    plan = living.Plan(commands=commands, seed=seed, batch=batch)
    if flow is not None:
        return _beside(flow, plan, _read(history) if history else None, json=json)
    given = _read(history) if history else None
    house.configure_log(Settings(log_level="warning"))
    with signals.sigterm_interrupts():
        found = asyncio.run(_again(given) if given is not None else _live(plan, failing))
    if json:
        output.as_json(found)
    else:
        _show(found)
    return Exit.WRONG if found["disagreements"] or found["promises_broken"] else Exit.DONE


def _beside(file: Path, plan: living.Plan, history: steps.History | None, *, json: bool) -> int:
    """The same days by a draft too."""
    draft = drafting.draft_of(file)

    async def lived() -> dict[str, Any]:
        async with _ground() as (_, database):
            total = sum(map(len, history)) if history is not None else plan.commands
            with _heard(total) as heard:
                days = history if history is not None else drafts.days(plan)
                found = await drafts.beside(database, Registry(house.HANDLERS), draft, days, heard=heard)
            return {"flow": f"{draft[1].name} version {draft[1].version}", "seed": plan.seed, **found.told()}

    # The warnings of timers that were refused are what is compared, and are told as such.
    house.configure_log(Settings(log_level="error"))
    with signals.sigterm_interrupts():
        try:
            told = asyncio.run(lived())
        except drafts.DraftRefusedError as refused:
            raise FailedError(str(refused), Exit.WRONG) from None
    if json:
        output.as_json(told)
    else:
        drafting.tell(told)
    return Exit.DONE


def _read(path: Path) -> steps.History:
    try:
        return steps.read(path)
    except msgspec.DecodeError as wrong:
        raise FailedError(f"{path} holds no history of a simulation: {wrong}.", Exit.USAGE) from None


@contextlib.asynccontextmanager
async def _ground() -> AsyncIterator[tuple[living.Ground, Database]]:
    """A database of its own, fast and not durable; nothing is killed here."""
    programs = place.programs(place.chosen())
    with tempfile.TemporaryDirectory(prefix="coster-simulate-") as directory:
        await asyncio.to_thread(Path(directory).chmod, 0o755)
        with EmbeddedServer(Path(directory) / "pg", bin_dir=programs, testing=True) as server:
            options = server.connect_options()
            await migrate.upgrade(options)
            database = await Database.open(options, max_size=4)
            keeping = asyncio.create_task(statistics.keep(database))
            try:
                yield living.Ground(database, Registry(house.HANDLERS)), database
            finally:
                keeping.cancel()
                await database.close()


async def _again(history: steps.History) -> dict[str, Any]:
    async with _ground() as (ground, database):
        found = await ground.disagrees(history)
        return {
            "disagreements": found,
            "promises_broken": await _broken(database, history[-1][-1].at if history else 0),
        }


async def _live(plan: living.Plan, failing: Path) -> dict[str, Any]:
    async with _ground() as (ground, database):
        with _heard(plan.commands) as heard:
            report = await living.run(ground, plan, heard=heard)
        told = {"seed": plan.seed, **report.told(), "resident_mb": _resident_mb(), "promises_broken": []}
        if report.disagreements:
            output.say("They disagree; cutting the history short", stderr=True)
            short = await _cut(ground, report.history)
            await asyncio.to_thread(steps.stored, short, failing)
            return {**told, "history": short, "file": str(failing)}
        return {**told, "promises_broken": await _broken(database, report.last)}


async def _cut(ground: living.Ground, history: steps.History) -> steps.History:
    """The shortest part of the history that was found to show a disagreement still."""

    async def shows(part: steps.History) -> bool:
        return bool(await ground.disagrees(part))

    # Each of many attempts may break again, and would tell so in the log.
    with capture_logs():
        return await living.shortest(history, shows)


async def _broken(database: Database, at: int) -> list[str]:
    """The promises of `coster verify` that the town broke.

    What is due, and what follows from events, are commands of the town's own; no relay runs that could be late with them.
    """
    checks = await promises.count(database, 1, town.instant(at))
    return [
        f"{check.promise}: {check.broken}"
        for check in checks
        if check.broken and check.name not in proofs.IN_TIME
    ]


@contextlib.contextmanager
def _heard(total: int) -> Iterator[living.Heard]:
    """What is told how many commands are done, and shows it."""
    with _progress() as bar:
        task, tenths = bar.add_task("commands", total=total), _Tenths(total)

        def heard(done: int) -> None:
            bar.update(task, completed=done)
            if bar.disable:
                tenths.hear(done)

        yield heard


class _Tenths:
    """Says how far it is where there is no terminal for a bar, at every tenth."""

    def __init__(self, total: int) -> None:
        self._total, self._tenth = total, 0
        self._began = time.perf_counter()

    def hear(self, done: int) -> None:
        """So many commands are done."""
        if (tenth := 10 * done // self._total) > self._tenth:
            self._tenth = tenth
            rate = done / (time.perf_counter() - self._began)
            output.say(f"{done:,} of {self._total:,} commands, {rate:,.0f} a second", stderr=True)


def _resident_mb() -> int:
    """The most memory that this process had, the database's apart, in megabytes (Linux counts in kibibytes)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 // 1_000_000


def _progress() -> Progress:
    shown = output.console(stderr=True)
    return Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
                    console=shown, disable=not shown.is_terminal)  # fmt: skip


def _show(found: dict[str, Any]) -> None:
    if "answers" in found:
        output.table("Answers", ("answer", "times"), list(found["answers"].items()))
        output.say(
            f"{found['commands']:,} commands in {found['batches']:,} batches, {found['commands_per_second']:,} a second "
            f"(seed {found['seed']}); at most {found['resident_mb']} MB in memory."
        )
    for sentence in (*found["disagreements"], *found["promises_broken"]):
        output.say(sentence)
    if "file" in found:
        output.say("The shortest history that was found, a command a line:")
        for number, batch in enumerate(found["history"], 1):
            for step in batch:
                output.say(f"{number}: {msgspec.json.encode(step).decode()}")
        output.say(f"To live through it again: coster simulate --history {found['file']}")
    elif not found["disagreements"] and not found["promises_broken"]:
        output.say("The pipeline and the oracle agree, and every promise is kept.")
