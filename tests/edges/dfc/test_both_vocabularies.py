"""Everything that we show, in the vocabulary of 1.16 and in that of 2.0.0: the same said, in words that others read (check 24)."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
import rdflib
import rdflib.compare
from pyld import jsonld

from coster.edges.dfc.language import contexts, relations
from tests.edges.conftest import Server
from tests.edges.dfc.answers import V2, full
from tests.edges.dfc.suite import graph_of


@pytest.fixture(scope="module")
async def shown(server: Server) -> dict[str, tuple[httpx2.Response, httpx2.Response]]:
    """Each answer in both vocabularies, by its address."""
    _, client, places = await full(server)
    return {place: (await client.get(place), await client.get(place, headers=V2)) for place in places}


async def test_both_say_the_same(shown: dict[str, tuple[httpx2.Response, httpx2.Response]]) -> None:
    """Each record, field by field; the second form says which vocabulary it is, and in lists what they contain."""
    assert len(shown) == 22
    for place, (old, new) in shown.items():
        assert (old.status_code, new.status_code) == (200, 200), place
        assert graph_of(old.text) == graph_of(new.text), place
        assert new.headers["content-type"] == 'application/ld+json; profile="dfc-v2"'
        found = set(context_of(new.json()))
        assert contexts.URL_2 in found
        assert contexts.URL_1 not in found


def context_of(whole: dict[str, Any]) -> list[str]:
    """The contexts that a document names."""
    named = whole["@context"]
    return [one for one in (named if isinstance(named, list) else [named]) if isinstance(one, str)]


async def test_version_two_has_no_word_of_version_one(
    shown: dict[str, tuple[httpx2.Response, httpx2.Response]],
) -> None:
    """Enterprises are organisations, lines have quantities with a class, and whatever points does so in the context of 2.0.0."""
    for place, (_, new) in shown.items():
        for node in new.json().get("@graph", [new.json()]):
            kinds = node["@type"]
            assert kinds != "dfc-b:Enterprise", place
            if kinds == "dfc-b:OrderLine":
                assert node.get("dfc-b:hasQuantity", {}).get("@type") == "dfc-b:QuantitativeValue", place
                assert "dfc-b:quantity" not in node
            names = {name.removeprefix("dfc-b:") for name in node if name.startswith("dfc-b:")}
            assert names & relations.RELATIONS <= relations.RELATIONS_OF_2


async def test_rdflib_and_pyld_agree_on_all_that_is_shown(
    shown: dict[str, tuple[httpx2.Response, httpx2.Response]],
) -> None:
    """The same triples from both, of both vocabularies."""
    for place, answers in shown.items():
        for answer in answers:
            whole = answer.json()
            named = whole["@context"] if isinstance(whole["@context"], list) else [whole["@context"]]
            inlined = [
                contexts.answer(one)["document"]["@context"] if isinstance(one, str) else one for one in named
            ]
            document = {**whole, "@context": inlined}
            quads = jsonld.to_rdf(document, {"format": "application/n-quads"})
            theirs = rdflib.Graph().parse(data=json.dumps(document), format="json-ld")
            ours = rdflib.Graph().parse(data=quads, format="nt")
            assert len(ours) > 0
            assert rdflib.compare.isomorphic(ours, theirs), place
