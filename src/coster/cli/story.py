"""The story of docs/guide/first-steps.md, told through the HTTP API: Jean's ten kilos, two hubs, four shoppers.

Everybody acts with a key of his own. After each step the held orders and the kilos left are read and compared with the story.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from coster.cli.output import Exit, FailedError
from coster.cli.remote import RefusedError, Remote, Server

START: Final = "2026-11-23T06:00:00Z"
"""Monday morning: where the story's clock begins."""
END: Final = "2026-11-27T20:00:00Z"
"""Friday evening: where it stands at the end."""
KILOS: Final = 10
SHOPPERS: Final = ("Ali", "Paul", "David", "Michael")

_MONDAY: Final = 23


@dataclass(frozen=True, kw_only=True)
class Seen:
    """How things stand: each hub's held order in words (a dash: none), and the kilos left."""

    hub_a: str = "–"
    hub_b: str = "–"
    left: str = "10 kg"


@dataclass(frozen=True, kw_only=True)
class Told:
    """A step: when, who, what happened, how things stand after it, and how the story says that they must."""

    when: str
    who: str
    what: str
    seen: Seen
    expected: Seen

    @property
    def right(self) -> bool:
        """Whether it came as the story says."""
        return self.seen == self.expected


@dataclass
class Cast:
    """Everybody who acts, by name, each a caller with a key; and the ids of what they made."""

    owner: Remote
    people: dict[str, Remote] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    def close(self) -> None:
        """Ends the connections of everybody but the owner."""
        for remote in self.people.values():
            remote.close()


def at(when: str) -> str:
    """A full hour of the story's week, `Thu 18`, as an instant."""
    day, _, hour = when.partition(" ")
    number = _MONDAY + ("Mon", "Tue", "Wed", "Thu", "Fri").index(day)
    return f"2026-11-{number}T{hour}:00:00Z"


# ------------------------------------------------------------------------------------------------------ the beginning


def prepare(owner: Remote) -> Cast:
    """Makes who and what there is before the story begins: Jean, two hubs, ten kilos of carrots, two sessions, four shoppers."""
    cast = Cast(owner)
    for name, kind in (("Jean", "producer"), ("Hub A", "hub"), ("Hub B", "hub")):
        cast.ids[name] = owner.post("enterprises", {"name": name, "kinds": [kind], "currency": "EUR"})["id"]
        made = owner.post("keys", {"name": name, "grants": [{"role": kind, "enterprise_id": cast.ids[name]}]})
        cast.people[name] = Remote(Server(url=owner.url, key=made["token"]))
    _stock(cast)
    for hub, opens, closes in (("Hub A", "Mon", "Fri"), ("Hub B", "Tue", "Thu")):
        owner.post("relations", {"hub_id": cast.ids[hub], "producer_id": cast.ids["Jean"]})
        cast.ids[f"session of {hub}"] = _session(cast, hub, at(f"{opens} 06"), closes)
    for shopper, hub in zip(SHOPPERS, ("Hub A", "Hub A", "Hub B", "Hub B"), strict=True):
        person = {"seller_id": cast.ids[hub], "name": shopper, "email": f"{shopper.lower()}@example.org"}
        cast.ids[shopper] = cast.people[hub].post("customers", person)["id"]
    return cast


def _stock(cast: Cast) -> None:
    jean, owner_id = cast.people["Jean"], cast.ids["Jean"]
    carrots = {"owner_id": owner_id, "sku": "CARROT", "name": "Carrots", "stock_unit": "kg", "price": "2.00"}
    cast.ids["carrots"] = jean.post("items", carrots)["id"]
    cast.ids["barn"] = jean.post("locations", {"enterprise_id": owner_id, "name": "Barn"})["id"]
    receipt = {
        "kind": "adjust",
        "item_id": cast.ids["carrots"],
        "location_id": cast.ids["barn"],
        "quantity": str(KILOS),
    }
    cast.ids["position"] = jean.post("stock-movements", receipt)["positions"][0]["position_id"]


def _session(cast: Cast, hub: str, opens_at: str, closes: str) -> str:
    wanted = {
        "coordinator_id": cast.ids[hub],
        "name": f"{hub}, week 48",
        "opens_at": opens_at,
        "closes_at": at(f"{closes} 18"),
        "amend_until": at(f"{closes} 20"),
        "hub_ids": [cast.ids[hub]],
        "listings": [{"item_id": cast.ids["carrots"]}],
    }
    made: str = cast.people[hub].post("sessions", wanted)["id"]
    return made


# ---------------------------------------------------------------------------------------------------------- the story


def until_friday(cast: Cast) -> Iterator[Told]:
    """Monday to Friday noon: six orders, one refusal, Hub B's close, one cancellation. One kilo is left then."""
    story = _Teller(cast)
    yield story.step("Mon 08", "Jean", "has 10 kg of carrots this week", Seen())
    yield story.order("Mon 09", "Ali", "Hub A", 1, Seen(hub_a="1 kg, Held/Held", left="9 kg"))
    yield story.order("Tue 10", "Paul", "Hub A", 5, Seen(hub_a="6 kg, Held/Held", left="4 kg"))
    three = Seen(hub_a="6 kg, Held/Held", hub_b="3 kg, Held/Held", left="1 kg")
    yield story.order("Wed 11", "David", "Hub B", 3, three)
    yield story.refusal("Thu 12", "Michael", "Hub B", 2, three)
    four = Seen(hub_a="6 kg, Held/Held", hub_b="4 kg, Held/Held", left="0 kg")
    yield story.order("Thu 13", "Michael", "Hub B", 1, four)
    yield story.step(
        "Thu 18", "Hub B", "closes its session; its order can still be made smaller", four, closed="Hub B"
    )
    complete = "4 kg, Complete/Unfulfilled"
    yield story.step(
        "Thu 20", "Hub B", "has its order completed after the amendment window",
        Seen(hub_a="6 kg, Held/Held", hub_b=complete, left="0 kg"),
    )  # fmt: skip
    yield story.cancel("Fri 12", "Ali", "Hub A", Seen(hub_a="5 kg, Held/Held", hub_b=complete, left="1 kg"))


def friday_evening(cast: Cast) -> Iterator[Told]:
    """Hub A's session closes, and its held order is completed."""
    story = _Teller(cast)
    four = "4 kg, Complete/Unfulfilled"
    yield story.step(
        "Fri 18",
        "Hub A",
        "closes its session",
        Seen(hub_a="5 kg, Held/Held", hub_b=four, left="1 kg"),
        closed="Hub A",
    )
    yield story.step(
        "Fri 20", "Hub A", "has its order completed after the amendment window",
        Seen(hub_a="5 kg, Complete/Unfulfilled", hub_b=four, left="1 kg"),
    )  # fmt: skip


class _Teller:
    """Does what a step says and looks at what came of it."""

    def __init__(self, cast: Cast) -> None:
        self._cast = cast

    def step(self, when: str, who: str, what: str, expected: Seen, *, closed: str = "") -> Told:
        """Time goes on to this hour, and whatever is due happens by itself."""
        self._cast.owner.post("clock", {"to": at(when)})
        seen = self._seen()
        if closed and (status := self._status(closed)) != "closed":
            what = f"{what} (but the session is {status})"
            expected = Seen(hub_a="the session closed", hub_b=expected.hub_b, left=expected.left)
        return Told(when=f"{when}:00", who=who, what=what, seen=seen, expected=expected)

    def order(self, when: str, who: str, hub: str, kilos: int, expected: Seen) -> Told:
        """A shopper orders, and pays at once."""
        self._cast.owner.post("clock", {"to": at(when)})
        self._cast.ids[f"order of {who}"] = self._place(who, hub, kilos)["id"]
        return self._told(when, who, f"orders {kilos} kg at {hub}", expected)

    def refusal(self, when: str, who: str, hub: str, kilos: int, expected: Seen) -> Told:
        """A shopper asks for too much, and is told how much he can have."""
        self._cast.owner.post("clock", {"to": at(when)})
        try:
            self._place(who, hub, kilos)
        except RefusedError as refused:
            if refused.problem.get("code") != "insufficient_stock":
                raise
            can = refused.problem["lines"][0]["available"]
            what = f"asks for {kilos} kg at {hub}; refused at once: he can have {can} kg"
            right = can == expected.left.removesuffix(" kg")
            return self._told(when, who, what, expected if right else Seen(left="what he was told"))
        return self._told(when, who, f"gets {kilos} kg at {hub}, which are not there", expected)

    def cancel(self, when: str, who: str, hub: str, expected: Seen) -> Told:
        """A shopper cancels."""
        self._cast.owner.post("clock", {"to": at(when)})
        order = self._cast.ids[f"order of {who}"]
        self._cast.people[hub].post(f"orders/{order}/events", {"name": "cancel"})
        return self._told(when, who, f"cancels; {hub}'s order shrinks at once", expected)

    def _place(self, who: str, hub: str, kilos: int) -> Any:
        order = {
            "seller_id": self._cast.ids[hub],
            "session_id": self._cast.ids[f"session of {hub}"],
            "customer_id": self._cast.ids[who],
            "channel": "web",
            "reference": f"{who}-{kilos}",
            "completed": True,
            "lines": [{"item_id": self._cast.ids["carrots"], "quantity": str(kilos)}],
        }
        return self._cast.people[hub].post("orders", order)

    def _told(self, when: str, who: str, what: str, expected: Seen) -> Told:
        return Told(when=f"{when}:00", who=who, what=what, seen=self._seen(), expected=expected)

    def _seen(self) -> Seen:
        held = {order["hub"]: _words(order) for order in held_orders(self._cast)}
        position = self._cast.people["Jean"].get(f"positions/{self._cast.ids['position']}")
        return Seen(
            hub_a=held.get("Hub A", "–"), hub_b=held.get("Hub B", "–"), left=f"{position['available']} kg"
        )

    def _status(self, hub: str) -> str:
        session = self._cast.people[hub].get(f"sessions/{self._cast.ids[f'session of {hub}']}")
        return str(session["status"])


def _words(order: dict[str, Any]) -> str:
    lines = " + ".join(f"{line['quantity']} {line['unit']}" for line in order["lines"]) or "empty"
    return f"{lines}, {order['status']}/{order['fulfilment']}"


# ------------------------------------------------------------------------------------------------------------ the end


def held_orders(cast: Cast) -> list[dict[str, Any]]:
    """What Jean sees of her hubs' held orders."""
    return cast.people["Jean"].every("held-orders")


@dataclass(frozen=True)
class Document:
    """A held order as Jean gets it for her spreadsheet."""

    hub: str
    number: str
    csv: str


def documents(cast: Cast) -> list[Document]:
    """Jean's two documents, Hub A's first. FailedError where one holds anything about a shopper."""
    jean = cast.people["Jean"]
    found = []
    for order in sorted(held_orders(cast), key=lambda order: order["hub"]):
        path = f"held-orders/{order['id']}"
        forms = [jean.ask("GET", path).text, jean.ask("GET", path, accept="text/csv").text]
        for shopper in SHOPPERS:
            if any(
                secret.lower() in form.lower() for form in forms for secret in (shopper, cast.ids[shopper])
            ):
                raise FailedError(f"a document for Jean tells about {shopper}", Exit.WRONG)
        found.append(Document(order["hub"], order["number"], forms[1]))
    return found


def sums(cast: Cast) -> list[tuple[str, str, str]]:
    """What the story says of its end, row by row: what is meant, what it must be, what it is."""
    jean = cast.people["Jean"]
    position = jean.get(f"positions/{cast.ids['position']}")
    return [
        ("orders to prepare", "2", str(len(held_orders(cast)))),
        ("kilos committed", "9", position["committed"]),
        ("kilos left", "1", position["available"]),
        (
            "most kilos ever promised",
            "10",
            most_promised(jean.every(f"positions/{cast.ids['position']}/entries")),
        ),
    ]


def most_promised(entries: list[dict[str, Any]]) -> str:
    """The largest sum of held and committed that a position's ledger ever came to; `entries` are the newest first."""
    promised = most = Decimal(0)
    for entry in reversed(entries):
        promised += Decimal(entry["held"]) + Decimal(entry["committed"])
        most = max(most, promised)
    return str(most)
