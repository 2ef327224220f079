"""A gateway over service doubles, called as clients call it. It has no Redis, so each test starts with fresh limits."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import httpx
import pytest
from soundstage.auth.v1.sessions_pb2 import GetKeysResponse, ListRevocationsResponse

import gateway.limits
from deploy.local.ports import SERVICES
from gateway.config import Settings
from gateway.wiring import Built, build
from tests.contract.doubles import Services, Signer


@dataclass
class Public:
    """`http` is an httpx client without a token; `signer.token()` makes one for `bearer`."""

    http: httpx.AsyncClient
    services: Services
    signer: Signer
    built: Built
    storage: Path

    def bearer(self, typ: str = "access", **claims: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.signer.token(typ, **claims)}"}


@pytest.fixture
async def public(tmp_path: Path) -> AsyncIterator[Public]:
    services, signer = Services(), Signer()
    services.on("auth.v1.SessionsService/GetKeys", GetKeysResponse(jwks_json=signer.jwks))
    revocations = ListRevocationsResponse()
    revocations.as_of.GetCurrentTime()
    services.on("auth.v1.SessionsService/ListRevocations", revocations)
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    server.add_generic_rpc_handlers((services,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    addresses: dict[str, Any] = {f"{service}_address": f"127.0.0.1:{port}" for service in SERVICES}
    settings = Settings(
        **addresses,
        redis_url="redis://127.0.0.1:1/0",
        storage_url=(tmp_path / "objects").as_uri(),
        media_signing_key="test:a secret of the test",
        rate_limit_factor=1.0,
    )
    async with AsyncExitStack() as stack:
        stack.push_async_callback(server.stop, None)
        built = build(settings, stack)
        await built.revocations.poll()
        services.calls.clear()
        transport = httpx.ASGITransport(app=built.app, client=("192.0.2.1", 5000))
        http = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://music.test"))
        yield Public(http, services, signer, built, tmp_path / "objects")


@pytest.fixture
def still_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stops the clock of the limits, so that none recovers on a slow machine."""
    now = datetime.now(UTC)
    monkeypatch.setattr(gateway.limits, "clock", SimpleNamespace(utc_now=lambda: now))
