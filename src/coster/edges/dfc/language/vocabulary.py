"""The one table of terms: which class each record is and which property each field, in what we write and in all that we read.

A name stands in the ontology 1.16.0 unless `NOT_IN_ONTOLOGY` says where else it comes from; tests compare both with the ontology. Names
of version 2.0.0 are the same but for those in `Class.name_2` and `names_2`.
"""

from __future__ import annotations

import enum

import msgspec

from coster.edges.dfc.language import records


class Kind(enum.Enum):
    """What the values of a property are, and how they are read and written."""

    TEXT = "text"
    LINK = "link"
    FLAG = "flag"
    DECIMAL = "decimal"
    STOCK = "stock"
    INSTANT = "instant"
    QUANTITY = "quantity"
    PRICE = "price"
    TEMPERATURE = "temperature"
    LINE_QUANTITY = "line quantity"
    COUNTRY = "country"
    STATUS = "status"
    CONCEPT = "concept"
    REF = "reference"


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A field of a record as a property.

    `writes`: the names under which we write it, all of them at once; `reads`: the other spellings that are read. Where a document says
    different things under several of them, the first counts: connectors' own come first, because connectors change those and carry the
    others along unseen.
    `of`: the classes that it may name, the likeliest first; `inverse`: the property by which the named node tells the same; `prefix` is
    that of concepts.
    """

    name: str
    kind: Kind
    writes: tuple[str, ...]
    reads: tuple[str, ...] = ()
    of: tuple[str, ...] = ()
    inverse: str = ""
    many: bool = False
    prefix: str = ""


class Class(msgspec.Struct, frozen=True, kw_only=True):
    """A record as a class: the name that we write (`name_2` in the vocabulary of 2.0.0), and the others that are read."""

    record: type[records.Record]
    name: str
    fields: tuple[Field, ...]
    name_2: str = ""
    reads: tuple[str, ...] = ()


SAME_AS = "http://www.w3.org/2002/07/owl#sameAs"

# Names that we read or write and that the ontology 1.16.0 does not declare, by where they come from.
CONNECTOR, OLDER, DOCUMENTS, VERSION_2 = (
    "connectors",
    "older versions",
    "documents and examples",
    "ontology 2.0.0",
)
NOT_IN_ONTOLOGY = {
    name: source
    for source, names in {
        CONNECTOR: """offeredItem offeredTo beginDate hasStreet hasCity hasPostalCode hasDescription totalTheoreticalStock image
            alcoholPercentage""",
        OLDER: "hasIncome hasOutcome",
        DOCUMENTS: """hasValue hasPaymentState hasOrderState hasFulfilmentState OrderedBy hasEmail PickUpOption affiliatedBy
            Variant""",
        VERSION_2: "Organization",
    }.items()
    for name in names.split()
}


def _text(name: str, *writes: str, reads: tuple[str, ...] = ()) -> Field:
    return Field(name=name, kind=Kind.TEXT, writes=writes, reads=reads)


def _link(name: str, writes: str, *, reads: tuple[str, ...] = (), many: bool = False) -> Field:
    return Field(name=name, kind=Kind.LINK, writes=(writes,), reads=reads, many=many)


def _value(name: str, kind: Kind, *writes: str, reads: tuple[str, ...] = ()) -> Field:
    return Field(name=name, kind=kind, writes=writes, reads=reads)


def _ref(name: str, writes: str, of: str, *, inverse: str = "", reads: str = "") -> Field:
    return Field(
        name=name,
        kind=Kind.REF,
        writes=tuple(writes.split()),
        reads=tuple(reads.split()),
        of=tuple(of.split()),
        inverse=inverse,
    )


def _refs(name: str, writes: str, of: str, *, inverse: str = "", reads: str = "") -> Field:
    return msgspec.structs.replace(_ref(name, writes, of, inverse=inverse, reads=reads), many=True)


def _concept(name: str, writes: str, prefix: str, *, many: bool = False) -> Field:
    return Field(name=name, kind=Kind.CONCEPT, writes=(writes,), prefix=prefix, many=many)


_ADDRESSES = _refs("addresses", "hasAddress", "Address", inverse="addressOf")
_PHONES = _refs("phones", "hasPhoneNumber", "PhoneNumber", inverse="phoneNumberOf")
_EMAILS = Field(name="emails", kind=Kind.TEXT, writes=("email",), reads=("hasEmail",), many=True)
_NAME, _DESCRIPTION = _text("name", "name"), _text("description", "description", reads=("hasDescription",))
_TYPES, _QUANTITY = (
    _concept("product_types", "hasType", "dfc-pt", many=True),
    _value("quantity", Kind.QUANTITY, "hasQuantity"),
)
_STOCK, _DISCOUNT = (
    _value("stock", Kind.STOCK, "stockLimitation"),
    _value("discount", Kind.DECIMAL, "discount"),
)

_ORDERS = (
    Class(record=records.Order, name="Order", fields=(
        _text("number", "orderNumber"),
        _value("placed_at", Kind.INSTANT, "date"),
        _value("order_status", Kind.STATUS, "hasOrderStatus", reads=("hasOrderState",)),
        _value("fulfilment_status", Kind.STATUS, "hasFulfilmentStatus", reads=("hasFulfilmentState",)),
        _value("payment_status", Kind.STATUS, "hasPaymentStatus", reads=("hasPaymentState",)),
        _ref("session", "belongsTo", "SaleSession", inverse="holds"),
        _ref("buyer", "orderedBy", "Enterprise Person", inverse="orders", reads="OrderedBy"),
        _ref("seller", "soldBy", "Enterprise Person", inverse="sells"),
        _DISCOUNT,
        _ref("shipping", "selects", "ShippingOption PickupOption DeliveryOption", inverse="selectedBy"),
        _refs("payment_methods", "hasPaymentMethod", "PaymentMethod", inverse="paidWith"),
        _refs("lines", "hasPart", "OrderLine", inverse="partOf"),
    )),
    Class(record=records.OrderLine, name="OrderLine", fields=(
        _ref("order", "partOf", "Order", inverse="hasPart"),
        _ref("offer", "concerns", "Offer CatalogItem SuppliedProduct", inverse="concernedBy"),
        _value("quantity", Kind.LINE_QUANTITY, "quantity", reads=("hasQuantity",)),
        _value("price", Kind.PRICE, "hasPrice", reads=("Price",)),
        _DISCOUNT,
    )),
    Class(record=records.SaleSession, name="SaleSession", fields=(
        _value("starts_at", Kind.INSTANT, "beginDate", "startDate"),
        _value("ends_at", Kind.INSTANT, "endDate"),
    )),
    Class(record=records.PaymentMethod, name="PaymentMethod", fields=(
        _text("kind", "paymentMethodType"),
        _text("provider", "paymentMethodProvider"),
        _value("fee", Kind.PRICE, "hasPrice"),
    )),
)  # fmt: skip
_SHIPPING = (
    _NAME,
    _value("fee", Kind.DECIMAL, "fee"),
    _value("starts_at", Kind.INSTANT, "startDate", reads=("beginDate",)),
    _value("ends_at", Kind.INSTANT, "endDate"),
    _ref("session", "optionOf", "SaleSession", inverse="hasOption"),
)
_HANDING_OVER = (
    Class(record=records.PickupOption, name="PickupOption", reads=("PickUpOption",), fields=(
        *_SHIPPING,
        _ref("place", "pickedUpAt", "PhysicalPlace"),
    )),
    Class(record=records.DeliveryOption, name="DeliveryOption", fields=(
        *_SHIPPING,
        _ref("place", "deliveredAt", "PhysicalPlace"),
    )),
    Class(record=records.ShippingOption, name="ShippingOption", fields=_SHIPPING),
    Class(record=records.PhysicalPlace, name="PhysicalPlace", reads=("Place",), fields=(_NAME, _DESCRIPTION, _ADDRESSES)),
)  # fmt: skip
_CATALOGUE = (
    Class(record=records.Offer, name="Offer", fields=(
        _ref("item", "offers", "CatalogItem", inverse="offeredThrough"),
        _ref("product", "offeredItem", "SuppliedProduct CatalogItem TechnicalProduct"),
        _ref("category", "offeredTo offersTo", "CustomerCategory", inverse="hasOffer"),
        _value("price", Kind.PRICE, "hasPrice"),
        _STOCK,
        _DISCOUNT,
        _refs("sessions", "listedIn", "SaleSession", inverse="lists"),
    )),
    Class(record=records.CatalogItem, name="CatalogItem", fields=(
        _ref("product", "references", "SuppliedProduct TechnicalProduct", inverse="referencedBy"),
        _ref("managed_by", "managedBy", "Enterprise", inverse="manages"),
        _refs("catalogs", "listedIn", "Catalog", inverse="lists"),
        _text("sku", "sku"),
        _STOCK,
    )),
    Class(record=records.Catalog, name="Catalog", fields=(
        _ref("maintained_by", "maintainedBy", "Enterprise", inverse="maintains"),
    )),
    Class(record=records.SuppliedProduct, name="SuppliedProduct", reads=("Variant",), fields=(
        _NAME,
        _DESCRIPTION,
        _TYPES,
        _QUANTITY,
        _link("images", "image", reads=("Image",), many=True),
        _value("total_stock", Kind.DECIMAL, "totalTheoreticalStock", reads=("totalTheoriticalStock",)),
        _ref("supplied_by", "suppliedBy", "Enterprise", inverse="supplies"),
        _ref("variant_of", "isVariantOf", "SuppliedProduct", inverse="hasVariant"),
        _concept("certifications", "hasCertification", "dfc-f", many=True),
        _text("lifetime", "lifetime"),
        _value("alcohol", Kind.DECIMAL, "alcoholPercentage", reads=("hasPercentageOfAlcoholByVolume",)),
        _value("frozen", Kind.FLAG, "frozen"),
        _value("refrigerated", Kind.FLAG, "refrigerated"),
        _value("temperature", Kind.TEMPERATURE, "hasTemperature"),
    )),
    Class(record=records.TechnicalProduct, name="TechnicalProduct", fields=(
        _NAME,
        _DESCRIPTION,
        _TYPES,
        _QUANTITY,
        _ref("proposed_by", "proposedBy", "Enterprise", inverse="proposes"),
    )),
    Class(record=records.CustomerCategory, name="CustomerCategory", fields=(
        _DESCRIPTION,
        _ref("defined_by", "definedBy", "Enterprise", inverse="defines"),
    )),
)  # fmt: skip
_TRANSFORMING = (
    Class(record=records.Transformation, name="AsPlannedTransformation", fields=(
        _concept("kind", "hasTransformationType", "dfc-v"),
        _refs("inputs", "hasInput", "AsPlannedConsumptionFlow", inverse="inputOf", reads="hasIncome"),
        _refs("outputs", "hasOutput", "AsPlannedProductionFlow", inverse="outputOf", reads="hasOutcome"),
    )),
    Class(record=records.ConsumptionFlow, name="AsPlannedConsumptionFlow", fields=(
        _ref("product", "consumes", "SuppliedProduct TechnicalProduct", inverse="consumedBy"),
        _QUANTITY,
    )),
    Class(record=records.ProductionFlow, name="AsPlannedProductionFlow", fields=(
        _ref("product", "produces", "SuppliedProduct TechnicalProduct", inverse="producedBy"),
        _QUANTITY,
    )),
)  # fmt: skip
_WHO = (
    Class(record=records.Enterprise, name="Enterprise", name_2="Organization", reads=("Organization",), fields=(
        _NAME,
        _text("description", "hasDescription", reads=("description",)),
        _EMAILS,
        _link("logo", "logo"),
        _link("websites", "websitePage", many=True),
        _text("vat_number", "VATnumber"),
        _ADDRESSES,
        _PHONES,
        _refs("social_media", "hasSocialMedia", "SocialMedia", inverse="socialMediaOf"),
        _ref("contact", "hasMainContact", "Person", inverse="mainContactOf"),
    )),
    Class(record=records.Person, name="Person", fields=(
        _text("first_name", "firstName"),
        _text("family_name", "familyName"),
        _EMAILS,
        _ADDRESSES,
        _PHONES,
        _refs("affiliated_to", "affiliatedTo", "Enterprise", inverse="affiliates", reads="affiliates affiliatedBy"),
    )),
    Class(record=records.Address, name="Address", fields=(
        _text("street", "hasStreet", reads=("street",)),
        _text("postcode", "hasPostalCode", reads=("postcode",)),
        _text("city", "hasCity", reads=("city",)),
        _text("region", "region"),
        _value("country", Kind.COUNTRY, "hasCountry", reads=("country",)),
        _value("latitude", Kind.DECIMAL, "latitude"),
        _value("longitude", Kind.DECIMAL, "longitude"),
    )),
    Class(record=records.PhoneNumber, name="PhoneNumber", fields=(
        _text("number", "phoneNumber"),
        _text("country_code", "countryCode"),
    )),
    Class(record=records.SocialMedia, name="SocialMedia", fields=(
        _NAME,
        _link("url", "URL", reads=("websitePage",)),
    )),
)  # fmt: skip

# In the order in which we write nodes: what a document is about comes before what it only names.
CLASSES: tuple[Class, ...] = (*_ORDERS, *_HANDING_OVER, *_CATALOGUE, *_TRANSFORMING, *_WHO)
BY_RECORD = {known.record: known for known in CLASSES}
BY_NAME = {name: known for known in CLASSES for name in (known.name, *known.reads)}
RANK = {known.record: rank for rank, known in enumerate(CLASSES)}


def _backwards() -> dict[str, list[tuple[Class, Field]]]:
    found: dict[str, list[tuple[Class, Field]]] = {}
    for kind in CLASSES:
        for field in kind.fields:
            if field.inverse:
                found.setdefault(field.inverse, []).append((kind, field))
    return found


# Fields, with their class, by the property by which the other end tells the same.
BACKWARDS = _backwards()


def backwards(kind: Class, name: str) -> list[tuple[Class, Field]]:
    """What a node of this class says by this property of the nodes that it names: of which class these are, and which field of theirs."""
    return [(other, field) for other, field in BACKWARDS.get(name, ()) if kind.name in field.of]


# What the ontology calls a property that connectors call otherwise, by our name: version 2.0.0 is written in both, so that its own
# readers and those of today find it. Lines are the exception: 2.0.0 has dropped `quantity`, and who is sent two changes one (dfc.md §0.4).
_OF_ONTOLOGY = {
    "hasStreet": "street", "hasPostalCode": "postcode", "hasCity": "city", "hasDescription": "description", "image": "Image",
    "totalTheoreticalStock": "totalTheoriticalStock", "alcoholPercentage": "hasPercentageOfAlcoholByVolume",
}  # fmt: skip


def names_2(field: Field) -> tuple[str, ...]:
    """The names under which a field is written in the vocabulary of 2.0.0."""
    if field.kind is Kind.LINE_QUANTITY:
        return field.reads
    return (*field.writes, *(_OF_ONTOLOGY[name] for name in field.writes if name in _OF_ONTOLOGY))


# The parts of the values that have no id: quantities, prices, temperatures.
VALUE, UNIT, VAT_RATE = ("value", "hasValue"), ("hasUnit",), ("VATrate",)
LEAST, MOST = ("minValue",), ("maxValue",)
QUANTITY_CLASS, PRICE_CLASS, TEMPERATURE_CLASS = "QuantitativeValue", "Price", "Temperature"
