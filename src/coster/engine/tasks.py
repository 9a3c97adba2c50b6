"""Tasks that run beside the work and are ended with it."""

from __future__ import annotations

import asyncio
from typing import Any, Final

_AGAIN_SECONDS: Final = 1.0


async def end(task: asyncio.Task[Any]) -> None:
    """Cancels a task and returns when it has ended, however it ended.

    It is cancelled again and again, because a cancellation can get lost: where a connection breaks at the same moment, the
    driver says that instead, and a loop that lives through broken connections goes on.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=_AGAIN_SECONDS)
