import asyncio
from typing import Any

import pytest
from starlette.requests import ClientDisconnect

from chassis.errors import Unavailable
from gateway.addresses import Client
from gateway.web import requests
from gateway.web.faults import Malformed, TooLarge
from gateway.web.requests import Request


def _request(
    *messages: dict[str, Any],
    headers: list[tuple[bytes, bytes]] | None = None,
    path: bytes = b"/",
    is_proxied: bool = False,
) -> Request:
    waiting = list(messages)

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.Event().wait()
        return waiting.pop(0)

    scope = {
        "type": "http", "method": "POST", "raw_path": path, "path": path.decode(), "headers": headers or [],
        "query_string": b"a=1&a=2&b=", "scheme": "https",
    }  # fmt: skip
    return Request(scope, receive, Client("192.0.2.1", is_proxied))


def _part(body: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_a_body_comes_in_parts() -> None:
    assert await _request(_part(b"ab", more=True), _part(b"", more=True), _part(b"c")).body() == b"abc"
    assert await _request(_part(b"")).body() == b""


async def test_a_body_is_bounded_whatever_it_declares() -> None:
    with pytest.raises(TooLarge):
        await _request(_part(b"xx", more=True), _part(b"xx", more=True)).body(3)
    with pytest.raises(TooLarge):
        await _request(headers=[(b"content-length", b"99999999999999999999999")]).body(3)


async def test_a_client_that_goes_or_stops_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ClientDisconnect):
        await _request(_part(b"x", more=True), {"type": "http.disconnect"}).body()
    monkeypatch.setattr(requests, "BODY_PAUSE_SECONDS", 0.01)
    with pytest.raises(Malformed):
        await _request(_part(b"x", more=True)).body()


async def test_a_body_that_is_read_whole_has_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """However steadily it drips."""
    monkeypatch.setattr(requests, "BODY_SECONDS", 0.05)

    async def drip() -> dict[str, Any]:
        await asyncio.sleep(0.01)
        return _part(b"x", more=True)

    scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
    with pytest.raises(Malformed, match="too long"):
        await Request(scope, drip, Client("192.0.2.1")).body()


async def test_bodies_that_are_read_whole_have_a_bounded_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "MAX_HELD_BYTES", 100)
    waiting = asyncio.create_task(_request(_part(b"x" * 60, more=True)).body())
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await _request(_part(b"x" * 60)).body()
    assert await _request(_part(b"x" * 30)).body()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert await _request(_part(b"x" * 60)).body()


def test_of_a_repeated_parameter_the_last_counts() -> None:
    assert dict(_request().query_params) == {"a": "2", "b": ""}


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        (b"music.test", "https://music.test"),
        (b"127.0.0.1:8080", "https://127.0.0.1:8080"),
        (b"[::1]:8080", "https://[::1]:8080"),
        (b"music_box:8080", "https://music_box:8080"),
        (b'evil"><script>', ""),
        (b"a/b", ""),
        (b"", ""),
    ],
)
def test_links_name_only_a_host_that_can_be_one(host: bytes, origin: str) -> None:
    assert _request(headers=[(b"host", host)]).origin == origin


@pytest.mark.parametrize(
    ("sent", "origin"),
    [
        ([(b"x-forwarded-proto", b"http"), (b"x-forwarded-host", b"music.test")], "http://music.test"),
        ([(b"x-forwarded-proto", b"gopher"), (b"x-forwarded-host", b"a/b")], ""),
        ([(b"x-forwarded-proto", b"https, HTTP")], "http://inside"),
        ([(b"x-forwarded-host", b"evil"), (b"x-forwarded-host", b"evil, music.test")], "https://music.test"),
    ],
)
def test_a_trusted_proxy_says_how_it_was_reached(sent: list[tuple[bytes, bytes]], origin: str) -> None:
    headers = [(b"host", b"inside"), *sent]
    assert _request(headers=headers, is_proxied=True).origin == origin
    assert _request(headers=headers).origin == "https://inside"
