"""What a supplier's answer to a request about an order comes to. Pure; what is not certain is unknown, and nothing is taken for a yes.

Platforms differ: 201 or 200 for what is new, 200 with the order or 204 without, no Location, ids that only keep a place; refusals as
problem documents with the lines that fell short (ours), as `{"error": …}` (Open Food Network), as nothing at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from coster.domain.federation.ports import (
    AcceptedByPeer,
    Answered,
    Ask,
    Found,
    Missing,
    NotAllowed,
    RefusedByPeer,
    RemoteLine,
    Seen,
    Short,
    Superseded,
    Unknown,
)
from coster.edges.dfc.client import ordering, speaking
from coster.edges.dfc.client.ordering import Told
from coster.edges.dfc.client.transport import Heard, Unheard
from coster.kernel import quantity

_FINE: Final = frozenset({200, 201, 202, 204})
_LONGEST: Final = 300
_CODES: Final = {
    "insufficient_stock": "short",
    "order_final": "completed",
    "order_completed": "completed",
    "order_cancelled": "cancelled",
    "session_closed": "closed",
    "session_ended": "closed",
    "session_not_open": "closed",
    "not_supplied": "closed",
}
_ABOUT_A_LINE: Final = frozenset(
    {
        "item_unknown",
        "item_not_offered",
        "item_not_buyable",
        "offer_unknown",
        "product_unknown",
        "not_offered",
        "unknown_product",
    }
)


def of_put(heard: Heard | Unheard, ask: Ask, *, url: str, collection: str) -> Answered:
    """What came of sending an order to be so."""
    if isinstance(heard, Unheard):
        return Unknown(cause=heard.why)
    if heard.status in _FINE:
        return _accepted(heard, ask, url=url, collection=collection)
    return _refused(heard, ask)


def of_look(heard: Heard | Unheard, ask: Ask, *, url: str, collection: str) -> Seen:
    """What came of asking for an order."""
    if isinstance(heard, Unheard):
        return Unknown(cause=heard.why)
    if heard.status in {404, 410}:
        return Missing()
    if heard.status in {401, 403}:
        return NotAllowed(cause=_said(heard))
    if heard.status != 200:
        return Unknown(cause=_said(heard), retry_after=speaking.retry_after(heard))
    told = _told(heard, ask, url=url, order=ask.order, collection=collection)
    if isinstance(told, str):
        return Unknown(cause=told)
    return Found(
        order=told.order, standing=told.standing or "held", lines=told.lines, sequence=_sequence(heard)
    )


def _accepted(heard: Heard, ask: Ask, *, url: str, collection: str) -> Answered:
    place = speaking.whole(url, heard.headers.get("location", "")) if heard.headers.get("location") else ""
    order = ask.order or place
    if order and not speaking.same_origin(order, url):
        return Unknown(cause="the answer names an order on another platform")
    if not heard.body.strip():
        if heard.status == 202 or not order:
            return Unknown(cause="the answer does not say where the order is")
        return AcceptedByPeer(order=order, standing=ask.standing)
    told = _told(heard, ask, url=url, order=order, collection=collection)
    if isinstance(told, str):
        return Unknown(cause=told)
    if not speaking.same_origin(told.order, url):
        return Unknown(cause="the answer names an order on another platform")
    return AcceptedByPeer(
        order=told.order, standing=told.standing or ask.standing, lines=told.lines, prices=told.prices
    )


def _told(heard: Heard, ask: Ask, *, url: str, order: str, collection: str) -> Told | str:
    found = speaking.read(heard, url)
    if found.faults:
        return f"the answer is not understood: {found.faults[0].sentence}"[:_LONGEST]
    return ordering.told(found.graph, ask, order=order, collection=collection)


def _refused(heard: Heard, ask: Ask) -> Answered:
    status = heard.status
    if status in {401, 403}:
        return NotAllowed(cause=_said(heard))
    if status == 404:
        return _missing(heard, ask)
    if status == 410:
        return Missing()
    if status == 409 and (superseded := _superseded(heard)):
        return superseded
    if status in {408, 425, 429} or status >= 500 or status < 400:
        return Unknown(cause=_said(heard), retry_after=speaking.retry_after(heard))
    return _said_no(heard, ask)


def _missing(heard: Heard, ask: Ask) -> Answered:
    """Of an order that we named: it is not there; of the place where orders are made: we may not, or it is none."""
    return Missing() if ask.order else NotAllowed(cause=_said(heard))


def _superseded(heard: Heard) -> Superseded | None:
    problem = _problem(heard)
    if problem.get("code") != "superseded":
        return None
    told = problem.get("sequence")
    # As many digits as the header may have: a number beyond what is stored could never be gone beyond.
    fits = isinstance(told, int) and 0 <= told < 10**18
    return Superseded(sequence=told if fits else None)


def _said_no(heard: Heard, ask: Ask) -> RefusedByPeer:
    problem = _problem(heard)
    code = str(problem.get("code", ""))
    short = tuple(_shorts(problem.get("lines"), code, ask.lines))
    if code in _CODES and (short or _CODES[code] != "short"):
        return RefusedByPeer(code=_CODES[code], cause=_said(heard), lines=short)  # type: ignore[arg-type]  # the table has them
    return RefusedByPeer(code="short" if short else "invalid", cause=_said(heard), lines=short)


def _shorts(told: object, code: str, asked: Iterable[RemoteLine]) -> Iterable[Short]:
    """The lines that a problem names, of those that were asked for."""
    known = {name: line for line in asked for name in (line.product, line.offer) if name}
    for entry in told if isinstance(told, list) else []:
        if not isinstance(entry, dict):
            continue
        names = [str(entry.get(name) or "") for name in ("offer", "item", "product")]
        line = next((known[name] for name in names if name in known), None)
        if line is None:
            continue
        cause = str(entry.get("code") or entry.get("cause") or code or "insufficient_stock")
        available = _amount(entry.get("available"))
        if available is None and cause in _ABOUT_A_LINE:
            available = 0
        yield Short(
            product=line.product,
            offer=line.offer,
            wanted=line.quantity,
            available=available,
            cause=cause[:100],
        )


def _amount(told: object) -> int | None:
    if not isinstance(told, str | int):
        return None
    try:
        amount = quantity.parse(told)
    except ValueError:
        return None
    return max(amount, 0)


def _sequence(heard: Heard) -> int | None:
    text = heard.headers.get("coster-sequence", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def _problem(heard: Heard) -> dict[str, Any]:
    found = speaking.json_of(heard)
    return found if isinstance(found, dict) else {}


def _said(heard: Heard) -> str:
    """What a refusal says, in a line; it is the peer's text, so it is cut short and shown to people only."""
    problem = _problem(heard)
    text = next(
        (str(problem[n]) for n in ("detail", "message", "error", "title") if isinstance(problem.get(n), str)),
        "",
    )
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return f"the platform answered {heard.status}{': ' + plain[:_LONGEST] if plain else ''}"
