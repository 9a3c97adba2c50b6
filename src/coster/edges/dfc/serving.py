"""What every operation of ours for other platforms shares: whose it is, what came, and what goes back, as documents.

An operation is a record as everywhere (edges/http/operation.py) with `documents=True`. Its endpoint asks `place` for the enterprise,
reads a body with `read_document`, sends commands with edges/http/commands.py, and answers with `document` or `done`.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import msgspec

from coster.edges.dfc.iris import PREFIX, Iris
from coster.edges.dfc.language import reading, writing
from coster.edges.dfc.language.faults import Fault
from coster.edges.dfc.language.records import Graph, R, Record
from coster.edges.dfc.language.sorting import Subject
from coster.edges.dfc.language.writing import Profile
from coster.edges.http import commands, conditions
from coster.edges.http.call import Answer, Call, Headers, encode
from coster.edges.http.problems import Problem, not_found, of_rejection
from coster.engine.batch.run import Result
from coster.kernel.authority import Authority
from coster.kernel.outcome import Rejected

JSON: Final = b"application/json"
JSON_LD: Final = b"application/ld+json"
VERSION_2: Final = b'application/ld+json; profile="dfc-v2"'
SCOPES: Final = {
    "dfc_enterprises:read": "ReadEnterprise",
    "dfc_enterprises:write": "WriteEnterprise",
    "dfc_products:read": "ReadProducts",
    "dfc_products:write": "WriteProducts",
    "dfc_orders:read": "ReadOrders",
    "dfc_orders:write": "WriteOrders",
}
"""The standard's scope for each of our permissions."""

_MANY: Final = 500
_LDP: Final = {"ldp": "http://www.w3.org/ns/ldp#"}


def iris(call: Call) -> Iris:
    """The addresses of this server, as the setting says or, without one, as the request called it."""
    chosen = call.parts.public_url
    if not chosen:
        host = call.headers.get(b"host", b"").decode("latin-1")
        chosen = f"{call.scope.get('scheme', 'http')}://{host if is_host(host) else 'localhost'}"
    return Iris(chosen.rstrip("/") + PREFIX)


def is_host(text: str) -> bool:
    """Whether a Host header is one that can stand in an address."""
    return (
        bool(text)
        and len(text) <= 255
        and all(c.isalnum() or c in ".-:[]_" for c in text.lower())
        and text.isascii()
    )


# ------------------------------------------------------------------------------------------------------- who, of what


def place(call: Call, permission: str | None = None) -> uuid.UUID:
    """The enterprise of the path, for which the caller holds the permission (that of the operation, unless named).

    Problems: not_found where the caller has no right at all there, insufficient_scope where it has only others. `default` is the only
    enterprise for which the caller holds it.
    """
    wanted = permission or call.operation.permission or ""
    if call.parameters.get("enterprise_id") == "default":
        return _default(call, wanted)
    enterprise = call.id("enterprise_id", "enterprise")
    demand(call, wanted, enterprise)
    return enterprise


def demand(call: Call, permission: str, enterprise: uuid.UUID) -> None:
    """Refuses who does not hold the permission for the enterprise. Problems: not_found, insufficient_scope."""
    if call.authority.allows(permission, enterprise):
        return
    if any(call.authority.allows(other, enterprise) for other in SCOPES):
        raise missing_scope(permission)
    raise not_found("enterprise")


def demand_somewhere(call: Call, permission: str) -> frozenset[uuid.UUID] | None:
    """The enterprises for which the caller holds the permission (None: all). Problem: insufficient_scope where there is none."""
    scope = call.authority.scope(permission)
    if scope == frozenset():
        raise missing_scope(permission)
    return scope


def alone(enterprise: uuid.UUID, *permissions: str) -> Authority:
    """An authority for asking the rooms about one enterprise, and what supplies it or is supplied by it, and nothing else."""
    return Authority(by_enterprise={enterprise: frozenset(permissions)})


def of_scope(scope: frozenset[uuid.UUID] | None, *permissions: str) -> Authority:
    """The same for all enterprises of a scope; None: the whole organisation."""
    held = frozenset(permissions)
    return (
        Authority(everywhere=held) if scope is None else Authority(by_enterprise=dict.fromkeys(scope, held))
    )


def missing_scope(permission: str) -> Problem:
    """The caller is known, and may not do this (RFC 6750 §3.1)."""
    scope = SCOPES.get(permission, permission)
    hint = f'Bearer realm="coster", error="insufficient_scope", scope="{scope}"'.encode()
    return Problem(
        "insufficient_scope",
        f"This caller lacks the scope {scope} here; the enterprise can give it to a platform.",
        members={"error": "insufficient_scope", "scope": scope},
        headers=[(b"www-authenticate", hint)],
    )


def _default(call: Call, permission: str) -> uuid.UUID:
    scope = demand_somewhere(call, permission)
    if scope is None or len(scope) != 1:
        raise not_found("default enterprise; the caller has more than one, or all")
    return next(iter(scope))


# ----------------------------------------------------------------------------------------------------------- what came


async def read_document(call: Call, *, about: type[Record] | None = None) -> Graph:
    """The body as records; `about` is what a body without id or class says something of (then it has the request's address).

    Problems: document_invalid with every fault, media_type_not_supported, body_too_large.
    """
    media = call.headers.get(b"content-type")
    kind = (media or JSON).partition(b";")[0].strip().lower()
    if kind != JSON and not kind.endswith(b"+json"):
        accepted = [(b"accept", b"application/ld+json, application/json")]
        raise Problem(
            "media_type_not_supported",
            "This address takes application/ld+json or application/json.",
            headers=accepted,
        )
    here = address(call)
    subject = Subject(record=about, id=here) if about else None
    found = reading.read(await call.data(), base=here, subject=subject)
    if found.faults:
        raise invalid(found.faults)
    return found.graph


def address(call: Call) -> str:
    """The address of the request itself, without its query."""
    return iris(call).base.removesuffix(PREFIX) + call.path


def the_one(graph: Graph, kind: type[R]) -> R:
    """The one record of a class that says something. Problem: document_invalid."""
    saying = [one for one in graph.of(kind) if one != kind(id=one.id)]
    if len(saying) != 1:
        found = f"{len(saying)} of them"
        accepted = f"exactly one {kind.__name__} is accepted here"
        raise invalid([fault("@type", accepted, found=found)])
    return saying[0]


def addressed(call: Call, graph: Graph, kind: type[R]) -> R:
    """The record that has the request's address, in any spelling, or the only one of its class. Problem: document_invalid."""
    ours = iris(call)
    here = ours.read(address(call))
    found = [one for one in graph.of(kind) if ours.read(one.id) == here]
    return found[0] if found else the_one(graph, kind)


def invalid(faults: Sequence[Fault]) -> Problem:
    """A document that cannot be taken, with all that is wrong with it."""
    told = [
        {
            "pointer": "",
            "message": one.sentence,
            "code": one.code,
            "node": one.node,
            "property": one.property_,
            "found": one.found,
            "accepted": one.accepted,
        }
        for one in faults
    ]
    return Problem("document_invalid", faults[0].sentence, members={"faults": told})


def fault(
    property_: str, accepted: str, *, node: str = "", found: str = "", code: str = "value_missing"
) -> Fault:
    """One thing that is wrong with what a document says, in the language's own words."""
    return Fault(code=code, node=node, property_=property_, found=found, accepted=accepted)


# --------------------------------------------------------------------------------------------------------- what goes back


def profile_of(call: Call) -> Profile:
    """The vocabulary that was asked for: that of 2.0.0 by `Accept: …profile="dfc-v2"`."""
    return Profile.VERSION_2 if b"dfc-v2" in call.headers.get(b"accept", b"") else Profile.VERSION_1


def media_of(call: Call) -> bytes:
    """The Content-Type of a document: application/json to who names only that, else application/ld+json."""
    if profile_of(call) is Profile.VERSION_2:
        return VERSION_2
    accept = call.headers.get(b"accept", b"").lower()
    return JSON if JSON in accept and JSON_LD not in accept else JSON_LD


def document(
    call: Call,
    records: Iterable[Record],
    *,
    first: Sequence[str] = (),
    status: int = 200,
    headers: Headers = (),
) -> Answer:
    """Records as an answer, completed by stubs and inverse links; those of `first` lead."""
    made = writing.write(writing.graph(records), first=first, profile=profile_of(call))
    return Answer(status=status, body=made, media=media_of(call), headers=list(headers))


def listing(call: Call, records: Iterable[Record], *, first: Sequence[str], headers: Headers = ()) -> Answer:
    """The same for a list, whose members are those of `first`: in the vocabulary of 2.0.0 the document says so, as a container (LDP)."""
    shown = document(call, records, first=first, headers=headers)
    if profile_of(call) is Profile.VERSION_2 and isinstance(shown.body, bytes):
        shown.body = _in_container(shown.body, address(call), first)
    return shown


async def apart(made: Callable[[], Answer], objects: int) -> Answer:
    """An answer, made beside the event loop where it is large: to write thousands of objects takes seconds, in which others are served."""
    return await asyncio.to_thread(made) if objects > _MANY else made()


def plain(call: Call, value: Any, *, status: int = 200, headers: Headers = ()) -> Answer:
    """A JSON-LD document that is no graph of records: permissions, profiles."""
    return Answer(status=status, body=encode(value), media=media_of(call), headers=list(headers))


def preview(call: Call, result: Result) -> Answer | None:
    """The answer to a dry run; None where it was none. Problem: what the rooms refused."""
    if call.dry_run:
        return Answer(body=encode(commands.preview(call, result.outcome, result.events, None)))
    if isinstance(result.outcome, Rejected):
        raise of_rejection(result.outcome)
    return None


def accepted(result: Result) -> None:
    """Lets a command pass that goes with another one. Problem: what the rooms refused."""
    if isinstance(result.outcome, Rejected):
        raise of_rejection(result.outcome)


def done(call: Call, result: Result) -> Answer:
    """204 for a change that was made, with its new version as ETag. Problem: what the rooms refused."""
    shown = preview(call, result)
    return shown or Answer(status=204, headers=of_result(result))


def of_result(result: Result) -> list[tuple[bytes, bytes]]:
    """The headers that tell of a change: the version, and whether it is a repeat."""
    headers = [(b"idempotent-replayed", b"true")] if result.repeated else []
    version = None if isinstance(result.outcome, Rejected) else result.outcome.value.get("version")
    return [*headers, (b"etag", b'"%d"' % version)] if isinstance(version, int) else headers


def expected(call: Call) -> int | None:
    """The version that If-Match names, where it came: platforms seldom send one. Problem: header_invalid."""
    given = conditions.tags(call.scope["headers"])
    return None if given is None or given == ["*"] else call.expected_version


def _in_container(made: bytes, iri: str, members: Sequence[str]) -> bytes:
    whole = msgspec.json.decode(made)
    context = whole.pop("@context")
    nodes = whole.get("@graph", [whole])
    contained = [{"@id": member} for member in members]
    container = {"@id": iri, "@type": ["ldp:Container", "ldp:BasicContainer"], "ldp:contains": contained}
    return msgspec.json.encode({"@context": [context, _LDP], "@graph": [container, *nodes]})
