"""An order lives by a flow that uses the action of examples/coster-gift-note: the note is kept and told, or refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from coster.domain.orders.handlers import CHECKOUTS, LIBRARY
from coster.domain.orders.model import StepOrder
from coster.domain.orders.rules.vocabulary import VOCABULARY
from coster.engine.flows import outside
from coster.engine.workflow import compile as compiling
from coster.engine.workflow import plugins
from coster.engine.workflow.tables import Tables
from coster.kernel.outcome import Accepted, Rejected
from tests.domain.orders import worlds
from tests.domain.orders.worlds import CARROTS, KILO, Memory, basket, line, order_of
from tests.packages import EXAMPLES, install

FLOW = EXAMPLES / "coster-gift-note" / "flows" / "order.gift.yaml"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Memory]:
    """The shop's world with the package installed and its flow published."""
    monkeypatch.syspath_prepend(str(install("coster-gift-note", tmp_path)))
    forget()
    vocabulary = plugins.extended(VOCABULARY, plugins.installed())
    others = {name: table.flow for name, table in CHECKOUTS.shipped.items()}
    table = compiling.load(FLOW.read_text("utf-8"), vocabulary, FLOW.name, others)
    monkeypatch.setattr(worlds, "FLOWS", Tables([*LIBRARY.shipped.values(), table]))
    yield Memory()
    forget()


def forget() -> None:
    """What is installed is looked for again."""
    plugins.installed.cache_clear()
    outside.installed.cache_clear()


def test_a_note_is_kept_and_told(world: Memory) -> None:
    """With the order's other news, in the order's own stream; its goods are not touched."""
    world.one(basket("ada", line(CARROTS, 2 * KILO), type="gift"))
    note = StepOrder(order_id=order_of("ada"), trigger="write_note", attributes={"note": "Happy  birthday!"})
    decided = world.decide(note)
    assert isinstance(decided.outcomes[0], Accepted)
    assert world.order("ada").attributes == {"gift_note": {"note": "Happy birthday!", "sender": ""}}
    assert [event.name for _, event in decided.events] == ["order.stepped", "gift_note.to_print"]
    assert decided.events[1][1].data["note"] == "Happy birthday!"
    assert world.held(CARROTS) == 2 * KILO


def test_a_note_that_is_too_long_is_refused(world: Memory) -> None:
    """By the action, with its own code; nothing is kept."""
    world.one(basket("ada", line(CARROTS, 2 * KILO), type="gift"))
    note = StepOrder(order_id=order_of("ada"), trigger="write_note", attributes={"note": "x" * 121})
    refused = world.one(note)
    assert isinstance(refused, Rejected)
    assert (refused.code, refused.detail["refusal"]) == ("action_refused", "gift_note_too_long")
    assert world.order("ada").attributes == {}
