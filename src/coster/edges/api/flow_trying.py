"""Trying flows over HTTP before they are believed: lives in memory, scenarios, and workflows of another system."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec

from coster.domain.orders.reads import TELLING
from coster.edges.api import flow_shelf
from coster.edges.api.flow_shelf import Shelf, refuse_parts
from coster.edges.api.flows import NUMBER
from coster.edges.http.bodies import Body
from coster.edges.http.call import Answer, Call, answer
from coster.edges.http.fields import Instant
from coster.edges.http.operation import Operation
from coster.edges.http.problems import Fault, Problem, of_faults
from coster.engine.flows import recorded
from coster.engine.flows.folding import described
from coster.engine.flows.model import WRITE
from coster.engine.workflow import compile as compiling
from coster.engine.workflow import language, plugins
from coster.engine.workflow.document import LONGEST
from coster.engine.workflow.faults import FlowRefusedError
from coster.engine.workflow.fluent import converting, reading
from coster.engine.workflow.fluent.converting import Converted
from coster.engine.workflow.fluent.model import ExportRefusedError
from coster.engine.workflow.records import Flow
from coster.engine.workflow.step import Table
from coster.engine.workflow.trying import facts, judging, scenario, story
from coster.engine.workflow.trying.coverage import coverage
from coster.engine.workflow.trying.judging import Verdict
from coster.engine.workflow.trying.life import Life, StoppedError, World
from coster.engine.workflow.trying.replaying import Compared
from coster.engine.workflow.trying.scenario import Book, Scenario
from coster.engine.workflow.trying.story import Seen
from coster.kernel import clock

MOST_STEPS: Final = 500
"""So many steps may be tried at once."""
MOST_LIVES: Final = 1_000
MOST_EVENTS: Final = 20_000
"""So many recorded entities and events may be led again at once."""
_MONTH: Final = dt.timedelta(days=30)


_Written = Annotated[str, msgspec.Meta(max_length=LONGEST)]


class SimulateWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Steps, one after the other: events, durations to wait, or steps as in a scenario. Each as an object, or as text in YAML."""

    steps: Annotated[
        list[Annotated[str, msgspec.Meta(max_length=10_000)] | dict[str, Any]],
        msgspec.Meta(
            description='For example "cancel", "P1D", or {"event": "cancel", "attributes": {"reason": "…"}}.',
            examples=[["P1D", {"event": "cancel", "attributes": {"reason": "Moved away."}}]],
            min_length=1,
            max_length=MOST_STEPS,
        ),
    ]
    given: Annotated[
        _Written | dict[str, Any],
        msgspec.Meta(
            description="How it begins, as in a scenario: status, context, at, children; an object, or YAML.",
            examples=[{"status": "booked"}],
        ),
    ] = {}


class Simulated(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it, as lines for people and step by step for programs; `stopped`: why it did not go on, empty: it did."""

    told: list[str]
    seen: list[dict[str, Any]]
    stopped: str


class TestWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of scenarios: an object, or its text in YAML."""

    scenarios: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST)] | dict[str, Any]


class VerdictSeen(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a scenario: every expectation that was not met."""

    name: str
    line: int
    kept: bool
    broken: list[str]


class RowSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the flow with how often the scenarios carry it out."""

    number: int
    line: int
    on: str
    times: int


class Tested(msgspec.Struct, frozen=True, kw_only=True):
    """What came of all scenarios, and how many rows in a hundred they carry out."""

    kept: bool
    scenarios: list[VerdictSeen]
    percent: int
    rows: list[RowSeen]


class ReplayWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which recorded days are led again, and how many entities at most."""

    since: Annotated[Instant, msgspec.Meta(description="From when on; left out: a month ago.")] | None = None
    until: Annotated[Instant, msgspec.Meta(description="Until when; left out: now.")] | None = None
    entities: Annotated[
        int,
        msgspec.Meta(
            description="So many entities at most, those that come first.",
            ge=1,
            le=MOST_LIVES,
            examples=[MOST_LIVES],
        ),
    ] = MOST_LIVES


class ComparedSeen(msgspec.Struct, frozen=True, kw_only=True):
    """An entity that would have ended differently, or of which it cannot be told (`would` is empty then): since when, and why."""

    id: str
    was: str
    would: str
    parted: Instant | None
    why: str


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of recorded lives, beside what this version would have made of them.

    `whole`: all of the days were read; else until `until`, and `left_out` entities were too many. `moved` were moved to another
    version on the way, and are not compared.
    """

    lives: int
    same: int
    differ: list[ComparedSeen]
    untold: list[ComparedSeen]
    moved: int
    left_out: int
    until: Instant
    whole: bool
    percent: Annotated[
        int, msgspec.Meta(description="Rows in a hundred that entities on this version carried out.")
    ]
    rows: list[RowSeen]


class ImportWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A workflow of Fluent, as JSON in a text."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=reading.LONGEST)]


class FlowImported(msgspec.Struct, frozen=True, kw_only=True):
    """A flow that was made; with placeholders it cannot be published."""

    name: str
    entity: str
    placeholders: int
    text: str


class LineSeen(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a part of the workflow: mapped, approximated (how), or not mapped (why)."""

    path: str
    what: str
    verdict: str
    how: str


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """Flows, and a line for every part of the workflow; nothing is kept."""

    whole: bool
    flows: list[FlowImported]
    report: list[LineSeen]


_replay = Body(ReplayWanted)
_simulate, _test, _import = Body(SimulateWanted), Body(TestWanted), Body(ImportWanted)


async def simulate(call: Call) -> Answer:
    """Lives through events in memory, on a clock of its own, and tells each step; nothing of anybody is touched."""
    refuse_parts(call)
    body = await call.read(_simulate)
    shown, flow = await _flow(call)
    return answer(await asyncio.to_thread(_simulated, shown, flow, body))


async def run_scenarios(call: Call) -> Answer:
    """Lives through scenarios and holds what comes of them against what they expect; also which rows none carries out."""
    refuse_parts(call)
    body = await call.read(_test)
    shown, flow = await _flow(call)
    return answer(await asyncio.to_thread(_tested, shown, flow, _text(body.scenarios)))


async def replay(call: Call) -> Answer:
    """Leads recorded lives again by a version or draft, in memory: who would have ended differently, when and why; nothing is touched.

    At most so many entities and events that it is answered at once; longer days are for `coster flows replay`.
    """
    refuse_parts(call)
    body = await call.read(_replay)
    until = call.at if body.until is None else clock.in_utc(body.until)
    since = until - _MONTH if body.since is None else clock.in_utc(body.since)
    if since >= until:
        raise of_faults("body_invalid", "body", [Fault(pointer="/since", message="must be before `until`.")])
    shown, flow = await _flow(call)
    library = shown.libraries[flow.entity]
    others = {name: other for name, other in shown.in_use.items() if name != flow.name}
    days = recorded.Days(
        org_id=call.org_id, since=since, until=until, telling=TELLING,
        most=recorded.Most(events=MOST_EVENTS, lives=body.entities),
    )  # fmt: skip
    try:
        found = await recorded.again(
            call.parts.database, library, flow, days, others={**others, flow.name: flow}
        )
    except FlowRefusedError as refused:
        raise _refused("flow_refused", refused) from None
    return answer(_replayed(found, until))


def _replayed(found: recorded.Again, until: dt.datetime) -> Replayed:
    rows = found.covered.rows if found.covered else ()
    return Replayed(
        lives=found.lives, same=found.same, differ=[_compared(one) for one in found.differ],
        untold=[_compared(one) for one in found.untold], moved=found.moved, left_out=found.left_out,
        until=found.until or until, whole=not found.left_out and found.until in (None, until),
        percent=found.covered.percent if found.covered else 0,
        rows=[RowSeen(number=row.number, line=row.line, on=row.on, times=row.times) for row in rows],
    )  # fmt: skip


def _compared(one: Compared) -> ComparedSeen:
    return ComparedSeen(id=one.id, was=one.was, would=one.would, parted=one.parted, why=one.why)


async def convert(call: Call) -> Answer:
    """Makes flows of a Fluent workflow, and a report on every part of it. Nothing is kept: what is good, send as a draft."""
    refuse_parts(call)
    body = await call.read(_import)
    return answer(await asyncio.to_thread(_imported, body.text))


async def _flow(call: Call) -> tuple[Shelf, Flow]:
    """The version that the path names. Problems: not_found, flow_text_invalid."""
    async with call.parts.database.read(call.org_id) as conn:
        shown = await flow_shelf.shelf(call, conn)
        number = flow_shelf.number_of(call)
        view = await flow_shelf.version_of(call, conn, shown, call.parameters["name"], number)
    try:
        return shown, language.read(view.text, view.name)
    except FlowRefusedError as refused:
        raise _refused("flow_text_invalid", refused) from None


def _refused(code: str, refused: FlowRefusedError) -> Problem:
    """Faults as a problem."""
    return Problem(
        code, str(refused), members={"count": len(refused.faults), "defects": described(refused.faults)}
    )


def _ground(shown: Shelf, flow: Flow, book: Book) -> tuple[Table, World]:
    """The flow, with what it is lived through in. Problems: flow_refused, flow_scenarios_invalid."""
    vocabulary = shown.libraries[flow.entity].vocabulary
    library = {**shown.in_use, flow.name: flow}
    others = {name: other for name, other in library.items() if name != flow.name}
    try:
        table = compiling.compile_flow(flow, vocabulary, others)
    except FlowRefusedError as refused:
        raise _refused("flow_refused", refused) from None
    try:
        facts.refuse(book, flow, vocabulary, library)
        given = judging.calendars_of(book)
    except FlowRefusedError as refused:
        raise _refused("flow_scenarios_invalid", refused) from None
    actions = {one.spec.name: one for one in plugins.installed() if one.entity == flow.entity}
    return table, World(vocabulary=vocabulary, library=library, calendars=given, actions=actions)


def _simulated(shown: Shelf, flow: Flow, body: SimulateWanted) -> Simulated:
    try:
        steps = tuple(scenario.step(_text(step)) for step in body.steps)
        one = Scenario(name="", given=scenario.given(_text(body.given)), steps=steps)
    except FlowRefusedError as refused:
        raise _refused("flow_scenarios_invalid", refused) from None
    table, world = _ground(shown, flow, Book(flow=flow.name, scenarios=(one,)))
    seen: list[Seen] = []
    stopped = ""
    try:
        life = Life(table, world, one.given)
        for step in one.steps:
            seen += life.step(step)
    except StoppedError as why:
        stopped = str(why)
    told = [line for happened in seen for line in story.told(happened)]
    return Simulated(told=told, seen=[msgspec.to_builtins(happened) for happened in seen], stopped=stopped)


def _text(given: str | dict[str, Any]) -> str:
    """What was given, as text: JSON is YAML too."""
    return given if isinstance(given, str) else msgspec.json.encode(given).decode()


def _tested(shown: Shelf, flow: Flow, text: str) -> Tested:
    try:
        book = scenario.read(text)
    except FlowRefusedError as refused:
        raise _refused("flow_scenarios_invalid", refused) from None
    if sum(len(one.steps) for one in book.scenarios) > MOST_STEPS:
        raise Problem(
            "flow_scenarios_invalid", f"These have more than {MOST_STEPS} steps; send them in parts."
        )
    if book.flow != flow.name:
        raise Problem(
            "flow_scenarios_invalid", f"The scenarios are of {book.flow}, and the flow is {flow.name}."
        )
    table, world = _ground(shown, flow, book)
    verdicts = [judging.judge(one, table, world) for one in book.scenarios]
    found = coverage(flow, [seen for verdict in verdicts for seen in verdict.seen])
    return Tested(
        kept=all(verdict.kept for verdict in verdicts),
        scenarios=[_verdict(verdict) for verdict in verdicts],
        percent=found.percent,
        rows=[RowSeen(number=row.number, line=row.line, on=row.on, times=row.times) for row in found.rows],
    )


def _verdict(verdict: Verdict) -> VerdictSeen:
    broken = [str(one) for one in verdict.broken]
    return VerdictSeen(name=verdict.name, line=verdict.line, kept=verdict.kept, broken=broken)


def _imported(text: str) -> Imported:
    try:
        converted = converting.convert(text)
    except ExportRefusedError as refused:
        raise Problem("flow_import_refused", str(refused)) from None
    return Imported(whole=converted.whole, flows=_flows(converted), report=_report(converted))


def _flows(converted: Converted) -> list[FlowImported]:
    return [
        FlowImported(
            name=flow.name,
            entity=flow.entity,
            placeholders=sum(call.name == "placeholder" for row in flow.transitions for call in row.do),
            text=text,
        )
        for flow, text in zip(converted.flows, converted.texts, strict=True)
    ]


def _report(converted: Converted) -> list[LineSeen]:
    return [
        LineSeen(path=line.path, what=line.what, verdict=line.verdict, how=line.how)
        for line in converted.report
    ]


_ASK: Mapping[str, Any] = {"tag": "flows", "method": "POST", "permission": WRITE}
_TRIED: Final = ("flow_text_invalid", "flow_refused", "flow_scenarios_invalid")
OPERATIONS = (
    Operation(
        id="simulateFlow",
        path="/api/v1/flows/{name}/versions/{number}/simulate",
        summary="Live through events in memory",
        endpoint=simulate,
        body=SimulateWanted,
        answer=Simulated,
        parameters=NUMBER,
        problems=_TRIED,
        **_ASK,
    ),
    Operation(
        id="testFlow",
        path="/api/v1/flows/{name}/versions/{number}/test",
        summary="Live through scenarios",
        endpoint=run_scenarios,
        body=TestWanted,
        answer=Tested,
        parameters=NUMBER,
        problems=_TRIED,
        **_ASK,
    ),
    Operation(
        id="replayFlow",
        path="/api/v1/flows/{name}/versions/{number}/replay",
        summary="Lead recorded lives again",
        endpoint=replay,
        body=ReplayWanted,
        answer=Replayed,
        parameters=NUMBER,
        problems=("flow_text_invalid", "flow_refused"),
        **_ASK,
    ),
    Operation(
        id="importFlows",
        path="/api/v1/flows:import",
        summary="Make flows of a workflow of Fluent",
        endpoint=convert,
        body=ImportWanted,
        answer=Imported,
        problems=("flow_import_refused",),
        **_ASK,
    ),
)
