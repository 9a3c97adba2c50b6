"""A big flow is checked in moments, with all of the proof, and one of its faults is told with a shortest path."""

from __future__ import annotations

import time

from coster.engine.workflow import check, language
from tests.engine.workflow import cases_proofs, vocabularies

LIBRARY = {flow.name: flow for flow in map(language.read, cases_proofs.AROUND)}
HEAD = """\
name: parcel.big
entity: parcel
version: 1
children: {crates: {flow: crate.standard}}
events: {go: {by: string}}
statuses:
  s0: {category: booking, holds: none, initial: true}
"""


def big(statuses: int, row: str) -> str:
    """A chain of statuses with five rows each, the third with a roll-up."""
    lines = [HEAD]
    lines += [f"  s{place}: {{category: booking, holds: none}}\n" for place in range(1, statuses - 1)]
    lines += [f"  s{statuses - 1}: {{category: done, holds: none, final: true}}\n", "transitions:\n"]
    for place in range(statuses - 1):
        lines += [
            f"  - {{on: pack, from: s{place}, when: items > {place + 1} && buyer.tier == 'a' && !express, to: s{place + 1}}}\n",
            f"  - {{on: pack, from: s{place}, when: express, next: go}}\n",
            f"  - {{rollup: {{all: crates, in: [shipped, lost]}}, from: s{place}, to: s{place + 1}}}\n",
            f"  - {{on: go, from: s{place}, do: [{{tell_children: {{children: crates, event: seal}}}}]}}\n",
            f"  - {{on: ship, from: s{place}, when: items == {place}, otherwise: go}}\n",
        ]
    return "".join((*lines, row))


def test_two_hundred_statuses_and_a_thousand_rows_take_seconds() -> None:
    """All five rows of each status are proved; a roll-up that starves is found in each."""
    flow = language.read(big(201, ""))
    assert len(flow.transitions) == 1_000
    begin = time.process_time()
    found = check.check(flow, vocabularies.PARCEL, LIBRARY)
    assert time.process_time() - begin < 5
    assert found == ()


def test_rows_for_every_status_take_seconds() -> None:
    """As many pairs of a status and a row as are accepted, in chains of triggers."""
    rows = "".join(f"  - {{on: t{place}, next: t{place + 1}}}\n" for place in range(900)) + "  - {on: t900}\n"
    flow = language.read(big(20, rows))
    begin = time.process_time()
    found = check.check(flow, vocabularies.PARCEL, LIBRARY)
    assert time.process_time() - begin < 5
    assert {(fault.code, fault.path) for fault in found} >= {("trigger_unknown", "transitions[95].on")}
