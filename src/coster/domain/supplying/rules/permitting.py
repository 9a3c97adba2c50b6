"""Who may order for a hub on another platform: whoever may at that moment write orders at the producer. Pure.

The hub is an enterprise here only so that its goods are counted; nobody holds a right to it. So the rooms below decide as for the
system, after what is said here has been asked, in the same transaction.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from coster.domain.supplying.model import WRITE
from coster.kernel import refusal
from coster.kernel.authority import NOBODY, SYSTEM
from coster.kernel.message import Command, Decided

S = TypeVar("S")
W = TypeVar("W")


def permitted(command: Command[Any]) -> bool:
    """Whether the actor may order from the producer that its command names."""
    return command.authority.allows(WRITE, command.body.producer_id)


def only_permitted(
    decide: Callable[[S, Sequence[Command[Any]]], Decided[W]],
    translate: Callable[[Any], Any] = lambda body: body,
) -> Callable[[S, Sequence[Command[Any]]], Decided[W]]:
    """A decision about commands with their bodies as the room below reads them: for whoever may order as for the system, for all others as
    for nobody, whom every room refuses everything.
    """

    def deciding(state: S, commands: Sequence[Command[Any]]) -> Decided[W]:
        asked = [
            dataclasses.replace(
                command, body=translate(command.body), authority=SYSTEM if permitted(command) else NOBODY
            )
            for command in commands
        ]
        decided = decide(state, asked)
        outcomes = [
            outcome if permitted(command) else refusal.not_permitted("order from this producer")
            for command, outcome in zip(commands, decided.outcomes, strict=True)
        ]
        return Decided(outcomes, decided.writes, decided.events, decided.timers)

    return deciding
