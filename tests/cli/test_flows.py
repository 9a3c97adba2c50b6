"""`coster flows import`: a Fluent workflow becomes files, and its report says what did not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from coster.cli.output import Exit
from coster.engine.workflow import language
from tests.cli.conftest import Inside
from tests.engine.workflow.fluent.exports import HD, Json, rule, ruleset, text, workflow

SMALL = workflow(ruleset("CREATE", "ORDER", ["CREATED"], rule("SetState", status="RECEIVED")))


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A file with the large export."""
    return written(tmp_path, HD)


def written(directory: Path, export: Json) -> Path:
    """A file with an export."""
    file = directory / "export.json"
    file.write_text(text(export), "utf-8")
    return file


def test_flows_and_report_are_written(inside: Inside, export: Path, tmp_path: Path) -> None:
    """What was not mapped is told, and ends with the code for it; the files are read as flows."""
    done = inside("flows", "import", str(export), "--into", str(tmp_path / "flows"))
    assert done.code == Exit.ROWS_FAILED
    assert "not_mapped    rulesets[14].rules[0]  rule ACME.core.SendStoreReminder" in done.out
    assert (
        done.err
        == "coster: not everything was mapped: see the report, and write what the placeholders stand for\n"
    )
    files = {file.name for file in (tmp_path / "flows").iterdir()}
    names = {"order.hd", "order.hd.fulfilment", "order.hd.article"}
    assert files == {f"{name}.yaml" for name in names} | {"order.hd.report.txt"}
    flow = language.read((tmp_path / "flows" / "order.hd.yaml").read_text("utf-8"))
    assert flow.name == "order.hd"
    report = (tmp_path / "flows" / "order.hd.report.txt").read_text("utf-8")
    assert "mapped        rulesets[0].rules[0]  rule ACME.core.SetState: `to: RECEIVED`\n" in report


def test_everything_mapped_is_0(inside: Inside, tmp_path: Path) -> None:
    """Nothing is complained about."""
    done = inside("flows", "import", str(written(tmp_path, SMALL)), "--into", str(tmp_path))
    assert (done.code, done.err) == (Exit.DONE, "")


def test_json_is_the_whole_report(inside: Inside, export: Path, tmp_path: Path) -> None:
    """For programs: the flows with their counts, and every line."""
    told = inside("flows", "import", str(export), "--into", str(tmp_path), "--json").json
    assert [(flow["name"], flow["placeholders"]) for flow in told["flows"]] == [
        ("order.hd", 1),
        ("order.hd.fulfilment", 3),
        ("order.hd.article", 0),
    ]
    assert told["mapped"] + told["approximated"] + told["not_mapped"] == len(told["report"])
    assert told["report"][0] == {
        "path": "retailerId",
        "what": 'retailerId = "1"',
        "verdict": "mapped",
        "how": "in the description of the flow",
    }


def test_nothing_is_overwritten(inside: Inside, export: Path, tmp_path: Path) -> None:
    """Where one file is there already, none is written."""
    (tmp_path / "order.hd.article.yaml").write_text("mine", "utf-8")
    done = inside("flows", "import", str(export), "--into", str(tmp_path))
    assert done.code == Exit.USAGE
    assert "order.hd.article.yaml is there already" in done.err
    assert not (tmp_path / "order.hd.yaml").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "not JSON in line 1 column 2"),
        (b"\xff\xfe", "found no UTF-8 at byte 0"),
        (json.dumps({"entityType": "ORDER", "rulesets": [7]}).encode(), "rulesets[0]: found a number"),
    ],
)
def test_what_is_no_workflow_is_1(inside: Inside, tmp_path: Path, content: bytes, words: str) -> None:
    """With the path, and without a file."""
    file = tmp_path / "export.json"
    file.write_bytes(content)
    done = inside("flows", "import", str(file), "--into", str(tmp_path / "flows"))
    assert done.code == Exit.WRONG
    assert words in done.err
    assert not (tmp_path / "flows").exists()


def test_a_file_that_is_not_there_is_2(inside: Inside, tmp_path: Path) -> None:
    """As with every command."""
    assert inside("flows", "import", str(tmp_path / "none.json")).code == Exit.USAGE
