"""What a million stored orders, or positions, cost: orders per second, lists and boards, availability."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Sequence
from typing import Any, Final

from coster.domain.catalog.model import PutItem
from coster.domain.inventory.model import AdjustStock, PutLocation
from coster.simulation.bench import ORG, Shop
from coster.simulation.growth.grow import Store
from coster.simulation.growth.shelves import copy_items
from coster.simulation.wire import Wire

ASKED: Final = 1000
"""Questions behind each percentile: ten of them are slower than the 99th."""
ITEMS: Final = 50
PLACES: Final = 100


async def p99(port: int, key: str, paths: Sequence[str], *, asked: int = ASKED) -> float:
    """Milliseconds within which 99 of 100 questions are answered, one at a time. RuntimeError where one is not."""
    wire = Wire("127.0.0.1", port, key)
    spent = []
    for number in range(asked):
        begin = time.perf_counter()
        reply = await wire.ask("GET", paths[number % len(paths)])
        spent.append((time.perf_counter() - begin) * 1000)
        if reply.status != 200:
            raise RuntimeError(f"{paths[number % len(paths)]} answered {reply.status}: {reply.body[:200]!r}")
    wire.close()
    return sorted(spent)[int(asked * 0.99) - 1]


async def boards(port: int, key: str, store: Store) -> dict[str, float]:
    """The 99th percentile of the order list (of a hub, of a session, newest first) and of the session board."""
    lists = [
        f"/api/v1/orders?seller_id={store.hub}",
        "/api/v1/orders",
        f"/api/v1/orders?session_id={store.sessions[3]}",
    ]
    board = [f"/api/v1/held-orders?session_id={session}" for session in store.sessions[:5]] + [
        "/api/v1/sessions?status=open"
    ]
    return {"list": await p99(port, key, lists), "board": await p99(port, key, board)}


async def shelve(shop: Shop, positions: int) -> tuple[list[uuid.UUID], list[uuid.UUID]]:
    """So many positions, a hundred places for each item; yields items and places."""
    owner = shop.seller
    places = [uuid.uuid4() for _ in range(PLACES)]
    await shop.batch(
        [PutLocation(location_id=id_, enterprise_id=owner, name=f"Place {n}") for n, id_ in enumerate(places)]
    )
    first = uuid.uuid4()
    await shop.batch(
        [PutItem(item_id=first, owner_id=owner, sku="shelf", name="Shelf", price_micros=1_000_000)]
    )
    await shop.batch(
        [AdjustStock(item_id=first, location_id=id_, quantity=5_000, type="RECEIPT") for id_ in places]
    )
    return await copy_items(shop.database, ORG, first, copies=max(ITEMS, positions // PLACES) - 1), places


async def availability(port: int, key: str, items: Sequence[uuid.UUID], places: Sequence[uuid.UUID]) -> float:
    """The 99th percentile in milliseconds for fifty items at a hundred places, other items each time."""
    chance = random.Random(1)
    where = ",".join(str(id_) for id_ in places)
    paths = [
        f"/api/v1/availability?item_ids={','.join(str(id_) for id_ in chance.sample(list(items), ITEMS))}&location_ids={where}"
        for _ in range(ASKED // 2)
    ]
    found: Any = await p99(port, key, paths, asked=ASKED // 2)
    return float(found)
