"""The capacity card: every figure that the project promises, taken in one run on one machine, and what changed between two cards.

A goal is a ratio wherever it can be, because a machine is in both sides of it (docs/reference/performance.md).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from coster.engine.batch.handler import Registry
from coster.engine.db import migrate
from coster.engine.db.connect import Database
from coster.simulation import baseline, bench, hooks, positions, recovery, serving, stored
from coster.simulation.growth.grow import Store

Say = Callable[[str], Any]


class Goal(msgspec.Struct, frozen=True, kw_only=True):
    """A figure of the card: what it is called for people, its unit, and what it must be `at_least` or `at_most`."""

    name: str
    title: str
    unit: str
    kind: Literal["at_least", "at_most"]
    value: float


GOALS: Final = (
    Goal(name="http_to_five", title="orders/s over HTTP, 64 clients ÷ pgbench, five statements", unit="", kind="at_least", value=1.0),
    Goal(name="http_to_one", title="orders/s over HTTP, 64 clients ÷ pgbench, one statement", unit="", kind="at_least", value=1.0),
    Goal(name="process_to_five", title="orders/s in process, batches of 256 ÷ pgbench, five statements", unit="", kind="at_least", value=6),
    Goal(name="process_to_one", title="orders/s in process, batches of 256 ÷ pgbench, one statement", unit="", kind="at_least", value=3),
    Goal(name="latency_to_five", title="median latency at 1 client ÷ pgbench's, five statements", unit="", kind="at_most", value=4),
    Goal(name="stored_to_empty", title="orders/s with many stored ÷ with none", unit="", kind="at_least", value=0.9),
    Goal(name="list_growth", title="p99 of the order list with many stored ÷ with 10,000", unit="", kind="at_most", value=1.5),
    Goal(name="board_growth", title="p99 of the session board with many stored ÷ with 10,000", unit="", kind="at_most", value=1.5),
    Goal(name="positions_per_second", title="positions imported", unit="/s", kind="at_least", value=50_000),
    Goal(name="server_resident_mb", title="server's resident memory under the load of orders", unit="MB", kind="at_most", value=250),
    Goal(name="webhooks_per_second", title="events delivered to a webhook receiver, in order", unit="/s", kind="at_least", value=2_000),
    Goal(name="availability_ms", title="availability of 50 items at 100 places, p99", unit="ms", kind="at_most", value=20),
    Goal(name="recovery_seconds", title="first order after kill -9 of server and database", unit="s", kind="at_most", value=3),
)  # fmt: skip
"""The figures in the order of the card."""


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """How large a card's stores are, and how long each load lasts in seconds."""

    seconds: int = 8
    orders: int = 1_000_000
    positions: int = 1_000_000
    events: int = 20_000
    rows: int = 20_000


QUICK: Final = Size(seconds=2, orders=20_000, positions=20_000, events=2_000, rows=2_000)
"""To see that every figure can be taken; the figures themselves mean little."""


async def take(
    handlers: Sequence[Any], size: Size, *, say: Say, bin_dir: Path | None = None
) -> dict[str, Any]:
    """The card: machine, sizes, all figures by name."""
    figures: dict[str, float] = {}
    for part in (_orders, _stored, _availability, _webhooks):
        figures |= await _on_new_ground(handlers, size, say, part, bin_dir)
    say("positions imported over HTTP, beside COPY")
    imported = await positions.measure(rows=size.rows, say=say, bin_dir=bin_dir)
    figures |= {
        name: imported["figures"][name]
        for name in ("items_per_second", "positions_per_second", "copy_rows_per_second")
    }
    say("kill -9 of server and database")
    figures["recovery_seconds"] = await recovery.recovery(bin_dir=bin_dir)
    return {"machine": bench.machine(), "size": msgspec.to_builtins(size), "figures": figures}


_Part = Callable[[bench.Shop, str, dict[str, Any], Size, Say], Awaitable[dict[str, float]]]


async def _on_new_ground(
    handlers: Sequence[Any], size: Size, say: Say, part: _Part, bin_dir: Path | None
) -> dict[str, float]:
    async with bench.embedded(bin_dir) as server:
        options = server.connect_options()
        await migrate.upgrade(options)
        database = await Database.open(options, max_size=10)
        try:
            shop = bench.Shop(database, Registry(handlers))
            return await part(shop, await shop.open(), options, size, say)
        finally:
            await database.close()


async def _orders(
    shop: bench.Shop, key: str, options: dict[str, Any], size: Size, say: Say
) -> dict[str, float]:
    await baseline.prepare(options)
    found = await bench.measure(shop, key, options, seconds=size.seconds, say=say)
    return {**found["figures"], **found["ratios"]}


async def _stored(
    shop: bench.Shop, key: str, options: dict[str, Any], size: Size, say: Say
) -> dict[str, float]:
    store = Store(shop, bench.ORG)
    async with serving.servers(serving.url_of(options)) as [server]:
        say("orders with none stored")
        await bench.http(server.port, key, shop, clients=16, seconds=2)  # warm
        rate, _ = await bench.http(server.port, key, shop, clients=64, seconds=size.seconds)
        figures = {"none_orders": rate}
        await store.found()
        for name, upto in (("few", 10_000), ("many", size.orders)):
            say(f"orders with {upto:,} stored")
            await store.grow(upto)
            rate, _ = await bench.http(server.port, key, shop, clients=64, seconds=size.seconds)
            found = await stored.boards(server.port, key, store)
            figures |= {
                f"{name}_orders": rate,
                f"{name}_list_ms": found["list"],
                f"{name}_board_ms": found["board"],
            }
    return {
        **figures,
        "stored_to_empty": figures["many_orders"] / figures["none_orders"],
        "list_growth": figures["many_list_ms"] / figures["few_list_ms"],
        "board_growth": figures["many_board_ms"] / figures["few_board_ms"],
    }


async def _availability(
    shop: bench.Shop, key: str, options: dict[str, Any], size: Size, say: Say
) -> dict[str, float]:
    say(f"availability with {size.positions:,} positions")
    items, places = await stored.shelve(shop, size.positions)
    async with serving.servers(serving.url_of(options)) as [server]:
        return {"availability_ms": await stored.availability(server.port, key, items, places)}


async def _webhooks(
    shop: bench.Shop, key: str, options: dict[str, Any], size: Size, say: Say
) -> dict[str, float]:
    say(f"{size.events:,} events to a webhook receiver")
    async with serving.servers(serving.url_of(options), **hooks.SETTINGS) as [server]:
        found = await hooks.delivered_per_second(shop, server.port, key, events=size.events)
    if found["missing"] or found["out_of_order"]:
        raise RuntimeError(f"events were not delivered as promised: {found}")
    return {
        "webhooks_per_second": found["per_second"],
        "webhooks_backlog_per_second": found["backlog_per_second"],
    }


# ------------------------------------------------------------------------------------------------------------- reading


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the printed card."""

    title: str
    figure: str
    goal: str
    reached: bool


def lines(card: Mapping[str, Any]) -> list[Line]:
    """The goals with what was measured, in order."""
    return [_line(goal, card["figures"][goal.name]) for goal in GOALS]


def _line(goal: Goal, found: float) -> Line:
    reached = found >= goal.value if goal.kind == "at_least" else found <= goal.value
    words = "at least" if goal.kind == "at_least" else "at most"
    return Line(
        title=goal.title,
        figure=_text(found, goal.unit),
        goal=f"{words} {_text(goal.value, goal.unit)}",
        reached=reached,
    )


def _text(value: float, unit: str) -> str:
    number = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{number} {unit}".strip()


NOISE: Final = 0.15
"""Two runs of the same program on this project's machine differ by less than this share, in every figure (performance.md)."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A figure in two cards; `verdict` says what is beyond noise."""

    name: str
    before: float
    after: float
    verdict: Literal["same", "better", "worse", "other"]


def compare(before: Mapping[str, Any], after: Mapping[str, Any], *, noise: float = NOISE) -> list[Change]:
    """Every figure that both cards have, by name; those with a goal are better or worse beyond noise, others only other."""
    kinds = {goal.name: goal.kind for goal in GOALS}
    old, new = before["figures"], after["figures"]
    return [
        Change(
            name=name,
            before=old[name],
            after=new[name],
            verdict=_verdict(kinds.get(name), old[name], new[name], noise),
        )
        for name in sorted(old.keys() & new.keys())
    ]


def _verdict(
    kind: str | None, old: float, new: float, noise: float
) -> Literal["same", "better", "worse", "other"]:
    if abs(new - old) <= noise * max(abs(old), abs(new)):
        return "same"
    if kind is None:
        return "other"
    return "better" if (new > old) == (kind == "at_least") else "worse"
