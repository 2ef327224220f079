"""Services as their neighbours meet them: real servers that answer for what a test gave them, and can be down."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, Generic, Protocol, TypeVar

from soundstage.auth.v1 import accounts_pb2, accounts_pb2_grpc
from soundstage.catalog.v1 import playlists_pb2, playlists_pb2_grpc, tracks_pb2, tracks_pb2_grpc
from soundstage.common.v1.common_pb2 import Ref

from chassis.config import Settings
from chassis.errors import NotFound, Unavailable
from chassis.ids import new_id
from chassis.principal import allow, allow_services, policy_of
from chassis.server import Server


class State(Protocol):
    id: str
    number: int


States = TypeVar("States", bound=State)


def nobody_may(servicer: type[Any]) -> type[Any]:
    """States a policy for the methods that the service under test does not call, so that the server starts."""
    for name in [name for name in dir(servicer) if name[0].isupper() and policy_of(getattr(servicer, name)) is None]:
        setattr(servicer, name, _nobody(name))
    return servicer


def _nobody(name: str) -> Callable[..., Any]:
    @allow()
    async def refuse(self: Any, request: Any, context: Any) -> None:
        raise AssertionError(f"nobody under test calls {name}")

    return refuse


class Owner(Generic[States]):
    """What an owner knows, by id, and which ids or numbers it was asked about, call by call."""

    def __init__(self) -> None:
        self.states: dict[str, States] = {}
        self.asked: list[list[str]] = []
        self.is_away = False
        # Cleared, questions wait for it.
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def answer(self, refs: Iterable[Ref]) -> list[States]:
        """Those it knows, in the order asked."""
        refs = list(refs)
        self.asked.append([ref.id or str(ref.number) for ref in refs])
        if self.is_away:
            raise Unavailable()
        await self.may_answer.wait()
        by_number = {state.number: state for state in self.states.values()}
        found = [self.states.get(ref.id) if ref.id else by_number.get(ref.number) for ref in refs]
        return [state for state in found if state]


@nobody_may
class Catalog(Owner[tracks_pb2.TrackState], tracks_pb2_grpc.TracksServiceServicer):
    def has(self, **changes: object) -> tracks_pb2.TrackState:
        state = track_state(**changes)
        self.states[state.id] = state
        return state

    @allow_services
    async def ListStates(
        self, request: tracks_pb2.ListTrackStatesRequest, context: Any
    ) -> tracks_pb2.ListTrackStatesResponse:
        return tracks_pb2.ListTrackStatesResponse(tracks=await self.answer(request.tracks))

    @allow_services
    async def Export(
        self, request: tracks_pb2.ExportTracksRequest, context: Any
    ) -> AsyncIterator[tracks_pb2.ExportTracksResponse]:
        for id in sorted(self.states):
            if id > request.after_id:
                yield tracks_pb2.ExportTracksResponse(tracks=[self.states[id]])


@nobody_may
class Playlists(Owner[playlists_pb2.PlaylistState], playlists_pb2_grpc.PlaylistsServiceServicer):
    @allow_services
    async def ListStates(
        self, request: playlists_pb2.ListPlaylistStatesRequest, context: Any
    ) -> playlists_pb2.ListPlaylistStatesResponse:
        return playlists_pb2.ListPlaylistStatesResponse(playlists=await self.answer(request.playlists))


@nobody_may
class Auth(Owner[accounts_pb2.AccountState], accounts_pb2_grpc.AccountsServiceServicer):
    @allow_services
    async def ListStates(
        self, request: accounts_pb2.ListAccountStatesRequest, context: Any
    ) -> accounts_pb2.ListAccountStatesResponse:
        return accounts_pb2.ListAccountStatesResponse(accounts=await self.answer(request.accounts))

    @allow_services
    async def GetByUsername(
        self, request: accounts_pb2.GetAccountByUsernameRequest, context: Any
    ) -> accounts_pb2.GetAccountByUsernameResponse:
        self.asked.append([request.username])
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


def track_state(**changes: object) -> tracks_pb2.TrackState:
    """A public, completed track, but for `changes`."""
    state = tracks_pb2.TrackState(
        id=str(new_id()),
        number=1,
        owner_id=str(new_id()),
        is_public=True,
        status=tracks_pb2.TRACK_STATUS_COMPLETED,
        duration_ms=200_000,
        version=1,
    )
    for name, value in changes.items():
        setattr(state, name, value)
    return state


@asynccontextmanager
async def serving(*servicers: tuple[Any, Callable[[Any, Any], None]]) -> AsyncIterator[str]:
    """The address of a server of these."""
    server = Server(Settings(port=0), servicers)
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
