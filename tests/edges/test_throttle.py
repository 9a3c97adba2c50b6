"""Who asks too often is told when to come again; who does not is not troubled by those who do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coster.edges.http import throttle
from coster.edges.http.throttle import Meter, Rate
from tests.edges.conftest import Server, Start
from tests.edges.scene import V1

RATE = Rate(per_second=2.0, burst=3)
PROXIES = throttle.networks("10.0.0.0/8, 127.0.0.1/32,::1/128")
WRONG = "coster_1_" + "A" * 43


def test_burst_is_given_at_once_and_the_rest_one_by_one() -> None:
    """Three at once, then one each half second; after a rest, three again and not more."""
    meter, allowed = Meter(RATE), []
    for now in (0.0, 0.0, 0.0, 0.0, 0.4, 0.5, 0.6, 100.0, 100.0, 100.0, 100.0):
        allowed.append(meter.wait("one", now) == 0)
        if allowed[-1]:
            meter.take("one", now)
    assert allowed == [True, True, True, False, False, True, False, True, True, True, False]


def test_wait_is_as_long_as_it_takes() -> None:
    """Half a second after a burst, at two a second; and who waits so long is let in."""
    meter = Meter(RATE)
    for _ in range(3):
        meter.take("one", 10.0)
    assert meter.wait("one", 10.0) == 0.5
    assert meter.wait("one", 10.5) == 0
    assert meter.wait("other", 10.0) == 0


@given(st.lists(st.floats(0, 60), min_size=1, max_size=60), st.floats(0.1, 50), st.integers(1, 20))
def test_nobody_gets_more_than_the_rate(instants: list[float], per_second: float, burst: int) -> None:
    """Within any time: the burst, and the rate for as long as it lasted, whatever the rhythm."""
    meter, rate = Meter(Rate(per_second=per_second, burst=burst)), per_second
    taken = []
    for now in sorted(instants):
        if meter.wait("one", now) == 0:
            meter.take("one", now)
            taken.append(now)
    assert all(
        index - start + 1 <= burst + (taken[index] - taken[start]) * rate + 1e-6
        for start in range(len(taken))
        for index in range(start, len(taken))
    )


def test_meter_remembers_the_latest_only() -> None:
    """Whoever sends from ever new addresses fills no memory."""
    meter = Meter(RATE)
    for number in range(20_000):
        meter.take(number, 1.0)
    assert len(meter._whole_at) == 10_000  # noqa: SLF001 - how much it keeps is what is asked here


@pytest.mark.parametrize(("seconds", "said"), [(0.01, b"1"), (1.0, b"1"), (1.2, b"2"), (59.9, b"60")])
def test_wait_is_told_in_whole_seconds(seconds: float, said: bytes) -> None:
    """Never too short, and never 0."""
    assert throttle.retry_after(seconds) == said


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("203.0.113.7", b"", "203.0.113.7"),
        ("203.0.113.7", b"198.51.100.1", "203.0.113.7"),
        ("127.0.0.1", b"", "127.0.0.1"),
        ("127.0.0.1", b"198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", b"6.6.6.6, 198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", b"6.6.6.6, 198.51.100.1, 10.1.2.3", "198.51.100.1"),
        ("127.0.0.1", b"6.6.6.6, nonsense", "127.0.0.1"),
        ("::1", b"2001:db8::5", "2001:db8::5"),
        ("", b"198.51.100.1", ""),
    ],
)
def test_address_is_what_our_own_proxies_say(peer: str, forwarded: bytes, found: str) -> None:
    """What a caller writes into X-Forwarded-For by himself is never believed."""
    assert throttle.address(peer, forwarded, PROXIES) == found


async def test_wrong_keys_of_one_address_are_told_to_wait(start: Start) -> None:
    """Three are answered, the next is sent away with a time; a key that was good here works on, another address too."""
    server = await start(bad_keys=3, proxies="127.0.0.1/32", key_memory=0.0)
    assert (await server.owner.get(V1 + "/orders")).status_code == 200
    wrong = server.client(WRONG)
    answers = [await wrong.get(V1 + "/orders") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429, 429]
    assert answers[3].json()["code"] == "too_many_requests"
    assert 1 <= int(answers[3].headers["retry-after"]) <= 20
    assert (await server.owner.get(V1 + "/orders")).status_code == 200
    assert (await server.client(None).get("/health/live")).status_code == 200
    elsewhere = await wrong.get(V1 + "/orders", headers={"x-forwarded-for": "198.51.100.1"})
    assert elsewhere.status_code == 401


async def test_key_that_asks_too_often_is_told_to_wait(start: Start) -> None:
    """It alone; another key of the same organisation is answered, and so is it after the wait."""
    server = await start(key_rate=0.5, key_burst=3)
    other = await server.key("reader")
    codes = [(await server.owner.get(V1 + "/orders")).status_code for _ in range(3)]
    assert codes == [200, 200, 429]  # the first of three made the other key
    assert (await other.get(V1 + "/orders")).status_code == 200


async def test_limits_can_be_left_out(server: Server) -> None:
    """With 0 wrong keys are just wrong."""
    wrong = server.client(WRONG)
    assert {(await wrong.get(V1 + "/orders")).status_code for _ in range(30)} == {401}
