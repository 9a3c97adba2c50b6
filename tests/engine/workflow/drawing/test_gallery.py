"""The pictures in the docs are those of the flows that are shipped."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from coster.cli import drawing
from coster.engine.workflow import draw, language
from tests.engine.workflow import cases

DOCS = Path(__file__).parents[4] / "docs" / "reference"


def test_the_pictures_in_the_docs_are_current() -> None:
    """Each shipped flow has its picture, and no other is there; `make pictures` draws them anew."""
    flows = drawing.shipped()
    assert {flow.name for flow in flows} >= {"order.retail", "wholesale.held"}
    there = {path.name: path.read_text("utf-8") for path in (DOCS / "flows").iterdir()}
    assert there == draw.files(flows), "run make pictures"


def test_the_page_of_flows_shows_them() -> None:
    """Each picture stands on the page that explains flows, below its name."""
    page = (DOCS / "flows.md").read_text("utf-8")
    for flow in drawing.shipped():
        assert f"](flows/{flow.name}.svg)" in page.partition(f"### `{flow.name}`\n")[2].partition("\n### ")[0]


def test_drawing_again_removes_what_is_gone(tmp_path: Path) -> None:
    """A picture of a flow that is no longer shipped goes; other files stay."""
    for name in ("old.flow.svg", "notes.txt"):
        (tmp_path / name).write_text("x")
    flow = language.read(cases.GOOD)
    assert [path.name for path in drawing.draw_into(tmp_path, [flow])] == ["parcel.test.svg", "index.md"]
    assert {path.name for path in tmp_path.iterdir()} == {"parcel.test.svg", "index.md", "notes.txt"}
    assert (tmp_path / "parcel.test.svg").read_text("utf-8") == draw.svg(flow)


def test_a_name_that_is_no_file_name_is_refused() -> None:
    """Nothing is written outside of the directory, and no picture over another."""
    flow = language.read(cases.GOOD)
    with pytest.raises(ValueError, match=r"found the flow '\.\./x'"):
        draw.files([msgspec.structs.replace(flow, name="../x")])
    with pytest.raises(ValueError, match=r"found the flow 'parcel\.test'"):
        draw.files([flow, flow])


def test_the_command_draws_and_tells_what(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It names each file; without a directory it says how it is used."""
    assert drawing.main([str(tmp_path / "new")]) == 0
    assert str(tmp_path / "new" / "order.retail.svg") in capsys.readouterr().out.splitlines()
    assert drawing.main([]) == 2
    assert "DIRECTORY" in capsys.readouterr().err
