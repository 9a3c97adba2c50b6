"""Files of counts without keys: a command a parcel, and still a result a row, in order, with bad rows among good ones."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from typing import Any

import pytest

from coster.cli import verify
from coster.engine.db.connect import Database
from tests.edges.conftest import AT, Server, Start
from tests.edges.scene import V1, Scene, build, made
from tests.edges.test_batches import NDJSON, codes, ndjson, results

PATH = V1 + "/positions:batch"


async def items(scene: Scene, count: int, prefix: str) -> list[str]:
    """So many new items of the producer."""
    rows = [
        {"owner_id": scene.producer, "sku": f"{prefix}{n}", "name": f"{prefix} {n}"} for n in range(count)
    ]
    told, _ = results(await scene.api.post(V1 + "/items:batch", content=ndjson(*rows), headers=NDJSON))
    return [row["value"]["id"] for row in told]


def count(scene: Scene, item: str, quantity: Any, **more: Any) -> dict[str, Any]:
    """A row that says how much of an item there is in the barn."""
    return {"kind": "count", "item_id": item, "location_id": scene.location, "quantity": quantity, **more}


async def send(scene: Scene, *rows: Any, **headers: str) -> list[dict[str, Any]]:
    """What became of the rows of a file."""
    answer = await scene.api.post(PATH, content=ndjson(*rows), headers={**NDJSON, **headers}, timeout=60)
    return results(answer)[0]


async def on_hand(scene: Scene, item: str) -> str:
    """How much of an item there is."""
    [position] = (await scene.api.get(V1 + "/positions", params={"item_id": item})).json()["items"]
    return str(position["on_hand"])


async def kinds(database: Database) -> dict[str, int]:
    """How many commands of each kind of count are remembered."""
    async with database.read(1) as conn:
        found = await conn.fetch(
            "SELECT kind, count(*) AS n FROM command WHERE kind LIKE 'inventory.count%' GROUP BY kind"
        )
    return {row["kind"]: row["n"] for row in found}


async def unkept(server: Server) -> list[str]:
    """The promises of `coster verify` that are broken."""
    checked = await verify.count(server.database, 1, AT + dt.timedelta(hours=1))
    return [one.name for one in checked if one.broken]


async def test_counts_of_a_file_are_one_command(start: Start) -> None:
    """Three hundred rows in parcels of a hundred: three commands, and three hundred answers in order, each with its event."""
    server = await start(max_rows_in_work=300)
    scene = await build(server.owner)
    ids = await items(scene, 300, "one")
    before = await kinds(server.database)
    rows = await send(scene, *[count(scene, item, n) for n, item in enumerate(ids)])
    told = [(row["row"], row["value"]["positions"][0]) for row in rows]
    assert [(n, p["item_id"], p["on_hand"], p["available"]) for n, p in told] == [
        (n + 1, item, str(n), str(n)) for n, item in enumerate(ids)
    ]
    after = await kinds(server.database)
    assert {kind: n - before.get(kind, 0) for kind, n in after.items()} == {
        "inventory.count": 0,
        "inventory.count_sheet": 3,
    }
    async with server.database.read(1) as conn:
        events = await conn.fetch(
            "SELECT e.entity_id::text, e.data->>'on_hand' AS on_hand, e.version FROM event e JOIN command c ON c.org_id = e.org_id "
            "AND c.id = e.command_id "
            "WHERE c.kind = 'inventory.count_sheet'"
        )
    assert sorted(map(tuple, events)) == sorted((p["position_id"], p["on_hand"], 1) for _, p in told)
    assert await unkept(server) == []


async def test_bad_rows_of_a_parcel_are_told_and_the_others_count(scene: Scene) -> None:
    """No JSON, no quantity, too fine, of nobody, of the future: each for its row, and the answers stay with their rows."""
    good = await items(scene, 3, "bad")
    nobody = "00000000-0000-0000-0000-0000000000aa"
    rows = await send(
        scene, count(scene, good[0], "1"), b"{", count(scene, good[1], "x"), count(scene, good[1], "0.0001"),
        count(scene, nobody, "1"), count(scene, good[1], "1", as_of="2999-01-01T00:00:00Z"), count(scene, good[1], "-1"),
        count(scene, good[2], "3"),
    )  # fmt: skip
    assert codes(rows) == [
        "accepted", "body_malformed", "body_invalid", "body_invalid", "item_unknown", "count_in_future", "body_invalid", "accepted",
    ]  # fmt: skip
    assert [row["row"] for row in rows] == list(range(1, 9))
    assert [rows[n]["value"]["positions"][0]["item_id"] for n in (0, 7)] == [good[0], good[2]]


async def test_the_last_count_of_an_item_counts_also_over_parcels(start: Start) -> None:
    """Within a parcel of two rows and over many that could overtake each other, the order of the file holds."""
    server = await start(max_rows_in_work=6)
    scene = await build(server.owner)
    ids = await items(scene, 5, "last")
    rows = await send(
        scene, *[count(scene, item, 10 * turn + n) for turn in range(8) for n, item in enumerate(ids)]
    )
    assert {row["status"] for row in rows} == {"accepted"}
    assert [await on_hand(scene, item) for item in ids] == ["70", "71", "72", "73", "74"]
    assert await unkept(server) == []


async def test_the_same_file_twice_counts_nothing_twice(server: Server, scene: Scene) -> None:
    """What was counted is there, and no more."""
    ids = await items(scene, 70, "twice")
    file = [count(scene, item, "12.5") for item in ids]
    first, second = await send(scene, *file), await send(scene, *file)
    assert [row["value"] for row in second] == [row["value"] for row in first]
    assert {await on_hand(scene, item) for item in ids[:3]} == {"12.5"}
    assert await unkept(server) == []


async def test_files_with_rows_in_common_may_come_at_once(server: Server, scene: Scene) -> None:
    """Each item is as the file says that came last of those that name it; an older file that is slower is told so, row by row."""
    ids = await items(scene, 90, "common")
    files = [[count(scene, item, 100 + n) for item in ids[10 * n : 10 * n + 70]] for n in range(3)]
    answers = await asyncio.gather(*(send(scene, *file) for file in files))
    said: dict[str, list[str]] = {item: [] for item in ids}
    for file, rows in zip(files, answers, strict=True):
        for asked, code in zip(file, codes(rows), strict=True):
            assert code in ("accepted", "count_outdated")
            said[asked["item_id"]] += [str(asked["quantity"])] if code == "accepted" else []
    assert said[ids[0]] == ["100"]
    for item in ids[::9]:
        assert await on_hand(scene, item) in said[item]
    assert await unkept(server) == []


@pytest.mark.parametrize("called", ["by keys", "by an Idempotency-Key"])
async def test_a_file_that_has_a_name_is_known_however_it_is_cut(
    start: Start, scene: Scene, called: str
) -> None:
    """Rows that somebody may ask for again are commands of their own: sent again in other parcels, each is answered as before,
    although other things have happened since."""
    del scene
    server = await start(max_rows_in_work=6)
    scene = await build(server.owner)
    ids = await items(scene, 7, "named")
    named = called == "by keys"
    file = [count(scene, item, n, **({"key": f"k{n}"} if named else {})) for n, item in enumerate(ids)]
    headers = {} if named else {"Idempotency-Key": "stocktaking"}
    first = await send(scene, *file, **headers)
    await made(scene.api, "/stock-movements", {**count(scene, ids[3], 0), "kind": "adjust", "quantity": 5})
    other = file if not named else file[2:]
    again = await send(scene, *other, **headers)
    assert [row["value"] for row in again] == [row["value"] for row in first[-len(other) :]]
    assert {row["repeated"] for row in again} == {True}
    assert await on_hand(scene, ids[3]) == "8"


async def test_a_row_over_which_the_database_stumbles_stops_no_other(start: Start) -> None:
    """In the middle of a parcel something breaks: the parcel is taken apart, and only that row is told so."""
    server = await start()
    scene = await build(server.owner)
    ids = await items(scene, 80, "broken")
    async with server.database.system() as conn:
        await conn.execute("ALTER TABLE position ADD CONSTRAINT stumble CHECK (on_hand <> 13013)")
    rows = await send(scene, *[count(scene, item, "13.013" if n == 40 else 5) for n, item in enumerate(ids)])
    assert [row["row"] for row in rows if row["status"] == "rejected"] == [41]
    assert rows[40]["problem"]["code"] == "internal_fault"
    assert [await on_hand(scene, ids[n]) for n in (39, 41, 79)] == ["5", "5", "5"]
    assert await unkept(server) == []


async def test_whoever_may_not_count_here_is_refused_row_by_row(server: Server, scene: Scene) -> None:
    """Of another enterprise's goods nobody learns anything; his own rows in the same file count."""
    stranger = await made(
        scene.api, "/enterprises", {"name": "Quinn", "kinds": ["producer"], "currency": "EUR"}
    )
    quinn = await server.key("producer", stranger["id"])
    place = await made(scene.api, "/locations", {"enterprise_id": stranger["id"], "name": "Shed"})
    item = await made(scene.api, "/items", {"owner_id": stranger["id"], "sku": "Q", "name": "Quince"})
    mine = {"kind": "count", "item_id": item["id"], "location_id": place["id"], "quantity": 4}
    data = ndjson(count(scene, scene.item, 1), mine)
    rows, last = results(await quinn.post(PATH, content=data, headers=NDJSON))
    assert codes(rows) == ["location_unknown", "accepted"]
    assert (last["accepted"], last["rejected"]) == (1, 1)


async def test_dry_run_of_counts_leaves_nothing(server: Server, scene: Scene) -> None:
    """Row by row, as ever."""
    [item] = await items(scene, 1, "dry")
    before = await kinds(server.database)
    answer = await scene.api.post(
        f"{PATH}?dry_run=true", content=ndjson(count(scene, item, 5)), headers=NDJSON
    )
    assert codes(results(answer)[0]) == ["accepted"]
    assert await kinds(server.database) == before
    assert (await scene.api.get(V1 + "/positions", params={"item_id": item})).json()["items"] == []


async def test_csv_of_counts_is_a_sheet_too(server: Server, scene: Scene) -> None:
    """How a file is written makes no difference."""
    ids = await items(scene, 3, "csv")
    before = (await kinds(server.database)).get("inventory.count_sheet", 0)
    text = "kind,item_id,location_id,quantity\n" + "".join(
        f"count,{item},{scene.location},2.5\n" for item in ids
    )
    rows, _ = results(await scene.api.post(PATH, content=text.encode(), headers={"Content-Type": "text/csv"}))
    assert [row["value"]["positions"][0]["on_hand"] for row in rows] == ["2.5"] * 3
    assert (await kinds(server.database))["inventory.count_sheet"] == before + 1


def test_lines_of_the_answer_are_json() -> None:
    """The helper of these tests writes what it is given, so that a broken line is one."""
    assert ndjson(b"{", {"a": 1}) == b"{\n" + json.dumps({"a": 1}).encode() + b"\n"
