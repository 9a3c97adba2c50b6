"""What those who wait are told: by what suppliers have acknowledged, and by what was refused of what they asked for. Pure."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from typing import Final

from coster.domain.linking.model import Asked, OrderRefused, StandingOfLink, Verdict
from coster.kernel.message import Event

_SILENT: Final = ("supplier_silent", "supplier_away")


def is_growth(event: Event) -> bool:
    """Whether more is held on a held order than before, or perhaps."""
    flow = event.data.get("flow")
    return event.name in ("held_order.created", "held_order.changed") and (
        not isinstance(flow, Mapping) or flow.get("trigger") != "shrink"
    )


def is_about(note: OrderRefused, asked: Asked) -> bool:
    """Whether what was refused is what somebody asks about: what his command made of the order, and not what another made of it; whoever
    asks about the whole order is told no only where all of it is taken back.
    """
    if asked.command_id is not None:
        return asked.command_id in note.commands
    return note.step.whole and note.version >= asked.needs.get(note.held_order_id, 0)


def no(note: OrderRefused) -> Verdict:
    """What whoever asked for what was refused is told."""
    return Verdict(
        kind="silent" if note.code in _SILENT else "refused", held_order_id=note.held_order_id, code=note.code, left=note.left
    )  # fmt: skip


def verdict(
    asked: Asked,
    links: Mapping[uuid.UUID, StandingOfLink],
    notes: Iterable[OrderRefused],
    times: tuple[dt.datetime, dt.datetime],
) -> Verdict | OrderRefused | None:
    """What the suppliers together have said; None while one has not and there is time. `notes` are all of the order, `times` since when
    somebody waits and now. An order that somebody has begun to take back is neither held nor refused yet: then that is given.
    """
    for note in notes:
        if not is_about(note, asked):
            continue
        if note.done:
            return no(note)
        # Whoever took it back may have died between doing so and saying so: then the supplier's yes is to what is left.
        if is_acknowledged(links.get(note.held_order_id), asked.needs.get(note.held_order_id, note.version)):
            return note
    open_ = [
        (held, links.get(held))
        for held, version in asked.needs.items()
        if not _is_held(links.get(held), version)
    ]
    return _patience(open_, times) if open_ else Verdict(kind="held")


def _patience(
    open_: list[tuple[uuid.UUID, StandingOfLink | None]], times: tuple[dt.datetime, dt.datetime]
) -> Verdict | None:
    since, now = times
    for held, link in open_:
        if link is not None and _is_hopeless(link, now):
            return Verdict(kind="silent", held_order_id=held, code="supplier_away")
    most = max((link.wait_seconds if link else 5) for _, link in open_)
    if (now - since).total_seconds() >= most:
        return Verdict(kind="silent", held_order_id=open_[0][0], code="supplier_silent")
    return None


def _is_hopeless(link: StandingOfLink, now: dt.datetime) -> bool:
    """Whether nothing will be sent within the time that is given to wait: we may not, or the peer does not answer anybody."""
    end = now + dt.timedelta(seconds=link.wait_seconds)
    blocked = link.state == "blocked" and link.next_at is not None and link.next_at > end
    return blocked or (link.open_until is not None and link.open_until > end)


def _is_held(link: StandingOfLink | None, version: int) -> bool:
    """Whether the supplier holds this version, or is not waited for."""
    return is_acknowledged(link, version) or (link is not None and link.policy == "optimistic")


def is_acknowledged(link: StandingOfLink | None, version: int) -> bool:
    """Whether the supplier has said yes to this version of the held order, or a later one."""
    return link is not None and link.acked_version >= version
