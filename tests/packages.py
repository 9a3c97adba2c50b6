"""Packages of examples/ as an installer would put them beside Coster, without one."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

EXAMPLES = Path(__file__).parents[1] / "examples"


def install(name: str, place: Path) -> Path:
    """Puts the example into the directory: its modules, and its metadata as pyproject.toml says. Gives the directory."""
    example = EXAMPLES / name
    shutil.copytree(example / "src", place, dirs_exist_ok=True)
    project = tomllib.loads((example / "pyproject.toml").read_text("utf-8"))["project"]
    metadata = place / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    metadata.mkdir()
    head = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (metadata / "METADATA").write_text(head, "utf-8")
    points = [
        f"[{group}]\n" + "".join(f"{name} = {what}\n" for name, what in found.items())
        for group, found in project["entry-points"].items()
    ]
    (metadata / "entry_points.txt").write_text("\n".join(points), "utf-8")
    return place
