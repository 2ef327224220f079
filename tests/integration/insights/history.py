"""Random histories of plays and states, crowded enough that everything happens to everything."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from google.protobuf.message import Message
from soundstage.audience.v1 import plays_pb2
from soundstage.audience.v1.follows_pb2 import FollowState
from soundstage.audience.v1.likes_pb2 import LikeState
from soundstage.audience.v1.playlist_likes_pb2 import PlaylistLikeState
from soundstage.audience.v1.plays_pb2 import PlayRecorded
from soundstage.audience.v1.reposts_pb2 import REPOST_KIND_PLAYLIST, REPOST_KIND_TRACK, RepostState

from chassis import clock
from chassis.clock import timestamp
from chassis.events import Event, Record
from chassis.ids import new_id

PLAYS = "soundstage.plays.v1"
LIKES = "soundstage.likes.v1"
SOCIAL = "soundstage.social.v1"

TYPES = {
    PlayRecorded: "PlayRecorded",
    LikeState: "TrackLiked",
    RepostState: "Reposted",
    PlaylistLikeState: "PlaylistLiked",
    FollowState: "Followed",
}


def now() -> datetime:
    return clock.utc_now()


def a_play(track: str, user: str = "", *, at: datetime | None = None, **changes: object) -> PlayRecorded:
    at = at or now()
    play = PlayRecorded(
        id=str(new_id()),
        track_id=track,
        owner_id=str(new_id()),
        user_id=user,
        duration_ms=200_000,
        source=plays_pb2.PLAY_SOURCE_PLATFORM,
        is_authenticated=bool(user),
        occurred_at=timestamp(at),
        received_at=timestamp(at),
    )
    for name, value in changes.items():
        setattr(play, name, value)
    return play


def a_like(track: str, user: str, *, version: int = 1, is_liked: bool = True, at: datetime | None = None) -> LikeState:
    moment = timestamp(at or now())
    return LikeState(
        track_id=track, user_id=user, is_liked=is_liked, version=version, liked_at=moment, changed_at=moment
    )


def a_repost(
    subject: str,
    account: str,
    *,
    of_playlist: bool = False,
    version: int = 1,
    is_reposted: bool = True,
    at: datetime | None = None,
) -> RepostState:
    moment = timestamp(at or now())
    return RepostState(
        kind=REPOST_KIND_PLAYLIST if of_playlist else REPOST_KIND_TRACK,
        subject_id=subject,
        account_id=account,
        is_reposted=is_reposted,
        version=version,
        reposted_at=moment,
        changed_at=moment,
    )


def a_playlist_like(
    playlist: str, account: str, *, version: int = 1, is_liked: bool = True, at: datetime | None = None
) -> PlaylistLikeState:
    moment = timestamp(at or now())
    return PlaylistLikeState(
        playlist_id=playlist,
        account_id=account,
        is_liked=is_liked,
        version=version,
        liked_at=moment,
        changed_at=moment,
    )


def a_follow(
    follower: str, followee: str, *, version: int = 1, is_following: bool = True, at: datetime | None = None
) -> FollowState:
    moment = timestamp(at or now())
    return FollowState(
        follower_id=follower,
        followee_id=followee,
        is_following=is_following,
        version=version,
        followed_at=moment,
        changed_at=moment,
    )


@dataclass
class History:
    plays: list[PlayRecorded] = field(default_factory=list)
    likes: list[LikeState] = field(default_factory=list)
    follows: list[FollowState] = field(default_factory=list)
    reposts: list[RepostState] = field(default_factory=list)
    playlist_likes: list[PlaylistLikeState] = field(default_factory=list)

    @classmethod
    def random(cls, seed: int, plays: int, *, within: timedelta = timedelta(hours=23)) -> "History":
        chance = random.Random(seed)
        tracks = [str(UUID(int=chance.getrandbits(128), version=4)) for _ in range(7)]
        users = [str(UUID(int=chance.getrandbits(128), version=4)) for _ in range(12)]
        playlists = [str(UUID(int=chance.getrandbits(128), version=4)) for _ in range(4)]
        history = cls()
        for _ in range(plays):
            play = a_play(
                chance.choice(tracks),
                chance.choice([*users, ""]),
                at=now() - within * chance.random(),
                duration_ms=chance.choice([31_000, 200_400, 12_345]),
            )
            if chance.random() < 0.7:
                play.seconds = chance.choice([0, 5, 12, 29, 30, 31, 190, 200, 201, 9000])
            if chance.random() < 0.5:
                play.device = chance.choice(["Chrome Browser", "iPhone", "Sonos"])
            history.plays.append(play)
        for version in range(1, 8):
            for track in chance.sample(tracks, 4):
                history.likes += [
                    a_like(track, user, version=version, is_liked=chance.random() < 0.6)
                    for user in chance.sample(users, 5)
                ]
            for followee in chance.sample(users, 5):
                history.follows += [
                    a_follow(user, followee, version=version, is_following=chance.random() < 0.6)
                    for user in chance.sample(users, 4)
                    if user != followee
                ]
            for user in chance.sample(users, 6):
                track, playlist = chance.choice(tracks), chance.choice(playlists)
                is_on = chance.random() < 0.6
                history.reposts += [
                    a_repost(track, user, version=version, is_reposted=is_on),
                    a_repost(playlist, user, of_playlist=True, version=version, is_reposted=not is_on),
                ]
                history.playlist_likes.append(a_playlist_like(playlist, user, version=version, is_liked=is_on))
        return history

    @property
    def messages(self) -> list[Message]:
        return [*self.plays, *self.likes, *self.follows, *self.reposts, *self.playlist_likes]


def event(message: Message) -> Event:
    topic, key = _place(message)
    id = UUID(message.id) if isinstance(message, PlayRecorded) else new_id()
    return Event(id, topic, key, TYPES[type(message)], message.SerializeToString(), datetime.now(UTC))


def record(message: Message, offset: int = 0) -> Record:
    told = event(message)
    return Record(told.topic, 0, offset, told.key.encode(), told.payload, told.headers())


def _place(message: Message) -> tuple[str, str]:
    match message:
        case PlayRecorded():
            return PLAYS, message.track_id
        case LikeState():
            return LIKES, message.track_id
        case RepostState():
            return SOCIAL, message.subject_id
        case PlaylistLikeState():
            return SOCIAL, message.playlist_id
        case FollowState():
            return SOCIAL, message.followee_id
    raise TypeError(message)
