"""`coster flows overdue|timeline`: what is late, and what became of an order or held order, on a running server, over HTTP."""

from __future__ import annotations

import urllib.parse
from typing import Annotated, Any, Final, Literal

from cyclopts import Parameter

from coster.cli import output
from coster.cli.flowversions import HERE, AsJson
from coster.cli.remote import Remote, Server

What = Literal["orders", "held-orders"]
_KINDS: Final[tuple[What, ...]] = ("orders", "held-orders")


def overdue(
    what: Annotated[What | None, Parameter(help="Only these; without it both.")] = None,
    *,
    json: AsJson = False,
    server: Server = HERE,
) -> None:
    """List orders and held orders that are longer in their status than its service level (`sla`) says, the longest first.

    Example: coster flows overdue

    Example: coster flows overdue held-orders --json
    """
    with Remote(server) as remote:
        found = [one for kind in _KINDS if what in (None, kind) for one in remote.every(f"overdue/{kind}")]
    found.sort(key=lambda one: str(one["sla_at"]))
    if json:
        output.as_json(found)
        return
    if found:
        columns = ("entity", "id", "number", "label", "flow", "since", "late since")
        rows = [
            (*(one[name] for name in columns[:4]), f"{one['flow']} {one['flow_version']}", one["entered_at"], one["sla_at"])
            for one in found
        ]  # fmt: skip
        output.table("", columns, rows)
    output.say(f"{len(found)} overdue.")


def timeline(
    what: Annotated[What, Parameter(help="What it is.")],
    id_: Annotated[str, Parameter(name="id", help="Its id.")],
    *,
    json: AsJson = False,
    server: Server = HERE,
) -> None:
    """Tell the story of an order or a held order: what happened, by whom and why, what was refused, and what is due.

    Example: coster flows timeline orders 0193f2a0-0000-7000-8000-000000000003
    """
    path = f"{what}/{urllib.parse.quote(id_, safe='')}/timeline"
    with Remote(server) as remote:
        if json:
            told: Any = remote.get(path)
            output.as_json(told)
            return
        output.say(remote.ask("GET", path, accept="text/plain").text.rstrip("\n"))
