"""Changes of flows over HTTP: drafts, checking, publishing, pinning, retiring."""

from __future__ import annotations

from typing import Any

from coster.edges.api import flow_shelf
from coster.edges.api.flow_records import (
    BeginWanted,
    Begun,
    Checked,
    CheckWanted,
    DraftKept,
    DraftWanted,
    DropQuery,
    MappingWanted,
    PinKept,
    PinWanted,
    Published,
    PublishWanted,
    RetireWanted,
    RollbackWanted,
    VersionNamed,
)
from coster.edges.api.flows import NAME, NUMBER
from coster.edges.http import commands
from coster.edges.http.bodies import Body
from coster.edges.http.call import Answer, Call, answer
from coster.edges.http.operation import Operation
from coster.edges.http.problems import Problem
from coster.engine.flows import reads
from coster.engine.flows.model import (
    NEVER_PINNED,
    WRITE,
    DraftFlow,
    DropDraft,
    PinFlow,
    PublishFlow,
    RetireFlow,
)
from coster.engine.workflow import starting

_draft, _check, _mapping = Body(DraftWanted), Body(CheckWanted), Body(MappingWanted)
_publish, _pin, _retire = Body(PublishWanted), Body(PinWanted), Body(RetireWanted)
_rollback, _begin = Body(RollbackWanted), Body(BeginWanted)


async def draft(call: Call) -> Answer:
    """Keeps a text as a draft. One without form is refused with every fault; what the checker says does not matter yet."""
    body = await call.read(_draft)
    command = DraftFlow(
        name=call.parameters["name"],
        text=body.text,
        reason=body.reason,
        expected_revision=body.expected_revision,
    )
    return commands.reply(call, await commands.send(call, command, reason=body.reason))


async def drop(call: Call) -> Answer:
    """Forgets a draft."""
    reason = call.read_query(DropQuery).reason
    command = DropDraft(name=call.parameters["name"], version=flow_shelf.number_of(call), reason=reason)
    return commands.reply(call, await commands.send(call, command, reason=reason))


async def check(call: Call) -> Answer:
    """What the checker says of a text, which is not kept."""
    flow_shelf.refuse_parts(call)
    body = await call.read(_check)
    async with call.parts.database.read(call.org_id) as conn:
        shown = await flow_shelf.shelf(call, conn)
    return answer(await flow_shelf.checked(shown, body.text, body.mapping))


async def check_version(call: Call) -> Answer:
    """What the checker says of a draft or a version, with a mapping that it might be published with."""
    flow_shelf.refuse_parts(call)
    body, number = await call.read(_mapping), flow_shelf.number_of(call)
    async with call.parts.database.read(call.org_id) as conn:
        shown = await flow_shelf.shelf(call, conn)
        view = await flow_shelf.version_of(call, conn, shown, call.parameters["name"], number)
    return answer(await flow_shelf.checked(shown, view.text, {**view.mapping, **body.mapping}))


async def publish(call: Call) -> Answer:
    """Makes a draft a version, which is never edited again; refused with every fault of the checker, and where entities on the
    version that is pinned could not come to it. Nothing begins on it before it is pinned."""
    body = await call.read(_publish)
    command = PublishFlow(
        name=call.parameters["name"],
        version=flow_shelf.number_of(call),
        mapping=body.mapping,
        expected_revision=body.expected_revision,
        reason=body.reason,
    )
    return commands.reply(call, await commands.send(call, command, reason=body.reason))


async def retire(call: Call) -> Answer:
    """Nothing may begin on a version any more; what is on it stays."""
    body = await call.read(_retire)
    command = RetireFlow(name=call.parameters["name"], version=flow_shelf.number_of(call), reason=body.reason)
    return commands.reply(call, await commands.send(call, command, reason=body.reason))


async def pin(call: Call) -> Answer:
    """New entities begin on a version from now on, a share of them on a canary. To go back, pin what was pinned before."""
    body = await call.read(_pin)
    command = PinFlow(
        name=call.parameters["name"],
        version=body.version,
        canary=body.canary,
        share=body.share,
        expected=body.expected,
        reason=body.reason,
    )
    return commands.reply(call, await commands.send(call, command, reason=body.reason))


async def roll_back(call: Call) -> Answer:
    """Pins what was pinned before the present pin; a canary alone is taken back too. Refused where somebody pins at the same moment, and
    where the present pin took one back itself: pressed twice, it leads nowhere."""
    body, name = await call.read(_rollback), call.parameters["name"]
    async with call.parts.database.read(call.org_id) as conn:
        pins = await reads.list_pins(conn, call.org_id, name, limit=2)
    before = pins[1] if len(pins) > 1 else None
    command = PinFlow(
        name=name,
        version=before.version if before else None,
        canary=before.canary if before else None,
        share=before.share if before else 0,
        # Of what was never pinned nothing is taken back, and this number says so.
        expected=pins[0].n if pins else NEVER_PINNED,
        back=True,
        reason=body.reason,
    )
    return commands.reply(call, await commands.send(call, command, reason=body.reason))


async def begin(call: Call) -> Answer:
    """A text to begin with: a small flow that is proved, and in comments everything that a flow of its entity may name."""
    body = await call.read(_begin)
    library = call.parts.libraries.get(body.entity)
    if library is None:
        known = sorted(call.parts.libraries)
        said = f"There are flows for {', '.join(known)}, and not for '{body.entity}'."
        raise Problem("flow_entity_unknown", said, members={"accepted": known})
    return answer(Begun(text=starting.text(body.name, library.vocabulary)))


_WRITE: dict[str, Any] = {"tag": "flows", "permission": WRITE, "changes": True}
_ASK: dict[str, Any] = {"tag": "flows", "permission": WRITE, "method": "POST", "answer": Checked}
_WHERE = "/api/v1/flows/{name}"
OPERATIONS = (
    Operation(
        id="draftFlow",
        method="POST",
        path=f"{_WHERE}/drafts",
        summary="Keep a text as a draft",
        endpoint=draft,
        body=DraftWanted,
        answer=DraftKept,
        parameters=NAME,
        problems=(
            "flow_text_invalid", "flow_name_differs", "flow_entity_unknown", "flow_entity_fixed", "flow_version_taken",
            "flow_drafts_full", "version_conflict",
        ),
        **_WRITE,
    ),
    Operation(
        id="dropFlowDraft",
        method="DELETE",
        path=f"{_WHERE}/drafts/{{number}}",
        summary="Forget a draft",
        endpoint=drop,
        query=DropQuery,
        answer=VersionNamed,
        parameters=NUMBER,
        problems=("flow_draft_not_found",),
        **_WRITE,
    ),
    Operation(
        id="checkFlow",
        path="/api/v1/flows:check",
        summary="Check a text",
        endpoint=check,
        body=CheckWanted,
        **_ASK,
    ),
    Operation(
        id="checkFlowVersion",
        path=f"{_WHERE}/versions/{{number}}/check",
        summary="Check a draft or a version",
        endpoint=check_version,
        body=MappingWanted,
        parameters=NUMBER,
        **_ASK,
    ),
    Operation(
        id="publishFlow",
        method="POST",
        path=f"{_WHERE}/versions/{{number}}/publish",
        summary="Publish a draft",
        endpoint=publish,
        body=PublishWanted,
        answer=Published,
        parameters=NUMBER,
        problems=(
            "flow_draft_not_found", "flow_version_taken", "flow_versions_full", "flow_refused", "flow_migration_refused",
            "version_conflict",
        ),
        **_WRITE,
    ),
    Operation(
        id="retireFlow",
        method="POST",
        path=f"{_WHERE}/versions/{{number}}/retire",
        summary="Let nothing begin on a version any more",
        endpoint=retire,
        body=RetireWanted,
        answer=VersionNamed,
        parameters=NUMBER,
        problems=("flow_version_not_found", "flow_version_shipped", "flow_pinned"),
        **_WRITE,
    ),
    Operation(
        id="rollBackFlow",
        method="POST",
        path=f"{_WHERE}/rollback",
        summary="Pin what was pinned before",
        endpoint=roll_back,
        body=RollbackWanted,
        answer=PinKept,
        parameters=NAME,
        problems=(
            "flow_not_found",
            "flow_not_pinned",
            "flow_rolled_back",
            "flow_version_not_found",
            "flow_version_retired",
            "flow_type_taken",
            "flow_pin_refused",
            "version_conflict",
        ),
        **_WRITE,
    ),
    Operation(
        id="beginFlow",
        method="POST",
        path="/api/v1/flows:new",
        summary="Get a text to begin with",
        endpoint=begin,
        body=BeginWanted,
        answer=Begun,
        problems=("flow_entity_unknown",),
        tag="flows",
        permission=WRITE,
    ),
    Operation(
        id="pinFlow",
        method="PUT",
        path=f"{_WHERE}/pin",
        summary="Say on which version new entities begin",
        endpoint=pin,
        body=PinWanted,
        answer=PinKept,
        parameters=NAME,
        problems=(
            "flow_not_found", "flow_version_not_found", "flow_version_retired", "flow_type_differs", "flow_type_taken",
            "flow_pin_refused", "version_conflict",
        ),
        **_WRITE,
    ),
)  # fmt: skip
