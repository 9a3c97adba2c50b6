"""Every operation of /api/dfc with made up requests, from a seed: no fault of the server, and no answer that is not documented."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import hypothesis
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from tests.edges.conftest import Server
from tests.edges.scene import made

EXAMPLES: Final = {GenerationMode.POSITIVE: 4, GenerationMode.NEGATIVE: 3}
CHECKED: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
SEED: Final = 20261123


async def test_made_up_requests_meet_no_fault_and_nothing_unsaid(server: Server) -> None:
    """Each operation with a few requests that fit and a few that do not, at a farm that is there."""
    farm = await made(
        server.owner, "/enterprises", {"name": "Jean", "kinds": ["producer"], "currency": "EUR"}
    )
    item = {"owner_id": farm["id"], "sku": "C", "name": "Carrots", "price": "2.40"}
    ids = {"enterprise_id": farm["id"], "id": (await made(server.owner, "/items", item))["id"]}
    found, sent = await asyncio.to_thread(_call_all, server.url, server.token, ids)
    assert found == {}
    assert sent > 150


def _call_all(url: str, token: str, ids: dict[str, str]) -> tuple[dict[str, str], int]:
    """The faults by operation, and how many requests there were."""
    load_all_checks()
    checks = CHECKS.get_by_names(list(CHECKED))
    schema = schemathesis.openapi.from_url(f"{url}/api/dfc/openapi.json")
    found: dict[str, str] = {}
    sent = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        for mode in EXAMPLES:
            try:
                sent += _call_one(operation, mode, checks, ids, url=url, token=token)
            except (Exception, BaseExceptionGroup) as fault:  # noqa: BLE001 - whatever it is, it is told with the rest
                found[f"{operation.label} {mode.value}"] = f"{fault} {getattr(fault, 'exceptions', '')}"[
                    :1500
                ]
    return found, sent


def _call_one(
    operation: Any, mode: GenerationMode, checks: Any, ids: dict[str, str], *, url: str, token: str
) -> int:
    headers = {"Authorization": f"Bearer {token}"}

    sent = 0

    @hypothesis.seed(SEED)
    @hypothesis.settings(
        max_examples=EXAMPLES[mode], database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def call(case: Any) -> None:
        nonlocal sent
        sent += 1
        asked = case.path_parameters or {}
        case.path_parameters = {name: ids.get(name, value) for name, value in asked.items()}
        response = case.call(base_url=url, headers=headers)
        case.validate_response(response, checks=checks, headers=headers)

    try:
        call()
    except hypothesis.errors.Unsatisfiable:
        return 0  # What takes nothing cannot be given anything wrong.
    return sent
