"""What a receiver is sent: the message, its id and its signature."""

from __future__ import annotations

import time
from typing import Any, Final

import msgspec
import standardwebhooks

from coster.engine import observe
from coster.engine.webhooks import addresses, signing, verdict
from coster.engine.webhooks.model import Answer, Endpoint, Note
from coster.engine.webhooks.sender import Headers, Sender
from coster.kernel.clock import Clock, text

_FIXED: Final[Headers] = [(b"content-type", b"application/json"), (b"user-agent", b"coster-webhooks")]
_encoder = msgspec.json.Encoder()
_ATTEMPTS: Final = {
    True: observe.WEBHOOK_ATTEMPTS.labels("delivered"),
    False: observe.WEBHOOK_ATTEMPTS.labels("failed"),
}


class Speaker:
    """Speaks to one endpoint in its organisation's name."""

    def __init__(
        self,
        org_id: int,
        endpoint: Endpoint,
        *,
        sender: Sender,
        keyring: signing.Keyring,
        clock: Clock,
    ) -> None:
        self._org_id = org_id
        self._sender = sender
        self._clock = clock
        self._destination = addresses.parse(endpoint.url)
        self._signers: list[standardwebhooks.Webhook] = []
        try:
            self._signers += keyring.signers(org_id, endpoint, clock.now())
        except signing.KeyUnknownError as error:
            observe.log.error(
                "webhook_key_unknown", org_id=org_id, endpoint=str(endpoint.id), cause=str(error)
            )

    async def tell(self, note: Note) -> Answer:
        """One attempt, signed for this instant."""
        if isinstance(self._destination, str):
            return Answer(error=self._destination)
        if not self._signers:
            return Answer(error="the key that signs for this endpoint is missing from the server's settings")
        identifier = f"{self._org_id}.{note.seq}"
        body = _encoder.encode(message(identifier, note))
        at = self._clock.now()
        headers = [
            *_FIXED,
            (b"webhook-id", identifier.encode()),
            (b"webhook-timestamp", str(int(at.timestamp())).encode()),
            (b"webhook-signature", signing.signature(self._signers, identifier, at, body.decode()).encode()),
        ]
        begun = time.perf_counter()
        answer = await self._sender.post(self._destination, headers, body)
        observe.WEBHOOK_SECONDS.observe(time.perf_counter() - begun)
        _ATTEMPTS[verdict.delivered(answer)].inc()
        return answer


def message(identifier: str, note: Note) -> dict[str, Any]:
    """The body: type, timestamp and data as Standard Webhooks has them, and where the event stands among others."""
    return {
        "id": identifier,
        "type": note.name,
        "timestamp": text(note.at),
        "data": note.data,
        "entity": note.entity,
        "entity_id": note.entity_id,
        "version": note.version,
        "seq": note.seq,
    }
