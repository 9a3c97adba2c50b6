"""`coster flows new`, `check`, `diff`, `draw` and `schema`: flows are written, proved, compared and drawn, as files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from cyclopts import Parameter

from coster.cli import flowfiles, output
from coster.cli.flowfiles import Judged
from coster.cli.output import Exit, FailedError
from coster.engine.workflow import check_migration, declaring, draw, language, schema, starting, writing
from coster.engine.workflow import diff as comparing
from coster.engine.workflow.diff import Change
from coster.engine.workflow.faults import Fault, FlowRefusedError
from coster.engine.workflow.records import Flow
from coster.engine.workflow.trying import shape

_JSON = Parameter(negative="", help="Print JSON.")


def check(
    files: Annotated[list[str], Parameter(help="Files, directories, or names of flows that are shipped.")],
    *,
    strict: Annotated[bool, Parameter(negative="", help="Code 1 for warnings too.")] = False,
    json: Annotated[bool, _JSON] = False,
) -> int:
    """Prove flows, or tell everything that is wrong with them, with the shortest path of events that leads there.

    Each is proved against what its entity's room declares. Flows that are named together, and those that are shipped, may be each
    other's children. Exit code 1 where one is refused; warnings refuse nothing unless `--strict` is given.

    Example: coster flows check order.retail

    Example: coster flows check flows/ --json
    """
    found = flowfiles.judge(source for source in flowfiles.named(files) if not source.scenarios)
    if not found:
        raise FailedError(
            "found no flow, only scenarios or vocabularies; `coster flows test` runs scenarios", Exit.USAGE
        )
    if json:
        output.as_json({"flows": [_judged(one) for one in found]})
    else:
        for one in found:
            _tell(one)
    wrong = any(one.faults or (strict and one.warnings) for one in found)
    if wrong:
        refused = sum(bool(one.faults) for one in found)
        output.complain(
            f"{refused} of {len(found)} flows refused, {sum(len(one.warnings) for one in found)} warnings"
        )
    return Exit.WRONG if wrong else Exit.DONE


def _judged(one: Judged) -> dict[str, Any]:
    """A judged flow for programs."""
    named = {} if one.flow is None else {key: getattr(one.flow, key) for key in ("name", "version", "entity")}
    return {
        "file": one.place,
        **named,
        "proved": not one.faults,
        "faults": one.faults,
        "warnings": one.warnings,
    }


def _tell(one: Judged) -> None:
    """A judged flow for people."""
    flow = one.flow
    if flow is not None and not one.faults:
        size = f"{len(flow.statuses)} statuses, {len(flow.transitions)} rows"
        output.say(f"{one.place}: {flow.name} version {flow.version} is proved ({size})")
    for fault in one.faults:
        output.say(f"{one.place}: {fault}")
    for warning in one.warnings:
        output.say(f"{one.place}: warning: {warning}")


def diff(
    old: Annotated[str, Parameter(help="A file, or the name of a flow that is shipped.")],
    new: Annotated[str, Parameter(help="A file, or the name of a flow that is shipped.")],
    *,
    map_: Annotated[
        list[str] | None,
        Parameter(
            name="--map", help="OLD=NEW: where entities in a status of the old flow go. Again for each."
        ),
    ] = None,
    json: Annotated[bool, _JSON] = False,
) -> int:
    """Tell what differs between two flows, row by row, and what stands against moving entities from one to the other.

    Comments, spacing and the order of statuses make no difference. Exit code 1 where entities could not be moved: a status is
    gone and not mapped, or what they own would be lost.

    Example: coster flows diff order.retail order.retail

    Example: coster flows diff order.retail draft.yaml --map booked=confirmed
    """
    mapped = mapping(map_ or [])
    one, other = flowfiles.flow_of(old)[1], flowfiles.flow_of(new)[1]
    changes = comparing.diff(one, other)
    against = check_migration.migration(one, other, mapped)
    if json:
        output.as_json({"changes": changes, "migration": against})
    else:
        _differ(changes, against)
    if against:
        output.complain(f"entities on version {one.version} could not be moved: {len(against)} reasons")
    return Exit.WRONG if against else Exit.DONE


def mapping(given: list[str]) -> dict[str, str]:
    """Statuses by the words of `--map`. FailedError."""
    if wrong := [word for word in given if not re.fullmatch(r"\w+=\w+", word)]:
        raise FailedError(f"--map: found {wrong[0]}; accepted: OLD=NEW, two statuses", Exit.USAGE)
    return {word.split("=")[0]: word.split("=")[1] for word in given}


def _differ(changes: tuple[Change, ...], against: tuple[Fault, ...]) -> None:
    """Differences for people."""
    for change in changes:
        output.say(str(change))
    if not changes:
        output.say("No difference.")
    for fault in against:
        output.say(f"migration: {fault}")


def draw_(
    files: Annotated[list[str], Parameter(help="Files, directories, or names of flows that are shipped.")],
    *,
    form: Annotated[
        Literal["svg", "mermaid"], Parameter(help="A picture, or text that many pages draw.")
    ] = "svg",
    into: Annotated[
        Path | None,
        Parameter(help="Write NAME.svg or NAME.mmd here, over older pictures, instead of printing."),
    ] = None,
    json: Annotated[bool, Parameter(negative="", help="Print JSON: pictures by name.")] = False,
) -> None:
    """Draw flows: lanes by category, buttons, timers, guards and failures. A draft need not be proved to be drawn.

    Example: coster flows draw order.retail --form mermaid

    Example: coster flows draw flows/ --into pictures
    """
    sources = [source for source in flowfiles.named(files) if not source.scenarios]
    try:
        flows = {flow.name: flow for flow in (language.read(source.text, source.place) for source in sources)}
        pictures = {
            name: draw.svg(flow) if form == "svg" else draw.mermaid(flow) for name, flow in flows.items()
        }
    except FlowRefusedError as refused:
        raise FailedError(str(refused), Exit.WRONG) from None
    if len(pictures) != 1 and into is None and not json:
        raise FailedError(
            f"found {len(pictures)} flows to print; accepted: one, or --into DIRECTORY", Exit.USAGE
        )
    if into is not None:
        into.mkdir(parents=True, exist_ok=True)
        for name, picture in pictures.items():
            place = into / f"{name}.{'svg' if form == 'svg' else 'mmd'}"
            place.write_text(picture, encoding="utf-8")
            output.say(str(place), stderr=json)
    elif not json:
        output.say(next(iter(pictures.values())).rstrip("\n"))
    if json:
        output.as_json(pictures)


def schema_(
    *,
    scenarios: Annotated[bool, Parameter(negative="", help="Of files of scenarios instead.")] = False,
    vocabulary: Annotated[bool, Parameter(negative="", help="Of vocabulary files instead.")] = False,
) -> None:
    """Print the JSON Schema of flow files, with which editors complete and check them while they are written.

    Example: coster flows schema

    Example: coster flows schema --scenarios

    Example: coster flows schema --vocabulary
    """
    if scenarios and vocabulary:
        raise FailedError("found --scenarios and --vocabulary; accepted: one of them", Exit.USAGE)
    if vocabulary:
        output.as_json(declaring.json_schema())
    else:
        output.as_json(shape.json_schema() if scenarios else schema.json_schema())


def new(
    name: Annotated[str, Parameter(help="Name of the flow, for example order.phone.")],
    *,
    entity: Annotated[
        str, Parameter(help="What the flow is for: an entity of a room, for example order.")
    ] = "",
    like: Annotated[str, Parameter(help="Begin with this flow: a file, or one that is shipped.")] = "",
    into: Annotated[Path, Parameter(help="Directory for the file; made where it is not there.")] = Path(),
    json: Annotated[bool, _JSON] = False,
) -> None:
    """Write a file to begin with: a small flow that is proved, with all that it may name; or a copy with the next version.

    Overwrites nothing.

    Example: coster flows new order.phone --entity order --into flows

    Example: coster flows new order.retail --like order.retail --into flows
    """
    text = _copied(name, like) if like else _begun(name, entity)
    try:
        flow = language.read(text, name)
    except FlowRefusedError as refused:
        raise FailedError(str(refused), Exit.USAGE) from None
    place = into / f"{flow.name}{flowfiles.FLOWS}"
    if place.exists():
        raise FileExistsError(f"{place} is there already, and is not overwritten; choose another --into")
    into.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")
    if json:
        output.as_json(
            {"file": str(place), "name": flow.name, "version": flow.version, "entity": flow.entity}
        )
    else:
        output.say(f"{place}: {flow.name} version {flow.version}")


def _begun(name: str, entity: str) -> str:
    """The text of a small flow. FailedError: no room declares the entity."""
    known = flowfiles.vocabularies()
    if entity not in known:
        accepted = ", ".join(sorted(known))
        raise FailedError(f"--entity: found '{entity}'; accepted: {accepted}; or --like FLOW", Exit.USAGE)
    return starting.text(name, known[entity])


def _copied(name: str, like: str) -> str:
    """The text of a flow under a name, comments kept; the next version, where it is the same flow."""
    source, flow = flowfiles.flow_of(like)
    version = flow.version + 1 if flow.name == name else 1
    wanted = msgspec.structs.replace(flow, name=name, version=version)
    text = re.sub(r"(?m)^name:.*$", f"name: {name}", source.text, count=1)
    text = re.sub(r"(?m)^version:.*$", f"version: {version}", text, count=1)
    try:
        kept = _same(language.read(text, name), wanted)
    except FlowRefusedError:
        kept = False
    return text if kept else writing.write(wanted)


def _same(one: Flow, other: Flow) -> bool:
    """Whether two flows do the same under the same name and version."""
    return writing.plain(one) == writing.plain(other)
