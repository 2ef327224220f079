"""Health checks: each kind of server must answer a request in its own protocol."""

import asyncio
import struct
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import asyncpg
import bson

_API_VERSIONS = struct.pack(">ihhih", 10, 18, 0, 1, -1)
_OP_MSG = 2013


async def alive() -> None:
    """For a process that nobody calls: running is enough."""


async def postgres(url: str) -> None:
    connection = await asyncpg.connect(url, timeout=3)
    try:
        await connection.fetchval("SELECT 1")
    finally:
        await connection.close()


async def valkey(url: str) -> None:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 6379)
    try:
        if parts.password:
            await _expect(reader, writer, f"AUTH {unquote(parts.password)}", b"+OK")
        await _expect(reader, writer, "PING", b"+PONG")
    finally:
        writer.close()


async def _expect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: str, wanted: bytes) -> None:
    writer.write(line.encode() + b"\r\n")
    answer = await reader.readline()
    if answer.strip() != wanted:
        raise ConnectionError(answer.decode(errors="replace").strip())


async def kafka(bootstrap: str) -> None:
    """Sends ApiVersions, the one request that a broker answers before any negotiation."""
    host, _, port = bootstrap.split(",", maxsplit=1)[0].rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(_API_VERSIONS)
        size = struct.unpack(">i", await reader.readexactly(4))[0]
        _, error = struct.unpack(">ih", (await reader.readexactly(size))[:6])
        if error:
            raise ConnectionError(f"ApiVersions answered error {error}")
    finally:
        writer.close()


async def mongo(host: str, port: int) -> None:
    if not (await mongo_hello(host, port)).get("isWritablePrimary"):
        raise ConnectionError("not a writable primary")


async def mongo_hello(host: str, port: int) -> Mapping[str, Any]:
    """The server's `hello`, without a driver, whose pools and monitors the launcher does not need."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        body = struct.pack("<iB", 0, 0) + bson.encode({"hello": 1, "$db": "admin"})
        writer.write(struct.pack("<iiii", 16 + len(body), 1, 0, _OP_MSG) + body)
        size = struct.unpack("<i", await reader.readexactly(4))[0]
        answer = await reader.readexactly(size - 4)
    finally:
        writer.close()
    return bson.decode(answer[17:])


async def grpc_service(port: int) -> None:
    import grpc  # noqa: PLC0415 - the image of the backing servers has no gRPC
    from grpc_health.v1 import health_pb2, health_pb2_grpc  # noqa: PLC0415

    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=2)
    if answer.status != health_pb2.HealthCheckResponse.SERVING:
        raise ConnectionError("not serving yet")


async def http(port: int, path: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        status = await reader.readline()
    finally:
        writer.close()
    if b" 200" not in status:
        raise ConnectionError(status.decode(errors="replace").strip() or "no answer")
