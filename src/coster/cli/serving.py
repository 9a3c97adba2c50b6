"""The HTTP server: granian in this process, with the app's own life around it.

More than one process is more of the same on one port (Linux shares the connections out); each is this module, run by the first.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence

import msgspec
from granian.constants import Interfaces
from granian.server.embed import Server

from coster import app, settings
from coster.cli.output import FailedError
from coster.engine.db import datadir
from coster.engine.db.connect import Target
from coster.settings import Settings

with contextlib.suppress(ImportError):
    import uvloop

_BACKLOG = 1024


def refuse_taken(host: str, port: int) -> None:
    """FailedError where somebody listens there already. Our own sockets share a port, so nothing else would tell."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise FailedError(
                f"cannot listen on {host}, port {port}: {error.strerror}; choose another by COSTER_PORT or --port"
            ) from error


def run(
    given: Settings,
    target: Target | None,
    ready: Callable[[], None],
    *,
    others: Sequence[subprocess.Popen[bytes]] = (),
) -> None:
    """Serves until SIGTERM or SIGINT, then finishes what it has taken. `ready` is called when requests are served.

    After SIGTERM it is not ready any more, and takes requests for `notice` seconds more; so do the `others`, who hear of it.
    """
    try:
        with asyncio.Runner(loop_factory=_loop()) as runner:
            runner.run(_serve(given, target, ready, others))
    except BaseExceptionGroup as group:
        raise _alone(group) from None


def _alone(fault: BaseException) -> BaseException:
    """The fault out of the groups that the framework's tasks wrap around it, so that it is told as what it is."""
    while isinstance(fault, BaseExceptionGroup) and len(fault.exceptions) == 1:
        fault = fault.exceptions[0]
    return fault


def _loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    return uvloop.new_event_loop if "uvloop" in sys.modules else None


async def _serve(
    given: Settings,
    target: Target | None,
    ready: Callable[[], None],
    others: Sequence[subprocess.Popen[bytes]],
) -> None:
    made = app.create(given, target=target)
    server = Server(
        made,
        address=given.host,
        port=given.port,
        interface=Interfaces.ASGINL,
        websockets=False,
        backlog=_BACKLOG,
        backpressure=_BACKLOG,
        log_enabled=False,
    )
    server.workers_kill_timeout = max(1, round(given.drain))
    loop = asyncio.get_running_loop()
    # The app's life is ours and not the server's: a database that cannot be used is then told as what it is.
    async with made.lifespan():

        def leave() -> None:
            for process in others:
                process.terminate()
            made.state.leave()
            # A second signal has no patience.
            loop.add_signal_handler(signal.SIGTERM, server.stop)
            loop.call_later(given.notice, server.stop)

        loop.add_signal_handler(signal.SIGTERM, leave)
        loop.add_signal_handler(signal.SIGINT, server.stop)
        serving = asyncio.create_task(server.serve())
        await asyncio.sleep(0)
        ready()
        # Connections that outlive the time for finishing (a stream of events) are cut.
        with contextlib.suppress(TimeoutError):
            await serving


@contextlib.contextmanager
def more(given: Settings, database_url: str) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The processes beyond the first, for the block; each ends with this one, however that ends."""
    shared = msgspec.structs.replace(app.with_webhook_keys(given), database_url=database_url, workers=1)
    given_on = {**os.environ, **environ(shared)}
    started: list[subprocess.Popen[bytes]] = []
    try:
        for _ in range(given.workers - 1):
            started += [_another(given_on)]
        yield started
    finally:
        # Without the notice: where one was due, it has been given by now.
        for process in started:
            process.send_signal(signal.SIGINT)
        for process in started:
            process.wait()


def _another(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "coster.cli.serving"],
        env=environment,
        start_new_session=True,
        preexec_fn=datadir.die_with_parent(os.getpid()),  # noqa: PLW1509 - one system call, before it becomes the server
    )


def address(given: Settings) -> str:
    """Where the server is reached, as a URL."""
    host = f"[{given.host}]" if ":" in given.host else given.host
    return f"http://{host}:{given.port}"


def environ(given: Settings) -> dict[str, str]:
    """The settings as another process reads them."""
    return {
        f"{settings.PREFIX}{name.upper()}": str(value)
        for name, value in msgspec.structs.asdict(given).items()
    }


if __name__ == "__main__":
    run(settings.read(), None, lambda: None)
