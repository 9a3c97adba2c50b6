"""Actions that a room does not carry out itself: the language's own, and those of other packages. Pure.

They are asked before the room's own actions of the same row, with the entity as it was before the row: when one refuses, nothing of
the row has been done yet. They cannot touch goods or money, so nothing that is proved about a flow depends on this order.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from coster.engine.flows import failing
from coster.engine.workflow import plugins, templates
from coster.engine.workflow.actions import BUILT_IN
from coster.engine.workflow.document import Plain
from coster.engine.workflow.driving import Failed, Fired
from coster.engine.workflow.records import ActionCall, Flow
from coster.kernel.message import SENT_BY

_OURS = frozenset(spec.name for spec in BUILT_IN)


class Outside(msgspec.Struct, frozen=True, kw_only=True):
    """What such actions of a row come to: attributes to set (null: to remove), and messages by event name, in order."""

    attributes: Mapping[str, Plain] = {}
    messages: tuple[tuple[str, Mapping[str, Any]], ...] = ()


NOTHING = Outside()
MOST_ATTRIBUTES: Final = 64 * 1024
"""How large the attributes of an entity may become by what its flow does, in bytes of JSON."""


@functools.cache
def installed(entity: str) -> Mapping[str, plugins.Action]:
    """The actions of packages that are installed here for an entity, by name."""
    return {action.spec.name: action for action in plugins.installed() if action.entity == entity}


def outside(
    flow: Flow,
    fired: Fired,
    asked: plugins.Asked,
    own: Mapping[str, plugins.Action] = {},
    kept: frozenset[str] = frozenset(),
) -> Outside | Failed:
    """What the row's actions that no room carries out come to; the first that refuses is the answer.

    `asked` holds the whole context; its parameters are filled in here, action by action. `own` are actions of the room that
    are like those of packages: they alone may write the attributes `kept` (`Vocabulary.kept`), and what they tell is the room's
    own; every other message is marked with the flow that sent it (`message.SENT_BY`).
    """
    if not fired.matched.actions:
        return NOTHING
    attributes: dict[str, Plain] = {}
    messages: list[tuple[str, Mapping[str, Any]]] = []
    packages = {**own, **installed(flow.entity)}
    for call in fired.matched.actions:
        if call.name in _OURS:
            found = _ours(flow, call, asked.context)
        elif call.name in packages:
            found = _package(packages[call.name], call, asked)
        else:
            continue
        if isinstance(found, Failed):
            return found
        if call.name not in own:
            if taken := sorted(kept & found.attributes.keys()):
                return Failed(
                    code="attribute_reserved",
                    detail=f"{call.name} cannot set {taken[0]}, in which the {flow.entity} itself keeps something.",
                )
            found = _marked(flow, found)
        attributes.update(found.attributes)
        messages.extend(found.messages)
    if not attributes and not messages:
        return NOTHING
    if too_large := _too_large(asked.context, attributes):
        return too_large
    told = failing.carried(flow, fired, messages) if messages else ()
    return Outside(attributes=attributes, messages=tuple(told))


def _marked(flow: Flow, found: Outside) -> Outside:
    """The same with messages that say who sent them; last, so that no body can say otherwise."""
    if not found.messages:
        return found
    mark = {SENT_BY: {"flow": flow.name, "version": flow.version}}
    told = tuple((event, {**body, **mark}) for event, body in found.messages)
    return msgspec.structs.replace(found, messages=told)


def with_attributes(now: Mapping[str, Any], found: Mapping[str, Plain]) -> dict[str, Any]:
    """The attributes of an entity after some were set, and others removed."""
    return {name: value for name, value in {**now, **found}.items() if value is not None}


def _too_large(context: Mapping[str, object], found: Mapping[str, Plain]) -> Failed | None:
    """Why the attributes cannot be set, if they would become too many; whatever only removes some may always be done."""
    if all(value is None for value in found.values()):
        return None
    now: Any = context.get("attributes", {})
    size = len(msgspec.json.encode(with_attributes(now, found)))
    if size <= MOST_ATTRIBUTES:
        return None
    text = f"The attributes would come to {size} bytes of JSON; accepted: {MOST_ATTRIBUTES} at most."
    return Failed(code="attributes_too_large", detail=text)


def _ours(flow: Flow, call: ActionCall, context: Mapping[str, object]) -> Outside | Failed:
    """An action of the language itself."""
    if call.name == "send":
        webhook = next(one for one in flow.webhooks if one.name == call.parameters["webhook"])
        try:
            body = {key: templates.fill(part, context) for key, part in webhook.body.items()}
        except templates.TemplateFailedError as fault:
            return Failed(
                code="message_failed", detail=f"The webhook {webhook.name} cannot be written: {fault}."
            )
        return Outside(messages=((webhook.event, body),))
    if call.name == "set":
        try:
            found: Any = templates.fill(call.parameters["attributes"], context)
        except templates.TemplateFailedError as fault:
            return Failed(code="attributes_failed", detail=f"The attributes cannot be set: {fault}.")
        return Outside(attributes=found)
    return Failed(
        code="nobody_to_tell", detail=f"{call.name}: the {flow.entity} has neither a parent nor children."
    )


def _package(action: plugins.Action, call: ActionCall, asked: plugins.Asked) -> Outside | Failed:
    """An action of another package."""
    done = action(msgspec.structs.replace(asked, parameters=call.parameters))
    if isinstance(done, plugins.Refused):
        return Failed(code=done.code, detail=done.detail)
    told = tuple((message.event, dict(message.body)) for message in done.messages)
    return Outside(attributes=dict(done.attributes), messages=told)
