"""Who does what in a storm: shoppers, a coordinator of sessions, a keeper of the stock, and one who takes keys back."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import time
from collections.abc import Callable
from itertools import count
from typing import Any, Final

from coster.simulation.storm.caller import Asked, Caller, Request
from coster.simulation.storm.plan import Plan, Step
from coster.simulation.storm.town import DAYS, KILOS, Town

_ENDS: Final = {
    "complete_checkout": ("booked", "order.checkout_completed"),
    "fail_checkout": ("cancelled", "order.checkout_failed"),
    "cancel": ("cancelled", "order.cancelled"),
}
_THINKING: Final = 1.0
REVOCABLE: Final = 8
Blows = Callable[[], bool]


class Shopper:
    """Does the steps of the plan one after the other, until the storm is over."""

    def __init__(self, plan: Plan, town: Town, number: int) -> None:
        self._plan, self._town, self._number = plan, town, number
        self._mine: list[str] = []
        self._caller = Caller(town.desk, self._good_key(), number)

    def _good_key(self) -> Any:
        """Every fourth shopper comes with a key that may be revoked."""
        if self._number % 4:
            return self._town.owner
        return self._town.keys[self._number // 4 % len(self._town.keys)]

    async def shop(self, blows: Blows) -> None:
        """Steps, with a pause after each."""
        await asyncio.sleep(_THINKING * self._number / self._plan.clients)
        for number in count():
            if not blows():
                break
            step = self._plan.step(self._number, number)
            name = f"{self._number}-{number}"
            if step.act == "checkout" or not self._mine:
                await self._checkout(step, name)
            elif step.act == "change":
                await self._change(step, name, self._mine[int(step.which * len(self._mine))])
            else:
                order = self._mine.pop(int(step.which * len(self._mine)))
                await self._end(step, f"{name}-cancel", order, "cancel")
            await asyncio.sleep(2 * _THINKING * step.pause)
        self._caller.close()

    async def _ask(self, step: Step, request: dict[str, Any]) -> Asked:
        asked = await self._caller.ask(Request(**request, twice=step.twice, hang_up=step.hang_up))
        if asked.code == "key_not_valid":
            self._caller.use(self._good_key())
        return asked

    async def _checkout(self, step: Step, name: str) -> None:
        town = self._town
        hub = town.hubs[step.hub]
        lines = [{"item_id": town.items[item], "quantity": str(quantity)} for item, quantity in step.lines]
        body = {"seller_id": hub, "session_id": town.sessions[hub], "channel": "storm", "reference": name,
                "lines": lines, "allow_partial": step.partial}  # fmt: skip
        asked = await self._ask(
            step,
            {
                "what": "place",
                "path": "/api/v1/orders",
                "body": body,
                "name": name,
                "told": "order.placed",
                "reference": name,
            },
        )
        if asked.status != 201:
            return
        town.placed[asked.entity_id] = "created"
        if step.end and await self._end(step, f"{name}-end", asked.entity_id, step.end) == "booked":
            self._mine.append(asked.entity_id)

    async def _end(self, step: Step, name: str, order: str, event: str) -> str:
        status, told = _ENDS[event]
        path = f"/api/v1/orders/{order}/events"
        asked = await self._ask(
            step, {"what": event, "path": path, "body": {"name": event}, "name": name, "told": told}
        )
        if asked.status == 0:
            self._town.placed[order] = ""
        if asked.status != 200:
            return ""
        self._town.placed[order] = status
        return status

    async def _change(self, step: Step, name: str, order: str) -> None:
        lines = [{"line": 1, "quantity": str(step.lines[0][1])}]
        body = {"name": "change", "attributes": {"lines": lines}}
        path = f"/api/v1/orders/{order}/events"
        told = {"told": "order.changed", "name": f"{name}-change"}
        await self._ask(step, {"what": "change", "path": path, "body": body, **told})


async def coordinate(plan: Plan, town: Town, blows: Blows) -> None:
    """Closes sessions, opens some again, and begins new ones while old ones end."""
    choose, caller = random.Random(f"{plan.seed} coordinator"), Caller(town.desk, town.owner, 1)
    for number in count():
        await asyncio.sleep(0.5 + choose.random())
        hub, again = choose.choice(town.hubs), choose.random() < 0.5
        if not blows():
            break
        name, path = f"session {number}", f"/api/v1/sessions/{town.sessions[hub]}/events"
        close = Request(
            what="close", path=path, body={"name": "close"}, name=name, told="session.closed", twice=True
        )
        await caller.ask(close)
        if again:
            until = (dt.datetime.now(dt.UTC) + DAYS).isoformat()
            body = {"name": "reopen", "attributes": {"closes_at": until, "reason": "storm"}}
            reopen = Request(
                what="reopen", path=path, body=body, name=f"{name} again", told="session.reopened"
            )
            await caller.ask(reopen)
        else:
            await town.open_session(caller, hub, f"{name} next")
    caller.close()


async def keep_stock(plan: Plan, town: Town, blows: Blows) -> None:
    """Counts, corrects and lowers the stock."""
    choose, caller = random.Random(f"{plan.seed} keeper"), Caller(town.desk, town.owner, 0)
    for number in count():
        await asyncio.sleep(0.05 + 0.1 * choose.random())
        about = {"item_id": choose.choice(town.items), "location_id": town.place, "reason": "storm"}
        kind, change = choose.random(), choose.choice([-20, -5, 5, 20])
        policy = choose.choice(["first_come", "pro_rata", "priority"])
        if not blows():
            break
        more: dict[str, Any] = {"path": "/api/v1/stock-movements", "name": f"stock {number}"}
        if kind < 0.4:
            body = {**about, "kind": "adjust", "type": "CORRECTION", "quantity": str(change)}
            more |= {"what": "correct", "told": "stock.changed", "quantity": 1000 * change}
        elif kind < 0.8:
            body = {**about, "kind": "count", "quantity": str(KILOS)}
            more |= {"what": "count", "told": "stock.changed", "counted": 1000 * KILOS}
        else:
            body = {**about, "quantity": str(KILOS // 2), "policy": policy}
            more |= {"what": "lower", "path": "/api/v1/positions:lower"}
        await caller.ask(Request(body=body, **more))
    caller.close()


async def revoke_keys(plan: Plan, town: Town, blows: Blows) -> None:
    """Makes new keys, and takes back those that they replace while shoppers use them."""
    choose, caller = random.Random(f"{plan.seed} keys"), Caller(town.desk, town.owner, 0)
    for number in count():
        await asyncio.sleep(1 + choose.random())
        slot = choose.randrange(len(town.keys))
        if not blows():
            break
        fresh = await town.new_key(town.desk.ports[number % len(town.desk.ports)], f"storm {number}")
        if fresh is None:
            continue
        old, path = town.keys[slot], f"/api/v1/keys/{town.keys[slot].id}"
        asked = await caller.ask(
            Request(
                what="revoke",
                method="DELETE",
                path=path,
                body=None,
                name=f"revoke {number}",
                told="key.revoked",
            )
        )
        if asked.status == 200:
            old.revoked_at = time.monotonic()
        town.keys[slot] = fresh
    caller.close()
