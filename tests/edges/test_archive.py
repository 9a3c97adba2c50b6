"""What an erasure removes was never in an archive: names and addresses are in no row that is moved."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from coster.engine.archive import limits, reading, run
from coster.engine.archive.parts import Job
from coster.kernel.clock import SystemClock
from tests.edges.conftest import AT, Server
from tests.edges.scene import V1, Scene, made

pytestmark = pytest.mark.database

PERSON = {
    "name": "Ada Quillfeather",
    "email": "ada.quillfeather@example.org",
    "phone": "+49 30 5550199",
    "address": {"street": "Haselnussweg 17", "city": "Querfurt", "postal_code": "06268", "country": "DE"},
}
WORDS = ("quillfeather", "5550199", "haselnussweg", "querfurt", "06268")


async def test_no_person_is_in_any_file_of_an_archive(server: Server, scene: Scene, tmp_path: Path) -> None:
    """A shopper is made, changed, refused, orders, and is erased; every event, command and entry of that is archived, with tokens alone."""
    customer = await made(scene.api, "/customers", {"seller_id": scene.hub, **PERSON})
    path = f"{V1}/customers/{customer['id']}"
    order = await scene.place("of-a-person", customer_id=customer["id"])
    match = {"If-Match": (await scene.api.get(path)).headers["etag"]}
    changed = await scene.api.patch(path, json={**PERSON, "phone": "5550199"}, headers=match)
    assert changed.status_code == 200, changed.text
    assert (await scene.api.patch(path, json=PERSON, headers=match)).status_code == 412
    wrong = {**PERSON, "email": "quillfeather"}
    refused = await scene.api.patch(path, json=wrong, headers={"If-Match": changed.headers["etag"]})
    assert refused.status_code == 422, refused.text
    assert (await scene.api.delete(path)).status_code == 200
    async with server.database.system() as conn:
        await conn.execute(
            "INSERT INTO relay_cursor (org_id, reader, seq) SELECT org_id, 'reactions', n FROM event_counter "
            "ON CONFLICT (org_id, reader) DO UPDATE SET seq = EXCLUDED.seq"
        )
    before = AT + dt.timedelta(days=1)
    survey = await limits.survey(server.database, 1, before)
    await run.archive(
        server.database,
        survey,
        Job(before=before, directory=tmp_path, clock=SystemClock(), told=lambda _: None),
    )
    parts = [one.part for one in reading.check(tmp_path, 1)]
    whole = b"\n".join(line for part in parts for line in reading.lines(tmp_path, part)).decode().lower()
    assert customer["id"] in whole
    assert order["id"] in whole
    assert '"name":"customer.changed"' in whole
    assert [word for word in WORDS if word in whole] == []
