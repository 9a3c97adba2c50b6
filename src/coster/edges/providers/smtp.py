"""Letters by SMTP (RFC 5321), to the one server that is configured and to no other; encrypted unless that is turned off.

The standard library speaks the protocol, in a thread, because it waits; nothing of what the server or a letter says is logged.
"""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Final, Literal, TypeAlias

import msgspec

from coster.engine.mail.model import Letter
from coster.engine.mail.ports import NotCarriedError

Tls: TypeAlias = Literal["starttls", "tls", "none"]
_SECONDS: Final = 20.0
_PERMANENT: Final = 500
# What a server answers where it knows us not, or not yet: somebody mends the settings, and the letter goes then.
_OURS: Final = frozenset({530, 534, 535, 538})


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """The server, how we are known there, and as whom we write."""

    host: str
    port: int
    sender: str
    tls: Tls = "starttls"
    user: str = ""
    password: str = ""


class Smtp:
    """Carries letters to a server; `trusted` is the context under which its certificate is checked (None: the machine's authorities)."""

    def __init__(self, account: Account, trusted: ssl.SSLContext | None = None) -> None:
        self._account = account
        self._trusted = trusted or ssl.create_default_context()

    async def carry(self, letter: Letter) -> None:
        """Returns once the server has taken the letter. Raises NotCarriedError, in our own words."""
        try:
            message = _message(letter, self._account.sender)
        except (ValueError, IndexError):
            raise NotCarriedError("the address cannot be written in a letter", for_ever=True) from None
        try:
            await asyncio.to_thread(self._send, message)
        except smtplib.SMTPRecipientsRefused as fault:
            codes = [code for code, _ in fault.recipients.values()]
            raise _refused("the recipient", max(codes, default=0)) from None
        except smtplib.SMTPAuthenticationError as fault:
            raise _refused("our name or password", fault.smtp_code) from None
        except smtplib.SMTPSenderRefused as fault:
            raise _refused("the sender", fault.smtp_code) from None
        except smtplib.SMTPDataError as fault:
            raise _refused("the letter", fault.smtp_code) from None
        except smtplib.SMTPNotSupportedError:
            raise NotCarriedError(
                "the server does not offer what the settings ask for", for_ever=False
            ) from None
        except ssl.SSLCertVerificationError:
            raise NotCarriedError("the server's certificate is not trusted", for_ever=False) from None
        except (smtplib.SMTPException, OSError) as fault:
            raise NotCarriedError(
                f"the server was not reached: {type(fault).__name__}", for_ever=False
            ) from None

    def _send(self, message: EmailMessage) -> None:
        account = self._account
        if account.tls == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                account.host, account.port, timeout=_SECONDS, context=self._trusted
            )
        else:
            server = smtplib.SMTP(account.host, account.port, timeout=_SECONDS)
        with server:
            if account.tls == "starttls":
                server.starttls(context=self._trusted)
            if account.user:
                server.login(account.user, account.password)
            server.send_message(message)


def _refused(what: str, code: int) -> NotCarriedError:
    """A 5xx is for ever (RFC 5321 §4.2.1), unless it is about ourselves."""
    return NotCarriedError(
        f"the server refused {what} with {code}", for_ever=code >= _PERMANENT and code not in _OURS
    )


def _message(letter: Letter, sender: str) -> EmailMessage:
    """The letter as RFC 5322 writes it. ValueError or IndexError: an address or subject cannot be a header."""
    message = EmailMessage()
    message["Date"] = letter.written_at
    message["From"] = sender
    message["To"] = Address(addr_spec=letter.to)
    message["Subject"] = letter.subject
    message["Message-ID"] = letter.message_id
    # No robot answers it (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    message["Content-Language"] = letter.language
    return message
