"""schemathesis over all of /api/dfc in all its phases: examples, coverage, fuzzing, and chains of requests (stateful).

COSTER_FUZZ_SECONDS is how long; `make fuzz` takes its time, `make test` has a moment. The seed is fixed, so what a short run finds it finds
again.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from tests.edges import phases
from tests.edges.conftest import Start
from tests.edges.dfc.supplier import jean

SECONDS: Final = int(os.environ.get("COSTER_FUZZ_SECONDS", "3"))


async def test_all_phases_of_the_standards_api_meet_documented_answers(start: Start, tmp_path: Path) -> None:
    """No fault of the server, no answer that the document does not know, and no operation that a wrong key opens."""
    server = await start()
    shop = await jean(server, carrots="10", leeks="5")
    hub = await shop.platform()
    made = await hub.post(shop.orders, content=shop.wish([("carrots", 6), ("leeks", "0.5")]))
    assert made.status_code == 201, made.text
    address = server.url + "/api/dfc/openapi.json"
    await phases.passed(address, server.token, tmp_path, seconds=SECONDS)
