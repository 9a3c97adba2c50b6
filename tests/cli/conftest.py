"""The command line as people have it: the real program as a process, beside a real server on the test database."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import httpx2
import pytest

from coster.cli.main import main
from coster.simulation.serving import free_port, url_of
from tests import watch
from tests.conftest import Databases
from tests.edges.scene import Scene, build

START = "2026-11-23T09:00:00Z"


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its output, which must be JSON and nothing else."""
        return json.loads(self.out)


def environment(**more: str) -> dict[str, str]:
    """The environment without what it says about another Coster; the programs of PostgreSQL are those of the run."""
    kept = {name: value for name, value in os.environ.items() if _passes(name)}
    return {**kept, **more}


def _passes(name: str) -> bool:
    return not name.startswith("COSTER_") or name == watch.VARIABLE


class Program(subprocess.Popen[bytes]):
    """A process that a test which fails does not wait for."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        """Ends it, where the block has failed; waits for it in any case."""
        if kind is not None:
            self.kill()
        super().__exit__(kind, error, trace)


def start(*words: str, env: Mapping[str, str] | None = None, **options: Any) -> Program:
    """The program as a process, with pipes, and with Ctrl-C, which a shell takes from what it runs in the background."""
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    command = [sys.executable, "-m", "coster.cli.main", *words]
    return Program(command, env=environment(**(env or {})), preexec_fn=_interruptible, **{**pipes, **options})


def _interruptible() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def run(
    *words: str, env: Mapping[str, str] | None = None, stdin: bytes = b"", cwd: Path | None = None
) -> Done:
    """The program, from start to end."""
    with start(*words, env=env, cwd=cwd) as process:
        out, err = process.communicate(stdin, timeout=120)
    return Done(process.returncode, out.decode(), err.decode())


@dataclass(frozen=True)
class Shop:
    """An installation: a database that `coster init` was told, its server, and a small town in it."""

    url: str
    key: str
    database_url: str
    scene: Scene
    env: dict[str, str] = field(default_factory=dict)

    def run(self, *words: str, stdin: bytes | None = None, **env: str) -> Done:
        """The program, with this installation in its environment; a process of its own only where it is told something, if nothing."""
        if stdin is not None:
            return run(*words, env={**self.env, **env}, stdin=stdin)
        with ThreadPoolExecutor(1) as apart:  # it brings an event loop of its own
            return apart.submit(_here, words, environment(**{**self.env, **env})).result()


def _here(words: Sequence[str], env: Mapping[str, str]) -> Done:
    """The program without a process of its own, which is ten times faster."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with pytest.MonkeyPatch.context() as patched, redirect_stdout(out), redirect_stderr(err):
        for name in os.environ.keys() - env.keys():
            patched.delenv(name)
        for name, value in env.items():
            patched.setenv(name, value)
        code = main(list(words))
        told = [stream.buffer.getvalue().decode() for stream in (out, err)]  # type: ignore[attr-defined] # a BytesIO
    return Done(code, told[0], told[1])


@contextlib.contextmanager
def served(
    env: Mapping[str, str], *words: str, log: int | IO[bytes] = subprocess.DEVNULL
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """`coster serve` on a free port, ready; ended with the block."""
    port = free_port()
    process = start("serve", "--port", str(port), *words, env=env, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        for _ in range(600):
            assert process.poll() is None, "the server ended by itself"
            with contextlib.suppress(httpx2.HTTPError):
                if httpx2.get(f"{url}/health/ready").is_success:
                    break
            time.sleep(0.05)
        yield url, process
    finally:
        process.terminate()
        process.communicate(timeout=60)


@pytest.fixture(scope="session")
async def shop(databases: Databases) -> AsyncIterator[Shop]:
    """One installation for all tests of the command line, on a clock that stands still."""
    name = await databases.create()
    database_url = url_of(databases.server.connect_options(name))
    env = {"COSTER_DATABASE_URL": database_url}
    made = run("init", "--name", "Valley", "--json", env=env)
    assert made.code == 0, made.err
    clock = {"COSTER_CLOCK": "manual", "COSTER_CLOCK_START": START, "COSTER_KEY_MEMORY": "0"}
    # What `coster federation` needs: a key for secrets, and leave to call this machine.
    others = {
        "COSTER_WEBHOOK_KEYS": "test:" + base64.b64encode(bytes(32)).decode(),
        "COSTER_FEDERATION_NETWORKS": "127.0.0.1/32",
    }
    with served({**env, **clock, **others}) as (url, _):
        key = made.json["key"]
        headers = {"Authorization": f"Bearer {key}"}
        async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=30) as api:
            scene = await build(api)
            yield Shop(url, key, database_url, scene, {**env, "COSTER_URL": url, "COSTER_KEY": key})
    await databases.drop(name)


@pytest.fixture
def place(pg_bin: Path | None) -> Iterator[Path]:
    """A directory for a server of one's own, which PostgreSQL's user may pass, as pytest's may not be."""
    made = Path(tempfile.mkdtemp(prefix="coster-cli-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


Inside = Callable[..., Done]


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Inside:
    """The same program without a process of its own, which is ten times faster; `env` as for a process."""

    def call(*words: str, env: Mapping[str, str] | None = None) -> Done:
        with monkeypatch.context() as patched:
            for name in [name for name in os.environ if not _passes(name)]:
                patched.delenv(name)
            for name, value in (env or {}).items():
                patched.setenv(name, value)
            code = main(list(words))
        return Done(code, *capsys.readouterr())

    return call
