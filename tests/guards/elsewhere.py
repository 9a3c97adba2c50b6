"""Jean, when his stock lives on another platform."""

from __future__ import annotations

import uuid
from typing import Any, Final

from coster.domain.federation.model import FoundEnterprise, NoteDiscovery, PutPeer, PutSupplier
from coster.domain.linking.model import OpenLink
from coster.domain.supplying import reads as supplying
from coster.engine.webhooks.model import Target
from tests.guards.scene import Scene
from tests.town import name_id

URL: Final = "https://farm.example/api/dfc/Enterprises/1"


def peer(name: str, version: int | None = 1) -> PutPeer:
    """The connection to Jean's platform, made or changed."""
    target = Target(url=URL, refusal=None)
    return PutPeer(peer_id=name_id("peer"), hub_id=name_id("Hub"), name=name, target=target, auth="none",
                   expected_version=version)  # fmt: skip


def supplied() -> list[Any]:
    """Jean is on another platform."""
    found = [FoundEnterprise(iri=URL, name="Jean", currencies=("EUR",))]
    shown = NoteDiscovery(peer_id=name_id("peer"), platform="", protocol="", ontology="", enterprises=found)
    taken_on = PutSupplier(peer_id=name_id("peer"), enterprise_iri=URL, producer_id=name_id("Jean"))
    return [peer("Elsewhere", None), shown, taken_on]


def linked(town: Scene) -> list[Any]:
    """Somebody's carrots are held at Jean's platform."""
    return [*supplied(), town.basket("Ann", town.carrots), OpenLink(held_order_id=held(town))]


def held(town: Scene) -> uuid.UUID:
    """The order of the hub at Jean's."""
    return supplying.held_order_id(town.hub, name_id("Jean"), town.market)
