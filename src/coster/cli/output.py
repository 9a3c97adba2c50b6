"""What a command says: tables and progress for people, JSON for programs, and one sentence where something is wrong."""

from __future__ import annotations

import contextlib
import enum
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.measure import Measurement
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column, Table

# A pipe has no width; what is printed into one is read by people too, in logs.
_WIDTH_OF_A_PIPE = 126
_ANY_WIDTH = 10_000


class Exit(enum.IntEnum):
    """How a command ends; docs/reference/cli.md explains each."""

    DONE = 0
    WRONG = 1
    USAGE = 2
    ROWS_FAILED = 3
    REFUSED = 4
    IN_USE = 5
    INTERRUPTED = 130
    NOT_READ = 141


class FailedError(Exception):
    """A command cannot go on; the message is one sentence for whoever typed it."""

    def __init__(self, message: str, code: Exit = Exit.REFUSED) -> None:
        super().__init__(message)
        self.code = code


def console(*, stderr: bool = False) -> Console:
    """The terminal, or a pipe that is wide enough for our tables; made anew, since tests put other files in place."""
    file = sys.stderr if stderr else sys.stdout
    return Console(
        file=file, width=None if file.isatty() else _WIDTH_OF_A_PIPE, highlight=False, soft_wrap=False
    )


def say(text: str, *, stderr: bool = False) -> None:
    """A line for people, as it is; on standard error where standard output is for something else."""
    print(text, file=sys.stderr if stderr else sys.stdout, flush=True)


def complain(text: str) -> None:
    """A line about something that is wrong, beside the output."""
    print(f"coster: {text}", file=sys.stderr, flush=True)


def nobody_reads() -> None:
    """Whoever read the output has gone away (`coster … | head`): what is left of it goes nowhere, and nothing is said of that."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
            continue
        with contextlib.suppress(OSError, ValueError):
            os.dup2(nowhere, stream.fileno())


def as_json(value: Any) -> None:
    """A value for programs: JSON, indented."""
    print(msgspec.json.format(msgspec.json.encode(value), indent=2).decode(), flush=True)


def table(title: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Rows for people; what is None shows as a dash. Where their words do not fit side by side, a row is a block of lines."""
    told = [["–" if cell is None else str(cell) for cell in row] for row in rows]
    # What has no space in it (an id, an instant) is there to be copied, and stays in one piece.
    words = [not any(" " in row[at] for row in told) for at in range(len(header))]
    columns = [Column(name, no_wrap=whole) for name, whole in zip(header, words, strict=True)]
    shown = Table(*columns, title=title or None, title_justify="left", title_style="bold")
    for row in told:
        shown.add_row(*row)
    screen = console()
    if Measurement.get(screen, screen.options.update(max_width=_ANY_WIDTH), shown).minimum <= screen.width:
        screen.print(shown)
        return
    label = max(map(len, header))
    blocks = [
        "\n".join(f"{name:{label}}  {cell}" for name, cell in zip(header, row, strict=True)) for row in told
    ]
    say("\n\n".join([title, *blocks] if title else blocks))


def progress() -> Progress:
    """A progress bar on standard error, for bytes, with a field `told` for words; nothing where that is no terminal."""
    shown = console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[told]}"),
        TimeRemainingColumn(),
        console=shown,
        disable=not shown.is_terminal,
    )
