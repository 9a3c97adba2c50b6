"""Keys and organisations on the real database."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import timedelta
from typing import Any

import pytest

from coster.domain.identity import handlers, model, reads
from coster.domain.identity.model import CreateKey, Grant, RevokeKey
from coster.engine.batch.run import Runner
from coster.engine.db.ask import answer
from coster.engine.db.connect import Database
from coster.kernel import authority
from coster.kernel.message import SYSTEM
from coster.kernel.outcome import Accepted
from tests.domain.asking import AT, ORG, ask, carry_out, codes, make_org, number

pytestmark = pytest.mark.database

HUB, OTHER = number(1), number(2)


def a_key(n: int, *grants: Grant, **changes: Any) -> CreateKey:
    """A key whose secret is its number."""
    values: dict[str, Any] = {
        "name": f"key {n}",
        "hint": "abcd",
        "secret_hash": bytes([n]) * 32,
        "expires_at": None,
    }
    return CreateKey(key_id=number(n), grants=list(grants), **{**values, **changes})


async def test_organisation_begins_with_a_key_that_works(database: Database) -> None:
    """The holder of the first token is known as the owner, and the making of the key is told as the first event."""
    org_id, secret_hash = model.parse_token(model.new_token(ORG, bytes(32))) or (0, b"")
    first = a_key(10, Grant(role="owner"), secret_hash=secret_hash)
    made = await handlers.create_organisation(database, org_id, name="Town", first_key=first, at=AT)
    assert made == Accepted({"id": str(number(10)), "version": 1})
    async with database.read(org_id) as conn:
        caller = await reads.authenticate(conn, org_id, secret_hash, AT)
        told = await conn.fetch("SELECT seq, name FROM event WHERE org_id = $1", org_id)
    assert caller == model.Caller(
        key_id=number(10), name="key 10", authority=model.authority_of([("owner", None)])
    )
    assert [tuple(row) for row in told] == [(1, "key.created")]


async def test_organisation_is_made_once_but_its_making_can_be_resumed(database: Database) -> None:
    """Cut short before the key it goes on; with a key there it is somebody's."""
    await make_org(database)
    first = a_key(10, Grant(role="owner"))
    made = await handlers.create_organisation(database, ORG, name="Town", first_key=first, at=AT)
    assert isinstance(made, Accepted)
    again = a_key(11, Grant(role="owner"))
    refused = await handlers.create_organisation(database, ORG, name="Mine", first_key=again, at=AT)
    assert getattr(refused, "code", None) == "organisation_exists"
    async with database.read(ORG) as conn:
        assert [key.id for key in await reads.list_keys(conn, ORG, authority.SYSTEM)] == [number(10)]


async def test_authority_is_that_of_the_moment(database: Database) -> None:
    """Unknown, revoked and expired keys have none, the system has all; grants of a key add up."""
    await make_org(database)
    soon = AT + timedelta(hours=1)
    await carry_out(
        database,
        handlers.CREATE_KEY,
        a_key(10, Grant(role="shop", enterprise_id=HUB), Grant(role="reader", enterprise_id=OTHER)),
        a_key(11, Grant(role="reader")),
        a_key(12, Grant(role="owner"), expires_at=soon),
    )
    await carry_out(database, handlers.REVOKE_KEY, RevokeKey(key_id=number(11)))
    for at, twelfth in (
        (soon - timedelta(microseconds=1), model.authority_of([("owner", None)])),
        (soon, None),
    ):
        commands = [
            ask(None, at=at, actor=actor)
            for actor in (number(10), number(11), number(12), number(13), SYSTEM)
        ]
        async with database.read(ORG) as conn:
            assert await answer(conn, ORG, handlers.authorise(ORG, commands)) == {
                number(10): model.authority_of([("shop", HUB), ("reader", OTHER)]),
                number(11): None,
                number(12): twelfth,
                number(13): None,
                SYSTEM: authority.SYSTEM,
            }


async def test_secret_is_refused_when_revoked_expired_wrong_or_of_another_organisation(
    database: Database,
) -> None:
    """The same hash is nobody in another organisation."""
    await make_org(database)
    await make_org(database, 8)
    await carry_out(
        database,
        handlers.CREATE_KEY,
        a_key(10, Grant(role="reader")),
        a_key(11, Grant(role="reader")),
        a_key(12, Grant(role="reader"), expires_at=AT + timedelta(seconds=1)),
    )
    await carry_out(database, handlers.REVOKE_KEY, RevokeKey(key_id=number(11)))
    later = AT + timedelta(seconds=1)
    asked = [(ORG, 10, later), (ORG, 11, AT), (ORG, 12, AT), (ORG, 12, later), (ORG, 13, AT), (8, 10, AT)]
    found = []
    for org_id, n, at in asked:
        async with database.read(org_id) as conn:
            caller = await reads.authenticate(conn, org_id, bytes([n]) * 32, at)
        found.append(caller and caller.name)
    assert found == ["key 10", None, "key 12", None, None, None]


async def test_keys_are_listed_to_who_manages_them_and_without_their_hash(database: Database) -> None:
    """A hub sees the keys that have a grant of its own, in pages by id, and nothing secret of them."""
    await make_org(database)
    shop, picker = Grant(role="shop", enterprise_id=HUB), Grant(role="picker", enterprise_id=OTHER)
    await carry_out(
        database,
        handlers.CREATE_KEY,
        a_key(10, Grant(role="owner")),
        a_key(11, shop),
        a_key(12, picker, shop),
        a_key(13, picker),
    )
    hub = model.authority_of([("hub", HUB)])
    async with database.read(ORG) as conn:
        seen = await reads.list_keys(conn, ORG, hub)
        everything = await reads.list_keys(conn, ORG, authority.SYSTEM, after=number(10), limit=2)
        one = await reads.get_key(conn, ORG, hub, number(12))
        hidden = await reads.get_key(conn, ORG, hub, number(13))
        nobody = await reads.list_keys(conn, ORG, authority.NOBODY)
    assert [key.id for key in seen] == [number(11), number(12)]
    assert [key.id for key in everything] == [number(11), number(12)]
    assert (one and one.grants, hidden, nobody) == ((picker, shop), None, [])
    assert "secret_hash" not in model.KeyView.__struct_fields__


async def test_revoked_key_sends_nothing_more_even_when_it_was_valid_at_the_door(database: Database) -> None:
    """The batch asks again inside its own transaction."""
    await make_org(database)
    both = (a_key(n, Grant(role="owner")) for n in (9, 10))
    await carry_out(database, handlers.CREATE_KEY, *both)
    runner = Runner(database, handlers.authorise)
    first, second = (
        dataclasses.replace(ask(a_key(n, Grant(role="reader")), actor=number(10)), id=number(n))
        for n in (20, 21)
    )
    (result,) = await runner.run(handlers.CREATE_KEY, [first])
    assert codes_of(result) == "ok"
    await carry_out(database, handlers.REVOKE_KEY, RevokeKey(key_id=number(10)))
    (result,) = await runner.run(handlers.CREATE_KEY, [second])
    assert codes_of(result) == "key_not_valid"


async def test_stored_key_is_known_to_the_next_batch(database: Database) -> None:
    """What one batch wrote, the next one decides on."""
    await make_org(database)
    key = a_key(10, Grant(role="shop", enterprise_id=HUB), Grant(role="picker"))
    assert codes(await carry_out(database, handlers.CREATE_KEY, key)) == ["ok"]
    assert codes(await carry_out(database, handlers.CREATE_KEY, key)) == ["key_exists"]
    for expected in ({number(10): AT}, {}):
        decided = await carry_out(database, handlers.REVOKE_KEY, RevokeKey(key_id=number(10)))
        assert (codes(decided), decided.writes.revoked) == (["ok"], expected)


def codes_of(result: Any) -> str:
    """What became of a command that the batch ran."""
    return getattr(result.outcome, "code", "ok")


async def test_owners_who_revoke_each_other_at_once_leave_one(database: Database) -> None:
    """Two servers, one batch each: the second waits for the first and is told that its key is the last."""
    await make_org(database)
    pair = [a_key(n, Grant(role="owner")) for n in (10, 11)]
    await carry_out(database, handlers.CREATE_KEY, *pair)
    runners = (Runner(database, handlers.authorise), Runner(database, handlers.authorise))
    wishes = [
        dataclasses.replace(ask(RevokeKey(key_id=number(21 - n)), actor=number(n)), id=number(30 + n))
        for n in (10, 11)
    ]
    results = await asyncio.gather(
        *(runner.run(handlers.REVOKE_KEY, [wish]) for runner, wish in zip(runners, wishes, strict=True))
    )
    told = sorted(codes_of(result) for (result,) in results)
    assert told in (["last_owner_key", "ok"], ["key_not_valid", "ok"])
    async with database.read(ORG) as conn:
        left = [key for key in await reads.list_keys(conn, ORG, authority.SYSTEM) if not key.revoked_at]
    assert len(left) == 1


async def test_owner_who_waits_sees_that_its_key_is_the_last(database: Database) -> None:
    """What was locked while another revoked is read anew: the lock, and not luck, keeps one owner."""
    await make_org(database)
    await carry_out(database, handlers.CREATE_KEY, *(a_key(n, Grant(role="owner")) for n in (10, 11)))
    runner = Runner(database, handlers.authorise)
    wish = dataclasses.replace(ask(RevokeKey(key_id=number(11)), actor=number(11)), id=number(30))
    async with database.write(ORG) as conn:
        first = [ask(RevokeKey(key_id=number(10)))]
        state = await handlers.REVOKE_KEY.load(conn, ORG, first)
        waiting = asyncio.create_task(runner.run(handlers.REVOKE_KEY, [wish]))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        await handlers.REVOKE_KEY.write(conn, ORG, handlers.REVOKE_KEY.decide(state, first).writes)
    (result,) = await waiting
    assert codes_of(result) == "last_owner_key"
