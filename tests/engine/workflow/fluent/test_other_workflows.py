"""Workflows that are not home delivery come over too: click and collect, a store's waves, and returns.

Exports of these are not published; they are written here as they are described, with rulesets of the names that are documented.
"""

from __future__ import annotations

import pytest

from coster.engine.workflow.fluent.converting import Converted
from tests.engine.workflow.fluent.exports import COLLECT, Json, rule, status, workflow
from tests.engine.workflow.fluent.home_delivery import check, inventory, on, send, to
from tests.engine.workflow.fluent.test_accounting import sound

GONE = ["REJECTED", "EXPIRED", "ESCALATED"]


def export(entity: str, subtype: str, lives: dict[str, str], *rulesets: Json, **more: object) -> Json:
    """A workflow with the statuses of its entities by their lanes, which a stroke divides."""
    lanes = ("BOOKING", "FULFILMENT", "DELIVERY", "DONE")
    statuses = [
        status(name, kind, lane)
        for kind, lived in lives.items()
        for lane, names in zip(lanes, lived.split("|"), strict=True)
        for name in names.split()
    ]
    head = {"entityType": entity, "entitySubtype": subtype, "name": f"{entity}::{subtype}"}
    return {**workflow(*rulesets, **more), **head, "statuses": statuses}


COLLECTION = export(
    "ORDER", "CC",
    {
        "ORDER": "CREATED RECEIVED BOOKED|PICK_PACK|AWAITING_CUSTOMER_COLLECTION|COMPLETE CANCELLED ESCALATED",
        "FULFILMENT": "CREATED AWAITING_WAVE|ASSIGNED FULFILLED|AWAITING_CUSTOMER_COLLECTION|COMPLETE EXPIRED REJECTED",
        "ARTICLE": "||CREATED PENDING_CONSIGNMENT AWAITING_COURIER_COLLECTION AWAITING_CUSTOMER_COLLECTION|COLLECTED",
    },
    on("CREATE", "ORDER", "CREATED", to("RECEIVED"), send("CheckPickupLocation")),
    on("CheckPickupLocation", "ORDER", "RECEIVED", *check(
        "ForwardIfPickupLocation", ("Present", "ProcessOrder"), ("NotPresent", "ProcessError"))),
    on("ProcessOrder", "ORDER", "RECEIVED", to("BOOKED"), send("SourceAtPickupLocation")),
    on("ProcessError", "ORDER", "RECEIVED", to("ESCALATED")),
    on("SourceAtPickupLocation", "ORDER", "BOOKED PICK_PACK", rule("CreateFulfilmentAt", locationRef="pickupLocationRef", type="CC_PFS")),
    on("FulfilmentAssigned", "ORDER", "BOOKED", to("PICK_PACK")),
    on("FulfilmentAwaitingCollection", "ORDER", "PICK_PACK", rule(
        "SendEventOnVerifyingAllFulfilments", statuses=["AWAITING_CUSTOMER_COLLECTION", *GONE], eventName="OrderAwaitingCollection")),
    on("OrderAwaitingCollection", "ORDER", "PICK_PACK", to("AWAITING_CUSTOMER_COLLECTION")),
    on("CheckIfOrderIsComplete", "ORDER", "AWAITING_CUSTOMER_COLLECTION", rule(
        "SendEventOnVerifyingAllFulfilments", statuses=["COMPLETE", *GONE], eventName="OrderComplete")),
    on("OrderComplete", "ORDER", "AWAITING_CUSTOMER_COLLECTION", to("COMPLETE")),
    on("CREATE", "FULFILMENT", "CREATED", to("AWAITING_WAVE"), inventory("RESERVE"),
       rule("ScheduleFulfilmentExpiry", eventName="FulfilmentExpiry")),
    on("FulfilmentExpiry", "FULFILMENT", "AWAITING_WAVE", to("EXPIRED"), send("SourceAtPickupLocation", "ToOrder")),
    on("WaveCreate", "FULFILMENT", "AWAITING_WAVE", to("ASSIGNED"), send("FulfilmentAssigned", "ToOrder")),
    on("ConfirmOrder", "FULFILMENT", "ASSIGNED", to("FULFILLED"), rule("CreateArticles")),
    on("ArticleAwaitingCollection", "FULFILMENT", "FULFILLED", rule(
        "SendEventOnVerifyingAllArticles", statuses=["AWAITING_CUSTOMER_COLLECTION"], eventName="AllArticlesAwaitingCollection")),
    on("AllArticlesAwaitingCollection", "FULFILMENT", "FULFILLED", to("AWAITING_CUSTOMER_COLLECTION"),
       send("FulfilmentAwaitingCollection", "ToOrder")),
    on("AllArticlesCollected", "FULFILMENT", "AWAITING_CUSTOMER_COLLECTION", to("COMPLETE"), send("CheckIfOrderIsComplete", "ToOrder")),
    on("CREATE", "ARTICLE", "CREATED", rule("ForwardIfSameStorePresent", eventName="ReadyHere"), rule(
        "ForwardIfSameStoreNotPresent", eventName="ShipToStore")),
    on("ReadyHere", "ARTICLE", "CREATED", to("AWAITING_CUSTOMER_COLLECTION"), send("ArticleAwaitingCollection", "ToFulfilment")),
    on("ShipToStore", "ARTICLE", "CREATED", to("PENDING_CONSIGNMENT")),
    on("ConsignmentFinalised", "ARTICLE", "PENDING_CONSIGNMENT", to("AWAITING_COURIER_COLLECTION")),
    on("ArticleArrival", "ARTICLE", "AWAITING_COURIER_COLLECTION", rule("SetStorageArea", attribute="storageAreaId"),
       to("AWAITING_CUSTOMER_COLLECTION"), send("ArticleAwaitingCollection", "ToFulfilment")),
    on("ARTICLE_COLLECTED", "ARTICLE", "AWAITING_CUSTOMER_COLLECTION", to("COLLECTED"), send("AllArticlesCollected", "ToFulfilment"),
       userActions=[COLLECT]),
)  # fmt: skip
WAVES = export(
    "LOCATION", "STORE",
    {"LOCATION": "CREATED ACTIVE|||INACTIVE", "WAVE": "CREATED|PICKING PACKING||COMPLETE"},
    on("CREATE", "LOCATION", "CREATED", to("ACTIVE")),
    on("CreateWaveByExpiry", "LOCATION", "ACTIVE", rule("CreateWaveByExpiry", counts=[1, 2, 5, 10, 25, 50]), userActions=[{
        "eventName": "CreateWaveByExpiry", "context": [{"label": "CREATE WAVE", "type": "PRIMARY", "modules": ["servicepoint"]}],
        "attributes": [{"name": "count", "type": "INTEGER", "label": "Orders", "mandatory": True}]}]),
    on("CreateWaveByUserSelection", "LOCATION", "ACTIVE", rule("CreateWaveByFulfilmentIds")),
    on("CREATE", "WAVE", "CREATED", to("PICKING")),
    on("PickConfirm", "WAVE", "PICKING", rule("AllocatePicksByExpiry"), rule("RejectUnpicked"), to("PACKING")),
    on("PickConfirmAndWaveComplete", "WAVE", "PICKING", rule("AllocatePicksByExpiry"), to("COMPLETE")),
    on("PackComplete", "WAVE", "PACKING", *check(
        "SendEventOnVerifyingParcels", ("All", "WaveComplete"), ("Partial", "KeepPacking"), ("None", "WaveComplete"))),
    on("KeepPacking", "WAVE", "PACKING", rule("TellPacker")),
    on("WaveComplete", "WAVE", "PACKING", to("COMPLETE")),
    settings={"PICK_N_PACK_CUSTOM_PICK_LIST": "list.html", "ENFORCE_BARCODE_SCAN": "true"},
)  # fmt: skip
RETURNS = export(
    "RETURN_ORDER", "DEFAULT",
    {
        "RETURN_ORDER": "CREATED|AWAITING_GOODS INSPECTING|AWAITING_CREDIT|COMPLETE REJECTED",
        "RETURN_FULFILMENT": "CREATED|IN_TRANSIT||RECEIVED LOST",
    },
    on("CREATE", "RETURN_ORDER", "CREATED", to("AWAITING_GOODS"), rule("CreateReturnFulfilment")),
    on("ReturnFulfilmentReceived", "RETURN_ORDER", "AWAITING_GOODS", rule(
        "SendEventOnVerifyingAllReturnFulfilments", statuses=["RECEIVED", "LOST"], eventName="BeginInspection")),
    on("BeginInspection", "RETURN_ORDER", "AWAITING_GOODS", to("INSPECTING")),
    on("VerifyReturn", "RETURN_ORDER", "INSPECTING", *check(
        "ForwardIfItemsAccepted", ("Present", "CreateCredit"), ("NotPresent", "RejectReturn"))),
    on("CreateCredit", "RETURN_ORDER", "INSPECTING", rule("CreateCreditMemo"), to("AWAITING_CREDIT"),
       rule("ScheduleEvent", eventName="RemindAgent", delayInHours=48)),
    on("RejectReturn", "RETURN_ORDER", "INSPECTING", to("REJECTED")),
    on("RemindAgent", "RETURN_ORDER", "AWAITING_CREDIT", rule("SendMailToService", template="credit")),
    on("ApproveCredit", "RETURN_ORDER", "AWAITING_CREDIT", to("COMPLETE"), rule("SendWebhook", webhookName="refund", webhookEndpoint="https://psp.example/in")),
    on("CREATE", "RETURN_FULFILMENT", "CREATED", to("IN_TRANSIT")),
    on("Receive", "RETURN_FULFILMENT", "IN_TRANSIT", to("RECEIVED"), send("ReturnFulfilmentReceived", "ToReturnOrder")),
    on("Lose", "RETURN_FULFILMENT", "IN_TRANSIT", to("LOST"), send("ReturnFulfilmentReceived", "ToReturnOrder")),
    settings={"RETURN_REASON": '[{"label": "Too small", "value": "WRONGSIZE"}]', "RETURN_ORCHESTRATED": "TRUE"},
)  # fmt: skip
ALL = {"collection": COLLECTION, "waves": WAVES, "returns": RETURNS}


def imported(given: Json) -> Converted:
    """The import, with a line for every part and flows that read back."""
    found = sound(given)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("name", "flows"),
    [
        ("collection", ["order.cc", "order.cc.fulfilment", "order.cc.article"]),
        ("waves", ["location.store", "location.store.wave"]),
        ("returns", ["return_order.default", "return_order.default.return_fulfilment"]),
    ],
)
def test_no_line_of_it_is_lost(name: str, flows: list[str]) -> None:
    """Each part has its line, each entity type its flow, and each status is there."""
    found = imported(ALL[name])
    assert [flow.name for flow in found.flows] == flows
    there = {(flow.entity.upper(), one.name) for flow in found.flows for one in flow.statuses}
    assert {(one["entityType"], one["name"]) for one in ALL[name]["statuses"]} == there


@pytest.mark.parametrize("name", ALL)
def test_every_change_of_status_is_a_row(name: str) -> None:
    """From each status of its triggers to where the ruleset leads."""
    led = {
        (row.on.removesuffix("_2").replace("_", ""), source, row.to)
        for flow in imported(ALL[name]).flows for row in flow.transitions for source in row.sources if row.to
    }  # fmt: skip
    for one in ALL[name]["rulesets"]:
        event = one["name"].lower().replace("_", "")
        for wanted in (
            found["props"]["status"] for found in one["rules"] if found["name"].endswith("SetState")
        ):
            for source in (trigger["status"] for trigger in one["triggers"]):
                assert (event, source, wanted) in led, (one["name"], source)


def test_what_nobody_knows_keeps_its_place_and_its_properties() -> None:
    """The store's own rules are placeholders, with which a flow cannot be published; the button asks for the number."""
    store = imported(WAVES).flows[0]
    calls = [call for row in store.transitions for call in row.do]
    assert {"name": "ACME.core.CreateWaveByExpiry", "properties": {"counts": [1, 2, 5, 10, 25, 50]}} in [
        call.parameters for call in calls
    ]
    [button] = [row.button for row in store.transitions if row.button is not None]
    assert (button.label, [(field.name, field.type, field.required) for field in button.form]) == (
        "CREATE WAVE", [("count", "int", True)]
    )  # fmt: skip


def test_timers_roll_ups_and_messages_are_ours() -> None:
    """Two days until somebody is reminded, goods of every journey, and the refund's webhook."""
    flow = imported(RETURNS).flows[0]
    timers = [row.after.duration for row in flow.transitions if row.after is not None]
    assert timers == ["P2D"]
    assert any(
        condition.quantifier == "all" and set(condition.statuses) == {"RECEIVED", "LOST"}
        for row in flow.transitions for condition in row.rollup
    )  # fmt: skip
    assert [webhook.name for webhook in flow.webhooks] == ["refund"]
    assert flow.settings["return_orchestrated"] == "TRUE"
