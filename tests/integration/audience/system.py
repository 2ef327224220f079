"""Audience as wired for production, spoken to over gRPC, and short words for what tests say to it."""

import asyncio
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from soundstage.audience.v1 import (
    follows_pb2,
    follows_pb2_grpc,
    likes_pb2,
    likes_pb2_grpc,
    playlist_likes_pb2,
    playlist_likes_pb2_grpc,
    plays_pb2,
    plays_pb2_grpc,
    reposts_pb2,
    reposts_pb2_grpc,
)
from soundstage.auth.v1.accounts_pb2 import AccountState
from soundstage.catalog.v1.playlists_pb2 import PlaylistState
from soundstage.catalog.v1.tracks_pb2 import TrackState

from chassis import clock, events, principal
from chassis.client import Channel, call
from chassis.ids import new_id
from chassis.inbox import Consumer
from chassis.postgres import Database
from chassis.principal import SERVICE, Kind, Principal
from chassis.process import Roles
from tests.support.outbox import EVENTS
from tests.support.owners import Auth, Catalog, Playlists, track_state

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
OUTBOX = f"SELECT event_id, topic, key, type, payload, traceparent FROM {EVENTS} ORDER BY id"
Subject = TypeVar("Subject", bound=TrackState | PlaylistState)

# The topic of a state, and the noun of its event.
TOLD: dict[type[Any], tuple[str, str]] = {
    TrackState: ("soundstage.catalog.v1", "Track"),
    PlaylistState: ("soundstage.catalog.v1", "Playlist"),
    AccountState: ("soundstage.accounts.v1", "Account"),
}
FINGERPRINT = b"f" * 32


def user(*, role: str = "user", tenant: str = principal.PUBLIC_TENANT) -> Principal:
    return Principal(Kind.USER, account_id=new_id(), number=7, session_id=new_id(), role=role, tenant=tenant)


def private_track(owner: Principal | None = None) -> TrackState:
    state = track_state()
    state.is_public = False
    if owner is not None:
        state.owner_id = str(owner.account_id)
    return state


def playlist_state(**changes: object) -> PlaylistState:
    """A public one; `is_public=False` and the like are taken as they are."""
    values: dict[str, object] = {"id": str(new_id()), "owner_id": str(new_id()), "is_public": True, "version": 1}
    return PlaylistState(**{"number": 1, "tenant": principal.PUBLIC_TENANT, **values, **changes})  # type: ignore[arg-type]


def next_of(state: Subject, **changes: object) -> Subject:
    """The state after this one."""
    after = deepcopy(state)
    after.version += 1
    for name, value in changes.items():
        setattr(after, name, value)
    return after


def account_state(id: UUID, *, tenant: str = principal.PUBLIC_TENANT, **changes: object) -> AccountState:
    state = AccountState(id=str(id), number=7, tenant=tenant, version=1)
    state.MergeFrom(AccountState(**changes))  # type: ignore[arg-type]
    return state


def item(caller: Principal, track: TrackState, *, key: str = "", **changes: object) -> plays_pb2.PlayItem:
    play = plays_pb2.PlayItem(
        id=str(new_id()),
        principal=principal.encode(caller),
        track_id=track.id,
        user_id=str(caller.account_id or ""),
        source=plays_pb2.PLAY_SOURCE_PLATFORM,
        idempotency_key=key,
        fingerprint=FINGERPRINT if key else b"",
    )
    play.MergeFrom(plays_pb2.PlayItem(**changes))  # type: ignore[arg-type]
    return play


def kind_of(subject: TrackState | PlaylistState) -> "reposts_pb2.RepostKind.ValueType":
    is_track = isinstance(subject, TrackState)
    return reposts_pb2.REPOST_KIND_TRACK if is_track else reposts_pb2.REPOST_KIND_PLAYLIST


@dataclass
class System:
    roles: Roles
    database: Database
    channel: Channel
    catalog: Catalog
    playlists: Playlists
    auth: Auth
    _offset: int = field(default=0)

    def __post_init__(self) -> None:
        self.plays = plays_pb2_grpc.PlaysServiceStub(self.channel.grpc)
        self.likes = likes_pb2_grpc.LikesServiceStub(self.channel.grpc)
        self.playlist_likes = playlist_likes_pb2_grpc.PlaylistLikesServiceStub(self.channel.grpc)
        self.reposts = reposts_pb2_grpc.RepostsServiceStub(self.channel.grpc)
        self.follows = follows_pb2_grpc.FollowsServiceStub(self.channel.grpc)

    async def record(self, *items: plays_pb2.PlayItem) -> list[plays_pb2.PlayOutcome]:
        answer = await call(self.plays.RecordPlays, plays_pb2.RecordPlaysRequest(items=items), caller=SERVICE)
        return list(answer.outcomes)

    async def like(self, track: TrackState, caller: Principal) -> None:
        await call(self.likes.Like, likes_pb2.LikeTrackRequest(track_id=track.id), caller=caller)

    async def unlike(self, track: TrackState, caller: Principal) -> None:
        await call(self.likes.Unlike, likes_pb2.UnlikeTrackRequest(track_id=track.id), caller=caller)

    async def like_playlist(self, playlist: PlaylistState, caller: Principal) -> None:
        request = playlist_likes_pb2.LikePlaylistRequest(playlist_id=playlist.id)
        await call(self.playlist_likes.Like, request, caller=caller)

    async def unlike_playlist(self, playlist: PlaylistState, caller: Principal) -> None:
        request = playlist_likes_pb2.UnlikePlaylistRequest(playlist_id=playlist.id)
        await call(self.playlist_likes.Unlike, request, caller=caller)

    async def repost(self, subject: TrackState | PlaylistState, caller: Principal) -> None:
        request = reposts_pb2.RepostRequest(kind=kind_of(subject), subject_id=subject.id)
        await call(self.reposts.Repost, request, caller=caller)

    async def unrepost(self, subject: TrackState | PlaylistState, caller: Principal) -> None:
        request = reposts_pb2.UnrepostRequest(kind=kind_of(subject), subject_id=subject.id)
        await call(self.reposts.Unrepost, request, caller=caller)

    async def follow(self, whom: Principal, caller: Principal) -> None:
        await call(self.follows.Follow, follows_pb2.FollowRequest(account_id=str(whom.account_id)), caller=caller)

    async def unfollow(self, whom: Principal, caller: Principal) -> None:
        await call(self.follows.Unfollow, follows_pb2.UnfollowRequest(account_id=str(whom.account_id)), caller=caller)

    async def know(self, *people: Principal) -> None:
        await self.learn(*(account_state(p.user_id, tenant=p.tenant, number=p.number) for p in people))

    async def learn(self, *states: TrackState | PlaylistState | AccountState) -> None:
        """Hands the states to audience's consumer, as events."""
        for state in states:
            topic, noun = TOLD[type(state)]
            past = "Removed" if state.is_removed else "Changed"
            await self.consume(topic, f"{noun}{past}", state.SerializeToString())

    async def consume(self, topic: str, type: str, value: bytes) -> None:
        event = events.Event(new_id(), topic, "key", type, value, clock.utc_now())
        (consumer,) = self.roles.consume
        assert isinstance(consumer, Consumer)
        assert topic in consumer.topics
        self._offset += 1
        record = events.Record(topic, 0, self._offset, b"key", value, event.headers())
        await consumer.sink.apply(None, [record], self._offset, self._offset + 1)

    async def outbox(self) -> list[events.Event]:
        async with self.database.connection() as conn:
            rows = await conn.fetch(OUTBOX)
        now = clock.utc_now()
        return [events.Event(r[0], r[1], r[2], r[3], r[4], now, r[5]) for r in rows]

    async def until_waiting(self, statements: int, *, unless: "asyncio.Future[Any] | None" = None) -> None:
        """Until so many statements wait for another transaction; or until `unless` is done, when none is to wait."""
        async with asyncio.timeout(10), self.database.connection() as conn:
            while await conn.fetchval(WAITING) < statements and not (unless and unless.done()):  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def execute(self, sql: str, *values: object) -> None:
        async with self.database.connection() as conn:
            await conn.execute(sql, *values)
