"""The short way of expanding plain documents gives what pyld gives, or nothing."""

from __future__ import annotations

import json
import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pyld import jsonld

from coster.edges.dfc.language import contexts, expanding, parsing, plain
from coster.edges.dfc.language.faults import Found
from coster.edges.dfc.language.records import Graph
from coster.edges.dfc.language.writing import write
from tests.edges.dfc.dialects import said_otherwise
from tests.edges.dfc.graphs import graphs
from tests.edges.dfc.shared import DOCUMENTS

BASE = "http://relative.invalid/api/dfc/"
NAMES = [
    "dfc-b:hasPart", "dfc-b:offeredItem", "dfc-b:quantity", "dfc-b:unheardOf", "dfc-t:hostedBy", "dfc:owner", "ldp:contains",
    "skos:prefLabel", "http://x.example/y", "https://x.example/a b", "urn:x:y", "dfc-b:", "dfc-b://x", "dfc-b", "name", "", ":", ":x",
    "_:b", "@id", "@type", "@graph", "@list", "@value", "@language", "@foo", "a:b:c", "dfc-b:@x", "dfc-b:@id", "x y:z", "1a:b",
    "dc:title", "é:b", "EN",
]  # fmt: skip
TEXTS = st.sampled_from(
    [
        *NAMES,
        "GB",
        "#",
        "#1",
        "../x",
        "/y",
        "?q",
        "dfc-m:Euro",
        "dfc-v:Held",
        "mailto:a@b.example",
        "en",
        "de-AT",
        "a b",
        ".",
    ]
)
LEAVES = st.one_of(TEXTS, st.booleans(), st.none(), st.text(max_size=4))
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)
NODES = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=5)


def agree(document: Any) -> bool:
    """Whether both ways give the same; the short way may give nothing. Yields whether it was gone."""
    ours = plain.expanded(document, BASE)
    if ours is not None:
        theirs = jsonld.expand(document, {"documentLoader": contexts.answer, "base": BASE})
        assert ours == theirs
    return ours is not None


@given(
    st.one_of(NODES, st.lists(NODES, max_size=3).map(lambda nodes: {"@graph": nodes})),
    st.sampled_from([contexts.URL_1, contexts.URL_2]),
)
@settings(max_examples=400, deadline=None)
def test_short_and_long_way_agree_on_odd_documents(node: dict[str, Any], url: str) -> None:
    """Names without prefix, foreign prefixes, keywords, relative ids, nulls, empty and nested values."""
    agree({"@context": url, **node})


@given(graphs(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_short_and_long_way_agree_on_what_peers_write(graph: Graph, chance: random.Random) -> None:
    """What we write is plain, and what others make of it is expanded alike."""
    assert agree(json.loads(write(graph))) or not graph.records
    found = Found()
    document = parsing.parse(said_otherwise(write(graph), chance), parsing.REQUEST, found)
    agree(document)
    assert found.all() == ()


def test_short_and_long_way_agree_on_documents_of_others() -> None:
    """Where they are at hand: nearly all of them are plain."""
    plainly = []
    for file in DOCUMENTS:
        document = parsing.parse(file.read_bytes(), parsing.REQUEST, Found())
        plainly.append(agree(document) if document is not None else False)
    assert sum(plainly) >= len(plainly) * 0.9


def test_what_pyld_refuses_the_short_way_does_not_take() -> None:
    """A document that is no JSON-LD stays one."""
    found = Found()
    body = json.dumps(
        {"@context": contexts.URL_1, "@id": "https://a.example/", "dfc-b:hasPart": {"@value": {"a": "b"}}}
    )
    assert expanding.expand(body, base="", limits=parsing.REQUEST, found=found) == []
    assert [fault.code for fault in found.all()] == ["not_json_ld"]
