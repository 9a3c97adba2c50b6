"""What a simulated town does next, by chance: batches of one kind, mostly sensible, sometimes wrong, sometimes sent twice."""

from __future__ import annotations

import random
from collections import deque
from typing import Final

from msgspec.structs import replace

from coster.simulation.reckoning import Reckoning
from coster.simulation.steps import FIRST_PRODUCER, NO_SESSION, Batch, Step
from coster.simulation.town import FULL, HUBS, JEAN, OWNERS, PLACES, QUINN

# How often each kind is chosen, and the largest batch of it in percent of the largest of all.
WEIGHTS: Final[dict[str, tuple[int, int]]] = {
    "place": (40, 100), "complete": (14, 100), "fail": (6, 60), "expire": (5, 60), "cancel": (12, 100), "change": (10, 60),
    "adjust": (6, 40), "count": (3, 20), "transfer": (2, 20), "lower": (3, 4), "open": (3, 1), "close": (4, 1),
    "reopen": (4, 1), "end": (5, 1), "expire_session": (3, 1), "complete_session": (5, 1), "fulfil": (5, 1), "call_off": (2, 1),
}  # fmt: skip
_LATELY: Final = 4_000
_REPEATED: Final = 0.02
_SECOND: Final = 1000
_UNKNOWN: Final = 10**9
_EVERY: Final = ("open", "closed", "ended")
_MOVES: Final = {
    "close": ("open",), "reopen": ("closed",), "end": ("closed",), "complete_session": ("ended",), "fulfil": ("ended",),
    "expire_session": ("closed", "ended"),
}  # fmt: skip


class Chooser:
    """Chooses batches by a seed; it looks at the oracle only to find things that there are."""

    def __init__(self, seed: int, oracle: Reckoning, largest: int) -> None:
        self._chance = random.Random(seed)
        self._oracle = oracle
        self._largest = largest
        self._now = 0
        self._commands = 0
        self._orders = 0
        self._last_session = -1
        self._current: dict[int, int] = {}
        self._sessions: deque[int] = deque(maxlen=12)
        self._recent: deque[int] = deque(maxlen=_LATELY)
        self._sent: dict[str, deque[Step]] = {kind: deque(maxlen=200) for kind in WEIGHTS}

    def batch(self) -> Batch:
        """The next batch: first stock and sessions, then whatever comes."""
        self._now += self._chance.choice((1, 5, 50, 500, 2000))
        kind = self._kind()
        share = max(1, self._largest * WEIGHTS[kind][1] // 100)
        return tuple(self._step(kind) for _ in range(self._chance.randint(1, share)))

    def _kind(self) -> str:
        if self._commands < self._largest // 2:
            return "adjust"
        if any(self._stale(hub) for hub in HUBS) and self._chance.random() < 0.5:
            return "open"
        kinds = list(WEIGHTS)
        return self._chance.choices(kinds, [WEIGHTS[kind][0] for kind in kinds])[0]

    def _stale(self, hub: int) -> bool:
        window = self._oracle.sessions.get(self._current.get(hub, -1))
        return window is None or window.status != "open" or window.closes <= self._now

    def _step(self, kind: str) -> Step:
        sent = self._sent[kind]
        if sent and self._chance.random() < _REPEATED:
            return self._chance.choice(sent)
        self._now += 1
        self._commands += 1
        step: Step = getattr(self, f"_{kind}", self._of_order)(
            Step(kind=kind, id=self._commands, at=self._now)
        )
        sent.append(step)
        return step

    # -- orders --------------------------------------------------------------------------------------------------

    def _place(self, step: Step) -> Step:
        chance = self._chance
        self._orders += 1
        order = self._orders
        self._recent.append(order)
        hub = chance.choice(HUBS)
        outside = chance.random() < 0.05
        reference = order if chance.random() > 0.01 else chance.randint(1, order)
        return replace(
            step, order=order, hub=hub, session=NO_SESSION if outside else self._session_of(hub), reference=reference,
            lines=tuple(self._line(hub) for _ in range(chance.choice((1, 1, 2, 2, 3)))), completed=chance.random() < 0.4,
            partial=chance.random() < 0.1, priority=chance.choice((0, 0, 0, 1, 2)),
        )  # fmt: skip

    def _line(self, hub: int) -> tuple[int, int, int]:
        item = self._item()
        if OWNERS[item] < FIRST_PRODUCER and OWNERS[item] != hub and self._chance.random() < 0.95:
            item = self._item()
        return 0, item, self._quantity()

    def _item(self) -> int:
        return self._chance.choice(tuple(OWNERS))

    def _quantity(self) -> int:
        chance = self._chance
        if chance.random() < 0.005:
            return chance.choice((0, -1000))
        return chance.choice((500, 1000, 1000, 2000, 3000, 4000, chance.randint(1, 9000)))

    def _session_of(self, hub: int) -> int:
        if self._sessions and self._chance.random() < 0.03:
            return self._chance.choice(self._sessions)
        return self._current.get(hub, _UNKNOWN)

    def _order(self) -> int:
        if not self._recent or self._chance.random() < 0.005:
            return _UNKNOWN
        return self._chance.choice(self._recent)

    def _of_order(self, step: Step) -> Step:
        """An order that can be moved so, where a few tries find one."""
        wanted = ("created",) if step.kind in ("complete", "fail", "expire") else ("created", "booked")
        order = self._order()
        for _ in range(12):
            known = self._oracle.orders.get(order)
            if (known and known.status in wanted) or self._chance.random() < 0.03:
                break
            order = self._order()
        return replace(step, order=order)

    def _change(self, step: Step) -> Step:
        step = self._of_order(step)
        known = self._oracle.orders.get(step.order)
        numbers = list(range(1, len(known.lines) + 1)) if known else [1]
        chosen = self._chance.sample(numbers, self._chance.randint(1, min(2, len(numbers))))
        lines = [(number, 0, self._chance.choice((0, self._quantity()))) for number in chosen]
        if self._chance.random() < 0.2:
            lines.append(self._line(known.hub if known else 0))
        if self._chance.random() < 0.01:
            lines.append((99, 0, 1000))
        return replace(step, lines=tuple(lines))

    # -- stock ---------------------------------------------------------------------------------------------------

    def _spot(self, step: Step) -> Step:
        item = self._item()
        return replace(step, item=item, place=self._chance.choice(PLACES[OWNERS[item]]))

    def _adjust(self, step: Step) -> Step:
        step, chance = self._spot(step), self._chance
        if self._oracle.spot(step.item, step.place).on_hand < FULL and chance.random() < 0.8:
            return replace(step, quantity=chance.randint(1, 40) * 1000, receipt=True)
        return replace(
            step, quantity=chance.choice((-5000, -1000, -1, 0, 1, 5000)), receipt=chance.random() < 0.1
        )

    def _count(self, step: Step) -> Step:
        step, chance = self._spot(step), self._chance
        about = self._oracle.spot(step.item, step.place).on_hand
        late = chance.random() < 0.5
        as_of = max(0, step.at - chance.randint(-2, 300)) if late else None
        return replace(step, quantity=about + chance.choice((-4000, -1000, 0, 1000, 4000)), as_of=as_of)

    def _transfer(self, step: Step) -> Step:
        step = self._spot(step)
        to = self._chance.choice(PLACES[OWNERS[step.item]])
        return replace(step, to=to, quantity=self._chance.choice((0, 1000, 5000, 20_000)))

    def _lower(self, step: Step) -> Step:
        step, chance = self._spot(step), self._chance
        on_hand = self._oracle.spot(step.item, step.place).on_hand
        less = chance.choice((-1000, 0, 3000, 10_000, on_hand // 2, on_hand))
        return replace(step, quantity=on_hand - less, by_priority=chance.random() < 0.4)

    # -- sessions ------------------------------------------------------------------------------------------------

    def _open(self, step: Step) -> Step:
        self._last_session += 1
        hub = next((hub for hub in HUBS if self._stale(hub)), self._chance.choice(HUBS))
        self._current[hub] = self._last_session
        self._sessions.append(self._last_session)
        until = step.at + self._chance.randint(2, 20) * _SECOND
        amend = until + self._chance.randint(0, 5) * _SECOND
        return replace(step, session=self._last_session, hub=hub, until=until, amend=amend)

    def _some_session(self, step: Step) -> Step:
        """A session that can be moved so, where there is one; now and then any."""
        wanted = _MOVES.get(step.kind, _EVERY)
        windows = self._oracle.sessions
        old = {session for (*_, session), _ in self._oracle.recent_heads()} - {*self._sessions}
        fit = [n for n in (*self._sessions, *sorted(old)) if n in windows and windows[n].status in wanted]
        chosen = fit if fit and self._chance.random() < 0.9 else self._sessions
        known = chosen and self._chance.random() > 0.02
        return replace(step, session=self._chance.choice(chosen) if known else _UNKNOWN)

    _close = _end = _expire_session = _complete_session = _some_session

    def _reopen(self, step: Step) -> Step:
        until = step.at + self._chance.choice((-1, 5, 10)) * _SECOND
        return replace(self._some_session(step), until=until, amend=until + _SECOND)

    def _fulfil(self, step: Step) -> Step:
        step, oracle = self._some_session(step), self._oracle
        wanted = "Complete" if step.kind == "fulfil" else "Held"
        fit = [head for head, status in oracle.recent_heads() if status == wanted]
        if fit and self._chance.random() < 0.8:
            hub, producer, session = self._chance.choice(fit)
            return replace(step, hub=hub, producer=producer, session=session)
        window = oracle.sessions.get(step.session)
        return replace(step, hub=window.hub if window else 0, producer=self._chance.choice((JEAN, QUINN)))

    _call_off = _fulfil
