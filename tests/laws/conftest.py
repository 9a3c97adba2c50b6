"""The laws run on one database, in as many organisations as there are examples.

COSTER_LAWS chooses how many: `ci` (the same few examples on every run) or `long` (COSTER_LAWS_EXAMPLES for each law, and
new ones each time). A failure prints the line that repeats it.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, Phase, settings

from coster.engine.db.connect import Database
from tests.conftest import Databases
from tests.handlers import registry
from tests.laws.organisations import Organisations
from tests.laws.stages import Stages

_SLOW = [
    HealthCheck.too_slow,
    HealthCheck.data_too_large,
    HealthCheck.function_scoped_fixture,
    HealthCheck.filter_too_much,
]
settings.register_profile(
    "ci", max_examples=8, derandomize=True, deadline=None, print_blob=True, suppress_health_check=_SLOW, database=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)  # fmt: skip
settings.register_profile(
    "long", max_examples=int(os.environ.get("COSTER_LAWS_EXAMPLES", "1000")), deadline=None, print_blob=True,
    suppress_health_check=_SLOW,
)  # fmt: skip
PROFILE = os.environ.get("COSTER_LAWS", "ci")
settings.load_profile(PROFILE)


def pytest_report_header() -> str:
    """Which profile, and how to repeat it."""
    return f"laws: profile {PROFILE} (COSTER_LAWS=ci|long); a failure prints what repeats it"


@pytest.fixture(scope="session")
async def stages(databases: Databases) -> AsyncIterator[Stages]:
    """Where examples begin; made when first asked for."""
    name = await databases.create(template="coster_template")
    database = await Database.open(databases.server.connect_options(name), min_size=1, max_size=4)
    yield Stages(await Organisations.of(database), registry())
    await database.close()
    await databases.drop(name)
