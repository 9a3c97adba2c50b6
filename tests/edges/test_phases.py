"""schemathesis over the whole API in all its phases: examples, coverage, fuzzing, and chains of requests (stateful).

COSTER_FUZZ_SECONDS is how long the last two take each; `make fuzz` takes its time, `make test` has a moment.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from tests.edges import phases
from tests.edges.conftest import Start
from tests.edges.estate import settle
from tests.edges.scene import V1

SECONDS: Final = int(os.environ.get("COSTER_FUZZ_SECONDS", "3"))
LEFT_OUT: Final = ("streamEvents", "moveClock")
"""What never ends, and what would hold a thousand years of sessions; test_events.py and test_fuzz.py have them."""


async def test_all_phases_meet_documented_answers(start: Start, tmp_path: Path) -> None:
    """No fault of the server, no answer that the document does not know, and no operation that a wrong key opens."""
    server = await start()
    await settle(server.owner, "Ourstown")
    address = server.url + V1 + "/openapi.json"
    await phases.passed(
        address, server.token, tmp_path, seconds=SECONDS, left_out=LEFT_OUT, hooks="tests.edges.lines"
    )
