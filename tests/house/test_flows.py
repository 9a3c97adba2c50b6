"""Every flow that is shipped is proved against the vocabulary of its room before it is shipped."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from coster.engine.workflow import compile as compiling
from coster.engine.workflow import language
from coster.engine.workflow.actions import ActionSpec, Vocabulary
from coster.engine.workflow.faults import FlowRefusedError
from tests.house.tree import PACKAGE, files, plant

Vocabularies = Callable[[str], Sequence[Vocabulary]]

VOCABULARY = Vocabulary(
    entity="order",
    context={"total": "int"},
    triggers={"cancel": {}},
    actions=(ActionSpec(name="release_holds", summary="Gives everything back.", holds="released"),),
    roles=frozenset({"hub"}),
    owns=("holds",),
)
SOUND = """\
name: order.small
title: A small order
entity: order
version: 1
statuses:
  created: {label: Created, category: booking, holds: live, initial: true}
  cancelled: {label: Cancelled, category: done, holds: none, final: true}
transitions:
  - {on: cancel, from: [created], do: [release_holds], to: cancelled}
"""


def vocabularies_of(room: str) -> list[Vocabulary]:
    """Yields what a room declares for its flows: every Vocabulary that its rules hold by a name."""
    rules = importlib.import_module(f"coster.domain.{room}.rules")
    parts = [
        module.name for module in pkgutil.iter_modules(getattr(rules, "__path__", []), f"{rules.__name__}.")
    ]
    modules = [rules, *(importlib.import_module(part) for part in parts)]
    return [value for module in modules for value in vars(module).values() if isinstance(value, Vocabulary)]


def flow_files(root: Path) -> list[Path]:
    """Yields the files of flows below the root; their scenarios stand beside them."""
    return [path for path in files(root, ".yaml") if not path.name.endswith(".scenarios.yaml")]


def refused_flows(root: Path, vocabularies: Vocabularies) -> list[str]:
    """Yields each flow below the root that cannot be read, that nobody can prove, or that the checker refuses."""
    found = []
    for path in flow_files(root):
        name, text = path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")
        try:
            flow = language.read(text, name)
            known = {vocabulary.entity: vocabulary for vocabulary in vocabularies(path.parent.parent.name)}
            if flow.entity not in known:
                found.append(f"{name}: the room declares no vocabulary for {flow.entity}")
            else:
                compiling.compile_flow(flow, known[flow.entity])
        except FlowRefusedError as refused:
            found.append(f"{name}: {refused}")
        else:
            if path.stem != flow.name:
                found.append(f"{name} holds the flow {flow.name}; the file is called like the flow")
    return found


def test_shipped_flows_are_proved() -> None:
    """Every flow of every room compiles against its room's vocabulary."""
    assert refused_flows(PACKAGE / "domain", vocabularies_of) == []


def test_rooms_ship_flows() -> None:
    """The flows are found at all: an order's and a held order's."""
    assert {"order.retail", "wholesale.held"} <= {path.stem for path in flow_files(PACKAGE / "domain")}


def test_sound_flow_is_left_alone(tmp_path: Path) -> None:
    """A flow that holds together is no breach."""
    plant(tmp_path, "orders/flows/order.small.yaml", SOUND)
    assert refused_flows(tmp_path, lambda _: [VOCABULARY]) == []


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("order.small", SOUND.replace("[release_holds]", "[burn_holds]")),
        ("order.small", SOUND.replace("do: [release_holds], ", "")),
        ("order.small", SOUND.replace("to: cancelled", "to: lost")),
        ("order.small", SOUND.replace("on: cancel", "on: explode")),
        ("order.small", SOUND.replace(", final: true", "")),
        ("order.small", SOUND.replace("entity: order", "entity: parcel")),
        ("order.small", SOUND + "\t- broken"),
        ("another.name", SOUND),
    ],
    ids=["action", "leak", "status", "trigger", "dead_end", "entity", "form", "file_name"],
)
def test_planted_flow_is_found(file: str, text: str, tmp_path: Path) -> None:
    """One fault in a flow is one sentence that names its file."""
    plant(tmp_path, f"orders/flows/{file}.yaml", text)
    [breach] = refused_flows(tmp_path, lambda _: [VOCABULARY])
    assert breach.startswith(f"orders/flows/{file}.yaml")
