"""Who does what in a history: shoppers at both hubs, and Jean; and the account of what was promised to shoppers for sure."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from coster.simulation.federation.anonymity import MARK
from coster.simulation.federation.asking import UnheardError
from coster.simulation.federation.histories import Deed
from coster.simulation.federation.world import Hub, Scene
from coster.simulation.wire import Reply

Spot: TypeAlias = tuple[str, str]
"""A hub's session, and an item of Jean's."""
_THINKING: Final = 0.8


@dataclass(slots=True)
class Sure:
    """What shoppers were told yes to, in thousandths by session and item, less whatever they have begun to give back.

    `given_back` counts how often anything was; while it stands still, what stands here is held at Jean's. `missed` is what was
    found not to be.
    """

    promised: Counter[Spot] = field(default_factory=Counter)
    given_back: Counter[Spot] = field(default_factory=Counter)
    orders: dict[tuple[str, str], Told] = field(default_factory=dict)
    missed: set[Spot] = field(default_factory=set)

    def more(self, spot: Spot, quantity: int) -> None:
        """Somebody was told yes."""
        self.promised[spot] += quantity

    def less(self, spot: Spot, quantity: int) -> None:
        """Somebody begins to give back, or may be about to."""
        self.promised[spot] -= quantity
        self.given_back[spot] += 1


@dataclass(slots=True)
class Told:
    """An order as it was last acknowledged: quantities (thousandths) by Jean's item, and its status; '' : nobody knows."""

    scene: Scene
    status: str
    lines: dict[str, int]


class Shopper:
    """One shopper of a hub, who does one deed after the other."""

    def __init__(self, scene: Scene, hub: int, number: int, sure: Sure) -> None:
        self._scene, self._sure = scene, sure
        self._hub: Hub = scene.world.hubs[hub]
        self._session = scene.sessions[hub]
        self._name = f"{MARK}-{scene.history.number}-{hub}-{number}"
        self._back = {theirs: ours for ours, theirs in self._hub.items.items()}
        self._mine: list[str] = []
        self._customer = ""

    async def shop(self, deeds: tuple[Deed, ...], goes_on: Callable[[], bool]) -> None:
        """Everything that was chosen."""
        try:
            await self._register()
            for number, deed in enumerate(deeds):
                await asyncio.sleep(2 * _THINKING * deed.pause)
                if not goes_on():
                    break
                await self._do(deed, f"{self._name}-{number}")
        except UnheardError as unheard:
            self._scene.world.report.break_(f"a shopper of {self._hub.platform.name} gave up: {unheard}")

    async def _register(self) -> None:
        person = {
            "seller_id": self._hub.id, "name": f"Ali {MARK}", "email": f"{self._name}@{MARK.lower()}.example",
            "phone": "+33 612345678", "address": {"street": f"5 {MARK} Lane", "city": MARK},
        }  # fmt: skip
        made = await self._hub.api.made("customers", person, name=f"{self._name}-customer")
        self._customer = made["id"]

    async def _do(self, deed: Deed, name: str) -> None:
        if deed.act == "refresh":
            reply = await self._hub.api.ask("POST", f"suppliers/{self._hub.supplier}/refreshes", {})
            self._note("refresh", reply)
        elif deed.act == "close":
            reply = await self._event(f"sessions/{self._session}", {"name": "close"}, f"{name}-close")
            self._note("close", reply)
        elif deed.act == "buy" or not self._mine:
            await self._buy(deed, name)
        elif deed.act == "cancel":
            await self._end(self._mine.pop(int(deed.which * len(self._mine))), "cancel", name)
        else:
            await self._change(self._mine[int(deed.which * len(self._mine))], deed, name)

    def _note(self, what: str, reply: Reply) -> None:
        code = "" if reply.status < 300 else f" {(reply.json() or {}).get('code', '')}"
        self._scene.world.report.answers[f"{self._hub.platform.name}: {what} {reply.status}{code}"] += 1

    async def _event(self, path: str, body: Any, name: str) -> Reply:
        return await self._hub.api.ask("POST", f"{path}/events", body, name=name)

    # ------------------------------------------------------------------------------------------------ deeds

    async def _buy(self, deed: Deed, name: str) -> None:
        lines = [
            {"item_id": self._hub.items[self._scene.items[item]], "quantity": str(kilos)}
            for item, kilos in deed.lines
        ]
        body = {
            "seller_id": self._hub.id, "session_id": self._session, "customer_id": self._customer, "channel": "web",
            "reference": name, "lines": lines, "completed": deed.end == "whole",
        }  # fmt: skip
        reply = await self._hub.api.ask("POST", "orders", body, name=name)
        if deed.twice:
            await self._again(body, name, reply)
        self._note("buy", reply)
        if reply.status != 201:
            return
        said = reply.json()
        order, key = said["id"], (self._hub.platform.name, said["id"])
        await self._hub.api.ask(
            "POST", f"orders/{order}/comments", {"text": f"Rings twice. {MARK}"}, name=f"{name}-note"
        )
        quantities = {
            self._back[line["item_id"]]: _thousandths(line["stock_quantity"]) for line in said["lines"]
        }
        self._sure.orders[key] = Told(self._scene, said["status"], quantities)
        if deed.end == "whole":
            self._grow(order)
            self._mine.append(order)
        elif deed.end == "complete":
            ended = await self._ended(order, "complete_checkout", name, "booked")
            if ended:
                self._grow(order)
                self._mine.append(order)
        elif deed.end == "fail":
            await self._ended(order, "fail_checkout", name, "cancelled")
        else:
            # It ends by itself with its session, or before.
            self._sure.orders[key].status = ""

    async def _again(self, body: Any, name: str, first: Reply) -> None:
        again = await self._hub.api.ask("POST", "orders", body, name=name)
        if (again.status, _of(again)) != (first.status, _of(first)):
            self._scene.world.report.break_(
                f"{self._hub.platform.name} answered an order {first.status} {_of(first)}, and again {again.status} {_of(again)}"
            )

    async def _ended(self, order: str, event: str, name: str, status: str) -> bool:
        reply = await self._event(f"orders/{order}", {"name": event}, f"{name}-{event}")
        self._note(event, reply)
        told = self._sure.orders[self._hub.platform.name, order]
        told.status = status if reply.status == 200 else ""
        return reply.status == 200

    async def _end(self, order: str, event: str, name: str) -> None:
        told = self._sure.orders[self._hub.platform.name, order]
        self._shrink(order)
        reply = await self._event(f"orders/{order}", {"name": event}, f"{name}-{event}")
        self._note(event, reply)
        if reply.status == 200:
            told.status = "cancelled"
        else:
            # It was too late: what was promised still is.
            self._grow(order)

    async def _change(self, order: str, deed: Deed, name: str) -> None:
        told = self._sure.orders[self._hub.platform.name, order]
        kilos = deed.lines[0][1] - 1 if deed.amount < 0 else deed.lines[0][1]
        self._shrink(order)
        body = {"name": "change", "attributes": {"lines": [{"line": 1, "quantity": str(kilos)}]}}
        reply = await self._event(f"orders/{order}", body, f"{name}-change")
        self._note("change", reply)
        if reply.status == 200:
            said = reply.json()
            told.lines = {
                self._back[line["item_id"]]: _thousandths(line["stock_quantity"]) for line in said["lines"]
            }
            told.status = said["status"]
        self._grow(order)

    def _grow(self, order: str) -> None:
        told = self._sure.orders[self._hub.platform.name, order]
        for item, quantity in told.lines.items():
            self._sure.more((self._session, item), quantity)

    def _shrink(self, order: str) -> None:
        told = self._sure.orders[self._hub.platform.name, order]
        for item, quantity in told.lines.items():
            self._sure.less((self._session, item), quantity)


async def farm(scene: Scene, goes_on: Callable[[], bool]) -> None:
    """What Jean does herself meanwhile: she sells, counts, corrects, and finds less than she thought."""
    world, mine = scene.world, list[str]()
    for number, deed in enumerate(scene.history.jean):
        await asyncio.sleep(3 * _THINKING * deed.pause)
        if not goes_on():
            break
        item, kilos = scene.items[deed.lines[0][0]], deed.lines[0][1]
        spot = {"item_id": item, "location_id": world.barn, "reason": "the barn"}
        name = f"jean-{scene.history.number}-{number}"
        act = "sell" if deed.act == "unsell" and not mine else deed.act
        path, body = "stock-movements", dict[str, Any]()
        if act == "sell":
            path = "orders"
            body = {
                "seller_id": world.producer, "channel": "farm gate", "reference": f"{MARK} {name}", "completed": True,
                "lines": [{"item_id": item, "quantity": str(kilos)}],
            }  # fmt: skip
        elif act == "unsell":
            path, body = f"orders/{mine.pop()}/events", {"name": "cancel"}
        elif act == "correct":
            body = {**spot, "kind": "adjust", "type": "CORRECTION", "quantity": str(deed.amount)}
        elif act == "count":
            body = {**spot, "kind": "count", "quantity": str(kilos + 5)}
        else:
            scene.lowered = True
            path, body = "positions:lower", {**spot, "quantity": str(kilos), "policy": "first_come"}
        reply = await world.api.ask("POST", path, body, name=name)
        code = "" if reply.status < 300 else f" {reply.json().get('code', '')}"
        world.report.answers[f"Jean: {act} {reply.status}{code}"] += 1
        if act == "sell" and reply.status == 201:
            mine.append(reply.json()["id"])


def _thousandths(text: str) -> int:
    whole, _, part = text.partition(".")
    return int(whole) * 1000 + int((part + "000")[:3])


def _of(reply: Reply) -> str:
    said = reply.json() or {}
    return str(said.get("id") or said.get("code"))
