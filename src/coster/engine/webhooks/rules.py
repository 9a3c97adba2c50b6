"""What becomes of the commands about endpoints. Pure; each outcome in arrival order."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import msgspec

from coster.engine.webhooks import addresses, life, signing
from coster.engine.webhooks.model import (
    DeleteEndpoint,
    Endpoint,
    Endpoints,
    PauseEndpoint,
    PutEndpoint,
    ResumeEndpoint,
    Seed,
    StopEndpoint,
    Writes,
)
from coster.engine.workflow.step import Matched
from coster.kernel.authority import Authority
from coster.kernel.message import Command, Decided, Event
from coster.kernel.outcome import Accepted, Outcome, Rejected

ENTITY: Final = "webhook_endpoint"
PERMISSION: Final = "webhooks:manage"
MOST_NAMES: Final = 100
_EVENTS: Final = {
    "created": "webhook.endpoint_created",
    "changed": "webhook.endpoint_changed",
    "paused": "webhook.endpoint_paused",
    "resumed": "webhook.endpoint_resumed",
    "disabled": "webhook.endpoint_disabled",
    "deleted": "webhook.endpoint_deleted",
}
# Nobody answers there any more: what a flow knows how to make good does not wait for somebody who may resume the endpoint.
_FOR_GOOD: Final = {
    _EVENTS["disabled"]: "the endpoint was disabled because its receiver is gone",
    _EVENTS["deleted"]: "the endpoint was deleted",
}
_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*(\.\*)?")
_NO_SEED: Final = Seed(key="", salt=b"")

# The endpoint as it becomes and the event's name; the same endpoint for a command that changes nothing.
_Step: TypeAlias = tuple[Endpoint, str] | Rejected


def decide_put(state: Endpoints, commands: Sequence[Command[PutEndpoint]]) -> Decided[Writes]:
    """Endpoints made or replaced."""
    return _fold(state, commands, _put)


def decide_pause(state: Endpoints, commands: Sequence[Command[PauseEndpoint]]) -> Decided[Writes]:
    """Endpoints paused; one that is not active stays as it is."""
    return _fold(state, commands, _pause)


def decide_resume(state: Endpoints, commands: Sequence[Command[ResumeEndpoint]]) -> Decided[Writes]:
    """Endpoints active again, with a clean slate; what was parked is due at the command's instant."""
    return _fold(state, commands, _resume)


def decide_delete(state: Endpoints, commands: Sequence[Command[DeleteEndpoint]]) -> Decided[Writes]:
    """Endpoints emptied; the row stays, so that its event versions never begin again."""
    return _fold(state, commands, _delete)


def decide_stop(state: Endpoints, commands: Sequence[Command[StopEndpoint]]) -> Decided[Writes]:
    """Endpoints paused or disabled by the machinery, where nobody has changed them since it looked."""
    return _fold(state, commands, _stop)


def _fold(
    state: Endpoints, commands: Sequence[Command[Any]], step: Callable[[Command[Any], Endpoint | None], _Step]
) -> Decided[Writes]:
    now = dict(state.rows)
    outcomes: list[Outcome] = []
    events: list[tuple[int, Event]] = []
    writes = Writes(made=[], changed=[], resumed={}, deleted=[], given_up={}, start_after=[])
    for index, command in enumerate(commands):
        before = now.get(command.body.endpoint_id)
        result = step(command, before)
        if isinstance(result, Rejected):
            outcomes.append(result)
            continue
        after, name = result
        now[after.id] = after
        outcomes.append(Accepted({"id": str(after.id), "status": after.status, "version": after.version}))
        if after is before:
            continue
        if before is None:
            writes.start_after.append(state.last_number + len(events))
        events.append((index, _told(after, name, command)))
        if name == _EVENTS["resumed"]:
            writes.resumed[after.id] = command.at
        if name == _EVENTS["deleted"]:
            writes.deleted.append(after.id)
        if name in _FOR_GOOD:
            writes.given_up[after.id] = (command.at, _FOR_GOOD[name])
    for endpoint_id, endpoint in now.items():
        if endpoint_id not in state.rows:
            writes.made.append(endpoint)
        elif endpoint is not state.rows[endpoint_id]:
            writes.changed.append(endpoint)
    return Decided(outcomes, writes, events)


def _told(endpoint: Endpoint, name: str, command: Command[Any]) -> Event:
    data: dict[str, Any] = {"status": endpoint.status}
    if endpoint.enterprise_id is not None:
        data["enterprises"] = [str(endpoint.enterprise_id)]
    if isinstance(command.body, StopEndpoint):
        data["cause"] = command.body.cause
    return Event(name, ENTITY, endpoint.id, endpoint.version, data)


def _put(command: Command[PutEndpoint], before: Endpoint | None) -> _Step:
    body = command.body
    refused = (
        _unseen(command.authority, before)
        if before
        else _not_permitted(command.authority, body.enterprise_id)
    )
    refused = refused or _outdated(before, body.expected_version) or _unfit(body, before)
    if refused:
        return refused
    names = sorted(set(body.names))
    if before is None:
        return (
            Endpoint(
                id=body.endpoint_id,
                url=body.target.url,
                names=names,
                enterprise_id=body.enterprise_id,
                status=life.TABLE.initial,  # type: ignore[arg-type] # the flow's statuses are the record's, see its test
                seed=body.seed,
                created_at=command.at,
            ),
            _EVENTS["created"],
        )
    after = msgspec.structs.replace(before, url=body.target.url, names=names)
    if after.url != before.url:
        after = _healthy(after)
    if body.rotate:
        after = msgspec.structs.replace(
            after, seed=body.seed, old_seed=before.seed, old_until=command.at + signing.OVERLAP
        )
    return _changed(before, after), _EVENTS["changed"]


def _pause(command: Command[PauseEndpoint], before: Endpoint | None) -> _Step:
    return _asked(command, before, "pause", "paused")


def _resume(command: Command[ResumeEndpoint], before: Endpoint | None) -> _Step:
    # Also for an active endpoint this is a change: what is parked or waits is tried again at once.
    return _asked(command, before, "resume", "resumed")


def _delete(command: Command[DeleteEndpoint], before: Endpoint | None) -> _Step:
    return _asked(command, before, "delete", "deleted")


def _asked(command: Command[Any], before: Endpoint | None, trigger: str, told: str) -> _Step:
    """What somebody asks for, as the flow has it; what is over for good is not there for anybody."""
    if before is None:
        return _NOT_FOUND
    row = life.step(before.status, trigger)
    if row is None:
        return _NOT_FOUND
    refused = _unseen(command.authority, before) or _outdated(before, command.body.expected_version)
    return refused or (_carried(before, row), _EVENTS[told])


def _stop(command: Command[StopEndpoint], before: Endpoint | None) -> _Step:
    if not command.authority.system:
        return Rejected(
            "not_permitted", "Only the server itself stops endpoints; pause the endpoint instead."
        )
    if before is None:
        return _NOT_FOUND
    row = life.step(before.status, "gone" if command.body.cause == "gone" else "fail")
    if row is None or before.version != command.body.version:
        return before, ""
    return _carried(before, row), _EVENTS["disabled" if command.body.cause == "gone" else "paused"]


def _carried(before: Endpoint, row: Matched) -> Endpoint:
    """The endpoint after a row of its flow; the very same where the row does nothing and leads nowhere."""
    after = before
    for call in row.actions:
        after = _ACTIONS[call.name](after)
    if not row.actions and row.to == before.status:
        return before
    return msgspec.structs.replace(after, status=row.to, version=before.version + 1)


def _changed(before: Endpoint, after: Endpoint) -> Endpoint:
    """The endpoint under its next version, or the very same where nothing is different."""
    return before if after == before else msgspec.structs.replace(after, version=before.version + 1)


def _healthy(endpoint: Endpoint) -> Endpoint:
    return msgspec.structs.replace(endpoint, failures=0, failing_since=None, retry_at=None)


def _forgotten(endpoint: Endpoint) -> Endpoint:
    return msgspec.structs.replace(endpoint, url="", names=[], seed=_NO_SEED, old_seed=None, old_until=None)


# What the flow's rows name; `replace` is the command's own, see `_put`.
_ACTIONS: Final[Mapping[str, Callable[[Endpoint], Endpoint]]] = {
    "begin_again": _healthy, "forget": _forgotten,
}  # fmt: skip


# ------------------------------------------------------------------------------------------------------------- refusals

_NOT_FOUND: Final = Rejected(
    "webhook_endpoint_not_found", "There is no webhook endpoint with this id that you may manage."
)


def _not_permitted(authority: Authority, enterprise_id: uuid.UUID | None) -> Rejected | None:
    if authority.allows(PERMISSION, enterprise_id):
        return None
    whole = "of the whole organisation; name an enterprise_id that you manage"
    wanted = "of this enterprise" if enterprise_id else whole
    return Rejected("not_permitted", f"You may not manage webhooks {wanted}.", {"permission": PERMISSION})


def _unseen(authority: Authority, before: Endpoint) -> Rejected | None:
    # Somebody else's endpoint answers like one that does not exist.
    return None if authority.allows(PERMISSION, before.enterprise_id) else _NOT_FOUND


def _outdated(before: Endpoint | None, expected: int | None) -> Rejected | None:
    version = before.version if before else 0
    if expected is None or expected == version:
        return None
    return Rejected(
        "version_conflict",
        f"The endpoint is at version {version}, not {expected}; read it again and repeat the change on what it is now.",
        {"version": version},
    )


def _unfit(body: PutEndpoint, before: Endpoint | None) -> Rejected | None:
    if before is not None and life.step(before.status, "change") is None:
        return Rejected(
            "webhook_endpoint_deleted", "This endpoint was deleted; create a new one under another id."
        )
    if before is not None and before.enterprise_id != body.enterprise_id:
        return Rejected(
            "webhook_scope_fixed",
            "An endpoint stays with the enterprise that it was made for; create another endpoint for the other events.",
        )
    wrong = [name for name in body.names if not _NAME.fullmatch(name)]
    if wrong or len(body.names) > MOST_NAMES:
        return Rejected(
            "webhook_names_invalid",
            f"Event names look like order.placed or order.*; name at most {MOST_NAMES}, or none for all events.",
            {"names": wrong},
        )
    # The form is judged here once more, so that no caller can leave the guard out altogether.
    parsed = addresses.parse(body.target.url)
    fault = parsed if isinstance(parsed, str) else body.target.refusal
    if fault:
        return Rejected("webhook_url_refused", f"This URL cannot be called: {fault}.", {"reason": fault})
    return None
