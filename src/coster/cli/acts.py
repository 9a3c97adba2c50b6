"""The last act of `coster demo`: the same story across three servers that speak only the standard, with a cut line in the middle."""

from __future__ import annotations

import asyncio
import datetime as dt
import tempfile
from collections.abc import Callable
from pathlib import Path

from coster.cli import place, verify
from coster.engine.db.embedded import EmbeddedServer
from coster.simulation.federation import proofs, story
from coster.simulation.federation.histories import PLATFORMS
from coster.simulation.federation.platforms import Askers, Ground, Platform
from coster.simulation.federation.record import Record
from coster.simulation.federation.report import Report
from coster.simulation.federation.story import Step
from coster.simulation.federation.world import World


def across(bin_dir: Path | None, show: Callable[[Step], None]) -> tuple[int, list[str]]:
    """Plays it, and tells each step as it comes; gives how many things did not come as they must, and sentences about the end.

    `show` is told the steps. One database server with a database for each of the three; all of it is gone at the end.
    """
    with tempfile.TemporaryDirectory(prefix="coster-demo-") as made:
        directory = Path(made)
        # Run as root, PostgreSQL gets a user of its own, who must be able to pass.
        directory.chmod(0o755)
        return asyncio.run(_across(directory, bin_dir, show))


async def _across(
    directory: Path, bin_dir: Path | None, show: Callable[[Step], None]
) -> tuple[int, list[str]]:
    report, record, askers = Report(), Record(directory / "passed"), Askers()
    wrong, said = 0, list[str]()
    # What is thrown away need not survive a power cut.
    async with EmbeddedServer(directory / "pg", bin_dir=bin_dir, testing=True) as postgres:
        ground = Ground(
            directory=directory, report=report, record=record, askers=askers, bin_dir=bin_dir,
            settings=story.CLOCK, shared=postgres,
        )  # fmt: skip
        async with ground.opened(PLATFORMS) as platforms:
            world = World.of(platforms, report)
            await world.build(askers)
            async for step in story.tell(world):
                show(step)
                wrong += step.seen != step.expected
            await proofs.agree(world)
            await proofs.anonymous(world, record)
            world.close()
            wrong += await _verified(platforms, said)
    record.close()
    said += [f"NOT as it must be: {sentence}" for sentence in report.broken]
    if not report.broken:
        said.append(f"{record.count} messages crossed between the three; no shopper is named in any of them.")
    return wrong + len(report.broken), said


async def _verified(platforms: list[Platform], said: list[str]) -> int:
    """`coster verify` of each platform; how many promises are broken."""
    broken = 0
    for platform in platforms:
        async with place.opened(platform.options) as database:
            checks = await verify.count(database, None, dt.datetime.fromisoformat(story.END))
        found = [check for check in checks if check.broken]
        kept = f"{len(found)} broken" if found else "all kept"
        said.append(f"coster verify, {platform.name}: {len(checks)} promises, {kept}.")
        said += [f"  {check.promise}: {check.broken}, for example {check.example}" for check in found]
        broken += len(found)
    return broken
