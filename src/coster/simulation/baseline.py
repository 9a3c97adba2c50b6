"""What the same server does with the simple way: pgbench on one hot row, as five statements and as one."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import asyncpg

_SQL = Path(__file__).parent / "sql"


async def prepare(options: dict[str, Any]) -> None:
    """Makes the tables of the simple way, afresh."""
    conn = await asyncpg.connect(**options)
    try:
        await conn.execute((_SQL / "baseline_tables.sql").read_text(encoding="utf-8"))
    finally:
        await conn.close()


async def pgbench(
    program: Path, options: dict[str, Any], form: str, *, clients: int, seconds: int
) -> dict[str, float]:
    """Transactions per second and mean latency in milliseconds of a form (`five` or `one`)."""
    command = [
        str(program), "-n", "-M", "prepared", "-c", str(clients), "-j", str(min(clients, 2)), "-T", str(seconds),
        "-f", str(_SQL / f"baseline_{form}.sql"), "-h", str(options["host"]), "-p", str(options["port"]),
        "-U", str(options["user"]), str(options["database"]),
    ]  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    found = re.search(rb"tps = ([0-9.]+)", out)
    latency = re.search(rb"latency average = ([0-9.]+) ms", out)
    if process.returncode or not found or not latency:
        raise RuntimeError(f"pgbench failed: {err.decode().strip()}")
    return {"tps": float(found[1]), "latency_ms": float(latency[1])}
