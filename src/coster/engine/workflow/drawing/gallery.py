"""The pictures of several flows with a page that shows them, as files for a directory of documents."""

from __future__ import annotations

import re
from collections.abc import Iterable

from coster.engine.workflow.drawing import measure, words
from coster.engine.workflow.drawing.mermaid import mermaid
from coster.engine.workflow.drawing.svg import svg
from coster.engine.workflow.records import Flow

INDEX = "index.md"
_NAME = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*")
_HEAD = """\
# Flows in pictures

Drawn by `make pictures` from the files that are shipped; do not edit. What the pictures show is explained in [flows](../flows.md#pictures).
"""


def files(flows: Iterable[Flow]) -> dict[str, str]:
    """Text by file name: a picture for each flow, by name, and a page with all of them.

    Raises ValueError for a flow whose name is no file name, and for two flows of one name.
    """
    ordered = sorted(flows, key=lambda flow: flow.name)
    found: dict[str, str] = {}
    for flow in ordered:
        name = f"{flow.name}.svg"
        if not _NAME.fullmatch(flow.name) or name in found:
            raise ValueError(f"found the flow '{flow.name}'; accepted: names of flows, each once")
        found[name] = svg(flow)
    return {**found, INDEX: "\n".join([_HEAD, *(_section(flow) for flow in ordered)])}


def _section(flow: Flow) -> str:
    """What the page has of a flow."""
    title = _plain(words.called(flow))
    about = f"\n{_plain(flow.description)}\n" if flow.description else ""
    return (
        f"## `{flow.name}`\n\n{title}: {_plain(words.heading(flow))}.\n{about}\n"
        f"![{title}]({flow.name}.svg)\n\n"
        f"<details><summary>The same as Mermaid</summary>\n\n```mermaid\n{mermaid(flow)}```\n\n</details>\n"
    )


def _plain(text: str) -> str:
    """Text that Markdown does not take for its own signs."""
    return re.sub(r"([\\`*_\[\]<>&#|!])", r"\\\1", measure.clean(text))
