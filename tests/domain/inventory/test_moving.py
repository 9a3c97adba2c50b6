"""Receipts, corrections, counts and transfers: what they come to, and what is refused with which sentence."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from coster.domain.inventory.model import (
    AdjustStock,
    CountStock,
    LaterChange,
    Location,
    PutLocation,
    TransferStock,
)
from coster.domain.inventory.rules import moving
from coster.kernel.authority import NOBODY
from coster.kernel.message import Decided
from coster.kernel.outcome import Accepted, Rejected
from tests.domain.asking import codes, for_enterprise, number
from tests.domain.inventory.stocks import (
    BARN,
    CARROTS,
    CELLAR,
    FARM,
    HUB,
    SHOP,
    at,
    position,
    spot,
    state,
    tell,
)

FARMER = for_enterprise(FARM, "stock:write")


def adjusted(quantity: int, type_: Any = "DELTA", **more: Any) -> AdjustStock:
    """So much more of carrots in the barn."""
    values = {"item_id": CARROTS, "location_id": BARN, **more}
    return AdjustStock(quantity=quantity, type=type_, **values)


def counted(quantity: int, minute: int | None = None, **more: Any) -> CountStock:
    """So many carrots in the barn, as of a minute after nine."""
    values = {"item_id": CARROTS, "location_id": BARN, **more}
    return CountStock(quantity=quantity, as_of=None if minute is None else at(minute), **values)


def moved(quantity: int, **more: Any) -> TransferStock:
    """Carrots from the barn to the cellar."""
    values = {"item_id": CARROTS, "from_location_id": BARN, "to_location_id": CELLAR, **more}
    return TransferStock(quantity=quantity, **values)


def refused(decided: Decided[Any]) -> Rejected:
    """The only outcome, which is a refusal that writes nothing."""
    [outcome] = decided.outcomes
    writes = decided.writes
    assert isinstance(outcome, Rejected)
    assert (writes.entries, writes.positions, writes.new_positions, decided.events) == ([], [], [], [])
    return outcome


@pytest.mark.parametrize(
    ("type_", "quantity"),
    [("RECEIPT", 500), ("RETURN", 500), ("SALE", -500), ("DELTA", 500), ("CORRECTION", -500)],
)
def test_each_type_of_change_is_an_entry(type_: str, quantity: int) -> None:
    """With its type, and an event that tells the position as it is now to whoever keeps the place."""
    decided = moving.adjust(
        state(position(2000, held=300)), [tell(1, adjusted(quantity, type_, reason="why"))]
    )
    [entry] = decided.writes.entries
    assert (entry.type, entry.on_hand, entry.held, entry.reason, entry.at) == (
        type_,
        quantity,
        0,
        "why",
        at(0),
    )
    [now] = decided.writes.positions
    assert (now.on_hand, now.held, now.seq) == (2000 + quantity, 300, 1)
    [(index, event)] = decided.events
    assert (index, event.name, event.entity_id, event.version) == (0, "stock.changed", spot(), 1)
    assert (event.data["type"], event.data["change"]) == (type_, "0.5" if quantity > 0 else "-0.5")
    assert event.data["enterprises"] == [str(FARM)]


def test_events_about_a_position_are_numbered_by_themselves() -> None:
    """Holds are entries too and are told as orders; who hears of the position misses nothing between 2, 3 and 4."""
    bodies = [adjusted(500), adjusted(-9000), adjusted(100)]
    decided = moving.adjust(
        state(position(2000, held=300, seq=40, told=2)), [tell(n, body) for n, body in enumerate(bodies, 1)]
    )
    assert [event.version for _, event in decided.events] == [3, 4]
    [now] = decided.writes.positions
    assert (now.seq, now.told) == (42, 4)


def test_the_answer_is_the_position_as_it_is_now() -> None:
    """Decimals of the stock unit."""
    decided = moving.adjust(state(position(2000, held=300, committed=250)), [tell(1, adjusted(500))])
    assert decided.outcomes == [
        Accepted({"position_id": str(spot()), "item_id": str(CARROTS), "location_id": str(BARN), "lot": "",
                  "on_hand": "2.5", "held": "0.3", "committed": "0.25", "available": "1.95"})
    ]  # fmt: skip


def test_the_first_receipt_opens_the_position() -> None:
    """For each lot one of its own; a batch sees its own positions."""
    bodies = [adjusted(500, "RECEIPT"), adjusted(500, "RECEIPT", lot="L1"), adjusted(-200)]
    decided = moving.adjust(state(), [tell(n, body) for n, body in enumerate(bodies)])
    assert codes(decided) == ["ok"] * 3
    assert {(p.id, p.lot): p.on_hand for p in decided.writes.new_positions} == {
        (spot(), ""): 300, (spot(lot="L1"), "L1"): 500,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (adjusted(0), "A DELTA must be other than zero."),
        (adjusted(0, "RECEIPT"), "A RECEIPT must be more than zero."),
        (adjusted(-1, "RECEIPT"), "A RECEIPT must be more than zero."),
        (adjusted(-1, "RETURN"), "A RETURN must be more than zero."),
        (adjusted(1, "SALE"), "A SALE must be less than zero."),
    ],
)
def test_the_sign_fits_the_type(body: AdjustStock, sentence: str) -> None:
    """What comes is more, what goes is less, nothing is no change."""
    outcome = refused(moving.adjust(state(position(2000)), [tell(1, body)]))
    assert (outcome.code, outcome.message) == ("quantity_sign", sentence)


def test_what_is_promised_cannot_go() -> None:
    """Neither what is held nor what is committed; the refusal says how much could, and where a real shortage is sent."""
    here = state(position(2000, held=300, committed=250))
    outcome = refused(moving.adjust(here, [tell(1, adjusted(-1451))]))
    assert outcome.code == "stock_promised"
    assert outcome.message == (
        "0.55 of 2 are promised, so at most 1.45 can go. To share a real shortage out among those who hold it, send it to "
        "/api/v1/positions:lower."
    )
    assert outcome.detail == {
        "position_id": str(spot()),
        "on_hand": "2",
        "promised": "0.55",
        "available": "1.45",
    }
    assert codes(moving.adjust(here, [tell(1, adjusted(-1450))])) == ["ok"]


@pytest.mark.parametrize(
    "authority", [NOBODY, for_enterprise(HUB, "stock:write"), for_enterprise(FARM, "stock:read")]
)
def test_a_place_of_others_is_unknown(authority: Any) -> None:
    """The same words as for a place that is not there: nothing of anybody else's is told."""
    known, strange = adjusted(5), adjusted(5, location_id=number(99))
    answers = [
        refused(moving.adjust(state(), [tell(1, body, authority=authority)])) for body in (known, strange)
    ]
    assert answers[0] == answers[1]
    assert (answers[0].code, answers[0].detail) == ("location_unknown", {})
    assert answers[0].message == "No location of yours has this id; list them at /api/v1/locations."


def test_an_item_must_be_known() -> None:
    """To whoever may change stock there."""
    outcome = refused(moving.adjust(state(), [tell(1, adjusted(5, item_id=number(99)), authority=FARMER)]))
    assert (outcome.code, outcome.message) == (
        "item_unknown",
        "No item of yours has this id; list items at /api/v1/items.",
    )


def test_a_refused_command_disturbs_nobody() -> None:
    """The batch goes on from where it was before, also where the refused one had opened a position."""
    bodies = [
        adjusted(-1, location_id=CELLAR),
        adjusted(700),
        adjusted(-9000),
        adjusted(1, location_id=CELLAR),
    ]
    decided = moving.adjust(state(position(1000)), [tell(n, body) for n, body in enumerate(bodies)])
    assert codes(decided) == ["stock_promised", "ok", "stock_promised", "ok"]
    assert [index for index, _ in decided.events] == [1, 3]
    assert [(p.on_hand, p.seq) for p in decided.writes.positions] == [(1700, 1)]
    assert [(p.id, p.on_hand, p.seq) for p in decided.writes.new_positions] == [(spot(CELLAR), 1, 1)]


# -- counts ----------------------------------------------------------------------------------------------------


def test_a_count_becomes_the_difference() -> None:
    """Its entry says what changed, also where that is nothing, and the position remembers when it was counted."""
    for there, change in ((2000, -500), (1000, 500), (1500, 0)):
        decided = moving.count(state(position(there)), [tell(1, counted(1500), minutes=7)])
        [entry], [now] = decided.writes.entries, decided.writes.positions
        assert (entry.type, entry.on_hand, entry.at) == ("COUNT", change, at(7))
        assert (now.on_hand, now.counted_at) == (1500, at(7))


def test_a_late_count_keeps_what_happened_since() -> None:
    """Counted at minute 5, told at minute 9: what came and went after minute 5 still counts, what was before does not."""
    here = state(position(4000), later=[(4, 9000), (5, 9000), (6, 1000), (8, -300)])
    decided = moving.count(here, [tell(1, counted(2000, 5), minutes=9)])
    [entry], [now] = decided.writes.entries, decided.writes.positions
    assert (now.on_hand, entry.on_hand, entry.at, now.counted_at) == (2700, -1300, at(5), at(5))


def test_a_late_count_keeps_what_its_own_batch_did() -> None:
    """A second late count sees the first, and what the first one changed is of its own instant."""
    here = state(position(4000), later=[(6, 1000)])
    sent = [tell(1, counted(2000, 3), minutes=8), tell(2, counted(5000, 5), minutes=9)]
    decided = moving.count(here, sent)
    assert [entry.on_hand for entry in decided.writes.entries] == [-1000, 3000]
    assert [(p.on_hand, p.counted_at) for p in decided.writes.positions] == [(6000, at(5))]


def test_a_count_of_now_is_what_is_there() -> None:
    """Even where another process, whose clock is ahead, has stamped a change later: whoever counted has seen it. A neighbour
    with an instant of its own, for which the later changes were loaded, makes no difference."""
    plain = moving.count(state(position(4000)), [tell(1, counted(2000), minutes=5)])
    loaded = moving.count(state(position(4000), later=[(6, 1000)]), [tell(1, counted(2000), minutes=5)])
    assert [d.writes.positions[0].on_hand for d in (plain, loaded)] == [2000, 2000]


@pytest.mark.parametrize(
    ("before", "body", "code", "sentence"),
    [
        (position(0), counted(-1), "quantity_sign", "A count cannot be less than zero."),
        (position(0), counted(1, 10), "count_in_future", "A count says what was there; its instant cannot be in the future."),
        (position(0, counted_at=at(5)), counted(1, 4), "count_outdated", "A later count, of 2026-11-23T09:05:00Z, is known already."),
        (position(900, held=800), counted(799), "stock_promised", None),
        (position(0), counted(1, item_id=number(99)), "item_unknown", None),
        (position(0), counted(1, location_id=number(99)), "location_unknown", None),
    ],
)  # fmt: skip
def test_a_count_is_refused(before: Any, body: CountStock, code: str, sentence: str | None) -> None:
    """Below nothing, of the future, older than the latest, less than is promised, at nobody's place."""
    outcome = refused(moving.count(state(before), [tell(1, body, minutes=9)]))
    assert outcome.code == code
    assert sentence in (None, outcome.message)


def test_a_count_from_before_what_was_carried_forward_comes_too_late() -> None:
    """Nobody can tell any more what came and went after it; one of that very instant, or of now, is news."""
    carried = LaterChange(position_id=spot(), at=at(5), on_hand=4000, carried=True)
    here = msgspec.structs.replace(state(position(4000)), later=[carried])
    outcome = refused(moving.count(here, [tell(1, counted(7, 4), minutes=9)]))
    assert (outcome.code, outcome.detail) == ("count_outdated", {"archived_until": "2026-11-23T09:05:00Z"})
    for body in (counted(7, 5), counted(7)):
        decided = moving.count(here, [tell(1, body, minutes=9)])
        assert [p.on_hand for p in decided.writes.positions] == [7]


@pytest.mark.parametrize("minute", [5, 6, 9])
def test_a_count_of_the_same_instant_or_a_later_one_is_news(minute: int) -> None:
    """Up to the instant of the command itself."""
    decided = moving.count(state(position(0, counted_at=at(5))), [tell(1, counted(7, minute), minutes=9)])
    assert codes(decided) == ["ok"]
    assert decided.writes.positions[0].counted_at == at(minute)


# -- transfers -------------------------------------------------------------------------------------------------


def test_a_transfer_is_two_entries_of_one_cause() -> None:
    """What leaves here arrives there, and the answer tells both."""
    decided = moving.transfer(state(position(2000)), [tell(1, moved(700, reason="cool"), authority=FARMER)])
    entries = [(e.position_id, e.type, e.on_hand, e.reason) for e in decided.writes.entries]
    assert entries == [(spot(), "TRANSFER_OUT", -700, "cool"), (spot(CELLAR), "TRANSFER_IN", 700, "cool")]
    assert len({e.command_id for e in decided.writes.entries}) == 1
    value = decided.outcomes[0].value
    assert (value["from"]["on_hand"], value["to"]["on_hand"]) == ("1.3", "0.7")
    assert [event.data["type"] for _, event in decided.events] == ["TRANSFER_OUT", "TRANSFER_IN"]


@pytest.mark.parametrize(
    ("body", "code", "sentence"),
    [
        (moved(0), "quantity_sign", "A transfer needs more than zero, and two different places."),
        (moved(-5), "quantity_sign", "A transfer needs more than zero, and two different places."),
        (moved(5, to_location_id=BARN), "quantity_sign", "A transfer needs more than zero, and two different places."),
        (moved(5, to_location_id=SHOP), "not_same_enterprise",
         "Stock moves between places of one enterprise; otherwise it is sold."),
        (moved(5, from_location_id=number(99)), "location_unknown", None),
        (moved(5, to_location_id=number(99)), "location_unknown", None),
        (moved(5, item_id=number(99)), "item_unknown", None),
        (moved(1701), "stock_promised", None),
    ],
)  # fmt: skip
def test_a_transfer_is_refused_whole(body: TransferStock, code: str, sentence: str | None) -> None:
    """Neither end is changed."""
    outcome = refused(moving.transfer(state(position(2000, held=300)), [tell(1, body)]))
    assert outcome.code == code
    assert sentence in (None, outcome.message)


def test_a_transfer_needs_both_places_to_be_ones_own() -> None:
    """Otherwise the other one is unknown, whichever end it is."""
    for body in (moved(5, to_location_id=SHOP), moved(5, from_location_id=SHOP)):
        decided = moving.transfer(
            state(position(2000), position(2000, place=SHOP)), [tell(1, body, authority=FARMER)]
        )
        assert refused(decided).code == "location_unknown"


# -- locations -------------------------------------------------------------------------------------------------


def _put(**changes: Any) -> PutLocation:
    values = {"location_id": BARN, "enterprise_id": FARM, "name": "Barn", **changes}
    return PutLocation(**values)


def _stored(version: int = 1, owner: Any = FARM) -> moving.LocationState:
    barn = Location(id=BARN, enterprise_id=owner, name="", priority=0, active=True, version=version)
    return moving.LocationState(locations={BARN: barn} if version else {}, enterprises=frozenset({FARM, HUB}))


def test_a_place_is_made_and_changed() -> None:
    """A batch sees its own places; only the last state is written, and every change is told."""
    bodies = [_put(), _put(name="Old barn", priority=3, active=False, expected_version=1)]
    decided = moving.put_location(_stored(0), [tell(n, body) for n, body in enumerate(bodies)])
    assert decided.outcomes == [Accepted({"id": str(BARN), "version": version}) for version in (1, 2)]
    assert decided.writes == [
        Location(id=BARN, enterprise_id=FARM, name="Old barn", priority=3, active=False, version=2)
    ]
    assert [(i, e.name, e.version, e.data["name"]) for i, e in decided.events] == [
        (0, "location.changed", 1, "Barn"), (1, "location.changed", 2, "Old barn"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "body", "authority", "code"),
    [
        (_stored(0), _put(), for_enterprise(FARM, "locations:write"), "ok"),
        (_stored(0), _put(), for_enterprise(HUB, "locations:write"), "enterprise_unknown"),
        (_stored(0), _put(), FARMER, "enterprise_unknown"),
        (_stored(0), _put(enterprise_id=number(99)), None, "enterprise_unknown"),
        (_stored(1, HUB), _put(), for_enterprise(FARM, "locations:write"), "location_unknown"),
        (_stored(3), _put(expected_version=2), None, "version_conflict"),
        (_stored(3), _put(expected_version=3), None, "ok"),
        (_stored(0), _put(expected_version=1), None, "version_conflict"),
        (_stored(1), _put(expected_version=0), None, "version_conflict"),
    ],
)
def test_a_place_is_put_by_its_enterprise(before: Any, body: PutLocation, authority: Any, code: str) -> None:
    """It never changes hands, and whoever names a version gets the change on that one only."""
    sent = tell(1, body) if authority is None else tell(1, body, authority=authority)
    decided = moving.put_location(before, [sent])
    assert codes(decided) == [code]
    assert bool(decided.writes) == bool(decided.events) == (code == "ok")
    if code == "version_conflict":
        assert decided.outcomes[0].detail == {
            "version": before.locations[BARN].version if before.locations else 0
        }
