"""Auth as catalog meets it: a real server that answers for what a test gave it, and can be away."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from soundstage.auth.v1 import accounts_pb2, accounts_pb2_grpc

from chassis.config import Settings
from chassis.errors import NotFound, Unavailable
from chassis.principal import allow, allow_services, policy_of
from chassis.server import Server


def nobody_may(servicer: type[Any]) -> type[Any]:
    """States a policy for the methods that catalog does not call, so that the server starts."""

    @allow()
    async def refuse(self: Any, request: Any, context: Any) -> None:
        raise AssertionError("catalog does not call this")

    for name in [name for name in dir(servicer) if name[0].isupper() and policy_of(getattr(servicer, name)) is None]:
        setattr(servicer, name, refuse)
    return servicer


@nobody_may
class Auth(accounts_pb2_grpc.AccountsServiceServicer):
    def __init__(self) -> None:
        self.states: dict[str, accounts_pb2.AccountState] = {}
        self.asked = 0
        self.is_away = False

    @allow_services
    async def ListStates(
        self, request: accounts_pb2.ListAccountStatesRequest, context: Any
    ) -> accounts_pb2.ListAccountStatesResponse:
        self.asked += 1
        if self.is_away:
            raise Unavailable()
        by_number = {state.number: state for state in self.states.values()}
        found = [self.states.get(ref.id) or by_number.get(ref.number) for ref in request.accounts]
        return accounts_pb2.ListAccountStatesResponse(accounts=[state for state in found if state])

    @allow_services
    async def GetByUsername(
        self, request: accounts_pb2.GetAccountByUsernameRequest, context: Any
    ) -> accounts_pb2.GetAccountByUsernameResponse:
        self.asked += 1
        if self.is_away:
            raise Unavailable()
        for state in self.states.values():
            if state.handle.casefold() == request.username.casefold():
                return accounts_pb2.GetAccountByUsernameResponse(account=accounts_pb2.Account(id=state.id))
        raise NotFound()

    @allow_services
    async def Export(
        self, request: accounts_pb2.ExportAccountsRequest, context: Any
    ) -> AsyncIterator[accounts_pb2.ExportAccountsResponse]:
        for state in self.states.values():
            yield accounts_pb2.ExportAccountsResponse(accounts=[state])


@asynccontextmanager
async def serving(servicer: Any, add: Callable[[Any, Any], None]) -> AsyncIterator[str]:
    """The address of a server of one servicer."""
    server = Server(Settings(port=0), [(servicer, add)])
    async with running(server):
        yield f"127.0.0.1:{server.port}"


@asynccontextmanager
async def running(server: Server) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(server.run(stop))
    while not server.port and not task.done():  # noqa: ASYNC110 - the port is known when it is bound
        await asyncio.sleep(0.005)
    try:
        if task.done():
            task.result()
        yield
    finally:
        stop.set()
        await task
