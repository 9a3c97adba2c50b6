"""A request while it is answered, and an answer. Plain objects: everything that a request costs is visible here."""

from __future__ import annotations

import datetime as dt
import os
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import parse_qsl

import msgspec

from coster.edges.http import conditions
from coster.edges.http.bodies import Body, read_query
from coster.edges.http.operation import Operation
from coster.edges.http.problems import Fault, Problem, not_found, of_faults
from coster.kernel import ids
from coster.kernel.authority import NOBODY, Authority

if TYPE_CHECKING:
    from litestar.types import HTTPScope, Receive

    from coster.edges.http.parts import Parts

T = TypeVar("T")
Q = TypeVar("Q", bound=msgspec.Struct)
Headers = Sequence[tuple[bytes, bytes]]

JSON: Final = b"application/json"
encode: Final = msgspec.json.Encoder(decimal_format="string").encode
_LONGEST_QUERY: Final = 8192
_LONGEST_KEY: Final = 255
_LONGEST_VERSION: Final = 9


@dataclass(slots=True)
class Answer:
    """What goes back: a status, a body (whole, or piece by piece), and headers beyond those that every answer has."""

    status: int = 200
    body: bytes | AsyncIterator[bytes] = b""
    media: bytes = JSON
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)


def answer(value: Any, *, status: int = 200, headers: Headers = ()) -> Answer:
    """A record (or anything else that JSON can say) as an answer."""
    return Answer(status=status, body=encode(value), headers=list(headers))


def versioned(value: Any, version: int, *, status: int = 200, headers: Headers = ()) -> Answer:
    """An answer about an object that has versions: the version is its ETag."""
    return Answer(status=status, body=encode(value), headers=[*headers, (b"etag", b'"%d"' % version)])


class Call:
    """One request: who asks what of which operation, with everything that the operation may need."""

    __slots__ = (
        "_body",
        "_command_id",
        "_query",
        "at",
        "authority",
        "headers",
        "key_id",
        "method",
        "operation",
        "org_id",
        "parameters",
        "parts",
        "path",
        "receive",
        "request_id",
        "scope",
        "sent",
    )

    def __init__(
        self, parts: Parts, operation: Operation, scope: HTTPScope, receive: Receive, *, request_id: str
    ) -> None:
        self.parts = parts
        self.operation = operation
        self.scope = scope
        self.receive = receive
        self.request_id = request_id
        self.method: str = operation.method
        self.path: str = scope["path"]
        self.parameters: Mapping[str, str] = scope["path_params"]
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.at: dt.datetime = parts.clock.now()
        self.org_id = 0
        self.key_id = ids.NIL
        self.authority: Authority = NOBODY
        self.sent: list[uuid.UUID] = []
        self._body: bytes | None = None
        self._query: dict[str, str] | None = None
        self._command_id: uuid.UUID | None = None

    # ---- who

    def scope_of(self, permission: str | None = None) -> frozenset[uuid.UUID] | None:
        """The enterprises that the caller may see for a permission (of the operation, unless named); None means all."""
        return self.authority.scope(permission or self.operation.permission or "")

    def sees(self, *enterprises: uuid.UUID | None, permission: str | None = None) -> bool:
        """Whether the caller may see what belongs to one of these enterprises."""
        allowed = self.scope_of(permission)
        return allowed is None or not allowed.isdisjoint(enterprises)

    # ---- what came

    def id(self, name: str = "id", what: str = "object") -> uuid.UUID:
        """An id out of the path; what is no id names nothing that could be found."""
        try:
            return uuid.UUID(self.parameters[name])
        except ValueError:
            raise not_found(what) from None

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters by name."""
        if self._query is None:
            self._query = _read_pairs(self.scope["query_string"])
        return self._query

    def read_query(self, type_: type[Q]) -> Q:
        """The query as a record; `dry_run` is every command's own. Problem: query_invalid."""
        given = {name: value for name, value in self.query.items() if name != "dry_run"}
        return read_query(type_, given)

    def check_query(self) -> None:
        """Refuses parameters that the operation does not know. Problem: query_invalid.

        A misspelt `dry_run` must not become a command that takes effect.
        """
        if not self.scope["query_string"] or self.operation.query is not None:
            return
        known = {"dry_run"} if self.operation.changes else set()
        faults = [
            Fault(pointer=f"/{name[:40]}", message="is not known here.", accepted=sorted(known))
            for name in self.query
            if name not in known
        ]
        if faults:
            raise of_faults("query_invalid", "query", faults)
        self.dry_run  # noqa: B018 - its problem is told before anything else is looked at

    @property
    def dry_run(self) -> bool:
        """Whether the caller only wants to know what would happen. Problem: query_invalid."""
        if not self.scope["query_string"]:
            return False
        match self.query.get("dry_run"):
            case None | "false" | "0":
                return False
            case "true" | "1" | "":
                return True
            case other:
                fault = Fault(pointer="/dry_run", message="must be true or false.", found=other[:40])
                raise of_faults("query_invalid", "query", [fault])

    async def read(self, body: Body[T]) -> T:
        """The JSON body as a record. Problems: media_type_not_supported, body_too_large, body_malformed,
        body_invalid."""
        media = self.headers.get(b"content-type")
        if media is not None and not _is_json(media):
            raise Problem(
                "media_type_not_supported",
                "This address takes application/json.",
                headers=[(b"accept", JSON)],
            )
        return body.read(await self.data())

    async def data(self) -> bytes:
        """The whole body. Problems: body_too_large, media_type_not_supported."""
        if self._body is None:
            limit = self.parts.limits.max_body_bytes
            announced = self.headers.get(b"content-length", b"0")
            if announced.isdigit() and int(announced) > limit:
                raise too_large(limit)
            self._body = await _gathered(self.receive, limit)
            if self._body:
                self._refuse_coding()
        return self._body

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it comes in; for bodies of any size. Problem: media_type_not_supported."""
        self._refuse_coding()
        more = True
        while more:
            message = await self.receive()
            if message["type"] != "http.request":
                raise ConnectionResetError("the client went away")
            more = message.get("more_body", False)
            if piece := message.get("body"):
                yield piece

    def _refuse_coding(self) -> None:
        """Refuses a body that is packed (RFC 9110, 15.5.16): how large it is when it is unpacked shows too late."""
        coding = self.headers.get(b"content-encoding", b"").strip().lower()
        if coding not in {b"", b"identity"}:
            raise Problem(
                "media_type_not_supported",
                "Bodies are taken as they are here; send it without Content-Encoding.",
                headers=[(b"accept-encoding", b"identity")],
            )

    async def left(self) -> None:
        """Returns when the client has gone away; for answers that go on."""
        while (await self.receive())["type"] != "http.disconnect":
            pass

    # ---- what it is asked as

    @property
    def idempotency_key(self) -> bytes | None:
        """What the caller calls this request. Problem: header_invalid."""
        given = self.headers.get(b"idempotency-key")
        if given is not None and not 0 < len(given) <= _LONGEST_KEY:
            raise Problem("header_invalid", f"Idempotency-Key must have 1 to {_LONGEST_KEY} characters.")
        return given

    @property
    def command_id(self) -> uuid.UUID:
        """The command's id: follows from caller and Idempotency-Key, so that a repeat is one; without a
        key a new one."""
        if self._command_id is None:
            given = self.idempotency_key
            self._command_id = (
                ids.at_instant(self.at, os.urandom(10))
                if given is None
                else ids.derived("idempotency", self.org_id, self.key_id, given.decode("latin-1"))
            )
        return self._command_id

    def new_id(self, what: str) -> uuid.UUID:
        """The id of something that this request makes; a repeat makes the same."""
        return ids.derived(self.command_id, what)

    @property
    def expected_version(self) -> int:
        """The version that If-Match names; of several the highest: versions only grow, so no lower one can be the present one.

        Problems: precondition_required, header_invalid.
        """
        given = conditions.tags(self.scope["headers"])
        if given is None:
            raise Problem(
                "precondition_required",
                'Send the ETag of the object that the change is based on, for example If-Match: "3".',
            )
        versions = [
            int(tag) for tag in given if tag.isascii() and tag.isdigit() and len(tag) <= _LONGEST_VERSION
        ]
        if not versions:
            raise Problem("header_invalid", 'If-Match must be an ETag of this server, for example "3".')
        return max(versions)

    def accepts(self, media: bytes) -> bool:
        """Whether the caller asked for this form by name."""
        return media in self.headers.get(b"accept", b"")


def too_large(limit: int) -> Problem:
    """The body is larger than `limit` bytes."""
    return Problem(
        "body_too_large", f"The body may have at most {limit} bytes here.", members={"limit": limit}
    )


async def _gathered(receive: Receive, limit: int) -> bytes:
    message = await receive()
    data: bytes = message.get("body", b"")  # type: ignore[assignment]
    if message.get("more_body", False):
        pieces, size = [data], len(data)
        while message.get("more_body", False):
            message = await receive()
            if message["type"] != "http.request":
                raise ConnectionResetError("the client went away")
            pieces.append(message["body"])
            size += len(message["body"])
            if size > limit:
                raise too_large(limit)
        data = b"".join(pieces)
    if len(data) > limit:
        raise too_large(limit)
    return data


def _is_json(media: bytes) -> bool:
    kind = media.partition(b";")[0].strip().lower()
    return kind == JSON or kind.endswith(b"+json")


def _read_pairs(raw: bytes) -> dict[str, str]:
    """Each parameter once, in UTF-8, without zero characters. Problem: query_invalid."""
    if len(raw) > _LONGEST_QUERY:
        raise Problem("query_invalid", f"The query may have at most {_LONGEST_QUERY} characters.")
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError:
        raise Problem(
            "query_invalid", "The query is not UTF-8, percent-encoded, with at most 50 parameters."
        ) from None
    given = dict(pairs)
    faults = [
        Fault(pointer=f"/{name[:40]}", message="is given twice.") for name in given if _twice(name, pairs)
    ]
    faults += [
        Fault(pointer=f"/{name[:40]}", message="holds the character U+0000.")
        for name, value in pairs
        if "\0" in name or "\0" in value
    ]
    if faults:
        raise of_faults("query_invalid", "query", faults)
    return given


def _twice(name: str, pairs: list[tuple[str, str]]) -> bool:
    return sum(1 for other, _ in pairs if other == name) > 1
