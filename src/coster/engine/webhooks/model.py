"""Records of webhooks: endpoints, the commands that change them, deliveries, and how patient we are."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Literal

import msgspec

Status = Literal["active", "paused", "disabled", "deleted"]
StopCause = Literal["failing", "gone"]


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A URL with what `Guard.judge` said of it: why it may not be called, or None. Only the guard makes these."""

    url: str
    refusal: str | None


class Seed(msgspec.Struct, frozen=True, kw_only=True):
    """What an endpoint's secret follows from: the name of a key of the settings, and a salt of 16 bytes or more."""

    key: str
    salt: bytes


class PutEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Creates the endpoint, or replaces URL and names where `expected_version` fits (None: whatever it is).

    The seed counts for a new endpoint, and with `rotate` for an old one, whose former secret signs for a day more.
    """

    endpoint_id: uuid.UUID
    target: Target
    seed: Seed
    names: list[str] = []
    enterprise_id: uuid.UUID | None = None
    rotate: bool = False
    expected_version: int | None = None


class PauseEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing is sent until it is resumed; nothing is lost meanwhile."""

    endpoint_id: uuid.UUID
    expected_version: int | None = None


class ResumeEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Sends again, from where it stood, what waited and what was parked included, in order."""

    endpoint_id: uuid.UUID
    expected_version: int | None = None


class DeleteEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Forgets URL, secret, cursor and deliveries; the id is never used again."""

    endpoint_id: uuid.UUID
    expected_version: int | None = None


class StopEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """The machinery's own word: pause what fails for too long, disable what answered 410 Gone."""

    endpoint_id: uuid.UUID
    version: int
    cause: StopCause


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint as it is stored; `failures` in a row, `last_error` in our own words."""

    id: uuid.UUID
    url: str
    names: list[str]
    enterprise_id: uuid.UUID | None
    status: Status
    seed: Seed
    old_seed: Seed | None = None
    old_until: dt.datetime | None = None
    failures: int = 0
    failing_since: dt.datetime | None = None
    retry_at: dt.datetime | None = None
    last_success_at: dt.datetime | None = None
    last_failure_at: dt.datetime | None = None
    last_error: str = ""
    created_at: dt.datetime
    version: int = 1


class Endpoints(msgspec.Struct, frozen=True, kw_only=True):
    """What deciding needs: the endpoints that the commands name, and the organisation's last event number."""

    rows: dict[uuid.UUID, Endpoint]
    last_number: int


class Writes(msgspec.Struct, frozen=True, kw_only=True):
    """What commands come to: endpoints as they are to be stored, and what goes with it.

    `given_up` are endpoints that will not answer any more, with instant and cause: what they were owed by flows, the flows make good.
    `start_after` belongs to `made`: the number of the last event before each was made, those of its own batch included.
    """

    made: list[Endpoint]
    changed: list[Endpoint]
    resumed: dict[uuid.UUID, dt.datetime]
    deleted: list[uuid.UUID]
    given_up: dict[uuid.UUID, tuple[dt.datetime, str]]
    start_after: list[int]


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """An event on its way to an endpoint; `data` as it is sent, `attempts` were made before, 0 for a fresh one."""

    seq: int
    name: str
    entity: str
    entity_id: uuid.UUID
    version: int
    at: dt.datetime
    data: msgspec.Raw
    attempts: int = 0


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery to be kept: due at `next_at`, parked with a cause, or (neither) behind another of its entity.

    With `gave_up_at` it is parked only until the flow that sent it has made it good.
    """

    seq: int
    entity_id: uuid.UUID
    attempts: int
    next_at: dt.datetime | None = None
    parked: str | None = None
    gave_up_at: dt.datetime | None = None


class GivenUp(msgspec.Struct, frozen=True, kw_only=True):
    """A message of a flow that an endpoint did not get, and that its flow is to make good: since when, and why."""

    org_id: int
    endpoint_id: uuid.UUID
    seq: int
    entity_id: uuid.UUID
    gave_up_at: dt.datetime
    cause: str
    name: str
    data: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """How one POST ended: the status, or what went wrong before there was one, in our own words."""

    status: int = 0
    error: str = ""
    retry_after: str = ""


class EndpointView(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint with its health, for lists.

    `unread` counts the event numbers after the cursor, `waiting` and `parked` the deliveries that are kept.
    """

    id: uuid.UUID
    url: str
    names: list[str]
    enterprise_id: uuid.UUID | None
    status: Status
    failures: int
    failing_since: dt.datetime | None
    retry_at: dt.datetime | None
    last_success_at: dt.datetime | None
    last_failure_at: dt.datetime | None
    last_error: str
    created_at: dt.datetime
    version: int
    unread: int
    waiting: int
    parked: int


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """A kept delivery, for lists."""

    seq: int
    name: str
    entity: str
    entity_id: uuid.UUID
    version: int
    at: dt.datetime
    attempts: int
    next_at: dt.datetime | None
    parked: str | None


class DeliveryPage(msgspec.Struct, frozen=True, kw_only=True):
    """Which deliveries are asked for: the parked ones or the waiting ones, after an event number."""

    endpoint_id: uuid.UUID
    parked: bool
    after: int = 0
    limit: int = 100


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """How patient we are, in seconds and counts; all numbers of the delivery in one place."""

    schedule: tuple[float, ...] = (5, 30, 120, 600, 1800, 3600, 7200, 18000, 36000, 86400)
    """The wait after a delivery's first failure, after its second, …; when it is used up, the delivery is parked."""
    jitter: float = 0.2
    """Each wait is longer by a random part, up to this share of it."""
    retry_after_most: float = 3600
    """A receiver's Retry-After counts up to here."""
    brake_after: int = 8
    """So many failures in a row, and the endpoint is only probed with one delivery at a time."""
    brake: tuple[float, ...] = (5, 15, 60, 300)
    """The waits between probes; the last one goes on."""
    pause_failures: int = 20
    """So many failures in a row, for `pause_seconds` at least, and the endpoint is paused."""
    pause_seconds: float = 3600
    concurrency: int = 16
    """Entities of one endpoint that are told at once."""
    sockets: int = 256
    """Requests of the whole process at once."""
    endpoints: int = 32
    """Endpoints that the process serves at once."""
    page: int = 500
    """Events read at once."""
    scan: int = 20_000
    """Event numbers passed over at once, where few names are wanted."""
    rounds: int = 50
    """Pages before an endpoint makes room for others."""
    connect_seconds: float = 5
    total_seconds: float = 15
    answer_bytes: int = 16_384
    """So much of an answer's body is read, so that the connection can be used again; it is not looked at."""
    lease_seconds: float = 15
    """How long a process that died keeps the others from an endpoint; one that lives holds it for as long as it needs."""
    poll_seconds: float = 1
