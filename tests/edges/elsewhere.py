"""A platform that is not ours, for estates: two enterprises for each mark, of which one has products; one platform for the run."""

from __future__ import annotations

from typing import Any, Final

from tests.edges.dfc.fake_platforms import Asked, Platform, Reply, Shop, document, plain

TOKEN: Final = "good"
_SHOPS: Final[dict[str, Shop]] = {}
_STARTED: Final[list[Platform]] = []


async def place(mark: str) -> str:
    """Where the API of the platform begins, for an estate."""
    if not _STARTED:
        _STARTED.append(await Platform(_answer).start())
    return f"{_STARTED[0].url}/{mark}"


async def another(mark: str) -> str:
    """The enterprise there that nobody has taken on yet."""
    return f"{await place(mark)}/Enterprises/2"


def _answer(asked: Asked) -> Reply:
    mark, _, rest = asked.path.partition("?")[0].strip("/").partition("/")
    farm = f"{_STARTED[0].url}/{mark}/Enterprises/1"
    if rest == "Enterprises":
        others = {"@id": f"{farm[:-1]}2", "@type": "dfc-b:Enterprise", "dfc-b:name": f"{mark} others"}
        return document({"@id": farm, "@type": "dfc-b:Enterprise", "dfc-b:name": f"{mark} elsewhere"}, others)
    if rest.startswith("Enterprises/1/Orders"):
        shop = _SHOPS.setdefault(mark, Shop())
        shop.base = farm
        return shop(asked)
    if rest == "Enterprises/1/CatalogItems":
        return document(*(node for name in ("pears", "plums") for node in _product(farm, mark, name)))
    return plain(404)


def _product(farm: str, mark: str, name: str) -> list[dict[str, Any]]:
    product = f"{farm}/SuppliedProducts/{name}"
    price = {"@type": "dfc-b:Price", "dfc-b:value": "1.00", "dfc-b:hasUnit": "dfc-m:Euro"}
    return [
        {"@id": product, "@type": "dfc-b:SuppliedProduct", "dfc-b:name": f"{mark} {name}"},
        {
            "@id": f"{product}/Offer",
            "@type": "dfc-b:Offer",
            "dfc-b:offeredItem": {"@id": product},
            "dfc-b:hasPrice": price,
        },
    ]
