"""Files of rows: NDJSON and CSV, a result a row, bad rows among good ones, and sent again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from tests.edges.conftest import Server, Start
from tests.edges.scene import V1, Scene, build
from tests.edges.test_problems import problem

NDJSON = {"Content-Type": "application/x-ndjson"}
CSV = {"Content-Type": "text/csv"}


def results(answer: httpx2.Response) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The rows' results and the last line with the sums."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    *rows, last = [json.loads(line) for line in answer.text.splitlines()]
    assert last["done"] is True
    return rows, last


def ndjson(*rows: Any) -> bytes:
    """Rows as lines."""
    return b"".join((row if isinstance(row, bytes) else json.dumps(row).encode()) + b"\n" for row in rows)


def codes(rows: list[dict[str, Any]]) -> list[str]:
    """The status of each accepted row, the code of each other."""
    return [row["problem"]["code"] if row["status"] == "rejected" else "accepted" for row in rows]


async def test_bad_rows_do_not_disturb_good_ones(scene: Scene) -> None:
    """No JSON, no object, faults in it, no stock: each said for its row, and the rest is taken."""
    data = ndjson(
        scene.order("b1"),
        b"{nonsense",
        b"[1, 2]",
        {**scene.order("b2"), "castle": 1, "lines": [{"quantity": "x"}]},
        b"",
        scene.order("b3", "99999"),
        scene.order("b4"),
    )
    rows, last = results(await scene.api.post(V1 + "/orders:batch", content=data, headers=NDJSON))
    wanted = ["accepted", "body_malformed", "body_invalid", "body_invalid", "insufficient_stock", "accepted"]
    assert codes(rows) == wanted
    pointers = [fault["pointer"] for fault in rows[3]["problem"]["faults"]]
    assert pointers == ["/castle", "/lines/0/item_id", "/lines/0/quantity"]
    assert last == {"done": True, "rows": 6, "accepted": 2, "rejected": 4}


async def test_file_sent_again_changes_nothing(scene: Scene) -> None:
    """The same rows are answered the same and take effect once; a changed row under a taken reference is refused."""
    data = ndjson(scene.order("a1"), scene.order("a2"))
    first, _ = results(await scene.api.post(V1 + "/orders:batch", content=data, headers=NDJSON))
    before = await scene.available()
    again, _ = results(await scene.api.post(V1 + "/orders:batch", content=data, headers=NDJSON))
    assert [row["value"] for row in again] == [row["value"] for row in first]
    assert [row["repeated"] for row in again] == [True, True]
    assert await scene.available() == before
    changed, _ = results(
        await scene.api.post(V1 + "/orders:batch", content=ndjson(scene.order("a1", "3")), headers=NDJSON)
    )
    assert codes(changed) == ["duplicate_reference"]


async def test_refused_row_is_tried_again(scene: Scene) -> None:
    """What could not be had is judged anew when the file comes again; with an Idempotency-Key it is not."""
    left = float(await scene.available())
    data = ndjson(scene.order("t1", left + 10))
    once = {**NDJSON, "Idempotency-Key": "file-1"}
    for headers in (NDJSON, once):
        rows, _ = results(await scene.api.post(V1 + "/orders:batch", content=data, headers=headers))
        assert codes(rows) == ["insufficient_stock"]
    more = {"kind": "adjust", "item_id": scene.item, "location_id": scene.location, "quantity": 100}
    await scene.api.post(V1 + "/stock-movements", json=more)
    rows, _ = results(await scene.api.post(V1 + "/orders:batch", content=data, headers=once))
    assert codes(rows) == ["insufficient_stock"]
    rows, _ = results(await scene.api.post(V1 + "/orders:batch", content=data, headers=NDJSON))
    assert codes(rows) == ["accepted"]


async def test_csv_rows_of_one_reference_are_one_order(scene: Scene) -> None:
    """Rows that follow each other become lines; cells over several lines, quotes and a byte order mark are read."""
    head = "seller_id;channel;reference;session_id;item_id;quantity;line_discount.percent;completed"
    row = f"{scene.hub};web;{{}};{scene.session};{scene.item};{{}};{{}};{{}}"
    text = "\n".join(
        ["\ufeff" + head, row.format("c1", "1.5", "10", "yes"), row.format("c1", "2", "", "yes"),
         row.format('"c""2\n;"', "1", "", ""), row.format("c3", "many", "", "perhaps"), ""]
    )  # fmt: skip
    rows, last = results(await scene.api.post(V1 + "/orders:batch", content=text.encode(), headers=CSV))
    assert codes(rows) == ["accepted", "accepted", "body_invalid"]
    assert [line["quantity"] for line in rows[0]["value"]["lines"]] == ["1.5", "2"]
    assert rows[0]["value"]["lines"][0]["discount"] == "0.36"
    assert rows[0]["value"]["status"] == "booked"
    pointers = [fault["pointer"] for fault in rows[2]["problem"]["faults"]]
    assert pointers == ["/completed", "/lines/0/quantity"]
    found = (await scene.api.get(V1 + "/orders", params={"reference": 'c"2\n;'})).json()["items"]
    assert len(found) == 1
    assert last["rows"] == 3


async def test_items_by_csv_are_made_and_changed(scene: Scene) -> None:
    """A row says what the item of its owner and SKU shall be: first it is made, then it is changed."""
    text = "owner_id,sku,name,stock_unit,price,min_quantity,buyable,sales_units\n"
    text += f'{scene.producer},LEEK,Leek,kg,{{}},0.5,true,"[{{{{""code"": ""bunch"", ""num"": 1, ""den"": 2}}}}]"\n'
    for price in ("3.10", "2.90"):
        answer = await scene.api.post(V1 + "/items:batch", content=text.format(price).encode(), headers=CSV)
        rows, _ = results(answer)
        assert codes(rows) == ["accepted"]
    [leek] = (await scene.api.get(V1 + "/items?sku=LEEK")).json()["items"]
    assert (leek["price"], leek["version"]) == ("2.90", 2)
    assert leek["sales_units"] == [{"code": "bunch", "num": 1, "den": 2, "price": None}]


async def test_parties_by_csv(scene: Scene) -> None:
    """Enterprises, relations and customers in one file; a list of words is separated by bars."""
    text = (
        "type,key,name,kinds,currency,seller_id,hub_id,producer_id,discount_percent,address.city\n"
        "enterprise,e1,Hub and shop,hub|retailer,EUR,,,,,Lyon\n"
        f"customer,c1,Michael,,,{scene.hub},,,,\n"
        f"relation,,,,,,{scene.hub},{scene.producer},2.5,\n"
        "enterprise,,Nobody,hub,EUR,,,,,\n"
    )
    path = V1 + "/parties:batch"
    rows, _ = results(await scene.api.post(path, content=text.encode(), headers=CSV))
    assert codes(rows) == ["accepted", "accepted", "accepted", "row_key_missing"]
    again, _ = results(await scene.api.post(path, content=text.encode(), headers=CSV))
    assert [row.get("value", {}).get("id") for row in again] == [
        row.get("value", {}).get("id") for row in rows
    ]
    seen = (await scene.api.get(f"{V1}/enterprises/{rows[0]['value']['id']}")).json()
    assert (seen["kinds"], seen["address"]["city"]) == (["hub", "retailer"], "Lyon")
    terms = (await scene.api.get(f"{V1}/relations/{scene.hub}/{scene.producer}")).json()
    assert terms["discount_percent"] == "2.5"


async def test_rows_about_one_item_take_effect_in_the_order_of_the_file(scene: Scene) -> None:
    """A count that comes before a receipt does not swallow it, although they are commands of different kinds."""
    place = {"item_id": scene.item, "location_id": scene.location}
    file = []
    for number in range(10):
        file.append({**place, "kind": "count", "quantity": 5000 + number})
        file.append({**place, "kind": "adjust", "quantity": 7, "key": f"in order {number}"})
    rows, _ = results(await scene.api.post(V1 + "/positions:batch", content=ndjson(*file), headers=NDJSON))
    assert {row["status"] for row in rows} == {"accepted"}
    [position] = (await scene.api.get(V1 + "/positions", params={"item_id": scene.item})).json()["items"]
    assert position["on_hand"] == "5016"


async def test_order_of_the_file_holds_over_parcels_and_repeats(start: Start) -> None:
    """With two rows at a time in work; a receipt that was refused then is judged anew in its own place."""
    small = await start(max_rows_in_work=4)
    scene = await build(small.owner)
    place = {"item_id": scene.item, "location_id": scene.location}
    file = [{**place, "kind": "adjust", "quantity": -9000, "type": "CORRECTION", "key": "out"}]
    for number in range(5):
        file.append({**place, "kind": "count", "quantity": 100 + number})
        file.append({**place, "kind": "adjust", "quantity": 7, "key": f"over {number}"})
    path = V1 + "/positions:batch"
    rows, _ = results(await scene.api.post(path, content=ndjson(*file), headers=NDJSON))
    assert codes(rows) == ["stock_promised"] + ["accepted"] * 10
    [position] = (await scene.api.get(V1 + "/positions", params={"item_id": scene.item})).json()["items"]
    assert position["on_hand"] == "111"
    more = ndjson({**place, "kind": "count", "quantity": 9500}, *file)
    rows, _ = results(await scene.api.post(path, content=more, headers=NDJSON))
    assert codes(rows) == ["accepted"] * 12
    assert [row["value"]["positions"][0]["on_hand"] for row in rows[:3]] == ["9500", "500", "100"]
    assert [row.get("repeated", False) for row in rows] == [False] * 3 + [True, False] * 4 + [True]


async def test_files_wait_where_a_request_would_be_sent_away(start: Start) -> None:
    """With room for one command, files that come at once are all taken, each row once."""
    busy = await start(max_waiting=1, max_rows_in_work=8)
    scene = await build(busy.owner)
    files = [ndjson(*[scene.order(f"w{file}-{number}", 1) for number in range(12)]) for file in range(4)]
    sent = [scene.api.post(V1 + "/orders:batch", content=file, headers=NDJSON, timeout=60) for file in files]
    for answer in await asyncio.gather(*sent):
        assert codes(results(answer)[0]) == ["accepted"] * 12
    assert await scene.available() == "952"


async def test_item_that_comes_twice_is_one(scene: Scene) -> None:
    """New or known, named by id or by SKU: the last row says what it is, each row counts as a change."""
    row = {"owner_id": scene.producer, "sku": "KALE", "name": "Kale"}
    path = V1 + "/items:batch"
    data = ndjson(row, {**row, "price": "2"}, {**row, "price": "-1"}, {**row, "price": "3"})
    rows, _ = results(await scene.api.post(path, content=data, headers=NDJSON))
    assert codes(rows) == ["accepted", "accepted", "body_invalid", "accepted"]
    values = [one["value"] for one in rows if one["status"] == "accepted"]
    assert [value["version"] for value in values] == [1, 2, 3]
    assert len({value["id"] for value in values}) == 1
    again, _ = results(
        await scene.api.post(
            path, content=ndjson(row, {**row, "id": values[0]["id"], "name": "Black kale"}), headers=NDJSON
        )
    )
    assert [one["value"] for one in again] == [
        {"id": values[0]["id"], "version": number} for number in (4, 5)
    ]
    [kale] = (await scene.api.get(V1 + "/items?sku=KALE")).json()["items"]
    assert (kale["name"], kale["price"]) == ("Black kale", "0.00")


async def test_movements_take_effect_once(scene: Scene) -> None:
    """A movement with a key happens once; without a key it is refused, and a count needs none."""
    move = {"kind": "adjust", "item_id": scene.item, "location_id": scene.location, "quantity": 5}
    before = float(await scene.available())
    data = ndjson({**move, "key": "m1"}, move, {**move, "kind": "count", "quantity": str(before + 1000)})
    rows, _ = results(await scene.api.post(V1 + "/positions:batch", content=data, headers=NDJSON))
    assert codes(rows)[:2] == ["accepted", "row_key_missing"]
    after = await scene.available()
    again, _ = results(await scene.api.post(V1 + "/positions:batch", content=data, headers=NDJSON))
    assert again[0]["repeated"] is True
    assert await scene.available() == after
    other = ndjson({**move, "key": "m1", "quantity": 6})
    rows, _ = results(await scene.api.post(V1 + "/positions:batch", content=other, headers=NDJSON))
    assert codes(rows) == ["idempotency_key_reused"]


async def test_dry_run_of_a_file_leaves_nothing(scene: Scene) -> None:
    """Each row is answered as it would be, and nothing happens."""
    before = await scene.available()
    path = V1 + "/orders:batch?dry_run=true"
    rows, _ = results(await scene.api.post(path, content=ndjson(scene.order("d1")), headers=NDJSON))
    assert codes(rows) == ["accepted"]
    assert await scene.available() == before


async def test_other_kinds_of_files_are_refused(server: Server) -> None:
    """JSON is no NDJSON, and a CSV needs a header with one name a column."""
    path = V1 + "/items:batch"
    problem(await server.owner.post(path, json={}), 415, "media_type_not_supported")
    problem(await server.owner.post(path, content=b"sku,sku\na,b\n", headers=CSV), 400, "body_malformed")


async def test_overlong_row_is_one_row(start: Start) -> None:
    """A row beyond the limit is refused alone, in both kinds of files, and the next is read."""
    small = await start(max_row=1024)
    scene = await build(small.owner)
    data = ndjson({"x": "y" * 5000}, scene.order("l1"))
    rows, _ = results(await scene.api.post(V1 + "/orders:batch", content=data, headers=NDJSON))
    assert codes(rows) == ["body_too_large", "accepted"]
    start_ = f"{scene.producer},"
    long_cell = '"' + "z\n" * 3000 + '"'
    text = f"owner_id,sku,name\n{start_}R1,{'y' * 5000}\n{start_}R2,Row\n{start_}R3,{long_cell}\n"
    rows, _ = results(await scene.api.post(V1 + "/items:batch", content=text.encode(), headers=CSV))
    assert codes(rows)[:2] == ["body_too_large", "accepted"]


async def test_large_file_is_streamed(start: Start) -> None:
    """Three thousand orders, sent as they are made, with few in work at once: all answered, in order."""
    server = await start(max_rows_in_work=64)
    scene = await build(server.owner, stock=100_000)

    async def rows() -> AsyncIterator[bytes]:
        for number in range(3000):
            yield ndjson(scene.order(f"r{number}", 1))

    answer = await scene.api.post(V1 + "/orders:batch", content=rows(), headers=NDJSON, timeout=120)
    found, last = results(answer)
    assert last == {"done": True, "rows": 3000, "accepted": 3000, "rejected": 0} or last["accepted"] == 3000
    assert [row["row"] for row in found] == list(range(1, 3001))
    assert await scene.available() == "97000"


@pytest.mark.parametrize("path", ["/orders:batch", "/items:batch", "/positions:batch", "/parties:batch"])
async def test_empty_file_has_no_rows(server: Server, path: str) -> None:
    """Nothing in, nothing done."""
    rows, last = results(await server.owner.post(V1 + path, content=b"", headers=NDJSON))
    assert (rows, last) == ([], {"done": True})
