"""Scenarios against a flow: each is lived through, and what came of it is held against what was expected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from coster.engine.workflow import calendars
from coster.engine.workflow.calendars import Calendar
from coster.engine.workflow.document import Plain
from coster.engine.workflow.faults import Fault, FlowRefusedError
from coster.engine.workflow.records import ActionCall, Flow
from coster.engine.workflow.step import Table
from coster.engine.workflow.trying.life import Life, StoppedError, World
from coster.engine.workflow.trying.scenario import Book, Expected, Scenario
from coster.engine.workflow.trying.story import Seen, Sent, moment


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """An expectation that was not met."""

    line: int
    step: int
    """Number of the step from 1; 0: at the end."""
    what: str
    expected: str
    found: str

    def __str__(self) -> str:
        """The sentence for people."""
        place = f"step {self.step}" if self.step else "at the end"
        return f"line {self.line} {place}: {self.what}: expected {self.expected}; found {self.found}"


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a scenario."""

    name: str
    line: int
    broken: tuple[Broken, ...]
    seen: tuple[Seen, ...]

    @property
    def kept(self) -> bool:
        """Whether everything came as expected."""
        return not self.broken


def calendars_of(book: Book) -> dict[str, Calendar]:
    """The calendars that the room gives. Raises FlowRefusedError: a zone does not exist, or a day stands twice."""
    found: dict[str, Calendar] = {}
    for text in book.calendars:
        try:
            found[text.name] = calendars.calendar(text)
        except ValueError as wrong:
            path = f"calendars.{text.name}"
            fault = Fault(code="calendar_wrong", line=text.line, path=path, message=f"{wrong}.")
            raise FlowRefusedError("scenarios", (fault,)) from None
    return found


def judge(scenario: Scenario, table: Table, world: World) -> Verdict:
    """What came of one scenario, whose names were checked (`facts.refuse`).

    A step that is refused although nobody expected it is a broken expectation too.
    """
    broken: list[Broken] = []
    seen: list[Seen] = []
    last = len(scenario.steps)
    step, number = scenario.steps[0], 0
    try:
        life = Life(table, world, scenario.given)
        for number, step in enumerate(scenario.steps, start=1):
            found = life.step(step)
            seen += found
            expected = step.expect or Expected(line=step.line)
            if number == last and not expected.refused and scenario.expect is not None:
                expected = msgspec.structs.replace(expected, refused=scenario.expect.refused)
            broken += _compared(expected, found, table.flow, number)
    except StoppedError as stopped:
        broken.append(
            Broken(line=step.line, step=number, what="life", expected="to go on", found=str(stopped))
        )
    else:
        if scenario.expect is not None:
            whole = msgspec.structs.replace(scenario.expect, refused=_refused(found))
            broken += _compared(whole, seen, table.flow, 0)
    return Verdict(name=scenario.name, line=scenario.line, broken=tuple(broken), seen=tuple(seen))


def _refused(seen: Sequence[Seen]) -> str:
    """Why nothing came of what a step did; timers that found no row are silent."""
    return next((one.refused for one in seen if one.refused and one.what != "timer"), "")


def _compared(expected: Expected, seen: Sequence[Seen], flow: Flow, step: int) -> Iterator[Broken]:
    """What differs."""
    refused = _refused(seen) if step else expected.refused
    for what, wanted, found in _pairs(expected, seen, flow):
        if wanted != found:
            yield Broken(line=expected.line, step=step, what=what, expected=wanted, found=found)
    if refused != expected.refused:
        detail = next((f" ({one.detail})" for one in seen if one.refused), "")
        yield Broken(
            line=expected.line,
            step=step,
            what="refused",
            expected=expected.refused or "no refusal",
            found=f"{refused or 'no refusal'}{detail}",
        )


def _pairs(expected: Expected, seen: Sequence[Seen], flow: Flow) -> Iterator[tuple[str, str, str]]:
    """What is looked at, with what was expected and what was found, in words."""
    end = seen[-1]
    if expected.status:
        yield "status", expected.status, end.status
    for axis, state in expected.owed.items():
        yield axis, state, flow.status(end.status).owed(axis) or "not declared"
    rows = [row for one in seen for row in one.rows]
    if expected.actions is not None:
        calls = [call for row in rows for call in row.actions]
        yield "actions", _words(expected.actions), _words(_actions(expected.actions, calls))
    if expected.messages is not None:
        sent = [message for row in rows for message in row.messages]
        yield "messages", _words(expected.messages), _words(_messages(expected.messages, sent))
    if expected.timers is not None:
        running = {timer.trigger: timer.due for timer in end.timers}
        wanted = [on if at is None else f"{on} at {moment(at)}" for on, at in sorted(expected.timers.items())]
        found = [
            f"{on} at {moment(due)}"
            if expected.timers.get(on, None if on in expected.timers else due)
            else on
            for on, due in sorted(running.items())
        ]
        yield "timers", _words(wanted), _words(found)


def _actions(expected: Sequence[Plain], calls: Sequence[ActionCall]) -> list[Plain]:
    """The calls as they would be written, by name alone where that is what was expected."""
    told: list[Plain] = []
    for number, call in enumerate(calls):
        short = number < len(expected) and isinstance(expected[number], str)
        told.append(call.name if short or not call.parameters else {call.name: dict(call.parameters)})
    return told


def _messages(expected: Sequence[Plain], sent: Sequence[Sent]) -> list[Plain]:
    """The messages as they would be written, by event alone where that is what was expected."""
    told: list[Plain] = []
    for number, message in enumerate(sent):
        whole = number < len(expected) and isinstance(expected[number], dict)
        told.append({message.event: dict(message.body)} if whole else message.event)
    return told


def _words(found: Sequence[Plain]) -> str:
    """A list in words, alike for lists that are alike."""
    told = [
        one if isinstance(one, str) else msgspec.json.encode(one, order="deterministic").decode()
        for one in found
    ]
    return ", ".join(told) or "none"
