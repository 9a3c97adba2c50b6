"""How other platforms are spoken to: who we are, pages and containers, and where we do not go."""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from coster.domain.federation.model import Access, Catalogue, Discovered, Failed
from coster.edges.dfc.client import catalogues, discovering
from coster.edges.dfc.client.catalogues import Pages
from coster.edges.dfc.client.speaking import Speaker
from coster.edges.dfc.client.tokens import Tokens
from coster.edges.dfc.client.transport import Asked as Wanted
from coster.edges.dfc.client.transport import Heard, Patience, Unheard, Wire
from coster.engine.webhooks.guard import Guard
from tests.edges.dfc.fake_platforms import Answer, Asked, Platform, Reply, document, plain
from tests.edges.dfc.shared import PLATFORMS

NOW = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)
Open = Callable[[Answer], Awaitable[Platform]]


class Clock:
    """The machine's clock, for tests."""

    at = NOW

    def now(self) -> dt.datetime:
        """What it says."""
        return self.at


@pytest.fixture
async def there() -> AsyncIterator[Open]:
    """Opens platforms; all are closed in the end."""
    opened: list[Platform] = []

    async def begin(answer: Answer) -> Platform:
        opened.append(await Platform(answer).start())
        return opened[-1]

    yield begin
    for platform in opened:
        await platform.stop()


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    """Connections to this machine alone."""
    made = Wire(Guard(["127.0.0.1/32"]))
    yield made
    await made.close()


def access(url: str, **more: str) -> Access:
    """How a platform is spoken to."""
    asked: dict[str, Any] = {"auth": "none", "issuer": "", "client_id": "", **more}
    return Access(peer_id=uuid.UUID(int=1), url=url, **asked)


class Issuer:
    """Gives tokens for client credentials, each another one; the platform beside it takes the last `good` ones."""

    def __init__(self) -> None:
        self.given: list[str] = []
        self.good = 1
        self.url = ""
        self.called = ""

    def __call__(self, asked: Asked) -> Reply:
        """Discovery, tokens, and a platform that asks for them."""
        if asked.path == "/.well-known/openid-configuration":
            return plain(200, {"issuer": self.called or self.url, "token_endpoint": self.url + "/token"})
        if asked.path == "/token":
            pair = base64.b64decode(asked.headers["authorization"].removeprefix("Basic ")).decode()
            if (pair, asked.body) != ("hub%20a:s%3Acret", b"grant_type=client_credentials"):
                return plain(401)
            self.given.append(f"token-{len(self.given)}")
            return plain(200, {"access_token": self.given[-1], "expires_in": 300})
        valid = [f"Bearer {token}" for token in self.given[-self.good :]] if self.good else []
        return plain(200 if asked.headers.get("authorization") in valid else 401)


async def test_a_clients_token_is_kept_and_renewed_once(there: Open, wire: Wire) -> None:
    """One token for many requests; a new one when it is refused, when its time is over, and no third."""
    issuer = Issuer()
    platform = await there(issuer)
    issuer.url = platform.url
    who = access(platform.url, auth="client", issuer=platform.url, client_id="hub a", secret="s:cret")
    clock = Clock()
    speaker = Speaker(wire, Tokens(wire, clock.now))

    async def status() -> int:
        heard = await speaker.get(who, platform.url + "/x", Patience())
        assert isinstance(heard, Heard), heard
        return heard.status

    assert [await status(), await status()] == [200, 200]
    assert len(issuer.given) == 1
    issuer.given.append("another")
    assert await status() == 200
    assert len(issuer.given) == 3
    clock.at = NOW + dt.timedelta(minutes=10)
    assert await status() == 200
    assert len(issuer.given) == 4
    issuer.good = 0
    assert await status() == 401
    assert len(issuer.given) == 5


async def test_a_token_is_kept_for_the_credentials_that_it_was_given_for(there: Open, wire: Wire) -> None:
    """Another organisation may call its connection by the same id: without the secret it has no part in the token."""
    issuer = Issuer()
    platform, elsewhere = await there(issuer), await there(lambda _: plain(200))
    issuer.url = platform.url
    good = {"auth": "client", "issuer": platform.url, "client_id": "hub a"}
    speaker = Speaker(wire, Tokens(wire, lambda: NOW))
    assert isinstance(
        await speaker.get(access(platform.url, secret="s:cret", **good), platform.url + "/x", Patience()),
        Heard,
    )
    other = access(elsewhere.url, secret="guessed", **good)
    assert isinstance(await speaker.get(other, elsewhere.url + "/x", Patience()), Unheard)
    assert elsewhere.asked == []


async def test_an_issuer_that_is_another_gets_no_secret(there: Open, wire: Wire) -> None:
    """Its own name must be the one that was agreed (OpenID Connect Discovery §4.3); the platform is not asked at all."""
    issuer = Issuer()
    platform = await there(issuer)
    issuer.url, issuer.called = platform.url, "https://other.example"
    who = access(platform.url, auth="client", issuer=platform.url, client_id="hub a", secret="s:cret")
    heard = await Speaker(wire, Tokens(wire, lambda: NOW)).get(who, platform.url + "/x", Patience())
    assert heard == Unheard(why="the issuer calls itself by another name", not_sent=True)
    assert [asked.path for asked in platform.asked] == ["/.well-known/openid-configuration"]


async def test_a_token_goes_to_its_platform_and_nowhere_else(there: Open, wire: Wire) -> None:
    """Whatever addresses a document names."""
    here, other = await there(lambda _: plain(200)), await there(lambda _: plain(200))
    who = access(here.url, auth="token", secret="secret")
    speaker = Speaker(wire, Tokens(wire, lambda: NOW))
    assert isinstance(await speaker.get(who, other.url + "/Orders/1", Patience()), Unheard)
    assert other.asked == []
    assert "secret" not in repr(who)


async def test_addresses_that_are_not_allowed_are_not_called(there: Open) -> None:
    """A private address is one of ours, unless a setting names its network."""
    platform = await there(lambda _: plain(200))
    strict = Wire(Guard())
    heard = await strict.ask(Wanted(method="GET", url=platform.url), Patience())
    assert isinstance(heard, Unheard)
    assert (heard.not_sent, platform.asked) == (True, [])
    await strict.close()


def products(base: str, first: int, last: int) -> list[dict[str, Any]]:
    """Some products, each with an item in the catalogue."""
    return [
        node
        for n in range(first, last)
        for node in (
            {"@id": f"{base}/SuppliedProducts/{n}", "@type": "dfc-b:SuppliedProduct", "dfc-b:name": f"P{n}"},
            {"@id": f"{base}/CatalogItems/{n}", "@type": "dfc-b:CatalogItem",
             "dfc-b:references": f"{base}/SuppliedProducts/{n}"},
        )
    ]  # fmt: skip


async def test_pages_are_followed_to_the_last(there: Open, wire: Wire) -> None:
    """By PageInfo, and by a link to the next; a page that leads back ends it."""

    def answer(asked: Asked) -> Reply:
        place = urlsplit(asked.path)
        after = int(parse_qs(place.query).get("after", ["0"])[0])
        nodes = products(platform.url, after, after + 2)
        if place.path == "/linked":
            return document(*nodes, link=f'</linked?after={(after + 2) % 6}>; rel="next"')
        info = {"hasNextPage": after < 4, "endCursor": str(after + 2), "hasPreviousPage": after > 0}
        return document(*nodes, PageInfo=json.dumps(info))

    platform = await there(answer)
    speaker = Speaker(wire, Tokens(wire, lambda: NOW))
    for name in ("paged", "linked"):
        found = await catalogues.read_pages(speaker, access(platform.url), f"{platform.url}/{name}")
        assert isinstance(found, Pages), found
        assert len(found.graph.records) == 12, name


@pytest.mark.parametrize("tag", ['"grün"', '"a\tb"'])
async def test_an_etag_that_no_header_could_carry_back_is_as_good_as_none(
    there: Open, wire: Wire, tag: str
) -> None:
    """The catalogue is read, and read whole the next time."""
    platform = await there(lambda _asked: document(*products(platform.url, 0, 1), etag=tag))
    speaker = Speaker(wire, Tokens(wire, lambda: NOW))
    for known in ("", tag):
        found = await catalogues.read_pages(
            speaker, access(platform.url), f"{platform.url}/x", known if known.isascii() else ""
        )
        assert isinstance(found, Pages), found
        assert (len(found.graph.records), found.etag) == (2, "")


async def test_what_a_container_names_is_fetched(there: Open, wire: Wire) -> None:
    """An LDP container that tells ids alone; each is asked for once."""

    def answer(asked: Asked) -> Reply:
        number = asked.path.rpartition("/")[2]
        if number.isdigit():
            return document(*products(platform.url, int(number), int(number) + 1))
        members = [{"@id": f"{platform.url}/c/{n}"} for n in (1, 2, 3)]
        return document({"@id": f"{platform.url}/c", "http://www.w3.org/ns/ldp#contains": members})

    platform = await there(answer)
    speaker = Speaker(wire, Tokens(wire, lambda: NOW))
    found = await catalogues.read_pages(speaker, access(platform.url), f"{platform.url}/c")
    assert isinstance(found, Pages), found
    assert len(found.graph.records) == 6
    assert len(platform.asked) == 4


async def test_who_does_not_know_paging_is_asked_without(there: Open, wire: Wire) -> None:
    """A 400 for the parameter of the first page is no refusal of the catalogue."""
    platform = await there(
        lambda asked: plain(400) if "?" in asked.path else document(*products("https://a.example", 0, 1))
    )
    found = await catalogues.read(
        Speaker(wire, Tokens(wire, lambda: NOW)), access(platform.url), platform.url + "/e"
    )
    assert isinstance(found, Catalogue), found
    assert [one.name for one in found.offered] == ["P0"]


async def test_a_platform_without_a_list_is_found_by_the_address_of_one_enterprise(
    there: Open, wire: Wire
) -> None:
    """As the producers' app has it: no list of enterprises, no profile."""

    def answer(asked: Asked) -> Reply:
        if asked.path == "/shop":
            return document(
                {"@id": f"{platform.url}/shop", "@type": "dfc-b:Enterprise", "dfc-b:name": "Shop"}
            )
        return plain(404)

    platform = await there(answer)
    found = await discovering.discover(
        Speaker(wire, Tokens(wire, lambda: NOW)), access(platform.url + "/shop")
    )
    assert isinstance(found, Discovered), found
    [shop] = found.enterprises
    assert (shop.iri, shop.name, shop.scopes) == (f"{platform.url}/shop", "Shop", ("ReadEnterprise",))


async def test_a_platform_that_refuses_us_says_so(there: Open, wire: Wire) -> None:
    """401 is told as what it is."""
    platform = await there(lambda _: plain(401))
    found = await discovering.discover(Speaker(wire, Tokens(wire, lambda: NOW)), access(platform.url))
    assert isinstance(found, Failed)
    assert found.code == "peer_refused"


FARMS = [file.read_text() for file in PLATFORMS if file.name.startswith("litefarm_v2")]


async def test_a_platform_of_version_two_is_discovered(there: Open, wire: Wire) -> None:
    """Check 21 of dfc.md §6: a container of Organizations in the vocabulary of 2.0.0, told whole, so that none is fetched."""
    for text in FARMS:
        told: list[bytes] = []

        def answer(asked: Asked, told: list[bytes] = told) -> Reply:
            return (200, {}, told[0]) if asked.path.startswith("/dfc/Enterprises?") else plain(404)

        platform = await there(answer)
        host = re.findall(r"https://[a-z.]+litefarm\.org", text)[0]
        told.append(text.replace(host, platform.url).encode())
        who = access(f"{platform.url}/dfc")
        found = await discovering.discover(Speaker(wire, Tokens(wire, lambda: NOW)), who)
        assert isinstance(found, Discovered), found
        assert len(found.enterprises) == text.count('"dfc-b:Organization"')
        assert all(one.name and one.scopes == ("ReadEnterprise",) for one in found.enterprises)
        asked = [one.path for one in platform.asked if one.path.startswith("/dfc/Enterprises")]
        assert asked == ["/dfc/Enterprises?first=250"]
