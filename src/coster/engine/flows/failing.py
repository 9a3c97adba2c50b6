"""What a flow's row says about messages that cannot be delivered: how it travels with them, and what it asks of a room. Pure.

The row's `error` goes with the message itself, so that whoever delivers knows it without knowing any flow.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

import msgspec

from coster.engine.workflow.driving import Fired
from coster.engine.workflow.records import Flow, Retry

KEY: Final = "on_failure"
"""Under which name it stands in the data of a message's event."""


Message: TypeAlias = tuple[str, Mapping[str, Any]]
"""The event's name and its body."""


class OnFailure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What happens when a message is not delivered: of which kind of entity's flow it came, from which row (its place in the file,
    from 0), how often it is tried again (None: as often as any), and the trigger that makes good (empty: people do).
    """

    entity: str
    row: int
    retry: Retry | None = None
    then: str = ""

    def waits(self) -> tuple[dt.timedelta, ...] | None:
        """The wait before each further attempt; None where the endpoint's schedule holds."""
        return None if self.retry is None else self.retry.waits()


class MakeGood(msgspec.Struct, frozen=True, kw_only=True):
    """A message of an entity's flow was not delivered, and a row of the flow makes good; only the machinery says so.

    `id` is the entity, `of` the kind of flow that sent the message, `trigger` what that row is called by; `message` and `seq` are
    the event's name and number, `error` says in our words why the endpoint did not get it.
    """

    id: uuid.UUID
    of: str
    trigger: str
    message: str
    seq: int
    endpoint_id: uuid.UUID
    error: str

    def cause(self) -> dict[str, Any]:
        """Why the step was taken, as its event tells it."""
        return {
            "message": self.message, "seq": self.seq, "endpoint_id": str(self.endpoint_id), "error": self.error,
        }  # fmt: skip


class _Carrier(msgspec.Struct, frozen=True):
    on_failure: OnFailure | None = None


_decoder = msgspec.json.Decoder(_Carrier)


def carried(flow: Flow, fired: Fired, messages: Iterable[Message]) -> list[Message]:
    """The messages of a row, each with what row or flow say about failure; nothing more where they say nothing.

    A body that has a member of this name itself loses it, so that nobody can write it.
    """
    policy, row = fired.matched.error, fired.matched.row.number
    more: dict[str, Any] = {}
    if policy is not None:
        said = OnFailure(entity=flow.entity, row=row, retry=policy.retry, then=policy.then)
        more = {KEY: msgspec.to_builtins(said)}
    return [
        (event, {**{key: value for key, value in body.items() if key != KEY}, **more})
        for event, body in messages
    ]


def of(data: msgspec.Raw | bytes | str) -> OnFailure | None:
    """What an event's data (JSON) says about failure; None for every event that is no such message."""
    try:
        return _decoder.decode(bytes(data) if isinstance(data, msgspec.Raw) else data).on_failure
    except msgspec.DecodeError:
        return None
