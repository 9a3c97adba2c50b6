"""An endpoint as a record. Its routes, its checks and its part of the OpenAPI document all come from here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Method: TypeAlias = Literal["GET", "POST", "PATCH", "PUT", "DELETE"]
Endpoint: TypeAlias = Callable[[Any], Awaitable[Any]]
"""Takes a `call.Call`, gives a `call.Answer`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What one method on one path does.

    `permission` is what the caller's key must hold somewhere (None: everybody, without a key); what it means for a single object is
    checked where the object is known. `body`, `query` and `answer` are record types; `rows` the type of a row of a batch. `problems`
    are the codes of refusals beyond those that the other fields imply. `changes` marks commands: they take an Idempotency-Key and
    `dry_run`; what is `keyed` takes an Idempotency-Key alone. `media` names the answer's other forms. `documents`: body and answer are
    documents in JSON-LD, with or without that name in the Content-Type.
    """

    id: str
    method: Method
    path: str
    tag: str
    summary: str
    endpoint: Endpoint
    permission: str | None
    description: str = ""
    body: Any = None
    rows: Any = None
    query: type | None = None
    answer: Any = None
    status: int = 200
    changes: bool = False
    keyed: bool = False
    needs_version: bool = False
    problems: tuple[str, ...] = ()
    media: tuple[str, ...] = ()
    documents: bool = False
    answer_example: Any = None
    parameters: Mapping[str, str] | None = None
