"""Exports to import, written for these tests in the form of Fluent's workflow JSON."""

from __future__ import annotations

import json
from typing import Any

Json = dict[str, Any]
UNFULFILLED = ["COMPLETE", "REJECTED", "EXPIRED", "ESCALATED"]


def rule(name: str, **props: Any) -> Json:
    """A rule of an account's plug-in."""
    return {"name": f"ACME.core.{name}", "props": props or None}


def ruleset(name: str, entity: str, statuses: list[str], *rules: Json, **more: Any) -> Json:
    """A ruleset with its triggers."""
    triggers = [{"status": status} for status in statuses]
    return {"name": name, "type": entity, "triggers": triggers, "rules": list(rules), **more}


def status(name: str, entity: str, category: str) -> Json:
    """A declared status."""
    return {"name": name, "entityType": entity, "category": category}


def workflow(*rulesets: Json, **more: Any) -> Json:
    """A workflow of orders for delivery."""
    header = {
        "retailerId": "1",
        "version": "1.41",
        "entityType": "ORDER",
        "entitySubtype": "HD",
        "name": "ORDER::HD",
    }
    return {**header, "statuses": STATUSES, "rulesets": list(rulesets), **more}


def text(export: Json) -> str:
    """The export as a file."""
    return json.dumps(export)


STATUSES = [
    *(status(name, "ORDER", "BOOKING") for name in ("CREATED", "RECEIVED", "BOOKED")),
    status("PICK_PACK", "ORDER", "FULFILMENT"),
    *(status(name, "ORDER", "DONE") for name in ("COMPLETE", "CANCELLED", "ESCALATED")),
    *(status(name, "FULFILMENT", "BOOKING") for name in ("CREATED", "PROCESSING", "AWAITING_WAVE")),
    *(
        status(name, "FULFILMENT", "FULFILMENT")
        for name in ("ASSIGNED", "FULFILLED", "PARTIALLY_FULFILLED", "REJECTED")
    ),
    *(status(name, "FULFILMENT", "DONE") for name in ("COMPLETE", "EXPIRED", "ESCALATED")),
    *(status(name, "ARTICLE", "DELIVERY") for name in ("CREATED", "AWAITING_COURIER_COLLECTION")),
    status("COLLECTED", "ARTICLE", "DONE"),
]

CANCEL = {
    "eventName": "OrderCancel",
    "context": [
        {"label": "CANCEL ORDER", "type": "PRIMARY", "modules": ["adminconsole", "boutique"], "confirm": True}
    ],
    "attributes": [
        {
            "name": "cancelReason",
            "type": "LIST",
            "label": "Why",
            "source": "REASONS",
            "defaultValue": "LATE",
            "mandatory": True,
        },
        {"name": "copies", "type": "INTEGER", "label": "Copies", "defaultValue": "2", "mandatory": False},
        {"name": "photo", "type": "IMAGE", "label": "Photo"},
    ],
}
COLLECT = {
    "eventName": "ARTICLE_COLLECTED",
    "context": [{"label": "COLLECT", "type": "SECONDARY", "modules": ["servicepoint"], "confirm": False}],
}

# A life from the first ruleset to the last, with what real exports show: pairs, arms, roll-ups, the split loop, a timer,
# a webhook, events to parents and children and out of the workflow, a failure, retailers' own rules, and five defects.
HD = workflow(
    ruleset(
        "CREATE",
        "ORDER",
        ["CREATED"],
        rule("SetState", status="RECEIVED"),
        rule("SendEvent", eventName="CheckOrderCoordinates"),
        description="A new order.",
        eventType="NORMAL",
    ),
    ruleset(
        "CheckOrderCoordinates",
        "ORDER",
        ["RECEIVED"],
        rule("ForwardIfOrderCoordinatesNotPresent", eventName="ProcessError"),
        rule("ForwardIfOrderCoordinatesPresent", eventName="ProcessOrder"),
    ),
    ruleset(
        "ProcessOrder",
        "ORDER",
        ["RECEIVED"],
        rule("ChangeStateGQL", status="BOOKED"),
        rule("SendEvent", eventName="FindFulfilment"),
    ),
    ruleset("ProcessError", "ORDER", ["RECEIVED"], rule("SetState", status="ESCALATED")),
    ruleset(
        "FindFulfilment",
        "ORDER",
        ["BOOKED", "PICK_PACK"],
        rule("RateWithBoutiqueLogic", weight=3, networks=["A", "B"], deep={"a": {"b": {"c": {"d": 1}}}}),
        rule("SendWebhook", webhookName="fulfilment_request", webhookEndpoint="https://wms.example/in"),
    ),
    ruleset("FindFulfilment", "ORDER", ["BOOKED", "PICK_PACK"], eventType="EXCEPTION"),
    ruleset("FulfilmentAssigned", "ORDER", ["BOOKED"], rule("SetState", status="PICK_PACK")),
    ruleset(
        "CheckIfOrderIsComplete",
        "ORDER",
        ["BOOKED", "PICK_PACK"],
        rule("SendEventOnVerifyingAllFulfilments", statuses=UNFULFILLED, eventName="OrderComplete"),
    ),
    ruleset("OrderComplete", "ORDER", ["BOOKED", "PICK_PACK"], rule("SetState", status="COMPLETE")),
    ruleset(
        "OrderCancel",
        "ORDER",
        ["CREATED", "RECEIVED", "BOOKED"],
        rule("SetState", status="CANCELLED"),
        rule("SendEventForAllFulfilments", eventName="CancelFulfilment"),
        userActions=[CANCEL],
        subtype="HD",
    ),
    ruleset(
        "CREATE",
        "FULFILMENT",
        ["CREATED"],
        rule("SetState", status="PROCESSING"),
        rule("SendEvent", eventName="UpdateInventoryQty"),
        rule("SendEvent", eventName="ProcessFulfilment"),
        rule("SendEvent", eventName="ProcessEscalated"),
    ),
    ruleset(
        "ProcessFulfilment",
        "FULFILMENT",
        ["PROCESSING"],
        rule("SetState", status="AWAITING_WAVE"),
        rule("ScheduleFulfilmentExpiry", eventName="FulfilmentExpiry"),
        rule("ScheduleEvent", eventName="Remind", delayInMinutes=90),
    ),
    ruleset(
        "ProcessEscalated", "FULFILMENT", ["ESCALATED"], rule("SendEvent", eventName="InformCustomerService")
    ),
    ruleset(
        "FulfilmentExpiry",
        "FULFILMENT",
        ["AWAITING_WAVE"],
        rule("SetState", status="EXPIRED"),
        rule("SendEventToOrder", eventName="FindFulfilment"),
    ),
    ruleset(
        "Remind",
        "FULFILMENT",
        ["AWAITING_WAVE"],
        rule("SendStoreReminder", channel="sms"),
        description="Tells the store.",
    ),
    ruleset(
        "WaveCreate",
        "FULFILMENT",
        ["AWAITING_WAVE"],
        rule("SetState", status="ASSIGNED"),
        rule("SendEvent", eventName="FulfilmentAssigned"),
    ),
    ruleset(
        "Verify",
        "FULFILMENT",
        ["ASSIGNED"],
        *(
            rule(f"SendEventOnVerifyingFulfilmentItems{arm}", eventName=event)
            for arm, event in (
                ("All", "AllFulfilled"),
                ("Partial", "PartiallyFulfilled"),
                ("None", "AllRejected"),
            )
        ),
    ),
    ruleset("AllFulfilled", "FULFILMENT", ["ASSIGNED"], rule("SetState", status="FULFILLED")),
    ruleset("PartiallyFulfilled", "FULFILMENT", ["ASSIGNED"], rule("SetState", status="PARTIALLY_FULFILLED")),
    ruleset("AllRejected", "FULFILMENT", ["ASSIGNED"], rule("SetState", status="REJECTED")),
    ruleset(
        "CancelFulfilment",
        "FULFILMENT",
        ["CREATED", "PROCESSING", "AWAITING_WAVE"],
        rule("SetState", status="CANCELLED"),
    ),
    ruleset(
        "ArticleCollected",
        "FULFILMENT",
        ["FULFILLED", "PARTIALLY_FULFILLED"],
        rule("SetState", status="COMPLETE"),
        rule("SendEvent", eventName="CheckIfOrderIsComplete"),
    ),
    ruleset("CREATE", "ARTICLE", ["CREATED"], rule("SetState", status="AWAITING_COURIER_COLLECTION")),
    ruleset(
        "ARTICLE_COLLECTED",
        "ARTICLE",
        ["AWAITING_COURIER_COLLECTION"],
        rule("SetState", status="COLLECTED"),
        rule("SendEvent", eventName="ArticleCollected"),
        userActions=[COLLECT],
    ),
    settings={
        "fc.rubix.sdk.webhook.retry.schedule": "exponential",
        "REASONS": '[{"label": "Too late", "value": "LATE"}, {"label": "Other", "value": "OTHER"}]',
        "maxSplit": 5,
        "ratio": 0.5,
        "empty": None,
    },
    customModule={"a": 1},
)
