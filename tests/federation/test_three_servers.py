"""Three servers and the lines between them, for a short while: the story, and then histories with everything that goes wrong."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from coster.engine.db.embedded import EmbeddedServer
from coster.simulation.federation import namespaces, weather
from coster.simulation.federation.histories import PLATFORMS, STRIKES, Plan
from coster.simulation.federation.report import Report
from coster.simulation.federation.run import Place, federate

SEED = int(os.environ.get("COSTER_STORM_SEED", "1"))
PLAN = Plan(seed=SEED, histories=6, at_once=6, length=12, strike_every=5, share=0.15, story=False)


@pytest.fixture
async def place(pg_bin: Path | None) -> AsyncIterator[Place]:
    """A directory, and one database server for the three, which may be killed."""
    directory = Path(tempfile.mkdtemp(prefix="coster-federation-"))
    directory.chmod(0o755)  # noqa: ASYNC240 - before anything runs
    try:
        async with EmbeddedServer(directory / "pg", bin_dir=pg_bin) as server:
            yield Place(directory=directory, bin_dir=pg_bin, shared=server)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.mark.storm
@pytest.mark.timeout(300)
async def test_nothing_is_promised_twice_whatever_the_line_does(place: Place) -> None:
    """Whatever is lost, repeated, swapped or killed: what shoppers were told is held at Jean's, both sides agree, nobody is named."""
    report = await federate(PLAN, place)
    kept(report)
    assert sum(report.line_faults.values()) > 0
    assert sum(report.faults.values()) > 0


def kept(report: Report) -> None:
    """Every promise was looked for, and none found broken."""
    print(report.text())  # noqa: T201 - the report is what whoever runs this wants to see
    assert report.broken == []
    assert report.checked["promises found held at Jean's, while it went on"] > 0
    assert report.checked["held orders compared on both sides"] > 0


@pytest.mark.storm
@pytest.mark.timeout(300)
async def test_the_same_with_a_network_for_each_server(place: Place) -> None:
    """Joined by cables that are pulled, where networks can be made: that takes root and its rights, and is said where it is not so."""
    few = dataclasses.replace(PLAN, histories=3, at_once=3)
    report, why = None, ""
    try:
        async with namespaces.made(PLATFORMS) as sites:
            report = await federate(few, dataclasses.replace(place, sites=sites))
    except namespaces.ImpossibleError as impossible:
        why = str(impossible)
        print(f"Networks cannot be made here: {why}")  # noqa: T201 - as above
    if report is not None:
        kept(report)
    else:
        assert re.search(r"takes root|Operation not permitted|Permission denied", why)


def test_same_seed_chooses_the_same() -> None:
    """Histories and strikes follow from the seed; another seed chooses others; every kind befalls every platform in turn."""
    one, again, other = Plan(seed=7), Plan(seed=7), Plan(seed=8)
    assert (one.history(3), one.strikes(60)) == (again.history(3), again.strikes(60))
    assert one.digest() == again.digest() != other.digest()
    first = one.strikes(600)[: len(STRIKES) * len(PLATFORMS)]
    assert {(strike.kind, strike.platform) for strike in first} == {
        (kind, platform) for kind in STRIKES for platform in PLATFORMS
    }
    assert set(weather.FAULTS) == set(weather.Weather().kinds)
