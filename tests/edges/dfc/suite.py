"""The fixtures of the interop suite for platforms of the standard, as they are and with our addresses in them."""

from __future__ import annotations

from dataclasses import dataclass

import httpx2

from coster.edges.dfc.language.reading import read
from coster.edges.dfc.language.records import Graph, R
from tests.edges.conftest import Server
from tests.edges.dfc.shared import REFERENCE
from tests.edges.scene import made

FOLDER = REFERENCE / "dfc-data" / "unit-test-suite"
THEIRS = "http://example.org/api/dfc/Enterprises/10000"
CONTENT = {"content-type": "application/ld+json"}


def fixture_of(name: str) -> str:
    """The text of a fixture; without the folder beside the project its tests are not gathered (conftest.py says so)."""
    return (FOLDER / name).read_text("utf-8")


def graph_of(text: str) -> Graph:
    """The records of a document without faults."""
    found = read(text)
    assert found.faults == ()
    return found.graph


def one(graph: Graph, kind: type[R]) -> R:
    """The only record of a class that says something."""
    (found,) = [record for record in graph.of(kind) if record != kind(id=record.id)]
    return found


@dataclass(frozen=True)
class Fred:
    """Fred's farm of the suite on a server of ours: its address here, and an item with offer and place in the catalogue."""

    server: Server
    id: str
    item: str

    @property
    def home(self) -> str:
        """The address of the enterprise."""
        return f"{self.server.url}/api/dfc/Enterprises/{self.id}"

    def ours(self, text: str) -> str:
        """A fixture with our addresses where it has those of the suite."""
        farm = text.replace(THEIRS, self.home).replace(
            "customerCategories/10005/Offers/10001", f"Offers/{self.item}"
        )
        return farm.replace("CatalogItems/10001", f"CatalogItems/{self.item}").replace(
            "SuppliedProducts/10001", f"SuppliedProducts/{self.item}"
        ).replace("dfc-m:GBP", "dfc-m:Euro")  # fmt: skip

    async def send(self, method: str, path: str, text: str) -> httpx2.Response:
        """A document to an address below the farm."""
        return await self.server.owner.request(method, self.home + path, content=text, headers=CONTENT)

    async def shown(self, path: str = "") -> Graph:
        """What is there now."""
        answer = await self.server.owner.get(self.home + path)
        assert answer.status_code == 200, answer.text
        return graph_of(answer.text)


async def fred(server: Server) -> Fred:
    """A new farm."""
    farm = await made(
        server.owner, "/enterprises", {"name": "Fred", "kinds": ["producer"], "currency": "EUR"}
    )
    await made(server.owner, "/locations", {"enterprise_id": farm["id"], "name": "Barn"})
    item = {"owner_id": farm["id"], "sku": "P", "name": "Pesto", "price": "1.00"}
    return Fred(server, farm["id"], (await made(server.owner, "/items", item))["id"])
