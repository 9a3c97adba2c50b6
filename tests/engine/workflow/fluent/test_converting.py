"""What becomes of a Fluent workflow: flows that read back as they are, row by row."""

from __future__ import annotations

import pytest

from coster.engine.workflow import check, language
from coster.engine.workflow.actions import ActionSpec, Vocabulary
from coster.engine.workflow.compile import compile_flow
from coster.engine.workflow.fluent.converting import Converted, convert
from coster.engine.workflow.records import ActionCall, Flow, Retry, Timer, Transition
from tests.engine.workflow.fluent.exports import HD, Json, rule, ruleset, status, text, workflow
from tests.engine.workflow.test_writing import bare

WHOLE = convert(text(HD))
ORDER, FULFILMENT, ARTICLE = WHOLE.flows
ROLES = frozenset({"hub", "shop", "owner", "boutique"})


def row(flow: Flow, trigger: str) -> Transition:
    """The first row of a trigger."""
    return next(row for row in flow.transitions if row.on == trigger)


def how(converted: Converted, path: str) -> tuple[str, str]:
    """Verdict and reason of a line of the report."""
    [line] = [line for line in converted.report if line.path == path]
    return line.verdict, line.how


def of(*rulesets: Json, **more: object) -> Converted:
    """A workflow of these rulesets."""
    return convert(text(workflow(*rulesets, **more)))


def test_one_flow_for_each_entity_type_the_root_first() -> None:
    """Names, entities, and the root's type."""
    assert [(f.name, f.entity, f.type) for f in WHOLE.flows] == [
        ("order.hd", "order", "hd"),
        ("order.hd.fulfilment", "fulfilment", ""),
        ("order.hd.article", "article", ""),
    ]
    assert "version: 1.41" in ORDER.description
    assert [(c.kind, c.flows) for c in ORDER.children] == [("fulfilments", {"other": "order.hd.fulfilment"})]


@pytest.mark.parametrize("number", range(3))
def test_the_text_is_read_back_as_the_flow(number: int) -> None:
    """Nothing is lost by writing."""
    assert bare(language.read(WHOLE.texts[number])) == bare(WHOLE.flows[number])


def test_set_state_becomes_to_and_an_event_to_the_entity_itself_next() -> None:
    """The first ruleset of every life."""
    found = row(ORDER, "create")
    assert (found.sources, found.to, found.next) == (("CREATED",), "RECEIVED", "check_order_coordinates")
    assert found.label == "A new order."
    assert ORDER.status("CREATED").initial


def test_a_pair_of_rules_becomes_a_guard_and_the_rest() -> None:
    """Whatever the order in which the pair stands; the row without condition is the last."""
    pair = [row for row in ORDER.transitions if row.on == "check_order_coordinates"]
    assert [(r.when, r.next) for r in pair] == [
        ("order_coordinates_present", "process_order"),
        ("", "process_error"),
    ]


def test_three_arms_become_two_guards_and_the_rest() -> None:
    """ALL, PARTIAL and NONE are all there is."""
    arms = [row for row in FULFILMENT.transitions if row.on == "verify"]
    assert [(r.when, r.next) for r in arms] == [
        ('fulfilment_items == "ALL"', "all_fulfilled"),
        ('fulfilment_items == "PARTIAL"', "partially_fulfilled"),
        ("", "all_rejected"),
    ]


def test_a_condition_alone_leaves_what_is_unconditional_for_the_rest() -> None:
    """Rules beside the condition are carried out in any case."""
    found = of(
        ruleset(
            "Check",
            "ORDER",
            ["BOOKED"],
            rule("SetState", status="PICK_PACK"),
            rule("ForwardIfLimitReached", eventName="Stop", limit=5),
        ),
        ruleset("Stop", "ORDER", ["PICK_PACK"]),
    )
    rows = [(r.when, r.to, r.next) for r in found.flows[0].transitions if r.on == "check"]
    assert rows == [("limit_reached_5", "PICK_PACK", "stop"), ("", "PICK_PACK", "")]
    assert how(found, "rulesets[0].rules[1].props.limit")[0] == "approximated"


def test_verifying_all_children_becomes_a_roll_up() -> None:
    """The statuses are those of the rule."""
    found = row(ORDER, "check_if_order_is_complete")
    assert [str(c) for c in found.rollup] == ["all fulfilments in COMPLETE, REJECTED, EXPIRED, ESCALATED"]
    assert found.next == "order_complete"


def test_events_to_parents_and_children_are_told() -> None:
    """The receiver takes them as events."""
    told = ActionCall(
        name="tell_children", parameters={"children": "fulfilments", "event": "cancel_fulfilment"}
    )
    assert row(ORDER, "order_cancel").do == (told,)
    assert row(FULFILMENT, "wave_create").do == (
        ActionCall(name="tell_parent", parameters={"event": "fulfilment_assigned"}),
    )
    assert "cancel_fulfilment" in FULFILMENT.events
    assert "fulfilment_assigned" in ORDER.events
    assert "process_order" not in ORDER.events


def test_scheduled_events_become_timers() -> None:
    """With the unit of the property; what stays in its status fires once; the expiry of the reference waits for the room."""
    assert row(FULFILMENT, "remind").after == Timer(duration="PT90M", times=1)
    expiry = Timer(duration="pick_n_pack_time_limit", calendar="opening_hours")
    assert row(FULFILMENT, "fulfilment_expiry").after == expiry
    assert "fulfilment_expiry" not in FULFILMENT.events


@pytest.mark.parametrize(
    ("props", "timer"),
    [
        ({"delay": "PT4H"}, Timer(duration="PT4H")),
        ({"delaySeconds": "86400"}, Timer(duration="P1D")),
        ({"delayMillis": 1500}, Timer(duration="PT1S")),
        ({"scheduledOn": "expiryTime"}, Timer(field="close_at")),
        ({"delay": 30}, Timer(field="close_at")),
    ],
)
def test_when_a_scheduled_event_is_sent(props: Json, timer: Timer) -> None:
    """Without a duration the room must know the instant, and the report says so."""
    found = of(
        ruleset(
            "CREATE",
            "ORDER",
            ["CREATED"],
            rule("SetState", status="BOOKED"),
            rule("SendEvent", eventName="Close", **props),
        ),
        ruleset("Close", "ORDER", ["BOOKED"], rule("SetState", status="CANCELLED")),
    )
    assert row(found.flows[0], "close").after == timer
    assert how(found, "rulesets[0].rules[1]")[0] == ("approximated" if timer.field else "mapped")


def test_a_timer_begins_only_where_its_event_is_scheduled() -> None:
    """The same event in another status has no timer, and what Fluent would do there is told."""
    found = of(
        ruleset(
            "Book",
            "ORDER",
            ["CREATED"],
            rule("SetState", status="BOOKED"),
            rule("ScheduleEvent", eventName="Stop", delayInHours=48),
        ),
        ruleset("Stop", "ORDER", ["CREATED", "BOOKED"], rule("SetState", status="CANCELLED")),
        ruleset("Reopen", "ORDER", ["PICK_PACK"], rule("SetState", status="BOOKED")),
    )
    stops = [(r.sources, r.after) for r in found.flows[0].transitions if r.on == "stop"]
    assert stops == [(("BOOKED",), Timer(duration="P2D")), (("CREATED",), None)]
    verdict, words = how(found, "rulesets[0].rules[1]")
    assert verdict == "approximated"
    assert "Fluent would send it in CREATED too" in words
    assert "by rulesets[2] too" in words


def test_an_event_scheduled_for_now_is_sent_at_once() -> None:
    """Fluent lists it as an anti-pattern."""
    found = of(
        ruleset("CREATE", "ORDER", ["CREATED"], rule("ScheduleEvent", eventName="Go", delaySeconds=0)),
        ruleset("Go", "ORDER", ["CREATED"], rule("SetState", status="BOOKED")),
    )
    assert row(found.flows[0], "create").next == "go"
    assert "anti-pattern" in how(found, "rulesets[0].rules[0]")[1]


def test_webhooks_become_webhooks_with_fluents_retries() -> None:
    """The address is for an endpoint; without the setting the retries are Fluent's own."""
    assert [(w.name, w.event) for w in ORDER.webhooks] == [("fulfilment_request", "order.fulfilment_request")]
    assert row(ORDER, "find_fulfilment").do[1] == ActionCall(
        name="send", parameters={"webhook": "fulfilment_request"}
    )
    plain = of(ruleset("CREATE", "ORDER", ["CREATED"], rule("SendWebhook")))
    assert plain.flows[0].error is not None
    assert plain.flows[0].error.retry == Retry(times=3, wait="PT2S", factor=2)


def test_a_ruleset_for_exceptions_makes_good() -> None:
    """It is the row that `error` names; nobody outside can send its trigger."""
    error = row(ORDER, "find_fulfilment").error
    assert error is not None
    assert error.then == "find_fulfilment_failed"
    assert row(ORDER, "find_fulfilment_failed").sources == ("BOOKED", "PICK_PACK")
    assert "find_fulfilment_failed" not in ORDER.events


def test_a_user_action_becomes_a_button_with_its_form() -> None:
    """Applications become roles, attributes fields, choices those of the workflow's own setting."""
    button = row(ORDER, "order_cancel").button
    assert button is not None
    assert (button.label, button.roles, button.confirm) == (
        "CANCEL ORDER",
        ("hub", "boutique"),
        "CANCEL ORDER?",
    )
    assert [(f.name, f.type, f.required, f.choices, f.default) for f in button.form] == [
        ("cancel_reason", "string", True, ("LATE", "OTHER"), "LATE"),
        ("copies", "int", False, (), 2),
        ("photo", "string", False, (), None),
    ]
    assert ORDER.events["order_cancel"] == {"cancel_reason": "string", "copies": "int?", "photo": "string?"}


def test_a_user_action_that_nothing_answers_is_kept_by_a_placeholder() -> None:
    """It stays visible in its statuses."""
    action = {"eventName": "Appease", "context": [{"label": "Appease", "modules": ["oms"]}]}
    found = of(ruleset("CREATE", "ORDER", ["BOOKED"], userActions=[action]))
    kept = row(found.flows[0], "appease")
    assert (kept.sources, kept.do[0].name) == (("BOOKED",), "placeholder")
    assert how(found, "rulesets[0].userActions[0]")[0] == "not_mapped"


def test_rulesets_that_run_together_become_one_row() -> None:
    """Fluent runs every ruleset that matches; we fire the first row."""
    found = of(
        ruleset("Note", "ORDER", ["BOOKED", "PICK_PACK"], rule("Log", text="one")),
        ruleset("Note", "ORDER", [], rule("Log", text="two")),
    )
    rows = [(r.sources, len(r.do)) for r in found.flows[0].transitions]
    assert rows == [(("BOOKED", "PICK_PACK"), 2), (("CREATED", "RECEIVED"), 1)]
    assert how(found, "rulesets[1]")[0] == "approximated"


def test_subtypes_become_flows_of_their_own() -> None:
    """What has no subtype stands in each of them, and the parent chooses by type."""
    found = of(
        ruleset("CREATE", "FULFILMENT", ["CREATED"], rule("SetState", status="PROCESSING")),
        ruleset("Ship", "FULFILMENT", ["PROCESSING"], rule("SetState", status="COMPLETE"), subtype="HD_PFS"),
    )
    order, other, store = found.flows[:3]
    assert [f.name for f in (other, store)] == ["order.hd.fulfilment", "order.hd.fulfilment.hd_pfs"]
    assert order.children[0].flows == {"other": other.name, "hd_pfs": store.name}
    assert [[r.on for r in f.transitions] for f in (other, store)] == [["create"], ["create", "ship"]]


def test_settings_keep_their_values() -> None:
    """What is neither text nor a whole number is kept as JSON text."""
    assert ORDER.settings["max_split"] == 5
    assert ORDER.settings["ratio"] == "0.5"
    assert how(WHOLE, "settings.empty") == ("not_mapped", "it has no value")


def test_a_rule_that_nobody_knows_becomes_a_placeholder_with_its_properties() -> None:
    """Deep values are kept as JSON text."""
    kept = row(ORDER, "find_fulfilment").do[0]
    assert kept.parameters == {
        "name": "ACME.core.RateWithBoutiqueLogic",
        "properties": {"weight": 3, "networks": ["A", "B"], "deep": {"a": {"b": {"c": '{"d": 1}'}}}},
    }


def test_placeholders_are_never_published() -> None:
    """The checker names each, whatever the room knows."""
    room = Vocabulary(entity="order", context={}, triggers={}, actions=(), roles=ROLES)
    refused = [fault for fault in check.check(ORDER, room) if fault.code == "placeholder"]
    assert [fault.path for fault in refused] == ["transitions[5].do[0]"]
    assert "RateWithBoutiqueLogic" in refused[0].message


def test_a_flow_without_placeholders_is_proved() -> None:
    """With a room that gives what the report names, the checker finds nothing, and the flow runs."""
    parcel = Vocabulary(entity="article", context={}, triggers={}, actions=(), roles=ROLES)
    table = compile_flow(ARTICLE, parcel)
    answer = table.step("AWAITING_COURIER_COLLECTION", "article_collected_2", {})
    assert getattr(answer, "to", None) == "COLLECTED"
    found = of(
        ruleset(
            "CREATE",
            "ORDER",
            ["CREATED"],
            rule("ForwardIfPaidPresent", eventName="Book"),
            rule("ForwardIfPaidNotPresent", eventName="Drop"),
        ),
        ruleset("Book", "ORDER", ["CREATED"], rule("SetState", status="BOOKED")),
        ruleset("Drop", "ORDER", ["CREATED"], rule("SetState", status="CANCELLED")),
        ruleset("Ship", "ORDER", ["BOOKED"], rule("SetState", status="COMPLETE")),
        statuses=[
            status(s, "ORDER", c)
            for s, c in (
                ("CREATED", "BOOKING"),
                ("BOOKED", "BOOKING"),
                ("COMPLETE", "DONE"),
                ("CANCELLED", "DONE"),
            )
        ],
    )
    room = Vocabulary(entity="order", context={"paid_present": "bool"}, triggers={}, actions=(), roles=ROLES)
    assert check.check(found.flows[0], room) == ()


def test_an_action_of_the_room_is_not_guessed() -> None:
    """A rule of the same name as an action is a placeholder all the same: nobody said that they do the same."""
    notify = ActionSpec(name="notify", summary="Tells somebody.")
    found = of(ruleset("CREATE", "ORDER", ["CREATED"], rule("Notify")))
    room = Vocabulary(entity="order", context={}, triggers={}, actions=(notify,), roles=ROLES)
    assert "placeholder" in {fault.code for fault in check.check(found.flows[0], room)}


@pytest.mark.parametrize(
    ("path", "verdict", "words"),
    [
        ("rulesets[10].rules[1]", "not_mapped", "no ruleset of this workflow answers UpdateInventoryQty"),
        ("rulesets[10].rules[3]", "approximated", "so Fluent records NO_MATCH and does nothing"),
        ("rulesets[20].rules[0]", "approximated", "does not declare CANCELLED for FULFILMENT"),
        ("customModule", "not_mapped", "no such part"),
        ("version", "approximated", "begin at 1"),
    ],
)
def test_defects_of_an_export_are_told_by_name(path: str, verdict: str, words: str) -> None:
    """Events that are never answered, no match as control flow, statuses that nobody declared, parts that nobody knows."""
    found = how(WHOLE, path)
    assert found[0] == verdict
    assert words in found[1]
