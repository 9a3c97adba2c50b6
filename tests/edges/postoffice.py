"""A real SMTP server (aiosmtpd) in the tests' own process, which keeps what it takes and refuses what it is told to."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

NAME, PASSWORD = "coster", "s3cret"


class Office:
    """What came, and what is refused: `refusals` are answers to a recipient, one after the other, then all is taken."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.encrypted: list[bool] = []
        self.refusals: list[str] = []
        self.port = 0

    async def handle_RCPT(  # noqa: N802 - a name of aiosmtpd
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """The next refusal, or the recipient is taken."""
        if self.refusals:
            return self.refusals.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keeps the letter."""
        content: Any = envelope.content
        letter: Any = message_from_bytes(content, policy=policy.default)
        self.taken.append(letter)
        self.encrypted.append(session.ssl is not None)
        return "250 OK"


def _known(_server: SMTP, _session: Session, _envelope: Envelope, _way: str, given: Any) -> AuthResult:
    told = isinstance(given, LoginPassword) and (given.login, given.password) == (
        NAME.encode(),
        PASSWORD.encode(),
    )
    return AuthResult(success=told, handled=False)


@asynccontextmanager
async def opened(certificate: Path | None = None) -> AsyncIterator[Office]:
    """An office that takes letters at a port of its own; with a certificate only encrypted, and from whom it knows."""
    office = Office()
    secured: dict[str, Any] = {}
    if certificate is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
        secured = {
            "tls_context": tls,
            "require_starttls": True,
            "auth_required": True,
            "authenticator": _known,
        }
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(office, loop=loop, **secured), "127.0.0.1", 0)
    office.port = server.sockets[0].getsockname()[1]
    try:
        yield office
    finally:
        server.close()


def certificate(directory: Path, name: str) -> Path:
    """A key with a certificate for a name that signs itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    file = directory / f"{name}.pem"
    file.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + made.public_bytes(pem)
    )
    return file
