"""Tokens of issuers: good ones open what the platform may do, and nothing else opens anything."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import AsyncIterator
from typing import Any, Literal

import httpx2
import oidc_provider_mock
import pytest
from joserfc.jwk import ECKey, RSAKey

from coster.edges.dfc import oidc
from coster.edges.dfc.client.transport import Wire
from coster.edges.dfc.oidc import Issuers, NotGoodError
from coster.engine.webhooks.guard import Guard
from tests.edges.conftest import Server, Start
from tests.edges.dfc.issuer import AUDIENCE, Issuer, serving
from tests.edges.scene import V1, made


@pytest.fixture(scope="module")
async def issuer() -> AsyncIterator[Issuer]:
    """One issuer for the tests of the module."""
    async with serving(Issuer()) as found:
        yield found


@pytest.fixture(scope="module")
async def town(start: Start, issuer: Issuer) -> tuple[Server, dict[str, str]]:
    """A server that trusts the issuer, with two farms; a platform may read the products of the first."""
    trusted = [{"issuer": issuer.url, "audience": AUDIENCE, "algorithms": ["RS256"]}]
    server = await start(dfc_issuers=json.dumps(trusted), federation_networks="127.0.0.1/32")
    farm, other = [
        (await made(server.owner, "/enterprises", {"name": name, "kinds": ["producer"], "currency": "EUR"}))[
            "id"
        ]
        for name in ("Jean", "Marie")
    ]
    client = {"issuer": issuer.url, "kind": "client", "value": "hub-a"}
    platform = await made(server.owner, "/platforms", {"name": "Hub A", "identities": [client]})
    ids = {"farm": farm, "other": other, "platform": platform["id"]}
    await allow(server, ids, "read_products")
    return server, ids


async def allow(server: Server, ids: dict[str, str], *scopes: str) -> None:
    """The farm lets the platform do this."""
    body = {"enterprise_id": ids["farm"], "scopes": list(scopes)}
    answer = await server.owner.put(f"{V1}/platforms/{ids['platform']}/scopes", json=body)
    assert answer.status_code == 200, answer.text


async def ask(server: Server, path: str, token: str, **headers: str) -> httpx2.Response:
    """An answer to who has this token."""
    return await server.client(None).get(
        f"/api/dfc/{path}", headers={"Authorization": f"Bearer {token}", **headers}
    )


async def test_good_token_opens_what_was_given_and_no_more(town: Any, issuer: Issuer) -> None:
    """200 with the scope, 403 without it at the same enterprise, 404 at another's, whether or not it exists."""
    server, ids = town
    farm = f"Enterprises/{ids['farm']}"
    token = issuer.token()
    assert (await ask(server, f"{farm}/SuppliedProducts", token)).status_code == 200
    lacking = await ask(server, farm, token)
    assert (lacking.status_code, lacking.json()["error"], lacking.json()["scope"]) == (
        403, "insufficient_scope", "ReadEnterprise",
    )  # fmt: skip
    for other in (ids["other"], "0192f0c1-dead-7bad-8bad-0123456789ab"):
        assert (await ask(server, f"Enterprises/{other}/SuppliedProducts", token)).status_code == 404


@pytest.mark.parametrize("header", ["Bearer {}", "JWT {}", "{}", "bearer  {}"])
async def test_last_word_of_the_header_is_the_token(town: Any, issuer: Issuer, header: str) -> None:
    """Whatever platforms write before it."""
    server, ids = town
    sent = {"Authorization": header.format(issuer.token())}
    path = f"/api/dfc/Enterprises/{ids['farm']}/SuppliedProducts"
    assert (await server.client(None).get(path, headers=sent)).status_code == 200


NOT_GOOD = {
    "alg none": lambda issuer: issuer.unsigned(),
    "public key as secret": lambda issuer: issuer.confused(),
    "tampered": lambda issuer: issuer.tampered(),
    "another's key": lambda issuer: issuer.token(
        key=RSAKey.generate_key(2048, parameters={"kid": issuer.keys[-1].kid})
    ),
    "expired": lambda issuer: issuer.token(exp=int(time.time()) - 60),
    "never over": lambda issuer: issuer.token(exp=None),
    "not yet": lambda issuer: issuer.token(nbf=int(time.time()) + 600),
    "wrong audience": lambda issuer: issuer.token(aud="https://elsewhere.example"),
    "no audience": lambda issuer: issuer.token(aud=None),
    "wrong issuer": lambda issuer: issuer.token(iss="https://elsewhere.example"),
    "algorithm that is not pinned": lambda issuer: issuer.token(alg="RS512"),
    "unknown client": lambda issuer: issuer.token(client_id="hub-z", azp="hub-z"),
    "a person who used the client": lambda issuer: issuer.token(
        email="eve@shop.example", preferred_username="eve", client_id=None
    ),
    "longer signature": lambda issuer: issuer.token() + "x",
    "values in values": lambda _: f"{base64.urlsafe_b64encode(b'[' * 9_000).decode()}.e30.x",
    "no token at all": lambda _: "none",
    "three words": lambda _: "a.b.c",
}


@pytest.mark.parametrize("kind", NOT_GOOD)
async def test_bad_token_opens_nothing(town: Any, issuer: Issuer, kind: str) -> None:
    """401 in the same words whatever is wrong with it, without a word about anything here."""
    server, ids = town
    answer = await ask(server, f"Enterprises/{ids['farm']}/SuppliedProducts", NOT_GOOD[kind](issuer))
    told = answer.json()
    assert (answer.status_code, told["code"]) == (401, "key_not_valid")
    assert (
        told["detail"]
        == "This API key is unknown, expired or revoked; ask an owner of the organisation for a new one."
    )
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_scopes_named_by_a_token_hold_it_to_them(town: Any, issuer: Issuer) -> None:
    """A token for reading enterprises does not read products, although its platform may."""
    server, ids = town
    token = issuer.token(scope="openid ReadEnterprise")
    answer = await ask(server, f"Enterprises/{ids['farm']}/SuppliedProducts", token)
    assert answer.status_code == 404


async def test_person_is_known_by_a_verified_email_only(town: Any, issuer: Issuer) -> None:
    """Who was linked by e-mail acts as that key; an address that nobody has verified is nobody's."""
    server, ids = town
    key = await made(
        server.owner, "/keys",
        {"name": "Jean", "grants": [{"role": "producer", "enterprise_id": ids["farm"]}]},
    )  # fmt: skip
    jean = {"issuer": issuer.url, "kind": "email", "value": "Jean@Farm.example"}
    linked = await server.owner.put(f"{V1}/keys/{key['id']}/identities", json={"identities": [jean]})
    assert linked.status_code == 200, linked.text
    path = f"Enterprises/{ids['farm']}/SuppliedProducts"
    person: dict[str, Any] = {"client_id": None, "preferred_username": "jean", "email": "jean@farm.example"}
    for verified, status in ((True, 200), (False, 401), (None, 401), ("true", 401)):
        token = issuer.token(**person, email_verified=verified)
        assert (await ask(server, path, token)).status_code == status, verified


@pytest.mark.parametrize(("emails", "said", "known"), [
    ("verified", True, True), ("verified", None, False), ("verified", False, False),
    ("all", True, True), ("all", None, True), ("all", False, False),
])  # fmt: skip
async def test_an_issuer_that_verifies_all_addresses_need_not_say_so(
    emails: Literal["verified", "all"], *, said: bool | None, known: bool
) -> None:
    """Only of an issuer of which the setting says it; what is called unverified is believed of nobody."""
    async with serving(Issuer()) as issuer:
        chosen = oidc.Issuer(issuer=issuer.url, audience=AUDIENCE, emails=emails)
        more = {} if said is None else {"email_verified": said}
        token = issuer.token(email="jean@farm.example", **more)
        bearer = await Issuers([chosen], Wire(Guard(["127.0.0.1/32"]))).judge(token)
        assert (("email", "jean@farm.example") in bearer.identities) is known


async def test_scope_that_is_taken_back_is_gone_at_once(town: Any, issuer: Issuer) -> None:
    """The next request is answered as to a stranger."""
    server, ids = town
    path, token = f"Enterprises/{ids['farm']}/SuppliedProducts", issuer.token()
    await allow(server, ids)
    assert (await ask(server, path, token)).status_code == 404
    await allow(server, ids, "read_products")
    assert (await ask(server, path, token)).status_code == 200


async def test_api_key_works_in_both_headers(town: Any) -> None:
    """As everywhere, and as X-Api-Token, which platforms send."""
    server, ids = town
    path = f"/api/dfc/Enterprises/{ids['farm']}/SuppliedProducts"
    assert (await server.client(None).get(path, headers={"X-Api-Token": server.token})).status_code == 200
    assert (await server.client(None).get(path)).json()["code"] == "key_missing"


# ------------------------------------------------------------------------------------------------- keys of the issuer


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        """The present moment in seconds."""
        return self.at


async def judge_of(issuer: Issuer, hand: Hand, *algorithms: Any) -> Issuers:
    """What judges tokens, without a server around it."""
    chosen = oidc.Issuer(issuer=issuer.url, audience=AUDIENCE, algorithms=algorithms or ("RS256",))
    return Issuers([chosen], Wire(Guard(["127.0.0.1/32"])), clock=hand)


async def test_rotated_key_is_asked_for_once_and_not_for_every_forgery() -> None:
    """A new key is found at the next token that names it; a flood of unknown names leads to one question in five seconds."""
    async with serving(Issuer()) as issuer:
        hand = Hand()
        judge = await judge_of(issuer, hand)
        old = issuer.token()
        await judge.judge(old)
        issuer.rotate()
        with pytest.raises(NotGoodError):  # asked a moment ago
            await judge.judge(issuer.token())
        hand.at += 6
        await judge.judge(issuer.token())
        with pytest.raises(NotGoodError):
            await judge.judge(old)
        asked = len(issuer.asked)
        for _ in range(20):
            with pytest.raises(NotGoodError):
                await judge.judge(issuer.token(key=RSAKey.generate_key(2048, parameters={"kid": "made up"})))
        assert len(issuer.asked) == asked


async def test_issuer_that_calls_itself_otherwise_is_not_believed() -> None:
    """What discovery says must be about the issuer that was configured."""
    async with serving(Issuer()) as issuer:
        issuer.calls_itself = "https://elsewhere.example"
        with pytest.raises(NotGoodError):
            await (await judge_of(issuer, Hand())).judge(issuer.token())


async def test_curve_is_taken_where_it_is_pinned() -> None:
    """ES256 for an issuer of which that was said."""
    async with serving(Issuer()) as issuer:
        key = ECKey.generate_key("P-256", parameters={"kid": "curve", "use": "sig"})
        issuer.keys = [key]
        judge = await judge_of(issuer, Hand(), "ES256")
        assert (await judge.judge(issuer.token(key=key, alg="ES256"))).org_id == 1


async def test_issuer_in_a_private_network_is_not_asked() -> None:
    """Where no setting allows its network."""
    async with serving(Issuer()) as issuer:
        chosen = oidc.Issuer(issuer=issuer.url, audience=AUDIENCE)
        with pytest.raises(NotGoodError):
            await Issuers([chosen], Wire(Guard())).judge(issuer.token())
        assert issuer.asked == []


# ------------------------------------------------------------------------------------- a provider that others have written


async def test_id_token_of_a_real_provider_is_judged() -> None:
    """The whole code flow at oidc-provider-mock: discovery, keys, and claims as they come from elsewhere."""
    with oidc_provider_mock.run_server_in_thread() as provider:
        url = f"http://localhost:{provider.server_port}"
        async with httpx2.AsyncClient(base_url=url) as client:
            asked = {
                "client_id": "coster",
                "redirect_uri": "https://coster.example/back",
                "response_type": "code",
                "scope": "openid email",
            }
            seen = await client.post("/oauth2/authorize", params=asked, data={"sub": "jean@farm.example"})
            code = httpx2.URL(seen.headers["location"]).params["code"]
            wanted = {"grant_type": "authorization_code", "code": code, "redirect_uri": asked["redirect_uri"]}
            given = await client.post("/oauth2/token", data=wanted, auth=("coster", "any"))
        issuer = oidc.Issuer(issuer=url, audience="coster", emails="all")
        judge = Issuers([issuer], Wire(Guard(["127.0.0.1/32", "::1/128"])))
        bearer = await judge.judge(given.json()["id_token"])
        assert bearer.identities[0] == ("email", "jean@farm.example")
        with pytest.raises(NotGoodError):
            await judge.judge(given.json()["access_token"])
