"""A migration is refused where entities would be lost, would live again, or would owe what nobody settles."""

from __future__ import annotations

import pytest

from coster.engine.workflow import check_migration, language
from coster.engine.workflow.faults import MIGRATION
from tests.engine.workflow import cases

NEXT = ("version: 1\n", "version: 2\n")
RENAMED = (
    NEXT,
    ("parked: {", "shelved: {"), ("to: parked", "to: shelved"),
    ("  - on: revive\n    from: [parked]", "  - on: revive\n    from: [shelved]"),
    ("times: 3}\n    from: [parked]", "times: 3}\n    from: [shelved]"),
)  # fmt: skip
SETTLED = "gone: {category: done, holds: none, final: true}"
BOXED = cases.edited(cases.GOOD, (cases.CHILDREN,))
WITH_BOXES = ("version: 1\n", "version: 2\nchildren: {boxes: {flow: box.standard}}\n")
# No mapping of statuses helps against these.
_NEVER = ("migration_entity", "migration_children")
ENDS = (NEXT, (SETTLED, SETTLED.replace("final", "rests")))

REFUSED = (
    ("migration_status_gone", cases.GOOD, RENAMED, {}, {"parked": "shelved"}),
    ("migration_status_gone", cases.GOOD, (NEXT, ("  packed: {", "  boxed: {")), {}, {"packed": "boxed"}),
    ("migration_unknown", cases.GOOD, (NEXT,), {"parkd": "parked"}, {"parked": "parked"}),
    ("migration_unknown", cases.GOOD, (NEXT,), {"parked": "shelved"}, {"parked": "gone"}),
    ("migration_axis", cases.GOOD, (NEXT,), {"packed": "open"}, {"open": "open"}),
    ("migration_axis", cases.PURSE, (NEXT,), {"promised": "open"}, {"paid": "paid"}),
    ("migration_final", cases.GOOD, (NEXT,), {"gone": "parked"}, {"parked": "gone"}),
    ("migration_final", cases.PURSE, (NEXT,), {"ended": "open"}, {"open": "ended"}),
    ("migration_final", cases.GOOD, ENDS, {}, {"gone": "gone", "parked": "gone"}),
    ("migration_children", BOXED, (NEXT, ("box.standard", "box.slow")), {}, {}),
    ("migration_children", BOXED, (NEXT, ("children: {boxes: {flow: box.standard}}\n", "")), {}, {}),
    ("migration_children", cases.GOOD, (WITH_BOXES,), {}, {}),
    ("migration_entity", cases.GOOD, (NEXT, ("entity: parcel", "entity: letter")), {}, {}),
    ("migration_entity", cases.MEMO, (NEXT, ("entity: memo", "entity: note")), {}, {}),
)


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case[0])
def test_a_migration_is_refused_by_its_code_alone(
    case: tuple[str, str, cases.Edits, dict[str, str], dict[str, str]],
) -> None:
    """Each fault has the code, and its sentence."""
    code, base, edits, mapping, _ = case
    old, new = language.read(base), language.read(cases.edited(base, edits))
    found = check_migration.migration(old, new, mapping)
    assert {fault.code for fault in found} == {code}
    assert all(fault.message.endswith(".") for fault in found)


@pytest.mark.parametrize(
    "case", [c for c in REFUSED if c[0] not in _NEVER and c[2] != ENDS], ids=lambda c: c[0]
)
def test_a_migration_near_to_it_is_accepted(
    case: tuple[str, str, cases.Edits, dict[str, str], dict[str, str]],
) -> None:
    """The same versions with a mapping that loses nothing."""
    _, base, edits, _, mapping = case
    old, new = language.read(base), language.read(cases.edited(base, edits))
    assert check_migration.migration(old, new, mapping) == ()


def test_another_name_and_category_is_no_obstacle() -> None:
    """What is owed and what has ended counts, nothing else."""
    edits = (NEXT, ("name: parcel.test", "name: parcel.next"), ("category: fulfilment", "category: delivery"))
    new = language.read(cases.edited(cases.GOOD, edits))
    assert check_migration.migration(language.read(cases.GOOD), new, {}) == ()


def test_children_that_keep_their_flow_are_no_obstacle() -> None:
    """Another life of the parent around the same children."""
    new = language.read(cases.edited(BOXED, (NEXT, ("category: fulfilment", "category: delivery"))))
    assert check_migration.migration(language.read(BOXED), new, {}) == ()


def test_a_fault_of_children_names_kind_and_both_flows() -> None:
    """And what is possible instead."""
    new = language.read(cases.edited(BOXED, (NEXT, ("box.standard", "box.slow"))))
    [fault] = check_migration.migration(language.read(BOXED), new, {})
    assert fault.message == (
        "the children 'boxes' live by box.standard in version 1, by box.slow in version 2, and those that there are would be "
        "lost; accepted: the same flow for them in both."
    )


def test_a_fault_tells_how_an_entity_came_into_the_status() -> None:
    """By the shortest path of events in the old version."""
    old, new = language.read(cases.GOOD), language.read(cases.edited(cases.GOOD, RENAMED))
    [fault] = check_migration.migration(old, new, {})
    assert str(fault) == (
        "line 7 statuses.parked: parked: version 2 has no status parked, so entities in it would be nowhere; "
        "accepted: a mapping. Shortest path: open -after:due-> parked. [migration_status_gone]"
    )


def test_every_code_of_migrations_has_two_cases() -> None:
    """None is only in the docs."""
    codes = [case[0] for case in REFUSED]
    assert {code for code in codes if codes.count(code) >= 2} == set(MIGRATION)
