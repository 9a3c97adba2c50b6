"""The storm's counting finds what it is there to find: each planted breach is told."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest

from coster.simulation.storm import proofs
from coster.simulation.storm.caller import Asked
from coster.simulation.storm.plan import Plan
from coster.simulation.storm.receivers import Receipt, Receiver
from coster.simulation.storm.report import Report

ONE, SPOT = uuid.UUID(int=1), uuid.UUID(int=2)
ACCEPTED = {"id": ONE, "accepted": True, "code": None}
REFUSED = {"id": ONE, "accepted": False, "code": "insufficient_stock"}
PLACED = {
    "seq": 1,
    "name": "order.placed",
    "entity": "order",
    "entity_id": SPOT,
    "version": 1,
    "command_id": ONE,
}
CHANGED = {**PLACED, "seq": 2, "name": "order.changed", "version": 2}


def place(status: int, code: str = "") -> Asked:
    """An order that was answered so."""
    return Asked("place", ONE, "order.placed", status=status, code=code)


def entry(seq: int, on_hand: int, held: int) -> dict[str, object]:
    """A line of the ledger."""
    return {
        "position_id": SPOT,
        "seq": seq,
        "type": "X",
        "on_hand": on_hand,
        "held": held,
        "committed": 0,
        "command_id": ONE,
    }


def stood(seq: int, on_hand: int, held: int) -> dict[str, object]:
    """The position in the end."""
    return {"id": SPOT, "seq": seq, "on_hand": on_hand, "held": held, "committed": 0, "unlimited": False}


def broken(count: Callable[[Report], None]) -> list[str]:
    """What a proof says."""
    report = Report(Plan())
    count(report)
    return report.broken


@pytest.mark.parametrize(
    ("asked", "commands", "events", "sentence"),
    [
        (place(201), {}, [], "was acknowledged and is stored as None"),
        (place(201), {ONE: REFUSED}, [], "was acknowledged and is stored as"),
        (
            place(409, "insufficient_stock"),
            {ONE: ACCEPTED},
            [PLACED],
            "was refused insufficient_stock and is stored",
        ),
        (place(201), {ONE: ACCEPTED}, [PLACED, {**PLACED, "seq": 2}], "has 2 events order.placed"),
        (place(201), {ONE: ACCEPTED}, [], "has 0 events order.placed"),
        (Asked("correct", ONE, quantity=5, status=200), {ONE: ACCEPTED}, [], "of 5 moved []"),
    ],
)
def test_acknowledged_command_without_its_one_effect_is_told(
    asked: Asked, commands: dict[uuid.UUID, object], events: list[object], sentence: str
) -> None:
    """Lost, refused behind the caller's back, done after a refusal, done twice, not done, moved nothing."""
    found = broken(lambda report: proofs.commands(report, [asked], proofs.Stored(events, commands, [])))
    assert sentence in found[0]


def test_commands_that_took_effect_once_are_passed() -> None:
    """An accepted order with one event, and a refused one with none."""
    stored = proofs.Stored([PLACED], {ONE: ACCEPTED}, [])
    assert broken(lambda report: proofs.commands(report, [place(201)], stored)) == []
    refused = proofs.Stored([], {ONE: REFUSED}, [])
    assert broken(lambda report: proofs.commands(report, [place(409, "insufficient_stock")], refused)) == []


@pytest.mark.parametrize(
    ("ledger", "end", "sentence"),
    [
        ([entry(1, 5, 0), entry(2, 0, 6), entry(3, 0, -2)], stood(3, 5, 4), "entry 2 (X): on hand 5, held 6"),
        ([entry(1, 5, 0), entry(2, -6, 0), entry(3, 2, 0)], stood(3, 1, 0), "entry 2 (X): on hand -1"),
        ([entry(1, 5, 0), entry(3, 0, 1)], stood(3, 5, 1), "the entry before it is missing"),
        ([entry(1, 5, 0)], stood(1, 6, 0), "its ledger says [1, 5, 0, 0]"),
    ],
)
def test_oversold_instant_is_told_although_the_end_is_well(
    ledger: list[dict[str, object]], end: dict[str, object], sentence: str
) -> None:
    """More held than there is, below zero, an entry that is missing, and an end that does not follow."""
    assert sentence in broken(lambda report: proofs.replay(report, ledger, [end]))[0]


@pytest.mark.parametrize(
    ("receipts", "sentence"),
    [
        ([Receipt(1, True)], "never got 1 events, for example [2]"),
        ([Receipt(1, True), Receipt(2, False)], "never got 1 events"),
        ([Receipt(2, True), Receipt(1, True)], "was told 2 before it had taken 1"),
        ([Receipt(1, False), Receipt(2, True), Receipt(1, True)], "was told 2 before it had taken 1"),
    ],
)
def test_event_that_is_missing_or_too_early_is_told(receipts: list[Receipt], sentence: str) -> None:
    """Never sent, never taken, out of order, and the next one although the first was refused."""
    receiver = Receiver("R", receipts=receipts)
    found = broken(lambda report: proofs.delivered(report, receiver, [PLACED, CHANGED], 0))
    assert any(sentence in one for one in found)


def test_repeats_in_order_are_passed() -> None:
    """At least once: a receiver may hear everything again."""
    again = [Receipt(1, True), Receipt(1, True), Receipt(2, True), Receipt(1, True), Receipt(2, True)]
    assert broken(lambda r: proofs.delivered(r, Receiver("R", receipts=again), [PLACED, CHANGED], 0)) == []


def test_order_that_is_not_as_acknowledged_is_told() -> None:
    """Another status, not there, and one that nobody was told of."""
    stored = [
        {"id": ONE, "status": "booked", "reference": "a"},
        {"id": SPOT, "status": "booked", "reference": "b"},
    ]
    placed = {str(ONE): "cancelled", "gone": "booked"}
    found = broken(lambda report: proofs.compare(report, placed, set(), stored))
    assert [sentence.partition(" ")[2][-30:] for sentence in found] == [
        f"{ONE} was acknowledged cancelled and is booked"[-30:],
        "gone was acknowledged booked and is None"[-30:],
        f"{SPOT} (b) is stored and was never acknowledged"[-30:],
    ]
    assert broken(lambda report: proofs.compare(report, {str(ONE): ""}, {"b"}, stored)) == []


def test_gap_in_the_feed_and_in_its_numbers_is_told() -> None:
    """A reader that missed a number, and an event whose version does not follow."""
    assert "missing for example [2]" in broken(lambda report: proofs.fed(report, [1], [PLACED, CHANGED]))[0]
    late = {**CHANGED, "version": 3}
    assert "out of its row" in broken(lambda report: proofs.numbered(report, [PLACED, late]))[0]
