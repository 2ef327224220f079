"""The fault proxy harms as it says, and only as long."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from tests.support.proxy import Proxy


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    with Proxy(server.sockets[0].getsockname()) as proxy:
        yield proxy
    server.close()


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def to(cls, proxy: Proxy) -> "Client":
        host, _, port = proxy.address.rpartition(":")
        return cls(*await asyncio.open_connection(host, int(port)))

    async def echo(self, seconds: float = 3.0) -> bytes:
        self._writer.write(b"hello")
        return await asyncio.wait_for(self._reader.read(100), seconds)


async def test_hands_on(proxy: Proxy) -> None:
    client = await Client.to(proxy)
    assert await client.echo() == b"hello"


async def test_cut_ends_connections_and_refuses_new_ones(proxy: Proxy) -> None:
    client = await Client.to(proxy)
    assert await client.echo() == b"hello"
    with proxy.cut():
        for cut in (client, await Client.to(proxy)):
            with pytest.raises(ConnectionError):
                assert await cut.echo() == b"", "it was ended in order"
                raise ConnectionError
    assert await (await Client.to(proxy)).echo() == b"hello"


async def test_half_open_says_nothing_for_ever(proxy: Proxy) -> None:
    old = await Client.to(proxy)
    assert await old.echo() == b"hello"
    with proxy.half_open():
        for deaf in (old, new := await Client.to(proxy)):
            with pytest.raises(TimeoutError):
                await deaf.echo(0.1)
    for dead in (old, new):
        with pytest.raises(TimeoutError):
            await dead.echo(0.1)
    assert await (await Client.to(proxy)).echo() == b"hello"


async def test_slow_adds_its_seconds_in_each_direction(proxy: Proxy) -> None:
    client = await Client.to(proxy)
    assert await client.echo() == b"hello"
    with proxy.slow(0.1):
        began = time.monotonic()
        assert await client.echo() == b"hello"
        assert 0.2 <= time.monotonic() - began < 1.0
