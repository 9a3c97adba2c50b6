"""Which command about other platforms is loaded for, decided and written by what; and which catalogues are due."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Final

import msgspec

from coster.domain.catalog import handlers as catalog
from coster.domain.catalog import reads as catalog_reads
from coster.domain.catalog import store as catalog_store
from coster.domain.catalog.model import ItemsWanted, PutItem, VersionedItem
from coster.domain.federation import model, store
from coster.domain.federation.rules import comparing, importing, peers, suppliers
from coster.domain.parties import store as parties_store
from coster.domain.parties.model import PutRelation, VersionedRelation
from coster.engine.batch.handler import Commands, Handler
from coster.engine.db.ask import Question, answer
from coster.engine.db.connect import Connection, Database
from coster.kernel import authority
from coster.kernel.message import Command

_MOST_CLAIMED: Final = 20


# ---------------------------------------------------------------------------------------------------- connections


async def load_peers(conn: Connection, org_id: int, commands: Commands) -> model.PeersState:
    """The connections named, locked, with what deciding about them needs; three statements."""
    ids = {command.body.peer_id for command in commands}
    found = await store.lock_peers(conn, org_id, ids)
    hubs = {command.body.hub_id for command in commands if isinstance(command.body, model.PutPeer)}
    known = await parties_store.load_enterprises(conn, org_id, hubs) if hubs else {}
    return model.PeersState(
        peers=found,
        hubs=frozenset(id_ for id_, one in known.items() if "hub" in one.kinds or "retailer" in one.kinds),
        needed=await store.needed_peers(conn, org_id, ids),
    )


# ------------------------------------------------------------------------------------------------------ relations


def _is_per_order(body: Any) -> bool:
    return bool(body.consolidation == "per_order")


def knowing_who_is_elsewhere(
    handlers: Iterable[Handler[Any, Any]],
    of: type[Any] = PutRelation,
    asks: Callable[[Any], bool] = _is_per_order,
) -> tuple[Handler[Any, Any], ...]:
    """Handlers of another room, of which the one of these bodies (`of`: relations) knows which of the producers that they name are on
    another platform, where they ask (`asks`).
    """

    def over(inner: Handler[Any, Any]) -> Handler[Any, Any]:
        async def load(conn: Connection, org_id: int, commands: Commands) -> Any:
            state = await inner.load(conn, org_id, commands)
            wanted = {one.body.producer_id for one in commands if asks(one.body)}
            if not wanted:
                return state
            elsewhere = await answer(conn, org_id, store.elsewhere_asked(org_id, wanted))
            return msgspec.structs.replace(state, elsewhere=elsewhere)

        return dataclasses.replace(inner, load=load)

    return tuple(over(one) if one.body is of else one for one in handlers)


def growing_only_here(
    handlers: Iterable[Handler[Any, Any]], stop: Callable[[Any, Collection[uuid.UUID]], Any], *of: type[Any]
) -> tuple[Handler[Any, Any], ...]:
    """Handlers of another room on orders with one producer each, of which those of these bodies are loaded without the supply of producers
    who are on another platform (`stop` takes it away): what an order has of them can be made less and given back, and never more.

    It is asked together with what is asked of every batch.
    """

    def over(inner: Handler[Any, Any]) -> Handler[Any, Any]:
        def foresee(org_id: int, commands: Commands) -> Sequence[Question[Any]]:
            return (_asked(org_id, commands), *inner.foresee(org_id, commands))

        async def load(conn: Connection, org_id: int, commands: Commands) -> Any:
            elsewhere = await answer(conn, org_id, _asked(org_id, commands))
            state = await inner.load(conn, org_id, commands)
            return stop(state, {producer for _, producer in elsewhere}) if elsewhere else state

        return dataclasses.replace(inner, load=load, foresee=foresee)

    return tuple(over(one) if one.body in of else one for one in handlers)


def _asked(org_id: int, commands: Commands) -> Question[frozenset[tuple[uuid.UUID, uuid.UUID]]]:
    return store.elsewhere_asked(org_id, dict.fromkeys(one.body.producer_id for one in commands))


# ------------------------------------------------------------------------------------------------------ suppliers


async def load_suppliers(conn: Connection, org_id: int, commands: Commands) -> model.SuppliersState:
    """Suppliers named or about to be, with the enterprises and relations that stand for them; at most five statements."""
    bodies = [command.body for command in commands]
    wanted = [body for body in bodies if isinstance(body, model.PutSupplier)]
    found_peers = await store.lock_peers(conn, org_id, {body.peer_id for body in wanted})
    ids = {id_ for body in bodies for id_ in _named(body, found_peers)}
    iris = {body.enterprise_iri for body in bodies if hasattr(body, "enterprise_iri")}
    found = await store.lock_suppliers(conn, org_id, ids, iris)
    by_iri: dict[str, tuple[uuid.UUID, ...]] = {}
    for one in found.values():
        by_iri[one.enterprise_iri] = (*by_iri.get(one.enterprise_iri, ()), one.producer_id)
    hubs = {peer.hub_id for peer in found_peers.values()} | {one.hub_id for one in found.values()}
    pairs = [(hub, producer) for hub in hubs for producer in ids | found.keys()]
    moving = [body for body in bodies if isinstance(body, (model.PutSupplier, model.DriveSupplier))]
    relations = await _lock_relations(conn, org_id, commands, pairs) if moving else {}
    enterprises = await parties_store.load_enterprises(conn, org_id, hubs | ids) if moving else {}
    return model.SuppliersState(
        peers=found_peers, suppliers=found, by_iri=by_iri, enterprises=enterprises, relations=relations
    )


def _named(body: Any, found: dict[uuid.UUID, model.Peer]) -> tuple[uuid.UUID, ...]:
    """The enterprises of ours that a command is about, where it names one or one follows."""
    if not isinstance(body, model.PutSupplier):
        return (body.producer_id,) if hasattr(body, "producer_id") else ()
    if body.producer_id is not None:
        return (body.producer_id,)
    peer = found.get(body.peer_id)
    return (suppliers.counterpart_id(peer.hub_id, body.enterprise_iri),) if peer else ()


async def _lock_relations(
    conn: Connection, org_id: int, commands: Commands, pairs: Sequence[tuple[uuid.UUID, uuid.UUID]]
) -> dict[tuple[uuid.UUID, uuid.UUID], VersionedRelation]:
    asked = [_as(commands[0], PutRelation(hub_id=hub, producer_id=producer)) for hub, producer in pairs]
    return (await parties_store.lock_relations(conn, org_id, asked)).relations if asked else {}


async def write_suppliers(conn: Connection, org_id: int, writes: model.SuppliersWrites) -> None:
    """Stores suppliers after the enterprises and relations that stand for them; at most three statements."""
    await parties_store.put_enterprises(conn, org_id, writes.enterprises)
    await parties_store.put_relations(conn, org_id, writes.relations)
    await store.put_suppliers(conn, org_id, writes.suppliers)


# ----------------------------------------------------------------------------------------------------- catalogues


async def load_import(conn: Connection, org_id: int, commands: Commands) -> model.ImportState:
    """What is different in these catalogues, and the items that it is about; the same number of statements however many."""
    bodies: dict[uuid.UUID, model.ImportCatalogue] = {c.body.producer_id: c.body for c in commands}
    found = await store.lock_suppliers(conn, org_id, bodies)
    known = await store.known_items(conn, org_id, bodies)
    different = {
        id_: comparing.compare(id_, known.get(id_, ()), body.offered, complete=body.complete)
        for id_, body in bodies.items()
    }
    new = [
        pair.offered
        for one in different.values()
        for pair in one.changed
        if pair.known is None or not pair.known.item_id
    ]
    candidates = await _candidates(conn, org_id, bodies, new)
    ids = {pair.known.id for one in different.values() for pair in one.changed if pair.known}
    ids |= {row.id for one in different.values() for row in one.gone}
    likely = {one.id for found_ in candidates.values() for one in found_}
    remote = await store.lock_remote_items(conn, org_id, ids, likely) if ids or likely else {}
    named = {row.item_id for row in remote.values() if row.item_id} | likely
    wishes = [
        wish
        for id_, one in different.items()
        for pair in one.changed
        if pair.known is None or not pair.known.item_id
        for wish in _new_item(id_, comparing.item_id(pair.id, pair.version), pair.offered)
    ]
    asked = [_as(commands[0], wish) for wish in [*wishes, *_of_items(named, bodies)]]
    gone = {row.item_id for one in different.values() for row in one.gone if row.item_id}
    return await _state(
        conn,
        org_id,
        (found, known, candidates, remote),
        asked,
        {*gone, *(r.item_id for r in remote.values() if r.item_id)},
    )


_Found = tuple[
    dict[uuid.UUID, model.Supplier],
    dict[uuid.UUID, list[model.KnownItem]],
    dict[uuid.UUID, list[model.Candidate]],
    dict[uuid.UUID, model.RemoteItem],
]


async def load_matches(conn: Connection, org_id: int, commands: Commands) -> model.ImportState:
    """The products to be judged with their suppliers, and the items that they might be."""
    # The supplier is locked first, as for an import; who it is, is read without a lock and never changes.
    ids = [command.body.remote_item_id for command in commands]
    producers = await store.producers_of(conn, org_id, ids)
    found = await store.lock_suppliers(conn, org_id, set(producers.values()))
    chosen = {command.body.item_id for command in commands if command.body.item_id}
    remote = await store.lock_remote_items(conn, org_id, ids, chosen)
    proposed = {row.proposed_id for row in remote.values() if row.proposed_id}
    if others := proposed - {row.item_id for row in remote.values()}:
        remote |= await store.lock_remote_items(conn, org_id, (), others)
    named = chosen | proposed
    wishes = [
        wish
        for row in remote.values()
        for wish in _new_item(row.producer_id, comparing.item_id(row.id, row.version + 1), row.offered)
    ]
    asked = [_as(commands[0], wish) for wish in [*wishes, *_of_items(named, found)]]
    return await _state(conn, org_id, (found, {}, {}, remote), asked, set())


async def _candidates(
    conn: Connection, org_id: int, producers: Any, new: Sequence[model.Offered]
) -> dict[uuid.UUID, list[model.Candidate]]:
    if not new:
        return {}
    skus = {one.sku for one in new if one.sku}
    names = {comparing.named(one.name) for one in new if one.name}
    return await store.load_candidates(conn, org_id, producers, skus, names)


def _new_item(producer_id: uuid.UUID, item_id: uuid.UUID, offered: model.Offered) -> list[PutItem]:
    """Wishes that name an item that might be made, and the SKUs that it might have, for the catalogue to lock them."""
    skus = (comparing.sku(offered), comparing.other_sku(item_id, offered))
    return [PutItem(item_id=item_id, owner_id=producer_id, sku=sku, name="-") for sku in skus]


def _of_items(item_ids: Any, producers: Any) -> list[PutItem]:
    """Wishes that name items, for the catalogue to lock them."""
    owner = next(iter(producers), uuid.UUID(int=0))
    return [PutItem(item_id=id_, owner_id=owner, sku=f"\x01{id_}", name="-") for id_ in item_ids]


async def _state(
    conn: Connection, org_id: int, found: _Found, asked: Commands, wanted: set[uuid.UUID]
) -> model.ImportState:
    """All that deciding needs: the catalogue's own state of the items, the items whole, and who still wants them."""
    suppliers_, known, candidates, remote = found
    state = await catalog.load(conn, org_id, asked)
    owners = await parties_store.load_enterprises(conn, org_id, suppliers_)
    ids = list(state.items)
    items: list[VersionedItem] = []
    if ids:
        every = ItemsWanted(ids=ids, limit=len(ids))
        items = await catalog_reads.list_items(conn, org_id, authority.SYSTEM, every)
    return model.ImportState(
        suppliers=suppliers_,
        hubs={id_: one.currency for id_, one in owners.items()},
        known=known,
        candidates=candidates,
        remote=remote,
        items={item.id: item for item in items},
        concerned=await store.concerned(conn, org_id, sorted(wanted)),
        catalog=state,
    )


async def write_import(conn: Connection, org_id: int, writes: model.ImportWrites) -> None:
    """Stores items, then the products that they stand for, then the suppliers; nine statements at most."""
    await catalog_store.put_items(conn, org_id, writes.items)
    await store.put_remote_items(conn, org_id, writes.remote)
    await store.put_suppliers(conn, org_id, writes.suppliers)


def _as(command: Command[Any], body: Any) -> Command[Any]:
    return Command(command.id, command.org_id, command.actor, command.at, body)


# --------------------------------------------------------------------------------------------------- what is due


async def claim_due(database: Database, seconds: float, now: dt.datetime) -> list[tuple[int, uuid.UUID]]:
    """Suppliers whose catalogue is to be read now, with their organisation; nobody else is given them for so many seconds."""
    claimed: list[tuple[int, uuid.UUID]] = []
    for org_id in await store.organisations_with_due(database, now, _MOST_CLAIMED):
        async with database.write(org_id) as conn:
            until = now + dt.timedelta(seconds=seconds)
            ids = await store.claim_due(conn, org_id, now=now, until=until, limit=_MOST_CLAIMED)
            claimed += [(org_id, id_) for id_ in ids]
    return claimed


HANDLERS: tuple[Handler[Any, Any], ...] = (
    Handler("federation.put_peer", model.PutPeer, load_peers, peers.put_peers, store.put_peers),
    Handler("federation.remove_peer", model.RemovePeer, load_peers, peers.remove_peers, store.put_peers),
    Handler(
        "federation.note_discovery", model.NoteDiscovery, load_peers, peers.note_discoveries, store.put_peers
    ),
    Handler(
        "federation.put_supplier", model.PutSupplier, load_suppliers, suppliers.put_suppliers, write_suppliers
    ),
    Handler(
        "federation.drive_supplier",
        model.DriveSupplier,
        load_suppliers,
        suppliers.drive_suppliers,
        write_suppliers,
    ),
    Handler(
        "federation.ask_refresh", model.AskRefresh, load_suppliers, suppliers.ask_refreshes, write_suppliers
    ),
    Handler(
        "federation.note_refresh",
        model.NoteRefresh,
        load_suppliers,
        suppliers.note_refreshes,
        write_suppliers,
    ),
    Handler(
        "federation.import_catalogue",
        model.ImportCatalogue,
        load_import,
        importing.import_catalogues,
        write_import,
        whole=True,
    ),
    Handler(
        "federation.judge_match",
        model.JudgeMatch,
        load_matches,
        importing.judge_matches,
        write_import,
        whole=True,
    ),
)
