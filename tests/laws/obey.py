"""The laws themselves: a history is carried out twice, in batches and cut up, and everything that must hold is looked at."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from coster.domain.inventory import reads as inventory
from coster.domain.linking.model import OpenLink
from coster.domain.orders import reads as orders
from coster.domain.wholesale import reads as wholesale
from coster.engine.batch.run import Result
from coster.engine.mail.model import WriteMail
from coster.kernel.message import Command
from coster.kernel.outcome import Accepted, Rejected
from tests.laws.goods import Goods
from tests.laws.organisations import Rows, difference, neutral
from tests.laws.stages import Script, Stage, Stages

_ONLY_THE_ANSWER = frozenset({"command"})
_NOTES = {
    "supplier": {"refresh_at", "refreshed_at", "etag", "failures", "last_error"},
    "link": {"wish"},
    "timer": {"body"},
}
"""What the machinery notes for its next turn, by table and column: nobody is told before something has come of it. A timer that comes
early is set again as it stood, and its body says by then when it is due."""
_FOLLOWS = {OpenLink: frozenset({"link"}), WriteMail: frozenset({"mail"})}
"""What is there because of an event that was told before, of a held order that has begun, or of an order that waits for somebody who is
written to: a row of its own is no news."""


@dataclass(frozen=True)
class Run:
    """Commands of one kind that arrive together: bodies with who asks, after which of them the batch is cut."""

    bodies: tuple[tuple[Any, uuid.UUID], ...]
    cuts: frozenset[int] = frozenset()
    wait_minutes: int = 0

    def pieces(self, commands: Sequence[Command[Any]]) -> list[list[Command[Any]]]:
        """The commands, cut."""
        edges = [0, *sorted(cut for cut in self.cuts if cut < len(commands)), len(commands)]
        return [list(commands[start:end]) for start, end in itertools.pairwise(edges)]


@dataclass
class Trial:
    """One history in two organisations that begin alike: `whole` gets whole batches, `cut` gets the pieces."""

    stages: Stages
    script: Script
    whole: int
    cut: int
    goods: Goods
    done: list[Command[Any]] = field(default_factory=list)

    @classmethod
    async def begin(cls, stages: Stages, stage: Stage) -> Trial:
        """Two copies of a stage."""
        whole, cut = await stages.organisations.copy(stage.org_id, 2)
        return cls(stages, Script(stage), whole, cut, await Goods.of(stages.organisations, cut))

    async def play(self, run: Run) -> list[Result]:
        """One run in both; the answers are the same however the batch is cut."""
        self.script.now += _minutes(run.wait_minutes)
        commands = [self.script.command(body, actor) for body, actor in run.bodies]
        together = await self.stages.run(self.whole, commands)
        apart: list[Result] = []
        for piece in run.pieces(commands):
            answers = await self.stages.run(self.cut, piece)
            for command, answer in zip(piece, answers, strict=True):
                await self.goods.follow(self.stages.organisations, self.cut, command, answer.outcome)
            apart += answers
        assert self.told(self.whole, together) == self.told(self.cut, apart)
        self.done += commands
        return together

    async def end(self) -> None:
        """Both organisations are alike, row for row, and keep every promise."""
        organisations = self.stages.organisations
        whole, cut = await organisations.rows(self.whole), await organisations.rows(self.cut)
        assert difference(whole, cut) == []
        assert await self._broken() == []
        await self.goods.check(organisations, self.cut)
        check_events(cut)

    async def dry_run(self, run: Run) -> list[str]:
        """What a dry run of the next batch answers; it leaves nothing at all."""
        ahead = Script(
            Stage(0, self.script.now + _minutes(run.wait_minutes), self.script.count, self.script.orders)
        )
        before = await self._rows()
        answers = await self.stages.run(
            self.whole, [ahead.command(*asked) for asked in run.bodies], dry_run=True
        )
        assert difference(before, await self._rows()) == []
        return self.told(self.whole, answers)

    async def repeat(self, commands: Sequence[Command[Any]], answers: Sequence[Result]) -> None:
        """The same commands again, each twice, change nothing and are answered the same; other requests under their ids
        are refused."""
        before = await self._rows()
        twice = [command for command in commands for _ in range(2)]
        again = await self.stages.run(self.whole, twice)
        expected = [text for text in self._answered(answers) for _ in range(2)]
        assert self._answered(again) == expected
        for number, (command, result) in enumerate(zip(twice, again, strict=True)):
            # What a key that is not valid asks for is not even remembered, only by the rest of its own batch.
            first = number % 2 == 0 or self.stages.registry.of(command.body).whole
            assert result.repeated or (_code(result) == "key_not_valid" and first)
        others = await self.stages.run(
            self.whole, [replace(command, fingerprint=b"another") for command in commands]
        )
        for result in others:
            assert _code(result) in ("idempotency_key_reused", "key_not_valid")
        assert difference(before, await self._rows()) == []

    async def one_by_one(self, run: Run) -> None:
        """Each command by itself: refused, it leaves nothing but its answer; accepted, it is told as an event, if it changed
        anything."""
        self.script.now += _minutes(run.wait_minutes)
        for body, actor in run.bodies:
            command = self.script.command(body, actor)
            before = await self._rows()
            [result] = await self.stages.run(self.whole, [command])
            after = await self._rows()
            changed = difference(before, after, but=_ONLY_THE_ANSWER)
            if isinstance(result.outcome, Rejected):
                assert (result.outcome.code, changed) == (result.outcome.code, [])
                assert result.events == ()
            elif difference(
                _of_note(before),
                _of_note(after),
                but=_ONLY_THE_ANSWER | _FOLLOWS.get(type(body), frozenset()),
            ):
                caused = [row for table, row in after - before if table == "event" and str(command.id) in row]
                assert (len(caused), changed) == (len(result.events), changed)
                assert caused, changed

    async def _rows(self) -> Rows:
        return await self.stages.organisations.rows(self.whole)

    async def _broken(self) -> list[str]:
        """The promises of `coster verify` that do not hold."""
        async with self.stages.organisations.database.read(self.cut) as conn:
            checks = [
                *await inventory.verify(conn, self.cut),
                *await orders.verify(conn, self.cut),
                *await wholesale.verify(conn, self.cut, self.script.now),
            ]
        # A history may end between a session's end and what reacts to it.
        return [
            f"{check.name}: {check.example}"
            for check in checks
            if check.broken and check.name != "ended_is_final"
        ]

    def told(self, org_id: int, results: Sequence[Result]) -> list[str]:
        """Each outcome with its events as text in which the two organisations do not differ."""
        return [
            neutral(org_id, _text([result.outcome, result.events, result.repeated])) for result in results
        ]

    def _answered(self, results: Sequence[Result]) -> list[str]:
        return [_text(result.outcome) for result in results]


def _of_note(rows: Rows) -> Rows:
    """The rows without the machinery's notes to itself."""
    found: Rows = Counter()
    for (table, row), times in rows.items():
        if columns := _NOTES.get(table):
            row = json.dumps({name: value for name, value in json.loads(row).items() if name not in columns})  # noqa: PLW2901
        found[table, row] += times
    return found


def check_events(rows: Rows) -> None:
    """Numbers of events have no gap, and each entity's versions ascend."""
    events = sorted(
        (json.loads(row) for table, row in rows if table == "event"), key=lambda event: event["seq"]
    )
    [last] = [json.loads(row)["n"] for table, row in rows if table == "event_counter"]
    assert [event["seq"] for event in events] == list(range(1, last + 1))
    latest: dict[tuple[str, str], int] = {}
    for event in events:
        # A supplier has the id of the enterprise that stands for it, and a link that of its held order.
        entity = (event["entity"], event["entity_id"])
        assert latest.get(entity, 0) < event["version"], event
        latest[entity] = event["version"]


def _code(result: Result) -> str:
    return "" if isinstance(result.outcome, Accepted) else result.outcome.code


def _text(value: Any) -> str:
    """Outcomes and events as text, the way that they would be stored."""
    return msgspec.json.encode(value, order="sorted").decode()


def _minutes(number: int) -> dt.timedelta:
    return dt.timedelta(minutes=number)
