"""Chromium without a window, told what to do through two pipes (DevTools protocol, `--remote-debugging-pipe`): no driver, no port."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

PROGRAM: Final = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_FLAGS: Final = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-pipe",
)  # fmt: skip
# The browser reads from 3 and writes to 4, whatever numbers the pipes have here.
_START: Final = (
    "import fcntl, os, sys; a, b = (fcntl.fcntl(int(n), fcntl.F_DUPFD, 10) for n in sys.argv[1:3]); os.dup2(a, 3); os.dup2(b, 4); "
    "os.execv(sys.argv[3], sys.argv[3:])"
)
_LARGE: Final = 64 << 20
_PATIENCE: Final = 60


class Tab:
    """One tab. `said`: what its console and its log said that is a warning or worse; `asked`: every address that it asked for."""

    def __init__(self, reader: asyncio.StreamReader, writer: Any) -> None:
        self._reader, self._writer = reader, writer
        self._number = 0
        self._session: str | None = None
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._heard = asyncio.create_task(self._hear())
        self.said: list[str] = []
        self.asked: list[str] = []

    async def open(self) -> None:
        """Attaches to a new tab and listens to what it says and asks for."""
        made = await self.tell("Target.createTarget", url="about:blank")
        attached = await self.tell("Target.attachToTarget", targetId=made["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self.tell(f"{domain}.enable")

    async def tell(self, method: str, **params: Any) -> Any:
        """One command, and its answer."""
        self._number += 1
        told: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._session:
            told["sessionId"] = self._session
        waiting = self._answers[self._number] = asyncio.get_running_loop().create_future()
        self._writer.write(json.dumps(told).encode() + b"\0")
        return await asyncio.wait_for(waiting, _PATIENCE)

    async def look(self, url: str, *, width: int = 1280, dark: bool = False) -> None:
        """Opens an address on a screen of this width, for a reader who likes it light or dark."""
        screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        await self.tell("Emulation.setDeviceMetricsOverride", **screen)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.tell("Emulation.setEmulatedMedia", features=[scheme])
        await self.tell("Page.navigate", url=url)

    async def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        told = await self.tell("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    async def until(self, script: str) -> None:
        """Waits until an expression is true in the page."""
        async with asyncio.timeout(_PATIENCE):
            for pause in itertools.repeat(0.1):
                if await self.run(script):
                    break
                await asyncio.sleep(pause)

    async def press(self, key: str) -> None:
        """One key, down and up."""
        codes = {"Tab": 9, "Enter": 13}
        text = {"text": "\r"} if key == "Enter" else {}
        known = {"key": key, "code": key, "windowsVirtualKeyCode": codes[key]}
        await self.tell("Input.dispatchKeyEvent", type="keyDown", **known, **text)
        await self.tell("Input.dispatchKeyEvent", type="keyUp", **known)

    async def close(self) -> None:
        """Ends the browser."""
        self._heard.cancel()
        self._writer.close()

    async def _hear(self) -> None:
        while True:
            try:
                told = json.loads((await self._reader.readuntil(b"\0"))[:-1])
            except asyncio.IncompleteReadError as gone:
                for waiting in self._answers.values():
                    waiting.set_exception(gone)
                return
            if "id" in told:
                waiting = self._answers.pop(told["id"])
                if not waiting.done():
                    waiting.set_result(told.get("result", told))
            else:
                self._note(told["method"], told["params"])

    def _note(self, method: str, params: dict[str, Any]) -> None:
        if method == "Network.requestWillBeSent":
            self.asked.append(params["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.said.append(str(params["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and params["type"] in {"error", "warning", "assert"}:
            self.said.append(str(params["args"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in {"error", "warning"}:
            self.said.append(str(params["entry"]))


@asynccontextmanager
async def browsing() -> AsyncIterator[Tab]:
    """A browser with one tab; it and its files are gone afterwards."""
    assert PROGRAM, "there is no chromium on this machine; make system-packages installs it"
    directory = Path(tempfile.mkdtemp(prefix="coster-browser-"))
    (to_read, told), (heard, to_write) = os.pipe(), os.pipe()
    command = (PROGRAM, *_FLAGS, f"--user-data-dir={directory}")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _START, str(to_read), str(to_write), *command, pass_fds=(to_read, to_write),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    os.close(to_read)
    os.close(to_write)
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=_LARGE)
    incoming, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(heard, "rb", 0)
    )
    outgoing, _ = await loop.connect_write_pipe(asyncio.Protocol, os.fdopen(told, "wb", 0))
    tab = Tab(reader, outgoing)
    try:
        await tab.open()
        yield tab
    finally:
        await tab.close()
        incoming.close()
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        shutil.rmtree(directory, ignore_errors=True)
