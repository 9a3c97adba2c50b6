"""What can be asked about producers on other platforms: connections, suppliers, their catalogues, and links of held orders."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from coster.domain.federation import model as federation
from coster.domain.federation.rules import comparing
from coster.domain.linking import model as linking
from coster.domain.sourcing.rules import shared_pool
from coster.engine.webhooks.model import Target
from tests.laws import ground
from tests.laws.ground import name_id

_PEERS = [name_id("peer", n) for n in range(2)]
_VERSIONS = st.sampled_from([None, None, None, None, 0, 1, 2])
_THERE = Target(url="https://farm.example/", refusal=None)
_TARGETS = st.sampled_from([_THERE, _THERE, Target(url="https://10.0.0.1/", refusal="private")])
_SECRET = federation.Sealed(key="first", salt=bytes(12), box=b"box")
_FOUND = [federation.FoundEnterprise(iri=iri, name="Farm", currencies=("EUR",)) for iri in ground.IRIS]
_ELSE = federation.FoundEnterprise(iri="https://farm.example/pounds", name="Far", currencies=("GBP",))


def _offered(name: str, price: str = "2.5", **more: Any) -> federation.Offered:
    iri = f"https://farm.example/{name}"
    return federation.Offered(
        product=iri, ordered=iri, name=name, price=Decimal(price), **{"currency": "EUR", **more}
    )


# Two that are new here, one that has the name of an item, and one the SKU of an item.
_KALE, _BREAD = _offered("kale"), _offered("bread")
_OFFERS = [
    _KALE, _BREAD, _offered("kale", "3"), _offered("kale", unit="kg"), _offered("kale", currency="GBP"), _offered("honey", num=6),
    _offered("fresh milk", sku="milk", unit="l"), _offered("BREAD ", stock_kind="limited", stock=4000),
]  # fmt: skip

TOWN: list[list[Any]] = [
    [federation.PutPeer(peer_id=_PEERS[0], hub_id=ground.HUB_A, name="Farms", target=_THERE, auth="none")],
    [federation.NoteDiscovery(peer_id=_PEERS[0], platform="Farms", protocol="", ontology="", enterprises=_FOUND)],
]  # fmt: skip
"""A connection, and what was found there."""


def supply(remainder: Any) -> list[list[Any]]:
    """Quinn supplies from there, on terms as they are; one of what he offers is sold, of another people have to say what it is."""
    consent = federation.PutSupplier(
        peer_id=_PEERS[0], enterprise_iri=ground.IRIS[0], producer_id=ground.QUINN, remainder=remainder
    )
    return [[consent], [federation.ImportCatalogue(producer_id=ground.QUINN, offered=[_KALE, _BREAD])]]


_LINKED = [shared_pool(hub, ground.QUINN, ground.NETWORK) for hub in ground.HUBS]
LINKS: list[list[Any]] = [[linking.OpenLink(held_order_id=id_) for id_ in _LINKED]]
"""Links that are there from the beginning of busy stages, where the terms have such held orders."""
REFUSED = """
UPDATE link SET state = 'refused', refused_version = 1, refusal = '{}'
WHERE org_id = $1 AND held_order_id = (SELECT max(held_order_id::text)::uuid FROM link WHERE org_id = $1)
"""
"""What no command says: the supplier has refused one of them."""

_PEER = st.sampled_from([*_PEERS[:1] * 4, *_PEERS, name_id("nobody knows this")])
_SUPPLIER = st.sampled_from([*[ground.QUINN] * 5, *ground.ELSEWHERE, ground.JEAN])
_IRI = st.sampled_from([*ground.IRIS * 3, _ELSE.iri, "https://farm.example/unknown"])
_HELD = st.sampled_from([*_LINKED * 4, *ground.held_order_ids(single=False)])

put_peer = st.builds(
    federation.PutPeer,
    peer_id=_PEER,
    hub_id=st.sampled_from([*ground.HUBS, ground.HUB_A, ground.JEAN]),
    name=st.sampled_from(["Farms", "Farms", ""]),
    target=_TARGETS,
    auth=st.sampled_from(["none", "token", "client"]),
    issuer=st.none() | _TARGETS,
    client_id=st.sampled_from(["", "coster"]),
    secret=st.none() | st.just(_SECRET),
    expected_version=_VERSIONS,
)
remove_peer = st.builds(federation.RemovePeer, peer_id=_PEER, expected_version=_VERSIONS)
note_discovery = st.builds(
    federation.NoteDiscovery,
    peer_id=_PEER,
    platform=st.just("Farms"),
    protocol=st.sampled_from(["", "dfc"]),
    ontology=st.just("1.16"),
    enterprises=st.sampled_from([_FOUND, [*_FOUND, _ELSE], []]),
)
put_supplier = st.builds(
    federation.PutSupplier,
    peer_id=_PEER,
    enterprise_iri=_IRI,
    producer_id=st.sampled_from([None, None, None, ground.QUINN, ground.JEAN, name_id("nobody knows this")]),
    policy=st.sampled_from(["strict", "optimistic"]),
    wait_seconds=st.sampled_from([10, 10, 500]),
    refresh_minutes=st.sampled_from([60, 60, 0]),
    remainder=st.sampled_from(["round_up", "loose"]),
    expected_version=_VERSIONS,
)
drive_supplier = st.builds(
    federation.DriveSupplier,
    producer_id=_SUPPLIER,
    event=st.sampled_from(["suspend", "resume", "remove"]),
    expected_version=_VERSIONS,
)
ask_refresh = st.builds(federation.AskRefresh, enterprise_iri=_IRI)
note_refresh = st.builds(
    federation.NoteRefresh,
    producer_id=_SUPPLIER,
    error=st.sampled_from(["", "It is silent.", "It is silent."]),
)
import_catalogue = st.builds(
    federation.ImportCatalogue,
    producer_id=_SUPPLIER,
    offered=st.lists(st.sampled_from(_OFFERS), max_size=4, unique_by=lambda one: one.product),
    complete=st.sampled_from([True, True, False]),
    etag=st.sampled_from(["", "1"]),
    warning=st.sampled_from(["", "Some of it was not understood."]),
)
judge_match = st.builds(
    federation.JudgeMatch,
    remote_item_id=st.sampled_from(
        [comparing.remote_item_id(ground.QUINN, one.product) for one in (_BREAD, _BREAD, _BREAD, _KALE)]
    ),
    accept=st.booleans(),
    item_id=st.sampled_from([None, None, ground.BREAD, ground.CHEESE, ground.CARROTS]),
    expected_version=_VERSIONS,
)

STRATEGIES: dict[str, st.SearchStrategy[Any]] = {
    "federation.put_peer": put_peer,
    "federation.remove_peer": remove_peer,
    "federation.note_discovery": note_discovery,
    "federation.put_supplier": put_supplier,
    "federation.drive_supplier": drive_supplier,
    "federation.ask_refresh": ask_refresh,
    "federation.note_refresh": note_refresh,
    "federation.import_catalogue": import_catalogue,
    "federation.judge_match": judge_match,
    "linking.open": st.builds(linking.OpenLink, held_order_id=_HELD),
    "linking.retry": st.builds(linking.RetryLink, held_order_id=_HELD),
    "linking.reconcile": st.builds(linking.ReconcileLink, held_order_id=_HELD),
    "linking.settle": st.builds(
        linking.SettleLink,
        held_order_id=_HELD,
        how=st.sampled_from(["accept", "close"]),
        reason=st.just("We spoke."),
    ),
    "linking.report": st.builds(
        linking.ReportLink,
        held_order_id=_HELD,
        what=st.sampled_from(["unconfirmed", "refused", "blocked", "drifted", "recovered"]),
        cause=st.just("peer_unreachable"),
    ),
}
"""For every kind of command on what is elsewhere what may be asked."""
