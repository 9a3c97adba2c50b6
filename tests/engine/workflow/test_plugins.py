"""Actions from other packages: what is refused when they are loaded, and what they can do when they run."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from coster.engine.workflow import compile as compiler
from coster.engine.workflow import plugins
from coster.engine.workflow.actions import ActionSpec
from coster.engine.workflow.plugins import Action, Asked, Done, Message, PluginRefusedError, Refused
from tests.engine.workflow import cases, vocabularies

SPEC = ActionSpec(
    name="wrap",
    summary="Wraps it up.",
    parameters={"paper": "string"},
    needs=frozenset({"items"}),
)


def wrap(asked: Asked) -> Done | Refused:
    """Wraps a few items in paper."""
    count = asked.context["items"]
    if count == 0:
        return Refused(code="nothing_to_wrap", detail="There is nothing to wrap.")
    assert count != 99, "too big"
    return Done(
        attributes={"paper": asked.parameters["paper"], "seen": sorted(asked.context)},
        messages=(Message(event="parcel.wrapped", body={"items": str(count)}),),
    )


WRAP = Action(entity="parcel", spec=SPEC, run=wrap)


class Point(msgspec.Struct):
    """An entry point, as a package's metadata gives it."""

    name: str
    value: object

    def load(self) -> object:
        """What it stands for."""
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


def asked(items: int) -> Asked:
    """A question with more in the context than the action declares."""
    return Asked(
        id="p1",
        status="open",
        trigger="pack",
        at=dt.datetime(2026, 11, 20, tzinfo=dt.UTC),
        context={"items": items, "buyer.tier": "gold"},
        parameters={"paper": "red"},
    )


def test_an_action_of_a_package_may_stand_in_a_flow() -> None:
    """Its name and its parameters are checked like those of the room."""
    vocabulary = plugins.extended(vocabularies.PARCEL, plugins.load([Point("wrap", WRAP)]))
    text = cases.edited(cases.GOOD, (("do: [commit]", "do: [commit, {wrap: {paper: red}}]"),))
    table = compiler.load(text, vocabulary)
    assert table.loads["open", "pack"] == {"items"}
    with pytest.raises(compiler.faults.FlowRefusedError, match="parameter_missing"):
        compiler.load(text.replace("{wrap: {paper: red}}", "wrap"), vocabulary)


def test_an_action_sees_only_what_it_declares() -> None:
    """What it does comes back as values."""
    done = WRAP(asked(3))
    assert isinstance(done, Done)
    assert done.attributes == {"paper": "red", "seen": ["items"]}
    assert done.messages == (Message(event="parcel.wrapped", body={"items": "3"}),)


def test_an_action_may_refuse_and_its_faults_are_refusals() -> None:
    """Neither ends the batch."""
    assert WRAP(asked(0)) == Refused(code="nothing_to_wrap", detail="There is nothing to wrap.")
    fault = WRAP(asked(99))
    assert isinstance(fault, Refused)
    assert (fault.code, "too big" in fault.detail) == ("action_failed", True)
    nothing = msgspec.structs.replace(WRAP, run=lambda _: None)(asked(1))  # type: ignore[arg-type,return-value]
    assert isinstance(nothing, Refused)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (ImportError("no such module"), "cannot be loaded"),
        (wrap, "accepted: an Action"),
        (
            msgspec.structs.replace(WRAP, spec=ActionSpec(name="a", summary="A.", holds="released")),
            "touches holds",
        ),
        (
            msgspec.structs.replace(WRAP, spec=ActionSpec(name="a", summary="A.", parameters={"b": "float"})),
            "float",
        ),
    ],
    ids=["import", "function", "holds", "type"],
)
def test_what_is_no_action_is_refused_by_name(value: object, message: str) -> None:
    """The start stops with the entry point's or the action's name."""
    with pytest.raises(PluginRefusedError, match=message):
        plugins.load([Point("odd", value)])


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (ActionSpec(name="take", summary="Takes."), "declares the action take twice"),
        (ActionSpec(name="send", summary="Sends."), "declares the action send twice"),
        (ActionSpec(name="look", summary="Looks.", needs=frozenset({"prices"})), "needs prices"),
    ],
)
def test_an_action_that_does_not_fit_the_entity_is_refused(spec: ActionSpec, message: str) -> None:
    """A name that is taken, or data that the room does not load."""
    action = msgspec.structs.replace(WRAP, spec=spec)
    with pytest.raises(PluginRefusedError, match=message):
        plugins.extended(vocabularies.PARCEL, [action])
    assert plugins.extended(vocabularies.MEMO, [action]) == vocabularies.MEMO
