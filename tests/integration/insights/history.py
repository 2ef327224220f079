"""Random histories of plays, likes and follows, crowded enough that everything happens to everything."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from google.protobuf.message import Message
from soundstage.audience.v1 import plays_pb2
from soundstage.audience.v1.follows_pb2 import FollowState
from soundstage.audience.v1.likes_pb2 import LikeState
from soundstage.audience.v1.plays_pb2 import PlayRecorded

from chassis import clock
from chassis.clock import timestamp
from chassis.events import Event, Record
from chassis.ids import new_id
from services.insights import events

TYPES = {PlayRecorded: "PlayRecorded", LikeState: "TrackLiked", FollowState: "Followed"}


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


def a_follow(follower: str, followee: str, *, version: int = 1, is_following: bool = True) -> FollowState:
    moment = timestamp(now())
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

    @classmethod
    def random(cls, seed: int, plays: int, *, within: timedelta = timedelta(hours=23)) -> "History":
        chance = random.Random(seed)
        tracks = [str(UUID(int=chance.getrandbits(128), version=4)) for _ in range(7)]
        users = [str(UUID(int=chance.getrandbits(128), version=4)) for _ in range(12)]
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
        return history

    @property
    def messages(self) -> list[Message]:
        return [*self.plays, *self.likes, *self.follows]


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
            return events.PLAYS, message.track_id
        case LikeState():
            return events.LIKES, message.track_id
        case FollowState():
            return events.SOCIAL, message.followee_id
    raise TypeError(message)
