"""What is shown in the OpenAPI document of /api/dfc: documents as they are sent and answered."""

from __future__ import annotations

from typing import Any, Final

from coster.edges.dfc.language import permissions

PROFILE: Final[dict[str, Any]] = {
    "@context": {"foaf": "http://xmlns.com/foaf/0.1/"},
    "@id": "https://coster.example/api/dfc/webid#me",
    "foaf:name": "Coster",
}

_BASE: Final = "https://coster.example/api/dfc"
_EID: Final = "0192f0c1-2f3a-7bcd-8e9f-0123456789ab"
_ITEM: Final = "0192f0c1-2f3a-7bcd-8e9f-0123456789ac"
_OURS: Final = f"{_BASE}/Enterprises/{_EID}"
CONTEXT: Final = (
    "https://www.datafoodconsortium.org/wp-content/plugins/wordpress-context-jsonld/context_1.16.0.jsonld"
)
_PRODUCT: Final[dict[str, Any]] = {
    "@id": f"{_OURS}/SuppliedProducts/{_ITEM}",
    "@type": "dfc-b:SuppliedProduct",
    "dfc-b:name": "Carrots",
    "dfc-b:hasQuantity": {
        "@type": "dfc-b:QuantitativeValue",
        "dfc-b:value": "1",
        "dfc-b:hasUnit": "dfc-m:Kilogram",
    },
    "dfc-b:suppliedBy": _OURS,
    "dfc-b:referencedBy": f"{_OURS}/CatalogItems/{_ITEM}",
}
_CATALOG_ITEM: Final[dict[str, Any]] = {
    "@id": f"{_OURS}/CatalogItems/{_ITEM}",
    "@type": "dfc-b:CatalogItem",
    "dfc-b:references": f"{_OURS}/SuppliedProducts/{_ITEM}",
    "dfc-b:managedBy": _OURS,
    "dfc-b:sku": "CARROT",
    "dfc-b:stockLimitation": "10",
    "dfc-b:offeredThrough": f"{_OURS}/Offers/{_ITEM}",
}
_OFFER: Final[dict[str, Any]] = {
    "@id": f"{_OURS}/Offers/{_ITEM}",
    "@type": "dfc-b:Offer",
    "dfc-b:offers": f"{_OURS}/CatalogItems/{_ITEM}",
    "dfc-b:offeredItem": {"@id": f"{_OURS}/SuppliedProducts/{_ITEM}"},
    "dfc-b:hasPrice": {"@type": "dfc-b:Price", "dfc-b:value": "2.4", "dfc-b:hasUnit": "dfc-m:Euro"},
    "dfc-b:stockLimitation": "10",
}
CATALOGUE: Final[dict[str, Any]] = {"@context": CONTEXT, "@graph": [_CATALOG_ITEM, _OFFER, _PRODUCT]}
CATALOGUE_ITEM: Final[dict[str, Any]] = {
    "@context": CONTEXT,
    "@graph": [{**_CATALOG_ITEM, "@id": "#item"}, {**_OFFER, "@id": "#offer", "dfc-b:offers": "#item"}],
}
OFFER: Final[dict[str, Any]] = {"@context": CONTEXT, **_OFFER, "@id": "#"}
CATEGORY: Final[dict[str, Any]] = {
    "@context": CONTEXT,
    "@id": f"{_OURS}/CustomerCategories/everybody",
    "@type": "dfc-b:CustomerCategory",
    "dfc-b:description": "Everybody",
    "dfc-b:definedBy": _OURS,
}
ENTERPRISE: Final[dict[str, Any]] = {
    "@context": CONTEXT,
    "@id": _OURS,
    "@type": "dfc-b:Enterprise",
    "dfc-b:name": "Ferme de Jean",
    "dfc-b:hasDescription": "Vegetables from the valley.",
    "dfc-b:email": "jean@farm.example",
}
ADDRESS: Final[dict[str, Any]] = {
    "@context": CONTEXT,
    "@id": f"{_BASE}/Addresses/{_EID}",
    "@type": "dfc-b:Address",
    "dfc-b:hasStreet": "1 rue du Champ",
    "dfc-b:hasCity": "Valence",
    "dfc-b:hasPostalCode": "26000",
    "dfc-b:hasCountry": "http://publications.europa.eu/resource/authority/country/FRA",
}
PERSON: Final[dict[str, Any]] = {
    "@context": CONTEXT,
    "@id": f"{_BASE}/Persons/{_EID}",
    "@type": "dfc-b:Person",
    "dfc-b:firstName": "Jean",
    "dfc-b:affiliatedTo": _OURS,
}
PHONE: Final[dict[str, Any]] = {
    "@context": CONTEXT,
    "@id": f"{_BASE}/PhoneNumbers/{_EID}",
    "@type": "dfc-b:PhoneNumber",
    "dfc-b:phoneNumber": "+33 4 75 00 00 00",
}
SOCIAL: Final[dict[str, Any]] = {
    "@context": CONTEXT,
    "@id": f"{_OURS}/SocialMedias/mastodon",
    "@type": "dfc-b:SocialMedia",
    "dfc-b:name": "mastodon",
    "dfc-b:URL": "https://social.example/@jean",
}
_PLATFORM: Final = "0192f0c1-2f3a-7bcd-8e9f-0123456789ad"
PLATFORM: Final[dict[str, Any]] = permissions.platform(
    permissions.Platform(
        id="https://hub.example/api/dfc/webid#me",
        local_id=_PLATFORM,
        scopes=("ReadEnterprise", "ReadProducts", "WriteOrders"),
    )
)
PLATFORMS: Final[dict[str, Any]] = permissions.platforms(
    f"{_OURS}/Platforms",
    [permissions.Platform(id=f"{_OURS}/Platforms/{_PLATFORM}", local_id=_PLATFORM, scopes=("ReadProducts",))],
)
BODIES: Final[dict[str, dict[str, Any]]] = {
    "sendEvent": {
        "refresh": {
            "eventType": "refresh",
            "enterpriseUrlid": "https://hub.example/api/dfc/Enterprises/7",
            "scope": "ReadProducts",
        },
    },
    "changePermission": {"read_and_order": PLATFORM},
    "createSuppliedProduct": {
        "product_with_price": {
            "@context": CONTEXT,
            "@graph": [
                {
                    "@id": "#product",
                    "@type": "dfc-b:SuppliedProduct",
                    "dfc-b:name": "Carrots",
                    "dfc-b:hasQuantity": {
                        "@type": "dfc-b:QuantitativeValue",
                        "dfc-b:value": "1",
                        "dfc-b:hasUnit": "dfc-m:Kilogram",
                    },
                    "dfc-b:referencedBy": "#item",
                },
                {
                    "@id": "#item",
                    "@type": "dfc-b:CatalogItem",
                    "dfc-b:references": "#product",
                    "dfc-b:sku": "CARROT-2",
                    "dfc-b:offeredThrough": "#offer",
                },
                {
                    "@id": "#offer",
                    "@type": "dfc-b:Offer",
                    "dfc-b:offers": "#item",
                    "dfc-b:hasPrice": {
                        "@type": "dfc-b:Price",
                        "dfc-b:value": "2.40",
                        "dfc-b:hasUnit": "dfc-m:Euro",
                    },
                },
            ],
        },
    },
    "changeSuppliedProduct": {
        "new_name": {"@context": CONTEXT, "@type": "dfc-b:SuppliedProduct", "dfc-b:name": "Carrots, washed"},
    },
    "changeCatalogItem": {
        "new_stock": {"@context": CONTEXT, "@type": "dfc-b:CatalogItem", "dfc-b:stockLimitation": "12.5"},
    },
    "changeOffer": {
        "new_price": {
            "@context": CONTEXT,
            "@type": "dfc-b:Offer",
            "dfc-b:hasPrice": {"@type": "dfc-b:Price", "dfc-b:value": "2.50", "dfc-b:hasUnit": "dfc-m:Euro"},
        },
    },
    "createCustomerCategory": {
        "restaurants": {
            "@context": CONTEXT,
            "@id": "#",
            "@type": "dfc-b:CustomerCategory",
            "dfc-b:description": "Restaurants",
        },
    },
    "changeCustomerCategory": {
        "new_description": {
            "@context": CONTEXT,
            "@type": "dfc-b:CustomerCategory",
            "dfc-b:description": "Restaurants of the valley",
        },
    },
    "changeDfcEnterprise": {
        "new_description": {
            "@context": CONTEXT,
            "@type": "dfc-b:Enterprise",
            "dfc-b:hasDescription": "Vegetables from the valley.",
        },
    },
}
