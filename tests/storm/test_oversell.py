"""The storm: several server processes, hundreds of clients, three items, and everything that can be killed is killed.

COSTER_STORM_SECONDS (20 by default), _SEED, _PROCESSES, _CLIENTS and _KILL_EVERY (seconds) say how much of it. Where
COSTER_TEST_CITUS_URL names a Citus cluster it blows on a database of its own there.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from coster.simulation.storm import plan
from coster.simulation.storm.plan import Plan
from coster.simulation.storm.run import storm


def chosen(name: str, otherwise: float) -> float:
    """What the environment says of the storm."""
    return float(os.environ.get(f"COSTER_STORM_{name}", otherwise))


PLAN = Plan(
    seconds=chosen("SECONDS", 20),
    processes=int(chosen("PROCESSES", 3)),
    clients=int(chosen("CLIENTS", 200)),
    kill_every=chosen("KILL_EVERY", 3),
    seed=int(chosen("SEED", 1)),
)
URL = os.environ.get("COSTER_TEST_CITUS_URL", "")


@pytest.mark.storm
@pytest.mark.timeout(PLAN.seconds + 300)
async def test_never_more_is_promised_than_there_is(tmp_path: Path, pg_bin: Path | None) -> None:
    """Whatever is killed, every acknowledged command took effect once, nothing refused left a trace, no promise is broken."""
    report = await storm(PLAN, tmp_path, bin_dir=pg_bin, url=URL)
    print(report.text())  # noqa: T201 - the report is what whoever calls `make storm` wants to see
    assert report.broken == []
    # How fast somebody else's server is cannot be known.
    assert report.checked["orders acknowledged"] > (0 if URL else PLAN.seconds)
    assert {fault.kind for fault in PLAN.faults()} <= report.faults.keys() | report.impossible.keys()


def test_same_seed_plans_the_same_storm() -> None:
    """Faults, moods of the receivers and every deed of every client follow from the seed; another seed plans another storm."""
    one, again, other = Plan(seed=7), Plan(seed=7), Plan(seed=8)
    assert (one.faults(), one.moods(), one.step(3, 14)) == (again.faults(), again.moods(), again.step(3, 14))
    assert one.digest() == again.digest()
    assert one.digest() != other.digest()


def test_every_kind_of_fault_comes_before_any_comes_again() -> None:
    """In a storm of 45 seconds everything goes wrong at least once, and the last seconds are quiet."""
    faults = Plan(seconds=45).faults()
    assert {fault.kind for fault in faults[: len(plan.FAULTS)]} == set(plan.FAULTS)
    assert max(fault.at for fault in faults) < 43
