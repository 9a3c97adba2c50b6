"""The town in which a storm blows: a producer with three items, two hubs that it supplies, a session for each."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from coster.simulation.storm.caller import Asked, Caller, Desk, Key, Request
from coster.simulation.storm.plan import ITEMS
from coster.simulation.wire import Wire

KILOS: Final = 200
DAYS: Final = dt.timedelta(days=3)


@dataclass(slots=True)
class Town:
    """Who and what there is; `keys` can be revoked at any moment and are replaced then, `placed` is what became of orders as
    far as was acknowledged ('' : nobody knows).
    """

    desk: Desk
    owner: Key
    place: str = ""
    items: list[str] = field(default_factory=list)
    hubs: list[str] = field(default_factory=list)
    sessions: dict[str, str] = field(default_factory=dict)
    keys: list[Key] = field(default_factory=list)
    placed: dict[str, str] = field(default_factory=dict)

    async def build(self) -> None:
        """Everything that must be there before; RuntimeError where something is refused."""
        caller, n = Caller(self.desk, self.owner, 0), count()

        async def make(path: str, **body: Any) -> str:
            name = f"town {next(n)}"
            asked = await caller.ask(Request(what="build", path=f"/api/v1/{path}", body=body, name=name))
            if asked.status not in (200, 201):
                raise RuntimeError(f"the storm cannot begin: {path} was answered {asked.status} {asked.code}")
            return asked.entity_id

        producer = await make("enterprises", name="Jean", kinds=["producer"], currency="EUR")
        self.place = await make("locations", enterprise_id=producer, name="Barn")
        for number in range(ITEMS):
            case = {"case_quantity": "6"} if number == 2 else {}
            about = {"sku": f"hot-{number}", "name": f"Hot {number}", "stock_unit": "kg", "price": "2"}
            item = await make("items", owner_id=producer, **about, **case)
            stock = {"item_id": item, "location_id": self.place, "quantity": str(KILOS)}
            await make("stock-movements", kind="adjust", type="RECEIPT", **stock)
            self.items.append(item)
        for name, remainder in (("Hub A", "loose"), ("Hub B", "round_up")):
            hub = await make("enterprises", name=name, kinds=["hub"], currency="EUR")
            terms = {"hub_id": hub, "producer_id": producer, "remainder": remainder, "active": True}
            await make("relations", **terms)
            self.hubs.append(hub)
            await self.open_session(caller, hub, f"town session {hub}")
        caller.close()

    async def open_session(self, caller: Caller, hub: str, name: str) -> Asked:
        """A new session of a hub, which its orders are for from now on."""
        now = dt.datetime.now(dt.UTC)
        listings = [{"item_id": item} for item in self.items]
        times = {"opens_at": now.isoformat(), "closes_at": (now + DAYS).isoformat()}
        body = {"coordinator_id": hub, "hub_ids": [hub], "name": "Storm", "listings": listings, **times}
        asked = await caller.ask(Request(what="open session", path="/api/v1/sessions", body=body, name=name))
        if asked.status == 201:
            self.sessions[hub] = asked.entity_id
        return asked

    async def new_key(self, port: int, name: str) -> Key | None:
        """A key for a shop; None where the answer with its secret got lost, which is shown once."""
        wire = Wire("127.0.0.1", port, self.owner.token, timeout=10)
        body = {"name": name, "grants": [{"role": "shop"}]}
        try:
            reply = await wire.ask("POST", "/api/v1/keys", body)
        except (OSError, EOFError, TimeoutError, ValueError):
            return None
        finally:
            wire.close()
        if reply.status != 201:
            return None
        made = reply.json()
        return Key(uuid.UUID(made["id"]), made["token"])
