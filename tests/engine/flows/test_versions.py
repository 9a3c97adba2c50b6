"""Drafts, published versions and pins on the database: what may become what, and that nothing published is ever edited."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest

from coster.engine.db.connect import Database
from coster.engine.flows import model
from coster.kernel import ids
from coster.kernel.outcome import Accepted
from tests.engine.flows.lodge import FIRST, READER, RENAMED, SECOND, Lodge, draft

NAME = "memo.plain"


def publish(version: int = 2, **more: object) -> model.PublishFlow:
    """Publishes a draft."""
    return model.PublishFlow(name=NAME, version=version, reason="It is good.", **more)  # type: ignore[arg-type]


def pin(version: int | None, name: str = NAME, **more: object) -> model.PinFlow:
    """Pins a version."""
    return model.PinFlow(name=name, version=version, reason="Now.", **more)  # type: ignore[arg-type]


async def test_a_draft_is_written_again_under_its_next_revision(lodge: Lodge, org: int) -> None:
    """Each other text is a revision; the same text changes nothing."""
    assert await lodge.ask(org, draft(SECOND)) == {"name": NAME, "flow_version": 2, "revision": 1}
    other = SECOND + "# a remark\n"
    assert (await lodge.ask(org, draft(other, expected_revision=1)))["revision"] == 2
    assert await lodge.ask(org, draft(SECOND, expected_revision=1)) == "version_conflict"
    assert (await lodge.ask(org, draft(other)))["revision"] == 2


async def test_a_text_without_form_is_refused_with_every_fault(lodge: Lodge, org: int) -> None:
    """Each fault has its line; nothing is kept."""
    refused = await lodge.refusal(org, draft(SECOND.replace("category: booking", "kategorie: booking")))
    assert (refused.code, refused.detail["count"]) == ("flow_text_invalid", 4)
    lines = [(fault["line"], fault["code"]) for fault in refused.detail["defects"]]
    assert lines == [(5, "key_missing"), (5, "key_unknown"), (6, "key_missing"), (6, "key_unknown")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (FIRST, "flow_version_taken"),
        (SECOND.replace("memo.plain", "memo.other"), "flow_name_differs"),
        (SECOND.replace("entity: memo", "entity: letter"), "flow_entity_unknown"),
    ],
)
async def test_a_draft_must_be_a_new_version_of_its_flow(
    lodge: Lodge, org: int, text: str, code: str
) -> None:
    """Versions of an organisation begin above the one that is shipped."""
    assert await lodge.ask(org, draft(text)) == code


async def test_a_draft_with_faults_is_kept_and_not_published(lodge: Lodge, org: int) -> None:
    """The checker speaks when it is published, and names the way."""
    await lodge.ask(org, draft(SECOND.replace("to: shut", "to: open")))
    refused = await lodge.refusal(org, publish())
    assert refused.code == "flow_refused"
    assert {fault["code"] for fault in refused.detail["defects"]} >= {"unreachable", "dead_end"}


async def test_a_version_on_which_entities_would_be_lost_is_not_published(lodge: Lodge, org: int) -> None:
    """The refusal says which status needs a mapping; with it the version is published."""
    await lodge.ask(org, draft(RENAMED))
    refused = await lodge.refusal(org, publish())
    assert refused.code == "flow_migration_refused"
    assert [(f["code"], f["status"]) for f in refused.detail["defects"]] == [
        ("migration_status_gone", "read")
    ]
    assert (await lodge.ask(org, publish(mapping={"read": "seen"})))["flow_version"] == 2


async def test_what_is_published_begins_when_it_is_pinned(lodge: Lodge, org: int) -> None:
    """Publishing changes nothing for entities; pinning does at once, and pinning the old one takes it back."""
    memo = ids.derived("one")
    await lodge.publish(org, SECOND, pin=False)
    assert (await lodge.tables(org)).begin(NAME, memo).flow.version == 1
    await lodge.ask(org, pin(2))
    assert (await lodge.tables(org)).begin(NAME, memo).flow.version == 2
    await lodge.ask(org, pin(1))
    tables = await lodge.tables(org)
    assert (tables.begin(NAME, memo).flow.version, tables.of(NAME, 2).flow.version) == (1, 2)


async def test_nothing_published_is_ever_edited(lodge: Lodge, org: int) -> None:
    """Not by a command, and not by a statement of the role under which all commands run."""
    await lodge.publish(org, SECOND)
    assert await lodge.ask(org, draft(SECOND + "# other\n")) == "flow_version_taken"
    assert await lodge.ask(org, publish()) == "flow_version_taken"
    statements = [
        "UPDATE flow_version SET text = ''",
        "DELETE FROM flow_version",
        "UPDATE flow_pin SET version = 9",
    ]
    for statement in statements:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with lodge.database.write(org) as conn:
                await conn.execute(statement)


async def test_a_share_of_new_entities_begins_on_the_canary(lodge: Lodge, org: int) -> None:
    """Of many ids a tenth does, the same ones whenever they are asked."""
    await lodge.publish(org, SECOND, pin=False)
    await lodge.ask(org, pin(1, canary=2, share=100))
    tables = await lodge.tables(org)
    memos = [ids.derived("memo", n) for n in range(20_000)]
    begun = [tables.begin(NAME, memo).flow.version for memo in memos]
    assert 1_800 < begun.count(2) < 2_200
    assert begun == [tables.begin(NAME, memo).flow.version for memo in memos]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (pin(1, canary=2), "not_valid"),
        (pin(1, share=5), "not_valid"),
        (pin(1, canary=1, share=5), "not_valid"),
        (pin(None, canary=2, share=5), "not_valid"),
        (pin(1, canary=2, share=1001), "not_valid"),
        (pin(3), "flow_version_not_found"),
        (pin(1, name="memo.none"), "flow_not_found"),
        (pin(2, expected=1), "version_conflict"),
        (model.RetireFlow(name=NAME, version=1, reason="Old."), "flow_version_shipped"),
        (model.RetireFlow(name=NAME, version=9, reason="Old."), "flow_version_not_found"),
        (model.DropDraft(name=NAME, version=9, reason="Old."), "flow_draft_not_found"),
        (publish(9), "flow_draft_not_found"),
        (model.DropDraft(name=NAME, version=9, reason=" "), "not_valid"),
    ],
)
async def test_what_cannot_be_is_refused(lodge: Lodge, org: int, body: object, code: str) -> None:
    """Each with a code of its own."""
    await lodge.publish(org, SECOND, pin=False)
    assert await lodge.ask(org, body) == code


async def test_nothing_begins_on_what_was_retired(lodge: Lodge, org: int) -> None:
    """What is pinned cannot be retired, what is retired cannot be pinned, and its entities stay on it."""
    await lodge.publish(org, SECOND)
    retire = model.RetireFlow(name=NAME, version=2, reason="It was wrong.")
    assert await lodge.ask(org, retire) == "flow_pinned"
    await lodge.ask(org, pin(None))
    assert await lodge.ask(org, retire) == {"name": NAME, "flow_version": 2}
    assert await lodge.ask(org, pin(2)) == "flow_version_retired"
    assert (await lodge.tables(org)).of(NAME, 2).flow.version == 2


async def test_two_flows_in_use_are_never_for_one_type(lodge: Lodge, org: int) -> None:
    """Nobody could say on which a new memo begins; with a type of its own the second is used beside the first."""
    other = SECOND.replace("memo.plain", "memo.urgent")
    await lodge.publish(org, other, pin=False)
    assert await lodge.ask(org, pin(2, name="memo.urgent")) == "flow_type_taken"
    await lodge.publish(org, other.replace("version: 2", "version: 3\ntype: urgent"))
    tables = await lodge.tables(org)
    assert tables.for_entity("memo", "urgent") == ("memo.urgent", NAME)
    assert tables.for_entity("memo") == (NAME,)


async def test_organisations_know_nothing_of_each_other(lodge: Lodge, org: int) -> None:
    """Neither versions nor drafts nor pins of one are there for another."""
    await lodge.begin(org + 1000)
    await lodge.publish(org, SECOND)
    assert await lodge.ask(org + 1000, pin(2)) == "flow_version_not_found"
    assert (await lodge.tables(org + 1000)).versions == ((NAME, 1),)
    async with lodge.database.read(org + 1000) as conn:
        assert await conn.fetchval("SELECT count(*) FROM flow_version") == 0


async def test_who_may_only_read_changes_nothing(lodge: Lodge, org: int) -> None:
    """Flows concern the organisation as a whole."""
    assert await lodge.ask(org, draft(SECOND), actor=READER) == "not_permitted"


async def test_every_change_has_author_reason_and_event(lodge: Lodge, org: int) -> None:
    """The event says what was before, and numbers of a flow's events go up without a gap."""
    await lodge.publish(org, SECOND)
    async with lodge.database.read(org) as conn:
        rows = await conn.fetch("SELECT name, version, data FROM event WHERE entity = 'flow' ORDER BY seq")
    assert [(row["name"], row["version"]) for row in rows] == [
        ("flow.drafted", 1), ("flow.published", 2), ("flow.pinned", 3)
    ]  # fmt: skip
    assert [row["data"]["reason"] for row in rows] == ["We want it so.", "It is good.", "Now."]
    assert rows[2]["data"]["before"] is None


async def test_a_batch_of_pins_is_answered_as_one_by_one(lodge: Lodge, org: int) -> None:
    """Each sees what those before it have done."""
    await lodge.publish(org, SECOND, pin=False)
    bodies = [pin(2, expected=0), pin(1, expected=0), pin(1, expected=1), pin(1), pin(None)]
    results = await lodge.send(org, *bodies)
    outcomes = [
        one.outcome.value["pin"] if isinstance(one.outcome, Accepted) else one.outcome.code for one in results
    ]
    assert outcomes == [1, "version_conflict", 2, 2, 3]


async def test_a_dry_run_leaves_nothing(lodge: Lodge, org: int) -> None:
    """Also not in what is compiled."""
    await lodge.send(org, draft(SECOND))
    await lodge.send(org, publish(), dry_run=True)
    assert (await lodge.tables(org)).versions == ((NAME, 1),)
    assert isinstance(await lodge.ask(org, publish()), dict)


async def test_changes_of_several_processes_come_one_after_the_other(
    lodge: Lodge, module_database: Database, org: int, tmp_path: Path
) -> None:
    """Each pin is counted, whoever sets it at the same moment; both processes agree on the last."""
    other = Lodge(module_database, tmp_path)
    await lodge.publish(org, SECOND, pin=False)
    wanted = [(one, version) for version in (1, 2) for one in (lodge, other) for _ in range(5)]
    answers = await asyncio.gather(*(one.ask(org, pin(version, share=0)) for one, version in wanted))
    async with lodge.database.read(org) as conn:
        numbers = [row["n"] for row in await conn.fetch("SELECT n FROM flow_pin ORDER BY n")]
        last = await conn.fetchval("SELECT version FROM flow_pin ORDER BY n DESC LIMIT 1")
    assert all(isinstance(answer, dict) for answer in answers)
    assert numbers == list(range(1, len(numbers) + 1))
    for one in (lodge, other):
        assert (await one.tables(org)).begin(NAME, ids.derived("x")).flow.version == last
