"""Every property of the standard that points at something, with the one that tells the same from the other end.

Names and who is whose inverse are facts of the ontology 1.16.0 (`owl:inverseOf`), gathered and ordered here by what they are about;
tests/edges/dfc/test_vocabulary.py compares them with the ontology where it is at hand. From this table the contexts are made: with
them a plain text behind one of these names is read as an id.
"""

from __future__ import annotations

_WHO = """
    hasAddress addressOf            hasMainContact mainContactOf    hasPhoneNumber phoneNumberOf    hasSocialMedia socialMediaOf
    affiliates affiliatedTo         supplies suppliedBy             proposes proposedBy             manages managedBy
    maintains maintainedBy          defines definedBy               coordinates coordinatedBy       orders orderedBy
    sells soldBy                    owns ownedBy                    requests requestedBy
"""
_WHAT = """
    hasType typeOf                  hasVariant isVariantOf          references referencedBy         hasReference referenceOf
    hasBrand brandOf                hasCertification certificateOf  hasClaim claimOf                hasFacet facetOf
    hasGeographicalOrigin geographicalOriginOf                      hasNatureOrigin natureOriginOf
    hasPartOrigin partOriginOf      hasContainerInformation containerInformationOf
    hasIngredient isIngredientOf    hasProcess processOf            hasTemperature isTemperatureOf  hasPrice isPriceOf
    hasCharacteristic characteristicOf                              hasAllergenCharacteristic allergenCharacteristicOf
    hasNutrientCharacteristic nutrientCharacteristicOf              hasPhysicalCharacteristic physicalCharacteristicOf
    hasLabellingCharacteristic labellingCharacteristicOf            represents representedBy        satisfies satisfiedBy
    industrializes industrializedBy composes composedOf
"""
_CATALOGUE_AND_ORDERS = """
    lists listedIn                  offers offeredThrough           offersTo hasOffer               concerns concernedBy
    belongsTo holds                 hasPart partOf                  selects selectedBy              hasPaymentMethod paidWith
    hasOption optionOf              hostedAt hosts                  objectOf hasObject              isFulfilledBy fulfills
"""
_STOCK_AND_TRANSPORT = """
    hasInput inputOf                hasOutput outputOf              consumes consumedBy             produces producedBy
    transforms transformedBy        constitutes constituedBy        localizedBy localizes           storedIn stores
    identifies identifiedBy         traces tracedBy                 transports transportedBy        isShippedIn ships
"""
_ALONE = """
    DFC_BusinessOntology_ObjectProperty DFC_Interface_Property hasStatus hasOrderStatus hasFulfilmentStatus hasPaymentStatus
    hasTransformationType hasUnit hasQuantity hasCountry hasDimension hasAllergenDimension hasNutrientDimension hasPhysicalDimension
    hasLabellingDimension pickedUpAt deliveredAt isOpenDuring isAvailableDuring basedAt startsAt endsAt from to refersTo suppliesTo uses
"""
# Version 2.0.0 dropped one and added these (the list of its context; the ontology 2.0.0 says who is whose inverse).
_DROPPED_IN_2 = "hasProcess"
_NEW_IN_2 = """
    certifies isCertifiedBy hasMember isMemberOf hasStep isStepOf pickUp delivery useVehicle usedInRoute hasGeoJsonFeature
    hasTemplateSaleSession isTemplateSaleSessionOf hasProductOption hasReferenceProductOption hasProductOptionValue
    hasReferenceProductOptionValue hasVariantCaracteristic
"""


def _pairs(*tables: str) -> dict[str, str]:
    names = " ".join(tables).split()
    there = dict(zip(names[::2], names[1::2], strict=True))
    return there | {back: forth for forth, back in there.items()}


INVERSES = _pairs(_WHO, _WHAT, _CATALOGUE_AND_ORDERS, _STOCK_AND_TRANSPORT)
RELATIONS = frozenset(INVERSES) | frozenset(_ALONE.split())
RELATIONS_OF_2 = (RELATIONS - {_DROPPED_IN_2}) | frozenset(_NEW_IN_2.split())
# Those of the technical ontology, which speaks of platforms.
TECHNICAL = frozenset({"represent", "hasPivot", "hostedBy", "owner"})
