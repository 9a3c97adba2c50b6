"""`coster serve`: the server."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from typing import Annotated, Any

from cyclopts import Parameter

from coster import __version__, settings
from coster.cli import demo, output, place, serving
from coster.cli.output import Exit, FailedError
from coster.engine.db import migrate
from coster.engine.db.connect import Target
from coster.engine.db.embedded import EmbeddedServer
from coster.settings import Settings
from coster.simulation.serving import url_of


def serve(
    *,
    host: Annotated[
        str | None, Parameter(help="The address to listen on; without it COSTER_HOST, or 127.0.0.1.")
    ] = None,
    port: Annotated[
        int | None, Parameter(help="The port to listen on; without it COSTER_PORT, or 8000.")
    ] = None,
    workers: Annotated[
        int | None, Parameter(help="Server processes; without it COSTER_WORKERS, or 1.")
    ] = None,
    data_dir: place.DataDir = None,
    play: Annotated[
        bool,
        Parameter(
            name="--demo", negative="", help="With the data of the demo, on a clock that stands still."
        ),
    ] = False,
) -> None:
    """Run the server until Ctrl-C or SIGTERM; then it finishes what it has taken.

    With the embedded database it starts PostgreSQL, brings the database up to date, and stops PostgreSQL at the end. A database
    that COSTER_DATABASE_URL names must be up to date already: coster db migrate.

    Example: coster serve --port 8080

    Example: coster serve --demo
    """
    options: dict[str, Any] = {"host": host, "port": port, "workers": workers}
    if data_dir is not None:
        options |= {"data_dir": str(data_dir), "database_url": ""}
    given = settings.read(**{name: value for name, value in options.items() if value is not None})
    serving.refuse_taken(given.host, given.port)
    if play:
        demo.leave_running(given, data_dir)
        return
    if given.clock == "manual" and given.workers > 1:
        raise FailedError("a manual clock stands in one process: leave out --workers", Exit.USAGE)
    with contextlib.ExitStack() as stack:
        target = _database(given, stack)
        others: list[subprocess.Popen[bytes]] = []
        if given.workers > 1:
            url = target if isinstance(target, str) else url_of(target)
            others = stack.enter_context(serving.more(given, url))
        serving.run(given, target, lambda: _announce(given), others=others)


def _database(given: Settings, stack: contextlib.ExitStack) -> Target:
    """The database, ready to be used; an embedded server is started, and stopped with the stack."""
    if given.database_url:
        return given.database_url
    server = stack.enter_context(EmbeddedServer(given.data_dir, bin_dir=given.pg_bin or None))
    options = server.connect_options()
    asyncio.run(migrate.upgrade(options))
    return options


def _announce(given: Settings) -> None:
    url = serving.address(given)
    output.say(f"Coster {__version__}")
    output.say(f"  address  {url}")
    output.say(f"  docs     {url}/docs")
    output.say(f"  ready    {url}/health/ready")
    output.say("Ready. Ctrl-C stops it.")
