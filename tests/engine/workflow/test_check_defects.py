"""The five defects of a real export of another product (its home delivery), in our language: each is found by name.

A sale is split into parts, and each part asks a shelf for its goods. The good flows are accepted; each edit makes one defect.
"""

from __future__ import annotations

import pytest

from coster.engine.workflow import check, language
from coster.engine.workflow.actions import Vocabulary
from coster.engine.workflow.faults import Fault
from tests.engine.workflow import cases

SALE = """\
name: sale.home
entity: sale
version: 1
children: {parts: {flow: part.home}}
statuses:
  booked: {category: booking, initial: true}
  picking: {category: fulfilment}
  complete: {category: done, final: true}
  cancelled: {category: done, final: true}
transitions:
  - {on: part_assigned, from: [booked, picking], to: picking}
  - {on: cancel, from: booked, do: [{tell_children: {children: parts, event: stop}}], to: cancelled}
  - {rollup: {all: parts, in: [done, short, cancelled]}, from: picking, to: complete}
"""

PART = """\
name: part.home
entity: part
version: 1
children: {shelves: {flow: shelf.virtual}}
statuses:
  created: {category: booking, initial: true}
  reserved: {category: booking}
  assigned: {category: fulfilment}
  done: {category: done, final: true}
  short: {category: done, final: true}
  cancelled: {category: done, final: true}
transitions:
  - {on: begin, from: created, do: [{tell_children: {children: shelves, event: reserve}}]}
  - {on: goods_reserved, from: created, to: reserved}
  - {on: goods_short, from: created, to: short, next: inform}
  - {on: goods_reserved, from: [reserved, assigned]}
  - {on: goods_short, from: [reserved, assigned]}
  - {on: inform, from: short}
  - {on: assign, from: reserved, do: [{tell_parent: {event: part_assigned}}], to: assigned}
  - {on: ship, from: assigned, to: done}
  - {on: stop, from: [created, reserved, assigned], to: cancelled}
"""

SHELF = """\
name: shelf.virtual
entity: shelf
version: 1
statuses: {open: {category: booking, initial: true, rests: true}}
transitions:
  - {on: reserve, when: on_hand > 0, do: [{tell_parent: {event: goods_reserved}}], otherwise: refuse}
  - {on: refuse, do: [{tell_parent: {event: goods_short}}]}
"""

NOBODY = frozenset({"owner"})
ROOMS = {
    "sale.home": Vocabulary(
        entity="sale", context={}, triggers={"part_assigned": {}, "cancel": {}}, actions=(), roles=NOBODY
    ),
    "part.home": Vocabulary(
        entity="part",
        context={"on_reject_place": "bool"},
        triggers={name: {} for name in ("begin", "goods_reserved", "goods_short", "assign", "ship", "stop")},
        actions=(),
        roles=NOBODY,
    ),
    "shelf.virtual": Vocabulary(
        entity="shelf", context={"on_hand": "int"}, triggers={"reserve": {}}, actions=(), roles=NOBODY
    ),
}
FLOWS = {"sale.home": SALE, "part.home": PART, "shelf.virtual": SHELF}


def found(checked: str, **edits: tuple[str, str]) -> tuple[Fault, ...]:
    """The faults of one flow when those of these names were edited (their dots written as `_`)."""
    texts = {
        name: cases.edited(text, (edits[key],) if (key := name.replace(".", "_")) in edits else ())
        for name, text in FLOWS.items()
    }
    library = {name: language.read(text) for name, text in texts.items()}
    return check.check(library[checked], ROOMS[checked], library)


@pytest.mark.parametrize("name", FLOWS)
def test_the_good_flows_are_accepted(name: str) -> None:
    """Each among the others."""
    assert found(name) == ()


def test_a_the_reservation_is_never_answered() -> None:
    """No shelf says that it has nothing, so the part would go on as if it had."""
    [fault] = found("part.home", shelf_virtual=(", otherwise: refuse}", "}"))
    assert str(fault) == (
        "line 13 transitions[0].do[0]: in created: 'reserve' to shelves may find all guards false in open, and nobody "
        "hears of it; accepted: a row that fires there, be it without effect. "
        "Shortest path: created -begin-> created; shelf.virtual: open. [event_never_answered]"
    )


def test_a_the_reservation_has_no_receiver_at_all() -> None:
    """Nothing is on the event."""
    [fault] = found("part.home", part_home=("event: reserve", "event: hold"))
    assert fault.code == "event_never_answered"
    assert "because no row of shelf.virtual is on it" in fault.message


def test_b_the_completion_forgets_cancelled_parts() -> None:
    """A sale of which one part was cancelled would be picked for ever."""
    [fault] = found("sale.home", sale_home=("in: [done, short, cancelled]", "in: [done, short]"))
    assert str(fault) == (
        "line 13 transitions[2].rollup: in picking: with parts in cancelled, where they stay, no roll-up can become true "
        "and no other row leads to an end; accepted: these statuses in a roll-up, or another way out. "
        "Shortest path: booked -part_assigned-> picking; parts: created -stop-> cancelled. [rollup_starves]"
    )


def test_b_another_way_out_is_accepted() -> None:
    """People can end it: the cancellation is for a sale in picking as well."""
    late = "  - {on: cancel, from: picking, do: [{tell_children: {children: parts, event: stop}}], to: cancelled}\n"
    rollup = "  - {rollup: {all: parts, in: [done, short, cancelled]}"
    edit = (rollup, late + rollup.replace(", cancelled", ""))
    assert found("sale.home", sale_home=edit) == ()


def test_c_nothing_matches_as_control_flow() -> None:
    """Whether people are informed depends on whether a row happens to fit."""
    [fault] = found(
        "part.home", part_home=("on: inform, from: short", "on: inform, from: short, when: on_reject_place")
    )
    assert (fault.code, fault.status) == ("nothing_as_control", "created")
    assert fault.trail == "created -goods_short-> short"
    faults = found("part.home", part_home=("on: inform, from: short", "on: inform, from: created"))
    assert {fault.code for fault in faults} == {"next_unhandled", "row_never_tried"}


def test_d_a_status_that_is_not_declared() -> None:
    """In the flow itself, and where the parent waits for it."""
    gone = ("  cancelled: {category: done, final: true}\n", "")
    assert {fault.code for fault in found("part.home", part_home=gone)} == {"status_unknown"}
    assert "child_status_unknown" in {fault.code for fault in found("sale.home", part_home=gone)}


def test_e_a_cancellation_that_a_part_does_not_hear() -> None:
    """The sale is cancelled, and the part that is being picked goes on."""
    [fault] = found(
        "sale.home",
        part_home=("on: stop, from: [created, reserved, assigned]", "on: stop, from: [created, reserved]"),
    )
    assert fault.code == "event_never_answered"
    assert fault.trail == (
        "booked -cancel-> cancelled; part.home: created -goods_reserved-> reserved -assign-> assigned"
    )


def test_a_circle_between_two_flows_is_told_once_around() -> None:
    """A part that asks its shelf again whenever the shelf has answered; either of the two files is refused for it."""
    row = "{on: goods_reserved, from: [reserved, assigned]"
    again = row + ", do: [{tell_children: {children: shelves, event: reserve}}]"
    [fault] = found("part.home", part_home=(row, again))
    assert str(fault) == (
        "line 16 transitions[3].do[0]: in reserved: 'goods_reserved' of part.home to 'reserve' of shelf.virtual leads back "
        "to 'goods_reserved', without a timer or an event from outside; accepted: a timer or an event in between, or a row "
        "that tells nobody. Shortest path: created -goods_reserved-> reserved -goods_reserved-> reserved; shelf.virtual: "
        "open -reserve-> open; part.home: reserved -goods_reserved-> …. [event_circle]"
    )
    [fault] = found("shelf.virtual", part_home=(row, again))
    assert (fault.code, fault.path) == ("event_circle", "transitions[0].do[0]")
    early = ("{on: goods_reserved, from: created", again.replace("[reserved, assigned]", "created"))
    assert found("part.home", part_home=early) == ()
