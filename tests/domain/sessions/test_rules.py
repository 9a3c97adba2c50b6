"""Planning, opening, closing, re-opening and ending sessions, as pure decisions."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from coster.domain.sessions.model import CloseSession, EndSession, OpenSession, ReopenSession
from coster.domain.sessions.rules import life, planning, recurrence
from coster.kernel import ids
from coster.kernel.authority import Authority
from coster.kernel.outcome import Accepted, Rejected
from tests.domain.sessions import worlds
from tests.domain.sessions.worlds import DAY, HUB_A, HUB_B, NOON, SESSION

Decide = Callable[[Any, Any], Any]
CLOSES, AMENDS = NOON + 2 * DAY, NOON + 3 * DAY
SERIES = ids.derived("series", SESSION)


def timer_id(step: str, session_id: uuid.UUID = SESSION) -> uuid.UUID:
    """The id under which a step of a session is due."""
    return ids.derived("session", session_id, step)


def one(decide: Decide, state: Any, body: Any, at: dt.datetime = NOON - DAY, **more: Any) -> tuple[Any, Any]:
    """The outcome of one command alone, and what was decided."""
    decided = decide(state, [worlds.command(body, at, **more)])
    return decided.outcomes[0], decided


def names(decided: Any) -> list[str]:
    """The events in order."""
    return [event.name for _, event in decided.events]


# ------------------------------------------------------------------------------------------------------------- planning


def test_a_planned_session_has_three_timers() -> None:
    """Opening, closing and ending are due at their times, each with the command that does it."""
    outcome, decided = one(planning.put, worlds.state(), worlds.put())
    assert outcome.value["status"] == "planned"
    assert [(t.id, t.due_at, t.kind) for _, t in decided.timers] == [
        (timer_id("open"), NOON, "sessions.open"),
        (timer_id("close"), CLOSES, "sessions.close"),
        (timer_id("end"), AMENDS, "sessions.end"),
    ]
    assert decided.timers[0][1].body == {"session_id": str(SESSION), "due": "2026-11-23T12:00:00Z"}


def test_the_amendment_window_is_as_long_as_the_sale_unless_said() -> None:
    """Without amend_until, orders can be changed until the session closes."""
    outcome, _ = one(planning.put, worlds.state(), worlds.put(amend_until=None))
    assert outcome.value["amend_until"] == outcome.value["closes_at"] == "2026-11-25T12:00:00Z"


def test_a_session_whose_time_has_come_opens_at_once() -> None:
    """It is planned and opened by the same command, and no timer for opening is left."""
    outcome, decided = one(planning.put, worlds.state(), worlds.put(), NOON)
    assert outcome.value["status"] == "open"
    assert names(decided) == ["session.planned", "session.opened"]
    assert [event.version for _, event in decided.events] == [1, 2]
    assert decided.timers[-1][1].id == timer_id("open")
    assert decided.timers[-1][1].due_at is None


def test_the_coordinator_is_always_one_of_the_hubs() -> None:
    """hub_ids names the others."""
    _, decided = one(planning.put, worlds.state(), worlds.put(hub_ids=[HUB_B]))
    assert decided.writes.new[0].hubs == {HUB_A, HUB_B}


def test_a_changed_time_moves_its_timer_and_no_other() -> None:
    """The later closing is due under the same id."""
    outcome, decided = one(
        planning.put, worlds.state(worlds.session()), worlds.put(closes_at=CLOSES + DAY / 2)
    )
    assert outcome.value["changed"] is True
    assert [(t.id, t.due_at) for _, t in decided.timers] == [(timer_id("close"), CLOSES + DAY / 2)]
    assert names(decided) == ["session.changed"]


def test_putting_the_same_again_changes_nothing() -> None:
    """No event, no write, no timer, and the answer says so."""
    outcome, decided = one(planning.put, worlds.state(worlds.session()), worlds.put())
    assert outcome.value["changed"] is False
    assert (decided.events, decided.timers, decided.writes.changed) == ([], [], [])


def test_an_open_session_can_close_later_but_not_in_the_past() -> None:
    """A step that is still to come needs a time in the future."""
    state = worlds.state(worlds.session(status="open"))
    later, _ = one(planning.put, state, worlds.put(closes_at=CLOSES + DAY), NOON + DAY)
    past, _ = one(planning.put, state, worlds.put(closes_at=NOON + DAY), NOON + DAY)
    assert later.value["closes_at"] == "2026-11-26T12:00:00Z"
    assert (past.code, past.detail) == ("session_time_past", {"field": "closes_at"})


@pytest.mark.parametrize(
    ("status", "changes", "code"),
    [
        ("open", {"opens_at": NOON - DAY}, "session_step_taken"),
        ("closed", {"closes_at": CLOSES + DAY}, "session_step_taken"),
        ("closed", {"amend_until": CLOSES + DAY / 4}, "session_time_past"),
        ("ended", {}, "session_ended"),
        ("planned", {"expected_version": 7}, "version_conflict"),
        ("planned", {"closes_at": NOON}, "session_times_wrong"),
        ("planned", {"amend_until": NOON}, "session_times_wrong"),
        ("planned", {"name": " "}, "not_valid"),
        ("planned", {"closes_at": CLOSES.replace(tzinfo=None)}, "not_valid"),
        ("planned", {"recurrence": worlds.weekly("FREQ=NEVER")}, "not_valid"),
        ("planned", {"hub_ids": [worlds.STRANGER]}, "enterprise_unknown"),
        ("planned", {"listings": [worlds.listing(uuid.UUID(int=99))]}, "item_unknown"),
        ("planned", {"listings": [worlds.listing(worlds.HONEY)]}, "not_supplied"),
        ("planned", {"listings": [worlds.listing(worlds.BREAD), worlds.listing(worlds.BREAD)]}, "not_valid"),
        ("planned", {"listings": [worlds.listing(worlds.BREAD, -1)]}, "not_valid"),
    ],
)
def test_what_cannot_be_put_is_refused_without_a_trace(status: str, changes: dict, code: str) -> None:
    """Each refusal has its code, and nothing else is decided."""
    at = NOON - DAY if status == "planned" else CLOSES + DAY / 2
    outcome, decided = one(
        planning.put, worlds.state(worlds.session(status=status)), worlds.put(**changes), at
    )
    assert isinstance(outcome, Rejected)
    assert outcome.code == code
    assert (decided.events, decided.timers, decided.writes.changed) == ([], [], [])


def test_item_that_nobody_lets_the_planner_see_is_as_if_it_were_not() -> None:
    """Not supplied is told of items that the planner sees; of others it is not told that they exist."""
    planner = Authority(by_enterprise={worlds.HUB_A: frozenset({"sessions:write", "items:read"})})
    foreign, nothing = (
        one(planning.put, worlds.state(), worlds.put(listings=[worlds.listing(item)]), authority=planner)[0]
        for item in (worlds.HONEY, uuid.UUID(int=99))
    )
    assert (foreign.code, foreign.message) == (nothing.code, nothing.message)
    assert (nothing.code, foreign.detail) == ("item_unknown", {"item_ids": [str(worlds.HONEY)]})


def test_listings_of_supplying_producers_and_of_the_hub_itself_are_taken() -> None:
    """With a price of the session's own, or none."""
    body = worlds.put(listings=[worlds.listing(worlds.CARROTS, 2_500_000), worlds.listing(worlds.BREAD)])
    _, decided = one(planning.put, worlds.state(), body)
    assert decided.writes.listings[0].listings == {worlds.CARROTS: 2_500_000, worlds.BREAD: None}


def test_listings_stay_when_none_are_given() -> None:
    """None means unchanged, an empty list means nothing is on sale."""
    state = worlds.state(worlds.session(listings={worlds.HONEY: None}))
    _, kept = one(planning.put, state, worlds.put(name="Other"))
    _, emptied = one(planning.put, state, worlds.put(listings=[]))
    assert kept.writes.changed[0].listings == {worlds.HONEY: None}
    assert kept.writes.listings == []
    assert emptied.writes.listings[0].listings == {}


def test_only_who_may_plan_for_the_coordinator_can_put() -> None:
    """A grant for another hub does not help, neither for the new coordinator nor for the one so far."""
    other = Authority(by_enterprise={HUB_B: frozenset({"sessions:write"})})
    new, _ = one(planning.put, worlds.state(), worlds.put(), authority=other)
    taken, _ = one(
        planning.put, worlds.state(worlds.session()), worlds.put(coordinator_id=HUB_B), authority=other
    )
    assert (new.code, taken.code) == ("not_permitted", "not_permitted")


# ----------------------------------------------------------------------------------------------------------------- life


def test_the_timer_opens_closes_and_ends() -> None:
    """Each step at its time, each once, with one event and the next version."""
    state = worlds.state(worlds.session())
    told = []
    for decide, body, at in (
        (life.open_, OpenSession(session_id=SESSION, due=NOON), NOON),
        (life.close, CloseSession(session_id=SESSION, due=CLOSES), CLOSES),
        (life.end, EndSession(session_id=SESSION, due=AMENDS), AMENDS),
    ):
        outcome, decided = one(decide, state, body, at)
        state = worlds.after(state, decided.writes)
        told.append((outcome.value["status"], outcome.value["version"], *names(decided)))
    assert told == [
        ("open", 2, "session.opened"),
        ("closed", 3, "session.closed"),
        ("ended", 4, "session.ended"),
    ]


@pytest.mark.parametrize(
    ("decide", "body"),
    [
        (life.open_, OpenSession(session_id=SESSION, due=NOON - DAY)),
        (life.close, CloseSession(session_id=SESSION, due=CLOSES - DAY)),
        (life.end, EndSession(session_id=SESSION, due=AMENDS - DAY)),
    ],
)
def test_a_timer_of_a_time_that_was_changed_does_nothing(decide: Decide, body: Any) -> None:
    """It is accepted, and says that nothing changed."""
    outcome, decided = one(decide, worlds.state(worlds.session()), body, AMENDS + DAY)
    assert isinstance(outcome, Accepted)
    assert outcome.value["changed"] is False
    assert (decided.events, decided.timers) == ([], [])


@pytest.mark.parametrize("status", ["closed", "ended"])
def test_closing_twice_is_answered_the_same_and_changes_nothing(status: str) -> None:
    """Idempotent, whoever asks."""
    outcome, decided = one(
        life.close, worlds.state(worlds.session(status=status)), CloseSession(session_id=SESSION), CLOSES
    )
    assert outcome.value["changed"] is False
    assert decided.events == []


def test_closing_early_by_hand_takes_the_timer_away_and_keeps_the_amendment_window() -> None:
    """Shoppers were promised that window."""
    outcome, decided = one(
        life.close, worlds.state(worlds.session(status="open")), CloseSession(session_id=SESSION), NOON + DAY
    )
    assert (outcome.value["status"], outcome.value["amend_until"]) == ("closed", "2026-11-26T12:00:00Z")
    assert [(t.id, t.due_at) for _, t in decided.timers] == [(timer_id("close"), None)]


def test_a_planned_session_cannot_be_closed_before_its_time() -> None:
    """There is nothing to close; its times can be changed."""
    outcome, _ = one(life.close, worlds.state(worlds.session()), CloseSession(session_id=SESSION), NOON - DAY)
    assert outcome.code == "session_not_open"


def test_a_closing_that_comes_before_a_late_opening_takes_both_steps() -> None:
    """After a standstill both timers are due, in any order; the opening finds nothing to do any more."""
    state = worlds.state(worlds.session())
    early, _ = one(life.open_, state, OpenSession(session_id=SESSION, due=NOON), CLOSES)
    outcome, decided = one(life.close, state, CloseSession(session_id=SESSION, due=CLOSES), CLOSES)
    late, _ = one(
        life.open_, worlds.after(state, decided.writes), OpenSession(session_id=SESSION, due=NOON), CLOSES
    )
    assert (early.value["changed"], outcome.value["status"], late.value["changed"]) == (
        False,
        "closed",
        False,
    )
    assert names(decided) == ["session.opened", "session.closed"]


def test_an_end_that_comes_before_a_late_closing_closes_first() -> None:
    """Whoever listens to closed has heard it before ended."""
    outcome, decided = one(
        life.end,
        worlds.state(worlds.session(status="open")),
        EndSession(session_id=SESSION, due=AMENDS),
        AMENDS,
    )
    assert outcome.value["status"] == "ended"
    assert names(decided) == ["session.closed", "session.ended"]


def test_a_session_does_not_end_while_orders_may_be_changed() -> None:
    """Not even by hand; the time can be changed for everybody to see."""
    outcome, _ = one(
        life.end,
        worlds.state(worlds.session(status="closed")),
        EndSession(session_id=SESSION),
        AMENDS - DAY / 2,
    )
    assert outcome.code == "session_amendable"


def test_opening_again_leaves_reason_and_actor_and_new_timers() -> None:
    """The amendment window ends with the new closing, unless said otherwise."""
    body = ReopenSession(session_id=SESSION, closes_at=AMENDS + DAY, reason="The bus was late")
    outcome, decided = one(
        life.reopen, worlds.state(worlds.session(status="closed", version=3)), body, CLOSES + DAY
    )
    event = decided.events[0][1]
    assert (outcome.value["status"], event.name, event.version) == ("open", "session.reopened", 4)
    assert (event.data["reason"], event.data["actor"]) == ("The bus was late", str(worlds.ACTOR))
    assert {t.id: t.due_at for _, t in decided.timers} == {
        timer_id("close"): AMENDS + DAY,
        timer_id("end"): AMENDS + DAY,
    }


@pytest.mark.parametrize(
    ("status", "changes", "code"),
    [
        ("ended", {}, "session_ended"),
        ("open", {}, "session_not_closed"),
        ("planned", {}, "session_not_closed"),
        ("closed", {"reason": " "}, "not_valid"),
        ("closed", {"closes_at": CLOSES}, "session_time_past"),
        ("closed", {"amend_until": CLOSES}, "session_times_wrong"),
    ],
)
def test_what_cannot_be_opened_again(status: str, changes: dict, code: str) -> None:
    """An ended session stays ended because its held orders are final."""
    given = {"session_id": SESSION, "closes_at": AMENDS + DAY, "reason": "late"}
    body = ReopenSession(**{**given, **changes})
    outcome, decided = one(life.reopen, worlds.state(worlds.session(status=status)), body, CLOSES)
    assert outcome.code == code
    assert decided.events == []


@pytest.mark.parametrize(
    ("decide", "body"),
    [
        (life.open_, OpenSession(session_id=SESSION)),
        (life.close, CloseSession(session_id=SESSION)),
        (life.reopen, ReopenSession(session_id=SESSION, closes_at=AMENDS + DAY, reason="x")),
        (life.end, EndSession(session_id=SESSION)),
    ],
)
def test_steps_need_the_session_and_the_permission(decide: Decide, body: Any) -> None:
    """Who sees a session is told that he may not; to others a foreign session is answered as one that is not there."""
    unknown, _ = one(decide, worlds.state(), body)
    foreign, _ = one(decide, worlds.state(worlds.session()), body, authority=Authority())
    reader = Authority(everywhere=frozenset({"sessions:read"}))
    seen, _ = one(decide, worlds.state(worlds.session()), body, authority=reader)
    assert foreign == unknown
    assert (unknown.code, seen.code) == ("session_unknown", "not_permitted")


# --------------------------------------------------------------------------------------------------------------- series


def closing(status: str = "open", **known: Any) -> tuple[Any, Any]:
    """A weekly session that closes on time, with what follows it named in the state."""
    session = worlds.session(status=status, recurrence=worlds.weekly(), series_id=SERIES)
    command = worlds.command(CloseSession(session_id=SESSION, due=CLOSES), CLOSES)
    next_ = recurrence.follower(session, CLOSES)
    return next_, life.close(worlds.state(session, followers={command.id: next_}, **known), [command])


def test_closing_plans_the_next_session_of_the_series() -> None:
    """With its own timers and an event that says whom it follows."""
    next_, decided = closing()
    assert names(decided) == ["session.closed", "session.planned"]
    assert decided.writes.new[0].opens_at == NOON + 7 * DAY
    assert decided.events[1][1].data["follows"] == str(SESSION)
    assert timer_id("open", next_.id) in {t.id for _, t in decided.timers}


def test_closing_again_after_opening_again_plans_nothing_twice() -> None:
    """The series has its later session already."""
    _, decided = closing(last={SERIES: NOON + 7 * DAY})
    assert names(decided) == ["session.closed"]
    assert decided.writes.new == []


# ------------------------------------------------------------------------------------------------------------ batch law

_BODIES = st.one_of(
    st.builds(
        worlds.put,
        session_id=st.sampled_from([SESSION, uuid.UUID(int=22)]),
        opens_at=st.sampled_from([NOON, NOON + DAY]),
        closes_at=st.sampled_from([CLOSES, CLOSES - DAY / 2, NOON]),
        amend_until=st.sampled_from([None, AMENDS]),
        name=st.sampled_from(["a", "b", ""]),
        listings=st.sampled_from([None, [], [worlds.listing(worlds.BREAD)], [worlds.listing(worlds.HONEY)]]),
        expected_version=st.sampled_from([None, None, 0, 1, 2]),
    )
)


@hypothesis.given(
    bodies=st.lists(st.tuples(_BODIES, st.sampled_from([NOON - DAY, NOON, NOON + DAY])), max_size=6),
    status=st.sampled_from(["planned", "open", "closed", "ended"]),
)
def test_a_batch_answers_as_its_commands_one_by_one(bodies: Any, status: str) -> None:
    """Outcomes, events and the final state are the same however the commands are cut into batches."""
    commands = [worlds.command(body, at, number=n) for n, (body, at) in enumerate(bodies)]
    first = worlds.state(worlds.session(status=status))
    together = planning.put(first, commands)
    alone, outcomes, events = first, [], []
    for index, command in enumerate(commands):
        decided = planning.put(alone, [command])
        alone = worlds.after(alone, decided.writes)
        outcomes += decided.outcomes
        events += [(index, event) for _, event in decided.events]
    assert (together.outcomes, together.events) == (outcomes, events)
    assert worlds.after(first, together.writes).sessions == alone.sessions


@hypothesis.given(
    steps=st.lists(st.sampled_from([None, CLOSES, NOON]), min_size=1, max_size=5),
    at=st.sampled_from([NOON, CLOSES]),
    status=st.sampled_from(["planned", "open", "closed"]),
)
def test_closings_in_a_batch_answer_as_one_by_one(steps: Any, at: dt.datetime, status: str) -> None:
    """The series gets one next session, whichever of the closings was first."""
    session = worlds.session(status=status, recurrence=worlds.weekly(), series_id=SERIES)
    commands = [
        worlds.command(CloseSession(session_id=SESSION, due=due), at, number=n) for n, due in enumerate(steps)
    ]
    followers = {c.id: recurrence.follower(session, at) for c in commands}
    first = worlds.state(session, followers=followers)
    together = life.close(first, commands)
    alone, outcomes = first, []
    for command in commands:
        decided = life.close(alone, [command])
        alone = worlds.after(alone, decided.writes)
        outcomes += decided.outcomes
    assert together.outcomes == outcomes
    assert worlds.after(first, together.writes).sessions == alone.sessions
