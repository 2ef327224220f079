"""The services that audience calls, and what their states mean here, whether they come by call or by event."""

from collections.abc import Collection
from uuid import UUID

from soundstage.auth.v1 import accounts_pb2, accounts_pb2_grpc
from soundstage.catalog.v1 import playlists_pb2, playlists_pb2_grpc, tracks_pb2, tracks_pb2_grpc
from soundstage.common.v1 import common_pb2

from chassis.client import Channel, call
from chassis.ids import Ref
from chassis.principal import PUBLIC_TENANT, SERVICE
from services.audience.accounts.account import Account
from services.audience.playlists.playlist import Playlist
from services.audience.tracks.track import Track

# Others in the same group wait while an owner is asked, so it gets less time than a single call.
PATIENCE_SECONDS = 1.0


class Catalog:
    def __init__(self, channel: Channel) -> None:
        self._tracks = tracks_pb2_grpc.TracksServiceStub(channel.grpc)
        self._playlists = playlists_pb2_grpc.PlaylistsServiceStub(channel.grpc)

    async def list_tracks(self, ids: Collection[UUID]) -> list[Track]:
        request = tracks_pb2.ListTrackStatesRequest(tracks=[common_pb2.Ref(id=str(id)) for id in ids])
        answer = await call(self._tracks.ListStates, request, caller=SERVICE, timeout_seconds=PATIENCE_SECONDS)
        return [track_of(state) for state in answer.tracks]

    async def list_playlists(self, ids: Collection[UUID]) -> list[Playlist]:
        request = playlists_pb2.ListPlaylistStatesRequest(playlists=[common_pb2.Ref(id=str(id)) for id in ids])
        answer = await call(self._playlists.ListStates, request, caller=SERVICE, timeout_seconds=PATIENCE_SECONDS)
        return [playlist_of(state) for state in answer.playlists]


class Auth:
    def __init__(self, channel: Channel) -> None:
        self._accounts = accounts_pb2_grpc.AccountsServiceStub(channel.grpc)

    async def list_states(self, refs: Collection[Ref]) -> list[Account]:
        request = accounts_pb2.ListAccountStatesRequest(accounts=[common_pb2.Ref(**ref.fields) for ref in refs])
        answer = await call(self._accounts.ListStates, request, caller=SERVICE, timeout_seconds=PATIENCE_SECONDS)
        return [account_of(state) for state in answer.accounts]


def track_of(state: tracks_pb2.TrackState) -> Track:
    """Raises ValueError for a malformed state."""
    return Track(
        id=UUID(state.id),
        number=state.number,
        owner_id=UUID(state.owner_id),
        is_public=state.is_public,
        is_completed=state.status == tracks_pb2.TRACK_STATUS_COMPLETED,
        duration_ms=state.duration_ms,
        version=state.version,
        is_removed=state.is_removed,
    )


def playlist_of(state: playlists_pb2.PlaylistState) -> Playlist:
    """Raises ValueError for a malformed state."""
    return Playlist(
        id=UUID(state.id),
        tenant=state.tenant or PUBLIC_TENANT,
        owner_id=UUID(state.owner_id),
        is_public=state.is_public,
        collaborator_ids=tuple(map(UUID, state.collaborator_ids)),
        version=state.version,
        is_removed=state.is_removed,
    )


def account_of(state: accounts_pb2.AccountState) -> Account:
    """Raises ValueError for a malformed state."""
    return Account(UUID(state.id), state.number, state.tenant, state.version, state.is_removed)
