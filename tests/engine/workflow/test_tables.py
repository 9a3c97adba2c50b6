"""Many versions side by side: each entity goes by its own, new ones begin on the published one or on the canary."""

from __future__ import annotations

import uuid

import pytest

from coster.engine.workflow import compile as compiler
from coster.engine.workflow.step import Matched
from coster.engine.workflow.tables import Ask, Published, Tables, UnknownVersionError
from tests.engine.workflow import cases, vocabularies


def version(number: int, *edits: tuple[str, str]) -> compiler.Table:
    """The good flow as this version."""
    text = cases.edited(cases.GOOD, ((cases.HEAD, f"version: {number}\n"), *edits))
    return compiler.load(text, vocabularies.PARCEL)


OLD, NEW = version(1), version(2, ("    when: items > 0\n", "    when: items > 9\n"))
TABLES = Tables([NEW, OLD])


def test_each_entity_is_stepped_by_its_own_version() -> None:
    """Nine items are enough for the old version only; answers come in the order of asking."""
    asks = [Ask("parcel.test", number, "open", "pack", {"items": 9}) for number in (1, 2, 1)]
    answers = TABLES.step_many(asks)
    assert [answer.to for answer in answers if isinstance(answer, Matched)] == ["packed", "gone", "packed"]
    assert answers == [TABLES.step(ask) for ask in asks]


def test_entities_begin_on_the_newest_version_unless_another_is_published() -> None:
    """Rolling back is publishing the older one again."""
    assert TABLES.begin("parcel.test", uuid.uuid4()) is NEW
    back = Tables([OLD, NEW], {"parcel.test": Published(version=1)})
    assert back.begin("parcel.test", uuid.uuid4()) is OLD


def test_a_canary_gets_its_share_and_the_same_entities_each_time() -> None:
    """A tenth of ten thousand, give or take; asked again, each entity gets the same."""
    published = Published(version=1, canary=2, share=100)
    ids = [uuid.UUID(int=number * 2_654_435_761) for number in range(10_000)]
    chosen = [published.of(id_) for id_ in ids]
    assert 900 <= chosen.count(2) <= 1_100
    assert chosen == [published.of(id_) for id_ in ids]
    assert {Published(version=1, canary=2, share=share).of(ids[7]) for share in (0, 1_000)} == {1, 2}


def test_a_version_that_is_not_loaded_is_an_error() -> None:
    """It is never stepped by another one."""
    with pytest.raises(UnknownVersionError, match=r"parcel\.test version 3 is not loaded"):
        TABLES.step(Ask("parcel.test", 3, "open", "pack"))
    with pytest.raises(UnknownVersionError, match=r"parcel\.test version 3"):
        TABLES.step_many([Ask("parcel.test", 3, "open", "pack")])
    with pytest.raises(UnknownVersionError, match=r"order\.none is not loaded"):
        TABLES.begin("order.none", uuid.uuid4())


def test_flows_are_found_by_entity_and_type() -> None:
    """The flow of the very type comes before the one for all."""
    express = version(1, ("name: parcel.test", "name: parcel.express\ntype: express"))
    tables = Tables([OLD, NEW, express])
    assert tables.for_entity("parcel", "express") == ("parcel.express", "parcel.test")
    assert tables.for_entity("parcel", "slow") == ("parcel.test",)
    assert tables.for_entity("order") == ()
