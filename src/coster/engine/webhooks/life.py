"""The compiled flow of webhook endpoints: one version, the same for every organisation, because the machinery is bound to it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from coster.engine.webhooks.vocabulary import VOCABULARY
from coster.engine.workflow import compile as compiling
from coster.engine.workflow.step import Matched, Table

_FILE: Final = Path(__file__).parent / "flows" / "webhook.endpoint.yaml"
TABLE: Final[Table] = compiling.load(_FILE.read_text(encoding="utf-8"), VOCABULARY, _FILE.name)


def step(status: str, trigger: str) -> Matched | None:
    """The row that something fires for an endpoint in a status; None: there it is not possible."""
    answer = TABLE.step(status, trigger)
    return answer if isinstance(answer, Matched) else None
