"""schemathesis over the whole API in all its phases: examples, coverage, fuzzing, and chains of requests (stateful).

COSTER_FUZZ_SECONDS is how long; `make fuzz` takes its time, `make test` has a moment. The seed is fixed, so what a short run
finds it finds again.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Final

from tests.edges.conftest import Start
from tests.edges.estate import settle
from tests.edges.scene import V1
from tests.house.tree import PROJECT

SECONDS: Final = int(os.environ.get("COSTER_FUZZ_SECONDS", "25"))
SEED: Final = "20261121"
CHECKS: Final = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,unsupported_method,allow_header_conformance,ignored_auth,use_after_free"
)
LEFT_OUT: Final = ("streamEvents", "moveClock")
"""What never ends, and what would hold a thousand years of sessions; test_events.py and test_fuzz.py have them."""


async def test_all_phases_meet_documented_answers(start: Start, tmp_path: Path) -> None:
    """No fault of the server, no answer that the document does not know, and no operation that a wrong key opens."""
    server = await start()
    await settle(server.owner, "Ourstown")
    arguments = [
        "run", server.url + V1 + "/openapi.json", "--url", server.url, "--header", f"Authorization: Bearer {server.token}",
        "--phases", "examples,coverage,fuzzing,stateful", "--checks", CHECKS, "--seed", SEED, "--max-time", str(SECONDS),
        "--suppress-health-check", "all", "--continue-on-failure", "--no-color", "--warnings", "off",
        "--generation-database", "none",
    ]  # fmt: skip
    for name in LEFT_OUT:
        arguments += ["--exclude-operation-id", name]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "schemathesis.cli",
        *arguments,
        env={**os.environ, "SCHEMATHESIS_HOOKS": "tests.edges.lines", "PYTHONPATH": str(PROJECT)},
        cwd=tmp_path,  # it leaves files where it runs
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await process.communicate()
    text = told.decode()
    assert process.returncode == 0, text[-6000:]
    for phase in ("Examples", "Coverage", "Fuzzing", "Stateful"):
        # A phase that was passed over has no such line.
        assert f"✅  {phase} (in " in text, text[-3000:]
