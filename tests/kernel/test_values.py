"""Outcomes, messages, grants, refusals and proofs: the small records that every room passes on."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coster.kernel import ids, refusal
from coster.kernel.authority import NOBODY, SYSTEM, Authority
from coster.kernel.errors import Broken, Busy, Fault, Stopped, TryAgain
from coster.kernel.message import Command, Decided, Event, Stored, Timer
from coster.kernel.outcome import Accepted, Rejected
from coster.kernel.proof import Check

HUB, JEAN, OTHER = (uuid.UUID(int=n) for n in (1, 2, 3))
NOW = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)
EVENT = Event("order.placed", "order", HUB, 1, {})

# -- authority ---------------------------------------------------------------------------------------------------------


def test_a_grant_for_one_enterprise_counts_there_and_nowhere_else() -> None:
    """Not for another, not for the whole, and no other permission."""
    hubs = Authority(by_enterprise={HUB: frozenset({"orders:write"})})
    asked = [("orders:write", HUB), ("orders:write", JEAN), ("orders:write", None), ("orders:read", HUB)]
    assert [hubs.allows(*one) for one in asked] == [True, False, False, False]


def test_a_grant_everywhere_counts_for_each_and_for_the_whole() -> None:
    """But is no other permission."""
    owner = Authority(everywhere=frozenset({"orders:write"}))
    assert all(owner.allows("orders:write", who) for who in (HUB, JEAN, None))
    assert not any(owner.allows("keys:write", who) for who in (HUB, None))


def test_the_system_may_do_everything_and_nobody_nothing() -> None:
    """Whatever it is called."""
    assert all(SYSTEM.allows("any:thing", who) for who in (HUB, None))
    assert not any(NOBODY.allows("any:thing", who) for who in (HUB, None))


@given(st.sets(st.sampled_from("abc")), st.dictionaries(st.sampled_from([HUB, JEAN]), st.frozensets(st.sampled_from("abc"))),
       st.booleans(), st.sampled_from("abc"))  # fmt: skip
def test_scope_is_exactly_where_a_permission_is_allowed(
    everywhere: set[str], by_enterprise: dict[uuid.UUID, frozenset[str]], system: bool, wanted: str  # noqa: FBT001 - drawn
) -> None:  # fmt: skip
    """None stands for all, and what lists show is what commands accept."""
    held = Authority(frozenset(everywhere), by_enterprise, system)
    scope = held.scope(wanted)
    for who in (HUB, JEAN, OTHER):
        assert held.allows(wanted, who) == (scope is None or who in scope)
    assert held.allows(wanted) == (scope is None)


# -- outcomes and messages ---------------------------------------------------------------------------------------------


def command(**changes: Any) -> Command[str]:
    """A command with nothing but what it must have."""
    given_: dict[str, Any] = {"id": HUB, "org_id": 1, "actor": JEAN, "at": NOW, "body": "x"}
    return Command(**{**given_, **changes})


RECORDS = [Accepted({"id": "1"}), Rejected("code", "Words."), command(), EVENT, Timer(HUB), NOBODY,
           Check("name", "promise", 0), Stored(1, 1, EVENT, NOW, JEAN, HUB)]  # fmt: skip


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_records_are_values(record: Any) -> None:
    """Equal where their parts are, changed by nobody, and with no room for anything else."""
    assert record == dataclasses.replace(record)
    with pytest.raises((dataclasses.FrozenInstanceError, AttributeError, TypeError)):
        setattr(record, dataclasses.fields(record)[0].name, "changed")
    assert not hasattr(record, "__dict__")


def test_a_command_has_no_authority_until_it_is_looked_up() -> None:
    """What an edge sends may do nothing by itself."""
    assert command().authority is NOBODY
    assert (command().reason, command().fingerprint) == ("", b"")


def test_a_timer_without_a_time_is_wanted_no_longer() -> None:
    """The word that takes it back needs its id and nothing else."""
    assert (Timer(HUB).due_at, Timer(HUB).kind, dict(Timer(HUB).body)) == (None, "", {})


def test_a_decision_has_no_events_unless_it_says_so() -> None:
    """Outcomes and writes are always there."""
    assert (tuple(Decided([], None).events), tuple(Decided([], None).timers)) == ((), ())


def test_outcomes_share_no_detail() -> None:
    """Each has its own."""
    assert Accepted().value is not Accepted().value
    assert Rejected("a", "b").detail is not Rejected("a", "b").detail


def test_the_system_acts_under_the_nil_id_and_verify_counts_from_zero() -> None:
    """Both are read by others as constants."""
    assert (ids.NIL.int, Check("name", "promise", 0).example) == (0, "")


@pytest.mark.parametrize("fault", [Busy(), TryAgain(), Stopped(), Broken()])
def test_faults_are_exceptions_and_no_outcomes(fault: Fault) -> None:
    """One kind to catch; who is too busy says when to come again."""
    assert isinstance(fault, Fault)
    assert not isinstance(fault, Accepted | Rejected)
    assert getattr(fault, "retry_after", 1) == 1
    assert Busy(retry_after=7).retry_after == 7


# -- refusals ----------------------------------------------------------------------------------------------------------


def test_not_permitted_says_what_and_who_can_help() -> None:
    """In the words of the room."""
    assert refusal.not_permitted("plan sessions of this hub") == Rejected(
        "not_permitted",
        "This API key may not plan sessions of this hub; ask an owner of the organisation for a role that may.",
    )


@pytest.mark.parametrize(("expected", "current", "refused"), [(None, 3, False), (3, 3, False), (2, 3, True), (0, 0, False),
                                                              (1, 0, True), (0, 1, True)])  # fmt: skip
def test_versions_conflict_where_they_differ(expected: int | None, current: int, refused: bool) -> None:  # noqa: FBT001 - a column
    """What does not exist has version 0; without an expectation anything goes."""
    found = refusal.version_conflict("session", expected=expected, current=current)
    assert (found is not None) == refused
    if found:
        assert (found.code, found.detail) == ("version_conflict", {"version": current})


def test_all_faults_are_told_at_once_in_their_order() -> None:
    """With field and words, and as one sentence for a person."""
    faults = refusal.Faults()
    faults.text("name", " ", most=5, needed=True)
    faults.text("note", "too long", most=5)
    faults.number("amount", 11, most=10)
    faults.distinct("hubs", ["a", "a"])
    found = faults.rejected()
    assert found is not None
    assert found.code == "not_valid"
    assert found.message == (
        "Name is empty; note has 8 characters; 5 are the most; amount is 11; 0 to 10 is possible; hubs names something twice."
    )
    assert [one["field"] for one in found.detail["faults"]] == ["name", "note", "amount", "hubs"]


def test_no_fault_is_no_refusal() -> None:
    """Bounds may be touched, None passes, and lines of text may be broken."""
    faults = refusal.Faults()
    faults.text("name", "12345", most=5, needed=True)
    faults.text("note", "", most=5)
    faults.text("text", "a\n\tb", most=5)
    for value in (None, 0, 10):
        faults.number("amount", value, most=10)
    faults.distinct("hubs", ["a", "b"])
    assert faults.rejected() is None


@pytest.mark.parametrize("value", ["\x00", "a\x1b[31m", "\x7f", "\x85", "\ud800", "\r"])
def test_what_no_database_keeps_and_no_person_reads_is_a_fault(value: str) -> None:
    """Control characters and half characters."""
    faults = refusal.Faults()
    faults.text("name", value, most=9)
    found = faults.rejected()
    assert found is not None
    assert found.detail["faults"] == [{"field": "name", "message": "has characters that cannot be printed"}]
