"""What a guard may read: the room's context, records in it, and what language and flow add."""

from __future__ import annotations

import datetime as dt

import pytest

from coster.engine.workflow import buttons, fields, kinds, language, scope
from coster.engine.workflow import compile as compiler
from coster.engine.workflow.actions import ActionSpec, Vocabulary
from coster.engine.workflow.faults import FlowRefusedError
from coster.engine.workflow.guards import GuardFailedError, GuardRefusedError, Language
from coster.engine.workflow.step import Matched
from tests.engine.workflow import cases, vocabularies
from tests.engine.workflow.test_reference import EVERYTHING

RECORDS = Language(
    {
        "items": "list({picked: int, wanted: int, name: string, tags: list(string)})",
        "legs": "map(string, {name: string})",
        "facts": "map(string, dyn)",
        "n": "int",
    }
)
ITEMS = [
    {"picked": 1, "wanted": 1, "name": "a", "tags": ["x"]},
    {"picked": 0, "wanted": 2, "name": "b", "tags": []},
]


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        ("items.all(i, i.picked == i.wanted)", False),
        ("items.exists(i, i.name.startsWith('a') && 'x' in i.tags)", True),
        ("items.filter(i, i.picked < i.wanted).size() == n", True),
        ("items[0].picked == n", True),
        ("items.exists(i, i.name == 'i.nothing' || i.wanted == 2)", True),
        ("items.all(i, items.exists(j, j.name >= i.name))", True),
        ("legs['a'].name == 'road'", True),
        ("facts.parts.all(p, p.anything > 0)", True),
    ],
)
def test_records_are_read_by_their_fields(source: str, answer: bool) -> None:  # noqa: FBT001 - a column of the table.
    """In macros and by index; what is written in quotes is no field, and a `dyn` has any."""
    context = {"items": ITEMS, "n": 1, "legs": {"a": {"name": "road"}}, "facts": {"parts": [{"anything": 1}]}}
    assert RECORDS.compile(source)(context) is answer


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("items.all(i, i.pickd == 1)", "reads 'pickd' of items; did you mean 'picked'"),
        ("items[0].pickd == 1", "reads 'pickd' of items"),
        ("legs['a'].nme == 'b'", "reads 'nme' of legs"),
        ("items.all(i, i.picked == i.name)", "found no matching overload"),
        ("items.exists(i, i.name > 1)", "found no matching overload"),
        ("items.filter(i, i.picked > 0).all(j, j.x > 1)", "goes through something calculated as 'j'"),
        ("items.all(i, i.picked > 0) && facts.all(i, i == 'a')", "calls parts of two lists 'i'"),
        ("items.all(n, n.picked > 0)", "calls a part 'n' like a field"),
    ],
)
def test_what_records_do_not_have_is_refused(source: str, message: str) -> None:
    """Names and types, when the flow is saved and not when it runs."""
    with pytest.raises(GuardRefusedError, match=message):
        RECORDS.compile(source)


@pytest.mark.parametrize(
    "text", ["{a: timestamp}", "{a: list({b: int})}", "{A: int}", "{a int}", "{a: map(string, int)}"]
)
def test_records_hold_simple_things(text: str) -> None:
    """The library takes no instants inside of others, and one level is enough for people."""
    with pytest.raises(ValueError, match="found"):
        kinds.parse(f"list({text})")


def test_an_expression_without_records_is_left_alone() -> None:
    """Nothing is written anew that needs no looking after."""
    assert fields.readable("n > 0", {"n": kinds.parse("int")}).variables == {}


def test_the_context_of_a_row_is_what_room_language_and_flow_give() -> None:
    """Each trigger has its own attributes; an inner trigger has none."""
    flow = language.read(EVERYTHING)
    found = scope.context_of(flow, vocabularies.PARCEL, "pack")
    ours = {name: kind for name, kind in found.items() if name not in vocabularies.PARCEL.context}
    assert ours == {
        "now": "timestamp",
        "settings.approval_limit": "int",
        "settings.countries": "list(string)",
        "children.boxes": "map(string, int)",
        "children.legs": "map(string, int)",
        "event.boxes": "int",
        "event.note": "string?",
    }
    assert scope.context_of(flow, vocabularies.PARCEL, "customs_cleared")["event.duty"] == "int?"
    assert not any(name.startswith("event.") for name in scope.context_of(flow, vocabularies.PARCEL, "thank"))


def table(*edits: tuple[str, str]) -> compiler.Table:
    """The good flow with edits."""
    return compiler.load(cases.edited(cases.GOOD, edits), vocabularies.PARCEL)


def test_a_guard_reads_settings_events_and_the_instant() -> None:
    """Settings come with the flow, the others with the command."""
    guard = "event.boxes <= settings.most && now < due && settings.tiers.exists(t, t == buyer.tier)"
    made = table(
        (cases.HEAD, cases.HEAD + "settings: {most: 2, tiers: [gold]}\n"),
        ("when: items > 0", f'when: "{guard}"'),
    )
    now = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
    context = {"event.boxes": 2, "now": now, "due": now + dt.timedelta(hours=1), "buyer.tier": "gold"}
    weighed = made.weigh("open", "pack", context)
    assert isinstance(weighed.answer, Matched)
    assert weighed.answer.to == "packed"
    [asked] = weighed.asked
    assert asked.answer is True
    assert asked.values == {**context, "settings.most": 2, "settings.tiers": ["gold"]}
    with pytest.raises(GuardFailedError, match="reads 'due', which the context does not hold"):
        made.step("open", "pack", {"now": now})


@pytest.mark.parametrize(
    "guard", ["event.note == 'a'", "event.crates > 1", "settings.most > 1", "children.boxes.a > 1"]
)
def test_what_is_not_there_is_refused(guard: str) -> None:
    """An attribute that may be left out or does not exist, a setting or children that the flow does not have."""
    with pytest.raises(FlowRefusedError, match="guard_wrong"):
        table(("when: items > 0", f"when: {guard}"))


def test_an_event_of_the_flow_drives_it() -> None:
    """With its attributes, like one of the room."""
    made = table(
        (cases.HEAD, cases.HEAD + "events: {sealed: {by: string}}\n"),
        (
            cases.LAST,
            cases.LAST + "  - {on: sealed, from: open, when: event.by != '', do: [release], to: gone}\n",
        ),
    )
    assert made.possible["open"] == ("pack", "note", "sealed")
    answer = made.step("open", "sealed", {"event.by": "me"})
    assert isinstance(answer, Matched)
    assert answer.to == "gone"


def test_no_guard_is_asked_twice_in_a_step() -> None:
    """The same question on the row of `otherwise` is known already."""
    made = table(
        ("  - on: give_up\n", "  - on: give_up\n    when: items > 0\n    otherwise: note\n"),
    )
    weighed = made.weigh("open", "pack", {"items": 0})
    assert isinstance(weighed.answer, Matched)
    assert (weighed.answer.row.trigger, len(weighed.asked)) == ("note", 1)


def test_a_button_may_be_asked_for_what_its_guard_reads() -> None:
    """Before the form is filled in nobody knows the answer, so it is offered."""
    made = table(("when: items > 0", "when: event.boxes > 1"))
    offered = buttons.actions_now(made, "open", ["picker"], {"items": 0})
    assert [action.trigger for action in offered] == ["pack"]


def test_a_webhook_may_send_what_every_event_has_that_sends_it() -> None:
    """An attribute of one of two events is refused."""
    head = (cases.HEAD, cases.HEAD + 'webhooks: {hello: {event: a, body: {boxes: "{event.boxes}"}}}\n')
    sent = ("do: [commit]", "do: [commit, {send: {webhook: hello}}]")
    assert table(head, sent).flow.webhooks[0].event == "a"
    with pytest.raises(FlowRefusedError, match="template_wrong"):
        table(head, sent, ("do: [take]", "do: [take, {send: {webhook: hello}}]"))


def test_what_a_trigger_needs_is_known_before_it_is_stepped() -> None:
    """So that a batch loads for all its entities at once: the needs of every row that the trigger may end in."""
    specs = [ActionSpec(name="price", summary="Prices it.", needs=frozenset({"items", "prices"}))]
    vocabulary = Vocabulary(
        entity="parcel", context={"items": "int"}, data={"prices": "What things cost."},
        triggers={"go": {}, "stop": {}}, actions=tuple(specs), roles=frozenset(),
    )  # fmt: skip
    text = """
name: parcel.priced
entity: parcel
version: 1
statuses: {open: {category: booking, initial: true}, gone: {category: done, final: true}}
transitions:
  - {on: go, from: open, when: items > 1, to: gone, otherwise: priced}
  - {on: priced, from: open, do: [price], to: gone}
  - {on: stop, from: open, to: gone}
"""
    made = compiler.load(text, vocabulary)
    assert made.loads["open", "go"] == {"items", "prices"}
    assert made.loads["open", "stop"] == frozenset()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"context": {"now": "timestamp"}}, "calls a field now"),
        ({"context": {"settings.a": "int"}}, "calls a field settings.a"),
        ({"owns": ("keys",)}, "owns keys; accepted: holds, authorisation, held_lines"),
        (
            {"actions": (ActionSpec(name="a", summary="A.", holds="released"),)},
            "touches holds, which memo does not own",
        ),
        (
            {"actions": (ActionSpec(name="a", summary="A.", holds="lost"),)},
            "leaves holds lost; accepted: taken",
        ),
        ({"actions": (ActionSpec(name="send", summary="A."),)}, "declares the action send twice"),
        ({"actions": (ActionSpec(name="a", summary="A.", needs=frozenset({"b"})),)}, "needs b"),
        ({"triggers": {"a": {"b": "float"}}}, "found the type 'float'"),
    ],
    ids=["now", "settings", "axis", "foreign", "effect", "ours", "needs", "type"],
)
def test_a_vocabulary_that_contradicts_itself_is_refused(change: dict[str, object], message: str) -> None:
    """A mistake of a room stops the start."""
    good: dict[str, object] = {
        "entity": "memo",
        "context": {},
        "triggers": {},
        "actions": (),
        "roles": frozenset(),
    }
    with pytest.raises(ValueError, match=message):
        Vocabulary(**{**good, **change})  # type: ignore[arg-type]


def test_children_begin_on_the_flow_of_their_type() -> None:
    """Every other type has `other`; without it there is none."""
    boxes, legs = language.read(EVERYTHING).children
    assert (boxes.flow("big"), legs.flow("road"), legs.flow("sea")) == ("box.standard", "leg.road", "leg.any")
    only = language.read(
        EVERYTHING.replace("flow: {road: leg.road, other: leg.any}", "flow: {road: leg.road}")
    )
    assert only.children[1].flow("sea") == ""


def test_a_retry_waits_longer_each_time() -> None:
    """By its factor, and never longer than a year."""
    error = language.read(EVERYTHING).error
    assert error is not None
    assert error.retry is not None
    assert [wait.total_seconds() for wait in error.retry.waits()] == [60, 240, 960, 3840, 15360]
