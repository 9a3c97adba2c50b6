"""`order.retail`, `checkout` and `wholesale.held` against the transition table of WebSphere Commerce, row by row.

`order.b2b` has its own (tests/domain/orders/test_wcs_transitions.py). Rows are named by their number in that table, and the page
docs/reference/wcs-transitions.md says which concern which flow, and why the others concern none.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from coster.domain.orders.handlers import CHECKOUTS
from coster.domain.orders.handlers import LIBRARY as ORDERS
from coster.domain.wholesale.handlers import LIBRARY as HELD_ORDERS
from coster.engine.workflow import rollups
from coster.engine.workflow.language import ROLLUP
from coster.engine.workflow.step import Table, Unmatched
from tests.domain.orders import test_wcs_transitions as b2b
from tests.house.tree import PROJECT

PAGE = (PROJECT / "docs" / "reference" / "wcs-transitions.md").read_text("utf-8")
TABLES: dict[str, Table] = {
    "order.retail": ORDERS.shipped["order.retail"],
    "checkout": CHECKOUTS.shipped["checkout"],
    "wholesale.held": HELD_ORDERS.shipped["wholesale.held"],
}


def checkout(status: str) -> dict[str, Any]:
    """An order whose checkout is in a status."""
    return {"children.checkout": rollups.counts(TABLES["checkout"].possible, [status])}


FULL, EMPTY, OVER = (
    {"lines": 1, "session_open": True},
    {"lines": 0, "session_open": True},
    {"lines": 1, "session_open": False},
)
ENDED = "completed failed expired abandoned"
RETAIL, HELD, ANY = "created booked cancelled", "Held Complete Fulfilled Cancelled", f"running {ENDED}"
BEGINS = {"order.retail": "created", "checkout": "running", "wholesale.held": "Held"}
"""Row 1: where each life begins."""

ALLOWED: list[tuple[int, str, str, str, dict[str, Any], str]] = [
    (3, "order.retail", "created", "change", {}, "created"),
    (3, "order.retail", "booked", "change", {}, "booked"),
    (3, "wholesale.held", "Held", "grow", FULL, "Held"),
    (3, "wholesale.held", "Held", "shrink", FULL, "Held"),
    (3, "wholesale.held", "Cancelled", "grow", FULL, "Held"),
    (4, "checkout", "running", "expire_checkout", {}, "expired"),
    (6, "checkout", "running", "complete_checkout", {}, "completed"),
    (6, "order.retail", "created", ROLLUP, checkout("completed"), "booked"),
    (6, "wholesale.held", "Held", "complete", FULL, "Complete"),
    (20, "wholesale.held", "Held", "complete", FULL, "Complete"),
    (21, "wholesale.held", "Complete", "fulfil", FULL, "Fulfilled"),
    (30, "order.retail", "created", "cancel", {}, "cancelled"),
    (30, "order.retail", "booked", "cancel", {}, "cancelled"),
    (30, "order.retail", "created", ROLLUP, checkout("abandoned"), "cancelled"),
    (30, "checkout", "running", "abandon_checkout", {}, "abandoned"),
    (30, "wholesale.held", "Held", "cancel", FULL, "Cancelled"),
    (31, "checkout", "running", "fail_checkout", {}, "failed"),
    (31, "checkout", "running", "expire_checkout", {}, "expired"),
    (31, "order.retail", "created", ROLLUP, checkout("failed"), "cancelled"),
    (31, "order.retail", "created", ROLLUP, checkout("expired"), "cancelled"),
    (32, "wholesale.held", "Held", "shrink", EMPTY, "Cancelled"),
    (32, "wholesale.held", "Held", "complete", EMPTY, "Cancelled"),
]  # fmt: skip

REFUSED: list[tuple[int, str, str, str, dict[str, Any], str]] = [
    (3, "order.retail", "cancelled", "change", {}, "wrong_status"),
    *((3, "wholesale.held", name, "grow", FULL, "wrong_status") for name in ("Complete", "Fulfilled")),
    (3, "wholesale.held", "Cancelled", "grow", OVER, "guard_false"),
    *((3, "wholesale.held", name, "shrink", FULL, "wrong_status") for name in ("Complete", "Fulfilled", "Cancelled")),
    *((4, "checkout", name, "expire_checkout", {}, "wrong_status") for name in ENDED.split()),
    *((6, "checkout", name, "complete_checkout", {}, "wrong_status") for name in ENDED.split()),
    (6, "order.retail", "created", ROLLUP, checkout("running"), "guard_false"),
    *((6, "order.retail", name, ROLLUP, checkout("completed"), "wrong_status") for name in ("booked", "cancelled")),
    *((20, "wholesale.held", name, "complete", FULL, "wrong_status") for name in ("Complete", "Fulfilled", "Cancelled")),
    *((21, "wholesale.held", name, "fulfil", FULL, "wrong_status") for name in ("Held", "Fulfilled", "Cancelled")),
    (30, "order.retail", "cancelled", "cancel", {}, "wrong_status"),
    *((30, "checkout", name, "abandon_checkout", {}, "wrong_status") for name in ENDED.split()),
    *((30, "wholesale.held", name, "cancel", FULL, "wrong_status") for name in ("Complete", "Fulfilled", "Cancelled")),
    *((31, "checkout", name, "fail_checkout", {}, "wrong_status") for name in ENDED.split()),
    *((31, "order.retail", "booked", ROLLUP, checkout(name), "wrong_status") for name in ("failed", "expired")),
    (32, "wholesale.held", "Held", "cancel_empty", EMPTY, "unknown_trigger"),
]  # fmt: skip

ELSEWHERE = {
    5: "submit", 10: "schedule", 11: "copy_due", 12: "approve", 13: "deny", 14: "submit", 18: "allocate", 20: "release",
    23: "begin_edit", 24: "submit", 25: "cancel_edit", 26: "transfer", 27: "refuse_transfer", 28: "submit", 29: "confirm_transfer",
}  # fmt: skip
"""What only an order between businesses knows, by row."""


def came(flow: str, status: str, trigger: str, facts: dict[str, Any]) -> str:
    """Where an event leads, or the code that answers it."""
    answer = TABLES[flow].step(status, trigger, facts)
    return answer.reason if isinstance(answer, Unmatched) else answer.to


@pytest.mark.parametrize("entry", ALLOWED, ids=lambda entry: "-".join(map(str, entry[:4])))
def test_allowed(entry: tuple[int, str, str, str, dict[str, Any], str]) -> None:
    """Each row from each status on its left leads where it should."""
    _, flow, status, trigger, facts, to = entry
    assert came(flow, status, trigger, facts) == to


@pytest.mark.parametrize("entry", REFUSED, ids=lambda entry: "-".join(map(str, entry[:4])))
def test_refused(entry: tuple[int, str, str, str, dict[str, Any], str]) -> None:
    """From every other status it is refused, with the code that says why, and nothing moves."""
    _, flow, status, trigger, facts, code = entry
    assert came(flow, status, trigger, facts) == code


@pytest.mark.parametrize("flow", TABLES)
def test_what_only_orders_between_businesses_know_is_refused_everywhere(flow: str) -> None:
    """Approval, schedules, backorders, releases, edit locks and other systems: no status of these flows has heard of them."""
    for trigger in ELSEWHERE.values():
        assert trigger in b2b.TABLE.accepted_in
        assert {came(flow, status, trigger, {}) for status in TABLES[flow].possible} == {"unknown_trigger"}


def test_every_pair_of_a_trigger_and_a_status_is_a_test() -> None:
    """Of every trigger of the rows that concern a flow: allowed in some statuses, refused in all others, none forgotten."""
    tried = {(flow, trigger, status) for _, flow, status, trigger, _, _ in (*ALLOWED, *REFUSED)}
    for flow, statuses in (("order.retail", RETAIL), ("checkout", ANY), ("wholesale.held", HELD)):
        assert set(TABLES[flow].possible) == set(statuses.split())
        triggers = set(TABLES[flow].accepted_in) - {"comment"}
        assert {(flow, one, status) for one in triggers for status in statuses.split()} <= tried


def test_lives_begin_where_the_first_row_says() -> None:
    """A new order is a draft with its goods held, a held order is held."""
    assert {flow: table.initial for flow, table in TABLES.items()} == BEGINS
    assert b2b.TABLE.initial == "draft"


def documented() -> dict[int, tuple[set[str], str]]:
    """By row of the page the flows that have it, and what is said."""
    found = re.findall(r"^\| (\d+) \| [^|]+ \| ([^|]+) \|([^|]*)\|$", PAGE, flags=re.MULTILINE)
    return {
        int(number): (set(re.findall(r"`([^`]+)`", flows)), said.strip()) for number, flows, said in found
    }


def test_the_page_says_which_flow_has_each_row() -> None:
    """All 32; each flow that it names has tests by that number, and each number that is tested is named; the others have a reason."""
    page = documented()
    assert set(page) == set(range(1, 33))
    ours = {(number, flow) for number, flow, *_ in ALLOWED} | {(1, flow) for flow in TABLES}
    theirs = {(row[0], "order.b2b") for row in b2b.ROWS} | {(1, "order.b2b")}
    assert {(number, flow) for number, (flows, _) in page.items() for flow in flows} == ours | theirs
    assert [number for number, (flows, said) in page.items() if not flows and not said] == []


@pytest.mark.parametrize("number", [2, 9, 15, 16, 17, 22])
def test_what_no_flow_has_is_out_of_what_was_asked(number: int) -> None:
    """Junk orders, and payments."""
    flows, said = documented()[number]
    assert (flows, "payments" in said or number == 2) == (set(), True)
