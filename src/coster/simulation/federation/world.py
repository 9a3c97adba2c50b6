"""Jean with a barn on one platform, two hubs on two others, each connected to Jean's as people connect them; and items for histories."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from coster.simulation.federation.asking import Client, UnheardError
from coster.simulation.federation.histories import HUBS, JEAN, History
from coster.simulation.federation.platforms import Askers, Platform
from coster.simulation.federation.report import Report
from coster.simulation.wire import Reply

SCOPES: Final = ("read_enterprise", "read_products", "read_orders", "write_orders")
WAIT_SECONDS: Final = 8
_AT_ONCE: Final = 8
_REFRESHES: Final = 60
_PAUSE: Final = 0.5


@dataclass(slots=True)
class Hub:
    """A hub: its enterprise, the supplier that stands for Jean there, and which item of its own is which of Jean's."""

    platform: Platform
    api: Client
    id: str = ""
    supplier: str = ""
    items: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class World:
    """Everybody, connected, by requests or by the commands of people. `home` is the address of Jean's enterprise."""

    report: Report
    jean: Platform
    api: Client
    hubs: list[Hub]
    producer: str = ""
    barn: str = ""
    home: str = ""
    carrots: str = ""
    by_commands: bool = False

    @classmethod
    def of(cls, platforms: Sequence[Platform], report: Report) -> World:
        """Jean's platform first, then the hubs'."""
        jean, *hubs = platforms
        return cls(report, jean, _client(jean, report), [Hub(one, _client(one, report)) for one in hubs])

    async def build(self, askers: Askers) -> None:
        """Jean and her barn; then each hub, with the platform registered at Jean's, the connection, the consent, the first import."""
        # Only what Jean's platform tells others (that something has changed) comes without a token.
        askers.names[""] = JEAN
        jean = await self.api.made(
            "enterprises", {"name": JEAN, "kinds": ["producer", "retailer"], "currency": "EUR"}
        )
        self.producer = jean["id"]
        self.barn = (await self.api.made("locations", {"enterprise_id": self.producer, "name": "Barn"}))["id"]
        self.carrots = await self.stock_item("CARROT", "Carrots", "10")
        for hub, name in zip(self.hubs, HUBS, strict=False):
            await self._connect(hub, name, askers)

    async def stock_item(self, sku: str, name: str, kilos: str) -> str:
        """An item of Jean's by the kilo, with so much of it."""
        about = {"owner_id": self.producer, "sku": sku, "name": name, "stock_unit": "kg", "price": "2.40"}
        item: str = (await self.api.made("items", about, name=f"item {sku}"))["id"]
        await self.api.made("stock-movements", {
            "kind": "adjust", "type": "RECEIPT", "item_id": item, "location_id": self.barn, "quantity": kilos,
        }, name=f"stock {sku}")  # fmt: skip
        return item

    async def _connect(self, hub: Hub, name: str, askers: Askers) -> None:
        made = await hub.api.made("enterprises", {"name": name, "kinds": ["hub"], "currency": "EUR"})
        hub.id = made["id"]
        if self.by_commands:
            await self._connect_by_commands(hub, name, askers)
        else:
            await self._connect_by_requests(hub, name, askers)
        await self.learn(hub)

    async def _connect_by_requests(self, hub: Hub, name: str, askers: Askers) -> None:
        """Registered, allowed, connected, agreed to, and read, each by a request."""
        events = f"{hub.platform.line.url}/api/dfc/events"
        platform = await self.api.made("platforms", {"name": name, "token": True, "events_url": events})
        askers.names[platform["token"]] = name
        scopes = {"enterprise_id": self.producer, "scopes": list(SCOPES)}
        await self.api.made(f"platforms/{platform['id']}/scopes", scopes, method="PUT")
        wanted = {
            "hub_id": hub.id,
            "name": JEAN,
            "url": f"{self.jean.line.url}/api/dfc",
            "secret": platform["token"],
        }
        peer = (await hub.api.made("peers", wanted))["id"]
        found = await hub.api.made(f"peers/{peer}/discoveries", {})
        self.home = _jean(found)
        consent = {
            "peer_id": peer, "enterprise_iri": self.home, "remainder": "loose", "wait_seconds": WAIT_SECONDS,
        }  # fmt: skip
        hub.supplier = (await hub.api.made("suppliers", consent))["id"]
        await hub.api.made(f"suppliers/{hub.supplier}/refreshes", {})

    async def _connect_by_commands(self, hub: Hub, name: str, askers: Askers) -> None:
        """The same, as people do it at their terminals."""
        events = f"{hub.platform.line.url}/api/dfc/events"
        platform = await self.jean.command("platforms", "add", name, "--events", events, "--token", "--json")
        askers.names[platform["token"]] = name
        await self.jean.command("platforms", "allow", platform["id"], *SCOPES, "--enterprise", self.producer)
        url = f"{self.jean.line.url}/api/dfc"
        await hub.platform.command(
            "federation", "connect", url, "--hub", hub.id, "--json", secret=platform["token"]
        )
        [peer] = await hub.api.every("peers")
        self.home = _jean(peer)
        await hub.platform.command(
            "federation", "accept", peer["id"], self.home, "--remainder", "loose", "--wait", str(WAIT_SECONDS)
        )
        [supplier] = await hub.api.every("suppliers")
        hub.supplier = supplier["id"]

    async def refresh(self, hub: Hub) -> None:
        """The hub reads Jean's catalogue again, until the line lets it. UnheardError where it never does."""
        for _ in range(_REFRESHES):
            reply = await hub.api.ask("POST", f"suppliers/{hub.supplier}/refreshes", {})
            if reply.status == 200:
                await self.learn(hub)
                return
            await asyncio.sleep(_PAUSE)
        raise UnheardError(
            f"{hub.platform.name} could not read the catalogue: {reply.status} {reply.body[:300]!r}"
        )

    async def learn(self, hub: Hub) -> None:
        """Which item of the hub's is which of Jean's."""
        for one in await hub.api.every(f"remote-items?supplier_id={hub.supplier}&gone=false"):
            if one["item_id"]:
                hub.items[one["product"].rpartition("/")[2]] = one["item_id"]

    async def day(self, histories: Sequence[History], names: str) -> list[Scene]:
        """Items and sessions for some histories, imported by both hubs."""
        gate = asyncio.Semaphore(_AT_ONCE)

        async def stocked(history: History, place: int) -> str:
            async with gate:
                sku = f"{names}-{history.number}-{place}"
                return await self.stock_item(sku, f"Good {sku}", str(history.stocks[place]))

        items = [
            await asyncio.gather(*(stocked(history, place) for place in range(len(history.stocks))))
            for history in histories
        ]
        await asyncio.gather(*(self.refresh(hub) for hub in self.hubs))
        return [Scene(self, history, list(mine)) for history, mine in zip(histories, items, strict=True)]

    async def clear(self, scenes: Sequence[Scene]) -> None:
        """Jean offers no longer what the histories were about."""
        gate = asyncio.Semaphore(_AT_ONCE)

        async def withdrawn(item: str) -> None:
            async with gate:
                reply = await self.api.ask("GET", f"items/{item}")
                version = reply.json()["version"]
                await self.api.ask(
                    "PATCH", f"items/{item}", {"buyable": False}, name=f"withdraw {item}", version=version
                )

        await asyncio.gather(*(withdrawn(item) for scene in scenes for item in scene.items))

    def close(self) -> None:
        """Ends all connections."""
        for api in (self.api, *(hub.api for hub in self.hubs)):
            api.close()


def _jean(peer: Mapping[str, Any]) -> str:
    """The address of Jean's enterprise, as a platform showed it."""
    [found] = [one["iri"] for one in peer["enterprises"] if one["name"] == JEAN]
    return str(found)


def _client(platform: Platform, report: Report) -> Client:
    return Client(report, platform.server.host, platform.server.port, platform.key)


@dataclass(slots=True)
class Scene:
    """A history in the world: Jean's items for it, and the session of each hub."""

    world: World
    history: History
    items: list[str]
    sessions: list[str] = field(default_factory=list)
    lowered: bool = False

    async def open(self) -> None:
        """Each hub opens its session, which ends by itself."""
        for hub, (seconds, amend) in zip(self.world.hubs, self.history.seconds, strict=True):
            for attempt in count(1):
                closes = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)
                reply = await self._asked(hub, closes, amend, attempt)
                if reply.status == 201:
                    break
                # Its server was away for longer than the session was to be open.
                if reply.json().get("code") != "session_time_past":
                    raise RuntimeError(f"a session was answered {reply.status}: {reply.body[:300]!r}")
            self.sessions.append(reply.json()["id"])

    async def _asked(self, hub: Hub, closes: dt.datetime, amend: float, attempt: int) -> Reply:
        wanted: dict[str, Any] = {
            "coordinator_id": hub.id, "hub_ids": [hub.id], "name": f"History {self.history.number}",
            "opens_at": dt.datetime.now(dt.UTC).isoformat(), "closes_at": closes.isoformat(),
            "amend_until": (closes + dt.timedelta(seconds=amend)).isoformat(),
            "listings": [{"item_id": hub.items[item]} for item in self.items],
        }  # fmt: skip
        return await hub.api.ask("POST", "sessions", wanted, name=f"session {self.history.number}-{attempt}")
