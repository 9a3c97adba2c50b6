"""An oversell storm: many clients and several server processes on a few hot items, with everything that shops do at once.

Checkouts that are completed, fail, are changed and cancelled, sessions that close and open again, stock that is counted and corrected,
and requests that are sent twice. A watcher looks at the stock all the while. The report says what happened and what was broken; a
storm has a seed, so that its choices can be repeated (what the network makes of them cannot).
"""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from coster.engine.db import connect, sql
from coster.engine.db.connect import Target
from coster.simulation.wire import Reply, Wire

_q = sql.load(__file__)

KILOS = 200
DAYS = dt.timedelta(days=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much of a storm: seconds, clients, and the seed of all choices."""

    seconds: float = 60.0
    clients: int = 48
    seed: int = 1


@dataclass(slots=True)
class Report:
    """What was asked and answered, and every sentence about something that must not be."""

    seed: int
    answers: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    placed: dict[str, str] = field(default_factory=dict)
    looks: int = 0

    def told(self) -> dict[str, Any]:
        """The report as JSON types."""
        return {"seed": self.seed, "answers": dict(sorted(self.answers.items())), "orders": len(self.placed),
                "looks": self.looks, "broken": self.broken}  # fmt: skip


class Storm:
    """A storm over running servers, as an owner's key sees it."""

    def __init__(self, plan: Plan, ports: list[int], key: str, database: Target, *, org_id: int = 1) -> None:
        self.plan, self.ports, self.key, self.database, self.org_id = plan, ports, key, database, org_id
        self.report = Report(plan.seed)
        self.items: list[str] = []
        self.hubs: list[str] = []
        self.sessions: dict[str, str] = {}
        self.place = ""
        self._end = 0.0

    def wire(self, n: int) -> Wire:
        """A connection to one of the servers."""
        return Wire("127.0.0.1", self.ports[n % len(self.ports)], self.key)

    # -- before ------------------------------------------------------------------------------------------------

    async def prepare(self) -> None:
        """A producer with three items, two hubs that it supplies (one in cases), and a session for each."""
        wire = self.wire(0)
        producer = await self._make(wire, "enterprises", name="Jean", kinds=["producer"], currency="EUR")
        self.place = await self._make(wire, "locations", enterprise_id=producer, name="Barn")
        for n in range(3):
            case = {"case_quantity": "6"} if n == 2 else {}
            item = await self._make(
                wire,
                "items",
                owner_id=producer,
                sku=f"hot-{n}",
                name=f"Hot {n}",
                stock_unit="kg",
                price="2",
                **case,
            )
            await self._must(
                wire,
                "stock-movements",
                kind="adjust",
                type="RECEIPT",
                item_id=item,
                location_id=self.place,
                quantity=str(KILOS),
            )
            self.items.append(item)
        for name, remainder in (("Hub A", "loose"), ("Hub B", "round_up")):
            hub = await self._make(wire, "enterprises", name=name, kinds=["hub"], currency="EUR")
            await self._must(
                wire, "relations", hub_id=hub, producer_id=producer, remainder=remainder, active=True
            )
            self.hubs.append(hub)
            self.sessions[hub] = await self._open(wire, hub)
        wire.close()

    async def _open(self, wire: Wire, hub: str) -> str:
        now = dt.datetime.now(dt.UTC)
        return await self._make(
            wire, "sessions", coordinator_id=hub, hub_ids=[hub], name="Storm", opens_at=now.isoformat(),
            closes_at=(now + DAYS).isoformat(), listings=[{"item_id": item} for item in self.items],
        )  # fmt: skip

    async def _make(self, wire: Wire, what: str, **body: Any) -> str:
        return str((await self._must(wire, what, **body))["id"])

    async def _must(self, wire: Wire, what: str, **body: Any) -> Any:
        reply = await wire.ask("POST", f"/api/v1/{what}", body)
        if reply.status not in (200, 201):
            raise RuntimeError(
                f"the storm cannot begin: {what} was answered {reply.status} {reply.body[:400]!r}"
            )
        return reply.json()

    # -- while it blows ----------------------------------------------------------------------------------------

    async def blow(self) -> Report:
        """Everybody at once, for the planned time; then the promises are counted."""
        self._end = time.monotonic() + self.plan.seconds
        everybody = [self._shopper(n) for n in range(self.plan.clients)]
        await asyncio.gather(*everybody, self._coordinator(), self._keeper(), self._watcher())
        await self._compare()
        return self.report

    def _blows(self) -> bool:
        return time.monotonic() < self._end

    async def _ask(
        self, wire: Wire, method: str, path: str, body: Any = None, *, twice: bool = False
    ) -> Reply:
        """One request under an Idempotency-Key; `twice` sends it again and compares the answers."""
        key = {"idempotency-key": str(uuid.uuid4())}
        reply = await wire.ask(method, path, body, key)
        code = "" if reply.status < 300 else f" {(reply.json() or {}).get('code', '')}"
        self.report.answers[f"{reply.status}{code}"] += 1
        if reply.status >= 500 and reply.status != 503:
            self.report.broken.append(f"{method} {path} was answered {reply.status}: {reply.body[:200]!r}")
        if twice and reply.status < 500:
            again = await wire.ask(method, path, body, key)
            if (again.status, _said(again)) != (reply.status, _said(reply)):
                self.report.broken.append(
                    f"{method} {path}: {reply.body[:200]!r}, and again: {again.body[:200]!r}"
                )
        return reply

    async def _shopper(self, n: int) -> None:
        choose = random.Random(self.plan.seed * 1000 + n)
        wire = self.wire(n)
        mine: list[str] = []
        while self._blows():
            act = choose.random()
            if act < 0.6 or not mine:
                await self._checkout(wire, choose, mine)
            elif act < 0.7:
                await self._change(wire, choose, choose.choice(mine))
            else:
                await self._cancel(wire, mine.pop(choose.randrange(len(mine))), twice=choose.random() < 0.2)
        wire.close()

    async def _checkout(self, wire: Wire, choose: random.Random, mine: list[str]) -> None:
        hub = choose.choice(self.hubs)
        lines = [
            {"item_id": item, "quantity": str(choose.randint(1, 4))}
            for item in choose.sample(self.items, choose.randint(1, 3))
        ]
        body = {"seller_id": hub, "session_id": self.sessions[hub], "channel": "storm", "reference": uuid.uuid4().hex,
                "lines": lines, "allow_partial": choose.random() < 0.1}  # fmt: skip
        reply = await self._ask(wire, "POST", "/api/v1/orders", body, twice=choose.random() < 0.1)
        if reply.status != 201:
            return
        order = str(reply.json()["id"])
        self.report.placed[order] = "created"
        end = choose.random()
        if end < 0.7:
            await self._event(wire, order, "complete_checkout", "booked")
            mine.append(order)
        elif end < 0.95:
            await self._event(wire, order, "fail_checkout", "cancelled")

    async def _event(self, wire: Wire, order: str, name: str, status: str, *, twice: bool = False) -> None:
        path = f"/api/v1/orders/{order}/events"
        reply = await self._ask(wire, "POST", path, {"name": name}, twice=twice)
        if reply.status == 200:
            self.report.placed[order] = status

    async def _cancel(self, wire: Wire, order: str, *, twice: bool) -> None:
        await self._event(wire, order, "cancel", "cancelled", twice=twice)

    async def _change(self, wire: Wire, choose: random.Random, order: str) -> None:
        change = {
            "name": "change",
            "attributes": {"lines": [{"line": 1, "quantity": str(choose.randint(1, 5))}]},
        }
        await self._ask(wire, "POST", f"/api/v1/orders/{order}/events", change)

    async def _coordinator(self) -> None:
        """Closes sessions, opens some again, and begins new ones while old ones end."""
        choose = random.Random(self.plan.seed)
        wire = self.wire(1)
        while self._blows():
            await asyncio.sleep(0.5 + choose.random())
            hub = choose.choice(self.hubs)
            path = f"/api/v1/sessions/{self.sessions[hub]}/events"
            await self._ask(wire, "POST", path, {"name": "close"}, twice=True)
            if choose.random() < 0.5:
                until = (dt.datetime.now(dt.UTC) + DAYS).isoformat()
                await self._ask(
                    wire,
                    "POST",
                    path,
                    {"name": "reopen", "attributes": {"closes_at": until, "reason": "storm"}},
                )
            else:
                self.sessions[hub] = await self._open(wire, hub)
        wire.close()

    async def _keeper(self) -> None:
        """Counts, corrects and lowers the stock."""
        choose = random.Random(self.plan.seed + 1)
        wire = self.wire(0)
        while self._blows():
            await asyncio.sleep(0.05 + 0.1 * choose.random())
            about = {"item_id": choose.choice(self.items), "location_id": self.place}
            kind = choose.random()
            if kind < 0.4:
                body = {
                    **about,
                    "kind": "adjust",
                    "type": "CORRECTION",
                    "quantity": str(choose.choice([-20, -5, 5, 20])),
                    "reason": "storm",
                }
                await self._ask(wire, "POST", "/api/v1/stock-movements", body)
            elif kind < 0.8:
                body = {**about, "kind": "count", "quantity": str(KILOS), "reason": "storm"}
                await self._ask(wire, "POST", "/api/v1/stock-movements", body)
            else:
                body = {**about, "quantity": str(KILOS // 2), "reason": "storm",
                        "policy": choose.choice(["first_come", "pro_rata", "priority"])}  # fmt: skip
                await self._ask(wire, "POST", "/api/v1/positions:lower", body)
        wire.close()

    # -- looking -----------------------------------------------------------------------------------------------

    async def _watcher(self) -> None:
        """Looks at the stock itself, again and again: never more promised than there is."""
        conn = await connect.connect(self.database)
        while self._blows():
            for row in await _q.oversold(conn, org_id=self.org_id):
                self.report.broken.append(
                    f"position {row['id']} promised {row['promised']} of {row['on_hand']}"
                )
            self.report.looks += 1
            await asyncio.sleep(0.05)
        await conn.close()

    async def _compare(self) -> None:
        """Every acknowledged order is stored as it was acknowledged, and nothing else is; no deadlock was seen."""
        conn = await connect.connect(self.database)
        try:
            stored = {str(row["id"]): row["status"] for row in await _q.statuses(conn, org_id=self.org_id)}
            for order, status in self.report.placed.items():
                if stored.get(order) != status:
                    self.report.broken.append(
                        f"order {order} was acknowledged {status} and is {stored.get(order)}"
                    )
            unasked = len(stored.keys() - self.report.placed.keys())
            if unasked:
                self.report.broken.append(f"{unasked} orders are stored that were never acknowledged")
            if deadlocks := await _q.deadlocks(conn):
                self.report.broken.append(f"{deadlocks} deadlocks")
        finally:
            await conn.close()


def _said(reply: Reply) -> Any:
    """What a reply says, without the name of the request."""
    said = reply.json()
    return (
        {key: value for key, value in said.items() if key not in ("request_id", "instance")} if said else said
    )
