"""What a run of the federation came to: choices, answers, what went wrong on purpose, what was checked, and every broken promise."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

_MOST_SENTENCES: Final = 200


@dataclass(slots=True)
class Report:
    """Filled while it runs and while it is counted; `broken` is empty where all is well."""

    seed: int = 0
    plan: str = ""
    answers: Counter[str] = field(default_factory=Counter)
    unheard: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    line_faults: Counter[str] = field(default_factory=Counter)
    checked: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)
    impossible: dict[str, str] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    more_broken: int = 0

    def break_(self, sentence: str, /) -> None:
        """Notes a broken promise; a flood of them is counted and not kept."""
        if len(self.broken) < _MOST_SENTENCES:
            self.broken.append(sentence)
        else:
            self.more_broken += 1

    def told(self) -> dict[str, Any]:
        """The report as JSON types."""
        return {
            "seed": self.seed,
            "plan": self.plan,
            "seconds": {name: round(value, 1) for name, value in self.seconds.items()},
            "answers": dict(sorted(self.answers.items())),
            "lost_answers": dict(sorted(self.unheard.items())),
            "strikes": dict(sorted(self.faults.items())),
            "faults_on_the_lines": dict(sorted(self.line_faults.items())),
            "impossible_here": self.impossible,
            "checked": dict(self.checked),
            "broken": len(self.broken) + self.more_broken,
            "sentences": self.broken,
        }

    def text(self) -> str:
        """The report for people, a line a figure; the broken promises at the end."""
        lines = [
            f"Federation of seed {self.seed}, plan {self.plan}.",
            "The same seed chooses the same histories and faults; their interleaving is the machine's and cannot be repeated.",
        ]
        for name, value in self.told().items():
            if isinstance(value, dict):
                lines += [f"{name}:", *(f"  {key:<60} {one}" for key, one in value.items())]
            elif name not in ("seed", "plan", "sentences"):
                lines.append(f"{name}: {value}")
        return "\n".join([*lines, *(f"BROKEN: {sentence}" for sentence in self.broken)])
