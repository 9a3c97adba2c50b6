"""Documents that mean harm, or nothing: each is answered with faults, never with an exception, and soon."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coster.edges.dfc.language import contexts, faults, identifiers, parsing, vocabulary
from coster.edges.dfc.language.reading import Reading, read
from tests.edges.dfc.shared import DOCUMENTS

URL = json.dumps(contexts.URL_1)


def under_context(rest: str) -> str:
    """A document of these members under the context, as text that no program would write."""
    return f'{{"@context": {URL}, {rest}}}'


NAMES = st.sampled_from([
    "@id", "@type", "@value", "@list", "@set", "@graph", "@reverse", "@language", "@index", "@included", "@nest", "@none", "@direction",
    "@json", "@container", "@vocab", "@base", "@context", "@propagate", "@protected", "@prefix", "@version", "dfc-b:hasPart",
    "dfc-b:partOf", "dfc-b:quantity", "dfc-b:hasPrice", "dfc-b:value", "dfc-b:hasUnit", "dfc-b:hasOrderStatus", "dfc-b:date",
    "dfc-b:name", "dfc-b", "a:b", "http://x.example/y", "name", "", ":", "_:b", "dfc-b:",
])  # fmt: skip
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=8), NAMES,
    st.sampled_from(["dfc-b:Order", "dfc-b:OrderLine", "dfc-b:Offer", "dfc-m:Euro", "dfc-v:Held", "https://a.example/1", "#"]),
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)
TERMS = st.dictionaries(
    st.sampled_from(["a", "b", "dfc-b", "name", "@vocab", "@base", "@language", "@propagate", "@protected"]),
    st.recursive(LEAVES, lambda inner: st.dictionaries(NAMES, inner, max_size=3), max_leaves=4),
    max_size=4,
)

EMPTY = ",".join(["{}"] * 50_000)
LINE = '"@id": "https://a.example/", "@type": "dfc-b:OrderLine"'
MUCH = 10**6
BOMBS = {
    "deep arrays": under_context(f'"dfc-b:hasPart": {"[" * 100_000}{"]" * 100_000}'),
    "deep objects": under_context('"dfc-b:hasPart": ' + '{"a":' * 50_000 + "1" + "}" * 50_000),
    "many objects": under_context(f'"@graph": [{EMPTY}]'),
    "many contexts": f'{{"@context": [{",".join([URL] * 5000)}]}}',
    "many terms": json.dumps({"@context": {f"t{n}": f"https://x.example/{n}" for n in range(5000)}}),
    "chain of terms": json.dumps({"@context": {f"t{n}": f"t{n + 1}:x" for n in range(490)}, "t0:y": "1"}),
    "circle of terms": json.dumps({"@context": {"a": "b:x", "b": "a:y"}, "a:z": "1"}),
    "context in each node": json.dumps({"@graph": [{"@context": contexts.URL_1, "@id": str(n)} for n in range(5000)]}),
    "long number": under_context(f'{LINE}, "dfc-b:quantity": {"9" * 100_000}'),
    "large exponent": under_context(f'{LINE}, "dfc-b:quantity": 1e999999999'),
    "circle of nodes": json.dumps({"@context": contexts.URL_1, "@graph": [
        {"@id": "_:a", "@type": "dfc-b:Order", "dfc-b:hasPart": "_:b"},
        {"@id": "_:b", "@type": "dfc-b:OrderLine", "dfc-b:partOf": "_:a"}]}),
    "one line of many orders": json.dumps({"@context": contexts.URL_1, "@graph": [
        {"@id": f"https://a.example/{n}", "@type": "dfc-b:Order", "dfc-b:hasPart": "https://a.example/l"} for n in range(3000)]}),
    "many faults": json.dumps({"@context": contexts.URL_1, "@graph": [
        {"@id": f"https://a.example/{n}", "@type": "dfc-b:OrderLine", "dfc-b:quantity": "x"} for n in range(3000)]}),
    "long text of letters": under_context(f'{LINE}, "dfc-b:quantity": "{"a" * MUCH}", "dfc-b:discount": "{"1" * MUCH}"'),
    "long date": under_context(f'"@id": "https://a.example/", "@type": "dfc-b:Order", "dfc-b:date": "{"a" * MUCH}"'),
    "long text of digits": json.dumps({"@context": contexts.URL_1, "@id": f"https://a.example/{'1' * MUCH}", "@type": "dfc-b:Order"}),
}  # fmt: skip
NO_JSON = [
    b"",
    b"\xff\xfe",
    b"null",
    b"1",
    b'"text"',
    b"{",
    b'{"a": NaN}',
    b'{"a": 1, "a": 2}',
    b"[" * 5000,
    b"\xef\xbb\xbf{}",
    b"{}\x00",
]


def sane(reading: Reading) -> Reading:
    """What is read can be told and written, whatever it was."""
    assert len(reading.faults) <= faults.MOST + 1
    for fault in reading.faults:
        assert fault.sentence.encode()
        assert len(fault.found) <= 200
    return reading


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_disarmed(name: str) -> None:
    """Depth, width, contexts and numbers without end are answered within seconds."""
    begun = time.process_time()
    sane(read(BOMBS[name]))
    assert time.process_time() - begun < 5


@pytest.mark.parametrize("body", NO_JSON)
def test_what_is_no_document_is_told(body: bytes) -> None:
    """Whatever is no JSON object or array has one fault, and nothing is read."""
    reading = sane(read(body))
    assert [
        fault.code in ("not_json", "not_json_ld", "too_large", "context_missing") for fault in reading.faults
    ] == [True]
    assert reading.graph.records == ()


def test_names_that_stand_there_twice_are_refused() -> None:
    """An order cannot count 1 for one reader and 2 for the next."""
    (fault,) = read(under_context('"dfc-b:quantity": 1, "dfc-b:quantity": 2')).faults
    assert (fault.code, fault.found) == ("not_json", "dfc-b:quantity twice")


@pytest.mark.parametrize("text", ["\ud800", "a\x00b", "\udfff\ud800"])
def test_texts_that_nobody_can_keep_are_faults(text: str) -> None:
    """Halves of surrogate pairs and NUL, in texts and in ids."""
    node = {
        "@context": contexts.URL_1,
        "@id": "https://a.example/1",
        "@type": "dfc-b:Order",
        "dfc-b:orderNumber": text,
    }
    assert [fault.code for fault in sane(read(json.dumps(node))).faults] == ["value_malformed"]
    node = {"@context": contexts.URL_1, "@id": f"https://a.example/{text}", "@type": "dfc-b:Order"}
    assert [fault.code for fault in sane(read(json.dumps(node))).faults] == ["iri_malformed"]


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_answered(body: bytes) -> None:
    """Bytes of no meaning are faults and not exceptions."""
    sane(read(body))


@given(
    VALUES,
    st.one_of(st.just(contexts.URL_1), TERMS, st.tuples(st.just(contexts.URL_1), TERMS).map(list), LEAVES),
)
@settings(max_examples=200, deadline=None)
def test_any_json_is_answered(value: Any, context: Any) -> None:
    """Keywords in wrong places, contexts that contradict themselves, values of wrong kinds: faults and not exceptions."""
    node = value if isinstance(value, dict) else {"@graph": value}
    sane(read(json.dumps({**node, "@context": context})))


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_damaged_documents_are_answered(data: st.DataObject) -> None:
    """Real documents with a value replaced by something else: faults and not exceptions."""
    for file in data.draw(st.lists(st.sampled_from(DOCUMENTS), min_size=1, max_size=1)) if DOCUMENTS else ():
        document = json.loads(file.read_text("utf-8"))
        places = list(_places(document))
        holder, key = data.draw(st.sampled_from(places))
        holder[key] = data.draw(VALUES)
        sane(read(json.dumps(document)))


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Each place of a document in which a value stands."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, one in inner for place in [(value, key), *_places(one)]]


def test_limits_of_a_catalogue_are_larger() -> None:
    """What we fetch from a chosen peer may be larger than what anybody sends."""
    assert parsing.CATALOGUE.size > parsing.REQUEST.size
    body = under_context(f'"@graph": [{EMPTY}]')
    assert read(body, limits=parsing.CATALOGUE) == Reading()


@pytest.mark.parametrize("base", ["", "https://a.example/x"])
@pytest.mark.parametrize(
    "id_",
    [
        "//[",
        "//[x]/y",
        "http://[",
        "//[::1",
        "//]",
        "http://]",
        "http://a]b/",
        "https://[::1]",
        "?//[",
        "x:[",
    ],
)
def test_addresses_that_are_none_are_answered(id_: str, base: str) -> None:
    """Brackets without an address between them make Python's own functions stumble."""
    node = {"@id": id_, "@type": "dfc-b:Order", "dfc-b:belongsTo": id_, "dfc-b:OrderedBy": id_}
    for context in (contexts.URL_1, [contexts.URL_1, {"@base": "https://b.example/"}]):
        reading = sane(read(json.dumps({"@context": context, "@graph": [node]}), base=base))
        for record in reading.graph.records:
            assert (
                urlsplit(record.id)
                if identifiers.is_absolute(record.id)
                else identifiers.is_placeholder(record.id)
            )


SPELLINGS = sorted(
    {
        name
        for kind in vocabulary.CLASSES
        for field in kind.fields
        for name in (*field.writes, *field.reads, field.inverse)
    }
)
WORDS = st.text(max_size=12) | st.text("0123456789²٣.eE+-:/#T ZGM", max_size=12)


@given(
    st.lists(
        st.builds(
            lambda id_, kind, said: {
                "@id": id_,
                "@type": f"dfc-b:{kind.name}",
                **{f"dfc-b:{name}": value for name, value in said.items()},
            },
            WORDS,
            st.sampled_from(vocabulary.CLASSES),
            st.dictionaries(
                st.sampled_from(SPELLINGS),
                WORDS | st.lists(WORDS, max_size=2) | st.builds(lambda id_: {"@id": id_}, WORDS),
            ),
        ),
        max_size=3,
    ),
    st.sampled_from(["", "https://a.example/api/dfc/Orders", "no address", "https://a.example"]),
)
@settings(max_examples=100, deadline=None)
def test_any_words_for_any_property_are_answered(nodes: list[dict[str, Any]], base: str) -> None:
    """Texts of every kind as ids and as values of what Coster speaks: faults and not exceptions."""
    sane(read(json.dumps({"@context": contexts.URL_1, "@graph": nodes}), base=base))
