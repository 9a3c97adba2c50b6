"""`coster flows replay` on an installation: what was recorded there, led again."""

from __future__ import annotations

from tests.cli.conftest import Shop


def test_recorded_days_are_led_again(shop: Shop) -> None:
    """By the flow as it is everything that can be told ends the same; as JSON and in words."""
    found = shop.run(
        "flows", "replay", "order.retail", "--since", "2026-11-01", "--until", "2026-12-31", "--json"
    )
    assert found.code == 0, found.err
    told = found.json
    assert told["flow"].startswith("order.retail version ")
    assert (told["differ"], told["untold"], told["lives"]) == (0, 0, told["same"])
    assert {row["on"] for row in told["rows"]} >= {"cancel", "comment"}
    said = shop.run("flows", "replay", "order.retail", "--since", "2026-11-01", "--until", "2026-12-31")
    assert "would have ended the same by order.retail" in said.out


def test_wrong_words_are_told_what_is_accepted(shop: Shop) -> None:
    """Instants, an order of instants, an organisation, a flow."""
    wrong = {
        ("order.retail", "--since", "soon"): (
            2,
            "--since must be a date, for example 2026-11-01, or an instant",
        ),
        ("order.retail", "--since", "2999-01-01"): (2, "--since must be before --until"),
        ("order.retail", "--org", "77"): (4, "there is no organisation 77"),
        ("order.nowhere",): (2, "order.nowhere is no file"),
    }
    for words, (code, sentence) in wrong.items():
        done = shop.run("flows", "replay", *words)
        assert (done.code, sentence in done.err) == (code, True), done.err
