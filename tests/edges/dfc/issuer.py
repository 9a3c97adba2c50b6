"""An issuer of tokens of our own, over real HTTP: discovery, keys that change, and every kind of token that nobody should take."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

AUDIENCE = "https://coster.example/api/dfc"


class Issuer:
    """Signs with the key that it published last; counts how often it is asked."""

    def __init__(self) -> None:
        self.url = ""
        self.keys: list[RSAKey | ECKey] = []
        self.asked: list[str] = []
        self.calls_itself: str | None = None
        self.rotate()

    def rotate(self, *, keep: bool = False) -> None:
        """A new key, instead of the old ones or beside them."""
        key = RSAKey.generate_key(2048, parameters={"kid": f"k{time.monotonic_ns()}", "use": "sig"})
        self.keys = [*(self.keys if keep else []), key]

    def claims(self, **others: Any) -> dict[str, Any]:
        """What Keycloak says of a client that has come for itself; None takes a claim away."""
        now = int(time.time())
        told: dict[str, Any] = {
            "iss": self.url,
            "aud": [AUDIENCE, "account"],
            "sub": "9b0f",
            "azp": "hub-a",
            "client_id": "hub-a",
            "preferred_username": "service-account-hub-a",
            "scope": "openid profile",
            "iat": now,
            "exp": now + 300,
        }
        return {name: value for name, value in {**told, **others}.items() if value is not None}

    def token(self, *, key: RSAKey | ECKey | None = None, alg: str = "RS256", **others: Any) -> str:
        """A token; its claims may be others, and so may be the key."""
        chosen = key or self.keys[-1]
        header = {"alg": alg, "typ": "JWT", "kid": chosen.kid}
        return jwt.encode(header, self.claims(**others), chosen, algorithms=[alg])

    def unsigned(self) -> str:
        """The oldest trick: `alg` none."""
        return f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(self.claims())}."

    def confused(self) -> str:
        """The second oldest: the public key taken for a shared secret."""
        public = json.dumps(self.keys[-1].as_dict(private=False)).encode()
        secret = OctKey.import_key(public)
        header = {"alg": "HS256", "kid": self.keys[-1].kid}
        return jwt.encode(header, self.claims(), secret, algorithms=["HS256"])

    def tampered(self) -> str:
        """Good, but for one claim that was changed after signing."""
        header, _, signature = self.token().split(".")
        return f"{header}.{_part(self.claims(client_id='hub-b', azp='hub-b'))}.{signature}"

    def answer(self, path: str) -> dict[str, Any] | None:
        """What stands under a path."""
        self.asked.append(path)
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.calls_itself or self.url, "jwks_uri": f"{self.url}/keys"}
        return {"keys": [key.as_dict(private=False) for key in self.keys]} if path == "/keys" else None


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@asynccontextmanager
async def serving(issuer: Issuer) -> AsyncIterator[Issuer]:
    """The issuer answers on a port of its own while the block runs."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        found = issuer.answer(head.split(b" ")[1].decode())
        body = json.dumps(found or {}).encode()
        status = b"200 OK" if found else b"404 Not Found"
        writer.write(
            b"HTTP/1.1 %b\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b" % (status, len(body), body)
        )
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    issuer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield issuer
    finally:
        server.close()
