"""The architecture: which part may import which. The contracts themselves are in pyproject.toml."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import pytest

from tests.house.imports import broken_contracts, foreign_imports_where_decided
from tests.house.tree import PACKAGE, PROJECT, plant

ROOMS = (
    "identity", "parties", "catalog", "pricing", "inventory", "sessions", "sourcing", "payments", "fulfilment",
    "orders", "returns", "wholesale",
)  # fmt: skip
FILES = ("model", "rules", "store", "reads", "ports", "handlers", "reactions")
FLAT = (
    "cli.main", "app", "settings", "edges.http.auth", "edges.api.orders", "edges.web.orders", "edges.dfc.orders",
    "edges.providers.mail", "simulation.world", "engine.batch.run", "engine.outbox.relay", "engine.db.connect",
    "engine.db.sql", "engine.observe", "engine.workflow.step", "engine.webhooks.model", "engine.webhooks.rules", "kernel.money", "kernel.ids",
)  # fmt: skip

# The contract, and the file with the line that breaks it and nothing else.
BREACHES = [
    ("1 Floors", "kernel/money.py", "from coster.engine.workflow import step"),
    ("1 Floors", "domain/orders/reads.py", "from coster.edges.http import auth"),
    ("1 Floors", "engine/db/connect.py", "from coster.domain.orders import model"),
    ("1 Floors", "simulation/world.py", "from coster.edges.http import auth"),
    ("1 Floors", "stray.py", ""),
    ("2 Domain rooms look down only", "domain/inventory/rules.py", "from coster.domain.orders import model"),
    ("2 Domain rooms look down only", "domain/sessions/rules.py", "from coster.domain.sourcing import model"),
    ("2 Domain rooms look down only", "domain/lottery/__init__.py", ""),
    ("3 Inside a room, only these files, in this order", "domain/orders/model.py", "from coster.domain.orders import rules"),
    ("3 Inside a room, only these files, in this order", "domain/orders/rules.py", "from coster.domain.orders import reads"),
    ("3 Inside a room, only these files, in this order", "domain/orders/extra.py", ""),
    ("4 Engine rooms", "engine/db/connect.py", "from coster.engine.batch import run"),
    ("4 Engine rooms", "engine/outbox/relay.py", "from coster.engine.batch import run"),
    ("4 Engine rooms", "engine/batch/run.py", "from coster.engine.webhooks import model"),
    ("4 Engine rooms", "engine/queue.py", ""),
    ("5 Edges do not know each other", "edges/api/orders.py", "from coster.edges.web import orders"),
    ("5 Edges do not know each other", "edges/http/auth.py", "from coster.edges.api import orders"),
    ("6 The functional core does no I/O", "domain/orders/rules.py", "import random"),
    ("6 The functional core does no I/O", "domain/orders/model.py", "import asyncpg"),
    ("6 The functional core does no I/O", "domain/orders/reactions.py", "from coster.engine.db import connect"),
    ("6 The functional core does no I/O", "kernel/ids.py", "def make():\n    import secrets\n    return secrets.token_hex()"),
    ("6 The functional core does no I/O", "engine/workflow/step.py", "from os import environ"),
    ("6 The functional core does no I/O", "engine/webhooks/rules.py", "import secrets"),
    ("7 Only handlers open a store", "domain/orders/reactions.py", "from coster.domain.orders import store"),
    ("7 Only handlers open a store", "app.py", "from coster.domain.orders import store"),
    ("8 The web framework stays at the edges", "domain/orders/reads.py", "import litestar"),
    ("8 The web framework stays at the edges", "engine/batch/run.py", "from litestar import get"),
    ("9 Edges read, and send commands; nothing else", "edges/api/orders.py", "from coster.domain.orders import rules"),
    ("9 Edges read, and send commands; nothing else", "edges/web/orders.py", "from coster.domain.orders import handlers"),
    ("9 Edges read, and send commands; nothing else", "edges/dfc/orders.py", "import asyncpg"),
    ("10 Settings are read once, at the root", "simulation/world.py", "from coster import settings"),
    ("10 Settings are read once, at the root", "engine/db/connect.py", "from coster import settings"),
    ("11 No cycles between siblings, anywhere", "kernel/money.py", "from coster.kernel import ids"),
]  # fmt: skip


@pytest.fixture(scope="module")
def skeleton(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty house: every room and file that the contracts know, each with a docstring only."""
    root = tmp_path_factory.mktemp("house")
    names = [*FLAT, *(f"domain.{room}.{file}" for room in ROOMS for file in FILES)]
    for name in names:
        plant(root, "coster/" + name.replace(".", "/") + ".py", '"""Empty."""\n')
    for directory in [d for d in (root / "coster").rglob("*") if d.is_dir()] + [root / "coster"]:
        plant(directory, "__init__.py", '"""Empty."""\n')
    plant(root, "coster/kernel/ids.py", '"""Empty."""\nfrom coster.kernel import money\n')
    return root


def test_package_keeps_the_contracts() -> None:
    """No contract is broken in the package."""
    assert broken_contracts(PACKAGE.parent) == set()


def test_core_leans_on_nothing_outside() -> None:
    """Kernel, models, rules and reactions import the standard library, msgspec and Coster only."""
    assert foreign_imports_where_decided(PACKAGE) == []


def test_empty_house_keeps_the_contracts(skeleton: Path) -> None:
    """The contracts can be kept: whatever breaks below is the planted line."""
    assert broken_contracts(skeleton) == set()


@pytest.mark.parametrize(("contract", "name", "line"), BREACHES)
def test_planted_import_breaks_its_contract(
    contract: str, name: str, line: str, skeleton: Path, tmp_path: Path
) -> None:
    """One forbidden import, even inside a function, breaks the contract that is meant for it."""
    house = shutil.copytree(skeleton, tmp_path / "house")
    before = (house / "coster" / name).read_text() if (house / "coster" / name).exists() else '"""New."""\n'
    plant(house, f"coster/{name}", before + line + "\n")
    assert contract in broken_contracts(house)


def test_every_contract_has_a_planted_breach() -> None:
    """A contract that was never seen red proves nothing."""
    config = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    contracts = {contract["name"] for contract in config["tool"]["importlinter"]["contracts"]}
    assert {contract for contract, _, _ in BREACHES} == contracts


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("kernel/money.py", "import msgspec"),
        ("domain/orders/model.py", "import attrs"),
        ("domain/orders/rules.py", "from dateutil import tz"),
        ("domain/orders/reactions.py", "import icalendar"),
        ("engine/workflow/step.py", "import jsonschema"),
    ],
)
def test_planted_foreign_import_is_found(name: str, line: str, tmp_path: Path) -> None:
    """A package from outside in the core is one sentence that names the file."""
    plant(tmp_path, name, line + "\n")
    [breach] = foreign_imports_where_decided(tmp_path)
    assert breach.startswith(name)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("domain/orders/model.py", "import msgspec"),
        ("engine/workflow/reading.py", "import yaml"),
        ("domain/sessions/rules/recurrence.py", "import icalendar"),
    ],
)
def test_allowed_import_is_left_alone(name: str, line: str, tmp_path: Path) -> None:
    """Records may be msgspec structs, flows are read from YAML, recurrence is a standard."""
    plant(tmp_path, name, line + "\n")
    assert foreign_imports_where_decided(tmp_path) == []
