"""Answers are read strictly: what can be understood in two ways is none, and where one ends is never guessed."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coster.engine.webhooks import framing
from coster.engine.webhooks.framing import Body, Head

MOST = 100


def read(data: bytes, *, most: int = MOST) -> tuple[int, bool | None, bytes]:
    """The status, whether the connection can be used again (None: the body has not ended), and what is left over."""
    left = bytearray(data)
    head = framing.take_head(left)
    assert head is not None
    return head.status, Body(head, most).take(left), bytes(left)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", (204, True, b"")),
        (b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", (200, True, b"")),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no", (200, None, b"")),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2, 2\r\n\r\nokHTTP", (200, True, b"HTTP")),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n", (202, True, b"")),
        (b"HTTP/1.1 200 OK\ncontent-length: 0\n\n", (200, True, b"")),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", (200, False, b"until the end")),
        (b"HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n", (200, False, b"")),
        (b"HTTP/1.1 200 OK\r\nConnection: Keep-Alive, Close\r\ncontent-length: 0\r\n\r\n", (200, False, b"")),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 101\r\n\r\n", (200, False, b"")),
        (b"HTTP/1.1 204 X\r\ncontent-length: 5\r\n\r\nHTTP/", (204, True, b"HTTP/")),
    ],
)  # fmt: skip
def test_answer_is_read_to_its_end(data: bytes, expected: tuple[int, bool | None, bytes]) -> None:
    """Lengths, bodies without one, interim answers, and who wants to go on."""
    assert read(data) == expected


CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"0\r\n\r\n", True),
        (b"2;why=not\r\nok\r\nA\r\n0123456789\r\n0\r\nTrailer: yes\r\n\r\n", True),
        (b"2\r\nok\r\n", None),
        (b"2\r\nokk\r\n0\r\n\r\n", False),
        (b"-1\r\n\r\n", False),
        (b"0x2\r\nok\r\n0\r\n\r\n", False),
        (b"fffffff\r\n", False),
        (b"64\r\n" + b"x" * 100, False),
        (b"1" * 2000, False),
        (b"0\r\n" + b"a: b\r\n" * 30, False),
    ],
)
def test_chunks_are_counted(body: bytes, *, expected: bool | None) -> None:
    """Sizes in hexadecimal and nothing else, each chunk ended, and altogether not too much."""
    assert read(CHUNKED + body)[1] is expected


def test_length_beside_chunks_is_not_trusted() -> None:
    """Two words on where the body ends: it is read by neither, and the connection is of no more use (RFC 9112 §6.3)."""
    data = CHUNKED[:-2] + b"content-length: 5\r\n\r\n0\r\n\r\n"
    assert read(data)[:2] == (200, False)


@pytest.mark.parametrize(
    "data",
    [
        b"ICY 200 OK\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1_0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length : 1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: 1\r\n folded\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: \0\r\n\r\n",
        b"x" * (framing.LONGEST_HEAD + 1),
    ],
)
def test_what_is_no_answer_is_refused(data: bytes) -> None:
    """Another protocol, a length that is none, two of them, a field that is none, or no end."""
    with pytest.raises(framing.GarbledError):
        framing.take_head(bytearray(data))


def test_retry_after_is_kept_as_it_is() -> None:
    """The verdict judges it."""
    head = framing.parsed(b"HTTP/1.1 503 Busy\r\nRetry-After:  Fri, 31 Dec 1999 23:59:59 GMT ")
    assert head == Head(status=503, retry_after="Fri, 31 Dec 1999 23:59:59 GMT")


WHOLE = b"HTTP/1.1 103 Hints\r\n\r\n" + CHUNKED + b"2\r\nok\r\n3;x\r\nyes\r\n0\r\na: b\r\n\r\n"


@given(cuts=st.sets(st.integers(1, len(WHOLE) - 1)))
def test_an_answer_may_come_in_any_pieces(cuts: set[int]) -> None:
    """Nothing is over before the last byte, and with it everything is."""
    data, head, body, seen = bytearray(), None, None, []
    edges = [0, *sorted(cuts), len(WHOLE)]
    for start, end in itertools.pairwise(edges):
        data += WHOLE[start:end]
        if head is None:
            head = framing.take_head(data)
            body = Body(head, MOST) if head else None
        seen.append(body.take(data) if body else None)
    assert (seen[-1], any(seen[:-1]), bytes(data)) == (True, False, b"")


PIECES = (
    b"HTTP/1.1 200 OK", b"\r\n", b"\n", b"content-length: 3", b"0", b"a", b"transfer-encoding: chunked", b"\0", b" ", b"ff;",
)  # fmt: skip


@given(st.lists(st.sampled_from(PIECES)))
def test_nothing_that_is_said_can_do_more_than_end_the_connection(pieces: list[bytes]) -> None:
    """Whatever comes is an answer, more to wait for, or GarbledError."""
    data = bytearray(b"".join(pieces))
    try:
        head = framing.take_head(data)
    except framing.GarbledError:
        return
    assert head is None or Body(head, MOST).take(data) in (None, True, False)
