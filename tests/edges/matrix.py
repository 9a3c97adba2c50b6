"""Requests made out of the OpenAPI document: every operation, with an id of somebody else in every place for an id.

What is compared: the answer for an id that exists at somebody else's, and the answer for an id that never existed.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import re
import uuid
from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final

import httpx2

from tests.edges.contract import JSON, NDJSON, Told, name_of, operations, places, put
from tests.edges.estate import OF_NAME, OF_RESOURCE, Estate
from tests.edges.scene import V1

Place = tuple[Any, ...]

NEVER: Final = "0192f0c1-dead-7bad-8bad-0123456789ab"
SHOWS_NOTHING: Final = "whether the id exists makes no difference, so nothing is shown"
_OF_A_FLOW: Final = {"name": "order.retail", "number": "1", "work": f"timer:{NEVER}:orders.timer"}
_URL: Final = "https://93.184.215.14/hooks"
_UUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_REQUEST_ID: Final = re.compile(r'"request_id":"[^"]*"')
_OF_EACH_ANSWER: Final = {"x-request-id", "date", "content-length"}
_ALIVE: Final = b": alive"


@dataclasses.dataclass(frozen=True)
class Ask:
    """A request that could be sent: an operation, with ids in all its places."""

    told: Told
    path: dict[str, str]
    query: dict[str, str]
    media: str | None = None
    body: Any = None

    @property
    def url(self) -> str:
        """The address, with its ids."""
        found = self.told.path
        for name, value in self.path.items():
            found = found.replace(f"{{{name}}}", value)
        return found

    def places(self) -> Iterator[Place]:
        """Everywhere that an id stands."""
        yield from (("path", name) for name in self.path if _is_id(self.told, "path", name))
        yield from (("query", name) for name in self.query if _is_id(self.told, "query", name))
        if self.body is not None:
            names = self.told.id_names(self.told.body_schema(self.media or ""))
            yield from (("body", *place) for place in places(self.body, names))

    def at(self, place: Place) -> str:
        """The id that stands there."""
        found: Any = {"path": self.path, "query": self.query, "body": self.body}
        for step in place:
            found = found[step]
        return str(found)

    def having(self, place: Place, id_: str) -> Ask:
        """The same with another id there."""
        where, *rest = place
        return dataclasses.replace(self, **{where: put(getattr(self, where), {tuple(rest): id_})})

    @property
    def commands(self) -> bool:
        """Whether it can be sent as a dry run."""
        return "dry_run" in self.told.named("query")


@dataclasses.dataclass(frozen=True)
class Heard:
    """An answer, without what differs between any two."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str

    def without(self, *ids: str) -> Heard:
        """The same, whichever of these ids was asked for, and whatever is new in it."""
        body, headers = self.body, str(self.headers)
        for id_ in ids:
            body, headers = body.replace(id_, "ASKED"), headers.replace(id_, "ASKED")
        return Heard(self.status, (("", _UUID.sub("NEW", headers)),), _UUID.sub("NEW", body))

    @property
    def accepted(self) -> bool:
        """Whether it was done, or would be."""
        refused = '"rejected":{' in self.body or '"status":"rejected"' in self.body
        return self.status < 300 and not refused


def asks(document: dict[str, Any], estate: Estate) -> Iterator[Ask]:
    """Every operation for which a key is needed, with every example of its body and with every id of its query."""
    for told in operations(document):
        if told.permission is None:
            continue
        path = {name: _in_path(told, estate, name) for name in told.named("path")}
        bodies = [(media, body) for media, body in told.bodies if media in (JSON, NDJSON)]
        for media, body in bodies or [(None, None)]:
            filled = None if body is None else fill(told, media or "", body, estate)
            yield Ask(told, path, {}, media, filled)
        for name in told.named("query"):
            if _is_id(told, "query", name):
                yield Ask(told, path, {name: estate.of_query(told.path, name)})


def fill(told: Told, media: str, body: Any, estate: Estate) -> Any:
    """An example with ids that exist, and addresses that may be called."""
    found = places(body, told.id_names(told.body_schema(media)))
    body = put(body, {place: estate.of_name(name_of(place)) for place in found})
    named = {"url": _URL, "issuer": _URL, "enterprise_iri": estate.iri}
    return {**body, **{n: v for n, v in named.items() if n in body}} if isinstance(body, dict) else body


def uncovered(document: dict[str, Any]) -> list[str]:
    """What the matrix would pass over: operations without a word on who may, ids that nothing is known to stand for,
    and names under which a body may hold an id that no example holds.
    """
    found: list[str] = []
    for told in operations(document):
        if "x-coster-permission" not in told.spec:
            found.append(f"{told.id}: no word on the permission")
        resource = told.path.split("/")[3] if told.path.count("/") > 2 else ""
        found += [
            f"{told.id}: what is {one['name']}?"
            for one in told.parameters
            if told.is_id(one["schema"])
            and not (one["name"] in OF_NAME or (one["in"] == "path" and resource in OF_RESOURCE))
        ]
        bodies = [(media, body) for media, body in told.bodies if media in (JSON, NDJSON)]
        names = {name for media, _ in bodies for name in told.id_names(told.body_schema(media))}
        found += [f"{told.id}: what is {name}?" for name in sorted(names - OF_NAME.keys() - {"id"})]
        held = {name_of(place) for _, body in bodies for place in places(body, names)}
        found += [f"{told.id}: no example holds {name}" for name in sorted(names - held)]
    return found


class Matrix:
    """Sends what somebody may ask with ids of somebody else, and notes what that tells."""

    def __init__(self, api: httpx2.AsyncClient, wanted: Iterable[Ask], ours: Estate) -> None:
        self.api = api
        self.ours = ours
        self.asks = list(wanted)
        self._tags: dict[str, str] = {}

    async def find(
        self, theirs: Estate, *, every_kind: bool = True, free: Collection[tuple[str, str]] = ()
    ) -> list[str]:
        """The breaches: places where an id of theirs is answered otherwise than one that never existed.

        Also places where not even our own id is: there the comparison says nothing. `free` are operations and names in
        their bodies under which that is meant to be so. `every_kind`: ids of theirs of all kinds are tried everywhere.
        """
        breaches: list[str] = []
        for ask in self.asks:
            for place in ask.places():
                if place[0] == "body" and {(ask.told.id, name_of(place)), ("", name_of(place))} & set(free):
                    continue
                like = self._like(ask, place, theirs)
                wanted = {like, *theirs.ids.values()} if every_kind else {like}
                breaches += await self._try(ask, place, sorted(wanted), theirs)
        return breaches

    async def _try(self, ask: Ask, place: Place, foreign: list[str], theirs: Estate) -> list[str]:
        """One place: ours, one that never was, and theirs; what is refused is sent for good as well."""
        where = f"{ask.told.id} {'/'.join(map(str, place))}"
        own, never, *heard = await self.hear_all(
            ask.having(place, id_) for id_ in (ask.at(place), NEVER, *foreign)
        )
        told = []
        if own.without(ask.at(place)) == never.without(NEVER):
            told.append(f"{where}: {SHOWS_NOTHING}: {own.body[:200]}")
        told += self._differences(where, never, dict(zip(foreign, heard, strict=True)), theirs)
        if ask.commands and not told and not never.accepted:
            like = self._like(ask, place, theirs)
            never, real = await self.hear_all(
                (ask.having(place, id_) for id_ in (NEVER, like)), dry_run=False
            )
            told += self._differences(f"{where} for good", never, {like: real}, theirs)
        return told

    def _differences(
        self, where: str, never: Heard, heard: dict[str, Heard], theirs: Estate
    ) -> Iterator[str]:
        """What the answers for their ids tell that the one for an id that never was does not."""
        wanted = never.without(NEVER)
        for id_, answer in heard.items():
            if answer.without(id_) != wanted:
                yield f"{where}: {answer.status} {answer.body[:300]} instead of {never.status} {never.body[:300]}"
            plain = answer.body.replace(id_, "") + str(answer.headers).replace(id_, "")
            yield from (f"{where}: tells {secret}" for secret in theirs.secrets() if secret in plain)

    async def hear_all(self, wanted: Iterable[Ask], *, dry_run: bool = True) -> list[Heard]:
        """The answers, in order; streams all at once, since each takes a second to show that nothing more comes."""
        sent = list(wanted)
        if any("text/event-stream" in str(ask.told.spec["responses"]) for ask in sent[:1]):
            return list(await asyncio.gather(*(self.hear(ask) for ask in sent)))
        return [await self.hear(ask, dry_run=dry_run) for ask in sent]

    async def hear(self, ask: Ask, *, dry_run: bool = True) -> Heard:
        """Sends it and gives the answer."""
        params, headers = dict(ask.query), {}
        if ask.commands and dry_run:
            params["dry_run"], headers["Idempotency-Key"] = "true", "probe"
        if "If-Match" in ask.told.named("header"):
            headers["If-Match"] = await self._tag(ask)
        content = None
        if ask.media is not None:
            # A row's key takes effect once; the next row is another.
            body = {**ask.body, "key": new_id()} if not dry_run and "key" in ask.body else ask.body
            headers["Content-Type"], content = ask.media, json.dumps(body).encode()
        request = self.api.build_request(
            ask.told.method, ask.url, params=params, headers=headers, content=content
        )
        return await hear(self.api, request)

    async def _tag(self, ask: Ask) -> str:
        """The version of our own object, whichever is asked for."""
        own = dataclasses.replace(
            ask, path={name: _in_path(ask.told, self.ours, name) for name in ask.path}
        ).url
        if own not in self._tags:
            self._tags[own] = (await self.api.get(own)).headers.get("etag", '"1"')
        return self._tags[own]

    def _like(self, ask: Ask, place: Place, theirs: Estate) -> str:
        """Their id of the kind that belongs there."""
        where, *_ = place
        return _in_path(ask.told, theirs, place[1]) if where == "path" else theirs.of_name(name_of(place[1:]))


async def hear(api: httpx2.AsyncClient, request: httpx2.Request) -> Heard:
    """The answer; of a stream until its first sign of life."""
    response = await api.send(request, stream=True)
    data = b""
    try:
        async for piece in response.aiter_bytes():
            data += piece
            if _ALIVE in data:
                data = data.partition(_ALIVE)[0]
                break
    finally:
        await response.aclose()
    headers = tuple(
        (name, value) for name, value in sorted(response.headers.items()) if name not in _OF_EACH_ANSWER
    )
    return Heard(response.status_code, headers, _REQUEST_ID.sub('"request_id":""', data.decode()))


async def fetched(api: httpx2.AsyncClient) -> dict[str, Any]:
    """The document of a running server."""
    return dict((await api.get(V1 + "/openapi.json")).json())


def _in_path(told: Told, estate: Estate, name: str) -> str:
    return _OF_A_FLOW.get(name) or estate.of_path(told.path, name)


def _is_id(told: Told, where: str, name: str) -> bool:
    return any(
        one["in"] == where and one["name"] == name and told.is_id(one["schema"]) for one in told.parameters
    )


def new_id() -> str:
    """An id that nobody has."""
    return str(uuid.uuid4())
