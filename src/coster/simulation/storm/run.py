"""All of a storm: it blows, it gets calm, and it is counted."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any, Final

from coster.engine.db import connect
from coster.simulation.storm import faults, people, proofs
from coster.simulation.storm import ground as grounds
from coster.simulation.storm import scene as scenes
from coster.simulation.storm.caller import Caller, Request
from coster.simulation.storm.faults import Saboteur
from coster.simulation.storm.plan import SAYS_500, WELL, Plan
from coster.simulation.storm.report import Report
from coster.simulation.storm.scene import ORG, Scene

_FEED_PAGE: Final = 200
_CALM_SECONDS: Final = 60.0
# A cluster may need a minute to see what one of its nodes has prepared (its 2PC recovery).
_CALM_SECONDS_REACHED: Final = 180.0
_LOOK: Final = 0.2
_WARM_SHARE: Final = 0.1


async def storm(plan: Plan, directory: Path, *, bin_dir: Path | None = None, url: str = "") -> Report:
    """The report of a storm. `directory` is for logs; the database has a disk of its own where one can be mounted.

    With the URL of a Citus cluster it blows on a database of its own there. RuntimeError where the storm cannot even begin.
    """
    log = directory / "servers.log"
    async with (
        grounds.opened(plan, directory, bin_dir=bin_dir, url=url) as ground,
        scenes.opened(plan, ground, log) as scene,
    ):
        await _blow(scene)
        await _calm(scene)
        await _count(scene)
        await _leave(scene)
    report = scene.desk.report
    if ground.said:
        proofs.database_log(report, ground.said)
    else:
        report.impossible["reading the database's log"] = (
            "the server is reached by a URL; its counts of deadlocks are read"
        )
    proofs.server_log(report, log)
    proofs.flat(report)
    return report


async def _blow(scene: Scene) -> None:
    """Everybody at once, for the planned time; who still waits for an answer then gets it."""
    plan, town, desk = scene.plan, scene.town, scene.desk
    desk.report.began = time.monotonic()
    end = desk.report.began + plan.seconds

    def blows() -> bool:
        return time.monotonic() < end

    desk.gives_up_at = end + _patience(scene)
    saboteur = Saboteur(plan, desk, scene.servers, scene.ground, scene.lines)
    scene.keepers = [asyncio.create_task(kept.keep()) for kept in scene.servers]
    scene.heard = asyncio.create_task(_follow(scene))
    await asyncio.gather(
        faults.watch(desk, scene.ground.options, blows),
        saboteur.run(blows),
        _moods(scene),
        _weigh(scene, end),
        people.coordinate(plan, town, blows),
        people.keep_stock(plan, town, blows),
        people.revoke_keys(plan, town, blows),
        *(people.Shopper(plan, town, n).shop(blows) for n in range(plan.clients)),
    )


async def _moods(scene: Scene) -> None:
    """The receivers behave as planned."""
    _, moody, ill = scene.receivers
    began = time.monotonic()
    ill.become(SAYS_500)
    for at, mood in scene.plan.moods():
        await asyncio.sleep(max(0.0, began + at - time.monotonic()))
        moody.become(mood)
    ill.become(WELL)


async def _weigh(scene: Scene, end: float) -> None:
    """Samples the memory of the process that is spared, twice a second, once it is warm."""
    await asyncio.sleep(scene.plan.seconds * _WARM_SHARE)
    while time.monotonic() < end:
        scene.desk.report.memory.append(scene.servers[0].server.resident_mb())
        await asyncio.sleep(0.5)


async def _follow(scene: Scene) -> list[int]:
    """The numbers of all events as a reader of the feed hears them, until it has heard the last one after the storm."""
    caller = Caller(scene.desk, scene.town.owner, 2)
    heard: list[int] = []
    after = 0
    while True:
        page: Any = await caller.read(f"/api/v1/events?after={after}&limit={_FEED_PAGE}")
        if page is None:
            break
        heard += [event["seq"] for event in page["items"]]
        after = page["after"]
        if not page["more"]:
            if scene.calm:
                break
            await asyncio.sleep(_LOOK)
    caller.close()
    return heard


async def _calm(scene: Scene) -> None:
    """Returns when the receivers have got everything that they are owed, or after a minute; they are resumed for that."""
    began, patience = time.monotonic(), _patience(scene)
    scene.desk.gives_up_at = began + 2 * patience
    caller = Caller(scene.desk, scene.town.owner, 0)
    for receiver in scene.receivers:
        path = f"/api/v1/webhooks/{receiver.endpoint_id}/events"
        await caller.ask(
            Request(what="resume", path=path, body={"name": "resume"}, name=f"resume {receiver.name}")
        )
    while time.monotonic() < began + patience:
        health = await caller.read("/api/v1/webhooks")
        if health is None:
            # Nobody answers any more, and that has been noted.
            break
        owed = {one["url"]: one["unread"] + one["waiting"] + one["parked"] for one in health["items"]}
        if not any(owed.values()):
            break
        await asyncio.sleep(_LOOK)
    else:
        scene.desk.report.break_(f"webhooks are still owed after {patience:g} s: {owed}")
    scene.desk.report.checked["seconds until all webhooks were delivered"] = round(time.monotonic() - began)
    caller.close()
    scene.calm = True


def _patience(scene: Scene) -> float:
    return _CALM_SECONDS_REACHED if scene.ground.instead else _CALM_SECONDS


async def _count(scene: Scene) -> None:
    """Counts every promise."""
    report = scene.desk.report
    assert scene.heard is not None, "somebody followed the feed"
    heard = await scene.heard
    conn = await connect.connect(scene.ground.options)
    try:
        stored = await proofs.count(conn, ORG, scene.town)
        proofs.fed(report, heard, stored.events)
        for receiver in scene.receivers:
            made = next(row["seq"] for row in stored.events if str(row["entity_id"]) == receiver.endpoint_id)
            proofs.delivered(report, receiver, stored.events, made - 1)
        for sentence in await proofs.verify(conn, ORG):
            report.break_(sentence)
    finally:
        await conn.close()
    for node in scene.ground.nodes[1:]:
        worker = await connect.connect(node)
        await proofs.deadlocks(worker, report)
        await worker.close()


async def _leave(scene: Scene) -> None:
    """Every server is told to finish, and does."""
    codes = await asyncio.gather(*(kept.leave() for kept in scene.servers))
    await asyncio.gather(*scene.keepers)
    for code in codes:
        if code != 0:
            scene.desk.report.break_(f"a server that was told to finish ended with code {code}")
