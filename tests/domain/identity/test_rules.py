"""Who may hand out which keys: by values only."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from coster.domain.identity import model
from coster.domain.identity.model import CreateKey, Grant, KeyState, RevokeKey
from coster.domain.identity.rules import keys as rules
from coster.kernel.authority import NOBODY, SYSTEM, Authority
from coster.kernel.outcome import Accepted
from tests.domain.asking import ACTOR, AT, ask, codes, for_enterprise, number

HUB, OTHER = number(1), number(2)
HUB_OWNER = model.authority_of([("hub", HUB)])


def a_key(n: int = 10, **changes: Any) -> CreateKey:
    """The smallest valid key, with changes."""
    values: dict[str, Any] = {
        "name": "till",
        "secret_hash": bytes(32),
        "hint": "abcd",
        "grants": [Grant(role="owner")],
    }
    return CreateKey(key_id=number(n), **{**values, **changes})


def a_stored_key(*grants: Grant, **changes: Any) -> dict[Any, KeyState]:
    """One key that exists, by id."""
    return {number(10): KeyState(id=number(10), grants=grants, **changes)}


def test_key_is_made_and_told_without_its_name() -> None:
    """The answer names the key; the event tells its grants and nothing that could name a person."""
    decided = rules.create_keys({}, [ask(a_key(grants=[Grant(role="shop", enterprise_id=HUB)]))])
    assert decided.outcomes == [Accepted({"id": str(number(10)), "version": 1})]
    (told,) = decided.events
    assert (told[0], told[1].name, told[1].version) == (0, "key.created", 1)
    assert told[1].data == {
        "grants": [{"role": "shop", "enterprise": str(HUB)}],
        "expires_at": None,
        "enterprises": [str(HUB)],
    }


def test_key_for_more_than_enterprises_concerns_the_organisation() -> None:
    """Its events name no enterprise, so that only who sees everything is told."""
    grants = [Grant(role="reader"), Grant(role="shop", enterprise_id=HUB)]
    (_, made), (_, revoked) = (
        *rules.create_keys({}, [ask(a_key(grants=grants))]).events,
        *rules.revoke_keys(a_stored_key(*grants), [ask(RevokeKey(key_id=number(10)))]).events,
    )
    assert "enterprises" not in {**made.data, **revoked.data}


@pytest.mark.parametrize(
    ("authority", "grant", "code"),
    [
        (HUB_OWNER, Grant(role="shop", enterprise_id=HUB), "ok"),
        (HUB_OWNER, Grant(role="picker", enterprise_id=HUB), "ok"),
        (HUB_OWNER, Grant(role="producer", enterprise_id=HUB), "ok"),
        (HUB_OWNER, Grant(role="owner", enterprise_id=HUB), "not_permitted"),
        (HUB_OWNER, Grant(role="shop", enterprise_id=OTHER), "not_permitted"),
        (HUB_OWNER, Grant(role="shop"), "not_permitted"),
        (model.authority_of([("reader", None)]), Grant(role="reader"), "not_permitted"),
        (for_enterprise(HUB, "keys:manage"), Grant(role="picker", enterprise_id=HUB), "not_permitted"),
        (NOBODY, Grant(role="reader"), "not_permitted"),
    ],
)
def test_nobody_hands_out_more_than_he_has(authority: Authority, grant: Grant, code: str) -> None:
    """Managing keys is needed, and every permission of the role, for the very enterprise."""
    assert codes(rules.create_keys({}, [ask(a_key(grants=[grant]), authority)])) == [code]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"hint": "far too long"}, "hint"),
        ({"grants": []}, "grants"),
        ({"grants": [Grant(role="shop"), Grant(role="shop")]}, "grants"),
        ({"secret_hash": b"short"}, "secret_hash"),
        ({"expires_at": AT}, "expires_at"),
    ],
)
def test_bad_value_is_named(changes: dict[str, Any], field: str) -> None:
    """A fault says which field it is about."""
    (outcome,) = rules.create_keys({}, [ask(a_key(**changes))]).outcomes
    assert outcome.code == "not_valid"
    assert [fault["field"] for fault in outcome.detail["faults"]] == [field]


def test_id_is_used_once_within_a_batch_and_across() -> None:
    """The second key of an id is refused, whether the first came in this batch or before."""
    assert codes(rules.create_keys({}, [ask(a_key()), ask(a_key()), ask(a_key(11))])) == [
        "ok",
        "key_exists",
        "ok",
    ]
    assert codes(rules.create_keys(a_stored_key(), [ask(a_key())])) == ["key_exists"]


def test_revoking_again_changes_nothing_and_is_answered_the_same() -> None:
    """The first instant stays, within a batch and across."""
    keys = a_stored_key(Grant(role="shop"))
    body = RevokeKey(key_id=number(10))
    decided = rules.revoke_keys(keys, [ask(body), ask(body, at=AT + timedelta(hours=1))])
    assert decided.outcomes == [Accepted({"id": str(number(10)), "version": 2})] * 2
    assert decided.writes.revoked == {number(10): AT}
    assert [(index, event.name, event.version) for index, event in decided.events] == [(0, "key.revoked", 2)]
    again = rules.revoke_keys(a_stored_key(Grant(role="shop"), revoked_at=AT), [ask(body)])
    assert (codes(again), again.writes.revoked, again.events) == (["ok"], {}, [])


@pytest.mark.parametrize(
    ("grants", "code"),
    [
        ([Grant(role="shop", enterprise_id=HUB)], "ok"),
        ([Grant(role="shop", enterprise_id=OTHER)], "key_unknown"),
        ([Grant(role="owner")], "key_unknown"),
        ([Grant(role="shop", enterprise_id=HUB), Grant(role="shop", enterprise_id=OTHER)], "not_permitted"),
        ([Grant(role="owner", enterprise_id=HUB)], "not_permitted"),
    ],
)
def test_hub_revokes_keys_of_its_own_only(grants: list[Grant], code: str) -> None:
    """A key of others is answered like one that does not exist."""
    assert codes(
        rules.revoke_keys(a_stored_key(*grants), [ask(RevokeKey(key_id=number(10)), HUB_OWNER)])
    ) == [code]


def test_unseen_key_and_missing_key_cannot_be_told_apart() -> None:
    """The two refusals are equal to the letter."""
    body = RevokeKey(key_id=number(10))
    unseen = rules.revoke_keys(a_stored_key(Grant(role="owner")), [ask(body, HUB_OWNER)])
    assert unseen.outcomes == rules.revoke_keys({}, [ask(body, HUB_OWNER)]).outcomes


def test_key_may_end_itself() -> None:
    """Whoever suspects that his key leaked does not need anybody."""
    keys = {ACTOR: KeyState(id=ACTOR, grants=(Grant(role="picker"),))}
    assert codes(rules.revoke_keys(keys, [ask(RevokeKey(key_id=ACTOR), NOBODY)])) == ["ok"]


def test_grants_add_up() -> None:
    """Two grants for one enterprise come to the union, and one for all holds everywhere."""
    authority = model.authority_of([("shop", HUB), ("picker", HUB), ("reader", None)])
    assert authority.allows("orders:write", HUB)
    assert authority.allows("held_orders:write", HUB)
    assert authority.allows("items:read", OTHER)
    assert not authority.allows("orders:write", OTHER)


def test_producers_pickers_shops_and_readers_see_no_person() -> None:
    """Only owners and hubs read personal data, and producers never an order."""
    assert {role for role, held in model.ROLES.items() if "customers:read" in held} == {"owner", "hub"}
    assert not {
        permission
        for permission in model.ROLES["producer"]
        if permission.startswith(("orders:", "customers:"))
    }
    assert model.ROLES["owner"] == model.PERMISSIONS
    assert set(model.ROLES) == set(msgspec.inspect.type_info(model.Role).values)


def test_documented_table_is_the_one_that_holds() -> None:
    """docs/reference/roles.md says of each role and permission what the code says."""
    text = (Path(__file__).parents[3] / "docs" / "reference" / "roles.md").read_text("utf-8")
    rows = [
        [cell.strip(" `") for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line[:1] == "|"
    ]
    roles = rows[0][1:]
    told = {
        role: {row[0] for row in rows[2:] if row[column] == "yes"} for column, role in enumerate(roles, 1)
    }
    assert told == {role: set(held) for role, held in model.ROLES.items()}


def test_token_is_read_back_and_nothing_else_is() -> None:
    """A token names its organisation; its hash is of the whole, so that it counts in no other organisation."""
    token = model.new_token(42, bytes(range(32)))
    assert token == "coster_42_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
    parsed = model.parse_token(token)
    assert parsed is not None
    assert parsed[0] == 42
    assert parsed[1].hex() == "75ebba730410f9eaf828d84bf0b4fff61ddde6cf2fe09a97d6a58c053c655910"
    other = model.parse_token(token.replace("_42_", "_43_"))
    assert other is not None
    assert other[1] != parsed[1]
    for bad in (
        "",
        "coster_",
        token + "x",
        token[:-1],
        "coster_042_" + token[10:],
        " " + token,
        token + "\n",
        "é" * 53,
    ):
        assert model.parse_token(bad) is None
    with pytest.raises(ValueError, match="32 bytes, not 3"):
        model.new_token(1, b"abc")


def test_system_may_hand_out_anything() -> None:
    """The first key of an organisation is made by nobody who has one."""
    assert codes(rules.create_keys({}, [ask(a_key(), SYSTEM)])) == ["ok"]


def owners(**keys: dict[str, Any]) -> dict[Any, KeyState]:
    """Keys of owners by id, named by `k` and their number, each with changes."""
    grants = (Grant(role="owner"),)
    ids = {name: number(int(name[1:])) for name in keys}
    return {ids[name]: KeyState(id=ids[name], grants=grants, **changes) for name, changes in keys.items()}


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        (owners(k10={}), "last_owner_key"),
        (owners(k10={}, k11={}), "ok"),
        (owners(k10={}, k11={"revoked_at": AT}), "last_owner_key"),
        (owners(k10={}, k11={"expires_at": AT}), "last_owner_key"),
        (owners(k10={}, k11={"expires_at": AT + timedelta(seconds=1)}), "ok"),
        (owners(k10={"revoked_at": AT}, k11={}), "ok"),
        (owners(k10={"expires_at": AT}, k11={}), "ok"),
        (a_stored_key(Grant(role="owner", enterprise_id=HUB)), "ok"),
    ],
)
def test_last_key_of_an_owner_stays(keys: dict[Any, KeyState], code: str) -> None:
    """One that counts is neither revoked nor expired, and is for the whole organisation; nobody may lock it out."""
    assert codes(rules.revoke_keys(keys, [ask(RevokeKey(key_id=number(10)))])) == [code]


def test_owners_who_revoke_each_other_in_one_batch_leave_one() -> None:
    """Who comes first wins; the refusal says what is possible instead, and nothing is written for it."""
    bodies = [RevokeKey(key_id=number(n)) for n in (10, 11)]
    decided = rules.revoke_keys(owners(k10={}, k11={}), [ask(body) for body in bodies])
    assert codes(decided) == ["ok", "last_owner_key"]
    assert list(decided.writes.revoked) == [number(10)]
    assert "make one first" in decided.outcomes[1].message
