"""What became of a command: accepted with a value, or rejected with a reason. Both are values, never exceptions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Accepted:
    """The command took effect; `value` is the answer (JSON types only), for example the new order's id."""

    value: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rejected:
    """The command was refused and left no trace but this answer.

    `code` is stable and documented (docs/reference/rejections.md), `message` tells a person what was wrong and what
    is possible instead, `detail` says the same to a program (JSON types only).
    """

    code: str
    message: str
    detail: Mapping[str, Any] = field(default_factory=dict)


Outcome: TypeAlias = Accepted | Rejected
