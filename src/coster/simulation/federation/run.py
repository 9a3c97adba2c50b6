"""All of it: three servers, thousands of short histories while the lines and the processes fail, then calm, and everything is counted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from coster.engine.db.embedded import EmbeddedServer
from coster.simulation.federation import namespaces, people, proofs, story
from coster.simulation.federation.asking import UnheardError
from coster.simulation.federation.histories import (
    CUT_LINE,
    KILL_DATABASE,
    KILL_SERVER,
    PLATFORMS,
    Plan,
    Strike,
)
from coster.simulation.federation.people import Shopper, Sure
from coster.simulation.federation.platforms import Askers, Ground, Platform, Site
from coster.simulation.federation.record import Record
from coster.simulation.federation.report import Report
from coster.simulation.federation.weather import CALM, Weather
from coster.simulation.federation.world import Hub, Scene, World

_CALM_SECONDS: Final = 90.0
_LOOK: Final = 0.3
_LONGEST: Final = 3600.0
_MOMENT: Final = 0.5

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where it happens: a directory for databases, logs and what passed, the programs of PostgreSQL, where each platform stands, and the
    database server that they share, if they do.
    """

    directory: Path
    bin_dir: Path | None = None
    sites: Mapping[str, Site] = field(default_factory=dict)
    shared: EmbeddedServer | None = None

    def ground(self, name: str, report: Report, record: Record, askers: Askers, **settings: object) -> Ground:
        """Where platforms are made, in a directory of this name."""
        directory = self.directory / name
        directory.mkdir()
        return Ground(
            directory=directory, report=report, record=record, askers=askers, sites=self.sites,
            bin_dir=self.bin_dir, settings=settings, shared=self.shared,
        )  # fmt: skip


@dataclass(slots=True)
class Run:
    """A run while it lasts."""

    plan: Plan
    report: Report
    platforms: list[Platform]
    record: Record
    world: World
    say: Say
    sure: Sure = field(default_factory=Sure)
    attended: set[tuple[str, str, int]] = field(default_factory=set)
    over: bool = False

    def goes_on(self) -> bool:
        """Whether histories still begin and go on."""
        return not self.over


async def federate(plan: Plan, place: Place, *, say: Say = lambda _said: None) -> Report:
    """The report of a run. RuntimeError where it cannot even begin."""
    report = Report(seed=plan.seed, plan=plan.digest())
    if plan.story:
        await _story(plan, place, report)
        say("the story has been told")
    record, askers = Record(place.directory / "passed"), Askers()
    began = time.monotonic()
    async with place.ground("histories", report, record, askers).opened(PLATFORMS) as platforms:
        world = World.of(platforms, report)
        world.by_commands = plan.by_commands
        await world.build(askers)
        report.seconds["until everybody is connected"] = time.monotonic() - began
        say("three servers are up and connected")
        run = Run(plan, report, platforms, record, world, say)
        try:
            await _live(run)
            await _count(run)
        finally:
            world.close()
    record.close()
    return report


async def _story(plan: Plan, place: Place, report: Report) -> None:
    """The story on three servers of its own, whose clocks are moved by hand, with faults on the line."""
    began = time.monotonic()
    record, askers = Record(place.directory / "passed-story"), Askers()
    async with place.ground("story", report, record, askers, **story.CLOCK).opened(PLATFORMS) as platforms:
        world = World.of(platforms, report)
        await world.build(askers)
        line = world.jean.line
        line.weather = Weather(seed=plan.seed, share=plan.share, longest=1.0, silent=2.0)
        async for step in story.tell(world):
            report.checked["steps of the story"] += 1
            if step.seen != step.expected:
                report.break_(f"{step.when}: {step.who} {step.what}: {step.seen}, and not {step.expected}")
        line.weather = CALM
        await line.settled()
        await proofs.agree(world)
        for platform in platforms:
            await proofs.ledger(platform, report)
            await proofs.verify(platform, report, at=story.END)
        await proofs.anonymous(world, record)
        world.close()
    record.close()
    report.seconds["of the story"] = time.monotonic() - began


async def _live(run: Run) -> None:
    """All histories, day by day, with everything that goes wrong meanwhile; then calm."""
    began = time.monotonic()
    keepers = [asyncio.create_task(one.kept.keep()) for one in run.platforms]
    for number, platform in enumerate(run.platforms):
        platform.line.weather = Weather(seed=run.plan.seed + number, share=run.plan.share)
    watching = asyncio.create_task(proofs.watch(run.world, run.sure, run.goes_on))
    striking = asyncio.create_task(_strike(run))
    try:
        await _days(run)
    finally:
        run.over = True
        striking.cancel()
        await asyncio.gather(striking, return_exceptions=True)
    await watching
    run.report.seconds["of histories"] = time.monotonic() - began
    run.say("it gets calm")
    await _calm(run)
    await asyncio.gather(*(one.kept.leave() for one in run.platforms))
    await asyncio.gather(*keepers)
    for platform in run.platforms:
        for kind, times in platform.line.met.items():
            run.report.line_faults[f"{platform.name}: {kind}"] += times


async def _days(run: Run) -> None:
    """Histories in days: what a day is about is made and imported before it, and withdrawn after it."""
    began = time.monotonic()
    numbers = range(1, run.plan.histories + 1)
    at_once = run.plan.at_once
    for day, first in enumerate(numbers[::at_once], 1):
        histories = [run.plan.history(n) for n in numbers[first - 1 : first - 1 + at_once]]
        scenes = await run.world.day(histories, f"day-{day}")
        await asyncio.gather(*(_history(run, scene) for scene in scenes))
        await run.world.clear(scenes)
        run.report.checked["histories"] += len(scenes)
        run.say(f"{run.report.checked['histories']} of {run.plan.histories} histories")
        if run.plan.seconds and time.monotonic() - began > run.plan.seconds:
            break


async def _history(run: Run, scene: Scene) -> None:
    try:
        await scene.open()
        shoppers = [
            Shopper(scene, hub, number, run.sure).shop(deeds, run.goes_on)
            for hub, people_ in enumerate(scene.history.shoppers)
            for number, deeds in enumerate(people_)
        ]
        await asyncio.gather(*shoppers, people.farm(scene, run.goes_on))
    except (UnheardError, RuntimeError) as trouble:
        run.report.break_(f"history {scene.history.number} could not go on: {trouble}")


async def _strike(run: Run) -> None:
    """Everything that was chosen, at its second, or as soon as everybody has been there again for a moment."""
    began = time.monotonic()
    by_name = {one.name: one for one in run.platforms}
    async with asyncio.TaskGroup() as tasks:
        for strike in run.plan.strikes(_LONGEST):
            await asyncio.sleep(max(0.0, began + strike.at - time.monotonic()))
            await asyncio.gather(*(one.kept.there() for one in run.platforms))
            await asyncio.sleep(_MOMENT)
            run.report.faults[f"{strike.platform}: {strike.kind}"] += 1
            tasks.create_task(_befall(by_name[strike.platform], strike))
            # A process that was killed has been missed by then.
            await asyncio.sleep(_MOMENT)


async def _befall(platform: Platform, strike: Strike) -> None:
    if strike.kind == KILL_SERVER:
        await platform.kept.kill()
    elif strike.kind == KILL_DATABASE:
        platform.kill_database()
    elif strike.kind == CUT_LINE and platform.site.cable:
        await namespaces.pull(platform.site)
        try:
            await asyncio.sleep(strike.seconds)
        finally:
            await namespaces.plug(platform.site)
    elif strike.kind == CUT_LINE:
        platform.line.cut()
        try:
            await asyncio.sleep(strike.seconds)
        finally:
            platform.line.mend()


async def _calm(run: Run) -> None:
    """Returns when every session has ended and every link is at rest."""
    began = time.monotonic()
    for platform in run.platforms:
        platform.line.weather = CALM
        platform.line.mend()
        await platform.line.settled()
    why: dict[str, str] = {}
    while time.monotonic() < began + _CALM_SECONDS:
        why = {hub.platform.name: await proofs.settled(hub) for hub in run.world.hubs}
        if not any(why.values()):
            break
        for hub in run.world.hubs:
            await _attend(run, hub)
        await asyncio.sleep(_LOOK)
    else:
        for name, what in why.items():
            if what:
                run.report.break_(f"{name}'s links are not at rest after {_CALM_SECONDS:g} s of calm: {what}")
    run.report.seconds["until all links were at rest"] = time.monotonic() - began


async def _attend(run: Run, hub: Hub) -> None:
    """The hub's people look at what waits for them: where Jean has less than she thought, what she has is accepted."""
    for link in await hub.api.every("links?behind=true"):
        wanted = {
            "refused": {"name": "settle", "how": "accept", "reason": "Jean has less"},
            "blocked": {"name": "retry"},
        }
        event = wanted.get(link["standing"])
        if event is None or (hub.platform.name, link["id"], link["sequence"]) in run.attended:
            continue
        run.attended.add((hub.platform.name, link["id"], link["sequence"]))
        reply = await hub.api.ask("POST", f"links/{link['id']}/events", event)
        run.report.answers[f"{hub.platform.name}: people: {event['name']} {reply.status}"] += 1


async def _count(run: Run) -> None:
    """Counts every promise."""
    await proofs.agree(run.world)
    await proofs.as_told(run.world, run.sure)
    for platform in run.platforms:
        await proofs.ledger(platform, run.report)
    await asyncio.gather(*(proofs.verify(platform, run.report) for platform in run.platforms))
    await proofs.anonymous(run.world, run.record)
