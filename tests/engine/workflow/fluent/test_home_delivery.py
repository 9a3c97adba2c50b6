"""A whole export of the size of real ones comes over: nothing is dropped, and each of its defects is told by name."""

from __future__ import annotations

import pytest

from coster.engine.workflow import check
from coster.engine.workflow.actions import Vocabulary
from coster.engine.workflow.fluent.converting import convert
from tests.engine.workflow.fluent.exports import text
from tests.engine.workflow.fluent.home_delivery import EXPORT
from tests.engine.workflow.fluent.test_accounting import sound

WHOLE = convert(text(EXPORT))
LIBRARY = {flow.name: flow for flow in WHOLE.flows}
ASKED = (
    "order_coordinates_present delivery_address_present proposed_fulfilment_present unfulfilled_items_present "
    "on_reject_location_present type_is_store type_is_warehouse booking_status_lodged"
)
GIVEN = {
    **dict.fromkeys(ASKED.split(), "bool"),
    "fulfilment_items": "string",
    "pick_n_pack_time_limit": "duration",
}


def test_each_of_53_rulesets_is_in_a_flow_and_each_part_has_its_line() -> None:
    """Four types of entities; what a retailer wrote himself keeps its place and its properties."""
    assert len(EXPORT["rulesets"]) == 53
    assert sound(EXPORT) is not None
    sizes = [(f.name, len(f.statuses), len(f.transitions)) for f in WHOLE.flows]
    assert sizes == [
        ("order.hd", 8, 28), ("order.hd.fulfilment", 12, 30), ("order.hd.article", 5, 4), ("order.hd.consignment", 3, 3),
    ]  # fmt: skip
    kept = [
        call.parameters for row in WHOLE.flows[0].transitions for call in row.do if call.name == "placeholder"
    ]
    assert {"name": "ACME.core.PrintGiftNote", "properties": {"paper": "gold", "copies": 2}} in kept


def test_every_event_of_it_drives_the_status_that_it_drove() -> None:
    """Each ruleset with a rule for the status leads there, from the statuses of its triggers."""
    led = {
        (row.on, source, row.to) for f in WHOLE.flows for row in f.transitions for source in row.sources if row.to
    }  # fmt: skip
    events = {"".join(on.removesuffix("_2").split("_")): on for on, _, _ in led}
    for one in EXPORT["rulesets"]:
        for to in (rule["props"]["status"] for rule in one["rules"] if rule["name"].endswith("SetState")):
            on = events[one["name"].lower().replace("_", "")]
            for source in (trigger["status"] for trigger in one["triggers"]):
                assert {(on, source, to), (f"{on}_2", source, to)} & led, one["name"]


def faults(name: str) -> set[tuple[str, str]]:
    """What the checker has against a flow in a room that gives all that the report asks for, with the place's status."""
    flow = LIBRARY[name]
    room = Vocabulary(
        entity=flow.entity, context=GIVEN, triggers={}, actions=(), roles=frozenset({"hub", "shop", "boutique"}),
        calendars=frozenset({"opening_hours"}),
    )  # fmt: skip
    return {(fault.code, fault.status) for fault in check.check(flow, room, LIBRARY)}


def how(rule: str, event: str) -> set[str]:
    """The verdicts on all rules that send the event, with the reason in words."""
    paths = [
        f"rulesets[{n}].rules[{k}]" for n, one in enumerate(EXPORT["rulesets"]) for k, found in enumerate(one["rules"])
        if found["name"].endswith(rule) and event in str(found["props"])
    ]  # fmt: skip
    return {f"{line.verdict}: {line.how}" for line in WHOLE.report if line.path in paths}


def test_a_reservation_that_nobody_answers() -> None:
    """(a) Wherever stock is reserved, given back or counted down."""
    assert {told.partition(",")[0] for told in how("SendEvent", "UpdateInventoryQty")} == {
        "not_mapped: no ruleset of this workflow answers UpdateInventoryQty"
    }


@pytest.mark.parametrize("status", ["PICK_PACK", "AWAITING_COURIER_COLLECTION"])
def test_b_a_completion_that_forgets_the_cancelled(status: str) -> None:
    """(b) With one fulfilment cancelled the order is never complete."""
    assert ("rollup_starves", status) in faults("order.hd")


def test_c_no_match_as_control_flow() -> None:
    """(c) Said of the rule in the report, and of what may find no branch by the checker."""
    assert "NO_MATCH and does nothing" in "".join(how("SendEvent", "ProcessEscalatedFulfilment"))
    assert ("nothing_as_control", "CREATED") in faults("order.hd.fulfilment")


def test_d_a_status_that_nobody_declared() -> None:
    """(d) It is added, and the report says so."""
    assert "does not declare CANCELLED for FULFILMENT" in "".join(how("SetState", "CANCELLED"))


@pytest.mark.parametrize("status", ["CREATED", "RECEIVED", "BOOKED"])
def test_e_a_cancellation_that_a_fulfilment_does_not_hear(status: str) -> None:
    """(e) The order is cancelled and a fulfilment goes on."""
    assert ("event_never_answered", status) in faults("order.hd")


def test_more_that_its_authors_did_not_see() -> None:
    """A rejected fulfilment that never ends, and a parcel whose cancellation leaves its fulfilment waiting for ever."""
    found = faults("order.hd.fulfilment")
    assert {("dead_end", "REJECTED"), ("rollup_starves", "FULFILLED")} <= found
