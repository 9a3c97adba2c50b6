"""Connections to other platforms: whose they are, where they lead, and what was found there."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

import msgspec

from coster.domain.federation.model import NoteDiscovery, Peer, PeersState, PutPeer, RemovePeer
from coster.kernel import refusal
from coster.kernel.message import Command, Decided, Event
from coster.kernel.outcome import Accepted, Outcome, Rejected

PERMISSION: Final = "relations:write"
_MOST_ENTERPRISES: Final = 1000
_Step: TypeAlias = Callable[[PeersState, Command[Any], Peer | None], "Peer | Rejected"]


def put_peers(state: PeersState, commands: Sequence[Command[PutPeer]]) -> Decided[list[Peer]]:
    """Makes or replaces connections."""
    return _fold(state, commands, _put)


def remove_peers(state: PeersState, commands: Sequence[Command[RemovePeer]]) -> Decided[list[Peer]]:
    """Forgets connections with their secrets; the rows stay, so that nobody takes their ids."""
    return _fold(state, commands, _remove)


def note_discoveries(state: PeersState, commands: Sequence[Command[NoteDiscovery]]) -> Decided[list[Peer]]:
    """Keeps what platforms said of themselves."""
    return _fold(state, commands, _note)


def _fold(state: PeersState, commands: Sequence[Command[Any]], step: _Step) -> Decided[list[Peer]]:
    now = dict(state.peers)
    written: dict[uuid.UUID, Peer] = {}
    outcomes: list[Outcome] = []
    events: list[tuple[int, Event]] = []
    for index, command in enumerate(commands):
        result = step(state, command, now.get(command.body.peer_id))
        if isinstance(result, Rejected):
            outcomes.append(result)
            continue
        now[result.id] = written[result.id] = result
        events.append((index, _event(result, command.body)))
        outcomes.append(Accepted({"id": str(result.id), "version": result.version}))
    return Decided(outcomes, list(written.values()), events)


def _event(peer: Peer, body: object) -> Event:
    data: dict[str, Any] = {"name": peer.name, "status": peer.status, "enterprises": [str(peer.hub_id)]}
    if isinstance(body, NoteDiscovery):
        data |= {"platform": peer.platform, "found": len(peer.enterprises)}
        return Event("peer.discovered", "peer", peer.id, peer.version, data)
    if isinstance(body, RemovePeer):
        return Event("peer.removed", "peer", peer.id, peer.version, data)
    name = "peer.connected" if peer.version == 1 else "peer.changed"
    return Event(name, "peer", peer.id, peer.version, data)


def _put(state: PeersState, command: Command[PutPeer], old: Peer | None) -> Peer | Rejected:
    body = command.body
    if refused := _refuse_put(state, command, old):
        return refused
    secret = body.secret
    kept = old if secret is None and old is not None else None
    # What was found belongs to the address that was asked.
    same = old if old is not None and old.url == body.target.url else None
    return Peer(
        id=body.peer_id,
        hub_id=body.hub_id,
        name=body.name,
        url=body.target.url,
        auth=body.auth,
        issuer=body.issuer.url if body.issuer else "",
        client_id=body.client_id,
        secret_key=secret.key if secret else kept.secret_key if kept else "",
        secret_salt=secret.salt if secret else kept.secret_salt if kept else b"",
        secret_box=secret.box if secret else kept.secret_box if kept else b"",
        status="connected",
        platform=same.platform if same else "",
        protocol=same.protocol if same else "",
        ontology=same.ontology if same else "",
        enterprises=same.enterprises if same else [],
        discovered_at=same.discovered_at if same else None,
        created_at=old.created_at if old else command.at,
        version=old.version + 1 if old else 1,
    )


def _refuse_put(state: PeersState, command: Command[PutPeer], old: Peer | None) -> Rejected | None:
    body = command.body
    if not command.authority.allows(PERMISSION, body.hub_id):
        return refusal.not_permitted("connect this hub to other platforms")
    if body.hub_id not in state.hubs:
        return Rejected(
            "not_a_hub", f"The enterprise {body.hub_id} is no hub here; list hubs at /api/v1/enterprises."
        )
    if old is not None and old.hub_id != body.hub_id:
        return Rejected("peer_taken", "This id cannot be used for a connection of this hub; take a new one.")
    if old is not None and old.status == "removed":
        return Rejected("peer_removed", "This connection was removed for good; make a new one.")
    conflict = refusal.version_conflict(
        "connection", expected=body.expected_version, current=old.version if old else 0
    )
    if conflict:
        return conflict
    for target in (body.target, body.issuer):
        if target is not None and target.refusal is not None:
            return Rejected(
                "peer_url_refused", f"{target.url} is not called: {target.refusal}.", {"url": target.url}
            )
    return _faults(body, old).rejected()


def _faults(body: PutPeer, old: Peer | None) -> refusal.Faults:
    faults = refusal.Faults()
    faults.text("name", body.name, most=200, needed=True)
    faults.text("client_id", body.client_id, most=500, needed=body.auth == "client")
    has_secret = body.secret is not None or bool(old and old.secret_key)
    if body.auth != "none" and not has_secret:
        faults.add("secret", "is missing; the platform's token, or the client's secret, goes there")
    elif body.auth != "none" and body.secret is None and old is not None and _leads_elsewhere(body, old):
        faults.add(
            "secret",
            "is missing; it was given for another place, and is sent to no other without being given anew",
        )
    if body.auth == "client" and body.issuer is None:
        faults.add("issuer", "is missing; a client's credentials count with one issuer")
    return faults


def _leads_elsewhere(body: PutPeer, old: Peer) -> bool:
    """Whether the secret, or a token that is had for it, would go to somebody else than whom it was given for."""
    issuer = body.issuer.url if body.issuer else ""
    return (
        _origin(body.target.url) != _origin(old.url)
        or body.auth != old.auth
        or (body.auth == "client" and (issuer, body.client_id) != (old.issuer, old.client_id))
    )


def _origin(url: str) -> tuple[str, str]:
    """Scheme, and host with port, of an address that was judged before."""
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()


def _remove(state: PeersState, command: Command[RemovePeer], old: Peer | None) -> Peer | Rejected:
    if old is None or not may_see(command, old.hub_id):
        return UNKNOWN
    if not command.authority.allows(PERMISSION, old.hub_id):
        return refusal.not_permitted("change connections of this hub")
    conflict = refusal.version_conflict(
        "connection", expected=command.body.expected_version, current=old.version
    )
    if conflict:
        return conflict
    if old.id in state.needed:
        return Rejected(
            "peer_needed", "Suppliers depend on this connection; remove them first, at /api/v1/suppliers."
        )
    return msgspec.structs.replace(
        old, url="", issuer="", client_id="", secret_key="", secret_salt=b"", secret_box=b"", auth="none",
        status="removed", enterprises=[], version=old.version + 1,
    )  # fmt: skip


def _note(_state: PeersState, command: Command[NoteDiscovery], old: Peer | None) -> Peer | Rejected:
    body = command.body
    if old is None or old.status == "removed" or not may_see(command, old.hub_id):
        return UNKNOWN
    if not command.authority.allows(PERMISSION, old.hub_id):
        return refusal.not_permitted("ask other platforms for this hub")
    return msgspec.structs.replace(
        old,
        platform=body.platform[:200],
        protocol=body.protocol[:100],
        ontology=body.ontology[:100],
        enterprises=body.enterprises[:_MOST_ENTERPRISES],
        discovered_at=command.at,
        version=old.version + 1,
    )


def may_see(command: Command[Any], hub_id: uuid.UUID) -> bool:
    """Whether whoever asks may know of a hub's connections and suppliers."""
    return any(command.authority.allows(p, hub_id) for p in ("parties:read", PERMISSION))


UNKNOWN: Final = Rejected("peer_unknown", "No connection of yours has this id; list them at /api/v1/peers.")
