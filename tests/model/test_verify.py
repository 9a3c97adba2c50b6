"""The model's invariants and the statements of `coster verify` say the same: of good worlds, and of each with one number wrong."""

from __future__ import annotations

from collections import Counter

from coster.domain.inventory import reads as inventory
from coster.domain.orders import reads as orders
from coster.domain.wholesale import reads as wholesale
from coster.engine.db.connect import Connection, Database
from tests.model import market, stored
from tests.model.market import Scope, State
from tests.model.test_model import BY_CASE, LOOSE, TWO_ITEMS, spoilt
from tests.town import MONDAY

# Every so many-eth state of a scope, so that each costs about as much as the others.
EVERY = {LOOSE: 120, BY_CASE: 80, TWO_ITEMS: 500}


def _worlds() -> list[tuple[Scope, State]]:
    found = []
    for scope, every in EVERY.items():
        for state in list(market.explore(scope)[0])[::every]:
            wrong = spoilt(state) if len(state.stock) == 1 else []
            found += [(scope, one) for one in (state, *wrong)]
    return found


async def _broken(conn: Connection, org_id: int) -> set[str]:
    checks = [
        *await inventory.verify(conn, org_id),
        *await orders.verify(conn, org_id),
        *await wholesale.verify(conn, org_id, MONDAY),
    ]
    return {check.name for check in checks if check.broken} & market.MODEL.keys()


async def test_verify_finds_what_the_model_forbids_and_nothing_else(database: Database) -> None:
    """World by world the same promises are broken in the database and in the model, and each is broken in some of them."""
    worlds, times = _worlds(), Counter[str]()
    async with database.system() as conn:
        await stored.uncheck(conn)
        await stored.store(conn, worlds)
        for org_id, (scope, state) in enumerate(worlds, 1):
            forbidden = {name for name, holds in market.MODEL.items() if not holds(scope, state)}
            assert await _broken(conn, org_id) == forbidden, (scope, state)
            times.update(forbidden or {"none"})
    assert times.keys() == {*market.MODEL, "none"}
    assert sum(times.values()) > 400
