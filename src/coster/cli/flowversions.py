"""`coster flows publish|pin|rollback|export`: versions of flows on a running server, over HTTP."""

from __future__ import annotations

import urllib.parse
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias

from cyclopts import Parameter

from coster.cli import flowfiles, flowing, output
from coster.cli.output import Exit, FailedError
from coster.cli.remote import RefusedError, Remote, Server

HERE: Final = Server()
Reason: TypeAlias = Annotated[str, Parameter(help="Why; it is kept with the change.")]
AsJson: TypeAlias = Annotated[bool, Parameter(negative="", help="Print JSON.")]
Maps: TypeAlias = Annotated[
    list[str] | None,
    Parameter(
        name="--map", help="OLD=NEW: the status that takes the place of one that is gone. Again for each."
    ),
]
Name: TypeAlias = Annotated[str, Parameter(help="Name of the flow, for example order.retail.")]


def publish(  # noqa: PLR0913 - each is an option of its own on the command line
    file: Annotated[str, Parameter(help="A file of a flow.")],
    *,
    reason: Reason,
    map_: Maps = None,
    dry_run: Annotated[bool, Parameter(negative="", help="Only say what would stand against it.")] = False,
    json: AsJson = False,
    server: Server = HERE,
) -> int:
    """Publish a flow: keep its text as a draft, have it proved, and make it a version that is never edited again.

    Nothing begins on it before it is pinned. Where a status of the version that is pinned is gone, say with --map what takes its
    place. Exit code 1 where the checker refuses it: then it stays a draft.

    Example: coster flows publish order.retail.yaml --reason "Phone orders are confirmed by hand"

    Example: coster flows publish order.retail.yaml --map booked=confirmed --reason "Renamed" --dry-run
    """
    source, flow = flowfiles.flow_of(file)
    mapping = flowing.mapping(map_ or [])
    with Remote(server) as remote:
        checked = remote.post("flows:check", {"text": source.text, "mapping": mapping})
        against = [*checked["faults"], *checked["migration"]]
        if not dry_run:
            remote.post(f"{_path(flow.name)}/drafts", {"text": source.text, "reason": reason})
        if not dry_run and not against:
            body = {"reason": reason, "mapping": mapping}
            remote.post(f"{_path(flow.name)}/versions/{flow.version}/publish", body)
    if json:
        output.as_json(
            {"name": flow.name, "version": flow.version, "published": not (dry_run or against), **checked}
        )
    else:
        _tell_checked(file, checked)
    if against:
        kept = "" if dry_run else "; it is kept as a draft"
        output.complain(f"{flow.name} version {flow.version} is not published{kept}: {len(against)} faults")
        return Exit.WRONG
    if not json:
        said = "could be published" if dry_run else "is published"
        output.say(f"{flow.name} version {flow.version} {said}. What is new begins on it once it is pinned.")
    return Exit.DONE


def _tell_checked(file: str, checked: dict[str, Any]) -> None:
    """What the checker says, for people."""
    for kind, mark in (("faults", ""), ("migration", "migration: "), ("warnings", "warning: ")):
        for fault in checked[kind]:
            output.say(f"{file}: {mark}{told(fault)}")


def told(fault: dict[str, Any]) -> str:
    """A fault as the server tells it, in a line."""
    trail = f" Shortest path: {fault['trail']}." if fault["trail"] else ""
    return f"line {fault['line']} {fault['path'] or 'file'}: {fault['message']}{trail} [{fault['code']}]"


def pin(  # noqa: PLR0913 - each is an option of its own on the command line
    name: Name,
    version: Annotated[
        str, Parameter(help="Number of a version, or `shipped`: what comes with the program.")
    ],
    *,
    reason: Reason,
    canary: Annotated[int | None, Parameter(help="A version on which a share of them begins.")] = None,
    share: Annotated[
        str, Parameter(help="How many begin on the canary, in percent with at most one decimal place.")
    ] = "0",
    json: AsJson = False,
    server: Server = HERE,
) -> None:
    """Say on which version of a flow new entities begin from now on; what there is stays on its own.

    Example: coster flows pin order.retail 2 --reason "Tried for a week"

    Example: coster flows pin order.retail 1 --canary 2 --share 2.5 --reason "To be looked at for a day"
    """
    body = {"version": _number(version), "canary": canary, "share": _thousandths(share), "reason": reason}
    with Remote(server) as remote:
        pinned = _ask(remote, "PUT", f"{_path(name)}/pin", body)
    _tell_pin(pinned, json=json)


def rollback(name: Name, *, reason: Reason, json: AsJson = False, server: Server = HERE) -> None:
    """Pin what was pinned before the present pin; a canary alone is taken back too. What began meanwhile stays where it is.

    Refused where somebody pins at the same moment, and where it was done before and nothing was pinned since: pressed twice, it does
    not come back to what was rolled back.

    Example: coster flows rollback order.retail --reason "Orders wait for nobody"
    """
    with Remote(server) as remote:
        pinned = _ask(remote, "POST", f"{_path(name)}/rollback", {"reason": reason})
    _tell_pin(pinned, json=json)


def _tell_pin(pinned: dict[str, Any], *, json: bool) -> None:
    if json:
        output.as_json(pinned)
        return
    version = pinned["flow_version"]
    begins = "as it is shipped, or not at all" if version is None else f"on version {version}"
    canary = f", {pinned['share'] / 10:g} % of them on version {pinned['canary']}" if pinned["canary"] else ""
    output.say(f"{pinned['name']}: new entities begin {begins}{canary} (pin {pinned['pin']}).")


def export(
    names: Annotated[list[str] | None, Parameter(help="Names of flows; none: all that are in use.")] = None,
    *,
    version: Annotated[
        int | None, Parameter(help="This version of the one flow; without it the one in use.")
    ] = None,
    form: Annotated[
        Literal["yaml", "svg"], Parameter(help="The text, or a picture with who is where.")
    ] = "yaml",
    into: Annotated[
        Path | None, Parameter(help="Write NAME.yaml or NAME.svg here instead of printing.")
    ] = None,
    server: Server = HERE,
) -> None:
    """Get flows of a server as files, as they were published. Overwrites nothing.

    Example: coster flows export order.retail --version 2

    Example: coster flows export --into flows
    """
    if version is not None and len(names or []) != 1:
        raise FailedError("--version: found it beside several flows; accepted: beside one", Exit.USAGE)
    with Remote(server) as remote:
        wanted = {name: version or _in_use(remote, name) for name in names or _all(remote)}
        if len(wanted) != 1 and into is None:
            raise FailedError(
                f"found {len(wanted)} flows to print; accepted: one, or --into DIRECTORY", Exit.USAGE
            )
        accept = "application/yaml" if form == "yaml" else "image/svg+xml"
        texts = {
            name: remote.ask("GET", f"{_path(name)}/versions/{number}", accept=accept).text
            for name, number in wanted.items()
        }
    if into is None:
        output.say(next(iter(texts.values())).rstrip("\n"))
        return
    places = {into / f"{name}.{form}": text for name, text in texts.items()}
    if there := [place for place in places if place.exists()]:
        raise FileExistsError(f"{there[0]} is there already, and is not overwritten; choose another --into")
    into.mkdir(parents=True, exist_ok=True)
    for place, text in places.items():
        place.write_text(text, encoding="utf-8")
        output.say(str(place))


def _in_use(remote: Remote, name: str) -> int:
    return int(remote.get(_path(name))["version"])


def _all(remote: Remote) -> list[str]:
    return [flow["name"] for flow in remote.get("flows")["items"] if flow["in_use"]]


def _path(name: str) -> str:
    """Where a flow is; what is no name of one is nowhere."""
    return f"flows/{urllib.parse.quote(name, safe='')}"


def _number(word: str) -> int | None:
    """A version. FailedError."""
    if word == "shipped":
        return None
    if not (word.isascii() and word.isdigit() and 0 < len(word) < 10):
        raise FailedError(f"VERSION: found {word}; accepted: a number, or `shipped`", Exit.USAGE)
    return int(word)


def _thousandths(percent: str) -> int:
    """A share in thousandths. FailedError."""
    try:
        share = Decimal(percent.removesuffix("%")) * 10
    except ArithmeticError:
        share = Decimal(-1)
    if share != share.to_integral_value() or not 0 <= share <= 1000:
        raise FailedError(
            f"--share: found {percent}; accepted: 0 to 100, at most one decimal place", Exit.USAGE
        )
    return int(share)


def _ask(remote: Remote, method: str, path: str, body: Any) -> dict[str, Any]:
    """The answer; where it is refused with faults, these are told before the sentence."""
    try:
        found: dict[str, Any] = remote.ask(method, path, body).json()
    except RefusedError as refused:
        for fault in refused.problem.get("defects", ()):
            output.say(told(fault), stderr=True)
        raise
    return found
