"""`coster demo`: the story of one producer and two hubs, played on a server of its own."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Self

import httpx2
import msgspec
from cyclopts import Parameter
from rich.live import Live
from rich.table import Table

from coster import app as application
from coster import settings
from coster.cli import acts, init, keys, output, place, serving, signals, story, verify
from coster.cli.output import Exit, FailedError
from coster.cli.remote import Remote, Server
from coster.domain.identity.model import Grant
from coster.engine.db import datadir
from coster.engine.db.connect import Target
from coster.engine.db.embedded import EmbeddedServer
from coster.engine.outbox import proofs
from coster.kernel import clock
from coster.settings import Settings
from coster.simulation.federation.story import Step
from coster.simulation.serving import free_port, url_of

_ORG: Final = 1
_START: Final = dt.datetime.fromisoformat(story.START)
_PATIENCE: Final = 60.0


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A server that plays: its address, its owner's key, its database, and whether it has no past."""

    url: str
    key: str
    database: Target
    fresh: bool
    process: subprocess.Popen[bytes]


def demo(
    *,
    serve: Annotated[
        bool,
        Parameter(
            negative="", help="Leave the server running on Friday noon; the same as coster serve --demo."
        ),
    ] = False,
    data_dir: Annotated[
        Path | None, Parameter(help="Where to keep the data of --serve; without it nothing is kept.")
    ] = None,
    port: Annotated[
        int | None, Parameter(help="With --serve: the port to listen on; without it COSTER_PORT, or 8000.")
    ] = None,
) -> int:
    """Play the story of one producer and two hubs through the HTTP API, and check every number of it.

    It starts a PostgreSQL and a server of its own, moves their clock through a week, and ends with coster verify. Then the same week is
    played across three servers that speak only the DFC standard, with lines that fail between them. It leaves nothing behind. Exit
    code 1 where anything is not as the story says.

    Example: coster demo

    Example: coster demo --serve --port 8080
    """
    if serve:
        options: dict[str, Any] = {} if port is None else {"port": port}
        given = settings.read(**options)
        serving.refuse_taken(given.host, given.port)
        leave_running(given, data_dir)
        return Exit.DONE
    if data_dir is not None:
        raise FailedError("--data-dir goes with --serve: what the demo itself does is not kept", Exit.USAGE)
    if port is not None:
        raise FailedError("--port goes with --serve: the demo itself takes a port that is free", Exit.USAGE)
    given = msgspec.structs.replace(settings.read(), host="127.0.0.1", port=free_port())
    with signals.sigterm_interrupts():
        with _staged(given, None) as stage:
            wrong = _play(stage)
        wrong += _across(given)
    output.say("Everything came as it must." if not wrong else f"{wrong} things did not come as they must.")
    return Exit.WRONG if wrong else Exit.DONE


def _across(given: Settings) -> int:
    """The last act; gives how many things did not come as they must."""
    output.say(
        "\nThe same week on three servers that speak only the DFC standard, with lines that fail between them:\n"
    )
    shown = _Shown("held at Jean's for Hub A", "held at Jean's for Hub B")
    with shown:
        wrong, said = acts.across(Path(given.pg_bin) if given.pg_bin else None, shown.add)
    for sentence in said:
        output.say(sentence)
    return wrong


def leave_running(given: Settings, data_dir: Path | None) -> None:
    """Serves the story as it stands on Friday noon, until Ctrl-C. In a directory with a past it goes on from there."""
    with signals.sigterm_interrupts(), _staged(given, data_dir) as stage:
        if stage.fresh:
            with _cast(stage) as cast:
                wrong = _narrate(story.until_friday(cast))
            if wrong:
                raise FailedError("the story did not come as it must, see above", Exit.WRONG)
        _introduce(stage)
        with contextlib.suppress(KeyboardInterrupt):
            code = stage.process.wait()
            raise FailedError(f"the server ended by itself, with code {code}")


def _play(stage: Stage) -> int:
    """The story on one server; gives how many things did not come as they must."""
    with _cast(stage) as cast:
        wrong = _narrate(itertools.chain(story.until_friday(cast), story.friday_evening(cast)))
        for document in story.documents(cast):
            output.say(
                f"\nJean's document for {document.hub}, held order {document.number}; no shopper is in it:\n"
            )
            output.say(_indented(document.csv))
        sums = story.sums(cast)
    output.say("")
    output.table("Friday evening", ("what", "must be", "is"), sums)
    wrong += sum(1 for _, expected, found in sums if expected != found)
    output.say("\ncoster verify:")
    now = dt.datetime.fromisoformat(story.END)
    checks = asyncio.run(_verified(stage.database, now))
    verify.show(checks)
    return wrong + sum(1 for check in checks if check.broken)


def _indented(text: str) -> str:
    return "".join(f"  {line}\n" for line in text.splitlines()).rstrip("\n")


async def _verified(target: Target, now: dt.datetime) -> list[verify.Checked]:
    async with place.opened(target) as database:
        return await verify.count(database, None, now)


def _narrate(steps: Iterable[story.Told]) -> int:
    """Plays the steps and shows each as it comes; gives how many did not come as they must."""
    wrong = 0
    with _Shown("held for Hub A", "held for Hub B") as shown:
        for told in steps:
            shown.add(told)
            wrong += not told.right
    return wrong


class _Shown:
    """A table that grows step by step while people look."""

    def __init__(self, hub_a: str, hub_b: str) -> None:
        self._table = Table("when", "who", "what", hub_a, hub_b, "left")
        self._terminal = output.console()
        self._live = Live(self._table, console=self._terminal, auto_refresh=False)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._live.__exit__(*error)
        if not self._terminal.is_terminal:
            # Into a pipe rich writes the last picture without an end of line.
            output.say("")

    def add(self, told: story.Told | Step) -> None:
        """One step more; with how it should have come, where it did not."""
        seen, must = told.seen, told.expected
        self._table.add_row(told.when, told.who, told.what, seen.hub_a, seen.hub_b, seen.left)
        if (seen.hub_a, seen.hub_b, seen.left) != (must.hub_a, must.hub_b, must.left):
            self._table.add_row("", "", "NOT as it must be:", must.hub_a, must.hub_b, must.left, style="red")
        self._live.refresh()


@contextlib.contextmanager
def _cast(stage: Stage) -> Iterator[story.Cast]:
    with Remote(Server(url=stage.url, key=stage.key)) as owner:
        cast = story.prepare(owner)
        try:
            yield cast
        finally:
            cast.close()


def _introduce(stage: Stage) -> None:
    with Remote(Server(url=stage.url, key=stage.key)) as owner:
        now = owner.get("clock")["now"]
    output.say(
        f"\nCoster, with the data of the demo. The clock stands still: {now:.16} (POST /api/v1/clock moves it)."
    )
    output.say(f"  address  {stage.url}")
    output.say(f"  docs     {stage.url}/docs")
    output.say(f"  key      {stage.key}")
    output.say("Ready. Ctrl-C stops it.")


# ---------------------------------------------------------------------------------------------------------- the stage


@contextlib.contextmanager
def _staged(given: Settings, data_dir: Path | None) -> Iterator[Stage]:
    """A database and a server with a manual clock, for the block; a temporary directory is gone afterwards."""
    with (
        _directory(data_dir) as directory,
        # What is thrown away need not survive a power cut.
        EmbeddedServer(directory, bin_dir=given.pg_bin or None, testing=data_dir is None) as postgres,
    ):
        target = postgres.connect_options()
        key, start = asyncio.run(_founded(target))
        here = msgspec.structs.replace(given, database_url="", data_dir=str(directory))
        chosen = msgspec.structs.replace(
            # The server is given the database by its URL, and the key that webhooks are signed with beside it.
            application.with_webhook_keys(here),
            database_url=url_of(target),
            workers=1,
            clock="manual",
            clock_start=clock.text(start),
            log_level="warning",
            log_requests=False,
        )
        with _server(chosen, directory) as process:
            url = serving.address(chosen)
            yield Stage(url=url, key=key, database=target, fresh=start == _START, process=process)


@contextlib.contextmanager
def _directory(data_dir: Path | None) -> Iterator[Path]:
    if data_dir is not None:
        yield data_dir
        return
    made = Path(tempfile.mkdtemp(prefix="coster-demo-"))
    # Run as root, PostgreSQL gets a user of its own, who must be able to pass.
    made.chmod(0o755)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


async def _founded(target: Target) -> tuple[str, dt.datetime]:
    """A key of the demo's owner, and the instant from which the clock goes on: the story's start, where there is no past."""
    key = await init.found(target, _ORG, "Coster's demo", clock.ManualClock(_START))
    if key is not None:
        return key, _START
    async with place.opened(target) as database:
        async with database.system() as conn:
            known = {found.org_id: found.latest for found in await proofs.organisations(conn)}
        latest = known[_ORG] or _START
        # Keys are shown once, so each start makes one of its own.
        _, made = await keys.make(
            database, _ORG, "demo", Grant(role="owner"), clock=clock.ManualClock(latest)
        )
    return made, latest + dt.timedelta(seconds=1)


@contextlib.contextmanager
def _server(given: Settings, directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The server as a process of its own, ready; ended with the block. FailedError with its last words if it never is."""
    log = directory / "coster.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "coster.cli.main", "serve"],
            env={**os.environ, **serving.environ(given)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            # A Ctrl-C at the terminal is for us: we end it, after our own last requests.
            start_new_session=True,
            preexec_fn=datadir.die_with_parent(os.getpid()),  # noqa: PLW1509 - one system call, before it becomes the server
        )
    try:
        _wait_ready(process, serving.address(given), log)
        yield process
    finally:
        process.terminate()
        process.wait()


def _wait_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with contextlib.suppress(httpx2.HTTPError):
            if httpx2.get(f"{url}/health/ready").is_success:
                return
        time.sleep(0.05)
    words = "\n".join(log.read_text("utf-8", "replace").splitlines()[-15:])
    raise FailedError(f"the server did not become ready. Its last words:\n{words}")
