"""Several questions to the database in one round trip: each is a named statement, and what its rows say.

They become one statement with a column for each, which holds the rows as JSON. Reads that depend on nothing but what the batch
asks for go together like this; what takes locks is asked by itself, so that their order stays plain.

A transaction may ask ahead what is going to be asked next; that is not asked again, unless another statement came in between.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeAlias, TypeVar

from coster.engine.db.connect import Connection
from coster.engine.db.sets import Transaction
from coster.engine.db.sql import Statement

T = TypeVar("T")

Rows: TypeAlias = list[dict[str, Any]]
_PARAMETER: Final = re.compile(r"\$(\d+)")


@dataclass(frozen=True, slots=True)
class Question(Generic[T]):
    """A statement with its values, and how its rows are read: as JSON has them, so ids and instants are text.

    Without a statement nothing is asked and no rows are read.
    """

    statement: Statement | None
    values: Mapping[str, object]
    read: Callable[[Rows], T]


def known(value: T) -> Question[T]:
    """A question whose answer is known already."""
    return Question(None, {}, lambda _: value)


async def ask(conn: Connection, org_id: int, *questions: Question[Any]) -> tuple[Any, ...]:
    """The answers, in the order of the questions; one round trip, or none where all are known."""
    told = [_told(conn, question) for question in questions]
    asked = [question for question, rows in zip(questions, told, strict=True) if rows is None]
    found = iter(await _fetch(conn, org_id, asked))
    return tuple(
        question.read(next(found) if rows is None else rows)
        for question, rows in zip(questions, told, strict=True)
    )


async def ask_ahead(
    conn: Transaction, org_id: int, questions: Sequence[Question[Any]], next_: Sequence[Question[Any]]
) -> tuple[Any, ...]:
    """The answers to the questions, in the same round trip with those that `next_` will be asked for."""
    foreseen = [question for question in next_ if question.statement is not None]
    found = await _fetch(conn, org_id, [*questions, *foreseen])
    answers = tuple(question.read(rows) for question, rows in zip(questions, found, strict=False))
    conn.told = [
        (one.statement, one.values, rows) for one, rows in zip(foreseen, found[len(questions) :], strict=True)
    ]
    return answers


def _told(conn: Connection, question: Question[Any]) -> Rows | None:
    """The rows where nothing is to be asked for them: there is no statement, or it was asked ahead with the same values."""
    if question.statement is None:
        return []
    told = conn.told if isinstance(conn, Transaction) else []
    for place, (statement, values, rows) in enumerate(told):
        if statement is question.statement and values == question.values:
            del told[place]
            return rows
    return None


async def answer(conn: Connection, org_id: int, question: Question[T]) -> T:
    """The answer to one question."""
    (value,) = await ask(conn, org_id, question)
    return value  # type: ignore[no-any-return]


async def _fetch(conn: Connection, org_id: int, asked: Sequence[Question[Any]]) -> list[Rows]:
    """The rows of each."""
    statements = [question.statement for question in asked if question.statement is not None]
    if not statements:
        return [[] for _ in asked]
    values = [
        question.values[name]
        for question in asked
        if question.statement
        for name in question.statement.parameters
    ]
    found = await conn.fetchrow(_together(*statements), org_id, *values)
    # An organisation that does not exist, or is not this transaction's, has no row to answer by.
    rows = iter(found or [None] * len(statements))
    return [next(rows) or [] if question.statement else [] for question in asked]


@functools.lru_cache(maxsize=256)
def _together(*statements: Statement) -> str:
    """One statement that answers all of these; its first parameter is the organisation, then come those of each."""
    columns, shift = [], 1
    for statement in statements:
        text = _PARAMETER.sub(lambda match, by=shift: f"${int(match[1]) + by}", statement.sql)  # type: ignore[misc]
        columns.append(f"(SELECT json_agg(answer) FROM ({text}) AS answer)")  # noqa: S608 - statements of our own files
        shift += len(statement.parameters)
    return f"/* db.ask */ SELECT {', '.join(columns)} FROM org AS asking WHERE asking.org_id = $1"  # noqa: S608 - the same
