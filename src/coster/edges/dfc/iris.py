"""Addresses of what we show to other platforms, and back: `{base}/Enterprises/{id}/Offers/{id}` and its kind.

Written in one spelling; read in all that peers write (`enterprises`, `supplied_products`, `orderlines`), since an address comes back from
a platform that may have put it together by itself.
"""

from __future__ import annotations

import base64
import binascii
import uuid
from itertools import zip_longest
from typing import Final

import msgspec

from coster.edges.http.paths import loosely

PREFIX: Final = "/api/dfc"
_COLLECTIONS: Final = (
    "Enterprises", "Orders", "orderLines", "Offers", "SuppliedProducts", "CatalogItems", "Catalogs", "SaleSessions",
    "CustomerCategories", "ProductGroups", "Persons", "Addresses", "PhoneNumbers", "SocialMedias", "Platforms",
)  # fmt: skip
_BY_WORD: Final = {loosely(name): name for name in _COLLECTIONS} | {
    "organizations": "Enterprises",
    "salessession": "SaleSessions",
    "salessessions": "SaleSessions",
    "salesession": "SaleSessions",
    "offer": "Offers",
}


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """What an address of ours names: the collection, the object's id in it, and in whose enterprise and which order it stands.

    `id` is None where the collection itself is named, or a place in it that is yet to be filled (`…/Orders/#`). A product's own
    `…/SuppliedProducts/{id}/Offer` is the offer of that id.
    """

    collection: str
    id: uuid.UUID | None = None
    enterprise_id: uuid.UUID | None = None
    order_id: uuid.UUID | None = None


class Iris:
    """The addresses below one base, for example https://coster.example/api/dfc (without a slash at its end)."""

    def __init__(self, base: str) -> None:
        self.base = base

    def enterprises(self) -> str:
        """All enterprises."""
        return f"{self.base}/Enterprises"

    def enterprise(self, enterprise_id: uuid.UUID) -> str:
        """A producer, hub or shop."""
        return f"{self.base}/Enterprises/{enterprise_id}"

    def below(self, enterprise_id: uuid.UUID, collection: str, id_: object = None) -> str:
        """A collection of an enterprise, or one of its objects."""
        whole = f"{self.base}/Enterprises/{enterprise_id}/{collection}"
        return whole if id_ is None else f"{whole}/{id_}"

    def order(self, enterprise_id: uuid.UUID, order_id: uuid.UUID) -> str:
        """An order at a producer."""
        return self.below(enterprise_id, "Orders", order_id)

    def line(self, enterprise_id: uuid.UUID, order_id: uuid.UUID, item_id: uuid.UUID) -> str:
        """The line of an item in an order."""
        return f"{self.order(enterprise_id, order_id)}/orderLines/{item_id}"

    def offer(self, enterprise_id: uuid.UUID, item_id: uuid.UUID) -> str:
        """The offer of an item."""
        return self.below(enterprise_id, "Offers", item_id)

    def product(self, enterprise_id: uuid.UUID, item_id: uuid.UUID) -> str:
        """An item as a supplied product."""
        return self.below(enterprise_id, "SuppliedProducts", item_id)

    def catalog_item(self, enterprise_id: uuid.UUID, item_id: uuid.UUID) -> str:
        """An item as it stands in the catalogue."""
        return self.below(enterprise_id, "CatalogItems", item_id)

    def catalog(self, enterprise_id: uuid.UUID) -> str:
        """The one catalogue of an enterprise."""
        return self.below(enterprise_id, "Catalogs", enterprise_id)

    def session(self, enterprise_id: uuid.UUID, session_id: uuid.UUID) -> str:
        """A sale session."""
        return self.below(enterprise_id, "SaleSessions", session_id)

    def category(self, enterprise_id: uuid.UUID, name: object) -> str:
        """A category of customers."""
        return self.below(enterprise_id, "CustomerCategories", name)

    def group(self, enterprise_id: uuid.UUID, product: str) -> str:
        """What items of one product are variants of."""
        return self.below(enterprise_id, "ProductGroups", group_key(product))

    def address(self, enterprise_id: uuid.UUID) -> str:
        """The address of an enterprise, which has one."""
        return f"{self.base}/Addresses/{enterprise_id}"

    def phone(self, enterprise_id: uuid.UUID) -> str:
        """The telephone of an enterprise."""
        return f"{self.base}/PhoneNumbers/{enterprise_id}"

    def social(self, enterprise_id: uuid.UUID, name: str) -> str:
        """An account of an enterprise somewhere."""
        return self.below(enterprise_id, "SocialMedias", name)

    def person(self, person_id: uuid.UUID) -> str:
        """The contact of an enterprise (its id is the enterprise's), or a caller (the id of its key)."""
        return f"{self.base}/Persons/{person_id}"

    def platform(self, enterprise_id: uuid.UUID, platform_id: uuid.UUID) -> str:
        """What an enterprise lets a platform do."""
        return self.below(enterprise_id, "Platforms", platform_id)

    def read(self, text: str) -> Named | None:
        """What an address of ours names, in any spelling; None for all others."""
        if text[: len(self.base)].lower() != self.base.lower():
            return None
        rest = text[len(self.base) :]
        if not rest.startswith("/"):
            return None
        return _named([part for part in rest.partition("?")[0].split("/") if part])


def _named(parts: list[str]) -> Named | None:
    if len(parts) > 2 and loosely(parts[-1]) == "offer" and loosely(parts[-3]) == "suppliedproducts":
        parts = [*parts[:-3], "Offers", parts[-2]]
    names = [_BY_WORD.get(loosely(word)) for word in parts[::2]]
    found = dict(zip_longest(names, map(_id, parts[1::2])))
    last = names[-1] if names else None
    if last is None or None in names:
        return None
    return Named(
        collection=last,
        id=found[last],
        enterprise_id=found.get("Enterprises") if last != "Enterprises" else None,
        order_id=found.get("Orders") if last != "Orders" else None,
    )


def _id(text: str) -> uuid.UUID | None:
    """Ids in the form that we write them; what only keeps a place is none."""
    try:
        found = uuid.UUID(text)
    except ValueError:
        return None
    return found if str(found) == text.lower() else None


def group_key(product: str) -> str:
    """A product's name as a part of a path."""
    return base64.urlsafe_b64encode(product.encode()).decode().rstrip("=")


def product_of(key: str) -> str | None:
    """The product's name out of a part of a path; None where it is none."""
    try:
        found = base64.urlsafe_b64decode(key + "=" * (-len(key) % 4)).decode()
    except (binascii.Error, ValueError):
        return None
    return found if found and "\0" not in found and group_key(found) == key else None
