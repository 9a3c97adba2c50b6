"""An export as large as real ones: home delivery of orders, event by event and status by status as a real export leads it.

Its 53 rulesets have that export's events, statuses, roll-ups and defects; rules that are only described there have names of ours.
"""

from __future__ import annotations

from tests.engine.workflow.fluent.exports import CANCEL, COLLECT, Json, rule, ruleset, status, workflow

WORK = "BOOKED PICK_PACK"
PACKED = "FULFILLED PARTIALLY_FULFILLED"
GONE = ["REJECTED", "EXPIRED", "ESCALATED"]
_LIVES = {
    "ORDER": ("CREATED RECEIVED BOOKED", "PICK_PACK", "AWAITING_COURIER_COLLECTION", "COMPLETE CANCELLED ESCALATED"),
    "FULFILMENT": (
        "CREATED PROCESSING AWAITING_WAVE",
        "ASSIGNED FULFILLED PARTIALLY_FULFILLED REJECTED",
        "AWAITING_COURIER_COLLECTION",
        "COMPLETE EXPIRED ESCALATED",
    ),
    "ARTICLE": ("", "", "CREATED PENDING_CONSIGNMENT AWAITING_COURIER_COLLECTION", "COLLECTED CANCELLED"),
    "CONSIGNMENT": ("", "", "CREATED PROCESSING", "ACTIVE_LODGED"),
}  # fmt: skip
STATUSES = [
    status(name, entity, category)
    for entity, lanes in _LIVES.items()
    for category, names in zip(("BOOKING", "FULFILMENT", "DELIVERY", "DONE"), lanes, strict=True)
    for name in names.split()
]


def on(name: str, entity: str, statuses: str, *rules: Json, **more: object) -> Json:
    """A ruleset, its trigger statuses as words."""
    return ruleset(name, entity, statuses.split(), *rules, **more)


def to(name: str) -> Json:
    """The standard rule that changes the status."""
    return rule("SetState", status=name)


def send(event: str, receiver: str = "") -> Json:
    """A rule that sends an event to the entity itself, its order, or another by the rule's name."""
    return rule(f"SendEvent{receiver}", eventName=event)


def check(fact: str, *arms: tuple[str, str]) -> list[Json]:
    """A rule for each outcome of one question: the usual way to branch."""
    return [rule(f"{fact}{arm}", eventName=event) for arm, event in arms]


def inventory(operation: str) -> Json:
    """What is said to a catalogue that no ruleset of the export belongs to."""
    return rule("SendEvent", eventName="UpdateInventoryQty", operation=operation)


ORDER = [
    on("CREATE", "ORDER", "CREATED", to("RECEIVED"), send("CheckOrderCoordinates")),
    on("CheckOrderCoordinates", "ORDER", "RECEIVED", *check(
        "ForwardIfOrderCoordinates", ("Present", "ProcessOrder"), ("NotPresent", "CheckOrderDeliveryAddress"))),
    on("CheckOrderDeliveryAddress", "ORDER", "RECEIVED", *check(
        "ForwardIfDeliveryAddress", ("Present", "ResolveOrderCoordinates"), ("NotPresent", "ProcessError"))),
    on("ResolveOrderCoordinates", "ORDER", "RECEIVED", rule(
        "ResolveCoordinatesGoogle", validAddress="UpdateOrderCoordinates", invalidAddress="ProcessError")),
    on("UpdateOrderCoordinates", "ORDER", "RECEIVED", rule("SaveCoordinates"), send("ProcessOrder")),
    on("ProcessOrder", "ORDER", "RECEIVED", to("BOOKED"), send("FindAndCreateOrderFulfilment")),
    on("ProcessError", "ORDER", "RECEIVED", to("ESCALATED")),
    on("FindAndCreateOrderFulfilment", "ORDER", WORK, rule("TakeDeliveryCoordinates", eventName="GetLocationsForNetwork")),
    on("GetLocationsForNetwork", "ORDER", WORK, rule(
        "FindLocations", networkRef="HD", locationStatuses=["ACTIVE"], eventName="CalculateLocationsDistances")),
    on("CalculateLocationsDistances", "ORDER", WORK, rule("Haversine", eventName="SearchInventoryAtLocations")),
    on("SearchInventoryAtLocations", "ORDER", WORK, rule(
        "SearchVirtualPositions", virtualCatalogue="BASE:3", eventName="SelectProposedFulfilment")),
    on("SelectProposedFulfilment", "ORDER", WORK, rule(
        "RateAndKeepBest", excludedFulfilmentStatuses=["CANCELLED", *GONE[1:]], eventName="CheckProposedFulfilmentExists")),
    on("CheckProposedFulfilmentExists", "ORDER", WORK, *check(
        "ForwardIfProposedFulfilment", ("NotPresent", "CreateRejectedFulfilment"), ("Present", "CheckMaxSplitLimitReached"))),
    on("CheckMaxSplitLimitReached", "ORDER", WORK, rule(
        "CheckSplits", maxSplitLimit=5, limitReached="CreateRejectedFulfilment", limitNotReached="CreateFulfilment")),
    on("CreateFulfilment", "ORDER", WORK, rule("CreateFulfilment"), rule(
        "ForwardIfUnfulfilledItemsPresent", eventName="FindAndCreateOrderFulfilment")),
    on("CreateRejectedFulfilment", "ORDER", WORK, rule(
        "CreateFulfilmentForRest", systemRejectedLocationRef="RJT_1", acceptedStatuses=["FULFILLED"], rejectedStatuses=GONE)),
    on("FulfilmentAssigned", "ORDER", "BOOKED", to("PICK_PACK")),
    on("FulfilmentAwaitingCourierCollection", "ORDER", "PICK_PACK", rule(
        "SendEventOnVerifyingAllFulfilments", statuses=["AWAITING_COURIER_COLLECTION", *GONE], eventName="OrderAwaitingCourierCollection")),
    on("OrderAwaitingCourierCollection", "ORDER", "PICK_PACK", to("AWAITING_COURIER_COLLECTION")),
    on("CheckIfOrderIsComplete", "ORDER", f"AWAITING_COURIER_COLLECTION {WORK}", rule(
        "SendEventOnVerifyingAllFulfilments", statuses=["COMPLETE", *GONE], eventName="OrderComplete")),
    on("OrderComplete", "ORDER", f"AWAITING_COURIER_COLLECTION {WORK}", to("COMPLETE")),
    on("OrderCancel", "ORDER", "CREATED RECEIVED BOOKED", to("CANCELLED"), rule(
        "SendEventForAllFulfilments", eventName="CancelFulfilment"), userActions=[CANCEL]),
    on("PAYMENT_TRANSACTION", "ORDER", "CREATED RECEIVED BOOKED", rule("CreateFinancialTransaction")),
]  # fmt: skip
FULFILMENT = [
    on("CREATE", "FULFILMENT", "CREATED", to("PROCESSING"), rule("SetFulfilmentType"), inventory("RESERVE"), send("ProcessFulfilment")),
    on("ProcessFulfilment", "FULFILMENT", "PROCESSING", rule("ForwardIfOnRejectLocationPresent", eventName="EscalateFulfilment"),
       send("ProcessEscalatedFulfilment"), rule("ForwardIfTypeIsStore", eventName="StoreFulfilment"),
       rule("ForwardIfTypeIsWarehouse", eventName="WarehouseFulfilment")),
    on("EscalateFulfilment", "FULFILMENT", "PROCESSING", to("ESCALATED")),
    on("ProcessEscalatedFulfilment", "FULFILMENT", "ESCALATED", send("InformCustomerService")),
    on("InformCustomerService", "FULFILMENT", "ESCALATED", rule("SendMailToService", template="rejected", copies=2)),
    on("StoreFulfilment", "FULFILMENT", "PROCESSING", to("AWAITING_WAVE"), rule("ScheduleFulfilmentExpiry", eventName="FulfilmentExpiry")),
    on("WarehouseFulfilment", "FULFILMENT", "PROCESSING", rule("SendWebhook", webhookName="fulfilment_request", webhookEndpoint="https://wms.example/in")),
    on("FulfilmentExpiry", "FULFILMENT", "AWAITING_WAVE", to("EXPIRED"), rule("RejectItems"), inventory("UNRESERVE"),
       send("FindAndCreateOrderFulfilment", "ToOrder")),
    on("WaveCreate", "FULFILMENT", "AWAITING_WAVE", to("ASSIGNED"), send("FulfilmentAssigned", "ToOrder")),
    on("WavePack", "FULFILMENT", "ASSIGNED", rule("ConfirmItemQuantities"), send("VerifyFulfilmentItems")),
    on("VerifyFulfilmentItems", "FULFILMENT", "ASSIGNED", *check(
        "SendEventOnVerifyingFulfilmentItems", ("All", "AllFulfilled"), ("Partial", "PartiallyFulfilled"), ("None", "AllRejected"))),
    on("AllFulfilled", "FULFILMENT", "ASSIGNED", to("FULFILLED"), inventory("RESET_RESERVE")),
    on("PartiallyFulfilled", "FULFILMENT", "ASSIGNED", to("PARTIALLY_FULFILLED"), inventory("RESET_RESERVE"),
       send("FindAndCreateOrderFulfilment", "ToOrder")),
    on("AllRejected", "FULFILMENT", "ASSIGNED", to("REJECTED"), inventory("RESET_RESERVE"),
       send("FindAndCreateOrderFulfilment", "ToOrder")),
    on("WaveDispatchInitiated", "FULFILMENT", PACKED, rule("CreateArticles")),
    on("ArticleCreated", "FULFILMENT", PACKED, rule(
        "SendEventOnVerifyingAllArticles", statuses=["PENDING_CONSIGNMENT"], eventName="CreateConsignment")),
    on("CreateConsignment", "FULFILMENT", PACKED, rule("BookCarrier", carrier="ANY")),
    on("ArticleAwaitingCourierCollection", "FULFILMENT", PACKED, rule(
        "SendEventOnVerifyingAllArticles", statuses=["AWAITING_COURIER_COLLECTION"], eventName="AllArticlesAwaitingCourierCollection")),
    on("AllArticlesAwaitingCourierCollection", "FULFILMENT", PACKED, to("AWAITING_COURIER_COLLECTION"),
       send("FulfilmentAwaitingCourierCollection", "ToOrder")),
    on("ArticleCollected", "FULFILMENT", "AWAITING_COURIER_COLLECTION", rule(
        "SendEventOnVerifyingAllArticles", statuses=["COLLECTED"], eventName="AllArticlesCollected")),
    on("AllArticlesCollected", "FULFILMENT", "AWAITING_COURIER_COLLECTION", to("COMPLETE"), send("CheckIfOrderIsComplete", "ToOrder")),
    on("CancelFulfilment", "FULFILMENT", "CREATED PROCESSING AWAITING_WAVE", to("CANCELLED"), rule("RejectItems"), inventory("UNRESERVE")),
]  # fmt: skip
PARCELS = [
    on("CREATE", "ARTICLE", "CREATED", to("PENDING_CONSIGNMENT"), rule("CopyAttributes"), send("ArticleCreated", "ToFulfilment")),
    on("ConsignmentFinalised", "ARTICLE", "PENDING_CONSIGNMENT", to("AWAITING_COURIER_COLLECTION"),
       send("ArticleAwaitingCourierCollection", "ToFulfilment")),
    on("ARTICLE_COLLECTED", "ARTICLE", "AWAITING_COURIER_COLLECTION", to("COLLECTED"), send("ArticleCollected", "ToFulfilment"),
       userActions=[COLLECT]),
    on("ArticleCancellation", "ARTICLE", "AWAITING_COURIER_COLLECTION", to("CANCELLED")),
    on("CREATE", "CONSIGNMENT", "CREATED", to("PROCESSING"), send("ProcessConsignment")),
    on("ProcessConsignment", "CONSIGNMENT", "PROCESSING", rule("ForwardIfBookingStatusLodged", eventName="ConsignmentBooked")),
    on("ConsignmentBooked", "CONSIGNMENT", "PROCESSING", to("ACTIVE_LODGED"), send("ConsignmentFinalised", "ForAllArticles")),
    on("BoutiqueGiftNote", "ORDER", "BOOKED", rule("PrintGiftNote", paper="gold", copies=2)),
]  # fmt: skip
EXPORT: Json = {**workflow(*ORDER, *FULFILMENT, *PARCELS, settings={"maxSplit": "5"}), "statuses": STATUSES}
