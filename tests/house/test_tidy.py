"""Files and functions that can be read, names that say something, SQL in its place, pure code kept pure."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house import tidy
from tests.house.tree import PACKAGE, PROJECT, plant

OPENING = '"""What it is for."""\n'

BREACHES: list[tuple[tidy.Check, str, str]] = [
    (tidy.long_files, "domain/orders/rules.py", OPENING + "x = 1\n" * 500),
    (tidy.long_functions, "app.py", OPENING + "def long():\n" + "    x = 1\n" * 70),
    (tidy.modules_without_docstring, "kernel/money.py", "x = 1\n"),
    (tidy.names_without_meaning, "kernel/utils.py", OPENING),
    (tidy.names_without_meaning, "domain/common/rules.py", OPENING),
    (tidy.sql_outside_sql_files, "domain/orders/store.py", OPENING + 'Q = "SELECT id FROM orders"\n'),
    (tidy.sql_outside_sql_files, "domain/orders/store.py", OPENING + 'Q = f"""\n  UPDATE {1} SET a = 1"""\n'),
    (tidy.sql_outside_sql_files, "domain/orders/store.py", OPENING + 'Q = "delete from orders"\n'),
    (tidy.async_where_decided, "domain/orders/rules.py", OPENING + "async def decide(): ...\n"),
    (tidy.async_where_decided, "domain/orders/model.py", OPENING + "async def decide(): ...\n"),
    (tidy.async_where_decided, "domain/orders/reactions.py", OPENING + "async def decide(): ...\n"),
    (tidy.async_where_decided, "kernel/money.py", OPENING + "class A:\n    async def add(self): ...\n"),
    (tidy.async_where_decided, "engine/workflow/step.py", OPENING + "async def step(): ...\n"),
    (tidy.clock_or_id_where_decided, "domain/orders/rules.py", OPENING + "x = datetime.now(UTC)\n"),
    (tidy.clock_or_id_where_decided, "domain/orders/handlers.py", OPENING + "x = uuid.uuid4()\n"),
    (tidy.imports_below_the_top, "app.py", OPENING + "def build():\n    import json\n"),
    (tidy.imports_below_the_top, "app.py", OPENING + "class A:\n    from json import loads\n"),
    (tidy.public_without_docstring, "domain/orders/rules.py", OPENING + "def place(): ...\n"),
    (tidy.public_without_docstring, "domain/orders/model.py", OPENING + "class Place: ...\n"),
    (tidy.public_without_docstring, "domain/orders/store.py", OPENING + "async def load(): ...\n"),
    (tidy.unfinished, "app.py", OPENING + "# TODO: later\n"),
    (tidy.unfinished, "app.py", OPENING + "def build():\n    raise NotImplementedError\n"),
    (tidy.unfinished, "test_orders.py", OPENING + "@pytest.mark.skip\ndef test_it(): ...\n"),
]

SOUND: list[tuple[tidy.Check, str, str]] = [
    (tidy.long_files, "app.py", OPENING + "x = 1\n" * 499),
    (tidy.long_functions, "app.py", OPENING + "def long():\n" + "    x = 1\n" * 69),
    (
        tidy.sql_outside_sql_files,
        "cli/main.py",
        OPENING + 'TEXT = "Update the stock, or select an item from the list."\n',
    ),
    (tidy.sql_outside_sql_files, "cli/main.py", '"""SELECT in a docstring is prose."""\n'),
    (tidy.async_where_decided, "domain/orders/store.py", OPENING + "async def load(): ...\n"),
    (tidy.clock_or_id_where_decided, "app.py", OPENING + "x = datetime.now(UTC)\n"),
    (tidy.imports_below_the_top, "app.py", OPENING + "import json\n"),
    (tidy.public_without_docstring, "domain/orders/rules.py", OPENING + "def _place(): ...\n"),
]


@pytest.mark.parametrize("check", tidy.IN_THE_PACKAGE, ids=lambda check: check.__name__)
def test_package_is_tidy(check: tidy.Check) -> None:
    """Every rule holds in the package."""
    assert check(PACKAGE) == []


@pytest.mark.parametrize("check", tidy.EVERYWHERE, ids=lambda check: check.__name__)
def test_tests_are_tidy(check: tidy.Check) -> None:
    """The rules for reading hold in the tests as well."""
    assert check(PROJECT / "tests") == []


@pytest.mark.parametrize(
    ("check", "name", "text"), BREACHES, ids=lambda value: getattr(value, "__name__", None)
)
def test_planted_breach_is_found(check: tidy.Check, name: str, text: str, tmp_path: Path) -> None:
    """One breach in a tree is one sentence that names the file."""
    plant(tmp_path, name, text)
    [breach] = check(tmp_path)
    assert breach.startswith(name)


@pytest.mark.parametrize(("check", "name", "text"), SOUND, ids=lambda value: getattr(value, "__name__", None))
def test_sound_file_is_left_alone(check: tidy.Check, name: str, text: str, tmp_path: Path) -> None:
    """What only looks like a breach is none."""
    plant(tmp_path, name, text)
    assert check(tmp_path) == []


def test_every_rule_has_a_planted_breach() -> None:
    """A rule that was never seen red proves nothing."""
    assert {check for check, _, _ in BREACHES} == set(tidy.IN_THE_PACKAGE)
