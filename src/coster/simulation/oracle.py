"""A slow, obvious oracle: what every command must come to, one after the other, by the dictionaries of `reckoning`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from coster.simulation.reckoning import Bought, Reckoning, RefusedError, Spot, Window
from coster.simulation.steps import NO_SESSION, Step, Terms

ACCEPTED: Final = ""


_CHUNK: Final = 4096


class Answers:
    """What each step was answered, by its id, in a byte each: of a million steps a dictionary of texts would be large."""

    def __init__(self) -> None:
        self._codes: list[str] = [""]
        self._kept: dict[int, bytearray] = {}

    def get(self, id_: int) -> str | None:
        """The answer; None where the step has not come yet."""
        chunk = self._kept.get(id_ // _CHUNK)
        number = chunk[id_ % _CHUNK] if chunk else 0
        return self._codes[number] if number else None

    def keep(self, id_: int, code: str) -> None:
        """Notes an answer. There are a few dozen codes."""
        if code not in self._codes[1:]:
            self._codes.append(code)
        chunk = self._kept.setdefault(id_ // _CHUNK, bytearray(_CHUNK))
        chunk[id_ % _CHUNK] = self._codes.index(code, 1)


class Oracle(Reckoning):
    """The town as it must be, and what each step must be answered."""

    def __init__(self, terms: Terms) -> None:
        super().__init__(terms)
        for item, goods in terms.goods.items():
            for place in goods.places:
                # Everything was counted in the beginning, and nothing was there.
                self.spots[item, place] = Spot()
                self.counted[item, place] = 0
        self.answers = Answers()

    def answer(self, step: Step) -> str:
        """Takes the step; the code of its refusal, or nothing where it is accepted. A repeated one changes nothing."""
        known = self.answers.get(step.id)
        if known is None:
            known = self._take(step)
            self.answers.keep(step.id, known)
        return known

    def _take(self, step: Step) -> str:
        self.journal.clear()
        self.now.clear()
        try:
            TAKEN[step.kind](self, step)
        except RefusedError as refused:
            for table, key, old in reversed(self.journal):
                if old is None:
                    del table[key]
                else:
                    table[key] = old
            return refused.code
        self.follow()
        return ACCEPTED


def _place(oracle: Reckoning, step: Step) -> None:
    if step.reference in oracle.references:
        raise RefusedError("duplicate_reference")
    if step.session != NO_SESSION:
        window = oracle.sessions.get(step.session)
        if window is None or window.hub != step.hub:
            raise RefusedError("session_unknown")
        if not oracle.sells(step.session, step.at):
            raise RefusedError("session_not_open")
    status = "booked" if step.completed else "created"
    bought = Bought(step.hub, step.session, status, not step.completed, step.at, step.priority, ())
    if faults := [
        fault for _, item, quantity in step.lines if (fault := oracle.line(bought, item, quantity))
    ]:
        raise RefusedError(*faults)
    lines: list[tuple[int, int, str]] = []
    for number, (_, item, quantity) in enumerate(step.lines, 1):
        if not oracle.supplied(bought, item):
            faults.append("not_supplied")
            continue
        granted = min(quantity, oracle.available(bought, item))
        if granted < quantity and not step.partial:
            faults.append("insufficient_stock")
            continue
        oracle.promise(step.order, bought, number, item, granted)
        lines.append((item, granted, "held" if granted else "unavailable"))
    if faults:
        raise RefusedError(*faults)
    if not any(quantity for _, quantity, _ in lines):
        raise RefusedError("insufficient_stock")
    oracle.references.add(step.reference)
    oracle.become(step.order, bought._replace(lines=tuple(lines)))


def _complete(oracle: Reckoning, step: Step) -> None:
    oracle.become(step.order, oracle.order(step, "created")._replace(status="booked", running=False))


def _cancelled(oracle: Reckoning, order: int) -> None:
    bought = oracle.orders[order]
    for number, (item, _, _) in enumerate(bought.lines, 1):
        oracle.release(order, number, item)
    lines = tuple((item, quantity, "none") for item, quantity, _ in bought.lines)
    oracle.become(order, bought._replace(status="cancelled", running=False, lines=lines))


def _fail(oracle: Reckoning, step: Step) -> None:
    oracle.order(step, "created")
    _cancelled(oracle, step.order)


def _expire(oracle: Reckoning, step: Step) -> None:
    if oracle.order(step, "created", "booked", "cancelled").running:
        _cancelled(oracle, step.order)


def _cancel(oracle: Reckoning, step: Step) -> None:
    oracle.order(step, "created", "booked")
    _cancelled(oracle, step.order)


def _change(oracle: Reckoning, step: Step) -> None:
    bought = oracle.order(step, "created", "booked")
    lines = dict(enumerate(bought.lines, 1))
    smaller = [c for c in step.lines if c[0] in lines and c[2] < lines[c[0]][1]]
    faults: list[str] = []
    last = len(lines)
    for number, item, quantity in [*smaller, *(c for c in step.lines if c not in smaller)]:
        if number == 0:
            last += 1
            fault = oracle.line(bought, item, quantity) or _more(oracle, step, bought, (last, item, quantity))
            changed, number = (item, quantity, "held"), last  # noqa: PLW2901 - an added line has the next number
        elif number not in lines:
            fault, changed = "line_unknown", (0, 0, "")
        else:
            fault, changed = _resize(oracle, step, bought, (number, *lines[number]), quantity)
        if fault:
            faults.append(fault)
        else:
            lines[number] = changed
    if faults:
        raise RefusedError(*faults)
    oracle.become(step.order, bought._replace(lines=tuple(lines[number] for number in sorted(lines))))


def _resize(
    oracle: Reckoning, step: Step, bought: Bought, line: tuple[int, int, int, str], quantity: int
) -> tuple[str, tuple[int, int, str]]:
    number, item, old, state = line
    if quantity == 0:
        oracle.release(step.order, number, item)
        return "", (item, 0, "none")
    if quantity < 0:
        return "quantity_not_positive", (item, old, state)
    if quantity > old:
        return _more(oracle, step, bought, (number, item, quantity - old)), (item, quantity, "held")
    oracle.release(step.order, number, item, old - quantity)
    return "", (item, quantity, state)


def _more(oracle: Reckoning, step: Step, bought: Bought, line: tuple[int, int, int]) -> str:
    number, item, more = line
    if bought.session != NO_SESSION and not oracle.sells(bought.session, step.at):
        return "session_not_open"
    if not oracle.supplied(bought, item):
        return "not_supplied"
    if oracle.available(bought, item) < more:
        return "insufficient_stock"
    oracle.promise(step.order, bought, number, item, more)
    return ""


# -- stock -------------------------------------------------------------------------------------------------------


def _adjust(oracle: Reckoning, step: Step) -> None:
    if step.quantity == 0 or (step.receipt and step.quantity < 0):
        raise RefusedError("quantity_sign")
    if step.quantity < 0 and oracle.free(step.item, step.place) + step.quantity < 0:
        raise RefusedError("stock_promised")
    oracle.happened(step.item, step.place, step.quantity, step.at)


def _count(oracle: Reckoning, step: Step) -> None:
    key = (step.item, step.place)
    as_of = step.at if step.as_of is None else step.as_of
    if step.quantity < 0:
        raise RefusedError("quantity_sign")
    if as_of > step.at:
        raise RefusedError("count_in_future")
    if as_of < oracle.counted.get(key, -1):
        raise RefusedError("count_outdated")
    later = 0 if step.as_of is None else oracle.since(*key, as_of)
    change = step.quantity + later - oracle.spot(*key).on_hand
    if change < 0 and oracle.free(*key) + change < 0:
        raise RefusedError("stock_promised")
    oracle.happened(*key, change, as_of)
    oracle.put(oracle.counted, key, as_of)


def _transfer(oracle: Reckoning, step: Step) -> None:
    if step.quantity <= 0 or step.place == step.to:
        raise RefusedError("quantity_sign")
    if oracle.free(step.item, step.place) < step.quantity:
        raise RefusedError("stock_promised")
    oracle.happened(step.item, step.place, -step.quantity, step.at)
    oracle.happened(step.item, step.to, step.quantity, step.at)


def _lower(oracle: Reckoning, step: Step) -> None:
    spot = oracle.spot(step.item, step.place)
    if not 0 <= step.quantity <= spot.on_hand:
        raise RefusedError("quantity_not_lower")
    if step.quantity < spot.committed:
        raise RefusedError("stock_committed")
    holding = [
        key for key, held in oracle.holds.items() if key[2:] == (step.item, step.place) and not held.committed
    ]
    holding.sort(key=lambda key: (oracle.orders[key[0]].placed, key[1]), reverse=True)
    if step.by_priority:
        holding.sort(key=lambda key: oracle.orders[key[0]].priority)
    for key in holding:
        missing = -oracle.free(step.item, step.place) + spot.on_hand - step.quantity
        if missing <= 0:
            break
        held = oracle.holds[key]
        _lose(oracle, key, min(held.quantity, _enough(oracle, held.account, step, missing)))
    change = step.quantity - oracle.spot(step.item, step.place).on_hand
    if change:
        oracle.happened(step.item, step.place, change, step.at)


def _enough(oracle: Reckoning, account: tuple[int, int, int] | None, step: Step, missing: int) -> int:
    """What shoppers must lose for so much to come free: of whole cases, all that is in the cases that go."""
    if account is None:
        return missing
    case = oracle.case(account, step.item)
    stands = oracle.accounts[account, step.item, step.place]
    return stands.wanted - (stands.held - missing) // case * case


def _lose(oracle: Reckoning, key: tuple[int, int, int, int], quantity: int) -> None:
    order, number, item, _ = key
    oracle.give_up(key, quantity)
    bought = oracle.orders[order]
    lines = list(bought.lines)
    _, old, state = lines[number - 1]
    left = old - quantity
    lines[number - 1] = (item, left, state if left else "unavailable")
    oracle.become(order, bought._replace(lines=tuple(lines)))


# -- sessions ----------------------------------------------------------------------------------------------------


def _open(oracle: Reckoning, step: Step) -> None:
    window = Window(step.hub, "open", step.at, step.until, step.amend)
    oracle.put(oracle.sessions, step.session, window)


def _moved(oracle: Reckoning, step: Step, **changes: Any) -> None:
    window = oracle.sessions[step.session]._replace(**changes)
    oracle.put(oracle.sessions, step.session, window)


def _known(oracle: Reckoning, step: Step) -> Window:
    window = oracle.sessions.get(step.session)
    if window is None:
        raise RefusedError("session_unknown")
    return window


def _close(oracle: Reckoning, step: Step) -> None:
    if _known(oracle, step).status == "open":
        _moved(oracle, step, status="closed")


def _reopen(oracle: Reckoning, step: Step) -> None:
    window = _known(oracle, step)
    if window.status != "closed":
        raise RefusedError("session_ended" if window.status == "ended" else "session_not_closed")
    if step.until <= step.at:
        raise RefusedError("session_time_past")
    _moved(oracle, step, status="open", closes=step.until, amend=step.amend)


def _end(oracle: Reckoning, step: Step) -> None:
    window = _known(oracle, step)
    if window.status == "ended":
        return
    if window.amend > step.at:
        raise RefusedError("session_amendable")
    _moved(oracle, step, status="ended")


def _expire_session(oracle: Reckoning, step: Step) -> None:
    for order in [order for order, session in oracle.running.items() if session == step.session]:
        _cancelled(oracle, order)


def _complete_session(oracle: Reckoning, step: Step) -> None:
    window = _known(oracle, step)
    if window.status != "ended":
        raise RefusedError("session_not_ended")
    for hub, producer in oracle.terms.supplies:
        head = (hub, producer, step.session)
        if oracle.heads.get(head) == "Held":
            _final(oracle, head)


def _final(oracle: Reckoning, head: tuple[int, int, int]) -> None:
    for item, place, account in list(oracle.accounts_of(head)):
        final = account._replace(wanted=0, held=0, committed=account.committed + account.held)
        oracle.put(oracle.accounts, (head, item, place), final)
        oracle.move(item, place, held=-account.held, committed=account.held)
    for key, held in list(oracle.holds.items()):
        if held.account == head:
            oracle.put(oracle.holds, key, held._replace(committed=True))
    oracle.head(head, "Complete")


def _head(oracle: Reckoning, step: Step, status: str) -> tuple[int, int, int]:
    head = (step.hub, step.producer, step.session)
    if head not in oracle.heads:
        raise RefusedError("held_order_unknown")
    if oracle.heads[head] != status:
        raise RefusedError("held_order_status")
    return head


def _fulfil(oracle: Reckoning, step: Step) -> None:
    head = _head(oracle, step, "Complete")
    for item, place, account in list(oracle.accounts_of(head)):
        gone = account._replace(committed=0, consumed=account.consumed + account.committed)
        oracle.put(oracle.accounts, (head, item, place), gone)
        if account.committed:
            oracle.happened(item, place, -account.committed, step.at)
            oracle.move(item, place, committed=-account.committed)
    for key, held in list(oracle.holds.items()):
        if held.account == head:
            oracle.put(oracle.holds, key, None)
    oracle.head(head, "Fulfilled")


def _call_off(oracle: Reckoning, step: Step) -> None:
    head = _head(oracle, step, "Held")
    for key, held in list(oracle.holds.items()):
        if held.account == head:
            _lose(oracle, key, held.quantity)


TAKEN: Final[dict[str, Callable[[Reckoning, Step], None]]] = {
    "place": _place,
    "complete": _complete,
    "fail": _fail,
    "expire": _expire,
    "cancel": _cancel,
    "change": _change,
    "adjust": _adjust,
    "count": _count,
    "transfer": _transfer,
    "lower": _lower,
    "open": _open,
    "close": _close,
    "reopen": _reopen,
    "end": _end,
    "expire_session": _expire_session,
    "complete_session": _complete_session,
    "fulfil": _fulfil,
    "call_off": _call_off,
}
"""What each kind of step comes to."""
