import pytest

from gateway.addresses import client_address
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
    ],
)
def test_only_trusted_proxies_say_who_is_behind_them(
    proxies: str, socket: str, forwarded: str | None, client: str
) -> None:
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    scope = {"client": (socket, 1), "headers": headers}
    assert client_address(scope, Settings(trusted_proxies=proxies).proxies) == client
