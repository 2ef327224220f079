import pytest

from gateway import addresses
from gateway.addresses import Client, holders
from gateway.config import Settings


@pytest.mark.parametrize(
    ("proxies", "socket", "forwarded", "client"),
    [
        ("", "10.0.0.1", "1.2.3.4", "10.0.0.1"),
        ("10.0.0.0/8", "10.0.0.1", "1.2.3.4", "1.2.3.4"),
        ("10.0.0.0/8", "10.0.0.1", "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        ("10.0.0.0/8", "10.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.9", "1.2.3.4"),
        ("10.0.0.0/8", "10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.0/8", "10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.0/8", "9.9.9.9", "1.2.3.4", "9.9.9.9"),
        ("10.0.0.0/8,fd00::/8", "fd00::1", "2001:db8::7", "2001:db8::7"),
        ("10.0.0.0/8", "10.0.0.1", "1.2.3.4:5678", "1.2.3.4"),
        ("10.0.0.0/8", "10.0.0.1", "[2001:db8::7]:5678", "2001:db8::7"),
        ("10.0.0.0/8", "10.0.0.1", "[2001:db8::7]", "2001:db8::7"),
        ("10.0.0.0/8", "::ffff:10.0.0.1", "::ffff:1.2.3.4, 10.9.9.9", "1.2.3.4"),
        ("10.0.0.0/8", "10.0.0.1", "1.2.3.4, nonsense, 10.0.0.3", "10.0.0.3"),
    ],
)
def test_only_trusted_proxies_say_who_is_behind_them(
    proxies: str, socket: str, forwarded: str | None, client: str
) -> None:
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    scope = {"client": (socket, 1), "headers": headers}
    assert addresses.client(scope, Settings(trusted_proxies=proxies).proxies).address == client


def test_lines_of_several_proxies_are_one_list() -> None:
    """HAProxy adds a line of its own: the first line is what the client wrote."""
    headers = [(b"x-forwarded-for", b"6.6.6.6"), (b"host", b"music"), (b"x-forwarded-for", b"1.2.3.4")]
    scope = {"client": ("10.0.0.1", 1), "headers": headers}
    assert addresses.client(scope, Settings(trusted_proxies="10.0.0.0/8").proxies) == Client("1.2.3.4", True)


@pytest.mark.parametrize(
    ("address", "near", "site"),
    [
        ("1.2.3.4", "1.2.3.4", ""),
        ("::ffff:1.2.3.4", "1.2.3.4", ""),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("unknown", "unknown", ""),
    ],
)
def test_a_network_of_ipv6_is_one_caller(address: str, near: str, site: str) -> None:
    assert holders(address) == (near, site)
