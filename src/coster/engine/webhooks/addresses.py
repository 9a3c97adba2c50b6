"""Which addresses may be called: those of the public internet, and networks that a setting names. Pure.

After the IANA special-purpose address registries (RFC 6890 and its updates). The list is ours and not
`ipaddress.is_global`, whose answers differ between versions of Python.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Final, TypeAlias

import msgspec

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

LONGEST_URL: Final = 2000
_URL = re.compile(
    r"(?P<scheme>[a-z]+)://(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?(?P<target>[/?][!-~]*)?"
)
_PORTS: Final = {"http": 80, "https": 443}
_FIRST_HIGH_PORT: Final = 1024

_KINDS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("unspecified", ("0.0.0.0/8", "::/128")),
    ("loopback", ("127.0.0.0/8", "::1/128")),
    ("private", ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10")),
    ("shared by a carrier", ("100.64.0.0/10",)),
    ("link-local", ("169.254.0.0/16", "fe80::/10")),
    ("a cloud's own", ("168.63.129.16/32",)),
    ("multicast", ("224.0.0.0/4", "ff00::/8")),
    ("an IPv4 address written as IPv6", ("::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16")),
    (
        "reserved",
        ("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
         "240.0.0.0/4", "2001::/23", "2001:db8::/32", "3fff::/20"),
    ),
)  # fmt: skip
_SPECIAL: Final = tuple((kind, ipaddress.ip_network(text)) for kind, texts in _KINDS for text in texts)
_GLOBAL_IPV6: Final = ipaddress.ip_network("2000::/3")


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """A URL in parts; the host is a name or an address without brackets, the target is path and query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """What the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """The networks of a setting, for example 10.1.0.0/16; raises ValueError for anything else."""
    return tuple(ipaddress.ip_network(text) for text in texts)


def parse(url: str) -> Destination | str:
    """The URL in parts, or what is wrong with it; stricter than RFC 3986, so that nobody reads it differently."""
    if len(url) > LONGEST_URL:
        return f"the URL is longer than {LONGEST_URL} characters"
    authority = url.partition("://")[2].partition("/")[0].partition("?")[0]
    if "@" in authority:
        return "a URL may not carry a user name or password; the signature shows who is calling"
    if "#" in url:
        return "a URL that is called has no fragment (#…)"
    found = _URL.fullmatch(url)
    if found is None:
        return (
            "this is not a URL of the form https://host[:port]/path (a host name beyond a-z in its xn-- form)"
        )
    scheme, target = found["scheme"], found["target"] or "/"
    if scheme not in _PORTS:
        return (
            f"the URL begins with {scheme}://; only https:// is called (and http:// where a setting allows)"
        )
    port = int(found["port"] or _PORTS[scheme])
    if port not in _PORTS.values() and not _FIRST_HIGH_PORT <= port <= 65535:
        return f"port {port} is not called; 443, 80 and 1024 to 65535 are"
    target = target if target.startswith("/") else "/" + target
    return Destination(scheme=scheme, host=found["host"].strip("[]"), port=port, target=target)


def refusal(text: str, *, scheme: str, allowed: Iterable[Network]) -> str | None:
    """Why a resolved address may not be called under a scheme, or None where it may; without repeating the address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return "the host has an address that is none"
    plain = getattr(address, "ipv4_mapped", None) or address
    if any(plain.version == network.version and plain in network for network in allowed):
        return None
    kind = special_kind(address)
    if kind is not None:
        return f"the host's address is {kind}; an operator can allow networks by a setting"
    if scheme != "https":
        return "http:// is called only in networks that a setting allows; use https://"
    return None


def special_kind(address: Address) -> str | None:
    """What sort of address it is, where it is not one of the public internet."""
    if getattr(address, "scope_id", None):
        return "link-local"
    for kind, network in _SPECIAL:
        if address.version == network.version and address in network:
            return kind
    if address.version == 6 and address not in _GLOBAL_IPV6:
        return "reserved"
    return None
