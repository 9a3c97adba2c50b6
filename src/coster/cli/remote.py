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
# Of a file of rows nothing is answered before the last of them is done.
_SECONDS_FOR_ROWS = 900.0


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


class LostError(FailedError):
    """The connection was lost after it had been made: the server may have done what it was asked for."""


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
        if ".." in path.partition("?")[0].split("/"):
            # A word of the command line that would lead to another address than the one that was meant.
            raise FailedError(f"{path} is no path below /api/v1/", Exit.USAGE)
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

    def every(self, path: str, **asked: str) -> list[Any]:
        """All entries of a list that fit what is asked for, over all its pages."""
        found: list[Any] = []
        cursor: str | None = ""
        while cursor is not None:
            with self.reaching():
                answer = self._client.get(
                    f"/api/v1/{path}", params=asked | ({"cursor": cursor} if cursor else {})
                )
            self.check(answer)
            page = answer.json()
            found += page["items"]
            cursor = page["next"]
        return found

    def send_rows(self, path: str, rows: bytes, media: str, *, dry_run: bool) -> list[dict[str, Any]]:
        """The results of a file of rows, in order, without the sums at the end. FailedError where they did not come whole."""
        params = {"dry_run": "true"} if dry_run else {}
        with self.reaching():
            answer = self._client.post(
                f"/api/v1/{path}",
                content=rows,
                headers={"Content-Type": media},
                params=params,
                timeout=httpx2.Timeout(_SECONDS, read=_SECONDS_FOR_ROWS),
            )
        self.check(answer)
        try:
            *results, last = [msgspec.json.decode(line, type=dict[str, Any]) for line in answer.iter_lines()]
        except (msgspec.MsgspecError, ValueError):
            results, last = [], {}
        if not last.get("done"):
            raise LostError(f"{self.url} did not answer to all rows")
        return results

    @contextlib.contextmanager
    def reaching(self) -> Iterator[None]:
        """Faults of the network as one sentence."""
        try:
            yield
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.UnsupportedProtocol) as error:
            raise FailedError(f"cannot reach {self.url}: {str(error) or type(error).__name__}") from error
        except httpx2.HTTPError as error:
            raise LostError(
                f"the connection to {self.url} was lost: {str(error) or type(error).__name__}"
            ) from error

    def check(self, answer: httpx2.Response) -> None:
        """RefusedError unless the answer is one of success."""
        if not answer.is_error:
            return
        try:
            problem = msgspec.json.decode(answer.content, type=dict[str, Any])
        except msgspec.MsgspecError:
            problem = {"detail": f"{self.url} answered {answer.status_code}, and not as Coster would"}
        raise RefusedError(answer.status_code, problem)
