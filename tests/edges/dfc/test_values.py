"""Numbers, instants, ids and namespaces: every way of writing them, exact or refused."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coster.edges.dfc.language import concepts, countries, dates, identifiers, namespaces, numbers

NUMBERS = [
    ("6", "6"), ("2.40", "2.4"), ("2.4E0", "2.4"), ("5.0E-1", "0.5"), ("+1", "1"), ("-0", "0"), (".5", "0.5"), ("7.", "7"),
    (" 4.95 ", "4.95"), ("1e3", "1000"), ("123456789012345678901234567890.000001", "123456789012345678901234567890.000001"),
]  # fmt: skip
NO_NUMBERS = [
    "",
    "six",
    "1,5",
    "NaN",
    "Infinity",
    "-inf",
    "0x10",
    "1_000",
    "1e31",
    "1e-31",
    "1e999999999",
    "9" * 61,
    "٣",
    "1 2",
    "£1",
]
AMOUNTS = [
    ("£0.27", "0.27", "GBP"),
    ("€ 4.95", "4.95", "EUR"),
    ("4.95 EUR", "4.95", "EUR"),
    ("$US3", "3", "USD"),
    ("2.40", "2.4", None),
]
SUMMER = dt.timezone(dt.timedelta(hours=2))
INSTANTS = [
    ("2026-07-20T06:00:00+02:00", dt.datetime(2026, 7, 20, 6, tzinfo=SUMMER)),
    ("2026-07-20T06:00:00.250Z", dt.datetime(2026, 7, 20, 6, 0, 0, 250000, tzinfo=dt.UTC)),
    ("2026-07-20T06:00+0200", dt.datetime(2026, 7, 20, 6, tzinfo=SUMMER)),
    ("2026-07-20 06:00:00 +0200", dt.datetime(2026, 7, 20, 6, tzinfo=SUMMER)),
    ("2026-07-20 06:00:00 UTC", dt.datetime(2026, 7, 20, 6, tzinfo=dt.UTC)),
    ("2026-07-20", dt.datetime(2026, 7, 20, tzinfo=dt.UTC)),
    ("2026-07-20T06:00:00", dt.datetime(2026, 7, 20, 6, tzinfo=dt.UTC)),
    ("2026-07-20T06:00:00+02", dt.datetime(2026, 7, 20, 6, tzinfo=SUMMER)),
    ("2026-07-20T06:00:00,25Z", dt.datetime(2026, 7, 20, 6, 0, 0, 250000, tzinfo=dt.UTC)),
    ("2026-07-20T24:00:00+02:00", dt.datetime(2026, 7, 21, tzinfo=SUMMER)),
    ("2026-07-20+02:00", dt.datetime(2026, 7, 20, tzinfo=SUMMER)),
    ("20260720T060000Z", dt.datetime(2026, 7, 20, 6, tzinfo=dt.UTC)),
    ("20260720T0600+0200", dt.datetime(2026, 7, 20, 6, tzinfo=SUMMER)),
    ("Thu Aug 22 2024 05:40:38 UTC", dt.datetime(2024, 8, 22, 5, 40, 38, tzinfo=dt.UTC)),
    (
        "Thu Aug 22 2024 05:40:38 GMT+0200 (heure d’été d’Europe centrale)",
        dt.datetime(2024, 8, 22, 5, 40, 38, tzinfo=SUMMER),
    ),
    ("Thu Aug 22 2024", dt.datetime(2024, 8, 22, tzinfo=dt.UTC)),
    ("Thu, 22 Aug 2024 05:40:38 GMT", dt.datetime(2024, 8, 22, 5, 40, 38, tzinfo=dt.UTC)),
    ("Thu, 22 Aug 2024 05:40:38 +0200", dt.datetime(2024, 8, 22, 5, 40, 38, tzinfo=SUMMER)),
    ("Thu Aug 22 05:40:38 2024", dt.datetime(2024, 8, 22, 5, 40, 38, tzinfo=dt.UTC)),
    ("Thu Aug 22 05:40:38 UTC 2024", dt.datetime(2024, 8, 22, 5, 40, 38, tzinfo=dt.UTC)),
]
NO_INSTANTS = [
    "", "tomorrow", "2026-13-01", "2026-02-30", "2026-07-20T25:00:00Z", "2026-07-20T24:00:01Z", "20260720",
    "2026-07-20T06:00:00+25:00", "0001-01-01T00:00:00+02:00",
    "9999-12-31T23:59:59-02:00", "Thu Foo 22 2024", "1724305238000", "Thu Aug 22 2024 05:40:38 CEST",
]  # fmt: skip
TERMS = [
    (
        "https://github.com/datafoodconsortium/ontology/releases/latest/download/DFC_BusinessOntology.owl#Order",
        ("dfc-b", "Order"),
    ),
    ("http://w3id.org/dfc/ontology/v2.0.0/src/DFC_BusinessOntology.owl#Order", ("dfc-b", "Order")),
    ("https://w3id.org/dfc/ontology/src/DFC_BusinessOntology.owl#Order", ("dfc-b", "Order")),
    ("http://static.datafoodconsortium.org/ontologies/DFC_BusinessOntology.owl#Order", ("dfc-b", "Order")),
    ("http://static.datafoodconsortium.org/ontologies/DFC_ProductOntology.owl#hasUnit", ("dfc-b", "hasUnit")),
    ("http://static.datafoodconsortium.org/data/measures.rdf#Kilogram", ("dfc-m", "Kilogram")),
    (
        "https://github.com/datafoodconsortium/taxonomies/releases/download/v1.1.0/vocabulary.rdf#Held",
        ("dfc-v", "Held"),
    ),
    ("http://www.w3id.org/dfc/taxonomies/scopes.rdf#ReadOrders", ("dfc-s", "ReadOrders")),
    ("dfc-v:Held", ("dfc-v", "Held")),
    ("https://evil.example/DFC_BusinessOntology.owl#Order", None),
    ("https://github.com/evil/ontology/releases/latest/download/DFC_BusinessOntology.owl#Order", None),
    ("http://w3id.org/dfc/ontology/src/Unheard.owl#Order", None),
    ("dfc-x:Held", None),
    ("Held", None),
]
PLACES = [
    "#",
    "",
    "#1",
    "#/orderlines/1",
    "_:b1",
    "Orders/7",
    "https://a.example/Orders/#",
    "https://a.example/Orders/#/OrderLines/1",
]


@pytest.mark.parametrize(("written", "short"), NUMBERS)
def test_numbers_are_exact(written: str, short: str) -> None:
    """Each digit counts, and equal numbers are written the same."""
    number = numbers.decimal(written)
    assert number == Decimal(short)
    assert number is not None
    assert numbers.text(number) == short


@pytest.mark.parametrize("written", NO_NUMBERS)
def test_what_is_no_number_is_none(written: str) -> None:
    """Words, separators, infinities and absurd sizes are no numbers."""
    assert numbers.decimal(written) is None


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=9))
def test_writing_a_number_loses_nothing(number: Decimal) -> None:
    """A number comes back as it was, from its shortest text and from its exponent form."""
    assert numbers.decimal(numbers.text(number)) == number
    assert numbers.decimal(f"{number:E}") == number


@pytest.mark.parametrize(("written", "number", "currency"), AMOUNTS)
def test_amounts_may_stand_beside_a_sign(written: str, number: str, currency: str | None) -> None:
    """A sign or code of currency is understood on either side."""
    assert numbers.amount(written) == (Decimal(number), currency)


@pytest.mark.parametrize("written", ["£", "£1£", "EUR", "ABC 4", "£four"])
def test_what_is_no_amount_is_none(written: str) -> None:
    """A sign without a number, two signs, and unknown codes are no amounts."""
    assert numbers.amount(written) is None


@pytest.mark.parametrize(("written", "instant"), INSTANTS)
def test_instants_are_read_with_their_offset(written: str, instant: dt.datetime) -> None:
    """Each form is the instant that it means, and the offset is kept."""
    found = dates.instant(written)
    assert found == instant
    assert found is not None
    assert found.utcoffset() == instant.utcoffset()
    assert dates.instant(dates.text(found)) == instant


@pytest.mark.parametrize("written", NO_INSTANTS)
def test_what_is_no_instant_is_none(written: str) -> None:
    """Days and hours that do not exist, far years and names of zones are refused."""
    assert dates.instant(written) is None


def test_instants_without_offset_count_in_the_given_zone() -> None:
    """Who knows where a peer lives can say so."""
    assert dates.instant("2026-07-20T06:00:00", SUMMER) == dt.datetime(2026, 7, 20, 6, tzinfo=SUMMER)


@given(st.text())
def test_no_text_stumbles_anything(text: str) -> None:
    """Whatever the text, each reader of one value answers."""
    for read in (
        numbers.decimal,
        numbers.amount,
        dates.instant,
        namespaces.term,
        concepts.unit,
        concepts.currency,
        countries.code,
    ):
        read(text)
    assert isinstance(identifiers.natural(text), tuple)
    assert identifiers.is_placeholder(text) in (True, False)


@pytest.mark.parametrize(("iri", "term"), TERMS)
def test_namespaces_become_one_by_rule(iri: str, term: tuple[str, str] | None) -> None:
    """Hosts, versions and schemes do not matter, as long as they are the standard's."""
    assert namespaces.term(iri) == term


@pytest.mark.parametrize("id_", PLACES)
def test_ids_that_keep_a_place_are_known(id_: str) -> None:
    """Ids that nobody may store are told apart."""
    assert identifiers.is_placeholder(id_)


def test_whole_ids_keep_no_place() -> None:
    """A fragment that names something is an id as any other."""
    assert not identifiers.is_placeholder("https://a.example/api/dfc/Enterprises/jean#mainAddress")


def test_countries_are_known_by_code_and_address() -> None:
    """Two letters, three, an address of the EU's list, and what peers write instead."""
    known = ["FR", "fra", f"{countries.AUTHORITY}FRA", "UK", "http://a.example/api/GB"]
    assert [countries.code(text) for text in known] == ["FR", "FR", "FR", "GB", "GB"]
    assert countries.code("United Kingdom") == "United Kingdom"
    assert countries.iri("GB") == "http://publications.europa.eu/resource/authority/country/GBR"


def test_natural_order_counts() -> None:
    """The ninth line comes before the tenth."""
    ids = [f"https://a.example/OrderLines/{n}" for n in (10, 9, 1)]
    assert sorted(ids, key=identifiers.natural) == ids[::-1]


def test_digits_of_other_scripts_are_letters() -> None:
    """A superscript two counts as a digit for Python, but no number can be made of it."""
    assert identifiers.natural("a²") == ("a²",)
