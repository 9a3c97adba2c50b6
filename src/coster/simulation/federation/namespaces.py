"""A network of its own for each server: Linux network namespaces, each joined to this one by a cable (veth) that can be pulled.

The server listens at its end of the cable, the line at ours; so there is no way to it but the line. Needs root, and the right to make
namespaces (CAP_SYS_ADMIN and CAP_NET_ADMIN).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Sequence

from coster.simulation.federation.platforms import Site


class ImpossibleError(RuntimeError):
    """Namespaces cannot be made here; why, in the words of whoever refused."""


@contextlib.asynccontextmanager
async def made(names: Sequence[str]) -> AsyncIterator[dict[str, Site]]:
    """Where each platform stands, by name; the namespaces are gone after the block. ImpossibleError where they cannot be made."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        raise ImpossibleError("it takes root and the program ip (iproute2)")
    spaces: list[str] = []
    sites: dict[str, Site] = {}
    try:
        for number, name in enumerate(names, 1):
            space, cable = f"coster{os.getpid()}-{number}", f"cst{os.getpid() % 100_000}{number}"
            # Of a range that few use, by this process and platform, so that two runs keep out of each other's way.
            net = f"10.{200 + os.getpid() % 50}.{4 * number + 16 * (os.getpid() % 15)}"
            await _ip("netns", "add", space)
            spaces.append(space)
            await _ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", space)
            await _ip("addr", "add", f"{net}.1/30", "dev", cable)
            await _ip("link", "set", cable, "up")
            await _ip("-n", space, "addr", "add", f"{net}.2/30", "dev", "eth0")
            for device in ("lo", "eth0"):
                await _ip("-n", space, "link", "set", device, "up")
            # All lines are at our ends of the cables, so each server needs the way to the others' too.
            await _ip("-n", space, "route", "add", "default", "via", f"{net}.1")
            sites[name] = Site(
                server=f"{net}.2", line=f"{net}.1", through=("ip", "netns", "exec", space), cable=cable
            )
        yield sites
    finally:
        for space in spaces:
            # With the namespace its end of the cable goes, and with that the other.
            await _ip("netns", "del", space)


async def pull(site: Site) -> None:
    """The cable is out: nothing gets through, and nobody is told."""
    await _ip("link", "set", site.cable, "down")


async def plug(site: Site) -> None:
    """The cable is in again."""
    await _ip("link", "set", site.cable, "up")


async def _ip(*words: str) -> None:
    process = await asyncio.create_subprocess_exec(
        "ip", *words, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    if process.returncode:
        raise ImpossibleError(f"ip {' '.join(words)}: {said.decode().strip()}")
