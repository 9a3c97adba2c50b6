"""No flow may send an event that the program tells itself: the vocabularies know the names, all of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from coster import app
from coster.domain.orders.rules import way
from coster.domain.wholesale.rules import stepping

EVENTS = Path(__file__).parents[2] / "docs" / "reference" / "events.md"

# Of whose flows an organisation may have others.
WRITTEN = sorted(entity for entity, library in app.LIBRARIES.items() if not library.vocabulary.fixed)


def documented(entity: str) -> set[str]:
    """The events of an entity on the reference page."""
    return set(re.findall(rf"^\| `({entity}\.[a-z_]+)` \|", EVENTS.read_text("utf-8"), flags=re.MULTILINE))


@pytest.mark.parametrize("entity", WRITTEN)
def test_names_that_the_program_acts_by_are_reserved(entity: str) -> None:
    """Every event with a reaction, and every event of orders and sessions."""
    told = app.LIBRARIES[entity].vocabulary.told
    assert told >= {*app.REACTIONS, *way.EVENTS.values(), *documented("order"), *documented("session")}


def test_names_of_held_orders_are_reserved_in_their_flows() -> None:
    """Every event that is told of them."""
    told = app.LIBRARIES["held_order"].vocabulary.told
    assert told >= {*stepping.EVENTS.values(), *documented("held_order")}


@pytest.mark.parametrize("entity", WRITTEN)
def test_flows_that_are_shipped_send_none_of_them(entity: str) -> None:
    """What the business flow sends to another system has a name of its own."""
    library = app.LIBRARIES[entity]
    sent = {hook.event for table in library.shipped.values() for hook in table.flow.webhooks}
    assert not sent & library.vocabulary.told
