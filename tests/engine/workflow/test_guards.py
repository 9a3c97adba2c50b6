"""A guard answers true or false, or raises; nothing else counts as an answer."""

from __future__ import annotations

import datetime as dt
import decimal

import pytest

from coster.engine.workflow.guards import GuardFailedError, GuardRefusedError, Language

LANGUAGE = Language(
    {
        "lines": "int",
        "items": "list(map(string, int))",
        "facts": "map(string, dyn)",
        "closes": "timestamp",
        "wait": "duration",
        "hub.name": "string",
    }
)


def test_a_guard_answers_with_a_boolean() -> None:
    """The very objects True and False come back."""
    guard = LANGUAGE.compile("lines > 0")
    assert guard({"lines": 1}) is True
    assert guard({"lines": 0, "other": object()}) is False


@pytest.mark.parametrize(
    ("source", "context"),
    [
        ("lines > 0", {}),
        ("lines > 0", {"lines": "1"}),
        ("lines > 0", {"lines": None}),
        ("lines > 0", {"lines": 2**70}),
        ("1 / lines > 0", {"lines": 0}),
        ("facts.price > 1", {"facts": {}}),
        ("facts.price && lines == 1", {"facts": {"price": 1}, "lines": 1}),
        ("items[3].picked == 1", {"items": []}),
        ("facts.price > 1", {"facts": {"price": decimal.Decimal("2.5")}}),
        ("facts.price > 1", {"facts": {"price": object()}}),
        ("lines > 0", {"lines": decimal.Decimal(2)}),
    ],
)
def test_a_failed_evaluation_raises_and_is_never_true(source: str, context: dict[str, object]) -> None:
    """The library answers with a text, which would count as true."""
    with pytest.raises(GuardFailedError, match="the guard"):
        LANGUAGE.compile(source)(context)


def test_work_is_bounded() -> None:
    """A guard that would loop a million times is stopped."""
    loops = "items.all(a, items.all(b, items.all(c, a.n + b.n + c.n > 0)))"
    with pytest.raises(GuardFailedError, match="has no answer"):
        LANGUAGE.compile(loops)({"items": [{"n": 1}] * 100})


def test_all_declared_types_can_be_read() -> None:
    """Instants and durations come as Python's own, dotted fields by their whole name."""
    context = {
        "items": [{"picked": 2, "wanted": 2}],
        "closes": dt.datetime(2026, 3, 1, tzinfo=dt.UTC),
        "wait": dt.timedelta(minutes=5),
        "hub.name": "A",
    }
    guard = LANGUAGE.compile(
        "items.all(i, i.picked == i.wanted) && closes > timestamp('2026-02-28T00:00:00Z')"
        " && wait == duration('300s') && hub.name == 'A'"
    )
    assert guard(context) is True
    assert sorted(guard.names) == ["closes", "hub.name", "items", "wait"]


@pytest.mark.parametrize(
    ("source", "code", "message"),
    [
        ("line > 0", "guard_wrong", "undeclared reference to 'line'"),
        ("lines > 'a'", "guard_wrong", "found no matching overload"),
        ("hub.nmae == 'A'", "guard_wrong", "accepted fields: closes, facts, hub.name, items, lines, wait"),
        ("lines >", "guard_wrong", "Syntax error"),
        ("(" * 300 + "lines" + ")" * 300 + " > 0", "guard_wrong", "recursion limit"),
        ("lines > 0" + " && lines > 0" * 200, "guard_wrong", "at most 2000"),
        ("lines + 1", "guard_not_boolean", "which gives int"),
        ("facts.x", "guard_not_boolean", "which gives dyn"),
        ("true", "guard_constant", "reads nothing"),
    ],
)
def test_what_is_no_guard_is_refused_when_it_is_compiled(source: str, code: str, message: str) -> None:
    """The refusal has the fault code and says why."""
    with pytest.raises(GuardRefusedError, match=message.replace("(", r"\(")) as caught:
        LANGUAGE.compile(source)
    assert caught.value.code == code
