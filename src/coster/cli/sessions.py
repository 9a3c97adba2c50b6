"""`coster sessions`: sales sessions of a running server, over HTTP."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Any, Final, Literal

from cyclopts import App, Parameter

from coster.cli import output, place
from coster.cli.remote import Remote, Server

_HERE: Final = Server()

app = App(name="sessions", help="Sales sessions of a running server, over HTTP with a key.")
SessionId = Annotated[
    uuid.UUID, Parameter(name="id", help="The session's id, as `coster sessions list` shows it.")
]
AsJson = Annotated[bool, Parameter(negative="", help="Print JSON.")]


@app.command(name="list")
def list_sessions(
    *,
    status: Annotated[
        Literal["planned", "open", "closed", "ended"] | None, Parameter(help="Only these.")
    ] = None,
    json: AsJson = False,
    server: Server = _HERE,
) -> None:
    """List sessions, the latest opening first.

    Example: coster sessions list --status open
    """
    with Remote(server) as remote:
        found = remote.every("sessions", **({"status": status} if status else {}))
    if json:
        output.as_json(found)
        return
    columns = ("id", "name", "status", "opens_at", "closes_at", "amend_until")
    # Times of sessions are whole minutes, all in UTC.
    output.table(
        "",
        columns,
        [
            [f"{session[column]:.16}Z" if column in columns[3:] else session[column] for column in columns]
            for session in found
        ],
    )


@app.command(name="open")
def open_session(id_: SessionId, *, json: AsJson = False, server: Server = _HERE) -> None:
    """Open a planned session now.

    Example: coster sessions open 0193f2a0-0000-7000-8000-000000000003
    """
    _move(server, id_, "open", {}, json=json)


@app.command
def close(id_: SessionId, *, json: AsJson = False, server: Server = _HERE) -> None:
    """Close an open session now. Orders can be made smaller until its amendment deadline.

    Example: coster sessions close 0193f2a0-0000-7000-8000-000000000003
    """
    _move(server, id_, "close", {}, json=json)


@app.command
def reopen(  # noqa: PLR0913 - each is an option of its own on the command line
    id_: SessionId,
    *,
    until: Annotated[str, Parameter(help="When it closes then, for example 2026-11-27T18:00:00Z.")],
    reason: Annotated[str, Parameter(help="Why; it is kept.")],
    amend_until: Annotated[str | None, Parameter(help="When its orders become final then.")] = None,
    json: AsJson = False,
    server: Server = _HERE,
) -> None:
    """Open a closed session again, until an instant and for a reason; both are kept.

    Example: coster sessions reopen 0193f2a0-0000-7000-8000-000000000003 --until 2026-11-27T18:00:00Z --reason "Shop was down"
    """
    attributes = {"closes_at": place.parsed(dt.datetime, until, "--until"), "reason": reason}
    if amend_until:
        attributes["amend_until"] = place.parsed(dt.datetime, amend_until, "--amend-until")
    _move(server, id_, "reopen", attributes, json=json)


@app.command
def end(id_: SessionId, *, json: AsJson = False, server: Server = _HERE) -> None:
    """End a closed session once its amendment window is over; its held orders are completed. The server does so by itself.

    Example: coster sessions end 0193f2a0-0000-7000-8000-000000000003
    """
    _move(server, id_, "end", {}, json=json)


def _move(server: Server, id_: uuid.UUID, event: str, attributes: dict[str, Any], *, json: bool) -> None:
    with Remote(server) as remote:
        moved = remote.post(f"sessions/{id_}/events", {"name": event, "attributes": attributes})
    if json:
        output.as_json(moved)
    else:
        output.say(
            f"{moved['name']}: {moved['status']}{'' if moved['changed'] else ' already; nothing was changed'}"
        )
