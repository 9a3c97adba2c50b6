"""`coster simulate-federation`: three servers that speak only the standard, while the lines between them and they themselves fail."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, validators

from coster.cli import output, place, signals
from coster.cli.output import Exit, FailedError
from coster.simulation.federation import namespaces
from coster.simulation.federation.histories import PLATFORMS, Plan
from coster.simulation.federation.report import Report
from coster.simulation.federation.run import Place, federate

_AT_LEAST = validators.Number(gte=1)


def simulate_federation(  # noqa: PLR0913 - each is an option of its own on the command line
    *,
    histories: Annotated[int, Parameter(validator=_AT_LEAST, help="How many histories.")] = 200,
    seconds: Annotated[
        float,
        Parameter(
            validator=validators.Number(gte=0),
            help="No history begins after so many; 0: as long as they take.",
        ),
    ] = 0,
    seed: Annotated[int, Parameter(help="What all choices follow from.")] = 1,
    at_once: Annotated[int, Parameter(validator=_AT_LEAST, help="How many histories at a time.")] = 20,
    faults: Annotated[
        float,
        Parameter(
            validator=validators.Number(gte=0, lte=1),
            help="The share of requests that meet a fault on the line.",
        ),
    ] = 0.12,
    kill_every: Annotated[
        float,
        Parameter(
            validator=validators.Number(gt=0),
            help="Seconds between what befalls servers, databases and lines.",
        ),
    ] = 6.0,
    own_networks: Annotated[
        bool,
        Parameter(
            negative="",
            help="Each server in a network of its own (Linux network namespaces, which need root); their cables are pulled too.",
        ),
    ] = False,
    keep: Annotated[
        Path | None,
        Parameter(
            help="A directory that is not there yet: databases, logs and what passed are kept in it, to be looked into."
        ),
    ] = None,
    json: Annotated[bool, Parameter(negative="", help="Print JSON.")] = False,
) -> int:
    """Run three servers (a producer's and two hubs') behind lines that lose, repeat, swap and cut, kill them, and count every promise.

    First the story of docs/guide/first-steps.md, then short histories by chance. Afterwards: no kilo promised twice, no checkout that was
    told yes without a hold at the producer, both sides agree, nothing personal crossed, coster verify clean on all three. Exit code 1
    where anything is broken. The same seed makes the same choices; their interleaving is the machine's.

    Example: coster simulate-federation --histories 2000 --seed 7

    Example: coster simulate-federation --seconds 300 --own-networks
    """
    plan = Plan(
        seed=seed, histories=histories, seconds=seconds, at_once=at_once, share=faults, strike_every=kill_every,
        by_commands=True,
    )  # fmt: skip
    with signals.sigterm_interrupts(), _directory(keep) as directory:
        report = asyncio.run(_run(plan, directory, own_networks=own_networks))
    if json:
        output.as_json(report.told())
    else:
        output.say(report.text())
    return Exit.WRONG if report.broken else Exit.DONE


async def _run(plan: Plan, directory: Path, *, own_networks: bool) -> Report:
    programs = place.programs(place.chosen())
    say = output.console(stderr=True).print
    if not own_networks:
        return await federate(plan, Place(directory=directory, bin_dir=programs), say=say)
    try:
        async with namespaces.made(PLATFORMS) as sites:
            return await federate(plan, Place(directory=directory, bin_dir=programs, sites=sites), say=say)
    except namespaces.ImpossibleError as impossible:
        raise FailedError(
            f"networks of their own cannot be made here: {impossible}; without --own-networks everything is on loopback"
        ) from None


@contextlib.contextmanager
def _directory(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        try:
            keep.mkdir(parents=True)
        except OSError as fault:
            raise FailedError(f"{keep} cannot be made: {fault.strerror}") from None
    made = keep or Path(tempfile.mkdtemp(prefix="coster-federation-"))
    # Run as root, PostgreSQL gets a user of its own, who must be able to pass.
    made.chmod(0o755)
    try:
        yield made
    finally:
        if keep is None:
            shutil.rmtree(made, ignore_errors=True)
