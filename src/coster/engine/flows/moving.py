"""Who goes from one version of a flow to another: planned here, page by page, and carried out by the room whose entities they are.

A move begins with the event `flow.move_started`. The room reacts with a command of its own, which moves one page of entities in
the order of their ids and says so by `flow.move_advanced`, to which it reacts again, until a page is not full. Pure.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

import msgspec

from coster.engine.workflow.records import Flow
from coster.engine.workflow.tables import Tables
from coster.kernel import ids
from coster.kernel.authority import Authority
from coster.kernel.message import Event, Stored
from coster.kernel.outcome import Accepted, Outcome, Rejected

ENTITY: Final = "flow_move"
EVENTS: Final = ("flow.move_started", "flow.move_advanced", "flow.move_finished")
STARTED, ADVANCED, FINISHED = EVENTS
FOLLOWED: Final = (STARTED, ADVANCED)
"""The events to which a room reacts with the next page."""
PAGE: Final = 500


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """That entities leave versions of a flow for another one; with `undoes` those of an earlier move go back."""

    id: uuid.UUID
    name: str
    entity: str
    sources: tuple[int, ...]
    to_version: int
    mapping: Mapping[str, str]
    undoes: uuid.UUID | None = None
    done: bool = False
    after: uuid.UUID | None = None
    """Entities up to this id are done."""
    moved: int = 0
    stayed: int = 0
    version: int = 1
    """Counts its events."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A status of a version from which a move takes entities, and the status into which they come."""

    move_id: uuid.UUID
    version: int
    status: str
    to: str


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """An entity as it stands, under lock."""

    id: uuid.UUID
    version: int
    """Of its flow."""
    status: str


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """What a move does to one entity; `gone_on`: nothing, because it is no longer where the move to be undone had put it."""

    move_id: uuid.UUID
    entity_id: uuid.UUID
    from_version: int
    from_status: str
    to_version: int
    to_status: str
    outcome: Literal["moved", "gone_on"] = "moved"


class Moving(msgspec.Struct, frozen=True, kw_only=True):
    """The moves that commands name, locked, and for those that go back the page of what the earlier move did."""

    moves: Mapping[uuid.UUID, Move]
    back: Mapping[uuid.UUID, Sequence[Moved]]

    @property
    def forth(self) -> list[Move]:
        """The moves whose page the room looks for itself."""
        return [move for move in self.moves.values() if move.undoes is None and not move.done]


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What a command comes to: who is moved (and, with another outcome, who is not), and the move as it is afterwards."""

    move: Move
    rows: Sequence[Moved]

    @property
    def moved(self) -> list[Moved]:
        """Those whom the room has to move."""
        return [row for row in self.rows if row.outcome == "moved"]

    @property
    def accepted(self) -> Accepted:
        """The answer of the room's command."""
        return Accepted({"id": str(self.move.id), "moved": len(self.moved), "done": self.move.done})

    @property
    def event(self) -> Event:
        """How far the move is, for whoever goes on with it or waits for its end."""
        return told(self.move, FINISHED if self.move.done else ADVANCED)


NOTHING: Final = Moving(moves={}, back={})


def places(moves: Iterable[Move], flows: Tables) -> list[Place]:
    """Every status from which one of the moves takes entities: of the versions that it leaves, those that are not final.

    What has ended stays on the version on which it ended. Raises UnknownVersionError.
    """
    return [
        Place(
            move_id=move.id,
            version=version,
            status=status.name,
            to=move.mapping.get(status.name, status.name),
        )
        for move in moves
        for version in move.sources
        for status in flows.of(move.name, version).flow.statuses
        if not status.final
    ]


def refused(
    moving: Moving, authority: Authority, move_id: uuid.UUID, after: uuid.UUID | None
) -> Outcome | None:
    """The answer of a room's command that moves nobody: it is not the machinery's, there is no such move, or it comes late."""
    if not authority.system:
        return Rejected(
            "not_permitted", "Only the server itself carries moves out; start one with flows.migrate."
        )
    move = moving.moves.get(move_id)
    if move is None:
        return Rejected("flow_move_not_found", "There is no move with this id.")
    if move.done or move.after != after:
        return Accepted({"id": str(move.id), "moved": 0, "done": move.done})
    return None


def page(
    moving: Moving,
    move_id: uuid.UUID,
    standing: Mapping[uuid.UUID, Standing],
    wanted: Sequence[uuid.UUID],
    flows: Tables,
) -> Page:
    """Who of a page is moved where; `wanted` are the ids that the room found for the move (of a move back: whatever).

    `standing` holds the entities as they are under lock; who has ended or left the versions since it was looked for stays.
    Raises UnknownVersionError.
    """
    move = moving.moves[move_id]
    if move.undoes is not None:
        before = moving.back.get(move_id, ())
        rows = [_back(move, row, standing.get(row.entity_id)) for row in before]
        seen = [row.entity_id for row in before]
    else:
        targets = {(place.version, place.status): place.to for place in places([move], flows)}
        found = [standing[id_] for id_ in wanted if id_ in standing]
        rows = [
            _forth(move, one, targets[one.version, one.status])
            for one in found
            if (one.version, one.status) in targets
        ]
        seen = list(wanted)
    moved = sum(row.outcome == "moved" for row in rows)
    after = msgspec.structs.replace(
        move,
        after=seen[-1] if seen else move.after,
        done=len(seen) < PAGE,
        moved=move.moved + moved,
        stayed=move.stayed + len(rows) - moved,
        version=move.version + 1,
    )
    return Page(move=after, rows=rows)


def _forth(move: Move, one: Standing, status: str) -> Moved:
    return Moved(
        move_id=move.id,
        entity_id=one.id,
        from_version=one.version,
        from_status=one.status,
        to_version=move.to_version,
        to_status=status,
    )


def _back(move: Move, row: Moved, one: Standing | None) -> Moved:
    """The way back of what an earlier move did; nobody is torn out of where it has gone since."""
    here = one is not None and (one.version, one.status) == (row.to_version, row.to_status)
    return Moved(
        move_id=move.id,
        entity_id=row.entity_id,
        from_version=row.to_version,
        from_status=row.to_status,
        to_version=row.from_version,
        to_status=row.from_status,
        outcome="moved" if here else "gone_on",
    )


def told(move: Move, name: str) -> Event:
    """An event of a move, with how far it is."""
    data: dict[str, Any] = {
        "name": move.name,
        "entity": move.entity,
        "to_version": move.to_version,
        "moved": move.moved,
        "stayed": move.stayed,
        "after": str(move.after) if move.after else None,
        "undoes": str(move.undoes) if move.undoes else None,
    }
    return Event(name, ENTITY, move.id, move.version, data)


class Follows(msgspec.Struct, frozen=True, kw_only=True):
    """The page that follows: of which move, after which entity."""

    move_id: uuid.UUID
    after: uuid.UUID | None


def follows(news: Stored, entity: str) -> Follows | None:
    """What a room does when it hears of a move: the next page, where it is of its own kind of entities.

    Flows may send events of any name; those are about the entity that sent them, and never about a move.
    """
    data = news.event.data
    if news.event.entity != ENTITY or data["entity"] != entity:
        return None
    return Follows(move_id=news.event.entity_id, after=uuid.UUID(data["after"]) if data["after"] else None)


def begin_after(move: Move) -> uuid.UUID:
    """The id after which the page begins; no entity has the first of all ids."""
    return move.after or ids.NIL


def counted(flow: Flow, mapping: Mapping[str, str], counts: Mapping[str, int]) -> list[tuple[str, str, int]]:
    """Of one version: each status that would be left, the status afterwards, and how many entities are in it."""
    live = {status.name for status in flow.statuses if not status.final}
    return [
        (status, mapping.get(status, status), n)
        for status, n in sorted(counts.items())
        if status in live and n
    ]
