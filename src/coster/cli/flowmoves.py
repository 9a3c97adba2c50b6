"""`coster flows migrate|undo`: entities go from version to version on a running server, over HTTP."""

from __future__ import annotations

import time
import uuid
from typing import Annotated, Any, Final

from cyclopts import Parameter, validators

from coster.cli import flowing, output
from coster.cli.flowversions import HERE, AsJson, Maps, Name, Reason, told
from coster.cli.output import Exit, FailedError
from coster.cli.remote import Remote, Server

_BETWEEN_LOOKS: Final = 0.2
_PLACES: Final = ("from version", "status", "to version", "status there", "how many")
_ENTITIES: Final = ("id", "from version", "status", "to version", "status there")


def migrate(  # noqa: PLR0913 - each is an option of its own on the command line
    name: Name,
    *,
    to: Annotated[int, Parameter(help="The version to which they go.")],
    from_: Annotated[
        list[int] | None,
        Parameter(
            name="--from",
            help="A version that they leave. Again for each; without it every one that has any.",
        ),
    ] = None,
    map_: Maps = None,
    reason: Reason = "",
    dry_run: Annotated[bool, Parameter(negative="", help="Only show who would go where.")] = False,
    limit: Annotated[
        int,
        Parameter(validator=validators.Number(gte=0, lte=500), help="With --dry-run: show so many of them."),
    ] = 50,
    wait: Annotated[bool, Parameter(help="Wait until all have gone.")] = True,
    json: AsJson = False,
    server: Server = HERE,
) -> int:
    """Move entities of a flow to another version; what has ended stays where it ended.

    Statuses keep their names, or go as --map says, or as it was said when the version was published. With --dry-run nothing
    happens: it shows how many would go from which status to which, and then entity by entity. Exit code 1 where somebody would be
    lost. A move is undone by `coster flows undo`.

    Example: coster flows migrate order.retail --to 2 --dry-run

    Example: coster flows migrate order.retail --from 1 --to 2 --map booked=confirmed --reason "The old one is over"
    """
    if not reason and not dry_run:
        raise FailedError("--reason: say why; it is kept with the move", Exit.USAGE)
    with Remote(server) as remote:
        sources = from_ or _sources(remote, name, to)
        body: dict[str, Any] = {
            "name": name,
            "sources": sources,
            "to_version": to,
            "reason": reason or "a look",
        }
        body["mapping"] = flowing.mapping(map_) if map_ else None
        shown = (
            remote.post("flow-migrations:preview", {**body, "limit": max(limit, 1)}) if sources else _NOBODY
        )
        if dry_run or shown["faults"] or not sources:
            return _look(name, shown, limit=limit, json=json, dry_run=dry_run)
        move = remote.post("flow-migrations", body)
        return _follow(remote, move["id"], wait=wait, json=json)


_NOBODY: Final[dict[str, Any]] = {"faults": [], "places": [], "total": 0, "entities": [], "next": None}


def _sources(remote: Remote, name: str, to: int) -> list[int]:
    """Every other version on which something is."""
    counts = remote.get(f"flows/{name}?counts=true")["counts"] or []
    return sorted({one["version"] for one in counts if one["version"] != to and one["count"]})


def _look(name: str, shown: dict[str, Any], *, limit: int, json: bool, dry_run: bool) -> int:
    """What would happen, for people or programs; the exit code."""
    faults = shown["faults"]
    if json:
        output.as_json(shown)
    else:
        for fault in faults:
            output.say(told(fault))
        if dry_run and shown["places"]:
            _tables(shown, limit)
        if not faults:
            going = f"{name}: {_total(shown)} would go."
            output.say(going if dry_run else f"{name}: nobody is on another version.")
    if faults:
        output.complain(f"entities of {name} could not be moved: {len(faults)} reasons")
    return Exit.WRONG if faults else Exit.DONE


def _total(shown: dict[str, Any]) -> str:
    """How many would go; of very many only how many there are at least."""
    return f"{'at least ' * any(one['more'] for one in shown['places'])}{shown['total']}"


def _tables(shown: dict[str, Any], limit: int) -> None:
    """How many go from where to where, and the first of them one by one."""
    to = shown["entities"][0]["to_version"] if shown["entities"] else None
    rows = [
        (one["version"], one["status"], to, one["to"], f"{one['count']}{'+' * one['more']}")
        for one in shown["places"]
    ]
    output.table("", _PLACES, rows)
    entities = shown["entities"][:limit]
    columns = ("entity_id", "from_version", "from_status", "to_version", "to_status")
    if entities:
        output.table("", _ENTITIES, [[one[column] for column in columns] for one in entities])
    if len(entities) < shown["total"]:
        output.say(f"{len(entities)} of {_total(shown)} are shown; --limit shows more of them.")


def undo(
    id_: Annotated[
        uuid.UUID, Parameter(name="id", help="The move's id, as `coster flows migrate` shows it.")
    ],
    *,
    reason: Reason,
    wait: Annotated[bool, Parameter(help="Wait until all have gone.")] = True,
    json: AsJson = False,
    server: Server = HERE,
) -> int:
    """Undo a move: everybody whom it moved goes back to the version and the status from which it took him.

    Who has gone on since stays, and is counted. A move is undone once.

    Example: coster flows undo 0193f2a0-0000-7000-8000-000000000009 --reason "It was the wrong version"
    """
    with Remote(server) as remote:
        move = remote.post(f"flow-migrations/{id_}/undo", {"reason": reason})
        return _follow(remote, move["id"], wait=wait, json=json)


def _follow(remote: Remote, id_: str, *, wait: bool, json: bool) -> int:
    """How a move goes, until it is done where somebody waits for it."""
    move = remote.get(f"flow-migrations/{id_}")
    with output.progress() as shown:
        task = shown.add_task("moving", total=None, told="")
        while wait and move["state"] == "running":
            shown.update(task, told=f"{move['moved']} moved")
            time.sleep(_BETWEEN_LOOKS)
            move = remote.get(f"flow-migrations/{id_}")
    if json:
        output.as_json(move)
        return Exit.DONE
    stayed = f", {move['stayed']} stayed because they had gone on" if move["undoes"] else ""
    state = "done" if move["state"] == "done" else "running"
    output.say(f"{id_}: {state}, {move['moved']} moved{stayed}.")
    return Exit.DONE
