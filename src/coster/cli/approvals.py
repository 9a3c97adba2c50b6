"""`coster approvals`: orders that wait for whoever asks, and what they decide about many at once, over HTTP with their key."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from cyclopts import App, Parameter

from coster.cli import output
from coster.cli.output import Exit, FailedError
from coster.cli.remote import Remote, Server

_HERE: Final = Server()
_NDJSON: Final = "application/x-ndjson"

app = App(
    name="approvals",
    help="Orders that wait for your approval, on a running server, over HTTP with a key.",
    help_epilogue="Exit codes: 0 done; 3 some orders were refused; 4 server not reached, or key refused.",
)
AsJson = Annotated[bool, Parameter(negative="", help="Print JSON.")]
Every = Annotated[bool, Parameter(name="--all", negative="", help="Every order that waits.")]


@app.command(name="list")
def list_approvals(*, json: AsJson = False, server: Server = _HERE) -> None:
    """List the orders that wait for your approval, newest first.

    Example: coster approvals list
    """
    with Remote(server) as remote:
        found = remote.every("approvals")
    if json:
        output.as_json(found)
        return
    columns = ("number", "reference", "total", "currency", "level", "levels", "asked_at", "id")
    output.table("", columns, [[one[column] for column in columns] for one in found])
    output.say(f"{len(found)} orders wait.")


@app.command
def approve(*orders: str, every: Every = False, json: AsJson = False, server: Server = _HERE) -> None:
    """Approve orders, each for itself: one that was changed meanwhile is refused and keeps none of the others back.

    Example: coster approvals approve 7Z3K9Q0X2M

    Parameters
    ----------
    orders
        Ids of orders, or their numbers, as `coster approvals list` shows them.
    """
    _decide(server, orders, {"decision": "approve"}, every=every, json=json)


@app.command
def deny(
    *orders: str,
    reason: Annotated[str, Parameter(help="Why; kept with each order's remarks.")] = "",
    every: Every = False,
    json: AsJson = False,
    server: Server = _HERE,
) -> None:
    """Deny orders, each for itself.

    Example: coster approvals deny 7Z3K9Q0X2M --reason "Too dear."

    Parameters
    ----------
    orders
        Ids of orders, or their numbers, as `coster approvals list` shows them.
    """
    _decide(server, orders, {"decision": "deny", "reason": reason}, every=every, json=json)


def _decide(
    server: Server, orders: tuple[str, ...], decision: dict[str, str], *, every: bool, json: bool
) -> None:
    if bool(orders) == every:
        raise FailedError("name orders, or give --all", Exit.USAGE)
    with Remote(server) as remote:
        waiting = remote.every("approvals")
        chosen = waiting if every else [_chosen(waiting, name) for name in orders]
        rows = [{"order_id": one["id"], "version": one["version"], **decision} for one in chosen]
        file = b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
        results = remote.send_rows("approvals:batch", file, _NDJSON, dry_run=False) if rows else []
    told = [_told(one, result) for one, result in zip(chosen, results, strict=True)]
    if json:
        output.as_json(told)
    else:
        output.table("", ("number", "reference", "came to", "why"), [list(one.values())[1:] for one in told])
    refused = sum(result["status"] != "accepted" for result in results)
    if refused:
        raise FailedError(f"{refused} of {len(results)} orders were refused", Exit.ROWS_FAILED)


def _chosen(waiting: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """The order that is meant. FailedError: none of these waits."""
    found = [one for one in waiting if name in (one["id"], one["number"])]
    if not found:
        raise FailedError(
            f"no order {name} waits for your approval; `coster approvals list` shows those that do"
        )
    return found[0]


def _told(order: dict[str, Any], result: dict[str, Any]) -> dict[str, str]:
    problem = result.get("problem") or {}
    came = problem.get("code") or result["value"]["status"]
    return {
        "id": order["id"],
        "number": order["number"],
        "reference": order["reference"],
        "came_to": came,
        "why": str(problem.get("detail") or ""),
    }
