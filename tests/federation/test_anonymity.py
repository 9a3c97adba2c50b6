"""The search for anything personal finds what is planted, however it is hidden, and is silent about what may cross."""

from __future__ import annotations

import base64
import uuid
from typing import Any

import pytest

from coster.kernel import ids
from coster.simulation.federation.anonymity import MARK, Watch, in_log
from coster.simulation.federation.record import Passed
from coster.simulation.federation.report import Report

SECRET = uuid.UUID("0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b")
ITEM = uuid.UUID("0199a1b2-0000-7e5f-8a6b-000000000001")
STRANGE = uuid.UUID("0199a1b2-0000-7e5f-8a6b-000000000002")


def passed(body: bytes = b"", **more: Any) -> Passed:
    """A request of Hub A's."""
    given = {
        "line": "Jean",
        "asker": "Hub A",
        "exchange": 1,
        "way": "request",
        "first": "PUT /x HTTP/1.1",
        "headers": (),
    }
    return Passed(**{**given, "body": body, **more})


def broken(*messages: Passed) -> list[str]:
    """What is said of some messages, where Hub A may name the item."""
    report = Report()
    Watch(report, {SECRET}, {"Hub A": {ITEM}}).all(messages)
    return report.broken


@pytest.mark.parametrize("way", ["request", "answer"])
@pytest.mark.parametrize(
    "hidden",
    [
        f"name: Ali {MARK}",
        MARK.lower(),
        MARK.encode().hex(),
        *(base64.b64encode(f"{'x' * n}{MARK}, 5 Mill Lane".encode()).decode() for n in range(5)),
        str(SECRET),
        SECRET.hex,
        str(SECRET).upper(),
        base64.urlsafe_b64encode(SECRET.bytes).decode().rstrip("="),
        base64.b64encode(SECRET.bytes).decode(),
        f"Order {ids.short(SECRET)}",
    ],
)
def test_what_is_planted_is_found(hidden: str, way: str) -> None:
    """In a body, in the address and in a header, of a request and of an answer."""
    assert broken(passed(hidden.encode(), way=way))
    assert broken(passed(first=f"PUT /{hidden.replace(' ', '%20')} HTTP/1.1", way=way))
    assert broken(passed(headers=(("user-agent", hidden),), way=way))


def test_ids_that_may_be_known_pass() -> None:
    """The hub's own item, and what the server has told it before."""
    told = passed(str(STRANGE).encode(), way="answer")
    asked = passed(f"{STRANGE} {ITEM}".encode(), headers=(("idempotency-key", f"{ITEM}-7"),))
    assert broken(told, asked) == []


def test_id_that_nobody_knows_is_told() -> None:
    """An id that the hub made of something else could be made of a shopper."""
    [said] = broken(passed(str(STRANGE).encode()))
    assert str(STRANGE) in said


@pytest.mark.parametrize(
    "message",
    [
        passed(headers=(("cookie", "a=b"),)),
        passed(b'{"@type": "dfc-b:Person"}'),
        passed(asker=""),
        passed(headers=(("content-encoding", "gzip"),), way="answer"),
    ],
    ids=["header", "person", "nobody", "packed"],
)
def test_what_could_hide_a_person_is_told(message: Passed) -> None:
    """A header that no machine needs, a person without a name, a sender whom nobody knows, a body that cannot be read."""
    assert len(broken(message)) == 1


def test_a_log_names_no_shopper_and_nobody_elses_orders() -> None:
    """Its own orders it may; the planted word in no form."""
    said = f"order {SECRET} of {ITEM}".encode()
    assert list(in_log(said, set())) == []
    assert list(in_log(said, {SECRET})) == [f"names {SECRET}, which is a shopper's of another platform"]
    assert len(list(in_log(f"told {MARK}".encode(), set()))) == 1
