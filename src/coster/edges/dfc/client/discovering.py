"""What a platform says of itself: what it speaks, which enterprises it shows us, and what we can read of each."""

from __future__ import annotations

from typing import Any, Final

from coster.domain.federation.model import Access, Discovered, Failed, FoundEnterprise
from coster.edges.dfc.client import catalogues, speaking
from coster.edges.dfc.client.speaking import Speaker
from coster.edges.dfc.client.transport import Heard, Patience
from coster.edges.dfc.language.records import Enterprise, Graph, Offer

_PATIENCE: Final = Patience(total_seconds=20.0)
_MOST_LOOKED_AT: Final = 50
_LISTS: Final = ("Enterprises", "enterprises")
_FIRST_PAGE: Final = 1
_NAMES: Final = ("foaf:name", "http://xmlns.com/foaf/0.1/name")
_PROTOCOLS: Final = ("dfc-t:supportedProtocolVersion",)
_ONTOLOGIES: Final = ("dfc-t:supportedOntologyVersion",)


async def discover(speaker: Speaker, access: Access) -> Discovered | Failed:
    """The platform at an address: where its API begins, or the address of one enterprise there."""
    profile = await _profile(speaker, access)
    found = await _enterprises(speaker, access)
    if isinstance(found, Failed):
        return found
    looked_at = [await _look(speaker, access, one) for one in found[:_MOST_LOOKED_AT]]
    return Discovered(
        platform=_said(profile, _NAMES),
        protocol=_said(profile, _PROTOCOLS),
        ontology=_said(profile, _ONTOLOGIES),
        enterprises=[*looked_at, *(_plain(one) for one in found[_MOST_LOOKED_AT:])],
    )


async def _profile(speaker: Speaker, access: Access) -> list[dict[str, Any]]:
    """The nodes of the platform's public profile; none where it has none."""
    heard = await speaker.get(access, speaking.below(access.url, "webid"), _PATIENCE)
    if not isinstance(heard, Heard) or heard.status != 200:
        return []
    document = speaking.json_of(heard)
    nodes = document.get("@graph", [document]) if isinstance(document, dict) else document
    return [node for node in nodes if isinstance(node, dict)] if isinstance(nodes, list) else []


def _said(nodes: list[dict[str, Any]], names: tuple[str, ...]) -> str:
    """The first text under one of these names."""
    for node in nodes:
        for name in names:
            value = node.get(name)
            value = value.get("@value") if isinstance(value, dict) else value
            if isinstance(value, str):
                return value[:200]
    return ""


async def _enterprises(speaker: Speaker, access: Access) -> list[Enterprise] | Failed:
    """The enterprises that the platform lists; else the one at the address itself."""
    last: Failed | None = None
    for word in _LISTS:
        pages = await catalogues.read_pages(speaker, access, speaking.below(access.url, word))
        if isinstance(pages, catalogues.Pages):
            if found := _named(pages.graph, access):
                return found
        elif isinstance(pages, Failed):
            if pages.code == "peer_unreachable":
                return pages
            last = last or pages
    page = catalogues.understood(await speaker.get(access, access.url, _PATIENCE), access.url)
    if not isinstance(page, Failed) and (found := _named(page[0], access)):
        return found
    return last or Failed(code="peer_not_understood", why="the platform shows us no enterprise")


def _named(graph: Graph, access: Access) -> list[Enterprise]:
    """Enterprises that live on this platform, and are told of and not only mentioned."""
    return [one for one in graph.of(Enterprise) if one.name and speaking.same_origin(one.id, access.url)]


def _plain(
    one: Enterprise, scopes: tuple[str, ...] = (), currencies: tuple[str, ...] = ()
) -> FoundEnterprise:
    return FoundEnterprise(iri=one.id, name=one.name or "", scopes=scopes, currencies=currencies)


async def _look(speaker: Speaker, access: Access, one: Enterprise) -> FoundEnterprise:
    """What can be read of an enterprise, and in which currencies its first prices are."""
    scopes = ["ReadEnterprise"]
    currencies: set[str] = set()
    for word in ("CatalogItems", "SuppliedProducts", "catalog_items"):
        pages = await catalogues.read_pages(speaker, access, speaking.below(one.id, word), most=_FIRST_PAGE)
        if isinstance(pages, catalogues.Pages):
            scopes.append("ReadProducts")
            offers = pages.graph.of(Offer)
            currencies = {o.price.currency for o in offers if o.price and o.price.currency}
            if currencies:
                break
    heard = await speaker.get(access, speaking.below(one.id, "Orders"), _PATIENCE)
    if isinstance(heard, Heard) and heard.status == 200:
        scopes.append("ReadOrders")
    return _plain(one, tuple(dict.fromkeys(scopes)), tuple(sorted(currencies)))
