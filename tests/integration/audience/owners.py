"""Catalog and auth as audience meets them: real servers that answer for what a test gave them, and can be away."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from soundstage.auth.v1 import accounts_pb2, accounts_pb2_grpc
from soundstage.catalog.v1 import playlists_pb2, playlists_pb2_grpc, tracks_pb2, tracks_pb2_grpc

from chassis.config import Settings
from chassis.errors import Unavailable
from chassis.principal import allow, allow_services, policy_of
from chassis.server import Server


def nobody_may(servicer: type[Any]) -> type[Any]:
    """States a policy for the methods that audience does not call, so that the server starts."""
    for name in [name for name in dir(servicer) if name[0].isupper() and policy_of(getattr(servicer, name)) is None]:
        setattr(servicer, name, _nobody())
    return servicer


def _nobody() -> Callable[..., Any]:
    @allow()
    async def refuse(self: Any, request: Any, context: Any) -> None:
        raise AssertionError("audience does not call this")

    return refuse


@nobody_may
class Catalog(tracks_pb2_grpc.TracksServiceServicer):
    def __init__(self) -> None:
        self.states: dict[str, tracks_pb2.TrackState] = {}
        self.asked: list[list[str]] = []
        self.is_away = False

    @allow_services
    async def ListStates(
        self, request: tracks_pb2.ListTrackStatesRequest, context: Any
    ) -> tracks_pb2.ListTrackStatesResponse:
        self.asked.append([ref.id for ref in request.tracks])
        if self.is_away:
            raise Unavailable()
        known = [self.states[ref.id] for ref in request.tracks if ref.id in self.states]
        return tracks_pb2.ListTrackStatesResponse(tracks=known)


@nobody_may
class Playlists(playlists_pb2_grpc.PlaylistsServiceServicer):
    def __init__(self) -> None:
        self.states: dict[str, playlists_pb2.PlaylistState] = {}
        self.asked: list[list[str]] = []
        self.is_away = False

    @allow_services
    async def ListStates(
        self, request: playlists_pb2.ListPlaylistStatesRequest, context: Any
    ) -> playlists_pb2.ListPlaylistStatesResponse:
        self.asked.append([ref.id for ref in request.playlists])
        if self.is_away:
            raise Unavailable()
        known = [self.states[ref.id] for ref in request.playlists if ref.id in self.states]
        return playlists_pb2.ListPlaylistStatesResponse(playlists=known)


@nobody_may
class Auth(accounts_pb2_grpc.AccountsServiceServicer):
    def __init__(self) -> None:
        self.states: dict[str, accounts_pb2.AccountState] = {}
        self.asked: list[list[str]] = []
        self.is_away = False

    @allow_services
    async def ListStates(
        self, request: accounts_pb2.ListAccountStatesRequest, context: Any
    ) -> accounts_pb2.ListAccountStatesResponse:
        self.asked.append([ref.id or str(ref.number) for ref in request.accounts])
        if self.is_away:
            raise Unavailable()
        by_number = {state.number: state for state in self.states.values()}
        found = [self.states.get(ref.id) if ref.id else by_number.get(ref.number) for ref in request.accounts]
        known = [state for state in found if state]
        return accounts_pb2.ListAccountStatesResponse(accounts=known)


@asynccontextmanager
async def serving(*servicers: tuple[Any, Callable[[Any, Any], None]]) -> AsyncIterator[str]:
    """The address of a server of these."""
    server, stop = Server(Settings(port=0), servicers), asyncio.Event()
    async with running(server, stop):
        yield f"127.0.0.1:{server.port}"


@asynccontextmanager
async def running(server: Server, stop: asyncio.Event) -> AsyncIterator[None]:
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
