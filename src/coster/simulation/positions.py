"""`coster bench positions`: a file of counts into the stock of a new organisation, beside a plain COPY of the same rows.

Every row is complete: judged by itself, remembered under its id, with ledger entry, event and an answer of its own. The COPY
writes the bare positions into an equal table on the same server in the same run. The ratio is what counts.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final

import asyncpg
import httpx2
import msgspec

from coster.simulation import bench, serving
from coster.simulation.serving import Server

V1: Final = "/api/v1"
ROUNDS: Final = 3
_COPIED: Final = (Path(__file__).parent / "sql" / "copied.sql").read_text(encoding="utf-8")
_NDJSON: Final = {"Content-Type": "application/x-ndjson"}


class Loader:
    """Sends files of rows to a server, and keeps the time that each took."""

    def __init__(self, server: Server, key: str) -> None:
        self.server = server
        self._http = httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{server.port}",
            headers={"Authorization": f"Bearer {key}"},
            timeout=900,
        )

    async def close(self) -> None:
        """Drops the connections."""
        await self._http.aclose()

    async def make(self, path: str, body: dict[str, Any]) -> str:
        """The id of something that is made. RuntimeError where it is refused."""
        answer = await self._http.post(V1 + path, json=body)
        if answer.status_code != 201:
            raise RuntimeError(f"{path} answered {answer.status_code}: {answer.text[:300]}")
        return str(answer.json()["id"])

    async def send(self, path: str, rows: Iterable[dict[str, Any]]) -> tuple[list[bytes], float]:
        """The lines of the answer, and seconds from the first byte sent to the last received. RuntimeError where a row is refused.

        The file is made before the clock starts, and read after it has stopped.
        """
        lines = [msgspec.json.encode(row) + b"\n" for row in rows]
        data = b"".join(lines)
        begin = time.perf_counter()
        answer = await self._http.post(V1 + path, content=data, headers=_NDJSON)
        seconds = time.perf_counter() - begin
        *told, last = answer.content.splitlines()
        sums = msgspec.json.decode(last)
        if sums.get("accepted") != len(lines):
            refused = next((line for line in told if b'"rejected"' in line), last)
            raise RuntimeError(f"{path} did not accept all rows: {refused.decode()[:500]}")
        return told, seconds


async def measure(
    *, rows: int, say: Callable[[str], Any] = print, bin_dir: Path | None = None
) -> dict[str, Any]:
    """Rates of items, positions and COPY, and how positions compare to COPY; each the median of some rounds."""
    async with (
        bench.ground(bin_dir) as (options, _, key),
        serving.servers(serving.url_of(options)) as [server],
    ):
        loader = Loader(server, key)
        try:
            shop = await loader.make(
                "/enterprises", {"name": "Shop", "kinds": ["retailer"], "currency": "EUR"}
            )
            rounds = []
            for number in range(ROUNDS):
                say(f"round {number + 1} of {ROUNDS}: {rows:,} items, as many counts, and COPY")
                rounds.append(await _round(loader, options, shop, rows=rows, number=number))
            resident = server.resident_mb()
        finally:
            await loader.close()
    figures = {name: median(found[name] for found in rounds) for name in rounds[0]}
    ratios = {
        "positions imported ÷ rows of COPY": figures["positions_per_second"] / figures["copy_rows_per_second"]
    }
    return {
        "machine": bench.machine(), "rows": rows, "rounds": rounds,
        "figures": {**figures, "server_resident_mb": resident}, "ratios": ratios,
    }  # fmt: skip


async def _round(
    loader: Loader, options: dict[str, Any], shop: str, *, rows: int, number: int
) -> dict[str, float]:
    """One place more with a count of each of as many new items."""
    place = await loader.make("/locations", {"enterprise_id": shop, "name": f"Store {number}"})
    skus = [f"{number}-{n}" for n in range(rows)]
    told, items = await loader.send(
        "/items:batch",
        ({"owner_id": shop, "sku": sku, "name": f"Item {sku}", "price": "1.50"} for sku in skus),
    )
    ids = [str(msgspec.json.decode(line)["value"]["id"]) for line in told]
    _, counts = await loader.send(
        "/positions:batch",
        ({"kind": "count", "item_id": id_, "location_id": place, "quantity": "12.5"} for id_ in ids),
    )
    copied = await _copy(options, place, ids)
    return {
        "items_per_second": rows / items, "positions_per_second": rows / counts, "copy_rows_per_second": rows / copied,
    }  # fmt: skip


async def _copy(options: dict[str, Any], place: str, ids: Sequence[str]) -> float:
    """Seconds for the same positions by COPY into a table with the same columns, key, indexes and checks."""
    conn = await asyncpg.connect(**options)
    location = uuid.UUID(place)
    records = [
        (bench.ORG, uuid.uuid4(), uuid.UUID(item), location, "", False, 12_500, 0, 0, 1, 1, None)
        for item in ids
    ]
    try:
        await conn.execute(_COPIED)
        begin = time.perf_counter()
        await conn.copy_records_to_table("copied", records=records)
        return time.perf_counter() - begin
    finally:
        await conn.close()
