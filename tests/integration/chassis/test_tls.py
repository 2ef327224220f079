"""Calls between services as mutual TLS: who has no certificate of ours gets nowhere, and renewals need no restart."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest
import trustme
from cryptography import x509
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub
from soundstage.audience.v1 import follows_pb2 as pb
from soundstage.audience.v1.follows_pb2_grpc import FollowsServiceStub, add_FollowsServiceServicer_to_server

from chassis import client, errors
from chassis.config import Settings, Tls
from chassis.server import Server
from tests.integration.chassis.test_calls import Follows
from tests.support.beside import free_ports
from tests.support.waiting import until


def issued(ca: trustme.CA, folder: Path) -> Tls:
    """A certificate of this authority, for loopback, as files; written over what is there."""
    folder.mkdir(exist_ok=True)
    made = ca.issue_cert("127.0.0.1")
    files = Tls(folder / "tls.crt", folder / "tls.key", folder / "ca.crt")
    made.cert_chain_pems[0].write_to_path(files.certificate)
    made.private_key_pem.write_to_path(files.key)
    ca.cert_pem.write_to_path(files.ca)
    return files


@asynccontextmanager
async def serving(tls: Tls, health_port: int = 0) -> AsyncIterator[int]:
    settings = Settings(
        tls_certificate=tls.certificate, tls_key=tls.key, tls_ca=tls.ca, health_port=health_port, port=0
    )
    server, stop = Server(settings, [(Follows(), add_FollowsServiceServicer_to_server)]), asyncio.Event()
    running = asyncio.create_task(server.run(stop))
    await until(lambda: server.port != 0)
    yield server.port
    stop.set()
    await running


@asynccontextmanager
async def calling(port: int, tls: Tls | None) -> AsyncIterator[FollowsServiceStub]:
    channel = client.Channel(f"127.0.0.1:{port}", pb.DESCRIPTOR.services_by_name["FollowsService"], tls=tls)
    yield FollowsServiceStub(channel.grpc)
    await channel.close()


async def answered(stub: FollowsServiceStub) -> bool:
    try:
        await client.call(stub.Unfollow, pb.UnfollowRequest(), timeout_seconds=3.0)
    except errors.Unavailable:
        return False
    return True


async def test_only_a_certificate_of_ours_opens(tmp_path: Path) -> None:
    ours, foreign = trustme.CA(), trustme.CA()
    async with serving(issued(ours, tmp_path / "server")) as port:
        async with calling(port, issued(ours, tmp_path / "client")) as stub:
            assert await answered(stub)
        async with calling(port, None) as stub:
            assert not await answered(stub)
        # It trusts our authority, and shows a certificate of another.
        stranger = issued(foreign, tmp_path / "stranger")
        ours.cert_pem.write_to_path(stranger.ca)
        async with calling(port, stranger) as stub:
            assert not await answered(stub)


async def test_a_server_of_another_authority_is_not_called(tmp_path: Path) -> None:
    ours, foreign = trustme.CA(), trustme.CA()
    server = issued(foreign, tmp_path / "server")
    ours.cert_pem.write_to_path(server.ca)
    async with serving(server) as port, calling(port, issued(ours, tmp_path / "client")) as stub:
        assert not await answered(stub)


async def test_renewed_certificates_are_taken_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those of another authority, as soon as both sides have them."""
    monkeypatch.setattr(client, "RENEWAL_SECONDS", 0.05)
    old, new = trustme.CA(), trustme.CA()
    folders = tmp_path / "server", tmp_path / "client"
    server, own = (issued(old, folder) for folder in folders)
    async with serving(server) as port, calling(port, own) as stub:
        assert await answered(stub)
        for folder in folders:
            issued(new, folder)

        async def is_well() -> bool:
            return await answered(stub)

        await until(is_well, 20)
        pem = await asyncio.to_thread(ssl.get_server_certificate, ("127.0.0.1", port))
        authority = x509.load_pem_x509_certificate(new.cert_pem.bytes())
        x509.load_pem_x509_certificate(pem.encode()).verify_directly_issued_by(authority)


async def test_probes_know_no_tls(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    async with (
        serving(issued(trustme.CA(), tmp_path / "server"), health_port=port),
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        health = await HealthStub(channel).Check(HealthCheckRequest(), timeout=10)
        assert health.status == HealthCheckResponse.SERVING
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await FollowsServiceStub(channel).Unfollow(pb.UnfollowRequest(), timeout=10)
        assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_half_of_the_settings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must be set together"):
        Settings(tls_certificate=tmp_path / "tls.crt")
