"""A running server, asked over HTTP with a key."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Annotated, Any, Self

import httpx2
import msgspec
from cyclopts import Parameter

from coster.cli.output import Exit, FailedError

_SECONDS = 60.0


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Server:
    """Which server, and who asks."""

    url: Annotated[str, Parameter(env_var="COSTER_URL", help="Address of the server.")] = (
        "http://127.0.0.1:8000"
    )
    key: Annotated[
        str,
        Parameter(
            env_var="COSTER_KEY", help="API key; better given by COSTER_KEY, which `ps` does not show."
        ),
    ] = ""


class RefusedError(FailedError):
    """The server said no; `problem` is its document."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(str(problem.get("detail") or f"the server answered {status}"), Exit.REFUSED)
        self.status = status
        self.problem = problem


class Remote:
    """One caller of a server. FailedError where it cannot be reached, RefusedError where it says no."""

    def __init__(self, server: Server) -> None:
        if not server.key:
            raise FailedError("give a key: --key or COSTER_KEY (`coster keys create` makes one)", Exit.USAGE)
        headers = {"Authorization": f"Bearer {server.key}"}
        try:
            self._client = httpx2.Client(base_url=server.url, headers=headers, timeout=_SECONDS)
        except (httpx2.InvalidURL, ValueError) as error:
            raise FailedError(f"{server.url} is no address of a server", Exit.USAGE) from error
        self.url = server.url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends its connections."""
        self._client.close()

    def ask(
        self, method: str, path: str, body: Any = None, *, accept: str = "application/json"
    ) -> httpx2.Response:
        """The answer to one request; `path` follows /api/v1/, a body goes as JSON."""
        content = None if body is None else msgspec.json.encode(body)
        headers = {"Accept": accept} | ({} if body is None else {"Content-Type": "application/json"})
        with self.reaching():
            answer = self._client.request(method, f"/api/v1/{path}", content=content, headers=headers)
        self.check(answer)
        return answer

    def get(self, path: str) -> Any:
        """What stands at a path."""
        return self.ask("GET", path).json()

    def post(self, path: str, body: Any) -> Any:
        """The answer to a body that is sent to a path."""
        return self.ask("POST", path, body).json()

    def every(self, path: str) -> list[Any]:
        """All entries of a list, over all its pages."""
        found: list[Any] = []
        cursor: str | None = ""
        while cursor is not None:
            with self.reaching():
                answer = self._client.get(f"/api/v1/{path}", params={"cursor": cursor} if cursor else {})
            self.check(answer)
            page = answer.json()
            found += page["items"]
            cursor = page["next"]
        return found

    @contextlib.contextmanager
    def streaming(
        self, path: str, content: Any, headers: Mapping[str, str], **params: str
    ) -> Iterator[httpx2.Response]:
        """An answer whose body is still to be read, to a body that is sent piece by piece; no limit of time on either."""
        with (
            self.reaching(),
            self._client.stream(
                "POST",
                f"/api/v1/{path}",
                content=content,
                headers=headers,
                params=params,
                timeout=httpx2.Timeout(_SECONDS, read=None),
            ) as answer,
        ):
            if answer.is_error:
                answer.read()
            self.check(answer)
            yield answer

    @contextlib.contextmanager
    def reaching(self) -> Iterator[None]:
        """Faults of the network as one sentence."""
        try:
            yield
        except httpx2.HTTPError as error:
            raise FailedError(f"cannot reach {self.url}: {str(error) or type(error).__name__}") from error

    def check(self, answer: httpx2.Response) -> None:
        """RefusedError unless the answer is one of success."""
        if not answer.is_error:
            return
        try:
            problem = msgspec.json.decode(answer.content, type=dict[str, Any])
        except msgspec.MsgspecError:
            problem = {"detail": f"{self.url} answered {answer.status_code}, and not as Coster would"}
        raise RefusedError(answer.status_code, problem)
