"""Auth on a real database, served over real gRPC; each test has both for itself."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
import pytest
from soundstage.auth.v1 import accounts_pb2, accounts_pb2_grpc, sessions_pb2, sessions_pb2_grpc, tenants_pb2_grpc
from soundstage.common.v1.common_pb2 import Ref

from chassis import client
from chassis.principal import ANONYMOUS, Kind, Principal
from services.auth import wiring
from services.auth.config import Settings

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class SignedUp:
    """Somebody who has just registered: the account, both tokens, and the principal a gateway would make."""

    account: accounts_pb2.Account
    tokens: accounts_pb2.Tokens
    principal: Principal


@dataclass
class Auth:
    parts: wiring.Parts
    settings: Settings
    accounts: Any
    sessions: Any
    tenants: Any

    async def call(self, method: Any, request: Any, caller: Principal = ANONYMOUS) -> Any:
        return await client.call(method, request, caller=caller, timeout_seconds=20)

    async def claims(self, token: str, audience: str = "soundstage:app") -> dict[str, Any]:
        """The token's claims, checked as a gateway checks them."""
        answer = await self.call(self.sessions.GetKeys, sessions_pb2.GetKeysRequest())
        keys = {key.key_id: key for key in jwt.PyJWKSet.from_json(answer.jwks_json).keys}
        key = keys[jwt.get_unverified_header(token)["kid"]]
        required = ["iss", "aud", "exp", "iat", "typ", "sub", "jti"]
        options: Any = {"require": required}
        return jwt.decode(token, key, ["EdDSA"], audience=audience, issuer="soundstage", options=options, leeway=5)

    async def sign_up(self, username: str) -> SignedUp:
        answer = await self.call(
            self.accounts.Register,
            accounts_pb2.RegisterAccountRequest(username=username, email=f"{username}@example.com", password=PASSWORD),
        )
        return SignedUp(answer.account, answer.tokens, await self.principal(answer.tokens.access_token))

    async def principal(self, access_token: str) -> Principal:
        claims = await self.claims(access_token)
        return Principal(
            Kind.USER,
            account_id=UUID(claims["sub"]),
            number=claims["number"],
            tenant=claims["tenant"],
            role=claims["role"],
            session_id=UUID(claims["sid"]),
        )

    async def get(self, account_id: str, caller: Principal = ANONYMOUS) -> accounts_pb2.Account:
        answer = await self.call(self.accounts.Get, accounts_pb2.GetAccountRequest(account=Ref(id=account_id)), caller)
        account: accounts_pb2.Account = answer.account
        return account

    async def execute(self, sql: str, *arguments: Any) -> None:
        async with self.parts.database.connection() as conn:
            await conn.execute(sql, *arguments)

    async def fetch(self, sql: str, *arguments: Any) -> list[Any]:
        async with self.parts.database.connection() as conn:
            return list(await conn.fetch(sql, *arguments))


@pytest.fixture
async def auth(new_database: Callable[[str], Awaitable[str]], tmp_path: Path) -> AsyncIterator[Auth]:
    settings = Settings(port=0, database_url=await new_database("auth"), signing_keys_dir=tmp_path / "keys")
    async with AsyncExitStack() as stack:
        parts = wiring.parts(settings, stack)
        parts.keys.ensure()
        channel = client.Channel(f"127.0.0.1:{await _serve(stack, settings, parts)}")
        stack.push_async_callback(channel.close)
        yield Auth(
            parts,
            settings,
            accounts_pb2_grpc.AccountsServiceStub(channel.grpc),
            sessions_pb2_grpc.SessionsServiceStub(channel.grpc),
            tenants_pb2_grpc.TenantsServiceStub(channel.grpc),
        )


async def _serve(stack: AsyncExitStack, settings: Settings, parts: wiring.Parts) -> int:
    """Serves until the stack ends; the port."""
    server, stop = wiring.server(settings, parts), asyncio.Event()
    task = asyncio.create_task(server.run(stop))
    while not server.port:
        await asyncio.sleep(0.01)
        if task.done():
            task.result()

    async def end() -> None:
        stop.set()
        await task

    stack.push_async_callback(end)
    return server.port
