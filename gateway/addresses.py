"""Who is at the other end: the socket, or what proxies that we trust say of it."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, NamedTuple

from gateway.config import Network

Address = IPv4Address | IPv6Address
MAX_KEPT = 10_000


class Client(NamedTuple):
    """`is_proxied`: a trusted proxy speaks for it, and may say which scheme and host it used."""

    address: str
    is_proxied: bool = False


def client(scope: Any, proxies: Sequence[Network]) -> Client:
    """The rightmost of X-Forwarded-For's hops that is no trusted proxy; the socket's own if that is none."""
    address: str = scope["client"][0] if scope.get("client") else "unknown"
    if not proxies or not is_among(address, proxies):
        return Client(address)
    for hop in _hops(scope):
        parsed = _parsed(hop)
        if parsed is None:
            break
        address = str(parsed)
        if not is_among(address, proxies):
            break
    return Client(address, is_proxied=True)


@lru_cache(MAX_KEPT)
def holders(address: str) -> tuple[str, str]:
    """Whose limits a request from this address spends: its own, and a wider one's, empty for IPv4.

    A single IPv6 host has the 2^64 addresses of its /64, and a site mostly a /48.
    """
    parsed = _parsed(address)
    if isinstance(parsed, IPv6Address):
        near, site = (str(ip_network((parsed, bits), strict=False)) for bits in (64, 48))
        return near, site
    return str(parsed or address), ""


def is_among(address: str, networks: Sequence[Network]) -> bool:
    parsed = _parsed(address)
    return parsed is not None and any(parsed in network for network in networks if network.version == parsed.version)


def _hops(scope: Any) -> Iterator[str]:
    """From the nearest on. Several lines are one list (RFC 9110, 5.3)."""
    lines = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    yield from reversed(",".join(lines).split(","))


def _parsed(text: str) -> Address | None:
    """An address, without the brackets and the port that some proxies write; an IPv4 one of either notation."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
