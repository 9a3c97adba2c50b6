"""Approvers are told by mail: from the order that is sent in to a letter in a real SMTP server, in their language, once."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from coster.engine.db.connect import Database
from coster.engine.mail import parked
from coster.engine.mail.model import CLAIMED_SECONDS
from coster.engine.outbox import parked as skipped
from coster.engine.outbox.model import Decision
from tests.edges import postoffice
from tests.edges.conftest import Server, Start
from tests.edges.postoffice import Office
from tests.edges.scene import V1, made


class Desk:
    """A shop that has a cost centre of its own, whose approvers have mail addresses."""

    def __init__(self, server: Server, office: Office) -> None:
        self.server, self.office = server, office
        self.shop = ""
        self.item = ""
        self.count = 0

    async def build(self) -> Desk:
        """Makes the shop and what it sells, at 2.00."""
        owner = self.server.owner
        shop = {"name": "Shop", "kinds": ["hub"], "currency": "EUR"}
        self.shop = (await made(owner, "/enterprises", shop))["id"]
        jam = {"owner_id": self.shop, "sku": "JAM", "name": "Jam", "stock_unit": "kg", "price": "2.00"}
        self.item = (await made(owner, "/items", jam))["id"]
        place = (await made(owner, "/locations", {"enterprise_id": self.shop, "name": "Cellar"}))["id"]
        stock = {"kind": "count", "item_id": self.item, "location_id": place, "quantity": "9000"}
        await made(owner, "/stock-movements", stock)
        return self

    async def approver(self, email: str, language: str = "en") -> tuple[str, httpx2.AsyncClient]:
        """A key that may approve, whose holder is written to there."""
        grants = [{"role": "approver", "enterprise_id": self.shop}]
        key = await made(self.server.owner, "/keys", {"name": "lead", "grants": grants})
        contact = {"email": email, "language": language}
        answered = await self.server.owner.put(f"{V1}/keys/{key['id']}/contact", json=contact)
        assert answered.status_code == 200, answered.text
        return key["id"], self.server.client(key["token"])

    async def order(self, *approvers: str) -> dict[str, Any]:
        """An order over 200.00 that was sent in, on a cost centre of these."""
        self.count += 1
        levels = [{"from_total": "100", "approvers": list(approvers)}]
        centre = {"enterprise_id": self.shop, "name": f"Kitchen {self.count}", "levels": levels}
        centre_id = (await made(self.server.owner, "/cost-centres", centre))["id"]
        wanted = {"seller_id": self.shop, "channel": "desk", "reference": f"A-{self.count}", "type": "b2b",
                  "cost_centre_id": centre_id, "lines": [{"item_id": self.item, "quantity": "100"}]}  # fmt: skip
        order = await made(self.server.owner, "/orders", wanted)
        return {**order, **await self.send(order["id"], "submit")}

    async def send(self, order: str, name: str, who: httpx2.AsyncClient | None = None) -> dict[str, Any]:
        """An event of somebody, or the owner."""
        event = {"name": name, "attributes": {}}
        return dict((await (who or self.server.owner).post(f"{V1}/orders/{order}/events", json=event)).json())

    async def letters(self, to: str, count: int = 1) -> list[Any]:
        """So many letters to somebody, as soon as they are there."""
        for _ in range(400):
            found = [one for one in self.office.taken if one["To"] == to]
            if len(found) >= count:
                return found
            await asyncio.sleep(0.02)
        raise AssertionError(f"{to} got {len(found)} letters")

    async def rows(self) -> list[Any]:
        """What is written down and not yet taken."""
        async with self.server.database.read(1) as conn:
            return list(await conn.fetch("SELECT * FROM mail WHERE org_id = 1 ORDER BY written_at"))

    async def empty(self) -> None:
        """Returns when every letter was taken."""
        for _ in range(400):
            if not await self.rows():
                return
            await asyncio.sleep(0.02)
        raise AssertionError("letters are left")


@pytest.fixture(scope="module")
async def desk(start: Start) -> AsyncIterator[Desk]:
    """One for all tests here."""
    async with postoffice.opened() as office:
        chosen = {"smtp_host": "127.0.0.1", "smtp_port": office.port, "smtp_tls": "none",
                  "smtp_from": "Shop <orders@shop.example>", "public_url": "https://shop.example", "clock": "system"}  # fmt: skip
        server = await start(**chosen)
        yield await Desk(server, office).build()


async def test_told_in_their_language(desk: Desk) -> None:
    """Each approver gets one letter with what they need and nothing of anybody else; then the buyer hears what came of it."""
    anna, _ = await desk.approver("anna@school.example", "de-AT")
    order = await desk.order(anna, (await desk.approver("piet@school.example", "nl"))[0])
    [german], [dutch] = await desk.letters("anna@school.example"), await desk.letters("piet@school.example")
    assert german["Subject"] == f"Bestellung {order['number']} wartet auf Ihre Freigabe"
    assert dutch["Subject"] == f"Bestelling {order['number']} wacht op uw goedkeuring"
    text = german.get_content()
    assert f"(Referenz A-{desk.count}) über 200.00 EUR" in text
    assert "https://shop.example/api/v1/approvals" in text
    assert "piet" not in german.as_string()
    assert german["Message-ID"].endswith(".1@shop.example>")
    await desk.empty()


async def test_buyer_hears_what_came_of_it(desk: Desk) -> None:
    """Whoever sent it in is written to, where they have an address."""
    keys = (await desk.server.owner.get(f"{V1}/keys")).json()["items"]
    [me] = [one["id"] for one in keys if one["name"] == "first"]
    await desk.server.owner.put(
        f"{V1}/keys/{me}/contact", json={"email": "buyer@school.example", "language": "xx"}
    )
    lead_id, lead = await desk.approver("lead@school.example", "fr")
    order = await desk.order(lead_id)
    await desk.letters("lead@school.example")
    row = json.dumps({"order_id": order["id"], "version": order["version"], "decision": "deny"})
    await lead.post(f"{V1}/approvals:batch", content=row, headers={"Content-Type": "application/x-ndjson"})
    [letter] = await desk.letters("buyer@school.example")
    assert letter["Subject"] == f"Order {order['number']} is denied"
    await desk.server.owner.put(f"{V1}/keys/{me}/contact", json={"email": ""})


async def test_without_address_nobody_is_written_to(desk: Desk) -> None:
    """What has nowhere to go is forgotten, and a key that was revoked has nowhere."""
    gone, _ = await desk.approver("gone@school.example")
    there, _ = await desk.approver("there@school.example")
    silent, _ = await desk.approver("")
    order = await desk.order(silent, there)
    await desk.letters("there@school.example")
    await desk.empty()
    assert order["status"] == "waiting"
    await desk.server.owner.delete(f"{V1}/keys/{gone}")
    assert [one["To"] for one in desk.office.taken if one["To"] in ("", "gone@school.example")] == []


async def test_refused_for_now_and_for_ever(desk: Desk) -> None:
    """A 4xx is tried again with the same Message-ID; a 5xx waits for people, who resume or skip it."""
    lead, _ = await desk.approver("late@school.example")
    desk.office.refusals.append("451 Try later")
    await desk.order(lead)
    for _ in range(400):
        rows = await desk.rows()
        if rows and rows[0]["attempts"]:
            break
        await asyncio.sleep(0.02)
    [row] = rows
    assert (row["attempts"], row["parked"]) == (1, None)
    assert (
        dt.timedelta(seconds=4) < row["next_at"] - row["written_at"] < dt.timedelta(seconds=CLAIMED_SECONDS)
    )
    desk.office.refusals.append("550 No such user")
    await _now(desk.server.database)
    for _ in range(400):
        async with desk.server.database.read(1) as conn:
            given_up = await parked.list_parked(conn, 1)
        if given_up:
            break
        await asyncio.sleep(0.02)
    [one] = given_up
    assert (one.what, one.name, one.cause) == (
        "mail",
        "approval_asked",
        "the server refused the recipient with 550",
    )
    async with desk.server.database.write(1) as conn:
        assert await parked.resume(conn, 1, dt.datetime.now(dt.UTC)) == 1
    [letter] = await desk.letters("late@school.example")
    assert letter["Message-ID"] == f"<{row['id']}.1@shop.example>"
    await desk.empty()


async def test_skipped_with_a_reason(desk: Desk) -> None:
    """What is skipped is kept with who decided so, without a word of the letter."""
    lead, _ = await desk.approver("wrong@school.example")
    desk.office.refusals.append("550 No such user")
    await desk.order(lead)
    for _ in range(400):
        async with desk.server.database.read(1) as conn:
            given_up = await parked.list_parked(conn, 1)
        if given_up:
            break
        await asyncio.sleep(0.02)
    decision = Decision("No such person.", "me", dt.datetime.now(dt.UTC))
    async with desk.server.database.write(1) as conn:
        assert await parked.skip(conn, 1, given_up, decision) == given_up
        [kept] = [one for one in await skipped.list_skipped(conn, 1) if one.what == "mail"]
        assert (kept.key, kept.reason, kept.who) == (given_up[0].key, "No such person.", "me")
        assert await parked.skip(conn, 1, given_up, decision) == []
    assert await desk.rows() == []


async def test_addresses_are_for_those_who_manage_the_key(desk: Desk) -> None:
    """They stand in no event and no list; who does not manage the key learns nothing of it, and nobody writes a header into one."""
    key, lead = await desk.approver("secret@school.example")
    path = f"{V1}/keys/{key}/contact"
    seen = await desk.server.owner.get(path)
    assert (seen.json()["email"], seen.json()["version"]) == ("secret@school.example", 1)
    assert (await lead.get(path)).status_code == 403
    other = (
        await made(desk.server.owner, "/enterprises", {"name": "B", "kinds": ["hub"], "currency": "EUR"})
    )["id"]
    stranger = await desk.server.key("hub", other)
    assert (await stranger.get(path)).status_code == 404
    assert (await stranger.put(path, json={"email": "mine@b.example"})).json()["code"] == "key_unknown"
    for bad in ("a@b\r\nBcc: c@d.example", "a b@c.example", "a@b", "a@b.example,c@d.example"):
        assert (await desk.server.owner.put(path, json={"email": bad})).json()["code"] == "not_valid", bad
    events = (await desk.server.owner.get(f"{V1}/events", params={"limit": 200})).text
    assert "key.contact_changed" in events
    assert "school.example" not in events


async def test_off_without_a_server(start: Start) -> None:
    """Nothing is written down where no server is configured, so nothing goes out late when there is one."""
    server = await start()
    async with postoffice.opened() as office:
        desk = await Desk(server, office).build()
        lead, _ = await desk.approver("lead@school.example")
        order = await desk.order(lead)
        assert order["status"] == "waiting"
        await server.owner.post(f"{V1}/clock", json={"advance": "PT0S"})
        assert (await desk.rows(), office.taken) == ([], [])


async def _now(database: Database) -> None:
    """The next try is due."""
    async with database.write(1) as conn:
        await conn.execute(
            "UPDATE mail AS m SET next_at = m.written_at WHERE m.org_id = 1 AND m.parked IS NULL"
        )
