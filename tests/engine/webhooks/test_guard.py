"""Calls go to judged addresses only, whatever a name server says."""

from __future__ import annotations

import ssl
import uuid
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from coster.engine.webhooks import model
from coster.engine.webhooks.addresses import Destination
from coster.engine.webhooks.guard import Guard, RefusedError
from coster.engine.webhooks.sender import Sender
from coster.kernel.outcome import Rejected
from tests.engine.webhooks.receiver import Receiver
from tests.engine.webhooks.world import POLICY, World, drain

CERTIFICATE = Path(__file__).with_name("hooks.example.pem")
PRIVATE = "the host's address is private; an operator can allow networks by a setting"
LOOPBACK = PRIVATE.replace("private", "loopback")


class Names:
    """A name server that gives these answers, one after the other, the last for ever."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """The next answer."""
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def to(receiver: Receiver, host: str, scheme: str = "http") -> Destination:
    """The receiver under a name."""
    return Destination(scheme=scheme, host=host, port=receiver.port, target="/")


@pytest.fixture
async def secure() -> AsyncIterator[Receiver]:
    """A receiver under TLS, with a certificate for hooks.example."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(CERTIFICATE)
    async with Receiver(tls) as opened:
        yield opened


async def test_private_host_is_refused_with_its_reason() -> None:
    """The reason is for whoever creates the endpoint."""
    target = await Guard(resolve=Names(["10.0.0.5"])).judge("https://hooks.example/")
    assert target == model.Target(url="https://hooks.example/", refusal=PRIVATE)


async def test_one_private_address_among_public_ones_is_enough() -> None:
    """Who points inside and outside at once is not called."""
    guard = Guard(resolve=Names(["93.184.216.34", "10.0.0.5"]))
    with pytest.raises(RefusedError, match="private"):
        await guard.addresses("https", "hooks.example", 443)


@pytest.mark.parametrize(
    "host", ["localhost", "127.1", "2130706433", "0x7f000001", "[::1]", "[::ffff:127.0.0.1]"]
)
async def test_loopback_is_refused_however_it_is_written(host: str) -> None:
    """The system's own resolver reads them all, and its answer is judged."""
    target = await Guard().judge(f"https://{host}/")
    assert target.refusal is not None


async def test_unknown_host_is_refused() -> None:
    """A host without addresses cannot be called."""
    assert (
        await Guard(resolve=Names([])).judge("https://hooks.example/")
    ).refusal == "the host name is not found"


async def test_rebound_name_is_refused_at_delivery(receiver: Receiver) -> None:
    """Public when it was created, loopback when it is called: no connection is made."""
    names = Names(["93.184.216.34"], ["127.0.0.1"])
    guard = Guard(resolve=names)
    assert (await guard.judge("https://hooks.example/")).refusal is None
    answer = await Sender(guard, POLICY).post(to(receiver, "hooks.example", "https"), [], b"{}")
    assert (answer, receiver.connections) == (model.Answer(error=LOOPBACK), 0)


async def test_connection_goes_to_the_judged_address(receiver: Receiver) -> None:
    """The name is asked once for a connection, and the Host header keeps it."""
    names = Names(["127.0.0.1"], ["10.0.0.5"])
    sender = Sender(Guard(["127.0.0.0/8"], names), POLICY)
    answers = [await sender.post(to(receiver, "hooks.example"), [], b"{}") for _ in range(2)]
    await sender.close()
    assert [a.status for a in answers] == [204, 204]
    assert (names.asked, receiver.connections) == (["hooks.example"], 1)
    assert receiver.requests[0].headers["host"] == f"hooks.example:{receiver.port}"


async def test_certificate_is_checked_against_the_name(secure: Receiver) -> None:
    """Connected by address, verified by name: another name does not pass, nor does an unknown authority."""
    guard = Guard(["127.0.0.0/8"], Names(["127.0.0.1"]))
    trusting = Sender(guard, POLICY, ssl.create_default_context(cafile=str(CERTIFICATE)))
    right = await trusting.post(to(secure, "hooks.example", "https"), [], b"{}")
    wrong = await trusting.post(to(secure, "other.example", "https"), [], b"{}")
    unknown = await Sender(guard, POLICY).post(to(secure, "hooks.example", "https"), [], b"{}")
    await trusting.close()
    invalid = model.Answer(error="the certificate is not valid for this host")
    assert (right.status, wrong, unknown) == (204, invalid, invalid)


async def test_refused_connection_is_told_without_an_address(receiver: Receiver) -> None:
    """A port where nobody listens is a failure in our own words."""
    destination = Destination(scheme="http", host="127.0.0.1", port=1, target="/")
    answer = await Sender(Guard(["127.0.0.0/8"]), POLICY).post(destination, [], b"{}")
    assert answer == model.Answer(error="the connection was refused")


@pytest.mark.database
async def test_endpoint_on_a_private_address_is_not_created(world: World) -> None:
    """The command is refused with the guard's reason, and nothing is stored."""
    world.guard = Guard(resolve=Names(["10.0.0.5"]))
    target = await world.guard.judge("https://hooks.example/")
    result = await world.send(
        model.PutEndpoint(endpoint_id=uuid.uuid4(), target=target, seed=world.keyring.seed(b"x" * 32))
    )
    assert isinstance(result.outcome, Rejected)
    assert (result.outcome.code, result.outcome.detail) == ("webhook_url_refused", {"reason": PRIVATE})


@pytest.mark.database
async def test_rebound_endpoint_is_a_failing_one(world: World, receiver: Receiver) -> None:
    """A delivery that is refused waits like others, and the endpoint's health says why."""
    world.guard = Guard(["127.0.0.0/8"], Names(["127.0.0.1"], ["10.0.0.5"]))
    endpoint = await world.put(url=f"http://hooks.example:{receiver.port}/", names=["order.*"])
    await world.emit(uuid.UUID(int=10))
    await drain(world.deliverer())
    view = await world.view(endpoint)
    assert (view.last_error, view.waiting, receiver.connections) == (PRIVATE, 1, 0)
