"""The service that catalog calls, and what others' states and events mean here."""

from collections.abc import AsyncIterator, Collection
from uuid import UUID

from soundstage.auth.v1 import accounts_pb2, accounts_pb2_grpc
from soundstage.catalog.v1 import playlists_pb2, tracks_pb2
from soundstage.common.v1 import common_pb2
from soundstage.insights.v1.events_pb2 import TotalsChanged
from soundstage.marketplace.v1.events_pb2 import ProductChanged
from soundstage.streaming.v1.events_pb2 import RecordingFailed, RecordingReady

from chassis import client
from chassis.client import Channel
from chassis.config import Tls
from chassis.errors import NotFound
from chassis.events import Record
from chassis.ids import Ref, parse
from chassis.principal import SERVICE
from services.catalog.people.person import Account
from services.catalog.totals.total import Total
from services.catalog.tracks.track import Loudness, Recording


class Auth:
    def __init__(self, address: str, tls: Tls | None = None) -> None:
        self._channel = Channel(address, accounts_pb2.DESCRIPTOR.services_by_name["AccountsService"], tls=tls)
        self._stub = accounts_pb2_grpc.AccountsServiceStub(self._channel.grpc)

    async def close(self) -> None:
        await self._channel.close()

    async def list_states(self, refs: Collection[Ref]) -> list[Account]:
        """The accounts as auth has them now; unknown ones are left out. Raises Unavailable."""
        request = accounts_pb2.ListAccountStatesRequest(accounts=[common_pb2.Ref(**ref.fields) for ref in refs])
        answer = await client.call(self._stub.ListStates, request, caller=SERVICE)
        return [account_of(state) for state in answer.accounts]

    async def find_by_handle(self, handle: str) -> Account | None:
        """The account of the public tenant that has this handle now. Raises Unavailable."""
        try:
            request = accounts_pb2.GetAccountByUsernameRequest(username=handle)
            answer = await client.call(self._stub.GetByUsername, request, caller=SERVICE)
        except NotFound:
            return None
        return next(iter(await self.list_states([Ref(id=parse(answer.account.id))])), None)

    async def export(self) -> AsyncIterator[list[Account]]:
        """All accounts, in batches. Raises Unavailable."""
        async for batch in client.stream(self._stub.Export, accounts_pb2.ExportAccountsRequest(), caller=SERVICE):
            yield [account_of(state) for state in batch.accounts]


def playlist_id_of(record: Record) -> UUID:
    return parse(playlists_pb2.PlaylistState.FromString(record.event.payload).id)


def track_id_of(record: Record) -> UUID:
    return parse(tracks_pb2.TrackState.FromString(record.event.payload).id)


def account_of(state: accounts_pb2.AccountState) -> Account:
    return Account(
        id=parse(state.id),
        number=state.number,
        tenant=state.tenant,
        handle=state.handle,
        name=state.name,
        bio=state.bio if state.HasField("bio") else None,
        picture=state.avatar if state.HasField("avatar") else None,
        location=state.location if state.HasField("location") else None,
        version=state.version,
        is_removed=state.is_removed,
    )


def total_of(record: Record) -> Total:
    t = TotalsChanged.FromString(record.event.payload)
    counts = (t.plays, t.likes, t.reposts, t.followers, t.followees, t.reposts_made)
    return Total(parse(t.subject_id), *counts, version=t.version)


def sold_of(record: Record) -> tuple[UUID, bool, int]:
    """(track, is sold, version)"""
    p = ProductChanged.FromString(record.event.payload)
    return parse(p.track_id), p.is_sold, p.version


def recording_of(record: Record) -> Recording:
    r = RecordingReady.FromString(record.event.payload)
    return Recording(
        recording_id=parse(r.recording_id),
        track_id=parse(r.track_id),
        duration_ms=r.duration_ms,
        loudness=Loudness(
            r.integrated_lufs if r.HasField("integrated_lufs") else None,
            r.range_lu if r.HasField("range_lu") else None,
            r.true_peak_dbtp if r.HasField("true_peak_dbtp") else None,
        ),
        progressive_object=r.progressive_object,
        cover_object=r.cover_object,
    )


def failed_recording_of(record: Record) -> tuple[UUID, UUID]:
    """(recording, track)"""
    r = RecordingFailed.FromString(record.event.payload)
    return parse(r.recording_id), parse(r.track_id)
