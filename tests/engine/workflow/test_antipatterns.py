"""Documented anti-patterns are told by name, and refuse nothing."""

from __future__ import annotations

import collections

import pytest

from coster.engine.workflow import antipatterns, check, language
from coster.engine.workflow.faults import WARNINGS
from tests.engine.workflow import cases, cases_proofs, vocabularies
from tests.engine.workflow.cases import HEAD, HOUR, LAST, TAKE
from tests.engine.workflow.cases_proofs import CRATES, added

HELLO = (HEAD, HEAD + "webhooks: {hello: {event: parcel.hello}}\n")
TAKEN = "do: [take, {send: {webhook: hello}}]"
SEND = "do: [{send: {webhook: hello}}]"
MASS = """\
name: load.all
entity: load
version: 1
children: {parcels: {flow: parcel.test}}
statuses: {a: {category: done, initial: true, final: true}}
transitions: [{on: go, do: [{tell_children: {children: parcels, event: note}}]}]
"""
LIBRARY = {flow.name: flow for flow in map(language.read, (*cases_proofs.AROUND, MASS))}


def chain(number: int) -> tuple[tuple[str, str], ...]:
    """More statuses, and a row from so many of them."""
    names = [f"s{place}" for place in range(number)]
    statuses = "".join(f"  {name}: {{category: booking, holds: none, rests: true}}\n" for name in names)
    steps = [
        f"on: reopen, from: {one}, to: {other}" for one, other in zip(["parked", *names], names, strict=False)
    ]
    return (
        ("transitions:\n", statuses + "transitions:\n"),
        added(*steps, f"on: extend, from: [{', '.join(names)}]"),
    )


TOLD = (
    ("too_many_statuses", chain(9), chain(8)),
    ("too_many_statuses", chain(12), (added("on: extend"),)),
    ("timer_at_once", ((HOUR, "duration: PT1S, times: 3"),), ((HOUR, "duration: PT2S, times: 3"),)),
    (
        "timer_at_once",
        ((HOUR, "duration: PT1S, in: opening_hours, times: 3"),),
        ((HOUR, "duration: PT1S, at: '09:00', in: opening_hours, times: 3"),),
    ),
    ("status_changed_by_action", ((TAKE, "do: [take, {mark: {status: gone}}]"),), ((TAKE, "do: [take, {mark: {status: ended}}]"),)),
    ("status_changed_by_action", ((TAKE, "do: [take, {mark: {state: open}}]"),), ((TAKE, "do: [take, {mark: {label: open}}]"),)),
    ("webhook_in_bulk", (HELLO, (LAST, f"{LAST}    {SEND}\n")), (HELLO, added(f"on: extend, {SEND}"))),
    (
        "webhook_in_bulk",
        ((HEAD, HELLO[1] + "events: {stock_load: {}}\n"), added(f"on: stock_load, {SEND}")),
        ((HEAD, HELLO[1] + "events: {stock_loaded: {}}\n"), added(f"on: stock_loaded, {SEND}")),
    ),
    ("polling", (HELLO, ("[{notify: {event: reminder}}]", "[{send: {webhook: hello}}]")), (HELLO, (TAKE, TAKEN))),
    (
        "polling",
        (HELLO, added(f"on: extend, from: packed, after: {{duration: P1D, times: 2}}, {SEND}")),
        (HELLO, added(f"on: extend, from: packed, after: {{duration: P1D, times: 1}}, {SEND}")),
    ),
    ("failure_swallowed", ((HEAD, HEAD + "error: {then: note}\n"),), ((HEAD, HEAD + "error: {then: give_up}\n"),)),
    (
        "failure_swallowed",
        ((TAKE, f"{TAKE}\n    error: {{then: failed}}"), added("on: failed, from: [open, parked]")),
        ((TAKE, f"{TAKE}\n    error: {{then: failed}}"), added("on: failed, from: [open, parked], do: [{notify: {event: failed}}]")),
    ),
    (
        "cyclic_rulesets",
        (added("after: PT5M, from: parked, do: [take], to: open"),),
        (added("after: PT5M, from: parked, to: gone"),),
    ),
    (
        "cyclic_rulesets",
        (added("on: extend, from: parked, after: P9D, when: express, otherwise: revive"),),
        (added("on: extend, from: parked, after: {duration: P9D, times: 1}, when: express, otherwise: note"),),
    ),
)  # fmt: skip


def told(edits: cases.Edits) -> tuple[str, ...]:
    """The warnings of an edited flow, without those of the good one."""
    flow = language.read(cases.edited(cases.GOOD, edits))
    return tuple(fault.code for fault in antipatterns.warnings(flow, vocabularies.PARCEL, LIBRARY))


def test_the_good_flow_has_nothing_to_warn_of() -> None:
    """Neither alone nor among others."""
    assert told(()) == ()


@pytest.mark.parametrize("case", TOLD, ids=lambda case: case[0])
def test_an_anti_pattern_is_told_by_name(case: tuple[str, cases.Edits, cases.Edits]) -> None:
    """And what comes near to it is not."""
    code, bad, near = case
    assert (set(told(bad)), told(near)) == ({code}, ())


def test_ends_that_leave_children_at_work_are_told() -> None:
    """Every row to an end but that which asks for the children, and that which tells them."""
    rollup = "rollup: {all: crates, in: [shipped, lost, stored]}, from: parked, to: gone"
    tells = "on: extend, from: parked, do: [{tell_children: {children: crates, event: halt}}], to: gone"
    flow = language.read(cases.edited(cases.GOOD, (CRATES, added(rollup, tells))))
    found = antipatterns.warnings(flow, vocabularies.PARCEL)
    assert [(fault.code, fault.path) for fault in found] == [
        ("children_left", f"transitions[{number}]") for number in (1, 2, 3)
    ]
    assert check.check(flow, vocabularies.PARCEL, LIBRARY) == ()


def test_a_circle_of_timers_is_told_with_its_way() -> None:
    """From where the shortest path enters it, around and back."""
    edits = (added("after: PT5M, from: parked, do: [take], to: open"),)
    [fault] = antipatterns.warnings(language.read(cases.edited(cases.GOOD, edits)), vocabularies.PARCEL)
    assert fault.trail == "open -after:due-> parked -after:300s-> open"


def test_every_warning_has_a_case() -> None:
    """None is only in the docs; of each that is documented there are two flows that are told, with near misses."""
    counted = collections.Counter(code for code, _, _ in TOLD)
    assert set(counted) | {"children_left"} == set(WARNINGS)
    assert set(counted.values()) == {2}


def test_a_flow_with_unknown_statuses_is_not_warned_about() -> None:
    """The checker has to be heard first."""
    assert told((("to: parked", "to: park"),)) == ()
