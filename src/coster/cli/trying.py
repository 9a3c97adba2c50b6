"""`coster flows simulate` and `coster flows test`: a flow is lived through in memory before it is believed."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from cyclopts import Parameter, validators

from coster.cli import flowfiles, output
from coster.cli.flowfiles import SCENARIOS, Source
from coster.cli.output import Exit, FailedError
from coster.engine.workflow import compile as compiling
from coster.engine.workflow import plugins
from coster.engine.workflow.actions import Vocabulary
from coster.engine.workflow.faults import FlowRefusedError
from coster.engine.workflow.records import Flow
from coster.engine.workflow.step import Table
from coster.engine.workflow.trying import facts, judging, scenario, story
from coster.engine.workflow.trying.coverage import Coverage, coverage
from coster.engine.workflow.trying.judging import Verdict
from coster.engine.workflow.trying.life import Life, StoppedError, World
from coster.engine.workflow.trying.scenario import Book, Scenario
from coster.engine.workflow.trying.story import Seen


class _Ground(msgspec.Struct, frozen=True, kw_only=True):
    """The flows at hand, with what their rooms declare."""

    flows: dict[str, Flow]
    known: dict[str, Vocabulary]
    actions: dict[str, plugins.Action]

    def trying(self, place: str, book: Book) -> tuple[Table, World]:
        """The flow of some scenarios, with what it is lived through in.

        FailedError: there is none, it is not proved, or the scenarios name what it does not have.
        """
        flow = self.flows.get(book.flow)
        if flow is None:
            accepted = ", ".join(self.flows)
            raise FailedError(f"{place}: found the flow '{book.flow}'; accepted: {accepted}", Exit.WRONG)
        vocabulary = self.known.get(flow.entity)
        if vocabulary is None:
            accepted = ", ".join(sorted(self.known))
            raise FailedError(f"{flow.name} is for '{flow.entity}'; accepted: {accepted}", Exit.WRONG)
        try:
            table = compiling.compile_flow(flow, vocabulary, self.flows)
            facts.refuse(book, flow, vocabulary, self.flows, source=place)
            given = judging.calendars_of(book)
        except FlowRefusedError as refused:
            raise FailedError(str(refused), Exit.WRONG) from None
        actions = {name: one for name, one in self.actions.items() if one.entity == flow.entity}
        return table, World(vocabulary=vocabulary, library=self.flows, calendars=given, actions=actions)


class _Tried(msgspec.Struct, frozen=True, kw_only=True):
    """A file of scenarios with what came of it."""

    place: str
    flow: Flow
    verdicts: tuple[Verdict, ...]


def run_scenarios(
    files: Annotated[
        list[str],
        Parameter(help="Files of scenarios or of flows, directories, or names of flows that are shipped."),
    ],
    *,
    least: Annotated[
        int,
        Parameter(
            validator=validators.Number(gte=0, lte=100),
            help="How many rows of each flow its scenarios must carry out, in percent.",
        ),
    ] = 0,
    json: Annotated[bool, Parameter(negative="", help="Print JSON.")] = False,
) -> int:
    """Live through scenarios, hold what comes of them against what is expected, and tell which rows none of them carries out.

    The scenarios of a flow stand beside it: order.phone.scenarios.yaml beside order.phone.yaml. Exit code 1 where one does not come as
    expected, where a file is not understood, or where a flow is covered less than `--least`.

    Example: coster flows test order.retail

    Example: coster flows test flows/ --least 100
    """
    sources = flowfiles.with_neighbours(flowfiles.named(files))
    ground = _ground([source for source in sources if not source.scenarios])
    tried = [_try(source, ground) for source in sources if source.scenarios]
    if not tried:
        raise FailedError(
            f"found no scenarios; accepted: files that end in {SCENARIOS}, or flows beside them", Exit.USAGE
        )
    covered = _covered(tried)
    broken = sum(not verdict.kept for one in tried for verdict in one.verdicts)
    thin = sorted(name for name, found in covered.items() if found.percent < least)
    if json:
        output.as_json(_as_data(tried, covered))
    else:
        _tell(tried, covered)
    if broken:
        output.complain(
            f"{broken} of {sum(len(one.verdicts) for one in tried)} scenarios did not come as expected"
        )
    if thin:
        output.complain(f"covered less than {least} %: {', '.join(thin)}")
    return Exit.WRONG if broken or thin else Exit.DONE


def simulate(
    flow: Annotated[
        str, Parameter(help="A file of a flow or of scenarios, or the name of a flow that is shipped.")
    ],
    steps: Annotated[
        list[str] | None,
        Parameter(
            help="Events, durations to wait, or steps as in a scenario: '{event: cancel, attributes: {…}}'."
        ),
    ] = None,
    *,
    given: Annotated[
        str, Parameter(help="How it begins, as in a scenario: '{status: booked, context: {…}, at: …}'.")
    ] = "{}",
    named: Annotated[str, Parameter(help="Of a file of scenarios only those with this in their name.")] = "",
    json: Annotated[bool, Parameter(negative="", help="Print JSON.")] = False,
) -> int:
    """Live through events in memory, and tell each step: guards with what they read, rows, actions, messages, timers.

    Guards read what `--given` says of the context, and nothing else is known in memory. Time passes only where a step says so, and
    fires what is due. A file of scenarios is lived through scenario by scenario. Exit code 1
    where a life cannot go on, because a guard reads what was not given.

    Example: coster flows simulate order.retail complete_checkout P1D cancel

    Example: coster flows simulate wholesale.held complete --given '{context: {lines: 0}}'

    Example: coster flows simulate order.b2b submit --given '{context: {order.total: 900, approval.level: 0}}'

    Example: coster flows simulate order.retail.scenarios --named expires
    """
    source, book = _asked(flow, steps or [], given)
    chosen = [one for one in book.scenarios if named in one.name]
    if not chosen:
        raise FailedError(f"found no scenario with '{named}' in its name", Exit.USAGE)
    ground = _ground([one for one in flowfiles.with_neighbours([source]) if not one.scenarios])
    table, world = ground.trying(source.place, book)
    lives = [(one.name, *_lived(one, table, world)) for one in chosen]
    if json:
        output.as_json([{"name": name, "seen": seen, "stopped": why} for name, seen, why in lives])
    else:
        _tell_lives(lives)
    for one, (_, _, why) in zip(chosen, lives, strict=True):
        if why:
            output.complain(
                why + _hint(facts.wanted(table, world.vocabulary.context, one.given.context), why)
            )
    return Exit.WRONG if any(why for _, _, why in lives) else Exit.DONE


def _hint(wanted: dict[str, Any], why: str) -> str:
    """How to give what a guard has read in vain; nothing where a life was stopped by something else."""
    if not any(f"'{name}'" in why for name in wanted):
        return ""
    written = msgspec.json.format(msgspec.json.encode({"context": wanted}), indent=0).decode()
    return f". Say how things stand, for example: --given '{written}'"


def _asked(flow: str, steps: list[str], given: str) -> tuple[Source, Book]:
    """The file that is named, with its scenarios, or with one of what was typed. FailedError."""
    sources = flowfiles.named([flow])
    if len(sources) != 1:
        raise FailedError(f"{flow}: found {len(sources)} files; accepted: one", Exit.USAGE)
    if not sources[0].scenarios:
        name = flowfiles.flow_of(flow)[1].name
        return sources[0], Book(flow=name, scenarios=(_typed(steps, given),))
    if steps:
        raise FailedError("found steps beside scenarios; accepted: one of both", Exit.USAGE)
    return sources[0], _book(sources[0])


def _tell_lives(lives: list[tuple[str, list[Seen], str]]) -> None:
    """What was lived through, for people."""
    for name, seen, _ in lives:
        if name:
            output.say(f"{name}:")
        for happened in seen:
            output.say("\n".join(story.told(happened)))


def _typed(steps: list[str], given: str) -> Scenario:
    """A scenario of what was typed. FailedError."""
    if not steps:
        raise FailedError(
            "found no steps; accepted: events, durations such as PT30M, or steps as in a scenario", Exit.USAGE
        )
    try:
        found = tuple(scenario.step(word) for word in steps)
        return Scenario(name="", given=scenario.given(given), steps=found)
    except FlowRefusedError as refused:
        raise FailedError(str(refused), Exit.USAGE) from None


def _lived(one: Scenario, table: Table, world: World) -> tuple[list[Seen], str]:
    """What was seen, and why it did not go on; empty: it did."""
    seen: list[Seen] = []
    try:
        life = Life(table, world, one.given)
        for step in one.steps:
            seen += life.step(step)
    except StoppedError as stopped:
        return seen, str(stopped)
    return seen, ""


def _ground(sources: list[Source]) -> _Ground:
    """The flows of the sources, and those that are shipped. FailedError: one has no form."""
    judged = flowfiles.judge(sources)
    for one in judged:
        if one.flow is None:
            raise FailedError(str(FlowRefusedError(one.place, one.faults)), Exit.WRONG)
    named = {one.flow.name: one.flow for one in judged if one.flow is not None}
    actions = {action.spec.name: action for action in flowfiles.installed()}
    return _Ground(
        flows={**flowfiles.shipped(), **named}, known=flowfiles.vocabularies(sources), actions=actions
    )


def _book(source: Source) -> Book:
    """The scenarios of a file. FailedError."""
    try:
        return scenario.read(source.text, source.place)
    except FlowRefusedError as refused:
        raise FailedError(str(refused), Exit.WRONG) from None


def _try(source: Source, ground: _Ground) -> _Tried:
    """What came of a file of scenarios. FailedError."""
    book = _book(source)
    table, world = ground.trying(source.place, book)
    verdicts = tuple(judging.judge(one, table, world) for one in book.scenarios)
    return _Tried(place=source.place, flow=table.flow, verdicts=verdicts)


def _covered(tried: list[_Tried]) -> dict[str, Coverage]:
    """Coverage by flow, of all scenarios together."""
    flows = {one.flow.name: one.flow for one in tried}
    return {
        name: coverage(
            flow,
            [
                seen
                for one in tried
                if one.flow.name == name
                for verdict in one.verdicts
                for seen in verdict.seen
            ],
        )
        for name, flow in flows.items()
    }


def _as_data(tried: list[_Tried], covered: dict[str, Coverage]) -> dict[str, Any]:
    """What came of scenarios, for programs."""
    scenarios = [
        {
            "file": one.place,
            "flow": one.flow.name,
            "name": verdict.name,
            "kept": verdict.kept,
            "broken": verdict.broken,
        }
        for one in tried
        for verdict in one.verdicts
    ]
    rows = {
        name: {"percent": found.percent, "rows": found.rows, "statuses": found.statuses}
        for name, found in covered.items()
    }
    return {"scenarios": scenarios, "coverage": rows}


def _tell(tried: list[_Tried], covered: dict[str, Coverage]) -> None:
    """What came of scenarios, for people."""
    for one in tried:
        for verdict in one.verdicts:
            output.say(f"{'kept  ' if verdict.kept else 'BROKEN'}  {one.flow.name}: {verdict.name}")
            for broken in verdict.broken:
                output.say(f"        {one.place} {broken}")
    for name, found in covered.items():
        output.say(
            f"{name}: {len(found.rows) - len(found.missing)} of {len(found.rows)} rows carried out, {found.percent} %"
        )
        for row in found.missing:
            output.say(f"        never: {row}")
