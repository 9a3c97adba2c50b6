"""What people read for the reasons of blocks, in the languages that there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from coster.domain import orders
from coster.domain.orders.handlers import LIBRARY
from coster.domain.orders.rules import block_words
from coster.domain.orders.rules.block_words import WORDS, Block
from coster.domain.orders.rules.vocabulary import VOCABULARY
from coster.engine.workflow import compile as compiling
from coster.engine.workflow.records import Flow
from coster.engine.workflow.step import Table

FLOWS = Path(str(orders.__file__)).parent / "flows"
TABLE = LIBRARY.shipped["order.b2b"]


def renamed(ours: str, theirs: str) -> Table:
    """The flow of an organisation that calls a reason otherwise."""
    text = (FLOWS / "order.b2b.yaml").read_text("utf-8")
    assert text.count(ours) == 1
    return compiling.load(text.replace(ours, theirs), VOCABULARY, "theirs")


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (["de-AT", "fr"], ("Der Kunde hat um Aufschub gebeten", "de")),
        (["pt", "FR"], ("Le client a demandé d'attendre", "fr")),
        (["pt"], ("The customer asked to wait", "en")),
        ([], ("The customer asked to wait", "en")),
        (["nl"], ("De klant vroeg te wachten", "nl")),
    ],
)
def test_the_first_language_that_is_known(wanted: list[str], told: tuple[str, str]) -> None:
    """A region falls back on its language, and what nobody speaks on English."""
    assert block_words.word("customer_hold", TABLE, wanted) == told


def test_every_reason_has_words_in_every_language() -> None:
    """Those that the shipped flow offers, and the one that approval opens by itself; in English as the flow says it."""
    flow: Flow = TABLE.flow
    [form] = [row.button.form for row in flow.transitions if row.on == "block" and row.button is not None]
    labels = next(field.labels for field in form if field.name == "reason")
    for language, words in WORDS.items():
        assert set(words) == {*labels, "approval_pending"}, language
    assert {reason: WORDS["en"][reason] for reason in labels} == dict(labels)


def test_a_flow_is_right_about_its_own_words() -> None:
    """What an organisation calls otherwise is told as it wrote it; a reason that nobody has a word for by itself."""
    table = renamed("other: Something else", "other: Siehe Akte")
    assert block_words.word("other", table, ["fr"]) == ("Siehe Akte", None)
    assert block_words.word("fraud_review", table, ["fr"]) == ("Peut-être une fraude", "fr")
    assert block_words.word("moon_phase", table, ["fr"]) == ("moon_phase", None)


def test_open_ones_first() -> None:
    """Each with who blocked and resolved it, and when."""
    blocks = {
        "customer_hold": {"at": "t1", "by": "k1", "resolved_at": "t2", "resolved_by": "k2"},
        "other": {"at": "t3", "by": "k1"},
    }
    told = block_words.blocks({"blocks": blocks}, TABLE, ["en"])
    assert [(one.reason, one.open) for one in told] == [("other", True), ("customer_hold", False)]
    assert told[0] == Block(
        reason="other",
        text="Something else",
        language="en",
        open=True,
        at="t3",
        by="k1",
        resolved_at=None,
        resolved_by=None,
    )
    assert block_words.blocks({}, TABLE, ["en"]) == []
