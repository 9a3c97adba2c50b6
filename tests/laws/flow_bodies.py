"""What can be asked about flows: drafts that fit and drafts that do not, versions that are there, moves that run."""

from __future__ import annotations

import uuid
from typing import Any

from hypothesis import strategies as st

from coster.domain.orders.handlers import LIBRARY
from coster.domain.orders.model import HearOrder, MakeOrderGood, MoveCheckouts, MoveOrders
from coster.domain.wholesale.model import FollowSession, MakeHeldOrderGood, MoveHeldOrders
from coster.engine.flows import model as flows
from tests.laws import ground
from tests.laws.ground import name_id

_FLOWS = st.sampled_from([*["order.retail"] * 5, "wholesale.held", "order.none"])
_REASONS = st.sampled_from([*["It is better."] * 5, ""])
_REVISIONS = st.sampled_from([None, None, None, 0, 1])


def flow_text(version: int, *edits: tuple[str, str]) -> str:
    """The flow of orders under another number, with edits."""
    text = LIBRARY.texts["order.retail", 1].replace("version: 1\n", f"version: {version}\n", 1)
    for before, after in edits:
        text = text.replace(before, after)
    return text


_RENAMED = ("booked", "confirmed")
_MAPPINGS = st.sampled_from([{}, {}, {"booked": "confirmed"}, {"booked": "cancelled"}, {"nothing": "booked"}])

draft_flow = st.builds(
    flows.DraftFlow,
    name=_FLOWS,
    text=st.builds(flow_text, st.integers(1, 6))
    | st.builds(flow_text, st.integers(3, 5), st.sampled_from([_RENAMED, ("final: true", "final: maybe")])),
    reason=_REASONS,
    expected_revision=_REVISIONS,
)
drop_draft = st.builds(flows.DropDraft, name=_FLOWS, version=st.integers(2, 5), reason=_REASONS)
publish_flow = st.builds(
    flows.PublishFlow,
    name=_FLOWS,
    version=st.integers(2, 5),
    reason=_REASONS,
    mapping=_MAPPINGS,
    expected_revision=_REVISIONS,
)
pin_flow = st.builds(
    flows.PinFlow,
    name=_FLOWS,
    version=st.none() | st.integers(1, 3),
    reason=_REASONS,
    canary=st.sampled_from([None, None, 1, 2, 9]),
    share=st.sampled_from([0, 0, 100, 1000]),
    expected=st.sampled_from([None, None, None, 0, 1]),
    back=st.sampled_from([False, False, True]),
)
retire_flow = st.builds(flows.RetireFlow, name=_FLOWS, version=st.integers(1, 3), reason=_REASONS)
migrate_flow = st.builds(
    flows.MigrateFlow,
    move_id=st.sampled_from([name_id("move", n) for n in range(4)]),
    name=_FLOWS,
    sources=st.lists(st.integers(1, 3), min_size=0, max_size=2),
    to_version=st.integers(1, 3),
    reason=_REASONS,
    mapping=st.none() | _MAPPINGS,
)
undo_move = st.builds(
    flows.UndoMove,
    move_id=st.sampled_from([name_id("move", n) for n in range(2, 6)]),
    undoes=st.sampled_from([ground.DONE_MOVE, ground.MOVE, name_id("nobody knows this")]),
    reason=_REASONS,
)
_MOVES = st.sampled_from([*[ground.MOVE] * 4, ground.DONE_MOVE, name_id("nobody knows this")])
_AFTERS = st.sampled_from([None, None, None, ground.order_id(0)])
move_orders = st.builds(MoveOrders, move_id=_MOVES, after=_AFTERS)
move_held_orders = st.builds(MoveHeldOrders, move_id=_MOVES, after=_AFTERS)
move_checkouts = st.builds(MoveCheckouts, move_id=_MOVES, after=_AFTERS)

_ORDERS = st.sampled_from([ground.order_id(n) for n in range(9)])
_HELD = st.sampled_from([*ground.held_order_ids(single=False), *ground.held_order_ids(single=True)])

hear_order = st.builds(
    HearOrder, order_id=_ORDERS, trigger=st.sampled_from(["shorted", "cancel", "comment", "nothing"])
)
follow_session = st.builds(FollowSession, session_id=st.sampled_from(ground.SESSIONS))


def _made_good(
    body: type[Any], entities: st.SearchStrategy[uuid.UUID], **said: st.SearchStrategy[str]
) -> st.SearchStrategy[Any]:
    """Messages that were not delivered, and what makes good."""
    return st.builds(
        body, id=entities, message=st.just("order.asked"), seq=st.integers(1, 3), endpoint_id=st.just(ground.ENDPOINT),
        error=st.just("given up"), **said,
    )  # fmt: skip


make_order_good = _made_good(
    MakeOrderGood,
    _ORDERS,
    of=st.sampled_from(["order", "order", "checkout"]),
    trigger=st.sampled_from(["cancel", "comment", "change", "fail_checkout", "nobody_answers"]),
)
make_held_order_good = _made_good(
    MakeHeldOrderGood,
    _HELD,
    of=st.just("held_order"),
    trigger=st.sampled_from(["cancel", "cancel", "fulfil", "nobody_answers"]),
)

STRATEGIES: dict[str, st.SearchStrategy[Any]] = {
    "orders.move": move_orders,
    "orders.move_checkouts": move_checkouts,
    "orders.hear": hear_order,
    "orders.make_good": make_order_good,
    "wholesale.follow_session": follow_session,
    "wholesale.make_good": make_held_order_good,
    "wholesale.move": move_held_orders,
    "flows.draft": draft_flow,
    "flows.drop_draft": drop_draft,
    "flows.publish": publish_flow,
    "flows.pin": pin_flow,
    "flows.retire": retire_flow,
    "flows.migrate": migrate_flow,
    "flows.undo": undo_move,
}
"""For every kind of command on flows what may be asked."""
