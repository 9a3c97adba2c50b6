"""Which URLs and addresses may be called."""

from __future__ import annotations

import pytest

from coster.engine.webhooks import addresses

REFUSED = {
    "0.0.0.0": "unspecified",
    "::": "unspecified",
    "127.0.0.1": "loopback",
    "127.9.9.9": "loopback",
    "::1": "loopback",
    "10.0.0.1": "private",
    "172.16.0.1": "private",
    "172.31.255.255": "private",
    "192.168.1.1": "private",
    "fd00:ec2::254": "private",
    "fec0::1": "private",
    "100.64.0.1": "shared by a carrier",
    "100.100.100.200": "shared by a carrier",
    "169.254.169.254": "link-local",
    "fe80::1": "link-local",
    "fe80::1%eth0": "link-local",
    "168.63.129.16": "a cloud's own",
    "224.0.0.1": "multicast",
    "ff02::1": "multicast",
    "::ffff:127.0.0.1": "an IPv4 address written as IPv6",
    "::ffff:93.184.216.34": "an IPv4 address written as IPv6",
    "64:ff9b::7f00:1": "an IPv4 address written as IPv6",
    "2002:7f00:1::": "an IPv4 address written as IPv6",
    "192.0.0.192": "reserved",
    "198.18.0.1": "reserved",
    "203.0.113.9": "reserved",
    "240.0.0.1": "reserved",
    "255.255.255.255": "reserved",
    "2001::1": "reserved",
    "2001:db8::1": "reserved",
    "4000::1": "reserved",
    "::127.0.0.1": "reserved",
}
PUBLIC = [
    "93.184.216.34",
    "172.32.0.1",
    "100.128.0.1",
    "169.253.255.255",
    "2606:4700::1111",
    "2a00:1450:4001::1",
]


@pytest.mark.parametrize(("address", "kind"), REFUSED.items())
def test_special_address_is_refused(address: str, kind: str) -> None:
    """Each kind by its name, and the answer does not repeat the address."""
    said = addresses.refusal(address, scheme="https", allowed=())
    assert said == f"the host's address is {kind}; an operator can allow networks by a setting"


@pytest.mark.parametrize("address", PUBLIC)
def test_public_address_is_called_over_https(address: str) -> None:
    """Neighbours of the special networks are not special."""
    assert addresses.refusal(address, scheme="https", allowed=()) is None


def test_public_address_is_not_called_over_http() -> None:
    """What is signed is not secret, but it is nobody else's business either."""
    said = addresses.refusal(PUBLIC[0], scheme="http", allowed=())
    assert said == "http:// is called only in networks that a setting allows; use https://"


@pytest.mark.parametrize("address", ["10.1.2.3", "::ffff:10.1.2.3", "fd12::1"])
def test_allowed_network_is_called(address: str) -> None:
    """A setting opens networks, over http as well, however an address is written."""
    allowed = addresses.networks(["10.1.0.0/16", "fd12::/16"])
    assert addresses.refusal(address, scheme="http", allowed=allowed) is None


def test_allowed_network_opens_no_other() -> None:
    """Its neighbour stays closed."""
    said = addresses.refusal("10.2.0.1", scheme="https", allowed=addresses.networks(["10.1.0.0/16"]))
    assert said == "the host's address is private; an operator can allow networks by a setting"


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("https://a.example", ("https", "a.example", 443, "/", "a.example")),
        ("https://a.example?x=1", ("https", "a.example", 443, "/?x=1", "a.example")),
        ("http://a.example:8080/b?c=d", ("http", "a.example", 8080, "/b?c=d", "a.example:8080")),
        ("https://[2606:4700::1]:8443/", ("https", "2606:4700::1", 8443, "/", "[2606:4700::1]:8443")),
    ],
)
def test_url_is_read(url: str, parts: tuple[object, ...]) -> None:
    """Scheme, host, port, target, and what the Host header says."""
    found = addresses.parse(url)
    assert isinstance(found, addresses.Destination)
    assert (found.scheme, found.host, found.port, found.target, found.authority) == parts


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("https://user:pw@a.example/", "user name or password"),
        ("https://a.example@127.0.0.1/", "user name or password"),
        ("https://a.example/#b", "fragment"),
        ("ftp://a.example/", "only https://"),
        ("file:///etc/passwd", "not a URL"),
        ("https://a.example:22/", "port 22"),
        ("https://a.example:99999/", "port 99999"),
        ("https://a.example:0/", "port 0"),
        ("https://a.example\\@b.example/", "user name or password"),
        ("https://a.example\\b/", "not a URL"),
        ("https://a example/", "not a URL"),
        ("https://a.example/\r\nx: y", "not a URL"),
        ("https://a.example/\n", "not a URL"),
        ("https://bücher.example/", "xn--"),
        ("https://a.example/" + "x" * 2000, "longer than 2000"),
        ("", "not a URL"),
    ],
)
def test_odd_url_is_refused(url: str, word: str) -> None:
    """Whatever two programs could read differently is not read at all."""
    found = addresses.parse(url)
    assert isinstance(found, str)
    assert word in found
