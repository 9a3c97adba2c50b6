"""`coster import`: files that are sent, refused in part, corrected, sent again, and broken off."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from coster.cli.output import Exit
from tests.cli.conftest import Done, Inside, Shop, start
from tests.edges.scene import V1

Send = Callable[..., Done]


@pytest.fixture
def send(shop: Shop, inside: Inside) -> Send:
    """`coster import <words>` with the shop's key."""
    return lambda *words, **env: inside("import", *map(str, words), env={**shop.env, **env})


def ask(shop: Shop, path: str, **params: str) -> Any:
    """What the server tells."""
    answer = httpx2.get(shop.url + V1 + path, params=params, headers={"Authorization": f"Bearer {shop.key}"})
    assert answer.is_success, answer.text
    return answer.json()


def lines(shop: Shop, *orders: tuple[str, str]) -> str:
    """A CSV with a row for each (reference, quantity)."""
    rows = [
        f"{shop.scene.hub},file,{name},{shop.scene.session},{shop.scene.item},{kilos}\n"
        for name, kilos in orders
    ]
    return "seller_id,channel,reference,session_id,item_id,quantity\n" + "".join(rows)


def order(shop: Shop, reference: str, quantity: Any = 1) -> str:
    """An order as a line of NDJSON."""
    return json.dumps(shop.scene.order(reference, quantity, channel="file")) + "\n"


def placed(shop: Shop, reference: str) -> list[dict[str, Any]]:
    """The orders of that name."""
    found = ask(shop, "/orders", channel="file", reference=reference)["items"]
    return [ask(shop, f"/orders/{one['id']}") for one in found]


def test_bad_row_is_corrected_and_sent_again(shop: Shop, send: Send, tmp_path: Path) -> None:
    """Good rows are taken; the refused row lies in a file as it came, with its reason; corrected, that file goes as it is."""
    file, refused = tmp_path / "friday.csv", tmp_path / "refused.csv"
    file.write_text(lines(shop, ("a1", "1"), ("a1", "2"), ("a2", "many"), ("a3", "1.5")))
    done = send("orders", file, "--failed", refused)
    assert done.code == Exit.ROWS_FAILED
    assert done.out.startswith("orders: 4 rows, 2 accepted, 1 refused. The refused rows are in ")
    assert done.err.startswith("coster: line 4: body_invalid: /lines/0/quantity: ")
    assert [placed(shop, name)[0]["lines"][0]["quantity"] for name in ("a1", "a3")] == ["1", "1.5"]
    assert placed(shop, "a2") == []
    head, row = refused.read_text().splitlines()
    assert head == "refused_because,seller_id,channel,reference,session_id,item_id,quantity"
    assert row.startswith('"body_invalid: /lines/0/quantity: ')
    assert row.endswith(file.read_text().splitlines()[3])
    assert stat.S_IMODE(refused.stat().st_mode) == 0o600
    refused.write_text(refused.read_text().replace(",many", ",4"))
    again = send("orders", refused)
    assert (again.code, again.out, again.err) == (Exit.DONE, "orders: 1 rows, 1 accepted, 0 refused.\n", "")
    assert placed(shop, "a2")[0]["lines"][0]["quantity"] == "4"


def test_twice_is_once(shop: Shop, send: Send, tmp_path: Path) -> None:
    """The same file again: everything is accepted as a repeat, and nothing more is held."""
    file = tmp_path / "orders.ndjson"
    file.write_text(order(shop, "t1", 2) + "\n" + order(shop, "t2"))
    first = send("orders", file, "--json")
    [before] = ask(shop, "/positions", item_id=shop.scene.item)["items"]
    second = send("orders", file, "--json")
    assert (first.code, second.code) == (Exit.DONE, Exit.DONE)
    wanted = {
        "kind": "orders",
        "file": str(file),
        "dry_run": False,
        "complete": True,
        "rows": 2,
        "line": 3,
        "left_out": 0,
    }
    wanted |= {"accepted": 2, "repeated": 0, "refused": 0, "reasons": {}}
    assert first.json == wanted
    assert second.json == {**wanted, "repeated": 2}
    assert ask(shop, "/positions", item_id=shop.scene.item)["items"] == [before]


def test_dry_run_changes_nothing(shop: Shop, send: Send, tmp_path: Path) -> None:
    """Rows are judged as they would be, and no order is there afterwards."""
    file = tmp_path / "orders.csv"
    file.write_text(lines(shop, ("d1", "1"), ("d2", "9999999")))
    done = send("orders", file, "--dry-run")
    assert done.code == Exit.ROWS_FAILED
    assert done.out == "orders: 2 rows, 1 accepted, 1 refused. A dry run: nothing was changed.\n"
    assert "line 3: insufficient_stock: " in done.err
    assert placed(shop, "d1") == []


def test_items_positions_parties(shop: Shop, send: Send, tmp_path: Path) -> None:
    """Each kind of file, in both formats, twice: the second time changes nothing."""
    parties, items, positions = (tmp_path / name for name in ("parties.csv", "items.jsonl", "positions.tsv"))
    parties.write_text(
        "type;key;name;kinds;currency;seller_id\n"
        "enterprise;x1;Léa's mill;producer;EUR;\n"
        f"customer;c1;Ali;;;{shop.scene.hub}\n"
    )
    leek = {
        "owner_id": shop.scene.producer,
        "sku": "LEEK",
        "name": "Leek",
        "stock_unit": "kg",
        "price": "3.10",
    }
    items.write_text(json.dumps(leek))
    assert send("parties", parties).out == "parties: 2 rows, 2 accepted, 0 refused.\n"
    assert send("items", items).code == Exit.DONE
    [made] = ask(shop, "/items", sku="LEEK")["items"]
    row = f"adjust\tm1\t{made['id']}\t{shop.scene.location}\t7.5\n"
    positions.write_text("kind\tkey\titem_id\tlocation_id\tquantity\n" + row)
    for _ in range(2):
        done = send("positions", positions)
        assert (done.code, done.err) == (Exit.DONE, "")
    assert (send("parties", parties).code, send("items", items).code) == (Exit.DONE, Exit.DONE)
    [stock] = ask(shop, "/positions", item_id=made["id"])["items"]
    assert stock["on_hand"] == "7.5"
    assert [one["name"] for one in ask(shop, "/enterprises")["items"]].count("Léa's mill") == 1


def test_result_of_every_row(shop: Shop, send: Send, tmp_path: Path) -> None:
    """A line for each row with its place in the file, also where it is no JSON; one refused row lies as it came."""
    file, results, refused = (tmp_path / name for name in ("o.ndjson", "results.ndjson", "refused.ndjson"))
    file.write_text(order(shop, "r1") + "\n{nonsense\n" + order(shop, "r2", "x") + order(shop, "r3"))
    assert send("orders", file, "--results", results, "--failed", refused).code == Exit.ROWS_FAILED
    told = [json.loads(line) for line in results.read_text().splitlines()]
    assert [(one["row"], one["line"], one["status"]) for one in told] == [
        (1, 1, "accepted"),
        (2, 3, "rejected"),
        (3, 4, "rejected"),
        (4, 5, "accepted"),
    ]
    assert [told[0]["value"]["id"]] == [one["id"] for one in placed(shop, "r1")]
    reason, nonsense, third = refused.read_text().splitlines()
    assert json.loads(reason)["refused_because"].startswith("body_malformed: ")
    assert nonsense == "{nonsense"
    assert json.loads(third) == {
        "refused_because": json.loads(third)["refused_because"],
        **json.loads(order(shop, "r2", "x")),
    }
    shown = send("orders", file, "--results", "-")
    assert [json.loads(line)["line"] for line in shown.out.splitlines()] == [1, 3, 4, 5]
    assert "orders: 4 rows, 2 accepted (2 had been before, and were not again), 2 refused.\n" in shown.err
    refused.write_text("\n".join([reason, order(shop, "r4").strip(), third.replace('"x"', "2")]))
    assert send("orders", refused).out == "orders: 2 rows, 2 accepted, 0 refused.\n"


def test_order_with_an_unreadable_line_is_refused_whole(shop: Shop, send: Send, tmp_path: Path) -> None:
    """A row with a cell too many is a line of its order, which is not placed without it; its neighbours are."""
    file, refused = tmp_path / "o.csv", tmp_path / "refused.csv"
    text = lines(shop, ("w0", "1"), ("w1", "1"), ("w1", "2,5"), ("w1", "3"), ("w2", "1"))
    file.write_text(text)
    done = send("orders", file, "--failed", refused)
    assert done.out.startswith("orders: 5 rows, 2 accepted, 1 refused.")
    assert "line 3: body_malformed: The row has 7 cells, the header 6." in done.err
    assert placed(shop, "w1") == []
    assert [row.partition('",')[2] for row in refused.read_text().splitlines()[1:]] == text.splitlines()[2:5]
    refused.write_text(refused.read_text().replace(",2,5", ",2.5"))
    assert send("orders", refused).out == "orders: 3 rows, 1 accepted, 0 refused.\n"
    assert [line["quantity"] for line in placed(shop, "w1")[0]["lines"]] == ["1", "2.5", "3"]


def test_long_file_in_parcels(shop: Shop, send: Send, tmp_path: Path) -> None:
    """More rows than go at once, an order of several rows over the end of a parcel, a row too long: all is answered."""
    file = tmp_path / "long.csv"
    rows = [(f"p{number}", "0.1") for number in range(999)] + [("whole", "0.1")] * 3 + [("last", "0.1")]
    text = lines(shop, *rows)
    file.write_text(
        text + f"{shop.scene.hub},file,{'x' * 300_000}\n" + lines(shop, ("after", "0.1")).partition("\n")[2]
    )
    done = send("orders", file, "--json")
    assert done.code == Exit.ROWS_FAILED
    sums = done.json
    assert (sums["rows"], sums["accepted"], sums["refused"]) == (1005, 1002, 1)
    assert sums["reasons"] == {"body_too_large": 1}
    assert len(placed(shop, "whole")[0]["lines"]) == 3
    assert len(placed(shop, "after")) == 1


def test_standard_input(shop: Shop) -> None:
    """A hyphen is standard input; with a mark at the beginning, as some programs write it. Out comes JSON and nothing else."""
    rows = ("\ufeff" + order(shop, "s1")).encode()
    done = shop.run("import", "orders", "-", "--format", "ndjson", "--json", stdin=rows)
    assert (done.code, done.err, done.json["accepted"]) == (Exit.DONE, "", 1)
    empty = shop.run("import", "orders", "-", "--format", "csv", stdin=b"")
    assert (empty.code, empty.out) == (Exit.DONE, "orders: 0 rows, 0 accepted, 0 refused.\n")


@pytest.mark.parametrize(
    "case",
    [
        (["nowhere.csv"], {}, Exit.USAGE, "there is no file nowhere.csv"),
        (["."], {}, Exit.USAGE, "cannot tell the format of .: say --format"),
        ([".", "--format", "csv"], {}, Exit.USAGE, "cannot read .: Is a directory"),
        (["-"], {}, Exit.USAGE, "cannot tell the format of standard input: say --format csv or --format ndjson"),
        (["FILE", "--failed", "FILE"], {}, Exit.USAGE, "exists already: name a new file"),
        (["FILE", "--failed", "/nowhere/f.csv"], {}, Exit.USAGE, "/nowhere/f.csv cannot be made"),
        (["FILE", "--json", "--results", "-"], {}, Exit.USAGE, "leave out one"),
        (["FILE"], {"COSTER_KEY": ""}, Exit.USAGE, "give a key"),
        (["FILE"], {"COSTER_KEY": "coster_1_wrong"}, Exit.REFUSED, "This API key is unknown, expired or revoked"),
        (["FILE"], {"COSTER_URL": "http://127.0.0.1:1"}, Exit.REFUSED, "cannot reach http://127.0.0.1:1"),
        (["FILE"], {"COSTER_URL": "nonsense"}, Exit.REFUSED, "nonsense"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told(
    shop: Shop, send: Send, tmp_path: Path, case: tuple[list[str], dict[str, str], int, str]
) -> None:
    """One sentence and its code; nothing is said about rows that were never sent, and no file is made."""
    words, env, code, told = case
    file = tmp_path / "orders.csv"
    file.write_text(lines(shop, ("never", "1")))
    done = send("orders", *[str(file) if word == "FILE" else word for word in words], **env)
    assert (done.code, done.out) == (code, "")
    assert told in done.err
    assert len(done.err.splitlines()) == 1
    assert "again" not in done.err
    assert sorted(tmp_path.iterdir()) == [file]
    assert placed(shop, "never") == []


@pytest.mark.parametrize("text", [b"\xff\xfes\x00k\x00u\x00", b"sku,sku\na,b\n", b"x" * 400_000])
def test_file_that_is_none(send: Send, tmp_path: Path, text: bytes) -> None:
    """Another encoding, a header with a name twice, no end of line: one sentence, and nothing is sent."""
    file = tmp_path / "items.csv"
    file.write_bytes(text)
    done = send("items", file)
    assert done.code in (Exit.USAGE, Exit.REFUSED)
    assert len(done.err.splitlines()) == 1


class Cutting:
    """A relay before the server that lets some requests through and cuts the connection in the middle of the next one."""

    def __init__(self, url: str, requests: int) -> None:
        self._port = int(url.rpartition(":")[2])
        self._left = requests
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        near, _ = self._listener.accept()
        far = socket.create_connection(("127.0.0.1", self._port))
        threading.Thread(target=self._back, args=(far, near), daemon=True).start()
        while piece := near.recv(65536):
            if piece.startswith(b"POST"):
                if not self._left:
                    near.close()
                    far.close()
                    return
                self._left -= 1
            far.sendall(piece)

    def _back(self, far: socket.socket, near: socket.socket) -> None:
        while piece := far.recv(65536):
            near.sendall(piece)


def test_connection_that_breaks(shop: Shop, send: Send, tmp_path: Path) -> None:
    """How far it got is said, and that it is safe to send the file again; then it is, and nothing is there twice."""
    file = tmp_path / "orders.ndjson"
    file.write_text("".join(order(shop, f"c{number}", "0.1") for number in range(1500)))
    done = send("orders", file, "--json", COSTER_URL=Cutting(shop.url, 1).url)
    assert done.code == Exit.REFUSED
    assert (done.json["complete"], done.json["rows"], done.json["accepted"]) == (False, 1000, 1000)
    assert "was lost" in done.err
    assert (
        "Until line 1000 all is answered: 1000 rows, 1000 accepted, 0 refused. Lines 1001 to 1500 were"
        in done.err
    )
    assert "It is safe to send the same file again" in done.err
    again = send("orders", file, "--json")
    assert (again.code, again.json["accepted"], again.json["repeated"]) == (Exit.DONE, 1500, 1000)


def test_interrupt_tells_how_far_it_got(shop: Shop) -> None:
    """Ctrl-C while more is awaited: code 130, the sums as JSON, and what is certain."""
    with start("import", "orders", "-", "--format", "ndjson", "--json", env=shop.env) as process:
        assert process.stdin is not None
        process.stdin.write("".join(order(shop, f"i{number}", "0.1") for number in range(1001)).encode())
        process.stdin.flush()
        deadline = time.monotonic() + 60
        while not placed(shop, "i999"):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        time.sleep(0.5)
        os.kill(process.pid, signal.SIGINT)
        out, err = process.stdout.read(), process.stderr.read()  # type: ignore[union-attr]
        assert process.wait(30) == Exit.INTERRUPTED
    assert json.loads(out)["accepted"] == 1000
    assert b"interrupted. Until line 1000 all is answered" in err


def test_refusal_of_a_role(shop: Shop, send: Send, inside: Inside, tmp_path: Path) -> None:
    """A key that may only read sends no file."""
    made = inside("keys", "create", "reader", "--json", env=shop.env)
    file = tmp_path / "orders.csv"
    file.write_text(lines(shop, (str(uuid.uuid4()), "1")))
    done = send("orders", file, COSTER_KEY=made.json["key"])
    assert (done.code, done.out) == (Exit.REFUSED, "")
    assert done.err.startswith("coster: ")
