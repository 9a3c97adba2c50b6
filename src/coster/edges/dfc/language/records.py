"""What is spoken of, as records: one class for each class of the standard that Coster speaks, in Coster's words.

None and empty tuples mean that the document says nothing of it. References are ids of other nodes, whether or not these are in the
same document. vocabulary.py says which property each field is.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TypeVar

import msgspec

from coster.edges.dfc.language.concepts import FulfilmentStatus, OrderStatus, PaymentStatus


class Quantity(msgspec.Struct, frozen=True):
    """An amount of something; `unit` is a key of `concepts.UNITS`."""

    value: Decimal
    unit: str | None = None


class Price(msgspec.Struct, frozen=True):
    """An amount of money for one of what is offered; `vat_rate` in percent, `currency` as ISO 4217."""

    value: Decimal
    currency: str | None = None
    vat_rate: Decimal | None = None


class TemperatureRange(msgspec.Struct, frozen=True):
    """From how cold to how warm something is kept; `unit` is a key of `concepts.TEMPERATURES`."""

    least: Decimal | None = None
    most: Decimal | None = None
    unit: str | None = None


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A node with its id; `same_as` are ids of the same thing elsewhere (`owl:sameAs`)."""

    id: str
    same_as: tuple[str, ...] = ()


class Enterprise(Record, frozen=True, kw_only=True):
    """A producer, hub or shop (`Organization` from 2.0 on)."""

    name: str | None = None
    description: str | None = None
    emails: tuple[str, ...] = ()
    logo: str | None = None
    websites: tuple[str, ...] = ()
    vat_number: str | None = None
    addresses: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    social_media: tuple[str, ...] = ()
    contact: str | None = None


class Person(Record, frozen=True, kw_only=True):
    """Somebody who acts for an enterprise. Coster never writes one for a shopper."""

    first_name: str | None = None
    family_name: str | None = None
    emails: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    affiliated_to: tuple[str, ...] = ()


class Address(Record, frozen=True, kw_only=True):
    """A place to write to; `country` is ISO 3166 alpha-2 where the document names one that can be known, else what it says."""

    street: str | None = None
    postcode: str | None = None
    city: str | None = None
    region: str | None = None
    country: str | None = None
    latitude: Decimal | None = None
    longitude: Decimal | None = None


class PhoneNumber(Record, frozen=True, kw_only=True):
    """A telephone; `country_code` without a plus."""

    number: str | None = None
    country_code: str | None = None


class SocialMedia(Record, frozen=True, kw_only=True):
    """An account somewhere."""

    name: str | None = None
    url: str | None = None


class CustomerCategory(Record, frozen=True, kw_only=True):
    """Customers to whom the same is offered."""

    description: str | None = None
    defined_by: str | None = None


class SuppliedProduct(Record, frozen=True, kw_only=True):
    """What an enterprise supplies. `product_types` and `certifications` are local names, or whole IRIs of others than the standard."""

    name: str | None = None
    description: str | None = None
    product_types: tuple[str, ...] = ()
    quantity: Quantity | None = None
    images: tuple[str, ...] = ()
    total_stock: Decimal | None = None
    supplied_by: str | None = None
    variant_of: str | None = None
    certifications: tuple[str, ...] = ()
    lifetime: str | None = None
    alcohol: Decimal | None = None
    frozen: bool | None = None
    refrigerated: bool | None = None
    temperature: TemperatureRange | None = None


class TechnicalProduct(Record, frozen=True, kw_only=True):
    """A product as it is described, whoever supplies it."""

    name: str | None = None
    description: str | None = None
    product_types: tuple[str, ...] = ()
    quantity: Quantity | None = None
    proposed_by: str | None = None


class Catalog(Record, frozen=True, kw_only=True):
    """A list of items."""

    maintained_by: str | None = None


class CatalogItem(Record, frozen=True, kw_only=True):
    """A product as it stands in a catalogue.

    `stock` zero is sold out, None unlimited or unknown; `unlimited` tells that the document said so with a number below zero, which we
    read and never write.
    """

    product: str | None = None
    managed_by: str | None = None
    catalogs: tuple[str, ...] = ()
    sku: str | None = None
    stock: Decimal | None = None
    unlimited: bool = False


class Offer(Record, frozen=True, kw_only=True):
    """An item at a price, for a category of customers; `product` is what connectors say in place of `item`, or beside it."""

    item: str | None = None
    product: str | None = None
    category: str | None = None
    price: Price | None = None
    discount: Decimal | None = None
    sessions: tuple[str, ...] = ()
    stock: Decimal | None = None
    unlimited: bool = False


class SaleSession(Record, frozen=True, kw_only=True):
    """The time in which a hub sells; instants keep the offset that they were told with."""

    starts_at: dt.datetime | None = None
    ends_at: dt.datetime | None = None


class Order(Record, frozen=True, kw_only=True):
    """An order; `lines` in its own order, `discount` a sum of money."""

    number: str | None = None
    placed_at: dt.datetime | None = None
    order_status: OrderStatus | None = None
    fulfilment_status: FulfilmentStatus | None = None
    payment_status: PaymentStatus | None = None
    session: str | None = None
    buyer: str | None = None
    seller: str | None = None
    discount: Decimal | None = None
    shipping: str | None = None
    payment_methods: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()


class OrderLine(Record, frozen=True, kw_only=True):
    """A line; `price` is for one, `discount` a sum of money.

    `other_quantity` is what the document says besides, in the other spelling, where the two differ: who keeps orders knows which of them
    is the old one (dfc.md §0.4). `unit` is what the document says that it counts. Both are read and never written.
    """

    order: str | None = None
    offer: str | None = None
    quantity: Decimal | None = None
    other_quantity: Decimal | None = None
    unit: str | None = None
    price: Price | None = None
    discount: Decimal | None = None


class PaymentMethod(Record, frozen=True, kw_only=True):
    """How an order is paid; `fee` is the price of paying so."""

    kind: str | None = None
    provider: str | None = None
    fee: Price | None = None


class ShippingOption(Record, frozen=True, kw_only=True):
    """How goods change hands, when that is not known more exactly."""

    name: str | None = None
    fee: Decimal | None = None
    starts_at: dt.datetime | None = None
    ends_at: dt.datetime | None = None
    session: str | None = None


class PickupOption(ShippingOption, frozen=True, kw_only=True):
    """Goods are collected at a place."""

    place: str | None = None


class DeliveryOption(ShippingOption, frozen=True, kw_only=True):
    """Goods are brought to a place."""

    place: str | None = None


class PhysicalPlace(Record, frozen=True, kw_only=True):
    """A place with an address."""

    name: str | None = None
    description: str | None = None
    addresses: tuple[str, ...] = ()


class Transformation(Record, frozen=True, kw_only=True):
    """Products become others, as planned: `kind` is one of `concepts.TRANSFORMATIONS`, inputs and outputs are flows."""

    kind: str | None = None
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


class ConsumptionFlow(Record, frozen=True, kw_only=True):
    """What goes into a transformation."""

    product: str | None = None
    quantity: Quantity | None = None


class ProductionFlow(Record, frozen=True, kw_only=True):
    """What comes out of a transformation."""

    product: str | None = None
    quantity: Quantity | None = None


R = TypeVar("R", bound=Record)


class Graph(msgspec.Struct, frozen=True):
    """The records of a document, sorted by class (in the order of the vocabulary) and id; none stands there twice."""

    records: tuple[Record, ...] = ()

    def of(self, kind: type[R]) -> tuple[R, ...]:
        """The records of exactly this class."""
        return tuple(record for record in self.records if type(record) is kind)

    def index(self, kind: type[R]) -> dict[str, R]:
        """The records of exactly this class, by id."""
        return {record.id: record for record in self.of(kind)}
