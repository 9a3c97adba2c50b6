"""Letters to a real SMTP server: encrypted, with a name and password, and what its refusals come to."""

from __future__ import annotations

import datetime as dt
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from coster.edges.providers.smtp import Account, Smtp
from coster.engine.mail.model import Letter
from coster.engine.mail.ports import NotCarriedError
from tests.edges import postoffice
from tests.edges.postoffice import NAME, PASSWORD, Office

LETTER = Letter(
    message_id="<1.1@shop.example>", written_at=dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC), to="lead@school.example",
    subject="Bestellung wartet auf Sie – jetzt",
    text="Fünf Kisten für 10 €.\n", language="de",
)  # fmt: skip


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate of localhost."""
    return postoffice.certificate(tmp_path_factory.mktemp("tls"), "localhost")


@pytest.fixture(scope="module")
async def secure(known: Path) -> AsyncIterator[Office]:
    """An office that wants encryption, a name and a password."""
    async with postoffice.opened(known) as office:
        yield office


@pytest.fixture
async def plain() -> AsyncIterator[Office]:
    """An office that wants nothing."""
    async with postoffice.opened() as office:
        yield office


def account(office: Office, **changes: Any) -> Account:
    """How we are known there."""
    given = Account(
        host="localhost", port=office.port, sender="Shop <orders@shop.example>", user=NAME, password=PASSWORD
    )
    return msgspec.structs.replace(given, **changes)


async def test_encrypted_and_known(secure: Office, known: Path) -> None:
    """The letter arrives as it was written, over TLS, after we have said who we are."""
    await Smtp(account(secure), ssl.create_default_context(cafile=str(known))).carry(LETTER)
    [letter], encrypted = secure.taken, secure.encrypted
    assert encrypted == [True]
    assert (letter["From"], letter["To"]) == ("Shop <orders@shop.example>", "lead@school.example")
    assert (letter["Subject"], letter.get_content().replace("\r\n", "\n")) == (LETTER.subject, LETTER.text)
    told = ("<1.1@shop.example>", "auto-generated", "de")
    assert letter["Date"] == "Mon, 23 Nov 2026 09:00:00 +0000"
    assert (letter["Message-ID"], letter["Auto-Submitted"], letter["Content-Language"]) == told


async def test_certificate_that_nobody_trusts(secure: Office) -> None:
    """Nothing is said to a server that is not the one it says it is; it is tried again."""
    with pytest.raises(NotCarriedError, match="certificate is not trusted") as refused:
        await Smtp(account(secure)).carry(LETTER)
    assert not refused.value.for_ever


async def test_certificate_of_another(tmp_path: Path) -> None:
    """A certificate that is trusted but for another name is none."""
    other = postoffice.certificate(tmp_path, "other.example")
    async with postoffice.opened(other) as office:
        carrier = Smtp(account(office), ssl.create_default_context(cafile=str(other)))
        with pytest.raises(NotCarriedError, match="certificate is not trusted"):
            await carrier.carry(LETTER)


async def test_wrong_password(secure: Office, known: Path) -> None:
    """It is ours to mend, so the letter is not lost; neither name nor password is in what is told."""
    carrier = Smtp(account(secure, password="wrong"), ssl.create_default_context(cafile=str(known)))
    with pytest.raises(NotCarriedError, match="our name or password with 535") as refused:
        await carrier.carry(LETTER)
    assert not refused.value.for_ever
    assert "wrong" not in str(refused.value)
    assert NAME not in str(refused.value)


async def test_server_without_encryption(plain: Office) -> None:
    """Encryption is the default, and its absence is no reason to do without."""
    with pytest.raises(NotCarriedError, match="does not offer") as refused:
        await Smtp(account(plain, user="")).carry(LETTER)
    assert (refused.value.for_ever, plain.taken) == (False, [])


@pytest.mark.parametrize(
    ("answer", "for_ever"), [("550 No such user <lead@school.example>", True), ("451 Try later", False)]
)
async def test_refused_recipient(plain: Office, answer: str, for_ever: bool) -> None:  # noqa: FBT001 - a case
    """A 5xx is for ever, a 4xx is not; what the server said is not told on, for it may name the person."""
    plain.refusals.append(answer)
    with pytest.raises(NotCarriedError, match="refused the recipient") as refused:
        await Smtp(account(plain, tls="none", user="")).carry(LETTER)
    assert refused.value.for_ever is for_ever
    assert "school" not in str(refused.value)


async def test_nobody_there() -> None:
    """A server that is away is tried again."""
    async with postoffice.opened() as office:
        gone = account(office, tls="none", user="")
    with pytest.raises(NotCarriedError, match="was not reached") as refused:
        await Smtp(gone).carry(LETTER)
    assert not refused.value.for_ever


@pytest.mark.parametrize("to", ["lead@school.example\nBcc: all@school.example", "nobody", ""])
async def test_address_that_is_none(plain: Office, to: str) -> None:
    """No address can bring a header or another recipient with it."""
    with pytest.raises(NotCarriedError, match="cannot be written") as refused:
        await Smtp(account(plain, tls="none", user="")).carry(msgspec.structs.replace(LETTER, to=to))
    assert (refused.value.for_ever, plain.taken) == (True, [])
