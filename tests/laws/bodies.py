"""What can be asked: for every kind of command a strategy that draws bodies, sensible and foolish ones, as the edge lets them in."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from hypothesis import strategies as st

from coster.domain.catalog.model import Component, PutItem, SalesUnit
from coster.domain.identity.model import CreateKey, Grant, RevokeKey
from coster.domain.inventory import model as inventory
from coster.domain.orders import model as orders
from coster.domain.parties.model import EraseCustomer, PutCustomer, PutEnterprise, PutRelation
from coster.domain.sessions import model as sessions
from coster.domain.wholesale import model as wholesale
from coster.engine.webhooks import model as webhooks
from coster.kernel import ids
from tests.laws import (
    buying_bodies,
    flow_bodies,
    ground,
    order_wishes,
    parked_bodies,
    peer_bodies,
    platform_bodies,
    supply_bodies,
)
from tests.laws.ground import START, name_id

_UNKNOWN = name_id("nobody knows this")
_VERSIONS = st.sampled_from([None, None, None, None, None, None, 0, 1, 2])


def one_of(*known: uuid.UUID) -> st.SearchStrategy[uuid.UUID]:
    """One of these ids, and now and then one that nobody knows."""
    return st.sampled_from([*known * 8, _UNKNOWN])


# -- identity, parties, catalogue ------------------------------------------------------------------------------

_KEYS = [name_id("key", n) for n in range(3)]

create_key = st.builds(
    CreateKey,
    key_id=st.sampled_from(_KEYS),
    name=st.sampled_from(["till", "scales", ""]),
    secret_hash=st.just(bytes(32)),
    hint=st.just("1234"),
    grants=st.lists(
        st.builds(
            Grant,
            role=st.sampled_from(["owner", "hub", "producer", "shop", "picker", "reader"]),
            enterprise_id=st.none() | st.sampled_from(ground.ENTERPRISES),
        ),
        max_size=3,
    ),
    expires_at=st.none() | st.just(START + dt.timedelta(days=30)),
)
# Keys that act in the laws are not among them: who may ask is judged once for a batch, at its beginning.
revoke_key = st.builds(RevokeKey, key_id=one_of(*_KEYS, ground.REVOKED_KEY))

_NAMES = st.sampled_from(["Old name", "New name", ""])

put_enterprise = st.builds(
    PutEnterprise,
    enterprise_id=one_of(*ground.ENTERPRISES, name_id("newcomer")),
    name=_NAMES,
    kinds=st.sampled_from([["hub", "producer"], ["hub", "retailer", "producer"], ["producer"]]),
    currency=st.sampled_from(["EUR", "EUR", "CHF"]),
    cart_minutes=st.sampled_from([30, 5]),
    hold_days_ahead=st.sampled_from([None, 14, 0]),
    minimum_order=st.sampled_from([0, 500]),
    expected_version=_VERSIONS,
)

TERMS: dict[str, st.SearchStrategy[Any]] = {
    "active": st.sampled_from([True, True, True, False]),
    "consolidation": st.sampled_from(["per_session", "per_order"]),
    "aggregation": st.sampled_from(["by_item", "by_weight"]),
    "grant_policy": st.sampled_from(["refuse", "partial"]),
    "remainder": st.sampled_from(["loose", "round_up", "round_down"]),
    "shortage": st.sampled_from(["first_come", "pro_rata", "priority"]),
}


@st.composite
def _put_relation(draw: st.DrawFn) -> PutRelation:
    hub, producer = draw(st.sampled_from([*ground.PAIRS, *ground.PAIRS, (ground.JEAN, ground.HUB_A)]))
    terms = {name: draw(strategy) for name, strategy in TERMS.items()}
    return PutRelation(hub_id=hub, producer_id=producer, expected_version=draw(_VERSIONS), **terms)


put_relation = _put_relation()

put_customer = st.builds(
    PutCustomer,
    customer_id=one_of(*ground.CUSTOMERS, name_id("new customer")),
    seller_id=st.sampled_from(ground.HUBS),
    priority=st.integers(0, 3),
    name=st.sampled_from(["Ali", "Ali B."]),
    email=st.sampled_from(["", "ali@example.org", "nonsense"]),
    expected_version=_VERSIONS,
)
erase_customer = st.builds(EraseCustomer, customer_id=one_of(*ground.CUSTOMERS))

_UNITS = {
    ground.CARROTS: [
        SalesUnit(code="bunch", num=1, den=2),
        SalesUnit(code="sack", num=5, price_micros=9_000_000),
    ],
    ground.EGGS: [SalesUnit(code="box", num=6)],
    ground.CHEESE: [SalesUnit(code="slice", num=1, den=4)],
}
_RECIPES = (
    [Component(item_id=ground.CARROTS, quantity=2000), Component(item_id=ground.EGGS, quantity=3000),
     Component(item_id=ground.MILK, quantity=1000)],
    [Component(item_id=ground.CARROTS, quantity=1500), Component(item_id=ground.CHEESE, quantity=250)],
)  # fmt: skip
_ITEM: dict[uuid.UUID, dict[str, Any]] = {
    ground.CARROTS: {
        "stock_unit": "kg",
        "multiple_quantity": 500,
        "case_quantity": 5000,
        "weight_mg": 1_000_000,
    },
    ground.EGGS: {"multiple_quantity": 1000, "case_quantity": 6000},
    ground.MILK: {"stock_unit": "l", "tracked": False},
    ground.CHEESE: {"stock_unit": "kg", "min_quantity": 250, "max_quantity": 5000},
    ground.BREAD: {"multiple_quantity": 1000, "case_quantity": 4000},
    ground.JAM: {"multiple_quantity": 1000},
    ground.BASKET: {"multiple_quantity": 500, "components": _RECIPES[0]},
}


def item_as_it_was(item: uuid.UUID, **changed: Any) -> PutItem:
    """The item as the town begins with it, but for what is named."""
    given: dict[str, Any] = {
        "price_micros": 2_000_000,
        "sales_units": _UNITS.get(item, []),
        **_ITEM[item],
        **changed,
    }
    sku = next(name for name, id_ in vars(ground).items() if id_ == item).lower()
    return PutItem(item_id=item, owner_id=ground.OWNERS[item], **{"sku": sku, "name": sku, **given})


@st.composite
def _put_item(draw: st.DrawFn) -> PutItem:
    changed: dict[str, Any] = {
        "price_micros": draw(st.sampled_from([2_000_000, 2_345_678])),
        "tracked": draw(st.sampled_from([True, True, False])),
        "buyable": draw(st.sampled_from([True, True, True, False])),
        "multiple_quantity": draw(st.sampled_from([1, 500, 1000, 2000])),
        "case_quantity": draw(st.sampled_from([None, 2000, 5000, 6000])),
        "min_quantity": draw(st.sampled_from([0, 0, 1500])),
        "expected_version": draw(_VERSIONS),
    }
    item = draw(st.sampled_from([*ground.ITEMS, name_id("new item")]))
    if item not in ground.ITEMS:
        sku = draw(st.sampled_from(["leek", "carrots", ""]))
        return PutItem(item_id=item, owner_id=ground.JEAN, sku=sku, name="leek", **changed)
    if item == ground.BASKET:
        changed["components"] = draw(st.sampled_from(_RECIPES))
    elif draw(st.booleans()):
        changed["sales_units"] = draw(
            st.sampled_from([[], [SalesUnit(code="box", num=7)], _UNITS.get(item, [])])
        )
    return item_as_it_was(item, **changed)


put_item = _put_item()

# -- inventory -------------------------------------------------------------------------------------------------

_QUANTITIES = st.sampled_from(
    [0, 1, 250, 500, 1000, 1500, 2000, 3000, 4500, 6000, 9000, 15_000]
) | st.integers(0, 12_000)
_SIGNED = st.builds(lambda size, sign: size * sign, _QUANTITIES, st.sampled_from([1, 1, -1]))
_LOTS = st.sampled_from(["", "", "", "L1"])
_REASON = st.sampled_from(["", "mice"])


@st.composite
def _spot(draw: st.DrawFn) -> tuple[uuid.UUID, uuid.UUID]:
    """An item and a place, mostly such as belong together."""
    if draw(st.integers(0, 5)):
        return draw(
            st.sampled_from([*ground.TRACKED, (ground.EGGS, ground.FIELD), (ground.BREAD, ground.DAIRY)])
        )
    return draw(one_of(*ground.ITEMS)), draw(
        one_of(*ground.LOCATIONS)
    )  # such as no producer would, or nowhere


@st.composite
def _at_spot(draw: st.DrawFn, body: Any, **fields: st.SearchStrategy[Any]) -> Any:
    item, location = draw(_spot())
    return body(item_id=item, location_id=location, **{name: draw(field) for name, field in fields.items()})


put_location = st.builds(
    inventory.PutLocation,
    location_id=one_of(ground.BARN, ground.FIELD, ground.DAIRY, name_id("new place")),
    enterprise_id=one_of(ground.JEAN, ground.JEAN, ground.QUINN, ground.HUB_A),
    name=_NAMES,
    priority=st.integers(-1, 2),
    active=st.sampled_from([True, True, False]),
    expected_version=_VERSIONS,
)
adjust = _at_spot(
    inventory.AdjustStock,
    quantity=_SIGNED,
    type=st.sampled_from(["RECEIPT", "CORRECTION", "DELTA", "SALE", "RETURN"]),
    lot=_LOTS,
    reason=_REASON,
)
count = _at_spot(
    inventory.CountStock,
    quantity=_QUANTITIES | st.integers(-1, 40_000),
    as_of=st.none() | st.integers(-3000, 60).map(lambda minutes: START + dt.timedelta(minutes=minutes)),
    lot=_LOTS,
    reason=_REASON,
)
count_sheet = st.builds(inventory.CountSheet, counts=st.lists(count, max_size=5))


@st.composite
def _transfer(draw: st.DrawFn) -> inventory.TransferStock:
    item, location = draw(_spot())
    return inventory.TransferStock(
        item_id=item, from_location_id=location, quantity=draw(_QUANTITIES), lot=draw(_LOTS), reason=draw(_REASON),
        to_location_id=draw(one_of(ground.FIELD if location == ground.BARN else ground.BARN, ground.DAIRY)),
    )  # fmt: skip


transfer = _transfer()

# -- sessions --------------------------------------------------------------------------------------------------

_SESSION = one_of(ground.NETWORK, ground.NETWORK, ground.LATE, ground.LATE, ground.NEXT)
_INSTANTS = st.sampled_from([0, 1, 30, 47, 48, 50, 96, 97, 120, 200]).map(
    lambda hours: START + dt.timedelta(hours=hours)
)
_DUE = st.sampled_from([None, None, None]) | _INSTANTS
_LISTINGS = st.none() | st.lists(
    st.builds(sessions.Listing, item_id=one_of(*ground.ITEMS), price_micros=st.none() | st.just(3_100_000)),
    max_size=5,
    unique_by=lambda listing: listing.item_id,
)

put_session = st.builds(
    sessions.PutSession,
    session_id=st.sampled_from([*ground.SESSIONS, name_id("new session")]),
    coordinator_id=st.sampled_from(ground.HUBS),
    name=_NAMES,
    opens_at=st.just(START) | _INSTANTS,
    closes_at=_INSTANTS,
    amend_until=_DUE,
    hub_ids=st.lists(st.sampled_from(ground.HUBS), max_size=2, unique=True),
    listings=_LISTINGS,
    recurrence=st.none()
    | st.just(sessions.Recurrence(rrule="FREQ=WEEKLY;BYDAY=MO", timezone="Europe/Paris")),
    expected_version=_VERSIONS,
)
open_session = st.builds(sessions.OpenSession, session_id=_SESSION, due=_DUE)
close_session = st.builds(sessions.CloseSession, session_id=_SESSION, due=_DUE)
end_session = st.builds(sessions.EndSession, session_id=_SESSION, due=_DUE)
reopen_session = st.builds(
    sessions.ReopenSession, session_id=_SESSION, closes_at=_INSTANTS, amend_until=_DUE,
    reason=st.sampled_from(["rain", ""]),
)  # fmt: skip

# -- orders ----------------------------------------------------------------------------------------------------

# The last four are placed by the history itself, where it places any.
_ORDER = st.sampled_from([ground.order_id(n) for n in [*range(7)] * 4 + [*range(7, 12)]])


@st.composite
def _place(draw: st.DrawFn) -> orders.PlaceOrder:
    seller = draw(st.sampled_from([*ground.HUBS * 6, ground.JEAN]))
    regulars = [id_ for id_, hub in ground.REGULARS.items() if hub == seller]
    return orders.PlaceOrder(
        order_id=uuid.UUID(int=0),  # the history gives each order an id of its own, as the edge does
        seller_id=seller,
        channel="shop",
        reference=str(draw(st.integers(0, 60))),
        lines=draw(st.lists(order_wishes.line(), min_size=1, max_size=4)),
        session_id=draw(st.sampled_from([*(ground.NETWORK, ground.LATE) * 6, None, ground.NEXT])),
        customer_id=draw(st.sampled_from([None, *regulars * 3, ground.CUSTOMERS[0]])),
        discount=draw(order_wishes.DISCOUNTS),
        completed=draw(st.booleans()),
        allow_partial=draw(st.booleans()),
        priority=draw(st.integers(0, 3)),
        type=draw(st.sampled_from([*[""] * 8, "b2b", "b2b", "none that there is"])),
        cost_centre_id=draw(st.sampled_from([*[None] * 4, ground.CENTRE, ground.CENTRE, _UNKNOWN])),
    )


place = _place()
complete_checkout = st.builds(
    orders.CompleteCheckout,
    order_id=_ORDER,
    payment=st.sampled_from(["none", "pending", "authorised", "captured"]),
)
fail_checkout = st.builds(orders.FailCheckout, order_id=_ORDER, reason=_REASON)
expire_checkout = st.builds(orders.ExpireCheckout, order_id=_ORDER)
expire_session = st.builds(orders.ExpireSession, session_id=_SESSION)
cancel_order = st.builds(orders.CancelOrder, order_id=_ORDER, reason=_REASON, expected_version=_VERSIONS)
comment = st.builds(
    orders.AddComment, order_id=_ORDER, text=st.sampled_from(["rings twice", "left at the door"])
)


@st.composite
def _step_order(draw: st.DrawFn) -> orders.StepOrder:
    trigger, attributes = draw(st.sampled_from(order_wishes.EVENTS))
    return orders.StepOrder(
        order_id=draw(_ORDER), trigger=trigger, attributes=attributes, expected_version=draw(_VERSIONS)
    )


step_order = _step_order()
order_timer = st.builds(
    orders.OrderTimer,
    id=_ORDER,
    trigger=st.sampled_from(
        ["expire_checkout", "expire_checkout", "submit", "allocate", "window_opens", "nonsense"]
    ),
    entered=st.integers(0, 2),
    left=st.integers(1, 2),
)
copy_order = st.builds(
    lambda order_id, run, attempt: orders.CopyOrder(
        order_id=order_id, copy_id=ids.derived("copy of an order", order_id, run), run=run, attempt=attempt
    ),
    _ORDER,
    st.integers(1, 2),
    st.integers(1, 2),
)


@st.composite
def _line_change(draw: st.DrawFn) -> orders.LineChange:
    quantity = draw(st.sampled_from([0, 500, 1000, 2000, 3000, 4000, 6000, 9000, 1234]))
    if draw(st.integers(0, 3)):
        return orders.LineChange(line_no=draw(st.sampled_from([1, 1, 1, 2, 2, 3, 7])), quantity=quantity)
    item, unit = draw(st.sampled_from(order_wishes.SOLD))
    return orders.LineChange(line_no=0, quantity=quantity, item_id=item, unit=unit)


change_order = st.builds(
    orders.ChangeOrder,
    order_id=_ORDER,
    lines=st.lists(_line_change(), min_size=1, max_size=3),
    discount=order_wishes.DISCOUNTS,
    expected_version=_VERSIONS,
)

# -- wholesale -------------------------------------------------------------------------------------------------

_HELD = one_of(*ground.held_order_ids(single=False) * 6, *ground.held_order_ids(single=True))

complete_session = st.builds(wholesale.CompleteSession, session_id=_SESSION)
fulfil = st.builds(wholesale.FulfilHeldOrder, held_order_id=_HELD)
cancel_held = st.builds(wholesale.CancelHeldOrder, held_order_id=_HELD, reason=st.just("frost"))
_HELD_EVENTS = [
    ("fulfil", {}),
    ("cancel", {"reason": "frost"}),
    ("cancel", {}),
    ("grow", {}),
    ("nonsense", {"a": 1}),
]


@st.composite
def _step_held(draw: st.DrawFn) -> wholesale.StepHeldOrder:
    trigger, attributes = draw(st.sampled_from(_HELD_EVENTS))
    return wholesale.StepHeldOrder(
        held_order_id=draw(_HELD), trigger=trigger, attributes=attributes, expected_version=draw(_VERSIONS)
    )


step_held = _step_held()
held_timer = st.builds(
    wholesale.HeldOrderTimer,
    id=_HELD,
    trigger=st.sampled_from(["after:3600s", "cancel"]),
    entered=st.integers(1, 2),
)
lower_stock = _at_spot(
    wholesale.LowerStock,
    quantity=_QUANTITIES,
    lot=st.just(""),
    policy=st.sampled_from([None, "first_come", "pro_rata", "priority"]),
    reason=st.just("hail"),
)
short_held = st.builds(
    wholesale.ShortHeldOrder,
    held_order_id=_HELD,
    items=st.dictionaries(one_of(*ground.ITEMS), st.integers(0, 4_000), max_size=2),
    reason=st.just("supplier_refused"),
)

# -- webhooks --------------------------------------------------------------------------------------------------

_ENDPOINTS = one_of(ground.ENDPOINT, name_id("second endpoint"))

put_endpoint = st.builds(
    webhooks.PutEndpoint,
    endpoint_id=_ENDPOINTS,
    target=st.sampled_from(
        [
            webhooks.Target(url="https://example.org/hook", refusal=None),
            webhooks.Target(url="https://10.0.0.1/", refusal="private"),
        ]
    ),
    seed=st.just(webhooks.Seed(key="first", salt=bytes(16))),
    names=st.sampled_from([[], ["order.placed"], ["order.*"], ["Nonsense"]]),
    rotate=st.booleans(),
    expected_version=_VERSIONS,
)
pause_endpoint = st.builds(webhooks.PauseEndpoint, endpoint_id=_ENDPOINTS, expected_version=_VERSIONS)
resume_endpoint = st.builds(webhooks.ResumeEndpoint, endpoint_id=_ENDPOINTS, expected_version=_VERSIONS)
delete_endpoint = st.builds(webhooks.DeleteEndpoint, endpoint_id=_ENDPOINTS, expected_version=_VERSIONS)
stop_endpoint = st.builds(
    webhooks.StopEndpoint,
    endpoint_id=_ENDPOINTS,
    version=st.integers(1, 2),
    cause=st.sampled_from(["failing", "gone"]),
)

STRATEGIES: dict[str, st.SearchStrategy[Any]] = {
    **flow_bodies.STRATEGIES,
    **buying_bodies.STRATEGIES,
    **supply_bodies.STRATEGIES,
    **platform_bodies.STRATEGIES,
    **peer_bodies.STRATEGIES,
    "identity.create_key": create_key,
    "identity.revoke_key": revoke_key,
    "parties.put_enterprise": put_enterprise,
    "parties.put_relation": put_relation,
    "parties.put_customer": put_customer,
    "parties.erase_customer": erase_customer,
    "catalog.put_item": put_item,
    "inventory.put_location": put_location,
    "inventory.adjust": adjust,
    "inventory.count": count,
    "inventory.count_sheet": count_sheet,
    "inventory.transfer": transfer,
    "sessions.put": put_session,
    "sessions.open": open_session,
    "sessions.close": close_session,
    "sessions.reopen": reopen_session,
    "sessions.end": end_session,
    "orders.place": place,
    "orders.complete_checkout": complete_checkout,
    "orders.fail_checkout": fail_checkout,
    "orders.expire_checkout": expire_checkout,
    "orders.step": step_order,
    "orders.timer": order_timer,
    "orders.copy": copy_order,
    "orders.cancel": cancel_order,
    "orders.change": change_order,
    "orders.comment": comment,
    "orders.expire_session": expire_session,
    "wholesale.complete_session": complete_session,
    "wholesale.fulfil": fulfil,
    "wholesale.cancel": cancel_held,
    "wholesale.step": step_held,
    "wholesale.timer": held_timer,
    "wholesale.lower_stock": lower_stock,
    "wholesale.short": short_held,
    **parked_bodies.STRATEGIES,
    "webhooks.put_endpoint": put_endpoint,
    "webhooks.pause_endpoint": pause_endpoint,
    "webhooks.resume_endpoint": resume_endpoint,
    "webhooks.delete_endpoint": delete_endpoint,
    "webhooks.stop_endpoint": stop_endpoint,
}
"""For every kind of command what may be asked; test_every_handler fails for a handler that is not here."""

_OFTEN = {"orders.place": 7, "orders.change": 5, "orders.cancel": 3, "wholesale.lower_stock": 4, "wholesale.fulfil": 2,
          "wholesale.complete_session": 4, "sessions.end": 3, "inventory.transfer": 2, "inventory.count": 2,
          "catalog.put_item": 3, "parties.put_relation": 3}  # fmt: skip
_NEVER = ("identity.", "webhooks.", "parked.", "federation.", "linking.", "mail.")
KINDS_OF_HISTORIES = [
    kind for kind in STRATEGIES for _ in range(_OFTEN.get(kind, 1)) if not kind.startswith(_NEVER)
]
"""The kinds of mixed histories, each as often as it should come; who may ask and who is told has nothing to do with goods."""
