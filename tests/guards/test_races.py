"""Every lock and every comparison in the SQL is needed: two batches that meet go wrong without it, and right with it.

Some histories have several guards one behind the other. Without all of them the history goes wrong; with any single one it does not;
and where the lock is the one that is missing, the batch is run again, which the lock is there to spare.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from coster.domain.buying.model import PutCentre
from coster.domain.catalog.model import Details, PutDetails, PutItem
from coster.domain.federation.model import (
    DriveSupplier,
    ImportCatalogue,
    JudgeMatch,
    NoteRefresh,
    Offered,
)
from coster.domain.federation.rules import comparing
from coster.domain.identity.model import PutPlatform
from coster.domain.inventory.model import AdjustStock, PutLocation
from coster.domain.linking.model import ReportLink, SettleLink
from coster.domain.orders.model import AddComment, CancelOrder
from coster.domain.parties.model import Profile, PutCustomer, PutEnterprise, PutProfile, PutRelation
from coster.domain.sessions.model import CloseSession, PutSession
from coster.engine.mending.model import RetryParked, SkipParked
from coster.engine.outbox.model import What
from coster.kernel.message import Command
from coster.kernel.outcome import Accepted, Outcome
from tests.guards import altered, elsewhere
from tests.guards.scene import KILO, Scene, broken
from tests.guards.test_constraints import KEYS
from tests.town import name_id

BARN = "barn of the hub"
EVENT, LEDGER = "event_entity", "ledger_pkey"
PRODUCT = f"{elsewhere.URL}/SuppliedProducts/1"
Two = tuple[Outcome, Outcome]

ELSEWHERE = {
    "federation.claim_due": "tests/guards/test_claims.py: it is no command's",
    "linking.lock_acknowledged": "tests/guards/test_claims.py: it is no command's",
    "mail.claim_due": "tests/guards/test_claims.py: it is no command's",
    "identity.lock_keys": "tests/domain/identity/test_store.py: keys are revoked and made, never stock",
    "identity.lock_keys_and_owners": "tests/domain/identity/test_store.py: the last owner's key",
    "webhooks.lock_endpoints": "tests/engine/webhooks: an endpoint's version is in its events, whose index refuses the same twice",
    "webhooks.lock_all_endpoints": "the same, of all endpoints of an organisation",
    "flows.lock_flows": "tests/engine/flows: a flow's version is in its events, whose index refuses the same twice; pins have a key",
    "flows.lock_moves": "tests/engine/flows: a move's version is in its events, whose index refuses the same twice",
    "outbox.finish_timers": "passes over what is locked; no promise rests on it, because a timer's command is a repeat",
}
"""Guards that are not under the stock's batch."""


@dataclass(frozen=True)
class Race:
    """Two commands, what must be there before, the guards in its way, and whether it went wrong."""

    guards: tuple[str, ...]
    two: Callable[[Scene], tuple[Any, Any]]
    wrong: Callable[[Scene, Two], Awaitable[bool]]
    before: Callable[[Scene], list[Any]] = lambda town: []
    patience: float = altered.FREE
    given_up: str = ""
    """What the relay has given up before, as a statement; `$1` is the organisation."""


async def _promises(town: Scene, two: Two) -> bool:
    async with town.database.system() as conn:
        return bool(await broken(conn, town))


async def _both_accepted(town: Scene, two: Two) -> bool:
    return all(isinstance(outcome, Accepted) for outcome in two)


async def _not_the_sum(town: Scene, two: Two) -> bool:
    on_hand = await town.value("SELECT on_hand FROM coster.position WHERE item_id = $1", name_id("jam"))
    return bool(on_hand != 18 * KILO)


async def _status_lost(town: Scene, two: Two) -> bool:
    status = await town.value("SELECT status FROM coster.orders WHERE id = $1", name_id("Ann"))
    return bool(isinstance(two[0], Accepted) and status != "cancelled")


async def _opened_again(town: Scene, two: Two) -> bool:
    status = await town.value("SELECT status FROM coster.session WHERE id = $1", town.market)
    return bool(isinstance(two[0], Accepted) and status == "open")


async def _sold_after_closing(town: Scene, two: Two) -> bool:
    names = [row["name"] for row in await town.rows("SELECT name FROM coster.event ORDER BY seq")]
    return "order.placed" in names and names.index("session.closed") < names.index("order.placed")


async def _taken_twice(town: Scene, two: Two) -> bool:
    return bool(await town.value("SELECT count(*) FROM coster.orders WHERE reference = 'same'") == 2)


async def _done_twice(town: Scene, two: Two) -> bool:
    return bool(
        await town.value("SELECT on_hand FROM coster.position WHERE item_id = $1", name_id("jam"))
        == 20 * KILO
    )


async def _alive_again(town: Scene, two: Two) -> bool:
    status = await town.value("SELECT status FROM coster.supplier")
    return bool(isinstance(two[0], Accepted) and status != "removed")


async def _told_once(town: Scene, two: Two) -> bool:
    told = await town.value("SELECT told FROM coster.link")
    return await _both_accepted(town, two) and told != 2


def _own(town: Scene, who: str, item: str = "jam", **more: Any) -> Any:
    """An order of the hub's own goods, beside any session."""
    return town.basket(who, name_id(item), session_id=None, **more)


def _receipt(kilos: int) -> AdjustStock:
    place = name_id(f"barn of {name_id('Hub')}")
    return AdjustStock(item_id=name_id("jam"), location_id=place, quantity=kilos * KILO, type="RECEIPT")


def _later(town: Scene) -> PutSession:
    return PutSession(session_id=town.market, coordinator_id=town.hub, name="Market", opens_at=town.opened,
                      closes_at=town.now + dt.timedelta(days=9), hub_ids=[town.hub])  # fmt: skip


def _renamed(name: str) -> PutLocation:
    return PutLocation(
        location_id=name_id(f"barn of {name_id('Hub')}"),
        enterprise_id=name_id("Hub"),
        name=name,
        expected_version=2,
    )


def _item(name: str) -> PutItem:
    return PutItem(
        item_id=name_id("jam"),
        owner_id=name_id("Hub"),
        sku="jam",
        name=name,
        stock_unit="kg",
        expected_version=1,
    )


def _enterprise(name: str) -> PutEnterprise:
    return PutEnterprise(
        enterprise_id=name_id("Hub"), name=name, kinds=["hub"], currency="EUR", expected_version=1
    )


def _terms(minimum: int) -> PutRelation:
    return PutRelation(
        hub_id=name_id("Hub"), producer_id=name_id("Jean"), discount_over=minimum, expected_version=1
    )


def _customer(name: str, version: int | None = 1) -> PutCustomer:
    return PutCustomer(
        customer_id=name_id("customer"), seller_id=name_id("Hub"), name=name, expected_version=version
    )


def _profile(text: str, version: int | None = 1) -> PutProfile:
    return PutProfile(
        enterprise_id=name_id("Hub"), profile=Profile(description=text), expected_version=version
    )


def _described(text: str, version: int | None = 1) -> PutDetails:
    return PutDetails(item_id=name_id("jam"), details=Details(description=text), expected_version=version)


def _centre(name: str, version: int | None = 1) -> PutCentre:
    return PutCentre(
        centre_id=name_id("kitchen"), enterprise_id=name_id("Hub"), name=name, expected_version=version
    )


def _platform(name: str, version: int | None = 1) -> PutPlatform:
    return PutPlatform(
        platform_id=name_id("platform"), name=name, secret_hash=bytes(32), expected_version=version
    )


def _proposed() -> list[Any]:
    """A product of Jean's that might be his carrots."""
    product = Offered(product=PRODUCT, ordered=PRODUCT, offer=f"{PRODUCT}/Offer", name="carrots",
                      price=Decimal(1), currency="EUR")  # fmt: skip
    return [*elsewhere.supplied(), ImportCatalogue(producer_id=name_id("Jean"), offered=[product])]


def _judged(*, accept: bool) -> JudgeMatch:
    return JudgeMatch(remote_item_id=comparing.remote_item_id(name_id("Jean"), PRODUCT), accept=accept)


def _decided(what: What, key: str, name: str) -> tuple[RetryParked, SkipParked]:
    return (
        RetryParked(what=what, key=key, name=name),
        SkipParked(what=what, key=key, name=name, reason="Never."),
    )


RACES = {
    "two buy the same": Race(
        ("inventory.lock_positions_of_items", "inventory.update_positions", LEDGER),
        lambda town: (_own(town, "Ann"), _own(town, "Bob")),
        _promises,
    ),
    "two receive the same": Race(
        ("inventory.lock_positions", "inventory.update_positions", LEDGER, EVENT),
        lambda town: (_receipt(5), _receipt(3)),
        _not_the_sum,
    ),
    "one command comes twice": Race(
        ("command_pkey",),
        lambda town: (twice := town.command(_receipt(5)), twice),
        _done_twice,
        patience=altered.KEPT_APART,  # the lock of the position has nothing to do with it, and stays
    ),
    "one reference comes twice": Race(
        ("orders_org_id_channel_reference_key",),
        lambda town: (_own(town, "Ann", reference="same"), _own(town, "Bob", "honey", reference="same")),
        _taken_twice,
    ),
    "two begin a held order": Race(
        ("wholesale.put_held_orders", EVENT),
        lambda town: (town.basket("Ann", town.carrots), town.basket("Bob", town.leeks)),
        _promises,
    ),
    "two change a held order": Race(
        ("wholesale.lock_held_orders", "wholesale.put_held_orders", EVENT),
        lambda town: (town.basket("Bob", town.carrots), town.basket("Cleo", town.leeks)),
        _promises,
        lambda town: [town.basket("Ann", town.carrots)],
    ),
    "one cancels, one remarks": Race(
        ("orders.lock_orders", EVENT),
        lambda town: (CancelOrder(order_id=name_id("Ann")), AddComment(order_id=name_id("Ann"), text="nice")),
        _status_lost,
        lambda town: [_own(town, "Ann")],
    ),
    "one closes, one buys": Race(
        ("sessions.share_sessions",),
        lambda town: (CloseSession(session_id=town.market), town.basket("Ann", town.carrots)),
        _sold_after_closing,
    ),
    "one closes, one changes the session": Race(
        ("sessions.lock_sessions", EVENT),
        lambda town: (CloseSession(session_id=town.market), _later(town)),
        _opened_again,
    ),
    "two change a place": Race(
        ("inventory.lock_locations", EVENT), lambda town: (_renamed("Shed"), _renamed("Loft")), _both_accepted
    ),
    "two change an item": Race(
        ("catalog.lock_items", EVENT), lambda town: (_item("Jam"), _item("Jelly")), _both_accepted
    ),
    "two change an enterprise": Race(
        ("parties.lock_enterprises", EVENT), lambda town: (_enterprise("Hub 1"), _enterprise("Hub 2")), _both_accepted
    ),
    "two change terms": Race(("parties.lock_relations", EVENT), lambda town: (_terms(1), _terms(2)), _both_accepted),
    "two change a customer": Race(
        ("parties.lock_customers", EVENT),
        lambda town: (_customer("Ann"), _customer("Anne")),
        _both_accepted,
        lambda town: [_customer("An", None)],
    ),
    "two change a profile": Race(
        ("parties.lock_profiles", EVENT),
        lambda town: (_profile("Big"), _profile("Small")),
        _both_accepted,
        lambda town: [_profile("New", None)],
    ),
    "two describe an item": Race(
        ("catalog.lock_items", EVENT),
        lambda town: (_described("Big"), _described("Small")),
        _both_accepted,
        lambda town: [_described("New", None)],
    ),
    "two change a cost centre": Race(
        ("buying.lock_centres", EVENT),
        lambda town: (_centre("Big"), _centre("Small")),
        _both_accepted,
        lambda town: [_centre("New", None)],
    ),
    "two change a platform": Race(
        ("identity.lock_keys", "identity.lock_platforms", EVENT),
        lambda town: (_platform("Big"), _platform("Small")),
        _both_accepted,
        lambda town: [_platform("New", None)],
    ),
    "two change a connection": Race(
        ("federation.lock_peers", EVENT),
        lambda town: (elsewhere.peer("North"), elsewhere.peer("South")),
        _both_accepted,
        lambda town: [elsewhere.peer("Elsewhere", None)],
    ),
    "one removes a supplier, one cannot read it": Race(
        ("federation.lock_suppliers", EVENT),
        lambda town: (DriveSupplier(producer_id=name_id("Jean"), event="remove"),
                      NoteRefresh(producer_id=name_id("Jean"), error="timeout")),
        _alive_again,
        lambda town: elsewhere.supplied(),
    ),
    "two say what a product is": Race(
        ("federation.lock_suppliers", "federation.lock_remote_items", EVENT),
        lambda town: (_judged(accept=True), _judged(accept=False)),
        _both_accepted,
        lambda town: _proposed(),
        patience=altered.KEPT_APART,  # the lock of the item comes too late to help, and stays
    ),
    "two tell of a link": Race(
        ("linking.lock_links", EVENT),
        lambda town: (SettleLink(held_order_id=elsewhere.held(town), how="close", reason="Agreed."),
                      ReportLink(held_order_id=elsewhere.held(town), what="drifted", cause="")),
        _told_once,
        elsewhere.linked,
    ),
    "one retries a reaction, one skips it": Race(
        ("mending.lock_reactions",),
        lambda town: _decided("reaction", "1", "orders.react"),
        _both_accepted,
        given_up="INSERT INTO coster.parked_reaction VALUES ($1, 1, 'orders.react', 'broken', false)",
    ),
    "one retries a timer, one skips it": Race(
        ("mending.lock_timers",),
        lambda town: _decided("timer", str(uuid.UUID(int=7)), "orders.timer"),
        _both_accepted,
        given_up="INSERT INTO coster.timer VALUES ($1, '00000000-0000-0000-0000-000000000007', now(), 'orders.timer', "
                 "'{}', 0, 'broken')",
    ),
}  # fmt: skip
WITH_ONE = [(name, guard) for name, race in RACES.items() for guard in race.guards if len(race.guards) > 1]
LOCKED = {name for name, guard in WITH_ONE if ".lock_" in guard}
# Where one lock stands behind another, neither alone spares anything.
LOCKS = [
    (name, guard)
    for name, guard in WITH_ONE
    if ".lock_" in guard and sum(".lock_" in one for one in RACES[name].guards) == 1
]


async def _run(
    town: Scene, name: str, without: set[str], patience: float = altered.KEPT_APART
) -> tuple[bool, int]:
    """Whether the race went wrong without these guards, and how many batches were run again."""
    race = RACES[name]
    for body in race.before(town):
        await town.do(body)
    if race.given_up:
        async with town.database.system() as conn:
            await conn.execute(race.given_up, town.org_id)
    async with town.database.system() as conn:
        for guard in without & KEYS.keys():
            index = guard == EVENT
            await conn.execute(f"DROP INDEX coster.{guard}" if index else f"ALTER TABLE coster.{await _table(town, guard)} "
                               f"DROP CONSTRAINT {guard} CASCADE")  # fmt: skip
    commands = [body if isinstance(body, Command) else town.command(body) for body in race.two(town)]
    with pytest.MonkeyPatch.context() as patch:
        for guard in without - KEYS.keys():
            altered.take_out(patch, guard)
        meeting = altered.Meeting(town, patience)
        two = await meeting.of(*commands)
        return await race.wrong(town, two), sum(meeting.loads) - 2


async def _table(town: Scene, constraint: str) -> str:
    return str(
        await town.value("SELECT conrelid::regclass::text FROM pg_constraint WHERE conname = $1", constraint)
    ).removeprefix("coster.")


@pytest.mark.parametrize("name", RACES)
async def test_without_any_guard_it_goes_wrong(town: Scene, name: str) -> None:
    """Two batches that meet leave a wrong result where nothing stands between them."""
    wrong, _ = await _run(town, name, set(RACES[name].guards), RACES[name].patience)
    assert wrong


@pytest.mark.parametrize(("name", "guard"), WITH_ONE)
async def test_each_guard_is_enough(town: Scene, name: str, guard: str) -> None:
    """The same two batches come out right where only this one guard is left."""
    wrong, _ = await _run(town, name, set(RACES[name].guards) - {guard})
    assert not wrong


@pytest.mark.parametrize(("name", "lock"), LOCKS)
async def test_lock_spares_a_second_run(town: Scene, name: str, lock: str) -> None:
    """Without the lock what stands behind it has to refuse a batch, which is run again; with all guards none is."""
    wrong, again = await _run(town, name, {lock}, altered.FREE)
    assert (wrong, again > 0) == (False, True)


@pytest.mark.parametrize("name", RACES)
async def test_as_shipped_it_goes_right(town: Scene, name: str) -> None:
    """With all guards the two batches come out right; where there is a lock, neither has to be run again."""
    wrong, again = await _run(town, name, set())
    assert not wrong
    assert again == 0 or name not in LOCKED


def test_every_guard_in_the_statements_is_tried() -> None:
    """No statement has a lock or a comparison whose need is not shown here, and none is listed that is gone."""
    tried = {guard for race in RACES.values() for guard in race.guards} - KEYS.keys()
    assert altered.guards() == tried | ELSEWHERE.keys()
