"""The writer of orders gives byte for byte what the writer of records gives."""

from __future__ import annotations

import datetime as dt
import uuid

from hypothesis import given
from hypothesis import strategies as st

from coster.domain.supplying.model import SuppliedLine, SuppliedOrder
from coster.edges.dfc import order_documents, order_writing
from coster.edges.dfc.iris import Iris
from coster.edges.dfc.language import writing
from coster.edges.dfc.language.reading import read

IRIS = Iris("https://coster.example/api/dfc")
_IDS = st.uuids()
_TEXTS = st.sampled_from(["Carrots", "Œufs “bio”\n", "", '"\\', "☃"])
_INSTANTS = st.integers(1_600_000_000, 1_900_000_000).map(lambda s: dt.datetime.fromtimestamp(s, dt.UTC))
_DISCOUNTS = st.sampled_from([None, "0", "1.50", "0.333"])
_IRIS = st.sampled_from(
    [
        "",
        "https://hub.example/a",
        "https://hub.example/b9",
        "https://a.example/10",
        f"{IRIS.base}/Enterprises/x",
    ]
)


@st.composite
def orders(draw: st.DrawFn) -> SuppliedOrder:
    """An order of up to six lines, in whatever words."""
    line = st.builds(
        SuppliedLine, item_id=_IDS, name=_TEXTS, unit=st.sampled_from(["kg", "piece", "bunch", "blob"]),
        quantity=st.integers(1, 10**9), price_micros=st.integers(0, 10**9), discount=_DISCOUNTS,
    )  # fmt: skip
    discount, begins = draw(_DISCOUNTS), draw(st.sampled_from([None, "2026-11-23T06:00:00+01:00"]))
    notes = {
        name: value for name, value in (("discount", discount), ("begins", begins), ("ends", begins)) if value
    }
    opens_at = draw(_INSTANTS)
    return SuppliedOrder(
        id=draw(_IDS), order_id=draw(_IDS), hub_id=draw(_IDS), hub_iri=draw(_IRIS), hub_name=draw(_TEXTS), platform_id=draw(_IDS),
        producer_id=draw(_IDS), producer_name=draw(_TEXTS), session_id=draw(_IDS), session_iri=draw(_IRIS), session_status="open",
        opens_at=opens_at, closes_at=opens_at + dt.timedelta(days=draw(st.sampled_from([1, 7, 800]))),
        currency=draw(st.sampled_from(["EUR", "GBP", "CHF"])), order_status=draw(st.sampled_from(["Held", "Complete", "Cancelled"])),
        fulfilment_status=draw(st.sampled_from(["Held", "Unfulfilled", "Fulfilled", "Cancelled"])),
        payment_status=draw(st.sampled_from(["Unpaid", "Paid", "Cancelled"])),
        lines=draw(st.lists(line, max_size=6, unique_by=lambda one: one.item_id)), notes=notes, placed_at=draw(_INSTANTS),
        order_version=1, held_version=1,
    )  # fmt: skip


def by_records(order: SuppliedOrder) -> bytes:
    """The order as any other document is written."""
    records = order_documents.records(IRIS, [order])
    return writing.write(writing.graph(records), first=[order_documents.order_iri(IRIS, order)])


@given(order=orders())
def test_an_order_is_written_as_its_records_are(order: SuppliedOrder) -> None:
    """The same bytes, and what is read of them is what was to be said."""
    made = order_writing.write(IRIS, order)
    assert made == by_records(order)
    assert read(made).faults == ()


def test_ids_of_others_that_look_like_ours_do_no_harm() -> None:
    """A hub that calls itself by the address of one of our offers is written, once, as what came first."""
    one = uuid.UUID(int=1)
    line = SuppliedLine(item_id=one, name="Carrots", unit="kg", quantity=1000, price_micros=1, discount=None)
    at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    order = SuppliedOrder(
        id=one, order_id=one, hub_id=one, hub_iri=IRIS.offer(one, one), hub_name="Hub", platform_id=one, producer_id=one,
        producer_name="Jean", session_id=one, session_iri=IRIS.enterprise(one), session_status="open", opens_at=at,
        closes_at=at + dt.timedelta(days=2), currency="EUR", order_status="Held", fulfilment_status="Held", payment_status="Unpaid",
        lines=[line], notes={}, placed_at=at, order_version=1, held_version=1,
    )  # fmt: skip
    assert order_writing.write(IRIS, order) == by_records(order)
