"""The story of docs/guide/first-steps.md across three servers: Jean's platform, Hub A's and Hub B's, with a cut line in the middle.

After each step both sides are read: what Jean's platform holds for each hub, and that each hub says the same.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

from coster.simulation.federation.anonymity import MARK
from coster.simulation.federation.weather import LOSE_ANSWER, Fault
from coster.simulation.federation.world import Hub, World
from coster.simulation.wire import Reply

MONDAY: Final = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
CLOCK: Final = {"clock": "manual", "clock_start": "2026-11-23T05:00:00Z"}
"""Settings of a server on which the story is told."""
END: Final = "2026-11-27T21:00:00Z"
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri")
_SHOPPERS: Final = {"Hub A": ("Ali", "Paul"), "Hub B": ("David", "Michael")}
_PATIENCE: Final = 20.0
_LOOK: Final = 0.1
_TRIES: Final = 8
_CUT_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What Jean's platform holds for each hub, in words (a dash: nothing), and the kilos left."""

    hub_a: str = "–"
    hub_b: str = "–"
    left: str = "10 kg"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """When, who, what happened, how things stand after it, and how the story says that they must."""

    when: str
    who: str
    what: str
    seen: Standing
    expected: Standing


def at(when: str) -> dt.datetime:
    """A full hour of the story's week, `Thu 18`, as an instant."""
    day, _, hour = when.partition(" ")
    return MONDAY + dt.timedelta(days=_DAYS.index(day), hours=int(hour))


@dataclass(slots=True)
class Teller:
    """Does what a step says, and looks at what came of it on both sides. `cut`: whether the line fails where the story says so."""

    world: World
    cut: bool
    carrots: str = ""
    sessions: dict[str, str] = field(default_factory=dict)
    customers: dict[str, str] = field(default_factory=dict)
    orders: dict[str, str] = field(default_factory=dict)

    async def prepare(self) -> None:
        """The session of each hub, and four shoppers."""
        self.carrots = self.world.carrots
        for hub, opens, closes in zip(self.world.hubs, ("Mon", "Tue"), ("Fri", "Thu"), strict=True):
            name = hub.platform.name
            wanted = {
                "coordinator_id": hub.id, "hub_ids": [hub.id], "name": f"{name}, week 48",
                "opens_at": at(f"{opens} 06").isoformat(), "closes_at": at(f"{closes} 18").isoformat(),
                "amend_until": at(f"{closes} 20").isoformat(),
                "listings": [{"item_id": hub.items[self.carrots]}],
            }  # fmt: skip
            self.sessions[name] = (await hub.api.made("sessions", wanted, name=f"story {name}"))["id"]
            for shopper in _SHOPPERS[name]:
                person = {
                    "seller_id": hub.id,
                    "name": f"{shopper} {MARK}",
                    "email": f"{shopper}@{MARK}.example",
                }
                made = await hub.api.made("customers", person, name=f"story {shopper}")
                self.customers[shopper] = made["id"]

    def hub(self, name: str) -> Hub:
        """The hub of a name."""
        return next(hub for hub in self.world.hubs if hub.platform.name == name)

    async def step(self, when: str, who: str, what: str, expected: Standing) -> Step:
        """It is that hour, and whatever is due happens by itself."""
        await self._come(when)
        return await self._told(when, who, what, expected)

    async def order(self, when: str, who: str, hub: str, kilos: int, expected: Standing) -> Step:
        """A shopper orders, and is answered when Jean's platform has answered."""
        await self._come(when)
        reply = await self._place(who, hub, kilos)
        what = f"orders {kilos} kg at {hub}"
        if reply.status == 201:
            self.orders[who] = reply.json()["id"]
        else:
            what = f"{what}, and is refused: {reply.json().get('code')}"
        return await self._told(when, who, what, expected)

    async def refusal(self, when: str, who: str, hub: str, kilos: int, expected: Standing) -> Step:
        """A shopper asks for too much, and is told how much he can have."""
        await self._come(when)
        reply = await self._place(who, hub, kilos)
        said = reply.json()
        if reply.status != 409 or said.get("code") != "supplier_refused":
            return await self._told(
                when, who, f"asks for {kilos} kg and is answered {reply.status}", Standing(left="a refusal")
            )
        can = said["lines"][0]["available"]
        what = f"asks for {kilos} kg at {hub}; refused by Jean's platform: he can have {can} kg"
        right = f"{can} kg" == expected.left
        return await self._told(when, who, what, expected if right else Standing(left="what he was told"))

    async def cancel(self, when: str, who: str, hub: str, expected: Standing) -> Step:
        """A shopper cancels; where the line is cut meanwhile, Jean's platform hears of it as soon as it carries again."""
        await self._come(when)
        what = f"cancels; {hub}'s order shrinks at once"
        if self.cut:
            self.world.jean.line.cut(hub)
        await self.hub(hub).api.made(
            f"orders/{self.orders[who]}/events", {"name": "cancel"}, name=f"story {who} cancels"
        )
        if self.cut:
            await asyncio.sleep(_CUT_SECONDS)
            [link] = await self.hub(hub).api.every("links")
            what = f"cancels while {hub}'s line is cut (its link is {link['standing']}); it shrinks when the line carries again"
            if not link["behind"]:
                what, expected = f"{what} (but nothing was behind)", Standing(left="a link that is behind")
            self.world.jean.line.mend()
        return await self._told(when, who, what, expected)

    async def _come(self, when: str) -> None:
        """It is that hour everywhere, and whatever is due has happened."""
        for api in (self.world.api, *(hub.api for hub in self.world.hubs)):
            await api.made("clock", {"to": at(when).isoformat()})

    async def _place(self, who: str, hub: str, kilos: int) -> Reply:
        """What a shopper is answered; told that Jean's platform was silent, he asks again."""
        place = self.hub(hub)
        lines = [{"item_id": place.items[self.carrots], "quantity": str(kilos)}]
        for attempt in range(_TRIES):
            name = f"{MARK} {who} {kilos} {attempt}"
            order = {
                "seller_id": place.id, "session_id": self.sessions[hub], "customer_id": self.customers[who],
                "channel": "web", "reference": name, "completed": True, "lines": lines,
            }  # fmt: skip
            reply = await place.api.ask("POST", "orders", order, name=name)
            if reply.status != 503:
                break
        return reply

    async def _told(self, when: str, who: str, what: str, expected: Standing) -> Step:
        """How things stand, as soon as they stand as they must, or after some seconds however they do."""
        until = time.monotonic() + _PATIENCE
        seen = await self._seen()
        while seen != expected and time.monotonic() < until:
            await asyncio.sleep(_LOOK)
            seen = await self._seen()
        return Step(when=f"{when}:00", who=who, what=what, seen=seen, expected=expected)

    async def _seen(self) -> Standing:
        position = (await self.world.api.every(f"positions?item_id={self.carrots}"))[0]
        theirs = {
            one["hub"]: _words(one) for one in await self.world.api.every("held-orders") if one["lines"]
        }
        found = []
        for hub in self.world.hubs:
            ours = next((_words(one) for one in await hub.api.every("held-orders") if one["lines"]), "–")
            there = theirs.get(hub.platform.name, "–")
            found.append(there if there == ours else f"{there} (but {hub.platform.name} says {ours})")
        return Standing(hub_a=found[0], hub_b=found[1], left=f"{position['available']} kg")


def _words(order: dict[str, Any]) -> str:
    lines = " + ".join(f"{line['quantity']} {line['unit']}" for line in order["lines"])
    return f"{lines}, {order['status']}/{order['fulfilment']}"


async def tell(world: World, *, cut: bool = True) -> AsyncIterator[Step]:
    """The week, step by step, on servers whose clocks are moved by hand. `cut`: one answer is lost, and one line is cut for a while."""
    teller = Teller(world, cut)
    await teller.prepare()
    yield await teller.step(
        "Mon 08", "Jean", "has 10 kg of carrots this week, on a platform of her own", Standing()
    )
    yield await teller.order("Mon 09", "Ali", "Hub A", 1, Standing(hub_a="1 kg, Held/Held", left="9 kg"))
    yield await teller.order("Tue 10", "Paul", "Hub A", 5, Standing(hub_a="6 kg, Held/Held", left="4 kg"))
    three = Standing(hub_a="6 kg, Held/Held", hub_b="3 kg, Held/Held", left="1 kg")
    if cut:
        world.jean.line.coming.append(Fault(kind=LOSE_ANSWER))
    david = await teller.order("Wed 11", "David", "Hub B", 3, three)
    lost = "; the first answer of Jean's platform is lost, and asked for again" if cut else ""
    yield replace(david, what=f"{david.what}{lost}")
    yield await teller.refusal("Thu 12", "Michael", "Hub B", 2, three)
    four = Standing(hub_a="6 kg, Held/Held", hub_b="4 kg, Held/Held", left="0 kg")
    yield await teller.order("Thu 13", "Michael", "Hub B", 1, four)
    complete = "4 kg, Complete/Unfulfilled"
    done = Standing(hub_a="6 kg, Held/Held", hub_b=complete, left="0 kg")
    yield await teller.step(
        "Thu 21", "Hub B", "has closed its session; its order is completed on Jean's platform", done
    )
    five = Standing(hub_a="5 kg, Held/Held", hub_b=complete, left="1 kg")
    yield await teller.cancel("Fri 12", "Ali", "Hub A", five)
    end = Standing(hub_a="5 kg, Complete/Unfulfilled", hub_b=complete, left="1 kg")
    yield await teller.step(
        "Fri 21", "Hub A", "has closed its session; its order is completed on Jean's platform", end
    )
