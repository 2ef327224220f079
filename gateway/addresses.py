"""Who is at the other end: the socket, or what a proxy that we trust says of it."""

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any

from gateway.config import Network


def client_address(scope: Any, proxies: Sequence[Network]) -> str:
    """The client's address. X-Forwarded-For is read from the right, as far as trusted proxies wrote it."""
    address: str = scope["client"][0] if scope.get("client") else "unknown"
    if not proxies or not _is_among(address, proxies):
        return address
    for key, value in scope["headers"]:
        if key == b"x-forwarded-for":
            return _first_stranger(address, value.decode("latin-1"), proxies)
    return address


def _first_stranger(socket_address: str, forwarded: str, proxies: Sequence[Network]) -> str:
    address = socket_address
    for hop in reversed(forwarded.split(",")):
        candidate = hop.strip()
        try:
            ip_address(candidate)
        except ValueError:
            return address
        address = candidate
        if not _is_among(candidate, proxies):
            break
    return address


def _is_among(address: str, proxies: Sequence[Network]) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in proxies if network.version == parsed.version)
