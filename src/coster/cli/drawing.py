"""Draws the flows that are shipped: `python -m coster.cli.drawing DIRECTORY` writes the pictures of docs/reference/flows."""

from __future__ import annotations

import sys
from importlib import resources
from pathlib import Path

from coster import domain
from coster.cli.output import Exit
from coster.engine.workflow import draw, language
from coster.engine.workflow.records import Flow


def shipped() -> list[Flow]:
    """Every flow that is shipped, by room and name."""
    rooms = sorted(resources.files(domain).iterdir(), key=lambda room: room.name)
    directories = [room / "flows" for room in rooms if (room / "flows").is_dir()]
    found = [file for directory in directories for file in directory.iterdir() if file.name.endswith(".yaml")]
    return [
        language.read(file.read_text(encoding="utf-8"), file.name)
        for file in sorted(found, key=lambda file: file.name)
    ]


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
