"""What is written is read as it was meant, whatever it is; and always the same bytes are written."""

from __future__ import annotations

import json

import rdflib
import rdflib.compare
from hypothesis import given, settings
from hypothesis import strategies as st
from pyld import jsonld

from coster.edges.dfc.language import contexts, namespaces, relations, vocabulary
from coster.edges.dfc.language.reading import read
from coster.edges.dfc.language.records import Graph
from coster.edges.dfc.language.writing import Profile, completed, write
from tests.edges.dfc.graphs import graphs

PROFILES = st.sampled_from(Profile)


@given(graphs(), PROFILES)
@settings(max_examples=30, deadline=None)
def test_reading_gives_what_was_written(graph: Graph, profile: Profile) -> None:
    """A whole graph comes back as it is, another one completed, and nothing is wrong with it."""
    whole = completed(graph)
    reading = read(write(whole, profile=profile))
    assert reading.faults == ()
    assert reading.graph == whole
    assert read(write(graph, profile=profile)).graph == whole


@given(graphs(), PROFILES)
@settings(max_examples=30, deadline=None)
def test_the_same_is_written_in_the_same_bytes(graph: Graph, profile: Profile) -> None:
    """Writing twice, writing what was read, and writing what was completed give the same bytes."""
    body = write(graph, profile=profile)
    assert write(graph, profile=profile) == body
    assert write(completed(graph), profile=profile) == body
    assert write(read(body).graph, profile=profile) == body


@given(graphs())
@settings(max_examples=30, deadline=None)
def test_completing_twice_changes_nothing(graph: Graph) -> None:
    """All that follows from a graph follows at once."""
    assert completed(completed(graph)) == completed(graph)


@given(graphs(most=4), PROFILES)
@settings(max_examples=15, deadline=None)
def test_rdflib_and_pyld_find_the_same_triples(graph: Graph, profile: Profile) -> None:
    """Two readers of JSON-LD that know nothing of each other agree on what we write."""
    document = json.loads(write(graph, profile=profile))
    quads = jsonld.to_rdf(document, {"documentLoader": contexts.answer, "format": "application/n-quads"})
    theirs = rdflib.Graph().parse(data=quads, format="nt")
    document["@context"] = contexts.answer(document["@context"])["document"]["@context"]
    ours = rdflib.Graph().parse(data=json.dumps(document), format="json-ld")
    assert len(ours) == len(theirs)
    assert rdflib.compare.isomorphic(ours, theirs)


@given(graphs())
@settings(max_examples=30, deadline=None)
def test_every_literal_is_a_text(graph: Graph) -> None:
    """No number and no truth is written as one, because connectors would bring it back as another type."""
    plain: list[object] = [json.loads(write(graph))]
    while plain:
        value = plain.pop()
        assert isinstance(value, str | dict | list)
        plain += value.values() if isinstance(value, dict) else value if isinstance(value, list) else []


@given(graphs())
@settings(max_examples=30, deadline=None)
def test_nothing_that_is_named_is_missing(graph: Graph) -> None:
    """Each node that a document names is in it: connectors would fetch it."""
    document = json.loads(write(graph))
    nodes = document.get("@graph", [document] if "@id" in document else [])
    there = {node["@id"] for node in nodes}
    pointing = {
        f"dfc-b:{name}"
        for kind in vocabulary.CLASSES
        for f in kind.fields
        if f.of
        for name in (*f.writes, f.inverse)
    }
    for node in nodes:
        for name in pointing & node.keys():
            values = node[name] if isinstance(node[name], list) else [node[name]]
            assert {value["@id"] if isinstance(value, dict) else value for value in values} <= there


@given(graphs(), PROFILES)
@settings(max_examples=30, deadline=None)
def test_every_link_is_told_from_both_ends(graph: Graph, profile: Profile) -> None:
    """Whoever sends a link sends its inverse as well, wherever the standard has one."""
    document = jsonld.expand(json.loads(write(graph, profile=profile)), {"documentLoader": contexts.answer})
    told = {
        (node["@id"], term[1], value["@id"])
        for node in document
        for name, values in node.items()
        if (term := namespaces.term(name)) and term[1] in relations.INVERSES
        for value in values
        if "@id" in value and namespaces.term(value["@id"]) is None and value["@id"].startswith("https://")
    }
    written = {
        name
        for kind in vocabulary.CLASSES
        for field in kind.fields
        if field.inverse
        for name in (*field.writes, field.inverse)
    }
    links = {(subject, name, other) for subject, name, other in told if name in written}
    assert {(other, relations.INVERSES[name], subject) for subject, name, other in links} - told <= ambiguous(
        graph
    )


def ambiguous(graph: Graph) -> set[tuple[str, str, str]]:
    """Links between records whose classes the standard does not join: a category that is said to be an enterprise has no end to tell."""
    kinds = {record.id: vocabulary.BY_RECORD[type(record)].name for record in completed(graph).records}
    return {
        (id_, field.inverse, record.id)
        for record in completed(graph).records
        for field in vocabulary.BY_RECORD[type(record)].fields
        if field.inverse
        for id_ in _ids(getattr(record, field.name))
        if kinds[id_] not in field.of
    }


def _ids(value: object) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else (value,) if isinstance(value, str) else ()
