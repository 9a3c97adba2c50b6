"""A catalogue of an enterprise over all its pages, in whichever of the places where platforms keep it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from coster.domain.federation.model import Access, Catalogue, Failed, Unchanged
from coster.edges.dfc.client import offers, speaking
from coster.edges.dfc.client.speaking import Speaker
from coster.edges.dfc.client.transport import Heard, Patience, Unheard
from coster.edges.dfc.language import parsing
from coster.edges.dfc.language.faults import Fault
from coster.edges.dfc.language.records import Graph, SuppliedProduct

PATIENCE: Final = Patience(total_seconds=60.0, most_bytes=50_000_000)
# In the order in which they are tried: the standard's sample, the producers' app, Open Food Network.
_PLACES: Final = ("CatalogItems", "SuppliedProducts", "catalog_items", "supplied_products")
_MEMBER: Final = Patience(total_seconds=20.0, most_bytes=1_000_000)
_MOST_BYTES: Final = 200_000_000
_PAGE: Final = 250
_MOST_PAGES: Final = 2000
_ABSENT: Final = frozenset({404, 405, 501})
_NEXT: Final = re.compile(r'<([^<>]+)>\s*;[^,]*rel="?next"?')
_CONTAINS: Final = ("ldp:contains", "http://www.w3.org/ns/ldp#contains", "https://www.w3.org/ns/ldp#contains")


class Pages(msgspec.Struct, frozen=True, kw_only=True):
    """What several pages say together; `etag` where it was one page, `faults` of all of them."""

    graph: Graph
    etag: str
    faults: tuple[Fault, ...]


async def read(
    speaker: Speaker, access: Access, enterprise: str, etag: str = ""
) -> Catalogue | Unchanged | Failed:
    """What an enterprise offers, as far as its platform can be read; never raises for what a peer does."""
    last: Failed | None = None
    found: Pages | None = None
    for place in _PLACES:
        pages = await read_pages(speaker, access, speaking.below(enterprise, place), etag)
        if isinstance(pages, Unchanged):
            return pages
        if isinstance(pages, Failed):
            last = last or pages
            if pages.code == "peer_unreachable":
                return pages
            continue
        found = found or pages
        if any(product.name for product in pages.graph.of(SuppliedProduct)):
            return await asyncio.to_thread(_catalogue, pages)
    if found is not None:
        return _catalogue(found)
    return last or Failed(
        code="peer_not_understood", why="the platform shows no catalogue of this enterprise"
    )


def _catalogue(pages: Pages) -> Catalogue:
    warning = ""
    if pages.faults:
        first = pages.faults[0].sentence
        warning = f"{len(pages.faults)} things in the catalogue are not understood, so that nothing is taken for gone: {first}"
    return Catalogue(offered=offers.offered(pages.graph), etag=pages.etag, warning=warning)


async def read_pages(
    speaker: Speaker, access: Access, url: str, etag: str = "", most: int = _MOST_PAGES, **asked: str
) -> Pages | Unchanged | Failed:
    """All pages of a list: by PageInfo, by links to the next, and what a container names without telling it. `asked` filters where the
    platform knows how; one that does not gives all.
    """
    graphs: list[Graph] = []
    faults: list[Fault] = []
    tags: list[str] = []
    place: str | None = f"{url}?{urlencode({'first': _PAGE, **asked})}"
    seen: set[str] = set()
    size = 0
    while place is not None and len(graphs) < most and size <= _MOST_BYTES:
        seen.add(place)
        known = {"if-none-match": etag} if etag and not tags else {}
        heard = await speaker.get(access, place, PATIENCE, known)
        if isinstance(heard, Heard) and heard.status == 400 and len(seen) == 1:
            place = url
            heard = await speaker.get(access, place, PATIENCE, known)
        if isinstance(heard, Heard) and heard.status == 304 and etag and not tags:
            return Unchanged()
        # A long catalogue takes seconds to read, in which others want to be answered.
        page = await asyncio.to_thread(understood, heard, place)
        if isinstance(page, Failed):
            return page
        graph, wrong = page
        told = heard if isinstance(heard, Heard) else None
        assert told is not None, "what was not heard has failed"
        graphs.append(graph)
        size += len(told.body)
        faults += wrong
        tags.append(_tag(told))
        more = await _contained(speaker, access, (told, place), graph)
        if isinstance(more, Failed):
            return more
        graphs += more
        place = _next(told, (url, asked), place, seen)
    whole = place is None
    if not whole and most == _MOST_PAGES:
        faults.append(
            Fault(code="too_large", accepted=f"at most {_MOST_PAGES} pages and {_MOST_BYTES} bytes are read")
        )
    merged = graphs[0] if len(graphs) == 1 else await asyncio.to_thread(offers.merged, graphs)
    return Pages(graph=merged, etag=tags[0] if len(tags) == 1 and whole else "", faults=tuple(faults))


def understood(heard: Heard | Unheard, url: str) -> tuple[Graph, list[Fault]] | Failed:
    """The graph of an answer and what is wrong in it, or why there is none."""
    if isinstance(heard, Unheard):
        return Failed(code="peer_unreachable", why=heard.why)
    if heard.status in {401, 403}:
        return Failed(
            code="peer_refused", why=f"the platform does not let us read this (it answered {heard.status})"
        )
    if heard.status in _ABSENT:
        return Failed(
            code="peer_not_understood", why=f"the platform has nothing at {url} (it answered {heard.status})"
        )
    if heard.status != 200:
        return Failed(code="peer_unreachable", why=f"the platform answered {heard.status}")
    found = speaking.read(heard, url, parsing.CATALOGUE)
    if found.faults and not found.graph.records:
        return Failed(code="peer_not_understood", why=found.faults[0].sentence)
    return found.graph, list(found.faults)


def _next(heard: Heard, of: tuple[str, Mapping[str, str]], place: str, seen: set[str]) -> str | None:
    """Where the next page stands; None behind the last, or where a page leads back."""
    told = heard.headers.get("pageinfo", "")
    info: Any = None
    if told:
        try:
            info = msgspec.json.decode(told)
        except (msgspec.MsgspecError, RecursionError):
            info = None
    if isinstance(info, dict) and info.get("hasNextPage") and info.get("endCursor"):
        url, asked = of
        found = f"{url}?{urlencode({'first': _PAGE, 'after': str(info['endCursor']), **asked})}"
        return None if found in seen else found
    link = _NEXT.search(heard.headers.get("link", ""))
    found = speaking.whole(place, link[1]) if link else ""
    return found if found and found not in seen else None


async def _contained(
    speaker: Speaker, access: Access, told: tuple[Heard, str], graph: Graph
) -> list[Graph] | Failed:
    """What a container (LDP) names and does not tell."""
    heard, place = told
    known = {record.id for record in graph.records}
    more: list[Graph] = []
    for id_ in _members(speaking.json_of(heard)):
        url = speaking.whole(place, id_)
        if not url or url in known:
            continue
        page = understood(await speaker.get(access, url, _MEMBER), url)
        if isinstance(page, Failed):
            return page
        more.append(page[0])
    return more


def _members(document: object) -> list[str]:
    """The ids that a container says that it contains, each once, without those that it tells in full."""
    found: list[str] = []
    nodes = document.get("@graph", [document]) if isinstance(document, dict) else document
    for node in nodes if isinstance(nodes, list) else [nodes]:
        if not isinstance(node, dict):
            continue
        for name in _CONTAINS:
            members = node.get(name, [])
            for member in members if isinstance(members, list) else [members]:
                if isinstance(member, str):
                    found.append(member)
                elif isinstance(member, dict) and member.keys() == {"@id"}:
                    found.append(str(member["@id"]))
    return list(dict.fromkeys(found))[:_MOST_PAGES]


def _tag(heard: Heard) -> str:
    """The answer's ETag; one that no header could carry back (RFC 9110, 5.5: ASCII that can be seen) is as good as none."""
    tag = heard.headers.get("etag", "")
    return tag if tag.isascii() and tag.isprintable() else ""
