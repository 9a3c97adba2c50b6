"""Every operation with made up requests, from a seed: no fault of the server, and no answer that is not documented."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import hypothesis
import schemathesis
from hypothesis import HealthCheck, Phase, strategies
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from tests.edges.conftest import Start
from tests.edges.contract import Told, name_of, operations, places, put
from tests.edges.estate import OF_NAME, OF_RESOURCE, Estate, settle
from tests.edges.matrix import fetched

EXAMPLES: Final = {GenerationMode.POSITIVE: 6, GenerationMode.NEGATIVE: 3}
CHECKED: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
SEED: Final = 20261123
OF_THE_CLOCK: Final = {"getClock", "moveClock"}
LEFT_OUT: Final = {"streamEvents"}
"""What never ends; tests/edges/test_events.py reads it."""


async def test_made_up_requests_meet_documented_answers(start: Start) -> None:
    """Half of them with ids that exist, so that they come further than to the first look-up."""
    server = await start()
    estate = await settle(server.owner, "Ourstown")
    document = await fetched(server.owner)
    wanted = [one for one in operations(document) if one.id not in {*LEFT_OUT, *OF_THE_CLOCK}]
    failures = await asyncio.to_thread(_fuzz, wanted, estate, server.url, server.token)
    assert not failures, "\n\n".join(failures)


async def test_made_up_clocks_meet_documented_answers(start: Start) -> None:
    """Where there are no sessions: a thousand years of them would all take place before the answer."""
    server = await start()
    document = await fetched(server.owner)
    wanted = [one for one in operations(document) if one.id in OF_THE_CLOCK]
    assert len(wanted) == len(OF_THE_CLOCK)
    failures = await asyncio.to_thread(_fuzz, wanted, Estate({}, ""), server.url, server.token)
    assert not failures, "\n\n".join(failures)


def _fuzz(wanted: list[Told], estate: Estate, url: str, token: str) -> list[str]:
    """What was answered wrongly; in a thread of its own, because the server runs in this process."""
    load_all_checks()
    schema = schemathesis.openapi.from_dict(wanted[0].document)
    found: list[str] = []
    for one in wanted:
        operation = schema[one.path][one.method]
        for mode in EXAMPLES:
            found += _tried(operation, one, mode, estate, url=url, token=token)
    return found


def _tried(
    operation: Any, told: Told, mode: GenerationMode, estate: Estate, *, url: str, token: str
) -> list[str]:
    """One operation with requests that fit its schemas, or that do not."""
    headers = {"Authorization": f"Bearer {token}"}
    checks = CHECKS.get_by_names(list(CHECKED))

    @hypothesis.seed(SEED)
    @hypothesis.settings(
        max_examples=EXAMPLES[mode], database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode), real=strategies.booleans())
    def send(*, case: Any, real: bool) -> None:
        if real:
            _fill(case, told, estate)
        response = case.call(base_url=url, headers=headers)
        case.validate_response(response, checks=checks, headers=headers)

    try:
        send()
    except hypothesis.errors.Unsatisfiable:
        return []  # What takes nothing cannot be given anything wrong.
    except (Exception, BaseExceptionGroup) as fault:  # noqa: BLE001 - whatever it is, it is told with the rest
        return [f"{told.id} {mode}: {fault} {getattr(fault, 'exceptions', '')}"[:2500]]
    return []


def _fill(case: Any, told: Told, estate: Estate) -> None:
    """Puts ids that exist wherever ids stand."""
    for name in case.path_parameters or {}:
        if name in OF_NAME or told.path.split("/")[3] in OF_RESOURCE:
            case.path_parameters[name] = estate.of_path(told.path, name)
    if not isinstance(case.body, dict | list):
        return
    names = told.id_names(told.body_schema(case.media_type))
    case.body = put(case.body, {place: estate.of_name(name_of(place)) for place in places(case.body, names)})
