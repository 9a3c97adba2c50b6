"""Draws the flows that are shipped: `python -m coster.cli.drawing DIRECTORY` writes the pictures of docs/reference/flows."""

from __future__ import annotations

import sys
from pathlib import Path

from coster.cli import flowfiles
from coster.cli.output import Exit
from coster.engine.workflow import draw
from coster.engine.workflow.records import Flow


def shipped() -> list[Flow]:
    """Every flow that is shipped, by name."""
    return list(flowfiles.shipped().values())


def draw_into(directory: Path, flows: list[Flow]) -> list[Path]:
    """Writes the pictures and their page into the directory, and removes pictures of flows that are gone. Yields what is there now."""
    directory.mkdir(parents=True, exist_ok=True)
    texts = draw.files(flows)
    for old in directory.glob("*.svg"):
        if old.name not in texts:
            old.unlink()
    for name, text in texts.items():
        (directory / name).write_text(text, encoding="utf-8")
    return [directory / name for name in texts]


def main(arguments: list[str]) -> int:
    """Draws into the directory that is named."""
    if len(arguments) != 1:
        print("Usage: python -m coster.cli.drawing DIRECTORY", file=sys.stderr)
        return Exit.USAGE
    for path in draw_into(Path(arguments[0]), shipped()):
        print(path)
    return Exit.DONE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
