"""How one kind of command is carried out: two ends that touch the database and a pure middle."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from coster.engine.db.ask import Question
from coster.engine.db.connect import Connection
from coster.kernel.authority import Authority
from coster.kernel.message import Command, Decided

S = TypeVar("S")
W = TypeVar("W")

Commands = Sequence[Command[Any]]
Authorise = Callable[[int, Commands], Question[Mapping[Any, Authority | None]]]
"""What is to be asked of the database to know what each actor of these commands may do (None: nothing any more)."""


def _nothing(_org_id: int, _commands: Commands) -> Sequence[Question[Any]]:
    return ()


@dataclass(frozen=True, slots=True)
class Handler(Generic[S, W]):
    """A kind of command: its name, its body's type, and what loads, decides and writes a batch of it.

    `load(conn, org_id, commands)` locks and reads what deciding needs, in a fixed number of statements;
    `decide(state, commands)` is a pure fold in arrival order; `write(conn, org_id, writes)` stores the result, again in a
    fixed number of statements. Neither end begins or commits anything. `foresee(org_id, commands)` are the questions that
    `load` asks before any other statement, so that the pipeline may ask them together with its own. A kind that is `whole` needs
    no company: each command is a batch by itself, and several run side by side.
    """

    kind: str
    body: type
    load: Callable[[Connection, int, Commands], Awaitable[S]]
    decide: Callable[[S, Commands], Decided[W]]
    write: Callable[[Connection, int, W], Awaitable[None]]
    whole: bool = False
    foresee: Callable[[int, Commands], Sequence[Question[Any]]] = _nothing


class Registry:
    """All handlers of the program, found by a command's type or by its kind's name."""

    def __init__(self, handlers: Iterable[Handler[Any, Any]]) -> None:
        self.by_body: dict[type, Handler[Any, Any]] = {}
        self.by_kind: dict[str, Handler[Any, Any]] = {}
        for handler in handlers:
            if handler.body in self.by_body or handler.kind in self.by_kind:
                raise ValueError(f"two handlers claim {handler.kind}")
            self.by_body[handler.body] = handler
            self.by_kind[handler.kind] = handler

    def of(self, body: object) -> Handler[Any, Any]:
        """The handler for a command's body."""
        return self.by_body[type(body)]
