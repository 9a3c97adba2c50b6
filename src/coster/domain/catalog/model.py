"""Records of the catalogue: items, sales units, kits, and the commands that change them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

import msgspec


class SalesUnit(msgspec.Struct, frozen=True, kw_only=True):
    """One sales unit is num/den stock units, exactly; without a price of its own it costs num/den stock units."""

    code: str
    num: int
    den: int = 1
    price_micros: int | None = None


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """Thousandths of the component's stock unit in one kit."""

    item_id: uuid.UUID
    quantity: int


class PutItem(msgspec.Struct, frozen=True, kw_only=True):
    """Creates the item, or replaces it with its units and components where `expected_version` fits (None: any)."""

    item_id: uuid.UUID
    owner_id: uuid.UUID
    sku: str
    name: str
    product: str = ""
    stock_unit: str = "piece"
    weight_mg: int | None = None
    price_micros: int = 0
    min_quantity: int = 0
    max_quantity: int | None = None
    multiple_quantity: int = 1
    case_quantity: int | None = None
    tracked: bool = True
    buyable: bool = True
    sales_units: list[SalesUnit] = []
    components: list[Component] = []
    expected_version: int | None = None


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """An item with its units and components, as other rooms see it. `units` always holds the stock unit itself."""

    id: uuid.UUID
    owner_id: uuid.UUID
    sku: str
    name: str
    product: str
    stock_unit: str
    weight_mg: int | None
    price_micros: int
    min_quantity: int
    max_quantity: int | None
    multiple_quantity: int
    case_quantity: int | None
    tracked: bool
    buyable: bool
    units: dict[str, SalesUnit]
    components: tuple[Component, ...]


class VersionedItem(Item, frozen=True, kw_only=True):
    """An item with the number of its changes, for deciding and for lists."""

    version: int


class Details(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a producer tells the public of an item; all of it optional, and nothing here is reckoned with.

    `types` and `certifications` are names of the standard's lists, or whole addresses of others; `images` addresses; `alcohol` and
    `vat_rate` decimals in percent, `lifetime` as the producer words it. None: nothing is said.
    """

    description: str = ""
    types: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    certifications: tuple[str, ...] = ()
    lifetime: str = ""
    alcohol: str = ""
    vat_rate: str = ""
    frozen: bool | None = None
    refrigerated: bool | None = None


class PutDetails(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of an item from now on, all of it."""

    item_id: uuid.UUID
    details: Details
    expected_version: int | None = None


class VersionedDetails(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of an item, with the number of its changes."""

    item_id: uuid.UUID
    details: Details
    version: int


class DetailsState(msgspec.Struct, frozen=True, kw_only=True):
    """What deciding about details needs: whose the items are, of those that there are, and what is told of them; by id."""

    owners: dict[uuid.UUID, uuid.UUID]
    details: dict[uuid.UUID, VersionedDetails]


class ItemKey(msgspec.Struct, frozen=True, kw_only=True):
    """What deciding needs of an item that exists: whose it is, its SKU, whether it is a kit, its version."""

    id: uuid.UUID
    owner_id: uuid.UUID
    sku: str
    kit: bool
    version: int


class CatalogState(msgspec.Struct, frozen=True, kw_only=True):
    """What deciding about items needs.

    `items`: the named items and components that exist; `skus`: who has the wanted SKUs, by (owner, SKU);
    `parts`: pairs of kit and component in which a named item is either; `owners`: the named owners that exist;
    `suppliers`: pairs of hub and producer with an active relation.
    """

    items: dict[uuid.UUID, ItemKey]
    skus: dict[tuple[uuid.UUID, str], uuid.UUID]
    parts: frozenset[tuple[uuid.UUID, uuid.UUID]]
    owners: frozenset[uuid.UUID]
    suppliers: frozenset[tuple[uuid.UUID, uuid.UUID]]


class CatalogWrites(msgspec.Struct, frozen=True, kw_only=True):
    """Items to store whole, the stock unit not among their units; those of `renamed` exist and change their SKU."""

    items: list[VersionedItem]
    renamed: list[uuid.UUID]


class ItemsWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which items a list shall have: `name` is how it begins, in any case; `after` the last id seen; None: any.

    `backwards`: from the highest id down, those before `before`.
    """

    owner_id: uuid.UUID | None = None
    sku: str | None = None
    buyable: bool | None = None
    name: str | None = None
    ids: list[uuid.UUID] | None = None
    product: str | None = None
    owners: list[uuid.UUID] | None = None
    after: uuid.UUID | None = None
    before: uuid.UUID | None = None
    backwards: bool = False
    limit: int = 100


def with_stock_unit(stock_unit: str, units: Iterable[SalesUnit]) -> dict[str, SalesUnit]:
    """The units in which an item can be ordered, by code: the stock unit itself first, then the others."""
    every = {stock_unit: SalesUnit(code=stock_unit, num=1)}
    for unit in units:
        every[unit.code] = unit
    return every
