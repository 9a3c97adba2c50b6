"""Bodies of webhooks are filled from the context; what cannot be read is an error, never a gap."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from coster.engine.workflow import templates

CONTEXT = {
    "items": 3,
    "buyer.tier": "gold",
    "lines": [{"item": "a", "picked": 1}],
    "due": dt.datetime(2026, 11, 20, 15, 30, tzinfo=dt.timezone(dt.timedelta(hours=1))),
    "wait": dt.timedelta(minutes=90),
    "gone": None,
    "weight": Decimal("1.5"),
}


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("{items}", 3),
        ("{lines}", [{"item": "a", "picked": 1}]),
        ("{gone}", None),
        ("{due}", "2026-11-20T14:30:00Z"),
        ("{wait}", "PT5400S"),
        ("{weight}", "1.5"),
        ("{items} for {buyer.tier}{gone}", "3 for gold"),
        ("{{items}} {items}", "{items} 3"),
        ("plain", "plain"),
        (["{items}", {"a": ["{buyer.tier}"]}, 7, None, True], [3, {"a": ["gold"]}, 7, None, True]),
    ],
)
def test_fields_are_filled_in(template: templates.Plain, filled: templates.Plain) -> None:
    """A field alone keeps its type, within text it is written out."""
    assert templates.fill(template, CONTEXT) == filled


def test_a_field_that_is_not_there_is_an_error() -> None:
    """Half a message is not sent."""
    with pytest.raises(templates.TemplateFailedError, match="reads 'itms', which the context does not hold"):
        templates.fill({"count": "{itms}"}, CONTEXT)


def test_the_names_of_a_template_are_told() -> None:
    """Also what cannot be a name, so that the checker refuses it."""
    assert list(templates.names({"a": ["{items} {{x}}", "{buyer.tier}"], "b": "{ {", "c": 3})) == [
        "items",
        "buyer.tier",
        "{",
        "{",
    ]
