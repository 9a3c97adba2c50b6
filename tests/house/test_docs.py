"""What is not explained in docs/reference is not there, and what is gone is not explained any more."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import cyclopts
import pytest

from coster import settings
from coster.cli.main import app
from coster.edges.api import operations
from tests.house import reference
from tests.house.tree import PACKAGE, PROJECT, files, plant

PAGES = PROJECT / "docs" / "reference"
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")

FOUND_IN_CODE: list[tuple[str, Callable[[Path], set[str]]]] = [
    ("settings.md", reference.setting_names),
    ("events.md", reference.event_names),
    ("rejections.md", reference.reject_codes),
    ("metrics.md", reference.metric_names),
]
PLANTED: list[tuple[Callable[[Path], set[str]], str, str, set[str]]] = [
    (reference.setting_names, "settings.py", "class Settings:\n    port: int = 1\n", {"COSTER_PORT"}),
    (reference.event_names, "domain/orders/rules.py", "x = Event('order.placed', 'order')\n", {"order.placed"}),
    (reference.event_names, "domain/orders/rules.py", "x = event(name='order.placed')\n", {"order.placed"}),
    (reference.event_names, "domain/orders/rules.py", "x = _order_event('order.placed', 1)\n", {"order.placed"}),
    (reference.event_names, "domain/orders/rules.py", "_EVENTS = {'place': 'order.placed'}\n", {"order.placed"}),
    (reference.reject_codes, "domain/orders/rules.py", "x = Rejected('too_late', 'Closed.')\n", {"too_late"}),
    (reference.reject_codes, "edges/http/call.py", "x = Problem('body_malformed', 'No.')\n", {"body_malformed"}),
    (reference.reject_codes, "domain/orders/rules.py", "x = outcome.Rejected(code='too_late')\n", {"too_late"}),
    (reference.reject_codes, "app.py", "x = reject('early' if a else 'late', 'Closed.')\n", {"early", "late"}),
    (reference.reject_codes, "app.py", "code = known if a else 'late'\n", {"late"}),
    (reference.event_names, "domain/orders/rules.py", "name = 'a.made' if x else 'a.changed'\n", {"a.made", "a.changed"}),
    (reference.event_names, "domain/orders/rules.py", "fold.move(1, held, 'a.ended' if x else name)\n", {"a.ended"}),
    (reference.reject_codes, "edges/http/call.py", "x = of_faults('body_invalid', 'body', f)\n", {"body_invalid"}),
    (reference.metric_names, "engine/observe.py", "A = Counter('coster_a_total', 'A.')\n", {"coster_a_total"}),
    (reference.metric_names, "engine/observe.py", "A = Histogram('coster_a_seconds', 'A.')\n", {"coster_a_seconds"}),
]  # fmt: skip


@pytest.mark.parametrize(("page", "names"), FOUND_IN_CODE, ids=[page for page, _ in FOUND_IN_CODE])
def test_reference_explains_what_the_code_has(page: str, names: Callable[[Path], set[str]]) -> None:
    """Every setting, event, rejection and metric has its entry, and no entry is about something gone."""
    assert reference.differences(names(PACKAGE), PAGES / page) == []


def test_settings_are_told_as_the_code_tells_them() -> None:
    """Defaults, units and sentences of the settings' page are those of the code, to the letter."""
    assert (PAGES / "settings.md").read_text(encoding="utf-8") == settings.reference()


def test_reference_explains_every_command() -> None:
    """Every command of the command line has its entry."""
    assert reference.differences(reference.commands(app), PAGES / "cli.md") == []


def test_reference_gives_a_reason_for_every_dependency() -> None:
    """Every package that we ask for has its reason."""
    wanted = reference.dependencies(PROJECT / "pyproject.toml")
    assert reference.differences(wanted, PAGES / "dependencies.md") == []


@pytest.mark.parametrize(("names", "file", "text", "found"), PLANTED)
def test_planted_name_is_found(
    names: Callable[[Path], set[str]], file: str, text: str, found: set[str], tmp_path: Path
) -> None:
    """A name that is new in the code is found, and an empty page is red for each."""
    plant(tmp_path, file, text)
    assert names(tmp_path) == found
    assert len(reference.differences(names(tmp_path), tmp_path / "page.md")) == len(found)


def test_names_are_written_out() -> None:
    """Whoever searches the code for a code or an event's name finds where it is told."""
    assert reference.computed_names(PACKAGE) == []


def test_planted_computed_name_is_found(tmp_path: Path) -> None:
    """A name that is put together is one sentence that names the file."""
    plant(tmp_path, "domain/orders/rules.py", "x = Event(f'order.{news}', 'order')\n")
    [breach] = reference.computed_names(tmp_path)
    assert breach.startswith("domain/orders/rules.py:1")


def test_planted_command_is_found() -> None:
    """Commands are found at every depth, the groups that hold them are not."""
    group, database = cyclopts.App(), cyclopts.App(name="db")
    group.command(database)
    database.command(lambda: None, name="psql")
    group.command(lambda: None, name="serve")
    assert reference.commands(group) == {"coster db psql", "coster serve"}


def test_planted_dependency_is_found(tmp_path: Path) -> None:
    """Packages to run, to develop and to build are all asked for a reason."""
    text = '[project]\ndependencies = ["one[x]>=1; python_version > \'3\'"]\n[build-system]\nrequires = ["two"]\n'
    plant(tmp_path, "pyproject.toml", text + '[project.optional-dependencies]\ndev = ["three-3"]\n')
    assert reference.dependencies(tmp_path / "pyproject.toml") == {"one", "two", "three-3"}


def test_entry_about_nothing_is_found(tmp_path: Path) -> None:
    """Rows and headings are entries; one about a name that does not exist is red."""
    plant(tmp_path, "page.md", "# `title`\n## `one`\n| `two` | text `three` |\n")
    assert reference.differences({"one"}, tmp_path / "page.md") == [
        "page.md explains two, which does not exist"
    ]


def dead_links(root: Path) -> list[str]:
    """Yields the links between pages below the root that lead nowhere."""
    return [
        f"{page.relative_to(root).as_posix()} links to {target}, which does not exist"
        for page in files(root, ".md")
        for target in LINK.findall(page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]


def test_links_between_pages_lead_somewhere() -> None:
    """Every relative link of README and docs has its target."""
    assert dead_links(PROJECT) == []


def test_planted_dead_link_is_found(tmp_path: Path) -> None:
    """A link to a page that is not there is one sentence."""
    plant(tmp_path, "docs/a.md", "[b](b.md) [here](a.md#x) [web](https://example.org/x)\n")
    assert dead_links(tmp_path) == ["docs/a.md links to b.md, which does not exist"]


def pages() -> dict[str, str]:
    """Yields what people read first, page by page: README, its neighbours, and everything in docs."""
    return {
        page.relative_to(PROJECT).as_posix(): page.read_text(encoding="utf-8")
        for page in (*PROJECT.glob("*.md"), *files(PROJECT / "docs", ".md"))
    }


def addresses() -> set[tuple[str, str]]:
    """Yields every method and path of the OpenAPI document."""
    paths = operations.document()["paths"].items()
    return {(method.upper(), path) for path, methods in paths for method in methods}


def told(check: Callable[[str], list[str]]) -> list[str]:
    """Yields what a check finds, page by page."""
    return [f"{name}: {breach}" for name, text in pages().items() for breach in check(text)]


def test_commands_on_pages_exist() -> None:
    """Every `coster …` that a page tells people to type is a command."""
    known = reference.commands(app)
    assert told(lambda text: reference.unknown_commands(text, known)) == []


def test_make_targets_on_pages_exist() -> None:
    """Every `make …` that a page tells people to type is a target."""
    known = reference.targets(PROJECT / "Makefile")
    assert told(lambda text: reference.unknown_targets(text, known)) == []


def test_addresses_on_pages_exist() -> None:
    """Every address of the API that a page names stands in the OpenAPI document, with its method where that is told."""
    known = addresses()
    assert told(lambda text: reference.unknown_addresses(text, known)) == []


@pytest.mark.parametrize(
    "text",
    [
        "```sh\ncoster keys destroy 1\n```\n",
        "```\nmake setup && A=1 coster db erase\n```\n",
        "Type `coster fly --now` then.\n",
    ],
)
def test_planted_command_that_does_not_exist_is_found(text: str) -> None:
    """A command that is not there is one sentence, fenced or in a line."""
    known = {"coster serve", "coster keys list", "coster db psql"}
    [breach] = reference.unknown_commands(text, known)
    assert breach.endswith("there is no such command")


def test_commands_with_options_and_groups_are_known() -> None:
    """Options, arguments and the bare name of a group are no breach; what a fence of JSON quotes is no command."""
    text = (
        "`coster db` `coster serve --port 1`\n```sh\ncoster db psql -c 'x'\n```\n```json\ncoster fly\n```\n"
    )
    assert reference.unknown_commands(text, {"coster serve", "coster db psql"}) == []


def test_planted_make_target_that_does_not_exist_is_found(tmp_path: Path) -> None:
    """A target that is not there is one sentence."""
    plant(tmp_path, "Makefile", "PIP := x\ntest: dev\n\tpytest\nlock-all:\n")
    known = reference.targets(tmp_path / "Makefile")
    assert known == {"test", "lock-all"}
    found = reference.unknown_targets("`make test`, `make lock-all`\n```sh\nmake tset\n```\n", known)
    assert found == ["make tset: there is no such target"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("curl $URL/api/v1/oders?x=1", ["/api/v1/oders: the API has no such address"]),
        ("`DELETE /api/v1/orders/{id}`", ["DELETE /api/v1/orders/{}: the API has no such address"]),
        ("see /api/v1/orders/$ORDER/evens.", ["/api/v1/orders/{}/evens: the API has no such address"]),
        (
            'GET /api/v1/orders/{id}, "$U/api/v1/orders/$(member id < x)/events?a=b", /api/v1/orders:batch.',
            [],
        ),
    ],
)
def test_planted_address_that_does_not_exist_is_found(text: str, found: list[str]) -> None:
    """An address that the API does not have is one sentence; variables, queries and full stops are no part of it."""
    known = {
        ("GET", "/api/v1/orders/{id}"),
        ("POST", "/api/v1/orders/{id}/events"),
        ("POST", "/api/v1/orders:batch"),
    }
    assert reference.unknown_addresses(text, known) == found
