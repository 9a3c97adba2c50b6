"""Each term that we write exists: in our own tables by rule, and, where they are at hand, in the ontology and the taxonomies."""

from __future__ import annotations

import json
from typing import Any

import rdflib
from rdflib import OWL, RDF

from coster.edges.dfc.language import (
    concepts,
    contexts,
    namespaces,
    records,
    relations,
    thesaurus,
    vocabulary,
)
from coster.edges.dfc.language.product_types import PRODUCT_TYPES
from coster.edges.dfc.language.vocabulary import Kind
from tests.edges.dfc.shared import ONTOLOGIES, SCOPES, TAXONOMIES

SKOS = "http://www.w3.org/2004/02/skos/core#"
READ_ONLY = {"OrderLine": {"other_quantity", "unit"}, "CatalogItem": {"unlimited"}, "Offer": {"unlimited"}}


def test_the_table_and_the_records_agree() -> None:
    """Each field of a record has its property, but for those that are only read, and each property its field."""
    for kind in vocabulary.CLASSES:
        fields = {field.name for field in kind.fields} | READ_ONLY.get(kind.name, set()) | {"id", "same_as"}
        assert fields == set(kind.record.__struct_fields__), kind.name


def test_a_spelling_means_one_field() -> None:
    """No two fields of a class have a spelling in common, and no two classes a name."""
    for kind in vocabulary.CLASSES:
        names = [name for field in kind.fields for name in (*field.writes, *field.reads)]
        assert len(names) == len(set(names)), kind.name
    names = [name for kind in vocabulary.CLASSES for name in (kind.name, *kind.reads)]
    assert len(names) == len(set(names))
    assert {name for kind in vocabulary.CLASSES for field in kind.fields for name in field.of} <= set(names)


# The alias table of dfc.md §1.4, written down once more: class, spelling, field.
READ_AS = [
    ("Offer", "offers", "item"), ("Offer", "offeredItem", "product"), ("Offer", "offersTo", "category"), ("Offer", "offeredTo", "category"),
    ("OrderLine", "hasQuantity", "quantity"), ("OrderLine", "quantity", "quantity"), ("OrderLine", "Price", "price"),
    ("SaleSession", "startDate", "starts_at"), ("SaleSession", "beginDate", "starts_at"),
    ("Order", "hasPaymentState", "payment_status"), ("Order", "hasOrderState", "order_status"),
    ("Order", "hasFulfilmentState", "fulfilment_status"), ("Order", "OrderedBy", "buyer"), ("Order", "orderedBy", "buyer"),
    ("Address", "street", "street"), ("Address", "hasStreet", "street"), ("Address", "city", "city"), ("Address", "hasCity", "city"),
    ("Address", "postcode", "postcode"), ("Address", "hasPostalCode", "postcode"),
    ("Enterprise", "description", "description"), ("Enterprise", "hasDescription", "description"), ("Enterprise", "hasEmail", "emails"),
    ("SuppliedProduct", "totalTheoriticalStock", "total_stock"), ("SuppliedProduct", "totalTheoreticalStock", "total_stock"),
    ("SuppliedProduct", "Image", "images"), ("SuppliedProduct", "image", "images"),
    ("SuppliedProduct", "alcoholPercentage", "alcohol"), ("SuppliedProduct", "hasPercentageOfAlcoholByVolume", "alcohol"),
    ("AsPlannedTransformation", "hasInput", "inputs"), ("AsPlannedTransformation", "hasIncome", "inputs"),
    ("AsPlannedTransformation", "hasOutput", "outputs"), ("AsPlannedTransformation", "hasOutcome", "outputs"),
    ("Person", "affiliates", "affiliated_to"), ("Person", "affiliatedTo", "affiliated_to"), ("Person", "affiliatedBy", "affiliated_to"),
    ("Person", "hasEmail", "emails"),
]  # fmt: skip


def test_the_alias_table_is_read_whole() -> None:
    """Each spelling that peers use leads to its field, and values may be called `hasValue`."""
    found = {
        (kind.name, name): field.name
        for kind in vocabulary.CLASSES
        for field in kind.fields
        for name in (*field.writes, *field.reads)
    }
    assert {(kind, name): found.get((kind, name)) for kind, name, _ in READ_AS} == {
        (kind, name): field for kind, name, field in READ_AS
    }
    assert (vocabulary.BY_NAME["PickUpOption"].name, vocabulary.BY_NAME["Organization"].name) == (
        "PickupOption",
        "Enterprise",
    )
    assert "hasValue" in vocabulary.VALUE


def spellings() -> set[str]:
    """All names of classes and properties that we write or read."""
    classes = {name for kind in vocabulary.CLASSES for name in (kind.name, kind.name_2, *kind.reads) if name}
    fields = {
        name
        for kind in vocabulary.CLASSES
        for field in kind.fields
        for name in (*field.writes, *field.reads, field.inverse)
        if name
    }
    parts = {
        *vocabulary.VALUE,
        *vocabulary.UNIT,
        *vocabulary.VAT_RATE,
        vocabulary.QUANTITY_CLASS,
        vocabulary.PRICE_CLASS,
    }
    return classes | fields | parts


def declared() -> set[str]:
    """What the ontology declares, where it is at hand."""
    kinds = (OWL.Class, OWL.ObjectProperty, OWL.DatatypeProperty)
    graphs = [rdflib.Graph().parse(file) for file in ONTOLOGIES]
    found = [
        namespaces.term(str(name))
        for graph in graphs
        for kind in kinds
        for name in graph.subjects(RDF.type, kind)
    ]
    return {term[1] for term in found if term}


def test_each_term_is_declared_or_its_source_is_told() -> None:
    """The ontology declares each term that we write or read, or the table says where else it comes from, and never both."""
    if known := declared():
        assert spellings() - known - vocabulary.NOT_IN_ONTOLOGY.keys() == set()
        assert known & vocabulary.NOT_IN_ONTOLOGY.keys() == set()
    assert vocabulary.NOT_IN_ONTOLOGY.keys() <= spellings()


def test_version_2_says_everything_in_words_of_the_ontology() -> None:
    """Each class that we write has its name in 2.0.0, and each of its fields a name that the ontology declares, with one exception: which
    product an offer is for, beside the catalogue item that the ontology has for it.
    """
    known = declared()
    if not known:
        return
    known |= {name for name, source in vocabulary.NOT_IN_ONTOLOGY.items() if source == vocabulary.VERSION_2}
    assert {kind.name_2 or kind.name for kind in vocabulary.CLASSES} <= known
    without = {
        field.name for kind in vocabulary.CLASSES for field in kind.fields
        if not known & set(vocabulary.names_2(field))
    }  # fmt: skip
    assert without == {"product"}
    assert {field.name for field in vocabulary.BY_RECORD[records.Offer].fields} >= {"item", "product"}


def test_pointing_words_of_version_2_point_in_its_context() -> None:
    """What names a node is in the context of 2.0.0 as a reference, or is written as an object with the id."""
    for kind in vocabulary.CLASSES:
        for field in kind.fields:
            names = set(vocabulary.names_2(field)) if field.kind is Kind.REF else set()
            assert names & relations.RELATIONS <= relations.RELATIONS_OF_2, field


def test_relations_are_those_of_the_ontology() -> None:
    """Inverses are as the ontology says, and nothing that points is left out."""
    for file in ONTOLOGIES:
        graph = rdflib.Graph().parse(file)
        if "Business" in file.name:
            local = [
                (namespaces.local(str(a), "dfc-b"), namespaces.local(str(b), "dfc-b"))
                for a, b in graph.subject_objects(OWL.inverseOf)
            ]
            assert {frozenset(pair) for pair in local} == {
                frozenset(pair) for pair in relations.INVERSES.items()
            }
            pointing = {
                namespaces.local(str(name), "dfc-b") for name in graph.subjects(RDF.type, OWL.ObjectProperty)
            }
            assert pointing - {None} == relations.RELATIONS


def concepts_of(file_name: str) -> dict[str, set[str]]:
    """The concepts of a taxonomy with their parents, where it is at hand."""
    found: dict[str, set[str]] = {}
    for file in TAXONOMIES:
        if file.name.startswith(file_name):
            for node in json.loads(file.read_text("utf-8"))[0]["@graph"]:
                term = namespaces.term(node["@id"])
                if term:
                    found[term[1]] = {
                        parent["@id"].rpartition("#")[2] for parent in node.get(f"{SKOS}broader", ())
                    }
    return found


def test_statuses_have_the_parents_of_their_property() -> None:
    """Each status that a property may have is below the parent of that property, and none there is missing."""
    if known := concepts_of("vocabulary"):
        for statuses, (parent, _) in concepts.STATUS_PARENTS.items():
            assert {status.value for status in statuses} == {
                name for name, above in known.items() if parent in above
            }
        assert {
            name for name, above in known.items() if "transformationType" in above
        } == concepts.TRANSFORMATIONS


def test_units_and_currencies_are_all_of_the_taxonomy() -> None:
    """The standard has the units and currencies of our table and no other."""
    if known := concepts_of("measures"):
        assert set(concepts.UNITS) == {name for name, above in known.items() if "QuantityUnit" in above}
        assert set(concepts.CURRENCIES) == {name for name, above in known.items() if "CurrencyUnit" in above}


def test_product_types_are_those_of_the_taxonomy() -> None:
    """Our names of product types are the taxonomy's."""
    if known := concepts_of("productTypes"):
        assert known.keys() - {""} == PRODUCT_TYPES


def test_scopes_are_those_of_the_scheme() -> None:
    """The six scopes, by their notation."""
    for file in SCOPES:
        nodes = json.loads(file.read_text("utf-8"))["@graph"]
        assert [node["skos:notation"] for node in nodes if "skos:notation" in node] == list(concepts.SCOPES)


def test_thesaurus_holds_every_concept_that_we_write() -> None:
    """The documents that connectors load have statuses under both parents, units, currencies and product types."""
    vocabularies = {node["@id"]: node for node in _nodes(thesaurus.vocabulary())}
    held = vocabularies[f"{contexts.CONTEXT_1['dfc-v']}Held"]
    parents = {parent["@id"].rpartition("#")[2] for parent in held[f"{SKOS}broader"]}
    assert parents == {"OrderStatus", "OrderState", "FulfilmentStatus", "FulfilmentState"}
    measures = {node["@id"].rpartition("#")[2] for node in _nodes(thesaurus.measures())}
    assert measures >= concepts.UNITS.keys() | concepts.CURRENCIES.keys()
    assert {node["@id"].rpartition("#")[2] for node in _nodes(thesaurus.product_types())} >= PRODUCT_TYPES


def _nodes(body: bytes) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(body)[0]["@graph"]
    return found


def test_words_of_units_find_their_unit() -> None:
    """What Coster calls a unit leads to the concept and back."""
    for name, unit in concepts.UNITS.items():
        assert concepts.unit_of_word(unit.word) == name
        assert concepts.unit(f"dfc-m:{name}") == name
    assert [concepts.unit_of_word(word) for word in ("kg", "piece", "bunch", "bushel")] == [
        "Kilogram",
        "Piece",
        "Bunch",
        None,
    ]


def test_places_are_read_as_the_kind_with_an_address() -> None:
    """Every field of a reference names classes that Coster speaks."""
    for kind in vocabulary.CLASSES:
        for field in kind.fields:
            assert (field.kind is Kind.REF) == bool(field.of), field
