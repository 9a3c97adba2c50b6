"""Orders at platforms that are not Coster, and answers that are none: over real HTTP, each outcome as a value."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from coster.domain.federation.model import Access, Offered
from coster.domain.federation.ports import (
    AcceptedByPeer,
    Ask,
    Found,
    Missing,
    NotAllowed,
    RefusedByPeer,
    RemoteLine,
    RemoteSession,
    Short,
    Superseded,
    Unknown,
)
from coster.edges.dfc.client.ordering import Parties
from coster.edges.dfc.client.orders import Orders, Way
from coster.edges.dfc.client.speaking import Speaker
from coster.edges.dfc.client.tokens import Tokens
from coster.edges.dfc.client.transport import Patience, Wire
from coster.engine.webhooks.guard import Guard
from tests.edges.dfc.fake_platforms import Answer, Asked, Platform, Reply, Shop, document, plain

AT = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)
PRODUCT = "https://shop.example/SuppliedProducts/445"


def ask(quantity: int = 3000, sequence: int = 1, order: str = "", **more: Any) -> Ask:
    """What a held order wants."""
    line = RemoteLine(product=PRODUCT, offer=f"{PRODUCT}/Offer", quantity=quantity)
    session = RemoteSession(id=uuid.UUID(int=7), begins_at=AT, ends_at=AT + dt.timedelta(days=1))
    asked: dict[str, Any] = {
        "org_id": 1, "producer_id": uuid.UUID(int=1), "hub_id": uuid.UUID(int=2), "held_order_id": uuid.UUID(int=3),
        "order": order, "sequence": sequence, "standing": "held", "session": session, "lines": (line,),
    }  # fmt: skip
    return Ask(**{**asked, **more})


class There:
    """A platform, and our orders there."""

    def __init__(self, platform: Platform, wire: Wire, secret: str) -> None:
        self.platform = platform
        self.base = f"{platform.url}/api/dfc/Enterprises/shop"
        parties = Parties(
            supplier=self.base, hub="https://hub.example/api/dfc/Enterprises/1", hub_name="Hub A",
            session="https://hub.example/api/dfc/SaleSessions/1",
            products={PRODUCT: Offered(product=PRODUCT, ordered=PRODUCT, name="Beans", currency="GBP")},
        )  # fmt: skip
        access = Access(
            peer_id=uuid.UUID(int=4), url=platform.url, auth="token", issuer="", client_id="", secret=secret
        )
        way = Way(access=access, parties=parties, patience=Patience(total_seconds=1.0, most_bytes=20_000))

        async def find(_ask: Ask) -> Way:
            return way

        self.orders = Orders(Speaker(wire, Tokens(wire, lambda: AT)), find)


Open = Callable[..., Awaitable[There]]


@pytest.fixture
async def there() -> AsyncIterator[Open]:
    """Opens platforms that answer by a function; all are closed in the end."""
    wire = Wire(Guard(["127.0.0.1/32"]))
    opened: list[Platform] = []

    async def begin(answer: Answer, secret: str = "good") -> There:
        opened.append(await Platform(answer).start())
        found = There(opened[-1], wire, secret)
        if isinstance(answer, Shop):
            answer.base = found.base
        return found

    yield begin
    await wire.close()
    for platform in opened:
        await platform.stop()


async def test_a_shop_of_the_producers_app_takes_changes_completes_and_empties_an_order(there: Open) -> None:
    """200 for what is new, ids of its own, no session told; what it cannot cancel holds nothing any more."""
    shop = Shop()
    place = await there(shop)
    made = await place.orders.put(ask())
    assert made == AcceptedByPeer(order=f"{place.base}/Orders/1", standing="held", lines=ask().lines)
    more = await place.orders.put(ask(5000, 2, made.order))
    assert isinstance(more, AcceptedByPeer)
    assert more.lines == ask(5000).lines
    assert await place.orders.look(ask(order=made.order)) == Found(
        order=made.order, standing="held", lines=ask(5000).lines
    )
    done = await place.orders.put(ask(5000, 3, made.order, standing="complete"))
    assert isinstance(done, AcceptedByPeer)
    assert done.standing == "complete"
    gone = await place.orders.put(ask(5000, 4, made.order, standing="cancelled"))
    assert gone == AcceptedByPeer(order=made.order, standing="cancelled", lines=())
    assert shop.orders["1"]["lines"] == {}


async def test_open_food_networks_proposal_takes_and_deletes_an_order(there: Open) -> None:
    """201 without Location, an empty order is a 400, and cancelling is DELETE."""
    shop = Shop(made=201, always_held=True, deletes=True)
    place = await there(shop)
    made = await place.orders.put(ask())
    assert isinstance(made, AcceptedByPeer)
    done = await place.orders.put(ask(3000, 2, made.order, standing="complete"))
    assert isinstance(done, AcceptedByPeer)
    assert (done.standing, done.lines) == ("held", ask().lines)
    gone = await place.orders.put(ask(3000, 3, made.order, standing="cancelled"))
    assert gone == AcceptedByPeer(order=made.order, standing="cancelled", lines=())
    assert shop.orders["1"]["deleted"]


async def test_cancelling_in_two_ways_is_two_requests(there: Open) -> None:
    """Where the status is not known the order is deleted, under another Idempotency-Key: it is no repeat of what was refused."""
    shop = Shop(made=201, always_held=True, deletes=True)
    place = await there(shop)
    made = await place.orders.put(ask())
    await place.orders.put(ask(3000, 2, made.order, standing="cancelled"))
    sent = [(one.method, one.headers["idempotency-key"]) for one in place.platform.asked]
    assert [method for method, _ in sent] == ["POST", "PUT", "DELETE"]
    assert len({key for _, key in sent}) == 3


async def test_a_wrong_token_is_told_to_people(there: Open) -> None:
    """401 and 403 are no accident of the network."""
    place = await there(Shop(), secret="bad")
    assert isinstance(await place.orders.put(ask()), NotAllowed)
    assert isinstance(await place.orders.look(ask(order=f"{place.base}/Orders/1")), NotAllowed)


def order_answer(place: str, **more: Any) -> Reply:
    """An order of nothing."""
    return document({"@id": place, "@type": "dfc-b:Order", "dfc-b:hasOrderStatus": "dfc-v:Held", **more})


NOT_A_YES: dict[str, Callable[[Asked], Reply | bytes]] = {
    "cut in the middle": lambda _: b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"@context\": \"https://www.dat",
    "cut without a length": lambda _: b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"@context\": \"https://www.dat",
    "cut in a chunk": lambda _: b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n20\r\n{\"@con",
    "no answer": lambda _: b"",
    "no HTTP": lambda _: b"220 mail.example ESMTP\r\n",
    "no JSON": lambda _: (200, {}, b"<html>Welcome</html>"),
    "another document": lambda _: document({"@id": "https://x.example/p", "@type": "dfc-b:SuppliedProduct"}),
    "no order": lambda _: document(),
    "too large": lambda _: (200, {}, b" " * 30_000),
    "its own place": lambda asked: order_answer("#"),
    "the collection": lambda asked: order_answer("http://127.0.0.1/api/dfc/Enterprises/shop/Orders/#"),
    "another platform": lambda _: order_answer("https://evil.example/Orders/1"),
    "another platform in Location": lambda _: (201, {"location": "https://evil.example/Orders/1"}, b""),
    "nowhere": lambda _: (201, {}, b""),
    "half a line": lambda asked: document(
        {"@id": f"http://{asked.headers['host']}/Orders/1", "@type": "dfc-b:Order", "dfc-b:hasPart": "https://x.example/l"},
        {"@id": "https://x.example/l", "@type": "dfc-b:OrderLine"},
    ),
    "a redirect": lambda _: (307, {"location": "https://evil.example/Orders"}, b""),
    "overload": lambda _: (503, {"retry-after": "7"}, b""),
    "an accident": lambda _: plain(500),
    "too many": lambda _: plain(429),
}  # fmt: skip


@pytest.mark.parametrize("case", NOT_A_YES)
async def test_what_is_no_certain_answer_is_never_taken_for_a_yes(there: Open, case: str) -> None:
    """Half an answer, none, too much of one, one about another thing: nobody knows what was done."""
    place = await there(NOT_A_YES[case])
    answered = await place.orders.put(ask())
    assert isinstance(answered, Unknown), answered
    assert answered.retry_after == (7.0 if case == "overload" else None)


async def test_an_answer_that_never_comes_is_unknown_after_the_time(there: Open) -> None:
    """Nobody is waited for longer than agreed."""
    place = await there(lambda _: None)
    assert await place.orders.put(ask()) == Unknown(cause="no whole answer within 1 seconds")


REFUSALS: dict[str, tuple[Reply, Any]] = {
    "short": (
        plain(409, {"code": "insufficient_stock", "detail": "One is left.",
                    "lines": [{"item": PRODUCT, "wanted": "3", "available": "1"}]}),
        RefusedByPeer(code="short", cause="the platform answered 409: One is left.", lines=(
            Short(product=PRODUCT, offer=f"{PRODUCT}/Offer", wanted=3000, available=1000),)),
    ),
    "unknown product": (
        plain(422, {"error": "Variant 445 not found"}),
        RefusedByPeer(code="invalid", cause="the platform answered 422: Variant 445 not found"),
    ),
    "complete": (
        plain(409, {"code": "order_final"}), RefusedByPeer(code="completed", cause="the platform answered 409")
    ),
    "late": (plain(409, {"code": "superseded", "sequence": 9}), Superseded(sequence=9)),
    "a number beyond all": (plain(409, {"code": "superseded", "sequence": 2**63 - 1}), Superseded(sequence=None)),
    "values in values": (
        (409, {}, b"[" * 9_000), RefusedByPeer(code="invalid", cause="the platform answered 409")
    ),
    "nothing said": (plain(400), RefusedByPeer(code="invalid", cause="the platform answered 400")),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS)
async def test_a_refusal_says_why(there: Open, case: str) -> None:
    """With the lines that fell short where the platform tells them, in its words where not."""
    reply, expected = REFUSALS[case]
    place = await there(lambda _: reply)
    assert await place.orders.put(ask()) == expected


async def test_an_order_that_is_gone_is_missing(there: Open) -> None:
    """404 and 410 of an order that we name."""
    place = await there(lambda _: plain(410))
    assert await place.orders.put(ask(order=f"{place.base}/Orders/1")) == Missing()
    assert await place.orders.look(ask(order=f"{place.base}/Orders/1")) == Missing()


async def test_204_is_a_yes_for_an_order_that_is_known(there: Open) -> None:
    """As the standard's sample has it; what was asked for is what is held."""
    place = await there(lambda _: (204, {}, b""))
    order = f"{place.base}/Orders/1"
    assert await place.orders.put(ask(order=order)) == AcceptedByPeer(order=order, standing="held")


async def test_what_is_sent_is_the_held_order_and_nothing_else(there: Open) -> None:
    """Sequence and key as headers, no cookie, the hub as buyer, the dates of the session, and not one word of a shopper."""
    place = await there(Shop())
    await place.orders.put(ask(sequence=41))
    [sent] = place.platform.asked
    assert sent.headers.keys() == {
        "host", "user-agent", "accept", "content-type", "coster-sequence", "idempotency-key", "authorization", "content-length",
    }  # fmt: skip
    assert sent.headers["coster-sequence"] == "41"
    kinds = sorted(node["@type"] for node in json.loads(sent.body)["@graph"])
    assert kinds == [
        "dfc-b:Enterprise", "dfc-b:Enterprise", "dfc-b:Offer", "dfc-b:Order", "dfc-b:OrderLine", "dfc-b:SaleSession",
        "dfc-b:SuppliedProduct",
    ]  # fmt: skip
    again = await there(Shop())
    await again.orders.put(ask(sequence=41))
    assert again.platform.asked[0].headers["idempotency-key"] == sent.headers["idempotency-key"]
