"""What audience asks of other services, and how their states read here."""

from collections.abc import Collection
from uuid import UUID

from soundstage.auth.v1 import accounts_pb2, accounts_pb2_grpc
from soundstage.catalog.v1 import tracks_pb2, tracks_pb2_grpc
from soundstage.common.v1.common_pb2 import Ref

from chassis.client import Channel, call
from chassis.principal import SERVICE
from services.audience.accounts.account import Account
from services.audience.tracks.track import Track

# Others wait in the same group while an owner is asked, so it has less time than a call of their own would.
PATIENCE_SECONDS = 1.0


class Catalog:
    def __init__(self, channel: Channel) -> None:
        self._tracks = tracks_pb2_grpc.TracksServiceStub(channel.grpc)

    async def list_states(self, ids: Collection[UUID]) -> list[Track]:
        request = tracks_pb2.ListStatesRequest(tracks=[Ref(id=str(id)) for id in ids])
        answer = await call(self._tracks.ListStates, request, caller=SERVICE, timeout_seconds=PATIENCE_SECONDS)
        return [track_of(state) for state in answer.tracks]


class Auth:
    def __init__(self, channel: Channel) -> None:
        self._accounts = accounts_pb2_grpc.AccountsServiceStub(channel.grpc)

    async def list_states(self, ids: Collection[UUID]) -> list[Account]:
        request = accounts_pb2.ListStatesRequest(accounts=[Ref(id=str(id)) for id in ids])
        answer = await call(self._accounts.ListStates, request, caller=SERVICE, timeout_seconds=PATIENCE_SECONDS)
        return [account_of(state) for state in answer.accounts]


def track_of(state: tracks_pb2.TrackState) -> Track:
    """Raises ValueError for a state that is none."""
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


def account_of(state: accounts_pb2.AccountState) -> Account:
    """Raises ValueError for a state that is none."""
    return Account(UUID(state.id), state.number, state.tenant, state.version, state.is_removed)
