"""What other platforms tell us: that something has changed at theirs. It is a hint to look, and never what is looked at."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from coster.domain.federation.model import AskRefresh
from coster.edges.dfc.language import concepts, identifiers
from coster.edges.http import commands
from coster.edges.http.call import Answer, Call, answer
from coster.edges.http.operation import Operation
from coster.edges.http.problems import Problem

_MEMBERS: Final = ("enterpriseUrlid", "eventType", "scope")
_LONGEST: Final = 2000


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """That it was heard. `messages` are for people: what was not understood, and is therefore left alone."""

    success: bool
    messages: list[str] = []


async def hear(call: Call) -> Answer:
    """Another platform says that an enterprise of its has changed: whoever buys there looks soon.

    Known is the event `refresh`; others are heard and left alone. Whether anybody here has to do with the enterprise is not told.
    """
    told = _read(await call.data())
    if told["eventType"] != "refresh":
        said = f"The event {told['eventType'][:60]} is not known here and was left alone; refresh is."
        return answer(Told(success=True, messages=[said]))
    if concepts.name_of(told["scope"]) not in concepts.SCOPES:
        raise _wrong("scope", f"one of {', '.join(concepts.SCOPES)}")
    if not identifiers.is_absolute(told["enterpriseUrlid"]):
        raise _wrong("enterpriseUrlid", "the address of an enterprise")
    await commands.send(call, AskRefresh(enterprise_iri=told["enterpriseUrlid"]))
    return answer(Told(success=True))


def _read(data: bytes) -> dict[str, str]:
    """Problem: event_invalid."""
    try:
        told = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise Problem("event_invalid", "An event is an object in JSON.", members=_failed("no JSON object"))
    for name in _MEMBERS:
        value = told.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= _LONGEST or "\0" in value:
            raise _wrong(name, "a text")
    return {name: told[name] for name in _MEMBERS}


def _wrong(name: str, wanted: str) -> Problem:
    return Problem("event_invalid", f"{name} must be {wanted}.", members=_failed(f"{name} must be {wanted}"))


def _failed(message: str) -> dict[str, Any]:
    """As the platforms that run answer it."""
    return {"success": False, "message": message}


OPERATIONS = (
    Operation(
        id="sendEvent",
        method="POST",
        path="/api/dfc/events",
        summary="Tell of a change",
        endpoint=hear,
        body=dict[str, Any],
        answer=Told,
        answer_example={"success": True, "messages": []},
        problems=("event_invalid", "busy"),
        tag="events",
        permission="",
        documents=True,
    ),
)
