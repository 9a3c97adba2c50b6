"""Contexts come out of our own table: every address that peers name is answered, and no network can be reached."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest
import rdflib
import rdflib.compare
from pyld import jsonld

from coster.edges.dfc.language import (
    concepts,
    contexts,
    expanding,
    namespaces,
    parsing,
    relations,
    vocabulary,
)
from coster.edges.dfc.language.faults import Found
from coster.edges.dfc.language.reading import read
from coster.edges.dfc.language.records import Order
from tests.edges.dfc.shared import CONTEXTS, DOCUMENTS

PLUGIN = "https://www.datafoodconsortium.org/wp-content/plugins/wordpress-context-jsonld/"
W3ID = "https://w3id.org/dfc/ontology/context/"
NAMED = [
    ("https://www.datafoodconsortium.org", contexts.URL_1),
    ("https://www.datafoodconsortium.org/", contexts.URL_1),
    ("http://static.datafoodconsortium.org/ontologies/context.json", contexts.URL_1),
    (f"{PLUGIN}context.jsonld", contexts.URL_1),
    *((f"{PLUGIN}context_1.{n}.jsonld", contexts.URL_1) for n in ("8.2", "9.0", "12.0", "15.0", "16.0")),
    (f"{PLUGIN}context_2.0.0.jsonld", contexts.URL_2),
    (f"{W3ID}context_1.16.0.json", contexts.URL_1),
    (f"{W3ID}context_1.14.0.json", contexts.URL_1),
    (f"{W3ID.replace('https', 'http')}context_1.16.0.json", contexts.URL_1),
    (f"{W3ID}context_2.0.0.json", contexts.URL_2),
]
FOREIGN = [
    "https://evil.example/context.jsonld",
    "https://www.datafoodconsortium.org.evil.example/",
    "https://www.datafoodconsortium.org/elsewhere.jsonld",
    f"{W3ID}context_3.0.0.json",
    "file:///etc/passwd",
    "http://169.254.169.254/latest/meta-data",
    "context.jsonld",
    "",
]


def order(context: Any) -> bytes:
    """An order under a context."""
    node = {
        "@context": context,
        "@id": "https://a.example/1",
        "@type": "dfc-b:Order",
        "dfc-b:hasOrderStatus": "dfc-v:Held",
    }
    return json.dumps(node).encode()


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every attempt to open a socket, or to look up a name, fails and is written down."""
    tried: list[object] = []

    def refuse(*args: object, **_: object) -> None:
        tried.append(args)
        raise AssertionError(f"the network was asked for {args}")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refuse)
    return tried


@pytest.mark.parametrize(("url", "known"), NAMED)
def test_every_address_that_peers_name_is_answered(url: str, known: str, no_network: list[object]) -> None:
    """Whichever address names the context, the same order is read, without a network."""
    assert contexts.canonical(url) == known
    reading = read(order(url))
    assert reading == read(order(contexts.URL_1))
    assert len(reading.graph.of(Order)) == 1
    assert no_network == []


@pytest.mark.parametrize("url", FOREIGN)
@pytest.mark.parametrize("place", ["alone", "listed", "inside", "inside a value"])
def test_other_contexts_are_refused_and_not_fetched(url: str, place: str, no_network: list[object]) -> None:
    """A context that is not ours is told as a fault wherever it stands, and nobody is asked for it."""
    node: dict[str, Any] = json.loads(order(contexts.URL_1))
    if place == "alone":
        node["@context"] = url
    elif place == "listed":
        node["@context"] = [contexts.URL_1, url]
    else:
        node["dfc-b:hasPart"] = {
            "@context": [url] if place == "inside" else {"x": {"@id": "dfc-b:x", "@context": url}}
        }
    reading = read(json.dumps(node))
    assert [fault.code for fault in reading.faults] == [
        "context_refused" if place == "inside a value" else "context_unknown"
    ]
    assert reading.graph.records == ()
    assert no_network == []


def test_permissions_of_platforms_can_be_expanded(no_network: list[object]) -> None:
    """As OFN writes them: a list with a type, scopes by whatever address, of which the end counts."""
    scopes = [
        {"@id": f"https://example.com/scopes/{name}", "@type": "dfc-t:Scope"} for name in concepts.SCOPES
    ]
    given = {"@type": "rdf:List", "@list": scopes}
    body = json.dumps(
        {
            "@context": contexts.URL_PLATFORMS,
            "@id": "https://a.example/cqcm",
            "dfc-t:hasAssignedScopes": given,
        }
    )
    found = Found()
    platform = expanding.expand(body, base="", limits=parsing.REQUEST, found=found)[0]
    ((name, values),) = platform.values.items()
    assert namespaces.term(name) == ("dfc-t", "hasAssignedScopes")
    assert [concepts.name_of(value.id) for value in values if isinstance(value, expanding.Ref)] == list(
        concepts.SCOPES
    )
    assert found.all() == ()
    assert no_network == []


def test_contexts_cannot_import_others(no_network: list[object]) -> None:
    """The way by which a context of the document would load another one is closed."""
    reading = read(order({"@import": contexts.URL_1, "dfc-b": "https://x.example/"}))
    assert [(fault.code, fault.found) for fault in reading.faults] == [("context_refused", "@import")]
    assert no_network == []


@pytest.mark.parametrize("url", FOREIGN)
def test_the_loader_itself_knows_no_network(url: str, no_network: list[object]) -> None:
    """Whatever asks the loader for something else than our contexts gets an error and no connection."""
    with pytest.raises(LookupError):
        contexts.answer(url)
    with pytest.raises((jsonld.JsonLdError, LookupError)):
        jsonld.expand(url, {"documentLoader": contexts.answer})
    assert no_network == []


def test_our_context_is_made_of_our_table() -> None:
    """Each relation points by itself in the context, and nothing else of the standard does."""
    pointing = {name for name, meaning in contexts.CONTEXT_1.items() if meaning == {"@type": "@id"}}
    assert pointing == {f"dfc-b:{n}" for n in relations.RELATIONS} | {
        f"dfc-t:{n}" for n in relations.TECHNICAL
    }
    assert contexts.CONTEXT_2.keys() - contexts.CONTEXT_1.keys() >= {
        "dfc-b:isCertifiedBy",
        "dfc-b:hasTemplateSaleSession",
    }


def test_inverses_of_the_vocabulary_are_those_of_the_relations() -> None:
    """What a field is told by from the other end is the inverse of the relation that it is written as."""
    for kind in vocabulary.CLASSES:
        for field in kind.fields:
            if field.inverse:
                assert relations.INVERSES[field.inverse] in field.writes, field


def triples(document: Any, context: Any) -> rdflib.Graph:
    """What a document says under a context."""
    quads = jsonld.to_rdf(
        {**document, "@context": context},
        {"documentLoader": contexts.answer, "format": "application/n-quads"},
    )
    return rdflib.Graph().parse(data=quads, format="nt")


def test_ours_and_theirs_expand_documents_to_the_same_triples() -> None:
    """Where the official contexts are at hand, each document under ours says what it says under theirs."""
    for file in CONTEXTS:
        theirs = json.loads(file.read_text("utf-8"))["@context"]
        ours = contexts.CONTEXT_2 if "2.0.0" in file.name else contexts.CONTEXT_1
        assert {name for name in theirs if theirs[name] != ours.get(name)} == set()
        for source in DOCUMENTS:
            document = json.loads(source.read_text("utf-8"))
            if isinstance(document.get("@context"), str):
                assert rdflib.compare.isomorphic(triples(document, ours), triples(document, theirs)), (
                    file.name,
                    source.name,
                )
