"""Producers on other platforms: a person's consent makes one, with the enterprise and the relation that stand for it here."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from coster.domain.federation.model import (
    AskRefresh,
    DriveSupplier,
    FoundEnterprise,
    NoteRefresh,
    Peer,
    PutSupplier,
    Supplier,
    SuppliersState,
    SuppliersWrites,
)
from coster.domain.federation.rules import peers
from coster.domain.federation.rules.peers import PERMISSION, may_see
from coster.domain.parties import rules as parties
from coster.domain.parties.model import (
    Enterprise,
    PutEnterprise,
    PutRelation,
    RelationsState,
    VersionedRelation,
)
from coster.kernel import authority, ids, refusal
from coster.kernel.message import Command, Decided, Event
from coster.kernel.outcome import Accepted, Outcome, Rejected

_MOST_WAIT: Final = 120
_MOST_MINUTES: Final = 10_080
_LEAST_BETWEEN: Final = dt.timedelta(minutes=1)
_FIRST_RETRY: Final = dt.timedelta(minutes=1)
_MOST_DOUBLINGS: Final = 6
_STATUS: Final = {"suspend": "suspended", "resume": "active", "remove": "removed"}
_EVENTS: Final = {
    "accept": "supplier.accepted",
    "change": "supplier.changed",
    "suspend": "supplier.suspended",
    "resume": "supplier.resumed",
    "remove": "supplier.removed",
    "fail": "supplier.refresh_failed",
    "recover": "supplier.refresh_recovered",
}


class _Fold:
    """What is known while a batch is decided, and what it comes to."""

    def __init__(self, state: SuppliersState) -> None:
        self.state = state
        self.suppliers = dict(state.suppliers)
        self.enterprises = dict(state.enterprises)
        self.relations = dict(state.relations)
        self.written: dict[uuid.UUID, Supplier] = {}
        self.made: dict[uuid.UUID, Enterprise] = {}
        self.terms: dict[tuple[uuid.UUID, uuid.UUID], VersionedRelation] = {}
        self.events: list[tuple[int, Event]] = []

    def put(self, index: int, supplier: Supplier, name: str | None) -> None:
        """The supplier as it is from now on, with the news of it."""
        self.suppliers[supplier.producer_id] = self.written[supplier.producer_id] = supplier
        if name:
            self.events.append((index, _event(supplier, name)))

    def enterprise(self, index: int, command: Command[Any], body: PutEnterprise) -> Rejected | None:
        """Makes the enterprise that stands for a supplier, as parties would."""
        decided = parties.put_enterprises(self.enterprises, [_as_system(command, body)])
        if isinstance(decided.outcomes[0], Rejected):
            return decided.outcomes[0]
        for one in decided.writes:
            self.enterprises[one.id] = self.made[one.id] = one
        self.events += [(index, event) for _, event in decided.events]
        return None

    def relation(self, index: int, command: Command[Any], body: PutRelation) -> Rejected | None:
        """Makes or changes the terms between the hub and who stands for the supplier."""
        known = RelationsState(enterprises=self.enterprises, relations=self.relations)
        decided = parties.put_relations(known, [_as_system(command, body)])
        if isinstance(decided.outcomes[0], Rejected):
            return decided.outcomes[0]
        for one in decided.writes:
            self.relations[one.hub_id, one.producer_id] = one
            self.terms[one.hub_id, one.producer_id] = one
        self.events += [(index, event) for _, event in decided.events]
        return None

    def decided(self, outcomes: Sequence[Outcome]) -> Decided[SuppliersWrites]:
        """All of it."""
        writes = SuppliersWrites(
            suppliers=list(self.written.values()),
            enterprises=list(self.made.values()),
            relations=list(self.terms.values()),
        )
        return Decided(outcomes, writes, self.events)


def counterpart_id(hub_id: uuid.UUID, enterprise_iri: str) -> uuid.UUID:
    """The id of the enterprise that stands for a producer elsewhere, unless another is chosen."""
    return ids.derived("dfc-producer", hub_id, enterprise_iri)


def put_suppliers(
    state: SuppliersState, commands: Sequence[Command[PutSupplier]]
) -> Decided[SuppliersWrites]:
    """Takes producers on, or changes their terms; each with its enterprise and its relation, or not at all."""
    fold = _Fold(state)
    return fold.decided([_put(fold, index, command) for index, command in enumerate(commands)])


def _put(fold: _Fold, index: int, command: Command[PutSupplier]) -> Outcome:
    body = command.body
    peer = fold.state.peers.get(body.peer_id)
    if peer is None or peer.status == "removed" or not may_see(command, peer.hub_id):
        return peers.UNKNOWN
    if not command.authority.allows(PERMISSION, peer.hub_id):
        return refusal.not_permitted("take on suppliers for this hub")
    found = next((one for one in peer.enterprises if one.iri == body.enterprise_iri), None)
    if found is None:
        return Rejected(
            "enterprise_not_found_there",
            "The platform did not show us this enterprise; discover it first, and take an IRI that it lists.",
            {"enterprise_iri": body.enterprise_iri, "found": [one.iri for one in peer.enterprises[:20]]},
        )
    producer_id = body.producer_id or counterpart_id(peer.hub_id, found.iri)
    old = fold.suppliers.get(producer_id)
    hub = fold.enterprises[peer.hub_id]
    if refused := _refuse_put(fold, command, (peer, found, hub), old):
        return refused
    if refused := _stand_for(fold, index, command, (peer, found, hub), producer_id):
        return refused
    supplier = _supplier(command, peer, found, hub.currency, old, producer_id)
    fold.put(index, supplier, _EVENTS["accept" if old is None else "change"])
    return _accepted(supplier)


_Sides = tuple[Peer, FoundEnterprise, Enterprise]


def _refuse_put(
    fold: _Fold, command: Command[PutSupplier], sides: _Sides, old: Supplier | None
) -> Rejected | None:
    body, (peer, found, hub) = command.body, sides
    conflict = refusal.version_conflict(
        "supplier", expected=body.expected_version, current=old.version if old else 0
    )
    if conflict:
        return conflict
    if old is not None and (old.enterprise_iri != found.iri or old.hub_id != peer.hub_id):
        return Rejected(
            "producer_taken", "This enterprise stands for another supplier already; take another one."
        )
    twin = next(
        (one for one in fold.suppliers.values()
         if one.enterprise_iri == found.iri and one.hub_id == peer.hub_id and one is not old), None,
    )  # fmt: skip
    if twin is not None:
        return Rejected(
            "supplier_exists",
            "This producer supplies the hub already.",
            {"producer_id": str(twin.producer_id)},
        )
    others = [currency for currency in found.currencies if currency != hub.currency]
    if others and hub.currency not in found.currencies:
        return Rejected(
            "currency_differs",
            f"This producer's prices are in {', '.join(others)}, and the hub reckons in {hub.currency}; "
            "a hub that reckons in the same currency can take it on.",
            {"currency": hub.currency, "found": others},
        )
    faults = refusal.Faults()
    faults.number("wait_seconds", body.wait_seconds, most=_MOST_WAIT)
    faults.number("refresh_minutes", body.refresh_minutes, least=1, most=_MOST_MINUTES)
    return faults.rejected()


def _stand_for(
    fold: _Fold, index: int, command: Command[PutSupplier], sides: _Sides, producer_id: uuid.UUID
) -> Rejected | None:
    """The enterprise and the relation that stand for the producer here."""
    body, (_, found, hub) = command.body, sides
    there = fold.enterprises.get(producer_id)
    if body.producer_id is not None and (
        there is None or not command.authority.allows(PERMISSION, producer_id)
    ):
        # The same words whether or not somebody else has it.
        return Rejected(
            "enterprise_unknown",
            "No enterprise of yours has this id; list them at /api/v1/enterprises.",
            {"enterprise_id": str(producer_id)},
        )
    if there is None:
        made = PutEnterprise(
            enterprise_id=producer_id,
            name=found.name[:200] or found.iri[-200:],
            kinds=["producer"],
            currency=hub.currency,
            timezone=hub.timezone,
        )
        if refused := fold.enterprise(index, command, made):
            return refused
    elif there.currency != hub.currency:
        return Rejected(
            "currency_differs",
            f"This enterprise reckons in {there.currency} and the hub in {hub.currency}; take another one.",
            {"currency": hub.currency, "found": [there.currency]},
        )
    old = fold.relations.get((hub.id, producer_id))
    if old is not None and old.consolidation == "per_order":
        return parties.PER_ORDER_ELSEWHERE
    wanted = PutRelation(hub_id=hub.id, producer_id=producer_id, remainder=body.remainder)
    if old is not None:
        kept = {n: getattr(old, n) for n in wanted.__struct_fields__ if n != "expected_version"}
        wanted = PutRelation(**{**kept, "active": True, "remainder": body.remainder})
        if all(getattr(wanted, name) == kept[name] for name in kept):
            return None
    return fold.relation(index, command, wanted)


def _supplier(  # noqa: PLR0913, PLR0917 - everything that a supplier is made of
    command: Command[PutSupplier],
    peer: Peer,
    found: FoundEnterprise,
    currency: str,
    old: Supplier | None,
    producer_id: uuid.UUID,
) -> Supplier:
    body = command.body
    return Supplier(
        producer_id=producer_id,
        peer_id=peer.id,
        hub_id=peer.hub_id,
        enterprise_iri=found.iri,
        name=found.name[:200],
        status="active",
        policy=body.policy,
        wait_seconds=body.wait_seconds,
        currency=currency,
        refresh_minutes=body.refresh_minutes,
        refresh_at=command.at,
        refreshed_at=old.refreshed_at if old else None,
        changed_at=old.changed_at if old else None,
        etag="",
        failures=0,
        last_error="",
        version=old.version + 1 if old else 1,
    )


def drive_suppliers(
    state: SuppliersState, commands: Sequence[Command[DriveSupplier]]
) -> Decided[SuppliersWrites]:
    """Suspends, resumes or removes suppliers; what is sold of them follows in the same moment."""
    fold = _Fold(state)
    return fold.decided([_drive(fold, index, command) for index, command in enumerate(commands)])


def _drive(fold: _Fold, index: int, command: Command[DriveSupplier]) -> Outcome:
    body = command.body
    old = fold.suppliers.get(body.producer_id)
    if old is None or not may_see(command, old.hub_id):
        return UNKNOWN
    if not command.authority.allows(PERMISSION, old.hub_id):
        return refusal.not_permitted("change suppliers of this hub")
    conflict = refusal.version_conflict("supplier", expected=body.expected_version, current=old.version)
    if conflict:
        return conflict
    status = _STATUS[body.event]
    if old.status == status:
        return _accepted(old)
    if old.status == "removed":
        return Rejected(
            "supplier_removed", "This supplier was removed; take it on anew, from its connection."
        )
    if refused := _open_or_close(fold, index, command, old, active=status == "active"):
        return refused
    new = msgspec.structs.replace(old, status=status, refresh_at=command.at, etag="", version=old.version + 1)
    fold.put(index, new, _EVENTS[body.event])
    return _accepted(new)


def _open_or_close(
    fold: _Fold, index: int, command: Command[Any], supplier: Supplier, *, active: bool
) -> Rejected | None:
    """An inactive relation sells nothing from that moment."""
    for (hub_id, producer_id), old in list(fold.relations.items()):
        if producer_id != supplier.producer_id or old.active == active or hub_id != supplier.hub_id:
            continue
        terms = {n: getattr(old, n) for n in PutRelation.__struct_fields__ if n != "expected_version"}
        if refused := fold.relation(index, command, PutRelation(**{**terms, "active": active})):
            return refused
    return None


def ask_refreshes(state: SuppliersState, commands: Sequence[Command[AskRefresh]]) -> Decided[SuppliersWrites]:
    """The suppliers of these enterprises are due, but never sooner than a minute after they were read last. Answers are all the same."""
    fold = _Fold(state)
    outcomes: list[Outcome] = []
    for index, command in enumerate(commands):
        outcomes.append(Accepted({}))
        for producer_id in state.by_iri.get(command.body.enterprise_iri, ()):
            old = fold.suppliers[producer_id]
            rested = command.at if old.refreshed_at is None else old.refreshed_at + _LEAST_BETWEEN
            due = max(command.at, rested)
            if old.status == "active" and due < old.refresh_at:
                fold.put(index, msgspec.structs.replace(old, refresh_at=due), None)
    return fold.decided(outcomes)


def note_refreshes(
    state: SuppliersState, commands: Sequence[Command[NoteRefresh]]
) -> Decided[SuppliersWrites]:
    """Keeps that a catalogue is as it was, or could not be read; what fails is asked again, less and less often."""
    fold = _Fold(state)
    outcomes: list[Outcome] = []
    for index, command in enumerate(commands):
        old = fold.suppliers.get(command.body.producer_id)
        if old is None or not may_see(command, old.hub_id):
            outcomes.append(UNKNOWN)
            continue
        new = (
            refreshed(old, command.at)
            if not command.body.error
            else failed(old, command.at, command.body.error)
        )
        # Once is said what is wrong, and once that it is right again.
        news = None
        if bool(new.failures) != bool(old.failures):
            news = _EVENTS["fail" if new.failures else "recover"]
            new = msgspec.structs.replace(new, version=old.version + 1)
        fold.put(index, new, news)
        outcomes.append(_accepted(new))
    return fold.decided(outcomes)


def refreshed(supplier: Supplier, at: dt.datetime) -> Supplier:
    """The supplier after its catalogue was read whole."""
    again = at + dt.timedelta(minutes=supplier.refresh_minutes)
    return msgspec.structs.replace(supplier, refreshed_at=at, refresh_at=again, failures=0, last_error="")


def failed(supplier: Supplier, at: dt.datetime, error: str) -> Supplier:
    """The supplier after its catalogue could not be read: again in one minute, two, four …, at most as seldom as when all is well."""
    wait = _FIRST_RETRY * 2 ** min(supplier.failures, _MOST_DOUBLINGS)
    again = at + min(wait, dt.timedelta(minutes=supplier.refresh_minutes))
    return msgspec.structs.replace(
        supplier, refresh_at=again, failures=supplier.failures + 1, last_error=error[:500]
    )


def _event(supplier: Supplier, name: str) -> Event:
    data: dict[str, Any] = {
        "name": supplier.name,
        "enterprise": supplier.enterprise_iri,
        "status": supplier.status,
        "policy": supplier.policy,
        "error": supplier.last_error,
        "enterprises": [str(supplier.hub_id), str(supplier.producer_id)],
    }
    return Event(name, "supplier", supplier.producer_id, supplier.version, data)


def _accepted(supplier: Supplier) -> Accepted:
    return Accepted({"id": str(supplier.producer_id), "version": supplier.version, "status": supplier.status})


def _as_system(command: Command[Any], body: Any) -> Command[Any]:
    """What follows from a consent that was permitted is done by the machinery."""
    return Command(command.id, command.org_id, command.actor, command.at, body, authority=authority.SYSTEM)


UNKNOWN: Final = Rejected(
    "supplier_unknown", "No supplier of yours has this id; list them at /api/v1/suppliers."
)
