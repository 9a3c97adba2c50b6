"""What a storm came to: what was asked and answered, what went wrong on purpose, and every sentence about a broken promise."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from coster.simulation.storm.plan import Plan

_MOST_SENTENCES = 200


@dataclass(slots=True)
class Report:
    """Filled while the storm blows and while its promises are counted; `broken` is empty where all is well."""

    plan: Plan
    answers: Counter[str] = field(default_factory=Counter)
    unheard: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    impossible: dict[str, str] = field(default_factory=dict)
    began: float = 0.0
    pulse: Counter[int] = field(default_factory=Counter)
    struck: list[tuple[int, str]] = field(default_factory=list)
    recoveries: dict[str, list[float]] = field(default_factory=dict)
    memory: list[float] = field(default_factory=list)
    checked: dict[str, int] = field(default_factory=dict)
    webhooks: dict[str, dict[str, int]] = field(default_factory=dict)
    database_log: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    more_broken: int = 0

    def break_(self, sentence: str) -> None:
        """Notes a broken promise; a flood of them is counted and not kept."""
        if len(self.broken) < _MOST_SENTENCES:
            self.broken.append(sentence)
        else:
            self.more_broken += 1

    @property
    def memory_ratio(self) -> float:
        """Mean resident memory of the last third of the samples ÷ that of the first third (1.0 with too few)."""
        third = len(self.memory) // 3
        if not third:
            return 1.0
        return (sum(self.memory[-third:]) / third) / (sum(self.memory[:third]) / third)

    def accepted(self) -> None:
        """Notes that a command was accepted now."""
        self.pulse[int(time.monotonic() - self.began)] += 1

    def strike(self, kind: str) -> None:
        """Notes that something goes wrong now."""
        self.faults[kind] += 1
        self.struck.append((int(time.monotonic() - self.began), kind))

    def _timeline(self) -> dict[str, str]:
        """Commands accepted in each second, with what went wrong in it."""
        return {
            f"second {second}": " ".join(
                [str(self.pulse[second]), *(kind for at, kind in self.struck if at == second)]
            )
            for second in range(int(self.plan.seconds) + 1)
        }

    def told(self) -> dict[str, Any]:
        """The report as JSON types."""
        return {
            "seed": self.plan.seed,
            "plan": self.plan.digest(),
            "seconds": self.plan.seconds,
            "processes": self.plan.processes,
            "clients": self.plan.clients,
            "answers": dict(sorted(self.answers.items())),
            "lost_answers": dict(sorted(self.unheard.items())),
            "faults": dict(sorted(self.faults.items())),
            "impossible_here": self.impossible,
            "commands_accepted_each_second": self._timeline(),
            "seconds_to_first_order": {
                kind: {"median": round(median(found), 2), "most": round(max(found), 2)}
                for kind, found in sorted(self.recoveries.items())
            },
            "memory_mb": [round(self.memory[0], 1), round(self.memory[-1], 1)] if self.memory else [],
            "memory_last_third_by_first": round(self.memory_ratio, 3),
            "webhooks": self.webhooks,
            "checked": self.checked,
            "database_log": dict(self.database_log.most_common()),
            "broken": len(self.broken) + self.more_broken,
        }

    def text(self) -> str:
        """The report for people, a line a figure; the broken promises at the end."""
        plan = f"Storm of seed {self.plan.seed}, plan {self.plan.digest()}."
        repeats = "The same seed plans the same deeds and faults; their interleaving is the machine's and cannot be repeated."
        lines = [plan, repeats]
        for name, value in self.told().items():
            if isinstance(value, dict):
                lines += [f"{name}:", *(f"  {key:<52} {one}" for key, one in value.items())]
            else:
                lines.append(f"{name}: {value}")
        return "\n".join([*lines, *(f"BROKEN: {sentence}" for sentence in self.broken)])
