"""What a running server tells those who watch over it: health, metrics and the log, and of no person anything in them."""

from __future__ import annotations

import json
from pathlib import Path

import httpx2

from coster.simulation.serving import url_of
from tests.cli.conftest import run, served
from tests.conftest import Databases
from tests.edges.scene import V1

WHO = {"name": "Zebedee Quill", "email": "zebedee@quill.example", "phone": "+33699887766"}
MARKS = ("Zebedee", "Quill", "quill.example", "699887766")


async def test_log_names_requests_and_commands_and_no_person(databases: Databases, tmp_path: Path) -> None:
    """A line for each request with its ids; numbers at /metrics; and nowhere a shopper, or the key."""
    name = await databases.create()
    env = {"COSTER_DATABASE_URL": url_of(databases.server.connect_options(name))}
    key = run("init", "--json", env=env).json["key"]
    log = tmp_path / "log"
    with log.open("wb") as errors, served({**env, "COSTER_LOG_REQUESTS": "true"}, log=errors) as (url, _):
        headers = {"Authorization": f"Bearer {key}"}
        with httpx2.Client(base_url=url, headers=headers, timeout=30) as api:
            shop = api.post(
                V1 + "/enterprises", json={"name": "Shop", "kinds": ["retailer"], "currency": "EUR"}
            )
            wish = {"seller_id": shop.json()["id"], **WHO}
            mine = {"X-Request-Id": "mine-1", "Idempotency-Key": MARKS[0]}
            assert api.post(V1 + "/customers", json=wish, headers=mine).status_code == 201
            assert api.post(V1 + "/customers", json={**wish, "planet": MARKS[1]}).status_code == 422
            assert api.get(f"{V1}/orders?reference={MARKS[1]}").status_code == 200
            measured = api.get("/metrics").text
            await databases.drop(name)
            ready, alive = api.get("/health/ready"), api.get("/health/live")
    text = log.read_text()
    [told] = [line for line in map(json.loads, text.splitlines()) if line.get("request") == "mine-1"]
    assert (told["event"], told["operation"], told["org"], len(told["commands"])) == (
        "request",
        "createCustomer",
        1,
        1,
    )
    assert [mark for mark in (*MARKS, key) if mark in text + measured] == []
    assert 'coster_http_seconds_count{operation="createCustomer",status="201"} 1.0' in measured
    assert 'coster_commands_total{kind="parties.put_customer"} 1.0' in measured
    assert (ready.status_code, ready.json()["code"], alive.status_code) == (503, "busy", 200)
