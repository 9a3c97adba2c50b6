"""schemathesis over a served document, as its own program: examples and coverage whole, then fuzzing and chains for a while.

Each phase has its own time, so that a slow machine passes none over. The seed is fixed: what a short run finds it finds again.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Final

from tests.house.tree import PROJECT

SEED: Final = "20261121"
CHECKS: Final = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,unsupported_method,allow_header_conformance,ignored_auth,use_after_free"
)
WHOLE: Final = ("Examples", "Coverage")
FOR_A_WHILE: Final = ("Fuzzing", "Stateful")


async def passed(
    address: str,
    token: str,
    directory: Path,
    *,
    seconds: int,
    left_out: Collection[str] = (),
    hooks: str = "",
) -> None:
    """All four phases meet only what the document at the address tells of; each of the last two has so many seconds."""
    told = {"SCHEMATHESIS_HOOKS": hooks} if hooks else {}
    for phases, most in ((WHOLE, 0), *(((phase,), seconds) for phase in FOR_A_WHILE)):
        arguments = [
            "run", address, "--url", address.partition("/api/")[0], "--header", f"Authorization: Bearer {token}",
            "--phases", ",".join(phases).lower(), "--checks", CHECKS, "--seed", SEED, *(["--max-time", str(most)] if most else []),
            "--suppress-health-check", "all", "--continue-on-failure", "--no-color", "--warnings", "off", "--generation-database", "none",
        ]  # fmt: skip
        for name in left_out:
            arguments += ["--exclude-operation-id", name]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "schemathesis.cli", *arguments,
            env={**os.environ, "PYTHONPATH": str(PROJECT), **told},
            cwd=directory,  # it leaves files where it runs
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        out, _ = await process.communicate()
        text = out.decode()
        assert process.returncode == 0, text[-6000:]
        for phase in phases:
            # A phase that was passed over has no such line.
            assert f"✅  {phase} (in " in text, text[-3000:]
