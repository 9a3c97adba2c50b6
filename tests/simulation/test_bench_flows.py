"""`coster bench flows`: what it measures is what it says, and it needs no database."""

from __future__ import annotations

import pytest

from coster.engine.workflow.step import Matched
from coster.simulation import bench_flows


@pytest.mark.parametrize("trigger", ["go", "stay"])
def test_every_entity_has_a_row_that_fires(trigger: str) -> None:
    """By `go` a row with a guard of its own, by `stay` one without; spread over the versions and statuses."""
    size = bench_flows.Size(versions=3, statuses=5)
    tables, asks = bench_flows.tables_of(size), bench_flows.asks_of(size, trigger)
    answers = [answer for answer in tables.step_many(asks) if isinstance(answer, Matched)]
    assert len(answers) == len(asks)
    assert {answer.row.guard is not None for answer in answers} == {trigger == "go"}
    assert {(ask.version, ask.status) for ask in asks} == {(v, f"s{n}") for v in (1, 2, 3) for n in range(4)}


def test_the_sizes_are_what_they_are_called() -> None:
    """Rows and versions."""
    table = bench_flows.tables_of(bench_flows.SIZES["1 version of 500 rows"]).of("thing.standard", 1)
    small = bench_flows.tables_of(bench_flows.SIZES[bench_flows.SMALL]).of("thing.standard", 1)
    assert (len(small.flow.transitions), len(table.flow.transitions)) == (10, 500)
    assert bench_flows.SIZES["200 versions of 10 rows"].versions == 200


def test_every_figure_stands_beside_the_small_one() -> None:
    """Six figures; the small size is once itself, and nothing else is a hundred times as dear."""
    found = bench_flows.measure(seconds=0.001, say=lambda _: None)
    ratios = {(one.what, one.size): one.of_small for one in found["figures"]}
    assert len(ratios) == 6
    assert [ratio for (_, size), ratio in ratios.items() if size == bench_flows.SMALL] == [1, 1]
    assert all(ratio < 100 for ratio in ratios.values())
