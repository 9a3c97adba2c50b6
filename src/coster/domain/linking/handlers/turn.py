"""One link's turn: look, decide, speak to the supplier, keep what came of it; again until nothing is to be done.

No transaction is open while the supplier is spoken to. What is about to be sent is kept first, so whoever comes after a crash knows
what may be there.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, assert_never

import msgspec

from coster.domain.federation.model import AskRefresh
from coster.domain.federation.ports import AcceptedByPeer, Answered, Ask, Seen, Suppliers, Unknown
from coster.domain.linking.model import (
    Health,
    Here,
    Holder,
    Lease,
    Link,
    OrderRefused,
    Refusal,
    ReportLink,
    State,
    Turn,
    Undo,
)
from coster.domain.linking.ports import Journal, Submit
from coster.domain.linking.rules import answering, patience, pricing, progress, totals, undoing, wishing
from coster.domain.linking.rules.answering import Moment
from coster.domain.linking.rules.patience import Patience
from coster.domain.wholesale.model import CompleteSession, ShortHeldOrder
from coster.engine import observe
from coster.kernel import ids
from coster.kernel.errors import Busy, Fault

_ROUNDS: Final = 200
_LOOKS: Final = 20
_FINISH_SECONDS: Final = 5.0
_BUSY_TIMES: Final = 40
_BUSY_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True)
class Tools:
    """What carrying out links needs: `instant` is the time of business, `machine` that by which peers are waited for (a demonstration's
    clock may stand still while the network does not); `chance` gives numbers from 0 to 1, `told` hears of every link that was stored.
    """

    journal: Journal
    suppliers: Suppliers
    submit: Submit
    instant: Callable[[], dt.datetime]
    machine: Callable[[], dt.datetime]
    chance: Callable[[], float]
    patience: Patience = field(default_factory=Patience)
    told: Callable[[int, uuid.UUID], None] = lambda _org_id, _id: None


class Turns:
    """Carries out turns of links, one after the other or side by side."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def serve(self, lease: Lease, go_on: Callable[[], bool]) -> None:
        """Steps until nothing is to be done now, the turn is lost, or it is to end."""
        for _ in range(_ROUNDS):
            if not go_on() or not await self.step(lease):
                return

    async def step(self, lease: Lease) -> bool:
        """One step; whether there may be another at once."""
        tools = self._tools
        turn = await tools.journal.read(lease)
        if turn is None:
            return False
        now = tools.instant()
        link = wishing.heed(turn.link, turn.here, turn.wish, now)
        if turn.wish:
            await self._keep(lease, link, turn.wish)
        step = progress.next_step(link, turn.here, now, tools.machine())
        match step:
            case progress.Rest():
                return False
            case progress.Confirm(state=state, done=done):
                return await self._keep(lease, answering.confirmed(link, state, now, done=done))
            case progress.Finish():
                return await self._finish(lease, turn, link)
            case progress.Stuck(cause=cause):
                return await self._after(lease, link, answering.blocked(link, cause, self._moment()))
            case progress.TakeBack(refusal=refusal):
                return await self._take_back(lease, turn, link, refusal)
            case progress.Look(state=state) | progress.Put(state=state):
                if patience.is_open(turn.health, tools.machine()) and not turn.wish:
                    return False
                return await self._speak(lease, turn, link, step)
            case _:
                assert_never(step)

    async def _finish(self, lease: Lease, turn: Turn, link: Link) -> bool:
        """Has the ended session completed once more, which left this held order out; a while passes before that is tried again."""
        tools = self._tools
        later = tools.machine() + dt.timedelta(seconds=_FINISH_SECONDS)
        if not await self._keep(lease, msgspec.structs.replace(link, next_at=later)):
            return False
        body = CompleteSession(session_id=turn.here.session.id)
        command_id = ids.derived("linking.finish", link.held_order_id, turn.here.version, tools.machine())
        if not await tools.submit(lease.org_id, command_id, body, ""):
            return False
        again = await tools.journal.read(lease)
        if again is None or again.here.version == turn.here.version:
            return False
        return await self._keep(lease, link)

    async def _speak(self, lease: Lease, turn: Turn, link: Link, step: progress.Look | progress.Put) -> bool:
        """Asks or tells the supplier, and keeps what came of it."""
        state = step.state
        if isinstance(step, progress.Look):
            seen = await self._look(_ask(lease, turn.here, link, state))
            heard: Answered | Seen = seen
            after = answering.after_look(link, state, seen, self._moment())
        else:
            link = answering.sending(link, state)
            if not await self._keep(lease, link):
                return False
            answered = await self._put(_ask(lease, turn.here, link, state))
            heard = answered
            after = answering.after_put(link, answered, self._moment())
            if isinstance(answered, AcceptedByPeer):
                after = pricing.noted(after, turn.here.offered, answered.prices)
        await self._note_health(lease, turn.health, heard)
        more = await self._after(lease, link, after)
        if sentence := pricing.news(link.acked.prices, after.acked.prices, turn.here.offered):
            await self._reprice(lease, after, turn.here, sentence)
        return more

    async def _put(self, ask: Ask) -> Answered:
        try:
            return await self._tools.suppliers.put(ask)
        except Fault as fault:
            # Our own database went away meanwhile, which is told where it is seen first.
            observe.log.warning("link_put_interrupted", held_order=str(ask.held_order_id), fault=str(fault))
            return Unknown(cause="interrupted")
        except Exception as fault:  # noqa: BLE001 - whatever the client stumbles over, the link goes on
            observe.log.error("link_put_fault", held_order=str(ask.held_order_id), exc_info=fault)
            return Unknown(cause="fault")

    async def _look(self, ask: Ask) -> Seen:
        try:
            return await self._tools.suppliers.look(ask)
        except Fault as fault:
            # Our own database went away meanwhile, which is told where it is seen first.
            observe.log.warning("link_look_interrupted", held_order=str(ask.held_order_id), fault=str(fault))
            return Unknown(cause="interrupted")
        except Exception as fault:  # noqa: BLE001 - as above
            observe.log.error("link_look_fault", held_order=str(ask.held_order_id), exc_info=fault)
            return Unknown(cause="fault")

    async def _keep(self, lease: Lease, link: Link, wish: str = "") -> bool:
        kept = await self._tools.journal.store(lease, link, wish, self._tools.machine())
        if kept:
            self._tools.told(lease.org_id, lease.held_order_id)
        return kept

    async def _after(self, lease: Lease, before: Link, link: Link) -> bool:
        """Keeps a link after a step, and reports what people should know; whether it is to go on at once."""
        if not await self._keep(lease, link):
            return False
        if link.drifts > before.drifts:
            await self._report(
                lease, link, ReportLink(held_order_id=link.held_order_id, what="drifted", cause=link.cause)
            )
        if link.state == "blocked" and before.state != "blocked":
            await self._report(
                lease, link, ReportLink(held_order_id=link.held_order_id, what="blocked", cause=link.cause)
            )
        return link.next_at is None or link.next_at <= self._tools.machine()

    # -- taking back -----------------------------------------------------------------------------------------------

    async def _take_back(self, lease: Lease, turn: Turn, link: Link, refusal: Refusal) -> bool:
        """Whoever came last gives back what the supplier does not have; where nobody can, people are asked."""
        together = await self.together(lease, turn, link)
        if together is None:
            return False
        turn, holders = together
        if refusal.everything:
            now = totals.desired(turn.here, self._tools.instant())
            known = undoing.known(refusal.answer, link.acked, now)
            refusal = msgspec.structs.replace(refusal, answer=known)
            if turn.here.holds == "committed":
                return await self._shorten(lease, turn, link, refusal)
        undone = undoing.choose(turn.here, holders, refusal.answer, everything=refusal.everything)
        left = undoing.left(turn.here, undone, holders, refusal.answer)
        code = "supplier_refused" if refusal.answer.code == "short" else f"supplier_{refusal.answer.code}"
        refused = [
            OrderRefused(
                order_id=one.order_id, held_order_id=link.held_order_id, version=turn.here.version, code=code, left=tuple(left)
            )
            for one in undone
        ]  # fmt: skip
        done = await self.undo(lease.org_id, link, undone, refused)
        if done is None:
            return True
        if done:
            return await self._keep(lease, link)
        return await self._ask_people(lease, turn, link)

    async def _shorten(self, lease: Lease, turn: Turn, link: Link, refusal: Refusal) -> bool:
        """What is owed already comes down to what the supplier has, because somebody has accepted that."""
        left = undoing.remains(turn.here, refusal.answer)
        if not left:
            return await self._ask_people(lease, turn, link)
        code = "supplier_refused" if refusal.answer.code == "short" else f"supplier_{refusal.answer.code}"
        body = ShortHeldOrder(held_order_id=link.held_order_id, items=left, reason=code)
        command_id = ids.derived("linking.shorten", link.held_order_id, turn.here.version, refusal.sequence)
        if not await self._tools.submit(lease.org_id, command_id, body, code):
            return False
        self._tools.told(lease.org_id, link.held_order_id)
        return await self._keep(lease, link)

    async def _ask_people(self, lease: Lease, turn: Turn, link: Link) -> bool:
        """Nobody can give back what is missing unless somebody decides it."""
        stuck = answering.stuck(link, turn.here.version)
        if link.state != "refused":
            await self._report(
                lease, link, ReportLink(held_order_id=link.held_order_id, what="refused", cause=link.cause)
            )
        await self._keep(lease, stuck)
        return False

    async def together(self, lease: Lease, turn: Turn, link: Link) -> tuple[Turn, Sequence[Holder]] | None:
        """The held order and who holds in it, as of one version of it: nobody is chosen who came after what is counted, and who is chosen
        is told no as of a version with his own part in it. None: the turn is lost, or somebody comes again and again.
        """
        journal = self._tools.journal
        for _ in range(_LOOKS):
            holders = undoing.holders(await journal.holdings(lease.org_id, link, turn.here))
            again = await journal.read(lease)
            if again is None:
                return None
            if again.here.version == turn.here.version:
                return again, holders
            turn = again
        return None

    async def undo(
        self, org_id: int, link: Link, undone: Sequence[Undo], told: Sequence[OrderRefused]
    ) -> bool | None:
        """Takes orders back; whether any was. None: the supplier has said something meanwhile, or the orders were changed, so that nothing
        of this may be so any more.

        Why is kept before, and only as long as nothing more is acknowledged: so nobody takes an order that is about to go for one that
        is held, and none goes that somebody has taken for held. Each command's id follows from what it undoes, so a crash in
        between does no harm: whoever waits carries out what was begun (`carry_out`).
        """
        if not undone:
            return False
        tools = self._tools
        orders = await tools.journal.orders(org_id, [one.order_id for one in undone])
        notes = [
            msgspec.structs.replace(note, step=undoing.step(one, orders[one.order_id]), commands=one.commands)
            for one, note in zip(undone, told, strict=True)
            # Of an order that was changed since it was looked at, nobody knows what it has grown by.
            if one.order_id in orders and orders[one.order_id].version == one.version
        ]
        if not notes:
            return None
        kept = await tools.journal.refuse(org_id, notes, tools.instant(), link.acked.version)
        if kept is None:
            return None
        gone = [note.order_id for note in kept if await self._give_back(org_id, note)]
        await tools.journal.refused(org_id, kept, gone)
        tools.told(org_id, link.held_order_id)
        return bool(gone)

    async def carry_out(self, org_id: int, note: OrderRefused) -> bool:
        """Ends what somebody has begun to take back, and may have died over; whether it is taken back now."""
        gone = [note.order_id] if await self._give_back(org_id, note) else []
        await self._tools.journal.refused(org_id, [note], gone)
        return bool(gone)

    async def _give_back(self, org_id: int, note: OrderRefused) -> bool:
        body = undoing.command(note.order_id, note.step, note.code)
        # Another step of the same version is another command, whatever became of the first.
        command_id = ids.derived(
            "linking.undo", note.held_order_id, note.order_id, repr(note.step), note.code
        )
        for _ in range(_BUSY_TIMES):
            try:
                return await self._tools.submit(org_id, command_id, body, note.code)
            except Busy:
                # What was said to be taken back is: others may have heard of it by now.
                await asyncio.sleep(_BUSY_SECONDS)
        return await self._tools.submit(org_id, command_id, body, note.code)

    async def _reprice(self, lease: Lease, link: Link, here: Here, sentence: str) -> None:
        """The supplier's prices are not those of its catalogue as we have it: that is read again, and people are told."""
        body = AskRefresh(enterprise_iri=here.supplier)
        asked = ids.derived("linking.reread", link.held_order_id, link.sequence)
        await self._tools.submit(lease.org_id, asked, body, "repriced")
        report = ReportLink(held_order_id=link.held_order_id, what="repriced", cause=sentence)
        await self._report(lease, link, report)

    async def _report(self, lease: Lease, link: Link, body: ReportLink) -> None:
        told = ids.derived(
            "linking.report", link.held_order_id, body.what, link.sequence, link.attempts, link.drifts
        )
        await self._tools.submit(lease.org_id, told, body, body.cause)

    # -- the peer as a whole ---------------------------------------------------------------------------------------

    async def _note_health(self, lease: Lease, health: Health | None, heard: Answered | Seen) -> None:
        tools = self._tools
        if isinstance(heard, Unknown):
            known = health or Health(peer_id=lease.peer_id)
            after = patience.after_failure(
                known, tools.machine(), heard.cause, tools.chance(), tools.patience
            )
            await tools.journal.health(lease.org_id, after)
        elif health is not None:
            await tools.journal.health(lease.org_id, Health(peer_id=lease.peer_id))

    def _moment(self) -> Moment:
        tools = self._tools
        return Moment(
            now=tools.instant(), machine=tools.machine(), chance=tools.chance(), patience=tools.patience
        )


def _ask(lease: Lease, here: Here, link: Link, state: State) -> Ask:
    """What is sent: made of the held order, and of nothing else."""
    if state.standing == "none":
        raise AssertionError("nothing is not asked for")
    return Ask(
        org_id=lease.org_id, producer_id=here.producer_id, hub_id=here.hub_id, held_order_id=link.held_order_id, order=link.order,
        sequence=link.sequence, standing=state.standing, session=here.session, lines=state.lines,
    )  # fmt: skip
