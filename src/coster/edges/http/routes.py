"""Operations to ASGI: who calls, may they, what is answered, what is logged. One plain function a path, no layers.

Litestar routes the path and runs the life of the app; everything that a request costs beyond that stands here.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from litestar.exceptions import HTTPException
from litestar.handlers import ASGIRouteHandler
from litestar.response import Response

from coster.edges.http.call import Answer, Call, encode
from coster.edges.http.operation import Operation
from coster.edges.http.paths import Paths, Spelling, exactly
from coster.edges.http.problems import MEDIA_TYPE, Problem
from coster.engine import observe
from coster.kernel.authority import Authority
from coster.kernel.errors import Busy

if TYPE_CHECKING:
    from litestar import Request
    from litestar.types import HTTPScope, Receive, Send

    from coster.edges.http.parts import Parts

_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_ALWAYS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_CLOSED: Final = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_AGAIN: Final = (b"retry-after", b"1")
_LAST: Final = (b"connection", b"close")


Admit: TypeAlias = Callable[[Call, str], Awaitable[None]]
"""Finds out who calls and whether the permission is held, and notes it in the call; raises the problem otherwise."""


class Seat:
    """Where the parts stand once the app has started; before and after that there are none."""

    def __init__(self, *, log_requests: bool) -> None:
        self.parts: Parts | None = None
        self.log_requests = log_requests

    @property
    def leaving(self) -> bool:
        """Whether the server has been told to stop."""
        return self.parts is not None and self.parts.leaving

    def leave(self) -> None:
        """The server is no longer ready, takes requests for a moment more, and keeps no connection."""
        if self.parts is not None:
            self.parts.leaving = True


class Route:
    """Everything behind one path."""

    def __init__(self, seat: Seat, operations: Sequence[Operation], admit: Admit | None = None) -> None:
        self._seat = seat
        self._admit = admit or _admit
        self._operations = {operation.method: operation for operation in operations}
        self._allow = b", ".join([name.encode() for name in self._operations])

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """One request from its scope to its last byte."""
        started = time.perf_counter()
        request_id = _request_id(scope)
        method = scope["method"]
        operation = self._operations.get("GET" if method == "HEAD" else method)  # type: ignore[arg-type]
        call: Call | None = None
        try:
            call = self._begin(operation, scope, receive, request_id)
            if call.operation.permission is not None:
                await self._admit(call, call.operation.permission)
            call.check_query()
            answer = await call.operation.endpoint(call)
        except Problem as problem:
            answer = _refused(problem, request_id)
        except Busy as busy:
            # Commands say so themselves; this is a read, or the look-up of a key.
            answer = _refused(_away(busy), request_id)
        except ConnectionError:
            return
        except Exception as fault:  # noqa: BLE001 - whatever it is, the caller gets an answer and the log gets the fault
            answer = _broken(fault, operation, request_id)
        if self._seat.leaving:
            # Whoever keeps the connection must not send the next request on it into a server that is gone.
            answer.headers = [*answer.headers, _LAST]
        await _send(send, answer, request_id.encode(), whole=method != "HEAD")
        self._note(call, operation, answer.status, request_id, time.perf_counter() - started)

    def _begin(
        self, operation: Operation | None, scope: HTTPScope, receive: Receive, request_id: str
    ) -> Call:
        """The call, where there is such an operation and the server takes requests."""
        parts = self._seat.parts
        if operation is None:
            raise _method_not_allowed(scope["method"], self._allow)
        if parts is None or (parts.stopping and operation.permission is not None):
            raise Problem("stopping", "This server is not taking requests just now.", headers=[_AGAIN])
        return Call(parts, operation, scope, receive, request_id=request_id)

    async def refuse(self, scope: HTTPScope, send: Send, problem: Problem) -> None:
        """Answers with a problem whatever was asked."""
        request_id = _request_id(scope)
        await _send(send, _refused(problem, request_id), request_id.encode(), whole=scope["method"] != "HEAD")

    def _note(
        self, call: Call | None, operation: Operation | None, status: int, request_id: str, seconds: float
    ) -> None:
        name = operation.id if operation else "none"
        observe.HTTP_SECONDS.labels(name, status).observe(seconds)
        if self._seat.log_requests:
            observe.log.info(
                "request",
                operation=name,
                status=status,
                ms=round(seconds * 1000, 1),
                request=request_id,
                org=call.org_id if call else 0,
                key=str(call.key_id) if call else "",
                commands=[str(one) for one in call.sent[:8]] if call else [],
            )


class Prefix:
    """Everything below a prefix such as /api/v1."""

    def __init__(
        self,
        seat: Seat,
        prefix: str,
        operations: Sequence[Operation],
        *,
        admit: Admit | None = None,
        spelled: Spelling = exactly,
    ) -> None:
        self._prefix = prefix
        routes = (
            (path.removeprefix(f"{prefix}/"), Route(seat, found, admit))
            for path, found in _by_path(operations).items()
        )
        self._paths = Paths(routes, spelled)
        self._nothing = Route(seat, ())

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Finds the route and lets it answer."""
        path = scope["path"].strip("/")
        scope["path"] = f"{self._prefix}/{path}"
        found = self._paths.find(path)
        if found is None:
            await self._nothing.refuse(scope, send, nowhere())
            return
        route, scope["path_params"] = found
        await route(scope, receive, send)


def mounted(prefix: Prefix, path: str) -> ASGIRouteHandler:
    """Litestar's handler for all below a path."""
    return ASGIRouteHandler(path, is_mount=True, copy_scope=False)(_function(prefix))


def handlers(seat: Seat, operations: Sequence[Operation], *, prefix: str) -> list[ASGIRouteHandler]:
    """Litestar's handlers: one for all below the prefix, and one for each path elsewhere."""
    below = [operation for operation in operations if operation.path.startswith(f"{prefix}/")]
    others = [operation for operation in operations if not operation.path.startswith(f"{prefix}/")]
    made = [mounted(Prefix(seat, prefix, below), prefix)]
    for path, found in _by_path(others).items():
        made.append(ASGIRouteHandler(path, copy_scope=False)(_function(Route(seat, found))))
    return made


def _by_path(operations: Sequence[Operation]) -> dict[str, list[Operation]]:
    paths: dict[str, list[Operation]] = {}
    for operation in operations:
        found = paths.setdefault(operation.path, [])
        if any(other.method == operation.method for other in found):
            raise ValueError(f"two operations claim {operation.method} {operation.path}")
        found.append(operation)
    return paths


def nowhere() -> Problem:
    """No operation has this address."""
    return Problem("not_found", "There is nothing under this address; /docs shows what there is.")


def problem_of(request: Request[Any, Any, Any], fault: Exception) -> Response[bytes]:
    """What Litestar itself refuses (an unknown path), as a problem document."""
    request_id = _request_id(request.scope)
    if isinstance(fault, HTTPException) and fault.status_code == 404:
        answer = _refused(nowhere(), request_id)
    elif isinstance(fault, HTTPException) and fault.status_code < 500:
        answer = _refused(Problem("header_invalid", "The request cannot be understood."), request_id)
    else:
        answer = _broken(fault, None, request_id)
    headers = [*_ALWAYS, _CLOSED, *answer.headers, (b"x-request-id", request_id.encode())]
    return Response(
        answer.body,  # type: ignore[arg-type]
        status_code=answer.status,
        media_type=answer.media.decode(),
        headers={name.decode(): value.decode() for name, value in headers},
    )


def may(authority: Authority, permission: str) -> bool:
    """Whether a permission is held anywhere at all; for which object is the room's question."""
    return not permission or authority.scope(permission) != frozenset()


async def _admit(call: Call, permission: str) -> None:
    client = call.scope.get("client")
    call.org_id, caller = await call.parts.authenticator.caller(
        call.headers.get(b"authorization"),
        call.at,
        peer=client[0] if client else "",
        forwarded=call.headers.get(b"x-forwarded-for", b""),
    )
    call.key_id = caller.key_id
    call.authority = caller.authority
    if not may(caller.authority, permission):
        raise Problem(
            "not_permitted",
            f"This API key lacks the permission {permission}; an owner of the organisation can make one that has it.",
            members={"permission": permission},
        )


async def _send(send: Send, answer: Answer, request_id: bytes, *, whole: bool) -> None:
    headers = [*_ALWAYS, *answer.headers, (b"x-request-id", request_id)]
    if not any(name == b"content-security-policy" for name, _ in answer.headers):
        headers.append(_CLOSED)
    if answer.body or answer.status != 204:
        headers.append((b"content-type", answer.media))
    if isinstance(answer.body, bytes):
        headers.append((b"content-length", b"%d" % len(answer.body)))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body if whole else b"", "more_body": False})
        return
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await _send_pieces(send, answer.body, whole=whole)


async def _send_pieces(send: Send, pieces: AsyncIterator[bytes], *, whole: bool) -> None:
    try:
        if whole:
            async for piece in pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        close = getattr(pieces, "aclose", None)
        if close is not None:
            await close()


def _refused(problem: Problem, request_id: str) -> Answer:
    return Answer(
        status=problem.status,
        body=encode(problem.document(request_id)),
        media=MEDIA_TYPE,
        headers=list(problem.headers),
    )


def _broken(fault: Exception, operation: Operation | None, request_id: str) -> Answer:
    name = operation.id if operation else "none"
    observe.log.error("request_fault", operation=name, request=request_id, exc_info=fault)
    return _refused(
        Problem("internal_fault", "Something is broken on this side; nothing was done."), request_id
    )


def _away(busy: Busy) -> Problem:
    again = str(busy.retry_after).encode()
    return Problem("busy", "The database does not answer just now.", headers=[(b"retry-after", again)])


def _method_not_allowed(method: str, allow: bytes) -> Problem:
    return Problem(
        "method_not_allowed",
        f"This address takes {allow.decode()}, not {method[:20]}.",
        headers=[(b"allow", allow)],
    )


def _request_id(scope: Any) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return str(value, "ascii")
    return os.urandom(8).hex()


def _function(app: Route | Prefix) -> Any:
    """Litestar wants a function with these names."""

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        await app(scope, receive, send)

    return serve
