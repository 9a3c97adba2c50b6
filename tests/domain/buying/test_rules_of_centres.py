"""Cost centres: who may say what about them, by values."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from coster.domain.buying import rules
from coster.domain.buying.model import Centre, CentresState, Level, PutCentre
from coster.domain.identity.model import ROLES
from coster.kernel.authority import SYSTEM, Authority
from coster.kernel.message import Command
from coster.kernel.outcome import Accepted, Rejected
from tests.domain.orders.worlds import NOW

SCHOOL, SHOP, OTHER = (uuid.UUID(int=n) for n in (1, 2, 3))
LEAD, HEAD, BOSS = (uuid.UUID(int=n) for n in (11, 12, 13))
CENTRE = uuid.UUID(int=21)
APPROVER = Authority(by_enterprise={SCHOOL: ROLES["approver"]})
KEYS = {LEAD: APPROVER, HEAD: APPROVER, BOSS: Authority(by_enterprise={SHOP: ROLES["hub"]})}
LEVELS = [Level(from_total=100, approvers=[LEAD]), Level(from_total=500, approvers=[HEAD])]


def put(authority: Authority = SYSTEM, centres: tuple[Centre, ...] = (), **changes: Any) -> Any:
    """One command; its outcome, what is written, and what is told."""
    given = {
        "centre_id": CENTRE,
        "enterprise_id": SCHOOL,
        "name": "Kitchen",
        "levels": LEVELS,
        "sellers": [SHOP],
    }
    command = Command(uuid.uuid4(), 1, BOSS, NOW, PutCentre(**{**given, **changes}), authority=authority)
    state = CentresState(
        currencies={SCHOOL: "EUR", SHOP: "EUR"}, centres={one.id: one for one in centres}, keys=KEYS
    )
    return rules.put_centres(state, [command])


def fields(decided: Any) -> list[str]:
    """Which fields are out of bounds."""
    [outcome] = decided.outcomes
    assert isinstance(outcome, Rejected), outcome
    assert outcome.code == "not_valid", outcome
    return [fault["field"] for fault in outcome.detail["faults"]]


def test_made_and_changed() -> None:
    """In the currency of its enterprise; the event tells neither its name nor who approves."""
    made = put()
    assert made.outcomes == [Accepted({"id": str(CENTRE), "version": 1})]
    [centre] = made.writes
    assert (centre.currency, centre.levels, centre.own_orders, centre.version) == ("EUR", LEVELS, False, 1)
    [(_, event)] = made.events
    told = {"active": True, "levels": 2, "enterprises": [str(SCHOOL)]}
    assert (event.name, event.data) == ("cost_centre.created", told)
    changed = put(centres=(centre,), active=False, expected_version=1)
    assert (changed.events[0][1].name, changed.writes[0].version) == ("cost_centre.changed", 2)


@pytest.mark.parametrize(("total", "count"), [(0, 0), (99, 0), (100, 1), (499, 1), (500, 2), (10**9, 2)])
def test_levels_by_amount(total: int, count: int) -> None:
    """Each begins at its amount exactly."""
    [centre] = put().writes
    assert len(centre.wanted(total)) == count


@pytest.mark.parametrize(
    ("levels", "found"),
    [
        ([Level(from_total=-1, approvers=[LEAD])], ["levels.0.from_total", "levels.0.from_total"]),
        ([Level(from_total=5, approvers=[])], ["levels.0.approvers"]),
        ([Level(from_total=5, approvers=[LEAD, LEAD])], ["levels.0.approvers"]),
        ([Level(from_total=5, approvers=[LEAD])] * 2, ["levels.1.from_total"]),
        ([Level(from_total=n, approvers=[LEAD]) for n in range(10)], ["levels"]),
    ],
)
def test_levels_that_do_not_fit(levels: list[Level], found: list[str]) -> None:
    """Each is above the one before it and has somebody."""
    assert fields(put(levels=levels)) == found


@pytest.mark.parametrize("key", [BOSS, uuid.UUID(int=99)])
def test_who_may_not_approve_for_the_enterprise(key: uuid.UUID) -> None:
    """Neither somebody else's key nor one that is not there can be named: whoever hands out keys there says who approves."""
    [outcome] = put(levels=[Level(from_total=0, approvers=[key])]).outcomes
    assert (outcome.code, outcome.detail) == ("approver_unknown", {"key_id": str(key)})


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sellers": [OTHER]}, "enterprise_unknown"),
        ({"enterprise_id": OTHER}, "enterprise_unknown"),
        ({"expected_version": 3}, "version_conflict"),
        ({"name": ""}, "not_valid"),
        ({"sellers": [SHOP, SHOP]}, "not_valid"),
    ],
)
def test_refused(changes: dict[str, Any], code: str) -> None:
    """And nothing is written or told."""
    decided = put(**changes)
    assert [one.code for one in decided.outcomes] == [code]
    assert (decided.writes, decided.events) == ([], [])


def test_only_the_enterprise_says_who_approves() -> None:
    """A seller in whose shop it may be named does not, and its id cannot be taken for another enterprise."""
    [centre] = put().writes
    seller = Authority(by_enterprise={SHOP: ROLES["hub"]})
    assert put(seller, (centre,)).outcomes[0].code == "not_permitted"
    assert put(SYSTEM, (centre,), enterprise_id=SHOP, levels=[]).outcomes[0].code == "cost_centre_taken"
