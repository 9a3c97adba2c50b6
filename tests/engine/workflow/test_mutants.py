"""Good flows with lines taken away, doubled, moved and changed: each is a proved flow or a refusal that says where.

COSTER_FUZZ_EXAMPLES is how many; `make fuzz` tries many, `make test` a few.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

import coster
from coster.cli import flowfiles
from coster.engine.workflow import compile as compiling
from coster.engine.workflow import language
from coster.engine.workflow.faults import FlowRefusedError
from tests.engine.workflow import vocabularies

EXAMPLES: Final = int(os.environ.get("COSTER_FUZZ_EXAMPLES", "60"))
WORDS: Final = (
    "null",
    "true",
    "0",
    "-1",
    "[]",
    "{}",
    "P1D",
    "P-1D",
    "&a",
    "*a",
    "'",
    "on",
    "cancelled",
    "ö",
    "\x00",
    "9" * 40,
)
VOCABULARIES: Final = {**flowfiles.vocabularies(), "parcel": vocabularies.PARCEL}
SHIPPED: Final = [
    *sorted(
        path
        for path in Path(coster.__file__).parent.glob("domain/*/flows/*.yaml")
        if not path.name.endswith(".scenarios.yaml")
    ),
    Path(__file__).parent / "data" / "everything.yaml",
]

Cut = tuple[str, int, int, str]
CUTS: Final = st.lists(
    st.tuples(
        st.sampled_from(["drop", "double", "swap", "word", "indent"]),
        st.integers(0, 200),
        st.integers(0, 200),
        st.sampled_from(WORDS),
    ),
    min_size=1,
    max_size=4,
)


def mutated(text: str, cuts: list[Cut]) -> str:
    """The text after the cuts, one after the other."""
    lines = text.splitlines()
    for what, first, second, word in cuts:
        one, other = first % len(lines), second % len(lines)
        match what:
            case "drop" if len(lines) > 1:
                del lines[one]
            case "double":
                lines.insert(other, lines[one])
            case "swap":
                lines[one], lines[other] = lines[other], lines[one]
            case "word":
                name, colon, _ = lines[one].partition(":")
                lines[one] = f"{name}{colon} {word}"
            case "indent":
                lines[one] = "  " + lines[one]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_damaged_flow_is_proved_or_refused_with_a_place(path: Path) -> None:
    """Nothing but the refusal is raised, each of its faults has a code and words, and it comes in moments."""
    good = path.read_text("utf-8")
    vocabulary = VOCABULARIES[language.read(good, path.name).entity]
    refused = []

    @seed(20261123)
    @settings(
        max_examples=EXAMPLES, database=None, deadline=2000, phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(cuts=CUTS)
    def each(*, cuts: list[Cut]) -> None:
        try:
            compiling.load(mutated(good, cuts), vocabulary, path.name)
        except FlowRefusedError as refusal:
            refused.append(refusal.faults)

    each()
    assert len(refused) > EXAMPLES // 4
    assert all(faults and all(fault.code and fault.message for fault in faults) for faults in refused)
