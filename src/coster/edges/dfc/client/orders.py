"""Orders at suppliers on other platforms (`domain.federation.ports.Suppliers`), with every outcome as a value."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from coster.domain.federation.model import Access, Unchanged
from coster.domain.federation.ports import (
    AcceptedByPeer,
    Answered,
    Ask,
    Found,
    Missing,
    NotAllowed,
    Seen,
    Unknown,
)
from coster.edges.dfc.client import answers, catalogues, ordering, speaking
from coster.edges.dfc.client.ordering import Parties
from coster.edges.dfc.client.speaking import Speaker
from coster.edges.dfc.client.transport import Asked, Heard, Patience
from coster.edges.dfc.language.records import Order
from coster.kernel import ids

_MEDIA: Final = "application/ld+json"
_NO_SUCH_METHOD: Final = frozenset({404, 405, 501})


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """How a supplier is spoken to about orders."""

    access: Access
    parties: Parties
    patience: Patience

    @property
    def collection(self) -> str:
        """Where its orders are made and listed."""
        return speaking.below(self.parties.supplier, "Orders")


Find = Callable[[Ask], Awaitable["Way | NotAllowed"]]
"""The way to the supplier of an ask; NotAllowed where there is none (any more)."""


class Orders:
    """The orders of this platform's hubs at their suppliers."""

    def __init__(self, speaker: Speaker, find: Find) -> None:
        self._speaker = speaker
        self._find = find

    async def put(self, ask: Ask) -> Answered:
        """Makes the held order be so at the supplier."""
        way = await self._find(ask)
        if isinstance(way, NotAllowed):
            return way
        if ask.order and not speaking.same_origin(ask.order, way.access.url):
            return Missing()
        if ask.standing == "cancelled":
            return await self._cancel(ask, way)
        return await self._send(ask, way)

    async def look(self, ask: Ask) -> Seen:
        """What the supplier holds: the order that is named, or the one for the key of the ask."""
        way = await self._find(ask)
        if isinstance(way, NotAllowed):
            return way
        if not ask.order:
            return await self._search(ask, way)
        if not speaking.same_origin(ask.order, way.access.url):
            return Missing()
        heard = await self._speaker.get(way.access, ask.order, way.patience)
        return answers.of_look(heard, ask, url=ask.order, collection=way.collection)

    async def _send(self, ask: Ask, way: Way) -> Answered:
        url = ask.order or way.collection
        asked = Asked(
            method="PUT" if ask.order else "POST",
            url=url,
            headers=_headers(ask),
            body=ordering.document(ask, way.parties, collection=way.collection),
        )
        heard = await self._speaker.ask(way.access, asked, way.patience)
        return answers.of_put(heard, ask, url=url, collection=way.collection)

    async def _cancel(self, ask: Ask, way: Way) -> Answered:
        """By the status, with no line left; a platform that does not know the status is asked to delete, and one that knows
        neither holds nothing any more because no line is left.
        """
        if not ask.order:
            return Missing()
        put = await self._send(ask, way)
        if isinstance(put, AcceptedByPeer) and (put.standing == "cancelled" and put.lines is not None):
            return put
        if not isinstance(put, AcceptedByPeer) and getattr(put, "code", "") != "invalid":
            return put
        asked = Asked(method="DELETE", url=ask.order, headers=_headers(ask, "DELETE"))
        heard = await self._speaker.ask(way.access, asked, way.patience)
        if isinstance(heard, Heard) and heard.status in {200, 202, 204, 410}:
            return AcceptedByPeer(order=ask.order, standing="cancelled", lines=())
        if isinstance(put, AcceptedByPeer) and isinstance(heard, Heard) and heard.status in _NO_SUCH_METHOD:
            empty = put.standing == "cancelled" or put.lines == ()
            return msgspec.structs.replace(put, standing="cancelled") if empty else put
        return answers.of_put(heard, ask, url=ask.order, collection=way.collection)

    async def _search(self, ask: Ask, way: Way) -> Seen:
        """The order of this hub for this session, among all that the supplier shows us; the one that is still open before others."""
        pages = await catalogues.read_pages(
            self._speaker, way.access, way.collection, session=way.parties.session
        )
        if isinstance(pages, catalogues.Pages):
            if pages.faults:
                return Unknown(
                    cause=f"the list of orders is not understood: {pages.faults[0].sentence}"[:300]
                )
            return _one_of(pages, ask, way)
        if isinstance(pages, Unchanged):
            return Unknown(cause="the platform does not show its orders")
        return NotAllowed(cause=pages.why) if pages.code == "peer_refused" else Unknown(cause=pages.why)


def _one_of(pages: catalogues.Pages, ask: Ask, way: Way) -> Seen:
    found: list[Found] = []
    for order in pages.graph.of(Order):
        # A session belongs to one hub, so that it tells by itself; the hub alone does not.
        if order.session != way.parties.session or not speaking.same_origin(order.id, way.access.url):
            continue
        told = ordering.told(pages.graph, ask, order=order.id, collection=way.collection)
        if isinstance(told, str):
            return Unknown(cause=told)
        found.append(Found(order=told.order, standing=told.standing or "held", lines=told.lines))
    rank = {"held": 0, "complete": 1, "cancelled": 2}
    return min(found, key=lambda one: (rank[one.standing], one.order)) if found else Missing()


def _headers(ask: Ask, method: str = "") -> dict[str, str]:
    """Nothing that says anything of a shopper: how manieth request it is, and by which name a repeat is known; a second request of another
    method is no repeat of the first.
    """
    return {
        "accept": speaking.ACCEPT,
        "content-type": _MEDIA,
        "coster-sequence": str(ask.sequence),
        "idempotency-key": str(_key(ask.held_order_id, ask.sequence, *([method] if method else []))),
    }


def _key(held_order_id: uuid.UUID, *what: int | str) -> uuid.UUID:
    return ids.derived("request about a held order", held_order_id, *what)
