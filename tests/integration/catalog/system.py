"""Catalog as wired for production, spoken to over gRPC, and short words for what tests say to it."""

from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import UUID

from google.protobuf.message import Message
from soundstage.auth.v1.accounts_pb2 import AccountState
from soundstage.catalog.v1 import (
    people_pb2_grpc,
    playlists_pb2_grpc,
    search_pb2,
    search_pb2_grpc,
    tracks_pb2,
    tracks_pb2_grpc,
)
from soundstage.common.v1.common_pb2 import Page, Ref
from soundstage.insights.v1.events_pb2 import TotalsChanged
from soundstage.streaming.v1.events_pb2 import RecordingReady

from chassis import clock, events
from chassis.client import Channel, call
from chassis.ids import new_id
from chassis.inbox import Consumer
from chassis.mongo import Mongo
from chassis.postgres import Database
from chassis.principal import ANONYMOUS, PUBLIC_TENANT, Kind, Principal
from chassis.process import Roles
from services.catalog.config import Settings
from services.catalog.wiring import Parts
from tests.support.owners import Auth

_numbers = count(1)


def form(**said: Any) -> tracks_pb2.TrackForm:
    return tracks_pb2.TrackForm(**said)


def add_request(**changes: Any) -> tracks_pb2.AddTrackRequest:
    """An upload of a file of its own."""
    request = tracks_pb2.AddTrackRequest(
        recording_id=str(new_id()), filename="Take One.mp3", sha256="ab" * 32, file_bytes=1000, format="mp3"
    )
    for name, value in changes.items():
        if isinstance(value, Message):
            getattr(request, name).CopyFrom(value)
        else:
            setattr(request, name, value)
    return request


@dataclass
class System:
    settings: Settings
    roles: Roles
    parts: Parts
    database: Database
    mongo: Mongo
    channel: Channel
    auth: Auth
    _offset: int = field(default=0)

    def __post_init__(self) -> None:
        self.people = people_pb2_grpc.PeopleServiceStub(self.channel.grpc)
        self.tracks = tracks_pb2_grpc.TracksServiceStub(self.channel.grpc)
        self.playlists = playlists_pb2_grpc.PlaylistsServiceStub(self.channel.grpc)
        self.search = search_pb2_grpc.SearchServiceStub(self.channel.grpc)

    def user(self, handle: str = "", *, name: str = "", tenant: str = PUBLIC_TENANT, role: str = "user") -> Principal:
        """Somebody whom auth knows and catalog has not heard of."""
        id, number = new_id(), next(_numbers)
        handle = handle or f"user{number}"
        state = AccountState(id=str(id), number=number, tenant=tenant, handle=handle, name=name or handle, version=1)
        self.auth.states[state.id] = state
        return Principal(Kind.USER, account_id=id, number=number, tenant=tenant, role=role, session_id=new_id())

    async def add(self, caller: Principal, **changes: Any) -> tracks_pb2.Track:
        answer = await call(self.tracks.Add, add_request(**changes), caller=caller)
        return answer.track  # type: ignore[no-any-return]

    async def release(self, caller: Principal, **said: Any) -> tracks_pb2.Track:
        """A track whose recording became ready."""
        track = await self.add(caller, form=form(**said))
        await self.ready(track)
        return await self.get(track, caller)

    async def ready(self, track: tracks_pb2.Track, *, duration_ms: int = 180_400) -> None:
        state = RecordingReady(
            recording_id=track.recording_id,
            track_id=track.id,
            duration_ms=duration_ms,
            integrated_lufs=-14.2,
            true_peak_dbtp=-1.0,
            progressive_object=f"recordings/{track.recording_id}/audio.mp3",
        )
        await self.learn("soundstage.recordings.v1", "RecordingReady", state)

    async def get(
        self, track: tracks_pb2.Track | Ref, caller: Principal = ANONYMOUS, *, public_only: bool = False
    ) -> tracks_pb2.Track:
        ref = track if isinstance(track, Ref) else Ref(id=track.id)
        request = tracks_pb2.GetTrackRequest(track=ref, public_only=public_only)
        return (await call(self.tracks.Get, request, caller=caller)).track  # type: ignore[no-any-return]

    async def change(self, track: tracks_pb2.Track, caller: Principal, *fields: str, **said: Any) -> tracks_pb2.Track:
        request = tracks_pb2.ChangeTrackRequest(id=track.id, fields=fields or list(said), form=form(**said))
        return (await call(self.tracks.Change, request, caller=caller)).track  # type: ignore[no-any-return]

    async def remove(self, track: tracks_pb2.Track, caller: Principal) -> None:
        await call(self.tracks.Remove, tracks_pb2.RemoveTrackRequest(id=track.id), caller=caller)

    async def list_titles(self, caller: Principal = ANONYMOUS, **request: Any) -> list[str]:
        answer = await call(self.tracks.List, tracks_pb2.ListTracksRequest(**request), caller=caller)
        return [track.title for track in answer.tracks]

    async def find(self, query: str, *, limit: int = 20, **request: Any) -> list[str]:
        """The titles that a search finds, the best first."""
        asked = search_pb2.SearchTracksRequest(query=query, page=Page(limit=limit), **request)
        return [track.title for track in (await call(self.search.SearchTracks, asked, caller=ANONYMOUS)).tracks]

    async def find_people(self, query: str) -> list[str]:
        answer = await call(self.search.SearchPeople, search_pb2.SearchPeopleRequest(query=query), caller=ANONYMOUS)
        return [person.handle for person in answer.people]

    async def counted(self, subject: str | UUID, *, version: int = 1, **totals: Any) -> None:
        state = TotalsChanged(subject_id=str(subject), version=version, **totals)
        await self.learn("soundstage.totals.v1", "TotalsChanged", state)

    async def learn(self, topic: str, type: str, state: Message | bytes) -> None:
        """Hands an event to every consumer of its topic, as Kafka would."""
        value = state if isinstance(state, bytes) else state.SerializeToString()
        event = events.Event(new_id(), topic, "key", type, value, clock.utc_now())
        self._offset += 1
        record = events.Record(topic, 0, self._offset, b"key", value, event.headers())
        takers = [it for it in self.roles.consume if isinstance(it, Consumer) and topic in it.topics]
        assert takers
        for taker in takers:
            await taker.sink.apply(None, [record], self._offset, self._offset + 1)

    async def outbox(self, track: tracks_pb2.Track) -> list[tuple[str, tracks_pb2.TrackState]]:
        """The events of a track in the order they were made."""
        cursor = self.mongo.collection("outbox").find({"key": track.id}).sort("_id", 1)
        return [
            (document["type"], tracks_pb2.TrackState.FromString(document["payload"]))
            for document in await cursor.to_list(None)
        ]
